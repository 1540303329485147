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
    group: options.Groups = None,
    rsmeval: Annotated[
        Path | None, typer.Option(help="Also write predictions and configuration for RSMTool to this folder.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the bootstrap.", min=0)] = 0,
) -> None:
    """Compare a scorer with human scores: what RSMTool measures, with 95 % intervals, and for whom it may be used.

    Agreement, SMD, PRMSE, the field's conventions, every score point, calibration, groups, and what deferring to people
    would change. Give answers that the scorer has not learnt from.
    """
    from pocketscore.bundle import load
    from pocketscore.cli.evidence_tables import print_validity
    from pocketscore.cli.tables import print_evaluation
    from pocketscore.data import ColumnChoice, ItemText, atomic_write, read_responses
    from pocketscore.evaluation import evaluate as evaluate_scores
    from pocketscore.evaluation import evaluation_dict

    loaded = load(scorer)
    described = ItemText(loaded.item, points=loaded.scale.points, kind=loaded.scale.kind)
    choice = ColumnChoice(response, score, id_, item, score2, "", tuple(group or ()))
    data = read_responses(responses, choice, {loaded.item: described}, only=(loaded.item,), purpose="check")
    chosen = data.responses[0]
    scores = loaded.score(chosen.texts)
    found = evaluate_scores(chosen, scores, seed)
    print_evaluation(found, dropped=len(data.dropped))
    print_validity(found.validity)
    if out is not None:
        atomic_write(out, (json.dumps(evaluation_dict(found), indent=2, ensure_ascii=False) + "\n").encode())
        typer.echo(f"written to {out}")
    if rsmeval is not None:
        from pocketscore.export.rsmeval import write_rsmeval

        typer.echo(f"for RSMTool: rsmeval {write_rsmeval(chosen, scores, rsmeval)} OUTPUT")
