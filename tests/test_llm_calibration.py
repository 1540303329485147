"""Calibration: the same minimum as scipy finds, sane with few rows, and no row sees its own score."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax

from pocketscore.errors import InputError
from pocketscore.llm.calibration import VARIANCE, Calibrator, crossfitted
from pocketscore.metrics import cross_entropy
from pocketscore.types import MISSING, Floats, Ints


def drawn(
    rows: int, seed: int, weight: float = 0.3, biases: tuple[float, ...] = (1.0, 0.0, -1.0)
) -> tuple[Floats, Ints]:
    """Logits of a model that is too sure and too strict, and scores that follow its probabilities put right."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(rows, len(biases))) * 5
    right = softmax(weight * log_softmax(logits, axis=1) + np.array(biases), axis=1)
    return logits, np.array([rng.choice(len(biases), p=row) for row in right], dtype=np.int64)


def penalised(weight: float, biases: Floats, logits: Floats, scores: Ints) -> float:
    chosen = log_softmax(weight * log_softmax(logits, axis=1) + biases, axis=1)[np.arange(len(scores)), scores]
    return float(-chosen.sum() + (np.log(weight) ** 2 + (biases**2).sum()) / (2 * VARIANCE))


@given(st.integers(30, 300), st.integers(0, 30), st.sampled_from([0.1, 0.5, 1.0, 2.0]))
def test_the_fit_is_the_minimum_that_scipy_finds(rows: int, seed: int, weight: float) -> None:
    logits, scores = drawn(rows, seed, weight)
    found = Calibrator.fit(logits, scores)
    free = bool(found.biases.any())

    def loss(at: Floats) -> float:
        return penalised(np.exp(at[0]), at[1:] if free else np.zeros(3), logits, scores)

    reference = minimize(loss, np.zeros(4 if free else 1), method="BFGS")
    assert penalised(found.weight, found.biases, logits, scores) <= reference.fun + 1e-4
    assert found.weight == pytest.approx(np.exp(reference.x[0]), rel=1e-2)


def test_many_rows_give_back_what_was_done() -> None:
    found = Calibrator.fit(*drawn(20000, seed=1))
    assert found.weight == pytest.approx(0.3, abs=0.02)
    np.testing.assert_allclose(found.biases, [1.0, 0.0, -1.0], atol=0.07)
    assert abs(found.biases.sum()) < 1e-6


def test_biases_come_only_where_they_predict() -> None:
    """A model that is only too sure gets the weight alone nearly always; one that is too strict gets biases."""
    sure = [Calibrator.fit(*drawn(100, seed, biases=(0.0, 0.0, 0.0))).biases.any() for seed in range(20)]
    strict = [Calibrator.fit(*drawn(100, seed)).biases.any() for seed in range(20)]
    assert sum(strict) == 20
    assert sum(sure) <= 10


@given(st.integers(1, 12), st.integers(0, 50))
def test_few_rows_stay_sane(rows: int, seed: int) -> None:
    """Even all wrong, or all right, they give no probability of 0 and no weight beyond reason."""
    logits, _ = drawn(rows, seed)
    for scores in (logits.argmax(axis=1), logits.argmin(axis=1)):
        found = Calibrator.fit(logits, scores)
        assert 0.02 < found.weight < 20
        assert np.abs(found.biases).max() < 4
        assert np.isfinite(found.apply(logits)).all()


def test_calibration_helps_on_new_rows() -> None:
    logits, scores = drawn(400, seed=3)
    fitted = Calibrator.fit(logits[:200], scores[:200])
    before = cross_entropy(softmax(logits[200:], axis=1), scores[200:])
    after = cross_entropy(softmax(fitted.apply(logits[200:]), axis=1), scores[200:])
    best = cross_entropy(softmax(0.3 * log_softmax(logits[200:], axis=1) + [1.0, 0.0, -1.0], axis=1), scores[200:])
    assert after < before - 0.5
    assert after < best + 0.05


