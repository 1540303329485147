"""Which answers people must read, whatever score they get: those unlike all that the scorer has learnt from.

`Screen` is fitted on the training answers and travels in the file: a few numbers, no pupil's words. `Screener` applies
it, together with what needs no fitting: copies of the question or rubric, and instructions to a machine. `Deferral` is
the threshold below which a score is too uncertain to stand alone.

Every rule is arithmetic on whole numbers and one division, so that all surfaces agree to the bit.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from pocketscore.errors import InputError
from pocketscore.student.instructions import instructions
from pocketscore.text import MAX_LETTERS, MAX_WORDS, Vocabulary, Words, words
from pocketscore.types import Floats, Ints, Reason

Bools = npt.NDArray[np.bool_]

SPARED = 0.005
"""Largest share of the training answers that one fitted rule refers."""

FAR = 2
"""An answer is far too long from this many times the words of an ordinary long one."""

_SHORTEST_LONG = 5  # where answers are numbers, a sentence is not far longer
_BLOCK_BITS = 7  # a block is 128 code points: no alphabet shares one with another, ideographs fill 164
_BLOCKS, _MOST_WORDS = 0x110000 >> _BLOCK_BITS, 10**9
_SEEN, _ODD = 1 / 2, 1 / 3
_KNOWN_BEFORE, _ODD_BEFORE = 2, 1  # words added to short answers, which otherwise have shares of 0 and 1
_SHORTEST_ODD, _ODD_PAIRS, _SAME_LETTERS = 3, 3, 4
_SHORTEST_REPEATED, _SHORTEST_COPY, _RUN = 6, 6, 3
_DIGITS = frozenset("0123456789")
_KNOWN, _LETTERS, _SEEN_LETTERS, _ODDS, _QUOTED = range(5)  # columns of `Screener.marks`; two masks follow
_MASKS = 5

PLACES = {reason: place for place, reason in enumerate(Reason)}


@dataclass(frozen=True)
class Screen:
    """What the training answers look like, as far as a scorer must know it to refuse others.

    Attributes:
        longest: Words of an ordinary long answer; `FAR` times as many are too many. At least 1.
        blocks: Code points // 128 of the characters that several training answers have.
        seen_share: Least share of characters in `blocks`, 0 to 1; fewer are another script.
        known_share: Least share of known words, two known ones added, 0 to 1; fewer are another language or subject.
        odd_share: Largest share of words that look like none, one other word added, 0 to 1; more are gibberish.
    """

    longest: int
    blocks: tuple[int, ...]
    seen_share: float
    known_share: float
    odd_share: float

    def __post_init__(self) -> None:
        if type(self.longest) is not int or not 1 <= self.longest <= _MOST_WORDS:
            raise InputError(f"the screen's longest answer has {self.longest!r} words", "give a whole number from 1")
        if not all(type(block) is int and 0 <= block < _BLOCKS for block in self.blocks):
            raise InputError(f"the screen's blocks are {self.blocks!r}", f"give whole numbers from 0 below {_BLOCKS}")
        for name in ("seen_share", "known_share", "odd_share"):
            check_share(getattr(self, name), f"the screen's {name}")

    @classmethod
    def of(cls, texts: Sequence[str], vocabulary: Vocabulary, *, at_least: int = 5) -> Screen:
        """The screen under which at most `SPARED` of these answers are strange by each of its rules.

        An answer is judged as if it had not been there: a word or block that only `at_least` answers have, itself one
        of them, counts as unknown. So the share of new answers that are referred is much the same.

        Args:
            texts: Training answers, at least one with a word.
            vocabulary: That of the scorer, made from the same answers.
            at_least: Answers that must have a block before it is written down, as for the vocabulary.

        Raises:
            InputError: When no text has a word.
        """
        found = [text for text in map(words, dict.fromkeys(texts)) if text]
        if not found:
            raise InputError("a screen needs answers to learn from", "give at least one answer with a word")
        met = _Met(found, vocabulary, at_least)
        read = [text[:MAX_WORDS] for text in found]
        return cls(
            longest=max(_SHORTEST_LONG, int(_most([len(text) for text in found]))),
            blocks=tuple(sorted(met.blocks)),
            seen_share=min(_SEEN, _least([met.seen_share(text) for text in read])),
            known_share=_least([met.known_share(text) for text in read]),
            odd_share=max(_ODD, _most([met.odd_share(text) for text in read])),
        )

    def to_json(self) -> dict[str, Any]:
        """As it stands in a file."""
        return asdict(self)

    @classmethod
    def from_json(cls, found: object) -> Screen | None:
        """From what stands in a file; fields of later versions are left alone.

        Raises:
            InputError, LookupError, TypeError: It is no screen.
        """
        if found is None:
            return None
        given = _fields(cls, found)
        return cls(**given | {"blocks": tuple(given["blocks"])})


@dataclass(frozen=True)
class Deferral:
    """When a score is too uncertain to stand alone.

    Attributes:
        threshold: Confidence (probability of the reported point) from which a score stands alone, 0 to 1; None lets
            none stand alone.
        target: What the threshold was chosen to keep, and on which evidence; plain JSON, for people and programs.
    """

    threshold: float | None
    target: Mapping[str, object]

    def __post_init__(self) -> None:
        if self.threshold is not None:
            check_share(self.threshold, "the threshold of a deferral")
        try:
            same = json.loads(json.dumps(self.target, allow_nan=False)) == self.target
        except (TypeError, ValueError):
            same = False
        if not same or not isinstance(self.target, dict):
            raise InputError(
                f"the target of a deferral is {self.target!r}",
                "give an object of JSON: text keys; numbers, text, lists, objects",
            )

    def to_json(self) -> dict[str, Any]:
        """As it stands in a file."""
        return asdict(self)

    @classmethod
    def from_json(cls, found: object) -> Deferral | None:
        """From what stands in a file. Raises InputError, LookupError or TypeError when it is no deferral."""
        return None if found is None else cls(**_fields(cls, found))

    def refers(self, confidence: Floats) -> Bools:
        """Which of N scores are too uncertain to stand alone."""
        if self.threshold is None:
            return np.ones(len(confidence), dtype=bool)
        return np.asarray(confidence < self.threshold)


def _fields(kind: type[Screen] | type[Deferral], found: object) -> dict[str, Any]:
    if not isinstance(found, dict):
        raise TypeError(f"a {kind.__name__.lower()} of {found!r}")
    return {field.name: found[field.name] for field in fields(kind)}


def check_share(value: object, what: str) -> None:
    """Raise InputError unless a value is a number from 0 to 1."""
    if type(value) not in (int, float) or not 0 <= float(str(value)) <= 1:
        raise InputError(f"{what} is {value!r}", "give a number from 0 to 1")


class Screener:
    """Applies a screen to the answers of one scorer."""

    def __init__(self, screen: Screen, vocabulary: Vocabulary, question: str, rubric: str) -> None:
        self._screen, self._vocabulary = screen, vocabulary
        self._blocks = frozenset(screen.blocks)
        self._pairs = _pair_counts(vocabulary.entries)
        prompts = [words(question), words(rubric)]
        self._prompt_words = {word for prompt in prompts for word in prompt}
        self._prompt_runs = {run for prompt in prompts for run in _runs(prompt)}

    def marks(self, found: Sequence[str]) -> Ints:
        """What the rules need to know of M words, (M, 7); it is the same wherever they stand."""
        return np.array([self._marks(word) for word in found], dtype=np.int64)

    def places(self, texts: Sequence[Words], rows: Ints, marks: Ints, lengths: Ints) -> Ints:
        """For each of N answers the place of its reason in `Reason`, -1 for none.

        Args:
            texts: The words that are read, at least one each.
            rows: A number for each word of all texts, one after another; equal words have equal numbers.
            marks: The `marks` of these words, (sum of words, 7).
            lengths: (N,) words of each answer, those included that are not read.
        """
        found = np.full(len(texts), -1, dtype=np.int64)
        for reason, holds in reversed(self.rules(texts, rows, marks, lengths).items()):
            found[holds] = PLACES[reason]
        return found

    def rules(self, texts: Sequence[Words], rows: Ints, marks: Ints, lengths: Ints) -> dict[Reason, Bools]:
        """Which of N answers each rule holds for, in the order of `Reason`; arguments as for `places`."""
        read: Ints = np.array([len(text) for text in texts], dtype=np.int64)
        begins = np.cumsum(read) - read
        sums = np.add.reduceat(marks[:, :_MASKS], begins, axis=0)
        masks = np.bitwise_or.reduceat(marks[:, _MASKS:], begins, axis=0)
        bits: Ints = np.bitwise_and(masks[:, 0], masks[:, 1])
        quoted = 5 * sums[:, _QUOTED] >= 4 * (read - _RUN + 1)  # each run of a copy begins with a word of the original
        screen = self._screen
        return {
            Reason.TOO_LONG: (lengths > FAR * screen.longest) | (lengths > MAX_WORDS),
            Reason.OTHER_SCRIPT: sums[:, _SEEN_LETTERS] / sums[:, _LETTERS] < screen.seen_share,
            Reason.UNKNOWN_WORDS: (sums[:, _KNOWN] + _KNOWN_BEFORE) / (read + _KNOWN_BEFORE) < screen.known_share,
            Reason.GIBBERISH: (sums[:, _ODDS] / (read + _ODD_BEFORE) > screen.odd_share)
            | ((read >= _SHORTEST_REPEATED) & _repeated(rows, begins)),
            Reason.COPIED: _where(texts, (read >= _SHORTEST_COPY) & quoted, self._copied),
            Reason.INSTRUCTIONS: _where(texts, bits, instructions().found_in),
        }

    def _marks(self, word: str) -> tuple[int, ...]:
        letters = word[:MAX_LETTERS]
        known = self._vocabulary.id(word) > 0
        return (
            int(known),
            len(letters),
            sum(ord(char) >> _BLOCK_BITS in self._blocks for char in letters),
            int(not known and _looks_odd(letters, lambda pair: pair in self._pairs)),
            int(word in self._prompt_words),
            *instructions().masks(word),
        )

    def _copied(self, text: Words, _: int) -> bool:
        """Whether four in five of an answer's runs stand in the question or the rubric."""
        runs = _runs(text)
        return 5 * sum(run in self._prompt_runs for run in runs) >= 4 * len(runs)


