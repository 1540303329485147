from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pocketscore.data import split, straddling
from pocketscore.data.split import USUAL, WITH_CALIBRATION
from pocketscore.errors import InputError
from pocketscore.types import MISSING, Item, Part, Responses, Scale

TRAIN, VALIDATION, TEST = Part.TRAIN, Part.VALIDATION, Part.TEST


def make(texts: list[str], scores: list[int], parts: list[Part] | None = None) -> Responses:
    item = Item("1", Scale.of(["0", "1", "2", "3"]))
    ids = tuple(f"r{i}" for i in range(len(texts)))
    second = np.full(len(texts), MISSING)
    given_parts = None if parts is None else tuple(parts)
    return Responses(item, ids, tuple(texts), np.array(scores, dtype=np.int64), second, given_parts)


def distinct(*counts: int) -> Responses:
    """Different answers, so many of each score."""
    scores = [score for score, count in enumerate(counts) for _ in range(count)]
    return make([f"answer {i}" for i in range(len(scores))], scores)


def counts(responses: Responses) -> Counter[Part]:
    return Counter(responses.parts)


@st.composite
def samples(draw: st.DrawFn) -> Responses:
    """Answers of which many are the same but for capitals and blanks."""
    answers = st.tuples(st.integers(0, 25), st.sampled_from(["a {}", "A  {}", " a\n{} "]), st.integers(0, 3))
    drawn = draw(st.lists(answers, min_size=30, max_size=90))
    scores = [score for _, _, score in drawn]
    fresh = [(f"only {i}", i % 4) for i in range(12)]
    texts = [form.format(number) for number, form, _ in drawn]
    return make([*texts, *(text for text, _ in fresh)], [*scores, *(score for _, score in fresh)])


@settings(deadline=None)
@given(samples(), st.integers(0, 5))
def test_a_split_is_a_partition_without_straddling(responses: Responses, seed: int) -> None:
    done = split(responses, seed)
    assert done.ids == responses.ids
    assert set(done.parts or ()) == set(USUAL)
    assert straddling(done) == ()
    by_text: dict[str, set[Part]] = {}
    for text, part in zip(done.texts, done.parts or (), strict=True):
        by_text.setdefault(" ".join(text.casefold().split()), set()).add(part)
    assert all(len(parts) == 1 for parts in by_text.values())
    assert split(responses, seed).parts == done.parts
    # Every score has an answer of its own here, so train knows every score.
    assert set(done.part(TRAIN).scores.tolist()) == {0, 1, 2, 3}


@settings(deadline=None)
@given(st.lists(st.integers(1, 60), min_size=2, max_size=4), st.integers(0, 5))
def test_different_answers_keep_the_ratios_of_each_score(sizes: list[int], seed: int) -> None:
    sizes[0] += 30
    done = split(distinct(*sizes), seed)
    for score, size in enumerate(sizes):
        got = Counter(part for part, found in zip(done.parts or (), done.scores, strict=True) if found == score)
        assert got[TRAIN] >= 1
        for part, share in {VALIDATION: 0.1, TEST: 0.2}.items():
            assert abs(got[part] - share * size) <= 1.5
    total = sum(sizes)
    assert abs(counts(done)[VALIDATION] - total / 10) <= 1.5
    assert abs(counts(done)[TEST] - total / 5) <= 1.5


def test_seeds_differ_and_other_ratios_work() -> None:
    responses = distinct(50, 50)
    assert split(responses, 1).parts != split(responses, 2).parts
    assert counts(split(responses, 1)) == {TRAIN: 70, VALIDATION: 10, TEST: 20}
    assert counts(split(responses, 1, {TRAIN: 8, VALIDATION: 1, TEST: 1})) == {TRAIN: 80, VALIDATION: 10, TEST: 10}


def test_a_common_answer_goes_to_train_whole() -> None:
    done = split(make(["idk"] * 60 + [f"a {i}" for i in range(40)], [0] * 60 + [0, 1] * 20), 0)
    assert set(done.take(np.arange(60)).parts or ()) == {TRAIN}
    assert set(done.parts or ()) == set(USUAL)


