"""Write docs/cli.md from the commands themselves, so that the page never says anything else than --help.

Run: python scripts/make_cli_docs.py          writes the page
     python scripts/make_cli_docs.py --check  exits 1 when the page is stale, and writes nothing
"""

import sys
from pathlib import Path

import typer
from typer.core import TyperGroup
from typer.main import get_command

from pocketscore.cli import app

TARGET = Path(__file__).parents[1] / "docs" / "cli.md"
WIDTH = 100
"""Columns of the help texts, whatever the terminal's."""

HEAD = """# Command line

What `--help` prints for each command. This page is made by `python scripts/make_cli_docs.py`; do not edit it by hand.
What the options mean is told in [the guide](guide.md); its [table of exit codes](guide.md#exit-codes) applies to every
command. `python -m pocketscore` is the same as `pocketscore`.
"""


def page() -> str:
    """The whole page."""
    root = get_command(app)
    assert isinstance(root, TyperGroup)
    context = typer.Context(root, info_name="pocketscore", terminal_width=WIDTH, max_content_width=WIDTH, color=False)
    sections = [HEAD, _section("pocketscore", root.get_help(context))]
    for name, command in root.commands.items():
        inner = typer.Context(command, info_name=name, parent=context, terminal_width=WIDTH, max_content_width=WIDTH)
        sections.append(_section(f"pocketscore {name}", command.get_help(inner)))
    return "\n".join(sections)


def _section(title: str, text: str) -> str:
    lines = "\n".join(line.rstrip() for line in text.strip().splitlines())
    return f"## {title}\n\n```text\n{lines}\n```\n"


def main() -> None:
    """Write the page, or check it."""
    made = page()
    if "--check" not in sys.argv[1:]:
        TARGET.write_text(made, encoding="utf-8", newline="\n")
    elif not TARGET.exists() or TARGET.read_text(encoding="utf-8") != made:
        sys.exit(f"docs/{TARGET.name} is stale; run: python scripts/make_cli_docs.py")


if __name__ == "__main__":
    main()
