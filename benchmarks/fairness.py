"""How often the fairness report accuses a fair scorer, and how often it finds a biased one.

    python -m benchmarks.fairness -o benchmarks/results/fairness.json

Simulated scores: an answer's quality is standard normal; the human and the machine each read it with an error of their
own and cut it into the points 0 to 3. A biased machine reads the answers of one group lower, by as much as lowers its
mean score there by the stated number of standard deviations of the human scores. Three questions:

1. Without bias, in how many data sets is any group declared to fail? Stated rate: at most 5 %.
2. With bias, how often is the group declared to fail, how often does it wrongly pass?
3. Is a bias of the size named in the power statement found in about 80 % of data sets?
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import NormalDist
from typing import Any

import numpy as np

from pocketscore.trust.conventions import Verdict
from pocketscore.trust.distributions import clopper_pearson
from pocketscore.trust.fairness import GroupColumn, fairness
from pocketscore.types import Floats

N = 600
CUTS = (-0.9, 0.0, 0.9)
"""Where quality is cut into the points 0, 1, 2, 3."""
ERROR = 0.4
"""Standard deviation of a reading error: two raters agree on 61 % of the answers, QWK .79."""
SIZES = (20, 30, 50, 100, 150, 200, 300)
BIASES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6)


@dataclass(frozen=True)
class World:
    """What data sets are drawn from.

    Attributes:
        columns: Column -> group -> size; sizes of a column sum to N. Columns are drawn independently.
        error: Standard deviation of the reading errors.
        ability: Group -> shift of the quality of its answers.
        bias: Group -> how much lower the machine reads its answers.
    """

    columns: Mapping[str, Mapping[str, int]]
    error: float = ERROR
    ability: Mapping[str, float] | None = None
    bias: Mapping[str, float] | None = None


FAIR = {
    "two groups: 450, 150": World({"g": {"a": 450, "b": 150}}),
    "eight groups in three columns: 300, 300; 380, 150, 50, 20; 585, 15": World(
        {"g": {"a": 300, "b": 300}, "h": {"c": 380, "d": 150, "e": 50, "f": 20}, "i": {"j": 585, "k": 15}}
    ),
    "machine and human nearly always agree: 570, 20, 10": World({"g": {"a": 570, "b": 20, "c": 10}}, error=0.04),
}
UNEQUAL = World({"g": {"a": 450, "b": 150}}, ability={"b": -0.5})
"""The machine has no bias, but one group's answers are worse."""


