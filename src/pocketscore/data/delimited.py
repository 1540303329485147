"""CSV, TSV and their relatives: parsed strictly, written back in the style they came in."""

from __future__ import annotations

import codecs
import contextlib
import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from pocketscore.data.cells import Dialect, Grid, cell_text, is_blank
from pocketscore.data.files import decode, spelling_of
from pocketscore.errors import InputError

_DELIMITERS = (",", ";", "\t", "|")
_NO_LIMIT = 2**31 - 1
_HEADER_SIZE = 1 << 20
_MOST_STREAMED = 1 << 24  # characters of a cell; behind an unpaired quotation mark the rest of the file would be one
_HEADER = re.compile(r'(?P<header>(?:[^"\r\n]|"[^"]*")*)(?P<end>\r\n|\r|\n)?')
_QUOTED = re.compile(r'"[^"]*"')


def default_delimiter(suffix: str) -> str:
    """Delimiter that a file name promises: tab for .tsv, else a comma."""
    return "\t" if suffix.lower() == ".tsv" else ","


def parse_delimited(data: bytes, path: Path) -> Grid:
    """Parse a delimited file; every row gets as many cells as the header.

    Raises:
        InputError: With the line, for text that cannot be decoded, quotes that do not pair up and rows with
            more cells than the header.
    """
    decoded = decode(data, path)
    delimiter, terminator = _style(decoded.text.lstrip("\r\n"), path)
    dialect = Dialect(decoded.encoding, decoded.bom, delimiter, terminator)
    header: list[str] = []
    rows: list[list[str]] = []
    numbers: list[int] = []
    for number, record in _fitted_records(io.StringIO(decoded.text, newline=""), delimiter, path):
        if not header:
            header = record
            continue
        rows.append(record)
        numbers.append(number)
    return Grid(header, rows, numbers, dialect)


@dataclass(frozen=True)
class DelimitedFile:
    """A delimited file that was read through once and found good, for files larger than memory.

    Attributes:
        path: The file.
        columns: Names of the C columns.
        dialect: How to write it back the same way.
        size: Number of rows.
    """

    path: Path
    columns: tuple[str, ...]
    dialect: Dialect
    size: int

    @classmethod
    def check(cls, path: Path) -> DelimitedFile:
        """Read a file through, in pieces. Raises InputError as `pocketscore.data.read_table` does."""
        spelling = spelling_of(path)
        with path.open(encoding=spelling.encoding, newline="") as file:
            start = file.read(_HEADER_SIZE).removeprefix("\ufeff")
        delimiter, terminator = _style(start.lstrip("\r\n"), path)
        found = cls(path, (), Dialect(spelling.encoding, spelling.bom, delimiter, terminator), 0)
        header: list[str] = []
        filled, size = 0, 0
        for record in found._records():
            if header:
                size += 1
                filled = max(filled, *(place for place, cell in enumerate(record, start=1) if cell), 0)
            header = header or record
        if not size:
            raise no_rows(path, with_header=bool(header))
        return replace(found, columns=column_names(header, filled, path), size=size)

    def rows(self) -> Iterator[list[str]]:
        """The rows, each of C cells."""
        return (record[: len(self.columns)] for record in islice(self._records(), 1, None))

    def _records(self) -> Iterator[list[str]]:
        """Header and rows."""
        with self.path.open(encoding=self.dialect.encoding, newline="") as file:
            file.seek(len(self.dialect.bom))
            found = _fitted_records(file, self.dialect.delimiter, self.path, _MOST_STREAMED)
            yield from (record for _, record in found)


def no_rows(path: Path, *, with_header: bool) -> InputError:
    """The error for a table without rows."""
    problem = "holds a header but no rows" if with_header else "is empty"
    return InputError(f"{path} {problem}", "give a file with a header row and one row per response")


