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
        if self.epochs < 1 or self.batch < 1:
            raise InputError(f"epochs = {self.epochs}, batch = {self.batch}", "take at least 1 of each")
