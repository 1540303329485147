from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from pocketscore.data import (
    ColumnChoice,
    DataSet,
    Dropped,
    ItemText,
    SkippedItem,
    Table,
    parse_table,
    read_items,
    read_responses,
    write_table,
)
from pocketscore.data.cells import Dialect
from pocketscore.data.clean import Unscored
from pocketscore.errors import InputError
from pocketscore.types import MISSING, Part

DATA = Path(__file__).parents[2] / "shared" / "data"
Rows = Sequence[Sequence[object]]

# 40 good rows: the header is row 1, so row i + 2 holds answer i, and odd rows the score 1.
GOOD = [(f"r{i}", f"answer {i}", i % 2) for i in range(40)]


def write(folder: Path, rows: Rows, columns: str = "id response score", name: str = "answers.csv") -> Path:
    names = tuple(columns.split())
    numbers = tuple(range(2, len(rows) + 2))
    write_table(Table(folder / name, names, tuple(map(tuple, rows)), numbers, Dialect()), folder / name)
    return folder / name


def read(folder: Path, rows: Rows, columns: str = "id response score", **options: object) -> DataSet:
    return read_responses(write(folder, rows, columns), ColumnChoice(), **options)  # type: ignore[arg-type]


def changed(row: int, **cells: object) -> list[tuple[object, ...]]:
    """The good rows with cells of one row replaced; `row` as a spreadsheet counts."""
    values = dict(zip(("id", "response", "score"), GOOD[row - 2], strict=True)) | cells
    return [*GOOD[: row - 2], tuple(values.values()), *GOOD[row - 1 :]]


def test_good_rows_come_through_as_they_are(tmp_path: Path) -> None:
    data = read(tmp_path, GOOD)
    (responses,) = data.responses
    assert responses.item.id == "answers"
    assert (responses.item.scale.points, responses.item.scale.kind) == (("0", "1"), "ordinal")
    assert responses.ids == tuple(row[0] for row in GOOD)
    assert responses.texts == tuple(row[1] for row in GOOD)
    assert responses.scores.tolist() == [row[2] for row in GOOD]
    assert set(responses.second.tolist()) == {MISSING}
    assert responses.parts is None
    assert (data.dropped, data.skipped) == ((), ())
    assert data.sha256 == hashlib.sha256(data.path.read_bytes()).hexdigest()


@pytest.mark.parametrize(
    ("response", "reason"),
    [
        ("", "empty response"),
        (" \t\n", "empty response"),
        ("\u200b\ufeff\u00a0", "empty response"),
        ("...", "not text"),
        ("?!", "not text"),
        ("NaN", "not text"),
        ("#NAME?", "not text"),
        (" #REF! ", "not text"),
        ("😀", None),
        ("👍🏽", None),
        ("7", None),
        ("٣", None),
        ("$", None),
        ("→", None),
        ("שלום", None),
        ("水", None),
        ("None", None),
        ("x" * 1_000_000, None),
    ],
)
def test_only_answers_that_say_something_stay(response: str, reason: str | None, tmp_path: Path) -> None:
    data = read(tmp_path, changed(5, response=response))
    if reason is None:
        assert data.responses[0].texts[3] == response
        assert data.dropped == ()
    else:
        assert len(data.responses[0]) == 39
        assert data.dropped == (Dropped(5, "r3", "answers", reason),)


@pytest.mark.parametrize("score", ["", " ", "NaN", "nan"])
def test_rows_without_score_are_left_out(score: str, tmp_path: Path) -> None:
    assert read(tmp_path, changed(9, score=score)).dropped == (Dropped(9, "r7", "answers", "no score"),)


