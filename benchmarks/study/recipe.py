"""Changes of the recipe as it ships, at λ = 0.3, on the validation parts.

    python -m benchmarks.study.recipe ../shared/data --work recipe [--half 0] [--seeds 2] [--only "6,000 steps"]

The levers of `ablate` start from λ = 1 and the wide path's common rate. What is tried here starts from the default, and
scores are decided as a scorer decides them. Finished networks are kept, so a run that was stopped goes on. Two
processes, one for each half of the items, use two cores. Figures hold the seeds that are finished on all items.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from contextlib import closing
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from benchmarks.study import networks
from benchmarks.study.cases import Case, load_cases
from benchmarks.study.datasets import DATA_SETS
from benchmarks.study.student import probabilities, trained
from benchmarks.study.variants import BASE, Setup
from pocketscore.cli.distill import progress_console
from pocketscore.decision import cut_points
from pocketscore.distillation import lesson
from pocketscore.distillation.settings import POCKET_TRAINING, LossSettings
from pocketscore.metrics import confusion, cross_entropy, qwk
from pocketscore.student.spec import PocketSpec
from pocketscore.types import Part, Scores, Status
from pocketscore.workdir import WorkDir, key_of

RESULT = Path(__file__).parent.parent / "results" / "recipe-asap-sas.json"
_WIDE = {"wide_factor": POCKET_TRAINING.wide_factor}


def _shipped(**changes: object) -> Setup:
    return replace(BASE, **{"loss": LossSettings(0.3), "training": _WIDE} | changes)  # type: ignore[arg-type]


_LONGER = _WIDE | {"steps": 6000}
VARIANTS: Mapping[str, Setup] = {
    "as it ships": _shipped(),
    "6,000 steps": _shipped(training=_LONGER),
    "a tenth of the deep path's words unknown": _shipped(network=networks.Forgetful),
    "reverse KL": _shipped(objective=networks.reverse_divergence),
    "48 coordinates, 1,024 buckets": _shipped(spec=PocketSpec(embedding=48, buckets=1024)),
    "6,000 steps, a tenth of the deep path's words unknown": _shipped(training=_LONGER, network=networks.Forgetful),
}
"""Name -> setup; the first is what the others are compared with."""


def main() -> None:
    """Train what is missing, then write the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder with the data sets")
    parser.add_argument("--work", type=Path, required=True, help="folder for finished networks")
    parser.add_argument("--half", type=int, choices=(0, 1), help="only items at even or odd places")
    parser.add_argument("--seeds", type=int, default=2, help="students for each variant and item")
    parser.add_argument("--only", action="append", choices=list(VARIANTS), help="only this variant (may be repeated)")
    given = parser.parse_args()
    work = WorkDir(given.work / "students")
    with closing(progress_console()) as progress:
        cases = load_cases(DATA_SETS["asap-sas"], given.data, given.work, progress)
        mine = [case for i, case in enumerate(cases) if given.half in (None, i % 2)]
        runs = [(name, seed) for seed in range(given.seeds) for name in given.only or VARIANTS]
        progress.start("students", len(runs) * len(mine))
        for name, seed in runs:
            for case in mine:
                figures(case, VARIANTS[name], seed, work)
                progress.advance()
            progress.note(f"{name}, seed {seed}")
    write(cases, given.seeds, work)


def figures(case: Case, setup: Setup, seed: int, work: WorkDir) -> dict[str, float]:
    """Validation loss, QWK of scaled scores and of the likeliest point, weights; computed once."""
    entry = _entry(case, setup, seed)
    stored = work.get(entry)
    if stored is None:
        net, learnt = trained(case, setup, seed, work)
        checked, scale = case.responses.part(Part.VALIDATION), case.responses.item.scale
        p = probabilities(net, learnt, checked.texts)
        cuts = cut_points(p @ scale.values, checked.scores, scale)
        scaled = Scores(scale, p, (Status.OK,) * len(p), cuts).indices
        k = len(scale)
        stored = {
            "loss": np.array(cross_entropy(p, checked.scores)),
            "qwk": np.array(qwk(confusion(checked.scores, scaled, k), scale.values)),
            "likeliest": np.array(qwk(confusion(checked.scores, p.argmax(axis=1), k), scale.values)),
            "parameters": np.array(sum(weight.numel() for weight in net.parameters())),
        }
        work.put(entry, stored)
    return {name: float(value) for name, value in stored.items()}


def write(cases: list[Case], seeds: int, work: WorkDir) -> None:
    """All variants as JSON: metric -> a list of finished seeds for each item."""
    table: dict[str, object] = {"items": [case.responses.item.id for case in cases]}
    for name, setup in VARIANTS.items():
        done = [seed for seed in range(seeds) if all(work.get(_entry(case, setup, seed)) is not None for case in cases)]
        if done:
            found = [[figures(case, setup, seed, work) for seed in done] for case in cases]
            metrics = found[0][0]
            table[name] = {metric: [[round(one[metric], 5) for one in item] for item in found] for metric in metrics}
    RESULT.write_text(json.dumps(table, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _entry(case: Case, setup: Setup, seed: int) -> str:
    return f"recipe-{key_of(lesson.RECIPE, asdict(POCKET_TRAINING), case.digest, setup.description(), seed)}"


if __name__ == "__main__":
    main()
