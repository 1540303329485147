"""Text to ids: the one specification that every surface repeats (version `TEXT_VERSION`).

1. Fold. Each code point is replaced through the frozen table `chartable.json`: case folded, compatibility forms and
   accents of Latin, Greek and Cyrillic removed, format characters dropped, controls and blanks one blank,
   unassigned code points and lone surrogates U+FFFD. No table of the runtime is asked.
2. Split. Letters, digits, marks and apostrophes run together as words; an ideograph or a symbol is a word of its own;
   apostrophes at either end of a word are cut off.
3. Look up. A word's id is its place in the vocabulary, 1..V; 0 stands for every other word.
4. Hash. Each word, each pair of neighbours and each run of 3 to 5 characters inside "<word>" has a bucket; of a word
   only the first `MAX_LETTERS` characters count here.

Functions here are pure; `Vocabulary` is plain data.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import groupby, repeat
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pocketscore.errors import InputError

TEXT_VERSION = 1
MAX_WORDS = 1000
"""Words of one answer that are read; the rest is ignored and the answer gets the status `truncated`."""

MAX_LETTERS = 64
"""Characters of one word that are hashed; a megabyte without a blank must not cost more than any other word."""

NGRAM_SIZES = (3, 4, 5)
UNKNOWN = 0

Words = list[str]
Hashes = npt.NDArray[np.uint32]

_OUTER_APOSTROPHES = re.compile("(?<![^ ])'+|'+(?![^ ])")
_FNV_OFFSET, _FNV_PRIME, _MASK = 0x811C9DC5, 0x01000193, 0xFFFFFFFF
_PAIR_PRIME = 0x9E3779B1


class _CharTable(dict[int, str]):
    """Code point -> replacement, filled on demand from the frozen table (for `str.translate`)."""

    def __init__(self) -> None:
        raw = json.loads((Path(__file__).parent / "chartable.json").read_text("ascii"))
        self._starts = [start for start, _ in raw["kinds"]]
        self._kinds = [kind for _, kind in raw["kinds"]]
        self._folds: dict[int, str] = {int(code, 16): target for code, target in raw["strings"].items()}
        for first, last, step, shift in raw["moved"]:
            self._folds.update((code, chr(code + shift)) for code in range(first, last + 1, step))

    def __missing__(self, code: int) -> str:
        replacement = "".join(map(self._place, self._folds.get(code, chr(code))))
        self[code] = replacement
        return replacement

    def _place(self, char: str) -> str:
        kind = self._kinds[bisect_right(self._starts, ord(char)) - 1]
        return {"w": char, "i": f" {char} ", "s": f" {char} ", "b": " ", "d": "", "u": " \ufffd "}[kind]


@lru_cache(maxsize=1)
def _table() -> _CharTable:
    return _CharTable()


def words(text: str) -> Words:
    """All words of a text, folded.

    >>> words("The H₂O isn’t GONE… it's in the Café’s air!")
    ['the', 'h2o', "isn't", 'gone', '.', '.', '.', "it's", 'in', 'the', "cafe's", 'air', '!']
    >>> words("水蒸气 → 'ok'")
    ['水', '蒸', '气', '→', 'ok']
    """
    folded = text.translate(_table())
    if "'" not in folded:
        return folded.split()
    return _OUTER_APOSTROPHES.sub("", folded).split()


class Place(NamedTuple):
    """A folded word and where it stands in the text as it was written, `text[start:end]`."""

    word: str
    start: int
    end: int


def places(text: str) -> list[Place]:
    """The words of a text with their places; the same words as `words` gives.

    >>> places("It isn’t ½")
    [Place(word='it', start=0, end=2), Place(word="isn't", start=3, end=8), Place(word='1', start=9, end=10),
     Place(word='⁄', start=9, end=10), Place(word='2', start=9, end=10)]
    """
    table = _table()
    letters = [(letter, at) for at, char in enumerate(text) for letter in table[ord(char)]]
    found = []
    for blank, run in groupby(letters, key=lambda entry: entry[0] == " "):
        word = list(run)
        while word and word[0][0] == "'":
            word.pop(0)
        while word and word[-1][0] == "'":
            word.pop()
        if word and not blank:
            found.append(Place("".join(letter for letter, _ in word), word[0][1], word[-1][1] + 1))
    return found


def plain(text: str) -> str:
    """What makes two answers the same: the text without regard to capitals and white space.

    >>> plain(" Cold  AIR ") == plain("cold air")
    True
    """
    return " ".join(text.casefold().split())


def word_hash(word: str) -> int:
    """32-bit FNV-1a (Fowler, Noll and Vo) over the first `MAX_LETTERS` code points of a word.

    >>> word_hash("air"), word_hash("")
    (858933783, 2166136261)
    """
    value = _FNV_OFFSET
    for char in word[:MAX_LETTERS]:
        value = ((value ^ ord(char)) * _FNV_PRIME) & _MASK
    return value


def mix(hashes: Hashes) -> Hashes:
    """Spread the bits of each hash (finaliser of MurmurHash3), so that low bits can choose a bucket."""
    mixed = hashes ^ (hashes >> np.uint32(16))
    mixed = mixed * np.uint32(0x85EBCA6B)
    mixed ^= mixed >> np.uint32(13)
    mixed = mixed * np.uint32(0xC2B2AE35)
    mixed ^= mixed >> np.uint32(16)
    return mixed


def pair_hashes(hashes: Hashes) -> Hashes:
    """Hash of each word with its right neighbour: shape (T,) -> (T - 1,)."""
    return np.asarray(hashes[:-1] * np.uint32(_PAIR_PRIME) ^ hashes[1:], dtype=np.uint32)


def ngrams(word: str) -> list[str]:
    """Runs of 3 to 5 characters of "<word>", shortest first.

    >>> ngrams("air")
    ['<ai', 'air', 'ir>', '<air', 'air>', '<air>']
    """
    marked = f"<{word[:MAX_LETTERS]}>"
    return [marked[i : i + n] for n in NGRAM_SIZES for i in range(len(marked) - n + 1)]


def word_buckets(word: str, buckets: int) -> npt.NDArray[np.int64]:
    """Buckets of a word and of the character runs in it; `buckets` is a power of two."""
    hashes = np.array([word_hash(word), *map(word_hash, ngrams(word))], dtype=np.uint32)
    return (mix(hashes) & np.uint32(buckets - 1)).astype(np.int64)


def pair_buckets(hashes: Hashes, buckets: int) -> npt.NDArray[np.int64]:
    """Buckets of neighbouring words, given each word's `word_hash`: shape (T,) -> (T - 1,)."""
    return (mix(pair_hashes(hashes)) & np.uint32(buckets - 1)).astype(np.int64)


