"""One run from a file of scored responses to scorers and their evidence."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import torch

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
from pocketscore.data.files import file_names, make_folder
from pocketscore.data.items import ScaleKind
from pocketscore.data.split import USUAL, WITH_CALIBRATION
from pocketscore.distillation import outputs
from pocketscore.distillation.fit import ItemFitter
from pocketscore.distillation.harden import lowest_point
from pocketscore.distillation.labelling import CrossFitLabeller, FileLabeller, Labeller
from pocketscore.distillation.language import opened, shown
from pocketscore.distillation.settings import DistillSettings
from pocketscore.distillation.stand_in import unparted, unscored, with_stand_in
from pocketscore.engine import Here, StreamEngine
from pocketscore.errors import InputError
from pocketscore.llm.asking import Opened
from pocketscore.llm.settings import LanguageSettings
from pocketscore.progress import Progress, Silent
from pocketscore.referral import check_asked
from pocketscore.results import ItemResult
from pocketscore.types import Part, Responses
from pocketscore.workdir import WorkDir

Preview = Callable[[Opened, Sequence[Responses]], None]
"""Shown an open language model and the items that it will be asked about; may raise to stop."""


@dataclass(frozen=True)
class Source:
    """Where the responses are and how to read them.

    Attributes:
        path: The file.
        columns: Column names, as far as the user gave them.
        items: Question, rubric, references and scale by item id.
        only: Ids of the items to take; empty takes all.
        scale: Kind of scale, or None to tell from the scores.
        probabilities: File of ready-made soft labels, instead of a teacher.
        unlabelled: File of answers that nobody has scored.
    """

    path: Path
    columns: ColumnChoice = field(default_factory=ColumnChoice)
    items: Mapping[str, ItemText] | None = None
    only: tuple[str, ...] = ()
    scale: ScaleKind | None = None
    probabilities: Path | None = None
    unlabelled: Path | None = None


@dataclass(frozen=True, eq=False)
class Distilled:
    """What a run leaves behind.

    Attributes:
        folder: Folder with the files below.
        results: One result for each item; `file` names its `.pocket`.
        data: The responses as read, with what was left out.
    """

    folder: Path
    results: tuple[ItemResult, ...]
    data: DataSet

    @property
    def report(self) -> Path:
        """The report."""
        return self.folder / outputs.REPORT


def distill(
    source: Source,
    folder: Path,
    settings: DistillSettings | None = None,
    progress: Progress | None = None,
    command: str = "",
    preview: Preview | None = None,
    engine: StreamEngine | None = None,
) -> Distilled:
    """Distil a scorer for each item and write scorers, report and evaluation to a folder.

    Finished work is kept in `folder/work`: a run that was killed goes on where it was.

    Args:
        source: The responses.
        folder: Where everything is written.
        settings: How to distil.
        progress: Told what happens.
        command: The command line, for the report.
        preview: Called before a language model is asked about everything; may raise.
        engine: Where folds and items are worked on; here, one after another, if not given. Elsewhere `folder` must be
            one that every machine sees. The files are the same byte for byte.

    Raises:
        InputError: When the responses cannot be used.
        OutputError: When the folder cannot be written.
        TeacherError: When the teacher cannot be loaded.
    """
    settings = settings or DistillSettings()
    _check_together(source, settings)
    make_folder(folder)
    log = _Log(folder / outputs.LOG, progress or Silent())
    work = WorkDir(folder / outputs.WORK)
    torch.use_deterministic_algorithms(mode=True, warn_only=True)  # on a GPU some operations have no other form
    names = () if source.probabilities is not None else settings.teacher.models
    with opened(names, settings.language or LanguageSettings(), work.folder, log) as models:
        data, items = _split(_read(source, models, preview, log), settings)
        _describe(data, items, log)
        if not items[0].scored_by:
            _preview(preview, models, items)
        more = _unlabelled(source, items, log)
        where = engine or Here()
        labeller = _labeller(source, items, settings, work, log, models, where)
        if models:
            where = Here()  # what they answer is kept by this process
        fit = partial(_fitted, items, labeller, settings, work, log, more)
        if where.remote:
            log.start("items", len(items))
        results = []
        for result in where.map(fit, range(len(items))):
            results.append(result)
            if where.remote:
                log.advance()
    files = file_names([result.responses.item.id for result in results])
    results = [outputs.write_scorer(r, folder / name, data, settings) for r, name in zip(results, files, strict=True)]
    log.start("report", 1)
    speeds = {r.responses.item.id: outputs.measure_speed(r, labeller) for r in results}
    outputs.write_evidence(results, data, settings, speeds, folder, command)
    log.advance()
    log.note("finished")
    return Distilled(folder, tuple(results), data)


def _read(source: Source, models: Mapping[str, Opened], preview: Preview | None, log: Progress) -> DataSet:
    """The scored responses; where nobody has scored any, the first of the language models stands in."""
    how = (source.path, source.columns, source.items, source.only, source.scale)
    data = unscored(*how) if models else None
    if data is None:
        return read_responses(*how)
    name, model = next(iter(models.items()))
    _preview(preview, {name: model}, unparted(data, shown(name)))
    return with_stand_in(data, shown(name), model, log)


def _preview(preview: Preview | None, models: Mapping[str, Opened], items: Sequence[Responses]) -> None:
    if preview is not None:
        for model in models.values():
            preview(model, items)


def _labeller(
    source: Source,
    items: Sequence[Responses],
    settings: DistillSettings,
    work: WorkDir,
    progress: Progress,
    models: Mapping[str, Opened],
    engine: StreamEngine,
) -> Labeller:
    if source.probabilities is not None:
        return FileLabeller(items, source.probabilities)
    return CrossFitLabeller(items, settings.teacher, work, progress, models, engine)


def _fitted(
    items: Sequence[Responses],
    labeller: Labeller,
    settings: DistillSettings,
    work: WorkDir,
    progress: Progress,
    unlabelled: Mapping[str, tuple[str, ...]],
    number: int,
) -> ItemResult:
    """One item, here or in a worker."""
    more = unlabelled.get(items[number].item.id, ())
    return ItemFitter(items[number], number, labeller, settings, work, progress, more).fit()


def _check_together(source: Source, settings: DistillSettings) -> None:
    """Refuse what would otherwise be ignored without a word."""
    if source.probabilities is not None and (source.unlabelled is not None or settings.suspects != "keep"):
        raise InputError(
            "unlabelled answers and doubts about human scores need a teacher to ask, not ready-made soft labels",
            "leave out --teacher-probabilities, or --unlabelled and --suspects",
        )
    if source.unlabelled is not None and settings.without_teacher:
        raise InputError("with lambda = 0 nobody scores the unlabelled answers", "leave out --unlabelled or --lambda")


def _unlabelled(source: Source, items: Sequence[Responses], log: Progress) -> dict[str, tuple[str, ...]]:
    if source.unlabelled is None:
        return {}
    found = read_unlabelled(source.unlabelled, source.columns, items)
    for item, answers in found.items():
        log.note(f"item {item}: {answers}")
    return {item: answers.texts for item, answers in found.items()}


def _split(data: DataSet, settings: DistillSettings) -> tuple[DataSet, list[Responses]]:
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


def _describe(data: DataSet, items: Sequence[Responses], log: Progress) -> None:
    log.note(f"read {data.path.name}: {sum(map(len, items))} responses, {len(items)} item(s)")
    for row in data.dropped:
        log.note(f"left out row {row.row} (id {row.id}, item {row.item}): {row.reason}")
    for item in data.skipped:
        log.note(f"skipped item {item.item}: {item.reason}")
    for responses in items:
        sizes = ", ".join(f"{part} {len(responses.part(part))}" for part in Part if part in (responses.parts or ()))
        log.note(f"item {responses.item.id}: {sizes}; {responses.item.scale.kind} scale {responses.item.scale.points}")
        if repeated := straddling(responses):
            log.note(f"item {responses.item.id}: {len(repeated)} held-out answers also stand in train (given split)")


class _Log:
    """Passes everything on and keeps notes with the time in a file; added to when a run is taken up again.

    Its copies in other processes are silent.
    """

    def __init__(self, path: Path, inner: Progress) -> None:
        self._path, self._inner = path, inner
        self._write(f"pocketscore {__version__}")

    def __reduce__(self) -> tuple[type[Silent], tuple[()]]:
        return Silent, ()

    def start(self, stage: str, total: int) -> None:
        self._write(f"stage {stage}: {total} steps")
        self._inner.start(stage, total)

    def advance(self, steps: int = 1) -> None:
        self._inner.advance(steps)

    def note(self, message: str) -> None:
        self._write(message)
        self._inner.note(message)

    def _write(self, message: str) -> None:
        stamp = time.strftime("%Y-%m-%d %H:%M:%S")
        outputs.append_line(self._path, f"{stamp} {message}")
