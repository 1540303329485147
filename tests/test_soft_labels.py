"""Folds, temperature, probabilities from a file."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize, minimize_scalar
from scipy.special import softmax

from pocketscore.errors import InputError
from pocketscore.metrics import cross_entropy
from pocketscore.soft_labels import (
    LabelFile,
    assign_folds,
    fit_temperature,
    fit_weights,
    read_probabilities,
    softmax_at,
)
from pocketscore.types import Item, Part, Responses, Scale


@given(
    st.lists(st.tuples(st.text(alphabet="ab ", max_size=4), st.integers(0, 2)), min_size=1, max_size=60),
    st.integers(2, 6),
    st.integers(0, 5),
)
def test_folds_are_repeatable_balanced_and_never_split_a_text(
    rows: list[tuple[str, int]], folds: int, seed: int
) -> None:
    texts, strata = [text for text, _ in rows], [stratum for _, stratum in rows]
    assigned = assign_folds(texts, strata, folds, seed)
    assert (assigned == assign_folds(texts, strata, folds, seed)).all()
    by_text: dict[str, set[int]] = {}
    for text, fold in zip(texts, assigned.tolist(), strict=True):
        by_text.setdefault(" ".join(text.casefold().split()), set()).add(fold)
    assert all(len(found) == 1 for found in by_text.values())
    groups_per_fold = np.bincount([found.pop() for found in by_text.values()], minlength=folds)
    assert groups_per_fold.max() - groups_per_fold.min() <= 1


def test_folds_are_stratified() -> None:
    texts, strata = [str(i) for i in range(100)], [i % 10 == 0 for i in range(100)]
    assigned = assign_folds(texts, strata, 5, seed=3)
    rare = np.bincount(assigned[np.array(strata)], minlength=5)
    assert rare.tolist() == [2, 2, 2, 2, 2]


@given(st.floats(0.3, 6.0), st.integers(0, 50))
def test_temperature_minimises_the_loss(true: float, seed: int) -> None:
    """Against scipy's bounded minimiser, on logits whose true temperature is known."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(400, 3)) * 2
    scores = np.array([rng.choice(3, p=softmax(row / true)) for row in logits])
    reference = minimize_scalar(
        lambda t: cross_entropy(softmax(logits / t, axis=1), scores), bounds=(0.25, 8.0), method="bounded"
    )
    found = fit_temperature(logits, scores)
    assert cross_entropy(softmax_at(logits, found), scores) <= reference.fun + 1e-6


@given(st.integers(1, 4), st.integers(0, 30))
def test_weights_of_several_teachers_minimise_the_loss(members: int, seed: int) -> None:
    """Against scipy's bounded quasi-Newton method."""
    rng = np.random.default_rng(seed)
    scores = rng.integers(0, 3, size=150)
    signal = np.eye(3)[scores]
    logits = np.stack([rng.normal(size=(150, 3)) + share * signal for share in (2.0, 1.0, 0.0, -1.0)[:members]])

    def loss(weights: np.ndarray) -> float:
        return cross_entropy(softmax(np.tensordot(weights, logits, axes=1), axis=1), scores)

    bounds = [(1 / 8, 4.0), *[(0.0, 4.0)] * (members - 1)]
    reference = minimize(loss, np.full(members, 0.5), bounds=bounds)
    found = fit_weights(logits, scores)
    assert all(low <= weight <= high for weight, (low, high) in zip(found, bounds, strict=True))
    assert loss(found) <= reference.fun + 1e-4


def test_a_teacher_that_always_says_the_same_has_no_weight() -> None:
    """The second teacher's probabilities are all equal."""
    rng = np.random.default_rng(0)
    scores = rng.integers(0, 3, size=200)
    useful = np.eye(3)[scores] * 2 + rng.normal(size=(200, 3))
    alone = fit_weights(useful[None], scores)
    both = fit_weights(np.stack([useful, np.zeros((200, 3))]), scores)
    np.testing.assert_allclose(both[0], alone[0], rtol=1e-3)
    assert np.isfinite(softmax_at(np.zeros((4, 3)), 8.0)).all()


