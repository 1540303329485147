"""`pocketscore distill`: from a file of scored responses to a scorer for each item, and its evidence."""

from __future__ import annotations

import re
import shlex
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.console import Console

from pocketscore.cli import options
from pocketscore.cli.bundles import bundled
from pocketscore.cli.column_options import ColumnOptions
from pocketscore.cli.llm_options import LanguageOptions
from pocketscore.cli.preview import Preview
from pocketscore.cli.progress import Bars, Lines, Pausing, progress_for
from pocketscore.errors import InputError, MissingExtraError

if TYPE_CHECKING:
    from pocketscore.distillation.pipeline import Distilled, Source
    from pocketscore.distillation.settings import DistillSettings, HardenSettings
    from pocketscore.engine import StreamEngine
    from pocketscore.referral import WrongAtMost
    from pocketscore.results import ItemResult


@bundled("columns", ColumnOptions)
@bundled("language", LanguageOptions)
def distill(
    responses: Annotated[
        Path, typer.Argument(help="CSV, TSV, JSONL, XLSX or Parquet file of scored responses.", metavar="RESPONSES")
    ],
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder for scorers, report and evaluation.")],
    items: options.Items = None,
    only: options.Only = None,
    columns: ColumnOptions = ColumnOptions(),  # noqa: B008 (frozen)
    scale: options.ScaleKind = None,
    recipe: options.Recipe = "pocketscore",
    unlabelled: options.UnlabelledFile = None,
    teacher: options.TeacherModels = None,
    teacher_layers: options.TeacherLayers = None,
    teacher_probabilities: options.TeacherFile = None,
    folds: options.Folds = None,
    epochs: options.Epochs = None,
    student: options.Student = None,
    budget: options.Budget = None,
    wrong_at_most: options.WrongAtMost = None,
    lambda_: options.Lambda = None,
    lambda_on: options.LambdaOn = None,
    temperature: options.Temperature = None,
    transfer: options.Transfer = None,
    vectors: options.Vectors = None,
    suspects: options.Suspects = None,
    decision: options.Decision = None,
    at_least: options.AtLeast = None,
    harden: options.Harden = False,  # noqa: FBT002 (a flag)
    harden_rounds: options.HardenRounds = None,
    harden_label: options.HardenLabel = None,
    language: LanguageOptions = LanguageOptions(),  # noqa: B008 (frozen)
    seed: options.Seed = 0,
    processes: options.Processes = 1,
    engine: options.Engine = "local",
    address: options.Address = None,
) -> None:
    """Distil a scorer for each item of a file, and write a report that says how good it is.

    A run that was stopped goes on where it was when the same command is given again.
    """
    require_extra()
    from pocketscore.data import read_items
    from pocketscore.distillation.pipeline import Source
    from pocketscore.engine import engine_for

    described = read_items(items) if items else None
    source = Source(responses, columns.choice, described, tuple(only or ()), scale, teacher_probabilities, unlabelled)
    how = given(
        models=tuple(teacher or ()) or None, layers=layers_of(teacher_layers), folds=folds, epochs=epochs, seed=seed
    )
    what = given(
        student=student, budget=size_in_bytes(budget), lambda_=lambda_, lambda_on=lambda_on, temperature=temperature,
        transfer=transfer, vectors=vectors, suspects=suspects, decision=decision, at_least=at_least, seed=seed,
        harden=_hardening(harden_rounds, harden_label, harden=harden), wrong_at_most=_share(wrong_at_most),
        language=language.settings(seed),
    )  # fmt: skip
    settings = settings_from(recipe, how, what)
    check_teachers(source, teacher, language, settings)
    with engine_for(engine, address) as where:
        run_and_print(replace(source, takes_unscored=recipe != "paper"), out, settings, where, language, processes)


def check_teachers(
    source: Source, teachers: list[str] | None, language: LanguageOptions, settings: DistillSettings
) -> None:
    """Refuse what would otherwise be ignored without a word."""
    from pocketscore.distillation.language import is_prompted

    if source.probabilities is not None and (teachers or language != LanguageOptions()):
        raise InputError(
            "a file of probabilities is the teacher, so no other is asked",
            "leave out --teacher-probabilities, or --teacher and options about language models",
        )
    if language != LanguageOptions() and not any(map(is_prompted, settings.teacher.models)):
        raise InputError(
            f"options about language models, and none among the teachers {', '.join(settings.teacher.models)}",
            "leave them out, or add one (--teacher http://HOST/v1/MODEL or lm:FOLDER)",
        )


