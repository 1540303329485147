"""Everything that is asked of a set of scores beyond plain agreement, on the same responses, in one place.

    (Responses, Scores, teacher's scores) ─ validity ─> Validity ─ validity_dict ─> JSON, report, card

A part that cannot be computed says why; the others are there all the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from pocketscore.text import Vocabulary
from pocketscore.trust.conventions import Flag, flag_dict, flags
from pocketscore.trust.deferral import CurvePoint, Judged, curve, outcome_dict
from pocketscore.trust.fairness import GroupColumn, fairness, fairness_dict
from pocketscore.trust.numeric import NumericAgreement, numeric_agreement
from pocketscore.trust.points import PointAgreement, by_point, points_dict
from pocketscore.trust.reliability import Reliability, reliability, reliability_dict
from pocketscore.trust.second_rater import Degradation, degradation, human_human_agreement
from pocketscore.trust.triangle import Triangle, kinds_of, triangle, triangle_dict
from pocketscore.trust.true_score import TrueScore, true_score
from pocketscore.types import MISSING, Estimate, Floats, Ints, Responses, Scale, Scores, plain_number


@dataclass(frozen=True, eq=False)
class Numbers:
    """Scores as numbers; ordinal scales only.

    Attributes:
        reported: The score points given, against the human score.
        expected: The expected scores, before they became points.
        people: Second rater against first; n = 0 without a second rater.
        degradation: The points given, beside the second rater.
        true_score: The points given, as predictions of the true score.
        expected_true_score: The expected scores, as such.
    """

    reported: NumericAgreement
    expected: NumericAgreement
    people: NumericAgreement
    degradation: Degradation
    true_score: TrueScore
    expected_true_score: TrueScore


@dataclass(frozen=True, eq=False)
class Validity:
    """The evidence.

    Attributes:
        n: Responses with a human score and a machine score.
        numbers: None on a nominal scale.
        points: Rater ("student", "teacher", "second") -> agreement and bias at each score point.
        reliability: Whether the probabilities mean what they say.
        flags: The field's conventions; empty on a nominal scale.
        groups: Fairness, one entry for each group column.
        curve: What deferring to people would change, by confidence.
        referred: Reason -> answers that go to people for it.
        triangle: What the student kept and lost; None without a teacher's scores.
        missing: What could not be computed, each in a sentence with its reason.
    """

    n: int
    numbers: Numbers | None
    points: Mapping[str, tuple[PointAgreement, ...]]
    reliability: Reliability
    flags: tuple[Flag, ...]
    groups: tuple[GroupColumn, ...]
    curve: tuple[CurvePoint, ...]
    referred: Mapping[str, int]
    triangle: Triangle | None
    missing: tuple[str, ...]


def validity(
    responses: Responses,
    scores: Scores,
    teacher: Ints | None = None,
    vocabulary: Vocabulary | None = None,
    seed: int = 0,
) -> Validity:
    """All evidence on N responses that the scorer has not learnt from.

    Args:
        responses: With human scores; second rater and groups where there are any.
        scores: What the scorer says of the same N texts.
        teacher: (N,) index of the teacher's score, or `MISSING`; None without a teacher.
        vocabulary: The scorer's, to sort answers by unknown words.
        seed: Of every bootstrap.
    """
    scale, human, given = responses.item.scale, responses.scores, scores.indices
    raters = {"student": given} | ({} if teacher is None else {"teacher": teacher}) | _second(responses)
    numbers = _numbers(responses, scores, seed) if scale.kind == "ordinal" else None
    audited = None
    if teacher is not None and vocabulary is not None:
        kinds = kinds_of(responses.texts, human, scale.points, vocabulary)
        audited = triangle(human, teacher, given, kinds)
    groups = _groups(responses, scores, raters, seed)
    judged = Judged.of(scores, human)
    return Validity(
        n=int(((human != MISSING) & (given != MISSING)).sum()),
        numbers=numbers,
        points={name: by_point(human, found, scale, seed) for name, found in raters.items()},
        reliability=reliability(scores.probabilities, given, human, seed),
        flags=_flags(numbers) if numbers and not responses.scored_by else (),
        groups=groups,
        curve=curve(judged),
        referred=dict(Counter(reason.value for reason in scores.refer if reason is not None)),
        triangle=audited,
        missing=_missing(responses, numbers, groups),
    )


def validity_dict(found: Validity) -> dict[str, object]:
    """JSON-ready; counts and numbers alone, None for what is undefined."""
    return {
        "n": found.n,
        "numbers": None if found.numbers is None else _numbers_dict(found.numbers),
        "by_point": {name: points_dict(points) for name, points in found.points.items()},
        "reliability": reliability_dict(found.reliability),
        "flags": [flag_dict(flag) for flag in found.flags],
        "groups": fairness_dict(found.groups),
        "deferral_curve": [{"threshold": at.threshold, **outcome_dict(at.outcome)} for at in found.curve],
        "referred": dict(found.referred),
        "triangle": None if found.triangle is None else triangle_dict(found.triangle),
        "missing": list(found.missing),
    }


def _second(responses: Responses) -> dict[str, Ints]:
    return {"second": responses.second} if (responses.second != MISSING).any() else {}


def _numbers(responses: Responses, scores: Scores, seed: int) -> Numbers:
    scale = responses.item.scale
    human, second = _values(responses.scores, scale), _values(responses.second, scale)
    given, expected = _values(scores.indices, scale), scores.expected
    raters = np.column_stack([human, second])
    return Numbers(
        reported=numeric_agreement(human, given, seed=seed),
        expected=numeric_agreement(human, expected, seed=seed),
        people=human_human_agreement(human, second, seed=seed),
        degradation=degradation(human, given, second, seed=seed),
        true_score=true_score(raters, given, seed=seed),
        expected_true_score=true_score(raters, expected, seed=seed),
    )


def _groups(responses: Responses, scores: Scores, raters: Mapping[str, Ints], seed: int) -> tuple[GroupColumn, ...]:
    scale = responses.item.scale
    if scale.kind == "nominal":
        return ()
    return fairness(
        _values(responses.scores, scale),
        {name: _values(found, scale) for name, found in raters.items()},
        responses.groups,
        confidence=scores.confidence,
        seed=seed,
    )


def _flags(numbers: Numbers) -> tuple[Flag, ...]:
    reported, lost = numbers.reported.metrics, numbers.degradation
    estimates: dict[str, Estimate] = {
        "qwk": reported["qwk_continuous"],
        "pearson": reported["pearson"],
        "smd": reported["smd"],
        "degradation_qwk": lost.metrics["qwk_continuous"],
        "degradation_pearson": lost.metrics["pearson"],
        "degradation_accuracy": lost.metrics["exact_agreement"],
    }
    constant = _constant(numbers)
    if constant:  # some of these have a value all the same, which says nothing
        return flags({}, {}, dict.fromkeys(estimates, constant))
    reasons = {name: lost.reason or "undefined on these responses" for name in estimates}
    counts = {name: lost.n_double if name.startswith("degr") else numbers.reported.n for name in estimates}
    return flags(estimates, counts, reasons)


def _constant(numbers: Numbers) -> str:
    """Whose scores are all equal, '' if nobody's."""
    if not numbers.reported.n:
        return "no response has both scores"
    found = {"human": numbers.reported.metrics["human_sd"], "machine": numbers.reported.metrics["machine_sd"]}
    equal = [name for name, sd in found.items() if not sd.value > 0]
    return f"all {' and '.join(equal)} scores are equal" if equal else ""


