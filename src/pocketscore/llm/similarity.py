"""Which answers share their rare words: TF-IDF and cosine, in numpy alone."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np

from pocketscore.text import words
from pocketscore.types import Floats, Ints


class TfIdf:
    """Answers as vectors: (1 + ln count) * (1 + ln((1 + B) / (1 + answers with the word))) for each word, length 1.

    Kept as a list of answers for each word, so that a comparison costs no more than the answers that share a word.

    Args:
        texts: B answers.

    Example:
        >>> TfIdf(["cold air", "warm glass"]).cosines("the air is cold").round(2).tolist()
        [1.0, 0.0]
    """

    def __init__(self, texts: Sequence[str]) -> None:
        counts = [Counter(words(text)) for text in texts]
        spread = Counter(word for counted in counts for word in counted)
        self._size = len(texts)
        self._idf = {word: 1 + float(np.log((1 + len(texts)) / (1 + number))) for word, number in spread.items()}
        entries: dict[str, list[tuple[int, float]]] = defaultdict(list)
        for row, counted in enumerate(counts):
            for word, weight in self._vector(counted).items():
                entries[word].append((row, weight))
        self._answers: dict[str, tuple[Ints, Floats]] = {
            word: (np.array([row for row, _ in found], dtype=np.int64), np.array([weight for _, weight in found]))
            for word, found in entries.items()
        }

    def cosines(self, text: str) -> Floats:
        """(B,) cosine of each answer with a text, 0 to 1; words that no answer has count for nothing."""
        found = np.zeros(self._size)
        for word, weight in self._vector(Counter(words(text))).items():
            rows, weights = self._answers[word]
            found[rows] += weight * weights
        return found

    def _vector(self, counted: Counter[str]) -> dict[str, float]:
        raw = {
            word: (1 + float(np.log(number))) * self._idf[word] for word, number in counted.items() if word in self._idf
        }
        length = float(np.sqrt(sum(weight**2 for weight in raw.values())))
        return {word: weight / length for word, weight in raw.items()}
