"""Calls to an endpoint, on a server that misbehaves on order."""

from __future__ import annotations

import html
import json
import logging
import socket
import ssl
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from fastapi import Response

from llm_server import (
    Behaviour,
    LlmServer,
    always,
    broken,
    busy,
    cut,
    drips,
    fails,
    malformed,
    prompt_of,
    says,
    sends,
    well,
)
from pocketscore.errors import MissingExtraError, TeacherError
from pocketscore.llm import client as module
from pocketscore.llm.client import Client, Tried, Trouble
from pocketscore.llm.endpoint import KEY_VARIABLE, Endpoint
from pocketscore.llm.refusals import CallError
from pocketscore.llm.retry import Breaker, Retry

KEY = "sk-secret-0123456789"
QUICK = Retry(attempts=4, base_s=0.001, most_s=0.01)


@pytest.fixture(autouse=True)
def no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (KEY_VARIABLE, "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def shared() -> Iterator[LlmServer]:
    with LlmServer() as server:
        yield server


@pytest.fixture
def server(shared: LlmServer) -> LlmServer:
    shared.forget()
    return shared


def asking(server: LlmServer, model: str = "tiny", retry: Retry = QUICK, **options: Any) -> Client:  # noqa: ANN401
    return Client(Endpoint.parse(f"{server.url}/{model}"), retry, **options)


def body(prompt: str = "How many?", **settings: object) -> dict[str, object]:
    return {"model": "tiny", "messages": [{"role": "user", "content": prompt}], "temperature": 0} | settings


def test_a_good_answer_comes_back_raw_and_read(server: LlmServer) -> None:
    with asking(server) as client:
        posted = client.post(body(logprobs=True, top_logprobs=3))
    assert json.loads(posted.raw)["choices"][0]["message"]["content"] == posted.reply.contents[0]
    assert posted.reply.tops is not None
    assert posted.reply.tops[0][0].token == posted.reply.contents[0]
    assert posted.seconds > 0
    assert server.requests == [body(logprobs=True, top_logprobs=3)]


@pytest.mark.parametrize(
    "trouble",
    [
        busy(), busy(None), busy("soon"), broken(), broken(502), broken(503), fails(408, "late"), fails(409, "no"),
        malformed(), sends(""), sends("<html>"), sends('{"error": {"message": "overloaded"}}'), cut(), cut(begun=False),
    ],
)  # fmt: skip
def test_what_may_pass_is_asked_again(server: LlmServer, trouble: Behaviour) -> None:
    server.script(trouble, trouble)
    with asking(server) as client:
        assert client.post(body()).reply.contents[0] in "012"
    assert len(server.requests) == 3


@pytest.mark.parametrize("trouble", [well(after_s=30), drips()])
def test_an_answer_that_does_not_come_in_time_is_asked_again(server: LlmServer, trouble: Behaviour) -> None:
    server.script(trouble)
    start = time.monotonic()
    with asking(server, timeout_s=0.3) as client:
        assert client.post(body()).reply.contents[0] in "012"
    assert time.monotonic() - start < 10
    assert len(server.requests) == 2


def test_an_endless_answer_is_cut_off(server: LlmServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LARGEST_ANSWER", 10_000)
    answer = '{"choices": [{"message": {"content": "2"}}]}'
    server.script(sends(" " * 9_000 + answer), sends(" " * 10_000 + answer))
    with asking(server, retry=Retry(1)) as client:
        assert client.post(body()).reply.contents == ("2",)
        with pytest.raises(CallError, match="more than 10000 bytes"):
            client.post(body())


@pytest.mark.parametrize(
    ("trouble", "says_so"),
    [(broken(), "HTTP 500"), (busy(), "HTTP 429"), (malformed(), "no JSON"), (cut(), "RemoteProtocolError")],
)
def test_a_call_that_keeps_failing_is_given_up_for_later(server: LlmServer, trouble: Behaviour, says_so: str) -> None:
    server.rule = always(trouble)
    with asking(server) as client, pytest.raises(CallError, match=says_so) as caught:
        client.post(body())
    assert caught.value.kind == "later"
    assert len(server.requests) == QUICK.attempts


def test_waits_follow_what_the_server_asks_for(server: LlmServer) -> None:
    server.script(busy("7"), busy("500"), broken())
    waits: list[float] = []
    with asking(server, retry=Retry(5, base_s=1.0, most_s=60.0), sleep=waits.append) as client:
        client.post(body())
    assert 7 <= waits[0] <= 8
    assert waits[1] == 60
    assert 0 <= waits[2] <= 4


@pytest.mark.parametrize(
    ("trouble", "kind", "says_so"),
    [
        (fails(400, "This model's maximum context length is 512 tokens"), "context", "512 tokens"),
        (fails(400, "request (900 tokens) exceeds the available context size (512 tokens)"), "context", "900 tokens"),
        (fails(500, "the request exceeds the available context size"), "context", "longer than the context"),
        (fails(413, "Payload Too Large"), "context", "HTTP 413"),
        (fails(400, "this model does not offer logprobs"), "logprobs", "no log-probabilities"),
        (fails(422, "Unexpected fields in the request: {'logprobs'}"), "logprobs", "--method samples"),
        (fails(400, "The response was filtered by the content policy"), "request", "content policy"),
        (fails(403, "Your input was flagged by moderation"), "request", "flagged"),
        (fails(418, "I'm a teapot"), "request", "teapot"),
    ],
)
def test_what_concerns_one_call_ends_only_this_call(
    server: LlmServer, trouble: Behaviour, kind: str, says_so: str
) -> None:
    server.script(trouble)
    with asking(server) as client:
        with pytest.raises(CallError, match=says_so.replace("(", r"\(").replace(")", r"\)")) as caught:
            client.post(body())
        assert caught.value.kind == kind
        assert len(server.requests) == 1
        assert client.post(body("another")).reply.contents


@pytest.mark.parametrize(
    ("trouble", "says_so"),
    [
        (fails(401, "Incorrect API key"), "refuses the key"),
        (fails(403, "Country not supported"), "refuses the key"),
        (fails(404, "Not Found"), "no model 'tiny' at .*it offers tiny"),
        (fails(405, "Method Not Allowed"), "no model 'tiny'"),
        (fails(400, "tiny is not a valid model ID"), "no model 'tiny'"),
        (fails(400, "The model `tiny` does not exist"), "no model 'tiny'"),
        (fails(402, "Insufficient credits"), "no credit left"),
        (fails(429, "You exceeded your current quota", "insufficient_quota"), "no credit left"),
    ],
)
def test_what_concerns_all_calls_ends_the_run_at_once(server: LlmServer, trouble: Behaviour, says_so: str) -> None:
    server.script(trouble)
    with asking(server) as client, pytest.raises(TeacherError, match=says_so) as caught:
        client.post(body())
    assert not isinstance(caught.value, CallError)
    assert len(server.requests) == 1


def test_an_unknown_model_is_named_beside_those_that_are_there() -> None:
    with LlmServer(models=("small", "org/large")) as server:
        endpoint = Endpoint.parse(f"{server.url}/huge")
        with Client(endpoint, QUICK) as client, pytest.raises(TeacherError, match="offers small, org/large"):
            client.post(body() | {"model": "huge"})


def test_models_are_listed_where_the_server_tells(server: LlmServer) -> None:
    with asking(server) as client:
        assert client.models() == ("tiny",)
    with Client(Endpoint.parse(f"{server.url.removesuffix('/v1')}/other/v1/tiny"), QUICK) as client:
        assert client.models() == ()


def test_a_server_that_is_not_there_is_told_before_anything_is_asked() -> None:
    with LlmServer() as server:
        pass
    with asking(server) as client, pytest.raises(TeacherError, match=r"cannot be reached.*ConnectError"):
        client.models()


def test_a_dead_server_ends_the_run_before_every_row_has_failed(server: LlmServer) -> None:
    server.rule = always(broken())
    breaker = Breaker(10)
    with asking(server, breaker=breaker) as client, ThreadPoolExecutor(4) as pool:
        calls = [pool.submit(client.post, body(f"answer {row}")) for row in range(1000)]
        errors = [call.exception() for call in calls]
    assert all(isinstance(error, TeacherError) for error in errors)
    assert "10 times in a row, at last: HTTP 500" in str(errors[-1])
    assert len(server.requests) < 10 + 4


def test_a_server_that_only_asks_for_patience_is_not_dead(server: LlmServer) -> None:
    server.rule = lambda _, times: busy() if times < QUICK.attempts else None
    with asking(server, breaker=Breaker(3)) as client:
        for row in range(10):
            client.post(body(f"answer {row}"))
    assert len(server.requests) == 10 * QUICK.attempts


def test_calls_of_many_threads_do_not_mix(server: LlmServer) -> None:
    rows = [f"answer {row}" for row in range(200)]
    server.rule = lambda prompt, times: (busy(), cut(), None)[min(times, 3) - 1] if prompt.endswith("7") else None
    with asking(server) as client, ThreadPoolExecutor(16) as pool:
        posted = list(pool.map(lambda row: client.post(body(row, logprobs=True, top_logprobs=5)), rows))
    for row, answer in zip(rows, posted, strict=True):
        assert answer.reply.contents == (max(server.think(row), key=lambda token: server.think(row)[token]),)
    assert {prompt: times for prompt, times in server.asked.items() if times > 1} == {
        row: 3 for row in rows if row.endswith("7")
    }


def test_redirects_are_not_followed(server: LlmServer) -> None:
    with LlmServer() as elsewhere:
        server.script(fails(307, "moved", headers={"Location": f"{elsewhere.url}/chat/completions"}))
        with asking(server) as client, pytest.raises(TeacherError, match="points to another address") as caught:
            client.post(body())
        assert elsewhere.url in str(caught.value)
        assert not elsewhere.requests


def test_a_server_that_cannot_show_who_it_is_ends_the_run(tmp_path: Path) -> None:
    with unknown_authority(tmp_path) as port:
        endpoint = Endpoint.parse(f"https://localhost:{port}/v1/tiny")
        with Client(endpoint, QUICK, timeout_s=5) as client:
            for ask in (client.models, lambda: client.post(body())):
                with pytest.raises(TeacherError, match="shows no valid certificate") as caught:
                    ask()
                assert not isinstance(caught.value, CallError)


@contextmanager
def unknown_authority(folder: Path) -> Iterator[int]:
    """Port of a TLS server whose certificate nobody vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    built = x509.CertificateBuilder(name, name, key.public_key(), 1, now - timedelta(1), now + timedelta(1))
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "server.pem").write_bytes(built.sign(key, hashes.SHA256()).public_bytes(pem) + secret)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    with suppress(ssl.SSLError), listening.accept()[0] as plain:
                        context.wrap_socket(plain, server_side=True).close()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)
        thread.join()


def test_answers_for_this_machine_take_no_proxy(server: LlmServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with asking(server) as client:
        assert client.post(body()).reply.contents


def traces(error: BaseException | None) -> str:
    """Everything that an error shows or carries along, its causes and the variables of its frames included."""
    if error is None:
        return ""
    inner = error.__traceback__ and error.__traceback__.tb_next  # the first frame is the test's, which knows the key
    own = traceback.TracebackException(type(error), error, inner, capture_locals=True)
    headers = getattr(getattr(error, "_request", None), "headers", {})
    shown = "".join(own.format()) + repr(vars(error)) + repr(dict(headers))
    return shown + traces(error.__cause__) + traces(error.__context__)


def test_the_key_is_sent_and_shows_nowhere_else(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    echo = f"what do you want with {KEY}?"
    troubles = [fails(status, echo) for status in (400, 401, 403, 404, 418, 429, 500)]
    troubles += [sends(echo), malformed(), cut(), cut(begun=False), well(after_s=30), fails(307, echo)]
    shown = []
    with LlmServer(key=KEY) as server:
        with asking(server, retry=Retry(1), timeout_s=0.3) as client:
            shown += [repr(client), repr(client.post(body())), str(client.models())]
            server.script(says(f"your key is {KEY}"))
            shown.append(repr(client.post(body())))
            for trouble in troubles:
                server.script(trouble)
                with pytest.raises(TeacherError) as caught:
                    client.post(body())
                shown.append(traces(caught.value))
            server.stop()
            with pytest.raises(TeacherError) as caught:
                client.models()
            shown.append(traces(caught.value))
        assert all(headers["authorization"] == f"Bearer {KEY}" for headers in server.headers)
    assert len(shown) == 5 + len(troubles)
    assert not [text for text in shown if KEY in text]
    assert KEY not in caplog.text


SIGNS = 'sk-"secret"/0+1&2\\3=4'
SPELLINGS = {
    "plain": SIGNS,
    "JSON": json.dumps(SIGNS)[1:-1],
    "JSON in JSON": json.dumps(json.dumps(SIGNS)[1:-1])[1:-1],
    "JSON with slashes": json.dumps(SIGNS)[1:-1].replace("/", r"\/"),
    "JSON in numbers": "".join(rf"\u{ord(sign):04x}" for sign in SIGNS),
    "URL": quote(SIGNS),
    "URL, slashes too": quote(SIGNS, safe=""),
    "URL in URL": quote(quote(SIGNS, safe=""), safe=""),
    "HTML": html.escape(SIGNS),
    "HTML in numbers": "".join(f"&#{ord(sign)};" for sign in SIGNS),
    "HTML in hexadecimal": "".join(f"&#x{ord(sign):X};" for sign in SIGNS),
}


@pytest.mark.parametrize("spelling", SPELLINGS.values(), ids=SPELLINGS)
def test_the_key_is_taken_out_however_a_server_spells_it(spelling: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, SIGNS)
    with LlmServer(key=SIGNS) as server, asking(server, retry=Retry(1)) as client:
        server.script(sends(f'{{"choices": [{{"message": {{"content": "2"}}}}], "echo": ["{spelling}"]}}'))
        assert '["[key]"]' in client.post(body()).raw
        for trouble in (sends(f"what is {spelling}?"), echo(spelling)):
            server.script(trouble)
            with pytest.raises(CallError, match=r"what is \[key\]\?"):
                client.post(body())


def echo(text: str) -> Behaviour:
    """A refusal that is no JSON and holds a text."""

    async def behave(_server: LlmServer, _body: object) -> Response:
        return Response(f"what is {text}?", 418)

    return behave


def test_a_wrong_or_missing_key_names_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    with LlmServer(key=KEY) as server:
        with asking(server) as client, pytest.raises(TeacherError, match=f"no key was sent: set {KEY_VARIABLE}"):
            client.post(body())
        monkeypatch.setenv(KEY_VARIABLE, "sk-wrong-0123456789")
        with asking(server) as client:
            with pytest.raises(TeacherError, match=f"{KEY_VARIABLE} is wrong"):
                client.post(body())
            with pytest.raises(TeacherError, match=f"{KEY_VARIABLE} is wrong"):
                client.models()
        assert not server.requests


def test_a_key_that_may_not_list_the_models_may_still_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    with LlmServer(key=KEY) as server:
        server.lists = False
        with asking(server) as client:
            assert client.models() == ()
            assert client.post(body()).reply.contents
            server.script(fails(403, "Country not supported"))
            with pytest.raises(TeacherError, match=f"the key in {KEY_VARIABLE} is wrong or may not use") as caught:
                client.post(body())
    assert "no key" not in str(caught.value)


@pytest.mark.parametrize(
    ("trouble", "billed", "raw"),
    [
        (busy(), False, ""), (broken(), False, ""), (fails(408, "late"), False, ""), (cut(begun=False), False, ""),
        (malformed(), True, '{"id": "chatcmpl-1", "object": "chat.completion", "choices": [{"index": 0, "mess'),
        (sends('{"error": {"message": "overloaded"}}'), True, '{"error": {"message": "overloaded"}}'),
        (cut(), True, ""), (well(after_s=30), True, ""), (drips(), True, ""),
    ],
)  # fmt: skip
def test_each_try_is_made_within_what_pays_for_it(
    server: LlmServer, trouble: Behaviour, billed: bool, raw: str
) -> None:
    server.script(trouble)
    seen: list[Tried] = []

    def pay(attempt: Callable[[], Tried]) -> Tried:
        seen.append(attempt())
        return seen[-1]

    with asking(server, timeout_s=0.3) as client:
        posted = client.post(body(), pay)
    first, second = seen
    assert second is posted
    assert isinstance(first, Trouble)
    assert (first.billed, first.raw) == (billed, raw)
    assert first.seconds > 0


def test_a_question_that_was_never_sent_is_not_billed() -> None:
    with LlmServer() as gone:
        pass
    seen: list[Tried] = []
    with asking(gone, retry=Retry(1)) as client, pytest.raises(CallError):
        client.post(body(), lambda attempt: seen.append(attempt()) or seen[-1])  # type: ignore[func-returns-value]
    assert [tried.billed for tried in seen if isinstance(tried, Trouble)] == [False]


def test_what_pays_for_tries_can_end_a_call(server: LlmServer) -> None:
    def refuse(_: object) -> Tried:
        raise InterruptedError

    with asking(server) as client, pytest.raises(InterruptedError):
        client.post(body(), refuse)
    assert not server.requests


def test_what_a_server_says_is_shown_short_and_harmless(server: LlmServer) -> None:
    server.script(fails(418, "\x1b[2J" + "x\r\n" * 1000))
    with asking(server) as client, pytest.raises(CallError) as caught:
        client.post(body())
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 400


def test_without_httpx_the_pip_line_is_named(server: LlmServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "httpx", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'pocketscore\[llm\]'"):
        asking(server)


@pytest.mark.parametrize(
    "settings", [{"n": 3, "seed": 5, "temperature": 1}, {"logprobs": True, "top_logprobs": 20}, {}]
)
def test_the_test_server_keeps_to_the_protocol(server: LlmServer, settings: dict[str, Any]) -> None:
    with asking(server) as client:
        replies = [client.post(body(**settings)).reply for _ in range(2)]
    assert replies[0] == replies[1]
    assert len(replies[0].contents) == settings.get("n", 1)
    assert (replies[0].tops is not None) == bool(settings.get("logprobs"))
    assert replies[0].completion_tokens == settings.get("n", 1)
    assert prompt_of(server.requests[0]) == "How many?"
    assert list(server.answered.values()) == [2]
