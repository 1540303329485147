"""Calls to an endpoint: one question out, one answer back, failures told apart.

A `TeacherError` ends the run (wrong key, unknown model, dead server); a `CallError`, which is one too, concerns a
single call. Nothing that leaves this module, neither an error nor an answer, holds the key, however a server spells it.
"""

from __future__ import annotations

import html
import json
import random
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any

from pocketscore import __version__
from pocketscore.errors import MissingExtraError, TeacherError
from pocketscore.llm.endpoint import Endpoint
from pocketscore.llm.refusals import CallError, message_of, refusal, retried
from pocketscore.llm.replies import MalformedReplyError, Reply, parse_reply
from pocketscore.llm.retry import Breaker, Retry, asked_wait

if TYPE_CHECKING:
    import httpx

LARGEST_ANSWER = 1 << 24
"""Bytes that are read of an answer at most."""

_CONNECT_S = 10.0
_SHORTEST_SECRET = 8  # shorter keys are stand-ins such as EMPTY
_BUSY = 429
_BEFORE = r"\\{0,4}"  # backslashes
_CODED = r"\\{{1,4}}u{code:04x}|%(?:25){{0,2}}{code:02x}|&\#(?:x0*{code:x}|0*{code});"


@dataclass(frozen=True)
class Posted:
    """An answered call.

    Attributes:
        raw: The body of the answer as it came.
        reply: The same, read.
        seconds: From the question to its whole answer, without failed tries and waits.
    """

    raw: str
    reply: Reply
    seconds: float


@dataclass(frozen=True)
class Trouble:
    """A failed try that is worth another one.

    Attributes:
        problem: What went wrong, in plain words.
        asked_s: Seconds that the server asks to wait, None if it does not.
        alive: Whether the server only asks for patience.
        billed: Whether the server may have charged for it: it answered with success, or the whole question was sent
            and no answer came in time.
        raw: What came as a success and is no answer, '' when nothing did.
        seconds: As in `Posted`.
    """

    problem: str
    asked_s: float | None = None
    alive: bool = False
    billed: bool = False
    raw: str = ""
    seconds: float = 0.0


Tried = Posted | Trouble
"""What became of one try."""

Within = Callable[[Callable[[], Tried]], Tried]
"""What a try is made within: it is given the try, makes it, and returns what became of it."""


@dataclass(frozen=True)
class _Answer:
    status: int
    body: str
    retry_after: str | None

    @property
    def success(self) -> bool:
        return 200 <= self.status < 300


class _EndlessError(Exception):
    """An answer is longer than any answer."""


