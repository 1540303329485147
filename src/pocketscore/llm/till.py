"""Where calls are paid for: from its receipt or from the server, each call's answer once, within the budget.

Every try that the server may have charged for is counted and leaves a receipt, also one without a usable answer: what
came with success and is malformed or cut off, and what was sent and not answered in time. Such a try counts with the
tokens that the server names, else with the most that it can have cost. A refusal, an error of the server, and a
connection that fails before the server answers cost nothing.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from pocketscore import __version__
from pocketscore.llm.budget import Meter
from pocketscore.llm.calls import Call, charged_tokens
from pocketscore.llm.client import Client, Posted, Tried
from pocketscore.llm.endpoint import Endpoint
from pocketscore.llm.model import FailureKind
from pocketscore.llm.prices import FREE, Price
from pocketscore.llm.prompts import PROMPT_VERSION
from pocketscore.llm.receipts import Receipt, Receipts, key_of_lost, utc_now
from pocketscore.llm.refusals import CallError
from pocketscore.llm.replies import MalformedReplyError, Reply, parse_reply, usage_of

OVER_BUDGET = "budget reached"
"""Why a prompt was not asked: asking it could go over the budget."""

_LIMIT, _NEWER_LIMIT = "max_tokens", "max_completion_tokens"
_KEPT = 100_000  # characters kept of what is no answer


class NoScoreError(Exception):
    """A prompt has no score.

    Attributes:
        reason: Why, in plain words.
        kind: Why, for programs.
    """

    def __init__(self, reason: str, kind: FailureKind) -> None:
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
        """Make a call. Servers of some models want another name for the limit, and say so."""
        limit = self._limit
        try:
            try:
                return self._posted(call, limit)
            except CallError as error:
                if limit == _NEWER_LIMIT or _NEWER_LIMIT not in error.problem:
                    raise
            self._limit = _NEWER_LIMIT
            return self._posted(call, _NEWER_LIMIT)
        except CallError as error:
            raise NoScoreError(error.problem, error.kind) from None

    def _posted(self, call: Call, limit: str) -> Reply:
        return self._client.post(_with_limit(call, limit), partial(self._paid, call)).reply

    def _paid(self, call: Call, attempt: Callable[[], Tried]) -> Tried:
        """Make one try of a call if it cannot go over the budget, and keep what it came to."""
        most = (self.price or FREE).of(call.most_tokens, call.most_written)
        if not self._meter.reserve(most):
            raise NoScoreError(OVER_BUDGET, "budget")
        cost = None
        try:
            if self._halt.is_set():
                raise NoScoreError("stopped", "later")
            tried = attempt()
            if isinstance(tried, Posted) or tried.billed:
                receipt = _receipt(call, tried, self.price)
                cost = receipt.cost or 0.0
                self.receipts.put(receipt)
            return tried
        finally:
            self._meter.settle(most, cost)


def _with_limit(call: Call, name: str) -> dict[str, object]:
    return {name if field == _LIMIT else field: value for field, value in call.body.items()}


def _receipt(call: Call, tried: Tried, price: Price | None) -> Receipt:
    """A receipt. Where the server did not count tokens it holds none, and its cost is estimated."""
    answered, usage = isinstance(tried, Posted), usage_of(tried.raw)
    receipt = Receipt(
        key=call.key if answered else key_of_lost(call.key),
        endpoint=call.endpoint.url,
        model=call.endpoint.model,
        prompt=json.dumps(call.messages),
        settings=json.dumps(call.settings),
        raw=tried.raw if answered else tried.raw[:_KEPT],
        prompt_tokens=usage.prompt_tokens,
        completion_tokens=usage.completion_tokens,
        cost=None,
        seconds=tried.seconds,
        made_at=utc_now(),
        version=f"pocketscore {__version__}, prompt {PROMPT_VERSION}",
    )
    return receipt if price is None else replace(receipt, cost=price.of(*charged_tokens(receipt)))