@dataclass(frozen=True)
class Vocabulary:
    """The words that have an embedding of their own.

    Attributes:
        entries: V distinct folded words; word i has id i + 1.
    """

    entries: tuple[str, ...]

    def __post_init__(self) -> None:
        if len(set(self.entries)) != len(self.entries):
            repeated = [word for word, count in Counter(self.entries).items() if count > 1]
            raise InputError(f"vocabulary holds {repeated[:3]} more than once", "list each word once")

    @classmethod
    def of(cls, texts: Iterable[str], *, at_least: int = 5, at_most: int = 800) -> Vocabulary:
        """The most frequent words that occur in at least `at_least` different texts.

        The floor is a privacy rule: a name that one pupil wrote never enters a scorer.

        >>> Vocabulary.of(["cold air", "cold glass", "Cold AIR"], at_least=2).entries
        ('cold', 'air')
        """
        counts: Counter[str] = Counter()
        for text in set(texts):
            counts.update(set(words(text)))
        frequent = [(-count, word) for word, count in counts.items() if count >= at_least]
        return cls(tuple(word for _, word in sorted(frequent)[:at_most]))

    @cached_property
    def _ids(self) -> dict[str, int]:
        return {word: i for i, word in enumerate(self.entries, start=1)}

    def id(self, word: str) -> int:
        """Id of a folded word, 1..V, or 0 when it is not in the vocabulary."""
        return self._ids.get(word, UNKNOWN)

    def ids(self, found: Sequence[str]) -> npt.NDArray[np.int64]:
        """Ids of folded words, shape (T,)."""
        return np.fromiter(map(self._ids.get, found, repeat(UNKNOWN)), dtype=np.int64, count=len(found))

    def knows_any(self, found: Iterable[str]) -> bool:
        """Whether any of the folded words is in the vocabulary."""
        return not self._ids.keys().isdisjoint(found)

    def __len__(self) -> int:
        return len(self.entries)
