from __future__ import annotations

import codecs
import csv
import io
import sys
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pocketscore.data import (
    Dialect,
    Table,
    cell_text,
    parse_table,
    read_table,
    unique_name,
    with_columns,
    write_table,
)
from pocketscore.data.delimited import render_delimited
from pocketscore.errors import InputError, MissingExtraError, OutputError

DATA = Path(__file__).parents[2] / "shared" / "data"
CSV = Path("answers.csv")


def table(path: str, columns: tuple[str, ...], *rows: tuple[object, ...]) -> Table:
    return Table(Path(path), columns, rows, tuple(range(2, len(rows) + 2)), Dialect())


def rewritten(data: bytes, folder: Path, name: str = "answers.csv") -> bytes:
    write_table(parse_table(data, Path(name)), folder / name)
    return (folder / name).read_bytes()


# --- delimited files ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "columns", "rows"),
    [
        (b"id,response\n1,cold\n", ("id", "response"), [("1", "cold")]),
        (b"id;response\r\n1;cold, wet\r\n", ("id", "response"), [("1", "cold, wet")]),
        (b"id\tresponse\r1\tcold\r", ("id", "response"), [("1", "cold")]),
        (b"id|response\n1|cold\n", ("id", "response"), [("1", "cold")]),
        (b'"a;b";c\n1;2\n', ("a;b", "c"), [("1", "2")]),
        (b'"a,b,c";d\n1;2\n', ("a,b,c", "d"), [("1", "2")]),
        (b"response\ncold\n", ("response",), [("cold",)]),
        (b'response\n""\n', ("response",), [("",)]),
        (
            b'id,response\n1,"two\r\nlines, ""quoted"""\n',
            ("id", "response"),
            [("1", 'two\r\nlines, "quoted"')],
        ),
        (b'id,response\n1,he said "no"\n', ("id", "response"), [("1", 'he said "no"')]),
        (b"id,response\n\n1,a\n  \n2,b\n\n", ("id", "response"), [("1", "a"), ("2", "b")]),
        (b"\n\nid,response\n1,a\n", ("id", "response"), [("1", "a")]),
        (b"id,response,score\n1,a\n", ("id", "response", "score"), [("1", "a", "")]),
        (b"id,response\n1,a,,\n", ("id", "response"), [("1", "a")]),
        (b"id,response,,\n1,a,,\n", ("id", "response"), [("1", "a")]),
        ("id,response\n1,\u2028\u0085\n".encode(), ("id", "response"), [("1", "\u2028\u0085")]),
        ("id,response\n1,😀👩‍🔬\n2,שלום\n".encode(), ("id", "response"), [("1", "😀👩‍🔬"), ("2", "שלום")]),
        (codecs.BOM_UTF8 + b"id,response\n1,a\n", ("id", "response"), [("1", "a")]),
        ("\ufeffid,response\n1,ä\n".encode("utf-16-le"), ("id", "response"), [("1", "ä")]),
        ("\ufeffid,response\n1,ä\n".encode("utf-16-be"), ("id", "response"), [("1", "ä")]),
        ("id,response\n1,“it’s”\n".encode("cp1252"), ("id", "response"), [("1", "“it’s”")]),
    ],
)
def test_reads_csv(data: bytes, columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    read = parse_table(data, CSV)
    assert read.columns == columns
    assert list(read.rows) == rows


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is empty"),
        (b"\n\n", "is empty"),
        (b"id,response\n", "holds a header but no rows"),
        (b"id,id\n1,2\n", "two columns 'id'"),
        (b"id,,score\n1,2,3\n", "column 2 has no name"),
        (b"id,score,\n1,2,\n1,2,3\n", "column 3 has no name"),
        (b'id,response\n1,"a\nb"\n2,b,c\n', "line 4: 3 cells where the header has 2"),
        (b'id,response\n1,a\n2,"open\n3,c\n', "line 3: the quotation marks"),
        (b'id,response\n1,"a"b\n', "line 2: the quotation marks"),
        (b"id,response\n1,a\0b\n", "line 2: a NUL character"),
        (b"id,response\n1,\x93ok\x94\n2,\x81\n", "line 3: byte 21 (0x81) is not UTF-8 or Windows-1252"),
        (codecs.BOM_UTF8 + b"id,response\n1,\xff\n", "line 2: byte 17 (0xff) is not utf-8"),
        (codecs.BOM_UTF16_LE + b"i\0d\0\n\0a", "is not utf-16-le text"),
    ],
)
def test_refuses_csv(data: bytes, message: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_table(data, CSV)
    assert message in str(caught.value)
    assert str(caught.value).startswith("answers.csv")


@pytest.mark.parametrize(
    "data",
    [
        b"id,response\r\n1,cold\r\n",
        b"id;response\n1;cold, wet\n2;\n",
        b'id\tresponse\n1\t"two\r\nlines"\n',
        codecs.BOM_UTF8 + "id,response\n1,😀\n".encode(),
        "\ufeffid,response\r\n1,שלום\r\n".encode("utf-16-le"),
        "\ufeffid|response\r1|é\r".encode("utf-16-be"),
        "id,response\n1,“it’s”\n".encode("cp1252"),
        b'response\n""\ncold\n',
    ],
)
def test_csv_comes_back_in_its_own_style(data: bytes, tmp_path: Path) -> None:
    assert rewritten(data, tmp_path) == data


def test_row_numbers_are_those_of_a_spreadsheet() -> None:
    assert parse_table(b'id,response\n\n1,"a\nb"\n2,b\n\n3,c\n', CSV).row_numbers == (3, 4, 6)


def test_a_cell_of_a_megabyte_is_kept_and_the_csv_module_left_alone() -> None:
    before = csv.field_size_limit()
    answer = "salt " * 250_000
    assert parse_table(f"id,response\n1,{answer}\n".encode(), CSV).rows == (("1", answer),)
    assert csv.field_size_limit() == before


def test_new_text_that_windows_1252_lacks_turns_the_file_to_utf8(tmp_path: Path) -> None:
    source = parse_table("id,response\n1,“a”\n".encode("cp1252"), CSV)
    write_table(with_columns(source, {"mark": ["√"]}), tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_text("utf-8-sig") == "id,response,mark\n1,“a”,√\n"


def test_the_suffix_decides_the_delimiter_of_a_new_kind_of_file(tmp_path: Path) -> None:
    source = parse_table(b"id;response\n1;a\n", CSV)
    for name, text in {"o.tsv": "id\tresponse\n1\ta\n", "o.csv": "id;response\n1;a\n"}.items():
        write_table(source, tmp_path / name)
        assert (tmp_path / name).read_text() == text


cells = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)
names = st.lists(st.text("abcXYZ _é", min_size=1, max_size=5), min_size=1, max_size=4, unique=True)


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[str], list[list[str]]]:
    columns = [f"c{name}" for name in draw(names)]
    rows = draw(st.lists(st.lists(cells, min_size=len(columns), max_size=len(columns)), min_size=1, max_size=5))
    return columns, rows


