"""Students, their teacher and what a user would pick instead, on the test parts of public data.

    python -m benchmarks.study.compare asap-sas ../shared/data --work study [--half 0] [--seeds 3]

Teachers are trained only where the committed table of soft labels does not fit. Finished networks are kept, so a run
that was stopped goes on; two processes, one for each half of the items, use two cores. The figures are written to
`benchmarks/results/compare-NAME.json` once all items are there; `python -m benchmarks.study.tables` renders them.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from benchmarks.study import rivals
from benchmarks.study.cases import Case, load_cases
from benchmarks.study.datasets import DATA_SETS
from benchmarks.study.labeller import TableLabeller
from benchmarks.study.summary import Method, summary
from pocketscore.bundle import to_bytes
from pocketscore.cli.distill import progress_console
from pocketscore.distillation.fit import ItemFitter
from pocketscore.distillation.settings import RECIPES, DistillSettings
from pocketscore.progress import Progress
from pocketscore.results import ItemResult
from pocketscore.types import Ints, Part
from pocketscore.workdir import WorkDir, key_of

RESULTS = Path(__file__).parent.parent / "results"
RECIPE = 1
"""Raise when the same settings shall give other scores."""


@dataclass(frozen=True)
class Entry:
    """One distillation of the comparison.

    Attributes:
        settings: How to distil.
        labels: "soft" labels, "hard" ones (the teacher's likeliest score), or those of the "in-sample" teacher.
    """

    settings: DistillSettings
    labels: str = "soft"


POCKET, PAPER = DistillSettings(), RECIPES["paper"]
ELSTMS = ("elstm-7t", "elstm-falling-weights", "elstm-gelatin", "elstm-bathtub")
ENTRIES: Mapping[str, Entry] = {
    "pocket": Entry(POCKET),
    "pocket, hard labels": Entry(POCKET, "hard"),
    "pocket, 27k parameters": Entry(replace(POCKET, budget=47_000)),
    "pocket, 50 KB": Entry(replace(POCKET, budget=50_000)),
    "pocket, 300 KB": Entry(replace(POCKET, budget=300_000)),
    **{f"{name}, paper": Entry(replace(PAPER, student=name), "in-sample") for name in ELSTMS},
    **{f"{name}, our recipe": Entry(replace(POCKET, student=name)) for name in ELSTMS},
}
"""Name of a distilled student -> how. The original NN of each is trained beside it."""


def main() -> None:
    """Train what is missing, then write the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", choices=list(DATA_SETS))
    parser.add_argument("data", type=Path, help="folder with the data sets")
    parser.add_argument("--work", type=Path, required=True, help="folder for finished networks")
    parser.add_argument("--half", type=int, choices=(0, 1), help="only items at even or odd places")
    parser.add_argument("--seeds", type=int, default=3, help="students for each entry and item")
    parser.add_argument("--only", action="append", choices=list(ENTRIES), help="only this entry (may be repeated)")
    given = parser.parse_args()
    work = WorkDir(given.work / "compare")
    with closing(progress_console()) as progress:
        cases = load_cases(DATA_SETS[given.dataset], given.data, given.work, progress)
        mine = [case for i, case in enumerate(cases) if given.half in (None, i % 2)]
        entries = given.only or list(ENTRIES)
        for name in entries:
            for case in mine:
                for seed in range(given.seeds):
                    distilled(case, name, seed, work, progress)
        for case in mine:
            others(case, work)
    methods = [methods_of(case, given.seeds, work) for case in cases]
    if given.half is None or all(len(found) == len(methods[0]) for found in methods):
        write(given.dataset, cases, methods)


def distilled(case: Case, name: str, seed: int, work: WorkDir, progress: Progress) -> Mapping[str, np.ndarray]:
    """Scores of one student and its original NN for the test part, and their sizes; computed once."""
    entry = f"distilled-{key_of(RECIPE, case.dataset, case.responses.item.id, name, seed)}"
    stored = work.get(entry)
    if stored is None:
        how = ENTRIES[name]
        settings = replace(how.settings, seed=seed)
        labeller = TableLabeller(case, how.labels, work)
        result = ItemFitter(case.responses, 0, labeller, settings, work, progress).fit()
        stored = _stored(result)
        work.put(entry, stored)
    return stored


def _stored(result: ItemResult) -> dict[str, np.ndarray]:
    kept = ("majority", "tfidf", "original_nn", "student", "teacher")
    return {
        **{name: result.predictions[name] for name in kept},
        "parameters": np.array(result.scorer.parameters),
        "bytes": np.array(len(to_bytes(result.scorer))),
    }


def others(case: Case, work: WorkDir) -> dict[str, Ints]:
    """Scores for the test part by everything that is not distilled, from disk where they are there."""
    test = case.rows(Part.TEST)
    found = {
        "encoder alone": case.encoder_soft[test].argmax(axis=1),
        "in-sample teacher": case.in_sample[test].argmax(axis=1),
    }
    makers: dict[str, Callable[[], Ints]] = {}
    if case.responses.item.scale.kind == "ordinal":
        makers["TF-IDF + ridge"] = lambda: rivals.ridge(case)
    for name, make in makers.items():
        entry = f"other-{key_of(RECIPE, case.dataset, case.responses.item.id, name)}"
        stored = work.get(entry)
        if stored is None:
            stored = {"indices": make()}
            work.put(entry, stored)
        found[name] = stored["indices"].astype(np.int64)
    return found


def methods_of(case: Case, seeds: int, work: WorkDir) -> dict[str, Method]:
    """Everything finished for one case, by name."""
    methods: dict[str, Method] = {}
    for name in ENTRIES:
        runs = [
            work.get(f"distilled-{key_of(RECIPE, case.dataset, case.responses.item.id, name, seed)}")
            for seed in range(seeds)
        ]
        done = [{key: array.astype(np.int64) for key, array in run.items()} for run in runs if run is not None]
        if len(done) < seeds:
            continue
        student, rule = name.split(",")[0], name.partition(", ")[2]
        sizes = {"parameters": int(done[0]["parameters"]), "bytes": int(done[0]["bytes"])}
        methods[name] = Method([run["student"] for run in done], **sizes)
        if not rule or rule == "paper":
            methods[f"{student}, original NN"] = Method([run["original_nn"] for run in done], **sizes)
        if name == "pocket":
            methods["majority class"] = Method([done[0]["majority"]])
            methods["TF-IDF + logistic regression"] = Method([done[0]["tfidf"]])
            methods["teacher"] = Method([done[0]["teacher"]], parameters=case.teacher_parameters)
    for name, indices in others(case, work).items():
        methods[name] = Method([indices])
    return methods


def write(dataset: str, cases: Sequence[Case], methods: Sequence[Mapping[str, Method]]) -> None:
    """All figures of a data set, as JSON."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"compare-{dataset}.json"
    found = summary([case.responses for case in cases], methods)
    path.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
