"""Agreement of scores that are numbers: expected scores, half points, anything a confusion matrix cannot hold.

Every number here is made of sums over responses. So each function takes weights, how often each response counts, and a
bootstrap over responses is nothing but the same function with other weights:

    (human, machine) ─ moments ─> Moments ─ pearson, qwk_continuous, smd, ... ─> one number for each set of weights
    resampling: 2,000 sets of weights, the same for every metric and every pair of raters ─> Estimate

Weights have the shape (..., N) and results the shape (...,). A response without one of the two scores (NaN) is left
out. What is undefined is NaN, never a warning. The definitions are those of RSMTool 12.0.0; where not, it is said.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pocketscore.errors import InputError
from pocketscore.trust.resampling import RESAMPLES, resampled
from pocketscore.types import Estimate, Floats

NOISE = 1e-13
"""A variance below this share of the largest squared deviation is rounding error of the sums, hence 0."""
SLACK = 1e-9
"""Differences of decimals such as 2.2 - 1.2 miss the whole number by less."""
TRIM_TOLERANCE = 0.4998
"""How far beyond the ends of the scale RSMTool lets a score lie: nearly half a point, so that it rounds to the end."""


@dataclass(frozen=True, eq=False)
class Moments:
    """What the metrics of two raters are made of, each of shape (...,); variances and covariance over n.

    Attributes:
        n: Sum of the weights of the responses with both scores.
        human_mean, machine_mean: Means, NaN when n = 0, as everything below.
        human_variance, machine_variance: Exactly 0 for a rater who gives everyone the same score.
        covariance: Exactly 0 when either variance is.
        squared_error: Mean of (machine - human)^2.
    """

    n: Floats
    human_mean: Floats
    machine_mean: Floats
    human_variance: Floats
    machine_variance: Floats
    covariance: Floats
    squared_error: Floats


@dataclass(frozen=True, eq=False)
class NumericAgreement:
    """How well one rater's numbers agree with the human scores.

    Attributes:
        n: Number of responses with both scores.
        metrics: Metric name -> estimate, in the order to print them.
    """

    n: int
    metrics: Mapping[str, Estimate]


def moments(human: Floats, machine: Floats, weights: Floats | None = None) -> Moments:
    """The moments of two raters' scores.

    Args:
        human: (N,) human scores, NaN where missing.
        machine: (N,) scores of the machine or of another person, NaN where missing.
        weights: (..., N) how often each response counts, at least 0; None counts each once.

    Raises:
        InputError: The shapes do not fit, or a score is infinite.

    Example:
        >>> found = moments(np.array([1.0, 2.0, 3.0, np.nan]), np.array([1.5, 2.0, 2.5, 2.0]))
        >>> float(found.n), float(found.human_mean), round(float(found.covariance), 4)
        (3.0, 2.0, 0.3333)
        >>> moments(np.array([1.0, 2.0]), np.array([1.0, 3.0]), np.array([[1.0, 1.0], [2.0, 0.0]])).machine_mean
        array([2., 1.])
    """
    both = paired(human, machine)
    h, human_centre = _centred(human, both)
    m, machine_centre = _centred(machine, both)
    error = np.where(both, machine - human, 0.0)
    columns = np.stack([both.astype(np.float64), h, m, h * h, m * m, h * m, error * error], axis=1)
    sums = _weights(weights, len(both)) @ columns
    n = sums[..., 0]
    h_mean, m_mean, h_square, m_square, product, squared_error = (ratio(sums[..., i], n) for i in range(1, 7))
    h_variance = _without_noise(h_square - h_mean**2, h * h)
    m_variance = _without_noise(m_square - m_mean**2, m * m)
    constant = (h_variance == 0) | (m_variance == 0)
    covariance = np.where(constant, 0.0, product - h_mean * m_mean)
    means = (h_mean + human_centre, m_mean + machine_centre)
    return Moments(n, *means, h_variance, m_variance, covariance, squared_error)


def pearson(found: Moments) -> Floats:
    """Pearson's correlation: Cov / sqrt(Var H Var M). RSMTool: `corr`.

    Range -1 to 1; NaN when n <= 1 or either rater gives everyone the same score.
    """
    spread = np.sqrt(found.human_variance * found.machine_variance)
    return np.clip(ratio(found.covariance, spread), -1.0, 1.0)


def qwk_continuous(found: Moments) -> Floats:
    """Quadratic weighted kappa of numbers: 2 Cov / (Var H + Var M + (mean M - mean H)^2), all over n.

    For scores on a scale the same as `pocketscore.metrics.qwk`. Range -1 to 1; 0 when exactly one rater is constant or
    both are at different scores; NaN when n = 0 or both give everyone the same score. Source: Haberman (2019).
    RSMTool: `wtkappa`.
    """
    # The denominator as squared error + 2 Cov is the same number, and exactly 0 where it should be.
    return ratio(2 * found.covariance, found.squared_error + 2 * found.covariance)


def smd(found: Moments) -> Floats:
    """Standardised mean difference: (mean M - mean H) / sd H, sd over n - 1. RSMTool: `SMD`, "unpooled".

    Above 0 the machine is generous. NaN when n <= 1 or all human scores are equal.
    """
    return ratio(found.machine_mean - found.human_mean, human_sd(found))


def smd_pooled(found: Moments) -> Floats:
    """Standardised mean difference of two people: (mean M - mean H) / sqrt((sd H^2 + sd M^2) / 2).

    The two change places with the sign alone. NaN when n <= 1 or both raters are constant. RSMTool: `SMD` of two
    human raters, "pooled".
    """
    pooled = np.sqrt((human_sd(found) ** 2 + machine_sd(found) ** 2) / 2)
    return ratio(found.machine_mean - found.human_mean, pooled)


def mse(found: Moments) -> Floats:
    """Mean squared error: mean of (M - H)^2. NaN when n = 0."""
    return found.squared_error


def rmse(found: Moments) -> Floats:
    """Root of the mean squared error, in score points. NaN when n = 0. RSMTool: `RMSE`."""
    return np.sqrt(found.squared_error)


def r2(found: Moments) -> Floats:
    """Share of the human scores' variance that the machine accounts for: 1 - MSE / Var H.

    Up to 1, below 0 for a machine worse than the mean human score. With equal human scores it is 1 if the machine gives
    the same ones and 0 if not, by scikit-learn's convention. NaN when n <= 1. RSMTool: `R2`.
    """
    usual = 1 - ratio(found.squared_error, found.human_variance)
    constant = np.where(found.squared_error == 0, 1.0, 0.0)
    return np.where(found.n > 1, np.where(found.human_variance == 0, constant, usual), np.nan)


def human_sd(found: Moments) -> Floats:
    """Standard deviation of the human scores, over n - 1. NaN when n <= 1. RSMTool: `h_sd`."""
    return _sd(found.human_variance, found.n)


def machine_sd(found: Moments) -> Floats:
    """Standard deviation of the machine's scores, over n - 1. NaN when n <= 1. RSMTool: `sys_sd`."""
    return _sd(found.machine_variance, found.n)


