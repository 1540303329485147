"""Tails and quantiles of the normal, t, F, beta and binomial distributions, without scipy.

All but the normal follow from one function, the regularised incomplete beta function I_x(a, b). It is a product of a
smooth factor, x^a (1 - x)^b / B(a, b), and a continued fraction. The factor is computed as Loader (2000) computes
binomial probabilities, from deviances and Stirling's errors instead of differences of large logarithms, so that nine
digits remain for parameters of a million; the fraction is summed with Lentz's method. Quantiles are Newton's method on
the logarithm of the tail over the logit of x. That curve is concave, hence Newton's method always arrives.

What is undefined (no degrees of freedom, NaN) is NaN. A probability outside 0 to 1, or more successes than trials, is
an `InputError`: a caller's mistake.

Sources: NIST Digital Library of Mathematical Functions, 8.17 (the fraction, 8.17.22); Loader, C. (2000), Fast and
accurate computation of binomial probabilities; Clopper and Pearson (1934).
"""

from __future__ import annotations

import math
from statistics import NormalDist

from pocketscore.errors import InputError
from pocketscore.types import UNDEFINED, Estimate

PRECISION = 1e-15
FRACTION_STEPS = 100_000
"""More than the square root of any sensible parameter, which is how many steps the fraction takes."""
NEWTON_STEPS = 200
LAST_STEP = 1e-9
"""Newton's steps shrink to their square, so after one this small (in the logit) the rest is rounding."""
TINY = 1e-300


def normal_quantile(probability: float) -> float:
    """The z below which a standard normal value lies with this probability; -inf at 0, inf at 1.

    Example:
        >>> round(normal_quantile(0.975), 6)
        1.959964
    """
    _check_probability(probability, "probability")
    if probability in (0.0, 1.0):
        return math.inf if probability else -math.inf
    return NormalDist().inv_cdf(probability)


def student_t_p(t: float, df: float) -> float:
    """Two-sided p: the probability that |T| is at least |t| when T has a t distribution with `df` degrees of freedom.

    Args:
        t: The statistic; infinite gives 0.
        df: Degrees of freedom, more than 0, not necessarily whole.

    Returns:
        0 to 1; NaN when t is NaN or df is not positive.

    Example:
        >>> round(student_t_p(2.228139, 10), 6)
        0.05
    """
    if math.isnan(t) or not df > 0:
        return math.nan
    if math.isinf(t):
        return 0.0
    if math.isinf(df):
        return math.erfc(abs(t) / math.sqrt(2))
    square = t * t
    return _incomplete_beta(df / (df + square), square / (df + square), df / 2, 0.5)


def student_t_quantile(probability: float, df: float) -> float:
    """The t below which a value of the t distribution with `df` degrees of freedom lies with this probability.

    NaN when df is not positive; -inf at probability 0, inf at 1.

    Example:
        >>> round(student_t_quantile(0.975, 10), 6)
        2.228139
    """
    _check_probability(probability, "probability")
    if not df > 0:
        return math.nan
    if math.isinf(df) or probability in (0.0, 1.0):
        return normal_quantile(probability)
    if probability == 0.5:
        return 0.0
    tail, near = 2 * min(probability, 1 - probability), abs(normal_quantile(probability))
    start = math.log(df) - 2 * math.log(near)
    if tail <= 0.5:
        logit = _beta_logit(tail, df / 2, 0.5, start)
    else:
        logit = -_beta_logit(2 * abs(probability - 0.5), 0.5, df / 2, -start)
    size = math.sqrt(df) * math.exp(-logit / 2)
    return size if probability > 0.5 else -size


def f_tail_p(f: float, df_between: float, df_within: float) -> float:
    """Probability that a value of the F distribution is at least f: the p of an F test.

    Args:
        f: The statistic; at most 0 gives 1, infinite gives 0.
        df_between: Degrees of freedom of the numerator.
        df_within: Degrees of freedom of the denominator.

    Returns:
        0 to 1; NaN when f is NaN or a number of degrees of freedom is not positive.

    Example:
        >>> round(f_tail_p(4.102821, 2, 10), 6)
        0.05
    """
    if math.isnan(f) or not (df_between > 0 and df_within > 0):
        return math.nan
    if math.isinf(f):
        return 0.0 if f > 0 else 1.0
    if f <= 0:
        return 1.0
    explained = df_between * f
    whole = explained + df_within
    return _incomplete_beta(df_within / whole, explained / whole, df_within / 2, df_between / 2)


def binomial_cdf(k: int, n: int, p: float) -> float:
    """Probability of at most k successes in n trials that succeed with probability p each.

    0 for k below 0, 1 for k of at least n.

    Raises:
        InputError: p is outside 0 to 1, or n is negative.

    Example:
        >>> round(binomial_cdf(1, 3, 0.5), 6)
        0.5
    """
    _check_probability(p, "p")
    if n < 0:
        raise InputError(f"{n} trials", "give at least 0")
    if k < 0:
        return 0.0
    if k >= n:
        return 1.0
    return _incomplete_beta(1 - p, p, n - k, k + 1)


