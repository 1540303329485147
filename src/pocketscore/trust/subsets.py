"""What scorers trained on ever more of the scored answers say of the others: the raw material of a learning curve.

    ten blocks, stratified by score     draw d trains on block d, then on d and d + 1, ... up to eight of the ten
                                        and scores every answer of the blocks it has not seen

Subsets of one draw are nested, the smallest of different draws have no answer in common, and every answer is tested
equally often by every size. An answer that several pupils gave is in one block only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pocketscore.errors import InputError
from pocketscore.text import plain
from pocketscore.trust.ngram_ridge import NgramRidge, similarities
from pocketscore.types import MISSING, Floats, Ints, Scale

BLOCKS = 10
TRAINED_ON = (1, 2, 3, 4, 6, 8)
"""Blocks that the subsets hold."""

LEAST = 40
"""Fewest different answers to learn a curve from."""

LEAST_TRAINED = 10
"""Fewest answers of a subset that says anything."""

MOST = 1500
"""Answers that are used; of more, a random draw. The work grows with their third power (1,500: some 20 seconds)."""

_FEW = 800  # with fewer answers a second set of blocks costs seconds and steadies the curve


@dataclass(frozen=True, eq=False)
class Trials:
    """Scores of N answers by scorers that were trained on other answers of the N.

    Attributes:
        scale: The K score points.
        human: (N,) index of the human score.
        sizes: (S,) answers that the scorers of each size were trained on, ascending, the mean over draws.
        given: (S, D, N) index of the score given by draw d of size s; `MISSING` where the answer was trained on.
    """

    scale: Scale
    human: Ints
    sizes: Floats
    given: Ints


def trials(texts: Sequence[str], scores: Ints, scale: Scale, seed: int) -> Trials:
    """Train the stand-in (`NgramRidge`) on nested subsets and let it score the rest.

    Args:
        texts: N answers.
        scores: (N,) index of the human score.
        scale: The item's scale.
        seed: Of the draws.

    Raises:
        InputError: For fewer than `LEAST` different answers, or scores that are all equal or missing.
    """
    _check(texts, scores)
    rng = np.random.default_rng(seed)
    if len(scores) > MOST:
        kept = rng.permutation(len(scores))[:MOST]
        texts, scores = [texts[row] for row in kept], scores[kept]
    same = np.unique([plain(text) for text in texts], return_inverse=True)[1]
    similar = similarities(texts)
    rounds = [_round(similar, scores, scale, _dealt(scores, same, rng) % BLOCKS) for _ in range(_rounds(len(scores)))]
    sizes = np.mean([sizes for sizes, _ in rounds], axis=0)
    given = np.concatenate([found for _, found in rounds], axis=1)
    large = sizes >= LEAST_TRAINED
    return Trials(scale, scores, sizes[large], given[large])


def _check(texts: Sequence[str], scores: Ints) -> None:
    if (scores == MISSING).any():
        raise InputError(f"{int((scores == MISSING).sum())} answers have no score", "leave them out of the curve")
    different = len({plain(text) for text in texts})
    if different < LEAST:
        raise InputError(
            f"{different} different scored answers are too few for a learning curve, it needs {LEAST}",
            "score more answers first",
        )
    if len(np.unique(scores)) < 2:
        raise InputError(f"all {len(scores)} answers have the same score", "score answers of other score points")


def _rounds(n: int) -> int:
    return 2 if n <= _FEW else 1


def _dealt(scores: Ints, same: Ints, rng: np.random.Generator) -> Ints:
    """Place of each answer when the different ones are dealt out score by score, in random order within a score.

    Args:
        scores: (N,) index of the human score; of equal answers the first one's counts.
        same: (N,) equal numbers for equal answers.
        rng: Of the order and of where dealing begins.

    Returns:
        (N,) places; equal answers share one. Every tenth place holds the scores in their shares, nearly.
    """
    first = np.unique(same, return_index=True)[1]
    shuffled = rng.permutation(len(first))
    order = shuffled[np.argsort(scores[first][shuffled], kind="stable")]
    within = np.empty(len(first), dtype=np.int64)
    within[order] = np.arange(len(first)) + rng.integers(BLOCKS)
    return np.asarray(within[np.searchsorted(same[first], same)], dtype=np.int64)


def _round(similar: Floats, scores: Ints, scale: Scale, block: Ints) -> tuple[Floats, Ints]:
    """One draw for each block to begin with: mean sizes (S,) and scores given (S, BLOCKS, N)."""
    given = np.full((len(TRAINED_ON), BLOCKS, len(scores)), MISSING, dtype=np.int64)
    sizes = np.zeros((len(TRAINED_ON), BLOCKS))
    for draw in range(BLOCKS):
        for size, blocks in enumerate(TRAINED_ON):
            trained = (block - draw) % BLOCKS < blocks
            seen, unseen = np.flatnonzero(trained), np.flatnonzero(~trained)
            sizes[size, draw] = len(seen)
            model = NgramRidge.fit(similar[np.ix_(seen, seen)], scores[seen], scale)
            given[size, draw, unseen] = model.indices(similar[np.ix_(unseen, seen)])
    return sizes.mean(axis=1), given
