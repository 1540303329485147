"""What a user would pick instead of a distilled student. Each gives scores (indices) for the test part of a case."""

from __future__ import annotations

import numpy as np
import torch

from benchmarks.study.cases import Case
from pocketscore.metrics import confusion, qwk
from pocketscore.text import words
from pocketscore.types import Ints, Part

RIDGES = (0.1, 0.3, 1.0, 3.0, 10.0)
"""Regularisation strengths of ridge regression tried on the validation part."""


def ridge(case: Case) -> Ints:
    """TF-IDF of words and word pairs, ridge regression on the score, rounded; for ordinal scales."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import Ridge

    train, validation, test = (case.responses.part(part) for part in Part)
    features = TfidfVectorizer(
        ngram_range=(1, 2), sublinear_tf=True, lowercase=False, tokenizer=words, token_pattern=None
    )
    learnt = features.fit_transform(train.texts)
    values = train.item.scale.values

    def rounded(model: Ridge, texts: tuple[str, ...]) -> Ints:
        found = model.predict(features.transform(texts))
        return np.asarray(np.abs(found[:, None] - values).argmin(axis=1), dtype=np.int64)

    models = [Ridge(alpha=alpha).fit(learnt, values[train.scores]) for alpha in RIDGES]
    k = len(values)
    reached = [float(qwk(confusion(validation.scores, rounded(m, validation.texts), k), values)) for m in models]
    return rounded(models[int(np.nanargmax(reached))], test.texts)


def model2vec(case: Case, seed: int) -> Ints:
    """Model2Vec: static vectors of the packaged encoder, fine-tuned with its own classifier, default settings."""
    from model2vec.distill import distill_from_model
    from model2vec.train import StaticModelForClassification
    from transformers import AutoModel, AutoTokenizer

    from pocketscore.teachers.packaged import packaged_minilm

    train, validation, test = (case.responses.part(part) for part in Part)
    source = str(packaged_minilm())
    torch.manual_seed(seed)
    static = distill_from_model(AutoModel.from_pretrained(source), AutoTokenizer.from_pretrained(source), pca_dims=256)
    classifier = StaticModelForClassification.from_static_model(model=static)
    labels = [str(score) for score in train.scores.tolist()]
    checked = [str(score) for score in validation.scores.tolist()]
    classifier.fit(list(train.texts), labels, X_val=list(validation.texts), y_val=checked)
    return np.array([int(label) for label in classifier.predict(list(test.texts))], dtype=np.int64)