def _missing(responses: Responses, numbers: Numbers | None, groups: tuple[GroupColumn, ...]) -> tuple[str, ...]:
    if responses.scored_by:
        return (f"Agreement with people: nobody has scored an answer, {responses.scored_by} stands in.",)
    if numbers is None:
        words = [
            "The labels have no order: correlations, SMD, PRMSE, conventions and bias by group need an ordinal scale."
        ]
    else:
        words = [
            f"{what}: {reason}."
            for what, reason in (
                ("Degradation against a second rater", numbers.degradation.reason),
                ("PRMSE", numbers.true_score.reason),
            )
            if reason
        ]
        if constant := _constant(numbers):
            words.append(f"Pearson r, SMD and the conventions: {constant}.")
    if not responses.groups:
        words.append("Fairness: the data have no group columns (named group_...), so no group was examined.")
    return (*words, *(f"Group {column.name}: {column.reason}." for column in groups if column.reason))


def _values(indices: Ints, scale: Scale) -> Floats:
    """(N,) values of score points, NaN where there is none."""
    return np.where(indices == MISSING, np.nan, scale.values[np.maximum(indices, 0)])


def _numbers_dict(found: Numbers) -> dict[str, object]:
    return {
        **{name: _agreement_dict(getattr(found, name)) for name in ("reported", "expected", "people")},
        "degradation": {
            "n_double": found.degradation.n_double,
            "metrics": {name: one.rounded() for name, one in found.degradation.metrics.items()},
            "disattenuated": found.degradation.disattenuated.rounded(),
            "reason": found.degradation.reason,
        },
        "true_score": _true_dict(found.true_score),
        "expected_true_score": _true_dict(found.expected_true_score),
    }


def _agreement_dict(found: NumericAgreement) -> dict[str, object]:
    return {"n": found.n, "metrics": {name: one.rounded() for name, one in found.metrics.items()}}


def _true_dict(found: TrueScore) -> dict[str, object]:
    numbers = ("rater_error_variance", "true_variance", "mse_true")
    return {
        "n": found.n,
        "n_double": found.n_double,
        **{name: plain_number(getattr(found, name)) for name in numbers},
        "prmse": found.prmse.rounded(),
        "reason": found.reason,
        "caution": found.caution,
    }
