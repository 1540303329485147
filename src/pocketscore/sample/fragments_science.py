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
            "water vapour", "water vapour", "moisture", "moisture", "humidity", "water molecules",
            "tiny bits of water", "invisible water", "water as a gas", "dampness", "vapor", "evaporated water",
            "wetness", "water particles", "gaseous water", "vapour", "water you can't see", "steamy water",
            "some water", "a fine mist",
        ),
        "gas": (
            "water vapour", "vapour", "the vapour", "the gas", "a gas", "water vapor", "the gaseous water",
            "water in its gas form", "evaporated water", "invisible vapour", "the gas kind of water",
            "the steamy stuff", "gas water", "the moisture gas", "the gas state", "water gas",
        ),
        "liquid": (
            "liquid", "a liquid", "liquid water", "water", "droplets", "normal water", "drops of water",
            "wet drops", "runny water", "water you can see", "real water", "fluid water", "beads of liquid",
            "little drops", "something wet", "a puddly liquid", "proper water",
        ),
        "air": (
            "the air", "the air", "the air around it", "the air outside", "the warm air", "the hot air",
            "the summer air", "the surrounding air", "the atmosphere", "the outside air", "the breeze",
            "the air near the glass", "the surroundings", "the outdoors", "the garden air", "the sky",
            "the atmosphere around it", "the environment",
        ),
        "hot": (
            "the warm air", "the air around it", "the air touching it", "the air next to it", "the hot air",
            "the surrounding air", "the air right beside it", "the summer air", "the air outside",
            "the atmosphere", "the breeze", "the nearby air", "the surroundings", "the outside gas",
            "the air close by",
        ),
        "cold": (
            "the glass", "the cold glass", "the cup", "the cold cup", "the icy glass", "the tumbler",
            "the outside of the glass", "the glass wall", "the chilly cup", "the freezing glass", "the side",
            "the frosty glass", "the cold surface", "the ice cold wall", "the beaker", "the mug",
        ),
        "drops": (
            "drops", "droplets", "little drops", "water drops", "drips", "beads of water", "wet bits",
            "tiny drops", "wet spots", "pearls of water", "dots of water", "splotches", "drips",
        ),
        "surface": (
            "the glass", "the cup", "the cold glass", "the side of the glass", "the outside", "the surface",
            "the wall of the cup", "the tumbler", "the outer side", "the mug", "the beaker",
        ),
        "drink": (
            "the drink", "the ice water", "the water in the cup", "the cold water", "the water inside",
            "the stuff in the glass", "the liquid in there", "what's in the cup", "the beverage",
        ),
    }
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
FILLER = (
    "i see this on my [coke|juice|bottle] all the time", "my mum always puts a coaster under it",
    "we did this in class", "our teacher told us about it", "you can draw a smiley on it with your finger",
    "it also happens on [bathroom mirrors|windows|cans|car windows]", "it's the same with my glasses",
    "that's why the table gets wet", "and that is why there are {drops}", "so that is how it works",
    "that is my answer", "i know this because we did an experiment", "my [sister|cousin] asked me that too",
    "then the {drops} get too heavy and run down", "that's why it is wet on the outside",
    "it happens every summer at the [pool|beach|lake]", "like when you breathe on a window",
    "it takes [about|] a few minutes", "you can wipe it off but it comes back",
    "and then it is dripping everywhere", "i learned it last year", "this only happens when it is warm",
    "we have this at [home|grandma's|every barbecue|football practice] too", "my hands get wet when i hold it",
    "you notice it more with [a straw|lemonade|iced tea|cola]", "i saw a video about it",
    "it makes a ring on the [table|wood|paper|tablecloth]", "you can watch it happen",
    "the paper under my cup goes soggy", "in winter i have never seen it", "hope that is right",
    "it is in our science book [on page 40|somewhere|]", "my dad explained it to me once",
    "the label on a bottle comes off from it", "it's kind of cool to watch", "i like ice cubes",
    "at the restaurant they give you a napkin for it", "it always annoys me when i play outside",
    "that's what i remember from [year 6|last week|the lesson|primary school]", "sorry for my writing",
    "on camping trips the tent gets like that too", "now my [book|phone|homework] is wet",
    "when you take a can out of the fridge it looks the same", "and it looks nice in adverts",
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
