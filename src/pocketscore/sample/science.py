"""Plans an answer to the science item: the ideas it states, in which words, and what the rubric gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pocketscore.sample import fragments_science as words
from pocketscore.sample import fragments_science_ideas as ideas_said
from pocketscore.sample import fragments_science_wrong as wrong
from pocketscore.sample.writing import Dice, Draft, expand

SURE = 0.066
"""Chance that a rater slips on a plain answer."""

_SETS = (
    (("source",), 0.22), (("cooling",), 0.05), (("change",), 0.06), (("source", "change"), 0.19),
    (("source", "cooling"), 0.14), (("cooling", "change"), 0.06), (("source", "cooling", "change"), 0.28),
)  # fmt: skip
_TOGETHER: Mapping[tuple[str, ...], Sequence[str]] = {
    ("source", "change"): ideas_said.SOURCE_CHANGE,
    ("source", "cooling"): ideas_said.SOURCE_COOLING,
    ("cooling", "change"): ideas_said.COOLING_CHANGE,
    ("source", "cooling", "change"): ideas_said.ALL_THREE,
}
_SPLITS = (
    ((("source", "cooling", "change"),), 0.14),
    ((("source", "change"), ("cooling",)), 0.25),
    ((("source", "cooling"), ("change",)), 0.15),
    ((("source",), ("cooling", "change")), 0.2),
    ((("source",), ("cooling",), ("change",)), 0.2),
)


def plan(dice: Dice) -> Draft:
    """One answer to the science item, as planned."""
    kind = dice.weighted(((_credited, 0.57), (_mistaken, 0.27), (_empty_talk, 0.07), (_short, 0.04), (_other, 0.05)))
    return kind(dice)


def _say(dice: Dice, fragment: str) -> str:
    return expand(dice, fragment, words.SLOTS)


def _origin(dice: Dice, frames: Sequence[str], *, right: bool) -> str:
    yes, no = words.RIGHT_ORIGIN, words.WRONG_ORIGIN
    roles = {"yes": yes, "no": no} if right else {"yes": no, "no": yes}
    return expand(dice, dice.pick(frames), {**words.SLOTS, **roles})


def _claim(dice: Dice, *, right: bool) -> str:
    """States where the water comes from: by a clause of its own, or by naming it, or against another view."""
    how = dice.weighted((("clause", 0.86), ("contrast", 0.06), ("name", 0.08)))
    if how == "clause":
        return _say(dice, dice.pick(ideas_said.SOURCE if right else wrong.WRONG))
    return _origin(dice, words.CONTRASTS if how == "contrast" else words.ORIGINS, right=right)


def _state(dice: Dice, ideas: tuple[str, ...]) -> list[str]:
    """Clauses that state exactly these ideas."""
    parts: tuple[tuple[str, ...], ...] = (ideas,)
    if len(ideas) == 3:
        parts = dice.weighted(_SPLITS)
    elif len(ideas) == 2 and dice.chance(0.5):
        parts = tuple((idea,) for idea in ideas)
    clauses = [_part(dice, part) for part in parts]
    return clauses if dice.chance(0.6) else dice.shuffled(clauses)


def _part(dice: Dice, ideas: tuple[str, ...]) -> str:
    if ideas == ("source",):
        return _claim(dice, right=True)
    single = ideas_said.COOLING if ideas == ("cooling",) else ideas_said.CHANGE
    return _say(dice, dice.pick(_TOGETHER.get(ideas, single)))


def _inserted(dice: Dice, clauses: list[str], extra: str) -> list[str]:
    place = dice.below(len(clauses) + 1)
    return [*clauses[:place], extra, *clauses[place:]]


def _credited(dice: Dice) -> Draft:
    """States one to three ideas, perhaps beside a denied misconception or empty words."""
    ideas = dice.weighted(_SETS)
    clauses, doubt, lean = _state(dice, ideas), SURE, 0
    if len(ideas) < 3 and dice.chance(0.04):
        clauses, doubt = _inserted(dice, clauses, _say(dice, dice.pick(_reversed_for(ideas)))), doubt + 0.05
    if dice.chance(0.06):
        clauses = _inserted(dice, clauses, _say(dice, dice.pick(wrong.DENIALS)))
    if dice.chance(0.15 if len(ideas) == 3 else 0.25):
        loose = dice.pick(wrong.WEAK if dice.chance(0.1) else wrong.VAGUE)
        clauses, doubt, lean = _inserted(dice, clauses, _say(dice, loose)), doubt + 0.02, 1
    return Draft(tuple(clauses), len(ideas), doubt, 0 if len(ideas) == 3 else lean)


def _reversed_for(ideas: tuple[str, ...]) -> Sequence[str]:
    """Reversed relations that contradict none of the ideas stated."""
    energy, state = wrong.REVERSED[:6], wrong.REVERSED[6:]
    return energy if "change" in ideas else state if "cooling" in ideas else wrong.REVERSED


def _mistaken(dice: Dice) -> Draft:
    """Gives the water another origin; true ideas beside it earn one point together at most."""
    clauses = [_claim(dice, right=False)]
    if dice.chance(0.12):
        clauses.append(_say(dice, dice.pick(wrong.WRONG)))
    ideas: tuple[str, ...] = ()
    if dice.chance(0.1):
        ideas = dice.weighted(((("cooling",), 0.35), (("change",), 0.35), (("cooling", "change"), 0.3)))
        clauses = dice.shuffled([*clauses, *_state(dice, ideas)])
    else:
        clauses = _padded(dice, clauses)
    truth = min(len(ideas), 1)
    return Draft(tuple(clauses), truth, SURE + 0.06 * truth + 0.01 * len(clauses))


def _padded(dice: Dice, clauses: list[str]) -> list[str]:
    for source, chance in (
        (wrong.REVERSED, 0.05),
        (wrong.IDEA_DENIALS, 0.05),
        (wrong.VAGUE, 0.55),
        (words.FILLER, 0.35),
    ):
        if dice.chance(chance):
            clauses = _inserted(dice, clauses, _say(dice, dice.pick(source)))
    return clauses


def _empty_talk(dice: Dice) -> Draft:
    """Uses the words of the topic without stating an idea."""
    pool = dice.weighted(((wrong.VAGUE, 0.8), (wrong.WEAK, 0.12), (wrong.REVERSED, 0.08)))
    clauses = [_say(dice, dice.pick(pool))]
    for more, chance in (
        (wrong.VAGUE, 0.45),
        (wrong.VAGUE, 0.15),
        (words.FILLER, 0.2),
        (wrong.DENIALS, 0.04),
    ):
        if dice.chance(chance):
            clauses = _inserted(dice, clauses, _say(dice, dice.pick(more)))
    weak = pool is wrong.WEAK
    return Draft(tuple(dict.fromkeys(clauses)), 0, SURE + (0.2 if weak else 0.03), 1)


def _short(dice: Dice) -> Draft:
    """A whole answer of a few words."""
    text, truth = dice.pick(words.SHORT)
    return Draft((text,), truth, SURE, 1)


def _other(dice: Dice) -> Draft:
    """Blank, off topic or a copy of the question."""
    kind = dice.weighted((("blank", 0.3), ("copy", 0.15), ("off", 0.55)))
    if kind == "blank":
        return Draft((), 0, 0.0)
    return Draft((_say(dice, dice.pick(words.COPIES if kind == "copy" else words.OFF_TOPIC)),), 0, 0.01, 1)
