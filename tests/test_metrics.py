"""Every number against an independent reference, every edge case, and the honesty of the intervals."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import pairwise

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from pocketscore import metrics as m
from pocketscore.errors import InputError
from pocketscore.types import MISSING, Floats, Ints

quick = settings(max_examples=80, deadline=None)

PLAIN: list[m.Statistic] = [m.exact_agreement, m.adjacent_agreement, m.cohen_kappa, m.macro_f1]


def qwk_on(values: Floats) -> m.Statistic:
    return partial(m.qwk, values=values)


@st.composite
def ratings(draw: st.DrawFn) -> tuple[Ints, Ints, int]:
    """Two raters on K points; points often stay unused because few rows or a narrow range are drawn."""
    k = draw(st.integers(2, 5))
    n = draw(st.integers(1, 30))
    top = draw(st.integers(0, k - 1))
    row = st.lists(st.integers(0, top), min_size=n, max_size=n)
    return np.array(draw(row)), np.array(draw(row)), k


@st.composite
def stacks(draw: st.DrawFn) -> Floats:
    k = draw(st.integers(2, 4))
    cells = st.lists(st.integers(0, 6), min_size=6 * k * k, max_size=6 * k * k)
    return np.array(draw(cells), dtype=np.float64).reshape(2, 3, k, k)


def same_constant(human: Ints, other: Ints) -> bool:
    return len({*human.tolist(), *other.tolist()}) == 1


def rsmtool_qwk(human: Floats, other: Floats) -> float:
    """2 Cov / (Var + Var + squared difference of the means), all over n, straight from the rows."""
    covariance = np.mean((human - human.mean()) * (other - other.mean()))
    return float(2 * covariance / (human.var() + other.var() + (human.mean() - other.mean()) ** 2))


# Against scikit-learn and the published formulas


@quick
@given(ratings())
def test_confusion_and_accuracy_equal_scikit_learn(drawn: tuple[Ints, Ints, int]) -> None:
    human, other, k = drawn
    counts = m.confusion(human, other, k)
    assert counts.dtype == np.int64
    assert counts.tolist() == sk.confusion_matrix(human, other, labels=range(k)).tolist()
    assert m.exact_agreement(counts) == pytest.approx(sk.accuracy_score(human, other))
    assert m.adjacent_agreement(counts) == pytest.approx(np.mean(np.abs(human - other) <= 1))


@quick
@given(ratings())
def test_kappas_equal_scikit_learn(drawn: tuple[Ints, Ints, int]) -> None:
    human, other, k = drawn
    counts = m.confusion(human, other, k)
    plain, weighted = m.cohen_kappa(counts), m.qwk(counts, np.arange(k, dtype=float))
    if same_constant(human, other):
        assert np.isnan(plain)
        assert np.isnan(weighted)
    else:
        assert plain == pytest.approx(sk.cohen_kappa_score(human, other))
        reference = sk.cohen_kappa_score(human, other, weights="quadratic", labels=range(k))
        assert weighted == pytest.approx(reference)


@quick
@given(ratings())
def test_macro_f1_and_recall_equal_scikit_learn(drawn: tuple[Ints, Ints, int]) -> None:
    human, other, k = drawn
    counts = m.confusion(human, other, k)
    assert m.macro_f1(counts) == pytest.approx(sk.f1_score(human, other, average="macro"))
    recall = sk.recall_score(human, other, labels=range(k), average=None, zero_division=np.nan)
    np.testing.assert_allclose(m.per_point_agreement(counts), recall)


@quick
@given(ratings(), st.lists(st.integers(-4, 9), min_size=5, max_size=5, unique=True))
def test_qwk_on_unequal_steps_is_the_rsmtool_formula(drawn: tuple[Ints, Ints, int], points: list[int]) -> None:
    human, other, k = drawn
    values = np.array(sorted(points)[:k], dtype=float)
    found = m.qwk(m.confusion(human, other, k), values)
    if same_constant(human, other):
        assert np.isnan(found)
    else:
        assert found == pytest.approx(rsmtool_qwk(values[human], values[other]), abs=1e-12)


def test_qwk_on_0_1_3_differs_from_equal_steps() -> None:
    human, other = np.array([0, 1, 2, 2, 1, 0]), np.array([0, 2, 2, 1, 1, 1])
    values = np.array([0.0, 1.0, 3.0])
    counts = m.confusion(human, other, 3)
    assert m.qwk(counts, values) == pytest.approx(rsmtool_qwk(values[human], values[other]))
    assert m.qwk(counts, values) != pytest.approx(float(m.qwk(counts, np.arange(3.0))), abs=0.01)


def test_cohens_own_example() -> None:
    """The worked example of Cohen (1968), given as proportions: p_o = .70, p_e = .41, kappa = .492."""
    proportions = np.array([[0.44, 0.05, 0.01], [0.07, 0.20, 0.03], [0.09, 0.05, 0.06]])
    assert m.exact_agreement(proportions) == pytest.approx(0.70)
    assert m.cohen_kappa(proportions) == pytest.approx(0.492, abs=5e-4)


# Laws


@quick
@given(stacks())
def test_a_stack_gives_what_each_matrix_gives(stack: Floats) -> None:
    k = stack.shape[-1]
    for function in [*PLAIN, m.per_point_agreement, qwk_on(np.arange(k, dtype=np.float64) ** 2)]:
        together = function(stack)
        for index in np.ndindex(2, 3):
            np.testing.assert_allclose(together[index], function(stack[index]))


@quick
@given(stacks(), st.floats(0.01, 50), st.floats(-5, 5))
def test_only_proportions_and_relative_distances_matter(stack: Floats, factor: float, shift: float) -> None:
    values = np.arange(stack.shape[-1], dtype=float)
    for function in PLAIN:
        np.testing.assert_allclose(function(stack * factor), function(stack), atol=1e-9)
    np.testing.assert_allclose(m.qwk(stack, values * factor + shift), m.qwk(stack, values), atol=1e-9)


@quick
@given(stacks())
def test_raters_may_change_places(stack: Floats) -> None:
    swapped, values = np.swapaxes(stack, -1, -2), np.arange(stack.shape[-1], dtype=float)
    for function in PLAIN:
        np.testing.assert_allclose(function(swapped), function(stack), atol=1e-12)
    np.testing.assert_allclose(m.qwk(swapped, values), m.qwk(stack, values), atol=1e-12)


# Edge cases

NAN = float("nan")
EDGES = {
    #                        counts              accuracy adjacent  kappa  qwk  macro_f1
    "no rows": ([[0, 0, 0], [0, 0, 0], [0, 0, 0]], NAN, NAN, NAN, NAN, NAN),
    "one row, right": ([[1, 0, 0], [0, 0, 0], [0, 0, 0]], 1, 1, NAN, NAN, 1),
    "one row, far off": ([[0, 0, 1], [0, 0, 0], [0, 0, 0]], 0, 0, 0, 0, 0),
    "one class only": ([[0, 0, 0], [0, 9, 0], [0, 0, 0]], 1, 1, NAN, NAN, 1),
    "perfect": ([[4, 0, 0], [0, 2, 0], [0, 0, 3]], 1, 1, 1, 1, 1),
    "all reversed": ([[0, 0, 5], [0, 0, 0], [5, 0, 0]], 0, 0, -1, -1, 0),
    "machine constant": ([[0, 4, 0], [0, 3, 0], [0, 2, 0]], 3 / 9, 1, 0, 0, 6 / 12 / 3),
    "both constant, differ": ([[0, 5, 0], [0, 0, 0], [0, 0, 0]], 0, 1, 0, 0, 0),
    "one point unused": ([[3, 0, 0], [1, 4, 0], [0, 0, 0]], 7 / 8, 1, 0.75, 0.75, (6 / 7 + 8 / 9) / 2),
}


@pytest.mark.parametrize("name", EDGES)
def test_edge_cases(name: str) -> None:
    cells, *expected = EDGES[name]
    counts = np.array(cells, dtype=np.float64)
    accuracy, adjacent, kappa, f1 = (float(function(counts)) for function in PLAIN)
    weighted = float(m.qwk(counts, np.arange(3.0)))
    assert [accuracy, adjacent, kappa, weighted, f1] == pytest.approx(expected, nan_ok=True)


def test_adjacent_is_by_position_and_void_with_two_points() -> None:
    assert m.adjacent_agreement(np.array([[0, 5], [5, 0]])) == 1
    assert m.adjacent_agreement(np.array([[1, 0, 1], [0, 0, 2], [0, 0, 0]])) == 0.75


def test_missing_scores_are_not_counted() -> None:
    human, other = np.array([0, MISSING, 1, 1]), np.array([MISSING, 0, 1, 0])
    assert m.confusion(human, other, 2).tolist() == [[0, 0], [1, 1]]


@pytest.mark.parametrize(
    ("human", "other", "words"),
    [
        ([0, 1], [0], "2 human scores for 1 other scores"),
        ([0, 3], [0, 1], "human score in row 2 has index 3 on a scale of 3 points"),
        ([0, 1], [-2, 1], "other score in row 1 has index -2"),
    ],
)
def test_confusion_refuses(human: list[int], other: list[int], words: str) -> None:
    with pytest.raises(InputError, match=words):
        m.confusion(np.array(human), np.array(other), 3)


@pytest.mark.parametrize("cells", [[1, 2], [[1, 2, 3], [1, 2, 3]], [[1, -1], [0, 1]], [[1, NAN], [0, 1]]])
def test_counts_that_are_no_confusion_matrix(cells: list[object]) -> None:
    with pytest.raises(InputError, match="confusion matrix"):
        m.exact_agreement(np.array(cells))


def test_qwk_refuses_values_of_another_scale() -> None:
    with pytest.raises(InputError, match="2 values for 3 score points"):
        m.qwk(np.eye(3), np.arange(2.0))


# Intervals


def test_bootstrap_is_the_bootstrap_of_rows() -> None:
    """The bounds of scipy's percentile bootstrap, which draws rows."""
    rng = np.random.default_rng(3)
    human = rng.integers(0, 4, 150)
    other = np.clip(human + rng.choice([-1, 0, 0, 0, 1, 2], 150), 0, 3)
    counts = m.confusion(human, other, 4)
    as_floats = (human.astype(np.float64), other.astype(np.float64))
    cases: list[tuple[m.Statistic, Callable[[Floats, Floats], float]]] = [
        (qwk_on(np.arange(4.0)), rsmtool_qwk),
        (m.exact_agreement, lambda a, b: float(np.mean(a == b))),
    ]
    for ours, rows in cases:
        found = m.bootstrap(counts, ours, seed=5)
        reference = scipy.stats.bootstrap(
            as_floats,
            rows,
            paired=True,
            vectorized=False,
            n_resamples=2000,
            method="percentile",
            rng=np.random.default_rng(4),
        ).confidence_interval
        assert found.value == pytest.approx(rows(*as_floats))
        assert [found.low, found.high] == pytest.approx([reference.low, reference.high], abs=0.02)
        assert found.high - found.low > 0.05