class _Met:
    """How often training answers have words and blocks, to judge each of them as if it had not been there."""

    def __init__(self, texts: Sequence[Words], vocabulary: Vocabulary, at_least: int) -> None:
        self._vocabulary, self._at_least = vocabulary, at_least
        self._words = Counter(word for text in texts for word in set(text))
        self._blocks = Counter(block for text in texts for block in {b for word in text for b in _blocks(word)})
        self._pairs = _pair_counts(vocabulary.entries)
        self.blocks = {block for block, count in self._blocks.items() if count >= at_least}

    def known_share(self, text: Words) -> float:
        return (sum(map(self._knows, text)) + _KNOWN_BEFORE) / (len(text) + _KNOWN_BEFORE)

    def seen_share(self, text: Words) -> float:
        blocks = [block for word in text for block in _blocks(word)]
        return sum(self._blocks[block] > self._at_least for block in blocks) / len(blocks)

    def odd_share(self, text: Words) -> float:
        return sum(map(self._is_odd, text)) / (len(text) + _ODD_BEFORE)

    def _knows(self, word: str) -> bool:
        return self._vocabulary.id(word) > 0 and self._words[word] > self._at_least

    def _is_odd(self, word: str) -> bool:
        own = int(self._vocabulary.id(word) > 0)  # then one of the words with its pairs is the word itself
        return not self._knows(word) and _looks_odd(word[:MAX_LETTERS], lambda pair: self._pairs[pair] > own)


