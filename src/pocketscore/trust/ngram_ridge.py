"""A stand-in for a scorer that is fitted in a tenth of a second: ridge regression on hashed n-grams, numpy alone.

Questions such as "what would half of these answers have given?" need a scorer trained dozens of times. The pocket
student takes seconds to minutes each time, with its teacher more; this one sees what the student's wide path sees
(words alone, in pairs and in pieces) and is solved exactly. It is a stand-in: its agreement is not the student's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pocketscore.text import MAX_WORDS, pair_buckets, word_buckets, word_hash, words
from pocketscore.types import Floats, Ints, Scale

BUCKETS = 2**13
"""Places of hashed n-grams. Twice as many change agreement on ASAP-SAS by less than a hundredth."""

PENALTIES = (0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
"""Ridge penalties tried; similarities are at most 1, so a penalty is the noise of one score in the same unit."""


def features(texts: Sequence[str]) -> npt.NDArray[np.float32]:
    """Hashed n-grams of N answers as rows of length 1, (N, BUCKETS); products of rows are cosines.

    N-grams are those of `pocketscore.text` (words, pairs of neighbours, runs of 3 to 5 characters), weighted by
    (1 + ln count) · (1 + ln((1 + N) / (1 + answers that have it))), so what all answers share counts little.

    Example:
        >>> rows = features(["cold air", "Cold AIR", "warm glass"])
        >>> (rows @ rows.T).round(2).tolist()
        [[1.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    """
    counted = _counts(texts)
    rarity = 1 + np.log((1 + len(texts)) / (1 + (counted > 0).sum(axis=0)))
    counted *= rarity.astype(np.float32)
    counted /= np.linalg.norm(counted, axis=1, keepdims=True)
    return counted


def similarities(texts: Sequence[str]) -> Floats:
    """Cosine of every two answers' n-grams, (N, N) in 0..1; 1 on the diagonal."""
    rows = features(texts)
    return np.asarray(rows @ rows.T, dtype=np.float64)


def _counts(texts: Sequence[str]) -> npt.NDArray[np.float32]:
    """1 + ln of how often each bucket occurs in each answer, 0 where it does not; an empty answer is one unknown."""
    found = [words(text)[:MAX_WORDS] or ["\ufffd"] for text in texts]
    known = {word: word_buckets(word, BUCKETS) for word in {word for text in found for word in text}}
    hashes = {word: word_hash(word) for word in known}
    counted = np.zeros((len(found), BUCKETS), dtype=np.float32)
    for row, text in enumerate(found):
        pairs = pair_buckets(np.array([hashes[word] for word in text], dtype=np.uint32), BUCKETS)
        buckets, times = np.unique(np.concatenate([*(known[word] for word in text), pairs]), return_counts=True)
        counted[row, buckets] = 1 + np.log(times)
    return counted


@dataclass(frozen=True, eq=False)
class NgramRidge:
    """A fitted stand-in.

    Attributes:
        scale: The K score points.
        means: (K,) share of each point in training.
        coefficients: (n, K) weight of each training answer.
        held_out: (n, K) what a model without the answer itself says of each training answer, in closed form.
        cuts: K - 1 cut points on the expected score; None gives the point with the largest estimate.
    """

    scale: Scale
    means: Floats
    coefficients: Floats
    held_out: Floats
    cuts: Floats | None

    @classmethod
    def fit(cls, similar: Floats, scores: Ints, scale: Scale) -> NgramRidge:
        """Fit on n scored answers; the penalty with the least squared error of leaving one out is taken.

        Kernel ridge regression of the one-hot scores Y around their mean. With A = (S + penalty)⁻¹ (Y - mean), the
        estimate of answer i without answer i is y_i - A_i / ((S + penalty)⁻¹)_ii, the mean being kept (the residuals
        of Allen's PRESS, 1974).

        Args:
            similar: (n, n) similarities of the training answers.
            scores: (n,) index of the human score.
            scale: The item's scale.
        """
        hard = np.eye(len(scale))[scores]
        means = hard.mean(axis=0)
        spectrum, axes = np.linalg.eigh(similar)
        turned = axes.T @ (hard - means)
        best = (np.inf, hard, hard)
        for penalty in PENALTIES:
            shrunk = 1 / (np.maximum(spectrum, 0) + penalty)
            coefficients = axes @ (shrunk[:, None] * turned)
            held_out = hard - coefficients / (axes**2 @ shrunk)[:, None]
            error = float(np.mean((hard - held_out) ** 2))
            if error < best[0]:
                best = (error, coefficients, held_out)
        return cls(scale, means, best[1], best[2], _cuts(best[2], scores, scale))

    def points(self, similar: Floats) -> Floats:
        """Estimated share of each point (M, K) for M answers, given their similarities (M, n) to the training ones.

        Rows sum to 1; single values may lie a little outside 0..1.
        """
        return np.asarray(similar @ self.coefficients + self.means)

    def indices(self, similar: Floats) -> Ints:
        """(M,) index of the score given to M answers, given their similarities (M, n) to the training ones."""
        found = self.points(similar)
        if self.cuts is None:
            return np.asarray(found.argmax(axis=1), dtype=np.int64)
        return np.asarray(np.searchsorted(self.cuts, found @ self.scale.values, side="right"), dtype=np.int64)


def _cuts(held_out: Floats, scores: Ints, scale: Scale) -> Floats | None:
    """Cut points as `pocketscore.decision.cut_points`, learnt from however few answers there are."""
    expected, human = held_out @ scale.values, scale.values[scores]
    if scale.kind == "nominal" or np.ptp(expected) < 1e-6 or np.ptp(human) == 0:
        return None
    middles = (scale.values[1:] + scale.values[:-1]) / 2
    return np.asarray(expected.mean() + (middles - human.mean()) * expected.std() / human.std())
