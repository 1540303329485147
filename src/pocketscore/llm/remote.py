"""A language model behind an endpoint: asked by several calls at a time, never twice, never beyond the budget.

Each different prompt is one piece of work for one thread: get the answers to its calls, from receipts or from the
server, and read them. Whatever ends a run (a key that is refused, a dead server, an interruption) lets the calls under
way end and keeps their answers; the next run goes on there.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Generator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack, closing
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from pocketscore.errors import InputError, TeacherError
from pocketscore.llm.budget import Budget, Ledger, Meter, Plan, cost_of_model, plan
from pocketscore.llm.calls import Call, calls_for
from pocketscore.llm.client import Client
from pocketscore.llm.endpoint import Endpoint
from pocketscore.llm.model import Answers, Codes, Failure, FailureKind, Method, Prompt
from pocketscore.llm.prices import Price, listed_price, price_of
from pocketscore.llm.reading import Reading, code_of, from_logprobs, from_samples, from_words
from pocketscore.llm.receipts import Receipts, Spent, merged, of_worker
from pocketscore.llm.refusals import CallError
from pocketscore.llm.replies import Reply
from pocketscore.llm.retry import Breaker, Retry
from pocketscore.llm.settings import AccessSettings, AskSettings, LanguageSettings
from pocketscore.llm.till import NoScoreError, Till
from pocketscore.progress import Progress, Silent

_PASSES = 2  # what failed and may succeed later is asked once more when all the others are done
_PROBES = 3  # prompts asked one by one until one shows whether the server gives log-probabilities
_SHOWN = 60
Outcome = Reading | NoScoreError


class RemoteModel:
    """A `LanguageModel` behind an endpoint. Close it, and with it the client and the receipts.

    Args:
        client: Makes the calls.
        receipts: What was answered before, and where new answers are kept.
        meter: Says whether a call may begin.
        settings: How to ask.
        progress: Told about each finished prompt.
        halt: Set when a run ends early; the client's waits between tries should end with it.
    """

    def __init__(
        self,
        client: Client,
        receipts: Receipts,
        meter: Meter,
        settings: AskSettings,
        progress: Progress | None = None,
        halt: threading.Event | None = None,
    ) -> None:
        self._halt = halt or threading.Event()
        self._till = Till(client, receipts, meter, self._halt)
        self._settings = settings
        self._progress = progress or Silent()
        self._method: Method = "logprobs" if settings.method == "auto" else settings.method
        self._certain = self._method != "logprobs"
        self._one_at_a_time = threading.Lock()

    @property
    def name(self) -> str:
        """Endpoint and model."""
        return self._till.endpoint.name

    def close(self) -> None:
        """Close connections and receipts."""
        self._till.close()

    def plan(self, prompts: Sequence[Prompt], codes: Codes) -> Plan:
        """What asking would take; nothing is sent. The method is the one in force, once an answer has shown it."""
        till, settings = self._till, self._settings
        settings = replace(settings, method=self._method) if self._certain else settings
        return plan(prompts, codes, till.endpoint, settings, till.receipts, till.price)

    def provenance(self) -> Mapping[str, str]:
        """Model, settings, and what all its receipts add up to, not those of other models; no secrets."""
        till, drawn = self._till, self._settings
        spent = till.receipts.spent(till.endpoint)
        cost = None if till.price is None else cost_of_model(till.receipts, till.endpoint, till.price)
        how = f", {drawn.samples} at temperature {drawn.temperature:g}" if self._method == "samples" else ""
        return {
            "teacher": self.name,
            "method": self._method + how,
            "calls": str(spent.calls),
            "tokens": f"{spent.prompt_tokens} in, {spent.completion_tokens} out",
            "cost": "unknown" if cost is None else f"{cost:.4f} dollars at {till.price}",
        }

    def ask(self, prompts: Sequence[Prompt], codes: Codes) -> Answers:
        """Log-probabilities of the codes for each prompt. The same prompt is asked about once.

        A server that gives no log-probabilities is asked for samples where the method is "auto". Prompts that failed
        are among the failures; those that were not answered are asked again by the next run.

        Raises:
            TeacherError: When the model cannot be asked (wrong key, unknown model, dead server, no log-probabilities
                where nothing else may be read). What was answered is kept.
            OutputError: When receipts cannot be written.
        """
        with self._one_at_a_time:
            self._halt.clear()
            rows = Counter(prompts)
            self._choose_method(list(rows)[:_PROBES], codes)
            outcomes: dict[Prompt, Outcome] = {}
            for last in range(1, _PASSES + 1):
                with closing(self._pass([prompt for prompt in rows if prompt not in outcomes], codes)) as done:
                    for prompt, outcome in done:
                        if last == _PASSES or not _may_pass(outcome):
                            outcomes[prompt] = outcome
                            self._progress.advance(rows[prompt])
        return self._answers([outcomes[prompt] for prompt in prompts], codes)

    def _pass(self, prompts: Sequence[Prompt], codes: Codes) -> Generator[tuple[Prompt, Outcome]]:
        """Each prompt with its outcome, as they come. Left early, it waits for the calls under way."""
        with ThreadPoolExecutor(min(self._settings.workers, len(prompts)) or 1, "ask") as pool:
            work = {pool.submit(self._outcome, prompt, codes): prompt for prompt in prompts}
            try:
                for done in as_completed(work):
                    yield work[done], done.result()
            except BaseException:
                self._halt.set()
                pool.shutdown(cancel_futures=True)
                raise

    def _outcome(self, prompt: Prompt, codes: Codes) -> Outcome:
        try:
            return self._read(prompt, codes)
        except NoScoreError as error:
            return error

    def _answers(self, outcomes: Sequence[Outcome], codes: Codes) -> Answers:
        logits, mass = np.full((len(outcomes), len(codes)), np.nan), np.full(len(outcomes), np.nan)
        failures = []
        for row, outcome in enumerate(outcomes):
            if isinstance(outcome, Reading):
                logits[row], mass[row] = outcome.log_probabilities, outcome.mass
            else:
                failures.append(Failure(row, outcome.reason, outcome.kind))
        return Answers(logits, mass, self._method, tuple(failures))

    def _choose_method(self, prompts: Sequence[Prompt], codes: Codes) -> None:
        """Find with one answer, before many are paid for, whether the server gives log-probabilities."""
        for prompt in () if self._certain else prompts:
            try:
                reading = self._by_logprobs(prompt, codes)
            except NoScoreError:
                continue  # this prompt does not show it
            if reading is None and self._settings.method == "logprobs":
                raise TeacherError(
                    f"{self.name} gives no log-probabilities", "ask with --method samples, or serve the model otherwise"
                )
            if reading is None:
                self._method = "samples"
            self._certain = True
            return

    def _read(self, prompt: Prompt, codes: Codes) -> Reading:
        """The score of a prompt. Raises NoScoreError."""
        if self._method == "verbalised":
            (reply,) = self._replies(prompt, codes, "verbalised")
            return _found(from_words(reply.contents[0], codes), reply)
        reading = self._by_logprobs(prompt, codes) if self._method == "logprobs" else None
        if reading is not None:
            return reading
        if self._settings.method == "logprobs":
            raise NoScoreError("the answer holds no log-probabilities", "answer")
        replies = self._replies(prompt, codes, "samples")
        return _found(from_samples([reply.contents[0] for reply in replies], codes), replies[0])

    def _by_logprobs(self, prompt: Prompt, codes: Codes) -> Reading | None:
        """What log-probabilities say, None where the server gives none. Raises NoScoreError."""
        (call,) = self._calls(prompt, codes, "logprobs")
        try:
            reply = self._till.reply(call)
        except NoScoreError as error:
            if error.kind == "logprobs":
                return None
            raise
        reading = from_logprobs(reply, codes)
        if code_of(reply.contents[0], codes) is None:
            return _found(reading, reply)
        return reading

    def _replies(self, prompt: Prompt, codes: Codes, method: Method) -> list[Reply]:
        return [self._till.reply(call) for call in self._calls(prompt, codes, method)]

    def _calls(self, prompt: Prompt, codes: Codes, method: Method) -> tuple[Call, ...]:
        return calls_for(prompt, codes, method, self._till.endpoint, self._settings)


def _may_pass(outcome: Outcome) -> bool:
    return isinstance(outcome, NoScoreError) and outcome.kind == "later"


def _found(reading: Reading | None, reply: Reply) -> Reading:
    """A reading, if there is one. An answer that is empty, or cut off by its limit, had no room for a score."""
    if reading is not None:
        return reading
    content = reply.contents[0]
    limited = reply.finish == "length"
    kind: FailureKind = "cut" if limited or not content.strip() else "answer"
    shown = content if len(content) <= _SHOWN else f"{content[: _SHOWN - 1]}…"
    raise NoScoreError(f"no score in the answer{', which was cut off' if limited else ''}: {shown!r}", kind)


def remote_model(
    name: str, settings: LanguageSettings, folder: Path, progress: Progress, worker: str = ""
) -> RemoteModel:
    """The model that an endpoint's address names, ready to be asked.

    Args:
        name: As `Endpoint.parse` takes it.
        settings: How it is asked, and what may leave the machine.
        folder: Of the receipts.
        progress: Told about each finished prompt.
        worker: Where several processes ask: what names this one. It has a file of receipts of its own, and its limits
            are its own: whoever starts several gives each a part.

    Raises:
        InputError: For an address that cannot be used, or on another machine that was not allowed; for a limit in
            dollars without a price; for receipts that are in use or damaged.
        MissingExtraError: Without httpx.
    """
    endpoint = Endpoint.parse(name)
    if not endpoint.local and not settings.access.allow_remote:
        raise InputError(
            f"{endpoint.name} is on another machine, and students' answers would be sent to it",
            "add --allow-remote where that is allowed, and --scrub to take out what names a student",
        )
    price, ask, halt = _price(endpoint, settings.access), settings.ask, threading.Event()
    with ExitStack() as opened:
        receipts = of_worker(folder, worker) if worker else merged(folder)
        opened.callback(receipts.close)
        ledger = _ledger(receipts, endpoint, settings.access, price)
        meter = Meter(Budget(settings.access.max_cost, settings.access.max_calls), price, ledger)
        retry, wait = Retry(attempts=ask.attempts), partial(_wait, halt)
        breaker = Breaker(max(20, 4 * ask.workers))  # a short outage hits every call under way a few times
        client = Client(endpoint, retry, breaker, timeout_s=ask.timeout_s, seed=ask.seed, sleep=wait)
        opened.pop_all()
    return RemoteModel(client, receipts, meter, ask, progress, halt)


def remote_plan(name: str, settings: LanguageSettings, folder: Path, prompts: Sequence[Prompt], codes: Codes) -> Plan:
    """What asking would take, from the receipts that are there; nothing is sent.

    Args:
        name: As `Endpoint.parse` takes it.
        settings: How it would be asked.
        folder: Of the receipts; left alone when there are none.
        prompts: What would be asked.
        codes: Codes of the score points.

    Raises:
        InputError: For an address or a price that cannot be used, or receipts that are in use or damaged.
    """
    endpoint = Endpoint.parse(name)
    price = _price(endpoint, settings.access)
    if not any(folder.glob("receipts*.sqlite")):
        return plan(prompts, codes, endpoint, settings.ask, None, price)
    with merged(folder) as receipts:
        return plan(prompts, codes, endpoint, settings.ask, receipts, price)


def remote_spent(name: str, settings: LanguageSettings, folder: Path) -> Spent:
    """What counts as spent towards the limits before anything is asked; nothing is sent. Raises as `remote_plan`."""
    endpoint = Endpoint.parse(name)
    with merged(folder) as receipts:
        ledger = _ledger(receipts, endpoint, settings.access, _price(endpoint, settings.access))
        return replace(receipts.spent(), cost=ledger.cost)


def _ledger(receipts: Receipts, endpoint: Endpoint, access: AccessSettings, price: Price | None) -> Ledger:
    ledger = Ledger.of(receipts)
    if price is not None and access.max_cost is not None:
        ledger.add_unpriced(receipts, endpoint, price)
    return ledger


def _price(endpoint: Endpoint, access: AccessSettings) -> Price | None:
    if access.price is not None:
        return Price.parse(access.price)
    return (price_of if access.max_cost is None else listed_price)(endpoint, access.prices)


def _wait(halt: threading.Event, seconds: float) -> None:
    """Wait between two tries of a call, unless the run ends meanwhile."""
    if halt.wait(seconds):
        raise CallError("stopped", "run the same command again", "later")
