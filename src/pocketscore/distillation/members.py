"""The teachers of one item as a mixture sees them: logits for texts, each by the fold that has not seen it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np

from pocketscore.errors import TeacherError
from pocketscore.llm.asking import Opened
from pocketscore.llm.calibration import Calibrator, crossfitted
from pocketscore.llm.model import Answers
from pocketscore.progress import Progress, Silent
from pocketscore.types import Floats, Ints, Part, Responses

MEAN = -1
"""Fold number of a row that has the mean of all folds."""


class Member(Protocol):
    """One teacher."""

    def logits(self, texts: Sequence[str], folds: Ints) -> Floats:
        """(F, N, K) logits, F the number of folds; NaN where a fold is not asked, or said nothing."""


class Folded:
    """A teacher that was trained K times, each time without one fold.

    Args:
        ask: Logits (M, K) of texts by one fold.
        folds: Number of folds.
        points: Number of score points K.
    """

    def __init__(self, ask: Callable[[Sequence[str], int], Floats], folds: int, points: int) -> None:
        self._ask, self._folds, self._points = ask, folds, points

    def logits(self, texts: Sequence[str], folds: Ints) -> Floats:
        """Each text by its own fold, by all where that is `MEAN`."""
        logits = np.full((self._folds, len(texts), self._points), np.nan)
        for fold in range(self._folds):
            rows = np.flatnonzero((folds == fold) | (folds == MEAN)).tolist()
            logits[fold, rows] = self._ask([texts[i] for i in rows], fold)
        return logits


def note_failures(answers: Answers, item: str, name: str, progress: Progress) -> None:
    """Note why answers got no score. Raises TeacherError where that is for want of money: half a teacher misleads."""
    reasons = Counter(failure.reason for failure in answers.failures)
    for reason, n in reasons.most_common():
        progress.note(f"item {item}: {n} answers without a score by {name}: {reason}")
    if left := sum(failure.kind == "budget" for failure in answers.failures):
        raise TeacherError(
            f"{name}: the budget was reached with {left} of {len(answers.logits)} answers to item {item} unanswered",
            "raise --max-cost or --max-calls and give the same command again; what was answered is not paid for twice",
        )


class Prompted:
    """A language model, calibrated on the training answers that people scored.

    It learns nothing, so it needs no folds: a prompt never holds the score of the answer that it asks about, nor of the
    same words by another pupil. It is asked about real answers only; of augmented ones it says nothing.

    Args:
        responses: The split responses.
        model: The language model, open.
        folds: Number of folds of the other teachers.
        train_folds: (T,) fold of each training answer: calibration too is fitted on other rows than it is used on. With
            one fold, where the other teachers are not calibrated either, there is none.
        progress: Told why answers got no score.

    Raises:
        InputError: When nothing is known about the item, or a score point has no example.
    """

    def __init__(
        self, responses: Responses, model: Opened, folds: int, train_folds: Ints, progress: Progress | None = None
    ) -> None:
        self._responses, self._model, self._folds, self._train_folds = responses, model, folds, train_folds
        self._progress = progress or Silent()
        self._train = np.flatnonzero(np.array(responses.parts) == Part.TRAIN)
        self._said: dict[str, Floats] = {}
        self._calibrator: Calibrator | None = None
        model.teacher(responses).check(responses.texts)

    def logits(self, texts: Sequence[str], folds: Ints) -> Floats:
        """What the model says of real answers, the same for every fold.

        The item's own training answers are calibrated out of fold, all others by all training answers.
        """
        found = np.full((len(texts), len(self._responses.item.scale)), np.nan)
        if tuple(texts) == self._responses.texts:
            found = self._of_responses()
        elif rows := np.flatnonzero(folds == MEAN).tolist():
            found[rows] = self._fitted().apply(self._raw([texts[i] for i in rows]))
        return np.broadcast_to(found, (self._folds, *found.shape))

    def planned(self, texts: Sequence[str], folds: Ints) -> int:
        """How many answers `logits` would ask the model about."""
        if tuple(texts) != self._responses.texts:
            texts = [texts[i] for i in np.flatnonzero(folds == MEAN).tolist()]
        return len(set(self._model.scrubbed(self._responses, self._fresh(texts))))

    def _of_responses(self) -> Floats:
        raw = self._raw(self._responses.texts)
        found = self._fitted().apply(raw)
        if self._calibrated:
            found[self._train] = crossfitted(raw[self._train], self._responses.scores[self._train], self._train_folds)
        return found

    def _fitted(self) -> Calibrator:
        if self._calibrator is None:
            raw = self._raw([self._responses.texts[i] for i in self._train.tolist()])
            scores = self._responses.scores[self._train]
            self._calibrator = Calibrator.fit(raw, scores) if self._calibrated else Calibrator.none(raw.shape[1])
        return self._calibrator

    @property
    def _calibrated(self) -> bool:
        """Whether people's scores are there to calibrate on, and rows apart from them."""
        return not self._responses.scored_by and self._folds > 1

    def _raw(self, texts: Sequence[str]) -> Floats:
        """(N, K) what the model says, each text asked about once."""
        if fresh := self._fresh(texts):
            answers = self._model.ask(self._responses, fresh)
            note_failures(answers, self._responses.item.id, self._model.asking.name, self._progress)
            self._said.update(zip(fresh, answers.logits, strict=True))
        return np.array([self._said[text] for text in texts])

    def _fresh(self, texts: Sequence[str]) -> list[str]:
        return list(dict.fromkeys(text for text in texts if text not in self._said))
