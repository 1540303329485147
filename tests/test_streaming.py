"""Parquet larger than memory: the same cells as in one piece, whatever stops the run."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from conftest import make_scorer
from pocketscore import bulk, bundle, streaming
from pocketscore.data import cell_text
from pocketscore.data.parquet import ParquetSource
from pocketscore.data.places import Place
from pocketscore.engine import Here
from pocketscore.errors import ArtefactError, InputError
from pocketscore.progress import Silent
from pocketscore.student import Scorer
from pocketscore.types import Scores

ANSWERS = ("The cold glass; cools the air", None, "", "zzz", "水 air")
SCORER = bundle.to_bytes(make_scorer())


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "PIECE", 7)


def write(path: Path, n: int, first: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = range(first, first + n)
    answers = [ANSWERS[i % len(ANSWERS)] for i in rows]
    table = pa.table(
        {"id": list(rows), "answer": answers, "Score": [i / 2 for i in rows], "pair": [[i, i] for i in rows]}
    )
    pq.write_table(table, path, row_group_size=10)
    return path


def score(source: Path, out: Path, jobs: int = 1, column: str = "answer") -> Counter[str]:
    found = ParquetSource.check(Place(str(source)))
    return streaming.score_parquet(SCORER, found, column, Place(str(out)), Here(jobs), Silent())


def assert_scored(source: pa.Table, out: pa.Table, column: str = "answer") -> None:
    """All columns of the source, then what scoring adds, row by row."""
    assert out.column_names == [*source.column_names, "score_2", "probability", "status", "refer"]
    assert out.select(source.column_names).equals(source)
    cells = ["" if cell is None else cell_text(cell) for cell in source.column(column).to_pylist()]
    expected = bulk.added(bundle.from_bytes(SCORER).score(cells))
    assert list(zip(*(out.column(i).to_pylist() for i in range(-4, 0)), strict=True)) == expected


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("name", ["out.parquet", "out"])
def test_pieces_give_what_the_whole_gives(tmp_path: Path, name: str, jobs: int) -> None:
    source, out = write(tmp_path / "a.parquet", 40), tmp_path / name
    counts = score(source, out, jobs)
    assert_scored(pq.read_table(source), pq.read_table(out))
    assert counts == {"": 24, "empty": 16}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.parquet", name]


def test_a_folder_keeps_its_order_and_shape(tmp_path: Path) -> None:
    for name, first in (("a.parquet", 0), ("b/c.parquet", 20)):
        write(tmp_path / "in" / name, 20, first)
    score(tmp_path / "in", tmp_path / "out")
    score(tmp_path / "in", tmp_path / "out.parquet")
    assert (tmp_path / "out" / "b" / "c-000000.parquet").exists()
    for out in ("out", "out.parquet"):
        assert_scored(pq.read_table(tmp_path / "in"), pq.read_table(tmp_path / out))


def test_numbers_are_answers_too(tmp_path: Path) -> None:
    source = write(tmp_path / "a.parquet", 9)
    score(source, tmp_path / "out.parquet", column="Score")
    assert_scored(pq.read_table(source), pq.read_table(tmp_path / "out.parquet"), "Score")


@pytest.mark.parametrize("name", ["out.parquet", "out"])
def test_a_stopped_run_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    source, out = write(tmp_path / "a.parquet", 40), tmp_path / name
    scored: list[int] = []
    real = Scorer.score

    def stops(scorer: Scorer, texts: Sequence[str]) -> Scores:
        scored.append(len(texts))
        if len(scored) == 4:
            raise KeyboardInterrupt
        return real(scorer, texts)

    loaded = bundle.from_bytes(SCORER)  # its golden texts are scored before counting begins
    monkeypatch.setattr(streaming, "from_bytes", lambda _: loaded)
    monkeypatch.setattr(Scorer, "score", stops)
    with pytest.raises(KeyboardInterrupt):
        score(source, out)
    assert not (tmp_path / "out.parquet").exists()
    done = sum(scored[:3])
    scored.extend([0] * 10)
    before = sum(scored)
    counts = score(source, out)
    assert sum(scored) - before == 40 - done
    assert counts == {"": 24, "empty": 16}
    monkeypatch.setattr(Scorer, "score", real)
    assert_scored(pq.read_table(source), pq.read_table(out))
    before = sum(scored)
    if name == "out":  # finished: the same command finds everything there
        assert score(source, out) == counts
        assert sum(scored) == before


def test_a_piece_cut_short_is_made_again(tmp_path: Path) -> None:
    source, out = write(tmp_path / "a.parquet", 40), tmp_path / "out"
    score(source, out)
    part = out / "a-000001.parquet"
    part.write_bytes(part.read_bytes()[:100])
    score(source, out)
    assert_scored(pq.read_table(source), pq.read_table(out))


def test_what_others_wrote_is_kept(tmp_path: Path) -> None:
    source, out = write(tmp_path / "a.parquet", 20), tmp_path / "out"
    out.mkdir()
    (out / "mine.txt").write_text("x")
    with pytest.raises(InputError, match="holds something else"):
        score(source, out)
    assert [path.name for path in out.iterdir()] == ["mine.txt"]


def test_pieces_of_another_scorer_or_source_are_not_taken_up(tmp_path: Path) -> None:
    source, out = write(tmp_path / "a.parquet", 20), tmp_path / "out"
    score(source, out)
    write(source, 21)
    with pytest.raises(InputError, match="holds something else"):
        score(source, out)
    parts = tmp_path / "whole.parquet.parts"
    parts.mkdir()
    (parts / streaming.STATE).write_text(json.dumps({"key": "another"}))
    (parts / "a-000000.parquet").write_bytes(b"stale")
    score(source, tmp_path / "whole.parquet")
    assert_scored(pq.read_table(source), pq.read_table(tmp_path / "whole.parquet"))


def test_a_source_that_changes_meanwhile(tmp_path: Path) -> None:
    source = write(tmp_path / "a.parquet", 20)
    found = ParquetSource.check(Place(str(source)))

    class Changing(Silent):
        def advance(self, steps: int = 1) -> None:  # noqa: ARG002
            write(source, 20, first=100)

    with pytest.raises(InputError, match="was changed while"):
        streaming.score_parquet(SCORER, found, "answer", Place(str(tmp_path / "o.parquet")), Here(), Changing())
    assert not (tmp_path / "o.parquet").exists()


def test_outputs_that_cannot_be(tmp_path: Path) -> None:
    write(tmp_path / "in" / "item=1" / "a.parquet", 20)
    (tmp_path / "file").write_text("x")
    (tmp_path / "folder.parquet").mkdir()
    for out, message in (
        ("in/out", "lies inside"),
        ("in/out.parquet", "lies inside"),
        ("o.parquet", "hold a column in their names"),
        ("file", "is a file"),
        ("folder.parquet", "is a folder"),
    ):
        with pytest.raises(InputError, match=message):
            score(tmp_path / "in", tmp_path / out)


def test_a_damaged_scorer_is_told_before_anything_is_written(tmp_path: Path) -> None:
    found = ParquetSource.check(Place(str(write(tmp_path / "a.parquet", 5))))
    with pytest.raises(ArtefactError):
        streaming.score_parquet(SCORER[:-9], found, "answer", Place(str(tmp_path / "out")), Here(), Silent())
    assert [path.name for path in tmp_path.iterdir()] == ["a.parquet"]
