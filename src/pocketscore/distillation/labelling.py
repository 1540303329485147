"""Where soft labels come from: cross-fitted teachers and language models, or a file made by any other model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from pocketscore.distillation.language import shown, without_prompted
from pocketscore.distillation.members import MEAN, Folded, Member, Prompted
from pocketscore.distillation.mixture import Mixture
from pocketscore.engine import StreamEngine
from pocketscore.llm.asking import Opened
from pocketscore.metrics import cross_entropy, expected_calibration_error
from pocketscore.progress import Progress
from pocketscore.results import Calibration
from pocketscore.soft_labels import LabelFile, assign_folds, softmax_at
from pocketscore.teachers import ngrams
from pocketscore.teachers.crossfit import Answers, CrossFitData
from pocketscore.teachers.lora import cross_fit
from pocketscore.teachers.ngrams import NgramTeacher
from pocketscore.teachers.settings import TeacherSettings
from pocketscore.types import Floats, Ints, Part, Responses, SoftLabels
from pocketscore.workdir import WorkDir

SPENT = ("calls", "tokens", "cost")
"""Entries of a language model's provenance that differ between equal runs."""


@dataclass(frozen=True, eq=False)
class Taught:
    """A teacher's answer for one item.

    Attributes:
        soft: Soft labels of all N responses; where no teacher had an answer, the shares of the score points.
        silent: (N,) whether that was so.
        calibration: Of the teacher, if it was fine-tuned here and asked out of fold.
        parameters: Number of weights of the teacher, None when unknown.
    """

    soft: SoftLabels
    silent: npt.NDArray[np.bool_]
    calibration: Calibration | None
    parameters: int | None


class Labeller(Protocol):
    """Gives soft labels."""

    def teach(self, item: int) -> Taught:
        """Soft labels of an item's responses."""

    def label(self, item: int, texts: Sequence[str], folds: Ints) -> Floats | None:
        """Soft labels (M, K) of new texts, each by the teacher of its fold; NaN where nobody has an answer.

        None when this teacher cannot be asked at all.
        """

    def answer(self, texts: Sequence[str]) -> bool:
        """Score texts as in use, for a measure of speed; False when this teacher cannot be asked."""

    def states(self, words: Sequence[str]) -> Floats | None:
        """One vector (V, H) for each word, None when there is no encoder."""


