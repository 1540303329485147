"""From probabilities to a score."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pocketscore.decision import LEAST, cut_points
from pocketscore.errors import InputError
from pocketscore.metrics import confusion, qwk
from pocketscore.types import Floats, Ints, Scale, Scores, Status

SCALE = Scale.of(["0", "1", "2", "3"])


def answers(n: int, seed: int, sharpness: float = 1.0) -> tuple[Floats, Ints]:
    """Calibrated probabilities and scores drawn from them: expected scores are squeezed towards the middle."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(n, 4)) * sharpness + np.array([1.0, 0.3, 0.0, -1.0])
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return p, np.array([rng.choice(4, p=row) for row in p])


def scored(p: Floats, cuts: tuple[float, ...] | None) -> Ints:
    return Scores(SCALE, p, (Status.OK,) * len(p), cuts).indices


@given(st.integers(0, 50), st.floats(0.3, 3))
def test_cut_points_bring_expected_scores_to_the_peoples_mean_and_spread(seed: int, sharpness: float) -> None:
    """The reference is the other way round: scale the expected scores, then take the nearest point."""
    p, human = answers(200, seed, sharpness)
    cuts = cut_points(p @ SCALE.values, human, SCALE)
    assert cuts is not None
    expected = p @ SCALE.values
    scaled = (expected - expected.mean()) / expected.std() * human.std() + human.mean()
    nearest = np.abs(scaled[:, None] - SCALE.values).argmin(axis=1)
    clear = np.abs(scaled % 1 - 0.5) > 1e-4  # cut points are rounded to six decimals
    np.testing.assert_array_equal(scored(p, cuts)[clear], nearest[clear])


def test_scaled_scores_agree_better_on_answers_that_nobody_looked_at() -> None:
    gains = []
    for seed in range(20):
        (p, human), (q, other) = answers(150, seed), answers(2000, seed + 100)
        cuts = cut_points(p @ SCALE.values, human, SCALE)
        by_cuts, by_likeliest = (float(qwk(confusion(other, scored(q, how), 4), SCALE.values)) for how in (cuts, None))
        gains.append(by_cuts - by_likeliest)
    assert np.mean(gains) > 0.02


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda p, y: (p[: LEAST - 1], y[: LEAST - 1], SCALE), "too few answers"),
        (lambda p, y: (np.full_like(p, 0.25), y, SCALE), "a scorer that says the same of every answer"),
        (lambda p, y: (p, np.zeros_like(y), SCALE), "people gave one score only"),
        (lambda p, y: (p, y, Scale(SCALE.points, "nominal")), "distance means nothing"),
    ],
)
def test_where_no_spread_can_be_learnt_the_likeliest_point_is_given(
    change: Callable[[Floats, Ints], tuple[Floats, Ints, Scale]], why: str
) -> None:
    p, scores, scale = change(*answers(LEAST, 0))
    assert cut_points(p @ scale.values, scores, scale) is None, why


@pytest.mark.parametrize(
    ("cuts", "expected"),
    [
        (None, [0, 3, 1, -1]),
        ((0.5, 1.5, 2.5), [1, 3, 1, -1]),
        ((0.0, 0.0, 0.0), [3, 3, 3, -1]),
        ((1.2, 2.0, 3.5), [1, 2, 0, -1]),
    ],
)
def test_scores_follow_the_cut_points(cuts: tuple[float, ...] | None, expected: list[int]) -> None:
    """Expected scores 1.2 (0 or 3), 3 and 1; a row without probabilities has no score, whatever the cut points."""
    p = np.array([[0.6, 0, 0, 0.4], [0, 0, 0, 1], [0, 1, 0, 0], [np.nan] * 4])
    found = Scores(SCALE, p, (Status.OK,) * 3 + (Status.EMPTY,), cuts)
    assert found.indices.tolist() == expected
    assert found.labels[3] is None
    np.testing.assert_array_equal(found.confidence, [*(p[i, k] for i, k in enumerate(expected[:3])), np.nan])


@pytest.mark.parametrize(
    ("cuts", "scale"),
    [
        ((0.5, 1.5), SCALE),
        ((1.5, 0.5, 2.5), SCALE),
        ((0.5, float("nan"), 2.5), SCALE),
        ((0.5,), Scale.of(["no", "yes"])),
    ],
)
def test_cut_points_that_do_not_fit_the_scale_are_refused(cuts: tuple[float, ...], scale: Scale) -> None:
    with pytest.raises(InputError, match="cut points"):
        Scores(scale, np.empty((0, len(scale))), (), cuts)
