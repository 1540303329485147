"""Plans an answer to the mathematics item: decision, reason, worked numbers, and what the rubric gives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pocketscore.sample import fragments_maths as words
from pocketscore.sample import fragments_maths_reasons as reasons_said
from pocketscore.sample.writing import Dice, Draft, expand

SURE = 0.054
"""Chance that a rater slips on a plain answer."""

_PRICES = (10, 20, 30, 40, 50, 60, 80, 100, 100, 100, 120, 150, 200, 250, 300, 400, 500, 1000)
_MONEY = ("", "", "", "$", "£", "€")


def plan(dice: Dice) -> Draft:
    """One answer to the mathematics item, as planned."""
    kind = dice.weighted(
        (
            (_explained, 0.26), (_calculated, 0.04), (_half, 0.21), (_turned, 0.03),
            (_slipped, 0.015), (_contradicting, 0.015), (_cancelling, 0.25), (_groundless, 0.1),
            (_short, 0.03), (_other, 0.05),
        )
    )  # fmt: skip
    return replace(kind(dice), because=0.5)


def _say(dice: Dice, fragments: Sequence[str]) -> str:
    return expand(dice, dice.pick(fragments), words.SLOTS)


def _against(dice: Dice, frames: Sequence[str], claims: Sequence[str], own: str) -> str:
    """Another's view and then the writer's own, as one clause."""
    frame = expand(dice, dice.pick(frames), {**words.SLOTS, "claim": claims})
    return expand(dice, f"{frame} {own}", words.SLOTS)


def _decided(dice: Dice, decision: Sequence[str], reasons: Sequence[str], *, shown: float = 0.6) -> tuple[str, ...]:
    """The decision before the reasons, after them, or only to be read from them."""
    if not dice.chance(shown):
        return tuple(reasons)
    stated = _say(dice, decision)
    if dice.chance(0.7):
        return (stated, *reasons)
    return (*reasons, f"so {stated}")


def _explained(dice: Dice) -> Draft:
    """Right decision and the complete reason: 2."""
    reason = _say(dice, reasons_said.FULL)
    if dice.chance(0.05):
        reason = _against(dice, words.OTHERS_CANCEL, reasons_said.CANCEL, reason)
    reasons = [reason]
    if dice.chance(0.5):
        reasons = dice.shuffled([reason, _say(dice, reasons_said.PARTIAL)])
    return Draft(_decided(dice, words.NO, reasons), 2, SURE, -1)


def _calculated(dice: Dice) -> Draft:
    """Right decision and a worked example that is right: 2."""
    work, lower = _worked(dice, _right_numbers(dice))
    reasons = [work]
    if dice.chance(0.35):
        reasons.append(lower)
    if dice.chance(0.2):
        reasons.append(_say(dice, reasons_said.PARTIAL))
    return Draft(_decided(dice, words.NO, reasons), 2, SURE, -1)


def _half(dice: Dice) -> Draft:
    """Right decision, incomplete reason: 1."""
    reasons = dice.some(reasons_said.PARTIAL, 1 + dice.below(2))
    clauses = [expand(dice, reason, words.SLOTS) for reason in reasons]
    if dice.chance(0.04):
        clauses[0] = _against(dice, words.OTHERS_CANCEL, reasons_said.CANCEL, clauses[0])
    if dice.chance(0.15):
        clauses = dice.shuffled([*clauses, _say(dice, reasons_said.IRRELEVANT)])
    return Draft(_decided(dice, words.NO, clauses), 1, SURE + 0.04)


def _turned(dice: Dice) -> Draft:
    """Right decision, but the relation is the wrong way round: 1."""
    clauses = [_say(dice, reasons_said.TURNED)]
    if dice.chance(0.3):
        clauses[0] = _against(dice, words.OTHERS_CANCEL, reasons_said.CANCEL, clauses[0])
    if dice.chance(0.25):
        clauses.append(_say(dice, reasons_said.PARTIAL[:2]))
    return Draft(_decided(dice, words.NO, clauses), 1, SURE + 0.05)


def _slipped(dice: Dice) -> Draft:
    """Right decision from wrong arithmetic: 1."""
    work, lower = _worked(dice, _slip_numbers(dice))
    reasons = [work, lower] if lower and dice.chance(0.45) else [work]
    return Draft(_decided(dice, words.NO, reasons), 1, SURE + 0.05, 1)


def _contradicting(dice: Dice) -> Draft:
    """Right arithmetic with the wrong decision: 1."""
    work, _ = _worked(dice, _right_numbers(dice))
    if dice.chance(0.5):
        return Draft((work, _say(dice, words.NEARLY)), 1, SURE + 0.05, -1)
    return Draft(_decided(dice, words.YES, [work], shown=1.0), 1, SURE + 0.05, -1)


def _cancelling(dice: Dice) -> Draft:
    """Agrees with Sana: 0, whatever is quoted from others."""
    kind = dice.weighted((("plain", 0.91), ("others", 0.05), ("worked", 0.04)))
    if kind == "worked":
        return Draft(_decided(dice, words.YES, [_worked(dice, _cancel_numbers(dice))[0]]), 0, SURE, 1)
    clauses = [expand(dice, reason, words.SLOTS) for reason in dice.some(reasons_said.CANCEL, 1 + dice.below(2))]
    if kind == "others":
        clauses[0] = _against(dice, words.OTHERS_FULL, reasons_said.FULL, clauses[0])
    if dice.chance(0.15):
        clauses = dice.shuffled([*clauses, _say(dice, reasons_said.IRRELEVANT)])
    return Draft(_decided(dice, words.YES, clauses), 0, SURE - 0.02, 1)


def _groundless(dice: Dice) -> Draft:
    """Right decision with no reason, or one that has nothing to do with amounts: 0."""
    reasons = [] if dice.chance(0.3) else [_say(dice, reasons_said.IRRELEVANT)]
    decision = words.NO if dice.chance(0.6) else words.YES
    return Draft(_decided(dice, decision, reasons, shown=0.5 if reasons else 1.0), 0, SURE + 0.02, 1)


def _short(dice: Dice) -> Draft:
    """A whole answer of a few words."""
    text, truth = dice.pick(words.SHORT)
    return Draft((text,), truth, SURE, 1)


def _other(dice: Dice) -> Draft:
    """Blank, off topic or a copy of the question."""
    kind = dice.weighted((("blank", 0.4), ("copy", 0.1), ("off", 0.5)))
    if kind == "blank":
        return Draft((), 0, 0.0)
    return Draft((_say(dice, words.COPIES if kind == "copy" else words.OFF_TOPIC),), 0, 0.01, 1)


Numbers = tuple[int, int, int, int, int]
"""Start price, rise, raised price, fall and last price, in cents."""


def _right_numbers(dice: Dice) -> Numbers:
    price = dice.pick(_PRICES) * 100
    rise, fall = price // 5, price * 6 // 25
    return price, rise, price + rise, fall, price + rise - fall


def _cancel_numbers(dice: Dice) -> Numbers:
    price = dice.pick(_PRICES) * 100
    return price, price // 5, price + price // 5, price // 5, price


def _slip_numbers(dice: Dice) -> Numbers:
    """One slip in percent, subtraction or the first step; the last price never equals the start price."""
    price, rise, raised, fall, last = _right_numbers(dice)
    kind = dice.pick(("fall", "fall", "subtract", "subtract", "rise"))
    if kind == "fall":
        fall = raised * dice.pick((10, 15, 25, 30, 40)) // 100
        return price, rise, raised, fall, raised - fall
    if kind == "subtract":
        return price, rise, raised, fall, last + price * dice.pick((-10, -8, -4, 2, 3, 14, 10)) // 100
    rise = price * dice.pick((10, 12, 15, 30, 40)) // 100
    raised = price + rise
    return price, rise, raised, raised // 5, raised - raised // 5


def _worked(dice: Dice, numbers: Numbers) -> tuple[str, str]:
    """A worked example in words, and a clause that says the end is lower ('' when it is not)."""
    sign = dice.pick(_MONEY)
    after = dice.pick((" dollars", " euros", "$")) if not sign and dice.chance(0.15) else ""
    names = ("p", "inc", "up", "dec", "end")
    slots = {name: (f"{sign}{_money(cents)}{after}",) for name, cents in zip(names, numbers, strict=True)}
    slots |= {"gap": (f"{sign}{_money(numbers[0] - numbers[-1])}{after}",)}
    work = expand(dice, dice.pick(words.WORKED), {**words.SLOTS, **slots})
    if numbers[-1] >= numbers[0]:
        return work, ""
    return work, expand(dice, dice.pick(words.LOWER_END), {**words.SLOTS, **slots})


def _money(cents: int) -> str:
    """Amount as pupils write it: 96, 9.60."""
    return f"{cents // 100}" if cents % 100 == 0 else f"{cents // 100}.{cents % 100:02d}"
