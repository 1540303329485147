"""What servers mean when they refuse log-probabilities, and when they do not mean that."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pocketscore.llm.endpoint import Endpoint
from pocketscore.llm.refusals import CallError, refusal, refuses_logprobs

ENDPOINT = Endpoint("http://127.0.0.1:8000/v1", "tiny")


def error(message: str, param: str | None = None) -> str:
    return json.dumps({"error": {"message": message, "type": "invalid_request_error", "param": param, "code": None}})


def detail(*place: str) -> str:
    return json.dumps({"detail": [{"type": "extra_forbidden", "loc": place, "msg": "Extra inputs are not permitted"}]})


REFUSED = [
    error("You are not allowed to request logprobs from this model"),
    error("Unsupported parameter.", "logprobs"),
    error("Expected at most 5.", "top_logprobs"),
    error("5 is greater than the maximum of 1 - 'logprobs'", "logprobs"),
    error("`logprobs` is not supported with this model"),
    error("This server doesn't support logprobs. Please remove 'logprobs'/'top_logprobs' from your request."),
    error("Requested sample logprobs of 20, which is greater than max allowed: 5"),
    error("Invalid value for 'top_logprobs': must be less than or equal to 5."),
    error(
        "BadRequestError - " + json.dumps({"error": {"message": "Logprobs is not supported for this model. More: x"}})
    ),
    json.dumps(
        {"error": {"code": 400, "message": "Logprobs is not enabled for models/m", "status": "INVALID_ARGUMENT"}}
    ),
    json.dumps({"detail": "Invalid top_logprobs and logprobs value"}),
    json.dumps({"error": "log probabilities are unavailable"}),
    "provider does not support parameters: {'logprobs': True, 'top_logprobs': 20}",
    "Unexpected fields in the request: {'logprobs'}",
    detail("body", "logprobs"),
    error(str([{"type": "extra_forbidden", "loc": ("body", "top_logprobs"), "msg": "Extra inputs are not permitted"}])),
]
OTHERS = [
    error("Unsupported value with logprobs.", "seed"),
    detail("body", "seed"),
    detail("body", "seed")[:-3] + ', "input": {"logprobs": true, "seed": 0}}]}',
    "Extra inputs are not permitted: seed; input: {'logprobs': True, 'seed': 0}",
    "seed not allowed in {'model': 'm', 'messages': [{'role': 'user', 'content': 'hi'}], 'logprobs': True, 'seed': 0}",
    "seed not allowed in {'model': 'm', 'messages': [{'role': 'user', 'content': 'hi'}], 'logprobs': True, 'se",
    "I'm a teapot",
    "",
]


@pytest.mark.parametrize("body", REFUSED)
def test_log_probabilities_are_refused(body: str) -> None:
    for status in (400, 403, 422):
        found = refusal(ENDPOINT, status, body, ())
        assert isinstance(found, CallError)
        assert found.kind == "logprobs"


@pytest.mark.parametrize("body", OTHERS)
def test_something_else_is_refused(body: str) -> None:
    for status in (400, 422):
        found = refusal(ENDPOINT, status, body, ())
        assert isinstance(found, CallError)
        assert found.kind == "request"
    assert not isinstance(refusal(ENDPOINT, 403, body, ()), CallError)


@given(st.text("{}:'logprobs not =[](),", max_size=60))
def test_any_message_is_read(body: str) -> None:
    assert refuses_logprobs(body) in (True, False)


@pytest.mark.parametrize("body", ["{" * 10**6 + "logprobs", "{a:" * 10**5 + "logprobs" + "}" * 10**5, "not " * 10**6])
def test_long_messages_are_read(body: str) -> None:
    assert not refuses_logprobs(body)
