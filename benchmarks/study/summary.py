"""Agreement of every method with intervals, per item and over the items, and the test of one method against another."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pocketscore.metrics import confusion, exact_agreement, macro_f1, qwk
from pocketscore.types import Floats, Ints, Part, Responses

RESAMPLES = 2000
SMALLEST_P = round(2 / (RESAMPLES + 1), 4)
"""The smallest p that so many resamples can give, two-sided."""

PAIRS = (
    ("pocket", "pocket, original NN"),
    ("pocket", "TF-IDF + logistic regression"),
    ("pocket", "pocket, hard labels"),
    ("pocket", "teacher"),
)
"""Pairs (a, b) whose difference a - b is tested."""


@dataclass(frozen=True)
class Method:
    """Scores of one method for M test answers.

    Attributes:
        runs: One array (M,) of indices for each seed.
        parameters: Number of weights, 0 when it is not a network.
        bytes: Size of its file, 0 when it has none.
    """

    runs: Sequence[Ints]
    parameters: int = 0
    bytes: int = 0


Metric = Callable[[Ints], Floats]
"""Confusion counts (..., K, K) -> values (...)."""


def summary(items: Sequence[Responses], methods: Sequence[Mapping[str, Method]]) -> dict[str, object]:
    """JSON-ready figures of a data set.

    Intervals come from resampling test answers within items and drawing one seed for each resample. All methods meet
    the same answers, so differences are paired.
    """
    names = [name for name in methods[0] if all(name in found for found in methods)]
    draws = {name: [_draws(i, r, found[name]) for i, (r, found) in enumerate(zip(items, methods, strict=True))]
             for name in names}  # fmt: skip
    main = "qwk" if items[0].item.scale.kind == "ordinal" else "macro_f1"
    return {
        "items": [_item(responses) for responses in items],
        "main_metric": main,
        "methods": {
            name: {
                "parameters": _mean([found[name].parameters for found in methods]),
                "bytes": _mean([found[name].bytes for found in methods]),
                "seeds": len(methods[0][name].runs),
                **_agreement(draws[name]),
            }
            for name in names
        },
        "differences": {
            f"{a} - {b}": _difference([one[main] for one in draws[a]], [one[main] for one in draws[b]])
            for a, b in PAIRS
            if a in draws and b in draws
        },
    }


def _agreement(draws: Sequence[Mapping[str, tuple[float, Floats]]]) -> dict[str, object]:
    return {
        "items": [{metric: _estimate(*one[metric]) for metric in one} for one in draws],
        "mean": {metric: _over_items([one[metric] for one in draws], metric) for metric in draws[0]},
    }


def _item(responses: Responses) -> dict[str, object]:
    return {"id": responses.item.id, **{part.value: len(responses.part(part)) for part in Part}}


def _draws(number: int, responses: Responses, method: Method) -> dict[str, tuple[float, Floats]]:
    """Metric -> value (mean over seeds) and RESAMPLES resampled values."""
    test, values = responses.part(Part.TEST), responses.item.scale.values
    k, n = len(values), len(test)
    rng = np.random.default_rng(number)  # the same answers for every method
    picks = rng.integers(n, size=(RESAMPLES, n))
    seeds = rng.integers(len(method.runs), size=RESAMPLES)
    cells = np.stack([test.scores * k + run for run in method.runs])
    counts = np.stack(
        [np.bincount(cells[seed, pick], minlength=k * k).reshape(k, k) for seed, pick in zip(seeds, picks, strict=True)]
    )
    found: dict[str, Metric] = {"accuracy": exact_agreement, "macro_f1": macro_f1}
    if responses.item.scale.kind == "ordinal":
        found["qwk"] = lambda table: qwk(table, values)
    tables = [confusion(test.scores, run, k) for run in method.runs]
    return {name: (float(np.mean([metric(t) for t in tables])), metric(counts)) for name, metric in found.items()}


def _estimate(value: float, resampled: Floats) -> dict[str, float]:
    low, high = np.nanpercentile(resampled, [2.5, 97.5])
    return {"value": round(value, 4), "low": round(float(low), 4), "high": round(float(high), 4)}


def _over_items(found: Sequence[tuple[float, Floats]], metric: str) -> dict[str, float]:
    values = np.array([value for value, _ in found])
    mean = _estimate(float(np.nanmean(values)), np.nanmean([draw for _, draw in found], axis=0))
    if metric == "qwk":
        mean["fisher_z"] = round(float(np.tanh(np.nanmean(np.arctanh(np.clip(values, -0.999, 0.999))))), 4)
    return mean


def _difference(a: Sequence[tuple[float, Floats]], b: Sequence[tuple[float, Floats]]) -> dict[str, object]:
    gaps = [(one[0] - other[0], one[1] - other[1]) for one, other in zip(a, b, strict=True)]
    draws = np.nanmean([draw for _, draw in gaps], axis=0)
    return {
        "mean": _estimate(float(np.nanmean([value for value, _ in gaps])), draws),
        "p": round(min(1.0, 2 * (min((draws <= 0).sum(), (draws >= 0).sum()) + 1) / (RESAMPLES + 1)), 4),
        "items": [_estimate(value, draw) for value, draw in gaps],
    }


def _mean(values: Sequence[int]) -> int:
    return round(float(np.mean(values)))
