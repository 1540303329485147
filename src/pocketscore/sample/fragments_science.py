"""Hand-written fragments of the simulated science item `cold-glass`; every line is our own.

Markup, expanded by `pocketscore.sample.writing.expand`: `[a|b|]` is one of the alternatives (the last one
empty) and `{name}` a word or phrase from `SLOTS`, or a role that the plan fills in. All fragments are whole
clauses without final stop, so that they can follow one another in any order.

The ideas that earn credit are `source` (the water was vapour in the air around the glass), `cooling` (the
cold glass cools that air, or takes energy from it) and `change` (gas becomes liquid).
"""

from collections.abc import Mapping
from types import MappingProxyType

SLOTS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "moist": (
            "water vapour", "water vapour", "moisture", "moisture", "humidity", "water", "water molecules",
            "tiny bits of water", "invisible water", "water as a gas", "damp", "vapor", "evaporated water",
        ),
        "gas": (
            "water vapour", "water vapour", "vapour", "the vapour", "the gas", "a gas", "gas", "water vapor",
            "water in its gas form", "evaporated water", "invisible vapour", "the gas kind of water",
        ),
        "liquid": (
            "liquid", "a liquid", "liquid water", "water", "droplets", "normal water", "drops of water",
            "wet drops", "runny water", "water you can see",
        ),
        "air": (
            "the air", "the air", "the air around it", "the air outside", "the warm air", "the hot air",
            "the summer air", "the surrounding air", "the atmosphere", "the outside air",
            "the air near the glass",
        ),
        "hot": (
            "the warm air", "the air around it", "the air touching it", "the air next to it", "the hot air",
            "the surrounding air", "the air right beside it",
        ),
        "cold": (
            "the glass", "the cold glass", "the cup", "the cold cup", "the icy glass",
            "the outside of the glass",
            "the glass wall",
        ),
        "drops": (
            "drops", "droplets", "little drops", "water drops", "drips", "beads of water", "wet bits",
            "tiny drops",
        ),
        "surface": (
            "the glass", "the cup", "the cold glass", "the side of the glass", "the outside", "the surface",
        ),
        "drink": (
            "the drink", "the glass", "the ice water", "the water in the cup", "the cold water",
            "the water inside",
        ),
    }
)  # fmt: skip

SOURCE = (
    "the {drops} come from {air}",
    "the {drops} [come|came] from {moist} [that was|] in {air}",
    "there is [always|] [some|] {moist} in {air} and that is what you see on the glass",
    "the water on the outside was in {air} before",
    "it is the {moist} out of {air}",
    "that water was [already|] [floating around|there] in {air} [only|but] you could not see it",
    "{air} has {moist} in it and it [ends up|lands|collects] on {surface}",
    "the {drops} are made of {moist} from {air}",
    "the water gets there from outside not from the ice",
    "on a warm day {air} [holds|carries] a lot of {moist} and some of it lands on {surface}",
    "{moist} from the surroundings [sticks|gathers] on {surface}",
    "it got the water from {air} that is all around",
    "air isn't just air it has {moist} in it which gets on {surface}",
    "the wet comes [off|out of] {air}",
    "{surface} collects {moist} from {air}",
    "the weather is warm so there is loads of {moist} around and it [goes|gathers] onto {surface}",
    "where they come from is {air}",
    "the drops were up in {air} as {moist}",
    "the outside of the glass is touching {air} and it [pulls|takes] the {moist} out of it",
    "the {drops} are {moist} that used to be in {air}",
    "it's {moist} that was hanging about in {air}",
    "the {moist} outside goes on {surface} and makes it wet",
    "{air} gives the water because there is {moist} in it",
    "what is on {surface} is {moist} from {air} around us",
    "the water comes from around the glass, from {air}",
    "you get the {drops} out of {air} which is full of {moist} in summer",
    "it was hidden in {air} the whole time as {moist}",
    "the air near the cup had {moist} in it so thats where the water is from",
    "{air} is humid and the {drops} are from that",
    "water that evaporated from [the sea|lakes|puddles] is in {air} and some of it is now on {surface}",
)

