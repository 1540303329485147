"""Whether forecasts of agreement come true, and whether suggested answers teach more than random ones.

    python -m benchmarks.suggest ../shared/data --work WORK

On ASAP-SAS, one core. Finished parts stay in the work folder; a run that was stopped goes on. The scorer is
`NgramRidge`, but in the part `network`. Writes `benchmarks/results/suggest.json` and prints its tables.

forecasts  From 100, 250 or 400 scored answers: what would up to 1,000 give (10 items, 5 seeds)? What they gave is
           measured on the rest of the item's answers.
tune       `Taste` is chosen on the items at odd places (1, 3, 5, 7, 9; 5 seeds), which the result does not count.
choices    100 random answers, then batches of 50 up to 500, chosen in five ways; agreement on the test part after each,
           cut points from the validation part (10 items, 10 seeds). The result is that of the items at even places.
network    The same with the pocket student, trained without a teacher, in batches of 100 (even places, 3 seeds); and
           what it gains from 400 to 1,000 answers, beside the forecast of the stand-in (10 items, 2 seeds).
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import numpy as np  # noqa: E402

from benchmarks.choosing import FIRST, LAST, WAYS, Question, Way, by_taste, grown, held_out, network, quality, ridge  # noqa: E402
from benchmarks.study.datasets import DATA_SETS  # noqa: E402
from pocketscore.metrics import qwk  # noqa: E402
from pocketscore.trust import ngram_ridge, subsets  # noqa: E402
from pocketscore.trust.learning_curve import learning_curve  # noqa: E402
from pocketscore.trust.ngram_ridge import NgramRidge  # noqa: E402
from pocketscore.trust.suggest import WITH_SCORED, WITHOUT_SCORED, Taste  # noqa: E402
from pocketscore.types import Floats, Ints, Part, Scale  # noqa: E402
from pocketscore.workdir import WorkDir, key_of  # noqa: E402

RESULTS = Path(__file__).parent / "results" / "suggest.json"
RECIPE = 1
"""Raise when the same entry shall give other numbers."""

STARTS: Mapping[int, tuple[int, ...]] = {100: (150, 200, 400), 250: (375, 500, 1000), 400: (600, 800, 1000)}
"""Scored answers -> numbers that are forecast from them."""

FORECAST_SEEDS, CHOICE_SEEDS, TUNE_SEEDS, NETWORK_SEEDS, GAIN_SEEDS = 5, 10, 5, 3, 2
BATCH, NETWORK_BATCH = 50, 100
NETWORK_WAYS = ("random", "suggested", "suggested, scored unknown", "uncertainty")
TASTES = tuple(Taste(own, others, noise) for own in (0.0, 1.0) for others in (0.5, 1.0) for noise in (0.1, 0.3, 1.0))
RESAMPLES = 10_000

EVEN, ODD = "items 2, 4, 6, 8, 10", "items 1, 3, 5, 7, 9, which the taste was chosen on"
STUDENT = "pocket student without a teacher, items 2, 4, 6, 8, 10"


class Bench:
    """Numbers that are kept by what they depend on.

    Args:
        questions: The items.
        work: Where they are kept.
    """

    def __init__(self, questions: Sequence[Question], work: WorkDir) -> None:
        self.questions, self._work = questions, work

    def kept(self, name: str, question: Question, seed: int, make: Callable[[], Floats], *settings: object) -> Floats:
        """The numbers of one entry; made if they are not there."""
        scored = (question.responses.texts, question.responses.scores.tolist())
        stand_in = (ngram_ridge.BUCKETS, ngram_ridge.PENALTIES, subsets.TRAINED_ON)
        entry = f"{name}-{key_of(RECIPE, scored, seed, settings, stand_in)}"
        stored = self._work.get(entry)
        if stored is None:
            stored = {"found": make()}
            self._work.put(entry, stored)
        return stored["found"].astype(np.float64)

    def choices(self, name: str, way: Way, items: Sequence[Question], seeds: int) -> Floats:
        """Agreement (items, seeds, steps, 2) with the stand-in as scorer."""
        name = _exactly(name)

        def one(item: Question, seed: int) -> Floats:
            return self.kept("choice", item, seed, lambda: grown(item, way, ridge, seed, BATCH), name, BATCH)

        return np.array([[one(item, seed) for seed in range(seeds)] for item in items])

    def networks(self, name: str, way: Way, items: Sequence[Question]) -> Floats:
        """Agreement (items, seeds, steps, 2) with the pocket student as scorer."""
        name = _exactly(name)

        def one(item: Question, seed: int) -> Floats:
            made = lambda: grown(item, way, network, seed, NETWORK_BATCH)  # noqa: E731
            return self.kept("network", item, seed, made, name, NETWORK_BATCH)

        return np.array([[one(item, seed) for seed in range(NETWORK_SEEDS)] for item in items])

    def forecasts(self, start: int) -> Floats:
        """What was forecast and what came (items, seeds, targets, FORECAST columns)."""
        targets = STARTS[start]

        def one(item: Question, seed: int) -> Floats:
            return self.kept("forecast", item, seed, lambda: _forecasts(item, start, targets, seed), start, targets)

        return np.array([[one(item, seed) for seed in range(FORECAST_SEEDS)] for item in self.questions])

    def student_gains(self) -> Floats:
        """Gain of 400 to 1,000 answers (items, 4): forecast, its interval, and what the pocket student gained."""
        made = [self.kept("gain", item, 0, lambda item=item: _student_gain(item)) for item in self.questions]  # type: ignore[misc]
        return np.array(made)


def _exactly(way: str) -> str:
    """The name of a way, with the taste of the package where it has one."""
    tastes = {"suggested": (True, WITH_SCORED), "suggested, scored unknown": (False, WITHOUT_SCORED)}
    return _tasted(*tastes[way]) if way in tastes else way


def _tasted(knows_scored: bool, taste: Taste) -> str:  # noqa: FBT001 (half of a name)
    return f"{knows_scored}, {asdict(taste)}"


FORECAST = (
    "value", "low", "high", "measured_low", "measured_high", "came",
    "gain", "gain_low", "gain_high", "gain_measured_low", "gain_measured_high", "gain_came",
)  # fmt: skip
"""Columns of a forecast. "measured" intervals allow for the test answers too, on which what came was measured."""


def _forecasts(item: Question, start: int, targets: Sequence[int], seed: int) -> Floats:
    order = np.random.default_rng(seed).permutation(len(item.responses))
    known, test = order[:start], order[max(targets) :]
    curve = learning_curve(subsets.trials(*_scored(item, known), seed=seed), seed)
    if curve is None:
        return np.full((len(targets), len(FORECAST)), np.nan)
    rng = np.random.default_rng(seed)
    weights = rng.multinomial(len(test), np.full(len(test), 1 / len(test)), size=len(curve.laws.ceiling))
    before = _measured(item, _stand_in(item, known, test), test, weights)
    rows = []
    for target in targets:
        after = _measured(item, _stand_in(item, order[:target], test), test, weights)
        at, gain, gains = curve.at(target), curve.gain(start, target), curve.gain_draws(start, target)
        came, gained = after[0], after[0] - before[0]
        noise, gain_noise = after[1:] - came, (after - before)[1:] - gained
        level = np.percentile(curve.draws_at(target) + noise, [2.5, 97.5])
        difference = np.percentile(gains + gain_noise, [2.5, 97.5])
        rows.append([at.value, at.low, at.high, *level, came, gain.value, gain.low, gain.high, *difference, gained])
    return np.array(rows)


def _scored(item: Question, rows: Ints) -> tuple[tuple[str, ...], Ints, Scale]:
    taken = item.responses.take(rows)
    return taken.texts, taken.scores, taken.item.scale


def _stand_in(item: Question, trained: Ints, test: Ints) -> Ints:
    """Scores by the stand-in as the curve uses it."""
    model = NgramRidge.fit(
        item.similar[np.ix_(trained, trained)], item.responses.scores[trained], item.responses.item.scale
    )
    return model.indices(item.similar[np.ix_(test, trained)])


def _measured(item: Question, given: Ints, test: Ints, weights: Ints) -> Floats:
    """QWK on the test answers, then with each row of weights (B, N) on them: shape (1 + B,)."""
    k, human = len(item.responses.item.scale), item.responses.scores[test]
    cells = np.eye(k * k)[human * k + given]
    counts = np.vstack([np.ones((1, len(test))), weights]) @ cells
    return qwk(counts.reshape(-1, k, k), item.responses.item.scale.values)


def _student_gain(item: Question) -> Floats:
    order = np.random.default_rng(0).permutation(item.rows(Part.TRAIN))
    few, many = order[:400], order[:1000]
    curve = learning_curve(subsets.trials(*_scored(item, few), seed=0))
    assert curve is not None
    gain = curve.gain(len(few), len(many))
    came = [
        quality(item, network(item, many, held_out(item), seed))[0]
        - quality(item, network(item, few, held_out(item), seed))[0]
        for seed in range(GAIN_SEEDS)
    ]
    return np.array([gain.value, gain.low, gain.high, np.mean(came)])


def main() -> None:
    """Compute what is missing, write the figures, print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder with the data sets")
    parser.add_argument("--work", type=Path, required=True, help="folder for finished numbers")
    parser.add_argument("--no-network", action="store_true", help="leave out the pocket student (half of the time)")
    given = parser.parse_args()
    questions = [Question(responses) for responses in DATA_SETS["asap-sas"].read(given.data)]
    bench = Bench(questions, WorkDir(given.work))
    odd, even = questions[0::2], questions[1::2]
    found: dict[str, object] = {
        "forecasts": {str(start): _of_forecasts(bench.forecasts(start), STARTS[start]) for start in STARTS},
        "taste": _tuned(bench, odd),
        EVEN: _of_choices({way: bench.choices(way, WAYS[way], even, CHOICE_SEEDS) for way in WAYS}, BATCH),
        ODD: _of_choices({way: bench.choices(way, WAYS[way], odd, CHOICE_SEEDS) for way in WAYS}, BATCH),
    }
    if not given.no_network:
        some = {way: bench.networks(way, WAYS[way], even) for way in NETWORK_WAYS}
        found[STUDENT] = {**_of_choices(some, NETWORK_BATCH), "gain": _of_gains(bench.student_gains())}
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(tables(found))


