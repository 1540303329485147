"""What the students of one item are trained from: responses, soft labels, transfer set, word states.

Soft labels are kept in one table for each data set (`benchmarks/labels/NAME.npz`). It holds numbers only, is committed,
and spares whoever repeats the benchmark the teachers. Answers and transfer texts come from the data, by seed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from benchmarks.study.datasets import SEED, DataSetFile
from pocketscore.decision import cut_points
from pocketscore.distillation.augment import TransferSet, transfer_set
from pocketscore.distillation.labelling import CrossFitLabeller
from pocketscore.errors import InputError
from pocketscore.progress import Progress
from pocketscore.teachers.settings import TeacherSettings
from pocketscore.types import Floats, Ints, Part, Responses, Scores, Status
from pocketscore.workdir import WorkDir, key_of

PER_ANSWER = 12
"""Transfer answers made from each training answer."""

LABELS = Path(__file__).parent.parent / "labels"


@dataclass(frozen=True, eq=False)
class Case:
    """One item, ready for students.

    Attributes:
        dataset: Name of the data set.
        responses: N split responses.
        folds: (n,) fold of each training row.
        soft: (N, K) soft labels: out of fold for training rows, the mean of the folds for the others.
        encoder_soft: (N, K) the same without the n-gram teacher.
        in_sample: (N, K) probabilities of one teacher trained on all training rows, as the paper has it.
        transfer: Transfer texts and their folds.
        transfer_soft: (M, K) their soft labels, each by the teachers of its fold.
        encoder_transfer: (M, K) the same without the n-gram teacher.
        teacher_parameters: Number of weights of the teacher.
    """

    dataset: str
    responses: Responses
    folds: Ints
    soft: Floats
    encoder_soft: Floats
    in_sample: Floats
    transfer: TransferSet
    transfer_soft: Floats
    encoder_transfer: Floats
    teacher_parameters: int

    @cached_property
    def digest(self) -> str:
        """Names the responses, their parts and all soft labels."""
        labels = (self.soft, self.encoder_soft, self.in_sample, self.transfer_soft, self.encoder_transfer)
        sums = [hashlib.sha256(table.tobytes()).hexdigest() for table in labels]
        return key_of(_data_key([self.responses]), transfer_key(self.transfer), sums)

    @cached_property
    def train(self) -> Responses:
        """The training part."""
        return self.responses.part(Part.TRAIN)

    def rows(self, part: Part) -> Ints:
        """Rows of one part."""
        return np.flatnonzero(np.array(self.responses.parts) == part)


def load_cases(dataset: DataSetFile, folder: Path, work: Path, progress: Progress) -> list[Case]:
    """Every item of a data set; teachers are trained and asked only where the committed table does not fit.

    Args:
        dataset: Which.
        folder: Folder with the data sets.
        work: Where teachers are kept.
        progress: Told what happens.
    """
    items = dataset.read(folder)
    table = LABELS / f"{dataset.name}.npz"
    stored = _read_table(table, items)
    if stored is None:
        progress.note(f"{dataset.name}: no fitting table of soft labels; training teachers")
        _write_table(table, dataset, items, WorkDir(work / dataset.name), progress)
        stored = _read_table(table, items)
    if stored is None:
        raise InputError(f"{table} was written and does not fit", "remove it and run again")
    return [_case(dataset.name, responses, i, stored) for i, responses in enumerate(items)]


def decided(case: Case, soft: Floats) -> Scores:
    """Scores of the test part from probabilities (N, K) of all responses, decided as a student's are."""
    checked, test, scale = case.rows(Part.VALIDATION), case.rows(Part.TEST), case.responses.item.scale
    cuts = cut_points(soft[checked] @ scale.values, case.responses.scores[checked], scale)
    return Scores(scale, soft[test], (Status.OK,) * len(test), cuts)


def transfer_of(responses: Responses, folds: Ints) -> TransferSet:
    """The transfer set of one item, from the folds (n,) of its training answers."""
    return transfer_set(responses.part(Part.TRAIN).texts, folds, PER_ANSWER, SEED)


