"""Answers that nobody has scored, but a file of soft labels has: they join the transfer set, as `--unlabelled` does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from pocketscore.data import DataSet, Dropped, read_responses
from pocketscore.data.clean import NO_SCORE
from pocketscore.data.unlabelled import sifted
from pocketscore.distillation.labelling import FileLabeller
from pocketscore.distillation.settings import DistillSettings
from pocketscore.distillation.source import Source
from pocketscore.progress import Progress
from pocketscore.soft_labels import labelled_ids, read_probabilities
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

    What `sifted` leaves out is not among them, nor is a row that the file itself puts into a held-out part.

    Args:
        source: Where responses and soft labels are.
        data: The responses as read.
        items: The same, split.
        settings: How to distil; with lambda = 0 soft labels do not matter.
        log: Told what is used and what is left out.

    Raises:
        InputError: When such rows cannot be used, or are mostly unfamiliar.
    """
    path = source.probabilities
    if path is None or settings.without_teacher:
        return data, {}
    wanted = {responses.item.id: ids for responses in items if (ids := _wanted(path, data, responses))}
    if not wanted:
        return data, {}
    described = {item: text for item, text in (source.items or {}).items() if item in wanted}
    whole = read_responses(source.path, source.columns, described, tuple(wanted), source.scale, purpose="label")
    scored = {responses.item.id: responses for responses in items}
    found = {}
    for each in whole.responses:
        rows = [row for row, id_ in enumerate(each.ids) if id_ in wanted[each.item.id]]
        used = _usable(each.take(np.array(rows)), scored[each.item.id], source.path, log)
        if len(used):
            soft = read_probabilities(path, used)
            found[each.item.id] = OnlyLabelled(used.ids, used.texts, soft.probabilities)
    return replace(data, dropped=tuple(row for row in data.dropped if not _is_used(row, found))), found


def _wanted(path: Path, data: DataSet, responses: Responses) -> set[str]:
    """Ids of an item's unscored answers that the file of soft labels speaks about."""
    lost = {row.id for row in data.dropped if row.item == responses.item.id and row.reason == NO_SCORE}
    lost -= set(responses.ids)  # there the label is that of the scored answer
    return lost & labelled_ids(path, responses.item) if lost else lost


def _usable(unscored: Responses, scored: Responses, path: Path, log: Progress) -> Responses:
    """Those of an item's unscored answers that the student may meet, each once."""
    parts = unscored.parts or (Part.TRAIN,) * len(unscored)
    free = unscored.take(np.flatnonzero(np.array(parts) == Part.TRAIN))
    kept = sifted(free.texts, scored, path)
    kept = replace(kept, held_out=kept.held_out + len(unscored) - len(free))
    log.note(f"item {scored.item.id}: labels without a score: {kept}")
    places = {text: row for row, text in reversed([*enumerate(free.texts)])}  # of equal ones the first
    rows = np.array([places[text] for text in kept.texts], dtype=np.int64)
    return replace(free.take(rows), item=scored.item, parts=None)


def _is_used(row: Dropped, found: Mapping[str, OnlyLabelled]) -> bool:
    return row.reason == NO_SCORE and row.item in found and row.id in found[row.item].ids


def _by_text(found: OnlyLabelled) -> dict[str, Floats]:
    return dict(zip(found.texts, found.probabilities, strict=True))
