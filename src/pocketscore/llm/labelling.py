"""From answers to a language model's soft labels: a first batch, then all, calibrated and held against people's scores.

items ─ parts ─> PromptedTeacher ─ first batch ─ go on? ─ all answers ─> raw ─ calibration ─> LabelledItem
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from pocketscore.engine import StreamEngine
from pocketscore.errors import InputError
from pocketscore.llm.asking import Asking, Opened
from pocketscore.llm.calibration import Calibrator, crossfitted
from pocketscore.llm.cluster import asked_on
from pocketscore.llm.first_batch import FirstBatch, first_rows
from pocketscore.llm.injections import Steering, most_calls
from pocketscore.llm.judging import Judged, judged, reported
from pocketscore.llm.model import Answers, Method
from pocketscore.llm.parts import scored_rows
from pocketscore.progress import Progress
from pocketscore.soft_labels import assign_folds, softmax_at
from pocketscore.types import Floats, Ints, Part, Responses

FOLDS = 5
"""Folds of the calibration's cross-fitting."""

FEWEST = 20
"""Human-scored training answers that a calibration needs; with fewer the model's own probabilities stand."""

STEERED = 20
"""Answers of each item that injections are tried on."""

SECOND = 3
"""Answers of an item to look at when no first ones are shown and its shortest has no score."""

GoOn = Callable[[Sequence[FirstBatch], Opened], bool]
"""Shown the first batches, and the model, which knows by now how it is asked; says whether to ask about all others."""


@dataclass(frozen=True, eq=False)
class LabelledItem:
    """A language model's labels of one item's N answers.

    Attributes:
        responses: The answers, with parts.
        answers: What the model says of them.
        probabilities: (N, K) calibrated where there are enough human scores, training answers out of fold; a row of NaN
            where the model gave no score.
        reported: (N,) index of the score that the probabilities come to, `MISSING` where there is none.
        calibration: As fitted on all training answers that people scored; None when these were too few.
        judged: Agreement with people by part, for parts with human scores.
    """

    responses: Responses
    answers: Answers
    probabilities: Floats
    reported: Ints
    calibration: Calibrator | None
    judged: tuple[Judged, ...]

    @property
    def method(self) -> Method:
        """How the probabilities were read."""
        return self.answers.method

    @property
    def failures(self) -> Mapping[int, str]:
        """Row -> why the model gave no score."""
        return {failure.row: failure.reason for failure in self.answers.failures}


@dataclass(frozen=True, eq=False)
class Labelled:
    """What a run of labelling came to.

    Attributes:
        first: The first batch of each item, none when it was skipped.
        items: Labels of each item; none when the first batch was not to anybody's liking.
        provenance: What the model and its prompts say of themselves, and what was spent; no secrets.
    """

    first: tuple[FirstBatch, ...]
    items: tuple[LabelledItem, ...]
    provenance: Mapping[str, str]

    @property
    def stopped(self) -> bool:
        """Whether the run ended after the first batch."""
        return not self.items


def label(
    items: Sequence[Responses],
    asking: Asking,
    engine: StreamEngine,
    progress: Progress,
    *,
    first: int,
    go_on: GoOn,
    seed: int = 0,
) -> Labelled:
    """Soft labels of all answers.

    What cannot work is found before much is paid for: what is wrong with an item before any call, then the model's name
    and key, then whether an item's shortest answer fits into the model's context at all, and whether the model answers
    with scores.

    Args:
        items: Responses with parts, see `parted`.
        asking: The language model, and how it is asked.
        engine: Where it is asked from, once the first answers were to somebody's liking.
        progress: Told about every answer.
        first: Answers of each item to show first; 0 shows none.
        go_on: Asked after the first answers, if there are any.
        seed: Seed of the first answers and of the calibration's folds.

    Raises:
        InputError: When an item cannot be asked about, or not even its shortest answer fits into the context.
        TeacherError: When the model cannot be asked (wrong address, wrong key, unknown model, unreachable), or gives
            none of an item's first answers a score.
    """
    with asking.opened(progress) as model:
        batches = first_answers(items, model, progress, first, seed)
        if batches and not go_on(batches, model):
            return Labelled(batches, (), model.provenance())
        found = [] if engine.remote else [_all_answers(responses, model, progress) for responses in items]
        provenance = model.provenance()
    if engine.remote:
        found = asked_on(engine, items, asking, progress)
        provenance = {**provenance, **asking.spent()}
    done = tuple(labelled(r, answers, seed) for r, answers in zip(items, found, strict=True))
    return Labelled(batches, done, provenance)


