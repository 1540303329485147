"""A table of any accepted format, read and written without touching what is not ours."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from pocketscore.data.cells import Dialect, Grid, is_blank
from pocketscore.data.delimited import column_names, default_delimiter, no_rows, parse_delimited, render_delimited
from pocketscore.data.files import atomic_write, read_bytes
from pocketscore.data.workbooks import (
    parse_jsonl,
    parse_parquet,
    parse_xlsx,
    render_jsonl,
    render_parquet,
    render_xlsx,
)
from pocketscore.errors import InputError

_DELIMITED = (".csv", ".tsv", ".txt")
_PARSERS: Mapping[str, Callable[[bytes, Path], Grid]] = {
    **dict.fromkeys(_DELIMITED, parse_delimited),
    **dict.fromkeys((".jsonl", ".ndjson"), parse_jsonl),
    ".xlsx": parse_xlsx,
    ".parquet": parse_parquet,
}


@dataclass(frozen=True)
class Table:
    """N rows under C named columns.

    Attributes:
        path: Where it was read.
        columns: C different names.
        rows: N rows of C cells, each as the file's format holds it (always text in delimited files).
        row_numbers: N numbers of the rows in the file, as a spreadsheet shows them: the header is row 1,
            blank rows count. In JSON lines the line number.
        dialect: How to write it back the same way.
    """

    path: Path
    columns: tuple[str, ...]
    rows: tuple[tuple[object, ...], ...]
    row_numbers: tuple[int, ...]
    dialect: Dialect

    def __len__(self) -> int:
        return len(self.rows)

    def column(self, name: str) -> tuple[object, ...]:
        """The N cells of a column."""
        index = self.columns.index(name)
        return tuple(row[index] for row in self.rows)


def read_table(path: Path) -> Table:
    """Read a table; the format follows from the suffix.

    Raises:
        InputError: For an unknown suffix, a file that is empty, damaged or undecodable, rows with more cells
            than the header, and column names that are empty or occur twice.
        MissingExtraError: For a parquet file without pyarrow.
    """
    return parse_table(read_bytes(path), path)


def parse_table(data: bytes, path: Path) -> Table:
    """Like `read_table`, from bytes already read from `path`."""
    grid = _PARSERS[_known_suffix(path)](data, path)
    if not grid.rows:
        raise no_rows(path, with_header=bool(grid.header))
    columns = column_names(grid.header, _filled(grid), path)
    rows = tuple(tuple(row[: len(columns)]) for row in grid.rows)
    return Table(path, columns, rows, tuple(grid.numbers), grid.dialect)


def write_table(table: Table, path: Path) -> None:
    """Write a table, whole or not at all; the format follows from the suffix of `path`.

    Delimited files keep encoding and line ends of the source, and its delimiter where the suffix is the same.

    Raises:
        InputError: For an unknown suffix.
        OutputError: When the file cannot be written, or its format cannot hold a cell.
        MissingExtraError: For a parquet file without pyarrow.
    """
    suffix = _known_suffix(path)
    if suffix == ".xlsx":
        data = render_xlsx(table.columns, table.rows, table.row_numbers)
    elif suffix == ".parquet":
        data = render_parquet(table.columns, table.rows, table.dialect)
    elif suffix in _DELIMITED:
        dialect = table.dialect
        if suffix != table.path.suffix.lower():
            dialect = replace(dialect, delimiter=default_delimiter(suffix))
        data = render_delimited(table.columns, table.rows, dialect)
    else:
        data = render_jsonl(table.columns, table.rows)
    atomic_write(path, data)


def with_columns(table: Table, added: Mapping[str, Collection[object]]) -> Table:
    """The table with columns of N values appended, each under a name that `unique_name` makes its own.

    Raises:
        InputError: For a column that has not N values.
    """
    columns = table.columns
    for name, values in added.items():
        if len(values) != len(table):
            raise InputError(
                f"column {name!r} has {len(values)} values for {len(table)} rows", "give one value per row"
            )
        columns = (*columns, unique_name(columns, name))
    tails = zip(*added.values(), strict=True) if added else ((),) * len(table)
    rows = tuple((*row, *map(_native, tail)) for row, tail in zip(table.rows, tails, strict=True))
    return replace(table, columns=columns, rows=rows)


def unique_name(columns: Iterable[str], wanted: str) -> str:
    """`wanted`, with a number if it is taken (whatever its capitals).

    Example:
        >>> unique_name(["id", "Score"], "score"), unique_name(["id"], "score")
        ('score_2', 'score')
    """
    taken = {name.casefold() for name in columns}
    name, number = wanted, 1
    while name.casefold() in taken:
        number += 1
        name = f"{wanted}_{number}"
    return name


def _native(value: object) -> object:
    return value.item() if isinstance(value, np.generic) else value


def _known_suffix(path: Path) -> str:
    suffix = path.suffix.lower()
    if suffix not in _PARSERS:
        raise InputError(f"{path} has no known file type", f"use one of {', '.join(_PARSERS)}")
    return suffix


def _filled(grid: Grid) -> int:
    """Number of the last column with something in any row."""
    for width in range(len(grid.header), 0, -1):
        if not all(is_blank(row[width - 1]) for row in grid.rows):
            return width
    return 0