COOLING = (
    "{cold} [cools|cools down|chills] {hot}",
    "{hot} gets [cold|colder|cooled down|chilled] [when|as soon as] it touches {cold}",
    "{cold} takes [heat|energy|the warmth] [away|] from {hot}",
    "{hot} loses [heat|energy|its heat] to {cold}",
    "[heat|energy] [goes|moves|flows] from {hot} [into|to] {cold}",
    "{hot} gives [its heat|energy|some of its warmth] to {cold}",
    "the temperature of {hot} drops [because of|next to] {cold}",
    "{hot} [meets|hits|bumps into] {cold} and it gets cooled down",
    "{cold} makes {hot} colder",
    "{cold} sucks the heat out of {hot}",
    "right beside {cold} it is not warm any more, the air there has cooled",
    "the ice makes the glass cold and the glass makes the air cold",
    "the particles in {hot} slow down because {cold} takes their energy",
    "{hot} can't stay warm [beside|against] {cold}",
    "the coldness of the glass brings down the temperature of {hot}",
    "{cold} is much colder than the air so it pulls heat out of {hot}",
    "when {hot} comes near {cold} its temperature goes down",
    "{hot} goes cold from touching {cold}",
    "{cold} steals the warmth of {hot}",
    "a bit of {hot} is cooled by {cold}",
    "{hot} gets less energy [near|at] {cold}",
    "the heat of the day goes into {cold} and leaves the air by it cool",
    "{cold} works like a fridge for {hot}",
    "the air was warm but it became cold when it reached {cold}",
    "because the glass is so cold {hot} cools too",
    "{hot} has to give up energy when it gets to {cold}",
    "{cold} is absorbing the heat out of {hot}",
    "the gas around the glass loses its energy",
    "touching the cold surface makes {hot} lose heat",
)

CHANGE = (
    "the vapour turns [back|] into {liquid}",
    "the {moist} goes from a gas to {liquid}",
    "it changes [state|] from a gas to {liquid}",
    "{gas} becomes {liquid}",
    "{gas} condenses [into|to] {liquid}",
    "it was a gas and now it is {liquid}",
    "it stops being a gas and [turns|goes] liquid",
    "the gas [particles|molecules] come closer together and become {liquid}",
    "the {moist} is a gas at first and then it [goes|turns] to {liquid}",
    "you get {liquid} because the gas changed",
    "condensation is when {gas} turns to {liquid} and this happened here",
    "the vapour can't stay a gas so it turns into {liquid}",
    "{liquid} [forms|is made] from {gas}",
    "gas to liquid is what happens",
    "it becomes a liquid again after being {gas}",
    "the invisible gas turns to [drops|water] you can see",
    "the vapour changes its state and becomes {liquid}",
    "the gas gets turned into {liquid}",
    "{gas} makes {liquid} when it condenses",
    "it is the opposite of evaporating, {gas} goes back to {liquid}",
    "{liquid} is what {gas} turns into",
    "the water is changing from gas form to liquid form",
    "that makes the gas go to {liquid}",
    "{gas} is converted to {liquid}",
    "the molecules were spread out like a gas and now they are a liquid",
    "before it was {gas}, after that {liquid}",
    "it transforms out of {gas} to {liquid}",
    "the vapour is liquid now",
)

