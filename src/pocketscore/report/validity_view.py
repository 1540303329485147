"""What the sections on validity print, as plain values for the template."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from markupsafe import Markup

from pocketscore.report.deferral_chart import deferral_chart
from pocketscore.report.forest_chart import forest_chart
from pocketscore.report.numerals import agreement
from pocketscore.report.point_chart import point_chart
from pocketscore.report.reliability_chart import reliability_chart
from pocketscore.report.summary_groups import column_name
from pocketscore.report.wording import METRICS, PEOPLE, RATERS, REFERRED, named
from pocketscore.results import ItemResult
from pocketscore.trust.fairness import GroupColumn
from pocketscore.trust.fairness_group import Group
from pocketscore.trust.gaming import AttackResult
from pocketscore.trust.points import PointAgreement
from pocketscore.trust.true_score import TrueScore
from pocketscore.trust.validity import Validity
from pocketscore.types import Estimate, Part


@dataclass(frozen=True)
class NumberRow:
    """One number of several raters; None where it is not asked of one of them."""

    name: str
    cells: tuple[Estimate | None, ...]


@dataclass(frozen=True)
class PointRow:
    """What one rater did with the answers of one score point."""

    rater: str
    found: PointAgreement


@dataclass(frozen=True)
class ReferredRow:
    """How many test answers go to people for one reason."""

    reason: str
    count: int


@dataclass(frozen=True)
class TrueScoreRow:
    """Scores as predictions of the true score."""

    name: str
    found: TrueScore


@dataclass(frozen=True, eq=False)
class ColumnView:
    """One group column.

    Attributes:
        name: As people say it.
        column: The numbers.
    """

    name: str
    column: GroupColumn

    @property
    def chart(self) -> Markup:
        """DSM of every examined group."""
        return forest_chart(self.column.groups, self.name)

    @property
    def reasons(self) -> tuple[tuple[str, str], ...]:
        """Group and why a number of it is missing or unclear, without the reason that stands beside its verdict."""
        found = [(group.label, reason) for group in self.column.groups for reason in _reasons(group)]
        return tuple(dict.fromkeys(found))


def _reasons(group: Group) -> Iterator[str]:
    shown = group.reasons.get("verdict")
    yield from (reason for reason in group.reasons.values() if reason != shown)
    yield from (rater.reason for rater in group.raters.values() if rater.reason and rater.reason != shown)
    if group.distillation.reason and group.distillation.reason != shown:
        yield group.distillation.reason


@dataclass(frozen=True, eq=False)
class ValidityView:
    """The evidence beyond plain agreement."""

    result: ItemResult

    @property
    def found(self) -> Validity:
        """The numbers."""
        return self.result.validity

    @property
    def point_chart(self) -> Markup:
        """Exact agreement of every rater at each score point."""
        return point_chart(self.found.points, RATERS)

    @property
    def points(self) -> tuple[tuple[str, tuple[PointRow, ...]], ...]:
        """Score point, and every rater's numbers there."""
        raters = [named(RATERS, name) for name in self.found.points]
        by_point = zip(*self.found.points.values(), strict=True)
        return tuple(
            (row[0].point, tuple(PointRow(rater, one) for rater, one in zip(raters, row, strict=True)))
            for row in by_point
        )

    @cached_property
    def numbers(self) -> tuple[NumberRow, ...]:
        """Reported scores, expected scores and second rater (if there is one) against the human score."""
        numbers = self.found.numbers
        if numbers is None:
            return ()
        columns: list[Mapping[str, Estimate]] = [numbers.reported.metrics, numbers.expected.metrics]
        if numbers.people.n:
            columns.append({PEOPLE.get(name, name): one for name, one in numbers.people.metrics.items()})
        return tuple(
            NumberRow(named(METRICS, name), tuple(column.get(name) for column in columns)) for name in columns[0]
        )

    @property
    def degradation(self) -> tuple[NumberRow, ...]:
        """Student minus second rater, number by number; empty without a second rater."""
        numbers = self.found.numbers
        if numbers is None or numbers.degradation.reason:
            return ()
        return tuple(NumberRow(named(METRICS, name), (one,)) for name, one in numbers.degradation.metrics.items())

    @property
    def true_scores(self) -> tuple[TrueScoreRow, ...]:
        """Reported and expected scores as predictions of the true score; empty on a nominal scale."""
        numbers = self.found.numbers
        if numbers is None:
            return ()
        pairs = (("Reported scores", numbers.true_score), ("Expected scores", numbers.expected_true_score))
        return tuple(TrueScoreRow(name, found) for name, found in pairs)

    @property
    def reliability_chart(self) -> Markup:
        """The reliability diagram."""
        return reliability_chart(self.found.reliability)

    @property
    def certainty(self) -> str:
        """Whether the scorer is surer of itself than it may be, in a sentence."""
        return certainty(self.found.reliability.gap)

    @property
    def deferral_chart(self) -> Markup:
        """The deferral curve; the promise's target and what it does, where there is one."""
        promise = self.result.promise
        target = None if promise is None else promise.target.wrong_at_most
        return deferral_chart(self.found.curve, target, self.result.deferred)

    @property
    def referred(self) -> tuple[ReferredRow, ...]:
        """Why test answers go to people, in the order in which reasons count."""
        order = list(REFERRED)
        known = sorted(self.found.referred.items(), key=lambda one: order.index(one[0]) if one[0] in order else 99)
        return tuple(ReferredRow(named(REFERRED, reason), count) for reason, count in known)

    @property
    def tested(self) -> int:
        """Answers in the test part."""
        return len(self.result.responses.part(Part.TEST))

    @cached_property
    def columns(self) -> tuple[ColumnView, ...]:
        """Group columns."""
        return tuple(ColumnView(column_name(column.name), column) for column in self.found.groups)

    @property
    def attacks(self) -> tuple[tuple[str, Sequence[AttackResult]], ...]:
        """Aim -> attacks with that aim, in the order of the report."""
        results = () if self.result.gaming is None else self.result.gaming.results
        aims = dict.fromkeys(one.aim for one in results)
        return tuple((aim.value, [one for one in results if one.aim is aim]) for aim in aims)


def certainty(gap: Estimate) -> str:
    """What mean confidence minus share right says.

    >>> certainty(Estimate(0.05, 0.01, 0.09))
    'It is surer of itself than it may be: its mean confidence lies 0.050 above the share of its scores that are right.'
    >>> certainty(Estimate(-0.01, -0.04, 0.02))
    'Its mean confidence and the share of its scores that are right do not differ clearly.'
    """
    if not math.isfinite(gap.value):
        return "No test answer has a probability and a human score, so nothing can be said of its certainty."
    if gap.low > 0:
        side, ground = "surer of itself than it may be", f"{agreement(gap.value)} above"
    elif gap.high < 0:
        side, ground = "more often right than it believes", f"{agreement(-gap.value)} below"
    else:
        return "Its mean confidence and the share of its scores that are right do not differ clearly."
    return f"It is {side}: its mean confidence lies {ground} the share of its scores that are right."