def _case(name: str, responses: Responses, number: int, stored: dict[str, Floats]) -> Case:
    folds = stored[f"{number}/folds"].astype(np.int64)
    made = transfer_of(responses, folds)
    if str(stored[f"{number}/transfer_key"]) != transfer_key(made):
        raise InputError(
            f"{name}, item {responses.item.id}: the table of soft labels belongs to another transfer set",
            f"remove it from {LABELS} and run again; teachers will be trained",
        )
    return Case(
        dataset=name,
        responses=responses,
        folds=folds,
        soft=_normal(stored[f"{number}/soft"]),
        encoder_soft=_normal(stored[f"{number}/encoder_soft"]),
        in_sample=_normal(stored[f"{number}/in_sample"]),
        transfer=made,
        transfer_soft=_normal(stored[f"{number}/transfer"]),
        encoder_transfer=_normal(stored[f"{number}/encoder_transfer"]),
        teacher_parameters=int(stored["teacher_parameters"]),
    )


def _read_table(path: Path, items: Sequence[Responses]) -> dict[str, Floats] | None:
    if not path.exists():
        return None
    with np.load(path) as stored:
        return dict(stored) if str(stored["data"]) == _data_key(items) else None


def _write_table(
    path: Path, dataset: DataSetFile, items: Sequence[Responses], work: WorkDir, progress: Progress
) -> None:
    arrays: dict[str, np.ndarray] = {"data": np.array(_data_key(items))}
    together = [[number] for number in range(len(items))] if dataset.own else [list(range(len(items)))]
    for numbers in together:
        arrays |= _labels({number: items[number] for number in numbers}, work, progress)
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(path, allow_pickle=False, **arrays)


def _labels(items: Mapping[int, Responses], work: WorkDir, progress: Progress) -> dict[str, np.ndarray]:
    """What the table has about items that share their teachers, by their numbers in the data set."""
    settings, group = TeacherSettings(seed=SEED), list(items.values())
    mixture = CrossFitLabeller(group, settings, work, progress)
    alone = replace(settings, models=settings.models[:1])
    encoder = CrossFitLabeller(group, alone, work, progress)
    paper = CrossFitLabeller(group, replace(alone, folds=1), work, progress)
    arrays: dict[str, np.ndarray] = {}
    for place, (number, responses) in enumerate(items.items()):
        taught, by_encoder = mixture.teach(place), encoder.teach(place)
        folds = taught.soft.folds[np.array(responses.parts) == Part.TRAIN]
        made = transfer_of(responses, folds)
        arrays |= {
            "teacher_parameters": np.array(taught.parameters),
            f"{number}/folds": folds.astype(np.int8),
            f"{number}/soft": _small(taught.soft.probabilities),
            f"{number}/encoder_soft": _small(by_encoder.soft.probabilities),
            f"{number}/in_sample": _small(paper.teach(place).soft.probabilities),
            f"{number}/transfer_key": np.array(transfer_key(made)),
            f"{number}/transfer": _small(mixture.label(place, made.texts, made.folds)),
            f"{number}/encoder_transfer": _small(encoder.label(place, made.texts, made.folds)),
            f"{number}/provenance": np.array(json.dumps(dict(taught.soft.provenance))),
        }
        progress.note(f"soft labels of item {responses.item.id} are ready")
    return arrays


def _data_key(items: Sequence[Responses]) -> str:
    parts = [[r.item.id, r.item.scale.points, r.texts, r.scores.tolist(), r.parts] for r in items]
    return key_of("benchmark", PER_ANSWER, SEED, parts)


def transfer_key(made: TransferSet) -> str:
    """Names a transfer set; labels belong to exactly one."""
    return key_of(made.texts, made.folds.tolist())


def _small(probabilities: Floats | None) -> np.ndarray:
    assert probabilities is not None
    return probabilities.astype(np.float16)


def _normal(stored: np.ndarray) -> Floats:
    probabilities = stored.astype(np.float64)
    return np.asarray(probabilities / probabilities.sum(axis=1, keepdims=True))
