"""Bytes on disk: read with clear errors, written all or nothing, decoded as programs really write them."""

from __future__ import annotations

import codecs
import contextlib
import errno
import hashlib
import os
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from pocketscore.errors import InputError, OutputError

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_OTHER_PLACE = "choose a folder you may write to, and close the file where it is open"
_REMEDIES = {
    errno.ENOENT: "make the folder first",
    errno.ENOSPC: "free some space on the disk",
    errno.EISDIR: "give the name of a file, not of a folder",
}


@dataclass(frozen=True)
class Decoded:
    """Text of a file and how its bytes spelt it."""

    text: str
    encoding: str
    bom: bytes


def read_bytes(path: Path) -> bytes:
    """All bytes of a file. Raises InputError when there is none or it may not be read."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise InputError(f"there is no file {path}", "check its name and folder") from None
    except OSError as error:
        if path.is_dir():
            raise InputError(f"{path} is a folder", "give the name of a file in it") from None
        raise InputError(f"{path} cannot be read: {error.strerror or error}", "check that you may open it") from error


def atomic_write(path: Path, data: bytes, mode: int = 0o666) -> None:
    """Write a file whole or not at all: an older file of that name survives any failure.

    Args:
        path: The file.
        data: Its content.
        mode: Who may read and write it, less what the process forbids (umask).

    Raises:
        OutputError: With path, reason and remedy (full disk, missing folder, no permission, ...).
    """
    try:
        # A link keeps pointing at its target, which gets the new content.
        target = path.resolve()
        temporary = target.with_name(f".pocketscore-{secrets.token_hex(8)}.tmp")
        try:
            with open(temporary, "xb", opener=partial(os.open, mode=mode)) as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(target)
        finally:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
    except OSError as error:
        raise unwritable(path, error) from error


def unwritable(path: Path, error: OSError) -> OutputError:
    """The error for a file that could not be written, with reason and remedy."""
    remedy = _REMEDIES.get(error.errno or 0, _OTHER_PLACE)
    return OutputError(f"{path} cannot be written: {error.strerror or error}", remedy)


def make_folder(folder: Path) -> None:
    """Make a folder and those above it. Raises OutputError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"folder {folder} cannot be made: {error.strerror or error}", _OTHER_PLACE) from error


def check_new(folder: Path) -> None:
    """Raise InputError unless a folder is empty or not there, so that nothing of others is overwritten."""
    if folder.is_file() or (folder.exists() and any(folder.iterdir())):
        raise InputError(f"{folder} is there already and not empty", "give a new folder")


def file_names(items: Sequence[str], suffix: str = ".pocket") -> list[str]:
    """A file name for each item id, safe on every system and different from the others.

    >>> file_names(["cold-glass", "a/b", "a b", "CON"])
    ['cold-glass.pocket', 'a_b-c14cdd.pocket', 'a_b-c8687a.pocket', 'CON-a3dbc4.pocket']
    """
    stems = [re.sub(r"[^A-Za-z0-9._-]", "_", item).strip(".") for item in items]
    folded = [stem.casefold() for stem in stems]
    reserved = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)|$")
    names = []
    for item, stem, key in zip(items, stems, folded, strict=True):
        plain = stem == item and len(stem) <= 80 and folded.count(key) == 1 and not reserved.match(key)
        mark = hashlib.sha256(item.encode("utf-8", "surrogatepass")).hexdigest()[:6]
        names.append(f"{stem}{suffix}" if plain else f"{stem[:80]}-{mark}{suffix}")
        if names[-1].casefold() in (name.casefold() for name in names[:-1]):
            names[-1] = f"{stem[:80]}-{mark}-{len(names)}{suffix}"
    return names


def decode(data: bytes, path: Path) -> Decoded:
    """Text of a file in UTF-8, UTF-16 with a byte order mark, or else Windows-1252.

    Raises:
        InputError: With byte offset and line of the first byte that is no text; also for NUL characters.
    """
    bom, encoding = next(((bom, name) for bom, name in _BOMS if data.startswith(bom)), (b"", "utf-8"))
    body = data.removeprefix(bom)
    try:
        text = body.decode(encoding)
    except UnicodeDecodeError as error:
        if bom:
            raise _undecodable(data, len(bom) + error.start, encoding, path) from None
        encoding = "cp1252"
        try:
            text = body.decode(encoding)
        except UnicodeDecodeError as second:
            raise _undecodable(data, second.start, "UTF-8 or Windows-1252", path) from None
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise InputError(f"{path}, line {line}: a NUL character, so this is no text file", _SAVE_AGAIN)
    return Decoded(text, encoding, bom)


def spelling_of(path: Path, piece: int = 1 << 20) -> Decoded:
    """How a file's bytes spell text, found in pieces so that it may be larger than memory; the text is left out.

    Raises:
        InputError: As `decode` and `read_bytes`.
    """
    try:
        with path.open("rb") as file:
            start = file.read(4)
    except OSError:
        start = read_bytes(path)[:4]  # which says what is wrong
    bom, encoding = next(((mark, name) for mark, name in _BOMS if start.startswith(mark)), (b"", "utf-8"))
    for candidate in (encoding,) if bom else (encoding, "cp1252"):
        if _decodes(path, candidate, piece):
            return Decoded("", candidate, bom)
    return replace(decode(read_bytes(path), path), text="")  # which says where it fails


def _decodes(path: Path, encoding: str, piece: int) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    with path.open("rb") as file:
        try:
            for data in iter(partial(file.read, piece), b""):
                if "\0" in decoder.decode(data):
                    return False
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True


_SAVE_AGAIN = "save it again as 'CSV UTF-8' or as .xlsx"


def _undecodable(data: bytes, offset: int, encoding: str, path: Path) -> InputError:
    line = data[:offset].count(b"\n") + 1
    return InputError(f"{path}, line {line}: byte {offset} (0x{data[offset]:02x}) is not {encoding} text", _SAVE_AGAIN)
