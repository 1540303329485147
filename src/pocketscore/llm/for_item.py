"""A prompted teacher for one item: its examples come from training answers that people scored, scrubbed if asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from pocketscore.llm.examples import ExampleBank
from pocketscore.llm.model import LanguageModel
from pocketscore.llm.scrub import Scrubber, read_names
from pocketscore.llm.settings import LanguageSettings
from pocketscore.llm.teacher import PromptedTeacher
from pocketscore.types import MISSING, Part, Responses


def scrubbing(settings: LanguageSettings, responses: Responses) -> Callable[[str], str]:
    """What is done to a text before it enters a prompt."""
    if not settings.access.scrub:
        return lambda text: text
    names: Sequence[str] = read_names(settings.access.names) if settings.access.names is not None else ()
    scrubber = Scrubber(names, keep=f"{responses.item.question}\n{responses.item.rubric}")
    return lambda text: scrubber.scrub(text).text


def prompted_teacher(responses: Responses, model: LanguageModel, settings: LanguageSettings) -> PromptedTeacher:
    """A teacher whose examples are training answers that people scored.

    Raises:
        InputError: When a score point has no such answer, or nothing is known about the item.
    """
    how, scrubbed, bank = settings.prompt, scrubbing(settings, responses), None
    if how.shots and not responses.scored_by:
        train = responses.part(Part.TRAIN)
        rows = np.flatnonzero(train.scores != MISSING)
        texts = [scrubbed(train.texts[i]) for i in rows.tolist()]
        points = train.item.scale.points
        bank = ExampleBank(texts, train.scores[rows], len(points), how.shots, how.pick, how.seed, points)
    teacher = PromptedTeacher(responses.item, bank, model)
    teacher.check(responses.texts)
    return teacher
