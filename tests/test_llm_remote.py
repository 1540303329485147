"""A model behind an endpoint, asked for real on 127.0.0.1: never twice, never over the budget, whatever goes wrong."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fastapi import Response
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llm_server import Behaviour, Body, LlmServer, broken, busy, cut, fails, guess, malformed, says, sends, well
from pocketscore.errors import InputError, OutputError, TeacherError
from pocketscore.llm.budget import Budget, Ledger, Meter, cost_of_model
from pocketscore.llm.calls import calls_for
from pocketscore.llm.client import Client
from pocketscore.llm.endpoint import Endpoint
from pocketscore.llm.model import Codes, Prompt
from pocketscore.llm.prices import FREE, Price
from pocketscore.llm.receipts import Receipt, Receipts, merged
from pocketscore.llm.remote import RemoteModel, remote_model, remote_plan, remote_spent
from pocketscore.llm.retry import Breaker, Retry
from pocketscore.llm.settings import AccessSettings, AskSettings, LanguageSettings
from pocketscore.llm.till import OVER_BUDGET
from pocketscore.progress import Silent

CODES = Codes(("0", "1", "2"))
NO_WAIT = Retry(attempts=2, base_s=0.0, most_s=0.0)


@pytest.fixture
def server() -> Iterator[LlmServer]:
    with LlmServer() as running:
        yield running


class Counting(Silent):
    """Progress that counts."""

    def __init__(self) -> None:
        self.done = 0

    def advance(self, steps: int = 1) -> None:
        self.done += steps


def prompts(n: int, first: int = 0) -> list[Prompt]:
    return [Prompt("You score.", f"Answer {i}.", "Score:") for i in range(first, first + n)]


def asker(
    server: LlmServer,
    folder: Path,
    ask: AskSettings | None = None,
    budget: Budget | None = None,
    price: Price | None = FREE,
    retry: Retry = NO_WAIT,
    breaker: Breaker | None = None,
    progress: Silent | None = None,
) -> RemoteModel:
    """A model that asks the server, with receipts in a folder."""
    receipts = Receipts(folder / "receipts.sqlite")
    client = Client(Endpoint.parse(f"{server.url}/tiny"), retry, breaker or Breaker(1000))
    meter = Meter(budget or Budget(), price, Ledger.of(receipts))
    return RemoteModel(client, receipts, meter, ask or AskSettings(), progress)


def expected(prompt: Prompt) -> list[float]:
    """What the server thinks, over the codes."""
    chances = guess(str(prompt.messages[-1]["content"]))
    shares = [chances[code] for code in CODES.characters]
    return [share / sum(shares) for share in shares]


def only(behaviour: Behaviour, *numbers: int, times: int = 10**6) -> Callable[[str, int], Behaviour | None]:
    """A rule: prompts of these answers meet a behaviour, the first times that they are asked."""
    return lambda prompt, asked: (
        behaviour if asked <= times and any(f"Answer {i}." in prompt for i in numbers) else None
    )


# Reading.


def test_log_probabilities_come_back_in_order_and_are_asked_for_once(server: LlmServer, tmp_path: Path) -> None:
    asked, counting = prompts(30), Counting()
    with closing(asker(server, tmp_path, progress=counting)) as model:
        answers = model.ask([*asked, *asked[:5]], CODES)
        again = model.ask(asked[::-1], CODES)
    assert answers.method == "logprobs"
    assert not answers.failures
    np.testing.assert_allclose(np.exp(answers.logits[:30]), [expected(prompt) for prompt in asked], atol=1e-9)
    np.testing.assert_allclose(answers.mass, 0.9)
    np.testing.assert_array_equal(answers.logits[30:], answers.logits[:5])
    np.testing.assert_array_equal(again.logits, answers.logits[:30][::-1])
    assert len(server.requests) == 30
    assert counting.done == 65


def test_nothing_to_ask(server: LlmServer, tmp_path: Path) -> None:
    with closing(asker(server, tmp_path)) as model:
        answers = model.ask([], CODES)
    assert answers.logits.shape == (0, 3)
    assert not server.requests


def test_a_server_without_log_probabilities_is_asked_for_samples(tmp_path: Path) -> None:
    with LlmServer(logprobs=False) as server, closing(asker(server, tmp_path, AskSettings(samples=6))) as model:
        answers = model.ask(prompts(4), CODES)
        seeds = Counter(body["seed"] for body in server.requests)
    assert answers.method == "samples"
    assert not answers.failures
    assert len(server.requests) == 1 + 4 * 6  # one that tried
    assert seeds == Counter({0: 5} | dict.fromkeys(range(1, 6), 4))
    # Shares of the samples that can be read and of one more, spread over the codes: nothing else can come out.
    readable = answers.mass * 6
    drawn = np.exp(answers.logits) * (readable + 1)[:, None] - 1 / 3
    np.testing.assert_allclose(readable, readable.round(), atol=1e-9)
    np.testing.assert_allclose(drawn, drawn.round(), atol=1e-9)


@pytest.mark.parametrize("status", [400, 422])
def test_a_server_that_refuses_log_probabilities_is_asked_for_samples(
    status: int, server: LlmServer, tmp_path: Path
) -> None:
    server.script(fails(status, "logprobs are not supported with this model"))
    with closing(asker(server, tmp_path, AskSettings(samples=2))) as model:
        answers = model.ask(prompts(3), CODES)
    assert answers.method == "samples"
    assert len(server.requests) == 1 + 3 * 2
    assert not any("logprobs" in body for body in server.requests[1:])


def test_one_answer_without_log_probabilities_is_made_up_for_by_samples(server: LlmServer, tmp_path: Path) -> None:
    server.rule = only(well(logprobs=False), 2)
    with closing(asker(server, tmp_path, AskSettings(samples=3))) as model:
        answers = model.ask(prompts(5), CODES)
    assert answers.method == "logprobs"
    assert not answers.failures
    assert len(server.requests) == 5 + 3
    assert answers.mass[2] != pytest.approx(0.9)


def test_only_log_probabilities_were_wanted_and_none_come(tmp_path: Path) -> None:
    with LlmServer(logprobs=False) as server, closing(asker(server, tmp_path, AskSettings(method="logprobs"))) as model:
        with pytest.raises(TeacherError, match="gives no log-probabilities; ask with --method samples"):
            model.ask(prompts(50), CODES)
        assert len(server.requests) == 1  # found before many were paid for


def test_only_log_probabilities_were_wanted_and_one_answer_has_none(server: LlmServer, tmp_path: Path) -> None:
    server.rule = only(well(logprobs=False), 1)
    with closing(asker(server, tmp_path, AskSettings(method="logprobs"))) as model:
        answers = model.ask(prompts(3), CODES)
    assert [(failure.row, failure.reason) for failure in answers.failures] == [
        (1, "the answer holds no log-probabilities")
    ]
    assert len(server.requests) == 3


def test_percentages_that_the_model_writes(server: LlmServer, tmp_path: Path) -> None:
    server.rule = lambda *_: says('{"0": 10, "1": 20, "2": 70}')
    with closing(asker(server, tmp_path, AskSettings(method="verbalised"))) as model:
        answers = model.ask(prompts(2), CODES)
    assert answers.method == "verbalised"
    np.testing.assert_allclose(np.exp(answers.logits), [[0.1, 0.2, 0.7]] * 2)
    assert all("JSON" in body["messages"][-1]["content"] for body in server.requests)


@pytest.mark.parametrize("said", ["I cannot score students.", "7", "", "x" * 500])
def test_what_is_no_score_is_paid_for_once_and_listed(said: str, server: LlmServer, tmp_path: Path) -> None:
    server.rule = only(says(said), 1)
    for _ in range(2):
        with closing(asker(server, tmp_path)) as model:
            answers = model.ask(prompts(3), CODES)
        assert [failure.row for failure in answers.failures] == [1]
        assert answers.failures[0].reason.startswith(f"no score in the answer: {said[:20]!r}"[:-1])
        assert len(answers.failures[0].reason) < 100
    assert len(server.requests) == 3


def test_samples_of_which_some_are_no_score(server: LlmServer, tmp_path: Path) -> None:
    server.script(says("2"), says("no"), says("2"), says("2"))
    with closing(asker(server, tmp_path, AskSettings(method="samples", samples=4, workers=1))) as model:
        answers = model.ask(prompts(1), CODES)
    assert answers.mass.tolist() == [0.75]
    np.testing.assert_allclose(np.exp(answers.logits[0]), np.array([1, 1, 10]) / 12)


# What goes wrong.


CHARGED = [cut(begun=True), malformed(), sends("")]
"""The server says that all is well, and may charge for it."""


@pytest.mark.parametrize(
    "trouble", [busy(), broken(500), broken(503), cut(begun=False), *CHARGED],
    ids=["429", "500", "503", "cut", "cut in the middle", "malformed", "empty"],
)  # fmt: skip
def test_what_passes_is_lived_through(trouble: Behaviour, server: LlmServer, tmp_path: Path) -> None:
    server.rule = only(trouble, *range(0, 12, 2), times=1)
    with closing(asker(server, tmp_path)) as model:
        answers = model.ask(prompts(12), CODES)
        assert not answers.failures
        charged = 6 if trouble in CHARGED else 0
        assert model.provenance()["calls"] == str(12 + charged)
    assert sum(server.answered.values()) == 12
    assert max(server.answered.values()) == 1


def test_what_fails_to_the_last_try_is_asked_once_more_when_the_others_are_done(
    server: LlmServer, tmp_path: Path
) -> None:
    server.rule = only(broken(), 3, times=NO_WAIT.attempts)
    counting = Counting()
    with closing(asker(server, tmp_path, progress=counting)) as model:
        answers = model.ask(prompts(8), CODES)
    assert not answers.failures
    last = str(server.requests[-1]["messages"][-1]["content"])
    assert "Answer 3." in last
    assert counting.done == 8


def test_what_fails_is_listed_and_asked_by_the_next_run_alone(server: LlmServer, tmp_path: Path) -> None:
    server.rule = only(broken(), 1, 4)
    counting = Counting()
    with closing(asker(server, tmp_path, progress=counting)) as model:
        answers = model.ask(prompts(6), CODES)
    assert [failure.row for failure in answers.failures] == [1, 4]
    assert all("HTTP 500" in failure.reason for failure in answers.failures)
    assert np.isnan(answers.logits[[1, 4]]).all()
    assert np.isnan(answers.mass[[1, 4]]).all()
    assert counting.done == 6
    before = len(server.requests)
    server.rule = lambda *_: None
    with closing(asker(server, tmp_path)) as model:
        assert not model.ask(prompts(6), CODES).failures
    assert len(server.requests) == before + 2


def test_too_long_a_prompt_fails_alone_and_is_named(tmp_path: Path) -> None:
    long = Prompt("You score.", "word " * 3000, "Score:")
    with LlmServer(context=1000) as server, closing(asker(server, tmp_path)) as model:
        answers = model.ask([long, *prompts(4)], CODES)
    assert [failure.row for failure in answers.failures] == [0]
    assert "longer than the context length of tiny" in answers.failures[0].reason
    assert len(server.requests) == 4 + 2  # to see what the server gives, and for its score; it will not get shorter


def test_a_wrong_key_ends_the_run_at_once_and_is_not_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POCKETSCORE_API_KEY", "sk-wrong-key-123456")
    with LlmServer(key="sk-right-key-123456") as server, closing(asker(server, tmp_path)) as model:
        with pytest.raises(TeacherError, match="refuses the key") as caught:
            model.ask(prompts(20), CODES)
        assert not server.requests
    assert "sk-wrong" not in str(caught.value)


def test_the_key_stands_in_no_receipt_answer_or_provenance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = "sk-right-key-123456"
    monkeypatch.setenv("POCKETSCORE_API_KEY", key)
    with LlmServer(key=key) as server, closing(asker(server, tmp_path)) as model:
        server.script(well(), fails(400, f"what is {key}?"))
        answers = model.ask(prompts(3), CODES)
        said = repr((answers, model.provenance(), model))
        assert server.headers[-1]["authorization"] == f"Bearer {key}"
    assert len(answers.failures) == 1
    assert key not in said
    assert not [path for path in tmp_path.iterdir() if key.encode() in path.read_bytes()]


def test_an_unknown_model_ends_the_run(tmp_path: Path) -> None:
    with LlmServer(models=("other",)) as server, closing(asker(server, tmp_path)) as model:
        with pytest.raises(TeacherError, match=r"no model 'tiny'.*offers other"):
            model.ask(prompts(20), CODES)
        assert len(server.requests) <= 1


def test_a_dead_server_ends_the_run_and_what_was_done_is_kept(server: LlmServer, tmp_path: Path) -> None:
    server.rule = only(broken(), *range(20, 10**4))
    with closing(asker(server, tmp_path, breaker=Breaker(6))) as model:
        with pytest.raises(TeacherError, match="6 times in a row"):
            model.ask(prompts(1000), CODES)
        done = int(model.provenance()["calls"])
    assert 0 < done <= 20
    assert len(server.requests) < 20 + 6 + 3 * AskSettings().workers
    server.rule = lambda *_: None
    before = len(server.requests)
    with closing(asker(server, tmp_path)) as model:
        assert not model.ask(prompts(40), CODES).failures
    assert len(server.requests) == before + 40 - done


def test_a_server_that_is_gone(tmp_path: Path) -> None:
    with LlmServer() as server, closing(asker(server, tmp_path, breaker=Breaker(3))) as model:
        server.stop()
        with pytest.raises(TeacherError, match="in a row"):
            model.ask(prompts(5), CODES)


def test_a_receipt_that_cannot_be_written_ends_the_run(
    server: LlmServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OutputError("receipts cannot be written: disk full", "free some space")

    with closing(asker(server, tmp_path)) as model:
        monkeypatch.setattr(Receipts, "put", full)
        with pytest.raises(OutputError, match="disk full"):
            model.ask(prompts(30), CODES)
    assert len(server.requests) <= 1 + AskSettings().workers


def test_an_interruption_keeps_what_is_under_way_and_the_model_can_be_asked_again(
    server: LlmServer, tmp_path: Path
) -> None:
    server.rule = lambda *_: well(after_s=0.02)

    class Impatient(Counting):
        def advance(self, steps: int = 1) -> None:
            super().advance(steps)
            if self.done == 10:
                os.kill(os.getpid(), signal.SIGINT)

    asked = prompts(60)
    with closing(asker(server, tmp_path, progress=Impatient())) as model:
        with pytest.raises(KeyboardInterrupt):
            model.ask(asked, CODES)
        begun = len(server.requests)
        assert begun < 60
        assert model.provenance()["calls"] == str(begun)
        assert not [thread for thread in threading.enumerate() if thread.name.startswith("ask")]
        answers = model.ask(asked, CODES)
    assert not answers.failures
    assert len(server.requests) == 60


def test_an_interruption_ends_the_samples_of_a_prompt_too(server: LlmServer, tmp_path: Path) -> None:
    def at_the_tenth(*_: object) -> Behaviour:
        if len(server.requests) == 10:
            os.kill(os.getpid(), signal.SIGINT)
        return well(after_s=0.02)

    server.rule = at_the_tenth
    with closing(asker(server, tmp_path, AskSettings(method="samples", samples=100, workers=2))) as model:
        with pytest.raises(KeyboardInterrupt):
            model.ask(prompts(2), CODES)
        assert model.provenance()["calls"] == str(len(server.requests))
    assert len(server.requests) < 40


def test_an_interruption_does_not_wait_out_what_the_server_asks_for(server: LlmServer, tmp_path: Path) -> None:
    access = AccessSettings(receipts=tmp_path)
    server.rule = only(busy("60"), *range(4, 99))

    class Impatient(Silent):
        def advance(self, steps: int = 1) -> None:
            raise KeyboardInterrupt(f"after {steps}")

    model = remote_model(f"{server.url}/tiny", LanguageSettings(access=access), tmp_path, Impatient())
    start = time.monotonic()
    with closing(model), pytest.raises(KeyboardInterrupt):
        model.ask(prompts(12), CODES)
    assert time.monotonic() - start < 30  # not 60


def test_another_name_for_the_limit(server: LlmServer, tmp_path: Path) -> None:
    message = (
        "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
    )
    refuse = fails(400, message, "unsupported_parameter")

    async def picky(server: LlmServer, body: Body) -> Response:
        return await (refuse if "max_tokens" in body else well())(server, body)

    server.rule = lambda *_: picky
    for _ in range(2):
        with closing(asker(server, tmp_path)) as model:
            assert not model.ask(prompts(10), CODES).failures
    assert len(server.requests) <= 10 + AskSettings().workers
    assert all(body.get("max_tokens") or body["max_completion_tokens"] == 16 for body in server.requests)


# Money.


def cost_of(folder: Path) -> tuple[int, float]:
    with Receipts(folder / "receipts.sqlite") as receipts:
        return receipts.spent().calls, receipts.spent().cost


@pytest.mark.parametrize("workers", [1, 4, 9])
def test_a_limit_of_calls_is_used_up_and_never_passed(workers: int, server: LlmServer, tmp_path: Path) -> None:
    ask = AskSettings(workers=workers)
    for limit, run in ((7, 30), (7, 30), (12, 30), (100, 30)):
        with closing(asker(server, tmp_path, ask, Budget(max_calls=limit), price=None)) as model:
            answers = model.ask(prompts(run), CODES)
        assert len(server.requests) == min(limit, run)
        assert Counter(failure.reason for failure in answers.failures) == Counter({OVER_BUDGET: run - min(limit, run)})
    assert max(server.answered.values()) == 1


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(limit=st.integers(0, 20_000), workers=st.integers(1, 8), chance=st.integers(0, 5))
def test_a_limit_in_dollars_is_never_passed(
    limit: int, workers: int, chance: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Whatever fails on the way, and with as many calls under way as there are workers."""
    folder, price = tmp_path_factory.mktemp("money"), Price(100.0, 400.0)
    with LlmServer() as server:
        server.rule = lambda prompt, times: broken() if times == 1 and len(prompt) % 6 < chance else None
        for part in (0.5, 1.0):
            budget = Budget(max_cost=limit * part / 1e4)
            with closing(asker(server, folder, AskSettings(workers=workers), budget, price)) as model:
                answers = model.ask(prompts(40), CODES)
            calls, cost = cost_of(folder)
            assert cost <= limit * part / 1e4
            assert calls == sum(server.answered.values()) == 40 - len(answers.failures)
            bound = price.of(600, 16)  # most that one of these calls can cost
            assert not answers.failures or cost > limit * part / 1e4 - bound
            assert {failure.reason for failure in answers.failures} <= {OVER_BUDGET}


