"""What a run starts from: where the responses are, how they are read and split, and the log of it all."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from pocketscore import __version__
from pocketscore.data import (
    ColumnChoice,
    DataSet,
    ItemText,
    SkippedItem,
    read_responses,
    read_unlabelled,
    split,
    straddling,
)
from pocketscore.data.items import ScaleKind
from pocketscore.data.split import USUAL, WITH_CALIBRATION
from pocketscore.distillation import outputs
from pocketscore.distillation.budget import largest
from pocketscore.distillation.harden import lowest_point
from pocketscore.distillation.language import shown
from pocketscore.distillation.settings import DistillSettings
from pocketscore.distillation.stand_in import unparted, unscored, with_stand_in
from pocketscore.errors import InputError
from pocketscore.llm.asking import Opened
from pocketscore.progress import Progress, Silent
from pocketscore.referral import check_asked
from pocketscore.types import Part, Responses

Unlabelled = Mapping[str, tuple[str, ...]]
"""Answers that nobody has scored, by item id."""

Preview = Callable[[Opened, Sequence[Responses], Unlabelled], None]
"""Shown an open language model, and the items and unscored answers that it will be asked about; may raise to stop."""


@dataclass(frozen=True)
class Source:
    """Where the responses are and how to read them.

    Attributes:
        path: The file.
        columns: Column names, as far as the user gave them.
        items: Question, rubric, references and scale by item id.
        only: Ids of the items to take; empty takes all.
        scale: Kind of scale, or None to tell from the scores.
        probabilities: File of ready-made soft labels, instead of a teacher; unscored answers may have some too.
        unlabelled: File of answers that nobody has scored.
        takes_unscored: Whether unscored answers that have ready-made soft labels are learnt too; the paper knows none.
    """

    path: Path
    columns: ColumnChoice = field(default_factory=ColumnChoice)
    items: Mapping[str, ItemText] | None = None
    only: tuple[str, ...] = ()
    scale: ScaleKind | None = None
    probabilities: Path | None = None
    unlabelled: Path | None = None
    takes_unscored: bool = True


def read(
    source: Source,
    settings: DistillSettings,
    models: Mapping[str, Opened],
    preview: Preview | None,
    log: Progress,
) -> DataSet:
    """The scored responses; where nobody has scored any, the first of the language models stands in."""
    how = (source.path, source.columns, source.items, source.only, source.scale)
    data = unscored(*how) if models else None
    if data is None:
        return read_responses(*how)
    if source.unlabelled is not None:
        raise InputError(
            f"nobody has scored an answer of {source.path.name}, so {source.unlabelled.name} adds nothing of its own",
            "put all answers into one file and leave out --unlabelled",
        )
    name, model = next(iter(models.items()))
    asked = unparted(data, shown(name))
    for responses in asked:  # what cannot work is said before anything is paid for
        check_asked(settings.wrong_at_most, responses)
        if settings.budget is not None:
            largest(settings.budget, responses, settings.at_least)
    show_preview(preview, models, asked, {})
    return with_stand_in(data, shown(name), model, log)


def show_preview(
    preview: Preview | None, models: Mapping[str, Opened], items: Sequence[Responses], more: Unlabelled
) -> None:
    """Show every open language model and what it will be asked about."""
    if preview is not None:
        for model in models.values():
            preview(model, items, more)


def check_together(source: Source, settings: DistillSettings) -> None:
    """Refuse what would otherwise be ignored without a word."""
    if source.probabilities is not None and (source.unlabelled is not None or settings.suspects != "keep"):
        raise InputError(
            "unlabelled answers and doubts about human scores need a teacher to ask, not ready-made soft labels",
            "leave out --teacher-probabilities, or --unlabelled and --suspects",
        )
    if source.unlabelled is not None and settings.without_teacher:
        raise InputError("with lambda = 0 nobody scores the unlabelled answers", "leave out --unlabelled or --lambda")


def unlabelled_answers(source: Source, items: Sequence[Responses], log: Progress) -> Unlabelled:
    """Answers that nobody has scored, by item id."""
    if source.unlabelled is None:
        return {}
    found = read_unlabelled(source.unlabelled, source.columns, items)
    for item, answers in found.items():
        log.note(f"item {item}: {answers}")
    return {item: answers.texts for item, answers in found.items()}


def split_items(data: DataSet, settings: DistillSettings) -> tuple[DataSet, list[Responses]]:
    """Every item split; those that cannot be, or cannot be done as asked, are skipped when others can."""
    ratios = USUAL if settings.wrong_at_most is None else WITH_CALIBRATION
    done: list[Responses] = []
    skipped = list(data.skipped)
    for responses in data.responses:
        try:
            if settings.harden is not None:
                lowest_point(responses.item.scale, settings.harden.lowest)
            whole = split(responses, settings.seed, ratios)
            check_asked(settings.wrong_at_most, whole)
            done.append(whole)
        except InputError as error:
            if len(data.responses) == 1:
                raise
            skipped.append(SkippedItem(responses.item.id, error.problem))
    if not done:
        raise InputError(
            f"{data.path.name}: no item can be used ({skipped[-1].reason})", "give more responses to an item"
        )
    return replace(data, responses=tuple(done), skipped=tuple(skipped)), done


def describe(data: DataSet, items: Sequence[Responses], log: Progress) -> None:
    """Note what was read, what was left out, and how the items are split."""
    log.note(f"read {data.path.name}: {sum(map(len, items))} responses, {len(items)} item(s)")
    for row in data.dropped:
        log.note(f"left out row {row.row or '?'} (id {row.id}, item {row.item}): {row.reason}")
    for item in data.skipped:
        log.note(f"skipped item {item.item}: {item.reason}")
    for responses in items:
        sizes = ", ".join(f"{part} {len(responses.part(part))}" for part in Part if part in (responses.parts or ()))
        log.note(f"item {responses.item.id}: {sizes}; {responses.item.scale.kind} scale {responses.item.scale.points}")
        if repeated := straddling(responses):
            log.note(f"item {responses.item.id}: {len(repeated)} held-out answers also stand in train (given split)")


class RunLog:
    """Passes everything on and keeps notes with the time in a file; added to when a run is taken up again.

    Its copies in other processes are silent.

    Args:
        path: The file.
        inner: Who else is told.
    """

    def __init__(self, path: Path, inner: Progress) -> None:
        self._path, self._inner = path, inner
        self._write(f"pocketscore {__version__}")

    def __reduce__(self) -> tuple[type[Silent], tuple[()]]:
        return Silent, ()

    def start(self, stage: str, total: int) -> None:
        """A stage begins."""
        self._write(f"stage {stage}: {total} steps")
        self._inner.start(stage, total)

    def advance(self, steps: int = 1) -> None:
        """Some steps are done."""
        self._inner.advance(steps)

    def note(self, message: str) -> None:
        """Keep it."""
        self._write(message)
        self._inner.note(message)

    def _write(self, message: str) -> None:
        stamp = time.strftime("%Y-%m-%d %H:%M:%S")
        outputs.append_line(self._path, f"{stamp} {message}")
