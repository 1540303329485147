"""Answers that nobody has scored: sifted before the teacher sees them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pocketscore.data import ColumnChoice, read_unlabelled
from pocketscore.errors import InputError
from pocketscore.types import Item, Part, Responses, Scale

PARTS = (Part.TRAIN, Part.TRAIN, Part.VALIDATION, Part.TEST)


def responses(item: str = "q1") -> Responses:
    texts = ("the cold air turns to drops", "water on the glass", "vapour in the air", "the glass is cold")
    scores = np.array([0, 1, 0, 1])
    return Responses(Item(item, Scale.of(["0", "1"])), ("a", "b", "c", "d"), texts, scores, np.full(4, -1), PARTS)


def write(folder: Path, text: str) -> Path:
    path = folder / "more.csv"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("rows", "kept", "counts"),
    [
        ("cold water", ["cold water"], (0, 0, 0, 0)),
        ("cold water\nCold  Water!\ncold water", ["cold water"], (0, 2, 0, 0)),
        ("The glass is cold.\nVAPOUR in the air\ncold water", ["cold water"], (2, 0, 0, 0)),
        ("water on the glass\ncold water", ["cold water"], (0, 1, 0, 0)),
        ('"  "\n?!\ncold water', ["cold water"], (0, 0, 2, 0)),
        ("cold water\nDas Wasser kondensiert", ["cold water"], (0, 0, 0, 1)),
        ("the glass is cold", [], (1, 0, 0, 0)),
    ],
)
def test_what_is_used_and_what_is_left_out(
    tmp_path: Path, rows: str, kept: list[str], counts: tuple[int, int, int, int]
) -> None:
    path = write(tmp_path, f"response\n{rows}\n")
    found = read_unlabelled(path, ColumnChoice(), [responses()])["q1"]
    assert list(found.texts) == kept
    assert (found.held_out, found.known, found.unusable, found.unfamiliar) == counts


def test_items_get_their_own_answers(tmp_path: Path) -> None:
    path = write(tmp_path, "item,answer\nq1,cold water\nq2,cold glass\nq9,cold drops\n")
    found = read_unlabelled(path, ColumnChoice(), [responses("q1"), responses("q2"), responses("q3")])
    assert {item: entry.texts for item, entry in found.items()} == {"q1": ("cold water",), "q2": ("cold glass",)}


@pytest.mark.parametrize(
    ("content", "items", "error"),
    [
        ("response\n", 1, "no rows"),
        ("", 1, "is empty"),
        ("response\nDas Glas leckt\nEs ist kalt draußen\ncold water\n", 1, "2 of 3 unlabelled answers to item q0"),
        ("response\ncold water\n", 2, "which of the 2 items"),
        ("item,response\nz,cold water\n", 2, "answers to z and none to q0, q1"),
        ("words\ncold water\n", 1, "looks like the response"),
    ],
)
def test_files_that_cannot_be_used(tmp_path: Path, content: str, items: int, error: str) -> None:
    path = write(tmp_path, content)
    with pytest.raises(InputError, match=error):
        read_unlabelled(path, ColumnChoice(), [responses(f"q{i}") for i in range(items)])
