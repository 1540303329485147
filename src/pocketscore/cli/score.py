"""`pocketscore score`: add a score, its probability and a status to every row of a file."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from pocketscore.cli import options


def score(
    scorer: options.ScorerFile,
    answers: Annotated[Path, typer.Argument(help="CSV, TSV, JSONL, XLSX or Parquet file.", metavar="ANSWERS")],
    out: Annotated[Path, typer.Option("-o", "--out", help="File to write; its suffix chooses the format.")],
    response: options.Response = None,
) -> None:
    """Score the answers of a file.

    Every column, row and cell stays; three columns are added: score, probability (of that score) and status.
    """
    from pocketscore.bundle import load
    from pocketscore.data import (
        ColumnChoice,
        cell_text,
        read_table,
        resolve,
        unique_name,
        with_columns,
        write_table,
    )
    from pocketscore.data.cells import is_blank

    loaded = load(scorer)
    table = read_table(answers)
    column = resolve(table, ColumnChoice(response=response), needs_score=False).response
    texts = ["" if is_blank(cell) else cell_text(cell) for cell in table.column(column)]
    scores = loaded.score(texts)
    added = {
        "score": ["" if label is None else label for label in scores.labels],
        "probability": ["" if value != value else f"{value:.4f}" for value in scores.confidence],  # noqa: PLR0124
        "status": [status.value for status in scores.status],
    }
    write_table(with_columns(table, {unique_name(table.columns, n): v for n, v in added.items()}), out)
    counts = Counter(status.value for status in scores.status)
    typer.echo(
        f"{len(texts)} answers scored for item {loaded.item}: {', '.join(f'{n} {s}' for s, n in counts.items())}"
    )
    typer.echo(f"written to {out}")
