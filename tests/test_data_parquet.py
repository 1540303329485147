"""Parquet in pieces: every row once, in order, whatever the row groups; files whole or not at all."""

from __future__ import annotations

import itertools
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pocketscore.data import places
from pocketscore.data.parquet import ParquetSource, batches, join, notes_of, with_texts, write_tables
from pocketscore.data.places import Place, replacing
from pocketscore.errors import InputError, OutputError


def written(path: Path, n: int, group: int = 1000, first: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = range(first, first + n)
    table = pa.table({"id": list(rows), "response": [f"answer {i}" for i in rows], "pair": [[i, i] for i in rows]})
    pq.write_table(table, path, row_group_size=group)
    return path


def ids(source: ParquetSource, rows: int) -> list[int]:
    return [
        value for piece in source.pieces(rows) for table in batches(piece) for value in table.column("id").to_pylist()
    ]


@given(n=st.integers(1, 60), group=st.integers(1, 60), rows=st.integers(1, 60))
def test_pieces_are_all_rows_in_order(tmp_path_factory: pytest.TempPathFactory, n: int, group: int, rows: int) -> None:
    path = written(tmp_path_factory.mktemp("p") / "a.parquet", n, group)
    source = ParquetSource.check(Place(str(path)))
    pieces = source.pieces(rows)
    assert ids(source, rows) == list(range(n))
    assert all(0 < piece.rows <= rows for piece in pieces)
    assert sum(piece.rows for piece in pieces) == source.size == n
    names = [piece.name for piece in pieces]
    assert names == sorted(set(names))


def test_a_piece_may_be_larger_than_a_batch_and_begin_within_one(tmp_path: Path) -> None:
    path = written(tmp_path / "a.parquet", 9_000, group=9_000)
    assert ids(ParquetSource.check(Place(str(path))), 4_100) == list(range(9_000))


def test_folders_keep_their_shape_and_hidden_files_do_not_count(tmp_path: Path) -> None:
    for name, first in (("b/x.parquet", 3), ("a.parquet", 0), ("b/y=1/z.parquet", 6)):
        written(tmp_path / name, 3, first=first)
    for name in ("_temporary/t.parquet", ".hidden.parquet", "b/_SUCCESS", "readme.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"no parquet")
    source = ParquetSource.check(Place(str(tmp_path)))
    assert ids(source, 2) == list(range(9))
    assert [piece.name for piece in source.pieces(5)] == [
        "a-000000.parquet", "b/x-000000.parquet", "b/y=1/z-000000.parquet"
    ]  # fmt: skip
    assert source.partitioned


def test_a_uri_is_a_place(tmp_path: Path) -> None:
    written(tmp_path / "a.parquet", 5)
    assert ids(ParquetSource.check(Place(tmp_path.as_uri())), 2) == list(range(5))
    with pytest.raises(InputError, match="cannot be opened"):
        ParquetSource.check(Place("nonsense://x"))


def test_bad_sources(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "bad.parquet").write_bytes(b"PAR1 no")
    written(tmp_path / "none.parquet", 0)
    written(tmp_path / "mixed" / "a.parquet", 2)
    pq.write_table(pa.table({"id": ["x"], "response": ["x"]}), tmp_path / "mixed" / "b.parquet")
    for name, message in (
        ("missing.parquet", "there is no file"),
        ("empty", "holds no .parquet file"),
        ("bad.parquet", "not a readable parquet file"),
        ("none.parquet", "no rows"),
        ("mixed", "b.parquet has other columns than .*a.parquet .*id: int64"),
    ):
        with pytest.raises(InputError, match=message):
            ParquetSource.check(Place(str(tmp_path / name)))


def test_a_file_that_shrank_is_noticed(tmp_path: Path) -> None:
    path = written(tmp_path / "a.parquet", 10)
    (piece,) = ParquetSource.check(Place(str(path))).pieces(100)
    written(path, 4)
    with pytest.raises(InputError, match="fewer rows"):
        list(batches(piece))


def test_parts_become_one_file(tmp_path: Path) -> None:
    source = ParquetSource.check(Place(str(written(tmp_path / "a.parquet", 10, group=4))))
    parts = []
    for piece in source.pieces(3):
        part = Place(str(tmp_path / piece.name))
        tables = [with_texts(table, {"more": ["m"] * len(table)}) for table in batches(piece)]
        write_tables(tables, part, {"note": piece.name})
        assert notes_of(part) == {"note": piece.name}
        parts.append(part)
    join(parts, Place(str(tmp_path / "whole.parquet")))
    table = pq.read_table(tmp_path / "whole.parquet")
    assert table.drop_columns("more").equals(pq.read_table(tmp_path / "a.parquet"))
    assert table.column("more").to_pylist() == ["m"] * 10
    assert not table.schema.metadata
    Path(parts[0].location).write_bytes(Path(parts[0].location).read_bytes()[:-5])
    assert notes_of(parts[0]) is None
    assert notes_of(Place(str(tmp_path / "missing"))) is None


def test_a_write_that_fails_leaves_the_older_file(tmp_path: Path) -> None:
    place = Place(str(tmp_path / "a"))
    place.write(b"older")
    with pytest.raises(KeyboardInterrupt), replacing(place) as file:
        file.write(b"newer")
        raise KeyboardInterrupt
    assert place.read() == b"older"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    with pytest.raises(OutputError, match="make the folder first"):
        Place(str(tmp_path / "no" / "a")).write(b"x")


def test_what_killed_processes_left_is_removed(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    kept = [tmp_path / ".other", tmp_path / "b" / "x"]
    left = [tmp_path / f"{places._TEMPORARY}1-a.tmp", tmp_path / "b" / f"{places._TEMPORARY}2-x.tmp"]
    for path in itertools.chain(kept, left):
        path.write_bytes(b"x")
    Place(str(tmp_path)).remove_unfinished()
    assert all(path.exists() for path in kept)
    assert not any(path.exists() for path in left)
