"""Which scores a machine may give alone: a threshold on its confidence with a promise about new answers.

The promise: with probability 1 - δ over the answers that were held out, at most a share α of the scores that the
machine gives alone to new answers of the same kind are wrong. It rests on two things and nothing else: the held-out
answers were seen by nobody who made scorer or candidates, and new answers come from where they came from.

How (Angelopoulos, Bates, Candès, Jordan and Lei 2021, "Learn then Test", with a fixed sequence): candidate thresholds
and the order to test them in come from other answers, the guide. Each candidate is tested with the exact binomial
p-value of "more than α are wrong"; testing begins where the guide promises most and goes on to laxer thresholds as long
as p <= δ. The laxest that passed is taken. Because the first candidate that truly breaks the promise passes with
probability δ at most, so does any.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from pocketscore.errors import InputError
from pocketscore.trust.distributions import binomial_cdf, binomial_upper, clopper_pearson, share
from pocketscore.types import MISSING, Estimate, Floats, Ints, Scores, plain_number

CANDIDATES = 41
"""Thresholds tried: shares 0, 0.025 ... 1 of the guide's answers below them."""

CONFIDENCE = 0.95
"""1 - δ unless told otherwise."""

GUIDE_LEAST = 20
"""Fewest guide answers to take candidates from."""


@dataclass(frozen=True)
class Target:
    """What is asked of the scores that the machine gives alone.

    Attributes:
        wrong_at_most: α, the largest share of them that may differ from the human score; above 0, below 1.
        confidence: 1 - δ, how sure the promise has to be; above 0, below 1.
        kind: "stated" by the user, or a "second rater" whose disagreement with the first sets α.
    """

    wrong_at_most: float
    confidence: float = CONFIDENCE
    kind: Literal["stated", "second rater"] = "stated"

    def __post_init__(self) -> None:
        for name, value in (("wrong at most", self.wrong_at_most), ("confidence", self.confidence)):
            if not 0 < value < 1:
                raise InputError(f"{name} {value:g} is no share between 0 and 1", "give 0.05 or 5%")

    @property
    def least(self) -> int:
        """Held-out answers scored alone, all of them right, without which nothing can be promised: ln δ / ln(1 - α).

        >>> Target(0.05).least, Target(0.10).least
        (59, 29)
        """
        return int(np.ceil(np.log(1 - self.confidence) / np.log1p(-self.wrong_at_most)))


@dataclass(frozen=True, eq=False)
class Judged:
    """N answers that the machine scored, against people.

    Attributes:
        confidence: (N,) probability of the reported point.
        wrong: (N,) whether the human score is another.
    """

    confidence: Floats
    wrong: np.ndarray[tuple[int], np.dtype[np.bool_]]

    def __len__(self) -> int:
        return len(self.wrong)

    @classmethod
    def of(cls, scores: Scores, human: Ints) -> Judged:
        """The answers with both scores that nothing but a low confidence could refer to people."""
        free = np.array([reason in (None, "low_certainty") for reason in scores.refer])
        rows = free & (human != MISSING) & (scores.indices != MISSING)
        return cls(scores.confidence[rows], scores.indices[rows] != human[rows])

    def at(self, threshold: float) -> Outcome:
        """What happens at a threshold."""
        alone = self.confidence >= threshold
        return Outcome(len(self), int(alone.sum()), int(self.wrong[alone].sum()))


@dataclass(frozen=True)
class Outcome:
    """What a threshold does to a set of answers.

    Attributes:
        n: Answers.
        alone: Those scored alone.
        wrong: Those of them with another human score.
    """

    n: int
    alone: int
    wrong: int

    @property
    def share_alone(self) -> Estimate:
        """Share scored alone, with its exact 95 % interval (Clopper and Pearson 1934)."""
        return share(self.alone, self.n)

    @property
    def share_wrong(self) -> Estimate:
        """Share of the scores given alone that are wrong, with its exact 95 % interval; NaN when none is."""
        return share(self.wrong, self.alone)


@dataclass(frozen=True)
class Promise:
    """A threshold, or why there is none.

    Attributes:
        target: What was asked.
        threshold: An answer below it goes to people; None when nothing can be promised.
        held_out: What it does to the held-out answers that it was tested on (at no threshold: all alone).
        bound: Upper bound on the share wrong by the held-out answers alone; NaN without a threshold. What is promised
            is the target: the threshold was chosen by these answers, and the test speaks of the target.
        reason: Why there is no threshold, in plain words; '' when there is one.
    """

    target: Target
    threshold: float | None
    held_out: Outcome
    bound: float
    reason: str


@dataclass(frozen=True)
class CurvePoint:
    """Answers with at least this confidence: how many, and what share of them is wrong."""

    threshold: float
    outcome: Outcome


