"""The attacks of the gaming suite: what a pupil might write to get more points than the answer deserves.

An attack names itself, says what its author has to know, and makes texts; `gaming` lets a scorer score them. The aims:

- RAISE: texts made from answers that people scored low. The attack succeeds when the scorer gives more than people did
  and more than it gave before.
- FOOL: texts that deserve the lowest point, made without any answer. It succeeds with every higher one.
- UNNOTICED: answers that people and scorer put high, with their meaning destroyed. It "succeeds" when the score does
  not drop. That is insensitivity, not gaming: nobody gains, but the scorer cannot have read what the answer says.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from pocketscore.trust import attacked
from pocketscore.trust.attack_texts import SUITE
from pocketscore.trust.triggers import ANSWERS, Trigger, Worth, search
from pocketscore.types import Ints

TEXTS = 60
"""Most texts of an attack that needs no answer."""


class Aim(StrEnum):
    """What an attack wants."""

    RAISE = "raise"
    FOOL = "fool"
    UNNOTICED = "unnoticed"


@dataclass(frozen=True, eq=False)
class Materials:
    """What attacks are made from.

    Attributes:
        low: Answers that people scored below the middle of the scale.
        high: Answers that people and scorer put above it.
        seen: (S,) rows of `low` that the author of an attack knows with their scores. What he learns from answers he
            learns from those that he has seen, and it is tried on the others.
        seen_texts: All answers that he knows with their scores, not only low ones.
        seen_high: Whether people scored each of them above the middle.
        vocabulary: Words of the scorer.
        question, rubric: As pupils have them; '' when the scorer does not say.
        worth: What the attacker wants to raise.
        rng: For everything random.
    """

    low: tuple[str, ...]
    high: tuple[str, ...]
    seen: Ints
    seen_texts: tuple[str, ...]
    seen_high: tuple[bool, ...]
    vocabulary: tuple[str, ...]
    question: str
    rubric: str
    worth: Worth
    rng: np.random.Generator

    @property
    def unseen(self) -> Ints:
        """Rows of `low` that the author has not seen."""
        return np.setdiff1d(np.arange(len(self.low)), self.seen)


@dataclass(frozen=True, eq=False)
class Attempt:
    """Attacked texts, ready to be scored.

    Attributes:
        texts: N texts.
        rows: (N,) the low or high answer that each was made from; None where there is none.
        note: What was found or taken, for the report; no pupil's answer.
    """

    texts: tuple[str, ...]
    rows: Ints | None = None
    note: str = ""


@dataclass(frozen=True)
class Attack:
    """One attack.

    Attributes:
        name: In tables and JSON.
        description: What is written, in plain words.
        knows: What its author has to know.
        aim: When it succeeds.
        make: The texts, or why it cannot be tried here.
    """

    name: str
    description: str
    knows: str
    aim: Aim
    make: Callable[[Materials], Attempt | str]


NO_LOW = "no answer that people scored below the middle of the scale was given"
NO_HIGH = "no answer that both people and the scorer put above the middle of the scale was given"
NO_WORDS = "the scorer has no words of its own"
NOT_ENGLISH = "not applicable: the answers are not in English, and only English negations are known"


def _keyword_list(given: Materials) -> Attempt | str:
    ranked, source = _keywords(given)
    texts = attacked.keyword_lists(ranked, given.rng)
    return Attempt(texts, note=f"{source}: {' '.join(ranked[:10])}") if texts else NO_WORDS


def _keyword_stuffing(given: Materials) -> Attempt | str:
    ranked, source = _keywords(given)
    if not len(given.unseen):
        return NO_LOW
    if not ranked:
        return NO_WORDS
    texts = [f"{given.low[row]} {' '.join(_order(ranked[:10], given.rng))}" for row in given.unseen]
    return Attempt(tuple(texts), given.unseen, f"{source}: {' '.join(ranked[:10])}")


def _keywords(given: Materials) -> tuple[tuple[str, ...], str]:
    """Words that mark good answers; without scored answers those that the scorer likes best alone."""
    ranked = attacked.telling(given.seen_texts, given.seen_high, given.vocabulary)
    if ranked:
        return ranked, "words of high-scored answers"
    if not given.vocabulary:
        return (), ""
    return attacked.tasty(given.worth(given.vocabulary), given.vocabulary), "words that the scorer likes best alone"


def _order(chosen: Sequence[str], rng: np.random.Generator) -> list[str]:
    return [chosen[i] for i in rng.permutation(len(chosen))]


def _copied_question(given: Materials) -> Attempt | str:
    texts = attacked.copies(given.question, sentences=True)
    return Attempt(texts) if texts else "the scorer does not hold its question"


def _copied_rubric(given: Materials) -> Attempt | str:
    texts = attacked.copies(given.rubric, sentences=False)
    return Attempt(texts) if texts else "the scorer does not hold its rubric"


def _on_low(change: Callable[[str, np.random.Generator], str]) -> Callable[[Materials], Attempt | str]:
    """An attack that changes each low-scored answer."""

    def make(given: Materials) -> Attempt | str:
        if not given.low:
            return NO_LOW
        return Attempt(tuple(change(text, given.rng) for text in given.low), np.arange(len(given.low)))

    return make


def _on_high(change: Callable[[str, np.random.Generator], str], nothing: str) -> Callable[[Materials], Attempt | str]:
    """An attack that changes each high-scored answer; those that it cannot change are left out."""

    def make(given: Materials) -> Attempt | str:
        if not given.high:
            return NO_HIGH
        made = [change(text, given.rng) for text in given.high]
        rows = [row for row, (text, new) in enumerate(zip(given.high, made, strict=True)) if text != new]
        if not rows:
            return nothing
        return Attempt(tuple(made[row] for row in rows), np.array(rows, dtype=np.int64))

    return make


def _negated(given: Materials) -> Attempt | str:
    if given.high and not attacked.looks_english(given.high):
        return NOT_ENGLISH
    return _on_high(lambda text, _: attacked.negated(text), "no answer has a verb that can be negated")(given)


def _triggers(given: Materials) -> Attempt | str:
    """A trigger found on the low answers that were seen, appended to the others; on nonsense where there are none."""
    if not given.vocabulary:
        return NO_WORDS
    if len(given.seen) and len(given.unseen):
        looked_at = given.rng.permutation(given.seen)[:ANSWERS]
        found = search(given.worth, [given.low[row] for row in looked_at], given.vocabulary)
        texts = tuple(found.appended(given.low[row]) for row in given.unseen)
        return Attempt(texts, given.unseen, f"found on {len(looked_at)} other answers: {_shown(found)}")
    nonsense = _nonsense(given)
    found = search(given.worth, nonsense[::2], given.vocabulary)
    texts = tuple(found.appended(text) for text in nonsense[1::2])
    return Attempt(texts, note=f"found and tried on nonsense of our own: {_shown(found)}")


def _shown(found: Trigger) -> str:
    return " ".join(found.words) or "no word raises anything"


def _nonsense(given: Materials) -> tuple[str, ...]:
    """Texts that deserve the lowest point, for want of answers: giving up, off the topic, and words drawn at random."""
    drawn = [
        " ".join(given.vocabulary[i] for i in given.rng.integers(len(given.vocabulary), size=size))
        for size in given.rng.integers(5, 26, size=40)
    ]
    return attacked.distinct(_order([*drawn, *SUITE.blanks, *attacked.off_topic(SUITE, 20, given.rng)], given.rng))


def _texts(make: Callable[[np.random.Generator], Sequence[str]]) -> Callable[[Materials], Attempt | str]:
    """An attack with texts of our own."""
    return lambda given: Attempt(attacked.distinct(make(given.rng)))


def _instructed(text: str, rng: np.random.Generator) -> str:
    return f"{text} {attacked.injections(SUITE, 1, rng)[0]}"


ATTACKS: tuple[Attack, ...] = (
    Attack("keyword_list", "5 to 40 telling words and no sentence", "words of good answers", Aim.FOOL, _keyword_list),
    Attack("keyword_stuffing", "a low-scored answer and ten telling words", "words of good answers", Aim.RAISE,
           _keyword_stuffing),
    Attack("triggers", "a low-scored answer and up to four words found by search",
           "may ask the scorer thousands of times", Aim.RAISE, _triggers),
    Attack("copied_question", "the question, its halves and sentences", "the question", Aim.FOOL, _copied_question),
    Attack("copied_rubric", "the rubric and its halves; one that holds the answer may deserve points", "the rubric",
           Aim.FOOL, _copied_rubric),
    Attack("repetition", "a low-scored answer three times over", "nothing", Aim.RAISE,
           _on_low(lambda text, _: attacked.repeated(text))),
    Attack("padding", "a low-scored answer between sentences that say nothing", "nothing", Aim.RAISE,
           _on_low(lambda text, rng: attacked.filled(text, SUITE, rng))),
    Attack("injection", "instructions to a machine instead of an answer", "that a machine scores", Aim.FOOL,
           _texts(lambda rng: attacked.injections(SUITE, TEXTS, rng))),
    Attack("added_injection", "a low-scored answer and an instruction to a machine", "that a machine scores", Aim.RAISE,
           _on_low(_instructed)),
    Attack("gibberish", "keys at random", "nothing", Aim.FOOL, _texts(lambda rng: attacked.gibberish(TEXTS, rng))),
    Attack("off_topic", "fluent sentences about something else", "nothing", Aim.FOOL,
           _texts(lambda rng: attacked.off_topic(SUITE, TEXTS, rng))),
    Attack("empty_ish", "'idk' and the like", "nothing", Aim.FOOL, _texts(lambda _: SUITE.blanks)),
    Attack("shuffled_words", "a high-scored answer with its words in random order", "nothing", Aim.UNNOTICED,
           _on_high(attacked.shuffled, "no high-scored answer has four words or more")),
    Attack("negation", "a high-scored answer with 'not' put in and taken out", "nothing", Aim.UNNOTICED, _negated),
)  # fmt: skip
"""All attacks, in the order to report them."""
