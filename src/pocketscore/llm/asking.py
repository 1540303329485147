"""Answers out to a language model and back: counted first, then asked about through one open model."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import NoReturn, Protocol, TypeVar

import numpy as np

from pocketscore.llm.budget import Plan
from pocketscore.llm.client import Client
from pocketscore.llm.endpoint import Endpoint, is_endpoint
from pocketscore.llm.for_item import prompted_teacher, scrubbing
from pocketscore.llm.injections import Steering, steered
from pocketscore.llm.model import Answers, Codes, LanguageModel, Prompt
from pocketscore.llm.parts import scored_rows
from pocketscore.llm.remote import remote_plan
from pocketscore.llm.settings import LanguageSettings
from pocketscore.llm.teacher import PromptedTeacher
from pocketscore.progress import Progress, Silent
from pocketscore.types import Ints, Responses

Asked = TypeVar("Asked", str, Prompt)

_TAKEN_OUT = re.compile(r"\[(email|phone|number|name)\]")


class OpenModel(Protocol):
    """Opens a language model."""

    def __call__(self, settings: LanguageSettings, folder: Path, progress: Progress, worker: str = "") -> LanguageModel:
        """The model, ready to be asked.

        Args:
            settings: How it is asked.
            folder: For what it has answered.
            progress: Told about every answer.
            worker: Where several processes ask: what names this one.
        """


@dataclass(frozen=True, eq=False)
class Planned:
    """What will be asked about one item.

    Attributes:
        codes: What the model answers with.
        prompts: One for each different answer.
        notes: What is allowed and yet likely to be regretted.
        shown: Place in `prompts` of one to look at: the first from which something was taken out, if any.
        taken_out: Kind -> how many were taken out of the answers.
    """

    codes: Codes
    prompts: tuple[Prompt, ...]
    notes: tuple[str, ...]
    shown: int
    taken_out: Mapping[str, int]


@dataclass(frozen=True)
class Asking:
    """A language model and how it is asked: a description, which can be sent to other processes.

    Attributes:
        name: The model's name for people.
        model: Opens it.
        settings: How it is asked.
        folder: For what it has answered.
    """

    name: str
    model: OpenModel
    settings: LanguageSettings
    folder: Path

    def planned(self, responses: Responses, more: Sequence[str] = ()) -> Planned:
        """What would be asked about an item; nothing is sent. Raises InputError as `teacher` does.

        Args:
            responses: The item's answers.
            more: Answers that are in no part.
        """
        teacher, asked = self._planning(responses), (*responses.texts, *more)
        sent = [*map(scrubbing(self.settings, responses), asked)]
        different, places = distinct(_prompts(teacher, sent))
        counts = [_taken_out(before, after) for before, after in zip(asked, sent, strict=True)]
        shown = next((place for place, count in zip(places.tolist(), counts, strict=True) if count), 0)
        return Planned(teacher.codes, different, teacher.notes, shown, sum(counts, Counter()))

    def prompts(self, responses: Responses) -> list[Prompt]:
        """What would be asked about each answer, without what is scrubbed; nothing is sent."""
        return _prompts(self._planning(responses), [*map(scrubbing(self.settings, responses), responses.texts)])

    @property
    def receipts(self) -> Path:
        """Folder of an endpoint's receipts."""
        return self.settings.access.receipts or self.folder

    def plan(self, planned: Sequence[Planned], model: LanguageModel | None = None) -> Plan | None:
        """What asking an endpoint about all that would take; None where the model runs here. Nothing is sent.

        Args:
            planned: What would be asked.
            model: The endpoint's model where it is open, and with it the receipts.

        Raises:
            InputError: For an address or a price that cannot be used, or receipts that are in use or damaged.
        """
        if not is_endpoint(self.name):
            return None
        ask = getattr(model, "plan", None) or partial(remote_plan, self.name, self.settings, self.receipts)
        plans: list[Plan] = [ask(item.prompts, item.codes) for item in planned]
        costs = [plan.cost for plan in plans if plan.cost is not None]
        return replace(
            plans[0],
            rows=sum(plan.rows for plan in plans),
            known=sum(plan.known for plan in plans),
            calls=sum(plan.calls for plan in plans),
            prompt_tokens=sum(plan.prompt_tokens for plan in plans),
            completion_tokens=sum(plan.completion_tokens for plan in plans),
            cost=sum(costs) if len(costs) == len(plans) else None,
        )

    @contextmanager
    def opened(self, progress: Progress, worker: str = "") -> Iterator[Opened]:
        """The model, open; an endpoint has been reached, and has not refused the key.

        Args:
            progress: Told about every answer.
            worker: Where several processes ask: what names this one. Whoever gave it work has reached the endpoint.

        Raises:
            InputError: When it may not be asked (another machine, a limit without a price, ...).
            TeacherError: When it cannot be loaded or reached, or refuses the key.
        """
        with self._open(progress, worker) as model:
            if is_endpoint(self.name) and not worker:
                with Client(Endpoint.parse(self.name), timeout_s=self.settings.ask.timeout_s) as client:
                    client.models()
            yield Opened(self, model)

    def spent(self) -> Mapping[str, str]:
        """Calls, tokens and cost of all of an endpoint's receipts, as provenance says them; nothing of other models."""
        if not is_endpoint(self.name):
            return {}
        with self._open(Silent(), "") as model:
            found = model.provenance()
        return {name: found[name] for name in ("calls", "tokens", "cost") if name in found}

    @contextmanager
    def _open(self, progress: Progress, worker: str) -> Iterator[LanguageModel]:
        with ExitStack() as stack:
            model = self.model(self.settings, self.folder, progress, worker)
            if close := getattr(model, "close", None):
                stack.callback(close)
            yield model

    def _planning(self, responses: Responses) -> PromptedTeacher:
        return self.teacher(responses, _Unopened(self.name))

    def teacher(self, responses: Responses, model: LanguageModel) -> PromptedTeacher:
        """The teacher of an item; where people scored nothing, its prompts show no examples.

        Raises:
            InputError: When nothing is known about the item, or a score point has no example.
        """
        people = not responses.scored_by and len(scored_rows(responses)) > 0
        return prompted_teacher(replace(responses, scored_by="" if people else self.name), model, self.settings)


