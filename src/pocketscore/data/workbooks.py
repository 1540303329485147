"""Tables in JSON lines, Excel workbooks and parquet files."""

from __future__ import annotations

import io
import json
import warnings
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import dropwhile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pocketscore.data.cells import Dialect, Grid, cell_text, is_blank, is_nan
from pocketscore.data.files import decode
from pocketscore.errors import InputError, MissingExtraError, OutputError

if TYPE_CHECKING:
    from openpyxl.cell import Cell

_EXCEL_CELL = 32_767  # characters; Excel's own limit
_EXCEL_VALUES = (bool, int, float, Decimal, date, time, timedelta)


def parse_jsonl(data: bytes, path: Path) -> Grid:
    """One JSON object a line; the columns are their keys in order of first appearance, absent ones None."""
    decoded = decode(data, path)
    numbered = [
        (number, _object(line, f"{path}, line {number}"))
        # Not splitlines: it also breaks at characters that may stand inside a JSON string.
        for number, line in enumerate(decoded.text.split("\n"), start=1)
        if line.strip()
    ]
    header = list(dict.fromkeys(key for _, record in numbered for key in record))
    return Grid(
        header,
        [[record.get(key) for key in header] for _, record in numbered],
        [number for number, _ in numbered],
        Dialect(),
    )


def _object(line: str, where: str) -> dict[str, object]:
    remedy = 'give one JSON object a line, such as {"response": "..."}'
    try:
        record = json.loads(line)
        if "\\u" in line:
            json.dumps(record, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise InputError(f"{where}: half a character (an unpaired \\ud...)", "write the whole character") from None
    except (ValueError, RecursionError) as error:
        raise InputError(f"{where} is not JSON: {error}", remedy) from None
    if not isinstance(record, dict):
        raise InputError(f"{where}: {type(record).__name__} instead of an object", remedy)
    return record


def render_jsonl(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> bytes:
    """Bytes of a JSON lines file, always UTF-8 without byte order mark; NaN is written as null."""
    lines = (
        json.dumps(
            {name: None if is_nan(cell) else cell for name, cell in zip(columns, row, strict=True)},
            ensure_ascii=False,
            default=cell_text,
        )
        for row in rows
    )
    return "".join(line + "\n" for line in lines).encode()


def parse_xlsx(data: bytes, path: Path) -> Grid:
    """The first sheet with a header; cells keep their values, formulas count as what they came to."""
    import openpyxl

    try:
        with warnings.catch_warnings():
            # It warns of drawings and validations, which hold no answers.
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
            for sheet in book.worksheets:
                # The extent that a program noted in the file is often too small.
                sheet.reset_dimensions()
                grid = _sheet_grid(list(sheet.iter_rows(values_only=True)))
                if grid.header:
                    return grid
    except Exception as error:  # A damaged workbook makes openpyxl raise whatever its parsers raise.
        raise InputError(
            f"{path} is not a readable .xlsx workbook ({error})", "save it again as .xlsx without a password"
        ) from error
    return Grid([], [], [], Dialect())


def _sheet_grid(sheet: list[tuple[object, ...]]) -> Grid:
    numbered = [(number, _trimmed(row)) for number, row in enumerate(sheet, start=1)]
    numbered = [(number, row) for number, row in numbered if row]
    width = max((len(row) for _, row in numbered), default=0)
    filled = [[*row, *[None] * (width - len(row))] for _, row in numbered]
    return Grid(filled[0] if filled else [], filled[1:], [number for number, _ in numbered[1:]], Dialect())


def _trimmed(row: tuple[object, ...]) -> list[object]:
    return list(dropwhile(is_blank, reversed(row)))[::-1]


def render_xlsx(columns: Sequence[str], rows: Sequence[Sequence[object]], numbers: Sequence[int]) -> bytes:
    """Bytes of a workbook of one sheet.

    Raises:
        OutputError: For a cell that a workbook cannot hold (too long, control characters).
    """
    import openpyxl

    book = openpyxl.Workbook()
    sheet = book.active
    for index, (number, row) in enumerate(zip((1, *numbers), (columns, *rows), strict=True), start=1):
        for column, value in enumerate(row, start=1):
            if not is_blank(value):
                _fill(sheet.cell(index, column), value, f"row {number}, column {columns[column - 1]!r}")
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def _fill(cell: Cell, value: object, where: str) -> None:
    from openpyxl.utils.exceptions import IllegalCharacterError

    if isinstance(value, _EXCEL_VALUES) and not (isinstance(value, datetime | time) and value.tzinfo):
        cell.value = value
        return
    text = cell_text(value) or json.dumps(value, ensure_ascii=False, default=str)
    if len(text) > _EXCEL_CELL:
        raise OutputError(
            f"{where}: {len(text)} characters, and an .xlsx cell holds {_EXCEL_CELL}",
            "write a .csv file instead",
        )
    try:
        cell.value = text
    except IllegalCharacterError:
        raise OutputError(
            f"{where}: control characters, which .xlsx cannot hold", "write a .csv file instead"
        ) from None
    # An answer such as '=2+3' or '#N/A' is text; openpyxl would make it a formula or an error.
    cell.data_type = "s"


def parse_parquet(data: bytes, path: Path) -> Grid:
    """A parquet file; its schema is kept for writing."""
    arrow, parquet = import_pyarrow()
    try:
        table = parquet.read_table(io.BytesIO(data))
    except (arrow.ArrowException, OSError) as error:
        raise InputError(f"{path} is not a readable parquet file ({error})", "write it again") from error
    rows = list(zip(*(column.to_pylist() for column in table.columns), strict=True))
    return Grid(table.column_names, rows, range(1, len(rows) + 1), Dialect(schema=table.schema.remove_metadata()))


def render_parquet(columns: Sequence[str], rows: Sequence[Sequence[object]], dialect: Dialect) -> bytes:
    """Bytes of a parquet file: known columns keep their type, mixed new ones become text."""
    arrow, parquet = import_pyarrow()
    schema: Any = dialect.schema
    known = {} if schema is None else {field.name: field.type for field in schema}

    def array(name: str, cells: list[object]) -> object:
        try:
            return arrow.array(cells, type=known.get(name))
        except (arrow.ArrowException, ValueError, TypeError, OverflowError):
            return arrow.array([None if is_blank(cell) else cell_text(cell) for cell in cells])

    table = arrow.table({name: array(name, [row[index] for row in rows]) for index, name in enumerate(columns)})
    buffer = io.BytesIO()
    parquet.write_table(table, buffer)
    return buffer.getvalue()


def import_pyarrow() -> tuple[Any, Any]:
    """The modules pyarrow and pyarrow.parquet. Raises MissingExtraError."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise MissingExtraError(
            "parquet files need pyarrow, which is not installed", 'pip install "pocketscore[distill]"'
        ) from None
    return pyarrow, pyarrow.parquet
