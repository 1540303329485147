"""Soft labels: folds, calibration, and teacher probabilities that come from a file."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from pocketscore.data.cells import cell_text, is_blank
from pocketscore.data.table import read_table
from pocketscore.errors import InputError
from pocketscore.metrics import cross_entropy
from pocketscore.text import plain
from pocketscore.types import Floats, Ints, Item, Part, Responses, SoftLabels, canonical_label

FILLED = "filled"
"""Status of a row whose probabilities say nothing about its answer: the model gave that no score."""

_Places = dict[str, int]
_Rows = dict[str, Sequence[object]]


def assign_folds(texts: Sequence[str], strata: Sequence[object], folds: int, seed: int) -> Ints:
    """A fold 0..folds-1 for each of N texts: stratified, seeded; identical texts share a fold.

    >>> assign_folds(["a", "b", "A ", "c"], [0, 0, 0, 0], folds=2, seed=1)[[0, 2]].tolist() in ([0, 0], [1, 1])
    True
    """
    rng = np.random.default_rng(seed)
    groups: dict[str, list[int]] = defaultdict(list)
    for row, text in enumerate(texts):
        groups[plain(text)].append(row)
    by_stratum: dict[object, list[list[int]]] = defaultdict(list)
    for rows in groups.values():
        by_stratum[strata[rows[0]]].append(rows)
    assigned = np.empty(len(texts), dtype=np.int64)
    turn = 0
    for stratum in sorted(by_stratum, key=str):
        members = by_stratum[stratum]
        for place in rng.permutation(len(members)):
            assigned[members[place]] = turn % folds
            turn += 1
    return assigned


def softmax_at(logits: Floats, temperature: float) -> Floats:
    """Class probabilities (N, K) of logits divided by a temperature."""
    scaled = logits / temperature
    powers = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def fit_temperature(logits: Floats, scores: Ints) -> float:
    """The temperature with the least cross-entropy (Guo et al. 2017), in [0.25, 8].

    Args:
        logits: (N, K) out-of-fold logits.
        scores: (N,) human scores.
    """
    return float(1 / fit_weights(logits[None], scores)[0])


def fit_weights(logits: Floats, scores: Ints) -> Floats:
    """Weights (M,) of M teachers' logits whose weighted sum has the least cross-entropy.

    One alone lies in [1/8, 4], several in [0, 4]. The loss is convex in the weights, so going along one weight at
    a time, by golden-section search, leads to its minimum (or to the edge); it ends when no weight moves by 1e-4.

    Args:
        logits: (M, N, K) out-of-fold logits.
        scores: (N,) human scores.
    """
    weights = np.full(len(logits), 1 / len(logits))
    for _ in range(100):
        before = weights.copy()
        for member in range(len(logits)):
            rest = np.tensordot(np.delete(weights, member), np.delete(logits, member, axis=0), axes=1)

            def loss(weight: float, rest: Floats = rest, own: Floats = logits[member]) -> float:
                return cross_entropy(softmax_at(rest + weight * own, 1.0), scores)

            weights[member] = _golden_section(loss, 1 / 8 if len(logits) == 1 else 0.0, 4.0)
        if len(logits) == 1 or np.abs(weights - before).max() < 1e-4:
            break
    return weights


def _golden_section(loss: Callable[[float], float], low: float, high: float) -> float:
    """Where a function with one minimum in [low, high] has it."""
    ratio = (np.sqrt(5) - 1) / 2
    left, right = high - ratio * (high - low), low + ratio * (high - low)
    at_left, at_right = loss(left), loss(right)
    for _ in range(40):
        if at_left < at_right:
            high, right, at_right = right, left, at_left
            left = high - ratio * (high - low)
            at_left = loss(left)
        else:
            low, left, at_left = left, right, at_right
            right = low + ratio * (high - low)
            at_right = loss(right)
    return float((low + high) / 2)


def read_probabilities(path: Path, responses: Responses) -> SoftLabels:
    """Soft labels made by any other model, from a table with `id` and one column `p_<score point>` each.

    Args:
        path: CSV, TSV, JSONL, XLSX or Parquet file. Optional column `item` when ids repeat between items, and `part`:
            where the model that made them had each response. `PATH.provenance.json` says what it was, if it is there.
        responses: The responses that need a soft label.

    Raises:
        InputError: When a column or an id is missing, a row is no distribution, or the model learnt from responses that
            are held out here.
    """
    places, rows = _opened(path, responses.item)
    lost = [id_ for id_ in responses.ids if id_ not in rows]
    if lost:
        raise InputError(
            f"{path.name} has no row for {len(lost)} of {len(responses)} responses of item {responses.item.id}, "
            f"first {lost[0]!r}",
            "give every response a row",
        )
    if "part" in places and responses.parts is not None:
        _check_parts([cell_text(rows[id_][places["part"]]) or "" for id_ in responses.ids], responses, path)
    columns = [places[f"p_{point}"] for point in responses.item.scale.points]
    probabilities = np.array([[_number(rows[id_][c], path, id_) for c in columns] for id_ in responses.ids])
    sums = probabilities.sum(axis=1, keepdims=True)
    rounded = np.abs(sums - 1) < 0.02  # published to two or three decimals
    probabilities = np.where(rounded, probabilities / np.where(sums == 0, 1, sums), probabilities)
    folds = np.full(len(responses), -1, dtype=np.int64)
    return SoftLabels(probabilities, folds, {"teacher": f"file {path.name}", **_provenance(path)})


def labelled_ids(path: Path, item: Item) -> frozenset[str]:
    """Ids of the answers to an item that a table of soft labels says something about.

    Rows without numbers say nothing, nor do those of status `filled`.

    Raises:
        InputError: When a column is missing, or an id has two rows.
    """
    places, rows = _opened(path, item)
    columns = [places[f"p_{point}"] for point in item.scale.points]
    said = {id_ for id_, row in rows.items() if not all(is_blank(row[column]) for column in columns)}
    if "status" in places:
        said -= {id_ for id_, row in rows.items() if cell_text(row[places["status"]]) == FILLED}
    return frozenset(said)


def _opened(path: Path, item: Item) -> tuple[_Places, _Rows]:
    """Where each column of a table of soft labels stands, and the item's rows by id."""
    table = read_table(path)
    wanted = ("id", *(f"p_{point}" for point in item.scale.points))
    places = {canonical_label_column(name): i for i, name in enumerate(table.columns)}
    missing = [name for name in wanted if name not in places]
    if missing:
        raise InputError(
            f"{path.name} has no column {', '.join(missing)} (it has {', '.join(table.columns)})",
            "give an id column and one column p_<score point> for each score point",
        )
    return places, _rows_of(table.rows, places, item.id)


