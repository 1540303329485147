"""Files and folders on disk or in an object store, through pyarrow's file systems."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from pocketscore.data.files import unwritable
from pocketscore.data.workbooks import import_pyarrow
from pocketscore.errors import InputError, OutputError

_TEMPORARY = ".pocketscore-"


@dataclass(frozen=True)
class Place:
    """A file or folder on disk or in an object store.

    Attributes:
        location: A path, or a URI that pyarrow opens, such as s3://bucket/folder.
    """

    location: str

    @property
    def is_uri(self) -> bool:
        """Whether it is a URI."""
        return "://" in self.location

    @property
    def suffix(self) -> str:
        """Of the name, in small letters."""
        return PurePosixPath(self.location.rstrip("/")).suffix.lower()

    def __str__(self) -> str:
        return self.location

    def __truediv__(self, name: str) -> Place:
        return Place(f"{self.location.rstrip('/')}/{name}")

    def opened(self) -> tuple[Any, str]:
        """File system of pyarrow, and the path in it. Raises InputError."""
        arrow, _ = import_pyarrow()
        from pyarrow import fs

        if not self.is_uri:
            return fs.LocalFileSystem(), Path(self.location).absolute().as_posix()
        try:
            found: tuple[Any, str] = fs.FileSystem.from_uri(self.location)
        except (arrow.ArrowException, OSError, ValueError) as error:
            raise InputError(
                f"{self} cannot be opened ({error})", "give a path, or s3://, gs://, hdfs://, ..."
            ) from error
        return found

    def info(self) -> Any:  # noqa: ANN401 (pyarrow's)
        """What is there. Raises InputError when nobody can tell."""
        system, path = self.opened()
        with reading(self):
            return system.get_file_info(path)

    def files(self) -> list[str]:
        """Paths below a folder, relative to it, sorted; hidden ones (beginning with . or _) are left out."""
        return [str(name) for name in self._below() if not any(part[:1] in ("_", ".") for part in name.parts)]

    def remove_unfinished(self) -> None:
        """Remove what processes that were killed left below a folder. Raises OutputError."""
        system, path = self.opened()
        with writing(self):
            for name in self._below():
                if name.name.startswith(_TEMPORARY):
                    system.delete_file(f"{path}/{name}")

    def _below(self) -> list[PurePosixPath]:
        system, path = self.opened()
        from pyarrow import fs

        with reading(self):
            found = system.get_file_info(fs.FileSelector(path, allow_not_found=True, recursive=True))
        return sorted(PurePosixPath(each.path).relative_to(path) for each in found if each.is_file)

    def read(self) -> bytes | None:
        """All bytes of a file, None where there is none."""
        system, path = self.opened()
        try:
            with system.open_input_stream(path) as file:
                return bytes(file.read())
        except OSError:
            return None

    def write(self, data: bytes) -> None:
        """Write a file whole or not at all. Raises OutputError."""
        with replacing(self) as file:
            file.write(data)

    def remove(self) -> None:
        """Remove a folder and all in it. Raises OutputError."""
        system, path = self.opened()
        with writing(self):
            system.delete_dir(path)

    def make_folder(self) -> None:
        """Make this folder and those above it. Raises OutputError."""
        system, path = self.opened()
        with writing(self):
            system.create_dir(path, recursive=True)


@contextlib.contextmanager
def replacing(place: Place) -> Iterator[Any]:
    """A stream whose bytes become the file at the end, in place of an older one. Raises OutputError."""
    system, path = place.opened()
    folder, name = str(PurePosixPath(path).parent), PurePosixPath(path).name
    temporary = f"{folder}/{_TEMPORARY}{secrets.token_hex(8)}-{name}.tmp"
    with writing(place):
        try:
            with system.open_output_stream(temporary) as file:
                yield file
            if not place.is_uri:
                with Path(temporary).open("rb") as written:
                    os.fsync(written.fileno())
            system.move(temporary, path)
        except BaseException:
            with contextlib.suppress(OSError):
                system.delete_file(temporary)
            raise


@contextlib.contextmanager
def reading(place: Place) -> Iterator[None]:
    """Errors of reading as InputError."""
    arrow, _ = import_pyarrow()
    try:
        yield
    except (arrow.ArrowException, OSError) as error:
        raise InputError(f"{place} is not a readable parquet file ({error})", "write it again") from error


@contextlib.contextmanager
def writing(place: Place) -> Iterator[None]:
    """Errors of writing as OutputError."""
    arrow, _ = import_pyarrow()
    try:
        yield
    except OSError as error:
        raise unwritable(Path(place.location), error) from error
    except arrow.ArrowException as error:
        raise OutputError(f"{place} cannot be written ({error})", "choose another place") from error
