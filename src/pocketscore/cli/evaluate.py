"""`pocketscore evaluate`: how well a scorer agrees with people."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from pocketscore.cli import options


def evaluate(
    scorer: options.ScorerFile,
    responses: Annotated[Path, typer.Argument(help="Answers scored by people.", metavar="SCORED_BY_PEOPLE")],
    out: Annotated[Path | None, typer.Option("-o", "--out", help="Also write the numbers to this JSON file.")] = None,
    response: options.Response = None,
    score: options.Score = None,
    id_: options.Id = None,
    item: options.Item = None,
    score2: options.Score2 = None,
    seed: Annotated[int, typer.Option(help="Seed of the bootstrap.", min=0)] = 0,
) -> None:
    """Compare a scorer with human scores: agreement with 95 % intervals, confusion, and people with each other."""
    from pocketscore.bundle import load
    from pocketscore.cli.tables import print_evaluation
    from pocketscore.data import ColumnChoice, ItemText, atomic_write, read_responses
    from pocketscore.evaluation import evaluate as evaluate_scores
    from pocketscore.evaluation import evaluation_dict

    loaded = load(scorer)
    described = ItemText(loaded.item, points=loaded.scale.points, kind=loaded.scale.kind)
    choice = ColumnChoice(response=response, score=score, id=id_, item=item, score2=score2, split="")
    data = read_responses(responses, choice, {loaded.item: described}, only=(loaded.item,), purpose="check")
    chosen = data.responses[0]
    found = evaluate_scores(chosen, loaded.score(chosen.texts), seed)
    print_evaluation(found, dropped=len(data.dropped))
    if out is not None:
        atomic_write(out, (json.dumps(evaluation_dict(found), indent=2, ensure_ascii=False) + "\n").encode())
        typer.echo(f"written to {out}")