SOURCE_CHANGE = (
    "the {moist} in {air} [turns|changes] [back|] into {liquid} on {surface}",
    "{gas} that was in {air} becomes {liquid} on {surface}",
    "the {drops} come from {gas} in {air} that [turned|changed] to liquid",
    "the {moist} in {air} condenses to liquid on {surface}",
    "{liquid} forms on {surface} out of the {moist} in {air}",
    "it was a gas in {air} and now it is {liquid} on {surface}",
    "{air} has [gas water|water gas|water vapour] in it and this goes to liquid",
    "the gas form of water from {air} goes to its liquid form on the cup",
    "there is {gas} in {air} so when it turns to liquid you see [it|drops] on {surface}",
    "the wet is [really|actually|] vapour out of {air} that went from gas to liquid",
)
COOLING_CHANGE = (
    "{cold} cools {gas} [so|until] it turns to {liquid}",
    "{gas} loses [heat|energy] to {cold} and becomes {liquid}",
    "when {gas} touches {cold} it gets cold and [changes|turns] to {liquid}",
    "{cold} takes the energy from {gas} and then it is {liquid}",
    "{gas} gets so cold beside {cold} that it goes to {liquid}",
    "the vapour cools down on {cold} and turns from gas to liquid",
    "{liquid} appears because {gas} was cooled by {cold}",
    "{hot} is cooled by {cold} so the vapour turns liquid",
    "{gas} slows down when the cup takes its heat and it becomes {liquid}",
)
SOURCE_COOLING = (
    "the {drops} are from {air} because {cold} cools [it|the air] down",
    "{air} has {moist} in it and when it gets cooled by {cold} the water is left on it",
    "{cold} cools {air} and the {moist} in it [lands|stays|collects] on the outside",
    "{air} can't hold [so much|all its] {moist} when {cold} cools it so it ends up on the outside",
    "the {moist} in {air} gives its heat to {cold} and sticks there",
    "when {air} next to the glass gets colder the {moist} comes out of it",
)
ALL_THREE = (
    "the {moist} in {air} touches {cold}, loses heat and turns into {liquid}",
    "{cold} cools {air} and the vapour in it changes to {liquid}",
    "{gas} in {air} is cooled down by {cold} so it goes from gas to liquid",
    "{air} has {gas} in it, {cold} takes the heat out of it and it becomes {liquid}",
    "the {drops} are vapour from {air} that got cold on {cold} and turned to liquid",
    "when {air} touches {cold} it cools so the gas water that is in it becomes {liquid}",
    "{liquid} forms because {cold} took energy from the vapour in {air}",
    "it comes from {air} where it was a gas, then {cold} cooled it and now it is a liquid",
    "because {cold} is colder than {air} the vapour in that air loses energy and condenses to liquid",
)

# Clauses that hold the right words in the wrong roles and give the water another origin: misconceptions.
WRONG = (
    "the water [leaks|soaks|seeps|comes|gets] [out|] through the glass",
    "the glass [is sweating|sweats] because [it is warm outside|of the warm air|the sun is hot]",
    "the ice melts and [goes|runs|spills] over the [rim|top|edge]",
    "the cold turns into water on the outside",
    "the cold comes out of the glass and makes the drops",
    "steam comes [up|] out of {drink} and lands on the outside",
    "{drink} turns into vapour and then it goes down the outside as drops",
    "vapour from {drink} [goes|moves] through the glass and becomes {liquid}",
    "the water in the glass evaporates into the air and sticks on the outside",
    "there are tiny holes in the glass and the water molecules [go|get] through them",
    "the warm air [pulls|sucks|draws] the water out of {drink}",
    "the warm air pushes on the glass so the water inside comes out",
    "the heat melts the glass a little and water gets out",
    "the ice is melting so there is too much water and it has to go [out|somewhere]",
    "the moisture inside the glass moves to the outside where it is warm",
    "the cold water wants to go where it is warm so it goes out of the glass",
    "the drops are melted ice",
    "the glass makes its own water when it is cold",
    "the water vapour comes from {drink} and not from anything else",
    "the gas in the ice comes out and turns into {liquid} on the glass",
    "the outside water is the same water as the inside water",
    "water goes from inside to outside [by diffusion|by osmosis|because of the pressure]",
    "the liquid in the glass turns to gas outside and that is the drops",
    "the ice gives off [cold|cold air|vapour] that is turning into water",
    "{drink} warms up in the air, turns to gas and the gas becomes drops on the glass",
    "oxygen and hydrogen in the air mix on the cold glass and make new water",
    "the glass was wet when they poured it and the drops just stayed",
    "the condensation inside the glass comes out to the air",
    "the air goes into the water and pushes the drops to the outside",
    "the cup lets out water so {drink} doesn't get too warm",
    "somebody spilled a bit when they put in the ice",
    "it's the same as when we sweat, the glass is hot and lets out water to cool down",
    "the air is turning the cold of the ice into water",
)

