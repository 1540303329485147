"""The gaming suite: how easily can a pupil fool a scorer?

    Victim + Answers -> gaming -> GamingReport -> gaming_dict -> JSON, table, report

A success rate counts texts: attacked answers of the pupils given, or texts of our own. Its interval (Clopper and
Pearson 1934, exact) speaks of more texts of the same kind, not of attacks that nobody has thought of.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pocketscore.trust.attacks import ATTACKS, Aim, Attack, Attempt, Materials
from pocketscore.trust.distributions import clopper_pearson
from pocketscore.trust.victim import NOBODY, Answers, Attempted, Victim
from pocketscore.types import MISSING, Estimate, Floats, Ints, plain_number

MOST = 600
"""Low-scored and high-scored answers that are attacked; more are drawn from, so that a run takes a minute."""

CONFIDENCE = 0.95


@dataclass(frozen=True)
class AttackResult:
    """What came of one attack.

    Attributes:
        name, description, knows, aim: As `attacks.Attack`; a raising attack tried on nonsense of our own aims to fool.
        tried: Attacked texts N.
        successes: Those that got what the attack wanted.
        caught: Those that went to people; never a success.
        rate: successes / tried with its 95 % interval.
        rise: Mean steps gained over the score before (our own texts: over the lowest point), where both are known.
        note: Words found and the like.
    """

    name: str
    description: str
    knows: str
    aim: Aim
    tried: int
    successes: int
    caught: int
    rate: Estimate
    rise: float
    note: str


@dataclass(frozen=True)
class NotTried:
    """An attack that could not be tried, and why."""

    name: str
    reason: str


@dataclass(frozen=True)
class GamingReport:
    """How a scorer stood the attacks.

    Attributes:
        item: Its item.
        steps: Number of different steps.
        low: Answers attacked that people scored below the middle of the scale.
        high: Answers attacked that people and scorer put above it.
        results: One for each attack tried, in the order of `ATTACKS`.
        not_tried: The others.
        seed: Of everything random.
    """

    item: str
    steps: int
    low: int
    high: int
    results: tuple[AttackResult, ...]
    not_tried: tuple[NotTried, ...]
    seed: int


def gaming(
    victim: Victim, answers: Answers = NOBODY, seed: int = 0, attacks: Sequence[Attack] = ATTACKS
) -> GamingReport:
    """Try every attack on a scorer.

    Args:
        victim: The scorer.
        answers: Answers with human scores that the scorer was not trained on.
        seed: The same seed gives the same attacks.
        attacks: What to try.
    """
    cast = _Cast.of(victim, answers, seed)
    results: list[AttackResult] = []
    not_tried: list[NotTried] = []
    for attack in attacks:
        made = attack.make(cast.materials(attack.name))
        if isinstance(made, str):
            not_tried.append(NotTried(attack.name, made))
        else:
            results.append(_result(attack, made, cast))
    return GamingReport(
        victim.item, victim.steps, len(cast.low.texts), len(cast.high.texts), tuple(results), tuple(not_tried), seed
    )


@dataclass(frozen=True, eq=False)
class _Base:
    """Answers to attack: their texts, (N,) steps from people and from the scorer before the attack."""

    texts: tuple[str, ...]
    human: Ints
    before: Ints


@dataclass(frozen=True, eq=False)
class _Cast:
    """The victim, the answers that are attacked, and those that the attacker has seen."""

    victim: Victim
    low: _Base
    high: _Base
    seen: Ints
    seen_texts: tuple[str, ...]
    seen_high: tuple[bool, ...]
    seed: int

    @classmethod
    def of(cls, victim: Victim, answers: Answers, seed: int) -> _Cast:
        rng = np.random.default_rng(seed)
        order = rng.permutation(np.flatnonzero(answers.steps != MISSING))
        middle, human = (victim.steps - 1) / 2, answers.steps
        own = np.full(len(human), MISSING, dtype=np.int64)
        own[order] = victim.score([answers.texts[row] for row in order]).indices
        low = order[human[order] < middle][:MOST]
        high = order[(human[order] > middle) & (own[order] > middle)][:MOST]
        seen = order[::2]
        return cls(
            victim,
            _Base(tuple(answers.texts[row] for row in low), human[low], own[low]),
            _Base(tuple(answers.texts[row] for row in high), human[high], own[high]),
            seen=np.flatnonzero(np.isin(low, seen)),
            seen_texts=tuple(answers.texts[row] for row in seen),
            seen_high=tuple((human[seen] > middle).tolist()),
            seed=seed,
        )

    def materials(self, attack: str) -> Materials:
        """What one attack is made from; its random numbers do not depend on the attacks before it."""
        victim = self.victim
        return Materials(
            self.low.texts,
            self.high.texts,
            self.seen,
            self.seen_texts,
            self.seen_high,
            victim.vocabulary,
            victim.question,
            victim.rubric,
            worth=lambda texts: _worth(victim.score(texts)),
            rng=np.random.default_rng([self.seed, zlib.crc32(attack.encode())]),
        )


def _worth(found: Attempted) -> Floats:
    """(N,) the expected score, and the least possible one where people look at the answer."""
    return np.where(found.caught | ~np.isfinite(found.expected), 0.0, found.expected)


def _result(attack: Attack, made: Attempt, cast: _Cast) -> AttackResult:
    after = cast.victim.score(made.texts)
    aim = attack.aim if made.rows is not None else Aim.FOOL
    rows = np.zeros(0, dtype=np.int64) if made.rows is None else made.rows
    if aim is Aim.FOOL:
        before = human = np.zeros(len(made.texts), dtype=np.int64)
    else:
        base = cast.low if aim is Aim.RAISE else cast.high
        before, human = base.before[rows], base.human[rows]
    got = after.indices >= before if aim is Aim.UNNOTICED else after.indices > np.maximum(human, before)
    successes, tried = int((got & ~after.caught).sum()), len(made.texts)
    known = (before != MISSING) & (after.indices != MISSING)
    rise = float((after.indices - before)[known].mean()) if known.any() else float("nan")
    rate = Estimate(successes / tried, *clopper_pearson(successes, tried, CONFIDENCE))
    return AttackResult(
        attack.name,
        attack.description,
        attack.knows,
        aim,
        tried,
        successes,
        int(after.caught.sum()),
        rate,
        rise,
        made.note,
    )


def gaming_dict(report: GamingReport) -> dict[str, object]:
    """The report as JSON-ready values: fixed key order, 6 decimals, None for what is undefined.

    Keys: item, steps, low, high, seed, attacks (name, description, knows, aim, tried, successes, caught, rate with
    value, low and high, rise, note) and not_tried (name, reason).
    """
    return {
        "item": report.item,
        "steps": report.steps,
        "low": report.low,
        "high": report.high,
        "seed": report.seed,
        "attacks": [_result_dict(result) for result in report.results],
        "not_tried": [{"name": one.name, "reason": one.reason} for one in report.not_tried],
    }


def _result_dict(result: AttackResult) -> dict[str, object]:
    return {
        "name": result.name,
        "description": result.description,
        "knows": result.knows,
        "aim": result.aim.value,
        "tried": result.tried,
        "successes": result.successes,
        "caught": result.caught,
        "rate": result.rate.rounded(),
        "rise": plain_number(result.rise),
        "note": result.note,
    }
