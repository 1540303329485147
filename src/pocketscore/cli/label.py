"""`pocketscore label`: soft labels of answers by a language model, with receipts and within a budget."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from pocketscore.cli import llm_options, options
from pocketscore.cli.again import distill_words
from pocketscore.cli.bundles import bundled
from pocketscore.cli.column_options import ColumnOptions
from pocketscore.cli.distill import progress_console, require_extra
from pocketscore.cli.llm_options import LanguageOptions
from pocketscore.cli.preview import Quote, liked
from pocketscore.cli.progress import Pausing
from pocketscore.errors import InputError, TeacherError
from pocketscore.types import MISSING

if TYPE_CHECKING:
    from pocketscore.data import DataSet
    from pocketscore.engine import StreamEngine
    from pocketscore.llm.asking import Asking, Opened
    from pocketscore.llm.first_batch import FirstBatch
    from pocketscore.llm.injections import Steering
    from pocketscore.llm.labelling import Labelled, LabelledItem
    from pocketscore.llm.settings import LanguageSettings
    from pocketscore.types import Responses


_OWN = {"teacher", "out", *(field.name for field in fields(LanguageOptions))}
"""Parameters that say how the model is asked, which a file of labels no longer needs."""


@bundled("columns", ColumnOptions)
@bundled("language", LanguageOptions)
def label(
    context: typer.Context,
    responses: llm_options.Answers,
    teacher: llm_options.Teacher,
    out: llm_options.Labels,
    items: options.Items = None,
    only: options.Only = None,
    columns: ColumnOptions = ColumnOptions(),  # noqa: B008 (frozen)
    scale: options.ScaleKind = None,
    dry_run: llm_options.DryRun = False,  # noqa: FBT002 (a flag)
    language: LanguageOptions = LanguageOptions(),  # noqa: B008 (frozen)
    calibration_part: llm_options.CalibrationPart = False,  # noqa: FBT002 (a flag)
    fill_failed: llm_options.FillFailed = False,  # noqa: FBT002 (a flag)
    check_injections: llm_options.CheckInjections = False,  # noqa: FBT002 (a flag)
    engine: options.Engine = "local",
    address: options.Address = None,
    seed: options.Seed = 0,
) -> None:
    """Label answers with a language model: soft labels for `distill --teacher-probabilities`.

    The model is shown training answers that people scored, never those that distill holds out, and calibrated on them.
    What it would cost, and the first answers beside people's scores, come before all the others are asked about. A run
    that was stopped goes on where it was when the same command is given again; no answer is paid for twice.
    """
    from pocketscore.data import read_items, read_responses
    from pocketscore.engine import engine_for
    from pocketscore.llm.labels_file import check_format

    check_format(out)
    name = _one(teacher)
    _check_together(name, language)
    described = read_items(items) if items else None
    data = read_responses(responses, columns.choice, described, tuple(only or ()), scale, purpose="label")
    parts = _parted(data, seed, calibration_part=calibration_part)
    promise = ("--wrong-at-most", "SHARE") if calibration_part else ()
    again = (*distill_words(context, without=_OWN), *promise, "--teacher-probabilities", str(out), "-o", "OUT")
    run = _Run(data, parts, _asking(name, language.settings(seed), out), again, out, seed)
    quote = run.plan(injections=check_injections, show_prompt=dry_run)
    if not dry_run:
        with engine_for(engine, address) as cluster:
            run.go(cluster, language, quote, fill=fill_failed)


@dataclass(frozen=True)
class _Run:
    """One run of the command, step by step.

    Attributes:
        data: What was read.
        items: Its responses, with parts.
        asking: The language model, and how it is asked.
        again: The command that learns from the labels.
        out: File of soft labels to write.
        seed: Seed of everything random.
    """

    data: DataSet
    items: tuple[Responses, ...]
    asking: Asking
    again: tuple[str, ...]
    out: Path
    seed: int

    def plan(self, *, injections: bool, show_prompt: bool) -> Quote:
        """Say what will be asked and what it would cost. Nothing is sent."""
        from pocketscore.cli.label_tables import print_item, print_prompt

        typer.echo(f"teacher: {self.asking.name}")
        if self.data.dropped:
            reasons = Counter(row.reason for row in self.data.dropped).most_common()
            why = ", ".join(f"{n} {reason}" for reason, n in reasons)
            typer.echo(f"{self.data.path.name}: {len(self.data.dropped)} rows left out ({why})")
        planned = [self.asking.planned(responses) for responses in self.items]
        for responses, item in zip(self.items, planned, strict=True):
            print_item(responses, item)
        quote = Quote(self.asking, planned, self.asking.plan(planned), injections=injections).shown()
        if show_prompt:
            print_prompt(planned[0].prompts[planned[0].shown])
        return quote

    def go(self, engine: StreamEngine, language: LanguageOptions, quote: Quote, *, fill: bool) -> None:
        """Label, write the labels, and measure what injections do if that is wanted."""
        done = self.label(engine, language.first, quote, yes=language.yes)
        if done.stopped:
            typer.echo("stopped after the first answers; the same command with --yes goes on, asking for none twice")
            return
        self.write(done, fill=fill)
        if quote.injections:
            self.check_injections(done)

    def label(self, engine: StreamEngine, first: int, quote: Quote, *, yes: bool) -> Labelled:
        """Label, with progress on stderr; the user is asked after the first answers."""
        from pocketscore.llm.labelling import label as labelled

        with closing(Pausing(progress_console, _say)) as progress:

            def go_on(batches: Sequence[FirstBatch], model: Opened) -> bool:
                progress.close()
                quote.corrected(model)
                return liked(batches, yes=yes)

            return labelled(self.items, self.asking, engine, progress, first=first, go_on=go_on, seed=self.seed)

    def write(self, done: Labelled, *, fill: bool) -> None:
        """Write labels, failures and provenance, and say what the labels are worth."""
        from pocketscore.cli.label_tables import print_failures, print_judged
        from pocketscore.llm.labels_file import write_failures, write_labels

        for item in done.items:
            print_judged(item)
        failed = write_failures(done.items, self.out)
        if failed is not None:
            print_failures(done.items, failed)
        if all(len(item.failures) == len(item.responses) for item in done.items):
            raise TeacherError(
                f"{self.asking.name} gave none of the answers a score, "
                f"{sum(len(item.responses) for item in done.items)} in all",
                f"see the reasons in {failed}",
            )
        rows = write_labels(done.items, self.out, fill=fill)
        provenance = self._record(done, {})
        typer.echo(f"{rows} soft labels: {self.out}; where they come from: {provenance}")
        self._next_steps(done.items, fill=fill)

    def check_injections(self, done: Labelled) -> None:
        """Measure how far orders in answers steer the model, and add it to the provenance."""
        from pocketscore.cli.label_tables import print_steering
        from pocketscore.llm.labelling import steering

        with closing(Pausing(progress_console, _say)) as progress, self.asking.opened(progress) as model:
            found = {responses.item.id: steering(responses, model, progress, self.seed) for responses in self.items}
        for name, tried in found.items():
            print_steering(name, tried)
        self._record(replace(done, provenance={**done.provenance, **self.asking.spent()}), found)

    def _record(self, done: Labelled, steering: Mapping[str, Steering]) -> Path:
        from pocketscore.llm.labels_file import write_provenance

        source = {"file": self.data.path.name, "sha256": self.data.sha256}
        return write_provenance(done, source, self.out, steering)

    def _next_steps(self, items: Sequence[LabelledItem], *, fill: bool) -> None:
        """What the labels are for; where nobody has scored anything, a list of answers to score first."""
        from pocketscore.llm.labels_file import beside
        from pocketscore.llm.to_score import unscored, write_to_score

        if not (unknown := unscored(items)):
            self._learn(items, fill=fill)
            return
        path = beside(self.out, ".to-score.csv")
        if path.exists():
            typer.echo(f"{path} is there already, perhaps with people's scores in it, and stays as it is")
            return
        n = write_to_score(unknown, path, self.seed)
        typer.echo(f"answers to score first, chosen as pocketscore suggest chooses them: {n}, in {path}")
        typer.echo("until then distill --teacher with this model lets it stand in for people, and says so")

    def _learn(self, items: Sequence[LabelledItem], *, fill: bool) -> None:
        """The command that learns from the labels, once every answer that people scored has one."""
        unscored = sum(int((item.responses.scores == MISSING).sum()) for item in items)
        failed = [int(item.responses.scores[row]) for item in items for row in item.failures]
        silent = failed.count(MISSING)
        if (lost := len(failed) - silent) and not fill:
            typer.echo(
                f"distill needs a label for each answer that people scored; without one: {lost}, see --fill-failed"
            )
            return
        typer.echo(f"{shlex.join(self.again)} learns from them")
        if more := unscored - silent:
            typer.echo(f"distill learns from answers without a score too: at most {more}, none that is held out")


def _say(message: str) -> None:
    """Notes are said: this command keeps no log."""
    typer.echo(message, err=True)


def _one(teachers: Sequence[str]) -> str:
    """The model to ask; `distill` takes several, and whoever gives several here means them all."""
    if len(teachers) == 1:
        return teachers[0]
    raise InputError(
        f"label asks one model at a time, and --teacher was given {len(teachers)} times",
        "run it once for each, and combine them in distill (--teacher, given again)",
    )


def _check_together(teacher: str, language: LanguageOptions) -> None:
    """Refuse what would otherwise be ignored without a word."""
    from pocketscore.llm.endpoint import is_endpoint

    of_endpoints = (
        *("method", "samples", "sample_temperature", "max_tokens", "workers", "timeout", "max_cost", "max_calls"),
        *("price", "prices", "receipts"),
    )
    idle = [name for name in of_endpoints if getattr(language, name) is not None]
    if idle and not is_endpoint(teacher):
        raise InputError(
            f"--{idle[0].replace('_', '-')} belongs to endpoints, and {teacher} runs on this machine", "leave it out"
        )


def _parted(data: DataSet, seed: int, *, calibration_part: bool) -> tuple[Responses, ...]:
    from pocketscore.data.split import USUAL, WITH_CALIBRATION
    from pocketscore.llm.parts import parted

    return tuple(
        parted(responses, seed, WITH_CALIBRATION if calibration_part else USUAL) for responses in data.responses
    )


def _asking(teacher: str, settings: LanguageSettings, out: Path) -> Asking:
    """The teacher that the user names; its receipts lie beside the labels."""
    from pocketscore.distillation.language import asking, is_prompted
    from pocketscore.llm.endpoint import is_endpoint
    from pocketscore.llm.labels_file import beside

    if not is_prompted(teacher):
        raise InputError(
            f"--teacher {teacher!r} is no language model", "give http(s)://HOST/v1/MODEL, or lm: and a hub id or folder"
        )
    if not is_endpoint(teacher):
        require_extra()
    return asking(teacher, settings, beside(out, ".work"))
