"""PRMSE against RSMTool 12.0.0 (frozen), the analysis of variance of scipy, and simulations with a known answer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from pocketscore.errors import InputError
from pocketscore.trust.numeric import moments, pearson, r2
from pocketscore.trust.resampling import estimate, replicates
from pocketscore.trust.true_score import TrueScore, rater_error_variance, true_score
from pocketscore.types import Floats

quick = settings(max_examples=60, deadline=None)
NAN = float("nan")
EXACT = 1e-6

GOLDEN: dict[str, Any] = json.loads((Path(__file__).parent / "golden" / "rsmtool.json").read_text(encoding="utf-8"))
SETS: dict[str, Any] = GOLDEN["sets"]
CASES = [(name, kind) for name in SETS for kind in ("estimated", "external")]


def floats(values: object) -> Floats:
    return np.array(values, dtype=np.float64)  # None becomes NaN


def of_set(name: str, kind: str, resamples: int = 2) -> TrueScore:
    human, machine = floats(SETS[name]["human"]), floats(SETS[name]["machine"])
    given_variance = GOLDEN["external"] if kind == "external" else None
    return true_score(human, machine, rater_error_variance=given_variance, resamples=resamples)


def same(found: float, golden: float | None) -> bool:
    """Equal to 1e-6, and undefined on both sides or on neither."""
    return bool(np.isnan(found)) if golden is None else abs(found - golden) < EXACT


# RSMTool 12.0.0


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_true_score_evaluation_equals_rsmtool(name: str, kind: str) -> None:
    found, golden = of_set(name, kind), SETS[name]["true_score"][kind]
    assert same(found.rater_error_variance, golden["error_variance"])
    assert same(found.true_variance, golden["true_variance"])
    assert same(found.mse_true, golden["mse_true"])
    if found.true_variance <= 0:  # RSMTool divides all the same
        assert np.isnan(found.prmse.value)
        assert "vary no more than the raters' own error" in found.reason
    else:
        assert same(found.prmse.value, golden["prmse"])
        assert (found.reason == "") == (golden["prmse"] is not None)


def test_the_golden_sets_hold_every_kind_of_case() -> None:
    estimated = [SETS[name]["true_score"]["estimated"] for name in SETS]
    variances = [one["true_variance"] for one in estimated]
    assert None in variances
    assert min(one for one in variances if one is not None) < 0
    assert 0 in variances
    defined = [one["prmse"] for one in estimated if one["prmse"] is not None and one["true_variance"] > 0]
    assert min(defined) < 0
    assert max(defined) > 0.9


# Independent references


def uneven(seed: int, n: int, raters: int) -> tuple[Floats, Floats]:
    """Half-point scores of 1 to `raters` people a response and a machine's."""
    rng = np.random.default_rng(seed)
    ability = rng.normal(2, 1, n)
    human: Floats = np.rint(2 * (ability[:, None] + rng.normal(0, 0.5, (n, raters)))) / 2
    human[rng.random((n, raters)) < 0.4] = NAN
    human[:, 0] = np.where(np.isnan(human).all(axis=1), 1.0, human[:, 0])
    return human, ability + rng.normal(0, 0.4, n)


@quick
@given(st.integers(0, 10_000), st.integers(6, 60), st.integers(2, 4))
def test_variances_are_those_of_a_one_way_analysis_of_variance(seed: int, n: int, raters: int) -> None:
    human, machine = uneven(seed, n, raters)
    found = true_score(human, machine, resamples=1)
    rows = [row[~np.isnan(row)] for row in human]
    counts = floats([len(row) for row in rows])
    if found.n_double == 0 or found.rater_error_variance == 0:
        return
    ratio = float(scipy.stats.f_oneway(*rows).statistic)  # between / within, its own implementation
    size = (counts.sum() - (counts**2).sum() / counts.sum()) / (n - 1)
    assert found.true_variance == pytest.approx(found.rater_error_variance * (ratio - 1) / size, abs=1e-9)
    within = sum(float(np.var(row, ddof=1)) * (len(row) - 1) for row in rows if len(row) > 1)
    assert found.rater_error_variance == pytest.approx(within / (counts - 1).sum())


