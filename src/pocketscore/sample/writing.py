"""From hand-written fragments to the plan of an answer: dice, slots and drafts."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import TypeVar

T = TypeVar("T")

_CHOICE = re.compile(r"\[([^\[\]]*)\]")
_SLOT = re.compile(r"\{(\w+)\}")


class Dice:
    """Seeded choices built on `Random.random` alone, the one method Python promises to keep as it is.

    Example:
        >>> Dice(1).pick("abc") == Dice(1).pick("abc")
        True
    """

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)

    def chance(self, probability: float) -> bool:
        """True with the given probability."""
        return self._random.random() < probability

    def below(self, n: int) -> int:
        """A whole number 0..n-1."""
        return int(self._random.random() * n)

    def pick(self, options: Sequence[T]) -> T:
        """One of the options, all equally likely."""
        return options[self.below(len(options))]

    def weighted(self, options: Sequence[tuple[T, float]]) -> T:
        """One of the options, each with its weight."""
        left = self._random.random() * sum(weight for _, weight in options)
        for option, weight in options:
            left -= weight
            if left < 0:
                return option
        return options[-1][0]

    def shuffled(self, options: Sequence[T]) -> list[T]:
        """All options in random order."""
        rest = list(options)
        return [rest.pop(self.below(len(rest))) for _ in options]

    def some(self, options: Sequence[T], n: int) -> list[T]:
        """The given number of different options."""
        return self.shuffled(options)[:n]


@dataclass(frozen=True)
class Draft:
    """What a pupil wants to say, before it is written down.

    Attributes:
        clauses: Clauses in order, lower case, without final stop; none for a blank answer.
        truth: The score that the rubric gives.
        doubt: Probability that a rater misses the truth by a point.
        lean: Direction in which doubtful wording pulls raters: -1, 0 (either way) or 1.
        because: Chance that a clause after a short one is tied to it with "because".
    """

    clauses: tuple[str, ...]
    truth: int
    doubt: float
    lean: int = 0
    because: float = 0.2


def expand(dice: Dice, fragment: str, slots: Mapping[str, Sequence[str]]) -> str:
    """The fragment with every choice made and every slot filled.

    >>> expand(Dice(3), "the [drop|drop] is {what}", {"what": ("wet",)})
    'the drop is wet'
    """
    text = fragment
    while "[" in text or "{" in text:
        text = _CHOICE.sub(lambda match: dice.pick(match[1].split("|")), text)
        text = _SLOT.sub(lambda match: dice.pick(slots[match[1]]), text)
    return re.sub(r" +", " ", text).strip()
