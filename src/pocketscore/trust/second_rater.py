"""The machine beside a second human rater: what is lost when it stands in for one.

Both comparisons, machine with first rater and second with first, come from the same resamples of responses, so that the
intervals of their differences know what the two share. Definitions are those of RSMTool 12.0.0.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from pocketscore.trust.numeric import (
    Moments,
    NumericAgreement,
    agreement_of,
    human_sd,
    kappa,
    machine_sd,
    moments,
    paired,
    pearson,
    qwk_continuous,
    share_within,
    smd,
    smd_pooled,
)
from pocketscore.trust.resampling import RESAMPLES, resampled
from pocketscore.types import Estimate, Floats


@dataclass(frozen=True, eq=False)
class Degradation:
    """What is lost when the machine stands in for a second rater.

    Attributes:
        n: Number of responses behind the machine's metrics.
        n_double: Number of responses with two human scores, behind those of the second rater.
        metrics: Metric name -> machine-human metric minus human-human metric, in the order to print them. Below 0 the
            machine agrees less well than the second rater; for smd look at the distance from 0.
        disattenuated: Correlation of machine and human, corrected for the error of one human rater.
        reason: Why nothing could be computed, in plain words; '' if it could.
    """

    n: int
    n_double: int
    metrics: Mapping[str, Estimate]
    disattenuated: Estimate
    reason: str


def human_human_agreement(
    first: Floats, second: Floats, *, seed: int = 0, resamples: int = RESAMPLES
) -> NumericAgreement:
    """Agreement of two people. As `numeric_agreement`, without the errors, and with the pooled SMD.

    Returns:
        pearson, qwk_continuous, smd (second minus first), first_mean, first_sd, second_mean, second_sd.
    """

    def statistics(found: Moments) -> dict[str, Floats]:
        means = {"first_mean": found.human_mean, "first_sd": human_sd(found)}
        means |= {"second_mean": found.machine_mean, "second_sd": machine_sd(found)}
        return {"pearson": pearson(found), "qwk_continuous": qwk_continuous(found), "smd": smd_pooled(found)} | means

    return agreement_of(first, second, statistics, seed, resamples)


def degradation(
    human: Floats,
    machine: Floats,
    second: Floats,
    *,
    only_double_scored: bool = False,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> Degradation:
    """Machine-human agreement minus human-human agreement, and the disattenuated correlation r_HM / sqrt(r_HH).

    Both sides of a difference come from the same resample of responses, so that the interval knows what they share.

    Args:
        human: (N,) scores of the first rater, NaN where missing.
        machine: (N,) machine scores, NaN where missing.
        second: (N,) scores of the second rater, NaN where missing.
        only_double_scored: Take the machine's metrics from the responses with all three scores, so that both sides
            speak of the same responses. Otherwise they come from all that the machine and the first rater scored,
            which is RSMTool's default.
        seed: Of the resamples.
        resamples: Number of resamples.

    Returns:
        pearson, qwk_continuous, kappa, exact_agreement, adjacent_agreement (within 1, by value), smd (unpooled for the
        machine, pooled for the people). The disattenuated correlation may exceed 1; it is NaN unless r_HH > 0.

    Raises:
        InputError: The shapes do not fit, or a score is infinite.

    Example:
        >>> human, second = np.array([0.0, 1.0, 2.0, 2.0, 0.0, 1.0]), np.array([0.0, 1.0, 2.0, 1.0, 0.0, 1.0])
        >>> found = degradation(human, np.array([0.1, 1.2, 1.8, 1.9, 0.3, 0.8]), second)
        >>> found.n_double, round(found.metrics["pearson"].value, 3), round(found.disattenuated.value, 3)
        (6, 0.09, 1.039)
    """
    by_machine, by_second = paired(human, machine), paired(human, second)
    if only_double_scored:
        by_machine = by_second = by_machine & by_second
    rows = by_machine | by_second
    first = human[rows]
    scored, double = np.where(by_machine, machine, np.nan)[rows], np.where(by_second, second, np.nan)[rows]

    def statistics(weights: Floats) -> dict[str, Floats]:
        ours = _comparison(first, scored, weights, smd)
        theirs = _comparison(first, double, weights, smd_pooled)
        ceiling = np.where(theirs["pearson"] > 0, theirs["pearson"], np.nan)
        lost = {name: ours[name] - theirs[name] for name in ours}
        return lost | {"disattenuated": ours["pearson"] / np.sqrt(ceiling)}

    found = resampled(statistics, int(rows.sum()), seed=seed, resamples=resamples)
    disattenuated = found.pop("disattenuated")
    n, n_double = int(by_machine.sum()), int(by_second.sum())
    return Degradation(n, n_double, found, disattenuated, _why_not(n, n_double))


def _comparison(
    human: Floats, other: Floats, weights: Floats, mean_difference: Callable[[Moments], Floats]
) -> dict[str, Floats]:
    """RSMTool's degradation metrics of one pair of raters."""
    found = moments(human, other, weights)
    return {
        "pearson": pearson(found),
        "qwk_continuous": qwk_continuous(found),
        "kappa": kappa(human, other, weights),
        "exact_agreement": share_within(human, other, 0, weights),
        "adjacent_agreement": share_within(human, other, 1, weights),
        "smd": mean_difference(found),
    }


def _why_not(n: int, n_double: int) -> str:
    if n_double == 0:
        return "no response has the scores of two people, so there is nothing to hold the machine against"
    return "" if n else "no response has both a human score and a machine score"