def column_names(header: Sequence[object], filled: int, path: Path) -> tuple[str, ...]:
    """Checked names; nameless columns at the end, as Excel writes them, are left out unless they hold something.

    Args:
        header: Cells of the header.
        filled: Number of the last column with something in any row.
        path: For messages.
    """
    names = [cell_text(cell) or "" for cell in header]
    while len(names) > filled and not names[-1].strip():
        names.pop()
    for position, name in enumerate(names, start=1):
        if not name.strip():
            raise InputError(f"{path}: column {position} has no name", "name it in the header row")
        if name in names[: position - 1]:
            raise InputError(f"{path} has two columns {name!r}", "rename or remove one of them")
    return tuple(names)


def render_delimited(columns: Sequence[str], rows: Sequence[Sequence[object]], dialect: Dialect) -> bytes:
    """Bytes of a delimited file. Text that the dialect's encoding lacks turns the whole file into UTF-8."""
    text = delimited_text((columns, *rows), dialect)
    try:
        return dialect.bom + text.encode(dialect.encoding)
    except UnicodeEncodeError:
        return codecs.BOM_UTF8 + text.encode()


def delimited_text(rows: Iterable[Sequence[object]], dialect: Dialect) -> str:
    """Rows as a delimited file has them, each with its line end."""
    lines = (
        dialect.delimiter.join(_quoted(cell, dialect.delimiter, alone=len(row) == 1) for cell in row) for row in rows
    )
    return "".join(line + dialect.terminator for line in lines)


def _style(text: str, path: Path) -> tuple[str, str]:
    """Delimiter and line end, from the header alone: answers may hold any character."""
    match = _HEADER.match(text)
    header, end = (match["header"], match["end"]) if match else ("", None)
    names = _QUOTED.sub("", header)
    promised = default_delimiter(path.suffix)
    delimiter = max((promised, *_DELIMITERS), key=names.count)
    return delimiter, end or "\r\n"


@contextlib.contextmanager
def _fields_up_to(most: int) -> Iterator[None]:
    """Let the csv module take answers of this length; its limit is one for the whole process."""
    limit = csv.field_size_limit(most)
    try:
        yield
    finally:
        csv.field_size_limit(limit)


def _fitted_records(
    lines: Iterable[str], delimiter: str, path: Path, most: int = _NO_LIMIT
) -> Iterator[tuple[int, list[str]]]:
    """(number, cells) of every record that is not blank; all have as many cells as the first, the header."""
    width = 0
    for number, (line, record) in enumerate(_records(lines, delimiter, path, most), start=1):
        if _is_blank_line(record, width):
            continue
        width = width or len(record)
        yield number, _fitted(record, width, f"{path}, line {line}")


def _records(lines: Iterable[str], delimiter: str, path: Path, most: int) -> Iterator[tuple[int, list[str]]]:
    """(first line, cells) of every record, blank lines included."""
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    line = 1
    with _fields_up_to(most):
        try:
            for record in reader:
                yield line, record
                line = reader.line_num + 1
        except csv.Error as error:
            raise InputError(
                f"{path}, line {line}: the quotation marks of this row do not pair up ({error})",
                "put the cell in quotation marks and double those inside it",
            ) from None


def _is_blank_line(record: list[str], width: int) -> bool:
    # In a file of one column a quoted nothing is an empty answer, not an empty line.
    return not record or (width != 1 and len(record) == 1 and not record[0].strip())


def _fitted(record: list[str], width: int, where: str) -> list[str]:
    if any(record[width:]):
        raise InputError(
            f"{where}: {len(record)} cells where the header has {width}",
            "put a cell that holds the delimiter in quotation marks",
        )
    return record[:width] + [""] * (width - len(record))


def _quoted(cell: object, delimiter: str, *, alone: bool) -> str:
    text = _plain(cell)
    if any(mark in text for mark in (delimiter, '"', "\r", "\n")) or (alone and not text):
        return '"' + text.replace('"', '""') + '"'
    return text


def _plain(cell: object) -> str:
    if is_blank(cell):
        return ""
    text = cell_text(cell)
    return json.dumps(cell, ensure_ascii=False, default=str) if text is None else text
