"""From score cells to a scale: what may stand in a score column, and what its labels mean."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from pocketscore.data.cells import cell_text
from pocketscore.data.columns import listed
from pocketscore.data.items import MAX_POINTS, ItemText, ScaleKind
from pocketscore.errors import InputError
from pocketscore.types import Scale, canonical_label

_MOSTLY = 0.8  # share of whole numbers from which on the other labels look like slips


@dataclass(frozen=True)
class Label:
    """A score as found: canonical text, its row, and file, row and column for messages."""

    text: str
    where: str


def label_text(cell: object) -> str | None:
    """Canonical label of a score cell; None when it is blank or NaN.

    >>> label_text(2.0), label_text(" 1 "), label_text("nan"), label_text("  ")
    ('2', '1', None, None)
    """
    text = canonical_label(cell_text(cell) or "")
    return None if text.casefold() in ("", "nan") else text


def item_scale(labels: Sequence[Label], item: ItemText, kind: ScaleKind | None) -> Scale:
    """The scale of one item, from its description if that names the points, else from the labels.

    Args:
        labels: Human scores, at least two different ones unless the item names its points.
        item: What is known of the item; its points win.
        kind: The user's word on the kind of scale; wins over the item's.

    Raises:
        InputError: For an infinite score, a word among numbers, a word on a scale called ordinal, a label
            outside the item's points, and more than `MAX_POINTS` points.
    """
    kind = kind or item.kind
    for label in labels:
        number = _number(label.text)
        if number is not None and math.isinf(number):
            raise InputError(f"{label.where}: the score is {label.text!r}", "give a finite score, or blank the cell")
    if item.points is None:
        _check_words(labels, kind)
    points = item.points or tuple(dict.fromkeys(label.text for label in labels))
    if not points:
        raise InputError(
            f"nobody has scored an answer to item {item.id}, and nothing says what its score points are",
            'name them in the items file (--items), such as "scores": [0, 1, 2]',
        )
    if len(points) > MAX_POINTS:
        raise InputError(
            f"{labels[0].where}: item {item.id} has {len(points)} score points ({listed(points, 5)}), "
            f"at most {MAX_POINTS} work",
            "name the right column with --score, or use fewer score points",
        )
    if kind == "ordinal" and any(_number(point) is None for point in points):
        raise InputError(
            f"item {item.id}: the score points {listed(points)} cannot be ordinal",
            "give numbers, or --scale nominal",
        )
    scale = Scale.of(points, kind)
    for label in labels:
        index_on(scale, label)
    return scale


def index_on(scale: Scale, label: Label) -> int:
    """Index of a label on its scale. Raises InputError with the place of a label outside it."""
    if label.text not in scale.points:
        raise InputError(
            f"{label.where}: the score {label.text!r} is not on the scale {', '.join(scale.points)}",
            "correct or blank the cell, or give all score points with --items",
        )
    return scale.points.index(label.text)


def _check_words(labels: Sequence[Label], kind: ScaleKind | None) -> None:
    """Words among numbers are slips ("n/a") unless they are common or the user said nominal."""
    if kind == "nominal":
        return
    words = [label for label in labels if _number(label.text) is None]
    whole = sum(_is_whole(label.text) for label in labels)
    if words and (kind == "ordinal" or whole >= _MOSTLY * len(labels)):
        raise InputError(
            f"{words[0].where}: the score {words[0].text!r} is no number, {whole} of {len(labels)} are",
            "blank the cell, or say --scale nominal",
        )


def _is_whole(text: str) -> bool:
    number = _number(text)
    return number is not None and number.is_integer()


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
