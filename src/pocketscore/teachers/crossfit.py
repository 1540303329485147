"""K-fold cross-fitting: each training answer is labelled by a teacher that did not train on it.

A teacher fine-tuned on a few hundred answers and asked about those same answers repeats the human scores; out of fold
it says what it really thinks. One teacher serves every item of a file: shared layers, one head per item.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from pocketscore.engine import Here, StreamEngine
from pocketscore.errors import InputError, TeacherError
from pocketscore.progress import Progress, Silent
from pocketscore.teachers.device import Device, choose_device
from pocketscore.teachers.encoder import Encoder
from pocketscore.teachers.finetune import ALONE, Examples, Teacher, Team, fine_tune, predict
from pocketscore.teachers.settings import TeacherSettings, model_name
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
        processes: Processes that train each fold together, one a GPU. Several give another teacher than one, as good.
    """

    def __init__(
        self, data: CrossFitData, model: str, settings: TeacherSettings, work: WorkDir, progress: Progress,
        processes: int = 1,
    ) -> None:  # fmt: skip
        self.processes = processes
        self.settings, self._work, self._progress = settings, work, progress
        self._data, self._model, self._points = data, model, tuple(data.points)
        self._schedule = settings.schedule(len(data.train.texts))
        self._light = tuple(vars(self))
        self._begin()

    def _begin(self) -> None:
        """Load the pretrained model; nothing is trained yet."""
        self.device: Device = choose_device()
        torch.manual_seed(self.settings.seed)
        self.digest = self._load()
        together = [self.processes] if self.processes > 1 else []
        self.key = key_of(
            "teacher", RECIPE, self.digest, self._how(), asdict(self._schedule), self._data.digest(), self.device.name,
            *together,
        )  # fmt: skip
        self._teachers: dict[int, nn.Module] = {}
        self._labels: dict[int, dict[bytes, npt.NDArray[np.float32]]] = {}
        self._read: tuple[Examples, Examples] | None = None

    def __getstate__(self) -> dict[str, object]:
        """What a copy in another process is made from: it loads the model itself, and reads the same folder."""
        return {**{name: vars(self)[name] for name in self._light}, "_light": self._light, "_progress": Silent()}

    def __setstate__(self, state: dict[str, object]) -> None:
        vars(self).update(state)
        self._begin()

    @property
    def name(self) -> str:
        """Hub id, or the last part of the folder's name."""
        return model_name(self._model)

    @property
    def parameters(self) -> int:
        """Number of weights of the pretrained model."""
        return self.encoder.parameters

    def provenance(self) -> dict[str, str]:
        """Teacher, settings and data as plain text."""
        return {
            "teacher": self.name,
            "weights_sha256": self.digest,
            "data_sha256": self._data.digest(),
            **self._body(),
            "device": self.device.name,
            "bf16": str(self.device.bf16),
            **{name: str(value) for name, value in (self._how() | asdict(self._schedule)).items()},
        }

    def train(self, engine: StreamEngine | None = None) -> None:
        """Make sure that every fold's teacher exists.

        Args:
            engine: Where folds are trained; here, one after another, if not given.

        Raises:
            InputError: When each fold has several processes and the engine works elsewhere.
            TeacherError: When a worker elsewhere trains another teacher, or does not see the work directory.
        """
        missing = [fold for fold in range(self.settings.folds) if self._work.get(self._fold_name(fold)) is None]
        if not missing:
            return
        where = engine or Here()
        if where.remote and self.processes > 1:
            raise InputError(
                f"{self.processes} processes a fold, and folds on a cluster", "take one of both (--processes, --engine)"
            )
        elsewhere = where.remote or self.processes > 1
        self._progress.start("teacher", self._schedule.epochs * len(missing))
        keys = self._together(missing) if self.processes > 1 else where.map(self._train_fold, missing)
        for fold, key in zip(missing, keys, strict=True):
            if elsewhere:
                self._check_shared(fold, key)
                self._progress.advance(self._schedule.epochs)
            self._progress.note(f"teacher fold {fold + 1} of {self.settings.folds} finished")
        self._read = None

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
        return predict(self._teacher(0), Examples(self._prepare(texts, items), items, torch.empty(0)))

    def embed(self, words: Sequence[str]) -> Tensor | None:
        """One vector (V, H) for each word; None when the model has none."""
        return self.encoder.embed(words)

    def _load(self) -> str:
        """Load the pretrained model; returns the SHA-256 of its weights. This and the next three know its kind."""
        self.encoder = Encoder(self._model, self.settings.layers, self.device, self.settings.max_tokens)
        return self.encoder.digest

    def _body(self) -> dict[str, str]:
        """What `provenance` says of the model beyond its weights."""
        return {"frozen_layers": str(self.encoder.frozen_layers)}

    def _prepare(self, texts: Sequence[str], items: Tensor) -> list[Tensor]:  # noqa: ARG002
        """What a teacher reads of each answer."""
        return self.encoder.prepare(texts)

    def _pupil(self) -> nn.Module:
        """A teacher that has learnt nothing yet."""
        return Teacher(self.encoder, self._points, self.settings.dropout)

    def _check_shared(self, fold: int, key: str) -> None:
        """Refuse what a worker trained that differs from this process, or left where nobody else sees it."""
        if key != self.key:
            raise TeacherError(
                f"a worker has other weights of {self.name}, or another kind of device than {self.device.name}",
                "give all machines the same model, and all or none of them a GPU",
            )
        if self._work.get(self._fold_name(fold)) is None:
            raise TeacherError(
                f"fold {fold + 1} was trained on another machine and is not in {self._work.folder}",
                "write to a folder that every machine sees under the same path",
            )

    def _together(self, folds: Sequence[int]) -> Iterator[str]:
        from pocketscore.teachers.parallel import Together

        return Together(self.processes, self.device).map(self._train_fold, folds)

    def _train_fold(self, fold: int, team: Team = ALONE) -> str:
        """Train one fold and keep it; returns the key that it is kept by."""
        if self._read is None:
            self._read = self._examples(self._data.train), self._examples(self._data.validation)
        train, validation = self._read
        rows = np.flatnonzero((self._data.folds != fold) | (self.settings.folds == 1)).tolist()
        teacher = self._new_teacher(fold)
        subset = Examples([train.prepared[i] for i in rows], train.items[rows], train.targets[rows])
        seed = self.settings.seed * 1000 + fold
        state = fine_tune(
            teacher, subset, validation, self._schedule, self.settings.patience, seed, self._progress.advance, team
        )
        if team.first:
            self._work.put(self._fold_name(fold), {name: tensor.numpy() for name, tensor in state.items()})
        return self.key

    def _new_teacher(self, fold: int) -> nn.Module:
        torch.manual_seed(self.settings.seed * 1000 + fold)
        return self._pupil().to(self.device.name)

    def _teacher(self, fold: int) -> nn.Module:
        if fold not in self._teachers:
            stored = self._work.get(self._fold_name(fold))
            if stored is None:
                raise RuntimeError(f"fold {fold} is not trained; call train() first")
            teacher = self._new_teacher(fold)
            teacher.load_state_dict({name: torch.from_numpy(array) for name, array in stored.items()})
            self._teachers[fold] = teacher
        return self._teachers[fold]

    def _label_chunk(self, fold: int, texts: Sequence[str], items: Ints) -> None:
        places = torch.from_numpy(items)
        examples = Examples(self._prepare(texts, places), places, torch.empty(0))
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
        items = torch.from_numpy(answers.items)
        return Examples(self._prepare(answers.texts, items), items, torch.from_numpy(answers.scores))

    def _fold_name(self, fold: int) -> str:
        return f"teacher-{self.key}-fold{fold}"

    def _how(self) -> dict[str, object]:
        """The settings that decide what this teacher becomes; which others stand beside it does not."""
        return {name: value for name, value in asdict(self.settings).items() if name != "models"}


def _text_key(text: str, item: int) -> bytes:
    return hashlib.sha256(f"{item}\0{text}".encode("utf-8", "surrogatepass")).digest()