def test_softmax_at_ignores_score_points_of_other_items() -> None:
    """Items with fewer score points have -inf logits beyond their own."""
    found = softmax_at(np.array([[1.0, 0.0, -np.inf]]), 2.0)
    np.testing.assert_allclose(found, softmax([[0.5, 0.0, -np.inf]], axis=1))


RESPONSES = Responses(Item("q1", Scale.of(["0", "1"])), ("a", "b"), ("yes", "no"), np.array([0, 1]), np.array([-1, -1]))
GOOD = "id,p_0,p_1\nb,0.25,0.75\na,1,0\nz,0.5,0.5\n"


@pytest.mark.parametrize(
    ("content", "expected", "error"),
    [
        (GOOD, [[1, 0], [0.25, 0.75]], None),
        (GOOD.replace("p_1", "P_1.0"), None, "has no column p_1"),
        ("id,p_0.0,p_1.0\na,1,0\nb,0,1\n", [[1, 0], [0, 1]], None),
        ("id,item,p_0,p_1\na,q2,0,1\na,q1,1,0\nb,q1,0,1\n", [[1, 0], [0, 1]], None),
        ("id,p_0,p_1\na,0.667,0.334\nb,0,1\n", [[0.667 / 1.001, 0.334 / 1.001], [0, 1]], None),
        ("id,p_0\na,1\nb,1\n", None, "has no column p_1"),
        ("id,p_0,p_1\na,1,0\n", None, "no row for 1 of 2"),
        ("id,p_0,p_1\na,0.9,0.9\nb,0,1\n", None, "not a probability distribution"),
        ("id,p_0,p_1\na,-1,2\nb,0,1\n", None, "not a probability distribution"),
        ("id,p_0,p_1\n a ,1,0\nb,0,1\n", [[1, 0], [0, 1]], None),
        ("id,p_0,p_1\na,1,0\na,1,0\nb,0,1\n", None, "two rows"),
        ("id,p_0,p_1\na,1,0\nz,1,0\nz,1,0\nb,0,1\n", [[1, 0], [0, 1]], None),
        ("id,p_0,p_1\na,nan,1\nb,0,1\n", None, "not a probability distribution"),
        ("id,p_0,p_1\na,x,1\nb,0,1\n", None, "is no number"),
    ],
)
def test_probabilities_from_a_file(
    tmp_path: Path, content: str, expected: list[list[float]] | None, error: str | None
) -> None:
    path = tmp_path / "teacher.csv"
    path.write_text(content, encoding="utf-8")
    if error is not None:
        with pytest.raises(InputError, match=error):
            read_probabilities(path, RESPONSES)
        return
    found = read_probabilities(path, RESPONSES)
    np.testing.assert_allclose(found.probabilities, np.array(expected, dtype=float))
    assert found.folds.tolist() == [-1, -1]
    assert "teacher.csv" in found.provenance["teacher"]


def test_labels_by_a_model_that_learnt_from_held_out_answers_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "soft.csv"
    split = replace(RESPONSES, parts=(Part.TRAIN, Part.TEST))
    file.write_text("id,part,p_0,p_1\na,train,0.5,0.5\nb,train,0.2,0.8\n", encoding="utf-8")
    with pytest.raises(InputError, match="1 responses of item q1 that are held out here were in train"):
        read_probabilities(file, split)
    for part in ("test", "", "validation"):
        file.write_text(f"id,part,p_0,p_1\na,train,0.5,0.5\nb,{part},0.2,0.8\n", encoding="utf-8")
        assert read_probabilities(file, split).probabilities[1].tolist() == [0.2, 0.8]


