"""A scorer as its attackers meet it: texts go in, steps above the lowest score point come out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from pocketscore.errors import InputError
from pocketscore.text import Vocabulary
from pocketscore.types import MISSING, Floats, Ints, Scale, Scores


@dataclass(frozen=True, eq=False)
class Attempted:
    """What a scorer made of N texts. A step is a score point up from the lowest.

    Attributes:
        indices: (N,) steps, or `MISSING` where there is no score.
        expected: (N,) expected score above the lowest point (nominal scales: probability of the right class).
        caught: (N,) whether the answer goes to people: referred, or left without a score.
    """

    indices: Ints
    expected: Floats
    caught: npt.NDArray[np.bool_]


ScoreTexts = Callable[[Sequence[str]], Attempted]


@dataclass(frozen=True, eq=False)
class Victim:
    """A scorer under attack.

    Attributes:
        item: Its item.
        steps: Number of different steps K: the score points, or 2 on a nominal scale.
        score: What it makes of texts.
        vocabulary: Its words.
        question, rubric: As pupils have them, '' where unknown.
    """

    item: str
    steps: int
    score: ScoreTexts
    vocabulary: tuple[str, ...]
    question: str = ""
    rubric: str = ""


class Scoring(Protocol):
    """What is needed of a scorer; `pocketscore.student.Scorer` has it."""

    @property
    def item(self) -> str: ...  # noqa: D102
    @property
    def scale(self) -> Scale: ...  # noqa: D102
    @property
    def vocabulary(self) -> Vocabulary: ...  # noqa: D102
    @property
    def question(self) -> str: ...  # noqa: D102
    @property
    def rubric(self) -> str: ...  # noqa: D102
    def score(self, texts: Sequence[str]) -> Scores: ...  # noqa: D102


def victim(scorer: Scoring, right: str | None = None) -> Victim:
    """A scorer as an attacker meets it.

    Args:
        scorer: The scorer.
        right: On a nominal scale the class that an attacker wants to get.

    Raises:
        InputError: As `steps_of`.
    """
    steps_of(np.empty(0, dtype=np.int64), scorer.scale, right)  # a wrong scale is told before anything is scored
    return Victim(
        scorer.item,
        len(scorer.scale) if right is None else 2,
        lambda texts: attempted(scorer.score(texts), right),
        scorer.vocabulary.entries,
        scorer.question,
        scorer.rubric,
    )


@dataclass(frozen=True, eq=False)
class Answers:
    """Answers with human scores: N texts and (N,) steps, or `MISSING`."""

    texts: tuple[str, ...]
    steps: Ints

    def __post_init__(self) -> None:
        if len(self.texts) != len(self.steps):
            raise InputError(
                f"{len(self.texts)} answers with {len(self.steps)} human scores", "give every answer a score"
            )


NOBODY = Answers((), np.empty(0, dtype=np.int64))
"""When there are no scored answers; then only attacks that need none are tried."""


def attempted(scores: Scores, right: str | None = None) -> Attempted:
    """A scorer's scores as steps.

    Args:
        scores: Scores of N texts.
        right: On a nominal scale the class that an attacker wants to get.

    Raises:
        InputError: As `steps_of`.
    """
    indices = steps_of(scores.indices, scores.scale, right)
    if scores.scale.kind == "ordinal":
        expected = scores.expected - scores.scale.values[0]
    else:
        expected = scores.probabilities[:, scores.scale.index(right or "")]
    referred = np.array([reason is not None for reason in scores.refer], dtype=bool)
    return Attempted(indices, expected, referred | (indices == MISSING))


def steps_of(indices: Ints, scale: Scale, right: str | None = None) -> Ints:
    """(N,) steps above the lowest point; on a nominal scale 1 for the right class and 0 for every other.

    Args:
        indices: (N,) indices of score points, or `MISSING`.
        scale: Their scale.
        right: The class that an attacker wants to get, on nominal scales only.

    Raises:
        InputError: A nominal scale without `right`, an ordinal one with it, or a class that is not on the scale.

    Example:
        >>> steps_of(np.array([0, 1, MISSING]), Scale.of(["right", "wrong"]), "right").tolist()
        [1, 0, -1]
    """
    shown = ", ".join(scale.points)
    if scale.kind == "ordinal":
        if right is not None:
            raise InputError(f"the scale {shown} is ordinal and knows its highest point", f"leave out {right!r}")
        return indices
    if right is None:
        raise InputError(
            f"on the nominal scale {shown} no class is higher than another", "name the class that means right (--right)"
        )
    wanted = scale.index(right)
    return np.where(indices == MISSING, MISSING, indices == wanted).astype(np.int64)