class Opened:
    """An open model. Teachers of items are made once.

    Args:
        asking: How it is asked.
        model: The model.
    """

    def __init__(self, asking: Asking, model: LanguageModel) -> None:
        self.model = model
        self._asking = asking
        self._teachers: dict[str, PromptedTeacher] = {}

    def teacher(self, responses: Responses) -> PromptedTeacher:
        """The teacher of an item.

        Args:
            responses: The item's answers with parts; those that people scored are where examples come from.
        """
        item = responses.item.id
        if item not in self._teachers:
            self._teachers[item] = self._asking.teacher(responses, self.model)
        return self._teachers[item]

    @property
    def asking(self) -> Asking:
        """How it is asked."""
        return self._asking

    def plan(self, planned: Sequence[Planned]) -> Plan | None:
        """As `Asking.plan`."""
        return self._asking.plan(planned, self.model)

    def ask(self, responses: Responses, texts: Sequence[str]) -> Answers:
        """What the model says of answers to an item; the same answer is asked about once.

        Args:
            responses: As in `teacher`.
            texts: N answers, as they were written.
        """
        different, places = distinct(self.scrubbed(responses, texts))
        return spread(self.teacher(responses).ask(different), places)

    def steered(self, responses: Responses, texts: Sequence[str], seed: int) -> Steering:
        """How far injections behind these answers steer the model, see `injections.steered`."""
        different, _ = distinct(self.scrubbed(responses, texts))
        return steered(self.teacher(responses), different, seed)

    def scrubbed(self, responses: Responses, texts: Sequence[str]) -> tuple[str, ...]:
        """Answers to an item without what is taken out before the model is asked."""
        return tuple(map(scrubbing(self._asking.settings, responses), texts))

    def provenance(self) -> Mapping[str, str]:
        """What the model and its prompts say of themselves, and what was spent; no secrets."""
        teachers = [teacher.provenance() for teacher in self._teachers.values()]
        return teachers[0] if teachers else self.model.provenance()


def _prompts(teacher: PromptedTeacher, texts: Sequence[str]) -> list[Prompt]:
    """The prompt of each text, made once for those that are the same."""
    different, places = distinct(texts)
    made = teacher.prompts(different)
    return [made[place] for place in places.tolist()]


def distinct(texts: Sequence[Asked]) -> tuple[tuple[Asked, ...], Ints]:
    """Each different text or prompt once, and for each of N its place among these.

    >>> texts, places = distinct(["b", "a", "b"])
    >>> texts, places.tolist()
    (('b', 'a'), [0, 1, 0])
    """
    place = {text: at for at, text in enumerate(dict.fromkeys(texts))}
    return tuple(place), np.array([place[text] for text in texts], dtype=np.int64)


def spread(answers: Answers, places: Ints) -> Answers:
    """Answers about M different texts as answers about N, each at its place among the M."""
    lost = {failure.row: failure for failure in answers.failures}
    failures = [replace(lost[place], row=row) for row, place in enumerate(places.tolist()) if place in lost]
    return Answers(answers.logits[places], answers.mass[places], answers.method, tuple(failures))


def joined(answers: Sequence[Answers]) -> Answers:
    """Answers about one list of texts after another as answers about all; at least one list."""
    starts = np.cumsum([0, *(len(found.logits) for found in answers)]).tolist()
    return Answers(
        np.concatenate([found.logits for found in answers]),
        np.concatenate([found.mass for found in answers]),
        Counter(found.method for found in answers).most_common(1)[0][0],
        tuple(
            replace(failure, row=start + failure.row)
            for start, found in zip(starts, answers, strict=False)
            for failure in found.failures
        ),
    )


@dataclass(frozen=True)
class _Unopened:
    """Stands for a model while nothing is asked."""

    name: str

    def ask(self, prompts: Sequence[Prompt], codes: Codes) -> NoReturn:
        raise AssertionError(f"{len(prompts)} prompts with {len(codes)} codes for {self.name}, which is not open")

    def provenance(self) -> Mapping[str, str]:
        return {}


def _taken_out(before: str, after: str) -> Counter[str]:
    """What was taken out of an answer, by kind; placeholders that a pupil wrote do not count."""
    return Counter(_TAKEN_OUT.findall(after)) - Counter(_TAKEN_OUT.findall(before))