def share_within(human: Floats, machine: Floats, distance: float, weights: Floats | None = None) -> Floats:
    """Share of responses whose two scores differ by at most the distance: 0 exact, 1 adjacent agreement.

    By value, so on a scale with half points the adjacent scores are up to two steps away, as in RSMTool (`exact_agr`,
    `adj_agr`, there in percent). Unrounded machine scores never agree exactly: see `rounded`. NaN when n = 0.

    Example:
        >>> human, machine = np.array([0.5, 1.5, 2.0]), np.array([0.5, 2.5, 0.5])
        >>> [round(float(share_within(human, machine, distance)), 4) for distance in (0, 0.5, 1)]
        [0.3333, 0.3333, 0.6667]
    """
    both = paired(human, machine)
    near = both & (np.abs(np.where(both, machine - human, 0.0)) <= distance + SLACK)
    sums = _weights(weights, len(both)) @ np.stack([both, near], axis=1).astype(np.float64)
    return ratio(sums[..., 1], sums[..., 0])


def kappa(human: Floats, machine: Floats, weights: Floats | None = None) -> Floats:
    """Cohen's kappa in which every different number is a score point of its own; half points are not rounded.

    On whole numbers the same as `pocketscore.metrics.cohen_kappa`. RSMTool (`kappa`) first rounds both raters to whole
    numbers, half to even: 0.5 becomes 0, and 1.5 and 2.5 both 2. `rounded` gives its number to those who want it. NaN
    when n = 0 or both raters give everyone the same score, where RSMTool says 1.

    Example:
        >>> human, machine = np.array([0.5, 1.5, 1.0, 2.5]), np.array([0.5, 2.5, 1.0, 1.5])
        >>> round(float(kappa(human, machine)), 4), round(float(kappa(rounded(human), rounded(machine))), 4)
        (0.3333, 1.0)
    """
    both = paired(human, machine)
    points = np.intersect1d(human[both], machine[both])  # other points add nothing to the agreement by chance
    by_human, by_machine = ((scores[:, None] == points) & both[:, None] for scores in (human, machine))
    same = both & (human == machine)
    each = _weights(weights, len(both))
    n, agreed = each @ both.astype(np.float64), each @ same.astype(np.float64)
    chance = ((each @ by_human.astype(np.float64)) * (each @ by_machine.astype(np.float64))).sum(-1)
    return ratio(n * agreed - chance, n**2 - chance)