def test_provenance_beside_labels_is_taken_over(tmp_path: Path) -> None:
    file = tmp_path / "soft.csv"
    file.write_text("id,p_0,p_1\na,0.5,0.5\nb,0.2,0.8\n", encoding="utf-8")
    assert read_probabilities(file, RESPONSES).provenance == {"teacher": "file soft.csv", "calibration": "none"}
    beside = tmp_path / "soft.csv.provenance.json"
    beside.write_text('{"teacher": {"teacher": "http://127.0.0.1/v1/m", "method": "logprobs", "calls": "2"}}', "utf-8")
    assert read_probabilities(file, RESPONSES).provenance == {
        "teacher": "file soft.csv", "labelled_by": "http://127.0.0.1/v1/m", "method": "logprobs", "calls": "2",
    }  # fmt: skip
    beside.write_text("[1]", "utf-8")
    assert read_probabilities(file, RESPONSES).provenance["calibration"] == "none"


NAN = [math.nan, math.nan]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("id,p_0,p_1\na,0.5,0.5\nb,1,0\n", {"a": [0.5, 0.5]}),
        ("id,p_0,p_1\n a ,0.667,0.334\n", {"a": [0.667 / 1.001, 0.334 / 1.001]}),
        ("id,status,p_0,p_1\na,ok,0.5,0.5\nc,filled,0.2,0.8\nd, Filled ,1,0\n", {"a": [0.5, 0.5]}),
        ("id,p_0,p_1\na,,\nc, ,\t\nd,nan,NaN\ne,NA,n/a\n", {}),
        ("id,p_0,p_1\na,,1\nc,NA,1\nd,much,0\ne,0.9,0.9\nf,-1,2\ng,inf,0\n", dict.fromkeys("acdefg", NAN)),
        ("id,p_0,p_1\na,1,0\na,1,0\nc,1,0\nc,,\n", {"a": NAN, "c": [1, 0]}),
        ("id,item,p_0,p_1\na,q2,0.5,0.5\nc,q1,0.2,0.8\n", {"c": [0.2, 0.8]}),
        ("id,item,p_0,p_1\na,all,0.5,0.5\n", {"a": [0.5, 0.5]}),
    ],
)
def test_what_a_file_says_of_answers_that_need_no_label(
    tmp_path: Path, content: str, expected: dict[str, list[float]]
) -> None:
    file = tmp_path / "soft.csv"
    file.write_text(content, encoding="utf-8")
    found = LabelFile(file).said_of(RESPONSES.item, set("acdefg"))
    assert found.keys() == expected.keys()
    for id_, probabilities in expected.items():
        np.testing.assert_allclose(found[id_], probabilities)


def test_a_file_without_a_column_for_a_score_point_is_refused_whoever_needs_it(tmp_path: Path) -> None:
    file = tmp_path / "soft.csv"
    file.write_text("id,p_0\na,1\n", encoding="utf-8")
    with pytest.raises(InputError, match="has no column p_1"):
        LabelFile(file).said_of(RESPONSES.item, {"a"})


@pytest.mark.parametrize(
    ("items", "apart"), [(None, False), ("all all", False), ("q1 q1", True), ("q1 q2", True), ("q3 q2", True)]
)
def test_whether_a_file_tells_items_apart(tmp_path: Path, items: str | None, apart: bool) -> None:
    file = tmp_path / "soft.csv"
    names = ["", ""] if items is None else items.split()
    head = "id,p_0,p_1" + ("" if items is None else ",item")
    rows = [f"{id_},1,0" + (f",{name}" if name else "") for id_, name in zip("ab", names, strict=True)]
    file.write_text("\n".join([head, *rows]), encoding="utf-8")
    assert LabelFile(file).tells_apart(RESPONSES.item) is apart


def test_a_label_that_is_none_is_named_by_its_id(tmp_path: Path) -> None:
    file = tmp_path / "soft.csv"
    file.write_text("id,p_0,p_1\na,1,0\nb,0.9,0.9\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"^soft\.csv, id 'b': \[0\.9, 0\.9\] is not a probability distribution"):
        read_probabilities(file, RESPONSES)
