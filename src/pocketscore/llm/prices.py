"""What tokens cost. No prices are shipped: they change, and a budget with an old price is no budget."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pocketscore.data.files import decode, read_bytes
from pocketscore.errors import InputError
from pocketscore.llm.endpoint import Endpoint

_MILLION = 1_000_000
_SHAPE = 'give an object such as {"some-model": {"input": 0.15, "output": 0.60}}, in dollars per million tokens'
_LITELLM = ("input_cost_per_token", "output_cost_per_token")


@dataclass(frozen=True)
class Price:
    """Dollars per million tokens.

    Attributes:
        input: Of a prompt.
        output: Of what the model writes.

    Example:
        >>> round(Price.parse("0.15/0.60").of(prompt_tokens=2_000_000, completion_tokens=1_000_000), 9)
        0.9
    """

    input: float
    output: float

    def __post_init__(self) -> None:
        if not all(math.isfinite(value) and value >= 0 for value in (self.input, self.output)):
            raise InputError(f"a price of {self.input}/{self.output}", "give dollars of at least 0 per million tokens")

    @classmethod
    def parse(cls, text: str) -> Price:
        """The price that a user writes: dollars per million tokens of input, a slash, and of output."""
        parts = text.split("/")
        try:
            found = [float(part.strip().removeprefix("$")) for part in parts]
        except ValueError:
            found = []
        if len(found) != 2:
            raise InputError(f"the price {text!r} cannot be read", "write it as 0.15/0.60 (input/output per million)")
        return cls(*found)

    def of(self, prompt_tokens: int, completion_tokens: int) -> float:
        """Dollars for so many tokens."""
        return (self.input * prompt_tokens + self.output * completion_tokens) / _MILLION

    def __str__(self) -> str:
        return f"{self.input:g}/{self.output:g}"


FREE = Price(0.0, 0.0)
"""Of a model on this machine."""


def price_of(endpoint: Endpoint, table: Path | None = None) -> Price | None:
    """The price of a model: that of the table, else nothing for a model on this machine, else None (unknown).

    That a model on this machine costs nothing is taken for granted; a server may pass calls on to one that charges. So
    where dollars are limited, `listed_price` alone counts.

    Args:
        endpoint: Whose model.
        table: A JSON file with an object of models. Each has "input" and "output" in dollars per million tokens, or
            "input_cost_per_token" and "output_cost_per_token", as in LiteLLM's model_prices_and_context_window.json.

    Raises:
        InputError: When the table cannot be read, or the model's entry in it has no price.
    """
    found = listed_price(endpoint, table)
    return FREE if found is None and endpoint.local else found


def listed_price(endpoint: Endpoint, table: Path | None) -> Price | None:
    """The price of a model in the table, None without one. Raises as `price_of`."""
    entry = None if table is None else _models(table).get(endpoint.model)
    return None if entry is None else _price(entry, f"{table}, model {endpoint.model!r}")


def _models(table: Path) -> Mapping[str, object]:
    try:
        found = json.loads(decode(read_bytes(table), table).text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{table} is not usable JSON: {error}", _SHAPE) from None
    if not isinstance(found, dict):
        raise InputError(f"{table} holds no object of models", _SHAPE)
    return found


def _price(entry: object, where: str) -> Price:
    for names, per in ((("input", "output"), 1), (_LITELLM, _MILLION)):
        if isinstance(entry, dict) and all(name in entry for name in names):
            values = [entry[name] for name in names]
            if all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
                # A price of 1.5e-07 a token must not become 0.15 and a bit.
                return Price(*(float(f"{value * per:.12g}") for value in values))
    raise InputError(f"{where} has no price: {json.dumps(entry)[:80]}", _SHAPE)
