"""A teacher without an encoder: TF-IDF of words and letters with logistic regression, one for each fold.

It knows nothing but these answers, and sees spellings that an encoder reads past. Alone it is weaker than an encoder;
together they are better than either (`docs/results.md`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from pocketscore.errors import InputError
from pocketscore.text import words
from pocketscore.types import Floats, Ints

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

NAME = "ngrams"

STRENGTH = 10.0
"""Inverse regularisation strength; the mixture's weight makes good what it does to confidence."""


class NgramTeacher:
    """Cross-fitted models of one item, trained on first use (seconds).

    Args:
        texts: N training answers.
        scores: (N,) index of the human score.
        folds: (N,) fold of each answer.
        total: Number of folds; with 1 the model is asked about what it was trained on.
        points: Number of score points K.
    """

    def __init__(self, texts: Sequence[str], scores: Ints, folds: Ints, total: int, points: int) -> None:
        self._texts, self._scores, self._folds = texts, scores, folds
        self._total, self._points = total, points
        self._models: dict[int, Pipeline] = {}

    def logits(self, texts: Sequence[str], fold: int) -> Floats:
        """Logarithms of one fold's probabilities (M, K) for any texts."""
        if not texts:
            return np.empty((0, self._points))
        model = self._model(fold)
        # A score point without a training answer in this fold's rows has no column: as unlikely as can be said.
        logits = np.full((len(texts), self._points), np.log(1e-4))
        logits[:, model.classes_] = np.log(np.maximum(model.predict_proba(list(texts)), 1e-4))
        return logits

    def _model(self, fold: int) -> Pipeline:
        if fold not in self._models:
            rows = np.flatnonzero((self._folds != fold) | (self._total == 1)).tolist()
            if not rows:
                raise InputError("all training answers are the same", "give answers that differ")
            self._models[fold] = _pipeline(self._scores[rows]).fit([self._texts[i] for i in rows], self._scores[rows])
        return self._models[fold]


def _pipeline(scores: Ints) -> Pipeline:
    from sklearn.dummy import DummyClassifier
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline, make_union

    if len(set(scores.tolist())) == 1:
        return make_pipeline(DummyClassifier())
    features = make_union(
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, lowercase=False, tokenizer=words, token_pattern=None),
        TfidfVectorizer(
            analyzer="char_wb", ngram_range=(3, 4), sublinear_tf=True, lowercase=False, preprocessor=_spelled
        ),
    )
    return make_pipeline(features, LogisticRegression(C=STRENGTH, max_iter=1000))


def _spelled(text: str) -> str:
    """The text as our own rules read it."""
    return " ".join(words(text))
