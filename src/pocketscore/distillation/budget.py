"""One dial for the size of a scorer: the largest `pocket` student whose file fits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pocketscore.bundle import to_bytes
from pocketscore.errors import InputError
from pocketscore.student.scorer import Scorer
from pocketscore.student.spec import PocketSpec
from pocketscore.text import Vocabulary
from pocketscore.types import Item, Responses

CARD = 6000
"""Bytes of card and screen; the tables of agreement and the groups come on top."""

GROUP = 250
"""Bytes of one group in the certificate."""


@dataclass(frozen=True)
class Size:
    """A student and its largest vocabulary."""

    spec: PocketSpec
    words: int


LADDER = (
    Size(PocketSpec(embedding=64, filters=160, hidden=64, buckets=16384), 1500),
    Size(PocketSpec(embedding=48, filters=128, hidden=48, buckets=8192), 1200),
    Size(PocketSpec(embedding=32, filters=128, hidden=32, buckets=8192), 1000),
    Size(PocketSpec(), 800),
    Size(PocketSpec(embedding=24, filters=96, buckets=4096), 600),
    Size(PocketSpec(embedding=24, filters=64, hidden=24, buckets=2048), 500),
    Size(PocketSpec(embedding=16, filters=64, hidden=24, buckets=2048), 500),
    Size(PocketSpec(embedding=16, filters=48, hidden=24, buckets=1024), 400),
    Size(PocketSpec(embedding=12, filters=32, hidden=16, buckets=1024), 250),
    Size(PocketSpec(embedding=8, filters=24, hidden=12, buckets=512), 150),
)
"""From large to small (`docs/results.md` has the agreement that sizes reach)."""


def largest(budget: int, train: Responses, at_least: int) -> Size:
    """The first size of the ladder whose finished file is no larger than the budget.

    Args:
        budget: In bytes.
        train: Training answers; their words go into the file too.
        at_least: Answers that a word must occur in.

    Raises:
        InputError: When not even the smallest fits.
    """
    need, groups = 0, sum(len(set(labels)) for labels in train.groups.values())
    for size in LADDER:
        vocabulary = Vocabulary.of(train.texts, at_least=at_least, at_most=size.words)
        need = file_size(size.spec, vocabulary, train.item) + GROUP * groups
        if need <= budget:
            return size
    raise InputError(
        f"item {train.item.id}: no student fits {budget} bytes, the smallest needs {need}", "raise --budget"
    )


def file_size(spec: PocketSpec, vocabulary: Vocabulary, item: Item) -> int:
    """Bytes of a finished file, rounded up a little: weights do not change it, the card's figures hardly."""
    k = len(item.scale)
    shapes = spec.shapes(len(vocabulary), k)
    rng = np.random.default_rng(0)
    weights = {name: rng.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}
    tables = 7 * (400 + 6 * k * k)  # a table of agreement for each method and the two raters
    scorer = Scorer(item.id, spec, vocabulary, weights, item.scale, question=item.question, rubric=item.rubric)
    return len(to_bytes(scorer)) + CARD + tables
