"""Everything that decides what a teacher becomes, apart from the data."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from pocketscore.errors import InputError

MANY = 5000
"""From this many training answers on, fewer and larger steps do as well (`docs/results.md`)."""


@dataclass(frozen=True)
class Schedule:
    """How long and how fast a teacher learns.

    Attributes:
        epochs: Most passes over the training rows.
        batch: Answers a step.
        learning_rate: Peak rate of AdamW.
    """

    epochs: int
    batch: int
    learning_rate: float


@dataclass(frozen=True)
class TeacherSettings:
    """How a teacher is fine-tuned.

    Attributes:
        models: One or more of: an encoder's hub id or folder, "minilm" for the packaged one, "ngrams" for TF-IDF with
            logistic regression; a language model behind an endpoint, "http(s)://HOST/v1/MODEL", or on this machine,
            "lm:" with its hub id or folder; "lora:" with the same fine-tunes it.
        layers: Top layers to train: a number, "third" of the model's layers, or "all".
        folds: K of the K-fold cross-fitting. 1 trains one teacher on everything and asks it about the same answers,
            uncalibrated, as the paper does.
        epochs: Most passes over the training rows; None leaves it to their number, as for the next two.
        batch: Answers a step.
        learning_rate: Peak rate of AdamW.
        patience: Epochs without a better validation loss before training stops.
        dropout: Share of pooled features dropped before the head.
        max_tokens: Longer answers are cut.
        seed: Seed of everything random.
    """

    models: tuple[str, ...] = ("minilm", "ngrams")
    layers: int | Literal["third", "all"] = "third"
    folds: int = 5
    epochs: int | None = None
    batch: int | None = None
    learning_rate: float | None = None
    patience: int = 2
    dropout: float = 0.1
    max_tokens: int = 256
    seed: int = 0

    def __post_init__(self) -> None:
        if not self.models or len(set(self.models)) < len(self.models):
            raise InputError(f"teachers {list(self.models)}", "name at least one, each once (--teacher)")
        if self.folds < 1:
            raise InputError(f"{self.folds} folds", "take at least 1 (--folds)")
        check_seed(self.seed)
        schedule = self.schedule(1)
        for name, value in (("epochs", schedule.epochs), ("batch", schedule.batch), ("patience", self.patience)):
            if value < 1:
                raise InputError(f"{name} = {value}", "take at least 1")
        if not (schedule.learning_rate > 0 and 0 <= self.dropout < 1 and self.max_tokens >= 8):
            raise InputError(
                f"learning_rate = {schedule.learning_rate}, dropout = {self.dropout}, max_tokens = {self.max_tokens}",
                "take a rate above 0, a dropout in [0, 1) and at least 8 tokens",
            )

    def schedule(self, n: int) -> Schedule:
        """What was given, and for the rest what suits n training answers."""
        usual = Schedule(5, 32, 3e-4) if n >= MANY else Schedule(8, 16, 2e-4)
        given = {name: getattr(self, name) for name in ("epochs", "batch", "learning_rate")}
        return replace(usual, **{name: value for name, value in given.items() if value is not None})


def model_name(model: str) -> str:
    """The model's name for records: a hub id as it is, of a folder its last part (the path may name a person).

    >>> model_name("models/ada/scibert"), model_name("bert-base-uncased"), model_name("org/model")
    ('scibert', 'bert-base-uncased', 'org/model')
    """
    return model if model.count("/") <= 1 and model[:1] not in "/.~" and "\\" not in model else Path(model).name


def check_seed(seed: int) -> None:
    """Raise InputError unless every random generator takes the seed."""
    if not 0 <= seed < 2**31:
        raise InputError(f"seed {seed} is out of range", "take a whole number from 0 to 2147483647 (--seed)")