def _least(shares: Sequence[float]) -> float:
    """The value that at most `SPARED` of the shares stay below."""
    return sorted(shares)[math.floor(SPARED * len(shares))]


def _most(values: Sequence[float]) -> float:
    """The value that at most `SPARED` of the values exceed."""
    return sorted(values, reverse=True)[math.floor(SPARED * len(values))]


def _blocks(word: str) -> list[int]:
    return [ord(char) >> _BLOCK_BITS for char in word[:MAX_LETTERS]]


def _pair_counts(entries: Iterable[str]) -> Counter[str]:
    """Pairs of neighbouring characters in "<word>" -> number of words that have them."""
    return Counter(pair for word in entries for pair in set(_pairs(word[:MAX_LETTERS])))


def _pairs(word: str) -> list[str]:
    return [a + b for a, b in pairwise(f"<{word}>")]


def _looks_odd(word: str, is_seen: Callable[[str], bool]) -> bool:
    """Whether a word of at least three characters, none a digit, has four equal ones in a row or a third new pairs."""
    if len(word) < _SHORTEST_ODD or not _DIGITS.isdisjoint(word):
        return False
    if any(char * _SAME_LETTERS in word for char in set(word)):
        return True
    pairs = _pairs(word)
    return _ODD_PAIRS * sum(not is_seen(pair) for pair in pairs) >= len(pairs)


def _runs(text: Words) -> list[tuple[str, ...]]:
    return list(zip(*(text[i:] for i in range(_RUN)), strict=False))


def _repeated(rows: Ints, begins: Ints) -> Bools:
    """Whether each word from the third on is the last but one before it."""
    same = np.ones(len(rows) + 1, dtype=bool)
    same[2:-1] = rows[2:] == rows[:-2]
    same[begins] = same[begins + 1] = True
    return np.asarray(np.logical_and.reduceat(same[:-1], begins))


def _where(texts: Sequence[Words], candidates: Bools | Ints, holds: Callable[[Words, int], bool]) -> Bools:
    """Whether something holds of each text; asked of the candidates only, with what makes them candidates."""
    found = np.zeros(len(texts), dtype=bool)
    for place in np.flatnonzero(candidates).tolist():
        found[place] = holds(texts[place], int(candidates[place]))
    return found
