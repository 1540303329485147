"""Calibration of the scores given."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import brier_score_loss

from pocketscore.metrics import expected_calibration_error
from pocketscore.trust.reliability import reliability, reliability_dict
from pocketscore.types import MISSING, Floats, Ints


def simulated(n: int, seed: int, sharpen: float = 1.0) -> tuple[Floats, Ints]:
    """Probabilities and human scores drawn from them; sharpened ones are too sure."""
    rng = np.random.default_rng(seed)
    p = rng.dirichlet([0.6] * 3, size=n)
    human = np.array([rng.choice(3, p=row) for row in p])
    sharp = p**sharpen
    return sharp / sharp.sum(axis=1, keepdims=True), human


def test_against_independent_references() -> None:
    p, human = simulated(400, 1)
    found = reliability(p, p.argmax(axis=1), human)
    assert found.ece.value == pytest.approx(expected_calibration_error(p, human))
    by_class = [brier_score_loss(human == k, p[:, k]) for k in range(3)]
    assert found.brier.value == pytest.approx(sum(by_class))
    for b in found.bins:
        if b.n:
            exact = stats.binomtest(round(b.right.value * b.n), b.n).proportion_ci(0.95, "exact")
            assert (b.right.low, b.right.high) == pytest.approx((exact.low, exact.high), abs=1e-9)


def test_too_sure_shows_and_calibrated_does_not() -> None:
    p, human = simulated(3000, 2, sharpen=3.0)
    assert reliability(p, p.argmax(axis=1), human).gap.low > 0.05
    held = 0
    for seed in range(40):
        p, human = simulated(300, seed)
        gap = reliability(p, p.argmax(axis=1), human, seed).gap
        held += gap.low <= 0 <= gap.high
    assert held >= 33  # of 40; 95 % intervals hold fewer than 33 with probability below 0.002


def test_the_score_given_counts_not_the_likeliest() -> None:
    p = np.array([[0.6, 0.4]] * 20)
    found = reliability(p, np.ones(20, dtype=np.int64), np.ones(20, dtype=np.int64))
    assert found.gap.value == pytest.approx(0.4 - 1)


def test_nothing_to_compare_is_nan_without_a_warning() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = reliability(np.full((3, 2), np.nan), np.full(3, MISSING), np.array([0, 1, 0]))
    assert found.n == 0
    assert np.isnan(found.ece.value)
    as_dict = reliability_dict(found)
    assert as_dict["ece"] == {"value": None, "low": None, "high": None}
