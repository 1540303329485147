"""The scorer: everything that one item needs on the device, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain

import numpy as np

from pocketscore.errors import InputError
from pocketscore.student.evidence import Strength, leave_one_out
from pocketscore.student.forward import ElstmForward, PocketForward, Weights, softmax
from pocketscore.student.spec import PocketSpec, StudentSpec, parameters
from pocketscore.text import MAX_WORDS, Vocabulary, Words, pair_buckets, places, word_buckets, word_hash, words
from pocketscore.types import MISSING, Floats, Ints, Scale, Scores, Status, WordEvidence, check_cuts

_CACHED_WORDS = 20_000
_BATCH = 32  # keeps the table rows of one batch inside the processor's cache


class _Rows(dict[str, int]):
    """Word -> row, the next free one for a new word."""

    def __missing__(self, word: str) -> int:
        row = self[word] = len(self)
        return row


class _WideForward:
    """Wide path of the `pocket` student: the mean weight of a text's hashed n-grams, per score point.

    The same words come again and again, so each word's share (sum of weights, count, hash) is kept in a row.
    """

    def __init__(self, buckets: int, weights: Weights) -> None:
        self._buckets = buckets
        table = weights["wide"].T.astype(np.float64)
        self._weights = np.vstack([table, np.zeros_like(table[:1])])  # (buckets + 1, K): the last row adds nothing
        self._forget()

    def __call__(self, texts: Sequence[Words]) -> Floats:
        """Logits (N, K); every text has at least one word."""
        if len(self._rows) > _CACHED_WORDS:
            self._forget()
        lengths = np.array([len(text) for text in texts], dtype=np.int64)
        ends = np.cumsum(lengths)
        found = chain.from_iterable(texts)
        rows = np.fromiter(map(self._rows.__getitem__, found), dtype=np.int64, count=int(ends[-1]))
        if len(self._shares) != len(self._rows):
            self._read_new()
        pairs = np.append(pair_buckets(self._hashes[rows], self._buckets), 0)
        pairs[ends - 1] = self._buckets  # a text's last word has no right neighbour
        share = self._shares[rows] + self._weights[pairs]
        counts = np.add.reduceat(self._counts[rows], ends - lengths) + lengths - 1
        return np.asarray(np.add.reduceat(share, ends - lengths, axis=0) / counts[:, None])

    def _forget(self) -> None:
        self._rows = _Rows()
        self._shares = np.empty((0, self._weights.shape[1]))
        self._counts = np.empty(0, dtype=np.int64)
        self._hashes = np.empty(0, dtype=np.uint32)

    def _read_new(self) -> None:
        """Fill the rows of the words met since the last call."""
        new = list(self._rows)[len(self._shares) :]
        places = [word_buckets(word, self._buckets) for word in new]
        self._shares = np.vstack([self._shares, [self._weights[p].sum(axis=0) for p in places]])
        self._counts = np.append(self._counts, [len(p) for p in places])
        self._hashes = np.append(self._hashes, np.array([word_hash(word) for word in new], dtype=np.uint32))


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
        scorable = [i for i, text in enumerate(found) if text]
        scorable.sort(key=lambda i: len(found[i] or ()))  # alike lengths together
        for begin in range(0, len(scorable), _BATCH):
            rows = scorable[begin : begin + _BATCH]
            probabilities[rows] = softmax(self.logits([(found[i] or [])[:MAX_WORDS] for i in rows]))
        scores = Scores(self.scale, probabilities, status, self.cuts)
        return replace(scores, evidence=self._evidence(texts, scores)) if evidence else scores

    def logits(self, texts: Sequence[Words]) -> Floats:
        """Logits (N, K) of texts given as folded words; every text has at least one word."""
        lengths: Ints = np.array([len(text) for text in texts], dtype=np.int64)
        ids = self.vocabulary.ids([word for text in texts for word in text])
        deep = self._deep(ids, lengths)
        return deep if self._wide is None else deep + self._wide(texts)

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
    def _deep(self) -> PocketForward | ElstmForward:
        if isinstance(self.spec, PocketSpec):
            return PocketForward(self.spec, self.weights)
        return ElstmForward(self.spec, self.weights)

    @cached_property
    def _wide(self) -> _WideForward | None:
        return _WideForward(self.spec.buckets, self.weights) if isinstance(self.spec, PocketSpec) else None
