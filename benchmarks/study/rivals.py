"""What a user would pick instead of a distilled student. Each gives scores (indices) for the test part of a case."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from benchmarks.study.cases import Case, decided
from benchmarks.study.datasets import SEED
from pocketscore.decision import cut_points
from pocketscore.distillation.labelling import CrossFitLabeller
from pocketscore.progress import Progress
from pocketscore.teachers.packaged import packaged_minilm
from pocketscore.teachers.settings import TeacherSettings
from pocketscore.text import words
from pocketscore.types import Floats, Ints, Part
from pocketscore.workdir import WorkDir

if TYPE_CHECKING:
    from model2vec import StaticModel


@dataclass(frozen=True, eq=False)
class Rival:
    """What a rival says.

    Attributes:
        indices: (M,) scores of the test part, decided as a student's are.
        likeliest: (M,) scores as the rival itself gives them: the likeliest point, or the nearest to its estimate.
        parameters: Number of weights; 0 when it is not a network.
    """

    indices: Ints
    likeliest: Ints
    parameters: int


RIDGES = (0.1, 0.3, 1.0, 3.0, 10.0)
"""Regularisation strengths of ridge regression tried on the validation part."""


def ridge(case: Case) -> Rival:
    """TF-IDF of words and word pairs, ridge regression on the score; for ordinal scales."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import Ridge

    train, validation, test = (case.responses.part(part) for part in (Part.TRAIN, Part.VALIDATION, Part.TEST))
    features = TfidfVectorizer(
        ngram_range=(1, 2), sublinear_tf=True, lowercase=False, tokenizer=words, token_pattern=None
    )
    learnt = features.fit_transform(train.texts)
    values = train.item.scale.values
    models = [Ridge(alpha=alpha).fit(learnt, values[train.scores]) for alpha in RIDGES]
    checked = features.transform(validation.texts)
    errors = [np.mean((model.predict(checked) - values[validation.scores]) ** 2) for model in models]
    best = models[int(np.argmin(errors))]
    said = best.predict(features.transform(test.texts))
    cuts = cut_points(best.predict(checked), validation.scores, train.item.scale)
    nearest = np.abs(said[:, None] - values).argmin(axis=1)
    return Rival(nearest if cuts is None else np.searchsorted(cuts, said, side="right"), nearest, 0)


def model2vec(case: Case, seed: int) -> Rival:
    """Model2Vec: static vectors of the packaged encoder, fine-tuned with its own classifier, default settings."""
    from model2vec.train import StaticModelForClassification

    train, validation = case.train, case.responses.part(Part.VALIDATION)
    torch.manual_seed(seed)
    classifier = StaticModelForClassification.from_static_model(model=deepcopy(_static_vectors()))
    labels = [str(score) for score in train.scores.tolist()]
    checked = [str(score) for score in validation.scores.tolist()]
    classifier.fit(list(train.texts), labels, X_val=list(validation.texts), y_val=checked, random_seed=seed)
    places = np.array([int(label) for label in classifier.classes])
    soft = np.zeros((len(case.responses), len(train.item.scale)))
    for part in (Part.VALIDATION, Part.TEST):
        rows = case.rows(part)
        soft[np.ix_(rows, places)] = classifier.predict_proba([case.responses.texts[i] for i in rows])
    return _decided(case, soft, sum(weight.numel() for weight in classifier.parameters()))


@cache
def _static_vectors() -> StaticModel:
    from model2vec.distill import distill_from_model
    from transformers import AutoModel, AutoTokenizer

    source = str(packaged_minilm())
    return distill_from_model(AutoModel.from_pretrained(source), AutoTokenizer.from_pretrained(source), pca_dims=256)


def _decided(case: Case, soft: Floats, parameters: int) -> Rival:
    """A rival from the probabilities (N, K) that it gives validation and test answers."""
    found = decided(case, soft)
    return Rival(found.indices, found.probabilities.argmax(axis=1), parameters)


def small_encoder(cases: Sequence[Case], model: str | None, work: Path, progress: Progress) -> list[Rival]:
    """A fine-tuned small encoder, one for all items, as TinyBERT is used.

    Args:
        cases: The items.
        model: Hub id or folder. None stands in for that class of model where there is no network: the packaged MiniLM
            with the first 2 of its 6 layers, all of them trained.
        work: Where the model and its scores are kept.
        progress: Told about every epoch.
    """
    name = model or str(_two_layers(work / "minilm-2-layers"))
    settings = TeacherSettings(models=(name,), layers="all", folds=1, seed=SEED)
    items = [case.responses for case in cases]
    labeller = CrossFitLabeller(items, settings, WorkDir(work), progress)
    taught = [labeller.teach(number) for number in range(len(cases))]
    return [
        _decided(case, found.soft.probabilities, found.parameters or 0)
        for found, case in zip(taught, cases, strict=True)
    ]


def _two_layers(folder: Path) -> Path:
    from transformers import AutoModel, AutoTokenizer

    source = str(packaged_minilm())
    if not (folder / "config.json").exists():
        model = AutoModel.from_pretrained(source)
        model.encoder.layer = model.encoder.layer[:2]
        model.config.num_hidden_layers = 2
        AutoTokenizer.from_pretrained(source).save_pretrained(folder)
        model.save_pretrained(folder)
    return folder
