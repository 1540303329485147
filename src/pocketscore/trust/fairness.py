"""Does the scorer treat groups of students alike? Every group column, every group, with what cannot be said.

    (human scores, raters' scores, group labels) -> fairness -> GroupColumn for each column -> fairness_dict -> JSON

The whole set is every response with a human and a student score. Means and standard deviations behind the difference of
standardised means (DSM) are those of the whole set, the same in all columns. Everyone else are all responses of the
whole set outside a group, those without a label in the column and of groups too small to examine included.
`docs/metrics.md` is the handbook.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace

import numpy as np

from pocketscore.errors import InputError
from pocketscore.trust.conventions import Verdict
from pocketscore.trust.fairness_group import Evidence, Group, corrected, examine
from pocketscore.trust.group_bias import holm
from pocketscore.trust.group_raters import RATERS, Strata
from pocketscore.trust.group_sums import SAME_SCORE, Resampling
from pocketscore.trust.regression import GroupRegressions, by_size, group_regressions
from pocketscore.types import Floats, plain_number

MINIMUM_N = 10
"""Fewest responses of a group that is examined."""


@dataclass(frozen=True)
class NotExamined:
    """A group that is too small."""

    label: str
    n: int
    reason: str


@dataclass(frozen=True)
class GroupColumn:
    """Fairness by one group column.

    Attributes:
        name: Of the column.
        n: Responses with a human and a student score: the whole set.
        unknown: Those of the n without a label here.
        groups: Examined groups, the largest first.
        not_examined: Groups below the minimum n.
        regressions: OSA, OSD and CSD over the examined groups.
        reason: What limits the whole column, '' if nothing does.
    """

    name: str
    n: int
    unknown: int
    groups: tuple[Group, ...]
    not_examined: tuple[NotExamined, ...]
    regressions: GroupRegressions
    reason: str


def fairness(
    human: Floats,
    raters: Mapping[str, Floats],
    groups: Mapping[str, Sequence[str]],
    *,
    confidence: Floats | None = None,
    minimum_n: int = MINIMUM_N,
    seed: int = 0,
    resamples: int = 2000,
) -> tuple[GroupColumn, ...]:
    """Examine every group of every column of one item.

    Args:
        human: (N,) the first rater's scores on the scale's values, NaN where missing.
        raters: "student" -> (N,) scores to examine, NaN where unscored; optionally "teacher" and "second" (the second
            human rater). Exact agreement counts equal values, so give scores as they are reported.
        groups: Column -> N labels; blank labels are unknown, and count as everyone else.
        confidence: (N,) probability that the student gives the score it reports (`Scores.confidence`), NaN where
            unscored; for `confidence_gap`.
        minimum_n: Fewest responses of an examined group.
        seed: Of the bootstrap.
        resamples: Draws of the bootstrap.

    Returns:
        One result for each column, in the order given. What cannot be computed is NaN with a reason beside it.

    Raises:
        InputError: Lengths differ, there is no student or an unknown rater, a number is infinite, or a minimum is below
            1.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> human = rng.integers(0, 4, 400).astype(float)
        >>> student = np.clip(human + rng.choice([-1, 0, 0, 0, 1], 400), 0, 3)
        >>> column, = fairness(human, {"student": student}, {"ell": ["yes", "no", "no", "no"] * 100})
        >>> [(group.label, group.n, group.verdict.value) for group in column.groups]
        [('no', 300, 'pass'), ('yes', 100, 'undetermined at this sample size')]
        >>> column.groups[1].power
        'With 100 responses only a bias above 0.16 SD could be seen.'
    """
    numbers = {"human": human, **raters, **({} if confidence is None else {"confidence": confidence})}
    _check(numbers, groups)
    if minimum_n < 1 or resamples < 1:
        raise InputError(f"a minimum of {minimum_n} responses, {resamples} resamples", "give at least 1")
    gap = np.full(len(human), np.nan) if confidence is None else confidence - _same(human, raters["student"])
    no_gap = "no confidence was given" if confidence is None else ""
    evidence = Evidence(human, raters, gap, no_gap, Resampling(resamples, seed))
    columns = [_column(name, tuple(map(str, labels)), evidence, minimum_n) for name, labels in groups.items()]
    return _corrected(columns, minimum_n)


def _check(numbers: Mapping[str, Floats], groups: Mapping[str, Sequence[str]]) -> None:
    raters = set(numbers) - {"human", "confidence"}
    if "student" not in raters or raters - set(RATERS):
        raise InputError(
            f"scores of {', '.join(sorted(raters)) or 'nobody'}",
            "give student, and teacher and second if you have them",
        )
    lengths = {name: len(values) for name, values in numbers.items()}
    lengths |= {f"group {name}": len(labels) for name, labels in groups.items()}
    if len(set(lengths.values())) != 1:
        raise InputError(f"columns differ in length {lengths}", "give every response a value")
    for name, values in numbers.items():
        if np.isinf(values).any():
            row = int(np.flatnonzero(np.isinf(values))[0])
            raise InputError(f"{name}, row {row + 1}, is infinite", "give a number, or NaN if missing")


def _same(human: Floats, student: Floats) -> Floats:
    """(N,) 1 where the scores are equal, 0 where not, NaN where one is missing."""
    known = np.isfinite(human) & np.isfinite(student)
    return np.where(known, np.abs(human - student) <= SAME_SCORE, np.nan)


def _column(name: str, labels: Sequence[str], evidence: Evidence, minimum_n: int) -> GroupColumn:
    rows = evidence.scored
    known = [labels[row] for row in rows if labels[row].strip()]
    counts = Counter(known)
    examined = tuple(label for label in by_size(known) if counts[label] >= minimum_n)
    place = {label: number for number, label in enumerate(examined)}
    of = np.array([place.get(label, len(examined)) for label in labels], dtype=np.int64)
    strata = Strata(examined, of, minimum_n)
    compared = rows[of[rows] < len(examined)]
    return GroupColumn(
        name=name,
        n=len(rows),
        unknown=len(rows) - len(known),
        groups=examine(evidence, strata) if examined else (),
        not_examined=tuple(
            NotExamined(label, counts[label], f"scored responses: {counts[label]}; at least {minimum_n} are needed")
            for label in by_size(known)
            if label not in place
        ),
        regressions=group_regressions(
            evidence.human[compared], evidence.raters["student"][compared], [labels[row] for row in compared]
        ),
        reason=_limits(len(rows), counts, strata),
    )


def _limits(n: int, counts: Mapping[str, int], strata: Strata) -> str:
    """What limits the whole column."""
    if n == 0:
        return "no response has both a human and a student score"
    if not counts:
        return "no scored response has a label in this column"
    if not strata.labels:
        return f"no group has {strata.minimum_n} scored responses"
    if len(strata.labels) == 1:
        only = strata.labels[0]
        return f"only one group, {only!r}, is large enough; it is compared with the {n - counts[only]} other responses"
    return ""


def _corrected(columns: Sequence[GroupColumn], minimum_n: int) -> tuple[GroupColumn, ...]:
    """Holm's correction over all groups of all columns, then the verdicts."""
    p_values = iter(holm([group.p for column in columns for group in column.groups]))
    return tuple(
        replace(column, groups=tuple(corrected(group, next(p_values), minimum_n) for group in column.groups))
        for column in columns
    )


def fairness_dict(columns: Sequence[GroupColumn]) -> dict[str, object]:
    """Everything as JSON-ready values: column name -> its attributes; 6 decimals, None for what is undefined.

    Keys are the attributes of `GroupColumn`, `Group` and what they hold, under the same names and in the same order.

    Example:
        >>> human = np.array([0.0, 1.0] * 6)
        >>> found = fairness_dict(fairness(human, {"student": human}, {"sex": ["f"] * 11 + ["m"]}))
        >>> found["sex"]["not_examined"]
        [{'label': 'm', 'n': 1, 'reason': 'scored responses: 1; at least 10 are needed'}]
    """
    return {column.name: _plain(column) for column in columns}


def _plain(value: object) -> object:
    if isinstance(value, float):
        return plain_number(value)
    if is_dataclass(value):
        return {part.name: _plain(getattr(value, part.name)) for part in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, tuple):
        return [_plain(part) for part in value]
    return value.value if isinstance(value, Verdict) else value
