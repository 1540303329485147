"""The scorer: everything that one item needs on the device, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt

from pocketscore.errors import InputError
from pocketscore.student.evidence import Strength, leave_one_out
from pocketscore.student.forward import ElstmForward, PocketForward, Weights, softmax
from pocketscore.student.screen import PLACES, Deferral, Screen, Screener
from pocketscore.student.spec import PocketSpec, StudentSpec, parameters
from pocketscore.text import MAX_WORDS, Hashes, Vocabulary, Words, pair_buckets, places, word_buckets, word_hash, words
from pocketscore.types import MISSING, Floats, Ints, Reason, Scale, Scores, Status, WordEvidence, check_cuts

Column = npt.NDArray[Any]
"""An array with a row for each word."""

_CACHED_WORDS = 20_000
_BATCH = 32  # keeps the table rows of one batch inside the processor's cache


class _Rows(dict[str, int]):
    """Word -> row, the next free one for a new word."""

    def __missing__(self, word: str) -> int:
        row = self[word] = len(self)
        return row


class _Lexicon:
    """What is worked out of words, once for each: the same words come again and again.

    Args:
        measures: Name -> what gives, for M words, an array with M rows.
    """

    def __init__(self, measures: Mapping[str, Callable[[list[str]], Column]]) -> None:
        self._measures = measures
        self._read = 0
        self._forget()

    def rows(self, texts: Sequence[Words]) -> Ints:
        """The rows of the words of all texts, one after another; they hold until the next call."""
        if len(self._rows) > _CACHED_WORDS:
            self._forget()
        count = sum(map(len, texts))
        found = np.fromiter(map(self._rows.__getitem__, chain.from_iterable(texts)), dtype=np.int64, count=count)
        if self._read != len(self._rows):
            new = list(self._rows)[self._read :]
            for name, measure in self._measures.items():
                kept = self._columns.get(name)
                self._columns[name] = measure(new) if kept is None else np.concatenate([kept, measure(new)])
            self._read = len(self._rows)
        return found

    def __getitem__(self, name: str) -> Column:
        """The array of a measure, a row for each word."""
        return self._columns[name]

    def _forget(self) -> None:
        self._rows, self._read = _Rows(), 0
        self._columns: dict[str, Column] = {}


class _WideForward:
    """Wide path of the `pocket` student: the mean weight of a text's hashed n-grams, per score point."""

    def __init__(self, buckets: int, weights: Weights) -> None:
        self._buckets = buckets
        table = weights["wide"].T.astype(np.float64)
        counted = np.column_stack([table, np.ones(len(table))])
        # (buckets + 1, K + 1): weights, and 1 to count by; the last row adds nothing.
        self._weights = np.vstack([counted, np.zeros_like(counted[:1])])

    def shares(self, found: Sequence[str]) -> Floats:
        """What each of M words adds wherever it stands, shape (M, K + 1): weights and their number."""
        return np.array([self._weights[word_buckets(word, self._buckets)].sum(axis=0) for word in found])

    def __call__(self, shares: Floats, hashes: Hashes, lengths: Ints) -> Floats:
        """Logits (N, K) of N texts from the `shares` and `word_hash`es of their words, one text after another."""
        ends = np.cumsum(lengths)
        pairs = np.append(pair_buckets(hashes, self._buckets), 0)
        pairs[ends - 1] = self._buckets  # a text's last word has no right neighbour
        sums = np.add.reduceat(shares + self._weights[pairs], ends - lengths, axis=0)
        return np.asarray(sums[:, :-1] / sums[:, -1:])


