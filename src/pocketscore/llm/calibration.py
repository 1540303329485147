"""What a model's probabilities are worth, learnt from human scores.

Vector scaling (Guo et al. 2017) with one weight: softmax(weight * z + biases). The weight says how far the model's
certainty is to be believed, the biases correct a model that is stricter or milder than people. Both are held back
towards 1 and 0: a few scored answers cannot make them extreme, some hundreds move them where they belong. The weight
alone (temperature scaling) is taken where it predicts held-out human scores as well.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pocketscore.errors import InputError
from pocketscore.metrics import cross_entropy
from pocketscore.soft_labels import softmax_at
from pocketscore.types import MISSING, Floats, Ints

VARIANCE = 1.0
"""Of each bias and of the weight's logarithm, before any answer is seen."""

FOLDS = 5
"""Parts in which the weight alone is compared with weight and biases."""

_SETTLED = 1e-10  # nats that a step promises

_LOWEST = -30.0  # a log-probability below this is as good as impossible, and products with it stay finite


@dataclass(frozen=True, eq=False)
class Calibrator:
    """softmax(weight * z + biases).

    Attributes:
        weight: Above 0; below 1 for a model that is too sure.
        biases: (K,) of mean 0; all 0 where the weight alone does as well.
    """

    weight: float
    biases: Floats

    @classmethod
    def none(cls, points: int) -> Calibrator:
        """For K score points; changes nothing."""
        return cls(1.0, np.zeros(points))

    @classmethod
    def fit(cls, logits: Floats, scores: Ints) -> Calibrator:
        """The better of the weight alone and weight with biases, by cross-entropy on held-out rows.

        Args:
            logits: (N, K) what the model says; rows of NaN are left out.
            scores: (N,) human scores; rows with `MISSING` are left out.

        Returns:
            `none` when no row is left.

        Raises:
            InputError: When the lengths differ or a score is outside 0..K-1.
        """
        known = _known(logits, scores)
        z, y = _normalised(logits[known]), scores[known]
        if len(z) == 0:
            return cls.none(logits.shape[1])
        return _fitted(z, y, min((0.0, VARIANCE), key=lambda variance: _held_out_loss(z, y, variance)))

    def apply(self, logits: Floats) -> Floats:
        """(N, K) calibrated log-probabilities of logits (N, K); rows of NaN stay NaN."""
        return _normalised(self.weight * _normalised(logits) + self.biases)


def crossfitted(logits: Floats, scores: Ints, folds: Ints) -> Floats:
    """(N, K) calibrated log-probabilities, each row by a fit that has not seen the score of any row of its fold.

    Args:
        logits: (N, K) what the model says; rows of NaN stay NaN.
        scores: (N,) human scores, or `MISSING`.
        folds: (N,) fold of each row, or -1 for rows that no fit may see; these get the fit of all folds.
    """
    found = np.empty_like(logits, dtype=np.float64)
    for fold in np.unique(folds).tolist():
        inside = (folds != fold) & (folds >= 0)
        found[folds == fold] = Calibrator.fit(logits[inside], scores[inside]).apply(logits[folds == fold])
    return found


def _known(logits: Floats, scores: Ints) -> npt.NDArray[np.bool_]:
    if len(logits) != len(scores):
        raise InputError(f"{len(logits)} rows of logits for {len(scores)} scores", "give each row its score or MISSING")
    known = ~np.isnan(logits).any(axis=1) & (scores != MISSING)
    outside = scores[known & ((scores < 0) | (scores >= logits.shape[1]))]
    if len(outside):
        raise InputError(
            f"a human score has the index {outside[0]}, the scale has {logits.shape[1]} points", "correct the scale"
        )
    return np.asarray(known, dtype=np.bool_)


def _normalised(logits: Floats) -> Floats:
    """Log-probabilities that sum to 1 as probabilities, none far below `_LOWEST`."""
    falls = np.maximum(logits - logits.max(axis=1, keepdims=True), _LOWEST)
    return np.asarray(falls - np.log(np.exp(falls).sum(axis=1, keepdims=True)))


def _held_out_loss(z: Floats, y: Ints, variance: float) -> float:
    """Sum over rows of the cross-entropy under a fit of the other folds; 0 where there is one row only."""
    order = np.lexsort((np.arange(len(y)), y))  # dealt out by score, so that each fold has its share of each
    folds = np.empty(len(y), dtype=np.int64)
    folds[order] = np.arange(len(y)) % FOLDS
    loss = 0.0
    for fold in range(min(FOLDS, len(y)) if len(y) > 1 else 0):
        own = folds == fold
        fitted = _fitted(z[~own], y[~own], variance)
        loss += own.sum() * cross_entropy(softmax_at(fitted.apply(z[own]), 1.0), y[own])
    return loss


def _fitted(z: Floats, y: Ints, variance: float) -> Calibrator:
    """The most probable weight and biases given rows (N, K) and scores (N,); a variance of 0 leaves the biases at 0."""
    points = z.shape[1]
    spreads = [VARIANCE, *([variance] * points if variance else [])]
    at = _lowest(_Posterior(z, np.eye(points)[y], 1 / np.array(spreads)))
    return Calibrator(float(np.exp(at[0])), at[1:] if variance else np.zeros(points))


@dataclass(frozen=True, eq=False)
class _Posterior:
    """What is made small: cross-entropy summed over rows, and the distance from weight 1 and biases 0.

    Its parameters are the logarithm of the weight and, where there is a precision for them, the biases.
    """

    z: Floats
    target: Floats
    precision: Floats

    def logits(self, at: Floats) -> Floats:
        biases = at[1:] if len(at) > 1 else 0.0
        return np.asarray(np.exp(at[0]) * self.z + biases)

    def value(self, at: Floats) -> float:
        return float((self.precision * at**2).sum() / 2 - (_normalised(self.logits(at)) * self.target).sum())

    def slope(self, at: Floats) -> tuple[Floats, Floats]:
        """Gradient, and the step to where it would vanish if the expected curvature were the same everywhere."""
        probabilities = softmax_at(self.logits(at), 1.0)
        scaled = np.exp(at[0]) * self.z
        means = (probabilities * scaled).sum(axis=1)
        bend = np.diag(self.precision)
        bend[0, 0] += (probabilities * scaled**2).sum() - (means**2).sum()
        gradient = self.precision * at
        gradient[0] += ((probabilities - self.target) * scaled).sum()
        if len(at) > 1:
            gradient[1:] += (probabilities - self.target).sum(axis=0)
            bend[1:, 1:] += np.diag(probabilities.sum(axis=0)) - probabilities.T @ probabilities
            bend[0, 1:] += (probabilities * (scaled - means[:, None])).sum(axis=0)
            bend[1:, 0] = bend[0, 1:]
        return gradient, np.asarray(np.linalg.solve(bend, gradient), dtype=np.float64)


def _lowest(posterior: _Posterior) -> Floats:
    """Fisher scoring from weight 1 and biases 0; its steps lead downhill and are halved until they go down enough."""
    at = np.zeros(len(posterior.precision))
    for _ in range(100):
        gradient, step = posterior.slope(at)
        before, gain = posterior.value(at), float(gradient @ step)
        while posterior.value(at - step) > before - 1e-4 * gain and gain > _SETTLED:
            step, gain = step / 2, gain / 2
        if gain <= _SETTLED:
            break
        at = at - step
    return at
