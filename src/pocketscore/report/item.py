"""One item's section of the report, as plain values for the template."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from markupsafe import Markup

from pocketscore.report import answers, charts, findings, notes
from pocketscore.report.frontier_chart import Sized, frontier_chart
from pocketscore.report.numerals import plain
from pocketscore.report.summary import Fact, Glance, glance, summary
from pocketscore.report.summary_groups import column_name
from pocketscore.report.validity_view import ValidityView
from pocketscore.report.wording import RATERS, label
from pocketscore.results import METHODS, ItemResult, compared_with, nobody_scored, scores_of
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
    """How many answers have a score point (None: any), in each part and altogether."""

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

    @property
    def nominal(self) -> bool:
        """Whether the score points have no order."""
        return self.result.responses.item.scale.kind == "nominal"

    @cached_property
    def summary(self) -> tuple[Fact, ...]:
        """The evidence in plain words."""
        return summary(self.result)

    @property
    def glance(self) -> Glance:
        """The evidence for one line of the table of several items."""
        return glance(self.result)

    @cached_property
    def validity(self) -> ValidityView:
        """The evidence beyond plain agreement."""
        return ValidityView(self.result)

    @property
    def group_names(self) -> list[Markup]:
        """Group columns of the data, examined or not."""
        return [label(column_name(name)) for name in self.result.responses.groups]

    @cached_property
    def compared(self) -> tuple[findings.Compared, ...]:
        """Lines of the agreement table."""
        return findings.compared(self.result)

    @cached_property
    def cautions(self) -> tuple[str, ...]:
        """Reasons to read the numbers with care."""
        return findings.cautions(self.result)

    @property
    def unscored(self) -> str:
        """What has to be said where nobody has scored an answer, '' where people did."""
        return nobody_scored(self.result.responses)

    @property
    def against(self) -> str:
        """Whose scores everything is compared with."""
        return scores_of(self.scored_by)

    @property
    def scored_by(self) -> str:
        """The language model whose scores stand in for people's, '' where people scored."""
        return self.result.responses.scored_by

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
        against = "the language model" if self.scored_by else "the human score"  # a name may be too long here
        return charts.interval_chart(rows, f"{self.main_metric} with {against}, 95 % interval")

    @cached_property
    def sized(self) -> tuple[Sized, ...]:
        """Models that are compared and whose size and quality are known, the student first."""
        weights = self.result.scorer.parameters
        sizes = {"student": weights, "original_nn": weights, "teacher": self.result.teacher_parameters}
        scale, found = self.result.responses.item.scale, self.result.agreement
        models = [
            Sized(name, RATERS[name], size, findings.main_estimate(found[name], scale))
            for name, size in sizes.items()
            if size and name in found and name in compared_with(self.scored_by)
        ]
        return tuple(model for model in models if np.isfinite(model.quality.value))

    @property
    def frontier_chart(self) -> Markup:
        """The main metric over the number of parameters."""
        human, scale = self.result.human, self.result.responses.item.scale
        people = None if human is None else findings.main_estimate(human, scale)
        return frontier_chart(self.sized, self.main_metric, people if people and np.isfinite(people.value) else None)

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

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """Parts of the data; calibration only where there is one."""
        there = set(self.result.responses.parts or ())
        return tuple(part for part in Part if part in there or part is not Part.CALIBRATION)

    @property
    def counts(self) -> tuple[PointCount, ...]:
        """Answers by score point and part, with totals."""
        points = self.result.responses.item.scale.points
        scores = {part: self.result.responses.part(part).scores for part in self.parts}
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
