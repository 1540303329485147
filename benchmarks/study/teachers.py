"""Levers of the teacher: one for each item, the number of folds, and word vectors after fine-tuning.

    python -m benchmarks.study.teachers ../shared/data --work WORK [--only own] [--items 1 5 7]

Training answers are judged out of fold and students on validation parts; no test answer is used. The shared teacher is
that of the committed soft labels. Finished folds and networks are kept, so a run that was stopped goes on; figures of
what is not in this work folder stay as they are committed. After a change of the recipe, remove the file of figures.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from benchmarks.study import ablate, variants
from benchmarks.study.cases import Case, load_cases
from benchmarks.study.datasets import DATA_SETS
from benchmarks.study.decisions import decided
from benchmarks.study.own import OwnEncoder, by_ngrams, folds_of, mixture, ngrams_ready, relabelled
from benchmarks.study.student import fitted, lesson_of
from benchmarks.study.variants import BASE
from pocketscore.cli.distill import progress_console
from pocketscore.distillation import lesson as lessons
from pocketscore.distillation.embeddings import principal_vectors
from pocketscore.metrics import confusion, cross_entropy, qwk
from pocketscore.progress import Progress
from pocketscore.types import Floats, Ints, Part
from pocketscore.workdir import WorkDir, key_of

RESULT = Path(__file__).parent.parent / "results" / "teachers-asap-sas.json"
STAGES = ("own", "vectors", "taught", "folds", "n-grams")
USUAL = 5
"""Folds of the recipe."""
SEEDS = 3
METRICS = ("loss", "qwk", "qwk_expected")
NGRAM_FOLDS = (3, 5, 10, 20)
BASIC = "pretrained"
"""The base student: labels of the shared teacher, word vectors of the pretrained encoder."""
TAUGHT = "own teacher's labels"
VECTORS: Mapping[str, Callable[[Floats], Floats]] = {
    "fine-tuned, mean of the folds": lambda states: states.mean(axis=0),
    "fine-tuned, first fold": lambda states: states[0],
}
"""Other word vectors -> (F, V, H) states of words by the own teachers to (V, H)."""


@dataclass(frozen=True)
class Study:
    """What all stages need.

    Attributes:
        cases: All items.
        work: Where finished work is kept.
        progress: Told what happens.
    """

    cases: Sequence[Case]
    work: WorkDir
    progress: Progress

    def encoder(self, case: Case, total: int) -> OwnEncoder:
        """An item's own encoder in some number of folds."""
        return OwnEncoder(case, self.folds(case, total), self.work, self.progress)

    def folds(self, case: Case, total: int) -> Ints:
        """Folds of an item's training answers; in the usual number those of the shared teacher."""
        return folds_of(self.cases, total)[list(self.cases).index(case)]


def main() -> None:
    """Train what is missing, then write the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder with the data sets")
    parser.add_argument("--work", type=Path, required=True, help="folder for finished folds and networks")
    parser.add_argument("--only", choices=STAGES, action="append", help="only this stage (may be repeated)")
    parser.add_argument("--items", nargs="+", help="only these items")
    parser.add_argument("--folds", nargs="+", type=int, default=[3, 10], help="numbers of folds beside the usual one")
    given = parser.parse_args()
    torch.set_num_threads(1)
    with closing(progress_console()) as progress:
        cases = load_cases(DATA_SETS["asap-sas"], given.data, given.work, progress)
        study = Study(cases, WorkDir(given.work / "teachers"), progress)
        mine = [case for case in cases if given.items is None or case.responses.item.id in given.items]
        for stage in given.only or STAGES:
            run(stage, study, mine, given.folds)
    write(study)


def run(stage: str, study: Study, cases: Sequence[Case], totals: Sequence[int]) -> None:
    """Compute what one stage lacks."""
    if stage == "own":
        train(study, [(case, USUAL) for case in cases])
    elif stage == "vectors":
        students(study, cases, [BASIC, *VECTORS])
    elif stage == "taught":
        students(study, cases, [BASIC, TAUGHT])
    elif stage == "folds":
        train(study, [(case, total) for case in cases for total in totals])
    else:
        study.progress.start("n-grams", len(cases) * len(NGRAM_FOLDS))
        for case in cases:
            for total in NGRAM_FOLDS:
                by_ngrams(case, study.folds(case, total), study.work)
                study.progress.advance()


def train(study: Study, wanted: Sequence[tuple[Case, int]]) -> None:
    """Own encoders of items in numbers of folds, one after the other."""
    encoders = [study.encoder(case, total) for case, total in wanted]
    study.progress.start("own teachers", sum(encoder.most_passes for encoder in encoders))
    for encoder in encoders:
        encoder.train()


def students(study: Study, cases: Sequence[Case], kinds: Sequence[str]) -> None:
    """Students of each kind, for items whose own encoder is finished."""
    ready = [case for case in cases if study.encoder(case, USUAL).finished() is not None]
    study.progress.start("students", len(ready) * len(kinds) * SEEDS)
    for case in ready:
        for kind in kinds:
            for seed in range(SEEDS):
                student(study, case, kind, seed)
                study.progress.advance()


def student(study: Study, case: Case, kind: str, seed: int) -> dict[str, float]:
    """Validation figures of the base student with one thing changed; computed once."""
    entry = student_entry(case, kind, seed)
    stored = study.work.get(entry)
    if stored is None:
        encoder = study.encoder(case, USUAL)
        if kind == TAUGHT:
            case = relabelled(case, encoder, study.folds(case, USUAL), study.work)
        lesson = lesson_of(case, BASE, study.work)
        if kind in VECTORS:
            states = VECTORS[kind](encoder.states(lesson.vocabulary.entries))
            lesson = replace(lesson, vectors=principal_vectors(states, BASE.spec.embedding))
        figures = ablate.judged(case, fitted(lesson, BASE, seed), lesson)
        stored = {metric: np.array(figures[metric]) for metric in METRICS}
        study.work.put(entry, stored)
    return {metric: round(float(stored[metric]), 5) for metric in METRICS}


def student_entry(case: Case, kind: str, seed: int) -> str:
    """Name of a finished student's figures."""
    return f"student-{key_of(variants.RECIPE, lessons.RECIPE, case.digest, BASE.description(), kind, seed)}"


