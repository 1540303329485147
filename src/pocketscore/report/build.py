"""From results to one HTML file that needs nothing else: no scripts, no network, no fonts.

Answers are hostile text: the template escapes everything, and a content security policy forbids what would slip
through. Everything that follows from a clock stands in elements with the attribute `data-measured`; without them
two runs of the same command give the same file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import jinja2
from markupsafe import Markup

from pocketscore.bundle import FORMAT_VERSION
from pocketscore.errors import InputError
from pocketscore.report import findings, notes, numerals, wording
from pocketscore.report.item import ItemView
from pocketscore.report.notes import DataNotes, Speed
from pocketscore.results import ItemResult
from pocketscore.text import TEXT_VERSION

__all__ = ["DataNotes", "Speed", "render"]

_FOLDER = Path(__file__).parent
_CONTROL = (*range(9), 11, 12, *range(14, 32), *range(127, 160))
UNFIT = dict.fromkeys((*_CONTROL, *range(0xD800, 0xE000)), "\ufffd")
"""Control characters and half characters: HTML cannot hold them, so they become a replacement character."""


def render(results: Sequence[ItemResult], data: DataNotes, speeds: Mapping[str, Speed] | None) -> str:
    """The report of a run as HTML.

    Args:
        results: At least one item; several get an overview with links first.
        data: The file behind the results, and the run.
        speeds: Item id -> measured speed; None or a missing item leaves the lines about speed out.

    Raises:
        InputError: Without any result.
    """
    if not results:
        raise InputError("a report needs at least one item", "distil one first")
    measured = speeds or {}
    items = [
        ItemView(number, result, data, measured.get(result.responses.item.id))
        for number, result in enumerate(results, start=1)
    ]
    page = (
        environment()
        .get_template("report.html.jinja")
        .render(
            items=items,
            models=list(dict.fromkeys(item.scored_by for item in items if item.scored_by)),
            data=data,
            other_dropped=notes.of_no_item(data, {item.id for item in items}),
            versions={
                "PocketScore": data.version,
                "file format": FORMAT_VERSION,
                "text rules": str(TEXT_VERSION),
            },
        )
    )
    return page.translate(UNFIT)


def environment() -> jinja2.Environment:
    """Templates, and what they all use."""
    found = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style = Markup((_FOLDER / "style.css").read_text("utf-8"))  # our own file, not data
    found.globals |= {"style": style, "n": numerals, "findings": findings, "words": wording}
    return found
