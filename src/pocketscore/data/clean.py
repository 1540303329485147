"""From a user's file to clean responses: one `Responses` per item, and a record of every row left out."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from pocketscore.data.cells import cell_text, is_blank
from pocketscore.data.columns import ColumnChoice, Columns, listed, resolve
from pocketscore.data.files import read_bytes
from pocketscore.data.items import ItemText, ScaleKind
from pocketscore.data.scales import Label, index_on, item_scale, label_text
from pocketscore.data.table import parse_table
from pocketscore.errors import InputError
from pocketscore.text import words
from pocketscore.types import MISSING, Item, Part, Responses

MIN_RESPONSES = 30
"""Usable responses an item needs."""

NO_SCORE = "no score"
"""Why a row that nobody has scored is left out."""

Purpose = Literal["learn", "check", "label"]
"""To "learn" a scorer needs 30 scored responses and two score points; to "check" one, any scored ones will do; to
"label", people need not have scored any."""

# What spreadsheets and data frames put where a text should be.
_NO_ANSWERS = {"NaN", "nan", "#N/A", "#NAME?", "#REF!", "#VALUE!", "#DIV/0!", "#NULL!", "#NUM!"}
_INVISIBLE = {"Zs", "Zl", "Zp", "Cc", "Cf"}
_PARTS = {
    **dict.fromkeys(("train", "training", "trn"), Part.TRAIN),
    **dict.fromkeys(("validation", "valid", "val", "dev", "development"), Part.VALIDATION),
    **dict.fromkeys(("calibration", "calib", "cal"), Part.CALIBRATION),
}


@dataclass(frozen=True)
class Dropped:
    """A row left out: its number in the file (the header is row 1; 0 if unknown), ids as far as known, and why."""

    row: int
    id: str
    item: str
    reason: str


@dataclass(frozen=True)
class Unscored:
    """An answer that nobody has scored: left out, unless something else labels it.

    Attributes:
        id, item: As in the file.
        text: The answer.
        part: Where the file puts it, train where it does not say; None where what it says is no part.
        repeated: Whether another answer to the item has the same id.
        elsewhere: Whether an answer to another item of the file has the same id.
    """

    id: str
    item: str
    text: str
    part: Part | None
    repeated: bool
    elsewhere: bool


@dataclass(frozen=True)
class SkippedItem:
    """An item left out of a file with several, and why."""

    item: str
    reason: str


@dataclass(frozen=True, eq=False)
class DataSet:
    """A user's file after cleaning.

    Attributes:
        responses: One per usable item, in order of first appearance.
        dropped: Rows left out, in order.
        skipped: Items left out, in order.
        path: The file.
        sha256: Hash of its bytes, hexadecimal.
        unscored: Rows left out for want of a score alone, in order.
    """

    responses: tuple[Responses, ...]
    dropped: tuple[Dropped, ...]
    skipped: tuple[SkippedItem, ...]
    path: Path
    sha256: str
    unscored: tuple[Unscored, ...] = ()


def read_responses(
    path: Path,
    choice: ColumnChoice,
    items: Mapping[str, ItemText] | None = None,
    only: Sequence[str] = (),
    kind: ScaleKind | None = None,
    *,
    purpose: Purpose = "learn",
) -> DataSet:
    """Read, check and clean scored responses.

    Rows without an answer, without a score or without an item are left out and recorded. So are items with
    too few usable rows or only one score point, unless the file (or `only`) holds just one item.

    Args:
        path: A file that `read_table` accepts.
        choice: Columns that the user named.
        items: Texts and scales from `read_items`. A single entry is the item of a
            file without item column.
        only: Ids of the items to read; none means all.
        kind: Kind of the scales, where the labels leave it open or say it wrongly.
        purpose: See `Purpose`. To "label", rows without a score stay, with `MISSING` in its place.

    Raises:
        InputError: For everything that makes the file or one of its values unusable, with row and column.
    """
    data = read_bytes(path)
    table = parse_table(data, path)
    source = _Source(path, resolve(table, choice, needs_score=purpose != "label"))
    rows = [
        _row(number, dict(zip(table.columns, cells, strict=True)), source.columns, _default_item(path, items), purpose)
        for number, cells in zip(table.row_numbers, table.rows, strict=True)
    ]
    wanted = _wanted(rows, only, path)
    _check_described(wanted, items)
    made: list[Responses] = []
    skipped: list[SkippedItem] = []
    for item, members in wanted.items():
        usable = [row for row in members if not row.reason]
        if reason := _shortage(usable, purpose):
            skipped.append(SkippedItem(item, reason))
        else:
            made.append(_responses(usable, (items or {}).get(item, ItemText(item)), source, kind))
    if not made:
        raise _nothing_left(skipped, path)
    return DataSet(
        responses=tuple(made),
        dropped=tuple(row.dropped() for row in rows if row.reason and (row.item in wanted or not only)),
        skipped=tuple(skipped),
        path=path,
        sha256=hashlib.sha256(data).hexdigest(),
        unscored=tuple(_unscored(rows, wanted)),
    )


def has_scores(path: Path, choice: ColumnChoice) -> bool:
    """Whether a file holds a single score. Raises InputError when it cannot be read."""
    table = parse_table(read_bytes(path), path)
    column = resolve(table, choice, needs_score=False).score
    return column is not None and any(label_text(cell) is not None for cell in table.column(column))


@dataclass(frozen=True)
class _Source:
    """Where the rows come from, for messages."""

    path: Path
    columns: Columns

    def where(self, row: _Row, column: str | None) -> str:
        return f"{self.path}, row {row.number}, column {column!r}"


@dataclass(frozen=True)
class _Row:
    """One row, read but not judged, save for the reason to leave it out ('' for none)."""

    number: int
    id: str
    item: str
    text: str
    score: str
    second: str | None
    split: str
    groups: Mapping[str, str]
    reason: str

    def dropped(self) -> Dropped:
        return Dropped(self.number, self.id, self.item, self.reason)


def _default_item(path: Path, items: Mapping[str, ItemText] | None) -> str:
    """Item of a file without item column; the file name becomes one that is safe for a file again."""
    if items and len(items) == 1:
        return next(iter(items))
    return re.sub(r"[^\w.-]+", "-", path.stem).strip("-.") or "item"


def _row(number: int, cells: Mapping[str, object], columns: Columns, default_item: str, purpose: Purpose) -> _Row:
    def cell(name: str | None) -> object:
        return None if name is None else cells[name]

    def text(name: str | None) -> str:
        return (cell_text(cell(name)) or "").strip()

    score = label_text(cell(columns.score))
    item = text(columns.item) if columns.item else default_item
    scored = bool(score) or purpose == "label"
    reason = unusable(cell(columns.response)) or ("" if scored else NO_SCORE) or ("" if item else "no item")
    return _Row(
        number=number,
        id=text(columns.id) or str(number),
        item=item,
        text=text(columns.response),
        score=score or "",
        second=label_text(cell(columns.score2)),
        split=text(columns.split),
        groups={name: text(name) for name in columns.groups},
        reason=reason,
    )


def unusable(response: object) -> str:
    """Why a response cannot be used, '' if it can: it must hold a letter, digit or symbol of any script."""
    text = cell_text(response)
    if text is None:
        return "empty response" if is_blank(response) else "not text"
    kinds = {unicodedata.category(char) for char in text}
    if kinds <= _INVISIBLE:
        return "empty response"
    says_something = any(kind[0] in "LNS" for kind in kinds) and text.strip() not in _NO_ANSWERS and bool(words(text))
    return "" if says_something else "not text"


def _wanted(rows: Iterable[_Row], only: Sequence[str], path: Path) -> dict[str, list[_Row]]:
    """Rows by item, in order of first appearance."""
    by_item: dict[str, list[_Row]] = {}
    for row in rows:
        if row.item:
            by_item.setdefault(row.item, []).append(row)
    for item in only:
        if item not in by_item:
            raise InputError(f"{path} has no item {item!r} (items: {listed(list(by_item))})", "name one of these")
    return {item: members for item, members in by_item.items() if not only or item in only}


def _unscored(rows: Iterable[_Row], wanted: Collection[str]) -> Iterator[Unscored]:
    """What nobody scored of the items wanted; ids are compared with those of every answer in the file."""
    answers = [row for row in rows if row.reason in ("", NO_SCORE)]
    times = Counter((row.item, row.id) for row in answers)
    items = Counter(id_ for _, id_ in times)
    for row in answers:
        if row.reason and row.item in wanted:
            repeated, elsewhere = times[row.item, row.id] > 1, items[row.id] > 1
            yield Unscored(row.id, row.item, row.text, _own_part(row), repeated, elsewhere)


def _check_described(wanted: Mapping[str, object], items: Mapping[str, ItemText] | None) -> None:
    # One item without a description is fine; none with one means that the ids are spelt differently.
    if items and wanted and wanted.keys().isdisjoint(items):
        raise InputError(
            f"the items file describes {listed(list(items))}, the responses belong to {listed(list(wanted))}",
            "use the same ids in both, or name the item column with --item",
        )


def _shortage(usable: Sequence[_Row], purpose: Purpose) -> str:
    """What an item lacks, '' for nothing."""
    if purpose != "learn":
        return "" if usable else "no usable response"
    if len(usable) < MIN_RESPONSES:
        return f"{len(usable)} usable responses, {MIN_RESPONSES} are needed"
    labels = {row.score for row in usable}
    return f"all {len(usable)} responses have the score {labels.pop()}" if len(labels) == 1 else ""


def _nothing_left(skipped: Sequence[SkippedItem], path: Path) -> InputError:
    reasons = listed([f"item {item.item} ({item.reason})" for item in skipped], 3) or "no row names its item"
    return InputError(
        f"{path} has nothing to learn from: {reasons}",
        f"give each item at least {MIN_RESPONSES} scored responses of at least two score points",
    )


def _responses(rows: Sequence[_Row], item: ItemText, source: _Source, kind: ScaleKind | None) -> Responses:
    _check_ids(rows, item.id, source)
    columns = source.columns
    labels = [Label(row.score, source.where(row, columns.score)) for row in rows if row.score]
    scale = item_scale(labels, item, kind)
    second = [
        MISSING if row.second is None else index_on(scale, Label(row.second, source.where(row, columns.score2)))
        for row in rows
    ]
    return Responses(
        item=Item(item.id, scale, item.question, item.rubric, item.references),
        ids=tuple(row.id for row in rows),
        texts=tuple(row.text for row in rows),
        scores=np.array([scale.index(row.score) if row.score else MISSING for row in rows], dtype=np.int64),
        second=np.array(second, dtype=np.int64),
        parts=tuple(_part(row, source) for row in rows) if columns.split else None,
        groups={name: tuple(row.groups[name] for row in rows) for name in columns.groups},
    )


def _check_ids(rows: Sequence[_Row], item: str, source: _Source) -> None:
    first: dict[str, int] = {}
    for row in rows:
        if row.id in first:
            raise InputError(
                f"{source.path}, rows {first[row.id]} and {row.number}: both are {row.id!r} in item {item}",
                "give each response its own id, or name another column with --id",
            )
        first[row.id] = row.number


def _own_part(row: _Row) -> Part | None:
    """Where the file puts a row, None where it says nothing that is known."""
    name = row.split.casefold()
    if not name and not row.score:
        return Part.TRAIN  # nobody scored it, so nothing is held out
    return Part.TEST if name.startswith("test") else _PARTS.get(name)


def _part(row: _Row, source: _Source) -> Part:
    part = _own_part(row)
    if part is None:
        raise InputError(
            f"{source.where(row, source.columns.split)}: {row.split!r} is no part of a data set",
            "use train, validation, calibration or test, or ignore the column with --split ''",
        )
    return part