def write(study: Study) -> None:
    """All that is finished, as JSON, one item a line."""
    found = json.loads(RESULT.read_text(encoding="utf-8")) if RESULT.exists() else {}
    ids = [case.responses.item.id for case in study.cases]
    blocks = []
    for name, of_item in FIGURES.items():
        items = found.get(name, {}) | {
            id_: new for id_, case in zip(ids, study.cases, strict=True) if (new := of_item(study, case))
        }
        lines = ",\n".join(f"{json.dumps(id_)}: {json.dumps(items[id_])}" for id_ in ids if id_ in items)
        blocks.append(f'"{name}": {{\n{lines}\n}}')
    RESULT.write_text("{" + ",\n".join(blocks) + "}\n", encoding="utf-8")


def own_figures(study: Study, case: Case) -> dict[str, object]:
    """Shared and own teacher, with n-grams and alone."""
    encoder = study.encoder(case, USUAL)
    finished = encoder.finished()
    if finished is None:
        return {}
    said, cost = finished
    ngrams = by_ngrams(case, study.folds(case, USUAL), study.work)
    return {
        "answers": len(case.train),
        "minutes": rounded(cost.minutes),
        "passes": rounded(cost.passes),
        "shared, alone": agreement(case, case.encoder_soft),
        "own, alone": agreement(case, mixture(case, [said])),
        "shared": agreement(case, case.soft),
        "own": agreement(case, mixture(case, [said, ngrams])),
    }


def fold_figures(study: Study, case: Case) -> dict[str, object]:
    """The item's own mixture in each number of folds that is finished, from the usual one on."""
    found: dict[str, object] = {}
    for total in NGRAM_FOLDS:
        finished = study.encoder(case, total).finished()
        if finished is not None:
            ngrams = by_ngrams(case, study.folds(case, total), study.work)
            found[str(total)] = {
                "minutes": rounded(finished[1].minutes), **agreement(case, mixture(case, [finished[0], ngrams]))
            }  # fmt: skip
    return found if len(found) > 1 else {}


def ngram_figures(study: Study, case: Case) -> dict[str, object]:
    """The n-gram teacher in each number of folds, once all are there."""
    if not all(ngrams_ready(case, study.folds(case, total), study.work) for total in NGRAM_FOLDS):
        return {}
    return {
        str(total): agreement(case, mixture(case, [by_ngrams(case, study.folds(case, total), study.work)]))
        for total in NGRAM_FOLDS
    }


def vector_figures(study: Study, case: Case) -> dict[str, object]:
    """Students by where their word vectors come from."""
    return student_figures(study, case, [BASIC, *VECTORS])


def taught_figures(study: Study, case: Case) -> dict[str, object]:
    """Students by whose labels they learn from."""
    return student_figures(study, case, [BASIC, TAUGHT])


def student_figures(study: Study, case: Case, kinds: Sequence[str]) -> dict[str, object]:
    """Figures of each kind, each a list over seeds; none unless all are finished."""
    if any(study.work.get(student_entry(case, kind, seed)) is None for kind in kinds for seed in range(SEEDS)):
        return {}
    runs = {kind: [student(study, case, kind, seed) for seed in range(SEEDS)] for kind in kinds}
    return {kind: {metric: [run[metric] for run in found] for metric in METRICS} for kind, found in runs.items()}


def agreement(case: Case, soft: Floats) -> dict[str, float]:
    """Training answers out of fold, of probabilities (N, K): loss, QWK of scaled expected score and likeliest point."""
    human, values = case.train.scores, case.responses.item.scale.values
    rules = decided(case, soft)
    found = {
        "loss": cross_entropy(soft[case.rows(Part.TRAIN)], human),
        "qwk": float(qwk(confusion(human, rules["expected score, scaled and rounded"], len(values)), values)),
        "qwk_likeliest": float(qwk(confusion(human, rules["likeliest"], len(values)), values)),
    }
    return {name: round(value, 5) for name, value in found.items()}


def rounded(value: float) -> float | None:
    """Two decimals; None where it is unknown."""
    return None if np.isnan(value) else round(value, 2)


FIGURES: Mapping[str, Callable[[Study, Case], Mapping[str, object]]] = {
    "own": own_figures,
    "vectors": vector_figures,
    "taught": taught_figures,
    "folds": fold_figures,
    "n-grams": ngram_figures,
}
"""Block of the file -> figures of one item, empty while they are not finished."""

if __name__ == "__main__":
    main()
