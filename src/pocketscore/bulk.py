"""Scoring files larger than memory: row by row, on several cores, taken up again where it was stopped.

Rows go through in pieces. What is finished stands in `OUT.part`, and how much that is in `OUT.part.json`; the part
becomes the output only when every row is there.
"""

from __future__ import annotations

import codecs
import contextlib
import hashlib
import json
import os
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import IO

from pocketscore import __version__
from pocketscore.bundle import load
from pocketscore.data.cells import Dialect
from pocketscore.data.delimited import DelimitedFile, delimited_text
from pocketscore.data.files import atomic_write, read_bytes, unwritable
from pocketscore.data.table import unique_name
from pocketscore.errors import InputError
from pocketscore.progress import Progress
from pocketscore.student import Scorer
from pocketscore.types import Scores

ADDED = ("score", "probability", "status", "refer")
"""Names of the columns that scoring adds."""

ALONE = ""
"""What stands in `refer` where the score stands alone."""

PIECE = 2_000
"""Rows that are scored, written and counted together."""

WORTH_PROCESSES = 20_000
"""Rows from which several processes pay for their start."""

_KEPT_EVERY = 10  # pieces
_MOST_PROCESSES = 61  # what Windows can wait for
Cells = tuple[str, ...]
Piece = list[list[str]]


def added(scores: Scores) -> list[Cells]:
    """The cells of `ADDED` for each of N scores; score and probability are '' where there is none."""
    cells = zip(scores.labels, scores.confidence.tolist(), scores.status, scores.refer, strict=True)
    return [
        (label or "", "" if label is None else f"{confidence:.4f}", status.value, ALONE if why is None else why.value)
        for label, confidence, status, why in cells
    ]


def score_file(
    scorer: Path, source: DelimitedFile, column: str, out: Path, jobs: int, progress: Progress
) -> Counter[str]:
    """Add the columns `ADDED` to every row of a delimited file; memory does not grow with its rows.

    Args:
        scorer: A `.pocket` file.
        source: The file to score.
        column: Its column with the answers.
        out: File to write, in the style of the source.
        jobs: Processes for large files.
        progress: Told about rows.

    Returns:
        Number of rows for each reason to refer them to people, `ALONE` among them.

    Raises:
        ArtefactError: When the scorer is damaged.
        InputError: When the source is changed meanwhile.
        OutputError: When the output cannot be written; what was done stays for the next call.
    """
    if out.is_dir():
        raise InputError(f"{out} is a folder", "give the name of a file")
    loaded = load(scorer)
    dialect = _dialect_for(source.dialect, loaded)
    state = _state(source.path)
    key = hashlib.sha256(repr((__version__, ADDED, read_bytes(scorer), state, column, PIECE)).encode()).hexdigest()
    part = _Part.found(out.resolve(), key)
    progress.start("answers", source.size)
    progress.advance(part.rows)
    rows = islice(source.rows(), part.rows, None)
    pieces = iter(lambda: list(islice(rows, PIECE)), [])
    place = source.columns.index(column)
    many = jobs > 1 and source.size >= WORTH_PROCESSES
    scored = _by_processes(scorer, pieces, place, jobs) if many else _here(loaded, pieces, place)
    try:
        with part.open() as file:
            if not part.rows:
                file.write(dialect.bom + delimited_text([_names(source.columns)], dialect).encode(dialect.encoding))
            for piece, cells in scored:
                text = delimited_text(((*row, *new) for row, new in zip(piece, cells, strict=True)), dialect)
                part.add(file, text.encode(dialect.encoding), cells)
                progress.advance(len(piece))
            file.flush()
            os.fsync(file.fileno())
        if _state(source.path) != state:
            raise InputError(f"{source.path} was changed while it was read", "run the same command again")
        part.finish()
    except OSError as error:
        part.forget_if_empty()
        raise unwritable(out, error) from error
    return part.counts


def _names(columns: Sequence[str]) -> list[str]:
    names = list(columns)
    for name in ADDED:
        names.append(unique_name(names, name))
    return names


