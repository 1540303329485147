"""Two processes that train one teacher together find what one process finds, but for rounding."""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from pocketscore.engine import Here
from pocketscore.errors import InputError, MissingExtraError, TeacherError
from pocketscore.progress import Silent
from pocketscore.soft_labels import assign_folds
from pocketscore.teachers.crossfit import Answers, CrossFit, CrossFitData
from pocketscore.teachers.device import Device
from pocketscore.teachers.finetune import ALONE, Team
from pocketscore.teachers.parallel import Together
from pocketscore.teachers.settings import TeacherSettings
from pocketscore.workdir import WorkDir

CPU = Device("cpu", bf16=False)
FOLDS = 2


class Exact(CrossFit):
    """Everything in float32: bfloat16 rounds so much that sums in another order would hide a mistake."""

    def _load(self) -> str:
        self.device = CPU
        return super()._load()


@pytest.fixture(scope="module")
def sober(tiny_encoder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny encoder without dropout, which each process draws for itself."""
    folder = shutil.copytree(tiny_encoder, tmp_path_factory.mktemp("sober") / "bert")
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    config |= {"hidden_dropout_prob": 0, "attention_probs_dropout_prob": 0}
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    return folder


def fitted(tiny: Path, folder: Path, processes: int) -> CrossFit:
    """Some batches hold no answer to the second item."""
    rng = np.random.default_rng(0)
    words = np.array(["the water", "cold air", "glass drops"])
    items = (np.arange(45) % 9 == 0).astype(np.int64)
    scores = rng.integers(0, 3 - items)
    answers = Answers(tuple(f"{words[s]} {i}" for i, s in enumerate(scores)), items, scores)
    settings = TeacherSettings(models=("x",), folds=FOLDS, epochs=3, batch=3, patience=3, dropout=0)
    folds = assign_folds(answers.texts, items.tolist(), FOLDS, seed=0)
    data = CrossFitData(answers, answers, folds, [3, 2])
    return Exact(data, str(tiny), settings, WorkDir(folder), Silent(), processes)


def kept(fit: CrossFit, fold: int) -> dict[str, np.ndarray]:
    found = fit._work.get(fit._fold_name(fold))
    assert found is not None
    return found


def test_two_processes_train_what_one_trains(sober: Path, tmp_path: Path) -> None:
    alone, together = (fitted(sober, tmp_path, processes) for processes in (1, 2))
    untrained = {name: tensor.numpy() for name, tensor in alone._new_teacher(0).state_dict().items()}
    for fit in (alone, together):
        fit.train()
    assert alone.key != together.key
    for fold in range(FOLDS):
        one, two = (kept(fit, fold) for fit in (alone, together))
        moved = max(float(np.abs(one[name] - untrained[name]).max()) for name in untrained)
        apart = max(float(np.abs(one[name] - two[name]).max()) for name in untrained)
        assert apart < 0.001 * moved
        texts, items = alone._data.train.texts, alone._data.train.items
        np.testing.assert_allclose(alone.logits(texts, items, fold), together.logits(texts, items, fold), atol=1e-4)


def about_team(_: str, team: Team) -> tuple[list[float | None], list[float]]:
    """What a team says of two parameters that only one process used, one that nobody did, and of shared rows."""
    parameters = [torch.nn.Parameter(torch.ones(2)) for _ in range(3)]
    for place in team.share([0, 1, 2]):
        if place < 2:
            (parameters[place] * (place + 1)).sum().backward()  # type: ignore[no-untyped-call]
    team.add_gradients(parameters)
    rows = team.share(list(range(5)))
    gathered = team.gather(torch.tensor(rows, dtype=torch.float32)[:, None] * 2, rows)
    return [None if p.grad is None else float(p.grad.sum()) for p in parameters], gathered.flatten().tolist()


def test_a_team_adds_up() -> None:
    expected = ([2.0, 4.0, None], [0.0, 2.0, 4.0, 6.0, 8.0])
    assert about_team("add", ALONE) == expected
    assert list(Together(2, CPU).map(about_team, ["add", "add"])) == [expected, expected]
    assert not multiprocessing.active_children()


def goes_wrong(task: str, team: Team) -> str:
    """Both refuse; or one process vanishes, and the other waits for it."""
    if task == "refuse":
        raise TeacherError("this teacher is none", "take another")
    if not team.first:
        os._exit(9)
    team.gather(torch.zeros(1, 1), [0])
    return task


@pytest.mark.parametrize(
    ("task", "words"),
    [("refuse", "this teacher is none; take another"), ("die", "a process of 2 ended before its work")],
)
def test_what_goes_wrong_in_a_process_ends_the_run(task: str, words: str) -> None:
    with pytest.raises(TeacherError, match=words):
        list(Together(2, CPU).map(goes_wrong, [task]))
    assert not multiprocessing.active_children()


class FarAway(Here):
    """An engine elsewhere."""

    remote = True


def test_impossible_teams(tiny_encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="2 processes on 1 of mps"):
        Together(2, Device("mps", bf16=False))
    with pytest.raises(InputError, match="999 processes on"):
        Together(999, CPU)
    with pytest.raises(InputError, match="take one of both"):
        fitted(tiny_encoder, tmp_path, 2).train(FarAway())
    monkeypatch.setattr("pocketscore.teachers.parallel.find_spec", lambda _: None)
    with pytest.raises(MissingExtraError, match=r"pocketscore\[parallel\]"):
        Together(2, CPU)
