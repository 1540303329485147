"""Where calls are paid for: from its receipt or from the server, each call's answer once, within the budget."""

from __future__ import annotations

import json
import threading
from typing import Literal

from pocketscore import __version__
from pocketscore.llm.budget import Meter
from pocketscore.llm.calls import Call, likely_text_tokens
from pocketscore.llm.client import Client, Posted
from pocketscore.llm.endpoint import Endpoint
from pocketscore.llm.prices import FREE, Price
from pocketscore.llm.prompts import PROMPT_VERSION
from pocketscore.llm.receipts import Receipt, Receipts, utc_now
from pocketscore.llm.refusals import CallError, Kind
from pocketscore.llm.replies import MalformedReplyError, Reply, parse_reply

OVER_BUDGET = "budget reached"
"""Why a prompt was not asked: asking it could go over the budget."""

_LIMIT, _NEWER_LIMIT = "max_tokens", "max_completion_tokens"


class NoScoreError(Exception):
    """A prompt has no score.

    Attributes:
        reason: Why, in plain words.
        kind: What became of its call; "answer" when there is one and it holds no score, "budget" when there is none.
    """

    def __init__(self, reason: str, kind: Kind | Literal["answer", "budget"]) -> None:
        super().__init__(reason)
        self.reason = reason
        self.kind = kind


class Till:
    """Answers calls. Safe to share between threads, as long as no two of them bring the same call at a time.

    Args:
        client: Makes calls.
        receipts: What was answered before, and where each new answer is kept before anything is done with it.
        meter: Says whether a call may begin.
        halt: When it is set, no further call begins.
    """

    def __init__(self, client: Client, receipts: Receipts, meter: Meter, halt: threading.Event) -> None:
        self.receipts = receipts
        self._client = client
        self._meter = meter
        self._halt = halt
        self._limit = _LIMIT

    @property
    def endpoint(self) -> Endpoint:
        """Whom calls go to."""
        return self._client.endpoint

    @property
    def price(self) -> Price | None:
        """Of the model."""
        return self._meter.price

    def close(self) -> None:
        """Close connections and receipts."""
        self._client.close()
        self.receipts.close()

    def reply(self, call: Call) -> Reply:
        """The answer to a call.

        Raises:
            NoScoreError: When this call has none.
            TeacherError: When no call can succeed.
            OutputError: When the receipt cannot be written.
        """
        receipt = self.receipts.get(call.key)
        if receipt is None:
            return self._bought(call)
        try:
            return parse_reply(receipt.raw)
        except MalformedReplyError as error:
            raise NoScoreError(error.problem, "answer") from None

    def _bought(self, call: Call) -> Reply:
        price = self.price or FREE
        most = price.of(call.most_tokens, call.most_written)
        if not self._meter.reserve(most):
            raise NoScoreError(OVER_BUDGET, "budget")
        cost = None
        try:
            if self._halt.is_set():
                raise NoScoreError("stopped", "later")
            posted = self._post(call)
            cost = price.of(*_tokens(call, posted.reply))
            self.receipts.put(_receipt(call, posted, None if self.price is None else cost))
            return posted.reply
        except CallError as error:
            raise NoScoreError(error.problem, error.kind) from None
        finally:
            self._meter.settle(most, cost)

    def _post(self, call: Call) -> Posted:
        """Make a call. Servers of some models want another name for the limit, and say so."""
        limit = self._limit
        try:
            return self._client.post(_with_limit(call, limit))
        except CallError as error:
            if limit == _NEWER_LIMIT or _NEWER_LIMIT not in error.problem:
                raise
        self._limit = _NEWER_LIMIT
        return self._client.post(_with_limit(call, self._limit))


def _with_limit(call: Call, name: str) -> dict[str, object]:
    return {name if field == _LIMIT else field: value for field, value in call.body.items()}


def _tokens(call: Call, reply: Reply) -> tuple[int, int]:
    """Tokens read and written; estimated where the server did not count them."""
    said = sum(map(likely_text_tokens, reply.contents))
    read, written = reply.prompt_tokens, reply.completion_tokens
    return call.likely_tokens if read is None else read, said if written is None else written


def _receipt(call: Call, posted: Posted, cost: float | None) -> Receipt:
    """A receipt. Where the server did not count tokens it holds none, and its cost is estimated."""
    return Receipt(
        key=call.key,
        endpoint=call.endpoint.url,
        model=call.endpoint.model,
        prompt=json.dumps(call.messages),
        settings=json.dumps(call.settings),
        raw=posted.raw,
        prompt_tokens=posted.reply.prompt_tokens,
        completion_tokens=posted.reply.completion_tokens,
        cost=cost,
        seconds=posted.seconds,
        made_at=utc_now(),
        version=f"pocketscore {__version__}, prompt {PROMPT_VERSION}",
    )