@settings(deadline=None)
@given(tables(), st.sampled_from([",", ";", "\t", "|"]), st.sampled_from(["\n", "\r\n"]))
def test_csv_of_pythons_writer_comes_back_byte_for_byte(
    content: tuple[list[str], list[list[str]]], delimiter: str, terminator: str
) -> None:
    columns, rows = content
    assume(len(columns) > 1 or delimiter == ",")  # Nothing else in the file would tell the delimiter.
    buffer = io.StringIO(newline="")
    # A lone \r is not quoted by every version of Python's writer.
    rows = [[cell.replace("\r", "") for cell in row] for row in rows]
    csv.writer(buffer, delimiter=delimiter, lineterminator=terminator).writerows([columns, *rows])
    data = buffer.getvalue().encode()
    read = parse_table(data, CSV)
    assert [list(row) for row in read.rows] == rows
    assert render_delimited(read.columns, read.rows, read.dialect) == data


@settings(deadline=None)
@given(tables(), st.sampled_from(["\n", "\r\n", "\r"]), st.sampled_from(["utf-8", "utf-16-le"]))
def test_what_is_written_is_read_back(
    content: tuple[list[str], list[list[str]]], terminator: str, encoding: str
) -> None:
    columns, rows = content
    bom = codecs.BOM_UTF8 if encoding == "utf-8" else codecs.BOM_UTF16_LE
    read = parse_table(render_delimited(columns, rows, Dialect(encoding, bom, ",", terminator)), CSV)
    assert read.columns == tuple(columns)
    assert [list(row) for row in read.rows] == rows