def test_rare_scores_are_learnt_from() -> None:
    done = split(distinct(30, 1, 2, 1), 0)
    assert set(done.part(TRAIN).scores.tolist()) == {0, 1, 2, 3}


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([TRAIN] * 100, {TRAIN: 70, VALIDATION: 10, TEST: 20}),
        ([TRAIN] * 80 + [TEST] * 20, {TRAIN: 70, VALIDATION: 10, TEST: 20}),
        ([TRAIN] * 90 + [VALIDATION] * 10, {TRAIN: 72, VALIDATION: 10, TEST: 18}),
        ([TRAIN] * 60 + [VALIDATION] * 10 + [TEST] * 30, {TRAIN: 60, VALIDATION: 10, TEST: 30}),
    ],
)
def test_given_parts_stay(parts: list[Part], expected: dict[Part, int]) -> None:
    responses = replace(distinct(50, 50), parts=tuple(parts))
    done = split(responses, 0)
    assert counts(done) == expected
    for before, after in zip(parts, done.parts or (), strict=True):
        assert before in (after, TRAIN)


def test_a_calibration_part_on_demand() -> None:
    responses = distinct(50, 50)
    assert Part.CALIBRATION not in counts(split(responses, 0))
    sizes = {TRAIN: 60, VALIDATION: 10, Part.CALIBRATION: 15, TEST: 15}
    assert counts(split(responses, 0, WITH_CALIBRATION)) == sizes
    assert split(responses, 0, WITH_CALIBRATION).parts != split(responses, 1, WITH_CALIBRATION).parts
    given_test = replace(responses, parts=(TRAIN,) * 83 + (TEST,) * 17)
    assert counts(split(given_test, 0, WITH_CALIBRATION)) == {
        TRAIN: 58, VALIDATION: 10, Part.CALIBRATION: 15, TEST: 17
    }  # fmt: skip
    tenth = (TRAIN,) * 5 + (VALIDATION, Part.CALIBRATION, Part.CALIBRATION, TEST, TEST)
    given_all = replace(responses, parts=tenth * 10)
    assert split(given_all, 0).parts == split(given_all, 0, WITH_CALIBRATION).parts == given_all.parts


def test_the_calibration_part_has_common_answers_as_often_as_they_come() -> None:
    """Others keep to one part, and the largest groups to train; a promise needs answers as they come."""
    common, rare = ["idk"] * 400, [f"answer {i}" for i in range(600)]
    responses = make(common + rare, [0] * 400 + [i % 2 for i in range(600)])
    done = split(responses, 0, WITH_CALIBRATION)
    drawn = done.part(Part.CALIBRATION)
    assert len(drawn) == 150
    assert 40 <= drawn.texts.count("idk") <= 80  # 60 expected, standard deviation 5.5
    assert "idk" not in done.part(TEST).texts
    assert straddling(done) == ()


def test_only_train_is_the_same_as_no_split() -> None:
    responses = distinct(50, 50)
    assert split(replace(responses, parts=(TRAIN,) * 100), 3).parts == split(responses, 3).parts


def test_a_given_train_part_with_one_score_is_refused() -> None:
    responses = replace(distinct(50, 50), parts=(TRAIN,) * 50 + (VALIDATION,) * 10 + (TEST,) * 40)
    with pytest.raises(InputError, match="all 50 training responses have one score"):
        split(responses, 0)


def test_a_split_without_train_is_refused() -> None:
    with pytest.raises(InputError, match="item 1: no response is marked as train"):
        split(replace(distinct(5, 5), parts=(TEST,) * 10), 0)


def test_too_few_different_answers_are_refused() -> None:
    with pytest.raises(InputError, match="item 1: 2 different answers are too few"):
        split(make(["yes", "no"] * 20, [0, 1] * 20), 0)


def test_straddling_answers_of_a_given_split_are_named() -> None:
    responses = make(["Cold  air", "cold air", "warm", "COLD AIR "], [0, 0, 1, 0], [TRAIN, TEST, TEST, VALIDATION])
    assert straddling(responses) == ("r1", "r3")
    with pytest.raises(InputError, match="not split"):
        straddling(replace(responses, parts=None))
