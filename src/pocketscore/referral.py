"""Give a scorer the threshold that keeps a promise about the scores it gives alone.

(Scorer, what is asked, guide, held-out answers) ─ with_promise ─> (Scorer with a threshold, Promise)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from pocketscore.errors import InputError
from pocketscore.student import Scorer
from pocketscore.student.screen import Deferral
from pocketscore.trust.deferral import (
    CONFIDENCE,
    Judged,
    Promise,
    Target,
    promise,
    promise_dict,
    second_rater_target,
)
from pocketscore.types import Part, Responses

SECOND_RATER: Literal["second-rater"] = "second-rater"
WrongAtMost = float | Literal["second-rater"]
"""Largest share of wrong scores among those given alone; "second-rater": no more than two people differ."""


@dataclass(frozen=True, eq=False)
class Evidence:
    """Answers for a promise. Only `held_out` has to be new to everything.

    Attributes:
        guide: Where candidate thresholds come from.
        held_out: What they are tested on; nothing else was chosen by these.
        double_scored: Answers apart from `held_out` whose two human scores say how often people differ.
    """

    guide: Responses
    held_out: Responses
    double_scored: Responses


def wrong_at_most(text: str) -> WrongAtMost:
    """What a user writes: `5%`, `0.05` or `second-rater`.

    Raises:
        InputError: It is none of these.

    Example:
        >>> wrong_at_most("5%"), wrong_at_most("0.1"), wrong_at_most("second-rater")
        (0.05, 0.1, 'second-rater')
    """
    said = text.strip().casefold()
    if said in (SECOND_RATER, "second rater"):
        return SECOND_RATER
    try:
        share = float(said.removesuffix("%")) / (100 if said.endswith("%") else 1)
    except ValueError:
        raise InputError(f"{text!r} is no share", "write for example 5%, 0.05 or second-rater") from None
    return Target(share).wrong_at_most


def with_promise(
    scorer: Scorer, asked: WrongAtMost, evidence: Evidence, confidence: float = CONFIDENCE
) -> tuple[Scorer, Promise]:
    """The scorer with a threshold that holds what is asked.

    Where nothing can be promised, every score is referred to people: who asks for at most 5 % of wrong scores is not
    served by a scorer that gives them alone without any promise. The promise says why.

    Args:
        scorer: The finished scorer; its screen refers strange answers before the threshold is asked.
        asked: Largest share of wrong scores.
        evidence: Answers that the promise rests on.
        confidence: How sure it has to be.
    """
    target = _target(asked, evidence.double_scored, confidence)
    bare = replace(scorer, deferral=None)
    guide, held_out = (Judged.of(bare.score(part.texts), part.scores) for part in (evidence.guide, evidence.held_out))
    found = promise(target, guide, held_out)
    said = dict(promise_dict(found))
    return replace(scorer, deferral=Deferral(found.threshold, said), card=_certified(scorer.card, said)), found


def check_asked(asked: WrongAtMost | None, responses: Responses) -> None:
    """Raise InputError, before anything is trained, when split responses cannot set the mark that is asked for."""
    if asked is not None and responses.scored_by:
        raise InputError(
            f"item {responses.item.id}: nobody has scored an answer, so nothing can be promised about wrong scores",
            "leave out --wrong-at-most, or give answers that people scored",
        )
    if asked == SECOND_RATER:
        _target(asked, seen(responses), CONFIDENCE)


def seen(responses: Responses) -> Responses:
    """Train and validation, whose double-scored answers say how often people differ."""
    parts = np.array(responses.parts)
    return responses.take(np.flatnonzero((parts == Part.TRAIN) | (parts == Part.VALIDATION)))


def apart(responses: Responses, seed: int, share: float = 0.25) -> Evidence:
    """Evidence from one file of new answers: a quarter guides, the rest is held out; people's scores of both count.

    The mark "as a second rater" then comes from the guide alone, which keeps it apart from the held-out answers.
    """
    order = np.random.default_rng(seed).permutation(len(responses))
    first, rest = np.split(order, [round(share * len(order))])
    guide, held_out = responses.take(np.sort(first)), responses.take(np.sort(rest))
    return Evidence(guide, held_out, guide)


def _certified(card: Mapping[str, object], promise: Mapping[str, object]) -> dict[str, object]:
    """The card with this promise in its certificate; what an older one did to the test part is no longer true."""
    evidence = card.get("evidence")
    known = evidence if isinstance(evidence, dict) else {}
    return {**card, "evidence": {**known, "promise": promise, "promise_on_test": None}}


def _target(asked: WrongAtMost, double_scored: Responses, confidence: float) -> Target:
    if asked == SECOND_RATER:
        return second_rater_target(double_scored.scores, double_scored.second, confidence)[0]
    return Target(float(asked), confidence)