def clopper_pearson(k: int, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """Exact two-sided interval for the probability behind k successes in n trials, as (low, high).

    Holds the true probability in at least `confidence` of all samples, whatever it is. (0, 1) when n = 0; low is 0 when
    k = 0 and high is 1 when k = n.

    Raises:
        InputError: k is outside 0..n, or the confidence is not between 0 and 1.

    Example:
        >>> low, high = clopper_pearson(8, 10)
        >>> round(low, 4), round(high, 4)
        (0.4439, 0.9748)
    """
    delta = (1 - confidence) / 2
    return binomial_lower(k, n, delta), binomial_upper(k, n, delta)


def share(k: int, n: int) -> Estimate:
    """A share of k in n, with its exact 95 % interval; undefined when n = 0.

    >>> share(0, 10).high.__round__(3), share(0, 0).value
    (0.308, nan)
    """
    return Estimate(k / n, *clopper_pearson(k, n, 0.95)) if n else UNDEFINED


def binomial_upper(k: int, n: int, delta: float) -> float:
    """Exact one-sided upper bound: the p at which at most k successes in n trials has probability delta.

    A probability above this bound would give so few successes in no more than a share delta of all samples. 1 when
    k = n, n = 0 included.

    Raises:
        InputError: k is outside 0..n, or delta is not between 0 and 1.

    Example:
        >>> round(binomial_upper(0, 59, 0.05), 4)
        0.0495
    """
    _check_bound(k, n, delta)
    return 1.0 if k == n else _share(-_beta_quantile_logit(delta, n - k, k + 1))


def binomial_lower(k: int, n: int, delta: float) -> float:
    """Exact one-sided lower bound: the p at which at least k successes in n trials has probability delta.

    0 when k = 0. Raises and reads as `binomial_upper`.

    Example:
        >>> round(binomial_lower(59, 59, 0.05), 4)
        0.9505
    """
    _check_bound(k, n, delta)
    return 0.0 if k == 0 else _share(_beta_quantile_logit(delta, k, n - k + 1))


def _share(logit: float) -> float:
    """The x behind ln(x / (1 - x)), exact for both signs."""
    return 1 / (1 + math.exp(-logit)) if logit > -700 else math.exp(logit)


def _beta_quantile_logit(probability: float, a: float, b: float) -> float:
    """ln(x / (1 - x)) of the x with I_x(a, b) = probability; works on the smaller of the two tails."""
    start = math.log(a / b)
    if probability <= 0.5:
        return _beta_logit(probability, a, b, start)
    return -_beta_logit(1 - probability, b, a, -start)


def _beta_logit(probability: float, a: float, b: float, start: float) -> float:
    """As `_beta_quantile_logit`, for a probability up to about a half, from a first guess.

    The derivative of I over the logit u is the smooth factor itself, so Newton's step is on ln I(u) = ln probability.
    From the left of the root the steps never pass it; from the right the first one does.
    """
    u, step, target = start, 0.0, math.log(probability)
    for _ in range(NEWTON_STEPS):
        x, y = _share(u), _share(-u)
        found = _incomplete_beta(x, y, a, b)
        if found == 0.0:  # the first step went to where a float holds the tail no longer: half of it back
            step /= 2
            u -= step
            continue
        step = (target - math.log(found)) * found / _beta_factor(x, y, a, b)
        u += step
        if abs(step) <= LAST_STEP:
            break
    return u


def _incomplete_beta(x: float, y: float, a: float, b: float) -> float:
    """I_x(a, b) for y = 1 - x, given separately so that neither loses digits near 0."""
    if x <= 0 or y <= 0:
        return 0.0 if x <= 0 else 1.0
    if x * (a + b + 2) > a + 1:  # the fraction converges fast below the mean, and the tail is the smaller part there
        return 1 - _beta_factor(x, y, a, b) / (b * _beta_fraction(y, b, a))
    return _beta_factor(x, y, a, b) / (a * _beta_fraction(x, a, b))


def _beta_fraction(x: float, a: float, b: float) -> float:
    """The continued fraction 1 + d1 / (1 + d2 / (1 + ...)) of the incomplete beta function, by Lentz's method."""
    value, c, d = 1.0, 1.0, 0.0
    for step in range(1, FRACTION_STEPS):
        m = step // 2
        if step % 2:
            part = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        else:
            part = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        d = 1 / _away_from_zero(1 + part * d)
        c = _away_from_zero(1 + part / c)
        value *= c * d
        if abs(c * d - 1) <= PRECISION:
            break
    return value


def _away_from_zero(value: float) -> float:
    return value if abs(value) > TINY else TINY


def _beta_factor(x: float, y: float, a: float, b: float) -> float:
    """x^a y^b / B(a, b) for y = 1 - x, with small relative error for large a and b."""
    n = a + b
    exponent = _stirling_error(n) - _stirling_error(a) - _stirling_error(b) - _deviance(a, n * x) - _deviance(b, n * y)
    return math.exp(exponent) * math.sqrt(a / n * b / (2 * math.pi))


def _stirling_error(z: float) -> float:
    """The logarithm of Gamma(z + 1) minus Stirling's (z + 1/2) ln z - z + ln(2 pi) / 2."""
    if z < 16:
        return math.lgamma(z + 1) - (z + 0.5) * math.log(z) + z - 0.5 * math.log(2 * math.pi)
    square = z * z
    return (1 / 12 - (1 / 360 - (1 / 1260 - (1 / 1680 - 1 / (1188 * square)) / square) / square) / square) / z


def _deviance(seen: float, expected: float) -> float:
    """The term seen ln(seen / expected) + expected - seen, 0 where the two are equal."""
    return seen * math.log(seen / expected) + expected - seen


def _check_probability(value: float, what: str) -> None:
    if not 0 <= value <= 1:
        raise InputError(f"{what} is {value}", "give a number from 0 to 1")


def _check_bound(k: int, n: int, delta: float) -> None:
    if not 0 <= k <= n:
        raise InputError(f"{k} successes in {n} trials", f"give from 0 to {max(n, 0)} successes")
    if not 0 < delta < 1:
        raise InputError(f"a bound that may fail with probability {delta}", "give a number between 0 and 1")
