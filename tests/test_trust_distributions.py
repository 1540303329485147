"""Every distribution against scipy, over wide ranges, and its ends."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np
import pytest
import scipy.stats as ss
from hypothesis import given, settings
from hypothesis import strategies as st

from pocketscore.errors import InputError
from pocketscore.trust import distributions as d
from pocketscore.types import Floats

quick = settings(max_examples=60, deadline=None)


def spread(low: float, high: float, count: int, seed: int) -> Floats:
    """Numbers spread evenly over orders of magnitude."""
    return np.asarray(10 ** np.random.default_rng(seed).uniform(math.log10(low), math.log10(high), count))


def worst(pairs: Iterator[tuple[float, float]]) -> float:
    """Largest relative difference; a reference that underflows is left out."""
    return max(abs(mine - ref) / abs(ref) for mine, ref in pairs if abs(ref) > 1e-280)


def test_t_tails_and_quantiles_equal_scipy() -> None:
    dfs = spread(0.5, 1e6, 400, 0)
    ts = spread(1e-6, 1e3, 400, 1)
    assert worst((d.student_t_p(t, v), 2 * ss.t.sf(t, v)) for t, v in zip(ts, dfs, strict=True)) < 1e-9
    tails = spread(1e-12, 0.5, 400, 2)
    assert worst((d.student_t_quantile(q, v), ss.t.ppf(q, v)) for q, v in zip(tails, dfs, strict=True)) < 1e-9
    upper = 1 - spread(1e-8, 0.5, 400, 3)
    assert worst((d.student_t_quantile(q, v), ss.t.ppf(q, v)) for q, v in zip(upper, dfs, strict=True)) < 1e-9


def test_f_tails_equal_scipy() -> None:
    values, between, within = spread(1e-4, 100, 400, 0), spread(1, 60, 400, 1).round(), spread(1, 1e5, 400, 2).round()
    triples = zip(values, between, within, strict=True)
    assert worst((d.f_tail_p(f, a, b), ss.f.sf(f, a, b)) for f, a, b in triples) < 1e-8


def binomials(seed: int) -> list[tuple[int, int, float]]:
    rng = np.random.default_rng(seed)
    ns, ps = spread(1, 1e5, 400, seed).round().astype(int), np.where(rng.random(400) < 0.5, rng.random(400), 1e-3)
    near = ss.binom.ppf(rng.random(400), ns, ps) + rng.integers(-9, 10, 400)
    return [(int(k), int(n), float(p)) for k, n, p in zip(np.clip(near, 0, ns), ns, ps, strict=True)]


def test_the_binomial_cdf_equals_scipy() -> None:
    assert worst((d.binomial_cdf(k, n, p), ss.binom.cdf(k, n, p)) for k, n, p in binomials(0)) < 1e-9


def test_exact_bounds_equal_scipy() -> None:
    cases, deltas = binomials(1), spread(1e-9, 0.9, 400, 4)
    uppers = (
        (d.binomial_upper(k, n, q), ss.beta.isf(q, k + 1, n - k))
        for (k, n, _), q in zip(cases, deltas, strict=True)
        if k < n
    )
    assert worst(uppers) < 1e-9
    for k, n, _ in cases[::20]:
        reference = ss.binomtest(k, n).proportion_ci(0.9, method="exact")
        assert d.clopper_pearson(k, n, 0.9) == pytest.approx((reference.low, reference.high), rel=1e-9)


@quick
@given(st.integers(1, 5000), st.data(), st.floats(1e-6, 0.999))
def test_a_bound_is_where_the_binomial_probability_is_delta(n: int, data: st.DataObject, delta: float) -> None:
    k = data.draw(st.integers(0, n - 1))
    assert d.binomial_cdf(k, n, d.binomial_upper(k, n, delta)) == pytest.approx(delta, rel=1e-7)
    assert d.binomial_lower(n - k, n, delta) == pytest.approx(1 - d.binomial_upper(k, n, delta), abs=1e-12)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (lambda: d.student_t_p(math.nan, 5), math.nan),
        (lambda: d.student_t_p(1, 0), math.nan),
        (lambda: d.student_t_p(math.inf, 5), 0),
        (lambda: d.student_t_p(0, 5), 1),
        (lambda: d.student_t_p(1.96, math.inf), 2 * ss.norm.sf(1.96)),
        (lambda: d.student_t_quantile(0.5, 3), 0),
        (lambda: d.student_t_quantile(0.975, math.inf), ss.norm.ppf(0.975)),
        (lambda: d.student_t_quantile(1, 3), math.inf),
        (lambda: d.student_t_quantile(0, 3), -math.inf),
        (lambda: d.student_t_quantile(0.9, -1), math.nan),
        (lambda: d.normal_quantile(0), -math.inf),
        (lambda: d.normal_quantile(1), math.inf),
        (lambda: d.normal_quantile(0.3), ss.norm.ppf(0.3)),
        (lambda: d.f_tail_p(math.nan, 1, 1), math.nan),
        (lambda: d.f_tail_p(1, 0, 5), math.nan),
        (lambda: d.f_tail_p(-1, 1, 5), 1),
        (lambda: d.f_tail_p(math.inf, 1, 5), 0),
        (lambda: d.binomial_cdf(-1, 5, 0.5), 0),
        (lambda: d.binomial_cdf(5, 5, 0.5), 1),
        (lambda: d.binomial_cdf(2, 5, 0), 1),
        (lambda: d.binomial_cdf(2, 5, 1), 0),
        (lambda: d.binomial_upper(0, 0, 0.05), 1),
        (lambda: d.binomial_upper(0, 10, 0.05), 1 - 0.05**0.1),
        (lambda: d.binomial_lower(0, 10, 0.05), 0),
        (lambda: sum(d.clopper_pearson(0, 0, 0.95)), 1),
    ],
)  # fmt: skip
def test_ends_of_the_distributions(found: Callable[[], float], expected: float) -> None:
    assert found() == pytest.approx(expected, rel=1e-12, nan_ok=True)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: d.normal_quantile(1.1),
        lambda: d.student_t_quantile(-0.1, 3),
        lambda: d.binomial_cdf(1, 2, math.nan),
        lambda: d.binomial_cdf(0, -1, 0.5),
        lambda: d.binomial_upper(3, 2, 0.05),
        lambda: d.binomial_lower(1, 2, 0.0),
        lambda: d.clopper_pearson(-1, 2, 0.95),
        lambda: d.clopper_pearson(1, 2, 1.0),
    ],
)
def test_impossible_probabilities_are_refused(wrong: Callable[[], object]) -> None:
    with pytest.raises(InputError):
        wrong()
