"""Scoring Parquet larger than memory, on one core, several or a cluster, taken up again where it was stopped.

Rows go through in pieces. Each finished piece is a file in the output folder; where the output shall be one file, the
pieces stand in `OUT.parts` until every row is there. A run killed at any moment loses the pieces under way.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial

from pocketscore import __version__
from pocketscore.bulk import ADDED, added
from pocketscore.bundle import from_bytes
from pocketscore.data import cell_text, unique_name
from pocketscore.data.cells import is_blank
from pocketscore.data.parquet import (
    SUFFIX,
    ParquetSource,
    Piece,
    batches,
    join,
    notes_of,
    with_texts,
    write_tables,
)
from pocketscore.data.places import Place
from pocketscore.engine import StreamEngine
from pocketscore.errors import InputError
from pocketscore.progress import Progress
from pocketscore.student import Scorer

PIECE = 50_000
"""Rows of a piece: what one worker scores at a time, and what a killed one loses."""

STATE = "_pocketscore.json"
"""Beside the pieces: what they are made from. Readers of Parquet folders leave out names that begin like this."""

_NOTE = "pocketscore.counts"


def score_parquet(
    scorer: bytes, source: ParquetSource, column: str, out: Place, engine: StreamEngine, progress: Progress
) -> Counter[str]:
    """Add the columns of `pocketscore.bulk.ADDED`, as text, to every row; memory does not grow with the rows.

    Args:
        scorer: Content of a `.pocket` file.
        source: The files to score.
        column: Their column with the answers.
        out: A file if its name ends in .parquet, else a folder, which gets files in the order and the folders of the
            source. Workers elsewhere must see it and the source.
        engine: Where pieces are scored.
        progress: Told about rows.

    Returns:
        Number of rows for each reason to refer them to people, `pocketscore.bulk.ALONE` among them.

    Raises:
        ArtefactError: When the scorer is damaged.
        InputError: When the output holds something else, or the source is changed meanwhile.
        OutputError: When the output cannot be written; what was done stays for the next call.
    """
    from_bytes(scorer)  # tells before anything is written
    whole = out.suffix == SUFFIX
    _check_apart(source, out, whole=whole)
    folder = Place(f"{out.location.rstrip('/')}.parts") if whole else out
    pieces = source.pieces(PIECE)
    done = _begun(folder, _key(scorer, source, column), pieces, ours=whole)
    progress.start("answers", source.size)
    progress.advance(sum(piece.rows for piece in pieces if piece.name in done))
    left = [piece for piece in pieces if piece.name not in done]
    total = sum(done.values(), Counter[str]())
    for counts in engine.stream(_Scoring(scorer, folder, column, _names(source.columns)), left):
        total += counts
        progress.advance(counts.total())
    if ParquetSource.check(source.place).files != source.files:
        raise InputError(f"{source.place} was changed while it was read", "run the same command again")
    if whole:
        join([folder / piece.name for piece in pieces], out)
        folder.remove()
    else:
        folder.remove_unfinished()
    return total


@dataclass(frozen=True)
class _Scoring:
    """What a worker needs to score pieces.

    Attributes:
        scorer: Content of a `.pocket` file.
        folder: Where finished pieces go.
        column: The column with the answers.
        names: Names of the added columns.
    """

    scorer: bytes
    folder: Place
    column: str
    names: tuple[str, ...]

    def __call__(self) -> Callable[[Piece], Counter[str]]:
        """Load the scorer, once for all pieces."""
        return partial(self._score, from_bytes(self.scorer))

    def _score(self, scorer: Scorer, piece: Piece) -> Counter[str]:
        """Score a piece and keep it."""
        tables, counts = [], Counter[str]()
        for table in batches(piece):
            cells = table.column(self.column).to_pylist()
            rows = added(scorer.score(["" if is_blank(cell) else cell_text(cell) for cell in cells]))
            counts.update(row[-1] for row in rows)
            tables.append(with_texts(table, dict(zip(self.names, zip(*rows, strict=True), strict=True))))
        part = self.folder / piece.name
        if "/" in piece.name:
            Place(part.location.rpartition("/")[0]).make_folder()
        write_tables(tables, part, {_NOTE: json.dumps(counts)})
        return counts


def _names(columns: Sequence[str]) -> tuple[str, ...]:
    names = list(columns)
    for name in ADDED:
        names.append(unique_name(names, name))
    return tuple(names[len(columns) :])


def _check_apart(source: ParquetSource, out: Place, *, whole: bool) -> None:
    """Refuse an output inside the source, one file named like a folder, or made of folders that hold a column."""
    if whole and out.info().type.name == "Directory":
        raise InputError(f"{out} is a folder", "give the name of a file, or of a folder without .parquet")
    inside = (f"{out.opened()[1]}/").startswith(f"{source.place.opened()[1].rstrip('/')}/")
    if inside and not (whole and "" in source.files):
        raise InputError(f"{out} lies inside {source.place}", "write to another folder")
    if whole and source.partitioned:
        raise InputError(
            f"folders of {source.place} hold a column in their names, which one file would lose",
            "give the name of a folder (without .parquet) to write to",
        )


def _key(scorer: bytes, source: ParquetSource, column: str) -> str:
    """Names everything that the pieces depend on."""
    parts = (__version__, ADDED, hashlib.sha256(scorer).hexdigest(), asdict(source), column, PIECE)
    return hashlib.sha256(repr(parts).encode("utf-8", "surrogatepass")).hexdigest()


def _begun(folder: Place, key: str, pieces: Sequence[Piece], *, ours: bool) -> dict[str, Counter[str]]:
    """The counts of the pieces that an earlier run finished; an empty folder is marked as begun.

    Args:
        folder: Where pieces go.
        key: Names what they are made from.
        pieces: All of them.
        ours: Whether the folder is there for pieces alone, so that those of another run may go.
    """
    if folder.info().is_file:
        raise InputError(f"{folder} is a file", "give the name of a folder, or of a .parquet file")
    state, mine = (folder / STATE).read(), json.dumps({"key": key}).encode()
    if state == mine:
        wanted = {piece.name for piece in pieces}
        notes = {name: notes_of(folder / name) for name in folder.files() if name in wanted}
        return {name: Counter(json.loads(each[_NOTE])) for name, each in notes.items() if each and _NOTE in each}
    if state is not None and ours:
        folder.remove()
    elif folder.files() or state is not None:
        raise InputError(f"{folder} is there already and holds something else", "give a new folder")
    folder.make_folder()
    (folder / STATE).write(mine)
    return {}
