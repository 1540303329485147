"""Agreement of numbers against RSMTool 12.0.0 (frozen), scipy and scikit-learn; edge cases; honest intervals."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from pocketscore import metrics as counted
from pocketscore.errors import InputError
from pocketscore.trust import numeric as t
from pocketscore.trust.resampling import estimate, replicates, resampled
from pocketscore.trust.second_rater import degradation, human_human_agreement
from pocketscore.types import Floats

quick = settings(max_examples=60, deadline=None)
NAN = float("nan")
EXACT = 1e-6

GOLDEN: dict[str, Any] = json.loads((Path(__file__).parent / "golden" / "rsmtool.json").read_text(encoding="utf-8"))
SETS: dict[str, Any] = GOLDEN["sets"]
COLUMNS = ("raw", "raw_trim", "raw_trim_round")
CASES = [(name, column) for name in SETS for column in COLUMNS]
DOUBLE_CASES = [
    (name, column, rows) for name, column in CASES for rows in ("all", "double") if rows in SETS[name]["second"]
]


def floats(values: object) -> Floats:
    return np.array(values, dtype=np.float64)  # None becomes NaN


def scores(name: str, column: str) -> tuple[Floats, Floats, Floats]:
    """First rater, machine column, second rater (all NaN if there is none)."""
    data = SETS[name]
    human = floats(data["human"])
    machine = floats(data["machine"] if column == "raw" else data["columns"][column])
    return human[:, 0], machine, human[:, 1] if human.shape[1] > 1 else np.full(len(human), NAN)


def same(found: float, golden: float | None, scale: float = 1.0) -> bool:
    """Equal to 1e-6, and undefined on both sides or on neither."""
    return bool(np.isnan(found)) if golden is None else abs(float(found) - golden / scale) < EXACT


# RSMTool 12.0.0


def test_golden_is_of_the_named_version() -> None:
    assert GOLDEN["versions"]["rsmtool"] == "12.0.0"
    assert len(SETS) >= 6


@pytest.mark.parametrize(("name", "column"), CASES)
def test_machine_human_metrics_equal_rsmtool(name: str, column: str) -> None:
    human, machine, _ = scores(name, column)
    golden = SETS[name]["machine_human"][column]
    found = t.numeric_agreement(human, machine, resamples=2)
    ours = {key: one.value for key, one in found.metrics.items()}
    theirs = {
        "pearson": "corr", "qwk_continuous": "wtkappa", "smd": "SMD", "mse": "MSE", "rmse": "RMSE", "r2": "R2",
        "human_mean": "h_mean", "human_sd": "h_sd", "machine_mean": "sys_mean", "machine_sd": "sys_sd",
    }  # fmt: skip
    assert list(ours) == list(theirs)
    assert {key: ours[key] for key, other in theirs.items() if not same(ours[key], golden[other])} == {}
    assert same(ours["pearson"], golden["marginal"])
    assert found.n == golden["N"]


@pytest.mark.parametrize(("name", "column"), CASES)
def test_agreement_shares_equal_rsmtool(name: str, column: str) -> None:
    human, machine, _ = scores(name, column)
    golden = SETS[name]["machine_human"][column]
    assert same(float(t.share_within(human, machine, 0)), golden["exact_agr"], scale=100)
    assert same(float(t.share_within(human, machine, 1)), golden["adj_agr"], scale=100)


def one_score(*raters: Floats) -> bool:
    return len({float(score) for rater in raters for score in rater}) == 1


@pytest.mark.parametrize(("name", "column"), CASES)
def test_kappas_of_rounded_scores_equal_rsmtool(name: str, column: str) -> None:
    """RSMTool rounds for kappa; on counts and on numbers ours is its kappa, but for its 1 where nothing varies."""
    human, machine, _ = (t.rounded(rater) for rater in scores(name, column))
    golden = SETS[name]["machine_human"][column]
    points = np.arange(min(human.min(), machine.min()), max(human.max(), machine.max()) + 1)
    indices = [np.searchsorted(points, rater) for rater in (human, machine)]
    counts = counted.confusion(indices[0], indices[1], len(points))
    plain, weighted = float(counted.cohen_kappa(counts)), float(counted.qwk(counts, points))
    if one_score(human, machine):
        assert (golden["kappa"], golden["skll_qwk"]) == (1, 1)
        assert np.isnan([plain, weighted, float(t.kappa(human, machine))]).all()
    else:
        assert same(plain, golden["kappa"])
        assert same(weighted, golden["skll_qwk"])
        assert same(float(t.kappa(human, machine)), golden["kappa"])


@pytest.mark.parametrize("name", SETS)
def test_trimming_and_rounding_equal_rsmtool(name: str) -> None:
    data = SETS[name]
    trimmed = t.trimmed(floats(data["machine"]), *data["scale"])
    np.testing.assert_allclose(trimmed, floats(data["columns"]["raw_trim"]), atol=1e-9)
    np.testing.assert_array_equal(t.rounded(trimmed), floats(data["columns"]["raw_trim_round"]))


@pytest.mark.parametrize("name", [name for name in SETS if SETS[name]["second"].get("human_human")])
def test_human_human_metrics_equal_rsmtool(name: str) -> None:
    first, _, second = scores(name, "raw")
    golden = SETS[name]["second"]["human_human"]
    found = human_human_agreement(first, second, resamples=2)
    theirs = {
        "pearson": "corr", "qwk_continuous": "wtkappa", "smd": "SMD",
        "first_mean": "h_mean", "first_sd": "h_sd", "second_mean": "sys_mean", "second_sd": "sys_sd",
    }  # fmt: skip
    assert list(found.metrics) == list(theirs)
    assert all(same(found.metrics[key].value, golden[other]) for key, other in theirs.items())
    assert found.n == golden["N"]


@pytest.mark.parametrize(("name", "column", "rows"), DOUBLE_CASES)
def test_degradation_and_disattenuated_correlation_equal_rsmtool(name: str, column: str, rows: str) -> None:
    first, machine, second = scores(name, column)
    golden = SETS[name]["second"][rows][column]
    found = degradation(first, machine, second, only_double_scored=rows == "double", resamples=2)
    ours = {key: one.value for key, one in found.metrics.items()}
    assert same(ours["pearson"], golden["corr"])
    assert same(ours["qwk_continuous"], golden["wtkappa"])
    assert same(ours["smd"], golden["SMD"])
    assert same(ours["exact_agreement"], golden["exact_agr"], scale=100)
    assert same(ours["adjacent_agreement"], golden["adj_agr"], scale=100)
    assert same(found.disattenuated.value, golden["corr_disattenuated"])
    assert found.n_double == int((~np.isnan(second)).sum())


def kappas_defined(name: str, column: str, rows: str) -> bool:
    """Whether both kappas are defined for us; RSMTool's is 1 where nothing varies."""
    first, machine, second = (t.rounded(rater) for rater in scores(name, column))
    double = ~np.isnan(second)
    counting = double if rows == "double" else np.ones(len(first), dtype=bool)
    both = (first[double], second[double]), (first[counting], machine[counting])
    return bool(double.any()) and not any(one_score(*pair) for pair in both)


