"""Train, validation and test: stratified by score, repeatable, and no answer in two parts; calibration at random."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from pocketscore.errors import InputError
from pocketscore.text import plain
from pocketscore.types import Ints, Part, Responses

Ratios = Mapping[Part, int]

USUAL: Ratios = {Part.TRAIN: 7, Part.VALIDATION: 1, Part.TEST: 2}
"""Shares of the parts."""

WITH_CALIBRATION: Ratios = {Part.TRAIN: 12, Part.VALIDATION: 2, Part.CALIBRATION: 3, Part.TEST: 3}
"""The same with answers that nothing is chosen by, for a promise about deferral (`pocketscore.trust.deferral`)."""


def split(responses: Responses, seed: int, ratios: Ratios = USUAL) -> Responses:
    """The responses with `parts` set.

    The calibration part, where one is wanted, is drawn first and plainly at random: a promise about new answers needs
    answers as they come, those that many pupils give among them, even if the same words stand in train.

    Of the others, answers that are the same but for capitals and white space stay together. Every score point keeps its
    ratios within about one row, and has at least one answer in train. Parts already given stay as they are;
    those missing are carved out of train.

    Args:
        responses: N responses, split in part, in whole or not at all.
        seed: The same seed gives the same parts, whatever else is in the file.
        ratios: The parts wanted, and their shares.

    Raises:
        InputError: When given parts lack train, or there are too few different answers for so many parts.

    Example:
        >>> from pocketscore.types import Item, Scale
        >>> item = Item("1", Scale.of(["0", "1"]))
        >>> n = 20
        >>> ids = tuple(map(str, range(n)))
        >>> unknown = np.full(n, -1)
        >>> done = split(Responses(item, ids, ids, np.arange(n) % 2, unknown), seed=0)
        >>> [len(done.part(part)) for part in USUAL]
        [14, 2, 4]
    """
    parts = np.array(responses.parts or [Part.TRAIN] * len(responses), dtype=object)
    missing = [part for part in ratios if part not in set(parts)]
    if Part.TRAIN in missing:
        raise InputError(
            f"item {responses.item.id}: no response is marked as train",
            "mark some, or leave the split column out",
        )
    shares = _shares(missing, ratios)
    rng = np.random.default_rng(seed)
    if Part.CALIBRATION in missing:
        free = np.flatnonzero(parts == Part.TRAIN)
        share = shares.pop(Part.CALIBRATION)
        parts[rng.choice(free, size=round(share * len(free)), replace=False)] = Part.CALIBRATION
        shares = {part: wanted / (1 - share) for part, wanted in shares.items()}
    if shares:
        groups = _groups(responses, np.flatnonzero(parts == Part.TRAIN))
        order = rng.permutation(len(groups))
        groups = [groups[i] for i in order]
        places = _places(groups, shares)
        for part in shares:
            _ensure(part, groups, places, responses.item.id)
        for group, part in zip(groups, places, strict=True):
            parts[list(group.rows)] = part
    in_train = set(responses.scores[parts == Part.TRAIN].tolist())
    if len(in_train) < 2:
        raise InputError(
            f"item {responses.item.id}: all {int((parts == Part.TRAIN).sum())} training responses have one score",
            "put responses of at least two score points into train, or leave the split column out",
        )
    return replace(responses, parts=tuple(parts))


def straddling(responses: Responses) -> tuple[str, ...]:
    """Ids of validation and test answers that occur in train too. Raises InputError before splitting."""
    known = {plain(text) for text in responses.part(Part.TRAIN).texts}
    return tuple(
        label
        for label, text, part in zip(responses.ids, responses.texts, responses.parts or (), strict=True)
        if part in (Part.VALIDATION, Part.TEST) and plain(text) in known
    )


@dataclass(frozen=True)
class _Group:
    """Rows with the same answer, and the score most of them have."""

    rows: tuple[int, ...]
    score: int


def _groups(responses: Responses, rows: Ints) -> list[_Group]:
    by_key: dict[str, list[int]] = {}
    for row in rows.tolist():
        by_key.setdefault(plain(responses.texts[row]), []).append(row)
    return [
        _Group(tuple(members), Counter(responses.scores[members].tolist()).most_common(1)[0][0])
        for members in by_key.values()
    ]


def _shares(missing: Sequence[Part], ratios: Ratios) -> dict[Part, float]:
    """Share of the rows marked train that each missing part gets."""
    whole = sum(ratios.values()) - (0 if Part.TEST in missing else ratios[Part.TEST])
    return {part: ratios[part] / whole for part in missing}


def _places(groups: Sequence[_Group], shares: Mapping[Part, float]) -> list[Part]:
    """Part of each group: per score, largest groups first, always to the part that lacks most rows."""
    places = [Part.TRAIN] * len(groups)
    seen = 0
    given = dict.fromkeys(shares, 0)
    for score in sorted({group.score for group in groups}):
        members = [i for i, group in enumerate(groups) if group.score == score]
        members.sort(key=lambda i: -len(groups[i].rows))
        rows = sum(len(groups[i].rows) for i in members)
        seen += rows
        # Rounding the running total lets rare scores owe rows to the next ones; train keeps one row.
        lacking = {Part.TRAIN: rows}
        for part, share in shares.items():
            quota = min(max(round(share * seen) - given[part], 0), lacking[Part.TRAIN] - 1)
            given[part] += quota
            lacking[part] = quota
            lacking[Part.TRAIN] -= quota
        for position, i in enumerate(members):
            places[i] = max(lacking, key=lambda part: lacking[part]) if position else Part.TRAIN
            lacking[places[i]] -= len(groups[i].rows)
    return places


def _ensure(part: Part, groups: Sequence[_Group], places: list[Part], item: str) -> None:
    """Give an empty part the smallest group that train can spare: one of a score it has more of."""
    if part in places:
        return
    trained = Counter(group.score for group, place in zip(groups, places, strict=True) if place == Part.TRAIN)
    spare = [i for i, group in enumerate(groups) if places[i] == Part.TRAIN and trained[group.score] > 1]
    if not spare:
        raise InputError(
            f"item {item}: {len(groups)} different answers are too few for a {part} part",
            "give more answers, or a split column with all parts",
        )
    places[min(spare, key=lambda i: (len(groups[i].rows), -trained[groups[i].score]))] = part
