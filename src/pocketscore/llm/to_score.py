"""Where nobody has scored an answer: which ones to score first, by what the language model is unsure of."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from pocketscore.data.cells import Dialect, no_formula
from pocketscore.data.table import Table, write_table
from pocketscore.llm.labelling import LabelledItem
from pocketscore.trust.suggest import suggest
from pocketscore.types import MISSING, Scores, Status

COLUMNS = ("id", "item", "response", "score", "reason", "probability")
"""Columns of the list; `score` is empty, for people to fill in."""

ENOUGH = 50
"""Answers of each item that are listed."""


def unscored(items: Sequence[LabelledItem]) -> tuple[LabelledItem, ...]:
    """The items of which nobody has scored an answer: agreement with people is unknown."""
    return tuple(item for item in items if (item.responses.scores == MISSING).all())


def write_to_score(items: Sequence[LabelledItem], out: Path, seed: int) -> int:
    """Write the answers whose scoring would teach most, the best first, as `pocketscore suggest` chooses them.

    Args:
        items: Labelled items.
        out: File to write.
        seed: Seed of the draw from very many answers.

    Returns:
        The number of answers listed.
    """
    rows = tuple(row for item in items for row in _rows(item, seed))
    write_table(Table(Path("list.csv"), COLUMNS, rows, tuple(range(2, len(rows) + 2)), Dialect()), out)
    return len(rows)


def _rows(item: LabelledItem, seed: int) -> list[tuple[str, ...]]:
    said = np.flatnonzero(item.reported != MISSING)
    responses = item.responses.take(said)
    scores = Scores(responses.item.scale, item.probabilities[said], (Status.OK,) * len(said))
    found = suggest(responses.texts, scores, ENOUGH, seed=seed)
    return [
        tuple(
            no_formula(cell)
            for cell in (
                responses.ids[one.row], responses.item.id, responses.texts[one.row], "", one.reason,
                f"{one.probability:.4f}",
            )
        )
        for one in found.chosen
    ]  # fmt: skip
