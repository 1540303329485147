"""Mixing teachers, some of which may have said nothing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pocketscore.distillation.mixture import Mixture
from pocketscore.soft_labels import fit_weights, softmax_at
from pocketscore.types import Floats, Ints

N, K = 120, 3


def teachers(seed: int = 0) -> tuple[Floats, Ints]:
    """Logits (3, N, K) of a good, a fair and a useless teacher, and the scores."""
    rng = np.random.default_rng(seed)
    scores = rng.integers(0, K, N)
    truth = np.eye(K)[scores]
    noise = rng.normal(size=(3, N, K))
    return np.stack([2.5 * truth + noise[0], truth + noise[1], noise[2]]), scores


def test_with_everybody_present_it_is_the_weighted_softmax() -> None:
    logits, scores = teachers()
    mixture = Mixture(logits, scores)
    weights = fit_weights(logits, scores)
    assert mixture.weights((True, True, True)) == pytest.approx(weights)
    expected = softmax_at(np.einsum("m,mnk->nk", weights, logits), 1.0)
    assert mixture.probabilities(logits[:, None]) == pytest.approx(expected)


def test_folds_that_were_not_asked_do_not_count() -> None:
    logits, scores = teachers()
    folds = np.stack([logits, np.full_like(logits, np.nan)], axis=1)
    mixture = Mixture(logits, scores)
    assert mixture.probabilities(folds) == pytest.approx(mixture.probabilities(logits[:, None]))


@given(st.integers(0, 7), st.integers(0, N - 1))
def test_a_silent_teacher_leaves_the_row_to_the_others(pattern: int, row: int) -> None:
    logits, scores = teachers()
    silent = [member for member in range(3) if pattern >> member & 1]
    asked = logits.copy()
    asked[silent, row] = np.nan
    found = Mixture(logits, scores).probabilities(asked[:, None])
    others = [member for member in range(3) if member not in silent]
    if others:
        weights = fit_weights(logits[others], scores)
        alone = softmax_at(np.einsum("m,mnk->nk", weights, logits[others]), 1.0)[row]
    else:
        alone = np.full(K, np.nan)
    assert found[row] == pytest.approx(alone, nan_ok=True)
    rest = np.arange(N) != row
    assert found[rest] == pytest.approx(Mixture(logits, scores).probabilities(logits[:, None])[rest])
    assert found[rest].sum(axis=1) == pytest.approx(1)


def test_weights_are_fitted_on_rows_where_all_of_them_spoke() -> None:
    logits, scores = teachers()
    logits[0, :60] = np.nan
    found = Mixture(logits, scores).weights((True, True, False))
    assert found[:2] == pytest.approx(fit_weights(logits[:2, 60:], scores[60:]))
    assert found[2] == 0


@pytest.mark.parametrize(("honest", "spoken"), [(False, N), (True, 19)])
def test_where_nothing_can_be_fitted_all_weigh_the_same(honest: bool, spoken: int) -> None:
    logits, scores = teachers()
    logits[0, spoken:] = np.nan
    assert Mixture(logits, scores, honest=honest).weights((True, True, False)).tolist() == [0.5, 0.5, 0]


def test_who_stands_in_for_people_needs_no_other_where_it_spoke() -> None:
    logits, scores = teachers()
    mixture = Mixture(logits, scores, oracle=1)
    assert mixture.weights((True, True, True)).tolist() == [0, 1, 0]
    asked = logits[:, None].copy()
    asked[1, 0, 5] = np.nan
    found = mixture.probabilities(asked)
    assert found[0] == pytest.approx(softmax_at(logits[1], 1.0)[0])
    assert found[5] == pytest.approx(Mixture(logits[[0, 2]], scores).probabilities(logits[[0, 2]][:, None])[5])
