"""What one cell holds, and how the file around it was written."""

from __future__ import annotations

import codecs
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal

_EXACT_FLOAT = 1e15  # beyond it, whole floats have no certain last digit


@dataclass(frozen=True)
class Dialect:
    """How a file spells a table, so that it can be written back the same way.

    The defaults are what Excel opens correctly by a double click.

    Attributes:
        encoding: Python codec name, without the byte order mark.
        bom: Byte order mark, or nothing.
        delimiter: Between the cells of a delimited file.
        terminator: Between the rows of a delimited file.
        schema: The pyarrow schema of a parquet file.
    """

    encoding: str = "utf-8"
    bom: bytes = codecs.BOM_UTF8
    delimiter: str = ","
    terminator: str = "\r\n"
    schema: object | None = None


@dataclass(frozen=True)
class Grid:
    """A file as parsed, before its columns are checked: equally long rows with their numbers in the file."""

    header: Sequence[object]
    rows: Sequence[Sequence[object]]
    numbers: Sequence[int]
    dialect: Dialect


def cell_text(value: object) -> str | None:
    r"""Text of a cell as the user typed it; None for an empty cell and for what is no text.

    Example:
        >>> [cell_text(value) for value in (" a ", 2.0, 2.5, 7, True, None, float("nan"), b"\xff")]
        [' a ', '2', '2.5', '7', 'true', None, None, None]
    """
    match value:
        case str():
            return value
        case float():
            return _float_text(value)
        case int() | Decimal():
            return str(value).lower()  # True as "true"
        case date() | time():
            return value.isoformat()
        case bytes():
            return _bytes_text(value)
    return None


def is_blank(value: object) -> bool:
    """Whether a cell is empty: None, NaN or no characters."""
    return value is None or value == "" or is_nan(value)


def is_nan(value: object) -> bool:
    """Whether a cell is the number NaN, which data frames write where nothing stands."""
    return isinstance(value, float) and math.isnan(value)


def _float_text(value: float) -> str | None:
    if is_nan(value):
        return None
    return str(int(value)) if value.is_integer() and abs(value) < _EXACT_FLOAT else repr(value)


def _bytes_text(value: bytes) -> str | None:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return None


def no_formula(text: str) -> str:
    """The text, with an apostrophe in front where a spreadsheet would compute it; numbers stay as they are.

    >>> [no_formula(text) for text in ("=2+3", "-1.5", "- it melts", "")]
    ["'=2+3", '-1.5', "'- it melts", '']
    """
    if text[:1] not in tuple("=+-@\t\r"):
        return text
    try:
        float(text)
    except ValueError:
        return f"'{text}"
    return text