def test_a_budget_of_nothing_still_gives_what_receipts_hold(server: LlmServer, tmp_path: Path) -> None:
    price = Price(1.0, 1.0)
    with closing(asker(server, tmp_path, price=price)) as model:
        model.ask(prompts(3), CODES)
    with closing(asker(server, tmp_path, budget=Budget(max_cost=0.0), price=price)) as model:
        answers = model.ask(prompts(5), CODES)
    assert [failure.row for failure in answers.failures] == [3, 4]
    assert len(server.requests) == 3


def test_receipts_tell_tokens_cost_and_settings(server: LlmServer, tmp_path: Path) -> None:
    with closing(asker(server, tmp_path, price=Price(2.0, 8.0))) as model:
        model.ask(prompts(1), CODES)
        assert model.provenance()["cost"].endswith("dollars at 2/8")
    (body,) = server.requests
    with Receipts(tmp_path / "receipts.sqlite") as receipts:
        (receipt,) = receipts
    usage = json.loads(receipt.raw)["usage"]
    assert (receipt.prompt_tokens, receipt.completion_tokens) == (usage["prompt_tokens"], usage["completion_tokens"])
    assert receipt.cost == pytest.approx((2 * usage["prompt_tokens"] + 8 * usage["completion_tokens"]) / 1e6)
    assert json.loads(receipt.prompt) == body["messages"]
    assert {**json.loads(receipt.settings), "model": receipt.model, "messages": body["messages"]} == body
    assert "prompt" in receipt.version
    assert receipt.made_at.endswith("+00:00")


