"""Writes a draft down the way its writer would: joins, hedges, spelling, case and punctuation."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from pocketscore.sample.synonyms import reworded
from pocketscore.sample.writing import Dice, Draft

MISSPELT: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "air": ("aire",), "around": ("arround", "aroud"),
        "because": ("becuase", "becouse", "cause", "becaus"), "becomes": ("becoms",), "before": ("befor",),
        "bigger": ("biger",), "brother": ("broter",),
        "condensation": ("condensashun", "condesation", "condensaton"),
        "condenses": ("condences", "condensates"), "coming": ("comming",),
        "different": ("diffrent", "diferent"), "doesn't": ("dosent", "doesent"),
        "droplets": ("dropplets", "droplits"), "drops": ("drobs",), "energy": ("enrgy", "energie"),
        "evaporated": ("evaperated",), "evaporates": ("evaperates", "evaporats"),
        "glass": ("glas", "galss"), "heat": ("heet",), "higher": ("hier", "highter"),
        "humidity": ("humitidy", "humidty"), "isn't": ("isint",), "liquid": ("liqiud", "liquit", "liqued"),
        "loses": ("looses",), "lower": ("lowwer",), "melted": ("meltet",),
        "moisture": ("moister", "moistur"), "molecules": ("molecuels", "moleculs"),
        "number": ("nummber", "nuber"), "outside": ("out side", "outsid"), "particles": ("particals",),
        "people": ("peple",), "percent": ("precent", "per cent"), "price": ("prise", "prize"),
        "really": ("realy",), "right": ("rigth", "rite"), "second": ("secound", "secend"),
        "same": ("saim",), "surface": ("serface",), "surrounding": ("surounding",), "take": ("tak",),
        "temperature": ("temprature",), "than": ("then",), "the": ("teh", "the"), "their": ("there",),
        "they": ("thay",), "through": ("threw", "throu"), "too": ("to",), "touches": ("toches", "tuches"),
        "turns": ("truns", "terns"), "vapour": ("vapor", "vaper"), "warm": ("worm", "warme"),
        "water": ("watter", "wather"), "when": ("wen",), "where": ("were",), "which": ("wich",),
        "would": ("woud",), "wrong": ("rong", "worng"),
    }
)  # fmt: skip
CHAT: Mapping[str, str] = MappingProxyType(
    {"because": "bc", "you": "u", "are": "r", "and": "n", "people": "ppl", "with": "w", "don't": "dont",
     "really": "rly", "something": "smth", "to": "2", "i'm": "im", "before": "b4", "percent": "%"}
)  # fmt: skip
HEDGES = (
    "i think", "maybe", "i guess", "i think that", "probably", "i'm not sure but", "idk but",
    "i'm pretty sure", "i believe", "in my opinion", "not sure but maybe", "well", "ok so", "i would say",
)  # fmt: skip
ENDINGS = (
    "i think", "i guess", "or something", "or something like that", "lol", "but i'm not sure", "right?",
    "maybe",
)  # fmt: skip


@dataclass(frozen=True)
class Writer:
    """How one pupil writes.

    Attributes:
        group: Value of the group column: "first" or "additional" language.
        typos: Chance of an error per word.
        tidy: Capital letters and stops where they belong.
        stops: Chance that a sentence ends with its stop.
        apostrophes: Whether apostrophes are written.
        chat: Whether text-speak is used.
        breaks: Chance that a new clause starts a new sentence.
        hedge: Chance of a hedge.
        chatty: Chance of a filler clause.
        own_words: Chance per word of another word of the same meaning.
    """

    group: str
    typos: float
    tidy: bool
    stops: float
    apostrophes: bool
    chat: bool
    breaks: float
    hedge: float
    chatty: float
    own_words: float


def writer(dice: Dice) -> Writer:
    """A random pupil: about one in four writes in an additional language."""
    additional = dice.chance(0.25)
    rates = (0.03, 0.06, 0.1, 0.16) if additional else (0.0, 0.01, 0.02, 0.05, 0.1)
    tidy = dice.chance(0.5)
    return Writer(
        group="additional" if additional else "first",
        typos=dice.pick(rates),
        tidy=tidy,
        stops=dice.pick((0.95, 1.0) if tidy else (0.0, 0.3, 0.7)),
        apostrophes=dice.chance(0.8 if tidy else 0.35),
        chat=dice.chance(0.03 if tidy else 0.15),
        breaks=dice.pick((0.55, 0.75) if additional else (0.15, 0.35, 0.55)),
        hedge=dice.pick((0.0, 0.1, 0.5)),
        chatty=dice.pick((0.0, 0.1) if additional else (0.0, 0.15, 0.4)),
        own_words=dice.pick((0.05, 0.25, 0.5)),
    )


def write(dice: Dice, who: Writer, draft: Draft, fillers: Sequence[str]) -> tuple[str, bool]:
    """The answer as written, and whether it is hedged."""
    clauses = list(draft.clauses)
    if len(clauses) > 1 and dice.chance(who.chatty):
        clauses.append(dice.pick(fillers))
    clauses = [reworded(dice, clause, who.own_words) for clause in clauses]
    hedged = bool(clauses) and len(clauses[0].split()) > 3 and dice.chance(who.hedge)
    if hedged:
        clauses = _hedged(dice, clauses)
    return _spelt(dice, who, _joined(dice, who, clauses, draft.because)), hedged


def _hedged(dice: Dice, clauses: list[str]) -> list[str]:
    if dice.chance(0.7):
        return [f"{dice.pick(HEDGES)} {clauses[0]}", *clauses[1:]]
    return [*clauses[:-1], f"{clauses[-1]} {dice.pick(ENDINGS)}"]


def _joined(dice: Dice, who: Writer, clauses: Sequence[str], because: float) -> str:
    """Clauses as running text: some as sentences of their own, some tied together by a connective."""
    text = ""
    for number, clause in enumerate(clauses):
        link = ""
        if number and dice.chance(who.breaks):
            link = _stop(dice, who)
        elif number:
            link = _connective(dice, clauses[number - 1], clause, because)
        fresh = not text or link.endswith((". ", "! "))
        text += link + (_capital(clause) if fresh and who.tidy else clause)
    return text + (_stop(dice, who).strip() if text and not text.endswith("?") else "")


def _stop(dice: Dice, who: Writer) -> str:
    return dice.weighted(((". ", 0.95), ("! ", 0.05))) if dice.chance(who.stops) else " "


def _connective(dice: Dice, before: str, after: str, because: float) -> str:
    if after.startswith(("so ", "and ")):
        return dice.pick((" ", ", "))
    if len(before.split()) < 7 and not after.startswith("because") and dice.chance(because * 1.3):
        return dice.weighted(((" because ", 0.8), (" since ", 0.08), (" cause ", 0.12)))
    return dice.weighted(((" and ", 0.5), (", ", 0.25), (" and also ", 0.08), (" and then ", 0.07), (", also ", 0.1)))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _spelt(dice: Dice, who: Writer, text: str) -> str:
    """The text in the writer's spelling; numbers and very short words stay as they are."""
    text = re.sub(r"[A-Za-z']+", lambda match: _word(dice, who, match[0]), text)
    if not who.apostrophes:
        text = text.replace("'", "")
    if who.tidy:
        text = re.sub(r"\bi\b", "I", text)
        text = re.sub(r"\bsana\b", "Sana", text)
    elif dice.chance(0.4):
        text = text.replace(", ", " ")
    return text.replace(" ,", ",")


def _word(dice: Dice, who: Writer, word: str) -> str:
    if who.chat and word in CHAT and dice.chance(0.6):
        return CHAT[word]
    if not dice.chance(who.typos):
        return word
    plain = word.lower()
    if plain in MISSPELT and dice.chance(0.7):
        wrong = dice.pick(MISSPELT[plain])
        return _capital(wrong) if word != plain else wrong
    return _slipped(dice, word) if len(word) > 3 and "'" not in word else word


def _slipped(dice: Dice, word: str) -> str:
    """A letter swapped, dropped or doubled, never the first."""
    at = 1 + dice.below(len(word) - 2)
    kind = dice.pick(("swap", "drop", "double"))
    if kind == "swap":
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    if kind == "drop":
        return word[:at] + word[at + 1 :]
    return word[:at] + word[at] + word[at:]