def test_a_model_that_knows_nothing_is_given_the_base_rates() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(2000, 3)) * 4
    scores = rng.choice(3, size=2000, p=[0.7, 0.2, 0.1])
    means = softmax(Calibrator.fit(logits, scores).apply(logits), axis=1)
    np.testing.assert_allclose(means.mean(axis=0), [0.7, 0.2, 0.1], atol=0.02)
    assert means.std(axis=0).max() < 0.06


def test_a_shift_of_all_logits_changes_nothing() -> None:
    logits, scores = drawn(100, seed=5)
    shifted = logits + np.arange(100)[:, None]
    np.testing.assert_allclose(
        Calibrator.fit(logits, scores).apply(logits), Calibrator.fit(shifted, scores).apply(shifted), atol=1e-6
    )


def test_rows_without_answer_or_score_are_left_out_and_stay_so() -> None:
    logits, scores = drawn(60, seed=2)
    holes, gaps = logits.copy(), scores.copy()
    holes[::7] = np.nan
    gaps[::5] = MISSING
    kept = np.isfinite(holes).all(axis=1) & (gaps != MISSING)
    found, wanted = Calibrator.fit(holes, gaps), Calibrator.fit(logits[kept], scores[kept])
    assert (found.weight, found.biases.tolist()) == (wanted.weight, wanted.biases.tolist())
    assert np.isnan(found.apply(holes)[::7]).all()
    assert np.isfinite(np.delete(found.apply(holes), np.s_[::7], axis=0)).all()


@pytest.mark.parametrize("rows", [np.zeros((0, 3)), np.full((4, 3), np.nan)])
def test_without_rows_nothing_is_changed(rows: Floats) -> None:
    found = Calibrator.fit(rows, np.zeros(len(rows), dtype=np.int64))
    assert (found.weight, found.biases.tolist()) == (1.0, [0.0, 0.0, 0.0])
    logits, _ = drawn(5, seed=0)
    np.testing.assert_allclose(found.apply(logits), log_softmax(logits, axis=1), atol=1e-9)


def test_impossible_points_are_no_trouble() -> None:
    logits = np.array([[0.0, -np.inf, -np.inf], [-9999.0, 0.0, -9999.0]] * 10)
    found = Calibrator.fit(logits, np.array([0, 1] * 9 + [2, 0]))
    assert np.isfinite(found.apply(logits)).all()


def test_crossfitting_is_a_fit_of_the_other_folds() -> None:
    logits, scores = drawn(90, seed=4)
    folds = np.arange(90) % 3
    folds[:6] = -1
    found = crossfitted(logits, scores, folds)
    for fold in range(3):
        others = (folds != fold) & (folds != -1)
        wanted = Calibrator.fit(logits[others], scores[others]).apply(logits[folds == fold])
        np.testing.assert_array_equal(found[folds == fold], wanted)
    known = folds != -1
    wanted = Calibrator.fit(logits[known], scores[known]).apply(logits[~known])
    np.testing.assert_array_equal(found[~known], wanted)


@settings(max_examples=25)
@given(st.integers(0, 29), st.integers(1, 2), st.integers(0, 20))
def test_no_row_is_calibrated_by_its_own_score(row: int, shift: int, seed: int) -> None:
    logits, scores = drawn(30, seed)
    folds = np.arange(30) % 3
    changed = scores.copy()
    changed[row] = (changed[row] + shift) % 3
    before, after = crossfitted(logits, scores, folds), crossfitted(logits, changed, folds)
    np.testing.assert_array_equal(before[folds == folds[row]], after[folds == folds[row]])


def test_scores_that_do_not_fit() -> None:
    logits, scores = drawn(5, seed=0)
    with pytest.raises(InputError, match="5 rows of logits for 4 scores"):
        Calibrator.fit(logits, scores[:4])
    with pytest.raises(InputError, match="index 3, the scale has 3 points"):
        Calibrator.fit(logits, np.array([0, 1, 2, 3, 0]))
