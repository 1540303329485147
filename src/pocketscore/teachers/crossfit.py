"""K-fold cross-fitting: each training answer is labelled by a teacher that did not train on it.

A teacher fine-tuned on a few hundred answers and asked about those same answers repeats the human scores; out of fold
it says what it really thinks. One teacher serves every item of a file: shared layers, one head per item.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from pocketscore.progress import Progress
from pocketscore.teachers.device import Device, choose_device
from pocketscore.teachers.encoder import Encoder
from pocketscore.teachers.finetune import Examples, Teacher, fine_tune, predict
from pocketscore.teachers.settings import TeacherSettings
from pocketscore.types import Floats, Ints
from pocketscore.workdir import WorkDir, key_of

RECIPE = 2
"""Raise when the same data and settings shall give another teacher: finished work of an older recipe is not used."""

LABEL_CHUNK = 256
"""Texts labelled between two writes to disk; also fixes which texts share a batch, so a resumed run is the same run."""


@dataclass(frozen=True, eq=False)
class Answers:
    """N answers to any of the items.

    Attributes:
        texts: N texts.
        items: (N,) index of each text's item.
        scores: (N,) index of the human score.
    """

    texts: tuple[str, ...]
    items: Ints
    scores: Ints


@dataclass(frozen=True, eq=False)
class CrossFitData:
    """What K teachers learn from.

    Attributes:
        train: Answers to learn from.
        validation: Answers that decide when training stops.
        folds: (N,) fold of each training answer.
        points: Number of score points of each item.
    """

    train: Answers
    validation: Answers
    folds: Ints
    points: Sequence[int]

    def digest(self) -> str:
        """Hash of everything here."""
        digest = hashlib.sha256(repr([*self.points, *self.folds.tolist()]).encode())
        for part in (self.train, self.validation):
            for row in zip(part.texts, part.items.tolist(), part.scores.tolist(), strict=True):
                digest.update(repr(row).encode("utf-8", "surrogatepass"))
        return digest.hexdigest()


class CrossFit:
    """K teachers, trained on first use and kept in the work directory.

    Args:
        data: Answers, folds and score points.
        model: Hub id, folder, or the name of the packaged encoder.
        settings: How to train.
        work: Where finished folds and labels are kept.
        progress: Told about every fold and chunk.
    """

    def __init__(
        self, data: CrossFitData, model: str, settings: TeacherSettings, work: WorkDir, progress: Progress
    ) -> None:
        self.settings, self._work, self._progress = settings, work, progress
        self._data, self._model, self._points = data, model, tuple(data.points)
        self._schedule = settings.schedule(len(data.train.texts))
        self.device: Device = choose_device()
        torch.manual_seed(settings.seed)
        self.encoder = Encoder(model, settings.layers, self.device, settings.max_tokens)
        self.key = key_of(
            "teacher", RECIPE, self.encoder.digest, self._how(), asdict(self._schedule), data.digest(), self.device.name
        )
        self._teachers: dict[int, Teacher] = {}
        self._labels: dict[int, dict[bytes, npt.NDArray[np.float32]]] = {}

    def provenance(self) -> dict[str, str]:
        """Teacher, settings and data as plain text."""
        return {
            "teacher": model_name(self._model),
            "weights_sha256": self.encoder.digest,
            "data_sha256": self._data.digest(),
            "frozen_layers": str(self.encoder.frozen_layers),
            "device": self.device.name,
            "bf16": str(self.device.bf16),
            **{name: str(value) for name, value in (self._how() | asdict(self._schedule)).items()},
        }

    def train(self) -> None:
        """Make sure that every fold's teacher exists."""
        missing = [fold for fold in range(self.settings.folds) if self._work.get(self._fold_name(fold)) is None]
        if not missing:
            return
        self._progress.start("teacher", self._schedule.epochs * len(missing))
        train, validation = self._examples(self._data.train), self._examples(self._data.validation)
        for fold in missing:
            self._train_fold(fold, train, validation)

    def logits(self, texts: Sequence[str], items: Ints, fold: int) -> Floats:
        """One fold's logits (N, K) of any texts; each text is computed once and then kept on disk."""
        known = self._known_labels(fold)
        keys = [_text_key(text, item) for text, item in zip(texts, items.tolist(), strict=True)]
        fresh = {key: i for i, key in reversed(list(enumerate(keys))) if key not in known}
        rows = sorted(fresh.values(), key=lambda i: (len(texts[i]), i))
        for begin in range(0, len(rows), LABEL_CHUNK):
            self._label_chunk(fold, [texts[i] for i in rows[begin : begin + LABEL_CHUNK]],
                              items[rows[begin : begin + LABEL_CHUNK]])  # fmt: skip
            self._progress.advance(len(rows[begin : begin + LABEL_CHUNK]))
        self._progress.advance(len(texts) - len(rows))
        return np.array([known[key] for key in keys], dtype=np.float64).reshape(len(texts), max(self._points))

    def answer(self, texts: Sequence[str]) -> Tensor:
        """Logits of the first item by the first fold's teacher, not cached."""
        items = torch.zeros(len(texts), dtype=torch.int64)
        return predict(self._teacher(0), Examples(self.encoder.prepare(texts), items, torch.empty(0)))

    def _train_fold(self, fold: int, train: Examples, validation: Examples) -> None:
        rows = np.flatnonzero((self._data.folds != fold) | (self.settings.folds == 1)).tolist()
        teacher = self._new_teacher(fold)
        subset = Examples([train.prepared[i] for i in rows], train.items[rows], train.targets[rows])
        seed = self.settings.seed * 1000 + fold
        state = fine_tune(
            teacher, subset, validation, self._schedule, self.settings.patience, seed, self._progress.advance
        )
        self._work.put(self._fold_name(fold), {name: tensor.numpy() for name, tensor in state.items()})
        self._progress.note(f"teacher fold {fold + 1} of {self.settings.folds} finished")

    def _new_teacher(self, fold: int) -> Teacher:
        torch.manual_seed(self.settings.seed * 1000 + fold)
        return Teacher(self.encoder, self._points, self.settings.dropout).to(self.device.name)

    def _teacher(self, fold: int) -> Teacher:
        if fold not in self._teachers:
            stored = self._work.get(self._fold_name(fold))
            if stored is None:
                raise RuntimeError(f"fold {fold} is not trained; call train() first")
            teacher = self._new_teacher(fold)
            teacher.load_state_dict({name: torch.from_numpy(array) for name, array in stored.items()})
            self._teachers[fold] = teacher
        return self._teachers[fold]

    def _label_chunk(self, fold: int, texts: Sequence[str], items: Ints) -> None:
        examples = Examples(self.encoder.prepare(texts), torch.from_numpy(items), torch.empty(0))
        logits = predict(self._teacher(fold), examples).numpy()
        keys = [_text_key(text, item) for text, item in zip(texts, items.tolist(), strict=True)]
        name = f"{self._fold_name(fold)}-labels-{key_of([k.hex() for k in keys])}"
        self._work.put(name, {"keys": np.frombuffer(b"".join(keys), dtype=np.uint8), "logits": logits})
        self._known_labels(fold).update(zip(keys, logits, strict=True))

    def _known_labels(self, fold: int) -> dict[bytes, npt.NDArray[np.float32]]:
        if fold not in self._labels:
            known: dict[bytes, npt.NDArray[np.float32]] = {}
            for name in self._work.names(f"{self._fold_name(fold)}-labels-"):
                stored = self._work.get(name)
                if stored is not None:
                    raw = stored["keys"].tobytes()
                    keys = [raw[i : i + 32] for i in range(0, len(raw), 32)]
                    known.update(zip(keys, stored["logits"].astype(np.float32), strict=True))
            self._labels[fold] = known
        return self._labels[fold]

    def _examples(self, answers: Answers) -> Examples:
        prepared = self.encoder.prepare(answers.texts)
        return Examples(prepared, torch.from_numpy(answers.items), torch.from_numpy(answers.scores))

    def _fold_name(self, fold: int) -> str:
        return f"teacher-{self.key}-fold{fold}"

    def _how(self) -> dict[str, object]:
        """The settings that decide what this teacher becomes; which others stand beside it does not."""
        return {name: value for name, value in asdict(self.settings).items() if name != "models"}


def model_name(model: str) -> str:
    """The model's name for records: a hub id as it is, of a folder its last part (the path may name a person).

    >>> model_name("models/ada/scibert"), model_name("bert-base-uncased"), model_name("org/model")
    ('scibert', 'bert-base-uncased', 'org/model')
    """
    return model if model.count("/") <= 1 and model[:1] not in "/.~" and "\\" not in model else Path(model).name


def _text_key(text: str, item: int) -> bytes:
    return hashlib.sha256(f"{item}\0{text}".encode("utf-8", "surrogatepass")).digest()
