"""`pocketscore defer`: give a scorer the threshold that keeps a promise, tested on answers it has never met."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pocketscore.cli import options
from pocketscore.errors import InputError


def defer(
    scorer: options.ScorerFile,
    responses: Annotated[
        Path,
        typer.Argument(
            help="New answers scored by people, none of which the scorer was made from.", metavar="SCORED_BY_PEOPLE"
        ),
    ],
    out: Annotated[Path, typer.Option("-o", "--out", help="Scorer to write.")],
    wrong_at_most: Annotated[
        str, typer.Option(help="Largest share of wrong scores among those given alone, such as 5%, or second-rater.")
    ],
    confidence: Annotated[float, typer.Option(help="How sure the promise has to be.")] = 0.95,
    response: options.Response = None,
    score: options.Score = None,
    id_: options.Id = None,
    item: options.Item = None,
    score2: options.Score2 = None,
    seed: Annotated[int, typer.Option(help="Which quarter of the answers guides.", min=0)] = 0,
) -> None:
    """Choose from which certainty on a scorer may score alone, with a guarantee, and write a scorer that keeps to it.

    A quarter of the answers proposes thresholds, the others test them with an exact binomial bound. Where nothing can
    be promised, the scorer written refers every answer to people.
    """  # fmt: skip
    from pocketscore.bundle import load, save
    from pocketscore.data import ColumnChoice, ItemText, read_responses
    from pocketscore.referral import apart, with_promise
    from pocketscore.referral import wrong_at_most as share
    from pocketscore.trust.deferral import percent

    asked, loaded = share(wrong_at_most), load(scorer)
    described = ItemText(loaded.item, points=loaded.scale.points, kind=loaded.scale.kind)
    choice = ColumnChoice(response=response, score=score, id=id_, item=item, score2=score2, split="")
    data = read_responses(responses, choice, {loaded.item: described}, only=(loaded.item,), purpose="check")
    if data.sha256 == loaded.card.get("data_sha256"):
        raise InputError(
            f"{responses} is the file that the scorer was made from, and nothing can be promised on answers it knows",
            "give other answers, or distil again with --wrong-at-most, which sets answers aside",
        )
    finished, promise = with_promise(loaded, asked, apart(data.responses[0], seed), confidence)
    save(finished, out)
    held = promise.held_out
    if promise.threshold is None:
        typer.echo(f"nothing can be promised, so every answer goes to people: {promise.reason}")
    else:
        typer.echo(
            f"{held.alone} of {held.n} held-out answers scored alone, {held.wrong} of these wrong; with confidence "
            f"{promise.target.confidence:g} at most {percent(promise.target.wrong_at_most)} of such scores are"
        )
    typer.echo(f"written to {out}")