# Right words, no idea of the rubric, and no other origin claimed: nothing gained, nothing lost.
REVERSED = (
    "{cold} gives its heat to {hot}",
    "{hot} [cools|cools down|chills] {cold}",
    "[heat|energy] [goes|moves|flows] from {cold} [into|to] {hot}",
    "{hot} takes [heat|energy|the warmth] away from {cold}",
    "{cold} loses heat to {hot}",
    "{cold} gets warmer when it touches {hot}",
    "{liquid} turns [back|] into {gas}",
    "it changes state from a liquid to a gas",
    "{gas} [forms|is made] from {liquid}",
    "it was a liquid and now it is a gas",
    "the solid becomes {liquid}",
    "the ice turns to water and the water to gas",
    "{hot} melts the ice so the glass gets warm",
    "the water is evaporating into {air}",
    "the sun makes {liquid} evaporate",
)
VAGUE = (
    "it's because of the temperature", "it is condensation", "condensation", "because of condensation",
    "this is called condensation", "it has to do with the water cycle", "the cold and the hot mix",
    "because it's hot outside and cold inside", "hot and cold [meet|react|come together]",
    "the temperature changed", "the ice is cold and the air is warm", "it's a chemical reaction",
    "it happens when something is cold", "that's just what happens to cold drinks in summer",
    "the molecules are moving", "there is a difference in temperature",
    "the glass gets wet because it is cold", "water has different states like solid liquid and gas",
    "the drops form because of the cold", "it's precipitation", "warm air rises and cold air sinks",
    "the ice is melting in the glass", "the heat from the sun does it", "it is a physical change",
    "because of evaporation", "the drops form on the outside because thats where they form",
    "the glass is colder than the day", "the air has something to do with it",
    "the particles get [more|] energy", "it's because of the weather",
    "the cold [gets|goes] to the outside of the glass", "the drops get bigger and run down",
    "the water cycle has evaporation condensation and precipitation",
)  # fmt: skip
# Half-ideas over which raters differ; the rubric gives nothing.
WEAK = (
    "the {moist} condenses", "it condenses on the glass", "the air condenses on {surface}",
    "the air turns into water", "it comes from the humid day", "the humidity does it",
    "the cold [glass|cup] makes it condense", "there is {moist} involved",
    "the warm air touches the cold glass", "the air gets wet", "the air around it changes",
    "the {moist} cools", "it's the {moist}", "the glass attracts {moist}",
    "warm air has more {moist} than cold air",
)  # fmt: skip

# Two origins, one asserted as {yes} and one denied or left to others as {no}: only the roles tell which.
RIGHT_ORIGIN = (
    "the [water vapour|vapour|moisture|water] in {air}", "the air around the glass", "moisture from {air}",
    "water that was already in {air}", "the damp in the warm air", "humidity in {air}",
    "the air outside the glass", "the invisible water that is in {air}", "the gas water around the cup",
    "water vapour from outside", "the vapour that floats around us",
    "water molecules in the surrounding air", "what was in {air} before",
)  # fmt: skip
WRONG_ORIGIN = (
    "the [water|liquid|moisture|vapour] inside the glass", "the ice water", "the [melted|melting] ice",
    "water leaking through the glass", "water that went over the rim", "the drink", "the cold of the ice",
    "steam from the ice water", "water vapour out of the drink", "the glass sweating",
    "the water they poured in", "tiny holes in the glass", "the vapour off the ice",
    "the water molecules in the cup", "cold that turns to water",
)  # fmt: skip
CONTRASTS = (
    "it's not {no}, it's {yes}", "it's {yes} and not {no}", "it comes from {yes} not from {no}",
    "it doesn't come from {no} it comes from {yes}", "the drops are from {yes}, they can't be from {no}",
    "[some|most] people [think|say] it is {no} but [really|actually] it is {yes}",
    "[my brother|my dad|my friend] says it's {no} but that's wrong, it's {yes}",
    "at first i thought it was {no} but now i think it's {yes}", "it can't be {no} so it has to be {yes}",
    "it is {yes} because if it was {no} [it wouldn't work|you would see it]",
    "it looks like {no} but it is {yes}", "even if it looks like it is {no}, it is {yes}",
    "instead of {no} it is {yes}", "i don't think it is {no}, more like {yes}",
    "you could say {no} but i say {yes}", "it isn't {no} that makes the drops, {yes} does",
    "{yes} makes the drops, {no} has nothing to do with it", "{no} is what everyone thinks but it's {yes}",
    "it has to be {yes} since {no} can't [get|be] there",
    "the answer is {yes} even though {no} sounds right",
)  # fmt: skip
ORIGINS = (
    "it [comes|came|is] from {yes}", "the drops [on the outside|] come from {yes}", "they come from {yes}",
    "the drops of water on the outside of the glass come from {yes}", "i would say it is {yes}",
    "the drops are [just|] from {yes}", "where it comes from is {yes}", "it's {yes}",
    "it is because of {yes}", "{yes} is where the water comes from", "{yes} makes the outside wet",
)  # fmt: skip
DENIALS = (
    "it does not [leak|come|go] through the glass", "glass has no holes so water can't get out",
    "the water inside stays inside", "it's not from the ice", "nothing leaked", "glass can't sweat",
    "the ice did not melt over the rim",
    "a [coke|juice] would make clear drops too so it isn't from the drink",
    "if it leaked the glass would get empty", "the level of the water in the glass did not go down",
    "the drink didn't spill", "its not the same water as in the glass", "no water came out of the glass",
)  # fmt: skip
IDEA_DENIALS = (
    "there is no water in the air", "the air is dry so it can't come from there", "it's not from the air",
    "the air has nothing to do with it", "air can't turn into drops", "you can't get water out of air",
    "the vapour in the air has nothing to do with it", "it is summer so the air has no moisture in it",
)  # fmt: skip

