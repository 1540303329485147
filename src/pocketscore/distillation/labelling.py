"""Where soft labels come from: a cross-fitted encoder, or a file made by any other model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from pocketscore.metrics import cross_entropy, expected_calibration_error
from pocketscore.progress import Progress
from pocketscore.results import Calibration
from pocketscore.soft_labels import assign_folds, fit_weights, read_probabilities, softmax_at
from pocketscore.teachers import ngrams
from pocketscore.teachers.crossfit import Answers, CrossFit, CrossFitData, model_name
from pocketscore.teachers.ngrams import NgramTeacher
from pocketscore.teachers.settings import TeacherSettings
from pocketscore.types import Floats, Ints, Part, Responses, SoftLabels
from pocketscore.workdir import WorkDir

MEAN = -1
"""Fold number of a row that has the mean of all folds."""


@dataclass(frozen=True, eq=False)
class Taught:
    """A teacher's answer for one item.

    Attributes:
        soft: Soft labels of all N responses.
        calibration: Of the teacher, if it was fine-tuned here and asked out of fold.
        parameters: Number of weights of the teacher, None when unknown.
    """

    soft: SoftLabels
    calibration: Calibration | None
    parameters: int | None


class Labeller(Protocol):
    """Gives soft labels."""

    def teach(self, item: int) -> Taught:
        """Soft labels of an item's responses."""

    def label(self, item: int, texts: Sequence[str], folds: Ints) -> Floats | None:
        """Soft labels (M, K) of new texts, each by the teacher of its fold; None when this teacher cannot be asked."""

    def answer(self, texts: Sequence[str]) -> bool:
        """Score texts as in use, for a measure of speed; False when this teacher cannot be asked."""

    def states(self, words: Sequence[str]) -> Floats | None:
        """One vector (V, H) for each word, None when there is no encoder."""


