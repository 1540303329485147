"""Where soft labels come from: a cross-fitted encoder, or a file made by any other model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from pocketscore.metrics import cross_entropy, expected_calibration_error
from pocketscore.progress import Progress
from pocketscore.results import Calibration
from pocketscore.soft_labels import fit_temperature, read_probabilities, softmax_at
from pocketscore.teachers.crossfit import Answers, CrossFit
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
        calibration: Of the teacher, if it was fine-tuned here.
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
    """Soft labels from encoders fine-tuned on the responses' training part, all items together."""

    def __init__(
        self, items: Sequence[Responses], settings: TeacherSettings, work: WorkDir, progress: Progress
    ) -> None:
        self._items, self._progress = items, progress
        self._crossfit = CrossFit(
            _answers(items, Part.TRAIN),
            _answers(items, Part.VALIDATION),
            [len(responses.item.scale) for responses in items],
            settings,
            work,
            progress,
        )
        self._crossfit.train()
        work.put_text(f"teacher-{self._crossfit.key}.txt", _lines(self._crossfit.provenance()))
        self._temperatures: dict[int, float] = {}

    def teach(self, item: int) -> Taught:
        """Out-of-fold soft labels for training rows, the mean of the folds for the others; one temperature."""
        responses = self._items[item]
        k = len(responses.item.scale)
        in_train = np.array(responses.parts) == Part.TRAIN
        folds = np.full(len(responses), MEAN, dtype=np.int64)
        folds[in_train] = self._folds_of(item)
        logits = self._logits(item, responses.texts, folds)[:, :, :k]
        rows = np.flatnonzero(in_train)
        out_of_fold = logits[folds[rows], rows]
        scores = responses.scores[rows]
        temperature = self._temperatures[item] = fit_temperature(out_of_fold, scores)
        softened = np.stack([softmax_at(fold, temperature) for fold in logits])
        probabilities = np.nanmean(softened, axis=0)
        soft = SoftLabels(probabilities, folds, {**self._crossfit.provenance(), "temperature": f"{temperature:.6f}"})
        return Taught(soft, _calibration(out_of_fold, scores, temperature), self._crossfit.encoder.parameters)

    def label(self, item: int, texts: Sequence[str], folds: Ints) -> Floats | None:
        """Soft labels by the fold that has seen none of a text's sources."""
        k = len(self._items[item].item.scale)
        logits = self._logits(item, texts, folds)[:, :, :k]
        return softmax_at(logits[folds, np.arange(len(texts))], self._temperatures[item])

    def answer(self, texts: Sequence[str]) -> bool:
        """Score texts with one fold's teacher, nothing cached."""
        self._crossfit.answer(texts)
        return True

    def states(self, words: Sequence[str]) -> Floats | None:
        """Mean-pooled states of the pretrained encoder."""
        return self._crossfit.encoder.embed(words).numpy().astype(np.float64)

    def _logits(self, item: int, texts: Sequence[str], folds: Ints) -> Floats:
        """(F, N, K) logits of the folds wanted; NaN where a fold is not asked about a text."""
        total = self._crossfit.settings.folds
        asked = np.stack([(folds == fold) | (folds == MEAN) for fold in range(total)])
        self._progress.start(f"soft labels, item {self._items[item].item.id}", int(asked.sum()))
        items = np.full(len(texts), item, dtype=np.int64)
        logits: Floats | None = None
        for fold in range(total):
            rows = np.flatnonzero(asked[fold]).tolist()
            found = self._crossfit.logits([texts[i] for i in rows], items[rows], fold)
            if logits is None:
                logits = np.full((total, len(texts), found.shape[1]), np.nan)
            logits[fold, rows] = found
        assert logits is not None
        return logits

    def _folds_of(self, item: int) -> Ints:
        before = sum(len(responses.part(Part.TRAIN)) for responses in self._items[:item])
        return self._crossfit.folds[before : before + len(self._items[item].part(Part.TRAIN))]


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


def _calibration(logits: Floats, scores: Ints, temperature: float) -> Calibration:
    raw, fitted = softmax_at(logits, 1.0), softmax_at(logits, temperature)
    return Calibration(
        temperature=temperature,
        loss_before=cross_entropy(raw, scores),
        loss_after=cross_entropy(fitted, scores),
        ece_before=expected_calibration_error(raw, scores),
        ece_after=expected_calibration_error(fitted, scores),
    )


def _lines(provenance: dict[str, str]) -> str:
    return "".join(f"{name}: {value}\n" for name, value in provenance.items())
