"""What a sweep found out; its report and its JSON print exactly this."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pocketscore.types import Estimate


@dataclass(frozen=True)
class TrialNote:
    """One trial.

    Attributes:
        number: From 1, in the order in which they were chosen.
        budget: Largest file that it was allowed.
        weight: λ.
        temperature: Of the soft term.
        transfer: Answers made from each training answer.
        size: Bytes of its largest file.
        loss: Cross-entropy on the validation part, mean over items.
        agreement: QWK or macro-F1 there, mean over items; NaN where it is undefined.
        on_frontier: Whether no smaller or equal trial has a lower loss.
    """

    number: int
    budget: int
    weight: float
    temperature: float
    transfer: int
    size: int
    loss: float
    agreement: float
    on_frontier: bool


@dataclass(frozen=True)
class TfidfNote:
    """TF-IDF with logistic regression: no trial, but what a small file has to beat.

    Attributes:
        loss: Cross-entropy on the validation part, mean over items, as trials have it.
        agreement: QWK or macro-F1 there, mean over items; NaN where it is undefined.
        gap: How far its loss is above the lowest of all trials; negative where none is as good.
        error: Standard error of the gap.
    """

    loss: float
    agreement: float
    gap: float
    error: float


@dataclass(frozen=True)
class KnobNote:
    """The best trial at one value of a knob.

    Attributes:
        knob: Name of the knob.
        value: Its value, or a piece of its range.
        trials: How many trials had it.
        loss: The lowest loss among them.
        gap: How far that is above the lowest of all.
        error: Standard error of the gap.
    """

    knob: str
    value: str
    trials: int
    loss: float
    gap: float
    error: float


@dataclass(frozen=True)
class PickedItem:
    """One item's scorer of a picked trial, on the test part.

    Attributes:
        id: The item.
        file: Path of the `.pocket` from the report.
        size: Its bytes.
        parameters: Its weights.
        metric: What is measured, in words.
        n: Test answers.
        student: The scorer.
        tfidf: TF-IDF with logistic regression.
        teacher: The teacher, None where its own scores are what the others are compared with.
        people: Two human raters, None without.
    """

    id: str
    file: str
    size: int
    parameters: int
    metric: str
    n: int
    student: Estimate
    tfidf: Estimate
    teacher: Estimate | None
    people: Estimate | None


@dataclass(frozen=True)
class Pick:
    """A trial that was taken.

    Attributes:
        name: "best" or "smallest", also its folder.
        trial: The trial.
        gap: How far its loss is above the lowest of all.
        error: Standard error of the gap.
        command: The command line that makes it again.
        items: Its scorers.
    """

    name: str
    trial: TrialNote
    gap: float
    error: float
    command: str
    items: tuple[PickedItem, ...]


@dataclass(frozen=True)
class SweepNotes:
    """A sweep.

    Attributes:
        file: Name of the file of responses.
        sha256: Hash of its bytes.
        items: Ids of the items.
        scored_by: '' if people gave the scores, else the language model that stands in.
        checked: Validation answers with a score, all items together.
        budget: Largest file allowed, in bytes.
        wanted: Trials asked for; fewer were made when the time was up.
        space: Knob -> what it could be, in words.
        trials: Those finished, at least one.
        tfidf: What they are compared with.
        knobs: What each knob did.
        picks: The smallest that is as good, and the best.
        looks: Trials for which the test part has been looked at, in all runs in this folder.
        notes: What has to be said first, such as that nobody scored.
        command: The command line.
        version: Version of PocketScore.
        seed: Seed of everything random.
    """

    file: str
    sha256: str
    items: tuple[str, ...]
    scored_by: str
    checked: int
    budget: int
    wanted: int
    space: Mapping[str, str]
    trials: tuple[TrialNote, ...]
    tfidf: TfidfNote
    knobs: tuple[KnobNote, ...]
    picks: tuple[Pick, ...]
    looks: int
    notes: tuple[str, ...]
    command: str
    version: str
    seed: int

    @property
    def front(self) -> tuple[TrialNote, ...]:
        """The frontier, from small to large."""
        return tuple(sorted((trial for trial in self.trials if trial.on_frontier), key=lambda trial: trial.size))
