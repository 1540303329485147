"""Human scores that the teacher contradicts: found, and worth finding."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import cohen_kappa_score

from pocketscore.label_audit import Treatment, audit, treated
from pocketscore.soft_labels import assign_folds, fit_temperature, softmax_at
from pocketscore.teachers.ngrams import NgramTeacher
from pocketscore.types import Floats, Ints

TABLES = st.integers(2, 4).flatmap(
    lambda k: st.lists(
        st.tuples(st.lists(st.floats(0.01, 1), min_size=k, max_size=k), st.integers(0, k - 1)), min_size=1, max_size=30
    )
)


def table(rows: list[tuple[list[float], int]]) -> tuple[Floats, Ints]:
    p = np.array([row for row, _ in rows])
    return p / p.sum(axis=1, keepdims=True), np.array([score for _, score in rows])


@given(TABLES)
def test_a_score_that_the_teacher_shares_is_never_suspect(rows: list[tuple[list[float], int]]) -> None:
    p, scores = table(rows)
    found = audit(p, scores)
    agrees = p.argmax(axis=1) == scores
    assert not found.suspect[agrees].any()
    assert (found.doubt[agrees] == 0).all()
    assert ((found.doubt >= 0) & (found.doubt <= 1)).all()


def test_thresholds_are_those_of_confident_learning() -> None:
    """By hand: thresholds .7 and .6; the third answer reaches the first threshold only, the fourth none."""
    p = np.array([[0.8, 0.2], [0.6, 0.4], [0.75, 0.25], [0.55, 0.45], [0.05, 0.95]])
    scores = np.array([0, 0, 1, 1, 1])
    found = audit(p, scores)
    assert found.suspect.tolist() == [False, False, True, False, False]
    np.testing.assert_allclose(found.doubt, [0, 0, 0.5, 0.1, 0])
    assert found.suggested.tolist() == [0, 0, 0, 0, 1]


@given(TABLES)
def test_treatments_change_suspects_only(rows: list[tuple[list[float], int]]) -> None:
    p, scores = table(rows)
    hard, found = np.eye(p.shape[1])[scores], audit(p, scores)
    assert (treated(hard, p, found, "keep") == hard).all()
    treatments: tuple[Treatment, ...] = ("down-weight", "mix", "drop")
    for treatment in treatments:
        changed = treated(hard, p, found, treatment)
        assert (changed[~found.suspect] == hard[~found.suspect]).all()
        assert (changed >= 0).all()
    np.testing.assert_allclose(treated(hard, p, found, "mix").sum(axis=1), 1)
    assert (treated(hard, p, found, "drop")[found.suspect] == 0).all()


IDEAS = (
    ("there is vapour in the air", "the air holds water", "moisture is in the air around"),
    ("it cools on the glass", "the glass makes it cold", "it meets something colder"),
    ("it turns into drops", "it becomes liquid again", "it condenses"),
)
OTHER = ("the glass leaks", "water came through", "I saw it at home", "it was a hot day", "the ice melted", "it is wet")


@pytest.fixture(scope="module")
def answers() -> tuple[tuple[str, ...], Ints]:
    """Answers scored by the number of ideas in them; all but the first eight hundred are for the test."""
    rng = np.random.default_rng(1)
    texts, scores = [], []
    for _ in range(1800):
        held = rng.random(3) < 0.5
        said = [str(rng.choice(idea)) for idea, has in zip(IDEAS, held, strict=True) if has]
        said += [str(phrase) for phrase in rng.choice(OTHER, size=2, replace=False)]
        texts.append(" and ".join(rng.permutation(said)))
        scores.append(int(held.sum()))
    return tuple(texts), np.array(scores)


def agreement(texts: tuple[str, ...], targets: Floats, tests: tuple[str, ...], scores: Ints) -> float:
    """QWK on a test of a plain model trained on weighted targets."""
    features = TfidfVectorizer(ngram_range=(1, 2)).fit(texts)
    rows, points = np.nonzero(targets)
    model = LogisticRegression(C=10, max_iter=1000).fit(
        features.transform(texts)[rows], points, sample_weight=targets[rows, points]
    )
    return float(cohen_kappa_score(scores, model.predict(features.transform(tests)), weights="quadratic"))


@pytest.mark.parametrize("share", [0.05, 0.1, 0.2])
def test_planted_wrong_scores_are_found_and_agreement_is_saved(
    answers: tuple[tuple[str, ...], Ints], share: float
) -> None:
    """A share of human scores is replaced by another point at random; the teacher never saw its own row.

    At 5, 10 and 20 %: 75, 68 and 59 % of the wrong scores are suspect, and most suspects are wrong.
    """
    texts, truth = answers
    learnt, tests = slice(0, 800), slice(800, None)
    rng = np.random.default_rng(0)
    scores = truth.copy()
    wrong = rng.choice(800, size=round(share * 800), replace=False)
    scores[wrong] = (scores[wrong] + rng.integers(1, 4, size=len(wrong))) % 4
    folds = assign_folds(texts[learnt], scores[learnt].tolist(), 5, seed=0)
    teacher = NgramTeacher(texts[learnt], scores[learnt], folds, total=5, points=4)
    p = np.empty((len(folds), 4))
    for fold in range(5):
        rows = np.flatnonzero(folds == fold).tolist()
        p[rows] = teacher.logits([texts[i] for i in rows], fold)
    p = softmax_at(p, fit_temperature(p, scores[learnt]))
    found = audit(p, scores[learnt])
    planted = np.zeros(len(folds), dtype=bool)
    planted[wrong] = True
    first = np.argsort(-found.doubt)[: len(wrong)]
    hard = np.eye(4)[scores[learnt]]
    kept = agreement(texts[learnt], hard, texts[tests], truth[tests])
    mixed = agreement(texts[learnt], treated(hard, p, found, "mix"), texts[tests], truth[tests])
    assert found.suspect[planted].mean() > 0.5
    assert planted[found.suspect].mean() > 0.5
    assert planted[first].mean() > 0.7
    assert mixed > kept
