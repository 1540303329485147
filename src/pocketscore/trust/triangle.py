"""The distillation audit: teacher, student and human score of the same answers as a triangle.

It says where the student lost what the teacher knew, where both contradict the rater (candidates for rescoring), and in
which kinds of answers that happens.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from pocketscore.text import Vocabulary, words
from pocketscore.trust.distributions import share
from pocketscore.types import MISSING, Estimate, Ints


class Corner(StrEnum):
    """How the three scores of one answer lie. Every answer is in exactly one."""

    AGREE = "all three agree"
    LOST = "lost: the teacher agrees with the rater, the student does not"
    GAINED = "gained: the student agrees with the rater, the teacher does not"
    RESCORE = "teacher and student agree against the rater"
    APART = "all three differ"


@dataclass(frozen=True)
class Row:
    """Some answers, by corner.

    Attributes:
        kind: What they have in common; '' for all.
        value: Its value.
        n: Answers.
        counts: Corner -> how many.
    """

    kind: str
    value: str
    n: int
    counts: Mapping[Corner, int]

    def share(self, corner: Corner) -> Estimate:
        """Share of the answers in a corner, with its exact 95 % interval; NaN when there are none."""
        return share(self.counts[corner], self.n)


@dataclass(frozen=True, eq=False)
class Triangle:
    """The audit.

    Attributes:
        overall: All answers with three scores.
        kinds: The same for each kind of answer.
        rescore: Places (indices into the N answers) where both contradict the rater with the same other score.
    """

    overall: Row
    kinds: tuple[Row, ...]
    rescore: tuple[int, ...]


@dataclass(frozen=True)
class Kinds:
    """One property of N answers.

    Attributes:
        of: Its value for each answer.
        order: Its values in the order to print them.
    """

    of: tuple[str, ...]
    order: tuple[str, ...]


def triangle(human: Ints, teacher: Ints, student: Ints, kinds: Mapping[str, Kinds]) -> Triangle:
    """Audit N answers.

    Args:
        human: (N,) index of the rater's score, or `MISSING`; answers that lack one of the three are left out.
        teacher: (N,) index of the teacher's.
        student: (N,) index of the student's.
        kinds: Name of a property -> its values, see `kinds_of`.

    Example:
        >>> found = triangle(np.array([0, 1, 1, 1]), np.array([0, 1, 0, 0]), np.array([0, 0, 0, 1]), {})
        >>> [(corner.name, n) for corner, n in found.overall.counts.items()], found.rescore
        ([('AGREE', 1), ('LOST', 1), ('GAINED', 1), ('RESCORE', 1), ('APART', 0)], (2,))
    """
    known = (human != MISSING) & (teacher != MISSING) & (student != MISSING)
    conditions = {
        Corner.AGREE: (human == teacher) & (human == student),
        Corner.LOST: (human == teacher) & (human != student),
        Corner.GAINED: (human != teacher) & (human == student),
        Corner.RESCORE: (human != teacher) & (teacher == student),
        Corner.APART: (human != teacher) & (human != student) & (teacher != student),
    }

    def row(kind: str, value: str, rows: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Row:
        counts = {corner: int((rows & holds).sum()) for corner, holds in conditions.items()}
        return Row(kind, value, int(rows.sum()), counts)

    split = [
        row(name, value, known & (np.array(kind.of) == value)) for name, kind in kinds.items() for value in kind.order
    ]
    rescore = np.flatnonzero(known & conditions[Corner.RESCORE])
    return Triangle(row("", "", known), tuple(found for found in split if found.n), tuple(rescore.tolist()))


def kinds_of(texts: Sequence[str], human: Ints, points: Sequence[str], vocabulary: Vocabulary) -> dict[str, Kinds]:
    """Properties of answers that an audit looks at: score point, length, share of words the student does not know.

    Lengths are cut at the thirds of these answers.
    """
    read = [words(text) for text in texts]
    lengths = np.array([len(found) for found in read])
    unknown = np.array([np.mean(vocabulary.ids(found) == 0) if found else 1.0 for found in read])
    low, high = (int(np.quantile(lengths, third)) for third in (1 / 3, 2 / 3)) if read else (0, 0)
    by_length = (f"up to {low} words", f"{low + 1} to {high} words", f"more than {high} words")
    if high <= low:  # most answers have one length
        by_length = (f"up to {low} words", f"more than {high} words", f"more than {high} words")
    by_share = ("all words known", "up to a tenth unknown", "more than a tenth unknown")
    return {
        "human score": Kinds(tuple("" if i == MISSING else points[i] for i in human.tolist()), tuple(points)),
        "length": Kinds(
            tuple(by_length[int(n > low) + int(n > high)] for n in lengths), tuple(dict.fromkeys(by_length))
        ),
        "unknown words": Kinds(tuple(by_share[int(s > 0) + int(s > 0.1)] for s in unknown), by_share),
    }


def triangle_dict(found: Triangle) -> dict[str, object]:
    """JSON-ready; counts alone, no answers."""
    return {
        "all": _row_dict(found.overall),
        "kinds": [{"kind": row.kind, "value": row.value, **_row_dict(row)} for row in found.kinds],
    }


def _row_dict(row: Row) -> dict[str, int]:
    return {"n": row.n, **{corner.name.lower(): n for corner, n in row.counts.items()}}