JOINT = np.array([[0.22, 0.06, 0.01], [0.05, 0.25, 0.06], [0.02, 0.06, 0.27]])


@pytest.mark.parametrize("function", [m.exact_agreement, qwk_on(np.arange(3.0)), m.macro_f1])
def test_95_percent_intervals_hold_the_truth_about_95_percent_of_the_time(function: m.Statistic) -> None:
    rng, truth = np.random.default_rng(11), float(function(JOINT))
    held = 0
    for repeat in range(300):
        counts = rng.multinomial(200, JOINT.ravel()).reshape(3, 3)
        found = m.bootstrap(counts, function, seed=repeat, resamples=600)
        held += found.low <= truth <= found.high
    assert 0.90 <= held / 300 <= 0.98


def test_intervals_shrink_with_more_responses() -> None:
    widths = []
    for n in (100, 400, 1600):
        found = m.bootstrap(np.rint(JOINT * n).astype(int), m.cohen_kappa, seed=1)
        widths.append(found.high - found.low)
    assert [a / b for a, b in pairwise(widths)] == pytest.approx([2, 2], rel=0.15)


def test_bootstrap_depends_on_the_seed_alone() -> None:
    counts = np.array([[30, 8], [9, 33]])
    assert m.bootstrap(counts, m.cohen_kappa, seed=1) == m.bootstrap(counts, m.cohen_kappa, seed=1)
    assert m.bootstrap(counts, m.cohen_kappa, seed=1) != m.bootstrap(counts, m.cohen_kappa, seed=2)