def promise(target: Target, guide: Judged, held_out: Judged) -> Promise:
    """The laxest threshold that holds a target.

    Args:
        target: What is asked.
        guide: Answers that the candidates come from, for example the validation part.
        held_out: Answers that nothing was chosen by.

    Example:
        A machine that is right whenever it is sure:

        >>> sure = Judged(np.tile([0.9, 0.5], 100), np.tile([False, True], 100))
        >>> found = promise(Target(0.05), sure, sure)
        >>> found.threshold, found.held_out.alone, round(found.bound, 3)
        (0.9, 100, 0.03)
    """
    everything = held_out.at(-np.inf)
    if len(held_out) < target.least or len(guide) < GUIDE_LEAST:
        return Promise(target, None, everything, np.nan, _too_few(target, guide, held_out))
    thresholds = _candidates(guide)
    start = int(np.argmin([_expected(target, guide.at(t), len(guide), len(held_out)) for t in thresholds]))
    taken: float | None = None
    for threshold in thresholds[start:]:
        tried = held_out.at(threshold)
        if binomial_cdf(tried.wrong, tried.alone, target.wrong_at_most) > 1 - target.confidence:
            break
        taken = float(threshold)
    if taken is None:
        tried = held_out.at(thresholds[start])
        return Promise(target, None, everything, np.nan, _not_held(target, tried))
    found = held_out.at(taken)
    return Promise(target, taken, found, binomial_upper(found.wrong, found.alone, 1 - target.confidence), "")


def second_rater_target(human: Ints, second: Ints, confidence: float = CONFIDENCE) -> tuple[Target, float]:
    """The target "wrong no more often than a second rater", from answers that two people scored.

    How often two people disagree is itself an estimate, so α is its lower exact bound, and either bound gets half of δ:
    by the union bound both hold together with the confidence asked for.

    Args:
        human: (N,) index of the first human score, or `MISSING`.
        second: (N,) index of the second, or `MISSING`. Leave out the answers that the threshold is tested on.
        confidence: How sure the promise has to be.

    Returns:
        The target, and the share on which the two disagreed.

    Raises:
        InputError: When no answer has two scores, or the two never differ.
    """
    both = (human != MISSING) & (second != MISSING)
    n, differ = int(both.sum()), int((human[both] != second[both]).sum())
    if not differ:
        raise InputError(
            f"{differ} of {n} answers have two different human scores, so no second rater sets a mark",
            "state one yourself with --wrong-at-most 5%",
        )
    low, _ = clopper_pearson(differ, n, confidence)  # two sides, so its lower end has δ / 2
    return Target(low, 1 - (1 - confidence) / 2, "second rater"), differ / n


def curve(judged: Judged, points: int = 20) -> tuple[CurvePoint, ...]:
    """From everything alone to the surest answers alone: `points` thresholds at equal steps of the share alone."""
    if not len(judged):
        return ()
    ordered = np.sort(judged.confidence)
    places = np.unique(np.arange(points) * len(ordered) // points)
    return tuple(CurvePoint(float(t), judged.at(t)) for t in np.unique(ordered[places]))


def percent(share: float) -> str:
    """A share as people write it.

    >>> percent(0.05), percent(0.1234)
    ('5 %', '12.3 %')
    """
    return f"{round(100 * share, 1):g} %"


def promise_dict(found: Promise) -> Mapping[str, object]:
    """The promise as JSON-ready values; it travels in the `.pocket`."""
    return {
        "wrong_at_most": round(found.target.wrong_at_most, 6),
        "confidence": found.target.confidence,
        "kind": found.target.kind,
        "threshold": found.threshold,
        "bound": plain_number(found.bound),
        "held_out": outcome_dict(found.held_out),
        "reason": found.reason,
    }


def outcome_dict(found: Outcome) -> dict[str, object]:
    """Counts, and both shares with their intervals (None where undefined)."""
    return {
        "n": found.n,
        "alone": found.alone,
        "wrong": found.wrong,
        "share_alone": found.share_alone.rounded(),
        "share_wrong": found.share_wrong.rounded(),
    }


def _candidates(guide: Judged) -> Floats:
    """Thresholds, strictest first; the laxest leaves everything alone."""
    found = np.quantile(guide.confidence, np.linspace(0, 1, CANDIDATES), method="inverted_cdf")
    found[0] = 0.0
    # Rounded down: another surface may differ in the last bits, and must not tip the answer that gave a threshold.
    return np.unique(np.floor(found * 1e4) / 1e4)[::-1]


def _expected(target: Target, seen: Outcome, guide: int, held_out: int) -> float:
    """The p-value to expect on the held-out answers, by what the guide shows; one error more, so as not to hope."""
    rate = (seen.wrong + 1) / (seen.alone + 2)
    alone = round(seen.alone / guide * held_out)
    return binomial_cdf(round(rate * alone), alone, target.wrong_at_most)


def _too_few(target: Target, guide: Judged, held_out: Judged) -> str:
    if len(held_out) < target.least:
        return (
            f"{len(held_out)} held-out answers are too few: at least {target.least}, all scored right, are needed to "
            f"promise that at most {percent(target.wrong_at_most)} are wrong"
        )
    return f"{len(guide)} answers are too few to take thresholds from; {GUIDE_LEAST} are needed"


def _not_held(target: Target, tried: Outcome) -> str:
    return (
        f"of the {tried.alone} held-out answers that the scorer is surest of, {tried.wrong} were wrong: too many to "
        f"promise that at most {percent(target.wrong_at_most)} are"
    )
