"""Answers of many items asked about from the workers of a cluster, within one budget."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from pocketscore.engine import Engine
from pocketscore.llm.asking import Asking, distinct, joined, spread
from pocketscore.llm.endpoint import is_endpoint
from pocketscore.llm.model import Answers
from pocketscore.llm.parts import scored_rows
from pocketscore.llm.receipts import Spent
from pocketscore.llm.remote import remote_spent
from pocketscore.llm.settings import AccessSettings
from pocketscore.progress import Progress, Silent
from pocketscore.types import Ints, Part, Responses
from pocketscore.workdir import key_of

CHUNK = 500
"""Answers that a worker is asked about at a time."""


@dataclass(frozen=True, eq=False)
class _Chunk:
    """A worker's task.

    Attributes:
        asking: The model, and this chunk's own limits.
        teaching: The item's answers that prompts may show.
        texts: The answers to ask about.
    """

    asking: Asking
    teaching: Responses
    texts: tuple[str, ...]

    @property
    def name(self) -> str:
        """The same whenever the chunk runs again, so that it finds its receipts."""
        return key_of(self.teaching.item.id, self.texts)


def asked_on(engine: Engine, items: Sequence[Responses], asking: Asking, progress: Progress) -> list[Answers]:
    """What the model says of all answers.

    Each chunk may spend its share of what is left of the budget, by its number of answers; where that was too little,
    the next run has what others left over. A worker that is killed leaves its receipts to the one that takes its place.

    Args:
        engine: Where the workers are. They see the folder of receipts.
        items: Responses with parts.
        asking: The model; nobody has it open.
        progress: Told about every chunk.
    """
    spent = _spent(asking)
    different = [_distinct(responses, asking) for responses in items]
    total = sum(len(texts) for texts, _ in different)
    chunks: list[_Chunk] = []
    of_item: list[list[int]] = []
    before = 0
    for responses, (every, _) in zip(items, different, strict=True):
        teaching = responses.take(scored_rows(responses, Part.TRAIN))
        of_item.append([])
        for at in range(0, len(every), CHUNK):
            texts = every[at : at + CHUNK]
            share = before / total, (before + len(texts)) / total
            access = _share(asking.settings.access, spent, share)
            of_item[-1].append(len(chunks))
            chunks.append(_Chunk(replace(asking, settings=replace(asking.settings, access=access)), teaching, texts))
            before += len(texts)
    found = _run(engine, chunks, progress)
    _spent(asking)  # brings the receipts together
    return [
        spread(joined([found[chunk] for chunk in of]), places)
        for of, (_, places) in zip(of_item, different, strict=True)
    ]


def _distinct(responses: Responses, asking: Asking) -> tuple[tuple[str, ...], Ints]:
    """An answer for each different prompt (no two workers send the same), and for each answer its place among them."""
    _, places = distinct(asking.prompts(responses))
    _, rows = np.unique(places, return_index=True)
    return tuple(responses.texts[row] for row in rows.tolist()), places


def _run(engine: Engine, chunks: Sequence[_Chunk], progress: Progress) -> list[Answers]:
    progress.start("labels", len(chunks))
    found = []
    for answers in engine.map(_ask, chunks):
        found.append(answers)
        progress.advance()
    return found


def _ask(chunk: _Chunk) -> Answers:
    with chunk.asking.opened(Silent(), worker=chunk.name) as model:
        return model.ask(chunk.teaching, chunk.texts)


def _spent(asking: Asking) -> Spent:
    """What counts as spent, once the folder's receipts are in one file."""
    if not is_endpoint(asking.name):
        return Spent(0, 0, 0, 0.0)
    return remote_spent(asking.name, asking.settings, asking.receipts)


def _share(access: AccessSettings, spent: Spent, share: tuple[float, float]) -> AccessSettings:
    """The limits of one chunk: what was spent, and its share of the rest.

    Args:
        access: The limits of all.
        spent: By earlier runs.
        share: Where the chunk begins and ends, as shares of all; calls are cut where these fall.
    """
    first, last = share
    cost, calls = access.max_cost, access.max_calls
    if cost is not None:
        cost = spent.cost + max(cost - spent.cost, 0.0) * (last - first)
    if calls is not None:
        left = max(calls - spent.calls, 0)
        calls = spent.calls + round(left * last) - round(left * first)
    return replace(access, max_cost=cost, max_calls=calls)
