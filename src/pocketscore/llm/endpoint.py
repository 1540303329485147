"""Where a language model is asked: the address of a server, the model's name there, and where its key stands."""

from __future__ import annotations

import ipaddress
import os
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from pocketscore.errors import InputError

KEY_VARIABLE = "POCKETSCORE_API_KEY"
"""Environment variable that holds the key of an endpoint."""

_OPENAI = "api.openai.com"
_OPENAI_VARIABLE = "OPENAI_API_KEY"
_HOW = "write URL/v1/MODEL, or URL#MODEL where the address does not end with /v1"


@dataclass(frozen=True)
class Endpoint:
    """A model behind a server that speaks the OpenAI chat-completions protocol.

    The key is no part of it: it is read from the environment at the moment of a call, so that it can be neither
    printed nor pickled.

    Attributes:
        url: Address that `/chat/completions` is appended to.
        model: The model's name there; may hold slashes.
        key_variable: Environment variable that holds the key, None where none was set when the endpoint was parsed.

    Example:
        >>> endpoint = Endpoint.parse("http://127.0.0.1:8000/v1/org/some-model")
        >>> endpoint.url, endpoint.model, endpoint.local
        ('http://127.0.0.1:8000/v1', 'org/some-model', True)
        >>> Endpoint.parse("https://example.org/api#org/some-model").url
        'https://example.org/api'
    """

    url: str
    model: str
    key_variable: str | None = None

    @classmethod
    def parse(cls, text: str) -> Endpoint:
        """The endpoint that a user names.

        Raises:
            InputError: When there is no address, no model, something that may be a secret in it, or when a key would
                leave this machine unencrypted.
        """
        parts = _split(text.strip())
        if "#" in text:
            path, model = parts.path.rstrip("/"), parts.fragment
        else:
            head, _, model = f"{parts.path}/".partition("/v1/")
            path = f"{head}/v1"
        model = model.strip("/")
        if not model or not model.isprintable() or " " in model:
            raise InputError(f"{_shown(parts)} names no model", _HOW)
        endpoint = cls(f"{parts.scheme}://{parts.netloc}{path}", model, _key_variable(parts.hostname or ""))
        endpoint.key()
        return endpoint

    @property
    def name(self) -> str:
        """Address and model, as `parse` takes them."""
        usual = self.url.endswith("/v1") and "/v1/" not in self.url and not set("#?") & set(self.model)
        return f"{self.url}/{self.model}" if usual else f"{self.url}#{self.model}"

    def __str__(self) -> str:
        return self.name

    @property
    def local(self) -> bool:
        """Whether its address never leaves this machine."""
        host = urlsplit(self.url).hostname or ""
        try:
            return ipaddress.ip_address(host).is_loopback
        except ValueError:
            return host == "localhost"

    def key(self) -> str | None:
        """The key, None without one.

        Raises:
            InputError: When the key cannot be sent, or would be sent unencrypted to another machine.
        """
        key = os.environ.get(self.key_variable or "", "").strip()
        if not key:
            return None
        if not (key.isascii() and key.isprintable() and " " not in key):
            raise InputError(f"the key in {self.key_variable} holds blanks or signs that no key has", "set it again")
        if not self.local and not self.url.startswith("https://"):
            raise InputError(
                f"{self.name} is not encrypted, and {self.key_variable} holds a key",
                f"use https, or unset {self.key_variable} where the server needs no key",
            )
        return key


def is_endpoint(text: str) -> bool:
    """Whether a teacher's name is the address of a server.

    >>> is_endpoint("https://host/v1/model"), is_endpoint("sentence-transformers/all-MiniLM-L6-v2")
    (True, False)
    """
    return text.strip().lower().startswith(("http://", "https://"))


def _split(text: str) -> SplitResult:
    """The parts of an address. Nothing of a part that may hold a secret gets into an error."""
    try:
        parts = urlsplit(text)
        port = parts.port  # noqa: F841 (asking checks it)
    except ValueError:
        raise InputError("the endpoint's address cannot be read", _HOW) from None
    if parts.username is not None or parts.password is not None or parts.query:
        raise InputError(
            f"the endpoint at {parts.hostname} has a user, a password or a query in its address",
            f"keys come from the environment only: set {KEY_VARIABLE}",
        )
    if not is_endpoint(text) or not parts.hostname or any(mark.isspace() for mark in parts.netloc):
        raise InputError(f"{text[:200]!r} is no address of an endpoint", _HOW)
    if "#" not in text and "/v1/" not in f"{parts.path}/":
        raise InputError(f"{_shown(parts)} has no /v1/ in it", _HOW)
    return parts


def _shown(parts: SplitResult) -> str:
    return f"{parts.scheme}://{parts.netloc}{parts.path}"[:200]


def _key_variable(host: str) -> str | None:
    candidates = (KEY_VARIABLE, _OPENAI_VARIABLE) if host == _OPENAI else (KEY_VARIABLE,)
    return next((name for name in candidates if os.environ.get(name, "").strip()), None)
