"""One teacher for all trials of a sweep: whatever it was asked once is remembered."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from pocketscore.distillation.labelling import Labeller, Taught
from pocketscore.types import Floats, Ints


class SharedLabeller:
    """Passes every question on once.

    Args:
        inner: The labeller that knows.
    """

    def __init__(self, inner: Labeller) -> None:
        self._inner = inner
        self._taught: dict[int, Taught] = {}
        self._labels: dict[tuple[int, bytes], Floats | None] = {}
        self._states: dict[bytes, Floats | None] = {}

    def teach(self, item: int) -> Taught:
        """Soft labels of an item's responses."""
        if item not in self._taught:
            self._taught[item] = self._inner.teach(item)
        return self._taught[item]

    def label(self, item: int, texts: Sequence[str], folds: Ints) -> Floats | None:
        """Soft labels (M, K) of new texts."""
        key = (item, _digest([f"{fold} {text}" for fold, text in zip(folds.tolist(), texts, strict=True)]))
        if key not in self._labels:
            self._labels[key] = self._inner.label(item, texts, folds)
        return self._labels[key]

    def answer(self, texts: Sequence[str]) -> bool:
        """Score texts as in use; not remembered, since it is there to measure speed."""
        return self._inner.answer(texts)

    def states(self, words: Sequence[str]) -> Floats | None:
        """One vector (V, H) for each word."""
        key = _digest(words)
        if key not in self._states:
            self._states[key] = self._inner.states(words)
        return self._states[key]


def _digest(parts: Sequence[str]) -> bytes:
    digest = hashlib.sha256()
    for part in parts:
        raw = part.encode("utf-8", "surrogatepass")
        digest.update(len(raw).to_bytes(8, "little") + raw)
    return digest.digest()