def _tuned(bench: Bench, items: Sequence[Question]) -> dict[str, object]:
    """The taste with the largest mean agreement, for known and unknown scored answers."""
    found: dict[str, object] = {}
    for knows, ours in ((True, WITH_SCORED), (False, WITHOUT_SCORED)):
        means = {}
        for taste in TASTES:
            way = by_taste(taste, knows_scored=knows)
            means[taste] = float(_areas(bench.choices(_tasted(knows, taste), way, items, TUNE_SEEDS))[..., 0].mean())
        best = max(means, key=lambda taste: means[taste])
        found["scored known" if knows else "scored unknown"] = {
            "best": asdict(best), "in the package": asdict(ours),
            "mean QWK": {json.dumps(asdict(taste)): round(mean, 4) for taste, mean in means.items()},
        }  # fmt: skip
    return found


def _areas(curves: Floats) -> Floats:
    """Mean agreement after the batches: (items, seeds, steps, 2) -> (items, seeds, 2)."""
    return np.asarray(curves[:, :, 1:].mean(axis=2))


def _of_choices(curves: Mapping[str, Floats], batch: int) -> dict[str, object]:
    base = curves["random"]
    sizes = range(FIRST, LAST + 1, batch)
    ways = {}
    for name, found in curves.items():
        ways[name] = {
            "curve": dict(zip(map(str, sizes), found[..., 0].mean(axis=(0, 1)).round(4).tolist(), strict=True)),
            "difference": _interval(_areas(found)[..., 0] - _areas(base)[..., 0]),
            "difference, likeliest": _interval(_areas(found)[..., 1] - _areas(base)[..., 1]),
            "difference at the end": _interval((found - base)[:, :, -1, 0]),
            "answers that equal 500 random ones": _reached(found[..., 0], base[..., 0], sizes),
        }
    return {"ways": ways, "runs": int(base.shape[0] * base.shape[1])}


