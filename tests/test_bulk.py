"""Files larger than memory: the same output as in one piece, whatever stops the run."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from conftest import make_scorer
from pocketscore import bulk, bundle
from pocketscore.data import delimited, read_table, with_columns, write_table
from pocketscore.data.delimited import DelimitedFile
from pocketscore.errors import InputError
from pocketscore.progress import Silent
from pocketscore.student import Scorer
from pocketscore.student.screen import Screen
from pocketscore.types import Scores

ANSWERS = ("The cold glass; cools the air", 'it is "not" from\nthe glass', "", "zzz", "水 air")


@pytest.fixture
def item(tmp_path: Path) -> Path:
    bundle.save(make_scorer(), tmp_path / "item.pocket")
    return tmp_path / "item.pocket"


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "PIECE", 3)
    monkeypatch.setattr(bulk, "_KEPT_EVERY", 2)


def write(path: Path, n: int, delimiter: str = ",", encoding: str = "utf-8") -> Path:
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.writer(file, delimiter=delimiter)
        writer.writerow(["id", "answer", "score"])
        writer.writerows([i, ANSWERS[i % len(ANSWERS)], "=1"] for i in range(n))
    return path


def whole(item: Path, path: Path, out: Path) -> bytes:
    """What the table in one piece gives."""
    table = read_table(path)
    cells = zip(*bulk.added(bundle.load(item).score([str(cell) for cell in table.column("answer")])), strict=True)
    write_table(with_columns(table, dict(zip(bulk.ADDED, map(list, cells), strict=True))), out)
    return out.read_bytes()


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize(
    ("name", "n", "delimiter", "encoding"),
    [("a.csv", 20, ";", "utf-8-sig"), ("b.tsv", 6, "\t", "utf-8"), ("c.csv", 1, ",", "utf-16")],
)
def test_pieces_give_what_the_whole_gives(
    item: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    n: int,
    delimiter: str,
    encoding: str,
    jobs: int,
) -> None:
    monkeypatch.setattr(bulk, "WORTH_PROCESSES", 10)
    source = DelimitedFile.check(write(tmp_path / name, n, delimiter, encoding))
    out = tmp_path / f"out{source.path.suffix}"
    counts = bulk.score_file(item, source, "answer", out, jobs, Silent())
    assert sum(counts.values()) == n
    assert out.read_bytes() == whole(item, source.path, tmp_path / f"whole{source.path.suffix}")
    assert not list(tmp_path.glob("*.part*"))


def test_a_stopped_run_goes_on(item: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = DelimitedFile.check(write(tmp_path / "a.csv", 40))
    out = tmp_path / "out.csv"
    score = Scorer.score
    scored: list[int] = []

    def stops(scorer: Scorer, texts: Sequence[str]) -> Scores:
        scored.append(len(texts))
        if len(scored) == 9:
            raise KeyboardInterrupt
        return score(scorer, texts)

    first = bundle.load(item)  # its golden texts are scored before counting begins
    monkeypatch.setattr(bulk, "load", lambda _: first)
    monkeypatch.setattr(Scorer, "score", stops)
    with pytest.raises(KeyboardInterrupt):
        bulk.score_file(item, source, "answer", out, 1, Silent())
    assert not out.exists()
    assert json.loads((tmp_path / "out.csv.part.json").read_text("ascii"))["rows"] == 24
    scored.extend([0] * 10)
    before = sum(scored)
    counts = bulk.score_file(item, source, "answer", out, 1, Silent())
    assert sum(scored) - before == 40 - 24
    assert sum(counts.values()) == 40
    monkeypatch.undo()
    assert out.read_bytes() == whole(item, source.path, tmp_path / "whole.csv")


def test_what_another_scorer_or_file_left_is_not_taken_up(item: Path, tmp_path: Path) -> None:
    source = DelimitedFile.check(write(tmp_path / "a.csv", 10))
    out = tmp_path / "out.csv"
    (tmp_path / "out.csv.part").write_bytes(b"other" * 100)
    (tmp_path / "out.csv.part.json").write_text(json.dumps({"key": "x", "rows": 6, "size": 9, "counts": {}}), "ascii")
    bulk.score_file(item, source, "answer", out, 1, Silent())
    assert out.read_bytes() == whole(item, source.path, tmp_path / "whole.csv")


def test_labels_that_the_encoding_lacks_turn_the_file_into_utf_8(tmp_path: Path) -> None:
    bundle.save(make_scorer(points=("gut", "好")), tmp_path / "item.pocket")
    source = DelimitedFile.check(write(tmp_path / "a.csv", 3))
    cp1252 = tmp_path / "b.csv"
    cp1252.write_bytes("answer\r\nKälte\r\n".encode("cp1252"))
    source = DelimitedFile.check(cp1252)
    bulk.score_file(tmp_path / "item.pocket", source, "answer", tmp_path / "out.csv", 1, Silent())
    assert "Kälte" in (tmp_path / "out.csv").read_bytes().decode("utf-8-sig")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is empty"),
        (b"a,b\n", "no rows"),
        (b'answer\n"open\n', "do not pair up"),
        (b"a,b\n1,2,3\n", "3 cells where the header has 2"),
        (b"a,,b\n1,2,3\n", "column 2 has no name"),
        (b"a,a\n1,2\n", "two columns"),
        (b"a\n\x00\n", "NUL"),
        (b"a\n\x81\n", "Windows-1252"),
    ],
)
def test_a_file_is_checked_before_anything_is_written(tmp_path: Path, data: bytes, message: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(data)
    with pytest.raises(InputError, match=message):
        DelimitedFile.check(path)
    with pytest.raises(InputError, match=message):
        read_table(path)  # says the same


def test_an_unpaired_quotation_mark_does_not_gather_the_whole_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delimited, "_MOST_STREAMED", 1000)
    (tmp_path / "a.csv").write_text('answer\n"open\n' + "air\n" * 2000, encoding="utf-8")
    with pytest.raises(InputError, match="line 2: the quotation marks of this row do not pair up"):
        DelimitedFile.check(tmp_path / "a.csv")


@pytest.mark.parametrize(
    "data", [b"a,b,,\n1,2\n3\n", "\ufeffä;b\r\n\r\n1;2;\r\n".encode(), b"x\n1\n", "a\tb\n1\t水\n".encode("utf-16")]
)
def test_it_reads_what_the_table_reads(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(data)
    found, table = DelimitedFile.check(path), read_table(path)
    assert (found.columns, found.size, found.dialect) == (table.columns, len(table), table.dialect)
    assert [tuple(row) for row in found.rows()] == list(table.rows)


@pytest.mark.parametrize("jobs", [1, 2])
def test_rows_are_counted_by_who_decides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jobs: int) -> None:
    monkeypatch.setattr(bulk, "WORTH_PROCESSES", 10)
    screen = Screen(longest=10, blocks=(0,), seen_share=0.5, known_share=0.5, odd_share=0.4)
    scorer = bundle.save(replace(make_scorer(), screen=screen), tmp_path / "item.pocket")
    source = DelimitedFile.check(write(tmp_path / "a.csv", 20))
    counts = bulk.score_file(tmp_path / "item.pocket", source, "answer", tmp_path / "out.csv", jobs, Silent())
    rows = list(csv.DictReader(io.StringIO((tmp_path / "out.csv").read_bytes().decode(), newline="")))
    reasons = ["" if reason is None else reason.value for reason in scorer.score(ANSWERS).refer]
    assert [row["refer"] for row in rows] == reasons * 4
    assert [row["status"] for row in rows[:5]] == ["ok", "ok", "empty", "unfamiliar", "ok"]
    assert counts == {"": 12, "empty": 4, "gibberish": 4} == Counter(row["refer"] for row in rows)
