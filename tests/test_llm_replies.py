"""Answers of servers, read into one shape."""

from __future__ import annotations

import copy
import json
import math
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pocketscore.llm.model import Codes
from pocketscore.llm.reading import from_logprobs, from_samples
from pocketscore.llm.replies import LEAST_LOGPROB, MalformedReplyError, Reply, Usage, parse_reply, usage_of

SHAPES = Path(__file__).parent / "replies"


def read(name: str) -> Reply:
    return parse_reply((SHAPES / f"{name}.json").read_text(encoding="utf-8"))


READ = {
    "openai": (("2",), (412, 1), "stop"),
    "openai-refusal": (("I can't help with that.",), (398, 8), "stop"),
    "openai-samples": (("2", "1", "2"), (412, 3), "stop"),
    "vllm": (("1",), (377, 2), "stop"),
    "llama-cpp-server": ((" 2",), (401, 2), "stop"),
    "llama-cpp-python": (("0",), (350, 1), "length"),
    "llama-cpp-python-older": (("0",), (350, 1), "length"),
    "ollama": (("2",), (366, 2), "stop"),
    "ollama-older": (("2",), (366, 41), "stop"),
    "transformers-serve": (("1",), (355, 1), "length"),
}
"""What each shape says: contents, tokens read and written, why it ended."""


@pytest.mark.parametrize("name", sorted(path.stem for path in SHAPES.glob("*.json")))
def test_each_shape_is_read(name: str) -> None:
    reply = read(name)
    assert (reply.contents, (reply.prompt_tokens, reply.completion_tokens), reply.finish) == READ[name]


@pytest.mark.parametrize(
    ("name", "places"),
    [
        ("openai", [[("2", 0.62), ("1", 0.3), ("0", 0.05), (" 2", 0.02), ("The", 0.005)]]),
        ("vllm", [[("1", 0.45), ("2", 0.5), ("0", 0.04), ("９", 0.0)], [("<|im_end|>", 0.99)]]),
        ("llama-cpp-server", [[(" 2", 0.7), (" 1", 0.2), ("2", 0.06), ("0", 0.03), ("x", 0.0)]]),
        ("llama-cpp-python", [[("0", 0.8), ("1", 0.15), ("\n", 0.02)]]),
        ("llama-cpp-python-older", [[("0", 0.8), ("1", 0.15), ("\n", 0.02)]]),
        ("ollama", [[("2", 0.55), ("1", 0.4), ("3", 0.03)]]),
    ],
)
def test_tokens_come_with_their_probabilities_the_written_one_first(
    name: str, places: list[list[tuple[str, float]]]
) -> None:
    tops = read(name).tops
    assert tops is not None
    assert [[top.token for top in place] for place in tops] == [[token for token, _ in place] for place in places]
    for place, expected in zip(tops, places, strict=True):
        assert [math.exp(top.logprob) for top in place] == pytest.approx([value for _, value in expected], abs=2e-4)


@pytest.mark.parametrize("name", ["openai-refusal", "openai-samples", "ollama-older", "transformers-serve"])
def test_servers_without_log_probabilities_give_none(name: str) -> None:
    assert read(name).tops is None


def completion(**choice: object) -> str:
    return json.dumps({"choices": [{"message": {"content": "2"}} | choice]})


def place(*listed: tuple[str, Any], chosen: tuple[object, Any]) -> dict[str, Any]:
    tops = [{"token": token, "logprob": logprob} for token, logprob in listed]
    return {"content": [{"token": chosen[0], "logprob": chosen[1], "top_logprobs": tops}]}


def test_a_token_spelt_like_the_written_one_stays() -> None:
    reply = parse_reply(completion(logprobs=place(("2", -2.0), ("2", -0.5), ("1", -3.0), chosen=("2", -0.5))))
    assert reply.tops is not None
    assert [(top.token, top.logprob) for top in reply.tops[0]] == [("2", -0.5), ("2", -2.0), ("1", -3.0)]


@given(st.lists(st.tuples(st.sampled_from(["0", "1", "2", " 2"]), st.floats(0.001, 1)), min_size=1, max_size=20))
def test_no_probability_is_counted_twice_or_lost(weights: list[tuple[str, float]]) -> None:
    total = sum(weight for _, weight in weights)
    listed = [(token, math.log(weight / total)) for token, weight in weights]
    reply = parse_reply(completion(logprobs=place(*listed, chosen=listed[0])))
    assert reply.tops is not None
    assert sorted((top.token, top.logprob) for top in reply.tops[0]) == sorted(
        (token, min(logprob, 0.0)) for token, logprob in listed
    )


