"""What is sent for one prompt, what names it, and how many tokens it has."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pocketscore.llm.endpoint import Endpoint
from pocketscore.llm.model import Codes, Method, Prompt
from pocketscore.llm.prompts import verbalised
from pocketscore.llm.receipts import Receipt, key_of_call
from pocketscore.llm.replies import MalformedReplyError, parse_reply
from pocketscore.llm.settings import AskSettings

_BYTES_A_TOKEN = 4
_AROUND_A_MESSAGE = 4  # its role, its beginning and its end
_MOST_AROUND = 256  # templates that add a date, a system message of their own and the like


@dataclass(frozen=True)
class Call:
    """One request for a chat completion.

    Attributes:
        endpoint: Whom to ask.
        messages: What is asked.
        settings: Everything else that is sent.
    """

    endpoint: Endpoint
    messages: tuple[Mapping[str, str], ...]
    settings: Mapping[str, Any]

    @cached_property
    def key(self) -> str:
        """What names its receipt."""
        return key_of_call(self.endpoint.url, self.endpoint.model, self.messages, self.settings)

    @property
    def body(self) -> dict[str, Any]:
        """What is sent, JSON-ready."""
        return {"model": self.endpoint.model, "messages": list(self.messages), **self.settings}

    @property
    def likely_tokens(self) -> int:
        """See `likely_tokens`."""
        return likely_tokens(self.messages)

    @property
    def most_tokens(self) -> int:
        """See `most_tokens`."""
        return most_tokens(self.messages)

    @property
    def most_written(self) -> int:
        """Tokens after which the model is cut off."""
        return int(self.settings["max_tokens"])


def likely_tokens(messages: Sequence[Mapping[str, str]]) -> int:
    """About how many tokens a model reads: one for each four bytes of UTF-8, and four for each message.

    A rule of thumb that needs no tokenizer. For English it is right within a third; other languages and small
    vocabularies need up to twice as many.
    """
    return sum(likely_text_tokens(message["content"]) + _AROUND_A_MESSAGE for message in messages)


def most_tokens(messages: Sequence[Mapping[str, str]]) -> int:
    """More tokens than a model reads of messages: no tokenizer makes more than one of a byte."""
    return sum(_size(message["content"]) for message in messages) + _MOST_AROUND


def charged_tokens(receipt: Receipt) -> tuple[int, int]:
    """Tokens read and written for a receipt.

    What the server did not count is estimated; where there is no usable answer, as the most that it can have been.
    """
    read, written = receipt.prompt_tokens, receipt.completion_tokens
    if read is not None and written is not None:
        return read, written
    messages = json.loads(receipt.prompt)
    try:
        said = parse_reply(receipt.raw).contents
        guess = likely_tokens(messages), sum(map(likely_text_tokens, said))
    except MalformedReplyError:
        guess = most_tokens(messages), int(json.loads(receipt.settings)["max_tokens"])
    return guess[0] if read is None else read, guess[1] if written is None else written


def likely_text_tokens(text: str) -> int:
    """The same for a text alone; at least one."""
    return _size(text) // _BYTES_A_TOKEN + 1


def _size(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


def calls_for(
    prompt: Prompt, codes: Codes, method: Method, endpoint: Endpoint, settings: AskSettings
) -> tuple[Call, ...]:
    """The calls that one prompt takes: one, or with samples as many as are drawn, each with a seed of its own."""
    limit = settings.max_tokens
    if method == "samples":
        drawn: dict[str, Any] = {"temperature": settings.temperature, "max_tokens": limit}
        seeds = range(settings.seed, settings.seed + settings.samples)
        return tuple(Call(endpoint, prompt.messages, {**drawn, "seed": seed}) for seed in seeds)
    alone: dict[str, Any] = {"temperature": 0.0, "seed": settings.seed, "max_tokens": limit}
    if method == "logprobs":
        return (Call(endpoint, prompt.messages, {**alone, "logprobs": True, "top_logprobs": settings.top}),)
    words = {**alone, "max_tokens": limit + likely_written("verbalised", codes)}
    return (Call(endpoint, verbalised(prompt, codes).messages, words),)


def likely_written(method: Method, codes: Codes) -> int:
    """Tokens that a model writes: a code and an end, or a percentage for each code."""
    return 8 * len(codes) + 4 if method == "verbalised" else 2
