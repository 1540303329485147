"""The field's conventions for machine scores, applied to intervals: pass, fail, or undetermined at this sample size.

A convention names a metric and a mark. An estimate passes when its whole 95 % interval lies on the good side of the
mark, fails when the whole interval lies on the other, and says nothing otherwise: a point estimate above the mark on
forty answers is no evidence. Fewer than `LEAST` answers never pass: a bootstrap interval of ten faultless answers is a
single point.

Sources of the marks: Williamson, Xi and Breyer (2012), "A framework for evaluation and use of automated scoring",
Educational Measurement: Issues and Practice 31(1), with the values that RSMTool 12 reports; Smarter Balanced field
test 2014; NAEP 2021-22 automated scoring challenge.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from pocketscore.types import UNDEFINED, Estimate


class Verdict(StrEnum):
    """What the evidence says of one mark."""

    PASS = "pass"
    FAIL = "fail"
    UNDETERMINED = "undetermined at this sample size"
    NOT_COMPUTED = "not computed"


@dataclass(frozen=True)
class Convention:
    """A mark.

    Attributes:
        source: Who set it.
        metric: Name of the estimate that it is about.
        low, high: The estimate has to lie between them, ends included; infinite where there is no such end.
        words: The mark as people say it.
    """

    source: str
    metric: str
    low: float
    high: float
    words: str


WILLIAMSON, SMARTER, NAEP = "Williamson et al. 2012", "Smarter Balanced 2014", "NAEP 2021-22"
_INF = np.inf

CONVENTIONS = (
    Convention(WILLIAMSON, "qwk", 0.70, _INF, "QWK at least .70"),
    Convention(WILLIAMSON, "pearson", 0.70, _INF, "Pearson r at least .70"),
    Convention(WILLIAMSON, "smd", -0.15, 0.15, "SMD between -.15 and .15"),
    Convention(WILLIAMSON, "degradation_qwk", -0.10, _INF, "QWK at most .10 below two human raters"),
    Convention(WILLIAMSON, "degradation_pearson", -0.10, _INF, "Pearson r at most .10 below two human raters"),
    Convention(SMARTER, "smd", -0.12, 0.12, "SMD between -.12 and .12"),
    Convention(SMARTER, "degradation_accuracy", -0.05, _INF, "Exact agreement at most .05 below two human raters"),
    Convention(NAEP, "degradation_qwk", -0.05, _INF, "QWK at most .05 below two human raters"),
)
"""Marks for a whole item on an ordinal scale. Groups have their own (`trust.fairness`)."""


LEAST = 30
"""Fewest answers on which a mark can be passed."""


@dataclass(frozen=True)
class Flag:
    """One convention with what was found.

    Attributes:
        convention: The mark.
        estimate: What was measured; NaN when it could not be.
        verdict: What follows.
        reason: Why nothing could be computed, or why a clear interval does not count; '' otherwise.
    """

    convention: Convention
    estimate: Estimate
    verdict: Verdict
    reason: str = ""


def flags(
    estimates: Mapping[str, Estimate], counts: Mapping[str, int], missing: Mapping[str, str] | None = None
) -> tuple[Flag, ...]:
    """Every convention against the estimates.

    Args:
        estimates: Metric -> estimate.
        counts: Metric -> answers behind it.
        missing: Metric -> why it is missing, for those that are.

    Example:
        >>> measured = {"qwk": Estimate(0.74, 0.69, 0.79), "smd": Estimate(0.02, -0.05, 0.09)}
        >>> found = flags(measured, {"qwk": 300, "smd": 300})
        >>> [(flag.convention.metric, flag.verdict.value) for flag in found[:3]]
        [('qwk', 'undetermined at this sample size'), ('pearson', 'not computed'), ('smd', 'pass')]
    """
    found = []
    for convention in CONVENTIONS:
        estimate = estimates.get(convention.metric, UNDEFINED)
        judged = verdict(estimate, convention.low, convention.high)
        reason = (missing or {}).get(convention.metric, "not measured") if judged is Verdict.NOT_COMPUTED else ""
        if judged is Verdict.PASS and (n := counts[convention.metric]) < LEAST:
            judged, reason = Verdict.UNDETERMINED, f"{n} answers, and at least {LEAST} are needed to pass"
        found.append(Flag(convention, estimate, judged, reason))
    return tuple(found)


def verdict(estimate: Estimate, low: float, high: float) -> Verdict:
    """Where an interval lies: inside [low, high], outside, or both.

    >>> verdict(Estimate(0.5, 0.4, 0.6), 0.7, np.inf).value, verdict(Estimate(0.8, 0.7, 0.9), 0.7, np.inf).value
    ('fail', 'pass')
    """
    if not np.isfinite([estimate.value, estimate.low, estimate.high]).all():
        return Verdict.NOT_COMPUTED
    if estimate.low >= low and estimate.high <= high:
        return Verdict.PASS
    if estimate.high < low or estimate.low > high:
        return Verdict.FAIL
    return Verdict.UNDETERMINED


def flag_dict(flag: Flag) -> dict[str, object]:
    """JSON-ready."""
    return {
        "source": flag.convention.source,
        "metric": flag.convention.metric,
        "mark": flag.convention.words,
        "estimate": flag.estimate.rounded(),
        "verdict": flag.verdict.value,
        "reason": flag.reason,
    }
