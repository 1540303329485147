"""The committed soft labels in the place of a teacher."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmarks.study.cases import Case
from benchmarks.study.states import states
from pocketscore.distillation.labelling import Taught
from pocketscore.distillation.members import MEAN
from pocketscore.types import Floats, Ints, Part, SoftLabels
from pocketscore.workdir import WorkDir


class TableLabeller:
    """A `Labeller` for one case.

    Args:
        case: The case.
        labels: "soft", "hard" (one-hot at the likeliest score) or "in-sample".
        work: Where word states are kept.
    """

    def __init__(self, case: Case, labels: str, work: WorkDir) -> None:
        self._case, self._labels, self._work = case, labels, work

    def teach(self, item: int) -> Taught:  # noqa: ARG002
        """Soft labels of the table."""
        case = self._case
        folds = np.full(len(case.responses), MEAN, dtype=np.int64)
        folds[case.rows(Part.TRAIN)] = 0 if self._labels == "in-sample" else case.folds
        probabilities = case.in_sample if self._labels == "in-sample" else self._shown(case.soft)
        silent = np.zeros(len(folds), dtype=np.bool_)
        return Taught(SoftLabels(probabilities, folds, {"teacher": "table"}), silent, None, case.teacher_parameters)

    def label(self, item: int, texts: Sequence[str], folds: Ints) -> Floats | None:  # noqa: ARG002
        """Labels of the transfer set, which is all that can be asked."""
        assert tuple(texts) == self._case.transfer.texts
        return self._shown(self._case.transfer_soft)

    def answer(self, texts: Sequence[str]) -> bool:  # noqa: ARG002
        """False: there is nobody to ask."""
        return False

    def states(self, words: Sequence[str]) -> Floats | None:
        """States of words by the pretrained encoder."""
        return states(tuple(words), self._work)

    def _shown(self, soft: Floats) -> Floats:
        return np.eye(soft.shape[1])[soft.argmax(axis=1)] if self._labels == "hard" else soft