def _interval(paired: Floats) -> dict[str, object]:
    """Mean of differences (items, seeds), its 95 % interval over both and over seeds alone, and the items' means."""
    rng = np.random.default_rng(0)
    items, seeds = paired.shape
    rows = rng.integers(items, size=(RESAMPLES, items, 1))
    fixed = np.arange(items)[None, :, None]
    columns = rng.integers(seeds, size=(RESAMPLES, items, seeds))
    both, alone = (np.percentile(paired[at, columns].mean(axis=(1, 2)), [2.5, 97.5]) for at in (rows, fixed))
    return {
        "value": round(float(paired.mean()), 4), "over items and seeds": both.round(4).tolist(),
        "over seeds": alone.round(4).tolist(), "items": paired.mean(axis=1).round(4).tolist(),
    }  # fmt: skip


def _reached(found: Floats, base: Floats, sizes: range) -> int | None:
    """How many answers give the mean agreement that 500 random ones give, by lines between the batches."""
    curve, goal = np.maximum.accumulate(found.mean(axis=(0, 1))), float(base.mean(axis=(0, 1))[-1])
    return round(float(np.interp(goal, curve, list(sizes)))) if curve[-1] >= goal else None


def _of_forecasts(found: Floats, targets: Sequence[int]) -> dict[str, object]:
    """Errors, coverage and width, over items and seeds."""
    return {str(target): _of_forecast(found[:, :, i].reshape(-1, len(FORECAST))) for i, target in enumerate(targets)}


