"""What a distillation found out about one item; the report, the JSON and the card print exactly this."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pocketscore.label_audit import LabelAudit
from pocketscore.student.scorer import Scorer
from pocketscore.trust.deferral import Outcome, Promise
from pocketscore.trust.gaming import GamingReport
from pocketscore.trust.validity import Validity
from pocketscore.types import Agreement, Floats, Ints, Responses, SoftLabels

METHODS = {
    "majority": "Majority class",
    "tfidf": "TF-IDF + logistic regression",
    "original_nn": "Original NN (λ = 0)",
    "student": "Student",
    "teacher": "Teacher",
}
"""Key and name of everything compared, weakest first."""


def nobody_scored(responses: Responses) -> str:
    """What has to be said where a language model's scores stand in for people's; '' where people scored."""
    return unknown_agreement(responses.scored_by) if responses.scored_by else ""


def unknown_agreement(model: str) -> str:
    """The same, of a language model that stands in."""
    return (
        f"Nobody has scored an answer to this item. It was trained and tested on the scores of {model}, "
        "and every figure says how well it agrees with that model. How well it agrees with people is unknown until "
        "people have scored some answers: pocketscore suggest names which, pocketscore evaluate then measures it."
    )


def scores_of(model: str, people: str = "the human score") -> str:
    """Whose scores everything is compared with, as it stands in a sentence.

    Args:
        model: `Responses.scored_by`.
        people: What to say where people scored.

    Example:
        >>> scores_of(""), scores_of("lm:tiny")
        ('the human score', 'the scores of lm:tiny')
    """
    return f"the scores of {model}" if model else people


def compared_with(model: str) -> Mapping[str, str]:
    """`METHODS` without the teacher where its own scores are what the others are compared with.

    Args:
        model: `Responses.scored_by`.
    """
    return {key: name for key, name in METHODS.items() if not (model and key == "teacher")}


@dataclass(frozen=True)
class Candidate:
    """One λ tried on the validation part."""

    weight: float
    validation_loss: float


@dataclass(frozen=True)
class Calibration:
    """The teachers' calibration on out-of-fold training rows.

    Before: the plain mean of their logits. After: their logits times the fitted weights (one teacher's weight is one
    over its temperature).
    """

    weights: tuple[float, ...]
    loss_before: float
    loss_after: float
    ece_before: float
    ece_after: float


@dataclass(frozen=True, eq=False)
class ItemResult:
    """Everything about one item.

    Attributes:
        responses: The split responses.
        soft: Soft labels of all N responses.
        scorer: The finished scorer, with the weights that its file holds.
        predictions: Method -> (M,) index of the score point given to each of the M test responses.
        probabilities: Method -> (M, K) on the test part, for all methods but the majority class.
        agreement: Method -> agreement with the human scores of the test part.
        human: Agreement of the second rater with the first on the test part, if there is one.
        validity: Everything else that is asked of the student's scores of the test part.
        promise: About the scores it gives alone, if one was asked for.
        deferred: What the promise's threshold does to the test part.
        gaming: How easily the scorer is fooled; None on a nominal scale.
        curves: Network -> (C, 3) step, training loss, validation loss.
        candidates: The λ values tried; one entry when λ was given.
        weight: The λ taken.
        calibration: Of the teacher; None where it was not measured out of fold.
        teacher_parameters: Number of weights of the teacher, None when unknown.
        transfer_size: Number of answers without a human score that the teacher labelled.
        audit: What the teacher thinks of the human scores of the training part, if it was asked out of fold.
        file: Name of the `.pocket` file.
        file_bytes: Its size.
    """

    responses: Responses
    soft: SoftLabels
    scorer: Scorer
    predictions: Mapping[str, Ints]
    probabilities: Mapping[str, Floats]
    agreement: Mapping[str, Agreement]
    human: Agreement | None
    validity: Validity
    curves: Mapping[str, Floats]
    candidates: tuple[Candidate, ...]
    weight: float
    calibration: Calibration | None
    teacher_parameters: int | None
    transfer_size: int
    audit: LabelAudit | None
    promise: Promise | None = None
    deferred: Outcome | None = None
    gaming: GamingReport | None = None
    file: str = ""
    file_bytes: int = 0

    @property
    def asked_about_its_own(self) -> bool:
        """Whether the teacher labelled the very answers that it was trained on."""
        return self.soft.provenance.get("folds") == "1"
