"""Who labels whom: no answer is ever labelled by a teacher that learnt its score."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pocketscore.data import split
from pocketscore.distillation.labelling import CrossFitLabeller
from pocketscore.distillation.members import MEAN
from pocketscore.progress import Silent
from pocketscore.soft_labels import softmax_at
from pocketscore.teachers.ngrams import NgramTeacher
from pocketscore.teachers.settings import TeacherSettings
from pocketscore.types import Item, Part, Responses, Scale
from pocketscore.workdir import WorkDir

FOLDS = 3
SETTINGS = TeacherSettings(models=("ngrams",), folds=FOLDS)


@pytest.fixture(scope="module")
def responses() -> Responses:
    rng = np.random.default_rng(0)
    words = np.array(["cold", "air", "water", "glass", "drops", "vapour", "liquid"])
    texts = tuple(" ".join(rng.choice(words, size=5)) + f" {i}" for i in range(120))
    scores = np.array([("vapour" in text) + ("liquid" in text) for text in texts])
    return split(Responses(Item("x", Scale.of(["0", "1", "2"])), texts, texts, scores, np.full(120, -1)), seed=0)


@pytest.fixture(scope="module")
def labeller(responses: Responses, tmp_path_factory: pytest.TempPathFactory) -> CrossFitLabeller:
    return CrossFitLabeller([responses], SETTINGS, WorkDir(tmp_path_factory.mktemp("work")), Silent())


def by_hand(responses: Responses, labeller: CrossFitLabeller, texts: tuple[str, ...]) -> np.ndarray:
    """(F, N, K) probabilities of every fold's teacher, at the fitted weight."""
    taught, train = labeller.teach(0), responses.part(Part.TRAIN)
    folds = taught.soft.folds[np.array(responses.parts) == Part.TRAIN]
    teacher = NgramTeacher(train.texts, train.scores, folds, FOLDS, points=3)
    assert taught.calibration is not None
    weight = taught.calibration.weights[0]
    return np.stack([softmax_at(teacher.logits(texts, fold), 1 / weight) for fold in range(FOLDS)])


def test_training_answers_are_labelled_out_of_fold_and_others_by_all(
    responses: Responses, labeller: CrossFitLabeller
) -> None:
    soft = labeller.teach(0).soft
    every = by_hand(responses, labeller, responses.texts)
    in_train = np.array(responses.parts) == Part.TRAIN
    assert set(soft.folds[in_train].tolist()) == set(range(FOLDS))
    assert (soft.folds[~in_train] == MEAN).all()
    rows = np.flatnonzero(in_train)
    np.testing.assert_allclose(soft.probabilities[rows], every[soft.folds[rows], rows], atol=1e-6)
    np.testing.assert_allclose(soft.probabilities[~in_train], every[:, ~in_train].mean(axis=0), atol=1e-6)


def test_new_answers_are_labelled_by_their_fold_or_by_all(responses: Responses, labeller: CrossFitLabeller) -> None:
    texts = ("cold vapour liquid", "cold glass", "vapour and air")
    every = by_hand(responses, labeller, texts)
    found = labeller.label(0, texts, np.array([2, MEAN, 0]))
    assert found is not None
    np.testing.assert_allclose(found, [every[2, 0], every[:, 1].mean(axis=0), every[0, 2]], atol=1e-6)


class Stages(Silent):
    """Keeps the names of stages."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def start(self, stage: str, total: int) -> None:  # noqa: ARG002
        self.names.append(stage)


def test_every_stage_has_words_of_its_own(responses: Responses, tmp_path: Path) -> None:
    other = replace(responses, item=replace(responses.item, id="y"))
    stages = Stages()
    labeller = CrossFitLabeller([responses, other], SETTINGS, WorkDir(tmp_path), stages)
    for item in range(2):
        labeller.teach(item)
        labeller.label(item, ("cold vapour liquid",), np.array([MEAN]))
    assert stages.names == [f"{stage}, item {item}" for item in "xy" for stage in ("soft labels", "transfer set")]


def test_one_fold_labels_what_it_learnt_without_calibration(responses: Responses, tmp_path: Path) -> None:
    taught = CrossFitLabeller([responses], replace(SETTINGS, folds=1), WorkDir(tmp_path), Silent()).teach(0)
    assert taught.calibration is None
    train = responses.part(Part.TRAIN)
    teacher = NgramTeacher(train.texts, train.scores, np.zeros(len(train), dtype=np.int64), 1, points=3)
    rows = np.flatnonzero(np.array(responses.parts) == Part.TRAIN)
    expected = softmax_at(teacher.logits(train.texts, 0), 1.0)
    np.testing.assert_allclose(taught.soft.probabilities[rows], expected, atol=1e-6)


def test_two_teachers_are_weighed_and_named(responses: Responses, tiny_encoder: Path, tmp_path: Path) -> None:
    settings = TeacherSettings(models=(str(tiny_encoder), "ngrams"), folds=2, epochs=1)
    taught = CrossFitLabeller([responses], settings, WorkDir(tmp_path), Silent()).teach(0)
    assert taught.calibration is not None
    assert len(taught.calibration.weights) == 2
    assert taught.calibration.loss_after <= taught.calibration.loss_before
    assert taught.soft.provenance["teacher"] == f"{tiny_encoder.name} + ngrams"
    assert len(taught.soft.provenance["weights_sha256"]) == 64
