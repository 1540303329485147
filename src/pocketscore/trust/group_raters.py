"""Teacher, student and second rater side by side in each group, and what distillation changed there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from pocketscore.trust.group_sums import PairSums, Resampling, interval, pair_sums
from pocketscore.types import UNDEFINED, Estimate, Floats, Ints

RATERS = {"student": "the student", "teacher": "the teacher", "second": "the second rater"}
"""Raters that are compared with the first human score, and what to call them in a sentence."""
NOBODY_ELSE = "every response is in this group, so there is nobody to compare it with"
NO_HUMAN_SPREAD = "all human scores are equal, so there is no standard deviation to measure in"


@dataclass(frozen=True)
class RaterInGroup:
    """One rater against the first human rater, within one group.

    Attributes:
        n: Responses of the group that both scored.
        dsm: Difference of standardised means, over all responses that both scored.
        exact_agreement: Share of the n with the same score.
        reason: Why a number is NaN, '' otherwise.
    """

    n: int
    dsm: Estimate = UNDEFINED
    exact_agreement: Estimate = UNDEFINED
    reason: str = ""


@dataclass(frozen=True)
class DistillationEffect:
    """Student minus teacher within one group, on the responses that both and the first human rater scored.

    Attributes:
        n: Those responses.
        dsm: DSM of the student minus that of the teacher; the interval is paired: both see the same draws.
        exact_agreement: The same for the exact agreement.
        reason: Why a number is NaN, '' otherwise.
    """

    n: int
    dsm: Estimate = UNDEFINED
    exact_agreement: Estimate = UNDEFINED
    reason: str = ""


@dataclass(frozen=True, eq=False)
class Strata:
    """Which group each response is in.

    Attributes:
        labels: The groups examined.
        of: (N,) place in `labels`; len(labels) for every other response.
        minimum_n: Fewest responses of a group that a number may rest on.
    """

    labels: tuple[str, ...]
    of: Ints
    minimum_n: int


def raters_by_group(
    human: Floats, raters: Mapping[str, Floats], strata: Strata, resampling: Resampling
) -> list[dict[str, RaterInGroup]]:
    """Teacher and second rater in every group; one that scored nothing says so.

    Args:
        human: (N,) first human scores, NaN where missing.
        raters: Name -> (N,) scores, NaN where missing.
        strata: The groups.
        resampling: Of the intervals.
    """
    names = [name for name in RATERS if name != "student"]
    found = {name: _rater(human, raters.get(name), name, strata, resampling) for name in names}
    return [{name: groups[place] for name, groups in found.items()} for place in range(len(strata.labels))]


def _rater(
    human: Floats, scores: Floats | None, name: str, strata: Strata, resampling: Resampling
) -> list[RaterInGroup]:
    if scores is None or not np.isfinite(scores).any():
        return [RaterInGroup(0, reason=f"{RATERS[name]} scored no response")] * len(strata.labels)
    rows = np.isfinite(human) & np.isfinite(scores)
    (groups,) = pair_sums(human[rows], [scores[rows]], strata.of[rows], len(strata.labels) + 1, resampling)
    whole = total(groups)
    found = []
    for group in groups[:-1]:
        n = size(group)
        if n < strata.minimum_n:
            found.append(RaterInGroup(n, reason=_too_few(n, f"{RATERS[name]} and the first human rater", strata)))
            continue
        reason = no_dsm(whole, n, RATERS[name])
        dsm = UNDEFINED if reason else interval(group.dsm(whole))
        found.append(RaterInGroup(n, dsm, interval(group.exact_agreement), reason))
    return found


def distillation_by_group(
    human: Floats, raters: Mapping[str, Floats], strata: Strata, resampling: Resampling
) -> list[DistillationEffect]:
    """Student minus teacher in every group. Arguments as `raters_by_group`."""
    teacher, student = raters.get("teacher"), raters["student"]
    if teacher is None or not np.isfinite(teacher).any():
        return [DistillationEffect(0, reason="the teacher scored no response")] * len(strata.labels)
    rows = np.isfinite(human) & np.isfinite(teacher) & np.isfinite(student)
    both = [student[rows], teacher[rows]]
    students, teachers = pair_sums(human[rows], both, strata.of[rows], len(strata.labels) + 1, resampling)
    wholes = total(students), total(teachers)
    found = []
    for mine, theirs in zip(students[:-1], teachers[:-1], strict=True):
        n = size(mine)
        if n < strata.minimum_n:
            reason = _too_few(n, "student, teacher and the first human rater", strata)
            found.append(DistillationEffect(n, reason=reason))
            continue
        reason = no_dsm(wholes[0], n, "the student") or no_dsm(wholes[1], n, "the teacher")
        dsm = UNDEFINED if reason else interval(mine.dsm(wholes[0]) - theirs.dsm(wholes[1]))
        found.append(DistillationEffect(n, dsm, interval(mine.exact_agreement - theirs.exact_agreement), reason))
    return found


def total(groups: tuple[PairSums, ...]) -> PairSums:
    """Sums over all strata."""
    whole = groups[0]
    for group in groups[1:]:
        whole = whole + group
    return whole


def size(group: PairSums) -> int:
    """Responses that were observed."""
    return int(group.sums[0, 0])


def no_dsm(whole: PairSums, n: int, rater: str) -> str:
    """Why there is no DSM for a group of n of these responses, '' if there is one."""
    if size(whole) == n:
        return NOBODY_ELSE
    if whole.sd_human[0] == 0:
        return NO_HUMAN_SPREAD
    if whole.sd_other[0] == 0:
        return f"{rater} gives every response the same score, so there is no standard deviation to measure in"
    return ""


def _too_few(n: int, who: str, strata: Strata) -> str:
    return f"{n} responses of this group are scored by {who}; at least {strata.minimum_n} are needed"