def labelled(responses: Responses, answers: Answers, seed: int) -> LabelledItem:
    """Answers calibrated on human-scored training rows, and held against people's scores."""
    raw = softmax_at(answers.logits, 1.0)
    calibrator, logits = _calibrated(responses, answers.logits, seed)
    probabilities = softmax_at(logits, 1.0)
    scores = reported(responses, probabilities)
    return LabelledItem(
        responses, answers, probabilities, scores, calibrator, judged(responses, raw, probabilities, scores)
    )


def _calibrated(responses: Responses, logits: Floats, seed: int) -> tuple[Calibrator | None, Floats]:
    """The calibration and (N, K) logits through it; training rows by a fit on other rows."""
    train = scored_rows(responses, Part.TRAIN)
    known = train[~np.isnan(logits[train]).any(axis=1)]
    scores = responses.scores[known]
    if len(known) < FEWEST or len(set(scores.tolist())) < 2:
        return None, logits
    calibrator = Calibrator.fit(logits[known], scores)
    found = calibrator.apply(logits)
    folds = assign_folds([responses.texts[i] for i in known.tolist()], scores.tolist(), FOLDS, seed)
    found[known] = crossfitted(logits[known], scores, folds)
    return calibrator, found


def first_answers(
    items: Sequence[Responses], model: Opened, progress: Progress, most: int, seed: int
) -> tuple[FirstBatch, ...]:
    """Ask about a few answers to each item, and find before what cannot work.

    Args:
        items: Responses with parts.
        model: The language model.
        progress: Told about every answer.
        most: Answers of each item; 0 checks only.
        seed: Seed of their choice.

    Raises:
        InputError: When an item cannot be asked about, or not even its shortest answer fits into the context.
        TeacherError: When the model cannot be asked, or gives none of an item's first answers a score.
    """
    for responses in items:
        model.teacher(responses)
    chosen = [first_rows(responses, most, seed) for responses in items]
    progress.start("first answers", len(items) + sum(map(len, chosen)))
    probes = [_probe(responses, model) for responses in items]
    batches = []
    for responses, rows, probe in zip(items, chosen, probes, strict=True):
        if len(rows):
            batches.append(_batch(responses, rows, model))
            batches[-1].check(model.asking.name)
        elif probe.unread:
            _batch(responses, first_rows(responses, SECOND, seed), model).check(model.asking.name)
    return tuple(batches)


def _batch(responses: Responses, rows: Ints, model: Opened) -> FirstBatch:
    few = responses.take(rows)
    answers = model.ask(responses, few.texts)
    return FirstBatch(replace(few, texts=model.scrubbed(responses, few.texts)), answers)


def _probe(responses: Responses, model: Opened) -> FirstBatch:
    """Ask about the shortest answer: if that is too long for the model, everything is."""
    shortest = min(range(len(responses)), key=lambda row: len(responses.texts[row]))
    probe = _batch(responses, np.array([shortest], dtype=np.int64), model)
    for failure in probe.answers.failures:
        if failure.kind == "context":
            raise InputError(
                f"item {responses.item.id}: question, rubric and examples do not fit into the model's context, even "
                f"with the shortest answer ({failure.reason})",
                "shorten the rubric, show fewer examples (--shots), or take a model with a longer context",
            )
    return probe


def _all_answers(responses: Responses, model: Opened, progress: Progress) -> Answers:
    progress.start(f"labels, item {responses.item.id}", len(set(responses.texts)))
    return model.ask(responses, responses.texts)


def steering(responses: Responses, model: Opened, progress: Progress, seed: int) -> Steering:
    """How far orders in answers steer a model: tried on training answers that people scored low, or on any.

    Args:
        responses: Responses with parts.
        model: The language model.
        progress: Told about every answer.
        seed: Seed of the choice.
    """
    train = scored_rows(responses, Part.TRAIN)
    low = train[np.argsort(responses.scores[train], kind="stable")][:STEERED]
    rows = low if len(low) else first_rows(responses, STEERED, seed)
    progress.start(f"injections, item {responses.item.id}", most_calls(len(rows)))
    return model.steered(responses, [responses.texts[row] for row in rows.tolist()], seed)
