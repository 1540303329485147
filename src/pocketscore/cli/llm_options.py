"""Options about teachers that are asked with a prompt, for `label` and `distill`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

if TYPE_CHECKING:
    from pocketscore.llm.settings import LanguageSettings

Shots = Annotated[
    int | None, typer.Option(help="Language models: human-scored training answers shown in a prompt (8); 0 shows none.")
]
Pick = Annotated[
    Literal["balance", "similarity"] | None,
    typer.Option(help="How these are chosen: those most like the answer (default), or as many of each score point."),
]
Method = Annotated[
    Literal["auto", "logprobs", "samples", "verbalised"] | None,
    typer.Option(
        help="How an endpoint's probabilities are read: log-probabilities, shares of several samples, percentages it "
        "writes; auto (default) takes the first that the server gives."
    ),
]
Samples = Annotated[int | None, typer.Option(help="Samples of each answer where probabilities are their shares (10).")]
SampleTemperature = Annotated[float | None, typer.Option(help="Temperature that they are drawn at (1).")]
MaxTokens = Annotated[
    int | None, typer.Option(help="Tokens after which a model is cut off (16); one that thinks first needs hundreds.")
]
Workers = Annotated[int | None, typer.Option(help="Calls to an endpoint at the same time (4).")]
Timeout = Annotated[float | None, typer.Option(help="Seconds until a call counts as failed (60).", metavar="SECONDS")]
MaxCost = Annotated[
    float | None,
    typer.Option(help="Stop before an endpoint has cost more, earlier runs included.", metavar="DOLLARS"),
]
MaxCalls = Annotated[
    int | None, typer.Option(help="Stop before an endpoint has been called more often, earlier runs included.")
]
Price = Annotated[
    str | None,
    typer.Option(help="Dollars for a million tokens in and out, such as 0.15/0.60.", metavar="IN/OUT"),
]
Prices = Annotated[Path | None, typer.Option(help="JSON table of prices by model, in dollars for a million tokens.")]
AllowRemote = Annotated[
    bool, typer.Option("--allow-remote", help="Let answers leave this machine, to an endpoint on another one.")
]
Scrub = Annotated[
    bool,
    typer.Option(
        "--scrub",
        help="Take e-mail addresses, phone numbers, names (--names) and numbers like ids out of answers first.",
    ),
]
Names = Annotated[Path | None, typer.Option(help="With --scrub: file of names to take out, one a line.")]
Receipts = Annotated[Path | None, typer.Option(help="Folder of receipts: answers paid for, never asked for twice.")]

First = Annotated[
    int, typer.Option(help="Answers of each item to label and show first; 0 shows none.", min=0, max=1000)
]
Yes = Annotated[bool, typer.Option("--yes", help="Go on after the first answers without asking.")]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Say what would be asked and what it would cost; send nothing.")
]
Answers = Annotated[
    Path,
    typer.Argument(help="Answers, some scored by people: CSV, TSV, JSONL, XLSX or Parquet.", metavar="RESPONSES"),
]
Labels = Annotated[Path, typer.Option("-o", "--out", help="Soft labels to write; the suffix chooses the format.")]
Teacher = Annotated[
    list[str],
    typer.Option(help="Language model: http(s)://HOST/v1/MODEL, or lm: and a hub id or folder.", metavar="URL/MODEL"),
]
"""A list, so that a second one is noticed; options that hold one value silently keep the last."""
CalibrationPart = Annotated[
    bool,
    typer.Option("--calibration-part", help="Split as distill does with --wrong-at-most: with a calibration part."),
]
FillFailed = Annotated[
    bool, typer.Option("--fill-failed", help="Give answers that got no score the model's mean probabilities.")
]
CheckInjections = Annotated[
    bool, typer.Option("--check-injections", help="Measure how often orders in an answer raise its score.")
]


@dataclass(frozen=True)
class LanguageOptions:
    """How language models are asked, and what is shown before all answers are."""

    first: First = 10
    yes: Yes = False
    shots: Shots = None
    pick: Pick = None
    method: Method = None
    samples: Samples = None
    sample_temperature: SampleTemperature = None
    max_tokens: MaxTokens = None
    workers: Workers = None
    timeout: Timeout = None
    max_cost: MaxCost = None
    max_calls: MaxCalls = None
    price: Price = None
    prices: Prices = None
    allow_remote: AllowRemote = False
    scrub: Scrub = False
    names: Names = None
    receipts: Receipts = None

    def settings(self, seed: int) -> LanguageSettings:
        """Settings from the options that the user gave; the others keep their defaults."""
        from pocketscore.llm.settings import AccessSettings, AskSettings, LanguageSettings, PromptSettings

        def given(*names: str) -> dict[str, Any]:
            return {name: value for name in names if (value := getattr(self, name)) is not None}

        named: Mapping[str, Any] = {"timeout_s": self.timeout, "temperature": self.sample_temperature}
        others = {name: value for name, value in named.items() if value is not None}
        return LanguageSettings(
            PromptSettings(**given("shots", "pick"), seed=seed),
            AskSettings(**given("method", "samples", "workers", "max_tokens"), **others, seed=seed),
            AccessSettings(
                **given("max_cost", "max_calls", "price", "prices", "allow_remote", "scrub", "names", "receipts")
            ),
        )
