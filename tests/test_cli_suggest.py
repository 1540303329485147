"""`pocketscore suggest`, as a user types it."""

from __future__ import annotations

import csv
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import openpyxl
import pytest

from conftest import WORDS, make_scorer
from pocketscore import bundle
from pocketscore.cli import main
from pocketscore.cli.suggest import COLUMNS


@pytest.fixture
def item(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    bundle.save(make_scorer(), tmp_path / "item.pocket")
    return tmp_path / "item.pocket"


def call(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", ["pocketscore", "suggest", *map(str, arguments)])
    try:
        main()
    except SystemExit as stop:
        return int(stop.code or 0)
    return 0


def answers(n: int, seed: int = 0) -> list[str]:
    rng = np.random.default_rng(seed)
    return [" ".join(rng.choice(WORDS[:14], size=6)) + f" {i}" for i in range(n)]


def write(path: Path, columns: dict[str, list[str]], delimiter: str = ",") -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, delimiter=delimiter)
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))
    return path


def read(path: Path, delimiter: str = ",") -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        return list(csv.DictReader(file, delimiter=delimiter))


def scored(path: Path, n: int) -> Path:
    texts = answers(n, seed=1)
    points = [str(text.count("vapour") + text.count("cools") > 0) for text in texts]
    return write(path, {"response": texts, "score": ["2" if point == "True" else "0" for point in points]})


