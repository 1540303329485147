"""`pocketscore score`: add a score, its probability, a status and who decides to every row of a file."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pocketscore.cli import options

if TYPE_CHECKING:
    from pocketscore.student import Scorer

_STREAMED = (".csv", ".tsv", ".txt")


def score(
    scorer: options.ScorerFile,
    answers: Annotated[Path, typer.Argument(help="CSV, TSV, JSONL, XLSX or Parquet file.", metavar="ANSWERS")],
    out: Annotated[Path, typer.Option("-o", "--out", help="File to write; its suffix chooses the format.")],
    response: options.Response = None,
    jobs: Annotated[
        int, typer.Option("--jobs", help="Processes for large CSV, TSV and TXT files; 0 is one a core.", min=0)
    ] = 0,
) -> None:
    """Score the answers of a file.

    Every column, row and cell stays; four columns are added: score, probability (of that score), status, and refer: why
    a person must read the answer, empty where the score stands alone. CSV, TSV and TXT files may be larger than memory;
    a run that was stopped goes on when the same command is given again.
    """
    from pocketscore.bundle import load

    loaded = load(scorer)
    suffix = answers.suffix.lower()
    if suffix in _STREAMED and suffix == out.suffix.lower():
        counts = _streamed(scorer, answers, out, response, jobs or os.cpu_count() or 1)
    else:
        counts = _whole(loaded, answers, out, response)
    typer.echo(f"{sum(counts.values())} answers to item {loaded.item}: {_summary(counts)}")
    if loaded.screen is None:
        typer.echo("this scorer has no screen: other strange answers are not referred to people")
    typer.echo(f"written to {out}")


def _summary(counts: Mapping[str, int]) -> str:
    """How many scores stand alone, how many answers go to people, and why."""
    from pocketscore.bulk import ALONE

    referred = sorted(((n, reason) for reason, n in counts.items() if reason != ALONE), reverse=True)
    alone, people = counts.get(ALONE, 0), sum(n for n, _ in referred)
    why = ", ".join(f"{n} {reason}" for n, reason in referred)
    return f"{alone} scored alone, {people} referred to people" + (f" ({why})" if why else "")


def _streamed(scorer: Path, answers: Path, out: Path, response: str | None, jobs: int) -> Mapping[str, int]:
    from pocketscore.bulk import WORTH_PROCESSES, score_file
    from pocketscore.cli.progress import progress_for
    from pocketscore.data import ColumnChoice, resolve
    from pocketscore.data.delimited import DelimitedFile
    from pocketscore.progress import Silent

    source = DelimitedFile.check(answers)
    column = resolve(source, ColumnChoice(response=response), needs_score=False).response
    if source.size < WORTH_PROCESSES:
        return score_file(scorer, source, column, out, jobs, Silent())
    from rich.console import Console

    with closing(progress_for(Console(stderr=True))) as progress:
        return score_file(scorer, source, column, out, jobs, progress)


def _whole(scorer: Scorer, answers: Path, out: Path, response: str | None) -> Mapping[str, int]:
    from pocketscore.bulk import ADDED, added
    from pocketscore.data import ColumnChoice, cell_text, read_table, resolve, with_columns, write_table
    from pocketscore.data.cells import is_blank

    table = read_table(answers)
    column = resolve(table, ColumnChoice(response=response), needs_score=False).response
    scores = scorer.score(["" if is_blank(cell) else cell_text(cell) for cell in table.column(column)])
    cells = list(zip(*added(scores), strict=True))
    write_table(with_columns(table, dict(zip(ADDED, cells, strict=True))), out)
    return Counter(cells[-1])
