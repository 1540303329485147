"""What a server means when it answers a call with an error."""

from __future__ import annotations

import json
import re
from typing import Literal

from pocketscore.errors import TeacherError
from pocketscore.llm.endpoint import KEY_VARIABLE, Endpoint

Kind = Literal["context", "logprobs", "request", "later"]
"""What became of a single call: longer than the model reads; log-probabilities are not offered; refused for another
reason; or failed in a way that may be over when it is made again."""

SHOWN = 200
"""Characters shown of what a server says."""

_CONTEXT = re.compile(r"context[ _-]?(length|size|window)|too many tokens|(prompt|input|request).{0,20} too long", re.I)
_MODEL = re.compile(r"model.{0,80}(not found|does not exist|not exist|not a valid|is invalid)|not a valid model", re.I)
_EMPTY_PURSE = re.compile(r"insufficient_quota|insufficient (credit|balance|funds)", re.I)
_MODERATED = re.compile(r"moderation|flagged|content[ _](filter|policy)", re.I)
_LOGPROBS = r"\b(?:top_)?log[ _-]?prob"
_NO = (
    r"(?:\b(?:not|no|cannot|un(?:supported|known|expected|recognized|available)|invalid|extra|forbidden|disabled|remove"
    r"|(?:greater|less|more) than|at most|at least|maximum|exceeds|must|only|between)|n't)\b"
)
_NO_LOGPROBS = re.compile(rf"{_NO}[^;]{{0,60}}{_LOGPROBS}|{_LOGPROBS}[^;]{{0,60}}{_NO}", re.I)
_PARAMETER = re.compile(r"""["']param["']\s*:\s*["']([^"']+)["']""")
_PLACE = re.compile(rf"""["']loc["']\s*:\s*[\[(][^\])]*{_LOGPROBS}""", re.I)
_MAPPING = re.compile(r"\{([^{}]*)(?:\}|$)")
_NAME = re.compile(r"""(\w+)["']?\s*[:=]""")
_LOOKED_AT = 4000  # characters of a message
_AGAIN = frozenset({408, 409, 425, 429})
_TOO_LARGE = 413


class CallError(TeacherError):
    """One call failed; others may succeed.

    Attributes:
        kind: In what way.
    """

    def __init__(self, problem: str, remedy: str, kind: Kind) -> None:
        super().__init__(problem, remedy)
        self.kind = kind


def message_of(body: str) -> str:
    """What a server says went wrong: one printable line of at most `SHOWN` characters.

    >>> message_of('{"error": {"message": "The model `x`   does not exist", "code": 404}}')
    'The model `x` does not exist'
    """
    line = _line(body)
    return line if len(line) <= SHOWN else f"{line[: SHOWN - 1]}…"


def _line(body: str) -> str:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        found = body
    for name in ("error", "message", "detail", "msg"):
        found = found[0] if isinstance(found, list) and found else found
        found = found.get(name, found) if isinstance(found, dict) else found
    text = found if isinstance(found, str) else body
    return " ".join("".join(mark if mark.isprintable() else " " for mark in text).split())


def retried(status: int, body: str) -> bool:
    """Whether the same call may succeed a little later."""
    if _CONTEXT.search(body) and status != 429:
        return False
    return (status in _AGAIN and not _EMPTY_PURSE.search(body)) or status >= 500


def refusal(endpoint: Endpoint, status: int, body: str, models: tuple[str, ...]) -> TeacherError:
    """The error for an answer that is no success and is not worth another try.

    Args:
        endpoint: What was asked.
        status: HTTP status, 300 or more.
        body: What the server says, without secrets.
        models: Models that the server offers, as far as it tells.

    Returns:
        A `CallError` where other calls may succeed, else another `TeacherError`.
    """
    said = f"HTTP {status}: {message_of(body)}"
    if status < 400:
        return TeacherError(f"{endpoint.url} points to another address ({said})", "give that address, if you trust it")
    of_one_call = _MODERATED.search(body) or (status == 403 and refuses_logprobs(body))
    if status in (401, 403) and not of_one_call:
        return _refused_key(endpoint, said)
    if status == 402 or _EMPTY_PURSE.search(body):
        return TeacherError(f"the account at {endpoint.url} has no credit left ({said})", "top it up and run again")
    if status in (404, 405) or (status in (400, 422) and _MODEL.search(body)):
        offered = f"; it offers {', '.join(models[:20])}" if models else ""
        return TeacherError(
            f"there is no model {endpoint.model!r} at {endpoint.url} ({said}){offered}", "correct URL or model"
        )
    return _of_one_call(endpoint, status, body, said)


def _refused_key(endpoint: Endpoint, said: str) -> TeacherError:
    if endpoint.key() is None:
        remedy = f"no key was sent: set {endpoint.key_variable or KEY_VARIABLE}"
    else:
        remedy = f"the key in {endpoint.key_variable} is wrong or may not use the model: set another"
    return TeacherError(f"{endpoint.name} refuses the key ({said})", remedy)


def _of_one_call(endpoint: Endpoint, status: int, body: str, said: str) -> CallError:
    if _CONTEXT.search(body) or status == _TOO_LARGE:
        return CallError(
            f"the prompt is longer than the context length of {endpoint.model} ({said})",
            "shorten rubric or answer, show fewer examples (--shots), or serve the model with a longer context",
            "context",
        )
    if refuses_logprobs(body):
        return CallError(
            f"{endpoint.name} gives no log-probabilities ({said})", "ask with --method samples", "logprobs"
        )
    return CallError(f"{endpoint.name} refuses the call ({said})", "see what it says", "request")


def refuses_logprobs(body: str) -> bool:
    """Whether a server says that it gives no log-probabilities, or not so many.

    It names the field (`param`, `loc`), or says so in words. Some servers repeat the whole request beside what is wrong
    with it; that it asks for log-probabilities says nothing.

    >>> refuses_logprobs("Logprobs is not supported for this model")
    True
    >>> refuses_logprobs("Extra inputs are not permitted: seed; input: {'logprobs': True, 'seed': 0}")
    False
    """
    if _PLACE.search(body):
        return True
    if named := _PARAMETER.search(body):
        return _is_logprobs(named[1])
    return bool(_NO_LOGPROBS.search(_without_requests(_line(body)[:_LOOKED_AT])))


def _is_logprobs(name: str) -> bool:
    return bool(re.match(_LOGPROBS, name, re.I))


def _without_requests(text: str) -> str:
    """A message without mappings that give log-probabilities among other settings, or say nothing of them."""
    while (shorter := _MAPPING.sub(_shown_of_mapping, text)) != text:
        text = shorter
    return text


def _shown_of_mapping(mapping: re.Match[str]) -> str:
    inside = mapping[1]
    names = [_is_logprobs(name) for name in _NAME.findall(inside)]
    request = any(names) and not all(names)
    return "" if request or not re.search(_LOGPROBS, inside, re.I) else f"({inside})"
