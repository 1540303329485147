"""From one command's options to the `distill` command that goes on from it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import typer


def distill_words(context: typer.Context, without: Collection[str] = ()) -> tuple[str, ...]:
    """How a distill command begins that reads the same: what the user gave here and distill takes too.

    Args:
        context: Of the command that was given; its argument is `responses`.
        without: Parameters that are left out.
    """
    from typer.main import get_command

    from pocketscore.cli.distill import distill

    app = typer.Typer(add_completion=False)
    app.command()(distill)
    known = {parameter.name for parameter in get_command(app).params} - {"responses", *without}
    words = ["pocketscore", "distill", str(context.params["responses"])]
    for parameter in context.command.params:
        source = context.get_parameter_source(parameter.name or "")
        if parameter.name in known and source is not None and source.name == "COMMANDLINE":
            words += _words(parameter.opts[-1], context.params[parameter.name])
    return tuple(words)


def _words(option: str, value: Any) -> list[str]:  # noqa: ANN401 (whatever an option holds)
    if isinstance(value, bool):
        return [option] if value else []
    return [word for each in (value if isinstance(value, list | tuple) else [value]) for word in (option, str(each))]
