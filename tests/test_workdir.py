"""Finished work on disk."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pocketscore.errors import OutputError
from pocketscore.workdir import WorkDir, key_of


def test_entries_come_back_and_unfinished_ones_do_not_exist(tmp_path: Path) -> None:
    work = WorkDir(tmp_path / "work")
    assert work.get("a") is None
    work.put("a", {"x": np.arange(3), "name.with.dots": np.eye(2, dtype=np.float32)})
    found = work.get("a")
    assert found is not None
    assert found["x"].tolist() == [0, 1, 2]
    assert found["name.with.dots"].dtype == np.float32
    work.put("ab", {"x": np.arange(1)})
    work.put_text("ab.txt", "note")
    assert list(work.names("a")) == ["a", "ab"]
    assert list(work.names("ab")) == ["ab"]


def test_a_damaged_entry_counts_as_unfinished(tmp_path: Path) -> None:
    work = WorkDir(tmp_path)
    work.put("a", {"x": np.arange(1000)})
    raw = (tmp_path / "a.npz").read_bytes()
    for damaged in (b"", b"PK", raw[: len(raw) // 2], b"text"):
        (tmp_path / "a.npz").write_bytes(damaged)
        assert work.get("a") is None


def test_a_folder_that_cannot_be_made_is_an_output_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError):
        WorkDir(tmp_path / "file" / "work").put("a", {"x": np.arange(1)})


def test_keys_depend_on_everything() -> None:
    keys = {key_of("a", {"x": 1}), key_of("a", {"x": 2}), key_of("b", {"x": 1}), key_of("a"), key_of(["a", {"x": 1}])}
    assert len(keys) == 5