def _check_parts(given: Sequence[str], responses: Responses, path: Path) -> None:
    """Refuse labels by a model that learnt from, or was shown, responses that are held out here."""
    pairs = zip(given, responses.parts or (), strict=True)
    learnt = sum(there.strip() == Part.TRAIN and here != Part.TRAIN for there, here in pairs)
    if learnt:
        raise InputError(
            f"{path.name}: {learnt} responses of item {responses.item.id} that are held out here were in train where "
            "these labels were made, so the test part would flatter them",
            "take the same --seed and split as there (and --wrong-at-most if and only if there was a calibration part)",
        )


def _provenance(path: Path) -> dict[str, str]:
    """What stands beside the labels about the model that made them, if anything usable does."""
    try:
        found = json.loads(path.with_name(path.name + ".provenance.json").read_text("utf-8"))["teacher"]
        return {str(name): str(value) for name, value in found.items() if name != "teacher"} | {
            "labelled_by": str(found["teacher"])
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {"calibration": "none"}


def canonical_label_column(name: str) -> str:
    """Column name with the score point spelt as the scale spells it: `p_2.0` -> `p_2`."""
    text = name.strip()
    return f"p_{canonical_label(text[2:])}" if text.startswith("p_") else text.casefold()


def _number(cell: object, path: Path, id_: str) -> float:
    try:
        return float(str(cell))
    except ValueError:
        raise InputError(
            f"{path.name}, id {id_!r}: {cell!r} is no number", "write probabilities with a decimal point"
        ) from None


def _rows_of(rows: Sequence[Sequence[object]], places: _Places, item: str) -> _Rows:
    chosen = rows
    if "item" in places:
        named = [(cell_text(row[places["item"]]) or "").strip() for row in rows]
        if len(set(named)) > 1:  # a file about one item may call it what it likes
            chosen = [row for row, name in zip(rows, named, strict=True) if name == item]
    found: _Rows = {}
    for row in chosen:
        id_ = (cell_text(row[places["id"]]) or "").strip()
        if id_ in found:
            raise InputError(f"id {id_!r} of item {item} has two rows", "give each response one row")
        found[id_] = row
    return found
