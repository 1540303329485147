"""`pocketscore attack`: how easily can a pupil fool a scorer?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pocketscore.cli import options

if TYPE_CHECKING:
    from rich.table import Table

    from pocketscore.trust.gaming import AttackResult, GamingReport
    from pocketscore.trust.victim import Answers, Scoring

TITLES = {
    "raise": "Low-scored answers, changed: higher than people scored them and than before?",
    "fool": "Texts that deserve the lowest point: higher?",
    "unnoticed": "High-scored answers without their meaning: not lower? (insensitivity, not gain)",
}
"""Aim -> what its table shows."""


def attack(
    scorer: options.ScorerFile,
    responses: Annotated[
        Path | None,
        typer.Argument(
            help="Answers scored by people, best those that the scorer was not trained on. Without them only attacks "
            "that need no answer are tried.",
            metavar="[SCORED_BY_PEOPLE]",
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option("-o", "--out", help="Also write the numbers to this JSON file.")] = None,
    right: Annotated[
        str | None, typer.Option(help="On a nominal scale: the class that means right.", metavar="CLASS")
    ] = None,
    response: options.Response = None,
    score: options.Score = None,
    id_: options.Id = None,
    item: options.Item = None,
    seed: Annotated[int, typer.Option(help="Seed of the attacks.", min=0)] = 0,
) -> None:
    """Attack a scorer as pupils might: stuffed keywords, copied questions, triggers, instructions to a machine.

    Says how often each attack got a score that the answer does not deserve, with 95 % intervals, and what could not be
    tried.
    """
    from pocketscore.bundle import load
    from pocketscore.data import atomic_write
    from pocketscore.trust.gaming import gaming, gaming_dict
    from pocketscore.trust.victim import NOBODY, victim

    loaded = load(scorer)
    attacked = victim(loaded, right)
    answers = NOBODY
    if responses is not None:
        answers = _answers(loaded, responses, (response, score, id_, item), right)
    report = gaming(attacked, answers, seed)
    _print(report)
    if out is not None:
        atomic_write(out, (json.dumps(gaming_dict(report), indent=2, ensure_ascii=False) + "\n").encode())
        typer.echo(f"written to {out}")


def _answers(scorer: Scoring, path: Path, columns: tuple[str | None, ...], right: str | None) -> Answers:
    """The file's answers to the scorer's item with their human scores."""
    from pocketscore.data import ColumnChoice, ItemText, read_responses
    from pocketscore.trust.victim import Answers, steps_of

    response, score, id_, item = columns
    described = ItemText(scorer.item, points=scorer.scale.points, kind=scorer.scale.kind)
    choice = ColumnChoice(response=response, score=score, id=id_, item=item, split="")
    data = read_responses(path, choice, {scorer.item: described}, only=(scorer.item,), purpose="check")
    chosen = data.responses[0]
    return Answers(chosen.texts, steps_of(chosen.scores, scorer.scale, right))


def _print(report: GamingReport) -> None:
    from rich.console import Console

    console = Console()
    console.print(f"Item {report.item}: {_tried_on(report)}", markup=False, highlight=False)
    for aim, title in TITLES.items():
        if found := [result for result in report.results if result.aim == aim]:
            console.print(_table(title, found))
    for result in report.results:
        if result.note:
            console.print(f"{_words(result.name)}: {result.note}", markup=False, highlight=False)
    reasons = dict.fromkeys(one.reason for one in report.not_tried)
    for reason in reasons:
        names = ", ".join(_words(one.name) for one in report.not_tried if one.reason == reason)
        console.print(f"not tried: {names}; {reason}", markup=False, highlight=False)


def _tried_on(report: GamingReport) -> str:
    if not report.low and not report.high:
        return "no scored answers were given, or none that can be attacked"
    return (
        f"attacks on {report.low} answers that people scored below the middle of the scale and {report.high} that "
        "people and scorer put above it"
    )


def _table(title: str, results: list[AttackResult]) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table("attack", title=title, title_justify="left", box=SIMPLE_HEAD)
    for heading in ("tried", "succeeded", "95 % interval", "to people", "mean rise"):
        table.add_column(heading, justify="right")
    for result in results:
        rate = result.rate
        rise = f"{result.rise:+.2f}" if result.rise == result.rise else "–"
        table.add_row(
            _words(result.name), str(result.tried), f"{result.successes} ({_percent(rate.value)})",
            f"{_percent(rate.low)}–{_percent(rate.high)}", str(result.caught), rise,
        )  # fmt: skip
    return table


def _words(name: str) -> str:
    return name.replace("_", " ")


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
