"""What can be trusted of the students of public data: validity of each item, and whether promises are kept.

    python -m benchmarks.study.validity asap-sas DATA --work WORK

Each item's student (seed 0, the recipe's default) is trained, or taken from the work folder. Its scores of the test
part, which nothing was chosen by, give everything that a report has. Promises about deferral are checked on the same
scores: the test part stands for the population, held-out sets of the size that `distill --wrong-at-most` sets aside are
drawn from it a thousand times (with replacement), and the true share of wrong scores at the threshold is then known.
Figures go to `benchmarks/results/validity-NAME.json`.
"""

from __future__ import annotations

import argparse
import json
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.study.cases import Case, load_cases
from benchmarks.study.compare import ENTRIES, RESULTS
from benchmarks.study.datasets import DATA_SETS
from benchmarks.study.labeller import TableLabeller
from pocketscore.cli.distill import progress_console
from pocketscore.distillation.fit import ItemFitter
from pocketscore.distillation.outputs import evaluation_dict
from pocketscore.progress import Silent
from pocketscore.results import ItemResult
from pocketscore.trust.deferral import Judged, Target, promise
from pocketscore.types import Floats, Part
from pocketscore.workdir import WorkDir

TARGETS = (0.05, 0.10, 0.15, 0.20)
RESAMPLES = 1000


@dataclass(frozen=True)
class Kept:
    """What a thousand promises came to.

    Attributes:
        promised: Share of the held-out sets on which something was promised.
        broken: Share of all held-out sets whose threshold gives more wrong scores than was asked for.
        alone: Mean share of the population scored alone, 0 where nothing was promised.
        naive_broken: `broken`, had the laxest threshold been taken whose held-out share of wrong scores is as asked.
        naive_alone: `alone` for that one.
    """

    promised: float
    broken: float
    alone: float
    naive_broken: float
    naive_alone: float


def main() -> None:
    """Fit what is missing, then write the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", choices=list(DATA_SETS))
    parser.add_argument("data", type=Path, help="folder with the data sets")
    parser.add_argument("--work", type=Path, required=True, help="folder for finished networks")
    given = parser.parse_args()
    work = WorkDir(given.work / "compare")
    with closing(progress_console()) as progress:
        cases = load_cases(DATA_SETS[given.dataset], given.data, given.work, progress)
        progress.start("items", len(cases))
        found = []
        for case in cases:
            found.append(of_case(case, work))
            progress.advance()
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"validity-{given.dataset}.json"
    lines = ",\n".join(json.dumps(item, ensure_ascii=False) for item in found)
    path.write_text(f'{{"items": [\n{lines}\n]}}\n', encoding="utf-8")


def of_case(case: Case, work: WorkDir) -> dict[str, object]:
    """One item's figures."""
    labeller = TableLabeller(case, "soft", work)
    result = ItemFitter(case.responses, 0, labeller, ENTRIES["pocket"].settings, work, Silent()).fit()
    shown = evaluation_dict(result)
    validity = shown["validity"]
    assert isinstance(validity, dict)
    return {
        "item": case.responses.item.id,
        **{name: value for name, value in validity.items() if name != "deferral_curve"},
        "attacks": _attacks(result),
        "promises": {f"{alpha:g}": vars(found) for alpha, found in promises(result).items()},
    }


def _attacks(result: ItemResult) -> dict[str, object] | None:
    """Counts alone: the words that attacks found come from the data."""
    if result.gaming is None:
        return None
    return {
        one.name: {"tried": one.tried, "succeeded": one.successes, "caught": one.caught}
        for one in result.gaming.results
    }


def promises(result: ItemResult) -> dict[float, Kept]:
    """Promises on the scores of one item's test part."""
    parts = {part: result.responses.part(part) for part in (Part.VALIDATION, Part.TEST)}
    guide, population = (Judged.of(result.scorer.score(p.texts), p.scores) for p in parts.values())
    held_out = round(0.15 * len(result.responses))
    return {alpha: kept(Target(alpha), guide, population, held_out) for alpha in TARGETS}


def kept(target: Target, guide: Judged, population: Judged, held_out: int, seed: int = 0) -> Kept:
    """Draw held-out sets, promise, and look at the population.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> confidence = rng.uniform(0.5, 1.0, 4000)
        >>> population = Judged(confidence, rng.random(4000) > confidence)
        >>> found = kept(Target(0.2), population, population, 300)
        >>> found.broken <= 0.065 < found.naive_broken
        True
    """
    rng = np.random.default_rng(seed)
    rows = []
    for _ in range(RESAMPLES):
        drawn = rng.integers(0, len(population), held_out)
        sample = Judged(population.confidence[drawn], population.wrong[drawn])
        rows.append(
            (_truth(promise(target, guide, sample).threshold, population), _truth(_naive(target, sample), population))
        )
    table = np.array(rows)  # (resamples, ours or naive, alone and wrong)
    broken = (table[:, :, 1] > target.wrong_at_most).mean(axis=0)
    alone = table[:, :, 0].mean(axis=0)
    promised = float((table[:, 0, 0] > 0).mean())
    return Kept(promised, *(round(float(x), 4) for x in (broken[0], alone[0], broken[1], alone[1])))


def _truth(threshold: float | None, population: Judged) -> tuple[float, float]:
    """Shares of the population alone, and of these wrong."""
    if threshold is None:
        return 0.0, 0.0
    found = population.at(threshold)
    return found.alone / found.n, found.wrong / max(found.alone, 1)


def _naive(target: Target, sample: Judged) -> float | None:
    """The laxest confidence of the sample from which on no more than the target are wrong."""
    order = np.argsort(-sample.confidence, kind="stable")
    shares: Floats = np.cumsum(sample.wrong[order]) / np.arange(1, len(order) + 1)
    good = np.flatnonzero(shares <= target.wrong_at_most)
    return float(sample.confidence[order[good[-1]]]) if len(good) else None


if __name__ == "__main__":
    main()
