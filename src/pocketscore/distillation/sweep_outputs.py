"""The files that a sweep leaves: two folders of scorers with their evidence, `sweep.json` and `report.html`."""

from __future__ import annotations

import json
import math
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from pocketscore import __version__
from pocketscore.data import DataSet
from pocketscore.data.files import atomic_write, file_names, make_folder
from pocketscore.distillation import outputs
from pocketscore.distillation.bench import Bench
from pocketscore.distillation.frontier import Losses, frontier, gap, knob_values, smallest_as_good
from pocketscore.distillation.search import Search, Space, Told
from pocketscore.distillation.sweep_settings import Choice, SweepSettings
from pocketscore.report import findings
from pocketscore.report.sweep import render_sweep
from pocketscore.report.sweep_notes import KnobNote, Pick, PickedItem, SweepNotes, TfidfNote, TrialNote
from pocketscore.results import ItemResult, compared_with, nobody_scored, scores_of
from pocketscore.types import MISSING, Part, plain_number

SWEEP = "sweep.json"
BEST, SMALLEST = "best", "smallest"
"""Picks, and names of their folders."""


@dataclass(frozen=True)
class Commands:
    """For the report: this run's command line, and the words with which the distill command begins that repeats it."""

    sweep: str = ""
    distill: tuple[str, ...] = ("pocketscore", "distill", "RESPONSES")

    def again(self, choice: Choice, name: str) -> str:
        """The command line that makes a trial's scorers again."""
        return shlex.join([*self.distill, *choice.options, "-o", name])


def write_sweep(
    data: DataSet, settings: SweepSettings, search: Search, bench: Bench, folder: Path, commands: Commands
) -> SweepNotes:
    """Decide, then look at the test part for the picks alone, and write everything."""
    told = search.told()
    losses = [bench.losses(trial) for trial in told]
    picks, looks = _picks(data, search, bench, folder, commands, losses)
    notes = SweepNotes(
        file=data.path.name,
        sha256=data.sha256,
        items=tuple(responses.item.id for responses in bench.items),
        scored_by=bench.items[0].scored_by,  # all or none: a file is unscored as a whole
        checked=sum(int((r.part(Part.VALIDATION).scores != MISSING).sum()) for r in bench.items),
        budget=settings.budget,
        wanted=settings.trials,
        space=_space(search.space),
        trials=_trial_notes(told),
        tfidf=_tfidf_note(bench, told, losses),
        knobs=_knob_notes(told, losses, search.space),
        picks=picks,
        looks=looks,
        notes=tuple(dict.fromkeys(said for r in bench.items if (said := nobody_scored(r)))),
        command=commands.sweep,
        version=__version__,
        seed=settings.base.seed,
    )
    atomic_write(folder / SWEEP, (json.dumps(sweep_dict(notes), indent=2, ensure_ascii=False) + "\n").encode())
    atomic_write(folder / outputs.REPORT, render_sweep(notes).encode("utf-8", "replace"))
    return notes


def _picks(
    data: DataSet, search: Search, bench: Bench, folder: Path, commands: Commands, losses: Sequence[Losses]
) -> tuple[tuple[Pick, ...], int]:
    """The picks with their files, and how many trials have been looked at on the test part by now."""
    told = search.told()
    trials, best = _trial_notes(told), frontier(told)[-1]
    places = {SMALLEST: smallest_as_good(told, losses), BEST: best}
    looks = search.looked_at([list(told[place].notes["networks"]) for place in places.values()])
    bench.log.start("scorers of the picks", len(set(places.values())))
    finished = {place: _distilled(bench, told[place].choice) for place in dict.fromkeys(places.values())}
    picks = []
    for name, place in places.items():
        line, between = commands.again(told[place].choice, name), gap(losses[place], losses[best])
        results = _written(finished[place], data, told[place].choice, bench, folder / name, line)
        items = tuple(_picked_item(result, name) for result in results)
        picks.append(Pick(name, trials[place], between.value, between.error, line, items))
    return tuple(picks), looks


