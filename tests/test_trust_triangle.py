"""The distillation audit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pocketscore.text import Vocabulary
from pocketscore.trust.triangle import Corner, Kinds, kinds_of, triangle, triangle_dict
from pocketscore.types import MISSING

SCORES = st.lists(st.tuples(*[st.integers(-1, 2)] * 3), max_size=30)


@given(SCORES)
def test_every_answer_with_three_scores_is_in_one_corner(rows: list[tuple[int, int, int]]) -> None:
    table = np.array(rows, dtype=np.int64).reshape(-1, 3)
    human, teacher, student = table.T
    found = triangle(
        human, teacher, student, {"parity": Kinds(tuple(str(i % 2) for i in range(len(rows))), ("0", "1"))}
    )
    whole = int((table != MISSING).all(axis=1).sum())
    assert sum(found.overall.counts.values()) == found.overall.n == whole
    assert sum(row.n for row in found.kinds) == whole


@pytest.mark.parametrize(
    ("human", "teacher", "student", "corner"),
    [
        (1, 1, 1, Corner.AGREE),
        (1, 1, 0, Corner.LOST),
        (1, 0, 1, Corner.GAINED),
        (1, 2, 2, Corner.RESCORE),
        (1, 0, 2, Corner.APART),
    ],
)
def test_corners(human: int, teacher: int, student: int, corner: Corner) -> None:
    found = triangle(np.array([human]), np.array([teacher]), np.array([student]), {})
    assert found.overall.counts[corner] == 1
    assert found.rescore == ((0,) if corner is Corner.RESCORE else ())


def test_a_planted_loss_shows_where_it_is() -> None:
    human = np.tile([0, 1, 2], 60)
    student = np.where((human == 1) & (np.arange(180) % 4 == 0), 2, human)
    found = triangle(human, human, student, {"human score": Kinds(tuple(map(str, human)), ("0", "1", "2"))})
    lost = {row.value: row.share(Corner.LOST) for row in found.kinds}
    assert lost["0"].value == lost["2"].value == 0
    assert lost["1"].value == 0.25
    assert lost["1"].low > lost["0"].high


def test_shares_of_nothing_are_undefined() -> None:
    nothing = np.array([], dtype=np.int64)
    assert np.isnan(triangle(nothing, nothing, nothing, {}).overall.share(Corner.LOST).value)


def test_kinds_of_answers() -> None:
    texts = ["cold air", "cold wet air now", "cold air is here and there", "qq", ""]
    found = kinds_of(texts, np.array([0, 1, MISSING, 0, 0]), ("no", "yes"), Vocabulary(("cold", "air", "wet")))
    assert found["human score"].of == ("no", "yes", "", "no", "no")
    assert found["human score"].order == ("no", "yes")
    assert found["unknown words"].of[0] == "all words known"
    assert found["unknown words"].of[1] == found["unknown words"].of[4] == "more than a tenth unknown"
    assert len(set(found["length"].of)) == len(found["length"].order) == 3


def test_as_json_it_holds_counts_alone() -> None:
    one = np.array([0])
    found = triangle_dict(triangle(one, one, one, {"length": Kinds(("short",), ("short",))}))
    counts = {"n": 1, "agree": 1, "lost": 0, "gained": 0, "rescore": 0, "apart": 0}
    assert found == {"all": counts, "kinds": [{"kind": "length", "value": "short", **counts}]}
