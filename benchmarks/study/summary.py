"""Agreement of every method with intervals, per item and over the items, and the test of one method against another."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from pocketscore.data.split import USUAL
from pocketscore.metrics import exact_agreement, macro_f1, qwk
from pocketscore.student import PRESETS
from pocketscore.types import Floats, Ints, Part, Responses, Scale

RESAMPLES = 2000
SMALLEST_P = round(2 / (RESAMPLES + 1), 4)
"""The smallest p that so many resamples can give, two-sided."""

ELSTMS = tuple(name for name in PRESETS if name.startswith("elstm"))
"""The paper's networks."""

PAIRS = (
    ("pocket", "pocket, original NN"),
    ("pocket", "TF-IDF + logistic regression"),
    ("pocket", "pocket, hard labels"),
    ("pocket", "teacher"),
    ("pocket", "Model2Vec, fine-tuned"),
    ("pocket", "small encoder"),
    *((f"{name}, {recipe}", f"{name}, original NN") for name in ELSTMS for recipe in ("our recipe", "paper")),
)
"""Pairs (a, b) whose difference a - b is tested."""


@dataclass(frozen=True)
class Method:
    """Scores of one method for M test answers.

    Attributes:
        runs: One array (M,) of indices for each seed.
        likeliest: The same for the likeliest score points, where they may differ from the scores reported.
        parameters: Number of weights, 0 when it is not a network.
        bytes: Size of its file, 0 when it has none.
    """

    runs: Sequence[Ints]
    likeliest: Sequence[Ints] = ()
    parameters: int = 0
    bytes: int = 0


Metric = Callable[[Ints], Floats]
"""Confusion counts (..., K, K) -> values (...)."""


@dataclass(frozen=True, eq=False)
class _Tables:
    """Confusion of one method on one item: of each seed (seeds, K, K), and of each resample (RESAMPLES, K, K)."""

    counts: Ints
    draws: Ints


def summary(items: Sequence[Responses], methods: Sequence[Mapping[str, Method]]) -> dict[str, object]:
    """JSON-ready figures of a data set.

    Intervals come from resampling test answers within items and drawing one seed for each resample. All methods meet
    the same answers, so differences are paired. "mean" counts every item once; "pooled", on nominal scales,
    every answer once.
    """
    names = [name for name in methods[0] if all(name in found for found in methods)]
    kind = items[0].item.scale.kind
    points = Scale.of([point for responses in items for point in responses.item.scale.points], kind).points
    metrics = _metrics(Scale(points, kind))
    tables = {
        name: [_tables(i, r, found[name], points) for i, (r, found) in enumerate(zip(items, methods, strict=True))]
        for name in names
    }
    draws = {
        name: [{metric: (float(np.mean(of(one.counts))), of(one.draws)) for metric, of in metrics.items()}
               for one in found]
        for name, found in tables.items()
    }  # fmt: skip
    main = "qwk" if kind == "ordinal" else "macro_f1"
    return {
        "items": [_item(responses) for responses in items],
        "main_metric": main,
        "methods": {
            name: {
                "parameters": _mean([found[name].parameters for found in methods]),
                "bytes": _mean([found[name].bytes for found in methods]),
                "seeds": len(methods[0][name].runs),
                **_agreement(draws[name]),
                "pooled": _pooled(tables[name], metrics) if kind == "nominal" else {},
                "likeliest": _likeliest(items, [found[name] for found in methods], points, metrics),
            }
            for name in names
        },
        "differences": {
            f"{a} - {b}": _difference([one[main] for one in draws[a]], [one[main] for one in draws[b]])
            for a, b in PAIRS
            if a in draws and b in draws
        },
    }


def _metrics(scale: Scale) -> dict[str, Metric]:
    found: dict[str, Metric] = {"accuracy": exact_agreement, "macro_f1": macro_f1}
    if scale.kind == "ordinal":
        found["qwk"] = partial(qwk, values=scale.values)
    return found


def _agreement(draws: Sequence[Mapping[str, tuple[float, Floats]]]) -> dict[str, object]:
    return {
        "items": [{metric: _estimate(*one[metric]) for metric in one} for one in draws],
        "mean": {metric: _over_items([one[metric] for one in draws], metric) for metric in draws[0]},
    }


def _pooled(tables: Sequence[_Tables], metrics: Mapping[str, Metric]) -> dict[str, object]:
    counts = np.sum([one.counts for one in tables], axis=0)
    draws = np.sum([one.draws for one in tables], axis=0)
    return {name: _estimate(float(np.mean(metric(counts))), metric(draws)) for name, metric in metrics.items()}


def _likeliest(
    items: Sequence[Responses], found: Sequence[Method], points: Sequence[str], metrics: Mapping[str, Metric]
) -> dict[str, float]:
    """Means over the items for the likeliest score points, without intervals; empty where nobody asked for them."""
    if not all(method.likeliest for method in found):
        return {}
    counts = [_counts(r, method.likeliest, points) for r, method in zip(items, found, strict=True)]
    return {name: round(float(np.nanmean([np.mean(metric(c)) for c in counts])), 4) for name, metric in metrics.items()}


def _item(responses: Responses) -> dict[str, object]:
    return {"id": responses.item.id, **{part.value: len(responses.part(part)) for part in USUAL}}


def _tables(number: int, responses: Responses, method: Method, points: Sequence[str]) -> _Tables:
    """Confusion of every seed, and of `RESAMPLES` resamples."""
    test, k = responses.part(Part.TEST), len(points)
    rng = np.random.default_rng(number)  # the same answers for every method
    picks = rng.integers(len(test), size=(RESAMPLES, len(test)))
    seeds = rng.integers(len(method.runs), size=RESAMPLES)
    cells = _cells(responses, method.runs, points)
    drawn = [np.bincount(cells[seed, pick], minlength=k * k) for seed, pick in zip(seeds, picks, strict=True)]
    return _Tables(_counts(responses, method.runs, points), np.array(drawn).reshape(-1, k, k))


def _cells(responses: Responses, runs: Sequence[Ints], points: Sequence[str]) -> Ints:
    """(seeds, M) cell of the confusion table that each test answer falls in."""
    places = np.array([points.index(point) for point in responses.item.scale.points])
    human = places[responses.part(Part.TEST).scores]
    return np.stack([human * len(points) + places[run] for run in runs])


def _counts(responses: Responses, runs: Sequence[Ints], points: Sequence[str]) -> Ints:
    """(seeds, K, K) confusion."""
    k = len(points)
    return np.array([np.bincount(row, minlength=k * k).reshape(k, k) for row in _cells(responses, runs, points)])


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
