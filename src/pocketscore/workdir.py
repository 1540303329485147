"""Finished work on disk, so that a run killed at any moment goes on where it was.

Every entry is one file named by what it depends on, written whole or not at all. A finished entry is never computed
again; an unfinished one leaves nothing behind.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from pocketscore.data.files import atomic_write, make_folder

Arrays = Mapping[str, npt.NDArray[np.generic]]


def key_of(*parts: object) -> str:
    """16 hexadecimal digits that name an entry by everything it depends on (JSON-ready parts).

    >>> key_of("teacher", {"seed": 1}) == key_of("teacher", {"seed": 1}) != key_of("teacher", {"seed": 2})
    True
    """
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()[:16]


class WorkDir:
    """A folder of finished entries.

    Args:
        folder: Made on first use.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def get(self, name: str) -> dict[str, npt.NDArray[np.generic]] | None:
        """The arrays of an entry, or None when it is not finished (or damaged)."""
        path = self.folder / f"{name}.npz"
        try:
            with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as stored:
                return {key: stored[key] for key in stored.files}
        except (OSError, EOFError, KeyError, ValueError, zipfile.BadZipFile):
            return None  # not there, or damaged: computed again

    def put(self, name: str, arrays: Arrays) -> None:
        """Finish an entry."""
        buffer = io.BytesIO()
        np.savez(buffer, **arrays)  # type: ignore[arg-type]  # numpy 1.26 has no allow_pickle here
        make_folder(self.folder)
        atomic_write(self.folder / f"{name}.npz", buffer.getvalue())

    def put_text(self, name: str, text: str) -> None:
        """Write a note for people beside the entries."""
        atomic_write(self.folder / name, text.encode())

    def names(self, prefix: str) -> Iterator[str]:
        """Names of finished entries that start with `prefix`, sorted."""
        return iter(sorted(path.stem for path in self.folder.glob(f"{prefix}*.npz")))
