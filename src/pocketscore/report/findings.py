"""What an item's numbers say, in plain words: the headline, and what calls for caution."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from pocketscore.report.numerals import agreement, count
from pocketscore.results import ItemResult, compared_with
from pocketscore.types import UNDEFINED, Agreement, Estimate, Part, Scale

METRICS = {
    "accuracy": "Exact agreement",
    "adjacent_agreement": "Exact or adjacent",
    "qwk": "QWK",
    "macro_f1": "Macro-F1",
    "kappa": "Cohen’s κ",
}
"""Names of the metrics; one that is not listed goes by its key."""

RATERS = "Two human raters"
FEW_TEST = 100
FEW_OF_POINT = 10


@dataclass(frozen=True)
class Compared:
    """One line of the agreement table."""

    key: str
    name: str
    agreement: Agreement


def compared(result: ItemResult) -> tuple[Compared, ...]:
    """Everything compared on the test part, weakest method first, people last."""
    names = compared_with(result.responses.scored_by)
    methods = [Compared(key, name, result.agreement[key]) for key, name in names.items() if key in result.agreement]
    people = [] if result.human is None else [Compared("human", RATERS, result.human)]
    return (*methods, *people)


def main_metric(scale: Scale) -> str:
    """The metric to look at first: QWK, or macro-F1 where the distance between points means nothing."""
    return "qwk" if scale.kind == "ordinal" else "macro_f1"


def main_estimate(found: Agreement, scale: Scale) -> Estimate:
    """The main metric's estimate, NaN when it was not computed."""
    return found.metrics.get(main_metric(scale), UNDEFINED)


def headline(result: ItemResult) -> str:
    """Exact agreement of scorer, teacher and people as one sentence of counts.

    Each share names its own total where totals differ.
    """
    student, teacher, human = result.agreement["student"], result.agreement["teacher"], result.human
    text = f"The scorer agrees with the human score on {_of(student)} test answers; the teacher on "
    text += count(_hits(teacher)) if teacher.n == student.n else _of(teacher)
    if human is None:
        return f"{text}."
    if human.n == student.n:
        return f"{text}; two human raters on {count(_hits(human))}."
    return f"{text}. Two human raters agree on {_of(human)} answers that both scored."


def near_misses(result: ItemResult) -> str:
    """How far off the other answers are, '' where that says nothing."""
    table = result.agreement["student"].confusion
    missed = int(table.sum()) - int(np.trace(table))
    if result.responses.item.scale.kind == "nominal" or len(table) < 3 or missed == 0:
        return ""
    near = int(np.trace(table, 1) + np.trace(table, -1))
    if near == missed:
        return "Every other answer is one score point off."
    return f"Of the other {count(missed)}, {count(near)} {'is' if near == 1 else 'are'} one score point off."


def cautions(result: ItemResult) -> tuple[str, ...]:
    """Reasons to read the numbers with care; empty when there are none."""
    return (*_thin_evidence(result), *_unknown_teacher(result), *_weak_student(result))


def _thin_evidence(result: ItemResult) -> Iterator[str]:
    student, test = result.agreement["student"], result.responses.part(Part.TEST)
    if student.n < FEW_TEST:
        yield f"Only {count(student.n)} test answers: the intervals are wide, and single answers move every number."
    if unscored := len(test) - student.n:
        yield f"{count(unscored)} of {count(len(test))} test answers got no score and are not in these numbers."
    seen = dict(zip(test.item.scale.points, student.confusion.sum(axis=1).tolist(), strict=True))
    if rare := [f"{point} ({count(n)})" for point, n in seen.items() if n < FEW_OF_POINT]:
        yield f"Score points with fewer than {FEW_OF_POINT} test answers, hardly tested: {', '.join(rare)}."


def _unknown_teacher(result: ItemResult) -> Iterator[str]:
    if result.calibration is None and not result.asked_about_its_own and not result.responses.scored_by:
        yield "The teacher’s scores came from a file: if it had seen the test answers, its numbers here are flattered."


def _weak_student(result: ItemResult) -> Iterator[str]:
    scale = result.responses.item.scale
    name = METRICS[main_metric(scale)]
    student, teacher = (main_estimate(result.agreement[key], scale) for key in ("student", "teacher"))
    if "tfidf" in result.agreement:
        tfidf = main_estimate(result.agreement["tfidf"], scale)
        if student.value < tfidf.value:
            yield (
                f"The scorer is below TF-IDF with logistic regression, a method without any language model "
                f"({name} {agreement(student.value)} against {agreement(tfidf.value)})."
            )
    if student.high < teacher.value and not result.responses.scored_by:
        yield (
            f"The scorer’s whole 95 % interval ({name} {agreement(student.low)} to {agreement(student.high)}) lies "
            f"below the teacher’s {agreement(teacher.value)}: the scorer lost some of what the teacher can do."
        )


def _hits(found: Agreement) -> int:
    return int(np.trace(found.confusion))


def _of(found: Agreement) -> str:
    return f"{count(_hits(found))} of {count(found.n)}"