@quick
@given(st.integers(0, 10_000), st.integers(2, 60))
def test_two_raters_error_is_half_the_mean_squared_difference(seed: int, n: int) -> None:
    human = np.random.default_rng(seed).integers(0, 4, (n, 2)).astype(np.float64)
    half: Floats = human.copy()
    half[n // 2 :, 1] = NAN
    double = half[: n // 2]
    expected = ((double[:, 0] - double[:, 1]) ** 2).sum() / (2 * len(double)) if len(double) else NAN
    assert rater_error_variance(half) == pytest.approx(expected, nan_ok=True)


@quick
@given(st.integers(0, 10_000), st.integers(3, 60))
def test_with_raters_who_never_err_prmse_is_r2(seed: int, n: int) -> None:
    """1 - MSE / Var H; the variance of two equal ratings is that of the scores over n - 1."""
    rng = np.random.default_rng(seed)
    human = rng.integers(0, 4, n).astype(np.float64)
    machine = human + rng.normal(0, 0.7, n)
    found = true_score(np.stack([human, human], axis=1), machine, resamples=1)
    if len(set(human)) == 1:
        assert "vary no more" in found.reason
        return
    assert found.rater_error_variance == 0
    assert found.mse_true == pytest.approx(np.mean((human - machine) ** 2))
    assert found.prmse.value == pytest.approx(1 - np.mean((human - machine) ** 2) / human.var(ddof=1))
    shares = 1 - found.prmse.value, 1 - float(r2(moments(human, machine)))
    assert shares[0] == pytest.approx(shares[1] * (n - 1) / n)


@quick
@given(st.integers(0, 10_000))
def test_columns_and_empty_rows_do_not_matter(seed: int) -> None:
    human, machine = uneven(seed, 40, 3)
    plain = true_score(human, machine, resamples=20)
    moved = true_score(human[:, ::-1], machine, resamples=20)
    empty = np.full((2, 3), NAN)
    more = true_score(
        np.concatenate([human, empty, human[:3]]), np.concatenate([machine, [1.0, 2.0], [NAN] * 3]), resamples=20
    )
    for other in (moved, more):
        assert (other.n, other.n_double) == (plain.n, plain.n_double)
        ours, theirs = ((one.true_variance, one.mse_true, one.prmse.value, one.prmse.low) for one in (plain, other))
        assert list(ours) == pytest.approx(list(theirs), nan_ok=True)


@quick
@given(st.integers(0, 10_000), st.sampled_from([-100.0, 0.25, 1e4]), st.sampled_from([0.1, 3.0]))
def test_shifts_and_units_do_not_matter(seed: int, shift: float, unit: float) -> None:
    human, machine = uneven(seed, 40, 3)
    plain = true_score(human, machine, resamples=1)
    other = true_score(unit * human + shift, unit * machine + shift, resamples=1)
    assert other.prmse.value == pytest.approx(plain.prmse.value, rel=1e-6, nan_ok=True)
    assert other.true_variance == pytest.approx(unit**2 * plain.true_variance, rel=1e-6, abs=1e-9)


# Simulations with a known answer


def simulated(n: int, seed: int, *, noise: float, double: int) -> tuple[Floats, Floats]:
    """True scores of variance 1; raters with the given noise; a machine with error variance .25, so PRMSE is .75."""
    rng = np.random.default_rng(seed)
    true = rng.normal(3, 1, n)
    human: Floats = true[:, None] + rng.normal(0, noise, (n, 2))
    human[double:, 1] = NAN
    return human, true + rng.normal(0, 0.5, n)


@pytest.mark.parametrize("noise", [0.2, 0.6, 1.0])
def test_prmse_does_not_fall_with_worse_raters_and_r_does(noise: float) -> None:
    human, machine = simulated(40_000, 1, noise=noise, double=40_000)
    found = true_score(human, machine, resamples=2)
    assert found.rater_error_variance == pytest.approx(noise**2, abs=0.02)
    assert found.true_variance == pytest.approx(1, abs=0.04)
    assert found.mse_true == pytest.approx(0.25, abs=0.02)
    assert found.prmse.value == pytest.approx(0.75, abs=0.02)
    observed = float(pearson(moments(human[:, 0], machine)))
    assert observed == pytest.approx(1 / np.sqrt(1.25 * (1 + noise**2)), abs=0.02)


def test_95_percent_intervals_hold_the_truth_about_95_percent_of_the_time() -> None:
    held = 0
    for repeat in range(300):
        human, machine = simulated(200, 500 + repeat, noise=0.6, double=100)
        found = true_score(human, machine, seed=repeat, resamples=400).prmse
        held += found.low <= 0.75 <= found.high
    assert 0.90 <= held / 300 <= 0.985


def test_each_resample_estimates_the_raters_error_anew() -> None:
    human, machine = simulated(200, 7, noise=0.8, double=40)
    estimated = true_score(human, machine).prmse
    known = true_score(human, machine, rater_error_variance=0.64).prmse
    assert estimated.high - estimated.low > known.high - known.low > 0
    assert true_score(human, machine).prmse == estimated
    assert true_score(human, machine, seed=1).prmse != estimated


def test_the_interval_is_that_of_repeated_rows() -> None:
    human, machine = uneven(8, 30, 3)

    def statistics(weights: Floats) -> dict[str, Floats]:
        rows = [np.repeat(np.arange(30), times.astype(int)) for times in weights]
        return {"prmse": floats([true_score(human[row], machine[row], resamples=1).prmse.value for row in rows])}

    found, draws = true_score(human, machine, seed=2, resamples=100), replicates(statistics, 30, seed=2, resamples=100)
    expected = estimate(found.prmse.value, draws["prmse"])
    assert [found.prmse.low, found.prmse.high] == pytest.approx([expected.low, expected.high])


def test_rounding_does_not_pass_for_true_variance() -> None:
    """Resamples in which all scores are equal have none, so they are left out and told of."""
    human = floats([[0.3, 0.3]] * 5 + [[0.3 + 0.6, 0.3 + 0.6], [0.5, 0.5]])
    found = true_score(human, np.arange(7) / 10)
    assert -100 < found.prmse.low < found.prmse.high <= 1
    undefined = float(found.caution.split("%")[0].split()[-1])
    assert undefined == pytest.approx(100 * ((5 / 7) ** 7 + 2 / 7**7), abs=2)


# What cannot be computed, and what needs a caution

UNDEFINED = {
    "no machine score": ([[1, 2], [2, 2]], [NAN, NAN], None, "no response has both a machine score and a human score"),
    "no rows": (np.empty((0, 2)), [], None, "no response has both a machine score and a human score"),
    "nobody twice": ([[1, NAN], [2, NAN]], [1, 2], None, "no response has two human scores"),
    "double without machine": ([[1, 2], [2, NAN], [3, NAN]], [NAN, 2, 3], None, "no response has two human scores"),
    "one rater": ([[1], [2]], [1, 2], None, "no response has two human scores"),
    "one row": ([[1, 2]], [1], None, "a single response has no variance"),
    "all equal": ([[0.1, 0.1], [0.1, 0.1], [0.1, NAN]], [1, 2, 3], None, "true score variance 0)"),
    "opposed": ([[0, 3], [3, 0], [0, 3]], [1, 2, 3], None, "true score variance -2.25"),
    "known error too large": ([[1], [2], [1]], [1, 2, 1], 5.0, "vary no more than the raters' own error explains"),
}


@pytest.mark.parametrize("name", UNDEFINED)
def test_the_reason_is_given_in_words(name: str) -> None:
    human, machine, variance, words = UNDEFINED[name]
    found = true_score(floats(human), floats(machine), rater_error_variance=variance, resamples=50)
    assert words in found.reason
    assert np.isnan([found.prmse.value, found.prmse.low, found.prmse.high]).all()
    assert found.caution == ""


def test_a_known_error_variance_needs_no_double_scores() -> None:
    human, machine = simulated(400, 3, noise=0.5, double=0)
    found = true_score(human[:, 0], machine, rater_error_variance=0.25)
    assert (found.n, found.n_double, found.reason, found.caution) == (400, 0, "", "")
    assert found.prmse.low < 0.75 < found.prmse.high


@pytest.mark.parametrize(("double", "cautious"), [(29, True), (30, False)])
def test_few_double_scores_bring_a_caution(double: int, cautious: bool) -> None:
    human, machine = simulated(300, 4, noise=0.3, double=double)
    found = true_score(human, machine, resamples=100)
    assert found.reason == ""
    assert ("only 29 responses have two human scores" in found.caution) == cautious
    assert (found.caution == "") == (not cautious)


def test_prmse_beyond_0_and_1_stays_and_is_explained() -> None:
    human, _ = simulated(200, 5, noise=0.6, double=200)
    worse = true_score(human, 3 - 2 * human[:, 0])
    assert worse.prmse.value < 0
    assert "below 0: giving every answer the mean score" in worse.caution
    copied = true_score(human, np.mean(human, axis=1))
    assert copied.prmse.value > 1
    assert copied.mse_true < 0
    assert "above 1 because the machine is closer to the human scores" in copied.caution


def test_many_undefined_resamples_are_told() -> None:
    human, machine = simulated(60, 6, noise=0.3, double=1)
    found = true_score(human, machine)
    undefined = float(found.caution.split("%")[0].split()[-1])
    assert undefined == pytest.approx(100 * np.exp(-1), abs=5)  # resamples that miss the one double-scored response
    assert "leave PRMSE undefined" in found.caution


@pytest.mark.parametrize(
    ("human", "machine", "variance", "words"),
    [
        ([[1.0, 2.0]], [1.0, 2.0], None, r"human scores of shape \(1, 2\) and machine scores of shape \(2,\)"),
        ([[[1.0]]], [1.0], None, r"shape \(1, 1, 1\)"),
        ([[1.0, np.inf]], [1.0], None, "row 1 is infinite"),
        ([[1.0], [1.0]], [1.0, -np.inf], None, "row 2 is infinite"),
        ([[1.0]], [1.0], -0.1, "variance of -0.1"),
        ([[1.0]], [1.0], NAN, "variance of nan"),
    ],
)
def test_bad_input_is_refused(human: object, machine: object, variance: float | None, words: str) -> None:
    with pytest.raises(InputError, match=words):
        true_score(floats(human), floats(machine), rater_error_variance=variance)
