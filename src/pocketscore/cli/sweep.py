"""`pocketscore sweep`: which size, λ, temperature and transfer set make the best small scorer."""

from __future__ import annotations

import shlex
import sys
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pocketscore.cli import options
from pocketscore.cli.again import distill_words
from pocketscore.cli.bundles import bundled
from pocketscore.cli.column_options import ColumnOptions
from pocketscore.cli.distill import (
    check_teachers,
    given,
    layers_of,
    progress_console,
    require_extra,
    settings_from,
    size_in_bytes,
)
from pocketscore.cli.llm_options import LanguageOptions
from pocketscore.cli.preview import Preview
from pocketscore.cli.progress import Pausing
from pocketscore.errors import InputError

if TYPE_CHECKING:
    from rich.table import Table

    from pocketscore.distillation.pipeline import Source
    from pocketscore.distillation.settings import DistillSettings
    from pocketscore.distillation.sweep_settings import Range, SweepSettings
    from pocketscore.engine import Name
    from pocketscore.report.sweep_notes import SweepNotes

TURNED = {"budget", "lambda_", "temperature", "transfer", "out"}
"""Parameters of `distill` that a sweep turns itself."""


@dataclass(frozen=True)
class SearchOptions:
    """What is searched, and for how long."""

    budget: Annotated[str, typer.Option("--budget", "--most", help="Largest size of a scorer.", metavar="SIZE")] = (
        "100KB"
    )
    minutes: Annotated[float, typer.Option(help="How long to look for better trials; the first is finished.")] = 30
    trials: Annotated[int, typer.Option(help="Trials, those of earlier runs in this folder included.")] = 40
    sizes: Annotated[
        str | None, typer.Option(help="Sizes to try, such as 24KB,50KB; ours that fit if not given.", metavar="SIZES")
    ] = None
    lambda_: Annotated[str, typer.Option("--lambda", help="Range of λ.", metavar="LOW:HIGH")] = "0.03:3"
    temperature: Annotated[str, typer.Option(help="Range of the temperature.", metavar="LOW:HIGH")] = "1:4"
    transfer: Annotated[
        str | None,
        typer.Option(help="Answers made from each training answer, to try (0,4,12).", metavar="NUMBERS"),
    ] = None

    def settings(self, base: DistillSettings, probabilities: Path | None) -> SweepSettings:
        """As a sweep takes them."""
        from pocketscore.distillation.sweep_settings import SweepSettings

        return SweepSettings(
            budget=size_in_bytes(self.budget) or 0,
            trials=self.trials,
            minutes=self.minutes,
            sizes=_sizes(self.sizes),
            lambdas=_range(self.lambda_, "--lambda"),
            temperatures=_range(self.temperature, "--temperature"),
            transfers=_transfers(self.transfer, base, probabilities),
            base=base,
        )


@bundled("columns", ColumnOptions)
@bundled("search", SearchOptions)
@bundled("language", LanguageOptions)
def sweep(
    context: typer.Context,
    responses: Annotated[
        Path, typer.Argument(help="CSV, TSV, JSONL, XLSX or Parquet file of scored responses.", metavar="RESPONSES")
    ],
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder for scorers, report and journal.")],
    items: options.Items = None,
    only: options.Only = None,
    columns: ColumnOptions = ColumnOptions(),  # noqa: B008 (frozen)
    scale: options.ScaleKind = None,
    search: SearchOptions = SearchOptions(),
    unlabelled: options.UnlabelledFile = None,
    teacher: options.TeacherModels = None,
    teacher_layers: options.TeacherLayers = None,
    teacher_probabilities: options.TeacherFile = None,
    folds: options.Folds = None,
    epochs: options.Epochs = None,
    vectors: options.Vectors = None,
    suspects: options.Suspects = None,
    decision: options.Decision = None,
    at_least: options.AtLeast = None,
    language: LanguageOptions = LanguageOptions(),  # noqa: B008 (frozen)
    engine: options.Engine = "local",
    address: options.Address = None,
    seed: options.Seed = 0,
) -> None:
    """Search students of several sizes under one teacher, and keep the best and the smallest that is as good.

    Needs the extra `sweep`. Trials are compared on the validation part; the test part is looked at for the two that are
    kept. A sweep that was stopped goes on where it was when the same command is given again.
    """
    require_extra()
    from pocketscore.data import read_items
    from pocketscore.distillation.pipeline import Source
    from pocketscore.distillation.search import check_installed

    check_installed()
    how = given(
        models=tuple(teacher or ()) or None, layers=layers_of(teacher_layers), folds=folds, epochs=epochs, seed=seed
    )
    what = given(vectors=vectors, suspects=suspects, decision=decision, at_least=at_least, seed=seed)
    base = settings_from("pocketscore", how, {"transfer": 0, "language": language.settings(seed), **what})
    settings = search.settings(base, teacher_probabilities)
    described = read_items(items) if items else None
    source = Source(responses, columns.choice, described, tuple(only or ()), scale, teacher_probabilities, unlabelled)
    check_teachers(source, teacher, language, base)
    _run_and_print(source, out, settings, language, distill_words(context, without=TURNED), (engine, address))


