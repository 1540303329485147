"""Which answers to score next: the choice against its definition, and what is never suggested."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import DotProduct

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks import suggest as benchmark  # noqa: E402

from pocketscore.errors import InputError  # noqa: E402
from pocketscore.trust import suggest as module  # noqa: E402
from pocketscore.trust.suggest import (  # noqa: E402
    WITH_SCORED,
    WITHOUT_SCORED,
    Suggestions,
    Taste,
    choose,
    doubts,
    remaining,
    suggest,
)
from pocketscore.types import Floats, Reason, Scale, Scores, Status  # noqa: E402

SCALE = Scale.of(["0", "1", "2"])
TASTES = st.builds(Taste, st.sampled_from([0.0, 0.5, 1.0]), st.sampled_from([0.0, 0.5, 1.0]), st.floats(0.05, 2))
CLUSTERS = {
    "the vapour in the air cools at the glass": 6,
    "water leaks out through the bottom of the cup": 4,
    "because ice is cold": 2,
}


def rows_of_length_one(n: int, seed: int) -> Floats:
    rows = np.random.default_rng(seed).random((n, 12)) ** 4
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True))


def said(probabilities: list[list[float]] | Floats, scale: Scale = SCALE, **more: object) -> Scores:
    p = np.array(probabilities, dtype=np.float64)
    return Scores(scale, p, (Status.OK,) * len(p), **more)  # type: ignore[arg-type]


def unsure(n: int) -> Scores:
    """The same doubt about n answers."""
    return said([[0.4, 0.35, 0.25]] * n)


def class_answers() -> list[str]:
    return [f"{start} {'abcdefghij'[i]}{i}" for start, count in CLUSTERS.items() for i in range(count)]


# The choice


@given(st.integers(0, 1000), TASTES)
@settings(max_examples=40)
def test_the_choice_is_that_of_its_definition(seed: int, taste: Taste) -> None:
    rows, doubt = rows_of_length_one(25, seed), np.random.default_rng(seed).random(25)
    covariance = rows @ rows.T
    left, share = covariance.copy(), doubt / doubt.max()
    chosen: list[int] = []
    for _ in range(12):
        gain = share**taste.own * (left**2 @ share**taste.others) / (np.diag(left) + taste.noise)
        gain[chosen] = -1
        best = int(gain.argmax())
        chosen.append(best)
        left = left - np.outer(left[best], left[best]) / (left[best, best] + taste.noise)
    assert choose(covariance, doubt, 12, taste).tolist() == chosen


def test_the_covariance_is_the_posterior_of_a_gaussian_process() -> None:
    rows = rows_of_length_one(40, 3)
    pool, scored = rows[:25], rows[25:]
    process = GaussianProcessRegressor(DotProduct(0.0, "fixed"), alpha=0.3, optimizer=None)
    process.fit(scored, np.zeros(15))
    _, expected = process.predict(pool, return_cov=True)
    np.testing.assert_allclose(remaining(pool @ pool.T, pool @ scored.T, scored @ scored.T, 0.3), expected, atol=1e-9)


def test_every_choice_leaves_the_least_doubtful_variance() -> None:
    rows, doubt = rows_of_length_one(20, 5), np.random.default_rng(5).random(20)
    taste = Taste(own=0.0, others=1.0, noise=0.5)
    chosen = choose(rows @ rows.T, doubt, 4, taste).tolist()

    def left(known: list[int]) -> float:
        """Doubtful variance by a Gaussian process that was fitted to these answers."""
        process = GaussianProcessRegressor(DotProduct(0.0, "fixed"), alpha=0.5, optimizer=None)
        process.fit(rows[known], np.zeros(len(known)))
        return float(process.predict(rows, return_std=True)[1] ** 2 @ doubt)

    for count, place in enumerate(chosen):
        others = [row for row in range(20) if row not in chosen[:count]]
        assert place == min(others, key=lambda row: left([*chosen[:count], row]))


def test_an_ordinal_doubt_is_the_variance_of_the_score_and_a_nominal_one_that_of_the_classes() -> None:
    p = np.random.default_rng(0).dirichlet([1, 1, 1], size=5)
    values = np.array([0.0, 1.0, 5.0])
    wide = Scale.of(["0", "1", "5"])
    expected = [np.average((values - row @ values) ** 2, weights=row) for row in p]
    assert doubts(said(p, wide)) == pytest.approx(expected)
    assert doubts(said(p, Scale.of(["a", "b", "c"]))) == pytest.approx([sum(q * (1 - q) for q in row) for row in p])
    assert doubts(said([[1.0, 0.0, 0.0]])) == pytest.approx([0])


# Suggestions


def test_one_of_each_kind_comes_first_and_the_commonest_before_all() -> None:
    texts = class_answers()
    found = suggest(texts, unsure(len(texts)), 12)
    starts = [next(i for i, start in enumerate(CLUSTERS) if texts[one.row].startswith(start)) for one in found.chosen]
    assert starts[:2] == [0, 1]
    assert set(starts[:3]) == {0, 1, 2}
    assert sorted(one.row for one in found.chosen) == list(range(12))


def test_what_is_like_scored_answers_comes_last() -> None:
    texts = class_answers()
    scored = [text.replace("glass", "glass today") for text in texts[:6]]
    before, after = (suggest(texts, unsure(len(texts)), 2, known).chosen for known in ((), scored))
    assert any(texts[one.row].startswith("the vapour") for one in before)
    assert not any(texts[one.row].startswith("the vapour") for one in after)


def test_doubt_decides_between_answers_that_are_alike_otherwise() -> None:
    texts = ["cold air", "warm glass"]
    p = np.array([[0.5, 0, 0.5], [1, 0, 0]])
    for first in (0, 1):
        assert suggest(texts, said(np.roll(p, first, axis=0)), 1, taste=Taste(1.0, 1.0, 0.3)).chosen[0].row == first


def test_a_longer_list_begins_with_the_shorter_one() -> None:
    texts = class_answers()
    p = np.random.default_rng(1).dirichlet([1, 1, 1], size=len(texts))
    assert suggest(texts, said(p), 9).chosen[:4] == suggest(texts, said(p), 4).chosen


def test_nothing_empty_known_or_said_before_is_suggested() -> None:
    texts = ["cold air", "", "Cold, AIR!", "warm glass", "...", "  ", "cold glass", "Warm glass"]
    found = suggest(texts, unsure(len(texts)), 5, scored=["cold glass."])
    assert {one.row for one in found.chosen} == {0, 3}
    assert (found.candidates, found.empty, found.repeated, found.scored, found.strange) == (2, 3, 2, 1, 0)


def test_unscored_texts_are_empty_and_strange_ones_are_left_to_people() -> None:
    texts = ["cold air", "not read", "зzz", "asdf jkl", "many unknown words", "no known word"]
    p = np.full((6, 3), 1 / 3)
    p[1] = np.nan
    reasons = (None, Reason.NOT_TEXT, Reason.OTHER_SCRIPT, Reason.GIBBERISH, Reason.UNKNOWN_WORDS, None)
    status = (Status.OK, Status.NOT_TEXT, Status.OK, Status.OK, Status.OK, Status.UNFAMILIAR)
    found = suggest(texts, Scores(SCALE, p, status, refer=reasons), 9)
    assert {one.row for one in found.chosen} == {0, 4}
    assert (found.empty, found.strange) == (1, 3)


def test_a_symbol_is_an_answer() -> None:
    assert len(suggest(["∞", "→", "—"], unsure(3), 3).chosen) == 2


@pytest.mark.parametrize(("texts", "left"), [(["cold air"] * 7, 1), (["", "-"], 0), ([], 0)])
def test_fewer_than_asked(texts: list[str], left: int) -> None:
    p = np.full((len(texts), 3), 1 / 3)
    found = suggest(texts, Scores(SCALE, p, (Status.OK,) * len(texts)), 50)
    assert len(found.chosen) == found.candidates == found.drawn == left


def test_certain_scores_are_no_obstacle() -> None:
    texts = class_answers()
    assert len(suggest(texts, said([[1.0, 0, 0]] * len(texts)), 12).chosen) == 12


def test_of_very_many_answers_some_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST", 5)
    monkeypatch.setattr(module, "MOST_SCORED", 3)
    texts = class_answers()
    first, again, other = (suggest(texts, unsure(12), 9, texts[:2] * 4, seed) for seed in (0, 0, 1))
    assert (len(first.chosen), first.candidates, first.drawn) == (5, 10, 5)
    assert first == again
    assert {one.row for one in first.chosen} != {one.row for one in other.chosen}


@pytest.mark.parametrize(
    ("probabilities", "scored", "reason"),
    [
        ([0.1, 0.44, 0.46], (), "unsure between 1 and 2"),
        ([0.46, 0.1, 0.44], ("zebra",), "unsure between 0 and 2; unlike anything scored so far"),
        ([0.9, 0.1, 0.0], ("zebra",), "unlike anything scored so far"),
        ([0.9, 0.1, 0.0], ("cold air there",), "stands for answers that those above do not cover"),
    ],
)
def test_reasons(probabilities: list[float], scored: tuple[str, ...], reason: str) -> None:
    found = suggest(["the cold air"], said([probabilities]), 1, scored)
    assert [(one.reason, one.probability) for one in found.chosen] == [(reason, max(probabilities))]


def test_a_crowd_is_a_reason() -> None:
    texts = class_answers()
    first = suggest(texts, said([[0.9, 0.1, 0.0]] * len(texts)), 1).chosen[0]
    assert first.reason == "like 5 other answers without a score"


def test_the_taste_depends_on_whether_scored_answers_are_known() -> None:
    texts = class_answers()
    p = said(np.random.default_rng(1).dirichlet([1, 1, 1], size=len(texts)))
    assert suggest(texts, p, 5) == suggest(texts, p, 5, taste=WITHOUT_SCORED)
    assert suggest(texts, p, 5, texts[:3]) == suggest(texts, p, 5, texts[:3], taste=WITH_SCORED)


@pytest.mark.parametrize(
    ("texts", "n", "problem"), [(["cold air"], 1, "2 scores for 1 answers"), (["a b", "c d"], 0, "0 answers")]
)
def test_mistakes(texts: list[str], n: int, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        suggest(texts, unsure(2), n)


def test_nothing_to_suggest_has_its_counts() -> None:
    assert suggest([""], unsure(1), 3) == Suggestions((), 0, 1, 0, 0, 0, 0)


# The benchmark's arithmetic


def test_intervals_are_paired_over_items_and_seeds() -> None:
    paired = np.array([[0.1, 0.1, 0.1], [0.3, 0.3, 0.3]])
    found = benchmark._interval(paired)
    assert found["value"] == pytest.approx(0.2)
    assert found["over seeds"] == [0.2, 0.2]
    assert found["over items and seeds"] == [0.1, 0.3]


def test_answers_that_equal_five_hundred_random_ones() -> None:
    sizes = range(100, 501, 100)
    base = np.array([[[0.5, 0.55, 0.6, 0.62, 0.64]]])
    assert benchmark._reached(base + 0.03, base, sizes) == 350
    assert benchmark._reached(base, base, sizes) == 500
    assert benchmark._reached(base - 0.01, base, sizes) is None


def test_coverage_is_counted_over_what_was_told() -> None:
    told = dict(zip(benchmark.FORECAST, [0.7, 0.6, 0.8, 0.6, 0.8, 0.75, 0.02, 0.0, 0.04, -0.1, 0.1, 0.05], strict=True))
    rows = np.array([list(told.values()), list({**told, "came": 0.9}.values()), [np.nan] * 12])
    found = benchmark._of_forecast(rows)
    assert (found["n"], found["told"], found["coverage"]) == (3, 2, 0.5)
    assert (found["gain coverage"], found["gain coverage with the test answers' luck"]) == (0, 1)
    assert found["mean error"] == pytest.approx(-0.125)


def test_the_package_has_the_taste_that_the_benchmark_chose() -> None:
    found = json.loads((ROOT / "benchmarks" / "results" / "suggest.json").read_text(encoding="utf-8"))["taste"]
    assert found["scored known"]["best"] == found["scored known"]["in the package"] == asdict(WITH_SCORED)
    assert found["scored unknown"]["best"] == found["scored unknown"]["in the package"] == asdict(WITHOUT_SCORED)
