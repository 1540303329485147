"""Receipts: every answer of an endpoint, kept in SQLite before anything is done with it.

A receipt is on the disk when `put` returns, so that a run killed at any moment has lost at most the calls that were
under way. A try without a usable answer that may have been charged for has a receipt too, under a key of its own.

A file belongs to one process at a time, in which several models may share it. Where several processes work (on a
cluster), each writes a file of its own beside the one of earlier runs, which is then only read; `merged` brings them
together.

The locks are SQLite's own in its exclusive mode, which needs no memory shared between processes and therefore also
works on network folders. To change the format: raise FORMAT, and read older files.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any
from uuid import uuid4

from pocketscore.data.files import make_folder
from pocketscore.errors import InputError, OutputError, PocketScoreError
from pocketscore.llm.endpoint import Endpoint

MAIN = "receipts.sqlite"
"""Name of the file with the receipts of a folder."""

FORMAT = 1
_APPLICATION = 0x50534352  # marks a file as ours
_WAIT_S = 1.0  # for another process that is just ending
_PAGE = 500  # receipts read at a time
_SQL_TYPES = {"int": "INTEGER", "int | None": "INTEGER", "float": "REAL", "float | None": "REAL"}


@dataclass(frozen=True)
class Receipt:
    """One answered call, or one try that may have been charged for.

    Attributes:
        key: `key_of_call` of what was asked; for a try without a usable answer `key_of_lost` of that.
        endpoint: Address asked.
        model: Model asked.
        prompt: The messages as JSON, whole.
        settings: Everything else that was sent, as JSON.
        raw: The body of the answer as it came, '' where none came.
        prompt_tokens: Tokens read, None when the server did not tell.
        completion_tokens: Tokens written, None when the server did not tell.
        cost: Dollars, None when no price is known.
        seconds: Time from question to answer.
        made_at: Date and time, UTC, as ISO 8601.
        version: Of PocketScore and its prompt.
    """

    key: str
    endpoint: str
    model: str
    prompt: str
    settings: str
    raw: str
    prompt_tokens: int | None
    completion_tokens: int | None
    cost: float | None
    seconds: float
    made_at: str
    version: str


@dataclass(frozen=True)
class Spent:
    """What receipts add up to; a number that no receipt tells counts as 0."""

    calls: int
    prompt_tokens: int
    completion_tokens: int
    cost: float


_COLUMNS = tuple(field.name for field in fields(Receipt))
_TABLE = ", ".join(f"{field.name} {_SQL_TYPES.get(str(field.type), 'TEXT')}" for field in fields(Receipt))
_SELECT = f"SELECT {', '.join(_COLUMNS)} FROM receipts"
_OF_MODEL = " WHERE endpoint = ? AND model = ?"
_INSERT = f"INSERT OR IGNORE INTO receipts ({', '.join(_COLUMNS)}) VALUES ({', '.join('?' * len(_COLUMNS))})"


_shared: dict[Path, Receipts] = {}
"""What `merged` has open in this process, by the file's whole path."""

_sharing = threading.RLock()  # taken before the lock of any receipts


def key_of_call(endpoint: str, model: str, messages: Sequence[Mapping[str, str]], settings: Mapping[str, Any]) -> str:
    """64 hexadecimal digits that name a call by everything it sends.

    >>> key = key_of_call("http://127.0.0.1/v1", "m", [{"role": "user", "content": "2 + 2"}], {"seed": 1})
    >>> len(key), key == key_of_call("http://127.0.0.1/v1", "m", [{"role": "user", "content": "2 + 2"}], {"seed": 2})
    (64, False)
    """
    return hashlib.sha256(json.dumps([endpoint, model, list(messages), settings], sort_keys=True).encode()).hexdigest()


def key_of_lost(key: str) -> str:
    """A key for a try of a call that had no usable answer; no other try has it, and no call asks for it."""
    return f"{key} lost {uuid4().hex}"


