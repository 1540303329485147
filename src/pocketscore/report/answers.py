"""Which test answers the report shows: those where machine and person differ most."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from pocketscore.results import ItemResult
from pocketscore.types import MISSING, Floats, Part, Responses, Scale

MOST_WORST = 15
MOST_DOUBTFUL = 10
LONGEST = 400
"""Characters of an answer that are shown."""


@dataclass(frozen=True)
class AnswerRow:
    """One test answer with everybody's score; None where there is none."""

    id: str
    text: str
    human: str
    second: str | None
    teacher: str | None
    student: str
    student_probability: float
    teacher_probability: float


def worst(result: ItemResult) -> tuple[AnswerRow, ...]:
    """Up to 15 answers where student and human differ most: by distance on the scale, then by confidence."""
    test, student = _Test(result), result.predictions["student"]
    rows = np.flatnonzero((test.human != MISSING) & (student != MISSING) & (student != test.human))
    return test.shown(rows, lambda row: float(test.student[row, student[row]]), MOST_WORST)


def doubtful(result: ItemResult) -> tuple[AnswerRow, ...]:
    """Up to 10 answers where teacher and student agree, but not with the human."""
    test, student = _Test(result), result.predictions["student"]
    agreed = (student != MISSING) & (student == result.predictions["teacher"])
    rows = np.flatnonzero((test.human != MISSING) & agreed & (student != test.human))
    return test.shown(
        rows, lambda row: float(min(test.student[row, student[row]], test.teacher[row, student[row]])), MOST_DOUBTFUL
    )


def shown_text(text: str) -> str:
    """An answer as printed: white space folded, cut after 400 characters.

    >>> shown_text("two  lines "), len(shown_text("long " * 100))
    ('two lines', 400)
    """
    folded = " ".join(text.split())
    return folded if len(folded) <= LONGEST else folded[: LONGEST - 1].rstrip() + "…"


class _Test:
    """The test part of a result, row by row."""

    def __init__(self, result: ItemResult) -> None:
        self._responses: Responses = result.responses.part(Part.TEST)
        self._result = result
        self._scale: Scale = self._responses.item.scale
        self.human = self._responses.scores
        self.student: Floats = result.probabilities["student"]
        self.teacher: Floats = result.probabilities["teacher"]

    def shown(self, rows: Iterable[int], confidence: Callable[[int], float], most: int) -> tuple[AnswerRow, ...]:
        ordered = sorted((int(row) for row in rows), key=lambda row: (-self._distance(row), -confidence(row), row))
        return tuple(self._row(row) for row in ordered[:most])

    def _distance(self, row: int) -> float:
        if self._scale.kind == "nominal":
            return 1.0
        values = self._scale.values
        return float(abs(values[self._result.predictions["student"][row]] - values[self.human[row]]))

    def _row(self, row: int) -> AnswerRow:
        student, teacher = (self._result.predictions[name][row] for name in ("student", "teacher"))
        return AnswerRow(
            id=self._responses.ids[row],
            text=shown_text(self._responses.texts[row]),
            human=self._scale.points[self.human[row]],
            second=self._point(self._responses.second[row]),
            teacher=self._point(teacher),
            student=self._scale.points[student],
            student_probability=float(self.student[row, student]),
            teacher_probability=float(self.teacher[row, teacher]),
        )

    def _point(self, index: int) -> str | None:
        return None if index == MISSING else self._scale.points[index]
