"""Everything that decides what a language model is asked, and how, apart from the data."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pocketscore.errors import InputError
from pocketscore.llm.model import Method

Pick = Literal["balance", "similarity"]
"""How examples are chosen: as many of each score point, or those most like the answer."""


@dataclass(frozen=True)
class PromptSettings:
    """What stands in a prompt.

    Attributes:
        shots: Human-scored training answers that a prompt shows; 0 shows none.
        pick: How they are chosen.
        seed: Seed of the choice.
    """

    shots: int = 8
    pick: Pick = "similarity"
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.shots <= 200:
            raise InputError(f"{self.shots} examples in a prompt", "take 0 to 200 (--shots)")


@dataclass(frozen=True)
class AskSettings:
    """How an endpoint is asked.

    Attributes:
        method: How probabilities are read; "auto" takes log-probabilities and falls back to samples where the server
            gives none.
        samples: Answers drawn for each prompt where probabilities are their shares.
        temperature: Of those samples.
        workers: Calls under way at the same time.
        top: Alternatives asked for with each token; 20 is the most that the API allows.
        max_tokens: Tokens after which a model is cut off; one that thinks first needs some hundreds.
        timeout_s: Seconds until a call counts as failed.
        attempts: Times that a failed call is made before its answer is listed as failed.
        seed: First seed of the samples.
    """

    method: Method | Literal["auto"] = "auto"
    samples: int = 10
    temperature: float = 1.0
    workers: int = 4
    top: int = 20
    max_tokens: int = 16
    timeout_s: float = 60.0
    attempts: int = 5
    seed: int = 0

    def __post_init__(self) -> None:
        counts = {"samples": self.samples, "workers": self.workers, "attempts": self.attempts}
        for name, value in counts.items():
            if not 1 <= value <= 256:
                raise InputError(f"{name} = {value}", "take 1 to 256")
        if not 1 <= self.max_tokens <= 100_000:
            raise InputError(f"max_tokens = {self.max_tokens}", "take 1 to 100000")
        if not (0 < self.temperature <= 2 and 1 <= self.top <= 20 and self.timeout_s > 0):
            raise InputError(
                f"temperature = {self.temperature}, top = {self.top}, timeout_s = {self.timeout_s}",
                "take a temperature above 0 and at most 2, 1 to 20 alternatives and a time above 0",
            )


@dataclass(frozen=True)
class AccessSettings:
    """What may leave this machine, and what it may cost.

    Attributes:
        allow_remote: Whether answers may be sent to an endpoint on another machine.
        scrub: Whether e-mail addresses, phone numbers, names and numbers that look like ids are taken out first.
        names: File of names to take out, one a line.
        max_cost: Most dollars, what earlier runs spent included; None sets no limit.
        max_calls: Most calls, in the same way.
        price: Dollars per million tokens in and out, such as "0.15/0.60"; None looks into the table.
        prices: Table of prices (JSON); None knows none.
        receipts: Folder of the receipts; None puts them beside the other finished work.
    """

    allow_remote: bool = False
    scrub: bool = False
    names: Path | None = None
    max_cost: float | None = None
    max_calls: int | None = None
    price: str | None = None
    prices: Path | None = None
    receipts: Path | None = None

    def __post_init__(self) -> None:
        if (self.max_cost is not None and self.max_cost < 0) or (self.max_calls is not None and self.max_calls < 0):
            raise InputError(
                f"max_cost = {self.max_cost}, max_calls = {self.max_calls}", "take limits of at least 0, or none"
            )
        if self.names is not None and not self.scrub:
            raise InputError(f"{self.names} names what to take out, and nothing is taken out", "add --scrub")


@dataclass(frozen=True)
class LanguageSettings:
    """Everything about teachers that are asked with a prompt."""

    prompt: PromptSettings = field(default_factory=PromptSettings)
    ask: AskSettings = field(default_factory=AskSettings)
    access: AccessSettings = field(default_factory=AccessSettings)
