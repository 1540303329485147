"""Everyday words for everyday words: gives the same fragment many wordings, whatever it earns; every line is our own.

Every replacement fits the same place in a sentence as its key. Rewording is blind to the score: it is applied to
creditable ideas, misconceptions, empty words and fillers alike.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from pocketscore.sample.writing import Dice

SYNONYMS: Mapping[str, str] = MappingProxyType(
    {
        # change
        "turns into": "changes into|becomes|transforms into|morphs into|ends up as|shifts into|develops into|makes",
        "turns to": "changes to|becomes|transforms to|goes to|switches to|ends up as|shifts to|converts to",
        "turn to": "change to|become|switch to|transform to|shift to|go over to",
        "turned to": "changed to|became|switched to|transformed to|shifted to|went to",
        "turned into": "changed into|became|morphed into|transformed into|ended up as",
        "becomes": "turns into|ends up|gets to be|changes to|is soon|goes to",
        "become": "turn into|end up|change to|form|make",
        "changes": "switches|shifts|alters|transforms|converts",
        "condenses": "condensates|gets condensed|is condensing",
        "liquid": "liquid|fluid|liquid stuff|runny stuff",
        "gas": "gas|gas|vapor|gaseous stuff|gassy stuff",
        "vapour": "vapour|vapor|steam|mist|haze|fumes|humidity|gas",
        "moisture": "dampness|humidity|wetness|damp stuff|moist stuff",
        # heat
        "heat": "warmth|hotness|thermal energy|heat energy|high temperature",
        "energy": "heat|power|thermal energy|heat energy|warmth|oomph",
        "warmth": "heat|hotness|toastiness|heat energy",
        "cools down": "chills|gets cold|refrigerates|cools off|brings down",
        "cools": "chills|refrigerates|freezes",
        "cooled": "chilled|refrigerated|cooled",
        "cold glass": "chilly glass|freezing tumbler|frozen cup|frosty beaker|super cold glass",
        "so cold": "so chilly|so icy|that freezing|so frosty",
        "gets cold": "gets chilly|gets icy|goes cool|gets nippy",
        "warm air": "hot air|toasty air|heated air|boiling air|sunny air|balmy air|tropical air",
        "warm": "hot|toasty|boiling|sizzling|roasting",
        "hot": "warm|boiling|roasting|scorching|sweltering|baking",
        "temperature": "degrees|temp|heat level|warmth|heat",
        "loses": "gives up|lets go of|drops|gets rid of|parts with|hands over|sheds",
        "takes": "grabs|draws|pulls|snatches|steals|removes",
        "goes": "moves|travels|wanders|flows|passes|heads|drifts",
        "touches": "meets|hits|bumps into|reaches|comes up against|brushes|gets to|contacts",
        "icy": "freezing|frosty|ice cold|frozen|arctic",
        "melts": "thaws|gets small|dissolves|goes soft|shrinks|disappears",
        "melting": "thawing|shrinking|dissolving|disappearing",
        # where
        "the outside": "the exterior|the outer side|the outer wall|the outer part",
        "comes from": "originates from|is out of|stems from|is from|arrives from|has its origin in",
        "come from": "originate from|are out of|stem from|are from|arrive from|get there from",
        "came from": "was from|arrived from|started in|got there from|was out of",
        "lands": "settles|collects|gathers|sits down|ends up|rests|parks itself|sticks",
        "sticks": "clings|hangs|stays|settles|is glued|holds on",
        "floating": "drifting|hovering|flying|gliding|swirling|hanging",
        "leaks": "drips|oozes|trickles|dribbles|escapes|creeps|sneaks",
        "through": "through|across|right through|past",
        "drops": "droplets|beads|drips|blobs|dots|pearls|splotches|spots|wet bits",
        "see": "see|notice|spot|make out|look at|observe",
        "full of": "loaded with|packed with|rich in|crammed with|stuffed with|soaked with",
        "lots of": "plenty of|tons of|loads of|masses of|heaps of",
        "tiny": "mini|teeny|microscopic|little|wee|minuscule|super small",
        "air": "air|air|air|atmosphere",
        "glass": "glass|glass|cup|tumbler|beaker",
        "drink": "drink|beverage|lemonade|water in there|iced stuff",
        "runs": "flows|trickles|pours|streams|slides|spills",
        "particles": "molecules|atoms|bits|little parts|tiny parts",
        "molecules": "particles|atoms|bits|little parts|h2o bits",
        # amounts
        "bigger": "larger|higher|greater|huger",
        "smaller": "lower|littler|tinier|slimmer",
        "more than": "way more than|a lot more than|more than",
        "less than": "way less than|a lot less than|not as much as",
        "lower": "smaller|cheaper|reduced|littler",
        "higher": "larger|bigger|dearer|greater|steeper",
        "cheaper": "lower|less expensive|a better deal",
        "price": "cost|amount|total|value|price tag|sum|figure|what it costs",
        "money": "cash|euros|dollars|dosh|coins|bucks",
        "percent": "percent|per cent|percentage|%",
        "percents": "percentages|percent|per cents|% things",
        "take off": "subtract|knock off|remove|deduct|minus|cut off|chop off",
        "take away": "subtract|remove|deduct|knock off|minus|lose|cut away",
        "takes away": "removes|deducts|knocks off|cuts off|chops away|strips",
        "took off": "removed|deducted|subtracted|knocked off|chopped off|cut off",
        "taken": "worked out|figured|calculated|counted|measured",
        "added": "put on|stuck on|gained|piled on",
        "add": "put on|stick on|gain|pile on|plus",
        "different": "unequal|not alike|not identical|changed",
        "the same": "identical|equal|the very same|the exact same",
        "number": "amount|figure|value|sum|quantity",
        "amount": "number|sum|value|quantity|figure|total",
        "cancel": "even|balance",
        "raise": "increase|rise|hike|jump",
        "went up": "rose|climbed|increased|got dearer|jumped|grew",
        "goes up": "rises|climbs|increases|gets dearer|jumps|grows",
        "goes down": "falls|sinks|decreases|drops|shrinks|dips",
        # small words
        "because": "because|as|since|cos|cuz|due to the fact that",
        "when": "when|once|whenever|as soon as|if",
        "a lot of": "loads of|plenty of|tons of|so much|heaps of",
        "really": "very|truly|so|super|totally|honestly",
        "maybe": "perhaps|possibly|probably",
        "wrong": "mistaken|incorrect|not right|in error",
    }
)  # fmt: skip
_WORDS = re.compile(r"\b(" + "|".join(sorted(map(re.escape, SYNONYMS), key=lambda word: (-len(word), word))) + r")\b")


def reworded(dice: Dice, text: str, rate: float) -> str:
    """The text with some of its words exchanged for words of the same meaning.

    Example:
        >>> reworded(Dice(1), "the warm air", 0.0)
        'the warm air'
    """

    def choose(match: re.Match[str]) -> str:
        return dice.pick(SYNONYMS[match[1]].split("|")) if dice.chance(rate) else match[1]

    return _WORDS.sub(choose, text)
