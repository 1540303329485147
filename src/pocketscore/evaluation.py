"""How far a scorer can be trusted: its agreement with people, next to that of people with each other.

    (Responses, Scores) -> evaluate -> Evaluation -> evaluation_dict -> JSON, report, card

Everything the report and the card print is in `Evaluation`; nothing is computed again there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from pocketscore.errors import InputError
from pocketscore.metrics import (
    Statistic,
    adjacent_agreement,
    bootstrap,
    cohen_kappa,
    confusion,
    exact_agreement,
    macro_f1,
    per_point_agreement,
    qwk,
)
from pocketscore.trust.validity import Validity, validity, validity_dict
from pocketscore.types import MISSING, Agreement, Ints, Responses, Scale, Scores, Status, plain_number


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What a scorer's scores of human-scored responses are worth.

    `n == unscored + machine.n == sum(statuses.values())`.

    Attributes:
        item: Identifier of the item.
        n: Responses with a human score; the others are ignored.
        unscored: Those of the n that the scorer left without a score.
        statuses: Status -> how many of the n have it; every status is a key, in the order of `Status`.
        machine: Agreement of the scorer with the human score, on the n - unscored.
        human_human: Agreement of the second rater with the human score, on all responses that have both; None
            when there are none.
        validity: Everything beyond plain agreement: numbers as RSMTool has them, conventions, groups, calibration,
            what deferring would change.
        scale: The item's scale.
    """

    item: str
    n: int
    unscored: int
    statuses: Mapping[str, int]
    machine: Agreement
    human_human: Agreement | None
    validity: Validity
    scale: Scale


def agreement(human: Ints, other: Ints, scale: Scale, seed: int = 0) -> Agreement:
    """Agreement of two raters on the rows where both gave a score.

    Ordinal scales get accuracy, adjacent_agreement, qwk, macro_f1 and kappa; nominal ones accuracy, macro_f1
    and kappa. Every number has its 95 % bootstrap interval.

    Args:
        human: (N,) index of the human score, or `MISSING`.
        other: (N,) index of the other score, or `MISSING`.
        scale: The scale both are on.
        seed: Of the bootstrap.

    Raises:
        InputError: No row has both scores, the lengths differ, or an index is not on the scale.

    Example:
        >>> scale = Scale.of(["0", "1", "2"])
        >>> found = agreement(np.array([0, 1, 2, 2]), np.array([0, 1, 2, MISSING]), scale)
        >>> found.n, list(found.metrics), found.metrics["qwk"].value
        (3, ['accuracy', 'adjacent_agreement', 'qwk', 'macro_f1', 'kappa'], 1.0)
    """
    counts = confusion(human, other, len(scale))
    n = int(counts.sum())
    if n == 0:
        raise InputError(
            f"no response has both scores: of {len(human)}, {int((human != MISSING).sum())} have a human "
            f"score and {int((other != MISSING).sum())} the score to compare",
            "give human scores for responses that the scorer or the second rater scored too",
        )
    metrics = {name: bootstrap(counts, statistic, seed) for name, statistic in _statistics(scale).items()}
    return Agreement(n, metrics, counts)


def _statistics(scale: Scale) -> dict[str, Statistic]:
    """Metric name -> function, in the order to print them."""
    if scale.kind == "nominal":
        return {"accuracy": exact_agreement, "macro_f1": macro_f1, "kappa": cohen_kappa}
    return {
        "accuracy": exact_agreement,
        "adjacent_agreement": adjacent_agreement,
        "qwk": partial(qwk, values=scale.values),
        "macro_f1": macro_f1,
        "kappa": cohen_kappa,
    }


def human_agreement(responses: Responses, seed: int = 0) -> Agreement | None:
    """Agreement of the second rater with the human score: the ceiling to hold a scorer against.

    Args:
        responses: Responses, scored by people.
        seed: Of the bootstrap.

    Returns:
        None when no response has both human scores.
    """
    double_scored = (responses.scores != MISSING) & (responses.second != MISSING)
    if not double_scored.any():
        return None
    return agreement(responses.scores, responses.second, responses.item.scale, seed)


