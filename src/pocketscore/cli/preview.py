"""What a user sees before a language model is asked about everything: the plan, and a few answers."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING

import typer

from pocketscore.cli.progress import Pausing

if TYPE_CHECKING:
    from pocketscore.distillation.source import Unlabelled
    from pocketscore.llm.asking import Asking, Opened, Planned
    from pocketscore.llm.budget import Plan
    from pocketscore.llm.first_batch import FirstBatch
    from pocketscore.types import Responses


@dataclass(frozen=True, eq=False)
class Quote:
    """A plan that was shown.

    Attributes:
        asking: The language model, and how it is asked.
        planned: What is asked about each item.
        plan: What that takes, None where the model runs here.
        injections: Whether they are checked too.
    """

    asking: Asking
    planned: Sequence[Planned]
    plan: Plan | None
    _: KW_ONLY
    injections: bool = False

    def shown(self) -> Quote:
        """Show it, and return it."""
        from pocketscore.cli.label_tables import print_plan

        print_plan(self.asking, self.planned, self.plan, injections=self.injections)
        return self

    def corrected(self, model: Opened) -> None:
        """Show what became of it, where the first answers showed that probabilities are read in another way."""
        from pocketscore.cli.label_tables import print_changed

        now = model.plan(self.planned)
        if self.plan is not None and now is not None and self.plan.method != now.method:
            print_changed(self.asking, self.planned, now, injections=self.injections)


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

    def show(self, model: Opened, items: Sequence[Responses], more: Unlabelled) -> None:
        """For one model. Raises typer.Exit (code 0) when the run ends here."""
        from pocketscore.cli.label_tables import print_item
        from pocketscore.llm.labelling import first_answers

        self.progress.close()
        typer.echo(f"teacher: {model.asking.name}")
        planned = [model.asking.planned(responses, more.get(responses.item.id, ())) for responses in items]
        for responses, item in zip(items, planned, strict=True):
            print_item(responses, item)
        quote = Quote(model.asking, planned, model.plan(planned)).shown()
        if quote.plan is not None and not quote.plan.calls:
            return  # everything was answered before
        batches = first_answers(items, model, self.progress, self.first, self.seed)
        self.progress.close()
        quote.corrected(model)
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
