"""Universal triggers: a few words that raise whatever answer they are appended to.

A beam search over the scorer's vocabulary, as somebody would do it who may ask the scorer as often as he likes but does
not look inside (Wallace et al. 2019 search with gradients; a scorer this small can be asked thousands of times a second
instead). The first word is looked for among all words, the following ones among the words that did most alone: what is
found is a lower bound of what can be found.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from pocketscore.types import Floats

LENGTH = 4
"""Words of a trigger."""

BEAM = 3
"""Triggers that are followed at once."""

POOL = 40
"""Words that a trigger is continued with."""

ANSWERS = 40
"""Answers that a search looks at; more make it slower and hardly better."""

Worth = Callable[[Sequence[str]], Floats]
"""(N,) what the scores of N texts are worth to an attacker, NaN where there is none."""


@dataclass(frozen=True)
class Trigger:
    """Words to append.

    Attributes:
        words: In order.
        worth: Mean worth, over the answers searched on, of an answer with them.
    """

    words: tuple[str, ...]
    worth: float

    def appended(self, text: str) -> str:
        """An answer with the trigger behind it."""
        return " ".join((text, *self.words))


def search(worth: Worth, answers: Sequence[str], vocabulary: Sequence[str], length: int = LENGTH) -> Trigger:
    """The best trigger of at most `length` words that a beam search finds.

    A word may come twice. Equal triggers are decided by the order of the vocabulary, so the same scorer and answers
    give the same trigger; no word at all is a possible result.

    Args:
        worth: What the attacker wants to raise.
        answers: Answers to raise, at least one.
        vocabulary: Words to choose from; none gives the empty trigger.
        length: Most words.
    """
    best = Trigger((), _mean_worth(worth, [list(answers)])[0])
    beam, pool = [best], tuple(vocabulary)
    for step in range(length if pool else 0):
        tried = [(*trigger.words, word) for trigger in beam for word in pool]
        values = _mean_worth(worth, [[" ".join((text, *words)) for text in answers] for words in tried])
        order = np.argsort(-np.array(values), kind="stable")
        if step == 0:
            pool = tuple(tried[i][0] for i in order[:POOL])
        beam = [Trigger(tried[i], values[i]) for i in order[:BEAM]]
        if beam[0].worth > best.worth:
            best = beam[0]
    return best


def _mean_worth(worth: Worth, groups: Sequence[Sequence[str]]) -> list[float]:
    """Mean worth of each group of texts, asked all at once; -inf where no text has a score."""
    found = worth([text for group in groups for text in group])
    ends = np.cumsum([len(group) for group in groups])
    return [_mean(part) for part in np.split(found, ends[:-1])]


def _mean(values: Floats) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else float("-inf")