def sweep_dict(notes: SweepNotes) -> dict[str, object]:
    """JSON-ready; nothing in it depends on the clock. Undefined numbers are None."""
    raw, against = asdict(notes), scores_of(notes.scored_by, "human scores")
    raw["objective"] = f"cross-entropy against {against} on the validation part, mean over items; lower is better"
    if not notes.scored_by:
        del raw["scored_by"]  # as in evaluation.json
    raw["frontier"] = [trial.number for trial in notes.front]
    for pick in raw["picks"]:
        pick["trial"] = pick["trial"]["number"]
    del raw["command"]
    return {name: _plain(value) for name, value in raw.items()}


def _plain(value: object) -> object:
    if isinstance(value, float):
        return plain_number(value)
    if isinstance(value, Mapping):
        return {name: _plain(each) for name, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list | tuple) else value


def _trial_notes(told: Sequence[Told]) -> tuple[TrialNote, ...]:
    front = set(frontier(told))
    return tuple(
        TrialNote(
            number=place + 1,
            **asdict(trial.choice),
            size=trial.size,
            loss=trial.loss,
            agreement=math.nan if trial.notes["agreement"] is None else trial.notes["agreement"],
            on_frontier=place in front,
        )
        for place, trial in enumerate(told)
    )


def _tfidf_note(bench: Bench, told: Sequence[Told], losses: Sequence[Losses]) -> TfidfNote:
    best = frontier(told)[-1]
    checked = bench.tfidf(told[best].choice)
    between = gap([one.losses for one in checked], losses[best])
    return TfidfNote(
        loss=float(np.mean([one.losses.mean() for one in checked])),
        agreement=float(np.mean([one.agreement for one in checked])),
        gap=between.value,
        error=between.error,
    )


def _knob_notes(told: Sequence[Told], losses: Sequence[Losses], space: Space) -> tuple[KnobNote, ...]:
    return tuple(
        KnobNote(one.knob, one.value, one.trials, one.loss, one.gap.value, one.gap.error)
        for one in knob_values(told, losses, space)
    )


def _space(space: Space) -> dict[str, str]:
    return {
        "size": "; ".join(f"{size:,}" for size in space.sizes) + " bytes",
        "λ": str(space.lambdas).replace(":", " to "),
        "temperature": str(space.temperatures).replace(":", " to "),
        "transfer": ", ".join(map(str, space.transfers)),
    }


def _distilled(bench: Bench, choice: Choice) -> list[ItemResult]:
    """Everything about a pick, the test part included; its networks are there already."""
    results = [fitter.fit() for fitter in bench.fitters(choice)]
    bench.log.advance()
    return results


def _written(
    results: Sequence[ItemResult], data: DataSet, choice: Choice, bench: Bench, folder: Path, command: str
) -> list[ItemResult]:
    """The files that `distill` leaves, in a folder of their own."""
    make_folder(folder)
    settings = choice.settings(bench.base)
    names = file_names([result.responses.item.id for result in results])
    done = [outputs.write_scorer(r, folder / name, data, settings) for r, name in zip(results, names, strict=True)]
    speeds = {r.responses.item.id: outputs.measure_speed(r, bench.labeller) for r in done}
    outputs.write_evidence(done, data, settings, speeds, folder, command, bench.log)
    return done


def _picked_item(result: ItemResult, folder: str) -> PickedItem:
    scale, found = result.responses.item.scale, result.agreement
    compared = compared_with(result.responses.scored_by)
    return PickedItem(
        id=result.responses.item.id,
        file=f"{folder}/{result.file}",
        size=result.file_bytes,
        parameters=result.scorer.parameters,
        metric=findings.METRICS[findings.main_metric(scale)],
        n=found["student"].n,
        student=findings.main_estimate(found["student"], scale),
        tfidf=findings.main_estimate(found["tfidf"], scale),
        teacher=findings.main_estimate(found["teacher"], scale) if "teacher" in compared else None,
        people=None if result.human is None else findings.main_estimate(result.human, scale),
    )
