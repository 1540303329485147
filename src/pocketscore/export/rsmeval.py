"""Predictions as ETS's `rsmeval` reads them, so that anyone can put RSMTool's own report beside ours.

RSMTool leaves responses with human score 0 out unless told otherwise; where 0 is a real score that hides the item's
lowest point. The configuration says `"exclude_zero_scores": false`.
"""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import numpy as np

from pocketscore.data.files import atomic_write, make_folder
from pocketscore.errors import InputError
from pocketscore.types import MISSING, Ints, Responses, Scale, Scores

PREDICTIONS, CONFIG = "predictions.csv", "rsmeval.json"
"""Names inside the folder."""

LEAST_GROUP = 10


def write_rsmeval(responses: Responses, scores: Scores, folder: Path) -> Path:
    """Write predictions and configuration of one item.

    The column `system` holds the score that was given, `expected` the expected score for who wants that instead. Texts
    are not written. Responses without a human score or without a machine score are left out, as `evaluate` leaves them.

    Args:
        responses: N responses with human scores.
        scores: What the scorer says of them.
        folder: Made if need be.

    Returns:
        The configuration: `rsmeval CONFIG OUTPUT` runs it.

    Raises:
        InputError: The scale is nominal: RSMTool knows numbers alone.
        OutputError: The folder cannot be written.
    """
    scale = responses.item.scale
    if scale.kind == "nominal":
        raise InputError(
            f"item {responses.item.id} has the labels {', '.join(scale.points)}, and RSMTool compares numbers",
            "leave out --rsmeval",
        )
    make_folder(folder)
    atomic_write(folder / PREDICTIONS, _table(responses, scores).encode("utf-8"))
    atomic_write(folder / CONFIG, (json.dumps(_config(responses), indent=2, ensure_ascii=False) + "\n").encode())
    return folder / CONFIG


def _config(responses: Responses) -> dict[str, object]:
    scale = responses.item.scale
    second = {"second_human_score_column": "human2"} if (responses.second != MISSING).any() else {}
    return {
        "experiment_id": "pocketscore_" + (re.sub(r"[^A-Za-z0-9]+", "_", responses.item.id) or "item")[:100],
        "description": f"Item {responses.item.id}, scored by PocketScore",
        "predictions_file": PREDICTIONS,
        "id_column": "ID",
        "human_score_column": "human",
        "system_score_column": "system",
        **second,
        "trim_min": float(scale.values[0]),
        "trim_max": float(scale.values[-1]),
        "exclude_zero_scores": False,
        "subgroups": list(responses.groups),
        "min_n_per_group": dict.fromkeys(responses.groups, LEAST_GROUP),
    }


def _table(responses: Responses, scores: Scores) -> str:
    scale = responses.item.scale
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(["ID", "human", "system", "human2", "expected", *responses.groups])
    columns = (
        responses.ids,
        _cells(responses.scores, scale),
        _cells(scores.indices, scale),
        _cells(responses.second, scale),
        [f"{value:.6f}" for value in scores.expected],
        *responses.groups.values(),
    )
    kept = (responses.scores != MISSING) & (scores.indices != MISSING)
    rows = list(zip(*columns, strict=True))
    writer.writerows(rows[i] for i in np.flatnonzero(kept))
    return buffer.getvalue()


def _cells(indices: Ints, scale: Scale) -> list[str]:
    return ["" if i == MISSING else scale.points[i] for i in indices.tolist()]