def _run_and_print(
    source: Source,
    out: Path,
    settings: SweepSettings,
    language: LanguageOptions,
    again: tuple[str, ...],
    where: tuple[Name, str | None],
) -> None:
    from pocketscore.distillation.sweep import sweep as run
    from pocketscore.distillation.sweep_outputs import Commands
    from pocketscore.engine import engine_for

    commands = Commands(shlex.join(["pocketscore", *sys.argv[1:]]), again)
    with closing(Pausing(progress_console, lambda _: None)) as progress, engine_for(*where) as engine:
        preview = Preview(progress, language.first, settings.base.seed, yes=language.yes)
        done = run(source, out, settings, progress, commands, engine, preview.show)
    _print(done.found, out)
    typer.echo(f"report: {done.report}")


def _range(text: str, option: str) -> Range:
    """LOW:HIGH, or one number."""
    from pocketscore.distillation.sweep_settings import Range

    low, _, high = text.partition(":")
    try:
        return Range(float(low), float(high or low))
    except InputError as error:
        raise InputError(f"{option}: {error.problem}", error.remedy) from None
    except ValueError:
        raise InputError(f"{option} {text!r} is no range", "write LOW:HIGH, such as 0.1:1, or one number") from None


def _sizes(text: str | None) -> tuple[int, ...]:
    """Sizes with commas between them."""
    if text is None:
        return ()
    try:
        return tuple(size_in_bytes(part) or 0 for part in text.split(","))
    except InputError:
        raise InputError(f"--sizes {text!r} are no sizes", "write for example 24KB,50KB,100KB") from None


def _transfers(text: str | None, base: DistillSettings, probabilities: Path | None) -> tuple[int, ...]:
    """Numbers with commas between them; none but 0 where nobody could label such answers."""
    from pocketscore.distillation.language import without_prompted
    from pocketscore.distillation.sweep_settings import SweepSettings

    if text is None:
        asked = probabilities is None and without_prompted(base.teacher.models) and base.teacher.folds > 1
        return SweepSettings.transfers if asked else (0,)
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise InputError(f"--transfer {text!r} are no numbers", "write for example 0,4,12") from None


def _print(found: SweepNotes, out: Path) -> None:
    from rich.console import Console

    console = Console()
    console.print(_frontier(found))
    for note in found.notes:
        typer.echo(f"note: {note}")
    for pick in found.picks:
        typer.echo(f"{pick.name}: trial {pick.trial.number}")
        for item in pick.items:
            typer.echo(f"  {out / item.file}: {item.size / 1000:.1f} KB, {item.metric} on {item.n} test answers "
                       f"{item.student.value:.3f} ({item.student.low:.3f} to {item.student.high:.3f})")  # fmt: skip
        typer.echo(f"  again: {pick.command}")
    if len(found.trials) < found.wanted:
        typer.echo(f"the time was up after {len(found.trials)} of {found.wanted} trials; the same command goes on")


def _frontier(found: SweepNotes) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    title = f"{len(found.trials)} trials; those that no smaller one betters on {found.checked} validation answers"
    table = Table("trial", title=title, title_justify="left", box=SIMPLE_HEAD)
    for heading in ("bytes", "λ", "T", "transfer", "loss", "agreement"):
        table.add_column(heading, justify="right")
    for trial in found.front:
        table.add_row(
            str(trial.number), f"{trial.size:,}", f"{trial.weight:g}", f"{trial.temperature:g}", str(trial.transfer),
            f"{trial.loss:.4f}", f"{trial.agreement:.3f}",
        )  # fmt: skip
    table.add_row("TF-IDF", "", "", "", "", f"{found.tfidf.loss:.4f}", f"{found.tfidf.agreement:.3f}")
    return table
