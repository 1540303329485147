"""Whether probabilities mean what they say: reliability diagram, calibration error, Brier score, each with an interval.

The confidence of an answer is the probability of the score point that was given, which need not be the likeliest one
(see `pocketscore.decision`): this is the number that deferral compares with its threshold.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pocketscore.trust.distributions import share
from pocketscore.trust.resampling import resampled
from pocketscore.types import MISSING, UNDEFINED, Estimate, Floats, Ints, plain_number

BINS = 10


@dataclass(frozen=True)
class Bin:
    """Answers of like confidence.

    Attributes:
        low, high: Confidence above low (or equal to it in the first bin) and up to high.
        n: Answers in it.
        confidence: Their mean confidence; NaN when empty.
        right: Share of them whose score the human gave too, with its exact 95 % interval; NaN when empty.
    """

    low: float
    high: float
    n: int
    confidence: float
    right: Estimate


@dataclass(frozen=True)
class Reliability:
    """Calibration on n answers.

    Attributes:
        n: Answers with a human score and probabilities.
        bins: The reliability diagram.
        ece: Expected calibration error, sum_b (n_b / n) |right_b - confidence_b|; 0 to 1, too large on few answers.
        brier: Mean squared distance of the K probabilities from the human score, sum_k (p_k - y_k)^2; 0 to 2
            (Brier 1950).
        gap: Mean confidence minus share right: above 0 the scorer is too sure of itself.
    """

    n: int
    bins: tuple[Bin, ...]
    ece: Estimate
    brier: Estimate
    gap: Estimate


def reliability(probabilities: Floats, given: Ints, human: Ints, seed: int = 0) -> Reliability:
    """Calibration of the score points that were given.

    Args:
        probabilities: (N, K), rows of NaN where there is no score.
        given: (N,) index of the score given, or `MISSING`.
        human: (N,) index of the human score, or `MISSING`.
        seed: Of the bootstrap (percentile intervals over answers).

    Example:
        >>> p = np.array([[0.9, 0.1]] * 8 + [[0.2, 0.8]] * 2)
        >>> found = reliability(p, p.argmax(axis=1), np.array([0] * 8 + [1, 0]))
        >>> found.n, round(found.ece.value, 3), round(found.brier.value, 3), round(found.gap.value, 3)
        (10, 0.14, 0.152, -0.02)
    """
    rows = (given != MISSING) & (human != MISSING) & np.isfinite(probabilities).all(axis=1)
    p, y, said = probabilities[rows], human[rows], given[rows]
    n = len(y)
    confidence, right = p[np.arange(n), said], (said == y).astype(np.float64)
    place = np.searchsorted(np.arange(1, BINS) / BINS, confidence, side="left")
    distance = ((p - np.eye(p.shape[1])[y]) ** 2).sum(axis=1)
    bins = tuple(_bin(b, confidence[place == b], right[place == b]) for b in range(BINS))
    gaps = np.zeros((n, BINS))
    gaps[np.arange(n), place] = right - confidence

    def statistics(weights: Floats) -> dict[str, Floats]:
        return {
            "ece": np.abs(weights @ gaps).sum(axis=-1) / n,
            "brier": weights @ distance / n,
            "gap": weights @ (confidence - right) / n,
        }

    found = resampled(statistics, n, seed=seed) if n else dict.fromkeys(("ece", "brier", "gap"), UNDEFINED)
    return Reliability(n, bins, **found)


def reliability_dict(found: Reliability) -> dict[str, object]:
    """JSON-ready; an empty bin has None."""
    return {
        "n": found.n,
        **{name: getattr(found, name).rounded() for name in ("ece", "brier", "gap")},
        "bins": [
            {"low": b.low, "high": b.high, "n": b.n,
             "confidence": plain_number(b.confidence), "right": b.right.rounded()}
            for b in found.bins
        ],
    }  # fmt: skip


def _bin(place: int, confidence: Floats, right: Floats) -> Bin:
    low, high = place / BINS, (place + 1) / BINS
    n = len(right)
    if n == 0:
        return Bin(low, high, 0, np.nan, UNDEFINED)
    return Bin(low, high, n, float(confidence.mean()), share(int(right.sum()), n))
