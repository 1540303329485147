"""The types that travel between the parts. All are frozen and checked where they are made.

N is the number of responses and K the number of score points, everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from pocketscore.errors import InputError

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

MISSING = -1
"""Index that stands for 'no score' in `Responses.scores` and `Responses.second`."""


class Part(StrEnum):
    """The parts of a data set. Calibration is there only when a promise about deferral is asked for."""

    TRAIN = "train"
    VALIDATION = "validation"
    CALIBRATION = "calibration"
    TEST = "test"


class Status(StrEnum):
    """What happened to one response when it was scored."""

    OK = "ok"
    EMPTY = "empty"
    NOT_TEXT = "not_text"
    TRUNCATED = "truncated"
    UNFAMILIAR = "unfamiliar"


class Reason(StrEnum):
    """Why a person must read an answer, whatever score it got; of several reasons the first in this order counts."""

    EMPTY = "empty"
    NOT_TEXT = "not_text"
    TOO_LONG = "too_long"
    OTHER_SCRIPT = "other_script"
    UNKNOWN_WORDS = "unknown_words"
    GIBBERISH = "gibberish"
    COPIED = "copied"
    INSTRUCTIONS = "instructions"
    LOW_CERTAINTY = "low_certainty"


@dataclass(frozen=True)
class Scale:
    """Score points in order; the only place that knows label <-> index.

    Attributes:
        points: K labels. Ordinal points are whole numbers in ascending order, written without decimals.
        kind: "ordinal" when distance between points means something, else "nominal".

    Example:
        >>> scale = Scale.of(["2", "0", "1.0"])
        >>> scale.points, scale.kind, scale.index("2")
        (('0', '1', '2'), 'ordinal', 2)
        >>> Scale.of(["correct", "incorrect"]).kind
        'nominal'
    """

    points: tuple[str, ...]
    kind: Literal["ordinal", "nominal"]

    def __post_init__(self) -> None:
        if self.kind not in ("ordinal", "nominal"):
            raise InputError(f"a scale is ordinal or nominal, not {self.kind!r}", "correct its kind")
        if len(set(self.points)) != len(self.points) or len(self.points) < 2:
            raise InputError(
                f"a scale needs at least two different score points, got {list(self.points)}",
                "give answers of at least two score points",
            )
        if self.kind == "ordinal" and list(self.values) != sorted(self.values):
            raise InputError(f"ordinal score points {list(self.points)} are not ascending", "sort them")

    @classmethod
    def of(cls, labels: Sequence[str], kind: Literal["ordinal", "nominal"] | None = None) -> Scale:
        """The scale of the labels seen: ordinal when all are whole numbers, unless `kind` says otherwise."""
        canonical = {canonical_label(label) for label in labels}
        if kind is None:
            kind = "ordinal" if all(_is_whole(label) for label in canonical) else "nominal"
        ordered = sorted(canonical, key=float) if kind == "ordinal" else sorted(canonical)
        return cls(tuple(ordered), kind)

    @property
    def values(self) -> Floats:
        """Numeric value of each point, shape (K,): the label itself if ordinal, else 0..K-1."""
        if self.kind == "nominal":
            return np.arange(len(self.points), dtype=np.float64)
        try:
            return np.array([float(point) for point in self.points])
        except ValueError:
            raise InputError(
                f"the scale {list(self.points)} is called ordinal but holds words", "use a nominal scale"
            ) from None

    def index(self, label: str) -> int:
        """Index of a label, 0..K-1. Raises InputError for a label outside the scale."""
        try:
            return self.points.index(canonical_label(label))
        except ValueError:
            raise InputError(
                f"score {label!r} is not on the scale {', '.join(self.points)}",
                "correct the score or give the scale with --items",
            ) from None

    def __len__(self) -> int:
        return len(self.points)


def _is_whole(label: str) -> bool:
    return label.removeprefix("-").isascii() and label.removeprefix("-").isdigit()


def canonical_label(label: str) -> str:
    """One spelling for each score: spreadsheets write 2 as '2', ' 2' or '2.0'.

    >>> canonical_label(" 2.0 "), canonical_label("correct "), canonical_label("2.50"), canonical_label("-0")
    ('2', 'correct', '2.5', '0')
    """
    text = str(label).strip()
    try:
        number = float(text)
    except ValueError:
        return text
    if not np.isfinite(number):
        return text
    return str(int(number)) if number == int(number) else repr(number)


@dataclass(frozen=True)
class Item:
    """One question with its scale.

    Attributes:
        id: Identifier, also the stem of the `.pocket` file.
        scale: Score points.
        question: Text of the question, may be empty.
        rubric: Text of the rubric, may be empty.
        references: Reference answers, may be empty.
    """

    id: str
    scale: Scale
    question: str = ""
    rubric: str = ""
    references: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Responses:
    """N responses to one item.

    Attributes:
        item: The item they answer.
        ids: N identifiers, unique.
        texts: N answers, none empty.
        scores: (N,) index into `item.scale.points`, or `MISSING`.
        second: (N,) the second rater's index, or `MISSING`.
        parts: N parts, or None before splitting.
        groups: Column name -> N labels ('' where unknown).
        scored_by: '' if people gave the scores, else the language model that stands in.
    """

    item: Item
    ids: tuple[str, ...]
    texts: tuple[str, ...]
    scores: Ints
    second: Ints
    parts: tuple[Part, ...] | None = None
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    scored_by: str = ""

    def __post_init__(self) -> None:
        columns = {"ids": self.ids, "texts": self.texts, "scores": self.scores, "second": self.second, **self.groups}
        lengths = {name: len(values) for name, values in columns.items()}
        if self.parts is not None:
            lengths["parts"] = len(self.parts)
        if len(set(lengths.values())) != 1:
            raise InputError(f"item {self.item.id}: columns differ in length {lengths}", "give every row a value")

    def __len__(self) -> int:
        return len(self.texts)

    def take(self, rows: Ints) -> Responses:
        """The given rows (indices, shape (M,)) as a new `Responses`, in that order."""

        def pick(values: tuple[Any, ...]) -> tuple[Any, ...]:
            return tuple(values[i] for i in rows)

        return replace(
            self,
            ids=pick(self.ids),
            texts=pick(self.texts),
            scores=self.scores[rows],
            second=self.second[rows],
            parts=None if self.parts is None else pick(self.parts),
            groups={name: pick(labels) for name, labels in self.groups.items()},
        )

    def part(self, part: Part) -> Responses:
        """The rows of one part. Raises InputError when the responses were not split."""
        if self.parts is None:
            raise InputError(f"item {self.item.id}: the responses are not split", "call pocketscore.data.split first")
        return self.take(np.flatnonzero(np.array(self.parts) == part))


@dataclass(frozen=True, eq=False)
class SoftLabels:
    """A teacher's class probabilities.

    Attributes:
        probabilities: (N, K), rows sum to 1.
        folds: (N,) fold whose teacher gave the row (it did not train on it), or -1 for the mean of all folds.
        provenance: Teacher, settings and data hash as plain text.
    """

    probabilities: Floats
    folds: Ints
    provenance: Mapping[str, str]

    def __post_init__(self) -> None:
        check_probabilities(self.probabilities, "soft labels")
        if len(self.folds) != len(self.probabilities):
            raise InputError(
                f"{len(self.folds)} folds for {len(self.probabilities)} soft labels", "give each row its fold"
            )


def improper(probabilities: Floats) -> npt.NDArray[np.bool_]:
    """(N,) whether a row of (N, K) is not finite, has a negative value, or does not sum to 1 (tolerance 1e-4)."""
    sums = probabilities.sum(axis=1)
    return np.asarray(~np.isfinite(sums) | (np.abs(sums - 1) > 1e-4) | (probabilities < 0).any(axis=1))


def check_probabilities(probabilities: Floats, what: str) -> None:
    """Raise InputError unless every row is finite, non-negative and sums to 1 (tolerance 1e-4)."""
    if bad := np.flatnonzero(improper(probabilities)).tolist():
        raise InputError(
            f"{what}, row {bad[0] + 1}: {probabilities[bad[0]].tolist()} is not a probability distribution",
            "give finite values of at least 0 that sum to 1",
        )


@dataclass(frozen=True)
class WordEvidence:
    """What one word of an answer contributes to its score.

    Attributes:
        word: The word as the scorer reads it.
        start, end: Its place in the answer as it was written, `text[start:end]`.
        contribution: How much lower the expected score (ordinal scales) or the probability of the reported point
            (nominal scales) would be without this word; 0 if it is the only one.
    """

    word: str
    start: int
    end: int
    contribution: float


@dataclass(frozen=True, eq=False)
class Scores:
    """What a scorer says of N texts.

    Attributes:
        scale: The item's scale.
        probabilities: (N, K); a row of NaN where the text was not scored.
        status: N statuses; `ok`, `truncated` and `unfamiliar` carry a score, `empty` and `not_text` none.
        cuts: K - 1 cut points on the expected score that decide the score (see `check_cuts`); None gives the likeliest.
        evidence: N lists of what each word that was read contributes, empty where there is no score; None when it was
            not asked for.
        refer: N reasons why a person must read the answer, None where its score may stand alone. Left out, it is told
            from the status: what is empty or no text is referred.
    """

    scale: Scale
    probabilities: Floats
    status: tuple[Status, ...]
    cuts: tuple[float, ...] | None = None
    evidence: tuple[tuple[WordEvidence, ...], ...] | None = None
    refer: tuple[Reason | None, ...] = ()

    def __post_init__(self) -> None:
        if not self.refer:
            unscored = {Status.EMPTY: Reason.EMPTY, Status.NOT_TEXT: Reason.NOT_TEXT}
            object.__setattr__(self, "refer", tuple(map(unscored.get, self.status)))
        if len(self.refer) != len(self.status):
            raise InputError(
                f"{len(self.refer)} reasons for {len(self.status)} texts", "give each text its reason or None"
            )
        if self.probabilities.shape != (len(self.status), len(self.scale)):
            raise InputError(
                f"probabilities of shape {self.probabilities.shape} for {len(self.status)} texts and "
                f"{len(self.scale)} score points",
                "give one row a text and one column a score point",
            )
        check_cuts(self.cuts, self.scale)

    def __len__(self) -> int:
        return len(self.status)

    @property
    def indices(self) -> Ints:
        """(N,) index of the reported score point, `MISSING` where there is none.

        Without cut points the likeliest, the first of them if several are; with them as many points up from the first
        as cut points lie at or below the expected score.
        """
        scored = np.isfinite(self.probabilities).all(axis=1)
        if self.cuts is None:
            found = np.nan_to_num(self.probabilities).argmax(axis=1)
        else:
            found = np.searchsorted(np.array(self.cuts), self.expected, side="right")
        return np.where(scored, found, MISSING).astype(np.int64)

    @property
    def labels(self) -> tuple[str | None, ...]:
        """N reported score points, None where there is none."""
        return tuple(None if i == MISSING else self.scale.points[i] for i in self.indices)

    @property
    def confidence(self) -> Floats:
        """(N,) probability of the reported score point, NaN where there is none."""
        reported = np.maximum(self.indices, 0)[:, None]  # a row without a score is all NaN
        return np.asarray(np.take_along_axis(self.probabilities, reported, axis=1)[:, 0], dtype=np.float64)

    @property
    def expected(self) -> Floats:
        """(N,) probability-weighted mean score on the scale's values, NaN where there is none."""
        return np.asarray(self.probabilities @ self.scale.values, dtype=np.float64)


