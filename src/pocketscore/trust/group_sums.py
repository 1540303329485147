"""What is compared between groups, as functions of sums, and the bootstrap that draws those sums.

Every number about a group that compares two raters (difference of standardised means, exact agreement, QWK, mean error)
is a function of seven sums over the group's responses, and for the standardised means also over the whole set. So a
bootstrap draw is seven sums a group. It is stratified: as many responses as a group has are drawn from that group, so
no draw loses a small group. Responses with equal numbers form one cell, and drawing n responses is one multinomial draw
over the cells, as in `pocketscore.metrics`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pocketscore.trust.numeric import ratio
from pocketscore.types import Estimate, Floats, Ints

NO_SPREAD = 1e-7
"""A standard deviation up to this counts as zero, as in RSMTool."""
SAME_SCORE = 1e-9
"""Scores up to this far apart are the same score."""
CELLS_AT_ONCE = 2_000_000
"""Numbers that one block of draws may hold, which bounds the memory."""


@dataclass(frozen=True)
class Resampling:
    """How to draw: the number of draws, and what the random numbers start from."""

    resamples: int
    seed: int


@dataclass(frozen=True, eq=False)
class PairSums:
    """Sums over the responses of a group, for the observed responses and for every draw.

    Attributes:
        sums: (..., 7): number, human, other, human squared, other squared, human times other, equal scores. Scores are
            measured from `origin`, so that squares of large numbers lose no digits.
        origin: What was taken off both raters' scores.
    """

    sums: Floats
    origin: float

    def __add__(self, others: PairSums) -> PairSums:
        return PairSums(self.sums + others.sums, self.origin)

    def __sub__(self, others: PairSums) -> PairSums:
        return PairSums(self.sums - others.sums, self.origin)

    @property
    def mean_human(self) -> Floats:
        """(...,) mean human score; NaN for no response."""
        return ratio(self.sums[..., 1], self.sums[..., 0]) + self.origin

    @property
    def mean_other(self) -> Floats:
        """(...,) mean score of the other rater; NaN for no response."""
        return ratio(self.sums[..., 2], self.sums[..., 0]) + self.origin

    @property
    def mean_error(self) -> Floats:
        """(...,) mean of other minus human: above 0 the other rater is lenient. NaN for no response."""
        return ratio(self.sums[..., 2] - self.sums[..., 1], self.sums[..., 0])

    @property
    def exact_agreement(self) -> Floats:
        """(...,) share of responses with the same score; NaN for no response."""
        return ratio(self.sums[..., 6], self.sums[..., 0])

    @property
    def qwk(self) -> Floats:
        """(...,) 2 Cov / (Var + Var + squared difference of the means), over n; NaN when both give one same score.

        RSMTool: `wtkappa`. On the points of an ordinal scale the same as `pocketscore.metrics.qwk`.
        """
        n, human, other, human2, other2, product, _ = np.moveaxis(self.sums, -1, 0)
        covariance = product - ratio(human * other, n)
        spread = human2 + other2 - 2 * ratio(human * other, n)  # Var + Var + (mean - mean)^2, times n
        return ratio(2 * covariance, np.where(spread > n * NO_SPREAD**2, spread, 0.0))

    @property
    def sd_human(self) -> Floats:
        """(...,) standard deviation of the human scores over n - 1; 0 for fewer than two responses."""
        return _sd(self.sums[..., 0], self.sums[..., 1], self.sums[..., 3])

    @property
    def sd_other(self) -> Floats:
        """(...,) standard deviation of the other rater's scores over n - 1; 0 for fewer than two responses."""
        return _sd(self.sums[..., 0], self.sums[..., 2], self.sums[..., 4])

    def dsm(self, whole: PairSums) -> Floats:
        """(...,) difference of standardised means: mean over the group of z_other - z_human.

        Both z take mean and standard deviation (over n - 1) from `whole`, the set that the group is part of. NaN when a
        rater gives the whole set one score. RSMTool since version 7: `DSM`.
        """
        human = ratio(self.mean_human - whole.mean_human, whole.sd_human)
        other = ratio(self.mean_other - whole.mean_other, whole.sd_other)
        return other - human


def pair_sums(
    human: Floats, others: Sequence[Floats], strata: Ints, count: int, resampling: Resampling
) -> list[tuple[PairSums, ...]]:
    """Sums of the human scores paired with each of the other raters; all raters see the same draws.

    Args:
        human: (N,) human scores, finite.
        others: One or more (N,) arrays of another rater's scores, finite.
        strata: (N,) stratum of each response, 0..count-1; no draw moves a response between strata.
        count: Number of strata.
        resampling: How many draws, from which seed.

    Returns:
        For each other rater `count` sums of shape (1 + resamples, 7); the first row is what was observed.
    """
    origin = float(human.mean()) if len(human) else 0.0
    features = np.hstack([_features(human, other, origin) for other in others])
    sums = sums_by_stratum(features, strata, count, resampling)
    width = features.shape[1] // len(others)
    return [
        tuple(PairSums(found[:, start : start + width], origin) for found in sums)
        for start in range(0, features.shape[1], width)
    ]


def _features(human: Floats, other: Floats, origin: float) -> Floats:
    h, m = human - origin, other - origin
    same = np.abs(other - human) <= SAME_SCORE
    return np.stack([np.ones_like(h), h, m, h * h, m * m, h * m, same.astype(np.float64)], axis=1)


def sums_by_stratum(features: Floats, strata: Ints, count: int, resampling: Resampling) -> list[Floats]:
    """Sums of features over each stratum: observed in row 0, drawn with replacement in the others.

    Args:
        features: (N, F), finite.
        strata: (N,) 0..count-1.
        count: Number of strata; one without rows has sums of 0.
        resampling: How many draws, from which seed. The order of the rows does not matter.

    Returns:
        `count` arrays (1 + resamples, F).
    """
    rng = np.random.default_rng(resampling.seed)
    return [_drawn_sums(features[strata == stratum], resampling.resamples, rng) for stratum in range(count)]


def _drawn_sums(features: Floats, resamples: int, rng: np.random.Generator) -> Floats:
    found = np.zeros((1 + resamples, features.shape[1]))
    if len(features) == 0:
        return found
    cells, counts = np.unique(features, axis=0, return_counts=True)
    found[0] = counts @ cells
    block = max(1, CELLS_AT_ONCE // len(cells))
    for start in range(0, resamples, block):
        size = min(block, resamples - start)
        draws = rng.multinomial(len(features), counts / len(features), size=size)
        found[1 + start : 1 + start + size] = draws @ cells
    return found


def interval(values: Floats) -> Estimate:
    """The observed value (element 0) with the 2.5th and 97.5th percentile of the draws (the others).

    Draws in which the number is undefined are left out; the bounds are NaN when the value is, or when none is left.

    Example:
        >>> found = interval(np.arange(-1.0, 101.0))
        >>> found.value, round(found.low, 1), round(found.high, 1)
        (-1.0, 2.5, 97.5)
    """
    value, draws = float(values[0]), values[1:]
    draws = draws[np.isfinite(draws)]
    if not np.isfinite(value) or draws.size == 0:
        return Estimate(value, np.nan, np.nan)
    low, high = np.percentile(draws, [2.5, 97.5])
    return Estimate(value, float(low), float(high))


def _sd(n: Floats, total: Floats, squares: Floats) -> Floats:
    variance = (squares - ratio(total * total, n)) / np.maximum(n - 1, 1)
    sd = np.sqrt(np.maximum(np.nan_to_num(variance), 0.0))
    return np.asarray(np.where(sd > NO_SPREAD, sd, 0.0), dtype=np.float64)
