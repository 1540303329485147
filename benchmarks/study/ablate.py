"""Every lever's own effect, on the validation parts.

    python -m benchmarks.study.ablate ../shared/data --work ablation [--half 0] [--lever loss]

Finished networks are kept, so a run that was stopped goes on. Two processes, one for each half of the items, use two
cores. Figures of networks that are not in this work folder stay as they are committed; items that a variant was not
trained on have none (null). After a change of the base, remove the file of figures.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np

from benchmarks.study.cases import Case, load_cases
from benchmarks.study.datasets import DATA_SETS
from benchmarks.study.student import probabilities, trained
from benchmarks.study.variants import LEVERS, RECIPE, Setup
from pocketscore.cli.distill import progress_console
from pocketscore.distillation import lesson
from pocketscore.distillation.lesson import Lesson
from pocketscore.distillation.network import StudentNet
from pocketscore.metrics import confusion, cross_entropy, exact_agreement, qwk
from pocketscore.types import Part
from pocketscore.workdir import WorkDir, key_of

METRICS = ("loss", "qwk", "qwk_expected", "accuracy", "parameters")
RESULT = Path(__file__).parent.parent / "results" / "ablation-asap-sas.json"


def main() -> None:
    """Train what is missing, then write the table of figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder with the data sets")
    parser.add_argument("--work", type=Path, required=True, help="folder for finished networks")
    parser.add_argument("--half", type=int, choices=(0, 1), help="only items at even or odd places")
    parser.add_argument("--lever", action="append", choices=list(LEVERS), help="only this lever (may be repeated)")
    parser.add_argument("--seeds", type=int, default=1, help="students for each variant and item")
    given = parser.parse_args()
    with closing(progress_console()) as progress:
        cases = load_cases(DATA_SETS["asap-sas"], given.data, given.work, progress)
        mine = [case for i, case in enumerate(cases) if given.half in (None, i % 2)]
        levers = given.lever or list(LEVERS)
        runs = [(name, setup, seed) for name, setup in _variants(levers) for seed in range(given.seeds)]
        progress.start("students", len(runs) * len(mine))
        work = WorkDir(given.work / "students")
        for name, setup, seed in runs:
            for case in mine:
                figures(case, setup, seed, work)
                progress.advance()
            progress.note(name)
    write(cases, WorkDir(given.work / "students"), given.seeds)


def figures(case: Case, setup: Setup, seed: int, work: WorkDir) -> dict[str, float]:
    """Validation loss, QWK, QWK of the rounded expected score, accuracy, weights; computed once."""
    entry = _entry(case, setup, seed)
    stored = work.get(entry)
    if stored is None:
        net, learnt = trained(case, setup, seed, work)
        stored = {name: np.array(value) for name, value in judged(case, net, learnt).items()}
        work.put(entry, stored)
    return {name: float(value) for name, value in stored.items()}


def judged(case: Case, net: StudentNet, learnt: Lesson) -> dict[str, float]:
    """Figures of a trained network on the validation part."""
    checked = case.responses.part(Part.VALIDATION)
    p = probabilities(net, learnt, checked.texts)
    values = case.responses.item.scale.values
    likeliest = confusion(checked.scores, p.argmax(axis=1), len(values))
    nearest = np.abs((p @ values)[:, None] - values).argmin(axis=1)
    return {
        "loss": cross_entropy(p, checked.scores),
        "qwk": float(qwk(likeliest, values)),
        "qwk_expected": float(qwk(confusion(checked.scores, nearest, len(values)), values)),
        "accuracy": float(exact_agreement(likeliest)),
        "parameters": sum(weight.numel() for weight in net.parameters() if weight.requires_grad),
    }


def write(cases: list[Case], work: WorkDir, seeds: int) -> None:
    """All finished variants, as JSON, in the order of the levers."""
    ids = [case.responses.item.id for case in cases]
    before = json.loads(RESULT.read_text(encoding="utf-8")) if RESULT.exists() else {}
    if before.get("items") != ids:
        before = {}
    table: dict[str, object] = {"items": ids}
    for lever, variants in LEVERS.items():
        for name, setup in variants.items():
            row = f"{lever}: {name}"
            kept = before.get(row, {metric: [None] * len(cases) for metric in METRICS})
            for place, case in enumerate(cases):
                if all(work.get(_entry(case, setup, seed)) is not None for seed in range(seeds)):
                    found = [figures(case, setup, seed, work) for seed in range(seeds)]
                    for metric in METRICS:
                        kept[metric][place] = [round(one[metric], 5) for one in found]
            if any(kept["loss"]):
                table[row] = kept
    RESULT.write_text(json.dumps(table, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _variants(levers: list[str]) -> Iterator[tuple[str, Setup]]:
    for lever in levers:
        yield from LEVERS[lever].items()


def _entry(case: Case, setup: Setup, seed: int) -> str:
    return f"ablation-{key_of(RECIPE, lesson.RECIPE, case.digest, setup.description(), seed)}"


if __name__ == "__main__":
    main()
