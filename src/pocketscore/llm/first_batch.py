"""A few answers labelled first, beside people's scores, so that a poor teacher is seen before it is paid."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from pocketscore.errors import TeacherError
from pocketscore.llm.model import Answers
from pocketscore.llm.parts import scored_rows
from pocketscore.llm.prompts import same_words
from pocketscore.metrics import confusion, exact_agreement, qwk
from pocketscore.soft_labels import softmax_at
from pocketscore.types import MISSING, Floats, Ints, Part, Responses

_ANSWERED = ("answer", "cut", "request")
_MORE_TOKENS = "give it more tokens with --max-tokens (one that thinks first needs hundreds), or turn its thinking off"
_ANOTHER_MODEL = "see what it wrote instead; take a model that follows instructions, or ask with another --method"


@dataclass(frozen=True, eq=False)
class FirstBatch:
    """What a language model says of M answers to one item, before any calibration.

    Attributes:
        responses: The M answers as the model is shown them (scrubbed where that is wanted), with people's scores where
            there are any.
        answers: What the model says of them.
    """

    responses: Responses
    answers: Answers

    @property
    def unread(self) -> bool:
        """Whether the model answered, and never with a score. What was not answered at all may be answered later."""
        lost = self.answers.failures
        return len(lost) == len(self.responses) and any(failure.kind in _ANSWERED for failure in lost)

    def check(self, model: str) -> None:
        """Find before more is paid for that the model answers with anything but scores.

        Args:
            model: Its name for people.

        Raises:
            TeacherError: When it never answered with a score.
        """
        if not self.unread:
            return
        kinds = Counter(failure.kind for failure in self.answers.failures)
        reason = Counter(failure.reason for failure in self.answers.failures if failure.kind in _ANSWERED)
        raise TeacherError(
            f"item {self.responses.item.id}: {model} gave none of the first {len(self.responses)} answers a score "
            f"({reason.most_common(1)[0][0]})",
            _MORE_TOKENS if kinds["cut"] else _ANOTHER_MODEL,
        )

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
        if (words := same_words(responses.texts[row])) not in seen:
            seen.add(words)
            waiting.setdefault(int(responses.scores[row]), []).append(row)
    rounds = max(map(len, waiting.values()), default=0)
    in_turn = [rows[turn] for turn in range(rounds) for _, rows in sorted(waiting.items()) if turn < len(rows)]
    return np.array(sorted(in_turn[:most]), dtype=np.int64)