def utc_now() -> str:
    """Date and time for a receipt."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


class Receipts:
    """A file of receipts, open for reading and writing. Safe to share between threads.

    Args:
        path: The file; made with its folder if it is not there.
        known: A file of receipts at rest, which is only read: nobody may be writing it.

    Raises:
        InputError: When another process has the file open, or it is damaged, of something else, or of a newer version.
        OutputError: When it cannot be made.
    """

    def __init__(self, path: Path, known: Path | None = None) -> None:
        self.path = path
        self._users = 1
        self._lock = threading.Lock()
        make_folder(path.parent)
        self._database = _opened(path)
        self._all = [self._database]
        if known is not None and known.exists():
            self._all.append(_at_rest(known))

    def __enter__(self) -> Receipts:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Let others have the file, once all who have these receipts open have closed them."""
        with _sharing, self._lock:
            self._users -= 1
            if self._users > 0:
                return
            for place in [place for place, receipts in _shared.items() if receipts is self]:
                del _shared[place]
            for database in self._all:
                database.close()

    def get(self, key: str) -> Receipt | None:
        """The receipt of a call, None when it was never answered."""
        for database in self._all:
            with self._lock, _explained(self.path):
                row = database.execute(f"{_SELECT} WHERE key = ?", (key,)).fetchone()
            if row:
                return Receipt(*row)
        return None

    def put(self, receipt: Receipt) -> None:
        """Keep a receipt; it is on the disk when this returns. The first receipt of a key stays.

        Raises:
            OutputError: When it cannot be written (full disk, ...); earlier receipts are kept.
        """
        with self._lock, _explained(self.path):
            self._database.execute(_INSERT, astuple(receipt))

    def spent(self, endpoint: Endpoint | None = None) -> Spent:
        """What receipts add up to, those of `known` among them.

        Args:
            endpoint: Whose receipts; left out, all.
        """
        sums = "SELECT COUNT(*), TOTAL(prompt_tokens), TOTAL(completion_tokens), TOTAL(cost) FROM receipts"
        whose, names = ("", ()) if endpoint is None else (_OF_MODEL, (endpoint.url, endpoint.model))
        with self._lock, _explained(self.path):
            rows = [database.execute(sums + whose, names).fetchone() for database in self._all]
        calls, read, written, cost = (sum(column) for column in zip(*rows, strict=True))
        return Spent(int(calls), int(read), int(written), float(cost))

    def __len__(self) -> int:
        return self.spent().calls

    def __iter__(self) -> Iterator[Receipt]:
        return self._walk("")

    def without_cost(self) -> Iterator[Receipt]:
        """The receipts whose cost is 0 or unknown."""
        return self._walk("AND COALESCE(cost, 0) = 0")

    def _walk(self, condition: str) -> Iterator[Receipt]:
        for database in self._all:
            last = 0
            while True:
                with self._lock, _explained(self.path):
                    rows = database.execute(
                        f"SELECT rowid, {', '.join(_COLUMNS)} FROM receipts WHERE rowid > ? {condition} "
                        "ORDER BY rowid LIMIT ?",
                        (last, _PAGE),
                    ).fetchall()
                if not rows:
                    break
                last = rows[-1][0]
                yield from (Receipt(*row[1:]) for row in rows)

    def take_in(self, other: Path) -> None:
        """Copy the receipts of another file, all or none. Raises as opening it would."""
        with Receipts(other) as source, self._lock, _explained(self.path):
            self._database.execute("BEGIN IMMEDIATE")
            try:
                self._database.executemany(_INSERT, map(astuple, source))
                self._database.execute("COMMIT")
            except BaseException:
                self._database.execute("ROLLBACK")
                raise


def merged(folder: Path) -> Receipts:
    """The receipts of a folder, after taking in what workers left in files of their own, which are then removed.

    Where this process has them open already, it gets the same ones; they are closed when all who got them have.

    Args:
        folder: Made if it is not there.

    Raises:
        InputError: As `Receipts`; also while a worker of another run still has its file open.
    """
    with _sharing:
        receipts = _shared_receipts(folder / MAIN)
        try:
            for path in sorted(folder.glob("receipts-*.sqlite")):
                receipts.take_in(path)
                path.unlink()
        except BaseException:
            receipts.close()
            raise
        return receipts