class Client:
    """Makes calls to one endpoint. Safe to share between threads; use it as a context manager or close it.

    Args:
        endpoint: Whom to ask.
        retry: When a failed call is made again.
        breaker: What stops a run whose server is dead; left out, one of its own.
        timeout_s: Seconds until a call counts as failed.
        seed: Of the waits between tries.
        sleep: What waits, for tests.

    Raises:
        InputError: When the key cannot be sent, see `Endpoint.key`.
        MissingExtraError: When httpx is not installed.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        retry: Retry | None = None,
        breaker: Breaker | None = None,
        timeout_s: float = 60.0,
        seed: int = 0,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.endpoint = endpoint
        self._retry = retry or Retry()
        self._breaker = breaker or Breaker()
        self._timeout_s = timeout_s
        self._chance = random.Random(seed)
        self._sleep = sleep
        self._http = _http(endpoint, timeout_s)

    def __enter__(self) -> Client:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def post(self, body: Mapping[str, Any], within: Within = lambda attempt: attempt()) -> Posted:
        """Ask for a chat completion, again after failures that may pass.

        Args:
            body: What to send, JSON-ready.
            within: What each try is made within; whatever it raises ends the call.

        Raises:
            CallError: When this call failed for good, or as often as `retry` allows.
            TeacherError: When no call can succeed.
        """
        sent = json.dumps(body)
        failures = 0
        while True:
            self._breaker.check(self.endpoint.name)
            outcome = within(partial(self._try, sent))
            if isinstance(outcome, Posted):
                self._breaker.succeeded()
                return outcome
            failures += 1
            last = failures == self._retry.attempts
            if last or not outcome.alive:
                self._breaker.failed(outcome.problem)
            if last:
                problem = f"{self.endpoint.name} failed {failures} times, at last: {outcome.problem}"
                raise CallError(problem, "ask again later", "later")
            self._sleep(self._retry.delay(failures, self._chance, outcome.asked_s))

    def models(self) -> tuple[str, ...]:
        """Names of the models that the server offers, () where it does not tell. Asks once.

        Raises:
            TeacherError: When the server cannot be reached, or refuses the key.
        """
        outcome = self._send("GET", "/models", None)
        if isinstance(outcome, Trouble):
            raise TeacherError(
                f"{self.endpoint.url} cannot be reached: {outcome.problem}", "check the address, and start the server"
            )
        # 403 says nothing of the key: some may chat and not list models.
        if outcome.status == 401 or 300 <= outcome.status < 400:
            raise refusal(self.endpoint, outcome.status, outcome.body, ())
        return _model_names(outcome) if outcome.status == 200 else ()

    def _try(self, sent: str) -> Tried:
        """One try. Raises what ends the call."""
        start = time.monotonic()
        outcome = self._send("POST", "/chat/completions", sent)
        seconds = time.monotonic() - start
        if isinstance(outcome, Trouble):
            return replace(outcome, seconds=seconds)
        if outcome.success:
            try:
                return Posted(outcome.body, parse_reply(outcome.body), seconds)
            except MalformedReplyError as error:
                return Trouble(error.problem, billed=True, raw=outcome.body, seconds=seconds)
        if retried(outcome.status, outcome.body):
            said = f"HTTP {outcome.status}: {message_of(outcome.body)}"
            return Trouble(said, asked_wait(outcome.retry_after), outcome.status == _BUSY, seconds=seconds)
        self._breaker.succeeded()  # it lives, and says what is wrong
        raise refusal(self.endpoint, outcome.status, outcome.body, self._offered(outcome.status))

    def _offered(self, status: int) -> tuple[str, ...]:
        """Models to name beside an unknown one."""
        if status not in (400, 404, 405, 422):
            return ()
        try:
            return self.models()
        except TeacherError:
            return ()

    def _send(self, method: str, path: str, content: str | None) -> _Answer | Trouble:
        """One exchange. Errors of httpx hold the request with its key, so none of them gets out of here."""
        import httpx

        deadline = time.monotonic() + self._timeout_s
        success = False
        try:
            with self._http.stream(method, f"{self.endpoint.url}{path}", content=content) as response:
                success = response.is_success
                body = _read(response, deadline)
                said = response.headers.get("location", body) if response.is_redirect else body
                return _Answer(response.status_code, self._hidden(said), response.headers.get("retry-after"))
        except (httpx.TimeoutException, TimeoutError) as error:
            sent = isinstance(error, httpx.ReadTimeout)
            return Trouble(f"no whole answer within {self._timeout_s:g} s", billed=success or sent)
        except _EndlessError:
            return Trouble(f"an answer of more than {LARGEST_ANSWER} bytes", billed=success)
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, UnicodeError) as error:
            problem = self._hidden(f"{type(error).__name__}: {error}")
        if "CERTIFICATE" in problem:
            raise TeacherError(f"{self.endpoint.url} shows no valid certificate ({message_of(problem)})", "check it")
        return Trouble(message_of(problem), billed=success)

    def _hidden(self, text: str) -> str:
        """A text in which a server repeats the key, without it."""
        key = self.endpoint.key() or ""
        return _spellings(key).sub("[key]", text) if len(key) >= _SHORTEST_SECRET else text


def _spellings(key: str) -> re.Pattern[str]:
    """Finds a key as it is, and as JSON, URLs and HTML may spell it, also JSON inside JSON."""
    signs = (
        rf"(?:{_BEFORE}{re.escape(sign)}|{re.escape(html.escape(sign))}|{_CODED.format(code=ord(sign))})"
        for sign in key
    )
    return re.compile("".join(signs), re.I)


def _http(endpoint: Endpoint, timeout_s: float) -> httpx.Client:
    """The connections. No proxy for this machine (it would carry answers off it), and no redirects anywhere."""
    try:
        import httpx
    except ImportError:
        raise MissingExtraError(
            "asking an endpoint needs httpx, which is not installed", "pip install 'pocketscore[llm]'"
        ) from None
    key = endpoint.key()
    headers = {"Content-Type": "application/json", "User-Agent": f"pocketscore/{__version__}"}
    return httpx.Client(
        headers=headers | ({"Authorization": f"Bearer {key}"} if key else {}),
        timeout=httpx.Timeout(timeout_s, connect=min(timeout_s, _CONNECT_S), pool=None),
        limits=httpx.Limits(max_connections=None, max_keepalive_connections=None),
        trust_env=not endpoint.local,
        follow_redirects=False,
    )


def _read(response: httpx.Response, deadline: float) -> str:
    """The whole body; endless and very slow ones are cut off, however steadily they drip."""
    parts: list[bytes] = []
    size = 0
    for part in response.iter_bytes():
        parts.append(part)
        size += len(part)
        if size > LARGEST_ANSWER:
            raise _EndlessError
        if time.monotonic() > deadline:
            raise TimeoutError
    return b"".join(parts).decode("utf-8", "replace")


def _model_names(answer: _Answer) -> tuple[str, ...]:
    try:
        found = json.loads(answer.body)
    except (ValueError, RecursionError):
        return ()
    listed = found.get("data") if isinstance(found, dict) else None
    names = [entry.get("id") for entry in listed if isinstance(entry, dict)] if isinstance(listed, list) else []
    return tuple(name for name in names if isinstance(name, str))