def _share(text: str | None) -> WrongAtMost | None:
    from pocketscore.referral import wrong_at_most

    return None if text is None else wrong_at_most(text)


def settings_from(recipe: str, teacher: dict[str, Any], others: dict[str, Any]) -> DistillSettings:
    """A recipe, changed as the user says."""
    from pocketscore.distillation.settings import RECIPES

    start = RECIPES[recipe]
    return replace(start, teacher=replace(start.teacher, **teacher), **others)


def _hardening(rounds: int | None, label: str | None, *, harden: bool) -> HardenSettings | None:
    from pocketscore.distillation.settings import HardenSettings

    if harden:
        return HardenSettings(**given(rounds=rounds, lowest=label))
    if rounds is not None or label is not None:
        raise InputError("--harden-rounds and --harden-label belong to --harden", "add --harden or leave them out")
    return None


def given(**values: object) -> dict[str, Any]:
    """The options that the user gave; the others stay as the recipe has them."""
    return {name: value for name, value in values.items() if value is not None}


def run_and_print(
    source: Source,
    out: Path,
    settings: DistillSettings,
    engine: StreamEngine | None = None,
    language: LanguageOptions = LanguageOptions(),  # noqa: B008 (frozen)
    processes: int = 1,
) -> Distilled:
    """Distil with progress on stderr and the results on stdout."""
    from pocketscore.cli.tables import print_result
    from pocketscore.distillation.pipeline import distill as run
    from pocketscore.report.wording import counted
    from pocketscore.results import METHODS

    with closing(Pausing(progress_console, lambda _: None)) as progress:  # notes are in the log
        command = shlex.join(["pocketscore", *sys.argv[1:]])
        preview = Preview(progress, language.first, settings.seed, yes=language.yes)
        done = run(source, out, settings, progress, command, preview.show, engine, processes)
    for result in done.results:
        print_result(result, METHODS)
        if source.probabilities is not None and result.transfer_size:
            typer.echo(f"learnt too: {counted(result.transfer_size, 'answer')} with labels but no score")
        typer.echo(f"{_sizes(result)}: {out / result.file}\n")
    for item in done.data.skipped:
        typer.echo(f"skipped item {item.item}: {item.reason}")
    if done.data.dropped:
        typer.echo(f"{len(done.data.dropped)} rows left out; report and run.log say which and why")
    typer.echo(f"report: {done.report}")
    return done


def _sizes(result: ItemResult) -> str:
    """Parameters of student and teacher, λ, and the size of the file."""
    teacher = "" if result.teacher_parameters is None else f" (teacher {result.teacher_parameters:,})"
    return f"{result.scorer.parameters:,} parameters{teacher}, λ = {result.weight:g}, {result.file_bytes / 1000:.1f} KB"


def progress_console() -> Bars | Lines:
    """Progress on stderr, so that stdout holds results only."""
    return progress_for(Console(stderr=True))


def require_extra() -> None:
    """Raise MissingExtraError unless the extra `distill` is installed."""
    from importlib.util import find_spec

    missing = [name for name in ("torch", "transformers", "sklearn", "pyarrow", "jinja2") if find_spec(name) is None]
    if missing:
        raise MissingExtraError(
            f"distilling needs {', '.join(missing)}", 'run: pip install "pocketscore[distill]" (scoring works without)'
        )


def layers_of(text: str | None) -> int | Literal["third", "all"] | None:
    """Layers as the settings take them."""
    if text is None:
        return None
    if text == "third":
        return "third"
    if text == "all":
        return "all"
    if text.isdigit() and int(text) > 0:
        return int(text)
    raise InputError(f"--teacher-layers {text!r} is no number of layers", "give a number, 'third' or 'all'")


def size_in_bytes(text: str | None) -> int | None:
    """Bytes of a size such as 50KB (thousands, as file managers of most systems count)."""
    if text is None:
        return None
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(k|kb|m|mb|b|)", text.strip().casefold())
    if found is None:
        raise InputError(f"--budget {text!r} is no size", "write for example 50KB")
    return round(float(found[1]) * {"": 1, "b": 1, "k": 1e3, "kb": 1e3, "m": 1e6, "mb": 1e6}[found[2]])