def _shared_receipts(path: Path) -> Receipts:
    """The receipts that this process has open there, for one user more; opened for the first."""
    found = _shared.get(path.resolve())
    if found is None:
        _shared[path.resolve()] = found = Receipts(path)
    else:
        found._users += 1
    return found


def of_worker(folder: Path, name: str) -> Receipts:
    """Receipts for one of several processes: it writes a file of its own and also knows those of earlier runs.

    Nobody may have the folder's main file open meanwhile; `merged` brings the files together afterwards.

    Args:
        folder: As in `merged`.
        name: Letters and digits that no other process of the run has.
    """
    return Receipts(folder / f"receipts-{name}.sqlite", known=folder / MAIN)


def _opened(path: Path) -> sqlite3.Connection:
    """A connection that holds the file for this process alone; each statement outside a transaction is one."""
    with _explained(path):
        database = sqlite3.connect(path, timeout=_WAIT_S, isolation_level=None, check_same_thread=False)
        try:
            _check(database, path)
            _check_whole(database, path)
            # Exclusive mode must be set before the journal, so that no shared memory is made.
            for statement in ("locking_mode = EXCLUSIVE", "journal_mode = WAL", "synchronous = FULL"):
                database.execute(f"PRAGMA {statement}")
            database.execute("BEGIN IMMEDIATE")
            database.execute(f"PRAGMA application_id = {_APPLICATION}")
            database.execute(f"PRAGMA user_version = {FORMAT}")
            table = _TABLE.replace("key TEXT", "key TEXT NOT NULL UNIQUE", 1)
            database.execute(f"CREATE TABLE IF NOT EXISTS receipts ({table})")
            database.execute("COMMIT")
        except BaseException:
            database.close()
            raise
    return database


def _at_rest(path: Path) -> sqlite3.Connection:
    """A connection that only reads and takes no lock. Whoever made the file has checked that it is whole."""
    with _explained(path):
        address = f"{path.resolve().as_uri()}?mode=ro&immutable=1"
        database = sqlite3.connect(address, uri=True, isolation_level=None, check_same_thread=False)
        _check(database, path)
    return database


def _check(database: sqlite3.Connection, path: Path) -> None:
    """Raise InputError unless a file is new, or ours and readable; nothing is written."""
    (tables,) = database.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
    (application,) = database.execute("PRAGMA application_id").fetchone()
    (version,) = database.execute("PRAGMA user_version").fetchone()
    if tables and application != _APPLICATION:
        raise InputError(f"{path} is a database of something else", "give another file for the receipts (--receipts)")
    if version > FORMAT:
        raise InputError(f"{path} was written by a newer version", "update PocketScore, or give another file")


def _check_whole(database: sqlite3.Connection, path: Path) -> None:
    """Raise DatabaseError unless a file is whole. Reads all of it; nothing is written."""
    (state,) = database.execute("PRAGMA quick_check(1)").fetchone()
    (page,) = database.execute("PRAGMA page_size").fetchone()
    journal = path.with_name(f"{path.name}-wal")
    if path.stat().st_size % page and not (journal.exists() and journal.stat().st_size):
        state = "its last page is cut off"  # which SQLite would read as zeros
    if state != "ok":
        raise sqlite3.DatabaseError(state)


@contextlib.contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Turn errors of SQLite into ours."""
    try:
        yield
    except sqlite3.Error as error:
        raise _explanation(path, error) from error


def _explanation(path: Path, error: sqlite3.Error) -> PocketScoreError:
    name = str(getattr(error, "sqlite_errorname", ""))
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return InputError(f"{path} is in use by another process", "wait until that run has ended, or end it")
    if name.startswith(("SQLITE_FULL", "SQLITE_IOERR", "SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM")):
        return OutputError(
            f"{path} cannot be written: {error}", "free some space, or choose a folder you may write to (--receipts)"
        )
    return InputError(
        f"{path} is damaged or no file of receipts: {error}",
        "put back a copy, or move it away: its answers are then asked and paid for again",
    )
