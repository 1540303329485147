"""`pocketscore demo`: the whole path on the shipped, simulated sample data."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pocketscore.cli.distill import require_extra, run_and_print

ITEM = "cold-glass"


def demo(
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder for everything that the demo makes.")] = Path(
        "pocketscore-demo"
    ),
    seed: Annotated[int, typer.Option(help="Seed of everything random.")] = 0,
) -> None:
    """Distil a scorer from simulated answers to a science question, then score new answers with it."""
    require_extra()
    from pocketscore.bundle import load
    from pocketscore.data import read_items
    from pocketscore.distillation.pipeline import Source
    from pocketscore.distillation.settings import DistillSettings
    from pocketscore.sample import sample_path

    typer.echo("The sample data is simulated: written by the makers of PocketScore, not by pupils.")
    items = read_items(sample_path("items.json"))
    typer.echo(f"Question: {items[ITEM].question}\n")
    source = Source(sample_path("responses.csv"), items=items, only=(ITEM,))
    done = run_and_print(source, out, DistillSettings(seed=seed))
    file = out / done.results[0].file
    typer.echo(f"\nNew answers, scored by {file} without torch or network:")
    _score_new(load(file), sample_path("new_answers.csv"))
    typer.echo(f"\nreport: {done.report}\nscorer: {file}")


def _score_new(scorer: object, path: Path) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    from pocketscore.data import read_table
    from pocketscore.student import Scorer

    assert isinstance(scorer, Scorer)
    texts = [str(cell) for cell in read_table(path).column("response")]
    scores = scorer.score(texts)
    table = Table("score", "probability", "status", "answer", box=SIMPLE_HEAD)
    for text, label, confidence, status in zip(texts, scores.labels, scores.confidence, scores.status, strict=True):
        table.add_row(label or "–", "–" if label is None else f"{confidence:.2f}", status.value, text)
    Console().print(table)