class CrossFitLabeller:
    """Soft labels from teachers that learn from the training part, each answer out of fold, and from language models.

    Encoders serve all items together, n-gram teachers one item each. Their logits are added with weights fitted on
    the out-of-fold training rows (with one teacher that is one over the usual temperature).

    Args:
        items: The split responses of every item.
        settings: The teachers, and how they are trained.
        work: Where finished folds, labels and receipts are kept.
        progress: Told about every fold and chunk.
        models: The language models among the teachers, open, by name.
        engine: Where folds are trained; here if not given.
        processes: Processes that train each fold together.
    """

    def __init__(
        self,
        items: Sequence[Responses],
        settings: TeacherSettings,
        work: WorkDir,
        progress: Progress,
        models: Mapping[str, Opened] | None = None,
        engine: StreamEngine | None = None,
        processes: int = 1,
    ) -> None:
        self._items, self._settings, self._progress = items, settings, progress
        self._models = models or {}
        train = _answers(items, Part.TRAIN)
        strata = list(zip(train.items.tolist(), train.scores.tolist(), strict=True))
        folds = assign_folds(train.texts, strata, settings.folds, settings.seed)
        self._folds = [folds[train.items == item] for item in range(len(items))]
        self._prompted = [self._asked(item) for item in range(len(items))]
        data = CrossFitData(train, _answers(items, Part.VALIDATION), folds, [len(r.item.scale) for r in items])
        self._encoders = {
            name: cross_fit(data, [responses.item for responses in items], name, settings, work, progress, processes)
            for name in without_prompted(settings.models)
            if name != ngrams.NAME
        }
        self._ngrams = [self._ngram_teacher(item) for item in range(len(items))]
        for encoder in self._encoders.values():
            encoder.train(engine)
            work.put_text(f"teacher-{encoder.key}.txt", _lines(encoder.provenance()))
        self._mixtures: dict[int, Mixture] = {}

    def teach(self, item: int) -> Taught:
        """Out-of-fold soft labels for training rows, the mean of the folds for the others."""
        responses = self._items[item]
        in_train = np.array(responses.parts) == Part.TRAIN
        folds = np.full(len(responses), MEAN, dtype=np.int64)
        folds[in_train] = self._folds[item]
        logits = self._logits("soft labels", item, responses.texts, folds)
        rows = np.flatnonzero(in_train)
        honest, names = self._settings.folds > 1, [shown(name) for name in self._settings.models]
        oracle = names.index(responses.scored_by) if responses.scored_by in names else None
        out_of_fold, scores = logits[:, folds[rows], rows], responses.scores[rows]
        mixture = self._mixtures[item] = Mixture(out_of_fold, scores, honest=honest, oracle=oracle)
        said = np.asarray(np.isfinite(logits).any(axis=(1, 3)))
        mixed = mixture.probabilities(logits)
        silent = np.asarray(np.isnan(mixed).any(axis=1))
        mixed[silent] = _shares(scores, len(responses.item.scale))
        soft = SoftLabels(mixed, folds, self._provenance(mixture, said))
        known = np.asarray(np.isfinite(out_of_fold).all(axis=(0, 2)))
        measured = honest and oracle is None and bool(known.any())
        calibration = _calibration(out_of_fold[:, known], scores[known], mixture) if measured else None
        return Taught(soft, silent, calibration, self._parameters())

    def label(self, item: int, texts: Sequence[str], folds: Ints) -> Floats | None:
        """Soft labels by the fold that has seen none of a text's sources, the mean of all where that is `MEAN`.

        Language models say nothing about augmented answers; where there is no other teacher, nobody does.
        """
        return self._mixtures[item].probabilities(self._logits("transfer set", item, texts, folds))

    def answer(self, texts: Sequence[str]) -> bool:
        """Score texts with one fold's teachers, nothing cached; False where a language model would have to be paid."""
        if self._models:
            return False
        for encoder in self._encoders.values():
            encoder.answer(texts)
        if ngrams.NAME in self._settings.models:
            self._ngrams[0].logits(texts, 0)
        return True

    def states(self, words: Sequence[str]) -> Floats | None:
        """Mean-pooled states of the first pretrained encoder."""
        for encoder in self._encoders.values():
            if (found := encoder.embed(words)) is not None:
                return found.numpy().astype(np.float64)
        return None

    def _asked(self, item: int) -> dict[str, Prompted]:
        """The language models as teachers of one item; made, and so checked, before anything is trained or paid."""
        folds = self._settings.folds
        return {
            name: Prompted(self._items[item], model, folds, self._folds[item], self._progress)
            for name, model in self._models.items()
        }

    def _ngram_teacher(self, item: int) -> NgramTeacher:
        train, folds = self._items[item].part(Part.TRAIN), self._folds[item]
        return NgramTeacher(train.texts, train.scores, folds, self._settings.folds, len(train.item.scale))

    def _logits(self, stage: str, item: int, texts: Sequence[str], folds: Ints) -> Floats:
        """(teachers, F, N, K) logits; NaN where a fold is not asked about a text. The stage is what users read."""
        asked = sum(int(((folds == fold) | (folds == MEAN)).sum()) for fold in range(self._settings.folds))
        prompted = sum(member.planned(texts, folds) for member in self._prompted[item].values())
        self._progress.start(f"{stage}, item {self._items[item].item.id}", asked * len(self._encoders) + prompted)
        return np.stack([self._member(item, name).logits(texts, folds) for name in self._settings.models])

    def _member(self, item: int, name: str) -> Member:
        total, k = self._settings.folds, len(self._items[item].item.scale)
        if name in self._models:
            return self._prompted[item][name]
        if name == ngrams.NAME:
            return Folded(self._ngrams[item].logits, total, k)
        encoder = self._encoders[name]
        return Folded(
            lambda texts, fold: encoder.logits(texts, np.full(len(texts), item, dtype=np.int64), fold)[:, :k], total, k
        )

    def _parameters(self) -> int | None:
        """Weights of all encoders; nobody knows those behind an endpoint."""
        return None if self._models else sum(e.parameters for e in self._encoders.values()) or None

    def _provenance(self, mixture: Mixture, said: npt.NDArray[np.bool_]) -> dict[str, str]:
        """What the teachers are, how they were mixed, and which of them did not answer everything."""
        names = self._settings.models
        entries = [dict(teacher.provenance()) for teacher in self._encoders.values()]
        for model in self._models.values():  # what was spent depends on earlier runs, and stands in the receipts
            entries.append({key: value for key, value in model.provenance().items() if key not in SPENT})
        keys = dict.fromkeys(key for entry in entries for key in entry)
        silent = {name: int((~row).sum()) for name, row in zip(names, said, strict=True) if not row.all()}
        return {
            **{key: " + ".join(dict.fromkeys(entry[key] for entry in entries if key in entry)) for key in keys},
            **({"unanswered": ", ".join(f"{name} {n}" for name, n in silent.items())} if silent else {}),
            "teacher": " + ".join(shown(name) for name in names),
            "weights": " + ".join(f"{weight:.6f}" for weight in mixture.weights((True,) * len(names))),
            "folds": str(self._settings.folds),
            "seed": str(self._settings.seed),
        }


class FileLabeller:
    """Ready-made soft labels. It cannot label new texts, so there is no transfer set."""

    def __init__(self, items: Sequence[Responses], path: Path) -> None:
        file = LabelFile(path)
        self._soft = [file.of(responses) for responses in items]

    def teach(self, item: int) -> Taught:
        """The file's soft labels."""
        return Taught(self._soft[item], np.zeros(len(self._soft[item].folds), dtype=np.bool_), None, None)

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


def _shares(scores: Ints, points: int) -> Floats:
    """(K,) how often each score point was given, none never."""
    counts = np.bincount(scores, minlength=points) + 1.0
    return np.asarray(counts / counts.sum())


def _calibration(logits: Floats, scores: Ints, mixture: Mixture) -> Calibration:
    """Of (M, N, K) logits of rows that every teacher has answered."""
    weights = mixture.weights((True,) * len(logits))
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