def test_what_nobody_scored_is_kept_apart_with_what_makes_its_id_doubtful(tmp_path: Path) -> None:
    rows: Rows = [
        *((f"a{i}", "q1", f"a {i}", i % 2, "train") for i in range(32)),
        *((f"b{i}", "q2", f"b {i}", i % 2, "train") for i in range(32)),
        ("a3", "q1", "known to q1", "", ""),
        ("b3", "q1", "known to q2", "", "test"),
        ("u", "q1", " twice ", "", "TRN"),
        ("u", "q1", "twice", "nan", "unlabelled"),
        ("v", "q1", "", "", "train"),
        ("v", "q1", "once, since the other holds nothing", "", "dev"),
        ("w", "", "of no item", "", ""),
    ]
    path = write(tmp_path, rows, "id item response score split")
    found = read_responses(path, ColumnChoice(), only=("q1",)).unscored
    assert found == (
        Unscored("a3", "q1", "known to q1", Part.TRAIN, repeated=True, elsewhere=False),
        Unscored("b3", "q1", "known to q2", Part.TEST, repeated=False, elsewhere=True),
        Unscored("u", "q1", "twice", Part.TRAIN, repeated=True, elsewhere=False),
        Unscored("u", "q1", "twice", None, repeated=True, elsewhere=False),
        Unscored("v", "q1", "once, since the other holds nothing", Part.VALIDATION, repeated=False, elsewhere=False),
    )
    assert read_responses(path, ColumnChoice(), only=("q2",)).unscored == ()


def test_white_space_is_stripped_and_nothing_else(tmp_path: Path) -> None:
    data = read(tmp_path, changed(2, response="  Cold  AIR\n\nHere \n"))
    assert data.responses[0].texts[0] == "Cold  AIR\n\nHere"


def test_workbook_cells_become_the_text_that_was_typed(tmp_path: Path) -> None:
    rows: Rows = [
        *((i, f"a {i}", float(i % 3)) for i in range(30)),
        (30, 7.0, 1.0),
        (31, None, 1.0),
        (32, "x", None),
    ]
    path = write(tmp_path, rows, name="class 7b.xlsx")
    data = read_responses(path, ColumnChoice())
    assert data.responses[0].item.id == "class-7b"
    assert data.responses[0].item.scale.points == ("0", "1", "2")
    assert (data.responses[0].ids[-1], data.responses[0].texts[-1]) == ("30", "7")
    assert [(row.row, row.reason) for row in data.dropped] == [(33, "empty response"), (34, "no score")]


def test_bytes_and_lists_are_no_text(tmp_path: Path) -> None:
    rows: Rows = [*GOOD, ("x", ["a"], 1)]
    path = write(tmp_path, rows, name="a.jsonl")
    assert read_responses(path, ColumnChoice()).dropped == (Dropped(41, "x", "a", "not text"),)


