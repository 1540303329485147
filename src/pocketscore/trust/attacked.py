"""How attacked answers are made: from nothing, from the question, from the words of a scorer, or from other answers.

Every function is pure: the same texts and the same generator give the same result. Answers are cut where the scorer
cuts them (`pocketscore.text.words`), so what is shuffled, halved or listed are the scorer's own words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import numpy as np

from pocketscore.text import words
from pocketscore.trust.attack_texts import Bank
from pocketscore.types import Floats

KEYS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
LIST_SIZES = (5, 10, 20, 40)
"""Words of a keyword list."""

ORDERS = 5
"""Orders that the words of a list of one size come in."""

FLIPPED = {
    **{f"{verb}n't": verb for verb in ("is", "are", "was", "were", "do", "does", "did", "has", "have", "had")},
    **{f"{verb}n't": verb for verb in ("would", "could", "should", "need", "must")},
    "won't": "will", "can't": "can", "cannot": "can", "dont": "do", "doesnt": "does", "didnt": "did", "isnt": "is",
    "wasnt": "was", "cant": "can", "wont": "will",
}  # fmt: skip
"""Negated verbs and what they negate."""

AUXILIARIES = frozenset((
    "is", "are", "was", "were", "am", "do", "does", "did", "has", "have", "had",
    "will", "would", "can", "could", "should", "must", "may", "might", "shall",
))  # fmt: skip
NEGATORS = frozenset(("not", "never"))
ENGLISH = frozenset(("the", "and", "because", "that", "this", "they", "it"))
"""Words that few English answers of some length do without, and that hardly stand in answers of other languages."""


def gibberish(n: int, rng: np.random.Generator) -> tuple[str, ...]:
    """N texts as fingers type them that run along the keys."""
    return tuple(" ".join(_mashed(rng) for _ in range(int(rng.integers(1, 30)))) for _ in range(n))


def _mashed(rng: np.random.Generator) -> str:
    row = KEYS[int(rng.integers(len(KEYS)))]
    size, at = int(rng.integers(2, 11)), int(rng.integers(len(row)))
    if rng.random() < 0.5:
        return "".join(row[(at + step) % len(row)] for step in range(size))
    return "".join(row[int(rng.integers(len(row)))] for _ in range(size))


def off_topic(bank: Bank, n: int, rng: np.random.Generator) -> tuple[str, ...]:
    """At most N different texts of one to four sentences in order, each about one thing that nobody asked for."""
    pool = [
        " ".join(story[begin:end])
        for story in bank.topics
        for begin in range(len(story))
        for end in range(begin + 1, len(story) + 1)
    ]
    return _some(pool, n, rng)


def injections(bank: Bank, n: int, rng: np.random.Generator) -> tuple[str, ...]:
    """At most N different instructions to a machine."""
    pool = [
        " ".join(part for part in (opener, command, closer) if part)
        for opener in bank.openers
        for command in bank.commands
        for closer in bank.closers
    ]
    return _some(pool, n, rng)


def copies(text: str, *, sentences: bool) -> tuple[str, ...]:
    """A text that every pupil has, copied: whole, twice over, each half, and each sentence of four words or more.

    Args:
        text: The question or the rubric; '' gives nothing.
        sentences: Whether single sentences are copied too. Those of a rubric may be right answers.
    """
    found = words(text)
    if not found:
        return ()
    half = (len(found) + 1) // 2
    made = [text, f"{text} {text}", " ".join(found[:half]), " ".join(found[half:])]
    if sentences:
        made += [part for part in re.split(r"(?<=[.!?。！？])\s*|\n+", text) if len(words(part)) >= 4][:12]
    return distinct(made)


def spans(text: str, n: int, rng: np.random.Generator) -> tuple[str, ...]:
    """At most N different runs of words of a text, each half of it or longer."""
    found = words(text)
    made = []
    for _ in range(n if found else 0):
        size = int(rng.integers((len(found) + 1) // 2, len(found) + 1))
        begin = int(rng.integers(len(found) - size + 1))
        made.append(" ".join(found[begin : begin + size]))
    return distinct(made)


def telling(texts: Sequence[str], good: Sequence[bool], known: Sequence[str]) -> tuple[str, ...]:
    """The known words that mark good answers, most telling first; none when all answers are good or none is.

    A word is as telling as its log-odds of standing in a good rather than in another answer, divided by their standard
    error (counts of answers, half an answer added to each: Haldane 1956). Words at or below 0 are left out.

    Args:
        texts: N answers.
        good: N times whether people scored it high.
        known: Words to choose from.

    Example:
        >>> telling(["cold air", "cold glass", "warm air"], [True, True, False], ["air", "cold", "warm"])
        ('cold',)
    """
    marks = np.array(good, dtype=bool)
    if not marks.any() or marks.all():
        return ()
    held = [frozenset(words(text)) for text in texts]
    strengths: list[tuple[float, str]] = []
    for word in known:
        has = np.array([word in answer for answer in held])
        strengths.append((_log_odds(has, marks), word))
    order = sorted(range(len(known)), key=lambda i: -strengths[i][0])
    return tuple(strengths[i][1] for i in order if strengths[i][0] > 0 and _is_word(strengths[i][1]))


def _log_odds(has: np.ndarray, marks: np.ndarray) -> float:
    cells = np.array([(has & marks).sum(), (~has & marks).sum(), (has & ~marks).sum(), (~has & ~marks).sum()]) + 0.5
    return float((np.log(cells[0] / cells[1]) - np.log(cells[2] / cells[3])) / np.sqrt((1 / cells).sum()))


def tasty(expected: Floats, known: Sequence[str]) -> tuple[str, ...]:
    """The known words that the scorer likes best when they stand alone, best first.

    Args:
        expected: (V,) expected score of each word as an answer.
        known: V words.
    """
    order = np.argsort(-np.nan_to_num(expected, nan=-np.inf), kind="stable")
    return tuple(known[i] for i in order if _is_word(known[i]))


def keyword_lists(ranked: Sequence[str], rng: np.random.Generator, orders: int = ORDERS) -> tuple[str, ...]:
    """Lists of the 5, 10, 20 and 40 first words, each in some orders; fewer words give fewer lists."""
    made = []
    for size in LIST_SIZES:
        chosen = list(ranked[:size])
        made += [" ".join(chosen[i] for i in rng.permutation(len(chosen))) for _ in range(orders)]
    return distinct(made)


def repeated(text: str) -> str:
    """An answer three times over."""
    return " ".join([text] * 3)


def filled(text: str, bank: Bank, rng: np.random.Generator) -> str:
    """An answer between sentences that say nothing: one before, three to five after."""
    chosen = [bank.fillers[i] for i in rng.permutation(len(bank.fillers))[: int(rng.integers(4, 7))]]
    return " ".join([chosen[0], text, *chosen[1:]])


def shuffled(text: str, rng: np.random.Generator) -> str:
    """The words of an answer in another order; the same text when it has fewer than four words.

    With fewer, most orders mean the same.
    """
    found = words(text)
    if len(found) < 4:
        return text
    order = rng.permutation(len(found))
    return " ".join(found[i] for i in order)


def jumbled(text: str, rng: np.random.Generator) -> str:
    """The words of an answer, about a third of them swapped with the next one, as hasty writers leave them."""
    found = words(text)
    for at in range(len(found) - 1):
        if rng.random() < 1 / 3:
            found[at], found[at + 1] = found[at + 1], found[at]
    return " ".join(found)


def negated(text: str) -> str:
    """An English answer with every statement turned round; the same text when no verb is known.

    'not' and 'never' go, negated verbs lose their negation, other auxiliary verbs get a 'not'.

    Example:
        >>> negated("The air isn't warm, it can turn into water")
        'the air is warm , it can not turn into water'
    """
    found, made, changed = words(text), [], False
    for at, word in enumerate(found):
        follows = found[at + 1] if at + 1 < len(found) else ""
        if word in NEGATORS:
            changed = True
        elif word in FLIPPED:
            made.append(FLIPPED[word])
            changed = True
        else:
            made.append(word)
            if word in AUXILIARIES and follows not in NEGATORS:
                made.append("not")
                changed = True
    return " ".join(made) if changed else text


def looks_english(texts: Iterable[str]) -> bool:
    """Whether half of the answers or more hold one of the commonest English words; False for no answers."""
    hits = [not ENGLISH.isdisjoint(words(text)) for text in texts]
    return bool(hits) and sum(hits) >= len(hits) / 2


def distinct(texts: Iterable[str]) -> tuple[str, ...]:
    """Texts without repeats and without empty ones, in order."""
    return tuple(text for text in dict.fromkeys(texts) if words(text))


def _some(pool: Sequence[str], n: int, rng: np.random.Generator) -> tuple[str, ...]:
    return tuple(pool[i] for i in rng.permutation(len(pool))[:n])


def _is_word(word: str) -> bool:
    return any(char.isalpha() for char in word)
