"""Agreement and bias at each score point: scorers do well at the ends of a scale and fail in its middle."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pocketscore.trust.distributions import share
from pocketscore.trust.resampling import resampled
from pocketscore.types import MISSING, UNDEFINED, Estimate, Floats, Ints, Scale


@dataclass(frozen=True)
class PointAgreement:
    """Answers that people gave one score point.

    Attributes:
        point: Its label.
        n: Answers with this human score and a score to compare.
        exact: Share given the same point, with its exact 95 % interval; NaN when n = 0.
        bias: Mean of score less human score in score points, with its 95 % bootstrap interval; above 0 the scorer is
            lenient here. NaN when n = 0 and on nominal scales. The lowest point can only be overrated and the highest
            only underrated, so read it beside another rater's.
    """

    point: str
    n: int
    exact: Estimate
    bias: Estimate


def by_point(human: Ints, given: Ints, scale: Scale, seed: int = 0) -> tuple[PointAgreement, ...]:
    """One entry for each of the K points.

    Args:
        human: (N,) index of the human score, or `MISSING`.
        given: (N,) index of the score to compare, or `MISSING`.
        scale: The scale of both.
        seed: Of the bootstrap.

    Example:
        >>> scale = Scale.of(["0", "1", "2"])
        >>> found = by_point(np.array([0, 0, 1, 1]), np.array([0, 0, 1, 2]), scale)
        >>> [(point.point, point.n, point.exact.value, point.bias.value) for point in found]
        [('0', 2, 1.0, 0.0), ('1', 2, 0.5, 0.5), ('2', 0, nan, nan)]
    """
    both = (human != MISSING) & (given != MISSING)
    found = []
    for index, point in enumerate(scale.points):
        said = given[both & (human == index)]
        error = scale.values[said] - scale.values[index]
        found.append(PointAgreement(point, len(said), _exact(said == index), _bias(error, scale, seed)))
    return tuple(found)


def points_dict(found: tuple[PointAgreement, ...]) -> dict[str, object]:
    """JSON-ready: score point -> n, exact and bias."""
    return {
        one.point: {"n": one.n, "exact": one.exact.rounded(), "bias": one.bias.rounded()} for one in found
    }  # fmt: skip


def _exact(right: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Estimate:
    return share(int(right.sum()), len(right))


def _bias(error: Floats, scale: Scale, seed: int) -> Estimate:
    n = len(error)
    if n == 0 or scale.kind == "nominal":
        return UNDEFINED
    return resampled(lambda weights: {"bias": weights @ error / n}, n, seed=seed)["bias"]
