"""What finished trials say: which are worth their bytes, which is enough, and what each knob did. Pure functions."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from pocketscore.distillation.search import Space, Told
from pocketscore.distillation.sweep_settings import Choice, Range
from pocketscore.types import Floats

Losses = Sequence[Floats]
"""For each item the losses of one trial on its V validation answers, the same answers for every trial."""

BINS = 3
"""Pieces of a range that are compared, equal on its logarithmic scale."""


@dataclass(frozen=True)
class Gap:
    """How much more one trial loses than another on the same answers, and the standard error of that difference."""

    value: float
    error: float


@dataclass(frozen=True)
class KnobValue:
    """What trials with one value of a knob reached.

    Attributes:
        knob: Name of the knob.
        value: The value, or a piece of its range.
        trials: How many trials had it.
        loss: The lowest loss among them.
        gap: From the best trial of all to that one.
    """

    knob: str
    value: str
    trials: int
    loss: float
    gap: Gap


def frontier(trials: Sequence[Told]) -> list[int]:
    """Places of the trials that no smaller or equal one betters, from small to large.

    Of trials that are equal in both, the first.
    """
    order = sorted(range(len(trials)), key=lambda i: (trials[i].size, trials[i].loss, i))
    kept: list[int] = []
    for i in order:
        if not kept or trials[i].loss < trials[kept[-1]].loss:
            kept.append(i)
    return kept


def gap(one: Losses, other: Losses) -> Gap:
    """The mean over items of the mean difference, answer by answer.

    >>> gap([np.array([1.0, 3.0, 5.0])], [np.array([1.0, 1.0, 1.0])]).value
    2.0
    """
    differences = [mine - yours for mine, yours in zip(one, other, strict=True)]
    value = float(np.mean([each.mean() for each in differences]))
    variances = [each.var(ddof=1) / len(each) if len(each) > 1 else 0.0 for each in differences]
    return Gap(value, math.sqrt(sum(variances)) / len(differences))


def smallest_as_good(trials: Sequence[Told], losses: Sequence[Losses]) -> int:
    """Place of the smallest trial of the frontier that lies within one standard error of the best."""
    front = frontier(trials)
    best = front[-1]
    gaps = {i: gap(losses[i], losses[best]) for i in front}
    return next(i for i in front if gaps[i].value <= gaps[i].error)


def knob_values(trials: Sequence[Told], losses: Sequence[Losses], space: Space) -> tuple[KnobValue, ...]:
    """The best trial at each value of each knob that was turned, beside the best of all."""
    best = frontier(trials)[-1]
    found = []
    for piece in _pieces(space):
        having = [i for i, trial in enumerate(trials) if piece.holds(trial.choice)]
        if having:
            top = min(having, key=lambda i: trials[i].loss)
            between = gap(losses[top], losses[best])
            found.append(KnobValue(piece.knob, piece.name, len(having), trials[top].loss, between))
    return tuple(found)


def _pieces(space: Space) -> Iterator[_Piece]:
    """Every knob that could be turned, value by value."""
    if len(space.sizes) > 1:
        yield from (_Piece("size", f"{size:,} bytes", size, size) for size in space.sizes)
    yield from (_Piece("λ", f"{low:.2g} to {high:.2g}", low, high) for low, high in _cut(space.lambdas))
    yield from (_Piece("temperature", f"{low:.2g} to {high:.2g}", low, high) for low, high in _cut(space.temperatures))
    if len(space.transfers) > 1:
        yield from (_Piece("transfer", str(transfer), transfer, transfer) for transfer in space.transfers)


@dataclass(frozen=True)
class _Piece:
    """A knob from one value to another."""

    knob: str
    name: str
    low: float
    high: float

    def holds(self, choice: Choice) -> bool:
        """Whether a choice lies in it."""
        turned = {
            "size": choice.budget,
            "λ": choice.weight,
            "temperature": choice.temperature,
            "transfer": choice.transfer,
        }
        return self.low <= turned[self.knob] <= self.high


def _cut(range_: Range) -> list[tuple[float, float]]:
    """Pieces of equal ratio; none of a range that is one value."""
    if range_.low == range_.high:
        return []
    edges = np.geomspace(range_.low, range_.high, BINS + 1).tolist()
    edges[0], edges[-1] = range_.low, range_.high
    return list(pairwise(edges))
