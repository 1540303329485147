"""A language-model server for tests: follows the published chat-completions API, misbehaves on order, keeps count.

    with LlmServer() as server:
        server.script(busy(), cut())          # what the next requests meet, in the order of their arrival
        server.rule = lambda prompt, times: broken() if "x" in prompt and times == 1 else None
        Endpoint.parse(f"{server.url}/tiny")

It runs in a thread on 127.0.0.1, on a port of its own. Whatever is not scripted is answered well: one token, drawn from
what `think` says of the prompt, with log-probabilities where they are asked for.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import math
import random
import re
import socket
import threading
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from types import TracebackType
from typing import Any

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

Body = Mapping[str, Any]
Chances = Mapping[str, float]
"""Tokens and their probabilities; what is left to 1 belongs to tokens that are not named."""

Behaviour = Callable[["LlmServer", Body], Awaitable[Response]]
Rule = Callable[[str, int], "Behaviour | None"]
"""Prompt and how often it was asked, this time counted -> what it meets, None for a good answer."""


def guess(prompt: str) -> Chances:
    """Chances that hang on nothing but the prompt; `0`, `1` and `2` share nine tenths."""
    weights = [1 + byte for byte in hashlib.sha256(prompt.encode("utf-8", "surrogatepass")).digest()[:3]]
    return {str(point): 0.9 * weight / sum(weights) for point, weight in enumerate(weights)} | {"The": 0.06}


def tokens_of(text: str) -> list[str]:
    """What this server counts as tokens: up to five letters or digits, or one other mark, with a blank before it."""
    return re.findall(r"\s?\w{1,5}|\s?[^\w\s]|\s", text)


def prompt_of(body: Body) -> str:
    """The last message, which stands for the prompt."""
    return str(body["messages"][-1]["content"])


class LlmServer:
    """The server; use it as a context manager.

    Args:
        think: What the model makes of a prompt.
        models: Names that it knows.
        key: Key that it asks for, None for none.
        context: Tokens that it reads at most.
        logprobs: Whether it gives log-probabilities.

    Attributes:
        lists: Whether a key may list the models; one may be allowed to chat alone.
        rule: Decides what a prompt meets when no script is left.
        requests: Bodies of all chat completions asked for, in the order of arrival.
        headers: Their headers, names in small letters.
        asked: Times that each prompt was asked.
        answered: Times that each whole request (as sorted JSON) was answered well, as far as the server can tell.
    """

    def __init__(
        self,
        think: Callable[[str], Chances] = guess,
        models: Sequence[str] = ("tiny",),
        key: str | None = None,
        context: int = 1 << 20,
        logprobs: bool = True,
    ) -> None:
        self.think, self.models, self.key, self.context, self.logprobs = think, tuple(models), key, context, logprobs
        self.forget()
        # With the protocol named, asyncio sends answers at once instead of waiting for more to send.
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self._socket.bind(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}/v1"
        config = uvicorn.Config(
            _app(self), log_config=None, log_level="critical", access_log=False, lifespan="off", ws="none"
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],), daemon=True)

    def forget(self) -> None:
        """Start anew: no script, no rule, nothing counted."""
        self.lists = True
        self.rule: Rule = always(None)
        self.requests: list[Body] = []
        self.headers: list[Mapping[str, str]] = []
        self.asked: Counter[str] = Counter()
        self.answered: Counter[str] = Counter()
        self._script: deque[Behaviour] = deque()

    def script(self, *behaviours: Behaviour) -> None:
        """Let the next requests meet these, one each."""
        self._script.extend(behaviours)

    def next_behaviour(self, prompt: str) -> Behaviour:
        """What the request that is just in meets."""
        if self._script:
            return self._script.popleft()
        return self.rule(prompt, self.asked[prompt]) or well()

    def __enter__(self) -> LlmServer:
        self._thread.start()
        while not self._server.started:
            time.sleep(0.005)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def stop(self) -> None:
        """End it at once, without waiting for answers under way."""
        self._server.should_exit = self._server.force_exit = True
        self._thread.join()
        self._socket.close()


def always(behaviour: Behaviour | None) -> Rule:
    """A rule by which every prompt meets the same; None is a good answer."""
    return lambda *_: behaviour


# What a request can meet.


def well(after_s: float = 0.0, logprobs: bool = True) -> Behaviour:
    """A good answer, late or without log-probabilities if so wished."""

    async def behave(server: LlmServer, body: Body) -> Response:
        await asyncio.sleep(after_s)
        prompt = prompt_of(body)
        chances = server.think(prompt)
        chance = random.Random(f"{body.get('seed')} {prompt}")
        drawn = [_drawn(chances, float(body.get("temperature") or 0.0), chance) for _ in range(body.get("n") or 1)]
        server.answered[json.dumps(body, sort_keys=True)] += 1
        return _completion(body, [[token] for token in drawn], chances if logprobs and server.logprobs else None)

    return behave


def says(text: str) -> Behaviour:
    """An answer of the model's own: a score outside the scale, a refusal in prose, nothing at all."""

    async def behave(server: LlmServer, body: Body) -> Response:
        server.answered[json.dumps(body, sort_keys=True)] += 1
        return _completion(body, [tokens_of(text)] * (body.get("n") or 1), {} if server.logprobs else None)

    return behave


def fails(status: int, message: str, code: str | None = None, headers: Mapping[str, str] | None = None) -> Behaviour:
    """An error object."""

    async def behave(server: LlmServer, body: Body) -> Response:
        return _error(status, message, code, headers)

    return behave


