"""Everything that decides what a teacher becomes, apart from the data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pocketscore.errors import InputError


@dataclass(frozen=True)
class TeacherSettings:
    """How a teacher is fine-tuned.

    Attributes:
        model: Hub id, folder, or "minilm" for the packaged default.
        layers: Top layers to train: a number, "third" of the model's layers, or "all".
        folds: K of the K-fold cross-fitting, at least 2.
        epochs: Most passes over the training rows.
        patience: Epochs without a better validation loss before training stops.
        learning_rate: Peak rate of AdamW.
        batch: Answers a step.
        dropout: Share of pooled features dropped before the head.
        max_tokens: Longer answers are cut.
        seed: Seed of everything random.
    """

    model: str = "minilm"
    layers: int | Literal["third", "all"] = "third"
    folds: int = 5
    epochs: int = 8
    patience: int = 2
    learning_rate: float = 2e-4
    batch: int = 16
    dropout: float = 0.1
    max_tokens: int = 256
    seed: int = 0

    def __post_init__(self) -> None:
        if self.folds < 2:
            raise InputError(f"{self.folds} folds cannot cross-fit", "take at least 2 (--folds)")
        check_seed(self.seed)
        for name in ("epochs", "batch", "patience"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} = {getattr(self, name)}", "take at least 1")
        if not (self.learning_rate > 0 and 0 <= self.dropout < 1 and self.max_tokens >= 8):
            raise InputError(
                f"learning_rate = {self.learning_rate}, dropout = {self.dropout}, max_tokens = {self.max_tokens}",
                "take a rate above 0, a dropout in [0, 1) and at least 8 tokens",
            )


def check_seed(seed: int) -> None:
    """Raise InputError unless every random generator takes the seed."""
    if not 0 <= seed < 2**31:
        raise InputError(f"seed {seed} is out of range", "take a whole number from 0 to 2147483647 (--seed)")
