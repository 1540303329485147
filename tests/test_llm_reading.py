"""Readings: the right probabilities, or none."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import log_softmax, softmax

from pocketscore.llm.model import Codes
from pocketscore.llm.reading import LEAST, code_of, from_logprobs, from_samples, from_words
from pocketscore.llm.replies import Reply, TopToken, parse_reply

DIGITS = Codes(("0", "1", "2"))
LETTERS = Codes(tuple("ABCDEFGHIJK"))

Place = Sequence[tuple[str, float]]


def reply(content: str, *places: Place) -> Reply:
    """A reply whose tokens have these probabilities, the written one first."""
    tops = tuple(tuple(TopToken(token, math.log(share)) for token, share in place) for place in places)
    return Reply((content,), tops or None, 10, len(places), "stop")


def shares(found: object) -> list[float]:
    assert found is not None
    return np.exp(found.log_probabilities).round(4).tolist()  # type: ignore[attr-defined, no-any-return]


@pytest.mark.parametrize(
    ("content", "point"),
    [
        ("2", 2), (" 2", 2), ("2\n", 2), ("**2**", 2), ('"2"', 2), ("`1`", 1), ("[0]", 0), ("(1)", 1), ("2.", 2),
        ("2/2", 2), ("Score: 2", 2), ("**Final score:** 1", 1), ("score = 0", 0), ("Punktzahl: 1", 1), ("得分：２", 2),
        ("النتيجة: ٢", 2),
        ('{"score": 2}', 2), ("2 points", 2), ("1 point.", 1), ("1 out of 2", 1), ("2, because both are named", 2),
        ("2 - both are named", 2), ("1\n\nThe answer ...", 1), ("<think>First I thought 0.</think>\n\n2", 2),
        ("The steps are long.</think>1", 1),
    ],
)  # fmt: skip
def test_a_point_in_all_the_ways_that_models_dress_it(content: str, point: int) -> None:
    assert code_of(content, DIGITS) == point


@pytest.mark.parametrize(
    ("content", "point"), [("A", 0), ("K", 10), (" I.", 8), ("B) partly right", 1), ("C: partly", 2), ("Score: D", 3)]
)
def test_letters_are_read_in_the_same_ways(content: str, point: int) -> None:
    assert code_of(content, LETTERS) == point


@pytest.mark.parametrize(
    "content",
    ["3", "10", "1.5", "1,5", "-1", "02", "2e3", "5/2", "1/2.5", "Score: 4", "A", "", "  \n", "two", "<think>2",
     "<think>2</think>", "0 or 1", "1 student wrote that", "I would give it a 2", "I cannot score this answer."],
)  # fmt: skip
def test_a_score_outside_the_scale_or_prose_is_none(content: str) -> None:
    assert code_of(content, DIGITS) is None


@pytest.mark.parametrize(
    "content", ["I cannot score this answer.", "I'm sorry, but", "A student wrote", "As an AI", "L", "a", "2", "AB"]
)
def test_prose_that_begins_with_a_letter_of_the_scale_is_none(content: str) -> None:
    assert code_of(content, LETTERS) is None


@given(st.lists(st.floats(-8, 4), min_size=3, max_size=3), st.integers(0, 2))
def test_a_full_list_gives_the_models_own_probabilities(logits: list[float], chosen: int) -> None:
    own = softmax(np.array(logits))
    order = [chosen, *(point for point in range(3) if point != chosen)]
    found = from_logprobs(reply(str(chosen), [(str(point), float(own[point])) for point in order]), DIGITS)
    assert found is not None
    np.testing.assert_allclose(np.exp(found.log_probabilities), own, atol=2 * LEAST)
    assert found.mass == pytest.approx(1.0)


def test_all_spellings_of_a_code_are_added() -> None:
    place = [("2", 0.3), (" 2", 0.2), ("Ġ2", 0.1), ("▁2", 0.05), ("2\n", 0.05), ("1", 0.1), ('"0', 0.1), ("The", 0.1)]
    found = from_logprobs(reply("2", place), DIGITS)
    assert shares(found) == [round(share / 0.9, 4) for share in (0.1, 0.1, 0.7)]
    assert found is not None
    assert found.mass == pytest.approx(0.9)


def test_two_tokens_that_are_spelt_alike_both_count() -> None:
    """Servers show the token with a blank and the one without by the same letters."""
    assert shares(from_logprobs(reply("2", [("2", 0.5), ("2", 0.3), ("0", 0.1), ("1", 0.1)]), DIGITS)) == [
        0.1,
        0.1,
        0.8,
    ]


@given(st.lists(st.floats(0.01, 1), min_size=2, max_size=6), st.floats(0.5, 1))
def test_a_code_that_is_not_listed_is_no_likelier_than_can_be(raw: list[float], listed: float) -> None:
    own = sorted((listed * np.array(raw) / sum(raw)).tolist(), reverse=True)
    tokens = ["0", *(f"other{i}" for i in range(len(own) - 1))]
    found = from_logprobs(reply("0", list(zip(tokens, own, strict=True))), DIGITS)
    assert found is not None
    assert found.mass == pytest.approx(own[0])
    absent = np.exp(found.log_probabilities[1:] - found.log_probabilities[0]) * own[0]
    assert absent[0] == pytest.approx(absent[1])
    assert absent[0] <= max(min(own), LEAST) + 1e-9
    assert absent.sum() <= max(1 - listed, 2 * LEAST) + 1e-6


def test_alternatives_are_read_at_the_place_of_the_score() -> None:
    thinking = [[("<think>", 0.9), ("2", 0.1)], [("2", 0.9), ("1", 0.1)], [("</think>", 0.9), ("0", 0.1)]]
    answer = [("2", 0.7), ("1", 0.2), ("0", 0.1)]
    found = from_logprobs(reply("<think>2</think>\n2", *thinking, [("\n", 0.9), ("x", 0.1)], answer), DIGITS)
    assert shares(found) == [0.1, 0.2, 0.7]
    dressed = from_logprobs(reply("Score: 2", [("Score", 0.9), ("2", 0.1)], [(":", 0.9), ("1", 0.1)], answer), DIGITS)
    assert shares(dressed) == [0.1, 0.2, 0.7]
    lone = from_logprobs(reply("</think>2", [("</th", 0.9), ("2", 0.1)], [("ink>", 0.9), ("1", 0.1)], answer), DIGITS)
    assert shares(lone) == [0.1, 0.2, 0.7]


@pytest.mark.parametrize(
    "given",
    [
        reply("2"),  # no log-probabilities
        reply("2", [("2", 0.9)]),  # without alternatives
        reply("I cannot", [("I", 0.9), ("2", 0.1)], [(" cannot", 0.9), ("1", 0.1)]),
        reply("7", [("7", 0.9), ("2", 0.1)]),
        reply("", [("", 0.9), ("2", 0.1)]),
        reply("2", [("two", 0.9), ("2", 0.1)]),  # tokens and text disagree
    ],
)
def test_no_reading_rather_than_a_guess(given: Reply) -> None:
    assert from_logprobs(given, DIGITS) is None


def test_a_refusal_that_begins_with_a_letter_of_the_scale_is_none() -> None:
    place = [("I", 0.9), ("A", 0.05)], [(" cannot", 0.9), (" can", 0.05)]
    assert from_logprobs(reply("I cannot", *place), LETTERS) is None


def test_the_least_log_probability_of_the_protocol_is_no_trouble() -> None:
    given = Reply(("2",), ((TopToken("2", 0.0), TopToken("1", -9999.0)),), None, None, "stop")
    found = from_logprobs(given, DIGITS)
    assert found is not None
    assert np.isfinite(found.log_probabilities).all()
    assert shares(found) == [0.0, 0.0, 1.0]


@given(st.lists(st.sampled_from(["0", "1", " 2", "Score: 2", "no idea", "7", ""]), max_size=12))
def test_samples_give_shares_with_one_answer_spread_evenly(contents: list[str]) -> None:
    points = [{"0": 0, "1": 1, " 2": 2, "Score: 2": 2}.get(content) for content in contents]
    read = [point for point in points if point is not None]
    found = from_samples(contents, DIGITS)
    if not read:
        assert found is None
        return
    assert found is not None
    wanted = [(read.count(point) + 1 / 3) / (len(read) + 1) for point in range(3)]
    np.testing.assert_allclose(np.exp(found.log_probabilities), wanted)
    assert found.mass == len(read) / len(contents)


@pytest.mark.parametrize(
    ("content", "codes", "wanted", "mass"),
    [
        ('{"0": 20, "1": 30, "2": 50}', DIGITS, [0.2, 0.3, 0.5], 1),
        ('```json\n{"0": "20%", "1": "30 %", "2": "50%"}\n```', DIGITS, [0.2, 0.3, 0.5], 1),
        ('{"0": 0.2, "1": 0.3, "2": 0.5}', DIGITS, [0.2, 0.3, 0.5], 1),
        ('{"0": 0, "1": 0, "2": 1}', DIGITS, [0.005 / 1.01, 0.005 / 1.01, 1 / 1.01], 1),
        ('Sure. {"probabilities": {"0": 20, "1": 30, "2": 50}}', DIGITS, [0.2, 0.3, 0.5], 1),
        ('<think>{"0": 100}</think>{"0": 20, "1": 30, "2": 50}', DIGITS, [0.2, 0.3, 0.5], 1),
        ('{"0": 20, "1": 60}', DIGITS, [0.25 / 1.005, 0.75 / 1.005, 0.005 / 1.005], 1),
        ('{"0": 20, "1": 30, "2": 30, "3": 20}', DIGITS, [0.25, 0.375, 0.375], 0.8),
        ("0: 20%\n1: 30%\n2: 50%", DIGITS, [0.2, 0.3, 0.5], 1),
        ("- **0**: 20,5 %\n- **1**: 29,5 %\n- **2**: 50 %", DIGITS, [0.205, 0.295, 0.5], 1),
        ("A: 70%, B: 30%", Codes(("A", "B")), [0.7, 0.3], 1),
        ('{"A": 70, "B": 30', Codes(("A", "B")), [0.7, 0.3], 1),  # cut off
    ],
)
def test_percentages(content: str, codes: Codes, wanted: list[float], mass: float) -> None:
    found = from_words(content, codes)
    assert shares(found) == [round(share, 4) for share in wanted]
    assert found is not None
    assert found.mass == pytest.approx(mass)


@pytest.mark.parametrize(
    "content",
    ["", "I cannot say.", "{}", '{"score": 2}', '{"0": -20, "1": 70}', '{"3": 100}', '{"0": 5, "1": 5}',
     '{"0": 300, "1": 1}', '{"0": "NaN", "1": "Infinity"}', "Answer 1: 2",
     "[1, 2, 3]", "<think>0: 50% 1: 50%", '{"0": null, "1": [1]}'],
)  # fmt: skip
def test_no_percentages(content: str) -> None:
    assert from_words(content, DIGITS) is None


def test_answers_of_all_servers_are_read_or_have_no_score() -> None:
    """The fixtures of `test_llm_replies`: every one with log-probabilities of a score gives a reading."""
    codes, found = Codes(tuple("0123456789")), {}
    for path in sorted((Path(__file__).parent / "replies").glob("*.json")):
        given = parse_reply(path.read_text("utf-8"))
        found[path.stem] = from_logprobs(given, codes)
        if given.tops is None or code_of(given.contents[0], codes) is None:
            assert found[path.stem] is None, path.stem
    assert sum(reading is not None for reading in found.values()) >= 4


@given(st.text(st.sampled_from('012AI{}":%, .\n-<think>/'), max_size=40), st.sampled_from([DIGITS, LETTERS]))
def test_any_text_is_read_or_not_but_never_breaks(content: str, codes: Codes) -> None:
    for found in (from_words(content, codes), from_samples([content], codes)):
        if found is not None:
            assert np.isfinite(found.log_probabilities).all()
            np.testing.assert_allclose(log_softmax(found.log_probabilities), found.log_probabilities, atol=1e-9)
            assert 0 < found.mass <= 1
