"""What a report needs to know beyond the results: where the data come from, and how fast the scorers are."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from pocketscore.data import Dropped, SkippedItem

MOST_ROWS = 50
"""Row numbers listed for each reason to leave rows out."""


@dataclass(frozen=True)
class DataNotes:
    """The file behind a run, and the run itself.

    Attributes:
        file: Name of the file of responses.
        sha256: Hash of its bytes.
        dropped: Rows left out.
        skipped: Items left out.
        straddling: Validation and test answers that occur in a training part too, all items together.
        command: The command line of the run.
        version: Version of PocketScore.
        seed: Seed of everything random.
    """

    file: str
    sha256: str
    dropped: tuple[Dropped, ...]
    skipped: tuple[SkippedItem, ...]
    straddling: int
    command: str
    version: str
    seed: int


@dataclass(frozen=True)
class Speed:
    """Measured speed; the report marks whatever follows from it with `data-measured`.

    Attributes:
        student_per_second: Answers a second of the scorer.
        teacher_per_second: Answers a second of the teacher, None when there was none to measure.
        threads: Processor threads in use, None when not recorded.
    """

    student_per_second: float
    teacher_per_second: float | None
    threads: int | None = None


@dataclass(frozen=True)
class DroppedGroup:
    """Rows left out for one reason: how many, and the numbers of the first of them (ids where these are unknown)."""

    reason: str
    count: int
    rows: tuple[str, ...]


def grouped(dropped: Iterable[Dropped]) -> tuple[DroppedGroup, ...]:
    """Rows left out by reason, most frequent first.

    >>> grouped([Dropped(7, "a", "1", "no score"), Dropped(9, "b", "1", "no score")])
    (DroppedGroup(reason='no score', count=2, rows=('7', '9')),)
    """
    by_reason: dict[str, list[str]] = {}
    for row in dropped:
        by_reason.setdefault(row.reason, []).append(str(row.row or row.id))
    groups = [DroppedGroup(reason, len(rows), tuple(rows[:MOST_ROWS])) for reason, rows in by_reason.items()]
    return tuple(sorted(groups, key=lambda group: (-group.count, group.reason)))


def of_item(notes: DataNotes, item: str) -> tuple[DroppedGroup, ...]:
    """Rows of one item that were left out."""
    return grouped(row for row in notes.dropped if row.item == item)


def of_no_item(notes: DataNotes, items: Collection[str]) -> tuple[DroppedGroup, ...]:
    """Rows left out that belong to none of the items reported."""
    return grouped(row for row in notes.dropped if row.item not in items)