def main() -> None:
    """Simulate, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fair", type=int, default=1000, help="data sets without bias, of each kind")
    parser.add_argument("--biased", type=int, default=150, help="data sets of each bias and size")
    parser.add_argument("--power", type=int, default=500, help="data sets of each size for the power statement")
    parser.add_argument("--resamples", type=int, default=200, help="draws of each bootstrap")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("-o", "--out", type=Path)
    given = parser.parse_args()
    found = {
        "settings": {name: getattr(given, name) for name in ("fair", "biased", "power", "resamples", "seed")},
        "no_bias": [
            {"groups": name, **no_bias(world, given.fair, given.resamples, given.seed)} for name, world in FAIR.items()
        ],
        "unequal_ability": no_bias(UNEQUAL, given.fair, given.resamples, given.seed),
        "bias": [planted(bias, size, given.biased, given.resamples, given.seed) for size in SIZES for bias in BIASES],
        "power": [power(size, given.power, given.seed) for size in SIZES],
    }
    print(markdown(found))
    if given.out:
        given.out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def draw(world: World, rng: np.random.Generator) -> tuple[Floats, Floats, dict[str, list[str]]]:
    """Human scores, machine scores and labels of one data set."""
    groups = {
        column: rng.permutation(np.repeat(list(sizes), list(sizes.values()))) for column, sizes in world.columns.items()
    }

    def shifts(of: Mapping[str, float] | None) -> Floats:
        total = np.zeros(N)
        for labels in groups.values():
            for group, shift in (of or {}).items():
                total += shift * (labels == group)
        return total

    quality = rng.normal(size=N) + shifts(world.ability)
    human = np.digitize(quality + world.error * rng.normal(size=N), CUTS).astype(np.float64)
    read = quality + world.error * rng.normal(size=N) - shifts(world.bias)
    return human, np.digitize(read, CUTS).astype(np.float64), {name: found.tolist() for name, found in groups.items()}


def no_bias(world: World, count: int, resamples: int, seed: int) -> dict[str, object]:
    """Shares of data sets in which any group is declared to fail, or has a small p."""
    runs = [examine(world, resamples, seed, number) for number in range(count)]
    groups = [[group for column in columns for group in column.groups] for columns in runs]
    return {
        "any_fails": share([any(group.verdict is Verdict.FAIL for group in run) for run in groups]),
        "any_corrected_p_below_0.05": share([any(group.p_corrected < 0.05 for group in run) for run in groups]),
        "any_p_below_0.05": share([any(group.p < 0.05 for group in run) for run in groups]),
        "csd_p_below_0.05": share([run[0].regressions.effects["csd"].p < 0.05 for run in runs]),
        "groups_that_pass": share([group.verdict is Verdict.PASS for run in groups for group in run]),
    }


def planted(bias: float, size: int, count: int, resamples: int, seed: int) -> dict[str, object]:
    """Shares of data sets in which a biased group of this size is declared to fail, tested positive, or passed."""
    runs = [examine(biased(bias, size), resamples, seed + size, number) for number in range(count)]
    groups = [next(group for group in run[0].groups if group.label == "b") for run in runs]
    return {
        "n": size,
        "bias": bias,
        "mean_dsm": round(float(np.mean([group.dsm.value for group in groups])), 4),
        "fails": share([group.verdict is Verdict.FAIL for group in groups]),
        "p_below_0.05": share([group.p < 0.05 for group in groups]),
        "passes": share([group.verdict is Verdict.PASS for group in groups]),
    }


def power(size: int, count: int, seed: int) -> dict[str, object]:
    """Plants the bias that the power statement names at this size (the median over fair data sets)."""
    fair = [examine(biased(0.0, size), 1, seed + size, number) for number in range(100)]
    stated = float(np.median([group.detectable for run in fair for group in run[0].groups if group.label == "b"]))
    runs = [examine(biased(stated, size), 1, seed + size + N, number) for number in range(count)]
    found = share([group.p < 0.05 for run in runs for group in run[0].groups if group.label == "b"])
    return {"n": size, "stated_bias": round(stated, 4), "found": found}


def examine(world: World, resamples: int, seed: int, number: int) -> tuple[GroupColumn, ...]:
    """The fairness report on one data set."""
    human, machine, groups = draw(world, np.random.default_rng([seed, number]))
    return fairness(human, {"student": machine}, groups, seed=number, resamples=resamples)


def biased(bias: float, size: int) -> World:
    """Group "b" of this size is scored lower by `bias` standard deviations of the human scores."""
    return World({"g": {"a": N - size, "b": size}}, bias={"b": reading_shift(bias)})


def reading_shift(bias: float) -> float:
    """How much lower the machine must read for its mean score to fall by so many standard deviations of the human's.

    The reading is normal with variance 1 + ERROR^2, so the mean score is the sum of the shares above each cut.
    """
    reading = NormalDist(0, float(np.hypot(1, ERROR)))
    above = np.array([1 - reading.cdf(cut) for cut in CUTS])
    points = np.arange(1, len(CUTS) + 1)
    sd = float(np.sqrt((above * (2 * points - 1)).sum() - above.sum() ** 2))
    low, high = 0.0, 5.0
    for _ in range(60):
        middle = (low + high) / 2
        fallen = above.sum() - sum(1 - reading.cdf(cut + middle) for cut in CUTS)
        low, high = (middle, high) if fallen < bias * sd else (low, middle)
    return (low + high) / 2


def share(events: Sequence[bool]) -> dict[str, float]:
    """Share of true events with its exact 95 % interval."""
    hits = int(np.sum(events))
    low, high = clopper_pearson(hits, len(events), 0.95)
    return {"value": round(hits / len(events), 4), "low": round(low, 4), "high": round(high, 4)}


def markdown(found: Mapping[str, Any]) -> str:
    """The tables of the handbook."""
    keys = ("any_fails", "any_corrected_p_below_0.05", "any_p_below_0.05", "csd_p_below_0.05", "groups_that_pass")
    fair = [*found["no_bias"], {"groups": "unequal ability: 450, 150 lower by 0.5", **found["unequal_ability"]}]
    lines = ["| groups | any fails | any corrected p < .05 | any p < .05 | CSD p < .05 | groups that pass |"]
    lines += ["|---|---|---|---|---|---|"]
    lines += [f"| {row['groups']} | " + " | ".join(percent(row[key]) for key in keys) + " |" for row in fair]
    lines += ["", "| n | " + " | ".join(f"bias {bias} SD" for bias in BIASES) + " |", "|---" * (1 + len(BIASES)) + "|"]
    for size in SIZES:
        rows = [row for row in found["bias"] if row["n"] == size]
        cells = [
            " / ".join(f"{100 * row[key]['value']:.0f}" for key in ("fails", "p_below_0.05", "passes")) for row in rows
        ]
        lines.append(f"| {size} | " + " | ".join(cells) + " |")
    lines += ["", "| n | stated bias, SD | found |", "|---|---|---|"]
    lines += [f"| {row['n']} | {row['stated_bias']:.2f} | {percent(row['found'])} |" for row in found["power"]]
    return "\n".join(lines)


def percent(found: Mapping[str, float]) -> str:
    """A share with its interval, in percent."""
    return f"{100 * found['value']:.1f} % ({100 * found['low']:.1f}–{100 * found['high']:.1f})"


if __name__ == "__main__":
    main()
