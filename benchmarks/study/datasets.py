"""The public data sets, by the folder that holds them. None of their text is part of this project."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pocketscore.data import ColumnChoice, read_items, read_responses, split
from pocketscore.data.items import ScaleKind
from pocketscore.types import Part, Responses

SEED = 0
"""Seed of the first split, of folds, teachers and transfer sets."""


@dataclass(frozen=True)
class DataSetFile:
    """One data set, labelled one way.

    Attributes:
        name: Name in tables and of the committed files.
        file: Path of the responses inside the data folder.
        score: Column with the labels.
        scale: Kind of scale; None tells it from the labels.
        pooled: One model over all questions, where they have too few answers for one each.
        seed: Seed of the split.
        own: Each item has a teacher of its own, instead of one for all.
    """

    name: str
    file: str
    score: str = "score"
    scale: ScaleKind | None = None
    pooled: bool = False
    seed: int = SEED
    own: bool = False

    def read(self, folder: Path) -> list[Responses]:
        """The items, each split into parts (the given split where there is one); those without training answers not."""
        path = folder / self.file
        columns = ColumnChoice(score=self.score, item="" if self.pooled else None)
        texts = None if self.pooled else read_items(path.parent / "items.json")
        data = read_responses(path, columns, texts, (), self.scale)
        learnable = [r for r in data.responses if r.parts is None or Part.TRAIN in r.parts]
        return [split(responses, self.seed) for responses in learnable]


DATA_SETS = {
    entry.name: entry
    for entry in (
        DataSetFile("asap-sas", "asap-sas/asap_sas_train.csv"),
        DataSetFile("asap-sas-again", "asap-sas/asap_sas_train.csv", seed=1, own=True),
        DataSetFile("beetle-3way", "beetle/beetle_train_ua.csv", "label_3way", "nominal"),
        DataSetFile("beetle-5way", "beetle/beetle_train_ua.csv", "label_5way", "nominal"),
        DataSetFile("scientsbank-2way", "scientsbank/scientsbank_train_ua.csv", "label_2way", "nominal", pooled=True),
        DataSetFile("saf-de", "saf-de/saf_de.csv", "label", "nominal"),
        DataSetFile("ads-zh", "ads-zh/ads_zh.csv", pooled=True),
    )
}
