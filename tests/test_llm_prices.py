"""What tokens cost."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pocketscore.errors import InputError
from pocketscore.llm.endpoint import Endpoint
from pocketscore.llm.prices import FREE, Price, listed_price, price_of

HERE = Endpoint("http://127.0.0.1:8000/v1", "some-model")
THERE = Endpoint("https://example.org/v1", "org/some-model")


@pytest.mark.parametrize(
    ("text", "price"),
    [("0.15/0.60", Price(0.15, 0.6)), (" $3 / $15 ", Price(3, 15)), ("0/0", FREE), ("1e-1/2", Price(0.1, 2))],
)
def test_prices_as_people_write_them(text: str, price: Price) -> None:
    assert Price.parse(text) == price
    assert Price.parse(str(price)) == price


@pytest.mark.parametrize("text", ["", "0.15", "0.15/", "a/b", "1/2/3", "-1/2", "nan/1", "inf/1", "0,15/0,60"])
def test_what_is_no_price(text: str) -> None:
    with pytest.raises(InputError, match="price"):
        Price.parse(text)


@given(st.integers(0, 10**9), st.integers(0, 10**9))
def test_a_million_tokens_cost_the_price(prompt: int, completion: int) -> None:
    price = Price(2.0, 8.0)
    assert price.of(10**6, 0) == 2.0
    assert price.of(0, 10**6) == 8.0
    assert price.of(prompt, completion) == pytest.approx(price.of(prompt, 0) + price.of(0, completion))


def test_a_model_of_this_machine_costs_nothing_and_others_are_unknown(tmp_path: Path) -> None:
    assert price_of(HERE) == FREE
    assert price_of(THERE) is None
    table = tmp_path / "prices.json"
    table.write_text(json.dumps({"other": {"input": 1, "output": 2}}))
    assert price_of(HERE, table) == FREE
    assert price_of(THERE, table) is None


def test_a_listed_price_takes_nothing_for_granted(tmp_path: Path) -> None:
    table = tmp_path / "prices.json"
    table.write_text(json.dumps({"other": {"input": 1, "output": 2}}))
    assert listed_price(HERE, None) is listed_price(HERE, table) is None
    assert listed_price(Endpoint(HERE.url, "other"), table) == Price(1, 2)


@pytest.mark.parametrize(
    "entry",
    [
        {"input": 0.15, "output": 0.6, "source": "https://example.org", "date": "2026-01-01"},
        {"input_cost_per_token": 1.5e-07, "output_cost_per_token": 6e-07, "mode": "chat", "litellm_provider": "x"},
    ],
    ids=["ours", "litellm"],
)
def test_tables_of_prices(entry: dict[str, object], tmp_path: Path) -> None:
    table = tmp_path / "prices.json"
    table.write_text(json.dumps({"some-model": entry, "org/some-model": entry}))
    assert price_of(THERE, table) == Price(0.15, 0.6)
    assert price_of(HERE, table) == Price(0.15, 0.6)  # somebody pays for the machine


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[]", "no object"),
        ("{", "not usable JSON"),
        ('{"org/some-model": 3}', "model 'org/some-model' has no price: 3"),
        ('{"org/some-model": {"input": 1}}', "has no price"),
        ('{"org/some-model": {"input": "1", "output": 2}}', "has no price"),
        ('{"org/some-model": {"input": true, "output": 2}}', "has no price"),
        ('{"org/some-model": {"input": -1, "output": 2}}', "a price of -1"),
    ],
)
def test_bad_tables(content: str, message: str, tmp_path: Path) -> None:
    table = tmp_path / "prices.json"
    table.write_text(content)
    with pytest.raises(InputError, match=message):
        price_of(THERE, table)


def test_a_missing_table(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no file"):
        price_of(THERE, tmp_path / "prices.json")
