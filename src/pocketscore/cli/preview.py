"""What a user sees before a language model is asked about everything: the plan, and a few answers."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING

import typer

from pocketscore.cli.progress import Pausing

if TYPE_CHECKING:
    from pocketscore.llm.asking import Opened
    from pocketscore.llm.first_batch import FirstBatch
    from pocketscore.types import Responses


@dataclass(frozen=True)
class Preview:
    """Shows a language model's plan and first answers, and ends the run unless the user wants it to go on.

    Attributes:
        progress: Pauses while the user is asked.
        first: Answers of each item to show; with 0 nobody is asked.
        seed: Seed of their choice.
        yes: Whether to go on without asking.
    """

    progress: Pausing
    first: int
    seed: int
    _: KW_ONLY
    yes: bool

    def show(self, model: Opened, items: Sequence[Responses]) -> None:
        """For one model. Raises typer.Exit (code 0) when the run ends here."""
        from pocketscore.cli.label_tables import print_item, print_plan
        from pocketscore.llm.labelling import first_answers

        self.progress.close()
        typer.echo(f"teacher: {model.asking.name}")
        planned = [model.asking.planned(responses) for responses in items]
        for responses, item in zip(items, planned, strict=True):
            print_item(responses, item)
        print_plan(model.asking, planned, model.plan(planned), injections=False)
        batches = first_answers(items, model, self.progress, self.first, self.seed)
        self.progress.close()
        if batches and not liked(batches, yes=self.yes):
            typer.echo("stopped after the first answers; the same command with --yes goes on, asking for none twice")
            raise typer.Exit


def liked(batches: Sequence[FirstBatch], *, yes: bool) -> bool:
    """Show the first answers and ask whether to go on; without a terminal nobody can say so."""
    from pocketscore.cli.label_tables import print_first, print_sober

    for batch in batches:
        print_first(batch)
    print_sober(batches)
    if yes or not (sys.stdin.isatty() and sys.stdout.isatty()):
        return yes
    return typer.confirm("Ask about all the others?")