def busy(retry_after: str | None = "0") -> Behaviour:
    """429, as a rate limit gives it."""
    headers = {} if retry_after is None else {"Retry-After": retry_after}
    return fails(429, "Rate limit reached for requests", "rate_limit_exceeded", headers)


def broken(status: int = 500) -> Behaviour:
    """A server that fails."""
    return fails(status, "The server had an error while processing your request", "server_error")


def sends(raw: str) -> Behaviour:
    """200 with a body that a test writes itself; malformed JSON, say."""

    async def behave(server: LlmServer, body: Body) -> Response:
        return Response(raw, media_type="application/json")

    return behave


def malformed() -> Behaviour:
    """The beginning of an answer, as if it were whole."""
    return sends('{"id": "chatcmpl-1", "object": "chat.completion", "choices": [{"index": 0, "mess')


def drips(every_s: float = 0.05) -> Behaviour:
    """Blanks one by one and never an answer, as services send them to keep a connection open."""

    async def blanks() -> AsyncIterator[bytes]:
        while True:
            yield b" "
            await asyncio.sleep(every_s)

    async def behave(server: LlmServer, body: Body) -> Response:
        return StreamingResponse(blanks(), media_type="application/json")

    return behave


def cut(begun: bool = True) -> Behaviour:
    """A connection that breaks, in the middle of the answer or before it."""

    async def behave(server: LlmServer, body: Body) -> Response:
        return _Cut(begun)

    return behave


def _drawn(chances: Chances, temperature: float, chance: random.Random) -> str:
    if temperature == 0:
        return max(chances, key=lambda token: chances[token])
    weights = [value ** (1 / temperature) for value in chances.values()]
    return chance.choices(list(chances), weights)[0]


def _completion(body: Body, choices: Sequence[Sequence[str]], chances: Chances | None) -> Response:
    """The answer's body. Tokens that `chances` does not name are written with certainty."""
    asked = body.get("logprobs") and chances is not None
    read = sum(len(tokens_of(str(message["content"]))) for message in body["messages"])
    written = sum(map(len, choices))
    answer = {
        "id": "chatcmpl-tests",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": body["model"],
        "choices": [
            {
                "index": index,
                "message": {"role": "assistant", "content": "".join(tokens), "refusal": None},
                "logprobs": {"content": [_place(body, token, chances or {}) for token in tokens]} if asked else None,
                "finish_reason": "stop",
            }
            for index, tokens in enumerate(choices)
        ],
        "usage": {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written},
    }
    return JSONResponse(answer)


def _place(body: Body, token: str, chances: Chances) -> dict[str, Any]:
    named = chances if token in chances else {token: 1.0}
    ranked = sorted(named, key=lambda other: -named[other])[: body.get("top_logprobs") or 0]
    return _token(token, named[token]) | {"top_logprobs": [_token(other, named[other]) for other in ranked]}


def _token(token: str, probability: float) -> dict[str, Any]:
    logprob = math.log(probability) if probability > 0 else -9999.0
    return {"token": token, "logprob": logprob, "bytes": list(token.encode())}


def _error(status: int, message: str, code: str | None, headers: Mapping[str, str] | None = None) -> Response:
    error = {"message": message, "type": "invalid_request_error", "param": None, "code": code}
    return JSONResponse({"error": error}, status, headers)


class _Cut(Response):
    """Breaks the connection, with or without half an answer before."""

    def __init__(self, begun: bool) -> None:
        super().__init__()
        self._begun = begun

    async def __call__(self, _scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 (as ASGI has it)
        if self._begun:
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"500")]})
            await send({"type": "http.response.body", "body": b'{"choices": [', "more_body": True})
        receive.__self__.transport.close()


def _app(server: LlmServer) -> FastAPI:
    app = FastAPI(openapi_url=None)

    @app.get("/v1/models")
    async def models(request: Request) -> Response:
        if _locked(server, request):
            return _wrong_key()
        if not server.lists:
            return _error(403, "Missing scopes: api.model.read", "insufficient_permissions")
        listed = [{"id": name, "object": "model", "created": 1, "owned_by": "tests"} for name in server.models]
        return JSONResponse({"object": "list", "data": listed})

    @app.post("/v1/chat/completions")
    async def complete(request: Request) -> Response:
        if _locked(server, request):
            return _wrong_key()
        body = await request.json()
        server.requests.append(body)
        server.headers.append(dict(request.headers))
        server.asked[prompt_of(body)] += 1
        refusal = _refusal(server, body)
        return refusal or await server.next_behaviour(prompt_of(body))(server, body)

    return app


def _locked(server: LlmServer, request: Request) -> bool:
    return server.key is not None and request.headers.get("authorization") != f"Bearer {server.key}"


def _wrong_key() -> Response:
    return _error(401, "Incorrect API key provided", "invalid_api_key")


def _refusal(server: LlmServer, body: Body) -> Response | None:
    """What the API refuses."""
    if body.get("model") not in server.models:
        return _error(404, f"The model `{body.get('model')}` does not exist", "model_not_found")
    read = sum(len(tokens_of(str(message["content"]))) for message in body["messages"])
    if read > server.context:
        message = f"This model's maximum context length is {server.context} tokens. However, your messages have {read}"
        return _error(400, message, "context_length_exceeded")
    if (body.get("top_logprobs") or 0) > 20:
        return _error(400, "Invalid value for 'top_logprobs': at most 20", "integer_above_max_value")
    if body.get("top_logprobs") is not None and not body.get("logprobs"):
        return _error(400, "The 'top_logprobs' parameter is only allowed when 'logprobs' is enabled", None)
    return None