def _of_forecast(rows: Floats) -> dict[str, object]:
    told = rows[np.isfinite(rows[:, 0])]
    column = dict(zip(FORECAST, told.T, strict=True))

    def covered(low: str, high: str, came: str) -> float:
        return round(float(np.mean((column[low] <= column[came]) & (column[came] <= column[high]))), 3)

    return {
        "n": len(rows), "told": len(told),
        "forecast": _mean(column["value"]), "came": _mean(column["came"]),
        "mean error": _mean(column["value"] - column["came"]),
        "mean absolute error": _mean(np.abs(column["value"] - column["came"])),
        "width": _mean(column["high"] - column["low"]),
        "coverage": covered("low", "high", "came"),
        "coverage with the test answers' luck": covered("measured_low", "measured_high", "came"),
        "gain": _mean(column["gain"]), "gain came": _mean(column["gain_came"]),
        "gain mean absolute error": _mean(np.abs(column["gain"] - column["gain_came"])),
        "gain width": _mean(column["gain_high"] - column["gain_low"]),
        "gain coverage": covered("gain_low", "gain_high", "gain_came"),
        "gain coverage with the test answers' luck": covered("gain_measured_low", "gain_measured_high", "gain_came"),
    }  # fmt: skip


def _mean(values: Floats) -> float:
    return round(float(np.mean(values)), 4)


def _of_gains(found: Floats) -> dict[str, object]:
    """The stand-in's forecast beside what the pocket student gained, over items."""
    draws = np.random.default_rng(0).integers(len(found), size=(RESAMPLES, len(found)))
    low, high = np.percentile((found[:, 3] - found[:, 0])[draws].mean(axis=1), [2.5, 97.5])
    return {
        "forecast": _mean(found[:, 0]), "came": _mean(found[:, 3]),
        "student minus forecast": [_mean(found[:, 3] - found[:, 0]), round(float(low), 4), round(float(high), 4)],
        "inside the interval": int(((found[:, 1] <= found[:, 3]) & (found[:, 3] <= found[:, 2])).sum()),
        "items": found.round(4).tolist(),
    }  # fmt: skip


def tables(found: Mapping[str, Any]) -> str:
    """The figures as Markdown."""
    lines = [
        "| scored | forecast for | told | forecast | came | mean error | covered | with test luck | width "
        "| gain | came | covered | with test luck | width |",
        "|---" * 14 + "|",
    ]
    for start, targets in found["forecasts"].items():
        for target, row in targets.items():
            cells = (row[key] for key in _FORECAST_CELLS)
            lines.append(
                f"| {start} | {target} | {row['told']} of {row['n']} | " + " | ".join(map(_cell, cells)) + " |"
            )
    for name in (EVEN, ODD, STUDENT):
        if name in found:
            lines += ["", f"{name} ({found[name]['runs']} runs)", "", *_of_ways(found[name]["ways"])]
    for known, tuned in found["taste"].items():
        lines += ["", f"{known}: best on odd items {tuned['best']}, in the package {tuned['in the package']}"]
    if STUDENT in found:
        lines += ["", "pocket student, gain of 400 to 1,000 answers: " + json.dumps(found[STUDENT]["gain"])]
    return "\n".join(lines)


_FORECAST_CELLS = (
    "forecast", "came", "mean error", "coverage", "coverage with the test answers' luck", "width",
    "gain", "gain came", "gain coverage", "gain coverage with the test answers' luck", "gain width",
)  # fmt: skip


def _of_ways(ways: Mapping[str, Any]) -> list[str]:
    lines = [
        "| chosen by | QWK at 300 | at 500 | mean over batches minus random (95 % over items and seeds; over seeds) "
        "| likeliest point | at 500 minus random | answers that equal 500 random |",
        "|---" * 7 + "|",
    ]
    for name, row in ways.items():
        differences = (row["difference"], row["difference, likeliest"], row["difference at the end"])
        cells = [name, _cell(row["curve"]["300"]), _cell(row["curve"]["500"]), *map(_spread, differences)]
        lines.append("| " + " | ".join([*cells, str(row["answers that equal 500 random ones"] or "more")]) + " |")
    return lines


def _spread(difference: Mapping[str, Any]) -> str:
    both, seeds = ("{:+.3f} to {:+.3f}".format(*difference[key]) for key in ("over items and seeds", "over seeds"))
    return f"{difference['value']:+.3f} ({both}; {seeds})"


def _cell(value: float) -> str:
    return f"{value:.3f}"


if __name__ == "__main__":
    main()
