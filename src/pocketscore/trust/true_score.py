"""How well the machine predicts the score an answer truly deserves, not the one that a fallible rater gave it.

A human score is the true score plus the rater's error. Answers with two or more human scores show how large that error
is; taking it out of the squared error and of the spread of human scores leaves PRMSE, the share of the true scores'
variance that the machine accounts for. Unlike QWK and r it does not fall when the raters are worse. The estimators are
those of a one-way analysis of variance with uneven numbers of raters (Loukina et al. 2020), as in RSMTool 12.0.0.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pocketscore.errors import InputError
from pocketscore.trust.numeric import NOISE, ratio
from pocketscore.trust.resampling import RESAMPLES, estimate, replicates
from pocketscore.types import Estimate, Floats

FEW_DOUBLE_SCORED = 30
"""With fewer double-scored responses the rater error variance is too uncertain to stand without a caution."""
MANY_UNDEFINED = 0.05
"""Share of resamples without a PRMSE from which the interval needs a caution."""


@dataclass(frozen=True)
class TrueScore:
    """True score evaluation of a machine. What could not be computed is NaN, and `reason` says why.

    Attributes:
        n: Responses with a machine score and at least one human score.
        n_double: Those of them with two human scores or more.
        rater_error_variance: Variance of one rater's errors.
        true_variance: Variance of the true scores; may come out at or below 0.
        mse_true: Mean squared error of the machine as a prediction of the true score; may come out below 0.
        prmse: 1 - mse_true / true_variance with its 95 % interval; above 1 or below 0 it is explained in `caution`.
        reason: Why there is no PRMSE, in plain words; '' if there is one.
        caution: What to bear in mind when reading it; '' if nothing.
    """

    n: int
    n_double: int
    rater_error_variance: float
    true_variance: float
    mse_true: float
    prmse: Estimate
    reason: str
    caution: str


def true_score(
    human: Floats,
    machine: Floats,
    *,
    rater_error_variance: float | None = None,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> TrueScore:
    """True score variance, squared error against true scores, and PRMSE.

    With c_i human scores of mean m_i on response i, c = sum_i c_i, and m the mean of all human scores:

        rater error variance s_e = sum_i sum_j (H_ij - m_i)^2 / sum_i (c_i - 1)
        true variance        s_T = (sum_i c_i (m_i - m)^2 - (N - 1) s_e) / (c - sum_i c_i^2 / c)
        MSE(T, M)                = (sum_i c_i (m_i - M_i)^2 - N s_e) / c
        PRMSE                    = 1 - MSE(T, M) / s_T

    For two raters s_e is sum (H1 - H2)^2 / (2 N2) over the N2 double-scored responses.

    Args:
        human: (N, C) scores of C raters, or (N,) of one, NaN where a rater did not score.
        machine: (N,) machine scores, NaN where missing. Responses without it, or without any human score, are left out.
        rater_error_variance: From elsewhere, at least 0; None estimates it from the double-scored responses.
        seed: Of the resamples of responses, each of which estimates the rater error variance anew.
        resamples: Number of resamples.

    Raises:
        InputError: The shapes do not fit, a score is infinite, or the given variance is negative or no number.

    Example:
        >>> human = np.array([[0.0, 1.0], [1.0, 1.0], [2.0, 2.0], [3.0, 2.0], [3.0, np.nan]])
        >>> found = true_score(human, np.array([0.9, 1.8, 1.4, 2.1, 2.2]))
        >>> found.n, found.n_double, found.rater_error_variance, round(found.prmse.value, 3)
        (5, 4, 0.25, 0.733)
    """
    table = human[:, None] if human.ndim == 1 else human
    _check(table, machine, rater_error_variance)
    kept = ~np.isnan(machine) & ~np.isnan(table).all(axis=1)
    sums = _RowSums(table[kept], machine[kept], rater_error_variance)
    error, true, error_true, prmse = (float(value) for value in sums.estimates(np.ones(sums.n)).values())
    draws = replicates(sums.estimates, sums.n, seed=seed, resamples=resamples)["prmse"]
    reason = _why_not(sums.n, sums.n_double, error, true)
    return TrueScore(
        n=sums.n,
        n_double=sums.n_double,
        rater_error_variance=error,
        true_variance=true,
        mse_true=error_true,
        prmse=estimate(prmse, draws),
        reason=reason,
        caution="" if reason else _cautions(sums, prmse, float(np.isnan(draws).mean())),
    )


def rater_error_variance(human: Floats) -> float:
    """Variance of one rater's errors: the pooled variance within responses. NaN without a double-scored response.

    Args:
        human: (N, C) scores of C raters, NaN where a rater did not score.

    Example:
        >>> rater_error_variance(np.array([[0.0, 1.0], [2.0, 2.0], [1.0, np.nan]]))
        0.25
    """
    _check(human, np.zeros(len(human)), None)
    rows = human[~np.isnan(human).all(axis=1)]
    return float(_RowSums(rows, np.zeros(len(rows)), None).estimates(np.ones(len(rows)))["rater_error_variance"])


class _RowSums:
    """What each response adds to the sums that the estimators are made of.

    Args:
        human: (N, C), every row with a score.
        machine: (N,), all known.
        given: Rater error variance from elsewhere, or None.
    """

    def __init__(self, human: Floats, machine: Floats, given: float | None) -> None:
        known = ~np.isnan(human)
        count = known.sum(axis=1).astype(np.float64)
        first = human[known][0] if known.any() else 0.0
        deviation = np.where(known, human - first, 0.0)  # from a score that occurs: exactly 0 when all are equal
        mean = deviation.sum(axis=1) / count
        within = (np.where(known, deviation - mean[:, None], 0.0) ** 2).sum(axis=1)
        centred = mean - (count @ mean) / max(count.sum(), 1.0)
        error = count * (mean + first - machine) ** 2
        ones = np.ones(len(machine))
        self.columns = np.stack(
            [ones, count, count**2, count * centred, count * centred**2, count - 1, within, error], axis=1
        )
        self.noise = NOISE * (centred**2).max(initial=0.0)
        self.given = given
        self.n, self.n_double = len(machine), int((count > 1).sum())

    def estimates(self, weights: Floats) -> dict[str, Floats]:
        """The estimates with each response counted as often as its weight (..., N) says, each (...,)."""
        sums = weights @ self.columns
        n, ratings, square_ratings, mean, square_mean, freedom, within, error = (sums[..., i] for i in range(8))
        rater_error = ratio(within, freedom) if self.given is None else np.full(n.shape, self.given)
        between = square_mean - ratio(mean**2, ratings)
        true = ratio(between - (n - 1) * rater_error, ratings - ratio(square_ratings, ratings))
        true = np.where(np.abs(true) <= self.noise, 0.0, true)
        error_true = ratio(error - n * rater_error, ratings)
        prmse = 1 - ratio(error_true, np.maximum(true, 0.0))
        return {"rater_error_variance": rater_error, "true_variance": true, "mse_true": error_true, "prmse": prmse}


def _check(human: Floats, machine: Floats, given: float | None) -> None:
    if human.ndim != 2 or machine.shape != human.shape[:1]:
        raise InputError(
            f"human scores of shape {human.shape} and machine scores of shape {machine.shape}",
            "give one row of human scores, shape (N, C), for each of N machine scores",
        )
    infinite = np.isinf(machine) | np.isinf(human).any(axis=1)
    if infinite.any():
        raise InputError(f"a score in row {int(np.flatnonzero(infinite)[0]) + 1} is infinite", "leave it out as NaN")
    if given is not None and not (np.isfinite(given) and given >= 0):
        raise InputError(f"a rater error variance of {given}", "give a number of at least 0, or None")


def _why_not(n: int, n_double: int, error: float, true: float) -> str:
    if n == 0:
        return "no response has both a machine score and a human score"
    if np.isnan(error):
        return (
            "no response has two human scores, so the error of the raters is not known; "
            "have some answers scored twice or give a rater error variance"
        )
    if n == 1:
        return "a single response has no variance"
    if true <= 0:
        return (
            f"the human scores vary no more than the raters' own error explains (true score variance {true:.4g}), "
            f"so nothing is left for the machine to predict; {n_double} of {n} responses have two human scores"
        )
    return ""


def _cautions(sums: _RowSums, prmse: float, undefined: float) -> str:
    found = []
    if sums.given is None and sums.n_double < FEW_DOUBLE_SCORED:
        found.append(
            f"only {sums.n_double} responses have two human scores, so the error of the raters is uncertain; "
            f"{FEW_DOUBLE_SCORED} or more are advisable"
        )
    if prmse > 1:
        found.append(
            "PRMSE is above 1 because the machine is closer to the human scores than the estimated error of the raters "
            "allows; the error is estimated too large, or the machine was trained on these very scores"
        )
    if prmse < 0:
        found.append("PRMSE is below 0: giving every answer the mean score would predict the true scores better")
    if undefined > MANY_UNDEFINED:
        found.append(
            f"{undefined:.0%} of the resamples leave PRMSE undefined and are not in its interval, which is too narrow"
        )
    return "; ".join(found)
