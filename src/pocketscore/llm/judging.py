"""What a language model's labels are worth: agreement with people, as the model says them and after calibration."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pocketscore.decision import cut_points
from pocketscore.evaluation import agreement
from pocketscore.llm.parts import scored_rows
from pocketscore.metrics import cross_entropy
from pocketscore.types import MISSING, Agreement, Floats, Ints, Part, Responses, Scores, Status


@dataclass(frozen=True, eq=False)
class Judged:
    """Agreement with people on the answers of one part that people and the model scored.

    Attributes:
        part: Which part. Training answers are judged out of fold: by prompts and a calibration without their own score.
        before: Of the likeliest point, as the model says it.
        after: Of the reported score, see `reported`.
        loss_before: Cross-entropy of the model's own probabilities.
        loss_after: Of the calibrated ones.
    """

    part: Part
    before: Agreement
    after: Agreement
    loss_before: float
    loss_after: float


def reported(responses: Responses, probabilities: Floats) -> Ints:
    """(N,) index of the score that calibrated probabilities come to, `MISSING` where there are none.

    On ordinal scales with enough scored training answers the expected score on people's own spread, rounded, as
    distilled scorers decide (`pocketscore.decision`); else the likeliest point.
    """
    item, train = responses.item, scored_rows(responses, Part.TRAIN)
    known = train[~np.isnan(probabilities[train]).any(axis=1)]
    cuts = cut_points(probabilities[known] @ item.scale.values, responses.scores[known], item.scale)
    return Scores(item.scale, probabilities, (Status.OK,) * len(responses), cuts).indices


def judged(responses: Responses, raw: Floats, calibrated: Floats, scores: Ints) -> tuple[Judged, ...]:
    """One judgement for each part with answers that people and the model scored.

    Args:
        responses: N responses, with parts.
        raw: (N, K) the model's own probabilities, NaN where it gave none.
        calibrated: (N, K) the same after calibration.
        scores: (N,) index of the score reported after calibration.
    """
    found = []
    for part in Part:
        rows = scored_rows(responses, part)
        rows = rows[scores[rows] != MISSING]
        if len(rows):
            human, scale = responses.scores[rows], responses.item.scale
            found.append(
                Judged(
                    part,
                    before=agreement(human, raw[rows].argmax(axis=1).astype(np.int64), scale),
                    after=agreement(human, scores[rows], scale),
                    loss_before=cross_entropy(raw[rows], human),
                    loss_after=cross_entropy(calibrated[rows], human),
                )
            )
    return tuple(found)
