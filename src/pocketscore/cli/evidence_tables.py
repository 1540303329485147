"""What `evaluate` says beyond agreement, for the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    from pocketscore.trust.validity import Numbers, Validity
    from pocketscore.types import Estimate

NUMBERS = {"pearson": "Pearson r", "qwk_continuous": "QWK", "smd": "SMD", "rmse": "RMSE"}
"""Metrics that fit eighty columns; the JSON has them all."""


def print_validity(found: Validity) -> None:
    """Numbers, conventions, score points, calibration, groups, deferral, and what could not be computed."""
    console = Console()
    if found.numbers is not None:
        console.print(_numbers(found.numbers))
        console.print(_conventions(found))
    console.print(_points(found))
    sure = found.reliability
    if sure.n:
        console.print(
            f"Calibration: ECE {_said(sure.ece)}, Brier {_said(sure.brier)}, confidence less share right "
            f"{_said(sure.gap)}",
            highlight=False,
        )
    for table in _groups(found):
        console.print(table)
    for line in (*_referred(found), *found.missing):
        console.print(line, markup=False, highlight=False)


def _numbers(numbers: Numbers) -> Table:
    table = _table("Scores as numbers", "", *NUMBERS.values(), "PRMSE")
    rows = {
        "scores given": (numbers.reported, _said(numbers.true_score.prmse)),
        "expected scores": (numbers.expected, _said(numbers.expected_true_score.prmse)),
    }
    if numbers.people.n:
        rows["second rater"] = (numbers.people, "")
    for name, (agreement, prmse) in rows.items():
        cells = (agreement.metrics.get(metric) for metric in NUMBERS)
        table.add_row(name, *("" if cell is None else _said(cell) for cell in cells), prmse)
    return table


def _conventions(found: Validity) -> Table:
    table = _table("The field's conventions", "source", "mark", "found", "verdict")
    for flag in found.flags:
        verdict = flag.verdict.value if not flag.reason else f"{flag.verdict.value}: {flag.reason}"
        table.add_row(flag.convention.source, flag.convention.words, _said(flag.estimate), verdict)
    return table


def _points(found: Validity) -> Table:
    table = _table("Each score point", "human score", "answers", "exact agreement", "bias")
    for one in found.points["student"]:
        table.add_row(escape(one.point), str(one.n), _said(one.exact), _said(one.bias))
    return table


def _groups(found: Validity) -> list[Table]:
    tables = []
    for column in found.groups:
        table = _table(f"Bias by {escape(column.name)}", "group", "answers", "DSM", "verdict")
        for group in column.groups:
            table.add_row(
                escape(group.label), str(group.n), _said(group.dsm), f"{group.verdict.value}\n[dim]{group.power}[/dim]"
            )
        for left_out in column.not_examined:
            table.add_row(escape(left_out.label), str(left_out.n), "–", f"not examined: {left_out.reason}")
        tables.append(table)
    return tables


def _referred(found: Validity) -> list[str]:
    lines = []
    if found.referred:
        counts = ", ".join(f"{n} {reason}" for reason, n in found.referred.items())
        lines.append(f"Referred to people: {counts}")
    half = next((at for at in found.curve if at.outcome.share_alone.value <= 0.5), None)
    if half is not None:
        lines.append(
            f"Of the {half.outcome.alone} answers it is surest of, {half.outcome.wrong} "
            f"({half.outcome.share_wrong.value:.0%}) are wrong; to promise a share see pocketscore defer"
        )
    return lines


def _table(title: str, *heads: str) -> Table:
    return Table(*heads, title=title, title_justify="left", box=SIMPLE_HEAD)


def _said(found: Estimate) -> str:
    """`.812 (.760 to .861)`, or a dash where the number is undefined."""
    if found.value != found.value:
        return "–"
    low, high = (f"{number:.3f}" for number in (found.low, found.high))
    return f"{found.value:.3f} [dim]({low} to {high})[/dim]"