def test_an_uncounted_answer_has_an_estimated_cost_and_no_tokens(server: LlmServer, tmp_path: Path) -> None:
    server.rule = lambda *_: sends('{"choices": [{"message": {"content": "1"}}]}')
    with closing(asker(server, tmp_path, AskSettings(method="samples", samples=1), price=Price(2.0, 8.0))) as model:
        model.ask(prompts(1), CODES)
    with Receipts(tmp_path / "receipts.sqlite") as receipts:
        (receipt,) = receipts
    assert receipt.prompt_tokens is receipt.completion_tokens is None
    assert receipt.cost is not None
    assert receipt.cost > 0


def test_an_unknown_price_is_an_unknown_cost(server: LlmServer, tmp_path: Path) -> None:
    with closing(asker(server, tmp_path, price=None)) as model:
        model.ask(prompts(1), CODES)
        assert model.provenance()["cost"] == "unknown"
    with Receipts(tmp_path / "receipts.sqlite") as receipts:
        assert [receipt.cost for receipt in receipts] == [None]


USELESS = '{"choices": [], "usage": {"prompt_tokens": 500, "completion_tokens": 1}}'


def test_tries_that_may_be_charged_for_use_up_a_limit_of_calls_in_this_run_and_later(
    server: LlmServer, tmp_path: Path
) -> None:
    """Answers without use, and none in time."""
    server.rule = lambda prompt, _: sends(USELESS) if "Answer 1" in prompt else well(after_s=30)
    patient = Retry(attempts=10, base_s=0.0, most_s=0.0)
    for limit in (5, 5, 7):
        receipts = Receipts(tmp_path / "receipts.sqlite")
        client = Client(Endpoint.parse(f"{server.url}/tiny"), patient, Breaker(1000), timeout_s=0.2)
        meter = Meter(Budget(max_calls=limit), None, Ledger.of(receipts))
        with closing(RemoteModel(client, receipts, meter, AskSettings(workers=2))) as model:
            answers = model.ask(prompts(4), CODES)
            assert model.provenance()["calls"] == str(limit)
        assert {failure.reason for failure in answers.failures} == {OVER_BUDGET}
        assert len(server.requests) == limit


