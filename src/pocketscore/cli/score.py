"""`pocketscore score`: add a score, its probability, a status and who decides to every row of a file."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pocketscore.cli import options
from pocketscore.errors import InputError

if TYPE_CHECKING:
    from pocketscore.data.places import Place
    from pocketscore.engine import StreamEngine
    from pocketscore.progress import Progress
    from pocketscore.student import Scorer

_STREAMED = (".csv", ".tsv", ".txt")


def score(
    scorer: options.ScorerFile,
    answers: Annotated[
        str,
        typer.Argument(
            help="CSV, TSV, JSONL, XLSX or Parquet file; a folder of Parquet files, or a URI of one.", metavar="ANSWERS"
        ),
    ],
    out: Annotated[
        str,
        typer.Option(
            "-o",
            "--out",
            help="File to write; its suffix chooses the format. Of Parquet also a folder.",
            metavar="OUT",
        ),
    ],
    response: options.Response = None,
    jobs: Annotated[
        int, typer.Option("--jobs", help="Processes for large CSV, TSV, TXT and Parquet files; 0 is one a core.", min=0)
    ] = 0,
    engine: options.Engine = "local",
    address: options.Address = None,
) -> None:
    """Score the answers of a file.

    Every column, row and cell stays; four columns are added: score, probability (of that score), status, and refer: why
    a person must read the answer, empty where the score stands alone. CSV, TSV, TXT and Parquet files may be larger
    than memory; a run that was stopped goes on when the same command is given again. With --engine ray, Parquet is
    scored by the workers of a cluster.
    """
    from pocketscore.bundle import load
    from pocketscore.data.parquet import SUFFIX
    from pocketscore.data.places import Place
    from pocketscore.engine import Here, engine_for

    loaded = load(scorer)
    jobs = jobs or os.cpu_count() or 1
    source, target = Place(answers), Place(out)
    parquet = source.is_uri or source.suffix == SUFFIX or Path(answers).is_dir()
    if parquet and target.suffix in ("", SUFFIX):
        with engine_for(engine, address) if engine == "ray" or address else Here(jobs) as where:
            counts = _parquet(scorer, source, target, response, where)
    elif engine == "ray" or address or source.is_uri or target.is_uri:
        raise InputError(
            f"from {answers} to {out}: --engine ray and URIs are for Parquet",
            "give .parquet files or folders of them, or work on local files without --engine",
        )
    elif source.suffix in _STREAMED and source.suffix == target.suffix:
        counts = _streamed(scorer, Path(answers), Path(out), response, jobs)
    else:
        counts = _whole(loaded, Path(answers), Path(out), response)
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


@contextmanager
def _shown(size: int) -> Iterator[Progress]:
    """Progress on stderr where it is worth a line."""
    from pocketscore.bulk import WORTH_PROCESSES
    from pocketscore.cli.progress import progress_for
    from pocketscore.progress import Silent

    if size < WORTH_PROCESSES:
        yield Silent()
        return
    from rich.console import Console

    with closing(progress_for(Console(stderr=True))) as progress:
        yield progress


def _streamed(scorer: Path, answers: Path, out: Path, response: str | None, jobs: int) -> Mapping[str, int]:
    from pocketscore.bulk import score_file
    from pocketscore.data import ColumnChoice, resolve
    from pocketscore.data.delimited import DelimitedFile

    source = DelimitedFile.check(answers)
    column = resolve(source, ColumnChoice(response=response), needs_score=False).response
    with _shown(source.size) as progress:
        return score_file(scorer, source, column, out, jobs, progress)


def _parquet(scorer: Path, answers: Place, out: Place, response: str | None, engine: StreamEngine) -> Mapping[str, int]:
    from pocketscore.data import ColumnChoice, read_bytes, resolve
    from pocketscore.data.parquet import ParquetSource
    from pocketscore.streaming import score_parquet

    source = ParquetSource.check(answers)
    column = resolve(source, ColumnChoice(response=response), needs_score=False).response
    with _shown(source.size) as progress:
        return score_parquet(read_bytes(scorer), source, column, out, engine, progress)


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
