"""Tables for the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pocketscore.types import Agreement, Estimate, Scale

if TYPE_CHECKING:
    from pocketscore.evaluation import Evaluation
    from pocketscore.results import ItemResult

NAMES = {
    "accuracy": "accuracy",
    "adjacent_agreement": "adjacent",
    "qwk": "QWK",
    "macro_f1": "macro-F1",
}
"""Metrics that fit eighty columns; the report and the JSON have them all."""


def print_evaluation(found: Evaluation, dropped: int) -> None:
    """Agreement of a scorer, and of the raters with each other."""
    rows = {"scorer": found.machine}
    if found.human_human is not None:
        rows["two human raters"] = found.human_human
    left = f", {found.unscored} without a machine score" if found.unscored else ""
    left += f", {dropped} rows left out" if dropped else ""
    title = f"Item {escape(found.item)}: agreement with the human score ({found.n} responses{left})"
    console = Console()
    console.print(_agreement(title, rows))
    console.print(_confusion(found.machine, found.scale))


def print_result(result: ItemResult, names: Mapping[str, str]) -> None:
    """Agreement on the test part of everything compared."""
    from pocketscore.results import compared_with, nobody_scored

    model = result.responses.scored_by
    rows = {names[name]: found for name, found in result.agreement.items() if name in compared_with(model)}
    if result.human is not None:
        rows["Two human raters"] = result.human
    n = result.agreement["student"].n
    against = f"the scores of {escape(model)}, not of people," if model else "the human score"
    console = Console()
    console.print(
        _agreement(f"Item {escape(result.responses.item.id)}: agreement with {against} on {n} test answers", rows)
    )
    if model:
        console.print(escape(nobody_scored(result.responses)), style="bold")


def _agreement(title: str, rows: Mapping[str, Agreement]) -> Table:
    metrics = [name for name in next(iter(rows.values())).metrics if name in NAMES]
    table = Table("", *(NAMES[name] for name in metrics), title=title, title_justify="left", box=SIMPLE_HEAD)
    for name, found in rows.items():
        table.add_row(name, *(estimate(found.metrics[metric]) for metric in metrics))
    return table


def _confusion(found: Agreement, scale: Scale) -> Table:
    points = tuple(map(escape, scale.points))
    table = Table("human \\ scorer", *points, title="Confusion", title_justify="left", box=SIMPLE_HEAD)
    for point, row in zip(points, found.confusion.tolist(), strict=True):
        table.add_row(point, *map(str, row))
    return table


def estimate(found: Estimate) -> str:
    """`.812` over `.760-.861`, or a dash where the number is undefined."""
    if found.value != found.value:
        return "–"
    return f"{short(found.value)}\n[dim]{short(found.low)}–{short(found.high)}[/dim]"


def short(value: float) -> str:
    """Three decimals without the zero in front, as journals print them."""
    return f"{value:.3f}".replace("0.", ".", 1) if abs(value) < 1 else f"{value:.2f}"
