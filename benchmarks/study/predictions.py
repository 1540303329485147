"""Scores that finished students and rivals gave the test answers, committed so that rows can be added later.

One file for each data set, numbers only. What a work folder lacks is read from it, so that nobody has to train again
what only stands in another row.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from pocketscore.data.files import atomic_write, make_folder
from pocketscore.workdir import WorkDir

Stored = dict[str, npt.NDArray[np.generic]]

COMMITTED = Path(__file__).parent.parent / "predictions"


class Predictions(WorkDir):
    """A work folder, with the committed predictions of a data set behind it.

    Args:
        folder: The work folder.
        path: The committed file; need not exist.
    """

    def __init__(self, folder: Path, path: Path) -> None:
        super().__init__(folder)
        self.path = path

    def get(self, name: str) -> Stored | None:
        """An entry of the work folder, else the committed one, else None."""
        return super().get(name) or self._committed.get(name)

    def commit(self, names: Iterable[str]) -> None:
        """Write the entries that are finished to the committed file, in the order given."""
        found = {name: stored for name in names if (stored := self.get(name)) is not None}
        sizes = {name: {key: int(a) for key, a in stored.items() if not a.ndim} for name, stored in found.items()}
        arrays = {}
        for name, stored in found.items():
            scores = {key: array for key, array in stored.items() if array.ndim}
            arrays["|".join((name, *scores))] = np.array([*scores.values()], dtype=np.int8)
        buffer = io.BytesIO()
        np.savez_compressed(buffer, allow_pickle=False, sizes=np.array(json.dumps(sizes)), **arrays)
        make_folder(self.path.parent)
        atomic_write(self.path, buffer.getvalue())

    @cached_property
    def _committed(self) -> dict[str, Stored]:
        if not self.path.exists():
            return {}
        with np.load(self.path) as file:
            sizes = json.loads(str(file["sizes"]))
            found: dict[str, Stored] = {}
            for member in file.files:
                name, *keys = member.split("|")
                if keys:
                    rows = dict(zip(keys, file[member].astype(np.int64), strict=True))
                    found[name] = {**rows, **{key: np.array(number) for key, number in sizes[name].items()}}
        return found
