"""What a language model is to a teacher: prompts in, log-probabilities of the score points out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np

from pocketscore.errors import InputError
from pocketscore.types import Floats, Scale

LETTERS = "ABCDEFGHJKLMNOPQRSTU"
"""Codes of score points that are no single digits; a scale has at most twenty points. No I, which begins refusals."""

Method = Literal["logprobs", "samples", "verbalised"]
"""How probabilities are read: the log-probabilities of the one token asked for; the share of several answers drawn at a
temperature; or percentages that the model writes down."""

FailureKind = Literal["answer", "cut", "budget", "context", "logprobs", "request", "later"]
"""Why a prompt has no score. It was answered, but not with a score ("answer"), nor was there room for one ("cut"). Or
it was not answered: too dear, too long for the model, without the log-probabilities that were wanted, refused for
another reason, or failed in a way that may be over later."""


@dataclass(frozen=True)
class Codes:
    """What a model answers with: one character for each of K score points, so that one token decides.

    Example:
        >>> Codes.of(Scale.of(["0", "1", "2"])).characters, Codes.of(Scale.of(["correct", "incorrect"])).characters
        (('0', '1', '2'), ('A', 'B'))
    """

    characters: tuple[str, ...]

    @classmethod
    def of(cls, scale: Scale) -> Codes:
        """The points themselves where each is one digit, else letters in the scale's order."""
        if all(len(point) == 1 and point.isascii() and point.isdigit() for point in scale.points):
            return cls(scale.points)
        return cls(tuple(LETTERS[: len(scale)]))

    def __len__(self) -> int:
        return len(self.characters)


@dataclass(frozen=True)
class Prompt:
    """What a model is asked about one answer.

    Attributes:
        system: What it is and what it has to do.
        user: Question, rubric, score points, examples, and the fenced answer.
        ending: How to answer, behind the fence: the last thing that a model reads is ours.
    """

    system: str
    user: str
    ending: str

    @property
    def messages(self) -> tuple[Mapping[str, str], ...]:
        """As chat endpoints take it."""
        return (
            {"role": "system", "content": self.system},
            {"role": "user", "content": f"{self.user}\n\n{self.ending}"},
        )


@dataclass(frozen=True)
class Failure:
    """A prompt without a usable answer.

    Attributes:
        row: Its place among the prompts asked.
        reason: Why, in plain words, without secrets. It may quote the model or the server, so read nothing out of it.
        kind: Why, for programs.
    """

    row: int
    reason: str
    kind: FailureKind = "answer"


@dataclass(frozen=True, eq=False)
class Answers:
    """What a model says of N prompts.

    Attributes:
        logits: (N, K) log-probabilities of the score points; a row of NaN where there is no usable answer.
        mass: (N,) share of the model's probability that fell on score points at all; NaN where it is unknown.
        method: How the probabilities were read.
        failures: Why rows are NaN.
    """

    logits: Floats
    mass: Floats
    method: Method
    failures: tuple[Failure, ...] = ()

    def __post_init__(self) -> None:
        lost = np.flatnonzero(np.isnan(self.logits).any(axis=1)).tolist()
        if lost != sorted(failure.row for failure in self.failures) or len(self.mass) != len(self.logits):
            raise InputError(f"rows {lost} have no answer, {len(self.failures)} failures", "name each failed row once")


class LanguageModel(Protocol):
    """Anything that can be asked for score points."""

    @property
    def name(self) -> str:
        """Name for people: endpoint and model, or folder."""

    def ask(self, prompts: Sequence[Prompt], codes: Codes) -> Answers:
        """Log-probabilities of the codes as the next token of each prompt.

        Raises:
            TeacherError: When the model cannot be asked at all (wrong key, unknown model, unreachable).
        """

    def provenance(self) -> Mapping[str, str]:
        """Model, settings and what was spent, as plain text; no secrets."""
