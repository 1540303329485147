"""One trial of a sweep: the network of each item, and what it is worth on the validation part.

The test part is not looked at here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pocketscore.distillation.budget import GROUP, file_size
from pocketscore.distillation.fit import ItemFitter, Said
from pocketscore.distillation.lesson import Lesson
from pocketscore.distillation.settings import LossSettings
from pocketscore.distillation.train import TrainedStudent
from pocketscore.label_audit import audit
from pocketscore.metrics import confusion, macro_f1, qwk
from pocketscore.student.spec import PocketSpec
from pocketscore.types import MISSING, Floats, Ints, Part, Scale, Scores, Status


@dataclass(frozen=True, eq=False)
class Exercise:
    """What one network has to learn; it can be sent to another process."""

    lesson: Lesson
    loss: LossSettings
    seed: int

    def name(self) -> str:
        """Of the finished network in the work directory."""
        return f"student-{self.lesson.key(self.loss, self.seed)}"


def learnt(exercise: Exercise | None) -> TrainedStudent | None:
    """The network, None where there is nothing to learn."""
    return None if exercise is None else exercise.lesson.learnt(exercise.loss, exercise.seed)


@dataclass(frozen=True, eq=False)
class Checked:
    """What probabilities are worth on the V validation answers of an item that people scored.

    Attributes:
        losses: (V,) surprise at the human score of each.
        agreement: QWK, on a nominal scale macro-F1; NaN where it is undefined.
    """

    losses: Floats
    agreement: float


class TrialFitter(ItemFitter):
    """Fits one item as `ItemFitter` does, but one network only, and judges it by the validation part alone.

    First `exercise`, then `keep` what was learnt, then `checked`.
    """

    def exercise(self) -> Exercise | None:
        """What has to be learnt; None when that network is finished already."""
        settings = self._settings
        taught = self._labeller.teach(self._number)
        rows = np.flatnonzero(np.array(self._responses.parts) == Part.TRAIN)
        plain = Lesson.plain(self._responses, taught.soft.probabilities[rows], self._vocabulary, self._spec)
        found = audit(plain.targets.soft, self._parts[Part.TRAIN].scores) if self._honest(taught) else None
        lesson, _ = self._lesson(plain, taught, found)
        exercise = Exercise(lesson, settings.loss(settings.lambda_ or 0.0), settings.seed)
        self.name = exercise.name()
        return exercise if self._work.get(self.name) is None else None

    def keep(self, network: TrainedStudent | None) -> None:
        """Finish the network in the work directory, as `ItemFitter` finishes its own."""
        if network is not None:
            self._work.put(self.name, {**network.arrays, "curve": network.curve})

    def checked(self) -> Checked:
        """What the finished network is worth, with the weights that its file would hold."""
        said = self._scorer(self._finished()).score(self._parts[Part.VALIDATION].texts).probabilities
        found = self._judged(said)
        self._work.put(f"checked-{self.name}", {"losses": found.losses})
        return found

    def tfidf(self) -> Checked:
        """What TF-IDF with logistic regression is worth, learnt from the same answers and judged in the same way."""
        return self._judged(self._tfidf().validation)

    @property
    def size(self) -> int:
        """Bytes of the finished file, as `distillation.budget` counts them."""
        groups = sum(len(set(labels)) for labels in self._parts[Part.TRAIN].groups.values())
        assert isinstance(self._spec, PocketSpec)  # a budget takes no other
        return file_size(self._spec, self._vocabulary, self._responses.item) + GROUP * groups

    def _judged(self, said: Floats) -> Checked:
        part, scale = self._parts[Part.VALIDATION], self._responses.item.scale
        cuts = self._cuts(Said(said, said[:0]))
        scores = Scores(scale, said, (Status.OK,) * len(part), cuts).indices
        return Checked(surprise(said, part.scores), _agreement(part.scores, scores, scale))

    def _finished(self) -> TrainedStudent:
        stored = self._work.get(self.name)
        if stored is None:
            raise RuntimeError(f"{self.name} is not finished; call keep() first")
        curve = stored.pop("curve").astype(np.float64)
        return TrainedStudent({tensor: array.astype(np.float32) for tensor, array in stored.items()}, curve)


def surprise(probabilities: Floats, scores: Ints) -> Floats:
    """(V,) -ln p of the human score of each answer that has one and was scored; at most 36, as `cross_entropy` has it.

    >>> surprise(np.array([[0.5, 0.5], [0.2, 0.8], [np.nan, np.nan]]), np.array([0, 1, 0])).round(2)
    array([0.69, 0.22])
    """
    rows = np.flatnonzero((scores != MISSING) & np.isfinite(probabilities).all(axis=1))
    return np.asarray(-np.log(np.maximum(probabilities[rows, scores[rows]], np.finfo(np.float64).eps)))


def _agreement(human: Ints, other: Ints, scale: Scale) -> float:
    counts = confusion(human, other, len(scale))
    return float(macro_f1(counts) if scale.kind == "nominal" else qwk(counts, scale.values))