@pytest.mark.parametrize(("name", "column", "rows"), [case for case in DOUBLE_CASES if kappas_defined(*case)])
def test_degradation_of_kappa_on_rounded_scores_equals_rsmtool(name: str, column: str, rows: str) -> None:
    first, machine, second = (t.rounded(rater) for rater in scores(name, column))
    found = degradation(first, machine, second, only_double_scored=rows == "double", resamples=2)
    assert same(found.metrics["kappa"].value, SETS[name]["second"][rows][column]["kappa"])


# scipy, scikit-learn, and the counts


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Floats, Floats]:
    """Scores on a scale with half points or whole ones, machine scores on it or continuous; some are missing."""
    n, seed = draw(st.integers(3, 40)), draw(st.integers(0, 10_000))
    rng = np.random.default_rng(seed)
    step = draw(st.sampled_from([0.5, 1.0]))
    human: Floats = rng.integers(0, 5, n).astype(np.float64) * step + draw(st.sampled_from([0.0, -3.0, 1e4]))
    machine: Floats = human + rng.normal(0, draw(st.sampled_from([0.1, 2.0])), n)
    if draw(st.booleans()):
        machine = np.rint(machine / step) * step
    human[rng.random(n) < 0.1] = NAN
    machine[rng.random(n) < 0.1] = NAN
    return human, machine


