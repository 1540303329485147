"""A sweep: many small students from one teacher, and which of them is worth its bytes.

Trials are judged by cross-entropy against human scores on the validation part. It decides in `distill` too (which state
of a network is kept, which λ), and it uses whole probabilities: on a hundred answers QWK moves more by the luck of a
few borderline scores than by what is compared. The test part is looked at when everything is decided, for the picks.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch

from pocketscore.data import DataSet
from pocketscore.data.files import make_folder, read_bytes
from pocketscore.distillation import outputs
from pocketscore.distillation.bench import Bench
from pocketscore.distillation.budget import GROUP, LADDER, file_size, largest
from pocketscore.distillation.labelling import CrossFitLabeller, Labeller
from pocketscore.distillation.language import opened, shown, without_prompted
from pocketscore.distillation.lesson import RECIPE
from pocketscore.distillation.only_labelled import WholeFileLabeller, only_labelled
from pocketscore.distillation.search import Asked, Search, Space, alone, check_installed
from pocketscore.distillation.settings import LAMBDAS
from pocketscore.distillation.shared_labeller import SharedLabeller
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
from pocketscore.distillation.sweep_outputs import Commands, write_sweep
from pocketscore.distillation.sweep_settings import Choice, SweepSettings
from pocketscore.distillation.trial import Exercise, TrialFitter, learnt
from pocketscore.engine import Engine, Here, StreamEngine
from pocketscore.errors import InputError
from pocketscore.llm.settings import LanguageSettings
from pocketscore.progress import Progress, Silent
from pocketscore.report.sweep_notes import SweepNotes
from pocketscore.text import Vocabulary
from pocketscore.types import Part, Responses, plain_number
from pocketscore.workdir import WorkDir, key_of

JOURNAL, LOCK = "sweep.journal", "sweep.lock"
"""Names inside the work folder."""


@dataclass(frozen=True, eq=False)
class Swept:
    """What a sweep leaves behind."""

    folder: Path
    found: SweepNotes

    @property
    def report(self) -> Path:
        """The report."""
        return self.folder / outputs.REPORT


def sweep(
    source: Source,
    folder: Path,
    settings: SweepSettings | None = None,
    progress: Progress | None = None,
    commands: Commands | None = None,
    engine: StreamEngine | None = None,
    preview: Preview | None = None,
    now: Callable[[], float] = time.monotonic,
) -> Swept:
    """Search students of several sizes and keep two: the best, and the smallest that is as good.

    Finished work is kept in `folder/work`: a sweep that was killed goes on where it was, and one with more trials or
    more minutes than before goes on searching.

    Args:
        source: The responses.
        folder: Where everything is written.
        settings: What to try, and for how long.
        progress: Told what happens.
        commands: Command lines for the report.
        engine: Where teachers and networks are trained; here, one after another, if not given. All find the same.
        preview: Called before a language model is asked about everything; may raise.
        now: Clock in seconds.

    Raises:
        InputError: When the responses, the ranges or the budget cannot be used, or the folder holds another sweep.
        MissingExtraError: Without Optuna.
        OutputError: When the folder cannot be written.
        TeacherError: When the teacher cannot be loaded.
    """
    settings = settings or SweepSettings()
    check_installed()
    check_together(source, settings.base)
    _check_transfer(source, settings)
    work = WorkDir(folder / outputs.WORK)
    make_folder(work.folder)
    with alone(work.folder / LOCK):
        log = RunLog(folder / outputs.LOG, progress or Silent())
        where = engine or Here()
        data, search, bench = _prepared(source, settings, work, log, preview, where)
        end = now() + 60 * settings.minutes
        _run(search, bench, settings, where, lambda: now() >= end)
        notes = write_sweep(data, settings, search, bench, folder, commands or Commands())
        log.note("finished")
    return Swept(folder, notes)


def _prepared(
    source: Source,
    settings: SweepSettings,
    work: WorkDir,
    log: Progress,
    preview: Preview | None,
    engine: StreamEngine,
) -> tuple[DataSet, Search, Bench]:
    """The data, the journal, and a teacher that has been asked everything that trials will ask.

    The journal comes before the teacher: that it belongs to another sweep is said before anything is trained.
    """
    base = settings.base
    torch.use_deterministic_algorithms(mode=True, warn_only=True)  # as `distill` does
    names = () if source.probabilities is not None else base.teacher.models
    with opened(names, base.language or LanguageSettings(), work.folder, log) as models:
        data, items = split_items(read(source, base, models, preview, log), base)
        data, alone = only_labelled(source, data, items, base, log)
        more = {**unlabelled_answers(source, items, log), **{item: found.texts for item, found in alone.items()}}
        transfers = tuple(sorted(settings.transfers))
        space = Space(sizes(items, settings), settings.lambdas, settings.temperatures, transfers)
        search = Search(work.folder / JOURNAL, space, _about(source, items, more, settings), base.seed)
        describe(data, items, log)
        if not items[0].scored_by:
            show_preview(preview, models, items, more)
        teacher: Labeller = (
            CrossFitLabeller(items, base.teacher, work, log, models, engine)
            if source.probabilities is None
            else WholeFileLabeller(items, source.probabilities, alone)
        )
        bench = Bench(items, SharedLabeller(teacher), base, work, log, more)
        bench.label(space)
    return data, search, bench


def sizes(items: Sequence[Responses], settings: SweepSettings) -> tuple[int, ...]:
    """The budgets to try, in bytes, ascending: those given, or what each step of the ladder needs, if it fits.

    Raises:
        InputError: When not even the smallest student fits.
    """
    trains = [responses.part(Part.TRAIN) for responses in items]
    for train in trains:
        for budget in settings.sizes or (settings.budget,):
            largest(budget, train, settings.base.at_least)  # tells what the smallest needs
    if settings.sizes:
        return tuple(sorted(settings.sizes))
    steps = {max(_needs(train, step, settings.base.at_least) for train in trains) for step in range(len(LADDER))}
    return tuple(sorted(size for size in steps if size <= settings.budget))


def _needs(train: Responses, step: int, at_least: int) -> int:
    """Bytes of one step of the ladder, as `budget.largest` counts them."""
    size, groups = LADDER[step], sum(len(set(labels)) for labels in train.groups.values())
    vocabulary = Vocabulary.of(train.texts, at_least=at_least, at_most=size.words)
    return file_size(size.spec, vocabulary, train.item) + GROUP * groups


class _Tasks(Sequence[Exercise | None]):
    """What the fitters of a batch have to learn, made when it is asked for: a lesson takes memory."""

    def __init__(self, fitters: Sequence[TrialFitter]) -> None:
        self._fitters = fitters

    def __len__(self) -> int:
        return len(self._fitters)

    def __getitem__(self, place: int) -> Exercise | None:  # type: ignore[override]
        return self._fitters[place].exercise()


def _run(search: Search, bench: Bench, settings: SweepSettings, engine: Engine, late: Callable[[], bool]) -> None:
    """Batches of trials until there are enough or the time is up; a batch that was cut short is completed first."""
    done, log = len(search.told()), bench.log
    for weight in LAMBDAS:  # what `distill` would do, so that a search never ends behind it
        search.start_with(Choice(search.space.sizes[-1], weight, 1.0, search.space.transfers[-1]))
    log.start("trials", settings.trials)
    log.advance(min(done, settings.trials))
    while done < settings.trials:
        batch = min(settings.at_once - done % settings.at_once, settings.trials - done)
        asked = [search.ask(done + place) for place in range(batch)]
        for said in _finished(asked, search, bench, engine):
            done += 1
            log.advance()
            log.note(f"trial {done} of {settings.trials}: {said}")
            if late() and done < settings.trials:
                search.put_back()
                log.note(f"the time is up after {done} trials")
                return


def _finished(asked: Sequence[Asked], search: Search, bench: Bench, engine: Engine) -> Iterator[str]:
    """Each trial when its networks are there and its result is in the journal."""
    fitters = [bench.fitters(trial.choice) for trial in asked]
    networks = engine.map(learnt, _Tasks([fitter for each in fitters for fitter in each]))
    for trial, each in zip(asked, fitters, strict=True):
        for fitter in each:
            fitter.keep(next(networks))
        checked = [fitter.checked() for fitter in each]
        loss, size = float(np.mean([one.losses.mean() for one in checked])), max(fitter.size for fitter in each)
        agreement = plain_number(float(np.mean([one.agreement for one in checked])))
        search.tell(trial.number, loss, size, {"agreement": agreement, "networks": [fitter.name for fitter in each]})
        yield f"{trial.choice}, {size} bytes, validation loss {loss:.4f}"


def _check_transfer(source: Source, settings: SweepSettings) -> None:
    """Refuse transfer sets that nobody would label: their trials would all be the same."""
    asked = source.probabilities is None and bool(without_prompted(settings.base.teacher.models))
    if max(settings.transfers) and not asked:
        raise InputError(
            "ready-made soft labels and language models say nothing about answers made from training answers",
            "give --transfer 0, or add a teacher that is trained",
        )


def _about(
    source: Source, items: Sequence[Responses], more: Mapping[str, tuple[str, ...]], settings: SweepSettings
) -> dict[str, object]:
    """Everything but the space that decides what trials find, JSON-ready."""
    base = settings.base
    language = None if base.language is None else (base.language.prompt, base.language.ask.method)
    teacher = replace(base.teacher, models=("ngrams",), seed=0)
    turned = Choice(0, 0.0, 1.0, 0).settings(base)  # what each trial sets for itself does not matter
    others = replace(turned, language=None, seed=0, teacher=teacher)
    return {
        "items": [responses.item.id for responses in items],
        "answers": key_of([[asdict(r.item), r.ids, r.texts, r.scores.tolist(), r.parts] for r in items]),
        "unscored answers": key_of(more) if more else None,
        "soft labels": None if source.probabilities is None else key_of(read_bytes(source.probabilities).hex()),
        "teachers": [shown(name) for name in base.teacher.models],
        "seed": base.seed,
        "other settings": key_of(asdict(others), repr(language)),
        "trials at once": settings.at_once,
        "recipe": RECIPE,
    }