def test_a_useless_answer_costs_what_the_server_says_and_a_late_one_the_most(server: LlmServer, tmp_path: Path) -> None:
    server.script(sends(USELESS), malformed(), well(after_s=30))
    receipts, price = Receipts(tmp_path / "receipts.sqlite"), Price(1.0, 1000.0)
    client = Client(Endpoint.parse(f"{server.url}/tiny"), Retry(9, 0.0, 0.0), timeout_s=0.3)
    (prompt,) = prompts(1)
    (call,) = calls_for(prompt, CODES, "logprobs", client.endpoint, AskSettings())
    with closing(RemoteModel(client, receipts, Meter(Budget(), price, Ledger.of(receipts)), AskSettings())) as model:
        assert not model.ask([prompt], CODES).failures
        useless, broken_off, late, good = receipts
        assert useless.cost == price.of(500, 1)
        assert broken_off.cost == late.cost == price.of(call.most_tokens, 16)
        assert (useless.raw, late.raw, good.key) == (USELESS, "", call.key)
        assert broken_off.raw.startswith('{"id"')
        assert len({receipt.key for receipt in receipts}) == 4
        cost = sum(receipt.cost or 0.0 for receipt in receipts)
        assert model.provenance()["cost"] == f"{cost:.4f} dollars at 1/1000"
        model.ask([prompt], CODES)
    assert len(server.requests) == 4


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(limit=st.integers(0, 40), workers=st.integers(1, 6), useless=st.integers(1, 5))
def test_no_limit_of_calls_is_passed_by_tries_without_use(
    limit: int, workers: int, useless: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("calls")
    with LlmServer() as server:
        server.rule = lambda prompt, times: malformed() if times == 1 and len(prompt) % 6 < useless else None
        with closing(asker(server, folder, AskSettings(workers=workers), Budget(max_calls=limit), None)) as model:
            answers = model.ask(prompts(25), CODES)
        assert len(server.requests) == cost_of(folder)[0] <= limit
        assert not answers.failures or len(server.requests) == limit


def test_a_server_of_this_machine_that_may_pass_calls_on_needs_a_price_for_a_limit(
    server: LlmServer, tmp_path: Path
) -> None:
    name = f"{server.url}/tiny"

    def opened(folder: str, **access: object) -> RemoteModel:
        settings = LanguageSettings(access=AccessSettings(**access))  # type: ignore[arg-type]
        return remote_model(name, settings, tmp_path / folder, Silent())

    with pytest.raises(InputError, match="0/0 where nobody is charged"):
        opened("a", max_cost=0.0)
    with closing(opened("a", max_cost=0.0, price="0/0")) as model:
        assert not model.ask(prompts(2), CODES).failures
    with closing(opened("b", max_cost=0.0, price="1/1")) as model:
        assert [failure.kind for failure in model.ask(prompts(2), CODES).failures] == ["budget"] * 2
    with closing(opened("c", max_calls=2)) as model:
        model.ask(prompts(2), CODES)
        assert model.provenance()["cost"] == "0.0000 dollars at 0/0"
    assert cost_of(tmp_path / "c") == (2, 0.0)


def test_earlier_calls_of_which_no_price_was_known_count_towards_a_later_limit(
    server: LlmServer, tmp_path: Path
) -> None:
    name = f"{server.url}/tiny"
    with closing(remote_model(name, LanguageSettings(), tmp_path, Silent())) as model:
        model.ask(prompts(5), CODES)
    spent = cost_of_model_at("1000/0", name, tmp_path)
    assert spent > 0
    assert cost_of(tmp_path) == (5, 0.0)
    for max_cost, answered in ((spent, 5), (spent + 0.4, 6)):
        access = AccessSettings(price="1000/0", max_cost=max_cost)
        assert remote_spent(name, LanguageSettings(access=access), tmp_path).cost >= spent
        with closing(remote_model(name, LanguageSettings(access=access), tmp_path, Silent())) as model:
            answers = model.ask(prompts(20), CODES)
            assert float(model.provenance()["cost"].split()[0]) <= max_cost + 1e-4
        assert len(server.requests) >= answered
        assert {failure.reason for failure in answers.failures} == {OVER_BUDGET}
        assert remote_spent(name, LanguageSettings(access=access), tmp_path).cost <= max_cost


def cost_of_model_at(price: str, name: str, folder: Path) -> float:
    with Receipts(folder / "receipts.sqlite") as receipts:
        return cost_of_model(receipts, Endpoint.parse(name), Price.parse(price))


def test_two_models_of_one_process_share_a_folder_and_its_limits(tmp_path: Path) -> None:
    with LlmServer(models=("tiny", "other")) as server:
        language = LanguageSettings(access=AccessSettings(max_calls=10))
        first, second = (
            remote_model(f"{server.url}/{name}", language, tmp_path, Silent()) for name in ("tiny", "other")
        )
        assert not first.ask(prompts(7), CODES).failures
        assert len(second.ask(prompts(7), CODES).failures) == 4
        assert (first.provenance()["calls"], second.provenance()["calls"]) == ("7", "3")
        first.close()
        assert not second.ask(prompts(3), CODES).failures  # from receipts, which are still open
        assert second.plan(prompts(7), CODES).known == 3
        second.close()
        assert len(server.requests) == 10
    assert cost_of(tmp_path)[0] == 10


def test_provenance_leaves_out_what_other_models_were_asked(tmp_path: Path) -> None:
    with LlmServer(models=("tiny", "other")) as server:
        for name, asked in (("tiny", 3), ("other", 2)):
            with closing(remote_model(f"{server.url}/{name}", LanguageSettings(), tmp_path, Silent())) as model:
                model.ask(prompts(asked), CODES)
                read = sum(json.loads(receipt.raw)["usage"]["prompt_tokens"] for receipt in of(tmp_path, name))
                assert model.provenance()["calls"] == str(asked)
                assert model.provenance()["tokens"] == f"{read} in, {asked} out"
    assert cost_of(tmp_path)[0] == 5


def of(folder: Path, name: str) -> list[Receipt]:
    with merged(folder) as receipts:
        return [receipt for receipt in receipts if receipt.model == name]


@pytest.mark.parametrize("trouble", [well(logprobs=False), fails(400, "logprobs is not supported")])
def test_a_plan_knows_what_the_first_answer_showed(trouble: Behaviour, server: LlmServer, tmp_path: Path) -> None:
    """Also where a refusal left no receipt."""
    with closing(asker(server, tmp_path, AskSettings(samples=4))) as model:
        before = model.plan(prompts(10), CODES)
        server.script(trouble)
        model.ask(prompts(1), CODES)
        after = model.plan(prompts(10), CODES)
        asked = len(server.requests)
        model.ask(prompts(10), CODES)
    assert (before.method, before.calls) == ("logprobs", 10)
    assert (after.method, after.calls, after.known) == ("samples", 36, 1)
    assert len(server.requests) - asked == 36


def test_a_refusal_in_prose_makes_no_plan_dearer(server: LlmServer, tmp_path: Path) -> None:
    server.rule = lambda prompt, _: sends(PROSE) if "Answer 0." in prompt else None
    language = LanguageSettings()
    with closing(remote_model(f"{server.url}/tiny", language, tmp_path, Silent())) as model:
        assert len(model.ask(prompts(3), CODES).failures) == 1
        assert model.plan(prompts(9), CODES).calls == 6
    found = remote_plan(f"{server.url}/tiny", language, tmp_path, prompts(9), CODES)
    assert (found.method, found.calls) == ("logprobs", 6)


PROSE = '{"choices": [{"message": {"content": "I would rather not."}}]}'


@pytest.mark.parametrize(
    ("trouble", "kind"),
    [
        (says("I cannot."), "answer"),
        (says(" "), "cut"),
        (sends('{"choices": [{"message": {"content": "Let us see"}, "finish_reason": "length"}]}'), "cut"),
        (sends('{"choices": [{"message": {"content": null}, "finish_reason": "length"}]}'), "cut"),
        (fails(400, "maximum context length is 512 tokens"), "context"),
        (fails(500, "context deadline exceeded"), "later"),
        (fails(400, "In this context I cannot say."), "request"),
        (malformed(), "later"),
    ],
)
@pytest.mark.parametrize("method", ["auto", "samples", "verbalised"])
def test_failures_say_for_programs_what_they_are(
    trouble: Behaviour, kind: str, method: str, server: LlmServer, tmp_path: Path
) -> None:
    server.rule = only(trouble, 1)
    server.think = lambda prompt: guess(prompt) if method != "verbalised" else {'{"0": 100}': 1.0}
    ask = AskSettings(method=method, samples=1)  # type: ignore[arg-type]
    with closing(asker(server, tmp_path, ask)) as model:
        answers = model.ask(prompts(3), CODES)
    assert [(failure.row, failure.kind) for failure in answers.failures] == [(1, kind)]


@pytest.mark.parametrize("place", ["top_logprobs", "content", "usage"])
def test_a_strange_answer_fails_its_row_alone(place: str, server: LlmServer, tmp_path: Path) -> None:
    strange = {
        "top_logprobs": '{"choices": [{"message": {"content": "1"}, "logprobs": {"content": [{"token": "1", "logprob": '
        '-0.1, "top_logprobs": 5}]}}]}',
        "content": '{"choices": [{"message": {"content": {"score": 1}}}]}',
        "usage": '{"choices": [{"message": {"content": "no"}}], "usage": {"prompt_tokens": 99999999999999999999999}}',
    }
    server.rule = only(sends(strange[place]), 1)
    with closing(asker(server, tmp_path)) as model:
        assert [failure.row for failure in model.ask(prompts(3), CODES).failures] == [1]


def test_a_key_that_a_server_repeats_as_json_stands_in_no_receipt(
    server: LlmServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POCKETSCORE_API_KEY", "sk-right/key-123456")
    spelt = r"sk-right\/key-123456"
    useless = f'{{"error": "{spelt}"}}'
    server.script(sends(useless), sends(useless), sends(f'{{"choices": [{{"message": {{"content": "{spelt}"}}}}]}}'))
    with closing(asker(server, tmp_path, AskSettings(workers=1))) as model:
        answers = model.ask(prompts(2), CODES)
        assert len(answers.failures) == 1
        assert "right" not in repr(answers)
    assert not [path for path in tmp_path.iterdir() if b"key-123456" in path.read_bytes()]


@pytest.mark.parametrize("method", ["auto", "samples", "verbalised"])
def test_a_plan_is_what_then_happens(method: str, server: LlmServer, tmp_path: Path) -> None:
    """Calls exactly; tokens within a half by rule, and within a tenth once receipts have corrected it."""
    ask = AskSettings(method=method, samples=3)  # type: ignore[arg-type]
    language = LanguageSettings(ask=ask, access=AccessSettings(price="1/4"))
    name, asked = f"{server.url}/tiny", [replace(prompt, user=prompt.user * 30) for prompt in prompts(20)]
    server.rule = lambda *_: says('{"0": 10, "1": 20, "2": 70}') if method == "verbalised" else None

    def spent() -> tuple[int, int]:
        read = sum(json.loads(raw)["usage"]["prompt_tokens"] for raw in raws(tmp_path))
        return len(raws(tmp_path)), read

    folder = tmp_path / "work"
    first = remote_plan(name, language, folder, asked, CODES)
    assert not folder.exists()
    assert not server.requests
    with closing(remote_model(name, language, folder, Silent())) as model:
        model.ask(asked[:10], CODES)
    second = remote_plan(name, language, folder, asked, CODES)
    middle = spent()
    with closing(remote_model(name, language, folder, Silent())) as model:
        assert not model.ask(asked, CODES).failures
    end = spent()
    assert (first.rows, first.known, second.known) == (20, 0, 10)
    assert first.calls == end[0]
    assert second.calls == end[0] - middle[0]
    assert first.prompt_tokens == pytest.approx(end[1], rel=0.5)
    assert second.prompt_tokens == pytest.approx(end[1] - middle[1], rel=0.1)
    assert second.cost == pytest.approx((second.prompt_tokens + 4 * second.completion_tokens) / 1e6)
    assert remote_plan(name, language, folder, asked, CODES).calls == 0


def raws(folder: Path) -> list[str]:
    with Receipts(folder / "work" / "receipts.sqlite") as receipts:
        return [receipt.raw for receipt in receipts]


# Opening.


def test_another_machine_must_be_allowed(tmp_path: Path) -> None:
    name = "https://example.org/v1/some-model"
    with pytest.raises(InputError, match="--allow-remote"):
        remote_model(name, LanguageSettings(), tmp_path / "work", Silent())
    assert not (tmp_path / "work").exists()
    remote_model(name, LanguageSettings(access=AccessSettings(allow_remote=True)), tmp_path / "work", Silent()).close()


def test_a_limit_in_dollars_without_a_price_leaves_receipts_free(tmp_path: Path) -> None:
    access = AccessSettings(allow_remote=True, max_cost=1.0)
    with pytest.raises(InputError, match="--price"):
        remote_model("https://example.org/v1/some-model", LanguageSettings(access=access), tmp_path, Silent())
    Receipts(tmp_path / "receipts.sqlite").close()


def test_workers_have_receipts_of_their_own_which_are_brought_together(server: LlmServer, tmp_path: Path) -> None:
    name, language = f"{server.url}/tiny", LanguageSettings()
    with closing(remote_model(name, language, tmp_path, Silent())) as model:
        model.ask(prompts(4), CODES)
    workers = [remote_model(name, language, tmp_path, Silent(), worker=worker) for worker in ("a", "b")]
    for worker, first in zip(workers, (0, 2), strict=True):
        worker.ask(prompts(8, first), CODES)
        worker.close()
    before = len(server.requests)
    with closing(remote_model(name, language, tmp_path, Silent())) as model:
        assert not model.ask(prompts(10), CODES).failures
    assert len(server.requests) == before


def test_two_threads_that_ask_the_same_pay_once(server: LlmServer, tmp_path: Path) -> None:
    with closing(asker(server, tmp_path)) as model:
        threads = [threading.Thread(target=model.ask, args=(prompts(10), CODES)) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
    assert len(server.requests) == 10
