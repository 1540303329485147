"""Is a group scored differently from everyone else: the test, its correction, its power, and the verdict.

The measure is the difference of standardised means (DSM) with the convention |DSM| <= 0.10 (Williamson, Xi and Breyer
2012; RSMTool draws the same line). As the z differences of the whole set sum to 0,

    DSM of a group = (1 - share of the group) * (mean z difference of the group - that of everyone else),

and a test of DSM = 0 is a test of two means.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pocketscore.trust.conventions import Verdict, verdict
from pocketscore.trust.distributions import normal_quantile, student_t_p, student_t_quantile
from pocketscore.types import Estimate, Floats

DSM_LIMIT = 0.10
"""Largest |DSM| that the convention accepts."""
LEVEL = 0.05
"""Two-sided level of the test, before correction in the power statement, after correction in the verdict."""
POWER = 0.80
"""Share of samples in which the stated bias would be found."""
ROUNDING = 1e-9


@dataclass(frozen=True)
class BiasTest:
    """Welch's t test of one group's z differences against everyone else's.

    Attributes:
        p: Two-sided; NaN where there is no test.
        detectable: Smallest difference between the group and everyone else, in standard deviations of the z scores,
            that the test would find at the two-sided 5 % level with 80 % power.
        half_width: Half the width of a 95 % interval for the group's DSM, if the group's z differences are spread like
            those of the whole set.
        reason: Why p and detectable are NaN, '' otherwise.
    """

    p: float
    detectable: float
    half_width: float
    reason: str = ""


def bias_test(group: Floats, others: Floats) -> BiasTest:
    """Test whether a group's mean z difference equals that of everyone else.

    Args:
        group: (n,) z of the machine score minus z of the human score, for the responses of the group.
        others: (N - n,) the same for all other responses.

    Returns:
        NaN with a reason when a side has fewer than two responses or the differences have no spread.

    Sources: Welch (1947) for the test; the detectable difference is (t quantile at 97.5 % + t quantile at 80 %) times
    the standard error, which agrees with the noncentral t distribution to 2 % from ten responses on.

    Example:
        >>> found = bias_test(np.array([0.4, 0.6, 0.2, 0.8]), np.array([-0.1, 0.1, 0.0, 0.2, -0.2, 0.3]))
        >>> round(found.p, 4), round(found.detectable, 4)
        (0.0294, 0.5212)
    """
    n, m = len(group), len(others)
    if n < 2 or m < 2:
        return no_test(f"a test needs two responses on either side; there are {n} in the group and {m} others")
    parts = np.array([group.var(ddof=1) / n, others.var(ddof=1) / m])
    error = float(np.sqrt(parts.sum()))
    if error <= ROUNDING:
        return no_test("the differences between machine and human score are the same for everyone on either side")
    df = float(parts.sum() ** 2 / (parts**2 / [n - 1, m - 1]).sum())
    p = student_t_p(float(group.mean() - others.mean()) / error, df)
    multiple = student_t_quantile(1 - LEVEL / 2, df) + student_t_quantile(POWER, df)
    return BiasTest(p, multiple * error, _half_width(group, others))


def _half_width(group: Floats, others: Floats) -> float:
    n, m = len(group), len(others)
    sd = float(np.concatenate([group, others]).std(ddof=1))
    return normal_quantile(1 - LEVEL / 2) * m / (n + m) * sd * float(np.sqrt(1 / n + 1 / m))


def no_test(reason: str) -> BiasTest:
    """What stands for a test that cannot be made."""
    return BiasTest(np.nan, np.nan, np.nan, reason)


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """P values corrected by Holm's step-down method, in the order given.

    The chance of one or more corrected values below 0.05 is at most 5 % if nothing is biased, however the tests depend
    on each other. NaN stays NaN and does not count as a test. Source: Holm (1979).

    Example:
        >>> holm([0.01, 0.04, 0.03, float("nan")])
        (0.03, 0.06, 0.06, nan)
    """
    corrected = list(p_values)
    tested = sorted((p, place) for place, p in enumerate(p_values) if np.isfinite(p))
    largest = 0.0
    for done, (p, place) in enumerate(tested):
        largest = max(largest, min(1.0, p * (len(tested) - done)))
        corrected[place] = largest
    return tuple(corrected)


def judge(dsm: Estimate, p_corrected: float, half_width: float) -> Verdict:
    """The verdict on one group.

    - pass: the whole interval lies within +-0.10, and would at the whole set's spread too. The second condition is for
      small groups whose few answers happen to be scored without an error: their interval is a point.
    - fail: the whole interval lies outside, and the corrected p is below 0.05.
    - undetermined at this sample size: everything else.
    - not computed: there is no interval.

    Example:
        >>> judge(Estimate(-0.3, -0.5, -0.15), 0.001, 0.17).value, judge(Estimate(0.02, -0.04, 0.08), 0.9, 0.06).value
        ('fail', 'pass')
        >>> judge(Estimate(0.0, 0.0, 0.0), 0.9, 0.3).value
        'undetermined at this sample size'
    """
    found = verdict(dsm, -DSM_LIMIT, DSM_LIMIT)
    unproven_failure = found is Verdict.FAIL and not p_corrected < LEVEL
    unproven_pass = found is Verdict.PASS and not half_width <= DSM_LIMIT
    return Verdict.UNDETERMINED if unproven_failure or unproven_pass else found


def power_statement(n: int, detectable: float) -> str:
    """The smallest bias that could be seen, as a sentence; '' when unknown.

    >>> power_statement(23, 0.4)
    'With 23 responses only a bias above 0.40 SD could be seen.'
    """
    return f"With {n} responses only a bias above {detectable:.2f} SD could be seen." if np.isfinite(detectable) else ""
