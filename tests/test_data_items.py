from __future__ import annotations

import json
from pathlib import Path

import pytest

from pocketscore.data import ItemText, read_items
from pocketscore.errors import InputError

DATA = Path(__file__).parents[2] / "shared" / "data"


def read(content: object, folder: Path) -> dict[str, ItemText]:
    path = folder / "items.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
    return read_items(path)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ([{"item": "1"}], ItemText("1")),
        ([{"id": 1, "item": "other"}], ItemText("1")),
        ({"items": [{"id": "1", "question": "Why?"}]}, ItemText("1", "Why?")),
        ({"1": {"question": "Why?"}}, ItemText("1", "Why?")),
        (
            [{"id": "1", "rubric": ["0: no", {"text": "1: yes"}], "unknown": 3}],
            ItemText("1", rubric="0: no\n1: yes"),
        ),
        ([{"id": "1", "reference_answer": "air"}], ItemText("1", references=("air",))),
        ([{"id": "1", "references": "air"}], ItemText("1", references=("air",))),
        (
            [{"id": "1", "reference_answers": [{"text": "air"}, "cold"]}],
            ItemText("1", references=("air", "cold")),
        ),
        ([{"id": "1", "question": None, "rubric": None, "references": []}], ItemText("1")),
        ([{"id": "1", "scores": [0, 1.0, "2"]}], ItemText("1", points=("0", "1", "2"))),
        ([{"id": "1", "score_min": 0, "score_max": 2}], ItemText("1", points=("0", "1", "2"))),
        (
            [{"id": "1", "scores": ["no", "yes"], "scale": "nominal"}],
            ItemText("1", points=("no", "yes"), kind="nominal"),
        ),
    ],
)
def test_reads(content: object, expected: ItemText, tmp_path: Path) -> None:
    assert read(content, tmp_path) == {"1": expected}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('[{"id": "1",}]', "line 1, column 13 is not JSON"),
        ("", "line 1, column 1 is not JSON"),
        ("[]", "holds no items"),
        ("3", "holds a int instead of a list"),
        ([3], "entry 1: 3 is not an object"),
        ({"1": "Why?"}, 'entry 1: "Why?" is not an object'),
        ([{"question": "Why?"}], "entry 1: 'item' is null"),
        ([{"id": 1.5}], "entry 1: 'id' is 1.5"),
        ([{"id": "1"}, {"id": 1}], "entry 2: a second item '1'"),
        ([{"id": "1", "question": 3}], "'question' is 3"),
        ([{"id": "1", "rubric": [1]}], "'rubric' is [1]"),
        ([{"id": "1", "references": [{"answer": "x"}]}], "'references' is"),
        ([{"id": "1", "scores": [1]}], "'scores' is [1]; give 2 to 20"),
        ([{"id": "1", "scores": [1, "1.0"]}], "give 2 to 20 different"),
        ([{"id": "1", "scores": "0-3"}], "give a list of score points"),
        ([{"id": "1", "score_min": 0}], "'score_max' is null"),
        ([{"id": "1", "score_min": 0, "score_max": 2.5}], "'score_max' is 2.5"),
        ([{"id": "1", "score_min": 2, "score_max": 2}], "give more than score_min (2)"),
        ([{"id": "1", "score_min": 0, "score_max": 1e999}], "'score_max' is Infinity"),
        ([{"id": "1", "score_min": 0, "score_max": 10**12}], "at most 20 score points"),
        ([{"id": "1", "scale": "ratio"}], "'scale' is \"ratio\""),
    ],
)
def test_refuses(content: object, message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read(content, tmp_path)
    assert message in str(caught.value)
    assert "items.json" in str(caught.value)


@pytest.mark.skipif(not DATA.is_dir(), reason="the public data sets are not next to the repository")
@pytest.mark.parametrize("path", sorted(DATA.glob("*/items.json")), ids=lambda path: path.parent.name)
def test_reads_the_items_of_the_public_data_sets(path: Path) -> None:
    items = read_items(path)
    assert len(items) == len(json.loads(path.read_text("utf-8")))
    assert all(item.question for item in items.values())
    assert all(item.references or item.rubric for item in items.values())
