"""The command line. Each command is one small file and imports what it needs when it runs.

Every error of PocketScore becomes one line and an exit code here, and nowhere else.
"""

from __future__ import annotations

import io
import sys

import typer

from pocketscore.cli import attack, defer, demo, distill, evaluate, export, label, score, suggest, sweep, verify
from pocketscore.errors import PocketScoreError

INTERRUPTED = 130
"""Exit code after Ctrl-C, as shells have it."""

app = typer.Typer(
    name="pocketscore",
    help="Distil a language model's scoring of short answers into a scorer that fits in a pocket.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command("demo")(demo.demo)
app.command("distill")(distill.distill)
app.command("label")(label.label)
app.command("score")(score.score)
app.command("evaluate")(evaluate.evaluate)
app.command("attack")(attack.attack)
app.command("defer")(defer.defer)
app.command("verify")(verify.verify)
app.command("sign")(verify.sign)
app.command("suggest")(suggest.suggest)
app.command("export")(export.export)
app.command("sweep")(sweep.sweep)


def _show_version(value: bool) -> None:  # noqa: FBT001 (typer calls it so)
    if value:
        from pocketscore import __version__

        typer.echo(f"pocketscore {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    debug: bool = typer.Option(False, "--debug", help="Show the full traceback of an error."),  # noqa: FBT001, FBT003
    version: bool = typer.Option(False, "--version", help="Show the version.", callback=_show_version, is_eager=True),  # noqa: FBT001, FBT003
) -> None:
    """Options of all commands."""
    del debug, version  # read by `main` and by the callback


def main() -> None:
    """Run the command line; errors end it with one line on stderr and an exit code of their own."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # answers hold what a terminal's encoding may lack
    debug = "--debug" in sys.argv  # also after the command's name, where people try it
    arguments = [argument for argument in sys.argv[1:] if argument != "--debug"]
    try:
        app(args=arguments)
    except PocketScoreError as error:
        if debug:
            raise
        _end(str(error), error.exit_code)
    except SystemExit as stop:
        if stop.code == INTERRUPTED:
            _end("stopped; the same command goes on from here", INTERRUPTED)
        raise
    except Exception as error:
        if debug:
            raise
        _end(f"{type(error).__name__}: {error}; run again with --debug and report what it shows", 1)


def _end(message: str, code: int) -> None:
    typer.echo(f"error: {' '.join(message.split())}", err=True)
    raise SystemExit(code)
