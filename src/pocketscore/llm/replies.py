"""What servers answer to a chat completion, read into one shape.

Written against the answers of OpenAI, vLLM, llama.cpp's server, llama-cpp-python, Ollama and transformers serve; the
tests hold one of each. Fields that only some of them send are ignored.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pocketscore.errors import TeacherError

LEAST_LOGPROB = -9999.0
"""What the protocol writes for a token that is too unlikely to have a log-probability."""

_ROUNDING = 0.01  # a log-probability may be this much above 0
_MOST_TOKENS = 10**9  # a larger count is none
_SHOWN = 120


class MalformedReplyError(TeacherError):
    """A server's answer that does not follow the protocol."""


@dataclass(frozen=True)
class TopToken:
    """A token that a model might have written, and the natural logarithm of its probability (at most 0)."""

    token: str
    logprob: float


@dataclass(frozen=True)
class Reply:
    """One answer of a server.

    Attributes:
        contents: What the model wrote, once a choice; '' where it wrote nothing. A refusal counts as written.
        tops: For each token of the first choice the likeliest tokens at its place, the one written first and each
            listed once; None when the server gives no log-probabilities.
        prompt_tokens: Tokens read, None when the server does not tell.
        completion_tokens: Tokens written in all choices together, None when the server does not tell.
        finish: Why the first choice ended ("stop", "length", ...), '' when the server does not tell.
    """

    contents: tuple[str, ...]
    tops: tuple[tuple[TopToken, ...], ...] | None
    prompt_tokens: int | None
    completion_tokens: int | None
    finish: str


def parse_reply(raw: str) -> Reply:
    """Read the body of a chat completion.

    Raises:
        MalformedReplyError: When it is no JSON, an error, without choices, or holds impossible log-probabilities.

    Example:
        >>> parse_reply('{"choices": [{"message": {"content": "2"}}]}').contents
        ('2',)
    """
    answer = _json(raw)
    choices = answer.get("choices") if isinstance(answer, dict) else None
    if not isinstance(choices, list) or not choices or not all(isinstance(choice, dict) for choice in choices):
        raise _malformed(f"an answer without choices: {raw[:_SHOWN]!r}")
    finish, usage = choices[0].get("finish_reason"), _usage(answer)
    return Reply(
        contents=tuple(_content(choice) for choice in choices),
        tops=_tops(choices[0].get("logprobs")),
        prompt_tokens=usage.prompt_tokens,
        completion_tokens=usage.completion_tokens,
        finish=_text(finish) if isinstance(finish, str) else "",
    )


@dataclass(frozen=True)
class Usage:
    """Tokens that a server counted, None where it does not tell; see `Reply`."""

    prompt_tokens: int | None
    completion_tokens: int | None


def usage_of(raw: str) -> Usage:
    """What a body says of its tokens, also one that is no chat completion.

    >>> usage_of('{"choices": [], "usage": {"prompt_tokens": 7}}')
    Usage(prompt_tokens=7, completion_tokens=None)
    """
    try:
        return _usage(_json(raw))
    except MalformedReplyError:
        return Usage(None, None)


def _usage(answer: object) -> Usage:
    usage = answer.get("usage") if isinstance(answer, dict) else None
    counts = usage if isinstance(usage, dict) else {}
    return Usage(_count(counts.get("prompt_tokens")), _count(counts.get("completion_tokens")))


def _json(raw: str) -> object:
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        raise _malformed(f"no JSON: {raw[:_SHOWN]!r}") from None


def _malformed(problem: str) -> MalformedReplyError:
    return MalformedReplyError(f"the server sent {problem}", "see whether it speaks the chat-completions protocol")


def _content(choice: Mapping[str, Any]) -> str:
    """What a choice says: a text, the texts of its parts, or the reason of a refusal."""
    message = choice.get("message")
    if not isinstance(message, dict):
        raise _malformed("a choice without a message")
    content = message.get("content")
    if isinstance(content, list):
        content = "".join(_said(part.get("text")) for part in content if isinstance(part, dict))
    return _said(content) or _said(message.get("refusal"))


def _said(value: object) -> str:
    """A text, '' for none. Some servers write a score as a number."""
    if value is None or isinstance(value, str):
        return _text(value or "")
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _malformed(f"a text that is a {type(value).__name__}")
    return str(value)


def _text(value: str) -> str:
    """A text that can be written anywhere: halves of surrogate pairs, which JSON can spell, become question marks."""
    return value.encode("utf-8", "replace").decode("utf-8")


def _count(value: object) -> int | None:
    good = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST_TOKENS
    return value if good and isinstance(value, int) else None


def _tops(logprobs: object) -> tuple[tuple[TopToken, ...], ...] | None:
    """Tokens with their alternatives, in the shape of chat completions or in the older one of completions."""
    if not isinstance(logprobs, dict):
        return None
    content = logprobs.get("content")
    if isinstance(content, list) and content:
        return tuple(_place(entry.get("token"), entry.get("logprob"), _listed(entry)) for entry in _objects(content))
    tokens, chosen, tops = (logprobs.get(name) for name in ("tokens", "token_logprobs", "top_logprobs"))
    if not (isinstance(tokens, list) and isinstance(chosen, list) and isinstance(tops, list) and tokens):
        return None
    if not len(tokens) == len(chosen) == len(tops):
        raise _malformed("lists of tokens and log-probabilities that differ in length")
    return tuple(
        _place(token, logprob, [_top(*pair) for pair in top.items()])
        for token, logprob, top in zip(tokens, chosen, _objects([top or {} for top in tops]), strict=True)
    )


def _objects(values: object) -> list[Mapping[str, Any]]:
    if not isinstance(values, list) or not all(isinstance(value, dict) for value in values):
        raise _malformed("log-probabilities that are no objects")
    return values


def _listed(entry: Mapping[str, Any]) -> list[TopToken]:
    return [_top(top.get("token"), top.get("logprob")) for top in _objects(entry.get("top_logprobs") or [])]


def _top(token: object, logprob: object) -> TopToken:
    if not isinstance(token, str):
        raise _malformed(f"a token that is no text but a {type(token).__name__}")
    if logprob is None or logprob == -math.inf:
        return TopToken(_text(token), LEAST_LOGPROB)
    if isinstance(logprob, bool) or not isinstance(logprob, int | float) or not logprob <= _ROUNDING:
        shown = repr(logprob)[:40] if isinstance(logprob, str | int | float) else type(logprob).__name__
        raise _malformed(f"{shown} as the log-probability of a token")
    return TopToken(_text(token), float(min(max(logprob, LEAST_LOGPROB), 0.0)))


def _place(token: object, logprob: object, listed: Sequence[TopToken]) -> tuple[TopToken, ...]:
    """The written token and the others; servers list it among them too, where it would count twice.

    Another token with the same spelling (a blank may be part of one and not of the other) stays.
    """
    chosen = _top(token, logprob)
    same = [place for place, top in enumerate(listed) if top.token == chosen.token]
    own = min(same, key=lambda place: abs(listed[place].logprob - chosen.logprob), default=-1)
    return (chosen, *(top for place, top in enumerate(listed) if place != own))