def test_a_list_to_fill_in(item: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    texts = answers(30)
    unscored = write(item.parent / "un.csv", {"id": [f"r{i}" for i in range(30)], "response": texts})
    assert call(monkeypatch, item, unscored, "-n", 5) == 0
    out = capsys.readouterr().out
    assert "5 answers to item cold-glass to score next, chosen among 30 different ones\n" in out
    assert "written to suggest.csv" in out
    assert "without --scored" in out
    rows = read(item.parent / "suggest.csv")
    assert list(rows[0]) == list(COLUMNS)
    assert len(rows) == 5
    probabilities = bundle.load(item).score(texts).confidence
    for row in rows:
        at = int(row["id"].removeprefix("r"))
        assert row["response"] == texts[at]
        assert row["score"] == ""
        assert row["reason"]
        assert row["probability"] == f"{probabilities[at]:.4f}"


def test_with_scored_answers_comes_a_forecast_and_none_of_them_is_suggested(
    item: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    known = scored(item.parent / "scored.csv", 150)
    unscored = write(item.parent / "un.csv", {"response": answers(20) + answers(150, seed=1)[:10]})
    assert call(monkeypatch, item, unscored, "--scored", known, "-n", 20) == 0
    out = capsys.readouterr().out
    assert (
        "20 answers to item cold-glass to score next, chosen among 20 different ones (left out: 10 scored already)"
        in out
    )
    assert "learns from 105 of the 150 scored answers" in out
    assert "With 100 more scored answers the agreement is expected to go from" in out
    assert "picked at random" in out
    assert {row["id"] for row in read(item.parent / "suggest.csv")} == {str(row) for row in range(2, 22)}


@pytest.mark.parametrize(
    ("n", "blank", "reason"),
    [(12, 0, "12 different scored answers are too few for a learning curve, it needs 40"), (50, 20, "from 30 scored")],
)
def test_too_few_scores_for_a_forecast_still_give_a_list(
    n: int, blank: int, reason: str, item: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = read(scored(item.parent / "scored.csv", n))
    scores = ["" if i < blank else row["score"] for i, row in enumerate(rows)]
    known = write(item.parent / "scored.csv", {"response": [row["response"] for row in rows], "score": scores})
    unscored = write(item.parent / "un.csv", {"response": answers(20)})
    assert call(monkeypatch, item, unscored, "--scored", known, "-n", 3) == 0
    out = capsys.readouterr().out
    assert "What more answers would bring cannot be told" in out
    assert reason in out
    assert (f"{blank} rows left out ({blank} no score)" in out) == bool(blank)
    assert len(read(item.parent / "suggest.csv")) == 3


def test_one_score_for_all_is_said(
    item: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    known = write(item.parent / "scored.csv", {"response": answers(60, seed=1), "score": ["1"] * 60})
    assert call(monkeypatch, item, write(item.parent / "un.csv", {"response": answers(9)}), "--scored", known) == 0
    assert "all 60 answers have the same score" in capsys.readouterr().out


def test_fewer_answers_than_asked_and_copies_of_one(
    item: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    few = write(item.parent / "few.csv", {"response": [*answers(4), "", "-"]})
    assert call(monkeypatch, item, few, "-o", "few-list.csv") == 0
    assert "only 4 of 50 answers" in capsys.readouterr().out
    same = write(item.parent / "same.csv", {"response": ["cold air"] * 8})
    assert call(monkeypatch, item, same, "-o", "same-list.csv") == 0
    assert "only 1 of 50 answers" in (out := capsys.readouterr().out)
    assert "7 said in another row" in out


def test_no_cell_is_a_formula(item: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = ["=1+1 the cold air", "@the glass cools", "-the liquid", "+water", "-5 the glass", "-5.5"]
    unscored = write(item.parent / "un.csv", {"id": ["=A1", "-1", "b", "c", "d", "e"], "response": texts})
    assert call(monkeypatch, item, unscored) == 0
    rows = {row["id"]: row["response"] for row in read(item.parent / "suggest.csv")}
    assert rows == {
        "'=A1": "'=1+1 the cold air", "-1": "'@the glass cools", "b": "'-the liquid", "c": "'+water",
        "d": "'-5 the glass",
    }  # fmt: skip
    assert call(monkeypatch, item, unscored, "-o", "list.xlsx") == 0
    sheet = openpyxl.load_workbook(item.parent / "list.xlsx").active
    cells = {(cell.value, cell.data_type) for row in sheet.iter_rows(min_row=2, max_col=2) for cell in row}
    assert ("=1+1 the cold air", "s") in cells


def test_the_items_answers_alone_count_and_the_delimiter_stays(item: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    columns = {"item": ["cold-glass", "other"] * 5, "response": answers(10), "score": ["", "x"] * 5}
    unscored = write(item.parent / "un.csv", columns, delimiter=";")
    assert call(monkeypatch, item, unscored) == 0
    assert {row["id"] for row in read(item.parent / "suggest.csv", ";")} == {"2", "4", "6", "8", "10"}
    assert call(monkeypatch, item, unscored, "--item", "", "-o", "all.tsv") == 0
    assert len(read(item.parent / "all.tsv", "\t")) == 10


def test_a_nominal_item(item: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    bundle.save(replace(make_scorer(points=("no", "part", "yes")), item="vapour"), item.parent / "nominal.pocket")
    texts = answers(120, seed=1)
    known = write(
        item.parent / "scored.csv", {"response": texts, "score": ["yes" if "air" in t else "no" for t in texts]}
    )
    unscored = write(item.parent / "un.csv", {"response": answers(20)})
    assert call(monkeypatch, "nominal.pocket", unscored, "--scored", known) == 0
    assert "Agreement (share of equal scores)" in capsys.readouterr().out
    assert any(" and " in row["reason"] for row in read(item.parent / "suggest.csv"))


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("un.csv", "--response", "nope"), 2, "has no column 'nope'"),
        (("none.csv",), 2, "there is no file none.csv"),
        (("other.csv",), 2, "holds answers to other and none to cold-glass"),
        (("empty.csv",), 2, "empty.csv has no answer to suggest (left out: 2 empty)"),
        (("un.csv", "--scored", "un.csv"), 2, "no column that looks like the score"),
        (("un.csv", "--scored", "blank.csv"), 2, "no usable response"),
        (("un.csv", "--scored", "off.csv"), 2, "score '7'"),
        (("un.csv", "-o", "un.csv"), 2, "un.csv is there already"),
        (("un.csv", "-o", "missing/list.csv"), 4, "make the folder first"),
        (("un.csv", "-o", "list.doc"), 2, "no known file type"),
        (("un.csv", "-n", "0"), 2, "greater than or equal to 1"),
    ],
)
def test_mistakes_are_explained_and_nothing_is_written(
    arguments: tuple[str, ...], code: int, message: str, item: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    folder = item.parent
    write(folder / "un.csv", {"response": answers(5)})
    write(folder / "other.csv", {"item": ["other"] * 2, "response": answers(2)})
    write(folder / "empty.csv", {"id": ["1", "2"], "response": ["", " "]})
    write(folder / "blank.csv", {"response": answers(3), "score": [""] * 3})
    write(folder / "off.csv", {"response": answers(3), "score": ["0", "7", "1"]})
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert call(monkeypatch, item, *arguments) == code
    assert message in capsys.readouterr().err
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_people_s_scores_are_never_overwritten(item: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    unscored = write(item.parent / "un.csv", {"response": answers(5)})
    assert call(monkeypatch, item, unscored) == 0
    filled = (item.parent / "suggest.csv").read_bytes()
    assert call(monkeypatch, item, unscored, "--seed", 1) == 2
    assert (item.parent / "suggest.csv").read_bytes() == filled
