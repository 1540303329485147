from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from pocketscore.data import atomic_write, read_bytes
from pocketscore.errors import InputError, OutputError


def test_read_bytes_explains(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no file"):
        read_bytes(tmp_path / "none.csv")
    with pytest.raises(InputError, match="is a folder"):
        read_bytes(tmp_path)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read and write everything")
def test_permissions_are_explained(tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("a\n")
    secret.chmod(0)
    with pytest.raises(InputError, match="check that you may open it"):
        read_bytes(secret)
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(OutputError, match="choose a folder you may write to"):
            atomic_write(tmp_path / "new.csv", b"a")
    finally:
        tmp_path.chmod(0o700)


@pytest.mark.parametrize("step", ["os.fsync", "os.replace"])
def test_a_full_disk_leaves_the_old_file(step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "scores.csv"
    atomic_write(path, b"old")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(step, full)
    with pytest.raises(OutputError, match=r"scores\.csv cannot be written: No space left .*free some space"):
        atomic_write(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_an_interrupted_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "scores.csv"
    atomic_write(path, b"old")

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("os.replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        atomic_write(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_missing_folder_and_a_folder_in_place_of_a_file(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="make the folder first"):
        atomic_write(tmp_path / "no" / "a.csv", b"")
    (tmp_path / "a.csv").mkdir()
    with pytest.raises(OutputError, match=r"a\.csv cannot be written"):
        atomic_write(tmp_path / "a.csv", b"")
    assert list(tmp_path.iterdir()) == [tmp_path / "a.csv"]


def test_a_link_keeps_pointing_at_its_target(tmp_path: Path) -> None:
    target, link = tmp_path / "target.csv", tmp_path / "link.csv"
    target.write_bytes(b"old")
    try:
        link.symlink_to(target)
    except OSError:
        pytest.skip("this system does not let users make links")
    atomic_write(link, b"new")
    assert link.is_symlink()
    assert target.read_bytes() == b"new"
