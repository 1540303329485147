"""Which of an item's answers teach a language model, and which it is judged by: split as distilling splits them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pocketscore.data.clean import MIN_RESPONSES
from pocketscore.data.split import USUAL, Ratios, split
from pocketscore.types import MISSING, Ints, Part, Responses


def parted(responses: Responses, seed: int, ratios: Ratios = USUAL) -> Responses:
    """The responses with parts. Those that people scored are split as `distill` splits them with the same seed.

    Answers that nobody scored stand in train, where nothing is held out; they teach nothing, since they have no score.
    Of fewer than 30 scored answers, or when all have one score, none is set aside: all stand in train, unless the file
    says otherwise.

    Args:
        responses: N responses, scored in part, in whole or not at all.
        seed: Seed of the split.
        ratios: The parts wanted, and their shares.

    Raises:
        InputError: When the parts that the file gives lack train.

    Example:
        >>> from pocketscore.types import Item, Scale
        >>> ids = tuple(map(str, range(40)))
        >>> scores = np.where(np.arange(40) < 32, np.arange(40) % 2, MISSING)
        >>> done = parted(Responses(Item("1", Scale.of(["0", "1"])), ids, ids, scores, np.full(40, MISSING)), seed=0)
        >>> [int((scores[np.array(done.parts) == part] != MISSING).sum()) for part in USUAL]
        [23, 3, 6]
    """
    parts = np.array(responses.parts or [Part.TRAIN] * len(responses), dtype=object)
    scored = scored_rows(responses)
    parts[responses.scores == MISSING] = Part.TRAIN
    if len(scored) >= MIN_RESPONSES and len(set(responses.scores[scored].tolist())) > 1:
        parts[scored] = split(responses.take(scored), seed, ratios).parts
    return replace(responses, parts=tuple(parts))


def scored_rows(responses: Responses, part: Part | None = None) -> Ints:
    """Places of the answers that people scored, in one part or in all."""
    scored = responses.scores != MISSING
    if part is not None:
        scored &= np.array(responses.parts, dtype=object) == part
    return np.flatnonzero(scored)
