"""Attacked answers for a student to learn from: `distill --harden`.

They are made from training answers, the question, the rubric and texts of our own (none of which the gaming suite
uses), and nobody has to be asked what they deserve:

- What is no answer gets the lowest point: gibberish, lists of telling words, copies of question and rubric,
  instructions to a machine, sentences about something else.
- An answer that was made longer without saying more keeps the teacher's label: repeated, padded, stuffed with telling
  words, followed by an instruction or by trigger words.
- An answer in disorder keeps its label too, some neighbours swapped or all words shuffled. Nobody gains by shuffling a
  good answer, and a scorer that gives shuffled ones the lowest point takes points from hasty writers
  (`benchmarks/gaming.py` measures both; see `HardenSettings.shuffled`).

What gets the lowest point counts like an answer that people scored. What keeps a label counts like the transfer set,
with the soft term of the loss alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from pocketscore.distillation.settings import HardenSettings
from pocketscore.errors import InputError
from pocketscore.student.scorer import Scorer
from pocketscore.text import words
from pocketscore.trust import attacked
from pocketscore.trust.attack_texts import LESSONS
from pocketscore.trust.triggers import ANSWERS, search
from pocketscore.types import Floats, Ints, Responses, Scale

SEARCHES = 4
"""Triggers looked for in a round, each on other answers."""

LONG = 8
"""Words from which on random order leaves nothing to understand; shorter answers may be notes in any order."""


@dataclass(frozen=True, eq=False)
class Labelled:
    """M texts beside the training answers.

    Attributes:
        texts: M texts.
        soft: (M, K) soft labels.
        hard: (M, K) one-hot where nobody has to be asked what a text deserves, else zero rows.
    """

    texts: tuple[str, ...]
    soft: Floats
    hard: Floats

    @classmethod
    def softly(cls, texts: tuple[str, ...], soft: Floats) -> Labelled:
        """Texts with soft labels alone."""
        return cls(texts, soft, np.zeros_like(soft))

    def __add__(self, more: Labelled) -> Labelled:
        """These texts and more."""
        return Labelled(self.texts + more.texts, np.vstack([self.soft, more.soft]), np.vstack([self.hard, more.hard]))


def lowest_point(scale: Scale, named: str | None) -> int:
    """Index of the point that nonsense deserves.

    Args:
        scale: The item's scale.
        named: The class to take; an ordinal scale knows its lowest point.

    Raises:
        InputError: A nominal scale without a name, or a name that is not on the scale.

    Example:
        >>> lowest_point(Scale.of(["1", "2"]), None), lowest_point(Scale.of(["right", "wrong"]), "wrong")
        (0, 1)
    """
    if named is not None:
        return scale.index(named)
    if scale.kind == "nominal":
        raise InputError(
            f"on the nominal scale {', '.join(scale.points)} no class is the lowest",
            "name the one that nonsense gets with --harden-label, or leave out --harden",
        )
    return 0


class Hardener:
    """Makes attacked answers from one item's training answers.

    Args:
        train: N training answers.
        soft: (N, K) their soft labels.
        vocabulary: Words of the student.
        settings: Which, and how many.
        seed: Of everything random.
    """

    def __init__(
        self, train: Responses, soft: Floats, vocabulary: Sequence[str], settings: HardenSettings, seed: int
    ) -> None:
        self._train, self._soft, self._vocabulary, self._settings = train, soft, tuple(vocabulary), settings
        self._rng = np.random.default_rng(seed)
        self._lowest = lowest_point(train.item.scale, settings.lowest)
        self._telling = attacked.telling(train.texts, self._high().tolist(), vocabulary)

    def attacks(self, answers: int) -> Labelled:
        """Attacked answers of every kind, about equally many of each that can be made.

        Args:
            answers: Answers that the student learns from beside these; `HardenSettings.share` is a share of it.
        """
        nonsense, changed = self._nonsense(), self._changed()
        each = max(1, round(self._settings.share * answers / (len(nonsense) + len(changed))))
        made = [self._marked(make(each)) for make in nonsense.values()]
        made += [self._kept(change, each) for change in changed.values()]
        return sum(made[1:], made[0])

    def triggers(self, scorer: Scorer, answers: int) -> Labelled:
        """Training answers with trigger words that raise the scores of this scorer, with their own labels.

        Args:
            scorer: A student that learnt from what is there so far.
            answers: As in `attacks`; half as many of these are made.
        """
        low = np.flatnonzero(~self._high())
        if not len(low) or not self._vocabulary:
            return Labelled.softly((), self._soft[:0])
        found = [
            search(lambda texts: self._worth(scorer, texts), [self._train.texts[row] for row in rows], self._vocabulary)
            for rows in (self._rng.permutation(low)[:ANSWERS] for _ in range(SEARCHES))
        ]
        each = max(1, round(self._settings.share * answers / 2 / SEARCHES))
        made = [self._kept(trigger.appended, each) for trigger in found]
        return sum(made[1:], made[0])

    def _high(self) -> np.ndarray:
        """(N,) whether people scored an answer above the middle (nominal scales: not as the lowest)."""
        scale, scores = self._train.item.scale, self._train.scores
        return scores > (len(scale) - 1) / 2 if scale.kind == "ordinal" else scores != self._lowest

    def _worth(self, scorer: Scorer, texts: Sequence[str]) -> Floats:
        found = scorer.score(texts)
        return found.expected if scorer.scale.kind == "ordinal" else 1 - found.probabilities[:, self._lowest]

    def _nonsense(self) -> dict[str, Callable[[int], Sequence[str]]]:
        """Kind -> so many texts that deserve the lowest point."""
        item, rng = self._train.item, self._rng
        kinds: dict[str, Callable[[int], Sequence[str]]] = {
            "gibberish": lambda n: attacked.gibberish(n, rng),
            "injection": lambda n: attacked.injections(LESSONS, n, rng),
            "off_topic": lambda n: attacked.off_topic(LESSONS, n, rng),
        }
        if self._telling:
            kinds["keyword_list"] = lambda n: [self._list() for _ in range(n)]
        if item.question:
            kinds["question"] = lambda n: self._copies(item.question, n, sentences=True)
        if item.rubric:
            kinds["rubric"] = lambda n: self._copies(item.rubric, n, sentences=False)
        long = [text for text in self._train.texts if len(words(text)) >= LONG]
        if long and self._settings.shuffled == "lowest":
            kinds["shuffled"] = lambda n: [attacked.shuffled(long[i], rng) for i in rng.integers(len(long), size=n)]
        return kinds

    def _changed(self) -> dict[str, Callable[[str], str]]:
        """Kind -> an answer that deserves what it deserved before."""
        rng = self._rng
        kinds: dict[str, Callable[[str], str]] = {
            "repeated": attacked.repeated,
            "padded": lambda text: attacked.filled(text, LESSONS, rng),
            "instructed": lambda text: f"{text} {attacked.injections(LESSONS, 1, rng)[0]}",
        }
        if self._telling:
            kinds["stuffed"] = lambda text: f"{text} {self._list()}"
        kinds["jumbled"] = lambda text: attacked.jumbled(text, rng)
        if self._settings.shuffled == "original":
            kinds["shuffled"] = lambda text: attacked.shuffled(text, rng)
        return kinds

    def _list(self) -> str:
        """Some of the telling words in any order."""
        size = int(self._rng.integers(5, 41))
        chosen = self._telling[: 2 * size]
        return " ".join(chosen[i] for i in self._rng.permutation(len(chosen))[:size])

    def _copies(self, text: str, n: int, *, sentences: bool) -> Sequence[str]:
        """Copies and random spans of a text, at most half of the number wanted: there is little to vary."""
        whole = attacked.copies(text, sentences=sentences)
        return (whole + attacked.spans(text, n // 2, self._rng))[: max(1, n // 2)]

    def _marked(self, texts: Sequence[str]) -> Labelled:
        """Texts with the lowest point."""
        label = np.tile(np.eye(self._soft.shape[1])[self._lowest], (len(texts), 1))
        return Labelled(tuple(texts), label, label)

    def _kept(self, change: Callable[[str], str], n: int) -> Labelled:
        """N training answers, changed, with their own labels."""
        rows: Ints = self._rng.integers(len(self._train), size=n)
        return Labelled.softly(tuple(change(self._train.texts[row]) for row in rows), self._soft[rows])
