"""Questions, rubrics and reference answers from a JSON file."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pocketscore.data.files import decode, read_bytes
from pocketscore.errors import InputError
from pocketscore.types import canonical_label

ScaleKind = Literal["ordinal", "nominal"]

MAX_POINTS = 20
"""Different score points an item may have; more is likely a total score or the wrong column."""

_REFERENCES = ("references", "reference_answers", "reference_answer")
_SHAPE = 'give a list of objects such as {"item": "1", "question": "...", "rubric": "...", "references": []}'


@dataclass(frozen=True)
class ItemText:
    """What a file says of one item.

    Attributes:
        id: As in the item column of the responses.
        question: May be empty.
        rubric: May be empty.
        references: Reference answers, may be empty.
        points: Score points in one spelling each, or None to take them from the responses.
        kind: Kind of the scale, or None to derive it from the points.
    """

    id: str
    question: str = ""
    rubric: str = ""
    references: tuple[str, ...] = ()
    points: tuple[str, ...] | None = None
    kind: ScaleKind | None = None


def read_items(path: Path) -> dict[str, ItemText]:
    """Items by id, from a list of objects, an object with a list "items", or an object id -> object.

    Fields of an object: `id` or `item`, `question`, `rubric`, `references`, `reference_answers` or
    `reference_answer`, `scores` or `score_min` with `score_max`, `scale`; others are ignored.

    Raises:
        InputError: With file, entry, field and the value seen; for broken JSON with line and column.
    """
    items: dict[str, ItemText] = {}
    for number, fields in enumerate(_entries(_json(path), path), start=1):
        item = _Entry(f"{path}, entry {number}", fields).item()
        if item.id in items:
            raise InputError(f"{path}, entry {number}: a second item {item.id!r}", "give each item its own id")
        items[item.id] = item
    if not items:
        raise InputError(f"{path} holds no items", _SHAPE)
    return items


def _json(path: Path) -> object:
    try:
        return json.loads(decode(read_bytes(path), path).text)
    except json.JSONDecodeError as error:
        raise InputError(
            f"{path}, line {error.lineno}, column {error.colno} is not JSON: {error.msg}", "correct it there"
        ) from None
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is not usable JSON: {error}", _SHAPE) from None


def _entries(content: object, path: Path) -> Iterator[Mapping[str, object]]:
    if isinstance(content, dict):
        listed = content.get("items")
        keyed = [{"id": key, **value} if isinstance(value, dict) else value for key, value in content.items()]
        content = listed if isinstance(listed, list) else keyed
    if not isinstance(content, list):
        raise InputError(f"{path} holds a {type(content).__name__} instead of a list of items", _SHAPE)
    for number, entry in enumerate(content, start=1):
        if not isinstance(entry, dict):
            raise InputError(f"{path}, entry {number}: {_shown(entry)} is not an object", _SHAPE)
        yield entry


def _shown(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else text[:57] + "..."


@dataclass(frozen=True)
class _Entry:
    """One object of the file and where it stands."""

    where: str
    fields: Mapping[str, object]

    def item(self) -> ItemText:
        return ItemText(
            id=self._id(),
            question=self._text("question"),
            rubric="\n".join(self._texts("rubric")),
            references=tuple(text for field in _REFERENCES for text in self._texts(field)),
            points=self._points(),
            kind=self._kind(),
        )

    def _wrong(self, field: str, wanted: str) -> InputError:
        return InputError(f"{self.where}: {field!r} is {_shown(self.fields.get(field))}", f"give {wanted}")

    def _id(self) -> str:
        field = "id" if "id" in self.fields else "item"
        value = self.fields.get(field)
        if isinstance(value, bool) or not isinstance(value, str | int) or not str(value).strip():
            raise self._wrong(field, "the item's id as text or a whole number")
        return str(value).strip()

    def _text(self, field: str) -> str:
        value = self.fields.get(field)
        if value is not None and not isinstance(value, str):
            raise self._wrong(field, "a text")
        return value or ""

    def _texts(self, field: str) -> tuple[str, ...]:
        """A field that holds a text or a list of texts or of objects with "text"."""
        value = self.fields.get(field)
        parts = value if isinstance(value, list) else [] if value is None else [value]
        texts = []
        for part in parts:
            text = part.get("text") if isinstance(part, dict) else part
            if not isinstance(text, str):
                raise self._wrong(field, 'a text, a list of texts, or a list of objects with "text"')
            texts.append(text)
        return tuple(filter(None, texts))

    def _points(self) -> tuple[str, ...] | None:
        if self.fields.get("scores") is not None:
            return self._listed_points()
        ends = ("score_min", "score_max")
        if all(self.fields.get(name) is None for name in ends):
            return None
        low, high = (self._whole(name) for name in ends)
        if not 0 < high - low < MAX_POINTS:
            raise self._wrong("score_max", f"more than score_min ({low}), and at most {MAX_POINTS} score points")
        return tuple(str(point) for point in range(low, high + 1))

    def _whole(self, field: str) -> int:
        value = self.fields.get(field)
        if isinstance(value, float) and value.is_integer():
            return int(value)  # Other programs write 3.0.
        if isinstance(value, bool) or not isinstance(value, int):
            raise self._wrong(field, "a whole number for both score_min and score_max")
        return value

    def _listed_points(self) -> tuple[str, ...]:
        values = self.fields["scores"]
        if not isinstance(values, list) or not all(isinstance(value, str | int | float) for value in values):
            raise self._wrong("scores", "a list of score points, such as [0, 1, 2]")
        points = tuple(canonical_label(str(value)) for value in values)
        if not 2 <= len(points) <= MAX_POINTS or len(set(points)) != len(points) or "" in points:
            raise self._wrong("scores", f"2 to {MAX_POINTS} different score points")
        return points

    def _kind(self) -> ScaleKind | None:
        value = self.fields.get("scale")
        if value is not None and value not in ("ordinal", "nominal"):
            raise self._wrong("scale", '"ordinal" or "nominal"')
        return value
