"""What `pocketscore label` says: its plan, the first answers, agreement with people, and what is left to do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from math import isnan
from typing import TYPE_CHECKING

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pocketscore.cli.tables import NAMES, estimate, short
from pocketscore.types import MISSING, Part

if TYPE_CHECKING:
    from pocketscore.llm.asking import Asking, Planned
    from pocketscore.llm.budget import Plan
    from pocketscore.llm.first_batch import FirstBatch
    from pocketscore.llm.injections import Steering
    from pocketscore.llm.judging import Judged
    from pocketscore.llm.labelling import LabelledItem
    from pocketscore.llm.model import Prompt
    from pocketscore.types import Responses

POOR = (
    "So few answers say little. Language models are often poor scorers: in a published replication one of 405 billion "
    "parameters reached a mean QWK of .26 on the ten items of ASAP-SAS."
)
POOR_QWK = 0.4
"""Up to here agreement is at most "fair" (Landis and Koch 1977)."""

_REASONS = 5
UNKNOWN = "nobody has scored an answer to item {item}: its agreement with people is unknown until some are scored"


def print_item(responses: Responses, planned: Planned) -> None:
    """How many answers there are, who scored them, and what is taken out before they are sent."""
    human = responses.scores != MISSING
    parts = Counter(part for part, scored in zip(responses.parts or (), human, strict=True) if scored)
    sizes = ", ".join(f"{part} {parts[part]}" for part in Part if parts[part])
    scored = f"{int(human.sum())} scored by people" + (f" ({sizes})" if sizes else "")
    typer.echo(f"item {responses.item.id}: {len(responses)} answers, {scored}")
    for note in planned.notes:
        typer.echo(f"note: {note}")
    if planned.taken_out:
        found = ", ".join(f"{n} [{kind}]" for kind, n in sorted(planned.taken_out.items()))
        typer.echo(f"taken out of its answers: {found}")


def print_plan(asking: Asking, planned: Sequence[Planned], plan: Plan | None, *, injections: bool) -> None:
    """What asking takes, None where the model runs here, and who gets the answers."""
    from pocketscore.llm.endpoint import Endpoint

    if plan is None:
        typer.echo(f"plan: {sum(len(item.prompts) for item in planned)} different answers, asked on this machine")
        return
    _print_calls(asking, planned, plan, injections=injections)
    if not Endpoint.parse(asking.name).local:
        allowed = asking.settings.access.allow_remote
        typer.echo("answers leave this machine" if allowed else "answers would leave this machine: see --allow-remote")


def print_changed(asking: Asking, planned: Sequence[Planned], now: Plan, *, injections: bool) -> None:
    """The plan of an endpoint that turned out to give no log-probabilities."""
    typer.echo(f"the server gives no log-probabilities; shares of {asking.settings.ask.samples} answers instead")
    _print_calls(asking, planned, now, injections=injections)


def _print_calls(asking: Asking, planned: Sequence[Planned], plan: Plan, *, injections: bool) -> None:
    """Answers, calls, tokens and cost."""
    from pocketscore.llm.injections import most_calls
    from pocketscore.llm.labelling import STEERED

    typer.echo(
        f"plan: {plan.rows} different answers, {plan.known} of them answered before; {plan.calls} calls, about "
        f"{plan.prompt_tokens:,} tokens in and {plan.completion_tokens:,} out, {_dollars(plan.cost)}"
    )
    ask = asking.settings.ask
    if ask.method == "auto" and plan.method == "logprobs" and plan.calls:
        typer.echo(f"  {ask.samples} times as many calls, and one more, if the server gives no log-probabilities")
    access = asking.settings.access
    if access.max_calls is not None and plan.calls > access.max_calls:
        typer.echo(f"  more than --max-calls {access.max_calls}: the run ends there")
    if access.max_cost is not None and plan.cost is not None and plan.cost > access.max_cost:
        typer.echo(f"  more than --max-cost {access.max_cost:g}: the run ends there")
    if injections:
        calls = len(planned) * most_calls(STEERED) * (ask.samples if plan.method == "samples" else 1)
        typer.echo(f"  and at most {calls} calls to check injections")


def print_prompt(prompt: Prompt) -> None:
    """One prompt, whole: what would be sent."""
    typer.echo("this is what would be sent for one of the answers:\n")
    for message in prompt.messages:
        typer.echo(f"--- {message['role']} ---\n{message['content']}")
    typer.echo("--- end ---")


def print_first(batch: FirstBatch) -> None:
    """The first answers of an item beside people's scores, and how little they say."""
    responses, scale = batch.responses, batch.responses.item.scale
    title = f"Item {escape(responses.item.id)}: the first answers"
    table = Table("id", "human", "model", "probability", "answer", title=title, title_justify="left", box=SIMPLE_HEAD)
    reasons = {failure.row: failure.reason for failure in batch.answers.failures}
    for row, id_ in enumerate(responses.ids):
        human, said = int(responses.scores[row]), int(batch.likeliest[row])
        table.add_row(
            escape(id_),
            "–" if human == MISSING else escape(scale.points[human]),
            "–" if said == MISSING else escape(scale.points[said]),
            escape(reasons[row]) if row in reasons else f"{batch.confidence[row]:.2f}",
            escape(_cut(responses.texts[row])),
        )
    Console().print(table)
    typer.echo(_verdict(batch))


