"""Soft labels: folds, calibration, and teacher probabilities that come from a file."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

import numpy as np

from pocketscore.data.cells import cell_text
from pocketscore.data.table import read_table
from pocketscore.errors import InputError
from pocketscore.metrics import cross_entropy
from pocketscore.text import plain
from pocketscore.types import Floats, Ints, Item, Part, Responses, SoftLabels, canonical_label, improper

FILLED = "filled"
"""Status of a row whose probabilities say nothing about its answer: the model gave that no score."""

_NOTHING = ("", "nan", "na", "n/a", "<na>", "none", "null")
"""What programs write where no number stands, in small letters."""

_Row = Sequence[object]


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


class LabelFile:
    """A table of soft labels made by any other model: an `id` and one column `p_<score point>` each.

    A column `item` is needed when ids repeat between items. A column `part` says where the model that made the labels
    had each response, `status` whether a row is `filled`. `PATH.provenance.json` says what made them, if it is there.

    Args:
        path: CSV, TSV, JSONL, XLSX or Parquet file; read once.

    Raises:
        InputError: When it cannot be read.
    """

    def __init__(self, path: Path) -> None:
        table = read_table(path)
        self._path, self._columns, self._rows = path, table.columns, table.rows
        self._places = {canonical_label_column(name): i for i, name in enumerate(table.columns)}
        self._items = [self._text(row, "item") for row in table.rows]
        self._different = set(self._items)

    def of(self, responses: Responses) -> SoftLabels:
        """Soft labels of all the responses.

        Raises:
            InputError: When a column or an id is missing, an id has two rows, a row is no distribution, or the model
                learnt from responses that are held out here.
        """
        name, item = self._path.name, responses.item
        columns, rows = self._opened(item)
        lost = [id_ for id_ in responses.ids if id_ not in rows]
        if lost:
            raise InputError(
                f"{name} has no row for {len(lost)} of {len(responses)} responses of item {item.id}, first {lost[0]!r}",
                "give every response a row",
            )
        if twice := [id_ for id_ in responses.ids if len(rows[id_]) > 1]:
            raise InputError(f"id {twice[0]!r} of item {item.id} has two rows", "give each response one row")
        if "part" in self._places and responses.parts is not None:
            _check_parts([self._text(rows[id_][0], "part") for id_ in responses.ids], responses, self._path)
        found = _scaled([[_number(rows[id_][0][c], self._path, id_) for c in columns] for id_ in responses.ids])
        if bad := np.flatnonzero(improper(found)).tolist():
            raise InputError(
                f"{name}, id {responses.ids[bad[0]]!r}: {found[bad[0]].tolist()} is not a probability distribution",
                "give finite values of at least 0 that sum to 1",
            )
        folds = np.full(len(responses), -1, dtype=np.int64)
        return SoftLabels(found, folds, {"teacher": f"file {name}", **_provenance(self._path)})

    def said_of(self, item: Item, ids: Collection[str]) -> dict[str, Floats]:
        """(K,) soft labels of those answers to an item that the file says something about.

        Rows without numbers say nothing, nor do those of status `filled`. What is no distribution, and what is said
        twice, is NaN.

        Raises:
            InputError: When a column is missing.
        """
        columns, rows = self._opened(item)
        unknown = [math.nan] * len(columns)
        cells: dict[str, Sequence[float]] = {}
        for id_ in rows.keys() & set(ids):
            said = [[row[c] for c in columns] for row in rows[id_] if self._text(row, "status").casefold() != FILLED]
            numbers = [[*map(_number_or_nan, row)] for row in said if not all(map(_says_nothing, row))]
            if numbers:
                cells[id_] = numbers[0] if len(numbers) == 1 else unknown
        if not cells:
            return {}
        found = _scaled([*cells.values()])
        found[improper(found)] = np.nan
        return dict(zip(cells, found, strict=True))

    def tells_apart(self, item: Item) -> bool:
        """Whether rows about the item cannot be about another: the file names several items, or this one alone."""
        return len(self._different) > 1 or item.id in self._different

    def _opened(self, item: Item) -> tuple[list[int], dict[str, list[_Row]]]:
        """Where each score point stands, and the item's rows by id."""
        wanted = ("id", *(f"p_{point}" for point in item.scale.points))
        missing = [name for name in wanted if name not in self._places]
        if missing:
            raise InputError(
                f"{self._path.name} has no column {', '.join(missing)} (it has {', '.join(self._columns)})",
                "give an id column and one column p_<score point> for each score point",
            )
        several = len(self._different) > 1  # a file about one item may call it what it likes
        found: dict[str, list[_Row]] = defaultdict(list)
        for row, name in zip(self._rows, self._items, strict=True):
            if not several or name == item.id:
                found[self._text(row, "id")].append(row)
        return [self._places[name] for name in wanted[1:]], found

    def _text(self, row: _Row, column: str) -> str:
        """A cell without the blanks around it, '' where there is no such column."""
        return (cell_text(row[self._places[column]]) or "").strip() if column in self._places else ""


def read_probabilities(path: Path, responses: Responses) -> SoftLabels:
    """Soft labels of responses from a file, see `LabelFile`."""
    return LabelFile(path).of(responses)


def _check_parts(given: Sequence[str], responses: Responses, path: Path) -> None:
    """Refuse labels by a model that learnt from, or was shown, responses that are held out here."""
    pairs = zip(given, responses.parts or (), strict=True)
    learnt = sum(there == Part.TRAIN and here != Part.TRAIN for there, here in pairs)
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


def _number_or_nan(cell: object) -> float:
    try:
        number = float(str(cell))
    except ValueError:
        return math.nan
    return number if math.isfinite(number) else math.nan


def _says_nothing(cell: object) -> bool:
    return (cell_text(cell) or "").strip().casefold() in _NOTHING


def _scaled(rows: Sequence[Sequence[float]]) -> Floats:
    """(N, K) probabilities; rows that sum to nearly 1, as published to two or three decimals, sum to 1."""
    probabilities = np.array(rows)
    sums = probabilities.sum(axis=1, keepdims=True)
    rounded = np.abs(sums - 1) < 0.02
    return np.where(rounded, probabilities / np.where(sums == 0, 1, sums), probabilities)
