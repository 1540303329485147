"""Detached signatures; the reference is OpenSSL's command line where it is installed."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from pocketscore.errors import ArtefactError, InputError
from pocketscore.signing import check, new_keys, sign


@pytest.fixture
def keys(tmp_path: Path) -> tuple[Path, Path]:
    """A private and a public key."""
    private = tmp_path / "key.pem"
    return private, new_keys(private)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Something to sign."""
    path = tmp_path / "item.pocket"
    path.write_bytes(bytes(range(256)) * 40)
    return path


def test_a_signature_holds_for_its_file_and_key_alone(file: Path, keys: tuple[Path, Path], tmp_path: Path) -> None:
    private, public = keys
    signature = sign(file, private)
    assert len(signature.read_bytes()) == 64
    check(file, signature, public)
    with pytest.raises(ArtefactError, match="is not the signature"):
        check(file, signature, new_keys(tmp_path / "other.pem"))
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    with pytest.raises(ArtefactError, match="is not the signature"):
        check(file, signature, public)


@pytest.mark.parametrize("broken", [b"", b"short", bytes(64), bytes(65)])
def test_a_broken_signature(broken: bytes, file: Path, keys: tuple[Path, Path]) -> None:
    signature = file.with_name("s.sig")
    signature.write_bytes(broken)
    with pytest.raises(ArtefactError, match="is not the signature"):
        check(file, signature, keys[1])


def test_a_private_key_is_not_overwritten(keys: tuple[Path, Path]) -> None:
    before = keys[0].read_bytes()
    with pytest.raises(InputError, match="only copy"):
        new_keys(keys[0])
    assert keys[0].read_bytes() == before
    assert keys[0].stat().st_mode & 0o077 == 0


def test_a_public_key_is_not_overwritten_either(keys: tuple[Path, Path]) -> None:
    before = keys[1].read_bytes()
    with pytest.raises(InputError, match="only copy"):
        new_keys(keys[0].with_suffix(".key"))
    assert keys[1].read_bytes() == before
    assert not keys[0].with_suffix(".key").exists()


def test_what_is_no_key_is_told(file: Path, keys: tuple[Path, Path]) -> None:
    with pytest.raises(InputError, match="no private Ed25519 key"):
        sign(file, keys[1])
    with pytest.raises(InputError, match="no public Ed25519 key"):
        check(file, file, keys[0])


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not on this machine")
def test_openssl_agrees(file: Path, keys: tuple[Path, Path]) -> None:
    private, public = keys
    signature = sign(file, private)
    verify = ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", str(public), "-rawin", "-in", str(file)]
    done = subprocess.run([*verify, "-sigfile", str(signature)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    theirs = file.with_name("theirs.sig")
    make = ["openssl", "pkeyutl", "-sign", "-inkey", str(private), "-rawin", "-in", str(file), "-out", str(theirs)]
    subprocess.run(make, check=True, capture_output=True)
    check(file, theirs, public)
