"""The export for RSMTool. Its own computation runs where POCKETSCORE_RSMTOOL names a Python with RSMTool 12."""

from __future__ import annotations

import csv
import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

from pocketscore.errors import InputError
from pocketscore.export.rsmeval import write_rsmeval
from pocketscore.metrics import confusion, exact_agreement, qwk
from pocketscore.types import MISSING, Item, Responses, Scale, Scores, Status


def example(n: int = 120) -> tuple[Responses, Scores]:
    rng = np.random.default_rng(5)
    scale = Scale.of(["0", "1", "2"])
    human = rng.integers(0, 3, n)
    second = np.where(np.arange(n) % 3 == 0, np.clip(human + rng.integers(-1, 2, n), 0, 2), MISSING)
    machine = np.clip(human + (rng.random(n) < 0.3), 0, 2)
    human[-1] = MISSING
    probabilities = np.full((n, 3), 0.1) + 0.7 * np.eye(3)[machine]
    probabilities[0] = np.nan
    status = (Status.EMPTY, *(Status.OK,) * (n - 1))
    groups = {"group_language": tuple("first" if i % 2 else "second" for i in range(n))}
    ids = tuple(f"r{i}" for i in range(n))
    responses = Responses(Item("cold glass", scale), ids, ("text, with comma",) * n, human, second, None, groups)
    return responses, Scores(scale, probabilities, status)


def test_what_is_written(tmp_path: Path) -> None:
    responses, scores = example()
    config = json.loads(write_rsmeval(responses, scores, tmp_path / "rsm").read_text("utf-8"))
    assert config["exclude_zero_scores"] is False
    assert (config["trim_min"], config["trim_max"], config["subgroups"]) == (0, 2, ["group_language"])
    assert " " not in config["experiment_id"]
    with (tmp_path / "rsm" / config["predictions_file"]).open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 118  # one has no machine score, one no human score
    assert "text" not in "".join(rows[0].values())
    human = np.array([int(row[config["human_score_column"]]) for row in rows])
    system = np.array([int(row[config["system_score_column"]]) for row in rows])
    assert (human == responses.scores[1:-1]).all()
    assert (system == scores.indices[1:-1]).all()


def test_without_second_rater_and_groups(tmp_path: Path) -> None:
    responses, scores = example()
    plain = Responses(responses.item, responses.ids, responses.texts, responses.scores, np.full(120, MISSING))
    config = json.loads(write_rsmeval(plain, scores, tmp_path).read_text("utf-8"))
    assert "second_human_score_column" not in config
    assert config["subgroups"] == []


def test_labels_are_refused(tmp_path: Path) -> None:
    scale = Scale.of(["right", "wrong"])
    one = np.array([0])
    responses = Responses(Item("1", scale), ("a",), ("t",), one, np.array([MISSING]))
    with pytest.raises(InputError, match="RSMTool compares numbers"):
        write_rsmeval(responses, Scores(scale, np.array([[0.9, 0.1]]), (Status.OK,)), tmp_path)


def test_rsmeval_computes_the_same(tmp_path: Path) -> None:
    python = os.environ.get("POCKETSCORE_RSMTOOL")
    if not python:
        pytest.skip("POCKETSCORE_RSMTOOL names no Python with RSMTool 12, which does not install beside our versions")
    responses, scores = example()
    config = write_rsmeval(responses, scores, tmp_path)
    code = f"from rsmtool import run_evaluation; run_evaluation({str(config)!r}, {str(tmp_path / 'out')!r})"
    subprocess.run([python, "-c", code], check=True, capture_output=True)
    experiment = json.loads(config.read_text("utf-8"))["experiment_id"]
    with (tmp_path / "out" / "output" / f"{experiment}_eval.csv").open(encoding="utf-8") as file:
        rows = {row[""]: row for row in csv.DictReader(file)}
    found = rows["raw_trim_round"]
    counts = confusion(responses.scores, scores.indices, 3)
    assert float(found["wtkappa"]) == pytest.approx(float(qwk(counts, np.arange(3.0))), abs=1e-6)
    assert float(found["exact_agr"]) == pytest.approx(100 * float(exact_agreement(counts)), abs=1e-6)
    assert int(found["N"]) == 118