def print_sober(batches: Sequence[FirstBatch]) -> None:
    """How little a first look says, where it compared with people at all."""
    if any(batch.compared for batch in batches):
        typer.echo(POOR)


def print_judged(item: LabelledItem) -> None:
    """Agreement with people before and after calibration, or that it is unknown."""
    name, scale = item.responses.item.id, item.responses.item.scale
    if not item.judged:
        if (item.responses.scores == MISSING).all():
            typer.echo(UNKNOWN.format(item=name))
        return
    metrics = ("accuracy", "qwk" if scale.kind == "ordinal" else "macro_f1")
    title = f"Item {escape(name)}: agreement of the labels with the human score"
    heads = (*(NAMES[metric] for metric in metrics), "cross-entropy")
    table = Table("part", "answers", "", *heads, title=title, title_justify="left", box=SIMPLE_HEAD)
    for judged in item.judged:
        _add(table, judged, metrics, "labels" if item.calibration is None else "calibrated")
    Console().print(table)
    if any(judged.part == Part.TRAIN for judged in item.judged):
        typer.echo("train: by prompts and a calibration without the answer's own score")
    if poor := [judged.part.value for judged in item.judged if judged.after.metrics[metrics[1]].high < POOR_QWK]:
        typer.echo(
            f"poor agreement with people ({', '.join(poor)}): who learns from these labels learns their mistakes"
        )
    if item.calibration is None:
        typer.echo("not calibrated: too few training answers that people and the model scored")


def print_steering(item: str, found: Steering) -> None:
    """How often orders in answers raised the score."""
    overall = found.overall
    if found.unread:
        why = "; ".join(f"{n} {reason}" for reason, n in Counter(found.reasons).most_common(_REASONS))
        typer.echo(f"item {item}: {found.unread} of the texts that check injections have no score ({why})")
    if not overall.tried:
        full = f" ({found.no_room} answers have the score that they ask for already)" if found.no_room else ""
        typer.echo(f"item {item}: no injection could be tried{full}")
        return
    typer.echo(
        f"item {item}: {overall.raised} of {overall.tried} injections raised the score by half a point or more "
        f"({overall.rate.value:.0%}, 95 % interval {overall.rate.low:.0%} to {overall.rate.high:.0%}); "
        f"mean rise {overall.mean_rise:+.2f} points"
    )
    for one in found.kinds:
        if one.raised:
            typer.echo(f"  {one.kind}: {one.raised} of {one.tried}")


def print_failures(items: Sequence[LabelledItem], path: object) -> None:
    """How many answers have no score, and why."""
    reasons = Counter(reason for item in items for reason in item.failures.values())
    total = sum(reasons.values())
    for reason, n in reasons.most_common(_REASONS):
        typer.echo(f"{n} without a score: {reason}")
    if len(reasons) > _REASONS:
        typer.echo(f"... and {len(reasons) - _REASONS} more reasons")
    stopped = any(failure.kind == "budget" for item in items for failure in item.answers.failures)
    again = "with a higher --max-calls or --max-cost " if stopped else ""
    typer.echo(
        f"answers without a score: {total}, listed in {path}; the same command {again}asks for what was not answered"
    )


def _add(table: Table, judged: Judged, metrics: Sequence[str], after: str) -> None:
    """Two rows: what the model itself says, and what became of it."""
    for part, n, kind, found, loss in (
        (judged.part.value, str(judged.before.n), "model", judged.before, judged.loss_before),
        ("", "", after, judged.after, judged.loss_after),
    ):
        table.add_row(part, n, kind, *(estimate(found.metrics[metric]) for metric in metrics), short(loss))


def _verdict(batch: FirstBatch) -> str:
    """What the first answers say, soberly."""
    if not batch.compared:
        if (batch.responses.scores == MISSING).all():
            return UNKNOWN.format(item=batch.responses.item.id)
        return "the model gave none of these answers a score"
    kappa = "" if isnan(batch.qwk) else f" (QWK {short(batch.qwk)})"
    return f"{batch.agreed} of {batch.compared} scores are the human ones{kappa}, before any calibration"


def _dollars(cost: float | None) -> str:
    if cost is None:
        return "at an unknown price: give it with --price IN/OUT or --prices TABLE"
    return f"about ${cost:.2f}" if cost >= 0.01 or cost == 0 else f"about ${cost:.4f}"


def _cut(text: str, most: int = 60) -> str:
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[: most - 1]}…"
