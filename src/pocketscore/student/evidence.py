"""What each word of an answer contributes to its score, computed exactly from the student.

A word's contribution is the difference that leaving it out makes (leave-one-out; occlusion in Zeiler and Fergus 2014).
It holds for every student, needs no gradient and nothing to compare with but the student itself. Two words that say the
same share no credit: without either, the other still says it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pocketscore.text import Place, Words
from pocketscore.types import Floats, WordEvidence

Strength = Callable[[Sequence[Words]], Floats]
"""(M,) strength of the score of M texts, given as words."""


def leave_one_out(found: Sequence[Place], strength: Strength) -> tuple[WordEvidence, ...]:
    """The contribution of each of T words.

    Args:
        found: The words that the scorer reads, at least one.
        strength: What a contribution is measured on.
    """
    words = [place.word for place in found]
    if len(words) == 1:
        return (WordEvidence(*found[0], contribution=0.0),)
    whole, *without = strength([words, *(words[:i] + words[i + 1 :] for i in range(len(words)))]).tolist()
    return tuple(WordEvidence(*place, whole - rest) for place, rest in zip(found, without, strict=True))