def test_without_id_column_the_row_is_the_id(tmp_path: Path) -> None:
    data = read(tmp_path, [row[1:] for row in GOOD], "response score")
    assert data.responses[0].ids[:2] == ("2", "3")


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (changed(5, id="r0"), "rows 2 and 5: both are 'r0' in item answers"),
        (changed(5, score="inf"), "row 5, column 'score': the score is 'inf'"),
        (changed(5, score="n/a"), "row 5, column 'score': the score 'n/a' is no number, 39 of 40 are"),
        (GOOD[:29], "item answers (29 usable responses, 30 are needed)"),
        ([(a, b, 1) for a, b, _ in GOOD], "item answers (all 40 responses have the score 1)"),
        ([(a, b, i) for i, (a, b, _) in enumerate(GOOD)], "item answers has 40 score points"),
    ],
)
def test_refuses(rows: Rows, message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read(tmp_path, rows)
    assert message in str(caught.value)
    assert "answers.csv" in str(caught.value)


@pytest.mark.parametrize(
    ("labels", "kind", "points", "expected"),
    [
        (("0", "1", "2"), None, ("0", "1", "2"), "ordinal"),
        (("10", "9", "9.0"), None, ("9", "10"), "ordinal"),
        (("0", "0.5", "1"), None, ("0", "0.5", "1"), "nominal"),
        (("0", "0.5", "1"), "ordinal", ("0", "0.5", "1"), "ordinal"),
        (("yes", "no"), None, ("no", "yes"), "nominal"),
        (("0", "1"), "nominal", ("0", "1"), "nominal"),
        (("0", "1", "n/a"), None, ("0", "1", "n/a"), "nominal"),
    ],
)
def test_scales(
    labels: tuple[str, ...], kind: str | None, points: tuple[str, ...], expected: str, tmp_path: Path
) -> None:
    rows = [(a, b, labels[i % len(labels)]) for i, (a, b, _) in enumerate(GOOD)]
    scale = read(tmp_path, rows, kind=kind).responses[0].item.scale
    assert (scale.points, scale.kind) == (points, expected)


def test_words_need_a_nominal_scale(tmp_path: Path) -> None:
    rows = changed(5, score="n/a")
    assert read(tmp_path, rows, kind="nominal").responses[0].item.scale.points == ("0", "1", "n/a")
    with pytest.raises(InputError, match="row 2, column 'score': the score 'yes' is no number"):
        read(tmp_path, [(a, b, "yes" if c else "no") for a, b, c in GOOD][1:], kind="ordinal")


def test_the_items_file_gives_texts_and_scale(tmp_path: Path) -> None:
    item = ItemText("1", "Why?", "3: all", ("air",), ("0", "1", "2", "3"))
    data = read(tmp_path, GOOD, items={"1": item})
    found = data.responses[0].item
    assert (found.id, found.question, found.rubric, found.references) == ("1", "Why?", "3: all", ("air",))
    assert found.scale.points == ("0", "1", "2", "3")
    with pytest.raises(InputError, match="row 5, column 'score': the score '7' is not on the scale 0, 1, 2, 3"):
        read(tmp_path, changed(5, score=7), items={"1": item})
    with pytest.raises(InputError, match="cannot be ordinal"):
        read(tmp_path, GOOD, items={"1": ItemText("1", points=("no", "yes"), kind="ordinal")})
    with pytest.raises(InputError, match="the items file describes 1, 2, the responses belong to answers"):
        read(tmp_path, GOOD, items={"1": item, "2": ItemText("2")})


def test_second_rater(tmp_path: Path) -> None:
    rows = [(*row, "" if i == 0 else "1.0") for i, row in enumerate(GOOD)]
    data = read(tmp_path, rows, "id response score score2")
    assert data.responses[0].second.tolist() == [MISSING] + [1] * 39
    rows[3] = (*GOOD[3], "2")
    with pytest.raises(InputError, match="row 5, column 'score2': the score '2' is not on the scale 0, 1"):
        read(tmp_path, rows, "id response score score2")


def test_groups(tmp_path: Path) -> None:
    rows = [(*row, " a " if i else None) for i, row in enumerate(GOOD)]
    data = read(tmp_path, rows, "id response score group_x")
    assert data.responses[0].groups["group_x"][:2] == ("", "a")


@pytest.mark.parametrize(
    ("name", "part"),
    [
        *((name, Part.TRAIN) for name in ("train", "Training", "TRN", " train ")),
        *((name, Part.VALIDATION) for name in ("validation", "valid", "val", "Dev", "development")),
        *((name, Part.TEST) for name in ("test", "Testing", "test-ua", "TEST-UQ")),
        ("", None),
        ("holdout", None),
        ("all", None),
    ],
)
def test_given_split(name: str, part: Part | None, tmp_path: Path) -> None:
    rows = [(*row, name if i == 3 else "train") for i, row in enumerate(GOOD)]
    if part is None:
        with pytest.raises(InputError, match=f"row 5, column 'split': '{name}' is no part"):
            read(tmp_path, rows, "id response score split")
    else:
        parts = read(tmp_path, rows, "id response score split").responses[0].parts
        assert parts is not None
        assert parts[3] is part


# --- several items -----------------------------------------------------------------------------------------


def several() -> list[tuple[object, ...]]:
    return [
        *(("b", f"{i}", "text", i % 2) for i in range(40)),
        *(("few", f"{i}", "text", i % 2) for i in range(5)),
        *(("same", f"{i}", "text", 1) for i in range(35)),
        *(("a", f"{i}", "text", i % 3) for i in range(40)),
        ("", "0", "text", 1),
    ]


def test_items_that_cannot_be_used_are_skipped(tmp_path: Path) -> None:
    data = read(tmp_path, several(), "item id response score")
    assert [one.item.id for one in data.responses] == ["b", "a"]
    assert data.skipped == (
        SkippedItem("few", "5 usable responses, 30 are needed"),
        SkippedItem("same", "all 35 responses have the score 1"),
    )
    assert data.dropped == (Dropped(122, "0", "", "no item"),)


def test_only_the_items_asked_for(tmp_path: Path) -> None:
    data = read(tmp_path, several(), "item id response score", only=["a"])
    assert [one.item.id for one in data.responses] == ["a"]
    assert (data.skipped, data.dropped) == ((), ())
    with pytest.raises(InputError, match=r"no item 'c' \(items: b, few, same, a\)"):
        read(tmp_path, several(), "item id response score", only=["a", "c"])
    with pytest.raises(InputError, match=r"item few .5 usable responses"):
        read(tmp_path, several(), "item id response score", only=["few"])


def test_no_item_left(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"item few .*, item same .*give each item at least 30"):
        read(tmp_path, several()[40:80], "item id response score")
    with pytest.raises(InputError, match="no row names its item"):
        read(tmp_path, several()[-1:], "item id response score")


def test_the_same_id_in_two_items_is_fine(tmp_path: Path) -> None:
    assert len(read(tmp_path, several(), "item id response score").responses) == 2


# --- public data -------------------------------------------------------------------------------------------


@pytest.mark.skipif(not DATA.is_dir(), reason="the public data sets are not next to the repository")
@pytest.mark.parametrize(
    ("path", "items", "used", "dropped"),
    [
        ("ads-zh/ads_zh.csv", 15, 1574, 8),
        ("asap-sas/asap_sas_train.csv", 10, 17043, 0),
        ("beetle/beetle_train_ua.csv", 47, 4371, 9),
        ("saf-de/saf_de.csv", 8, 2407, 0),
        ("saf-en/saf_en.csv", 22, 2110, 2),
        ("scientsbank/scientsbank_train_ua.csv", 135, 5509, 0),
    ],
)
def test_reads_the_public_data_sets(path: str, items: int, used: int, dropped: int) -> None:
    data = read_responses(DATA / path, ColumnChoice(), read_items((DATA / path).with_name("items.json")))
    assert len(data.responses) == items
    assert sum(map(len, data.responses)) == used
    assert len(data.dropped) == dropped
    rows = len(parse_table((DATA / path).read_bytes(), DATA / path))
    assert used + dropped == rows
    assert all((np.asarray(one.scores) >= 0).all() for one in data.responses)


@pytest.mark.skipif(not DATA.is_dir(), reason="the public data sets are not next to the repository")
def test_half_points_do_not_fit_the_whole_scale_of_the_items_file() -> None:
    path = DATA / "mohler" / "mohler.csv"
    with pytest.raises(InputError, match=r"row 214, column 'score': the score '3\.5' is not on the scale 0, 1"):
        read_responses(path, ColumnChoice(), read_items(path.with_name("items.json")))


def test_to_label_rows_need_no_score(tmp_path: Path) -> None:
    rows = [("a", "said", "1"), ("b", "said twice", ""), ("c", "", ""), ("d", "more", None)]
    item = ItemText("answers", points=("0", "1", "2"))
    data = read(tmp_path, rows, items={"answers": item}, purpose="label")
    (responses,) = data.responses
    assert responses.ids == ("a", "b", "d")
    assert responses.scores.tolist() == [1, MISSING, MISSING]
    assert responses.item.scale.points == ("0", "1", "2")
    assert [(row.row, row.reason) for row in data.dropped] == [(4, "empty response")]


def test_to_label_a_file_needs_no_column_of_scores_but_score_points(tmp_path: Path) -> None:
    rows = [("a", "said"), ("b", "said twice")]
    described = {"answers": ItemText("answers", points=("no", "yes"))}
    (responses,) = read(tmp_path, rows, "id response", items=described, purpose="label").responses
    assert responses.scores.tolist() == [MISSING, MISSING]
    with pytest.raises(InputError, match=r"nobody has scored an answer to item answers.*\"scores\""):
        read(tmp_path, rows, "id response", purpose="label")
    with pytest.raises(InputError, match="no column that looks like the score"):
        read(tmp_path, rows, "id response", items=described)


def test_to_label_unscored_rows_need_no_part(tmp_path: Path) -> None:
    rows = [("a", "said", "1", "test"), ("b", "said twice", "0", "train"), ("c", "more", "", "")]
    (responses,) = read(tmp_path, rows, "id response score split", purpose="label").responses
    assert responses.parts == (Part.TEST, Part.TRAIN, Part.TRAIN)
    with pytest.raises(InputError, match="row 2, column 'split'"):
        read(tmp_path, [("a", "said", "1", ""), *rows[1:]], "id response score split", purpose="label")