def check_cuts(cuts: tuple[float, ...] | None, scale: Scale) -> None:
    """Raise InputError unless the cut points are K - 1 finite ascending numbers of an ordinal scale, or None."""
    if cuts is None:
        return
    ascending = bool(np.isfinite(cuts).all()) and list(cuts) == sorted(cuts)
    if scale.kind != "ordinal" or len(cuts) != len(scale) - 1 or not ascending:
        raise InputError(
            f"cut points {list(cuts)} on the {scale.kind} scale {', '.join(scale.points)}",
            f"give {len(scale) - 1} ascending numbers for an ordinal scale, or None",
        )


DECIMALS = 6
"""Decimals of every number in JSON."""


def plain_number(value: float) -> float | None:
    """A number as JSON holds it: rounded, None where undefined; adding 0.0 turns -0.0 into 0.0."""
    return round(float(value), DECIMALS) + 0.0 if np.isfinite(value) else None


@dataclass(frozen=True)
class Estimate:
    """A number with its 95 % interval; NaN where it is undefined."""

    value: float
    low: float
    high: float

    def rounded(self) -> dict[str, float | None]:
        """JSON-ready.

        >>> Estimate(0.5, -1e-12, float("nan")).rounded()
        {'value': 0.5, 'low': 0.0, 'high': None}
        """
        return {"value": plain_number(self.value), "low": plain_number(self.low), "high": plain_number(self.high)}


UNDEFINED = Estimate(float("nan"), float("nan"), float("nan"))
"""An estimate of what could not be computed."""


@dataclass(frozen=True, eq=False)
class Agreement:
    """How well one rater (machine or person) agrees with the human score.

    Attributes:
        n: Number of responses compared.
        metrics: Metric name -> estimate, in the order to print them.
        confusion: (K, K) counts, rows the human score, columns the other.
    """

    n: int
    metrics: Mapping[str, Estimate]
    confusion: Ints