def rounded(scores: Floats) -> Floats:
    """Scores rounded to whole numbers as RSMTool does it, half to even. NaN stays.

    Example:
        >>> rounded(np.array([0.5, 1.5, 2.5, -0.4])).tolist()
        [0.0, 2.0, 2.0, 0.0]
    """
    return np.asarray(np.rint(scores) + 0.0, dtype=np.float64)  # turns -0.0 into 0.0


def trimmed(scores: Floats, lowest: float, highest: float, tolerance: float = TRIM_TOLERANCE) -> Floats:
    """Scores held within [lowest - tolerance, highest + tolerance], RSMTool's `raw_trim`. NaN stays.

    Example:
        >>> trimmed(np.array([-2.0, 1.3, 3.2, 9.0]), 0, 3).tolist()
        [-0.4998, 1.3, 3.2, 3.4998]
    """
    return np.clip(scores, lowest - tolerance, highest + tolerance)


def numeric_agreement(human: Floats, machine: Floats, *, seed: int = 0, resamples: int = RESAMPLES) -> NumericAgreement:
    """Agreement of the machine's numbers with the human scores, with 95 % bootstrap intervals.

    Args:
        human: (N,) human scores, NaN where missing.
        machine: (N,) machine scores, NaN where missing.
        seed: Of the resamples.
        resamples: Number of resamples.

    Returns:
        pearson, qwk_continuous, smd, mse, rmse, r2, human_mean, human_sd, machine_mean, machine_sd; all NaN if no
        response has both scores.

    Raises:
        InputError: The shapes do not fit, or a score is infinite.

    Example:
        >>> found = numeric_agreement(np.array([0.0, 1.0, 2.0, 2.0]), np.array([0.2, 1.1, 1.8, np.nan]))
        >>> found.n, round(found.metrics["rmse"].value, 4)
        (3, 0.1732)
    """

    def statistics(found: Moments) -> dict[str, Floats]:
        means = {"human_mean": found.human_mean, "human_sd": human_sd(found)}
        means |= {"machine_mean": found.machine_mean, "machine_sd": machine_sd(found)}
        errors = {"mse": mse(found), "rmse": rmse(found), "r2": r2(found)}
        return {"pearson": pearson(found), "qwk_continuous": qwk_continuous(found), "smd": smd(found)} | errors | means

    return agreement_of(human, machine, statistics, seed, resamples)


def paired(human: Floats, machine: Floats) -> npt.NDArray[np.bool_]:
    """(N,) whether a response has both scores. Raises InputError for other shapes and for infinite scores."""
    if human.ndim != 1 or human.shape != machine.shape:
        raise InputError(f"scores of shapes {human.shape} and {machine.shape}", "give both raters N scores, shape (N,)")
    infinite = np.isinf(human) | np.isinf(machine)
    if infinite.any():
        raise InputError(f"a score in row {int(np.flatnonzero(infinite)[0]) + 1} is infinite", "leave it out as NaN")
    return np.asarray(~np.isnan(human) & ~np.isnan(machine), dtype=np.bool_)


def ratio(numerator: Floats, denominator: Floats) -> Floats:
    """Element by element, NaN where the denominator is 0 or either is NaN; always an array."""
    undefined = np.full(np.shape(denominator), np.nan)
    return np.asarray(np.divide(numerator, denominator, out=undefined, where=np.not_equal(denominator, 0)))


def agreement_of(
    human: Floats, machine: Floats, statistics: Callable[[Moments], Mapping[str, Floats]], seed: int, resamples: int
) -> NumericAgreement:
    """The statistics of two raters' moments with intervals, on the responses that have both scores."""
    both = paired(human, machine)
    h, m = human[both], machine[both]
    found = resampled(lambda weights: statistics(moments(h, m, weights)), len(h), seed=seed, resamples=resamples)
    return NumericAgreement(len(h), found)


def _without_noise(variance: Floats, squares: Floats) -> Floats:
    """The variance, exactly 0 where it is but rounding error beside the largest of the squares it was made of."""
    floor = NOISE * squares.max(initial=0.0)
    return np.where(variance <= floor, 0.0, variance)


def _centred(scores: Floats, both: npt.NDArray[np.bool_]) -> tuple[Floats, float]:
    """Scores less their mean, 0 where left out, and that mean; exactly 0 throughout when all are equal."""
    kept = scores[both]
    first = kept[0] if kept.size else 0.0
    centre = first + (kept - first).sum() / max(kept.size, 1)
    return np.where(both, scores - centre, 0.0), float(centre)


def _weights(weights: Floats | None, n: int) -> Floats:
    if weights is None:
        return np.ones(n)
    if weights.shape[-1:] != (n,):
        raise InputError(f"weights of shape {weights.shape} for {n} responses", f"give weights of shape (..., {n})")
    return weights


def _sd(variance: Floats, n: Floats) -> Floats:
    """From a variance over n to a standard deviation over n - 1, NaN when n <= 1."""
    return np.sqrt(ratio(variance * n, np.maximum(n - 1, 0.0)))
