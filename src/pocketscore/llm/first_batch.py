"""A few answers labelled first, beside people's scores, so that a poor teacher is seen before it is paid."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pocketscore.llm.model import Answers
from pocketscore.llm.parts import scored_rows
from pocketscore.metrics import confusion, exact_agreement, qwk
from pocketscore.soft_labels import softmax_at
from pocketscore.text import plain
from pocketscore.types import MISSING, Floats, Ints, Part, Responses


@dataclass(frozen=True, eq=False)
class FirstBatch:
    """What a language model says of M answers to one item, before any calibration.

    Attributes:
        responses: The M answers, with people's scores where there are any.
        answers: What the model says of them.
    """

    responses: Responses
    answers: Answers

    @property
    def likeliest(self) -> Ints:
        """(M,) index of the likeliest score point, `MISSING` where the model gave no score."""
        lost = np.isnan(self.answers.logits).any(axis=1)
        return np.where(lost, MISSING, np.nan_to_num(self.answers.logits).argmax(axis=1)).astype(np.int64)

    @property
    def confidence(self) -> Floats:
        """(M,) probability of the likeliest score point, NaN where there is none."""
        return np.asarray(softmax_at(self.answers.logits, 1.0).max(axis=1))

    @property
    def compared(self) -> int:
        """Answers that both people and the model scored."""
        return int(self._counts.sum())

    @property
    def agreed(self) -> int:
        """Those of the compared ones with the same score."""
        return round(float(np.nan_to_num(exact_agreement(self._counts))) * self.compared)

    @property
    def qwk(self) -> float:
        """Quadratic weighted kappa of the compared ones; NaN where it is undefined, and on nominal scales."""
        scale = self.responses.item.scale
        return float(qwk(self._counts, scale.values)) if scale.kind == "ordinal" else float("nan")

    @property
    def _counts(self) -> Ints:
        return confusion(self.responses.scores, self.likeliest, len(self.responses.item.scale))


def first_rows(responses: Responses, most: int, seed: int) -> Ints:
    """At most so many rows to ask about first: of each score point in turn, no two with the same words.

    They are training answers that people scored; where there are none, any answers that nobody scored.

    Args:
        responses: N responses, with parts.
        most: How many.
        seed: Seed of the draw.
    """
    pool = scored_rows(responses, Part.TRAIN)
    if not len(pool):
        pool = np.flatnonzero(responses.scores == MISSING)
    seen: set[str] = set()
    waiting: dict[int, list[int]] = {}
    for row in np.random.default_rng(seed).permutation(pool).tolist():
        if plain(responses.texts[row]) not in seen:
            seen.add(plain(responses.texts[row]))
            waiting.setdefault(int(responses.scores[row]), []).append(row)
    rounds = max(map(len, waiting.values()), default=0)
    in_turn = [rows[turn] for turn in range(rounds) for _, rows in sorted(waiting.items()) if turn < len(rows)]
    return np.array(sorted(in_turn[:most]), dtype=np.int64)
