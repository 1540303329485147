"""Other ways for words to reach a student's word vectors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from pocketscore.text import UNKNOWN, Vocabulary, mix, word_hash
from pocketscore.types import Floats

Vectors = npt.NDArray[np.float32]
HASHED = 64


@dataclass(frozen=True)
class NearestWord(Vocabulary):
    """A word outside the vocabulary reads as the first word in it that is one edit away."""

    @cached_property
    def _near(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for number, entry in enumerate(self.entries, start=1):
            if len(entry) > 3:
                for form in _shortened(entry):
                    found.setdefault(form, number)
        return found

    def ids(self, found: Sequence[str]) -> npt.NDArray[np.int64]:
        """Ids of folded words, shape (T,)."""
        return np.array([self.id(word) or self._nearest(word) for word in found], dtype=np.int64)

    def _nearest(self, word: str) -> int:
        if len(word) < 4:
            return UNKNOWN
        return min((self._near[form] for form in _shortened(word) if form in self._near), default=UNKNOWN)


def _shortened(word: str) -> list[str]:
    """The word, and the word with each one letter left out: words one edit apart share one of these."""
    return [word, *(word[:i] + word[i + 1 :] for i in range(len(word)))]


@dataclass(frozen=True)
class HashedUnknown(Vocabulary):
    """A word outside the vocabulary gets one of `HASHED` vectors, by the hash of its first four letters."""

    def ids(self, found: Sequence[str]) -> npt.NDArray[np.int64]:
        """Ids of folded words, shape (T,); hashed ones follow the vocabulary's."""
        return np.array([self.id(word) or self._hashed(word) for word in found], dtype=np.int64)

    def __len__(self) -> int:
        return len(self.entries) + HASHED

    def _hashed(self, word: str) -> int:
        stem = np.array([word_hash(word[:4])], dtype=np.uint32)
        return len(self.entries) + 1 + int(mix(stem)[0] % HASHED)


@dataclass(frozen=True)
class Clustered(Vocabulary):
    """Many words, few vectors: words of a cluster share one.

    Attributes:
        clusters: Cluster 1..C of each entry.
    """

    clusters: tuple[int, ...] = ()

    @cached_property
    def _groups(self) -> dict[str, int]:
        return dict(zip(self.entries, self.clusters, strict=True))

    def ids(self, found: Sequence[str]) -> npt.NDArray[np.int64]:
        """Ids of the clusters of folded words, shape (T,)."""
        return np.array([self._groups.get(word, UNKNOWN) for word in found], dtype=np.int64)

    def __len__(self) -> int:
        return max(self.clusters)


def as_it_is(vocabulary: Vocabulary, states: Floats) -> Vocabulary:  # noqa: ARG001
    """A word outside the vocabulary is unknown: the recipe's own rule."""
    return vocabulary


def nearest_word(vocabulary: Vocabulary, states: Floats) -> Vocabulary:  # noqa: ARG001
    """See `NearestWord`."""
    return NearestWord(vocabulary.entries)


def hashed_unknown(vocabulary: Vocabulary, states: Floats) -> Vocabulary:  # noqa: ARG001
    """See `HashedUnknown`."""
    return HashedUnknown(vocabulary.entries)


def clustered(vocabulary: Vocabulary, states: Floats) -> Clustered:
    """Half as many vectors as words, by k-means over the encoder's states (V, H)."""
    from sklearn.cluster import KMeans

    groups = KMeans(len(vocabulary) // 2, n_init=1, random_state=0).fit_predict(states)
    return Clustered(vocabulary.entries, tuple((groups + 1).tolist()))


def arranged(vocabulary: Vocabulary, vectors: Vectors) -> Vectors:
    """Vectors (1 + entries, E) as the vocabulary's ids want them."""
    if isinstance(vocabulary, HashedUnknown):
        return np.vstack([vectors, np.zeros((HASHED, vectors.shape[1]), dtype=np.float32)])
    if isinstance(vocabulary, Clustered):
        members = [np.flatnonzero(np.array(vocabulary.clusters) == c) + 1 for c in range(1, len(vocabulary) + 1)]
        return np.vstack([vectors[:1], *(vectors[rows].mean(axis=0, keepdims=True) for rows in members)])
    return vectors
