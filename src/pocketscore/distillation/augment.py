"""The transfer set: answers like the pupils', made from the pupils', for the teacher to label.

Nothing inherits a label. A new answer is made from answers of one fold (single words may come from any), so that one
teacher has seen none of its sources and can label it honestly.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from pocketscore.text import plain
from pocketscore.types import Ints

_LONGEST = 300
"""Pieces of an answer that are read; a teacher reads no further."""

# Scripts that put no blanks between words: Thai, Lao, Burmese, Khmer, kana, Han.
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")


@dataclass(frozen=True, eq=False)
class TransferSet:
    """M new answers.

    Attributes:
        texts: M texts.
        folds: (M,) the fold that all sources of a text belong to.
    """

    texts: tuple[str, ...]
    folds: Ints


def transfer_set(texts: Sequence[str], folds: Ints, per_answer: int, seed: int) -> TransferSet:
    """About `per_answer` new answers for each of N answers; repeats are left out.

    Args:
        texts: N answers.
        folds: (N,) fold of each answer.
        per_answer: New answers made from each.
        seed: The same seed makes the same answers.
    """
    rng = np.random.default_rng(seed)
    pieces = [_pieces(text) for text in texts]
    mates = {int(fold): np.flatnonzero(folds == fold) for fold in np.unique(folds)}
    bag = [piece for answer in pieces for piece in answer]
    letters = "".join(sorted({char for piece in bag for char in piece}))
    known = {plain(text) for text in texts}
    made: list[tuple[str, int]] = []
    for row, answer in enumerate(pieces):
        fold = int(folds[row])
        for _ in range(per_answer):
            other = pieces[int(rng.choice(mates[fold]))]
            joiner = "" if _UNSPACED.search(texts[row]) else " "
            text = joiner.join(_changed(answer, other, bag, letters, rng)).strip()
            if text and plain(text) not in known:
                known.add(plain(text))
                made.append((text, fold))
    return TransferSet(tuple(text for text, _ in made), np.array([fold for _, fold in made], dtype=np.int64))


def _pieces(text: str) -> list[str]:
    """Words; single characters where a script puts no blanks between words."""
    pieces = list(text) if _UNSPACED.search(text) else text.split()
    return pieces[:_LONGEST]


def _changed(answer: list[str], other: list[str], bag: list[str], letters: str, rng: np.random.Generator) -> list[str]:
    """One answer after one or two changes."""
    changes: list[Callable[[list[str]], list[str]]] = [
        lambda a: _delete(a, rng),
        lambda a: _swap(a, bag, rng),
        lambda a: _span(a, rng),
        lambda a: _splice(a, other, rng),
        lambda a: _misspell(a, letters, rng),
    ]
    for choice in rng.choice(len(changes), size=int(rng.integers(1, 3)), replace=False):
        answer = changes[choice](answer)
    return answer


def _delete(answer: list[str], rng: np.random.Generator) -> list[str]:
    kept = rng.random(len(answer)) > rng.uniform(0.05, 0.35)
    return [piece for piece, keep in zip(answer, kept, strict=True) if keep]


def _swap(answer: list[str], bag: list[str], rng: np.random.Generator) -> list[str]:
    swapped = rng.random(len(answer)) < rng.uniform(0.05, 0.3)
    return [bag[int(rng.integers(len(bag)))] if swap else piece for piece, swap in zip(answer, swapped, strict=True)]


def _span(answer: list[str], rng: np.random.Generator) -> list[str]:
    size = max(1, round(len(answer) * rng.uniform(0.3, 0.9)))
    begin = int(rng.integers(len(answer) - size + 1)) if len(answer) >= size else 0
    return answer[begin : begin + size]


def _splice(answer: list[str], other: list[str], rng: np.random.Generator) -> list[str]:
    cut, paste = int(rng.integers(len(answer) + 1)), int(rng.integers(len(other) + 1))
    return answer[:cut] + other[paste:]


def _misspell(answer: list[str], letters: str, rng: np.random.Generator) -> list[str]:
    wrong = rng.random(len(answer)) < rng.uniform(0.05, 0.3)
    return [_typo(piece, letters, rng) if is_wrong else piece for piece, is_wrong in zip(answer, wrong, strict=True)]


def _typo(word: str, letters: str, rng: np.random.Generator) -> str:
    """One letter lost, doubled, swapped with its neighbour or replaced by one that the answers hold."""
    if len(word) < 3:
        return word
    at = int(rng.integers(len(word) - 1))
    kind = int(rng.integers(4))
    if kind == 0:
        return word[:at] + word[at + 1 :]
    if kind == 1:
        return word[:at] + word[at] + word[at:]
    if kind == 2:
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    return word[:at] + letters[int(rng.integers(len(letters)))] + word[at + 1 :]
