"""Estimates before, and limits while asking."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_server import tokens_of
from pocketscore.data.items import read_items
from pocketscore.errors import InputError
from pocketscore.llm.budget import Budget, Ledger, Meter, Plan, cost_of_model, plan
from pocketscore.llm.calls import Call, calls_for, charged_tokens, likely_tokens
from pocketscore.llm.endpoint import Endpoint
from pocketscore.llm.model import Codes, Prompt
from pocketscore.llm.prices import FREE, Price
from pocketscore.llm.prompts import Example, make_prompt
from pocketscore.llm.receipts import Receipt, Receipts, Spent, utc_now
from pocketscore.llm.settings import AskSettings
from pocketscore.sample.items import NEW_ANSWERS
from pocketscore.types import Item, Scale

NOTHING = Spent(0, 0, 0, 0.0)
CODES = Codes(("0", "1", "2"))
ENDPOINT = Endpoint("https://example.org/v1", "some-model")


def prompts(n: int) -> list[Prompt]:
    return [Prompt("You score.", f"Answer {i}", "Score:") for i in range(n)]


@pytest.fixture
def receipts(tmp_path: Path) -> Iterator[Receipts]:
    with Receipts(tmp_path / "receipts.sqlite") as opened:
        yield opened


def answered(call: Call, *, logprobs: bool = True, read: int | None = 30, written: int | None = 1) -> Receipt:
    place = {"token": "1", "logprob": -0.1, "top_logprobs": [{"token": "2", "logprob": -3.0}]}
    choice = {"message": {"content": "1"}, "logprobs": {"content": [place]} if logprobs else None}
    return Receipt(
        call.key, call.endpoint.url, call.endpoint.model, json.dumps(call.messages), json.dumps(call.settings),
        json.dumps({"choices": [choice]}), read, written, 0.0, 0.1, utc_now(), "tests",
    )  # fmt: skip


# Meter.


def test_no_limit_lets_every_call_begin() -> None:
    meter = Meter(Budget(), None, Ledger(NOTHING))
    assert all(meter.reserve(1e9) for _ in range(100))


def test_a_limit_in_dollars_needs_a_price() -> None:
    with pytest.raises(InputError, match="--price"):
        Meter(Budget(max_cost=1.0), None, Ledger(NOTHING))
    assert Meter(Budget(max_calls=1), None, Ledger(NOTHING)).reserve(0.0)


@pytest.mark.parametrize("limits", [{"max_cost": -1.0}, {"max_calls": -1}, {"max_cost": float("nan")}])
def test_limits_below_nothing(limits: dict[str, float]) -> None:
    with pytest.raises(InputError, match="at least 0"):
        Budget(**limits)  # type: ignore[arg-type]


def test_earlier_runs_count() -> None:
    assert not Meter(Budget(max_cost=1.0), FREE, Ledger(Spent(5, 0, 0, 0.9))).reserve(0.2)
    assert Meter(Budget(max_cost=1.0), FREE, Ledger(Spent(5, 0, 0, 0.9))).reserve(0.1)
    assert not Meter(Budget(max_calls=5), None, Ledger(Spent(5, 0, 0, 0.0))).reserve(0.0)


def test_after_the_first_refusal_no_call_begins() -> None:
    meter = Meter(Budget(max_cost=1.0), FREE, Ledger(NOTHING))
    assert not meter.reserve(1.5)
    assert not meter.reserve(0.1)


def test_a_failed_call_gives_its_place_back() -> None:
    meter = Meter(Budget(max_cost=1.0, max_calls=1), FREE, Ledger(NOTHING))
    assert meter.reserve(0.8)
    meter.settle(0.8, None)
    assert meter.reserve(0.8)
    meter.settle(0.8, 0.1)
    assert not meter.reserve(0.1)


@given(
    limit=st.floats(0, 10),
    calls=st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1) | st.none()), max_size=60),
    workers=st.integers(1, 6),
)
def test_threads_never_go_over(limit: float, calls: list[tuple[float, float | None]], workers: int) -> None:
    """Each call costs at most what was reserved for it; together at most the limit, and little of it is wasted."""
    meter, waiting, lock = Meter(Budget(max_cost=limit), FREE, Ledger(NOTHING)), list(calls), threading.Lock()
    spent: list[float] = []
    refused: list[float] = []

    def work() -> None:
        while True:
            with lock:
                if not waiting:
                    return
                most, share = waiting.pop()
            if not meter.reserve(most):
                with lock:
                    refused.append(most)
                continue
            cost = None if share is None else most * share
            if cost is not None:
                with lock:
                    spent.append(cost)
            meter.settle(most, cost)

    threads = [threading.Thread(target=work) for _ in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert not any(thread.is_alive() for thread in threads)
    assert sum(spent) <= limit + 1e-9
    assert not refused or sum(spent) + max(refused) > limit - 1e-9
    assert len(refused) + len(spent) + sum(share is None for _, share in calls) >= len(calls)


def test_models_that_share_a_folder_share_its_limits(receipts: Receipts) -> None:
    budget = Budget(max_cost=1.0, max_calls=3)
    first, second = (Meter(budget, price, Ledger.of(receipts)) for price in (FREE, Price(1.0, 1.0)))
    assert first.reserve(0.6)
    first.settle(0.6, 0.6)
    assert not second.reserve(0.5)
    third = Meter(budget, FREE, Ledger.of(receipts))
    assert third.reserve(0.1)
    third.settle(0.1, 0.1)
    assert third.reserve(0.1)
    third.settle(0.1, 0.1)
    assert not third.reserve(0.0)  # three calls, of two models


def test_calls_of_another_model_that_are_under_way_are_waited_for(receipts: Receipts) -> None:
    first, second = (Meter(Budget(max_cost=1.0), FREE, Ledger.of(receipts)) for _ in range(2))
    assert first.reserve(0.9)
    answers: list[bool] = []
    waiting = threading.Thread(target=lambda: answers.append(second.reserve(0.9)))
    waiting.start()
    waiting.join(0.05)
    assert waiting.is_alive()
    first.settle(0.9, None)
    waiting.join(10)
    assert answers == [True]


def test_receipts_without_a_cost_are_counted_once_at_a_price_that_is_known_later(receipts: Receipts) -> None:
    dear, other = Price(1e6, 0.0), Endpoint(ENDPOINT.url, "other")  # a dollar a token
    for cost, of in ((0.0, ENDPOINT), (None, ENDPOINT), (5.0, ENDPOINT), (0.0, other), (None, other)):
        (call,) = calls_for(Prompt("", f"{cost}", ""), CODES, "logprobs", of, AskSettings())
        receipts.put(replace(answered(call, read=30), cost=cost))
    ledger = Ledger.of(receipts)
    assert ledger.cost == 5.0
    ledger.add_unpriced(receipts, ENDPOINT, FREE)
    assert ledger.cost == 5.0
    for _ in range(2):
        ledger.add_unpriced(receipts, ENDPOINT, dear)
        assert Ledger.of(receipts).cost == 5.0 + 30 + 30 + 30  # what nobody charged the other model for stays so
    assert cost_of_model(receipts, ENDPOINT, dear) == 65.0
    assert cost_of_model(receipts, ENDPOINT, FREE) == 5.0
    assert cost_of_model(receipts, other, dear) == 60.0


@pytest.mark.parametrize(
    ("raw", "read", "written", "expected"),
    [
        ('{"choices": [{"message": {"content": "1"}}]}', 30, 1, (30, 1)),
        ('{"choices": [{"message": {"content": "12345678"}}]}', None, None, ("likely", 3)),
        ('{"choices": [{"message": {"content": "12345678"}}]}', 30, None, (30, 3)),
        ('{"choices": []}', 30, 1, (30, 1)),
        ('{"choices": []}', None, None, ("most", 16)),
        ('{"choices": []}', 30, None, (30, 16)),
        ("", None, None, ("most", 16)),
    ],
)
def test_tokens_that_nobody_counted_are_estimated_and_those_of_lost_tries_not_too_low(
    raw: str, read: int | None, written: int | None, expected: tuple[object, int]
) -> None:
    (call,) = calls_for(prompts(1)[0], CODES, "logprobs", ENDPOINT, AskSettings())
    rules = {"likely": call.likely_tokens, "most": call.most_tokens}
    receipt = replace(answered(call, read=read, written=written), raw=raw)
    assert charged_tokens(receipt) == (rules.get(str(expected[0]), expected[0]), expected[1])


def test_a_call_waits_for_those_under_way_before_it_is_refused() -> None:
    meter = Meter(Budget(max_cost=1.0), FREE, Ledger(NOTHING))
    assert meter.reserve(0.9)
    answers: list[bool] = []
    second = threading.Thread(target=lambda: answers.append(meter.reserve(0.9)))
    second.start()
    second.join(0.05)
    assert second.is_alive()
    meter.settle(0.9, 0.05)
    second.join(10)
    assert answers == [True]


# Estimates.


@pytest.mark.parametrize("answer", [text for text in NEW_ANSWERS if text])
def test_the_rule_of_thumb_is_right_within_a_half_for_english(answer: str, tmp_path: Path) -> None:
    from pocketscore.sample.items import ITEMS

    path = tmp_path / "items.json"
    path.write_text(json.dumps(ITEMS))
    text = read_items(path)["cold-glass"]
    item = Item("cold-glass", Scale.of(["0", "1", "2"]), text.question, text.rubric, text.references)
    messages = make_prompt(item, CODES, [Example(other, 1) for other in NEW_ANSWERS[:3]], answer).messages
    counted = sum(len(tokens_of(message["content"])) for message in messages)
    assert 2 / 3 <= likely_tokens(messages) / counted <= 3 / 2


@given(st.text(max_size=300))
def test_no_call_reads_more_tokens_than_its_bound(text: str) -> None:
    (call,) = calls_for(Prompt(text, text, text), CODES, "logprobs", ENDPOINT, AskSettings())
    content = "".join(message["content"] for message in call.messages)
    assert len(content.encode("utf-8", "surrogatepass")) + 32 <= call.most_tokens
    assert call.likely_tokens <= call.most_tokens
    assert len(tokens_of(content)) <= call.most_tokens


@pytest.mark.parametrize("method", ["logprobs", "samples", "verbalised"])
def test_calls_are_named_by_what_they_send(method: str) -> None:
    settings = AskSettings(samples=3)
    first, second = (calls_for(prompt, CODES, method, ENDPOINT, settings) for prompt in prompts(2))  # type: ignore[arg-type]
    keys = [call.key for call in (*first, *second)]
    assert len(set(keys)) == len(keys) == (6 if method == "samples" else 2)
    assert [call.key for call in calls_for(prompts(1)[0], CODES, method, ENDPOINT, settings)] == keys[: len(first)]  # type: ignore[arg-type]
    assert all(call.body["model"] == "some-model" and call.body["messages"] for call in first)
    if method == "samples":
        assert [call.body["seed"] for call in first] == [0, 1, 2]
        assert first[0].body["temperature"] == 1.0
    assert ("top_logprobs" in first[0].body) == (method == "logprobs")


def test_a_plan_without_receipts() -> None:
    found = plan([*prompts(4), prompts(1)[0]], CODES, ENDPOINT, AskSettings(), None, Price(1.0, 2.0))
    each = likely_tokens(prompts(1)[0].messages)
    assert found == Plan(5, 0, "logprobs", 4, 4 * each, 8, (4 * each + 16) / 1e6)


def test_a_plan_of_nothing() -> None:
    assert plan([], CODES, ENDPOINT, AskSettings(), None, FREE) == Plan(0, 0, "logprobs", 0, 0, 0, 0.0)


def test_an_unknown_price_is_an_unknown_cost() -> None:
    assert plan(prompts(1), CODES, ENDPOINT, AskSettings(), None, None).cost is None


def test_samples_are_as_many_calls() -> None:
    found = plan(prompts(3), CODES, ENDPOINT, AskSettings(method="samples", samples=7), None, FREE)
    assert (found.method, found.calls) == ("samples", 21)


def test_a_plan_leaves_out_what_receipts_hold(receipts: Receipts) -> None:
    asked = prompts(3)
    (call,) = calls_for(asked[1], CODES, "logprobs", ENDPOINT, AskSettings())
    receipts.put(answered(call))
    found = plan([*asked, asked[1]], CODES, ENDPOINT, AskSettings(), receipts, FREE)
    assert (found.rows, found.known, found.calls) == (4, 2, 2)
    other = plan(asked, CODES, Endpoint(ENDPOINT.url, "other"), AskSettings(), receipts, FREE)
    assert (other.known, other.calls) == (0, 3)


def test_counted_tokens_correct_the_rule(receipts: Receipts) -> None:
    asked = prompts(6)
    each = likely_tokens(asked[0].messages)
    for prompt in asked[:2]:
        (call,) = calls_for(prompt, CODES, "logprobs", ENDPOINT, AskSettings())
        receipts.put(answered(call, read=3 * each, written=5))
    found = plan(asked, CODES, ENDPOINT, AskSettings(), receipts, Price(1.0, 0.0))
    assert (found.calls, found.prompt_tokens, found.completion_tokens) == (4, 4 * 3 * each, 20)
    words = plan(asked, CODES, ENDPOINT, AskSettings(method="verbalised"), receipts, FREE)
    assert words.completion_tokens > 6 * 8  # a call of another kind says nothing about how much is written
    assert words.prompt_tokens > 6 * 2.9 * each


def test_uncounted_tokens_correct_nothing(receipts: Receipts) -> None:
    (call,) = calls_for(prompts(1)[0], CODES, "logprobs", ENDPOINT, AskSettings())
    receipts.put(answered(call, read=None, written=None))
    found = plan(prompts(2), CODES, ENDPOINT, AskSettings(), receipts, FREE)
    assert found.prompt_tokens == likely_tokens(prompts(1)[0].messages)


def test_a_server_known_to_give_no_log_probabilities_is_planned_with_samples(receipts: Receipts) -> None:
    (call,) = calls_for(prompts(1)[0], CODES, "logprobs", ENDPOINT, AskSettings())
    receipts.put(answered(call, logprobs=False))
    found = plan(prompts(2), CODES, ENDPOINT, AskSettings(samples=4), receipts, FREE)
    assert (found.method, found.calls, found.known) == ("samples", 8, 0)


@pytest.mark.parametrize("shows_nothing", ["I cannot score this.", "", "7", None])
def test_what_is_no_score_does_not_show_how_probabilities_are_read(
    shows_nothing: str | None, receipts: Receipts
) -> None:
    first, second = (calls_for(prompt, CODES, "logprobs", ENDPOINT, AskSettings())[0] for prompt in prompts(2))
    raw = "" if shows_nothing is None else json.dumps({"choices": [{"message": {"content": shows_nothing}}]})
    receipts.put(replace(answered(first), raw=raw))
    found = plan(prompts(3), CODES, ENDPOINT, AskSettings(samples=4), receipts, FREE)
    assert (found.method, found.calls, found.known) == ("logprobs", 2, 1)
    receipts.put(answered(second, logprobs=False))
    assert plan(prompts(3), CODES, ENDPOINT, AskSettings(samples=4), receipts, FREE).method == "samples"


def test_one_answer_without_log_probabilities_behind_one_with_them_changes_no_plan(receipts: Receipts) -> None:
    for prompt, logprobs in zip(prompts(2), (True, False), strict=True):
        (call,) = calls_for(prompt, CODES, "logprobs", ENDPOINT, AskSettings())
        receipts.put(answered(call, logprobs=logprobs))
    found = plan(prompts(3), CODES, ENDPOINT, AskSettings(samples=4), receipts, FREE)
    assert (found.method, found.calls) == ("logprobs", 1)
