"""Where a language model is asked, and where its key may go."""

from __future__ import annotations

import pickle
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pocketscore.errors import InputError
from pocketscore.llm.endpoint import KEY_VARIABLE, Endpoint, is_endpoint

KEY = "sk-secret-0123456789"


@pytest.fixture(autouse=True)
def no_keys(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in (KEY_VARIABLE, "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    yield


@pytest.mark.parametrize(
    ("text", "url", "model"),
    [
        ("http://localhost:8000/v1/tiny", "http://localhost:8000/v1", "tiny"),
        ("http://localhost:8000/v1/org/tiny-7b", "http://localhost:8000/v1", "org/tiny-7b"),
        ("http://127.0.0.1:11434/v1/llama3.2:3b", "http://127.0.0.1:11434/v1", "llama3.2:3b"),
        ("http://[::1]:8000/v1/tiny/", "http://[::1]:8000/v1", "tiny"),
        (" https://api.openai.com/v1/gpt-4o-mini ", "https://api.openai.com/v1", "gpt-4o-mini"),
        ("https://example.org/api/v1/org/v1/x", "https://example.org/api/v1", "org/v1/x"),
        ("https://example.org/v1#org/tiny", "https://example.org/v1", "org/tiny"),
        ("https://example.org/v1/#tiny", "https://example.org/v1", "tiny"),
        ("https://example.org/v1beta/openai#tiny", "https://example.org/v1beta/openai", "tiny"),
        ("HTTPS://example.org/v1/Tiny", "https://example.org/v1", "Tiny"),
    ],
)
def test_address_and_model_are_told_apart(text: str, url: str, model: str) -> None:
    endpoint = Endpoint.parse(text)
    assert (endpoint.url, endpoint.model) == (url, model)
    assert is_endpoint(text)
    assert Endpoint.parse(endpoint.name) == endpoint


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])  # without keys all the time
@given(
    st.sampled_from(["https://example.org", "http://localhost:8000/a/v1", "http://[::1]/v1/b"]),
    st.sampled_from(["", "/v1", "/v1/", "/openai"]),
    st.text("abv1/#?:.-%", min_size=1),
)
def test_any_endpoint_is_found_again_by_its_name(host: str, path: str, model: str) -> None:
    try:
        endpoint = Endpoint.parse(f"{host}{path}#{model}")
    except InputError:
        assert not model.strip("/")
        return
    assert Endpoint.parse(endpoint.name) == endpoint
    assert endpoint.model == model.strip("/")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("http://localhost:8000", "/v1/"),
        ("http://localhost:8000/tiny", "/v1/"),
        ("http://localhost:8000/v1", "no model"),
        ("http://localhost:8000/v1/", "no model"),
        ("http://localhost:8000/v1#", "no model"),
        ("http://localhost:8000/v1/two words", "no model"),
        ("http://localhost:8000/v1/\x1b[31mred", "no model"),
        ("http://localhost:eight/v1/tiny", "cannot be read"),
        ("http://localhost:80000/v1/tiny", "cannot be read"),
        ("http://[::1/v1/tiny", "cannot be read"),
        ("http:///v1/tiny", "no address"),
        ("ftp://localhost/v1/tiny", "no address"),
        ("sentence-transformers/all-MiniLM-L6-v2", "no address"),
    ],
)
def test_what_names_no_endpoint_is_refused_with_a_remedy(text: str, says: str) -> None:
    with pytest.raises(InputError, match=says) as caught:
        Endpoint.parse(text)
    assert "URL/v1/MODEL" in caught.value.remedy


@pytest.mark.parametrize(
    "text",
    [
        f"https://me:{KEY}@example.org/v1/tiny",
        f"https://{KEY}@example.org/v1/tiny",
        f"https://example.org/v1/tiny?api_key={KEY}",
        f"https://example.org/v1?api_key={KEY}#tiny",
        f"https://me:{KEY}@example.org:eight/v1/tiny",
    ],
)
def test_secrets_in_an_address_are_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(InputError) as caught:
        Endpoint.parse(text)
    assert KEY not in str(caught.value)


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("localhost", True), ("LOCALHOST", True), ("127.0.0.1", True), ("127.8.9.1", True), ("[::1]", True),
        ("0.0.0.0", False), ("10.0.0.7", False), ("192.168.1.2", False), ("[fe80::1]", False), ("example.org", False),
        ("localhost.example.org", False), ("127.0.0.1.example.org", False),
    ],
)  # fmt: skip
def test_only_the_loopback_is_local(host: str, local: bool) -> None:
    assert Endpoint.parse(f"http://{host}:8000/v1/tiny").local is local


def test_the_key_comes_from_the_environment_and_shows_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, f" {KEY}\n")
    endpoint = Endpoint.parse("https://example.org/v1/tiny")
    assert endpoint.key() == KEY
    assert KEY not in repr(endpoint) + str(endpoint) + repr(vars(endpoint))
    assert KEY.encode() not in pickle.dumps(endpoint)


@pytest.mark.parametrize(
    ("text", "ours", "openai", "key"),
    [
        ("https://api.openai.com/v1/m", None, "theirs", "theirs"),
        ("https://api.openai.com/v1/m", "ours", "theirs", "ours"),
        ("https://example.org/v1/m", None, "theirs", None),
        ("https://api.openai.com.example.org/v1/m", None, "theirs", None),
        ("https://example.org/v1/m", "", "theirs", None),
        ("http://localhost/v1/m", "ours", None, "ours"),
        ("http://localhost/v1/m", None, None, None),
    ],
)
def test_the_key_of_one_service_never_goes_to_another(
    text: str, ours: str | None, openai: str | None, key: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in ((KEY_VARIABLE, ours), ("OPENAI_API_KEY", openai)):
        if value is not None:
            monkeypatch.setenv(name, value)
    assert Endpoint.parse(text).key() == key


def test_a_key_is_not_sent_unencrypted_to_another_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    early = Endpoint.parse("http://node7:8000/v1/tiny")  # no key, so nothing to lose
    assert early.key() is None
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    with pytest.raises(InputError, match="not encrypted") as caught:
        Endpoint.parse("http://node7:8000/v1/tiny")
    assert KEY not in str(caught.value)
    assert early.key() is None


@pytest.mark.parametrize("key", ["sk-a\nb", "sk-a b", "sk-ä", "sk-\x00"])
def test_a_key_that_cannot_be_sent_is_refused_and_not_repeated(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.environ", {KEY_VARIABLE: key})
    with pytest.raises(InputError, match=KEY_VARIABLE) as caught:
        Endpoint.parse("https://example.org/v1/tiny")
    assert key not in str(caught.value)


@pytest.mark.parametrize("text", ["", "org/model", "./folder", "lm:folder", "httpx", "C:\\http\\x"])
def test_names_of_other_teachers_are_no_endpoints(text: str) -> None:
    assert not is_endpoint(text)