# --- other formats -----------------------------------------------------------------------------------------


def test_jsonl_keeps_values_types_and_order(tmp_path: Path) -> None:
    first = '{"id": 1, "response": "😀\u2028x", "tags": ["a"]}'
    second = '{"response": "b", "score": 2.0, "id": 2}'
    read = parse_table(f"{first}\n{second}\n".encode(), Path("a.jsonl"))
    assert read.columns == ("id", "response", "tags", "score")
    assert read.rows == ((1, "😀\u2028x", ["a"], None), (2, "b", None, 2.0))
    write_table(read, tmp_path / "b.ndjson")
    again = read_table(tmp_path / "b.ndjson")
    assert (again.columns, again.rows) == (read.columns, read.rows)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b'{"a": 1}\n\n{"a": \n', "line 3 is not JSON"),
        (b"[1, 2]\n", "line 1: list instead of an object"),
        (b'{"a": "\\ud83d"}\n', "line 1: half a character"),
        (b"{" * 5 + b"\n", "line 1 is not JSON"),
        (b'{"a": ' + b"9" * 5000 + b"}\n", "line 1 is not JSON"),
        (b"\n", "is empty"),
    ],
)
def test_refuses_jsonl(data: bytes, message: str) -> None:
    with pytest.raises(InputError, match=r"a\.jsonl") as caught:
        parse_table(data, Path("a.jsonl"))
    assert message in str(caught.value)


def test_xlsx_round_trip_keeps_values(tmp_path: Path) -> None:
    day = datetime(2024, 5, 1, 12, 30)
    source = table(
        "a.csv",
        ("id", "response", "score", "when"),
        (1, "=2+3", 2.5, day),
        (2, "#N/A", float("nan"), None),
        (3, "😀 שלום\nnext", True, "x"),
    )
    path = tmp_path / "a.xlsx"
    write_table(source, path)
    read = read_table(path)
    assert read.columns == source.columns
    assert read.rows == ((1, "=2+3", 2.5, day), (2, "#N/A", None, None), (3, "😀 שלום\nnext", True, "x"))
    write_table(read, path)
    assert read_table(path).rows == read.rows


def test_xlsx_takes_the_first_sheet_with_a_header_and_skips_blank_rows(tmp_path: Path) -> None:
    import openpyxl

    book = openpyxl.Workbook()
    sheet = book.create_sheet()
    for place, value in {"A2": "id", "B2": 1.0, "A4": 7, "B4": "a", "A6": 8}.items():
        sheet[place] = value
    book.save(tmp_path / "a.xlsx")
    read = read_table(tmp_path / "a.xlsx")
    assert (read.columns, read.rows, read.row_numbers) == (("id", "1"), ((7, "a"), (8, None)), (4, 6))


@pytest.mark.parametrize(
    ("answer", "message"),
    [("x" * 32_768, "32768 characters"), ("a\x07b", "control characters")],
)
def test_xlsx_refuses_what_it_cannot_hold(answer: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=f"row 2, column 'response': .*{message}"):
        write_table(table("a.csv", ("response",), (answer,)), tmp_path / "a.xlsx")
    assert list(tmp_path.iterdir()) == []


