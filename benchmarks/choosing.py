"""Ways to choose which answers to score next, and scorers that are trained again after every batch; for `suggest`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from pocketscore.decision import cut_points
from pocketscore.metrics import confusion, qwk
from pocketscore.student.forward import softmax
from pocketscore.trust.ngram_ridge import NgramRidge, similarities
from pocketscore.trust.suggest import WITH_SCORED, WITHOUT_SCORED, Taste, choose, doubts, remaining
from pocketscore.types import Floats, Ints, Part, Responses, Scores, Status

FIRST, LAST = 100, 500
"""Scored answers to begin and to end with."""

SHARPNESS = (1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0)


@dataclass(frozen=True, eq=False)
class Question:
    """One item of the data."""

    responses: Responses

    @property
    def name(self) -> str:
        """Its id."""
        return self.responses.item.id

    @cached_property
    def similar(self) -> Floats:
        """(N, N) similarities of its answers."""
        return similarities(self.responses.texts)

    def rows(self, part: Part) -> Ints:
        """Rows of one part."""
        return np.flatnonzero(np.array(self.responses.parts) == part)

    def agreement(self, rows: Ints, given: Ints) -> float:
        """QWK with the human scores."""
        return float(qwk(self.confusion(rows, given), self.responses.item.scale.values))

    def confusion(self, rows: Ints, given: Ints) -> Ints:
        """(K, K) counts of human and given scores."""
        return confusion(self.responses.scores[rows], given, len(self.responses.item.scale))


Learner = Callable[[Question, Ints, Ints, int], Floats]
"""Question, rows to learn from, rows to score, seed -> probabilities (M, K)."""


def ridge(question: Question, trained: Ints, asked: Ints, seed: int = 0) -> Floats:  # noqa: ARG001
    """Probabilities by the stand-in: a softmax whose sharpness fits its own held-out estimates."""
    scores, scale = question.responses.scores[trained], question.responses.item.scale
    model = NgramRidge.fit(question.similar[np.ix_(trained, trained)], scores, scale)
    losses = [-np.log(softmax(s * model.held_out)[np.arange(len(scores)), scores]).mean() for s in SHARPNESS]
    return softmax(SHARPNESS[int(np.argmin(losses))] * model.points(question.similar[np.ix_(asked, trained)]))


def network(question: Question, trained: Ints, asked: Ints, seed: int) -> Floats:
    """Probabilities by the pocket student, trained on human scores alone."""
    from pocketscore.distillation.lesson import Lesson
    from pocketscore.distillation.settings import DistillSettings, LossSettings
    from pocketscore.student.scorer import Scorer
    from pocketscore.student.spec import preset
    from pocketscore.text import Vocabulary

    settings, spec = DistillSettings(), preset("pocket")
    rows = np.concatenate([trained, question.rows(Part.VALIDATION)])
    parts = (Part.TRAIN,) * len(trained) + (Part.VALIDATION,) * (len(rows) - len(trained))
    learnt = replace(question.responses.take(rows), parts=parts)
    vocabulary = Vocabulary.of(
        learnt.texts[: len(trained)], at_least=settings.at_least, at_most=settings.vocabulary_size
    )
    uniform = np.full((len(trained), len(learnt.item.scale)), 1 / len(learnt.item.scale))
    found = Lesson.plain(learnt, uniform, vocabulary, spec).learnt(LossSettings(0.0), seed)
    scorer = Scorer(question.name, spec, vocabulary, found.arrays, learnt.item.scale)
    return scorer.score([question.responses.texts[row] for row in asked]).probabilities


def held_out(question: Question) -> Ints:
    """Rows of the validation part, then those of the test part."""
    return np.concatenate([question.rows(Part.VALIDATION), question.rows(Part.TEST)])


def quality(question: Question, said: Floats) -> tuple[float, float]:
    """QWK on the test part, with cut points from the validation part, and by the likeliest point.

    Args:
        question: The item.
        said: Probabilities of the rows `held_out`.
    """
    checked, test = question.rows(Part.VALIDATION), question.rows(Part.TEST)
    scale, likeliest = question.responses.item.scale, said[len(checked) :].argmax(axis=1)
    expected = said @ scale.values
    cuts = cut_points(expected[: len(checked)], question.responses.scores[checked], scale)
    scaled = likeliest if cuts is None else np.searchsorted(np.array(cuts), expected[len(checked) :], side="right")
    return question.agreement(test, scaled), question.agreement(test, likeliest)


Way = Callable[[Question, Ints, Ints, Scores, np.random.Generator, int], Ints]
"""Question, pool, scored rows, what the scorer says of the pool, random numbers, how many -> places in the pool."""


def by_taste(taste: Taste, *, knows_scored: bool) -> Way:
    """Our suggestion."""

    def chosen(question: Question, pool: Ints, scored: Ints, said: Scores, rng: np.random.Generator, n: int) -> Ints:  # noqa: ARG001
        known = scored if knows_scored else scored[:0]
        similar = question.similar
        covariance = remaining(
            similar[np.ix_(pool, pool)], similar[np.ix_(pool, known)], similar[np.ix_(known, known)], taste.noise
        )
        return choose(covariance, doubts(said), n, taste)

    return chosen


def at_random(question: Question, pool: Ints, scored: Ints, said: Scores, rng: np.random.Generator, n: int) -> Ints:  # noqa: ARG001
    """What people do."""
    return rng.permutation(len(pool))[:n]


def most_uncertain(
    question: Question, pool: Ints, scored: Ints, said: Scores, rng: np.random.Generator, n: int  # noqa: ARG001
) -> Ints:  # fmt: skip
    """The largest entropy."""
    p = said.probabilities
    return np.argsort((p * np.log(np.maximum(p, 1e-12))).sum(axis=1), kind="stable")[:n]


def most_diverse(question: Question, pool: Ints, scored: Ints, said: Scores, rng: np.random.Generator, n: int) -> Ints:  # noqa: ARG001
    """Each the farthest from all scored and chosen ones (greedy k-centre)."""
    nearest = question.similar[np.ix_(pool, scored)].max(axis=1)
    chosen: list[int] = []
    for _ in range(n):
        chosen.append(int(nearest.argmin()))
        nearest = np.maximum(nearest, question.similar[pool, pool[chosen[-1]]])
        nearest[chosen] = np.inf
    return np.array(chosen, dtype=np.int64)


WAYS: Mapping[str, Way] = {
    "random": at_random,
    "suggested": by_taste(WITH_SCORED, knows_scored=True),
    "suggested, scored unknown": by_taste(WITHOUT_SCORED, knows_scored=False),
    "uncertainty": most_uncertain,
    "diversity": most_diverse,
}


def grown(question: Question, way: Way, learner: Learner, seed: int, batch: int) -> Floats:
    """Agreement after every batch (steps, 2), that of the first FIRST answers included."""
    rng = np.random.default_rng(seed)
    shuffled = rng.permutation(question.rows(Part.TRAIN))
    scored, pool = shuffled[:FIRST], np.sort(shuffled[FIRST:])
    scale, asked = question.responses.item.scale, held_out(question)
    found = []
    while True:
        said = learner(question, scored, np.concatenate([asked, pool]), seed)
        found.append(quality(question, said[: len(asked)]))
        if len(scored) >= LAST:
            return np.array(found)
        of_pool = Scores(scale, said[len(asked) :], (Status.OK,) * len(pool))
        places = way(question, pool, scored, of_pool, rng, batch)
        scored, pool = np.concatenate([scored, pool[places]]), np.delete(pool, places)
