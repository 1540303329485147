"""How much of the scoring errors the group explains: OSA, OSD and CSD, by ordinary least squares.

Loukina, Madnani and Zechner (2019), The many dimensions of algorithmic fairness in educational applications. With the
error = machine score - human score of each response:

- OSA, overall score accuracy: squared error ~ group. Are some groups scored less accurately?
- OSD, overall score difference: error ~ group. Are some groups scored more leniently?
- CSD, conditional score difference: error ~ group + human score, against error ~ human score. Is that still so among
  answers of the same quality?

The numbers are those of RSMTool 12 (`rsmtool.fairness_utils.get_fairness_analyses`): R2 is adjusted for the number of
coefficients, for CSD it is the gain in adjusted R2; the human score enters as a category; the base group is the
largest, at a tie the first in alphabetical order.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from pocketscore.trust.distributions import f_tail_p, student_t_p, student_t_quantile
from pocketscore.types import Estimate, Floats

NO_VARIANCE = 1e-20
"""Share of the sum of squares up to which what remains counts as rounding."""
INTERCEPT = "intercept"
COLLINEAR = "some groups have human scores that no other group has, so that score and group cannot be told apart"
Level = TypeVar("Level", str, float)


@dataclass(frozen=True)
class Coefficient:
    """How much more the error (or squared error) of a group is than that of the base group.

    Attributes:
        label: The group, or "intercept" for the base group itself (in CSD: for the base group at the commonest human
            score).
        estimate: In score points (OSA: squared), with the 95 % interval of the t distribution.
        p: Of the two-sided t test that it is 0; not corrected for the number of tests.
    """

    label: str
    estimate: Estimate
    p: float


@dataclass(frozen=True)
class GroupEffect:
    """One of the three regressions.

    Attributes:
        r2: Adjusted R2, for CSD the gain in it over the human score alone. May be slightly below 0.
        f: F statistic of the group: all groups alike against each its own.
        p: Of that F test.
        coefficients: The intercept, then each group but the base, from the largest down.
        reason: Why some or all numbers are NaN, '' otherwise.
    """

    r2: float
    f: float
    p: float
    coefficients: tuple[Coefficient, ...]
    reason: str = ""


@dataclass(frozen=True)
class GroupRegressions:
    """OSA, OSD and CSD of one group column.

    Attributes:
        n: Responses used: those of the groups compared.
        base: The base group, "" when there is none.
        effects: "osa", "osd", "csd" -> the regression.
    """

    n: int
    base: str
    effects: Mapping[str, GroupEffect] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Fit:
    """A least squares fit.

    Attributes:
        coefficients: (P,).
        standard_errors: (P,) NaN where the fit leaves no degree of freedom.
        rss: Residual sum of squares.
        df: Residual degrees of freedom.
        rank: Rank of the design; below P the coefficients are not unique.
    """

    coefficients: Floats
    standard_errors: Floats
    rss: float
    df: int
    rank: int


def group_regressions(human: Floats, machine: Floats, labels: Sequence[str]) -> GroupRegressions:
    """OSA, OSD and CSD.

    Args:
        human: (N,) human scores, finite.
        machine: (N,) machine scores, finite.
        labels: N group labels; all of them are used.

    Returns:
        Three regressions. One that cannot be computed has NaN and says why: fewer than two groups, equal errors
        everywhere, no degree of freedom left, or (for coefficients) groups that the human score tells apart completely.

    Example:
        >>> human, machine = np.array([0.0, 1, 2, 0, 1, 2, 0]), np.array([0.0, 1, 2, 1, 2, 2, 1])
        >>> found = group_regressions(human, machine, ["a", "a", "a", "b", "b", "b", "a"])
        >>> found.base, found.effects["osd"].coefficients[1].label
        ('a', 'b')
        >>> round(found.effects["osd"].r2, 4), round(found.effects["osd"].p, 4)
        (0.0083, 0.3524)
    """
    groups = by_size(labels)
    error = machine - human
    one = np.ones((len(labels), 1))
    group = _dummies(np.array(labels, dtype=object), groups)
    quality = _dummies(human, by_size(human.tolist()))
    effects = {
        "osa": _effect(error**2, one, group, groups),
        "osd": _effect(error, one, group, groups),
        "csd": _effect(error, np.hstack([one, quality]), group, groups),
    }
    return GroupRegressions(len(labels), groups[0] if groups else "", effects)


def by_size(values: Sequence[Level]) -> list[Level]:
    """Different values, the most frequent first, at a tie the smaller (alphabetically earlier) one."""
    counts = Counter(values)
    return sorted(counts, key=lambda value: (-counts[value], value))


def least_squares(design: Floats, outcome: Floats) -> Fit:
    """Ordinary least squares by singular values; the shortest of the solutions when several are equally good.

    Args:
        design: (N, P).
        outcome: (N,).
    """
    left, singular, right = np.linalg.svd(design, full_matrices=False)
    kept = singular > singular.max(initial=0.0) * max(design.shape) * np.finfo(np.float64).eps
    inverse = right[kept].T / singular[kept]
    coefficients = inverse @ (left[:, kept].T @ outcome)
    rank, rss = int(kept.sum()), float(((outcome - design @ coefficients) ** 2).sum())
    if rss <= NO_VARIANCE * float((outcome**2).sum()):
        rss = 0.0
    df = len(outcome) - rank
    variance = rss / df if df > 0 else np.nan
    return Fit(coefficients, np.sqrt((inverse**2).sum(axis=1) * variance), rss, df, rank)


def _dummies(values: npt.NDArray[np.generic], levels: Sequence[str] | Sequence[float]) -> Floats:
    """(N, L - 1) indicators of every level but the first."""
    columns = [values == level for level in levels[1:]]
    return np.stack(columns, axis=1).astype(np.float64) if columns else np.zeros((len(values), 0))


def _effect(outcome: Floats, known: Floats, group: Floats, groups: Sequence[str]) -> GroupEffect:
    """What the group adds to what is known; `known` is the intercept, for CSD with the human score."""
    problem = _problem(outcome, groups)
    if problem:
        return _undefined(problem)
    without = least_squares(known, outcome)
    design = np.hstack([known[:, :1], group, known[:, 1:]])
    fit = least_squares(design, outcome)
    if fit.df <= 0:
        return _undefined(f"{len(outcome)} responses leave no degree of freedom beside {fit.rank} coefficients")
    variance = float(((outcome - outcome.mean()) ** 2).sum()) / (len(outcome) - 1)
    r2 = (without.rss / without.df - fit.rss / fit.df) / variance
    f, reason = _f(without, fit)
    if fit.rank < design.shape[1]:
        return GroupEffect(r2, f, f_tail_p(f, without.df - fit.df, fit.df), (), reason or COLLINEAR)
    labels = (INTERCEPT, *groups[1:])
    multiple = student_t_quantile(0.975, fit.df)
    coefficients = tuple(_coefficient(fit, place, label, multiple) for place, label in enumerate(labels))
    return GroupEffect(r2, f, f_tail_p(f, without.df - fit.df, fit.df), coefficients, reason)


def _problem(outcome: Floats, groups: Sequence[str]) -> str:
    if len(groups) < 2:
        return f"{len(groups)} group{'s' * (not groups)} large enough to compare; two are needed"
    if float(((outcome - outcome.mean()) ** 2).sum()) <= NO_VARIANCE * float((outcome**2).sum()):
        return "the error is the same on every response, so there is nothing to explain"
    return ""


def _f(without: Fit, fit: Fit) -> tuple[float, str]:
    """The F statistic of the nested models, or NaN and why."""
    if without.df == fit.df:
        return np.nan, COLLINEAR
    if fit.rss == 0:
        return np.nan, "the errors are explained completely, so there is no spread to test against"
    return (without.rss - fit.rss) / (without.df - fit.df) / (fit.rss / fit.df), ""


def _coefficient(fit: Fit, place: int, label: str, multiple: float) -> Coefficient:
    value, error = float(fit.coefficients[place]), float(fit.standard_errors[place])
    if error == 0:
        return Coefficient(label, Estimate(value, np.nan, np.nan), np.nan)
    half = multiple * error
    return Coefficient(label, Estimate(value, value - half, value + half), student_t_p(value / error, fit.df))


def _undefined(reason: str) -> GroupEffect:
    return GroupEffect(np.nan, np.nan, np.nan, (), reason)