def test_bootstrap_edge_cases() -> None:
    empty = m.bootstrap(np.zeros((3, 3), dtype=int), m.exact_agreement, seed=0)
    assert np.isnan([empty.value, empty.low, empty.high]).all()
    constant = m.bootstrap(np.array([[7, 0], [0, 0]]), m.cohen_kappa, seed=0)
    assert np.isnan([constant.value, constant.low, constant.high]).all()
    perfect = m.bootstrap(np.array([[7, 0], [0, 3]]), m.exact_agreement, seed=0)
    assert (perfect.value, perfect.low, perfect.high) == (1, 1, 1)


def test_undefined_resamples_are_ignored() -> None:
    """A third of the resamples of these three rows is constant, where kappa is undefined."""
    found = m.bootstrap(np.array([[2, 0], [0, 1]]), m.cohen_kappa, seed=0)
    assert (found.value, found.low, found.high) == (1, 1, 1)


# Calibration


@st.composite
def predictions(draw: st.DrawFn) -> tuple[Floats, Ints]:
    k, n, seed = draw(st.integers(2, 5)), draw(st.integers(1, 40)), draw(st.integers(0, 10_000))
    rng = np.random.default_rng(seed)
    return rng.dirichlet(np.full(k, draw(st.sampled_from([0.1, 1.0, 10.0]))), n), rng.integers(0, k, n)


