"""Thresholds with a promise."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from pocketscore.errors import InputError
from pocketscore.trust.deferral import (
    Judged,
    Target,
    curve,
    outcome_dict,
    promise,
    promise_dict,
    second_rater_target,
)
from pocketscore.types import MISSING


def drawn(n: int, rng: np.random.Generator) -> Judged:
    """A scorer whose confidence is the chance to be right."""
    confidence = rng.uniform(0.4, 1.0, size=n)
    return Judged(confidence, rng.random(n) > confidence)


def true_share_wrong(threshold: float) -> float:
    """Among answers of confidence uniform between threshold and 1."""
    return 1 - (max(threshold, 0.4) + 1) / 2


def test_the_promise_is_kept() -> None:
    """Broken in at most 5 % of 400 held-out sets; 29 of 400 or more have probability below 0.03 at exactly 5 %."""
    broken, made = 0, 0
    for seed in range(400):
        rng = np.random.default_rng(seed)
        found = promise(Target(0.20), drawn(200, rng), drawn(400, rng))
        if found.threshold is not None:
            made += 1
            broken += true_share_wrong(found.threshold) > 0.20
    assert made > 200
    assert broken < 29


@given(st.integers(0, 200), st.sampled_from([0.05, 0.1, 0.2]), st.integers(0, 10_000))
def test_a_promise_is_backed_by_the_exact_bound(n: int, alpha: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    found = promise(Target(alpha), drawn(100, rng), drawn(n, rng))
    assert (found.threshold is None) == bool(found.reason)
    if found.threshold is not None:
        seen = found.held_out
        assert stats.binom.cdf(seen.wrong, seen.alone, alpha) <= 0.05 + 1e-12
        assert found.bound <= alpha + 1e-9
        assert stats.beta.ppf(0.95, seen.wrong + 1, seen.alone - seen.wrong) == pytest.approx(found.bound, abs=1e-8)


@pytest.mark.parametrize(
    ("n", "wrong", "guide", "words"),
    [
        (58, 0, 100, "58 held-out answers are too few"),
        (59, 0, 100, ""),
        (400, 400, 100, "too many to promise"),
        (400, 0, 5, "5 answers are too few to take thresholds from"),
    ],
)
def test_what_cannot_be_promised_says_why(n: int, wrong: int, guide: int, words: str) -> None:
    held_out = Judged(np.full(n, 0.9), np.arange(n) < wrong)
    found = promise(Target(0.05), Judged(np.full(guide, 0.9), np.zeros(guide, dtype=bool)), held_out)
    assert words in found.reason
    assert (found.threshold is None) == bool(words)
    assert promise_dict(found)["bound"] is None or not words


def test_a_scorer_that_is_never_wrong_scores_all_alone() -> None:
    rng = np.random.default_rng(0)
    right = Judged(rng.random(300), np.zeros(300, dtype=bool))
    found = promise(Target(0.05), right, right)
    assert found.threshold == 0
    assert found.held_out.alone == 300


@pytest.mark.parametrize("value", [0, 1, 5, -0.1, float("nan")])
def test_a_target_is_a_share(value: float) -> None:
    with pytest.raises(InputError, match="no share between 0 and 1"):
        Target(value)


def test_second_rater_sets_the_mark() -> None:
    human = np.zeros(200, dtype=np.int64)
    second = np.where(np.arange(200) < 30, 1, 0)
    second[-10:] = MISSING
    target, share = second_rater_target(human, second)
    assert share == pytest.approx(30 / 190)
    exact = stats.binomtest(30, 190).proportion_ci(0.95, "exact")
    assert target.wrong_at_most == pytest.approx(exact.low, abs=1e-9)
    assert target.confidence == pytest.approx(0.975)


@pytest.mark.parametrize("second", [np.zeros(50, dtype=np.int64), np.full(50, MISSING)])
def test_no_second_rater_no_mark(second: np.ndarray[tuple[int], np.dtype[np.int64]]) -> None:
    with pytest.raises(InputError, match="no second rater sets a mark"):
        second_rater_target(np.zeros(50, dtype=np.int64), second)


def test_the_curve_goes_from_all_to_the_surest() -> None:
    judged = drawn(500, np.random.default_rng(3))
    found = curve(judged)
    alone = [point.outcome.alone for point in found]
    assert alone[0] == 500
    assert alone == sorted(alone, reverse=True)
    assert outcome_dict(found[0].outcome)["share_alone"]["value"] == 1.0  # type: ignore[index]
    assert curve(Judged(np.array([]), np.array([], dtype=bool))) == ()
    assert outcome_dict(judged.at(2.0))["share_wrong"] == dict.fromkeys(("value", "low", "high"))