def test_parquet_keeps_its_schema(tmp_path: Path) -> None:
    arrow = pytest.importorskip("pyarrow", reason="pyarrow comes with the extra 'distill'")
    import pyarrow.parquet

    source = arrow.table({"id": arrow.array([1, 2], arrow.int8()), "response": ["a", None]})
    pyarrow.parquet.write_table(source, tmp_path / "a.parquet")
    read = read_table(tmp_path / "a.parquet")
    assert (read.rows, read.row_numbers) == (((1, "a"), (2, None)), (1, 2))
    write_table(with_columns(read, {"mixed": [1, "x"]}), tmp_path / "b.parquet")
    written = pyarrow.parquet.read_table(tmp_path / "b.parquet")
    assert written.schema.field("id").type == arrow.int8()
    assert written.column("mixed").to_pylist() == ["1", "x"]


def test_parquet_without_pyarrow_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingExtraError, match=r'pip install "pocketscore\[distill\]"'):
        parse_table(b"PAR1", Path("a.parquet"))


@pytest.mark.parametrize("name", ["a.xlsx", "a.parquet"])
def test_refuses_damaged_binary_files(name: str) -> None:
    if name.endswith("parquet"):
        pytest.importorskip("pyarrow", reason="pyarrow comes with the extra 'distill'")
    with pytest.raises(InputError, match=f"{name} is not a readable"):
        parse_table(b"PK\x03\x04 nothing", Path(name))


@pytest.mark.parametrize("name", ["a.doc", "a", "a.csv.zip"])
def test_refuses_unknown_suffixes(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"\.csv, \.tsv, \.txt, \.jsonl, \.ndjson, \.xlsx, \.parquet"):
        parse_table(b"a\n1\n", Path(name))
    with pytest.raises(InputError, match="known file type"):
        write_table(table("a.csv", ("a",), ("1",)), tmp_path / name)


def test_capitals_in_the_suffix_are_fine() -> None:
    assert parse_table(b"a\tb\n1\t2\n", Path("A.TSV")).rows == (("1", "2"),)


@pytest.mark.parametrize("name", ["out.csv", "out.jsonl", "out.xlsx"])
def test_every_format_turns_into_the_others(name: str, tmp_path: Path) -> None:
    source = table("a.jsonl", ("id", "response", "tags"), ("1", "cold", ["a", "b"]), ("2", "wärm", None))
    write_table(source, tmp_path / name)
    read = read_table(tmp_path / name)
    assert read.columns == source.columns
    assert read.column("response") == ("cold", "wärm")


# --- columns and cells -------------------------------------------------------------------------------------


def test_new_columns_never_replace_old_ones() -> None:
    import numpy as np

    source = table("a.csv", ("id", "Score"), ("1", "2"))
    wider = with_columns(source, {"score": np.array([1]), "other": ["x"]})
    assert wider.columns == ("id", "Score", "score_2", "other")
    assert wider.rows == (("1", "2", 1, "x"),)
    assert type(wider.rows[0][2]) is int
    assert with_columns(source, {}) == source
    with pytest.raises(InputError, match="has 2 values for 1 rows"):
        with_columns(source, {"score": [1, 2]})


def test_unique_name_counts_on() -> None:
    assert unique_name(["a", "a_2"], "a") == "a_3"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (" as is ", " as is "),
        (2, "2"),
        (2.0, "2"),
        (2.5, "2.5"),
        (1e300, "1e+300"),
        (True, "true"),
        (None, None),
        (float("nan"), None),
        (b"text", "text"),
        (b"\xff", None),
        (["list"], None),
        (datetime(2024, 5, 1), "2024-05-01T00:00:00"),
    ],
)
def test_cell_text(value: object, text: str | None) -> None:
    assert cell_text(value) == text


@pytest.mark.skipif(not DATA.is_dir(), reason="the public data sets are not next to the repository")
@pytest.mark.parametrize("path", sorted(DATA.glob("*/*.csv")), ids=lambda path: path.name)
def test_public_data_sets_come_back_byte_for_byte(path: Path, tmp_path: Path) -> None:
    data = path.read_bytes()
    assert rewritten(data, tmp_path) == data
