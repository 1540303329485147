"""Agreement and calibration as plain functions of counts and probabilities.

Agreement between two raters depends on nothing but their confusion matrix. So every agreement function takes
counts of shape (..., K, K), rows the human score and columns the other, and returns one number per matrix,
shape (...,). Two things follow:

- Whole numbers and fractions (weights, probabilities) both work, and only the proportions matter.
- Drawing n responses with replacement from n responses is exactly one multinomial draw over the K * K cells.
  `bootstrap` makes all its draws at once and hands them to the function as one stack.

What is undefined (0 / 0) is NaN, never a warning. `docs/metrics.md` is the handbook.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from pocketscore.errors import InputError
from pocketscore.types import MISSING, Estimate, Floats, Ints, check_probabilities

Counts = Ints | Floats
Statistic = Callable[[Floats], Floats]


def confusion(human: Ints, other: Ints, k: int) -> Ints:
    """Count how often each pair of scores occurs: C[i, j] = number of rows with human = i and other = j.

    Args:
        human: (N,) index of the human score, 0..K-1, or `MISSING`.
        other: (N,) index of the other score, or `MISSING`. A row with a missing score is not counted.
        k: Number of score points K.

    Returns:
        (K, K) counts, all 0 when no row has both scores.

    Raises:
        InputError: The lengths differ, or an index is neither in 0..K-1 nor `MISSING`.

    RSMTool: `confMatrix`.

    Example:
        >>> confusion(np.array([0, 1, 1, 1]), np.array([0, 1, 0, MISSING]), k=2)
        array([[1, 0],
               [1, 1]])
    """
    _check_equal(len(human), len(other), "human scores", "other scores")
    _check_range(human, k, "human score")
    _check_range(other, k, "other score")
    both = (human != MISSING) & (other != MISSING)
    cells = np.asarray(human[both] * k + other[both], dtype=np.int64)
    return np.bincount(cells, minlength=k * k).reshape(k, k).astype(np.int64)


def exact_agreement(counts: Counts) -> Floats:
    """Share of responses with the same score: sum_i C[i, i] / n. Also called accuracy.

    Range 0 to 1; NaN when n = 0. RSMTool: `exact_agr`, there in percent.

    Example:
        >>> float(exact_agreement(np.array([[3, 1], [0, 4]])))
        0.875
    """
    table = _table(counts)
    return _ratio(np.trace(table, axis1=-2, axis2=-1), table.sum((-2, -1)))


def adjacent_agreement(counts: Counts) -> Floats:
    """Share of responses whose two scores are equal or neighbours: sum_{|i - j| <= 1} C[i, j] / n.

    Neighbours by position on the scale: on a scale 0, 1, 3 the points 1 and 3 are neighbours. Makes sense on
    ordinal scales of three or more points; with two points it is always 1.

    Range 0 to 1; NaN when n = 0. RSMTool: `adj_agr`, there in percent and by difference in value, which is
    the same thing when the points are 1 apart.

    Example:
        >>> float(adjacent_agreement(np.array([[3, 0, 1], [1, 2, 0], [0, 1, 2]])))
        0.9
    """
    table = _table(counts)
    position = np.arange(table.shape[-1])
    near = np.abs(position[:, None] - position) <= 1
    return _ratio((table * near).sum((-2, -1)), table.sum((-2, -1)))


def cohen_kappa(counts: Counts) -> Floats:
    """Agreement beyond what the raters' own score distributions give by chance: (p_o - p_e) / (1 - p_e).

    p_o is the exact agreement and p_e = sum_i r_i c_i / n^2, with r the row sums and c the column sums.

    Range -1 to 1: 0 is chance level, 1 needs perfect agreement. NaN when n = 0 or when both raters give every
    response the same one point. Falls when one point is very frequent, at equal accuracy (Brennan and
    Prediger 1981), so read it next to the accuracy. Source: Cohen (1960). RSMTool: `kappa`.

    Example:
        >>> float(cohen_kappa(np.array([[20, 5], [10, 15]])))
        0.4
    """
    table = _table(counts)
    n = table.sum((-2, -1))
    observed = n * np.trace(table, axis1=-2, axis2=-1)
    chance = (table.sum(-1) * table.sum(-2)).sum(-1)
    return _ratio(observed - chance, n**2 - chance)


def qwk(counts: Counts, values: Floats) -> Floats:
    """Quadratic weighted kappa: 1 - sum_ij w_ij C_ij / sum_ij w_ij E_ij.

    w_ij = (v_i - v_j)^2 on the values of the scale and E_ij = r_i c_j / n is what chance gives. The same
    number as 2 Cov(H, M) / (Var H + Var M + (mean H - mean M)^2) with variances over n, so it falls when the
    other rater correlates less, is shifted, or uses a narrower range.

    Range -1 to 1. It is 0 when exactly one rater is constant, or when both are, at different points. NaN when
    n = 0 or when both raters give every response the same one point (0 / 0). Points that no one gave change
    nothing. Source: Cohen (1968). RSMTool: `wtkappa`.

    Args:
        counts: (..., K, K).
        values: (K,) value of each point, `Scale.values`. Only their relative distances matter.

    Example:
        >>> counts = np.array([[4, 1, 0], [1, 3, 1], [0, 2, 3]])
        >>> float(qwk(counts, np.array([0.0, 1.0, 2.0])).round(4))
        0.7368
        >>> float(qwk(counts, np.array([0.0, 1.0, 3.0])).round(4))
        0.6818
    """
    table = _table(counts)
    _check_equal(len(values), table.shape[-1], "values", "score points")
    weights = (values[:, None] - values) ** 2
    observed = table.sum((-2, -1)) * (table * weights).sum((-2, -1))
    chance = ((table.sum(-1) @ weights) * table.sum(-2)).sum(-1)
    return _ratio(chance - observed, chance)


def macro_f1(counts: Counts) -> Floats:
    """Plain mean of the F1 of each score point: F1_i = 2 C[i, i] / (r_i + c_i).

    A rare point counts as much as a frequent one. A point that neither rater gave is left out of the mean, as
    scikit-learn does when it takes the labels from the data; a point that only one of them gave counts as 0.

    Range 0 to 1; NaN when n = 0. This is the mean of F1 values, not the F1 of mean precision and mean recall
    (the two differ: Opitz and Burst 2019). Not in RSMTool.

    Example:
        >>> float(macro_f1(np.array([[2, 0, 0], [2, 4, 0], [0, 0, 0]])).round(4))
        0.7333
    """
    table = _table(counts)
    given = table.sum(-1) + table.sum(-2)
    f1 = _ratio(2 * np.diagonal(table, axis1=-2, axis2=-1), given)
    return _ratio(np.where(given > 0, f1, 0.0).sum(-1), (given > 0).sum(-1))


def per_point_agreement(counts: Counts) -> Floats:
    """Of the responses a person gave point i, the share the other gave it too: C[i, i] / r_i, shape (..., K).

    The recall of each score point, and the one function here with a number per point. Range 0 to 1; NaN for a
    point that no person gave.

    Example:
        >>> per_point_agreement(np.array([[3, 1, 0], [0, 4, 0], [0, 0, 0]]))
        array([0.75, 1.  , nan])
    """
    table = _table(counts)
    return _ratio(np.diagonal(table, axis1=-2, axis2=-1), table.sum(-1))


def bootstrap(counts: Ints, statistic: Statistic, seed: int, resamples: int = 2000) -> Estimate:
    """The statistic of the counts with its 95 % percentile interval.

    The 2.5th and 97.5th percentile of the statistic over multinomial resamples of the K * K cells, which is
    the bootstrap over responses (see the head of this module). The same seed gives the same resamples to
    every statistic. Resamples in which the statistic is undefined are ignored.

    Edge cases: NaN bounds when n = 0 or when every resample is undefined. The interval is one point when the
    counts leave no room to vary, for example [1, 1] at perfect agreement, however small n is.
    Source: Efron and Tibshirani (1993), chapter 13. RSMTool gives no intervals.

    Args:
        counts: (K, K) whole numbers, one matrix.
        statistic: Function from counts (..., K, K) to (...,).
        seed: Of the random draws.
        resamples: Number of draws.

    Example:
        >>> estimate = bootstrap(np.array([[40, 10], [5, 45]]), exact_agreement, seed=0)
        >>> estimate.value, 0.7 < estimate.low < 0.8, 0.9 < estimate.high < 0.95
        (0.85, True, True)
    """
    table = _table(counts)
    value, n = float(statistic(table)), table.sum()
    if n == 0:
        return Estimate(value, np.nan, np.nan)
    draws = np.random.default_rng(seed).multinomial(int(n), table.ravel() / n, size=resamples)
    found = statistic(draws.reshape(resamples, *table.shape).astype(np.float64))
    found = found[~np.isnan(found)]
    if found.size == 0:
        return Estimate(value, np.nan, np.nan)
    low, high = np.percentile(found, [2.5, 97.5])
    return Estimate(value, float(low), float(high))


def cross_entropy(probabilities: Floats, scores: Ints) -> float:
    """Mean surprise at the human score: -(1/n) sum_i ln p_i[y_i]. Also called log loss; natural logarithm.

    Range 0 (certain and right) upwards; ln K for a scorer that always says 1/K. A probability below 2.2e-16
    counts as 2.2e-16, so one certain error costs 36 and not infinity; scikit-learn does the same. Rows
    without a score (`MISSING`) and rows that were not scored (all NaN) are left out; NaN when none is left.

    Args:
        probabilities: (N, K), rows sum to 1 or are all NaN.
        scores: (N,) index of the human score, or `MISSING`.

    Raises:
        InputError: The lengths differ, a row is no distribution, or a score is outside 0..K-1.

    Example:
        >>> round(cross_entropy(np.array([[0.5, 0.5], [0.2, 0.8]]), np.array([0, 1])), 4)
        0.4581
    """
    p, y = _both_known(probabilities, scores)
    if len(y) == 0:
        return float("nan")
    chosen = p[np.arange(len(y)), y]
    return float(-np.log(np.maximum(chosen, np.finfo(np.float64).eps)).mean())


def expected_calibration_error(probabilities: Floats, scores: Ints, bins: int = 10) -> float:
    """How far the confidence is from the share of right answers: sum_b (n_b / n) |accuracy_b - confidence_b|.

    The confidence of a row is its largest probability, and the row is right when that is the human score (the
    first one at a tie). Bin b of B holds the rows with confidence in
    ((b - 1) / B, b / B].

    Range 0 (calibrated at this coarseness) to 1. It looks at the likeliest point only, depends on the number
    of bins, and is biased upwards when n is small. Rows are left out as in `cross_entropy`; NaN when none is
    left. Source: Guo, Pleiss, Sun and Weinberger (2017). Not in RSMTool.

    Args:
        probabilities: (N, K), rows sum to 1 or are all NaN.
        scores: (N,) index of the human score, or `MISSING`.
        bins: Number of bins B of equal width.

    Raises:
        InputError: As `cross_entropy`, or fewer than 1 bin.

    Example:
        >>> p = np.array([[0.9, 0.1], [0.9, 0.1], [0.4, 0.6], [0.4, 0.6]])
        >>> round(expected_calibration_error(p, np.array([0, 0, 0, 1])), 4)
        0.1
    """
    if bins < 1:
        raise InputError(f"{bins} bins for the calibration error", "give at least 1")
    p, y = _both_known(probabilities, scores)
    if len(y) == 0:
        return float("nan")
    confidence = p.max(axis=1)
    gap = (p.argmax(axis=1) == y) - confidence
    bin_of_row = np.searchsorted(np.arange(1, bins) / bins, confidence, side="left")
    return float(np.abs(np.bincount(bin_of_row, weights=gap, minlength=bins)).sum() / len(y))


def _table(counts: Counts) -> Floats:
    """Counts as floats, checked: square in the last two axes, nothing negative or NaN."""
    table = np.asarray(counts, dtype=np.float64)
    if table.ndim < 2 or table.shape[-1] != table.shape[-2]:
        raise InputError(f"counts of shape {table.shape} are no confusion matrix", "give shape (..., K, K)")
    if not (table >= 0).all():
        raise InputError("a confusion matrix holds a negative or undefined count", "give counts of at least 0")
    return table


def _ratio(numerator: Counts, denominator: Counts) -> Floats:
    """Element by element, NaN where the denominator is 0; always an array."""
    undefined = np.full(np.shape(denominator), np.nan)
    return np.divide(numerator, denominator, out=undefined, where=np.not_equal(denominator, 0))


def _both_known(probabilities: Floats, scores: Ints) -> tuple[Floats, Ints]:
    """The rows that have a score and were scored, checked."""
    _check_equal(len(probabilities), len(scores), "rows of probabilities", "scores")
    _check_range(scores, probabilities.shape[1], "score")
    rows = (scores != MISSING) & ~np.isnan(probabilities).all(axis=1)
    uniform = 1 / probabilities.shape[1]  # stands in for the rows left out, so that errors name the true row
    check_probabilities(np.where(rows[:, None], probabilities, uniform), "probabilities")
    return probabilities[rows], scores[rows]


def _check_equal(first: int, second: int, first_name: str, second_name: str) -> None:
    if first != second:
        raise InputError(f"{first} {first_name} for {second} {second_name}", "give as many of one as of the other")


def _check_range(indices: Ints, k: int, what: str) -> None:
    outside = ((indices < 0) | (indices >= k)) & (indices != MISSING)
    if outside.any():
        row = int(np.flatnonzero(outside)[0])
        raise InputError(
            f"{what} in row {row + 1} has index {int(indices[row])} on a scale of {k} points",
            f"give an index from 0 to {k - 1}, or {MISSING} where there is no score",
        )
