"""The JavaScript library as a folder that `npm pack` turns into a package."""

from __future__ import annotations

import json
from pathlib import Path

from pocketscore.data.files import atomic_write, check_new, make_folder
from pocketscore.export.modules import WEB


def write_package(folder: Path) -> int:
    """Write the library's modules, its README and package.json; gives the number of files.

    Raises:
        InputError: When the folder holds files already.
        OutputError: When it cannot be written.
    """
    names = ["package.json", "README.md", *json.loads((WEB / "package.json").read_text(encoding="utf-8"))["files"]]
    check_new(folder)
    make_folder(folder)
    for name in names:
        atomic_write(folder / name, (WEB / name).read_bytes())
    return len(names)
