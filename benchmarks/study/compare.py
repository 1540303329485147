"""Students, their teacher and what a user would pick instead, on the test parts of public data.

    python -m benchmarks.study.compare asap-sas ../shared/data --work study [--half 0] [--seeds 3]

Teachers are trained only where the committed table of soft labels does not fit, students and rivals only where neither
the work folder nor the committed predictions have them (`--only` says which to train; whatever is there joins the
figures). A run that was stopped goes on; two processes, one for each half of the items, use two cores. Figures go to
`benchmarks/results/compare-NAME.json` once all items are there; `python -m benchmarks.study.tables` renders them.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.study import rivals
from benchmarks.study.cases import Case, decided, load_cases
from benchmarks.study.datasets import DATA_SETS
from benchmarks.study.labeller import TableLabeller
from benchmarks.study.predictions import COMMITTED, Predictions
from benchmarks.study.summary import ELSTMS, Method, summary
from pocketscore.bundle import to_bytes
from pocketscore.cli.distill import progress_console
from pocketscore.distillation import baselines, lesson
from pocketscore.distillation.fit import ItemFitter
from pocketscore.distillation.outputs import card
from pocketscore.distillation.settings import (
    ELSTM_TRAINING,
    ELSTM_TRANSFER_TRAINING,
    LAMBDAS,
    POCKET_TRAINING,
    RECIPES,
    DistillSettings,
)
from pocketscore.progress import Progress, Silent
from pocketscore.results import ItemResult
from pocketscore.types import Floats, Ints
from pocketscore.workdir import WorkDir, key_of

RESULTS = Path(__file__).parent.parent / "results"
RECIPE = 2
"""Raise when the same settings shall give other scores."""

LATER = ("wrong_at_most", "harden", "language")
"""Settings that came after the first committed predictions; as they were then, they have no part in a name."""

SEEDS = 3
"""Students for each entry and item."""


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
ONE_LAMBDA = replace(POCKET, lambda_=0.3)
ENTRIES: Mapping[str, Entry] = {
    "pocket": Entry(POCKET),
    # One λ for what follows: choosing it would double the time.
    "pocket, hard labels": Entry(ONE_LAMBDA, "hard"),
    "pocket, 50 KB": Entry(replace(ONE_LAMBDA, budget=50_000)),
    "pocket, 300 KB": Entry(replace(ONE_LAMBDA, budget=300_000)),
    # The paper takes the likeliest point; here all rows decide alike, and the likeliest stands in a column of its own.
    **{f"{name}, paper": Entry(replace(PAPER, student=name, decision="scaled"), "in-sample") for name in ELSTMS},
    **{f"{name}, our recipe": Entry(replace(ONE_LAMBDA, student=name)) for name in ELSTMS},
}
"""Name of a distilled student -> how. The original NN of each is trained beside it."""

RIDGE, MODEL2VEC, SMALL = "TF-IDF + ridge", "Model2Vec, fine-tuned", "small encoder"


def main() -> None:
    """Train what is missing, then write the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", choices=list(DATA_SETS))
    parser.add_argument("data", type=Path, help="folder with the data sets")
    parser.add_argument("--work", type=Path, required=True, help="folder for finished networks")
    parser.add_argument("--half", type=int, choices=(0, 1), help="only items at even or odd places")
    parser.add_argument("--seeds", type=int, default=SEEDS, help="students for each entry and item")
    parser.add_argument("--rivals", action="store_true", help="train what a user would pick instead, and no students")
    parser.add_argument("--small-encoder", help="hub id or folder of the small encoder among the rivals")
    parser.add_argument("--only", action="append", choices=list(ENTRIES), help="only this entry (may be repeated)")
    given = parser.parse_args()
    work = Predictions(given.work / "compare", COMMITTED / f"{given.dataset}.npz")
    with closing(progress_console()) as progress:
        cases = load_cases(DATA_SETS[given.dataset], given.data, given.work, progress)
        mine = [case for i, case in enumerate(cases) if given.half in (None, i % 2)]
        if given.rivals:
            train_rivals(cases, given.seeds, given.small_encoder, work, progress)
        else:
            entries = given.only or list(ENTRIES)
            progress.start("students", len(entries) * len(mine) * given.seeds)
            for name in entries:
                for case in mine:
                    for seed in range(given.seeds):
                        distilled(case, name, seed, work)
                        progress.advance()
    methods = [methods_of(case, given.seeds, work) for case in cases]
    if given.half is None or all(len(found) == len(methods[0]) for found in methods):
        work.commit(_entries(cases, max(SEEDS, given.seeds)))
        write(given.dataset, cases, methods)


def _entries(cases: Sequence[Case], seeds: int) -> Iterator[str]:
    """Names of everything that may be finished."""
    for case in cases:
        for seed in range(seeds):
            yield from (_distilled(case, name, seed) for name in ENTRIES)
            yield from (_rival(case, name, seed) for name in (RIDGE, MODEL2VEC, SMALL))