@dataclass(frozen=True, eq=False)
class Scorer:
    """Scores answers to one item.

    Attributes:
        item: The item's id.
        spec: Architecture and sizes.
        vocabulary: V words with a vector of their own.
        weights: Tensor name -> float32 array, exactly those that the spec implies.
        scale: The item's K score points.
        cuts: K - 1 cut points on the expected score that decide the score; None gives the likeliest point.
        question: The question as pupils read it, may be empty; shown beside answers, never scored.
        rubric: The rubric, may be empty.
        card: Numbers about the scorer (training sizes, agreement, provenance); no pupil's words.
        screen: What ordinary answers look like; without it only empty answers and what is no text are referred.
        deferral: When a score is too uncertain to stand alone; None lets every one stand.
    """

    item: str
    spec: StudentSpec
    vocabulary: Vocabulary
    weights: Weights
    scale: Scale
    cuts: tuple[float, ...] | None = None
    question: str = ""
    rubric: str = ""
    card: dict[str, object] = field(default_factory=dict)
    screen: Screen | None = None
    deferral: Deferral | None = None

    def __post_init__(self) -> None:
        check_cuts(self.cuts, self.scale)
        expected = self.spec.shapes(len(self.vocabulary), len(self.scale))
        found = {name: tensor.shape for name, tensor in self.weights.items()}
        if found != expected:
            wrong = sorted(name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name))
            raise InputError(
                f"item {self.item}: tensors {wrong} have shapes {[found.get(n) for n in wrong]}, "
                f"the spec implies {[expected.get(n) for n in wrong]}",
                "build the scorer with the weights of its own spec",
            )

    @property
    def parameters(self) -> int:
        """Number of weights."""
        return parameters(self.spec, len(self.vocabulary), len(self.scale))

    def score(self, texts: Sequence[str | None], *, evidence: bool = False) -> Scores:
        """Score N answers; each gets the same probabilities alone and in any batch.

        Args:
            texts: Answers as written. None or a non-string gets the status `not_text`.
            evidence: Whether to say what each word contributes. An answer of T words then costs T + 1 answers' time.

        Raises:
            InputError: When `texts` is one string instead of a sequence of strings.
        """
        if isinstance(texts, str):
            raise InputError("score() got one string", 'give a list: scorer.score(["..."])')
        found = [words(text) if isinstance(text, str) else None for text in texts]
        status = tuple(self._status(text) for text in found)
        probabilities = np.full((len(found), len(self.scale)), np.nan)
        strange: Ints = np.full(len(found), -1, dtype=np.int64)
        scorable = [i for i, text in enumerate(found) if text]
        scorable.sort(key=lambda i: len(found[i] or ()))  # alike lengths together
        for begin in range(0, len(scorable), _BATCH):
            places = scorable[begin : begin + _BATCH]
            whole = [found[i] or [] for i in places]
            read = [text[:MAX_WORDS] for text in whole]
            rows, lengths = self._lexicon.rows(read), _lengths(read)
            probabilities[places] = softmax(self._logits(rows, lengths))
            if self._screener is not None:
                strange[places] = self._screener.places(read, rows, self._lexicon["marks"][rows], _lengths(whole))
        scores = Scores(self.scale, probabilities, status, self.cuts)
        scores = replace(scores, refer=self._refer(scores, strange))
        return replace(scores, evidence=self._evidence(texts, scores)) if evidence else scores

    def logits(self, texts: Sequence[Words]) -> Floats:
        """Logits (N, K) of texts given as folded words; every text has at least one word."""
        return self._logits(self._lexicon.rows(texts), _lengths(texts))

    def _logits(self, rows: Ints, lengths: Ints) -> Floats:
        deep = self._deep(self._lexicon["id"][rows], lengths)
        if self._wide is None:
            return deep
        return deep + self._wide(self._lexicon["share"][rows], self._lexicon["hash"][rows], lengths)

    def _refer(self, scores: Scores, strange: Ints) -> tuple[Reason | None, ...]:
        """Reasons from the status, from what the screen found (places in `Reason`, -1 for nothing), and certainty."""
        if self.deferral is not None:
            uncertain = (strange < 0) & self.deferral.refers(scores.confidence)
            strange = np.where(uncertain, PLACES[Reason.LOW_CERTAINTY], strange)
        named = (*Reason, None)  # place -1 is the last
        return tuple(
            named[place] if none is None else none for none, place in zip(scores.refer, strange.tolist(), strict=True)
        )

    def _evidence(self, texts: Sequence[str | None], scores: Scores) -> tuple[tuple[WordEvidence, ...], ...]:
        return tuple(
            () if text is None or point == MISSING else leave_one_out(places(text)[:MAX_WORDS], self._strength(point))
            for text, point in zip(texts, scores.indices.tolist(), strict=True)
        )

    def _strength(self, point: int) -> Strength:
        """What a word's contribution is measured on: expected score, or the probability of a point if nominal."""
        weights = self.scale.values if self.scale.kind == "ordinal" else np.eye(len(self.scale))[point]
        return lambda texts: np.concatenate(
            [softmax(self.logits(texts[i : i + _BATCH])) @ weights for i in range(0, len(texts), _BATCH)]
        )

    def _status(self, text: Words | None) -> Status:
        if text is None:
            return Status.NOT_TEXT
        if not text:
            return Status.EMPTY
        if not self.vocabulary.knows_any(text[:MAX_WORDS]):
            return Status.UNFAMILIAR
        return Status.TRUNCATED if len(text) > MAX_WORDS else Status.OK

    @cached_property
    def _lexicon(self) -> _Lexicon:
        measures: dict[str, Callable[[list[str]], Column]] = {"id": self.vocabulary.ids}
        if self._wide is not None:
            measures |= {"share": self._wide.shares, "hash": _hashes}
        if self._screener is not None:
            measures["marks"] = self._screener.marks
        return _Lexicon(measures)

    @cached_property
    def _screener(self) -> Screener | None:
        if self.screen is None:
            return None
        return Screener(self.screen, self.vocabulary, self.question, self.rubric)

    @cached_property
    def _deep(self) -> PocketForward | ElstmForward:
        if isinstance(self.spec, PocketSpec):
            return PocketForward(self.spec, self.weights)
        return ElstmForward(self.spec, self.weights)

    @cached_property
    def _wide(self) -> _WideForward | None:
        return _WideForward(self.spec.buckets, self.weights) if isinstance(self.spec, PocketSpec) else None


def _lengths(texts: Sequence[Words]) -> Ints:
    return np.array([len(text) for text in texts], dtype=np.int64)


def _hashes(found: Sequence[str]) -> Hashes:
    return np.array([word_hash(word) for word in found], dtype=np.uint32)