@quick
@given(predictions())
def test_cross_entropy_equals_scikit_learn(drawn: tuple[Floats, Ints]) -> None:
    p, y = drawn
    assert m.cross_entropy(p, y) == pytest.approx(sk.log_loss(y, p, labels=range(p.shape[1])))


def ece_by_the_book(p: Floats, y: Ints, bins: int) -> float:
    """Guo et al. (2017), equations 2 and 3 and the sum of the absolute gaps, one bin at a time."""
    total, top, right = 0.0, p.max(axis=1), p.argmax(axis=1) == y
    for b in range(bins):
        inside = (top > b / bins) & (top <= (b + 1) / bins)
        if inside.any():
            total += inside.sum() * abs(right[inside].mean() - top[inside].mean())
    return total / len(y)


@quick
@given(predictions(), st.integers(1, 15))
def test_calibration_error_equals_the_formula(drawn: tuple[Floats, Ints], bins: int) -> None:
    assert m.expected_calibration_error(*drawn, bins) == pytest.approx(ece_by_the_book(*drawn, bins), abs=1e-12)


def test_calibrated_predictions_have_little_calibration_error() -> None:
    rng = np.random.default_rng(2)
    p = rng.dirichlet([1, 1, 1], 20_000)
    y = (p.cumsum(axis=1) < rng.random((20_000, 1))).sum(axis=1)
    sharpened = p**3 / (p**3).sum(axis=1, keepdims=True)
    assert m.expected_calibration_error(p, y) < 0.015
    assert m.expected_calibration_error(sharpened, y) > 0.1


@pytest.mark.parametrize(
    ("p", "y", "entropy", "error"),
    [
        ([[1.0, 0.0]], [0], 0.0, 0.0),
        ([[1.0, 0.0]], [1], -np.log(np.finfo(float).eps), 1.0),
        ([[0.5, 0.5]], [1], np.log(2), 0.5),
        ([[0.3, 0.7], [0.31, 0.69]], [1, 0], -np.log([0.7, 0.31]).mean(), (1 - 0.7 - 0.69) * -0.5),
        ([[0.25, 0.75], [NAN, NAN]], [1, 0], -np.log(0.75), 0.25),
        ([[0.25, 0.75], [0.4, 0.6]], [1, MISSING], -np.log(0.75), 0.25),
        ([[NAN, NAN]], [0], NAN, NAN),
        ([[0.4, 0.6]], [MISSING], NAN, NAN),
        (np.empty((0, 2)), np.empty(0, dtype=int), NAN, NAN),
    ],
)
def test_calibration_edge_cases(p: list[list[float]], y: list[int], entropy: float, error: float) -> None:
    assert m.cross_entropy(np.array(p), np.array(y)) == pytest.approx(entropy, nan_ok=True)
    assert m.expected_calibration_error(np.array(p), np.array(y)) == pytest.approx(error, nan_ok=True)


@pytest.mark.parametrize(
    ("p", "y", "words"),
    [
        ([[0.5, 0.5]], [0, 1], "1 rows of probabilities for 2 scores"),
        ([[0.5, 0.5]], [2], "score in row 1 has index 2 on a scale of 2 points"),
        ([[NAN, NAN], [0.5, 0.6]], [0, 1], r"row 2: \[0.5, 0.6\] is not a probability distribution"),
        ([[0.5, NAN]], [0], "not a probability distribution"),
    ],
)
def test_calibration_refuses(p: list[list[float]], y: list[int], words: str) -> None:
    for function in (m.cross_entropy, m.expected_calibration_error):
        with pytest.raises(InputError, match=words):
            function(np.array(p), np.array(y))


def test_calibration_error_refuses_no_bins() -> None:
    with pytest.raises(InputError, match="0 bins"):
        m.expected_calibration_error(np.array([[0.5, 0.5]]), np.array([0]), bins=0)
