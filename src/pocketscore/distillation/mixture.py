"""Several teachers, one distribution: their logits, weighted by what they said of rows they had not seen."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pocketscore.soft_labels import fit_weights, softmax_at
from pocketscore.types import Floats, Ints

FEWEST = 20
"""Rows on which weights are fitted; on fewer, all weigh the same."""

Present = tuple[bool, ...]


class Mixture:
    """softmax(Σ wₘ zₘ) of M teachers, of which some may have said nothing about a row.

    A language model is not asked about augmented answers, and a call may fail: then the others are mixed with weights
    of their own, fitted without it. Where nobody said anything the mixture is silent too.

    Args:
        logits: (M, N, K) logits of training rows by teachers that had not seen their scores; NaN where none.
        scores: (N,) index of the human score.
        honest: Whether the rows really are unseen. If not, nothing can be fitted, and all weigh the same.
        oracle: The teacher whose likeliest points stand in for human scores: what it says needs no other. None if
            people scored.
    """

    def __init__(self, logits: Floats, scores: Ints, *, honest: bool = True, oracle: int | None = None) -> None:
        self._logits, self._scores, self._honest, self._oracle = logits, scores, honest, oracle
        self._weights: dict[Present, Floats] = {}

    def weights(self, present: Present) -> Floats:
        """Weights (M,) where these teachers have spoken, 0 for the others."""
        if present not in self._weights:
            members = np.flatnonzero(present)
            found = np.zeros(len(present))
            found[members] = self._fitted(members)
            self._weights[present] = found
        return self._weights[present]

    def probabilities(self, logits: Floats) -> Floats:
        """(N, K) probabilities of (M, F, N, K) logits: the mean of the folds asked; NaN where nobody spoke."""
        spoken = np.asarray(np.isfinite(logits).any(axis=(1, 3)))
        mixed = np.full(logits.shape[2:], np.nan)
        for present in sorted({tuple(column) for column in spoken.T.tolist()}):
            members = np.flatnonzero(present)
            if len(members):
                rows = np.flatnonzero((spoken == np.array(present)[:, None]).all(axis=0))
                mixed[rows] = _mean_of_folds(
                    self.weights(present)[members], logits[np.ix_(members, _all(logits), rows)]
                )
        return mixed

    def _fitted(self, members: Ints) -> Floats:
        if self._oracle is not None and self._oracle in members:
            return np.where(members == self._oracle, 1.0, 0.0)
        rows = np.asarray(np.isfinite(self._logits[members]).all(axis=(0, 2)))
        if not self._honest or rows.sum() < min(FEWEST, len(rows)):
            return np.full(len(members), 1 / len(members))
        return fit_weights(self._logits[members][:, rows], self._scores[rows])


def _all(logits: Floats) -> npt.NDArray[np.int64]:
    return np.arange(logits.shape[1])


def _mean_of_folds(weights: Floats, logits: Floats) -> Floats:
    """(N, K) of (M, F, N, K); a fold that was not asked is NaN and does not count."""
    softened = [softmax_at(fold, 1.0) for fold in np.einsum("m,mfnk->fnk", weights, logits)]
    return np.asarray(np.nanmean(softened, axis=0))