def complete(human: Floats, machine: Floats) -> tuple[Floats, Floats]:
    both = ~np.isnan(human) & ~np.isnan(machine)
    return human[both], machine[both]


@quick
@given(pairs())
def test_metrics_equal_scipy_and_scikit_learn(drawn: tuple[Floats, Floats]) -> None:
    found = t.moments(*drawn)
    human, machine = complete(*drawn)
    assert found.n == len(human)
    if len(human) < 2 or len(set(human)) < 2 or len(set(machine)) < 2:
        return
    assert t.pearson(found) == pytest.approx(scipy.stats.pearsonr(human, machine)[0], abs=1e-9)
    assert t.mse(found) == pytest.approx(sk.mean_squared_error(human, machine))
    assert t.rmse(found) == pytest.approx(np.sqrt(sk.mean_squared_error(human, machine)))
    assert t.r2(found) == pytest.approx(sk.r2_score(human, machine), abs=1e-9)
    assert t.human_sd(found) == pytest.approx(scipy.stats.tstd(human))
    assert t.machine_sd(found) == pytest.approx(scipy.stats.tstd(machine))
    assert t.smd(found) == pytest.approx((machine.mean() - human.mean()) / scipy.stats.tstd(human), abs=1e-9)


@quick
@given(pairs())
def test_kappa_of_numbers_equals_scikit_learn_on_levels(drawn: tuple[Floats, Floats]) -> None:
    human, machine = complete(*drawn)
    levels = np.unique(np.concatenate([human, machine]))
    if len(levels) < 2:
        assert np.isnan(t.kappa(*drawn))
        return
    reference = sk.cohen_kappa_score(np.searchsorted(levels, human), np.searchsorted(levels, machine))
    assert t.kappa(*drawn) == pytest.approx(reference)


