"""Rows of numbers that a teacher has computed, kept on disk in chunks."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from pocketscore.workdir import WorkDir, key_of

Row = npt.NDArray[np.float32]

KEY_BYTES = 32


class RowCache:
    """What is known of each text, under a hash of it.

    Args:
        work: Where chunks are kept.
        prefix: Of their names.
    """

    def __init__(self, work: WorkDir, prefix: str) -> None:
        self._work, self._prefix = work, prefix
        self._rows: dict[bytes, Row] = {}
        for name in work.names(prefix):
            stored = work.get(name)
            if stored is not None:
                raw = stored["keys"].tobytes()
                keys = [raw[i : i + KEY_BYTES] for i in range(0, len(raw), KEY_BYTES)]
                self._rows.update(zip(keys, stored["rows"].astype(np.float32), strict=True))

    def __contains__(self, key: bytes) -> bool:
        return key in self._rows

    def __getitem__(self, key: bytes) -> Row:
        return self._rows[key]

    def put(self, keys: Sequence[bytes], rows: npt.NDArray[np.float32]) -> None:
        """Keep rows (N, ...) under N keys; they are on disk when this returns."""
        name = f"{self._prefix}{key_of([key.hex() for key in keys])}"
        self._work.put(name, {"keys": np.frombuffer(b"".join(keys), dtype=np.uint8), "rows": rows})
        self._rows.update(zip(keys, rows, strict=True))


def row_key(*parts: object) -> bytes:
    """The key of a row that depends on these."""
    return hashlib.sha256(repr(parts).encode("utf-8", "surrogatepass")).digest()