def evaluate(responses: Responses, scores: Scores, seed: int = 0) -> Evaluation:
    """Compare a scorer's scores with the human scores of the same responses.

    Responses without a human score are ignored. A response that the scorer left without a score is counted in
    `unscored` and takes no part in the agreement.

    Args:
        responses: N responses.
        scores: What the scorer says of these N texts, in the same order.
        seed: Of the bootstrap.

    Raises:
        InputError: The lengths or the scales differ, or no response has both scores.

    Example:
        >>> from pocketscore.types import Item
        >>> item = Item("density", Scale.of(["0", "1"]))
        >>> responses = Responses(item, ("a", "b", "c"), ("it sinks", "less dense", "idk"),
        ...     scores=np.array([0, 1, 0]), second=np.full(3, MISSING))
        >>> probabilities = np.array([[0.8, 0.2], [0.1, 0.9], [np.nan, np.nan]])
        >>> scores = Scores(item.scale, probabilities, (Status.OK, Status.OK, Status.EMPTY))
        >>> found = evaluate(responses, scores)
        >>> found.n, found.unscored, found.machine.metrics["accuracy"].value, found.human_human
        (3, 1, 1.0, None)
    """
    _check_match(responses, scores)
    machine = scores.indices
    rated = responses.scores != MISSING
    seen = Counter(scores.status[row] for row in np.flatnonzero(rated))
    return Evaluation(
        item=responses.item.id,
        n=int(rated.sum()),
        unscored=int((rated & (machine == MISSING)).sum()),
        statuses={status.value: seen[status] for status in Status},
        machine=agreement(responses.scores, machine, scores.scale, seed),
        human_human=human_agreement(responses, seed),
        validity=validity(responses, scores, seed=seed),
        scale=scores.scale,
    )


def _check_match(responses: Responses, scores: Scores) -> None:
    item = responses.item
    if len(responses) != len(scores):
        raise InputError(
            f"item {item.id}: {len(scores)} machine scores for {len(responses)} responses",
            "score exactly the responses that you evaluate",
        )
    if item.scale != scores.scale:
        raise InputError(
            f"item {item.id} has the {item.scale.kind} scale {', '.join(item.scale.points)}, the machine "
            f"scores the {scores.scale.kind} scale {', '.join(scores.scale.points)}",
            "use a scorer that was made for this item",
        )


def evaluation_dict(evaluation: Evaluation) -> dict[str, object]:
    """The evaluation as JSON-ready values: fixed key order, 6 decimals, None for what is undefined.

    Keys: item, scale (kind, points), n, unscored, statuses, machine and human_human (`agreement_dict` or
    None), validity (`validity_dict`).
    """
    scale, human = evaluation.scale, evaluation.human_human
    return {
        "item": evaluation.item,
        "scale": {"kind": scale.kind, "points": list(scale.points)},
        "n": evaluation.n,
        "unscored": evaluation.unscored,
        "statuses": dict(evaluation.statuses),
        "machine": agreement_dict(evaluation.machine, scale),
        "human_human": None if human is None else agreement_dict(human, scale),
        "validity": validity_dict(evaluation.validity),
    }


def agreement_dict(found: Agreement, scale: Scale) -> dict[str, object]:
    """The agreement as JSON-ready values: fixed key order, 6 decimals, None for what is undefined.

    Keys: n; metrics (name -> value, low, high); per_point_agreement (score point -> share of its responses
    that the other rater gave it too); confusion (K lists of K counts, rows the human score).

    Example:
        >>> scale = Scale.of(["0", "1"], kind="nominal")
        >>> as_dict = agreement_dict(agreement(np.array([0, 0, 0]), np.array([0, 0, 0]), scale), scale)
        >>> as_dict["metrics"]["kappa"]
        {'value': None, 'low': None, 'high': None}
        >>> as_dict["per_point_agreement"], as_dict["confusion"]
        ({'0': 1.0, '1': None}, [[3, 0], [0, 0]])
    """
    shares = per_point_agreement(found.confusion)
    return {
        "n": found.n,
        "metrics": {name: estimate.rounded() for name, estimate in found.metrics.items()},
        "per_point_agreement": {point: plain_number(share) for point, share in zip(scale.points, shares, strict=True)},
        "confusion": found.confusion.tolist(),
    }
