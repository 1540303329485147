"""The page for teachers: one HTML file with everything in it, or a folder that installs as an app."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import NamedTuple

from pocketscore import bundle
from pocketscore.data.files import atomic_write, check_new, make_folder
from pocketscore.errors import InputError
from pocketscore.export.modules import WEB, in_order, one_script
from pocketscore.student import Scorer

_ENTRY = WEB / "page" / "app.js"
_FIRST = (
    'document.getElementById("quiet").hidden = true; '
    'document.body.setAttribute("data-late", setTimeout(function () '
    '{ document.getElementById("old").hidden = false; }, 5000));'
)
"""Runs in every browser, before all else. Unless the page's own script stops it, the browser is too old for that."""
_PAGE_POLICY = "default-src 'none'; script-src {scripts}; style-src {style}; base-uri 'none'; form-action 'none'"
_APP_POLICY = (
    "default-src 'none'; script-src 'self' {scripts}; style-src 'self'; img-src 'self'; manifest-src 'self'; "
    "worker-src 'self'; base-uri 'none'; form-action 'none'"
)
_COLOUR = "#1f5fa8"
_ICON = (
    f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 512 512"><rect width="512" height="512" fill="{_COLOUR}"/>'
    '<path d="M150 270l75 75 140-165" fill="none" stroke="#fff" stroke-width="52" stroke-linecap="round" '
    'stroke-linejoin="round"/></svg>\n'
)


class _Part(NamedTuple):
    """What differs between the file and the app, as it stands in the document."""

    policy: str
    head: str
    script: str


def page(scorers: Sequence[Scorer]) -> str:
    """One self-contained HTML document that scores offline, from `file://` too.

    Its Content-Security-Policy forbids every connection and every script but its own.

    Raises:
        InputError: Without scorers, or for two scorers of one item.
    """
    style = (WEB / "page" / "page.css").read_text(encoding="utf-8")
    script = one_script(_ENTRY)
    policy = _PAGE_POLICY.format(scripts=f"{_hash(_FIRST)} {_hash(script)}", style=_hash(style))
    return _document(scorers, _Part(policy, f"<style>{style}</style>", f'<script type="module">{script}</script>'))


def write_page(scorers: Sequence[Scorer], path: Path) -> int:
    """Write `page` to a file, whole or not at all; gives its size in bytes. Raises InputError and OutputError."""
    raw = page(scorers).encode()
    atomic_write(path, raw)
    return len(raw)


def write_app(scorers: Sequence[Scorer], folder: Path) -> int:
    """Write the page as a folder for any static host; once opened, it works without the host and can be installed.

    Returns:
        The number of files.

    Raises:
        InputError: As `page`, and when the folder holds files already.
        OutputError: When it cannot be written.
    """
    files = {
        "index.html": _document(scorers, _app_part()),
        "icon.svg": _ICON,
        "manifest.webmanifest": json.dumps(_manifest(scorers), indent=1) + "\n",
        "page/page.css": (WEB / "page" / "page.css").read_text(encoding="utf-8"),
        **{path.relative_to(WEB).as_posix(): path.read_text(encoding="utf-8") for path in in_order(_ENTRY)},
    }
    files["sw.js"] = _service_worker(files)
    check_new(folder)
    for name, text in files.items():
        target = folder / name
        make_folder(target.parent)
        atomic_write(target, text.encode())
    return len(files)


def _app_part() -> _Part:
    head = (
        '<link rel="stylesheet" href="page/page.css">\n<link rel="manifest" href="manifest.webmanifest">\n'
        f'<link rel="icon" href="icon.svg">\n<meta name="theme-color" content="{_COLOUR}">'
    )
    script = '<script type="module" src="page/app.js" data-worker="sw.js"></script>'
    return _Part(_APP_POLICY.format(scripts=_hash(_FIRST)), head, script)


def _document(scorers: Sequence[Scorer], part: _Part) -> str:
    files = [bundle.to_bytes(scorer) for scorer in scorers]
    one_for_each_item(scorers)
    title = f"{scorers[0].item} · PocketScore" if len(scorers) == 1 else "PocketScore"
    data = "\n".join(f'<script type="application/pocket">{base64.b64encode(raw).decode()}</script>' for raw in files)
    body = (WEB / "page" / "page.html").read_text(encoding="utf-8")
    mark = hashlib.sha256(b"".join(files)).hexdigest()[:16]
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{part.policy}">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta name="referrer" content="no-referrer">\n<title>{escape(title)}</title>\n{part.head}\n</head>\n'
        f'<body data-page="{mark}">\n{body}<script>{_FIRST}</script>\n{data}\n{part.script}\n</body>\n</html>\n'
    )


def one_for_each_item(scorers: Sequence[Scorer]) -> None:
    """Raise InputError for no scorers, and for two of one item."""
    items = [scorer.item for scorer in scorers]
    if not items:
        raise InputError("there is no scorer to export", "name at least one .pocket file")
    twice = {item for item in items if items.count(item) > 1}
    if twice:
        raise InputError(f"two scorers are for item {min(twice)}", "give one scorer for each item")


def _manifest(scorers: Sequence[Scorer]) -> dict[str, object]:
    name = f"PocketScore: {scorers[0].item}" if len(scorers) == 1 else "PocketScore"
    return {
        "name": name,
        "short_name": "PocketScore",
        "start_url": "./index.html",
        "scope": "./",
        "display": "standalone",
        "background_color": "#fbfbf9",
        "theme_color": _COLOUR,
        "icons": [{"src": "icon.svg", "sizes": "any", "type": "image/svg+xml", "purpose": "any"}],
    }


def _service_worker(files: dict[str, str]) -> str:
    """The worker that answers from its own store; the list of files and their hash make each export its own version."""
    source = (WEB / "page" / "sw.js").read_text(encoding="utf-8")
    version = hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()[:16]
    return f"const VERSION = {json.dumps(version)};\nconst FILES = {json.dumps(sorted(files))};\n{source}"


def _hash(text: str) -> str:
    """A source expression of a Content-Security-Policy."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
