"""What asking would cost, and that it costs no more than it may."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import Literal
from weakref import WeakKeyDictionary

from pocketscore.errors import InputError
from pocketscore.llm.calls import Call, calls_for, charged_tokens, likely_tokens, likely_written
from pocketscore.llm.endpoint import Endpoint
from pocketscore.llm.model import Codes, Method, Prompt
from pocketscore.llm.prices import FREE, Price
from pocketscore.llm.reading import code_of, from_logprobs
from pocketscore.llm.receipts import Receipt, Receipts, Spent
from pocketscore.llm.replies import MalformedReplyError, parse_reply
from pocketscore.llm.settings import AskSettings

_LOOKED_AT = 1000  # receipts from which the tokens of further calls are judged


@dataclass(frozen=True)
class Budget:
    """Limits for all that the receipts of a folder hold, earlier runs included.

    Attributes:
        max_cost: Dollars; None sets no limit.
        max_calls: Calls that were answered, or may have been charged for; None sets no limit.
    """

    max_cost: float | None = None
    max_calls: int | None = None

    def __post_init__(self) -> None:
        if not (self.max_cost is None or self.max_cost >= 0) or not (self.max_calls is None or self.max_calls >= 0):
            raise InputError(f"max_cost = {self.max_cost}, max_calls = {self.max_calls}", "take limits of at least 0")


class Ledger:
    """What the receipts of a folder come to, and what calls under way may add. All models of the folder share it.

    Args:
        spent: What was spent before.
    """

    def __init__(self, spent: Spent) -> None:
        self.changed = threading.Condition()
        self.cost, self.calls = spent.cost, spent.calls
        self.held, self.under_way = 0.0, 0
        self._priced: set[str] = set()

    @classmethod
    def of(cls, receipts: Receipts) -> Ledger:
        """The one ledger of open receipts."""
        with _making:
            found = _ledgers.get(receipts)
            if found is None:
                _ledgers[receipts] = found = cls(receipts.spent())
            return found

    def add_unpriced(self, receipts: Receipts, endpoint: Endpoint, price: Price) -> None:
        """Count receipts without a cost at a price: the model's own, and those of models whose price was unknown.

        Each receipt is counted once.

        Args:
            receipts: Whose ledger this is.
            endpoint: The model.
            price: Of the model; the best guess for the others too.
        """
        with self.changed:
            for receipt in receipts.without_cost() if price != FREE else ():
                if receipt.key not in self._priced and (receipt.cost is None or _is_of(receipt, endpoint)):
                    self._priced.add(receipt.key)
                    self.cost += price.of(*charged_tokens(receipt))


_ledgers: WeakKeyDictionary[Receipts, Ledger] = WeakKeyDictionary()
_making = threading.Lock()


def cost_of_model(receipts: Receipts, endpoint: Endpoint, price: Price) -> float:
    """Dollars for all receipts of a model; those without a cost are taken at the price."""
    known = receipts.spent(endpoint).cost
    if price == FREE:
        return known
    own = (receipt for receipt in receipts.without_cost() if _is_of(receipt, endpoint))
    return known + sum(price.of(*charged_tokens(receipt)) for receipt in own)


def _is_of(receipt: Receipt, endpoint: Endpoint) -> bool:
    return (receipt.endpoint, receipt.model) == (endpoint.url, endpoint.model)


class Meter:
    """Lets calls of one model begin while they cannot go over a budget. Safe to share between threads.

    A call that may begin holds the most that it can cost until it has ended. So calls that are under way together stay
    within the budget together, as long as the server keeps to `max_tokens`.

    Args:
        budget: The limits.
        price: Of the model; None where it is unknown.
        ledger: What was spent before and is being spent, by whatever model.

    Raises:
        InputError: When dollars are limited and the price is unknown.
    """

    def __init__(self, budget: Budget, price: Price | None, ledger: Ledger) -> None:
        if budget.max_cost is not None and price is None:
            raise InputError(
                "the cost is limited, and the price of the model is not known",
                "give it with --price IN/OUT (0/0 where nobody is charged) or --prices TABLE, or limit the calls with "
                "--max-calls",
            )
        self.price = price
        self._budget = budget
        self._ledger = ledger
        self._full = False

    def reserve(self, most: float) -> bool:
        """Whether a call may begin; every one that may must be settled. After the first that may not, none may.

        A call that does not fit beside those under way waits for them: they may turn out cheaper, or fail.

        Args:
            most: Dollars that it can cost.
        """
        ledger = self._ledger
        with ledger.changed:
            ledger.changed.wait_for(lambda: self._full or self._fits(most) or not ledger.under_way)
            if self._full or not self._fits(most):
                self._full = True
                ledger.changed.notify_all()
                return False
            ledger.held += most
            ledger.under_way += 1
            return True

    def settle(self, most: float, cost: float | None) -> None:
        """A call has ended.

        Args:
            most: What was reserved for it.
            cost: Dollars that it cost, None when nobody charges for it.
        """
        ledger = self._ledger
        with ledger.changed:
            ledger.under_way -= 1
            ledger.held = ledger.held - most if ledger.under_way else 0.0
            if cost is not None:
                ledger.cost += cost
                ledger.calls += 1
            ledger.changed.notify_all()

    def _fits(self, most: float) -> bool:
        limits, ledger = self._budget, self._ledger
        cheap = limits.max_cost is None or ledger.cost + ledger.held + most <= limits.max_cost
        return cheap and (limits.max_calls is None or ledger.calls + ledger.under_way < limits.max_calls)


@dataclass(frozen=True)
class Plan:
    """What asking would take, estimated.

    Attributes:
        rows: Prompts, each counted as often as it occurs.
        known: Those of them that receipts answer whole.
        method: How probabilities would be read. For "auto" log-probabilities, unless the first receipt that holds a
            score shows that the server gives none; where it turns out so, `samples` times as many calls and the one
            that tried are needed.
        calls: Calls left to make.
        prompt_tokens: Tokens that they send.
        completion_tokens: Tokens that they get.
        cost: Dollars for them; None where the price is unknown.
    """

    rows: int
    known: int
    method: Method
    calls: int
    prompt_tokens: int
    completion_tokens: int
    cost: float | None
    estimated: Literal[True] = True


def plan(
    prompts: Sequence[Prompt],
    codes: Codes,
    endpoint: Endpoint,
    settings: AskSettings,
    receipts: Receipts | None,
    price: Price | None,
) -> Plan:
    """What asking would take; nothing is sent.

    Tokens are estimated by `likely_tokens`, times the ratio of counted to estimated tokens in the endpoint's first
    receipts, if there are any.

    Args:
        prompts: What would be asked.
        codes: Codes of the score points.
        endpoint: Who would be asked.
        settings: How.
        receipts: What is known already; None knows nothing.
        price: Of the model; None where it is unknown.
    """
    method: Method = settings.method if settings.method != "auto" else "logprobs"
    rows = [calls_for(prompt, codes, method, endpoint, settings) for prompt in prompts]
    found = {call.key: _known(receipts, call) for calls in rows for call in calls}
    if settings.method == "auto" and _without_logprobs(found.values(), codes):
        method = "samples"
        rows = [calls_for(prompt, codes, method, endpoint, settings) for prompt in prompts]
        found = {call.key: _known(receipts, call) for calls in rows for call in calls}
    left = {call.key: call for calls in rows for call in calls if found[call.key] is None}
    read, written = _tokens(left.values(), [] if receipts is None else receipts, likely_written(method, codes))
    return Plan(
        rows=len(prompts),
        known=sum(all(found[call.key] is not None for call in calls) for calls in rows),
        method=method,
        calls=len(left),
        prompt_tokens=read,
        completion_tokens=written,
        cost=None if price is None else price.of(read, written),
    )


def _known(receipts: Receipts | None, call: Call) -> Receipt | None:
    return None if receipts is None else receipts.get(call.key)


def _without_logprobs(receipts: Iterable[Receipt | None], codes: Codes) -> bool:
    """Whether the first answer that is a score comes without log-probabilities; a refusal in prose shows nothing."""
    for receipt in filter(None, receipts):
        with suppress(MalformedReplyError):
            reply = parse_reply(receipt.raw)
            if code_of(reply.contents[0], codes) is not None:
                return from_logprobs(reply, codes) is None
    return False


def _tokens(calls: Iterable[Call], receipts: Iterable[Receipt], written: int) -> tuple[int, int]:
    """Tokens that calls send and get.

    Args:
        calls: All to one endpoint, with settings that differ in their seed at most.
        receipts: Of any calls.
        written: Tokens that a call gets, by rule.
    """
    waiting = list(calls)
    if not waiting:
        return 0, 0
    first = waiting[0]
    alike = [receipt for receipt in islice(receipts, _LOOKED_AT) if _is_of(receipt, first.endpoint)]
    counted = [receipt for receipt in alike if receipt.prompt_tokens is not None]
    estimated = sum(likely_tokens(json.loads(receipt.prompt)) for receipt in counted)
    ratio = sum(receipt.prompt_tokens or 0 for receipt in counted) / estimated if estimated else 1.0
    same = _but_seed(first.settings)
    got = [
        receipt.completion_tokens
        for receipt in alike
        if receipt.completion_tokens is not None and _but_seed(json.loads(receipt.settings)) == same
    ]
    each = sum(got) / len(got) if got else written
    return round(ratio * sum(call.likely_tokens for call in waiting)), round(each * len(waiting))


def _but_seed(settings: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in settings.items() if name != "seed"}
