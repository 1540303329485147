"""Texts to the padded inputs of an exported graph; needs numpy and `pocketscore.text` only."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from pocketscore.errors import InputError
from pocketscore.student.spec import PocketSpec, StudentSpec
from pocketscore.text import MAX_WORDS, Vocabulary, Words, pair_buckets, word_buckets, word_hash, words
from pocketscore.types import Ints

PADDING = -1
"""Fills up short rows. It cannot be 0, which is the id of a word outside the vocabulary."""


def bucket_count(spec: StudentSpec) -> int | None:
    """Hash buckets of a student, None for one without a wide path."""
    return spec.buckets if isinstance(spec, PocketSpec) else None


def encode(texts: Sequence[str | None], vocabulary: Vocabulary, buckets: int | None) -> dict[str, Ints]:
    """The inputs of an ONNX file for N texts.

    Args:
        texts: Answers as written. None, a non-string and a text without a word give a row of padding, and such a row
            gets probabilities of NaN. Of each text the first `MAX_WORDS` words are read, as everywhere.
        vocabulary: The file's words, from its metadata `vocabulary`.
        buckets: The field `buckets` of its metadata `spec`; None where there is none.

    Returns:
        `ids`, shape (N, T): 1..V, or 0 for a word outside the vocabulary; and, unless `buckets` is None, `buckets`,
        shape (N, M): 0..buckets - 1. T and M are those of the longest text, at least 1; shorter rows end in `PADDING`.

    Raises:
        InputError: When `texts` is empty, or one string instead of a sequence of strings.

    Example:
        >>> encode(["The cold air", "Cold!"], Vocabulary(("air", "cold")), buckets=None)["ids"]
        array([[ 0,  2,  1],
               [ 2,  0, -1]])
    """
    if isinstance(texts, str):
        raise InputError("encode() got one string", 'give a list: encode(["..."], ...)')
    if not texts:
        # onnxruntime's LSTM does not refuse a batch without rows: the process dies.
        raise InputError("encode() got no texts", "give at least one, or leave the file alone")
    found = [words(text)[:MAX_WORDS] if isinstance(text, str) else [] for text in texts]
    inputs = {"ids": _padded([vocabulary.ids(text) for text in found])}
    if buckets is not None:
        own = lru_cache(maxsize=None)(lambda word: word_buckets(word, buckets))
        inputs["buckets"] = _padded([_joined([*map(own, text), _pairs(text, buckets)]) for text in found])
    return inputs


def _pairs(text: Words, buckets: int) -> Ints:
    return pair_buckets(np.array([word_hash(word) for word in text], dtype=np.uint32), buckets)


def _joined(parts: Sequence[Ints]) -> Ints:
    return np.concatenate(parts).astype(np.int64)


def _padded(rows: Sequence[Ints]) -> Ints:
    table = np.full((len(rows), max([1, *map(len, rows)])), PADDING, dtype=np.int64)
    for place, row in enumerate(rows):
        table[place, : len(row)] = row
    return table
