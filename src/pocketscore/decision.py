"""From probabilities to a score: the likeliest point, or the expected score on people's own spread, rounded.

The likeliest point is right most often. Agreement on an ordinal scale is another matter: expected scores are squeezed
towards the middle, and rounding them as they are hardly ever gives a rare high score. So they are first brought to the
mean and the standard deviation of the human scores, as operational scoring does (the scaled scores of ETS's RSMTool).
For two ratings of correlation r, QWK before rounding is 2 r sx sy / (sx² + sy² + (mx - my)²): largest at equal means
and spreads.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from pocketscore.types import Floats, Ints, Scale

Decision = Literal["scaled", "likeliest"]

LEAST = 50
"""Fewest answers to learn a spread from; with fewer the likeliest point is given."""


def cut_points(expected: Floats, scores: Ints, scale: Scale) -> tuple[float, ...] | None:
    """K - 1 ascending cut points on the expected score: at or above the i-th, the score is at least point i + 1.

    Args:
        expected: (N,) expected scores of answers that the scorer has not learnt from.
        scores: (N,) index of their human scores.
        scale: The item's scale.

    Returns:
        None where the likeliest point shall be given: on a nominal scale, with fewer than `LEAST` answers, or when
        human or expected scores are all equal.

    Example:
        Expected scores of half the people's spread: the cut points move towards their mean, 1.

        >>> cut_points(np.repeat([0.5, 1.5], 30), np.repeat([0, 2], 30), Scale.of(["0", "1", "2"]))
        (0.75, 1.25)
    """
    if scale.kind == "nominal" or len(scores) < LEAST:
        return None
    human = scale.values[scores]
    if np.ptp(expected) < 1e-6 or np.ptp(human) == 0:
        return None
    middles = (scale.values[1:] + scale.values[:-1]) / 2
    cuts = expected.mean() + (middles - human.mean()) * expected.std() / human.std()
    return tuple(np.round(cuts, 6).tolist())
