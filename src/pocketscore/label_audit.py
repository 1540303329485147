"""Human scores that the teacher confidently contradicts: find them, and decide how much a student believes them.

Only an out-of-fold teacher can contradict a score; one that trained on it repeats it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from pocketscore.types import Floats, Ints

Treatment = Literal["keep", "down-weight", "mix", "drop"]

MARGIN = 0.3
"""Least doubt of a suspect. Without it a weak teacher suspects every second score (`docs/log.md`)."""


@dataclass(frozen=True, eq=False)
class LabelAudit:
    """What the teacher thinks of N human scores.

    Attributes:
        suggested: (N,) the score point that the teacher finds likeliest.
        doubt: (N,) probability of the suggested point less that of the human one, 0 to 1; 0 where they agree.
        suspect: (N,) whether the teacher contradicts the human score confidently.
    """

    suggested: Ints
    doubt: Floats
    suspect: npt.NDArray[np.bool_]


def audit(probabilities: Floats, scores: Ints) -> LabelAudit:
    """Confident learning (Northcutt, Jiang and Chuang 2021, sections 3.1 and 3.2).

    A score point's threshold is the teacher's mean probability for it among the responses that people gave it. A
    response belongs to the likeliest point that reaches its threshold; it is suspect when that is not its own and its
    doubt is at least `MARGIN`.

    Args:
        probabilities: (N, K) out of fold and calibrated.
        scores: (N,) human scores.

    Example:
        >>> p = np.array([[0.9, 0.1], [0.8, 0.2], [0.1, 0.9], [0.2, 0.8], [0.95, 0.05]])
        >>> audit(p, np.array([0, 0, 1, 1, 1])).suspect.tolist()
        [False, False, False, False, True]
    """
    n, k = probabilities.shape
    own = probabilities[np.arange(n), scores]
    thresholds = np.array([own[scores == point].mean() if (scores == point).any() else np.inf for point in range(k)])
    confident = np.where(probabilities >= thresholds, probabilities, -1.0)
    believed = confident.argmax(axis=1)
    suggested = probabilities.argmax(axis=1)
    doubt = probabilities.max(axis=1) - own
    return LabelAudit(suggested, doubt, (confident.max(axis=1) > 0) & (believed != scores) & (doubt >= MARGIN))


def treated(hard: Floats, soft: Floats, found: LabelAudit, treatment: Treatment) -> Floats:
    """Targets (N, K) from one-hot human scores, with those of suspects changed.

    Args:
        hard: (N, K) one-hot human scores.
        soft: (N, K) soft labels.
        found: The audit of the same N responses.
        treatment: "keep" changes nothing; "down-weight" multiplies a suspect's row with 1 less its doubt; "mix" puts
            the teacher's probabilities in place of that share; "drop" leaves the suspect to the teacher alone.
    """
    share = np.where(found.suspect, found.doubt, 0.0)[:, None]
    if treatment == "down-weight":
        return np.asarray(hard * (1 - share))
    if treatment == "mix":
        return np.asarray(hard * (1 - share) + soft * share)
    if treatment == "drop":
        return np.asarray(hard * ~found.suspect[:, None])
    return hard
