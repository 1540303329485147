"""Parquet files larger than memory, one or a folder of them, on disk or in an object store: read and written in pieces.

A piece is some thousand consecutive rows. Each becomes one file of its own, whole or not at all, so that pieces can be
worked on anywhere, in any order and again.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from pocketscore.data.delimited import column_names, no_rows
from pocketscore.data.places import Place, reading, replacing
from pocketscore.data.workbooks import import_pyarrow
from pocketscore.errors import InputError

SUFFIX = ".parquet"

_BUFFER = 1 << 22
_BATCH = 2_000  # rows decoded at once


@dataclass(frozen=True)
class Piece:
    """Consecutive rows of one file.

    Attributes:
        file: The file.
        group: The row group that they stand in.
        first: Number of the first of them in the group, from 0.
        rows: How many they are.
        name: Name of the file that they become, relative to the output folder.
    """

    file: Place
    group: int
    first: int
    rows: int
    name: str


@dataclass(frozen=True)
class ParquetSource:
    """Parquet files with the same columns, whose footers were read and found good.

    Attributes:
        place: The file, or the folder with files in it at any depth.
        columns: Names of the C columns.
        size: Number of rows.
        files: Name relative to `place` ("" for a single file) -> (bytes, time, rows of each row group).
    """

    place: Place
    columns: tuple[str, ...]
    size: int
    files: Mapping[str, tuple[int, int, tuple[int, ...]]]

    @property
    def path(self) -> Path:
        """For messages."""
        return Path(self.place.location)

    @classmethod
    def check(cls, place: Place) -> ParquetSource:
        """Read the footers.

        Raises:
            InputError: When there is no file, one is damaged, columns differ, or there are no rows.
            MissingExtraError: Without pyarrow.
        """
        names = _names(place)
        files: dict[str, tuple[int, int, tuple[int, ...]]] = {}
        schema: Any = None
        for name in names:
            one = place / name if name else place
            with reading(one), _parquet(one) as file:
                found, groups = file.schema_arrow, [file.metadata.row_group(i) for i in range(file.num_row_groups)]
                info = one.info()
                files[name] = info.size, info.mtime_ns or 0, tuple(group.num_rows for group in groups)
            schema = schema or found
            if not found.equals(schema):
                raise InputError(
                    f"{one} has other columns than {place / names[0]} ({_difference(schema, found)})",
                    "give files whose columns have the same names and types",
                )
        size = sum(sum(rows) for _, _, rows in files.values())
        if not size:
            raise no_rows(Path(place.location), with_header=True)
        columns = column_names(schema.names, len(schema.names), Path(place.location))
        return cls(place, columns, size, files)

    def pieces(self, rows: int) -> list[Piece]:
        """All rows in order, in pieces of at most so many."""
        found = []
        for name, (_, _, groups) in self.files.items():
            file = self.place / name if name else self.place
            stem = name or PurePosixPath(self.place.location).name
            spans = [(g, i, min(rows, n - i)) for g, n in enumerate(groups) for i in range(0, n, rows)]
            for number, (group, first, count) in enumerate(spans):
                part = f"{stem.removesuffix(SUFFIX)}-{number:06d}{SUFFIX}"
                found.append(Piece(file, group, first, count, part))
        return found

    @property
    def partitioned(self) -> bool:
        """Whether folder names such as item=3 hold a column that the files lack."""
        return any("=" in part for name in self.files for part in PurePosixPath(name).parts[:-1])


def batches(piece: Piece) -> Iterator[Any]:
    """A piece's rows as pyarrow tables, some thousand at once. Raises InputError."""
    arrow, _ = import_pyarrow()
    left, skip = piece.rows, piece.first
    with reading(piece.file), _parquet(piece.file) as file:
        for batch in file.iter_batches(_BATCH, row_groups=[piece.group]):
            if skip >= len(batch):
                skip -= len(batch)
                continue
            rows = batch.slice(skip, left)
            left, skip = left - len(rows), 0
            yield arrow.Table.from_batches([rows]).replace_schema_metadata(None)
            if not left:
                return
    raise InputError(f"{piece.file} has fewer rows than before", "run the same command again")


def with_texts(table: Any, columns: Mapping[str, Sequence[str]]) -> Any:  # noqa: ANN401
    """A pyarrow table with columns of text appended."""
    arrow, _ = import_pyarrow()
    for name, cells in columns.items():
        table = table.append_column(name, arrow.array(cells, type=arrow.string()))
    return table


def write_tables(tables: Sequence[Any], place: Place, notes: Mapping[str, str]) -> None:
    """Write pyarrow tables as one file, whole or not at all, with notes in its footer. Raises OutputError."""
    arrow, parquet = import_pyarrow()
    table = arrow.concat_tables(tables).replace_schema_metadata(dict(notes))
    with replacing(place) as file:
        parquet.write_table(table, file, row_group_size=max(1, len(table)))


def notes_of(place: Place) -> dict[str, str] | None:
    """The notes in a file's footer; None when there is no whole file."""
    arrow, _ = import_pyarrow()
    try:
        with _parquet(place) as file:
            return {key.decode(): value.decode() for key, value in (file.schema_arrow.metadata or {}).items()}
    except (arrow.ArrowException, OSError):
        return None


def join(parts: Sequence[Place], place: Place) -> None:
    """Several files with the same columns become one, whole or not at all. Raises OutputError."""
    _, parquet = import_pyarrow()
    with contextlib.ExitStack() as stack:
        file, writer = stack.enter_context(replacing(place)), None
        for part in parts:
            with _parquet(part) as source:
                for group in range(source.num_row_groups):
                    table = source.read_row_group(group).replace_schema_metadata(None)
                    writer = writer or stack.enter_context(parquet.ParquetWriter(file, table.schema))
                    writer.write_table(table)


def _names(place: Place) -> list[str]:
    """Names of the Parquet files of a place, "" for a single file."""
    info = place.info()
    if info.is_file:
        return [""]
    names = [name for name in place.files() if name.lower().endswith(SUFFIX)]
    if names:
        return names
    if info.type.name == "NotFound":
        raise InputError(f"there is no file {place}", "check its name and folder")
    raise InputError(f"folder {place} holds no {SUFFIX} file", f"give a {SUFFIX} file or a folder with some")


def _difference(first: Any, other: Any) -> str:  # noqa: ANN401
    """The first columns that two schemas do not share."""
    here, there = ({f"{field.name}: {field.type}" for field in schema} for schema in (first, other))
    return ", ".join(sorted(here ^ there)[:4]) or "in another order"


@contextlib.contextmanager
def _parquet(place: Place) -> Iterator[Any]:
    """A file, decoded as it is read: a row group need not fit into memory."""
    _, parquet = import_pyarrow()
    system, path = place.opened()
    with system.open_input_file(path) as raw, parquet.ParquetFile(raw, buffer_size=_BUFFER, pre_buffer=False) as file:
        yield file
