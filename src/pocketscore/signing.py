"""Detached Ed25519 signatures of `.pocket` files: who vouches for a scorer, checked without a network.

A signature file holds the 64 bytes that RFC 8032 defines and nothing else, keys are PEM files, so that other tools
check them too: `openssl pkeyutl -verify -pubin -inkey KEY.pub.pem -rawin -in ITEM.pocket -sigfile ITEM.pocket.sig`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, cast

from pocketscore.data.files import atomic_write, read_bytes
from pocketscore.errors import ArtefactError, InputError, MissingExtraError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

SUFFIX = ".sig"
"""What a signature's file name adds to that of the scorer."""


def new_keys(private: Path) -> Path:
    """Make a pair of keys.

    Args:
        private: File for the private key; it stays with you, unencrypted, and is not overwritten.

    Returns:
        The file with the public key beside it, `NAME.pub.pem`, for everyone.

    Raises:
        InputError: There is a file of that name.
    """
    library = _library()
    public = private.with_suffix(".pub.pem")
    for path in (private, public):
        if path.exists():
            raise InputError(f"{path} exists and may be the only copy of a key", "choose another name")
    key = library.ed25519.Ed25519PrivateKey.generate()
    form = library.serialization
    secret = key.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption())
    atomic_write(private, secret, mode=0o600)
    atomic_write(public, key.public_key().public_bytes(form.Encoding.PEM, form.PublicFormat.SubjectPublicKeyInfo))
    return public


def sign(scorer: Path, private: Path) -> Path:
    """Sign a file.

    Args:
        scorer: The `.pocket` file, whole.
        private: The private key.

    Returns:
        The signature's file.
    """
    target = scorer.with_name(scorer.name + SUFFIX)
    atomic_write(target, _private(private).sign(read_bytes(scorer)))
    return target


def check(scorer: Path, signature: Path, public: Path) -> None:
    """Check a signature.

    Raises:
        ArtefactError: It is not the key's signature of this file.
        InputError: The key cannot be read.
    """
    library = _library()
    try:
        _public(public).verify(read_bytes(signature), read_bytes(scorer))
    except library.invalid:
        raise ArtefactError(
            f"{signature} is not the signature of {scorer} by {public}", "get file and key again from who signed it"
        ) from None


def _private(path: Path) -> Ed25519PrivateKey:
    library = _library()
    try:
        key = library.serialization.load_pem_private_key(read_bytes(path), password=None)
    except (ValueError, TypeError) as error:
        raise _no_key(path, "private") from error
    if not isinstance(key, library.ed25519.Ed25519PrivateKey):
        raise _no_key(path, "private")
    return cast("Ed25519PrivateKey", key)


def _public(path: Path) -> Ed25519PublicKey:
    library = _library()
    try:
        key = library.serialization.load_pem_public_key(read_bytes(path))
    except ValueError as error:
        raise _no_key(path, "public") from error
    if not isinstance(key, library.ed25519.Ed25519PublicKey):
        raise _no_key(path, "public")
    return cast("Ed25519PublicKey", key)


def _no_key(path: Path, kind: str) -> InputError:
    return InputError(f"{path} holds no {kind} Ed25519 key", "make a pair with pocketscore sign --new-key")


def _library() -> _Library:
    try:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import ed25519
    except ImportError:
        raise MissingExtraError("signatures need cryptography", 'run: pip install "pocketscore[sign]"') from None
    return _Library(ed25519, serialization, InvalidSignature)


@dataclass(frozen=True)
class _Library:
    """What is used of `cryptography`."""

    ed25519: ModuleType
    serialization: ModuleType
    invalid: type[Exception]
