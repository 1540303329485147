"""Everything that is said about one group of responses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from pocketscore.trust.conventions import Verdict
from pocketscore.trust.group_bias import DSM_LIMIT, BiasTest, bias_test, judge, no_test, power_statement
from pocketscore.trust.group_raters import (
    NOBODY_ELSE,
    DistillationEffect,
    RaterInGroup,
    Strata,
    distillation_by_group,
    no_dsm,
    raters_by_group,
    size,
    total,
)
from pocketscore.trust.group_sums import PairSums, Resampling, interval, pair_sums, sums_by_stratum
from pocketscore.trust.numeric import ratio
from pocketscore.types import UNDEFINED, Estimate, Floats, Ints

SAME_ONE_SCORE = "both give every response the same one score"
NO_DRAW = "it is undefined in every draw of the bootstrap"


@dataclass(frozen=True)
class Group:
    """One group; every number is about its responses in the whole set. Intervals are 95 %, by bootstrap.

    Attributes:
        label: As in the column.
        n: Responses.
        share: Of the whole set.
        mean_human, mean_machine: Mean scores.
        mean_error: Mean of machine minus human score, in score points; above 0 the machine is lenient.
        dsm: Difference of standardised means.
        p: Of Welch's t test that the group's z differences have the mean of everyone else's.
        p_corrected: The same after Holm's correction over all groups of all columns given.
        exact_agreement, qwk: Agreement of machine and human scores.
        exact_difference, qwk_difference: The same minus that of everyone else.
        confidence_gap: Mean confidence minus share of right scores; above 0 the scorer is surer than it may be. There
            is no calibration error in bins by group: it is biased upwards, badly so in small groups.
        verdict: On the convention |DSM| <= 0.10, see `judge`.
        expected_half_width: Half the width of the interval of the DSM if the group's differences were spread like the
            whole set's. Above 0.10 the group is too small to pass.
        detectable: Smallest bias of this group against everyone else, in standard deviations of the human scores,
            that a two-sided test at 5 %, not corrected for other groups, finds with 80 % power.
        power: The same as a sentence, '' when unknown.
        raters: "student", "teacher", "second" -> that rater against the first human rater.
        distillation: What changed from teacher to student.
        reasons: Name of an attribute above -> why it is NaN; "verdict" -> why a group with a clear interval is
            undetermined.
    """

    label: str
    n: int
    share: float
    mean_human: Estimate
    mean_machine: Estimate
    mean_error: Estimate
    dsm: Estimate
    p: float
    p_corrected: float
    exact_agreement: Estimate
    qwk: Estimate
    exact_difference: Estimate
    qwk_difference: Estimate
    confidence_gap: Estimate
    verdict: Verdict
    expected_half_width: float
    detectable: float
    power: str
    raters: Mapping[str, RaterInGroup]
    distillation: DistillationEffect
    reasons: Mapping[str, str]


@dataclass(frozen=True, eq=False)
class Evidence:
    """What groups are examined with.

    Attributes:
        human: (N,) first human scores, NaN where missing.
        raters: Name -> (N,) scores, NaN where missing; "student" is one of them.
        gap: (N,) confidence minus 1 if right else 0, NaN where unknown.
        no_gap: Why all of `gap` is NaN, '' otherwise.
        resampling: Of the intervals.
    """

    human: Floats
    raters: Mapping[str, Floats]
    gap: Floats
    no_gap: str
    resampling: Resampling

    @property
    def scored(self) -> Ints:
        """Rows of the whole set: those with a human and a student score."""
        return np.flatnonzero(np.isfinite(self.human) & np.isfinite(self.raters["student"]))


def examine(evidence: Evidence, strata: Strata) -> tuple[Group, ...]:
    """Every group of the strata, before the correction for the number of groups (`corrected`)."""
    rows, count = evidence.scored, len(strata.labels)
    human, student, of = evidence.human[rows], evidence.raters["student"][rows], strata.of[rows]
    (sums,) = pair_sums(human, [student], of, count + 1, evidence.resampling)
    whole = total(sums)
    raters = raters_by_group(evidence.human, evidence.raters, strata, evidence.resampling)
    distilled = distillation_by_group(evidence.human, evidence.raters, strata, evidence.resampling)
    surer = _confidence_gap(evidence, strata)
    differences = _z_differences(human, student, whole)
    tests = [_test(differences, of == place, whole) for place in range(count)]
    return tuple(
        _group(
            strata.labels[place],
            sums[place],
            whole,
            tests[place],
            _Beside(raters[place], distilled[place], *surer[place]),
        )
        for place in range(count)
    )


def corrected(group: Group, p_corrected: float, minimum_n: int) -> Group:
    """The group with its corrected p and its verdict.

    A group that leaves fewer than `minimum_n` others has a DSM near 0 whatever happens, so it cannot pass.
    """
    verdict = judge(group.dsm, p_corrected, group.expected_half_width)
    others = round(group.n / group.share) - group.n
    reason = ""
    if verdict in (Verdict.PASS, Verdict.FAIL) and others < minimum_n:
        verdict, reason = Verdict.UNDETERMINED, f"only {others} other responses to compare with"
    elif verdict is Verdict.UNDETERMINED:
        reason = _why_undetermined(group, p_corrected)
    return replace(
        group,
        p_corrected=p_corrected,
        verdict=verdict,
        reasons={**group.reasons, "verdict": reason} if reason else group.reasons,
    )


def _why_undetermined(group: Group, p_corrected: float) -> str:
    """What keeps a group from passing or failing."""
    low, high = group.dsm.low, group.dsm.high
    if low >= -DSM_LIMIT and high <= DSM_LIMIT:
        return "the interval is short by luck: at the spread of the whole set it would reach beyond 0.10"
    if low > DSM_LIMIT or high < -DSM_LIMIT:
        return f"the interval lies beyond 0.10, but the corrected p of {p_corrected:.3f} is not below 0.05"
    return "the interval reaches from within 0.10 to beyond it"


@dataclass(frozen=True)
class _Beside:
    """What stands beside the numbers from human and student scores."""

    raters: Mapping[str, RaterInGroup]
    distillation: DistillationEffect
    confidence_gap: Estimate
    no_confidence_gap: str


def _group(label: str, group: PairSums, whole: PairSums, test: BiasTest, beside: _Beside) -> Group:
    n, others = size(group), whole - group
    detectable = test.detectable * float(ratio(whole.sd_other, whole.sd_human)[0])
    found = Group(
        label=label,
        n=n,
        share=n / size(whole),
        mean_human=interval(group.mean_human),
        mean_machine=interval(group.mean_other),
        mean_error=interval(group.mean_error),
        dsm=interval(group.dsm(whole)) if size(others) else UNDEFINED,
        p=test.p,
        p_corrected=np.nan,
        exact_agreement=interval(group.exact_agreement),
        qwk=interval(group.qwk),
        exact_difference=interval(group.exact_agreement - others.exact_agreement),
        qwk_difference=interval(group.qwk - others.qwk),
        confidence_gap=beside.confidence_gap,
        verdict=Verdict.NOT_COMPUTED,
        expected_half_width=test.half_width,
        detectable=detectable,
        power=power_statement(n, detectable),
        raters={},
        distillation=beside.distillation,
        reasons={},
    )
    no_dsm_because = no_dsm(whole, n, "the student")
    student = RaterInGroup(n, found.dsm, found.exact_agreement, no_dsm_because)
    reasons = _reasons(found, no_dsm_because, test.reason, beside.no_confidence_gap)
    return replace(found, raters={"student": student, **beside.raters}, reasons=reasons)


def _reasons(group: Group, no_dsm_because: str, no_test_because: str, no_confidence_gap: str) -> dict[str, str]:
    """Attribute -> why it is NaN."""
    nobody = "" if group.share < 1 else NOBODY_ELSE
    no_qwk = SAME_ONE_SCORE if np.isnan(group.qwk.value) else ""
    no_other_qwk = SAME_ONE_SCORE + " in one of the two" if np.isnan(group.qwk_difference.value) else ""
    reasons = {
        "dsm": no_dsm_because,
        "verdict": no_dsm_because,
        **dict.fromkeys(("p", "p_corrected", "expected_half_width", "detectable"), no_test_because),
        "qwk": no_qwk,
        "exact_difference": nobody,
        "qwk_difference": nobody or no_other_qwk,
        "confidence_gap": no_confidence_gap,
    }
    undrawn = {
        name: NO_DRAW for name, found in vars(group).items() if isinstance(found, Estimate) and np.isnan(found.low)
    }
    return undrawn | {name: reason for name, reason in reasons.items() if reason}


def _z_differences(human: Floats, student: Floats, whole: PairSums) -> Floats:
    """(n,) z of the student's score minus z of the human score; NaN when a rater has no spread."""
    z_human = ratio(human - whole.mean_human[0], np.full(len(human), whole.sd_human[0]))
    return ratio(student - whole.mean_other[0], np.full(len(human), whole.sd_other[0])) - z_human


def _test(differences: Floats, inside: npt.NDArray[np.bool_], whole: PairSums) -> BiasTest:
    reason = no_dsm(whole, int(inside.sum()), "the student")
    return no_test(reason) if reason else bias_test(differences[inside], differences[~inside])


def _confidence_gap(evidence: Evidence, strata: Strata) -> list[tuple[Estimate, str]]:
    """For each group the mean of confidence minus right, or NaN and why."""
    known = np.isfinite(evidence.gap)
    features = np.stack([np.ones(int(known.sum())), evidence.gap[known]], axis=1)
    found: list[tuple[Estimate, str]] = []
    for sums in sums_by_stratum(features, strata.of[known], len(strata.labels), evidence.resampling):
        n = int(sums[0, 0])
        if n < strata.minimum_n:
            few = f"{n} responses of this group have a confidence and a human score; {strata.minimum_n} are needed"
            found.append((UNDEFINED, evidence.no_gap or few))
        else:
            found.append((interval(sums[:, 1] / n), ""))
    return found
