"""Answers that nobody has scored: more text for the teacher to label, none of it from a part that is held out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pocketscore.data.cells import cell_text
from pocketscore.data.clean import unusable
from pocketscore.data.columns import ColumnChoice, listed, resolve
from pocketscore.data.table import read_table
from pocketscore.errors import InputError
from pocketscore.text import words
from pocketscore.types import Part, Responses

FAMILIAR = 0.2
"""Least share of an answer's words that must occur in training answers: below it stands another language or item."""


@dataclass(frozen=True)
class Unlabelled:
    """Unscored answers to one item, and what was left out.

    Attributes:
        texts: M different answers.
        held_out: Answers left out because they stand in validation or test: the teacher must not label those for the
            student.
        known: Left out because they stand in train, or twice in the file.
        unusable: Left out because they are empty or hold no word.
        unfamiliar: Left out because hardly a word of theirs occurs in training answers.
    """

    texts: tuple[str, ...]
    held_out: int
    known: int
    unusable: int
    unfamiliar: int

    def __str__(self) -> str:
        return (
            f"{len(self.texts)} unlabelled answers used; left out: {self.held_out} that stand in validation or test, "
            f"{self.known} known already, {self.unusable} empty or without a word, {self.unfamiliar} unfamiliar"
        )


def read_unlabelled(path: Path, choice: ColumnChoice, items: Sequence[Responses]) -> dict[str, Unlabelled]:
    """Unscored answers by item id; items of which the file has none are missing.

    Args:
        path: A file that `read_table` accepts. It needs a column with the item when there are several items.
        choice: Columns that the user named; they go by the same names here. The others are guessed.
        items: The split responses.

    Raises:
        InputError: When the file cannot be read, belongs to none of the items, or is mostly unfamiliar.
    """
    table = read_table(path)
    columns = resolve(table, ColumnChoice(response=choice.response, item=choice.item), needs_score=False)
    answers = table.column(columns.response)
    if columns.item is None and len(items) > 1:
        raise InputError(
            f"{path} has no column that says which of the {len(items)} items an answer belongs to "
            f"(columns: {listed(table.columns)})",
            "add one, or take one item with --only",
        )
    of_item = [items[0].item.id] * len(table) if columns.item is None else [
        (cell_text(cell) or "").strip() for cell in table.column(columns.item)
    ]  # fmt: skip
    by_item: Mapping[str, list[object]] = {
        responses.item.id: [a for a, item in zip(answers, of_item, strict=True) if item == responses.item.id]
        for responses in items
    }
    if not any(by_item.values()):
        raise InputError(
            f"{path} holds answers to {listed(sorted(set(of_item)))} and none to "
            f"{listed([responses.item.id for responses in items])}",
            "use the same item ids in both files",
        )
    found = {r.item.id: sifted(by_item[r.item.id], r) for r in items if by_item[r.item.id]}
    for item, sieved in found.items():
        _check_familiar(sieved, item, len(by_item[item]), path)
    return found


def sifted(cells: Sequence[object], responses: Responses) -> Unlabelled:
    """Unscored answers to one item, without those that the teacher must not label for the student.

    Args:
        cells: The answers as they stand in the file.
        responses: The split responses of the item.
    """
    train = responses.part(Part.TRAIN)
    held_out = {_said(text) for part in Part if part != Part.TRAIN for text in responses.part(part).texts}
    seen = {_said(text) for text in train.texts}
    vocabulary = {word for text in train.texts for word in words(text)}
    kept: list[str] = []
    counts = dict.fromkeys(("held_out", "known", "unusable", "unfamiliar"), 0)
    for cell in cells:
        text = (cell_text(cell) or "").strip()
        reason = _reason(cell, text, held_out, seen, vocabulary)
        if reason:
            counts[reason] += 1
        else:
            kept.append(text)
            seen.add(_said(text))
    return Unlabelled(tuple(kept), **counts)


def _check_familiar(found: Unlabelled, item: str, total: int, path: Path) -> None:
    """Refuse a file of another language or item: one whose answers are mostly unfamiliar."""
    if found.unfamiliar > len(found.texts) + found.known + found.held_out:
        raise InputError(
            f"{path}: {found.unfamiliar} of {total} unlabelled answers to item {item} share "
            f"fewer than {FAMILIAR:.0%} of their words with the training answers",
            "give answers to the same item in the same language",
        )


def _reason(cell: object, text: str, held_out: set[str], seen: set[str], vocabulary: set[str]) -> str:
    """Why an answer is left out, '' if it is used."""
    if unusable(cell):
        return "unusable"
    if _said(text) in held_out:
        return "held_out"
    if _said(text) in seen:
        return "known"
    found = words(text)
    return "unfamiliar" if sum(word in vocabulary for word in found) < FAMILIAR * len(found) else ""


def _said(text: str) -> str:
    """An answer's words alone: one that differs in punctuation only is the same answer."""
    return " ".join(word for word in words(text) if any(char.isalnum() for char in word)) or text.strip()