FILLER = (
    "i see this on my [coke|juice|bottle] all the time", "my mum always puts a coaster under it",
    "we did this in class", "our teacher told us about it",
    "it also happens on [bathroom mirrors|windows|cans]", "it's the same with my glasses",
    "that's why the table gets wet", "and that is why there are drops", "so that is how it works",
    "that is my answer", "i know this because we did an experiment",
    "then the drops get too heavy and run down", "that's why it is wet on the outside",
    "it happens every summer at the pool", "like when you breathe on a window",
    "it takes about a few minutes", "you can wipe it off but it comes back",
    "and then it is dripping everywhere", "i learned it last year", "this only happens when it is warm",
)  # fmt: skip
OFF_TOPIC = (
    "idk", "i don't know", "dont know", "no idea", "i dunno", "i have no clue sorry", "?", "??", "i forgot",
    "pass", "i was not here when we did this", "because", "science", "water", "the ice", "magic",
    "its cold", "i like ice water in summer with lemon", "you should put the glass in the fridge",
    "drink it fast", "ask my teacher", "this is boring", "i don't get the question",
    "ice is frozen water and it floats", "because it is a glass of water and it has ice in it",
    "you need a lid on the glass", "can i go now", "lol idk", "the glass should be made out of plastic",
    "the water is cold so it is good on a hot day", "hot", "the drops",
    "some glasses are thicker than others and you can see through them", "n/a", "asdfgh", "rain",
    "humidity", "you have to use less ice so the water does not get too cold",
    "the ice will melt in about ten minutes and then it is not cold any more and nobody wants it",
)  # fmt: skip
# Whole answers of a few words, with the score that the rubric gives.
SHORT = (
    ("condensation", 0), ("its condensation", 0), ("from the air", 1), ("it's from the air", 1),
    ("water vapour in the air", 1), ("moisture from the air", 1), ("humidity in the air", 1), ("it leaks", 0),
    ("from the ice", 0), ("the glass sweats", 0), ("the glass is sweating", 0), ("the ice melts", 0),
    ("from inside the glass", 0), ("because it's cold", 0), ("evaporation", 0), ("gas turns to liquid", 1),
    ("vapour turns to water", 1), ("from the water in the glass", 0), ("not from the air", 0),
    ("not the ice, the air", 1), ("not the air, the ice", 0), ("the warm air got cold", 1),
    ("the cold air got warm", 0), ("water vapour got cold and turned to liquid", 2), ("the sun", 0),
    ("vapour from the air turned liquid", 2), ("vapour from the drink turned liquid", 1),
    ("the temperature", 0), ("the water gets out", 0), ("it is wet air", 0),
)  # fmt: skip
COPIES = (
    "where do the drops on the outside come from and why do they form",
    "the drops form on the outside of the glass", "a glass of ice water stands outdoors on a warm day",
    "the drops on the outside come from the glass of ice water on a warm day",
    "soon there are drops of water on the outside of the glass",
)  # fmt: skip