class CrossFitLabeller:
    """Soft labels from teachers that learn from the responses' training part, each answer out of fold.

    Encoders serve all items together, n-gram teachers one item each. Their logits are added with weights fitted on
    the out-of-fold training rows (with one teacher that is one over the usual temperature).
    """

    def __init__(
        self, items: Sequence[Responses], settings: TeacherSettings, work: WorkDir, progress: Progress
    ) -> None:
        self._items, self._settings, self._progress = items, settings, progress
        train = _answers(items, Part.TRAIN)
        strata = list(zip(train.items.tolist(), train.scores.tolist(), strict=True))
        folds = assign_folds(train.texts, strata, settings.folds, settings.seed)
        self._folds = [folds[train.items == item] for item in range(len(items))]
        data = CrossFitData(train, _answers(items, Part.VALIDATION), folds, [len(r.item.scale) for r in items])
        self._encoders = [
            CrossFit(data, model, settings, work, progress) for model in settings.models if model != ngrams.NAME
        ]
        self._ngrams = [self._ngram_teacher(item) for item in range(len(items))]
        for encoder in self._encoders:
            encoder.train()
            work.put_text(f"teacher-{encoder.key}.txt", _lines(encoder.provenance()))
        self._weights: dict[int, Floats] = {}

    def teach(self, item: int) -> Taught:
        """Out-of-fold soft labels for training rows, the mean of the folds for the others."""
        responses = self._items[item]
        in_train = np.array(responses.parts) == Part.TRAIN
        folds = np.full(len(responses), MEAN, dtype=np.int64)
        folds[in_train] = self._folds[item]
        logits = self._logits(item, responses.texts, folds)
        rows = np.flatnonzero(in_train)
        out_of_fold, scores = logits[:, folds[rows], rows], responses.scores[rows]
        weights = self._weights[item] = self._fitted(out_of_fold, scores)
        soft = SoftLabels(self._mixed(item, logits), folds, self._provenance(weights))
        parameters = sum(encoder.encoder.parameters for encoder in self._encoders) or None
        honest = self._settings.folds > 1
        return Taught(soft, _calibration(out_of_fold, scores, weights) if honest else None, parameters)

    def label(self, item: int, texts: Sequence[str], folds: Ints) -> Floats | None:
        """Soft labels by the fold that has seen none of a text's sources, the mean of all where that is `MEAN`."""
        return self._mixed(item, self._logits(item, texts, folds))

    def answer(self, texts: Sequence[str]) -> bool:
        """Score texts with one fold's teachers, nothing cached."""
        for encoder in self._encoders:
            encoder.answer(texts)
        if ngrams.NAME in self._settings.models:
            self._ngrams[0].logits(texts, 0)
        return True

    def states(self, words: Sequence[str]) -> Floats | None:
        """Mean-pooled states of the first pretrained encoder."""
        if not self._encoders:
            return None
        return self._encoders[0].encoder.embed(words).numpy().astype(np.float64)

    def _ngram_teacher(self, item: int) -> NgramTeacher:
        train, folds = self._items[item].part(Part.TRAIN), self._folds[item]
        return NgramTeacher(train.texts, train.scores, folds, self._settings.folds, len(train.item.scale))

    def _fitted(self, out_of_fold: Floats, scores: Ints) -> Floats:
        if self._settings.folds == 1:  # nothing is out of fold: no honest rows to fit on
            return np.full(len(out_of_fold), 1 / len(out_of_fold))
        return fit_weights(out_of_fold, scores)

    def _mixed(self, item: int, logits: Floats) -> Floats:
        """(N, K) probabilities of (teachers, F, N, K) logits: the mean of the folds asked."""
        softened = [softmax_at(fold, 1.0) for fold in np.einsum("m,mfnk->fnk", self._weights[item], logits)]
        return np.asarray(np.nanmean(softened, axis=0))

    def _logits(self, item: int, texts: Sequence[str], folds: Ints) -> Floats:
        """(teachers, F, N, K) logits; NaN where a fold is not asked about a text."""
        total, k = self._settings.folds, len(self._items[item].item.scale)
        asked = np.stack([(folds == fold) | (folds == MEAN) for fold in range(total)])
        teachers = self._teachers(item)
        self._progress.start(f"soft labels, item {self._items[item].item.id}", int(asked.sum()) * len(self._encoders))
        logits = np.full((len(teachers), total, len(texts), k), np.nan)
        for member, ask in enumerate(teachers):
            for fold in range(total):
                rows = np.flatnonzero(asked[fold]).tolist()
                logits[member, fold, rows] = ask([texts[i] for i in rows], fold)
        return logits

    def _teachers(self, item: int) -> list[Callable[[Sequence[str], int], Floats]]:
        """For each teacher in the order of the settings, logits (M, K) of texts by one fold."""
        k, encoders = len(self._items[item].item.scale), iter(self._encoders)

        def by_encoder(encoder: CrossFit) -> Callable[[Sequence[str], int], Floats]:
            return lambda texts, fold: encoder.logits(texts, np.full(len(texts), item, dtype=np.int64), fold)[:, :k]

        return [
            self._ngrams[item].logits if model == ngrams.NAME else by_encoder(next(encoders))
            for model in self._settings.models
        ]

    def _provenance(self, weights: Floats) -> dict[str, str]:
        encoders = [encoder.provenance() for encoder in self._encoders]
        names = [model_name(model) for model in self._settings.models]
        keys = dict.fromkeys(key for entry in encoders for key in entry)
        return {
            **{key: " + ".join(dict.fromkeys(entry[key] for entry in encoders)) for key in keys},
            "teacher": " + ".join(names),
            "weights": " + ".join(f"{weight:.6f}" for weight in weights),
            "folds": str(self._settings.folds),
            "seed": str(self._settings.seed),
        }


class FileLabeller:
    """Ready-made soft labels. It cannot label new texts, so there is no transfer set."""

    def __init__(self, items: Sequence[Responses], path: Path) -> None:
        self._soft = [read_probabilities(path, responses) for responses in items]

    def teach(self, item: int) -> Taught:
        """The file's soft labels."""
        return Taught(self._soft[item], None, None)

    def label(self, item: int, texts: Sequence[str], folds: Ints) -> Floats | None:
        """None: the model behind the file is not here."""

    def answer(self, texts: Sequence[str]) -> bool:  # noqa: ARG002
        """False: the model behind the file is not here."""
        return False

    def states(self, words: Sequence[str]) -> Floats | None:
        """None: the model behind the file is not here."""


def _answers(items: Sequence[Responses], part: Part) -> Answers:
    parts = [responses.part(part) for responses in items]
    return Answers(
        tuple(text for responses in parts for text in responses.texts),
        np.concatenate([np.full(len(responses), i, dtype=np.int64) for i, responses in enumerate(parts)]),
        np.concatenate([responses.scores for responses in parts]),
    )


def _calibration(logits: Floats, scores: Ints, weights: Floats) -> Calibration:
    raw = softmax_at(logits.mean(axis=0), 1.0)
    fitted = softmax_at(np.einsum("m,mnk->nk", weights, logits), 1.0)
    return Calibration(
        weights=tuple(weights.tolist()),
        loss_before=cross_entropy(raw, scores),
        loss_after=cross_entropy(fitted, scores),
        ece_before=expected_calibration_error(raw, scores),
        ece_after=expected_calibration_error(fitted, scores),
    )


def _lines(provenance: dict[str, str]) -> str:
    return "".join(f"{name}: {value}\n" for name, value in provenance.items())
