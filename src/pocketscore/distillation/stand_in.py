"""Where nobody has scored an answer: a language model's likeliest points stand in for people's scores."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from pocketscore.data import ColumnChoice, DataSet, Dropped, SkippedItem, read_responses
from pocketscore.data.clean import MIN_RESPONSES, has_scores
from pocketscore.data.items import ItemText, ScaleKind
from pocketscore.distillation.members import note_failures
from pocketscore.errors import TeacherError
from pocketscore.llm.asking import Opened
from pocketscore.llm.model import Answers
from pocketscore.progress import Progress
from pocketscore.types import MISSING, Part, Responses


def unscored(
    path: Path,
    choice: ColumnChoice,
    items: Mapping[str, ItemText] | None,
    only: tuple[str, ...],
    kind: ScaleKind | None,
) -> DataSet | None:
    """The responses of a file in which nobody has scored anything; None where somebody has scored some.

    Raises:
        InputError: When the file cannot be read, or nothing says what an item's score points are.
    """
    if has_scores(path, choice):
        return None
    return read_responses(path, choice, items, only, kind, purpose="label")


def unparted(data: DataSet, name: str) -> tuple[Responses, ...]:
    """The responses as a language model is asked about them: it stands in, and nothing is held out."""
    return tuple(
        replace(responses, scored_by=name, parts=(Part.TRAIN,) * len(responses)) for responses in data.responses
    )


def with_stand_in(data: DataSet, name: str, model: Opened, progress: Progress) -> DataSet:
    """The same responses with the scores of a language model.

    Answers that it gives no score are left out. So are items that it gives fewer than 30 scores or one score only.

    Args:
        data: Responses that nobody has scored.
        name: The model's name for people.
        model: The model.
        progress: Told about every answer, and which ones are left out.

    Raises:
        InputError: When nothing is known about an item.
        TeacherError: When the model cannot be asked, or no item is left.
    """
    done: list[Responses] = []
    skipped, dropped = list(data.skipped), list(data.dropped)
    for whole, asked in zip(data.responses, unparted(data, name), strict=True):
        answers = model.ask(asked, asked.texts)
        note_failures(answers, whole.item.id, name, progress)
        dropped += (Dropped(0, whole.ids[f.row], whole.item.id, f"no score by {name}") for f in answers.failures)
        found = _scored(replace(asked, parts=whole.parts), answers)
        if reason := _shortage(found):
            skipped.append(SkippedItem(whole.item.id, reason))
        else:
            done.append(found)
    if not done:
        raise TeacherError(
            f"{name} scored too little to learn from: item {skipped[-1].item} has {skipped[-1].reason}",
            "look at its answers with pocketscore label, or have people score some",
        )
    return replace(data, responses=tuple(done), skipped=tuple(skipped), dropped=tuple(dropped))


def _scored(responses: Responses, answers: Answers) -> Responses:
    """The responses that got a score."""
    answered = np.isfinite(answers.logits).all(axis=1)
    best = np.where(answered, np.nan_to_num(answers.logits).argmax(axis=1), MISSING).astype(np.int64)
    return replace(responses, scores=best).take(np.flatnonzero(answered))


def _shortage(responses: Responses) -> str:
    counts = Counter(responses.scores.tolist())
    if len(responses) < MIN_RESPONSES:
        return f"{len(responses)} scores, {MIN_RESPONSES} are needed"
    return f"{len(responses)} equal scores" if len(counts) == 1 else ""