def distilled(case: Case, name: str, seed: int, work: WorkDir) -> Mapping[str, np.ndarray]:
    """Scores of one student and its original NN for the test part, and their sizes; computed once."""
    entry = _distilled(case, name, seed)
    stored = work.get(entry)
    if stored is None:
        how = ENTRIES[name]
        settings = replace(how.settings, seed=seed)
        labeller = TableLabeller(case, how.labels, work)
        result = ItemFitter(case.responses, 0, labeller, settings, work, Silent()).fit()
        stored = _stored(result, settings)
        work.put(entry, stored)
    return stored


def _stored(result: ItemResult, settings: DistillSettings) -> dict[str, np.ndarray]:
    return {
        **result.predictions,
        **{f"{name}, likeliest": p.argmax(axis=1) for name, p in result.probabilities.items()},
        "parameters": np.array(result.scorer.parameters),
        "bytes": np.array(len(to_bytes(replace(result.scorer, card=card(result, "0" * 64, settings))))),
    }


def train_rivals(cases: Sequence[Case], seeds: int, encoder: str | None, work: WorkDir, progress: Progress) -> None:
    """Scores of everything that is not distilled; finished ones stay."""
    progress.start("rivals", len(cases) * (seeds + 1))
    for case in cases:
        if case.responses.item.scale.kind == "ordinal":
            _kept(case, RIDGE, 0, work, partial(rivals.ridge, case))
        progress.advance()
        for seed in range(seeds):
            _kept(case, MODEL2VEC, seed, work, partial(rivals.model2vec, case, seed))
            progress.advance()
    if encoder or any(work.get(_rival(case, SMALL, 0)) is None for case in cases):
        for case, found in zip(cases, rivals.small_encoder(cases, encoder, work.folder, progress), strict=True):
            work.put(_rival(case, SMALL, 0), _of_rival(found))


def _kept(case: Case, name: str, seed: int, work: WorkDir, make: Callable[[], rivals.Rival]) -> None:
    if work.get(_rival(case, name, seed)) is None:
        work.put(_rival(case, name, seed), _of_rival(make()))


def _of_rival(found: rivals.Rival) -> dict[str, np.ndarray]:
    return {"indices": found.indices, "likeliest": found.likeliest, "parameters": np.array(found.parameters)}


def _rival(case: Case, name: str, seed: int) -> str:
    return f"rival-{key_of(RECIPE, case.digest, name, seed)}"


def _distilled(case: Case, name: str, seed: int) -> str:
    how = ENTRIES[name]
    pocket = how.settings.student == "pocket"
    training = (POCKET_TRAINING,) if pocket else (ELSTM_TRANSFER_TRAINING, ELSTM_TRAINING)
    recipes = (RECIPE, lesson.RECIPE, baselines.RECIPE, LAMBDAS, [asdict(settings) for settings in training])
    settings = {name: value for name, value in asdict(how.settings).items() if value or name not in LATER}
    return f"distilled-{key_of(recipes, case.digest, settings, how.labels, seed)}"


def _indices(stored: Mapping[str, np.ndarray]) -> dict[str, Ints]:
    return {key: array.astype(np.int64) for key, array in stored.items()}


def methods_of(case: Case, seeds: int, work: WorkDir) -> dict[str, Method]:
    """Everything finished for one case, by name."""
    methods = {
        name: _of_soft(case, soft)
        for name, soft in (
            ("teacher", case.soft), ("encoder alone", case.encoder_soft), ("in-sample teacher", case.in_sample)
        )
    }  # fmt: skip
    for name in ENTRIES:
        runs = [_indices(work.get(_distilled(case, name, seed)) or {}) for seed in range(seeds)]
        if not all(runs):
            continue
        student, rule = name.split(",")[0], name.partition(", ")[2]
        sizes = {"parameters": int(runs[0]["parameters"]), "bytes": int(runs[0]["bytes"])}
        methods[name] = _of_runs(runs, "student", **sizes)
        if not rule or rule == "our recipe":
            methods[f"{student}, original NN"] = _of_runs(runs, "original_nn", **sizes)
        if name == "pocket":
            methods["majority class"] = Method([runs[0]["majority"]])
            methods["TF-IDF + logistic regression"] = _of_runs(runs[:1], "tfidf")
    for name in (RIDGE, MODEL2VEC, SMALL):
        wanted = seeds if name == MODEL2VEC else 1
        found = [_indices(work.get(_rival(case, name, seed)) or {}) for seed in range(wanted)]
        if all(found):
            indices, likeliest = ([run[key] for run in found] for key in ("indices", "likeliest"))
            methods[name] = Method(indices, likeliest, int(found[0]["parameters"]))
    return methods


def _of_runs(runs: Sequence[Mapping[str, Ints]], key: str, parameters: int = 0, bytes: int = 0) -> Method:  # noqa: A002
    """One method of finished distillations, a run for each seed."""
    return Method([run[key] for run in runs], [run[f"{key}, likeliest"] for run in runs], parameters, bytes)


def _of_soft(case: Case, soft: Floats) -> Method:
    found = decided(case, soft)
    return Method([found.indices], [found.probabilities.argmax(axis=1)], case.teacher_parameters)


def write(dataset: str, cases: Sequence[Case], methods: Sequence[Mapping[str, Method]]) -> None:
    """All figures of a data set, as JSON."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"compare-{dataset}.json"
    found = summary([case.responses for case in cases], methods)
    path.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
