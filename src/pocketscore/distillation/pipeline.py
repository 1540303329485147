"""One run from a file of scored responses to scorers and their evidence."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch

from pocketscore.data import DataSet
from pocketscore.data.files import file_names, make_folder
from pocketscore.distillation import outputs
from pocketscore.distillation.fit import ItemFitter
from pocketscore.distillation.labelling import SPENT, CrossFitLabeller, Labeller
from pocketscore.distillation.language import opened, shown
from pocketscore.distillation.only_labelled import WholeFileLabeller, only_labelled
from pocketscore.distillation.settings import DistillSettings
from pocketscore.distillation.source import (
    Preview,
    RunLog,
    Source,
    check_together,
    describe,
    read,
    show_preview,
    split_items,
    unlabelled_answers,
)
from pocketscore.engine import Here, StreamEngine
from pocketscore.llm.asking import Opened
from pocketscore.llm.settings import LanguageSettings
from pocketscore.progress import Progress, Silent
from pocketscore.results import ItemResult
from pocketscore.types import Responses
from pocketscore.workdir import WorkDir

__all__ = ["Distilled", "Preview", "Source", "distill"]


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
    processes: int = 1,
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
        processes: Processes that train each fold's teacher together, one a GPU; several need the extra `parallel`.

    Raises:
        InputError: When the responses cannot be used.
        OutputError: When the folder cannot be written.
        TeacherError: When the teacher cannot be loaded.
    """
    settings = settings or DistillSettings()
    check_together(source, settings)
    make_folder(folder)
    log = RunLog(folder / outputs.LOG, progress or Silent())
    work = WorkDir(folder / outputs.WORK)
    torch.use_deterministic_algorithms(mode=True, warn_only=True)  # on a GPU some operations have no other form
    names = () if source.probabilities is not None else settings.teacher.models
    with opened(names, settings.language or LanguageSettings(), work.folder, log) as models:
        data, items = split_items(read(source, settings, models, preview, log), settings)
        data, alone = only_labelled(source, data, items, settings, log)
        describe(data, items, log)
        more = {**unlabelled_answers(source, items, log), **{item: found.texts for item, found in alone.items()}}
        if not items[0].scored_by:
            show_preview(preview, models, items, more)
        where = engine or Here()
        labeller: Labeller = (
            CrossFitLabeller(items, settings.teacher, work, log, models, where, processes)
            if source.probabilities is None
            else WholeFileLabeller(items, source.probabilities, alone)
        )
        fit = partial(_fitted, items, labeller, settings, work, log, more)
        results = _in_turn(Here() if models else where, fit, len(items), log)  # what models say is kept here
        _note_spent(models, log)
    files = file_names([result.responses.item.id for result in results])
    results = [outputs.write_scorer(r, folder / name, data, settings) for r, name in zip(results, files, strict=True)]
    log.start("report", 1)
    speeds = {r.responses.item.id: outputs.measure_speed(r, labeller) for r in results}
    outputs.write_evidence(results, data, settings, speeds, folder, command, log)
    log.note("finished")
    return Distilled(folder, tuple(results), data)


def _note_spent(models: Mapping[str, Opened], log: Progress) -> None:
    """Note what language models have cost so far, earlier runs with the same receipts included."""
    for name, model in models.items():
        spent = {key: value for key, value in model.provenance().items() if key in SPENT}
        log.note(f"{shown(name)}, all receipts: {', '.join(f'{key} {value}' for key, value in spent.items())}")


def _in_turn(
    engine: StreamEngine, fit: Callable[[int], ItemResult], items: int, progress: Progress
) -> list[ItemResult]:
    """Every item's result; elsewhere the log of each is not seen, so that whole items are counted."""
    if not engine.remote:
        return [*engine.map(fit, range(items))]
    progress.start("items", items)
    results = []
    for result in engine.map(fit, range(items)):
        results.append(result)
        progress.advance()
    return results


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
