"""One item's section of the report, as plain values for the template."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from markupsafe import Markup

from pocketscore.report import answers, charts, findings, notes
from pocketscore.report.numerals import plain
from pocketscore.results import METHODS, ItemResult
from pocketscore.student.spec import PRESETS, spec_to_dict
from pocketscore.types import MISSING, Ints, Part


@dataclass(frozen=True, eq=False)
class Matrix:
    """One confusion table: rows the human score, columns the other's."""

    name: str
    counts: Ints
    points: tuple[str, ...]

    @property
    def rows(self) -> list[tuple[str, list[int], int]]:
        """Score point, its K counts, and their total."""
        return [(point, row, sum(row)) for point, row in zip(self.points, self.counts.tolist(), strict=True)]


@dataclass(frozen=True)
class PointCount:
    """How many answers have a score point (None: any), in train, validation, test and altogether."""

    point: str | None
    counts: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class ItemView:
    """What the template prints of one item.

    Attributes:
        number: Place among the items, from 1; also its anchor.
        result: The numbers.
        data: The file behind them.
        speed: Measured speed, if any.
    """

    number: int
    result: ItemResult
    data: notes.DataNotes
    speed: notes.Speed | None

    @property
    def id(self) -> str:
        """The item's id."""
        return self.result.responses.item.id

    @cached_property
    def compared(self) -> tuple[findings.Compared, ...]:
        """Lines of the agreement table."""
        return findings.compared(self.result)

    @cached_property
    def cautions(self) -> tuple[str, ...]:
        """Reasons to read the numbers with care."""
        return findings.cautions(self.result)

    @property
    def main_metric(self) -> str:
        """Name of the metric to look at first."""
        return findings.METRICS[findings.main_metric(self.result.responses.item.scale)]

    def main_value(self, key: str) -> float:
        """The main metric of one line of the agreement table, NaN when there is no such line."""
        scale = self.result.responses.item.scale
        found = {line.key: findings.main_estimate(line.agreement, scale).value for line in self.compared}
        return found.get(key, float("nan"))

    @property
    def interval_chart(self) -> Markup:
        """The main metric of everything compared."""
        scale = self.result.responses.item.scale
        lines = [(line, findings.main_estimate(line.agreement, scale)) for line in self.compared]
        rows = [charts.IntervalRow(line.name, estimate, line.key == "student") for line, estimate in lines]
        return charts.interval_chart(rows, f"{self.main_metric} with the human score, 95 % interval")

    @property
    def matrices(self) -> tuple[Matrix, ...]:
        """Confusion of teacher, student and second rater with the human score."""
        points = self.result.responses.item.scale.points
        found = {"Teacher": self.result.agreement["teacher"], "Student": self.result.agreement["student"]}
        if self.result.human is not None:
            found["Second rater"] = self.result.human
        return tuple(Matrix(name, agreement.confusion, points) for name, agreement in found.items())

    @cached_property
    def curves(self) -> tuple[charts.Curve, ...]:
        """Validation loss of every network with at least one finite check."""
        found = []
        for key in ("student", "original_nn"):
            table = np.asarray(self.result.curves.get(key, ()), dtype=np.float64).reshape(-1, 3)
            table = table[np.isfinite(table).all(axis=1)]
            if len(table):
                found.append(charts.Curve(METHODS[key], table[:, 0], table[:, 2], key == "student"))
        return tuple(found)

    @property
    def curve_chart(self) -> Markup:
        """Validation loss over the training step."""
        return charts.curve_chart(self.curves, "Validation loss")

    @property
    def preset(self) -> str:
        """Name of the student's preset, its kind when it is none of them."""
        spec = self.result.scorer.spec
        named = next((name for name, known in PRESETS.items() if known == spec), f"{spec.kind} (own sizes)")
        return str(self.result.scorer.card.get("preset", named))

    @property
    def sizes(self) -> str:
        """The student's sizes in one line."""
        spec: Mapping[str, Any] = spec_to_dict(self.result.scorer.spec)
        return ", ".join(
            f"{name.replace('_', ' ')} {_setting(value)}" for name, value in spec.items() if name != "kind"
        )

    def card(self, key: str) -> str:
        """A setting from the scorer's card, as text; '' when it is not there."""
        return _setting(self.result.scorer.card.get(key, ""))

    @cached_property
    def worst(self) -> tuple[answers.AnswerRow, ...]:
        """Answers where student and human differ most."""
        return answers.worst(self.result)

    @cached_property
    def doubtful(self) -> tuple[answers.AnswerRow, ...]:
        """Answers where teacher and student agree, but not with the human."""
        return answers.doubtful(self.result)

    @property
    def counts(self) -> tuple[PointCount, ...]:
        """Answers by score point and part, with totals."""
        points = self.result.responses.item.scale.points
        scores = {part: self.result.responses.part(part).scores for part in Part}
        columns = [np.bincount(found[found != MISSING], minlength=len(points)) for found in scores.values()]
        table = np.column_stack([*columns, np.sum(columns, axis=0)])
        rows = [PointCount(point, tuple(row)) for point, row in zip(points, table.tolist(), strict=True)]
        return (*rows, PointCount(None, tuple(table.sum(axis=0).tolist())))

    @property
    def double_scored(self) -> int:
        """Answers with a second rater's score."""
        return int((self.result.responses.second != MISSING).sum())

    @property
    def dropped(self) -> tuple[notes.DroppedGroup, ...]:
        """Rows of this item that were left out."""
        return notes.of_item(self.data, self.id)


def _setting(value: object) -> str:
    if isinstance(value, list | tuple):
        return "/".join(_setting(part) for part in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return plain(value) if isinstance(value, float) else str(value)
