"""CSV, TSV and their relatives: parsed strictly, written back in the style they came in."""

from __future__ import annotations

import codecs
import contextlib
import csv
import io
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from pocketscore.data.cells import Dialect, Grid, cell_text, is_blank
from pocketscore.data.files import decode
from pocketscore.errors import InputError

_DELIMITERS = (",", ";", "\t", "|")
_NO_LIMIT = 2**31 - 1
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
    for number, (line, record) in enumerate(_records(decoded.text, delimiter, path), start=1):
        if _is_blank_line(record, len(header)):
            continue
        if not header:
            header = record
            continue
        rows.append(_fitted(record, len(header), f"{path}, line {line}"))
        numbers.append(number)
    return Grid(header, rows, numbers, dialect)


def render_delimited(columns: Sequence[str], rows: Sequence[Sequence[object]], dialect: Dialect) -> bytes:
    """Bytes of a delimited file. Text that the dialect's encoding lacks turns the whole file into UTF-8."""
    lines = (
        dialect.delimiter.join(_quoted(cell, dialect.delimiter, alone=len(row) == 1) for cell in row)
        for row in (columns, *rows)
    )
    text = "".join(line + dialect.terminator for line in lines)
    try:
        return dialect.bom + text.encode(dialect.encoding)
    except UnicodeEncodeError:
        return codecs.BOM_UTF8 + text.encode()


def _style(text: str, path: Path) -> tuple[str, str]:
    """Delimiter and line end, from the header alone: answers may hold any character."""
    match = _HEADER.match(text)
    header, end = (match["header"], match["end"]) if match else ("", None)
    names = _QUOTED.sub("", header)
    promised = default_delimiter(path.suffix)
    delimiter = max((promised, *_DELIMITERS), key=names.count)
    return delimiter, end or "\r\n"


@contextlib.contextmanager
def _unlimited_fields() -> Iterator[None]:
    """Let the csv module take answers of any length; its limit is one for the whole process."""
    limit = csv.field_size_limit(_NO_LIMIT)
    try:
        yield
    finally:
        csv.field_size_limit(limit)


def _records(text: str, delimiter: str, path: Path) -> list[tuple[int, list[str]]]:
    """(first line, cells) of every record, blank lines included."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    records = []
    line = 1
    with _unlimited_fields():
        try:
            for record in reader:
                records.append((line, record))
                line = reader.line_num + 1
        except csv.Error as error:
            raise InputError(
                f"{path}, line {line}: the quotation marks of this row do not pair up ({error})",
                "put the cell in quotation marks and double those inside it",
            ) from None
    return records


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