def _dialect_for(dialect: Dialect, scorer: Scorer) -> Dialect:
    """The source's dialect, or UTF-8 where its encoding lacks a label of the scale."""
    try:
        " ".join(scorer.scale.points).encode(dialect.encoding)
    except UnicodeEncodeError:
        return replace(dialect, encoding="utf-8", bom=codecs.BOM_UTF8)
    return dialect


def _state(path: Path) -> tuple[int, int]:
    """Size and time of a file, which tell an unchanged one."""
    found = path.stat()
    return found.st_size, found.st_mtime_ns


def _here(scorer: Scorer, pieces: Iterable[Piece], place: int) -> Iterator[tuple[Piece, list[Cells]]]:
    """Pieces with what scoring adds, in order."""
    for piece in pieces:
        yield piece, added(scorer.score([row[place] for row in piece]))


def _by_processes(scorer: Path, pieces: Iterable[Piece], place: int, jobs: int) -> Iterator[tuple[Piece, list[Cells]]]:
    """The same by several processes; only so many pieces are under way that none of them waits."""
    waiting: deque[tuple[Piece, Future[list[Cells]]]] = deque()
    with ProcessPoolExecutor(min(jobs, _MOST_PROCESSES), get_context("spawn"), _keep, (scorer,)) as pool:
        try:
            for piece in pieces:
                waiting.append((piece, pool.submit(_score_kept, [row[place] for row in piece])))
                if len(waiting) > 2 * jobs:
                    first, future = waiting.popleft()
                    yield first, future.result()
            for first, future in waiting:
                yield first, future.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


_kept: list[Scorer] = []


def _keep(scorer: Path) -> None:
    """Load the scorer, once for each process."""
    _kept.append(load(scorer))


def _score_kept(texts: Sequence[str]) -> list[Cells]:
    return added(_kept[0].score(texts))


@dataclass
class _Part:
    """The finished beginning of an output.

    Attributes:
        out: The output.
        key: Names scorer, source and column; a part of another key is begun again.
        rows, size: Rows and bytes that are finished.
        counts: Number of rows for each reason among them.
    """

    out: Path
    key: str
    rows: int
    size: int
    counts: Counter[str]
    unkept: int = 0

    @classmethod
    def found(cls, out: Path, key: str) -> _Part:
        """What an earlier call left, or nothing."""
        part = cls(out, key, 0, 0, Counter())
        try:
            state = json.loads(part.state.read_text("ascii"))
            if state["key"] == key and part.path.stat().st_size >= state["size"]:
                return cls(out, key, state["rows"], state["size"], Counter(state["counts"]))
        except (OSError, ValueError, KeyError, TypeError):
            pass  # nothing of use is there
        return part

    @property
    def path(self) -> Path:
        """Where the part stands."""
        return self.out.with_name(self.out.name + ".part")

    @property
    def state(self) -> Path:
        """Where it is written how much is finished."""
        return self.out.with_name(self.out.name + ".part.json")

    def open(self) -> IO[bytes]:
        """The part, cut behind what is finished, ready for more."""
        file = self.path.open("r+b" if self.rows else "wb")
        file.seek(self.size)
        file.truncate()
        return file

    def add(self, file: IO[bytes], data: bytes, cells: Sequence[Cells]) -> None:
        """Write a piece; every few pieces, note how far it is."""
        file.write(data)
        self.rows += len(cells)
        self.counts.update(new[-1] for new in cells)
        self.unkept += 1
        if self.unkept == _KEPT_EVERY:
            self.unkept = 0
            file.flush()
            os.fsync(file.fileno())
            self.size = file.tell()
            state = {"key": self.key, "rows": self.rows, "size": self.size, "counts": self.counts}
            atomic_write(self.state, json.dumps(state).encode("ascii"))

    def forget_if_empty(self) -> None:
        """Leave nothing behind where nothing is worth taking up again."""
        if not self.size:
            with contextlib.suppress(OSError):
                self.path.unlink(missing_ok=True)

    def finish(self) -> None:
        """The part becomes the output."""
        self.path.replace(self.out)
        self.state.unlink(missing_ok=True)
