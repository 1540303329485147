"""Bootstrap over responses: how a number would move with other answers from the same kind of students.

A resample is a set of weights, how often each response was drawn. Whatever is a function of weighted responses can be
resampled here, several numbers and several raters at once on the same draws, so that differences are paired.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from pocketscore.types import Estimate, Floats

Statistics = Callable[[Floats], Mapping[str, Floats]]
"""From weights (..., N) to named numbers, each (...,)."""

RESAMPLES = 2000
CELLS = 4_000_000
"""Weights drawn at a time: 32 MB, however many responses there are."""


def replicates(statistics: Statistics, n: int, *, seed: int = 0, resamples: int = RESAMPLES) -> dict[str, Floats]:
    """The statistics of every resample of n responses drawn with replacement from n.

    Args:
        statistics: From weights (B, n) to named numbers (B,): how often each response was drawn.
        n: Number of responses.
        seed: Of the draws: the same seed and n give the same resamples to every statistic.
        resamples: Number of resamples.

    Returns:
        Name -> (resamples,) numbers, NaN where undefined. Differences of two entries are paired.
    """
    rng = np.random.default_rng(seed)
    size = max(1, CELLS // max(n, 1))
    blocks = [min(size, resamples - start) for start in range(0, resamples, size)]
    parts = [statistics(_drawn(rng, n, block)) for block in blocks]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def estimate(value: float, draws: Floats) -> Estimate:
    """The value with the 2.5th and 97.5th percentile of its replicates; undefined replicates are left out.

    Bounds are NaN when the value or every replicate is undefined. Source: Efron and Tibshirani (1993), chapter 13.

    Example:
        >>> estimate(0.5, np.linspace(0, 1, 101))
        Estimate(value=0.5, low=0.025, high=0.975)
    """
    defined = draws[~np.isnan(draws)]
    if np.isnan(value) or defined.size == 0:
        return Estimate(value, np.nan, np.nan)
    low, high = np.percentile(defined, [2.5, 97.5])
    return Estimate(value, float(low), float(high))


def resampled(statistics: Statistics, n: int, *, seed: int = 0, resamples: int = RESAMPLES) -> dict[str, Estimate]:
    """The statistics of n responses, each with its 95 % percentile interval over one set of resamples.

    Args:
        statistics: From weights (..., n) to named numbers (...,); all weights 1 give the values themselves.
        n: Number of responses; resampling is over all of them, so leave out beforehand what can never count.
        seed: Of the resamples.
        resamples: Number of resamples.

    Example:
        >>> scores = np.array([0.0, 1.0, 2.0, 1.0, 0.0, 3.0])
        >>> found = resampled(lambda weights: {"mean": weights @ scores / weights.sum(-1)}, 6)["mean"]
        >>> round(found.value, 3), 0.3 < found.low < 0.6, 1.8 < found.high < 2.2
        (1.167, True, True)
    """
    values = statistics(np.ones(n))
    draws = replicates(statistics, n, seed=seed, resamples=resamples)
    return {name: estimate(float(value), draws[name]) for name, value in values.items()}


def _drawn(rng: np.random.Generator, n: int, block: int) -> Floats:
    """(block, n) how often each of n responses came up in n draws."""
    first = np.arange(block)[:, None] * n
    cells = (rng.integers(0, n, (block, n)) + first).ravel() if n else np.zeros(0, dtype=np.int64)
    return np.bincount(cells, minlength=block * n).reshape(block, n).astype(np.float64)
