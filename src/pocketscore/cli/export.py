"""`pocketscore export`: the same scorers in other forms."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pocketscore.errors import InputError


def export(
    scorers: Annotated[list[Path], typer.Argument(help=".pocket files.", metavar="ITEM.pocket...")],
    html: Annotated[
        Path | None,
        typer.Option("--html", help="One offline page for teachers, with all scorers in it.", metavar="FILE"),
    ] = None,
    pwa: Annotated[
        Path | None, typer.Option("--pwa", help="The same page as an installable app for a web server.", metavar="DIR")
    ] = None,
    onnx: Annotated[Path | None, typer.Option("--onnx", help="An ONNX model for each scorer.", metavar="DIR")] = None,
    hub: Annotated[
        Path | None,
        typer.Option("--hub", help="A Hugging Face folder for each scorer (safetensors, model card).", metavar="DIR"),
    ] = None,
    npm: Annotated[
        Path | None, typer.Option("--npm", help="The JavaScript library, ready for npm pack.", metavar="DIR")
    ] = None,
) -> None:
    """Write scorers as a page, an app, ONNX models, Hugging Face folders or with the JavaScript library.

    Every form gives the same scores; what cannot be checked is not written.
    """
    from pocketscore.bundle import load
    from pocketscore.data.files import file_names
    from pocketscore.export.folder import write_folder
    from pocketscore.export.onnx import write_onnx
    from pocketscore.export.package import write_package
    from pocketscore.export.page import one_for_each_item, write_app, write_page

    if not any((html, pwa, onnx, hub, npm)):
        raise InputError("export needs to know what to write", "add --html, --pwa, --onnx, --hub or --npm")
    loaded = [load(path) for path in scorers]
    one_for_each_item(loaded)
    if html:
        size = write_page(loaded, html)
        typer.echo(f"{html}: {size / 1000:.0f} KB, open it with a double click")
    if pwa:
        typer.echo(f"{pwa}: {write_app(loaded, pwa)} files for any web server")
    for name, scorer in zip(file_names([scorer.item for scorer in loaded], ""), loaded, strict=True):
        if onnx:
            typer.echo(f"{write_onnx(scorer, onnx)}: checked against this scorer with onnxruntime")
        if hub:
            write_folder(scorer, hub / name)
            typer.echo(f"{hub / name}: safetensors, vocabulary and model card")
    if npm:
        typer.echo(f"{npm}: {write_package(npm)} files, pack them with npm pack")