@quick
@given(st.integers(2, 5), st.integers(2, 40), st.integers(0, 10_000))
def test_continuous_qwk_is_discrete_qwk_on_a_scale(k: int, n: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    values = np.sort(rng.choice(np.arange(-4.0, 9.0), k, replace=False))
    human, machine = rng.integers(0, k, n), rng.integers(0, k, n)
    discrete = counted.qwk(counted.confusion(human, machine, k), values)
    continuous = t.qwk_continuous(t.moments(values[human], values[machine]))
    assert float(continuous) == pytest.approx(float(discrete), nan_ok=True, abs=1e-12)


# Laws


@quick
@given(pairs())
def test_raters_may_change_places(drawn: tuple[Floats, Floats]) -> None:
    there, back = t.moments(*drawn), t.moments(*drawn[::-1])
    for symmetric in (t.pearson, t.qwk_continuous, t.mse):
        np.testing.assert_allclose(symmetric(there), symmetric(back), atol=1e-9)
    np.testing.assert_allclose(t.smd_pooled(there), -t.smd_pooled(back), atol=1e-9)
    if there.human_variance > 0 and back.human_variance > 0:  # each unpooled SMD counts in spreads of its own human
        forth = t.smd(there) * t.human_sd(there)
        np.testing.assert_allclose(forth, -t.smd(back) * t.human_sd(back), atol=1e-8)


@quick
@given(pairs(), st.integers(0, 1000))
def test_a_weight_is_a_repeated_row(drawn: tuple[Floats, Floats], seed: int) -> None:
    human, machine = drawn
    weights = np.random.default_rng(seed).integers(0, 4, (3, len(human)))
    together = t.moments(human, machine, weights.astype(np.float64))
    metrics = (t.pearson, t.qwk_continuous, t.smd, t.smd_pooled, t.mse, t.r2, t.human_sd, t.machine_sd)
    for row, times in enumerate(weights):
        h, m = np.repeat(human, times), np.repeat(machine, times)
        alone = t.moments(h, m)
        for metric in metrics:
            np.testing.assert_allclose(metric(together)[row], metric(alone), atol=1e-7, err_msg=metric.__name__)
        every = weights.astype(np.float64)
        np.testing.assert_allclose(t.share_within(human, machine, 1, every)[row], t.share_within(h, m, 1))
        np.testing.assert_allclose(t.kappa(human, machine, every)[row], t.kappa(h, m), atol=1e-12)


# Edge cases

METRICS: tuple[Callable[[t.Moments], Floats], ...] = (
    t.pearson, t.qwk_continuous, t.smd, t.smd_pooled, t.mse, t.r2, t.human_sd
)  # fmt: skip
EDGES: dict[str, tuple[list[float], list[float], list[float]]] = {
    #                    human            machine          r    qwk  smd  pooled mse r2  sd
    "no rows": ([], [], [NAN] * 7),
    "no pair": ([1, NAN], [NAN, 1], [NAN] * 7),
    "one row": ([1], [2], [NAN, 0, NAN, NAN, 1, NAN, NAN]),
    "one row, right": ([1], [1], [NAN, NAN, NAN, NAN, 0, NAN, NAN]),
    "human constant": ([0.1, 0.1, 0.1], [0, 1, 2], [NAN, 0, NAN, 0.9 * 2**0.5, 1.4766666666666666, 0, 0]),
    "both constant, equal": ([0.1] * 3, [0.1] * 3, [NAN, NAN, NAN, NAN, 0, 1, 0]),
    "both constant, differ": ([0.1] * 3, [0.3] * 3, [NAN, 0, NAN, NAN, 0.04, 0, 0]),
    "machine constant": ([0, 1, 2], [1, 1, 1], [NAN, 0, 0, 0, 2 / 3, 0, 1]),
    "perfect": ([0, 1, 2], [0, 1, 2], [1, 1, 0, 0, 0, 1, 1]),
    "two rows": ([0, 1], [0, 2], [1, 2 / 3, 0.5**0.5, 0.2**0.5, 0.5, -1, 0.5**0.5]),
}


@pytest.mark.parametrize("name", EDGES)
def test_edge_cases(name: str) -> None:
    human, machine, expected = EDGES[name]
    found = t.moments(floats(human), floats(machine))
    assert [float(metric(found)) for metric in METRICS] == pytest.approx(expected, nan_ok=True, abs=1e-12)


@pytest.mark.parametrize("name", EDGES)
def test_edge_cases_have_intervals_without_warnings(name: str) -> None:
    """Warnings are errors here; what is undefined has no bounds, what is defined lies between them."""
    human, machine, _ = EDGES[name]
    for one in t.numeric_agreement(floats(human), floats(machine), resamples=200).metrics.values():
        assert np.isnan([one.low, one.high]).all() if np.isnan(one.value) else one.low <= one.high


def test_constant_resamples_of_uneven_decimals_are_undefined() -> None:
    """Rounding of the sums must not pass for a variance: a third of these resamples draws equal scores."""
    human, machine = np.array([0.1, 0.1, 0.7]), np.array([1.3, 1.4, 2.2])

    def statistics(weights: Floats) -> dict[str, Floats]:
        found = t.moments(human, machine, weights)
        return {"r": t.pearson(found), "variance": found.human_variance, "covariance": found.covariance}

    draws = replicates(statistics, 3)
    equal = draws["variance"] == 0
    assert 0.25 < equal.mean() < 0.42
    assert (draws["covariance"][equal] == 0).all()
    assert np.isnan(draws["r"][equal]).all()
    assert (draws["r"][~equal] > 0.9).all()


def test_one_different_score_among_many_is_a_variance() -> None:
    human = np.where(np.arange(5000) == 7, 1.0, 0.0)
    found = t.moments(human, 2 * human)
    assert found.human_variance == pytest.approx(human.var())
    assert t.pearson(found) == pytest.approx(1)


def test_resamples_stay_within_the_range_of_their_metric() -> None:
    """Rounding may not push a perfect correlation above 1, nor a constant machine's QWK away from 0."""
    human = np.random.default_rng(1).normal(size=40)

    def statistics(weights: Floats) -> dict[str, Floats]:
        constant = t.moments(human, np.full(40, 0.1), weights)
        return {"r": t.pearson(t.moments(human, 3 * human, weights)), "qwk": t.qwk_continuous(constant)}

    found = replicates(statistics, 40)
    assert found["r"].max() <= 1
    assert (found["qwk"] == 0).all()


def test_exact_agreement_tells_half_points_apart_and_adjacent_goes_by_value() -> None:
    human, machine = np.array([0.5, 1.5, 2.5, 2.2]), np.array([0.0, 1.5, 1.5, 1.2])
    assert [float(t.share_within(human, machine, distance)) for distance in (0, 0.5, 1)] == [0.25, 0.5, 1]


def test_rounding_hides_half_points_from_kappa() -> None:
    human, machine = np.array([0.5, 1.5, 2.5, 1.0]), np.array([0.0, 2.0, 2.0, 1.0])
    assert t.kappa(t.rounded(human), t.rounded(machine)) == 1
    assert t.kappa(human, machine) == pytest.approx((0.25 - 1 / 16) / (1 - 1 / 16))


@pytest.mark.parametrize(
    ("human", "machine", "words"),
    [
        ([1.0, 2.0], [1.0], r"shapes \(2,\) and \(1,\)"),
        ([[1.0, 2.0]], [[1.0, 2.0]], r"shapes \(1, 2\)"),
        ([1.0, 2.0], [1.0, np.inf], "row 2 is infinite"),
        ([1.0, -np.inf], [1.0, NAN], "row 2 is infinite"),
    ],
)
def test_bad_scores_are_refused(human: object, machine: object, words: str) -> None:
    for function in (t.moments, t.numeric_agreement, t.kappa):
        with pytest.raises(InputError, match=words):
            function(floats(human), floats(machine))


def test_weights_of_other_responses_are_refused() -> None:
    with pytest.raises(InputError, match=r"weights of shape \(3,\) for 2 responses"):
        t.moments(np.zeros(2), np.zeros(2), np.ones(3))


# Degradation


def ratings(n: int, seed: int, *, noise: float = 0.5, machine_noise: float = 0.5) -> tuple[Floats, Floats, Floats]:
    """Two raters and a machine who see the same normal ability, unrounded."""
    rng = np.random.default_rng(seed)
    ability = rng.normal(0, 1, n)
    first, second = ability + rng.normal(0, noise, (2, n))
    return first, ability + rng.normal(0, machine_noise, n), second


def test_a_machine_that_is_the_second_rater_loses_nothing() -> None:
    first, _, second = ratings(60, 1)
    found = degradation(first, second, second)
    for name in ("pearson", "qwk_continuous", "kappa", "exact_agreement", "adjacent_agreement"):
        one = found.metrics[name]
        assert (one.value, one.low, one.high) == pytest.approx((0, 0, 0), abs=1e-12, nan_ok=True)


def test_disattenuation_restores_the_correlation_with_the_true_score() -> None:
    first, machine, second = ratings(20_000, 2, noise=0.8, machine_noise=0.6)
    found = degradation(first, machine, second, resamples=200)
    assert found.disattenuated.value == pytest.approx(1 / np.sqrt(1 + 0.36), abs=0.02)
    assert found.disattenuated.low < found.disattenuated.value < found.disattenuated.high


def test_pairing_makes_the_interval_of_a_difference_narrower_than_independent_draws_would() -> None:
    first, machine, second = ratings(150, 3, noise=0.6, machine_noise=0.2)
    machine = 0.5 * machine + 0.5 * second  # shares much of what the second rater does
    together = degradation(first, machine, second).metrics["pearson"]
    ours, theirs = (t.numeric_agreement(first, other).metrics["pearson"] for other in (machine, second))
    apart = np.hypot(ours.high - ours.low, theirs.high - theirs.low)
    assert together.high - together.low < 0.75 * apart


def test_only_double_scored_uses_the_same_responses_on_both_sides() -> None:
    first, machine, second = ratings(80, 4)
    second[30:] = NAN
    machine[:5] = NAN
    whole, part = degradation(first, machine, second), degradation(first, machine, second, only_double_scored=True)
    assert (whole.n, whole.n_double, part.n, part.n_double) == (75, 30, 25, 25)
    cut = slice(5, 30)
    again = degradation(first[cut], machine[cut], second[cut])
    np.testing.assert_equal(part.metrics, again.metrics)


@pytest.mark.parametrize(
    ("first", "machine", "second", "words"),
    [
        ([1, 2, 3], [1, 2, 2], [NAN] * 3, "no response has the scores of two people"),
        ([1, NAN, 3], [1, 2, 2], [NAN, 2, NAN], "no response has the scores of two people"),
        ([1, 2, 3], [NAN] * 3, [1, 2, 2], "no response has both a human score and a machine score"),
        ([], [], [], "no response has the scores of two people"),
    ],
)
def test_what_cannot_be_compared_is_said(first: object, machine: object, second: object, words: str) -> None:
    found = degradation(floats(first), floats(machine), floats(second))
    assert words in found.reason
    every = [*found.metrics.values(), found.disattenuated]
    assert np.isnan([[one.value, one.low, one.high] for one in every]).all()


def test_raters_who_disagree_leave_the_correlation_uncorrected() -> None:
    found = degradation(floats([0, 1, 2, 3]), floats([0, 1, 2, 3]), floats([3, 2, 1, 0]))
    assert np.isnan(found.disattenuated.value)
    assert found.metrics["pearson"].value == pytest.approx(2)
    assert found.reason == ""


# Intervals


def test_intervals_are_those_of_scipy() -> None:
    human, machine, _ = ratings(150, 5)
    found = t.numeric_agreement(human, machine, seed=3).metrics
    references: dict[str, Callable[[Floats, Floats], float]] = {
        "pearson": lambda h, m: float(np.corrcoef(h, m)[0, 1]),
        "smd": lambda h, m: float((m.mean() - h.mean()) / h.std(ddof=1)),
        "rmse": lambda h, m: float(np.sqrt(np.mean((h - m) ** 2))),
    }
    for name, function in references.items():
        reference = scipy.stats.bootstrap(
            (human, machine), function, paired=True, vectorized=False, n_resamples=2000, method="percentile",
            rng=np.random.default_rng(4),
        ).confidence_interval  # fmt: skip
        assert [found[name].low, found[name].high] == pytest.approx([reference.low, reference.high], abs=0.03)
        assert found[name].high - found[name].low > 0.03


def test_95_percent_intervals_hold_the_truth_about_95_percent_of_the_time() -> None:
    truth = {"pearson": 0.8, "smd": 0.0, "rmse": np.sqrt(0.5), "human_mean": 0.0}
    held = dict.fromkeys(truth, 0)
    for repeat in range(300):
        found = t.numeric_agreement(*ratings(150, 1000 + repeat)[:2], seed=repeat, resamples=400).metrics
        for name, value in truth.items():
            held[name] += found[name].low <= value <= found[name].high
    assert all(0.90 <= count / 300 <= 0.985 for count in held.values()), held


def test_a_seed_gives_the_same_resamples_to_every_metric_and_pair() -> None:
    human, machine, second = ratings(50, 6)
    one, two = t.numeric_agreement(human, machine, seed=1), t.numeric_agreement(human, machine, seed=1)
    assert one.metrics == two.metrics
    assert one.metrics != t.numeric_agreement(human, machine, seed=2).metrics
    assert one.metrics["human_mean"] == t.numeric_agreement(human, second, seed=1).metrics["human_mean"]
    squares = replicates(
        lambda w: {"mse": t.mse(t.moments(human, machine, w)), "rmse": t.rmse(t.moments(human, machine, w))}, 50
    )
    np.testing.assert_allclose(squares["rmse"] ** 2, squares["mse"])


def test_draws_in_blocks_are_draws_of_all_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pocketscore.trust.resampling.CELLS", 7 * 40)
    shapes: list[tuple[int, ...]] = []

    def statistics(weights: Floats) -> dict[str, Floats]:
        shapes.append(weights.shape)
        return {"drawn": weights.sum(-1), "first": weights[..., 0], "most": weights.max(-1)}

    found = replicates(statistics, 40, resamples=30)
    assert shapes == [(7, 40)] * 4 + [(2, 40)]
    assert (found["drawn"] == 40).all()
    assert found["first"].mean() == pytest.approx(1, abs=0.7)
    assert len(found["most"]) == 30


def test_undefined_resamples_are_left_out_and_an_undefined_value_has_no_bounds() -> None:
    assert estimate(1.0, np.array([NAN, 1.0, NAN, 1.0])).low == 1
    assert np.isnan(estimate(NAN, np.array([0.0, 1.0])).low)
    assert np.isnan(estimate(1.0, np.array([NAN])).high)


def test_no_responses_at_all() -> None:
    found = resampled(lambda weights: {"n": weights.sum(-1)}, 0, resamples=5)
    assert found["n"].value == 0