@pytest.mark.parametrize(
    ("logprob", "read_as"),
    [
        (None, LEAST_LOGPROB),
        (-math.inf, LEAST_LOGPROB),
        (-9999.0, LEAST_LOGPROB),
        pytest.param(-(10**400), LEAST_LOGPROB, id="huge"),
        (0.0000001, 0.0),
        (0, 0.0),
        (-1, -1.0),
    ],
)
def test_log_probabilities_are_finite_and_at_most_0(logprob: object, read_as: float) -> None:
    reply = parse_reply(completion(logprobs=place(chosen=("2", logprob))))
    assert reply.tops is not None
    assert reply.tops[0][0].logprob == read_as


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        ("", "no JSON"),
        ("<html>502 Bad Gateway</html>", "no JSON"),
        ('{"choices": [{"mess', "no JSON"),
        ("[" * 200_000, "no JSON"),
        ("[]", "without choices"),
        ("null", "without choices"),
        ('{"error": {"message": "overloaded"}}', "overloaded"),
        ('{"choices": []}', "without choices"),
        ('{"choices": ["2"]}', "without choices"),
        ('{"choices": [{"text": "2"}]}', "without a message"),
        (completion(logprobs=place(chosen=("2", 0.4))), "0.4"),
        (completion(logprobs=place(chosen=("2", math.nan))), "nan"),
        (completion(logprobs=place(chosen=("2", "-0.1"))), "'-0.1'"),
        (completion(logprobs=place(chosen=(2, -0.1))), "no text"),
        (completion(logprobs={"content": ["2"]}), "no objects"),
        (completion(logprobs={"content": [{"token": "2", "logprob": -0.1, "top_logprobs": 5}]}), "no objects"),
        (completion(logprobs={"tokens": ["2"], "token_logprobs": [-0.1], "top_logprobs": [[1]]}), "no objects"),
        (completion(logprobs={"content": [{"token": ["2"], "logprob": -0.1}]}), "a list"),
        (completion(message={"content": {"2": 1}}), "a dict"),
        (completion(message={"content": None, "refusal": True}), "a bool"),
        (completion(logprobs={"tokens": ["2"], "token_logprobs": [], "top_logprobs": []}), "differ in length"),
    ],
)
def test_what_breaks_the_protocol_is_named(raw: str, says: str) -> None:
    with pytest.raises(MalformedReplyError, match=says) as caught:
        parse_reply(raw)
    assert len(str(caught.value)) < 300


def test_content_in_parts_and_no_content_at_all() -> None:
    parts = [{"type": "text", "text": "the score "}, {"type": "text", "text": "is 2"}]
    assert parse_reply(completion(message={"content": parts})).contents == ("the score is 2",)
    assert parse_reply(completion(message={"content": None, "tool_calls": []})).contents == ("",)
    assert parse_reply(r'{"choices": [{"message": {"content": "2\ud800"}}]}').contents == ("2?",)


def test_a_score_that_is_written_as_a_number() -> None:
    assert parse_reply(completion(message={"content": 2})).contents == ("2",)


def counted(usage: object) -> Usage:
    raw = json.dumps({"choices": [{"message": {"content": "2"}, "finish_reason": ["length"]}], "usage": usage})
    reply = parse_reply(raw)
    assert usage_of(raw) == Usage(reply.prompt_tokens, reply.completion_tokens)
    assert reply.finish == ""
    return usage_of(raw)


@pytest.mark.parametrize("count", [-1, 1.5, True, "7", None, [7], 99_999_999_999_999_999_999_999, 1e23])
def test_a_count_that_is_none_is_not_taken(count: object) -> None:
    assert counted({"prompt_tokens": count, "completion_tokens": 3}) == Usage(None, 3)
    assert counted(count) == Usage(None, None)


def test_what_is_no_answer_may_still_say_its_tokens() -> None:
    raw = '{"choices": [], "usage": {"prompt_tokens": 500, "completion_tokens": 1}}'
    assert usage_of(raw) == Usage(500, 1)
    assert usage_of(raw[:-1]) == usage_of("") == usage_of("[]") == Usage(None, None)


NAMES = [
    "choices", "message", "content", "refusal", "logprobs", "token", "logprob", "top_logprobs", "tokens",
    "token_logprobs", "usage", "prompt_tokens", "completion_tokens", "finish_reason", "text",
]  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=20,
)


@given(JSON)
def test_any_choice_is_read_or_refused(choice: object) -> None:
    for raw in (json.dumps({"choices": [choice]}), json.dumps({"choices": [{"message": {}, "logprobs": choice}]})):
        try:
            reply = parse_reply(raw)
        except MalformedReplyError:
            continue
        assert all(isinstance(content, str) for content in reply.contents)
        assert all(LEAST_LOGPROB <= top.logprob <= 0 for place in reply.tops or () for top in place)


TOP = {"token": "2", "logprob": -0.1, "top_logprobs": [{"token": "1", "logprob": -3.0}]}
WHOLE = {
    "choices": [
        {
            "message": {"content": [{"type": "text", "text": "2"}], "refusal": None},
            "logprobs": {"content": [TOP]},
            "finish_reason": "stop",
        },
        {
            "message": {"content": "2"},
            "logprobs": {"tokens": ["2"], "token_logprobs": [-0.1], "top_logprobs": [{"1": -3.0}]},
        },
    ],
    "usage": {"prompt_tokens": 30, "completion_tokens": 1},
}


def places(value: object, way: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The ways to all values inside a value, itself among them."""
    yield way
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, inner in inside:
        yield from places(inner, (*way, name))


def put(value: Any, way: tuple[str | int, ...], other: object) -> Any:  # noqa: ANN401 (JSON)
    """A value with another one at the end of a way."""
    if not way:
        return other
    changed = copy.copy(value)
    changed[way[0]] = put(value[way[0]], way[1:], other)
    return changed


@settings(max_examples=400)
@given(way=st.sampled_from([*places(WHOLE)]), other=JSON, turned=st.booleans())
def test_any_value_at_any_place_is_read_or_refused(way: tuple[str | int, ...], other: object, turned: bool) -> None:
    answer = put(WHOLE, way, other)
    if turned and isinstance(answer, dict) and isinstance(answer.get("choices"), list):
        answer = {**answer, "choices": answer["choices"][::-1]}
    try:
        reply = parse_reply(json.dumps(answer))
    except MalformedReplyError as error:
        assert len(str(error)) < 300
        return
    codes = Codes(("0", "1", "2"))
    for reading in (from_logprobs(reply, codes), from_samples(reply.contents, codes)):
        assert reading is None or np.isfinite(reading.log_probabilities).all()
    with sqlite3.connect(":memory:") as database:
        kept = (reply.prompt_tokens, reply.completion_tokens, reply.finish, *reply.contents)
        assert database.execute(f"SELECT {', '.join('?' * len(kept))}", kept).fetchone() == kept
    database.close()
