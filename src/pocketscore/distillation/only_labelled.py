"""Answers that nobody has scored, but a file of soft labels has: they join the transfer set, as `--unlabelled` does."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from pocketscore.data import DataSet
from pocketscore.data.clean import NO_SCORE, Unscored
from pocketscore.data.unlabelled import sifted
from pocketscore.distillation.labelling import FileLabeller
from pocketscore.distillation.settings import DistillSettings
from pocketscore.distillation.source import Source
from pocketscore.progress import Progress
from pocketscore.soft_labels import LabelFile
from pocketscore.types import Floats, Ints, Part, Responses


@dataclass(frozen=True, eq=False)
class OnlyLabelled:
    """Answers to one item that only a file has labelled.

    Attributes:
        ids: M identifiers.
        texts: M different answers, none of them held out.
        probabilities: (M, K) what the file says.
    """

    ids: tuple[str, ...]
    texts: tuple[str, ...]
    probabilities: Floats


class WholeFileLabeller(FileLabeller):
    """Ready-made soft labels, those of answers that nobody has scored among them.

    Args:
        items: The split responses.
        path: File of soft labels.
        more: Item -> answers that only the file has labelled.
    """

    def __init__(self, items: Sequence[Responses], path: Path, more: Mapping[str, OnlyLabelled]) -> None:
        super().__init__(items, path)
        self._said = [_by_text(more[each.item.id]) if each.item.id in more else {} for each in items]

    def label(self, item: int, texts: Sequence[str], folds: Ints) -> Floats | None:  # noqa: ARG002
        """What the file says, NaN where it says nothing; None when it says nothing about any unscored answer."""
        said = self._said[item]
        if not said:
            return None
        nothing = np.full(len(next(iter(said.values()))), np.nan)
        return np.array([said.get(text, nothing) for text in texts])


def only_labelled(
    source: Source, data: DataSet, items: Sequence[Responses], settings: DistillSettings, log: Progress
) -> tuple[DataSet, dict[str, OnlyLabelled]]:
    """The data without the rows that are not lost after all, and these rows by item id.

    They are an extra: whatever is odd about one of them, it is left out and counted, and everything goes on without it.
    What `sifted` leaves out is not among them, nor is a row that the file itself puts into a held-out part.

    Args:
        source: Where responses and soft labels are.
        data: The responses as read.
        items: The same, split.
        settings: How to distil; with lambda = 0 soft labels do not matter.
        log: Told what is used and what is left out.

    Raises:
        InputError: When the file of soft labels cannot be read.
    """
    if source.probabilities is None or not source.takes_unscored or settings.without_teacher or not data.unscored:
        return data, {}
    file = LabelFile(source.probabilities)
    rows: dict[str, list[Unscored]] = defaultdict(list)
    for row in data.unscored:
        rows[row.item].append(row)
    usable = (_usable(rows[responses.item.id], file, responses, log) for responses in items)
    found = {responses.item.id: used for responses, used in zip(items, usable, strict=True) if used is not None}
    taken = {(item, id_) for item, used in found.items() for id_ in used.ids}
    dropped = tuple(row for row in data.dropped if row.reason != NO_SCORE or (row.item, row.id) not in taken)
    return replace(data, dropped=dropped), found


def _usable(rows: Sequence[Unscored], file: LabelFile, scored: Responses, log: Progress) -> OnlyLabelled | None:
    """Those of an item's unscored answers that the student may meet, each once; None where there are none."""
    item = scored.item
    said = file.said_of(item, {row.id for row in rows}) if rows else {}
    if not said:
        return None
    apart = file.tells_apart(item)
    labelled = [(row, _oddity(row, said[row.id], apart=apart)) for row in rows if row.id in said]
    for oddity, n in Counter(oddity for _, oddity in labelled if oddity).items():
        log.note(f"item {item.id}: labels without a score, left out: {n} {oddity}")
    sound = [row for row, oddity in labelled if not oddity]
    free = [row for row in sound if row.part == Part.TRAIN]
    kept = sifted([row.text for row in free], scored)
    kept = replace(kept, held_out=kept.held_out + len(sound) - len(free))
    log.note(f"item {item.id}: labels without a score: {kept}")
    of_text = {row.text: row.id for row in reversed(free)}  # of equal ones the first
    ids = tuple(of_text[text] for text in kept.texts)
    return OnlyLabelled(ids, kept.texts, np.array([said[id_] for id_ in ids])) if ids else None


def _oddity(row: Unscored, label: Floats, *, apart: bool) -> str:
    """Why nobody knows what a labelled row is, '' for nothing."""
    if row.repeated:
        return "with the id of another answer"
    if row.elsewhere and not apart:
        return "with the id of an answer to another item, which the file of labels does not tell apart"
    if row.part is None:
        return "in a part of the data that is not known"
    return "without exactly one label that is a probability distribution" if np.isnan(label).any() else ""


def _by_text(found: OnlyLabelled) -> dict[str, Floats]:
    return dict(zip(found.texts, found.probabilities, strict=True))
