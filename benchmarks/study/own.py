"""Teachers of one item: an encoder of the item's own, n-grams, and their mixture, in any number of folds."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from benchmarks.study.cases import Case
from benchmarks.study.datasets import SEED
from pocketscore.errors import InputError
from pocketscore.progress import Progress
from pocketscore.soft_labels import assign_folds, fit_weights, softmax_at
from pocketscore.teachers.crossfit import RECIPE, Answers, CrossFit, CrossFitData
from pocketscore.teachers.finetune import Teacher
from pocketscore.teachers.ngrams import NgramTeacher
from pocketscore.teachers.settings import TeacherSettings
from pocketscore.types import Floats, Ints, Part
from pocketscore.workdir import WorkDir, key_of

MODEL = "minilm"
Ask = Callable[[Sequence[str], int], Floats]
"""Texts and a fold to that fold's logits (M, K)."""


@dataclass(frozen=True, eq=False)
class Said:
    """What F cross-fitted teachers of one item say, before any weight.

    Attributes:
        out_of_fold: (n, K) logits of the training answers, each by the teacher that has not seen it.
        checked: (F, m, K) logits of the validation answers, by every teacher.
    """

    out_of_fold: Floats
    checked: Floats


@dataclass(frozen=True)
class Cost:
    """What training took.

    Attributes:
        minutes: Processor time of all folds, on one thread; NaN when they were trained in a run that was stopped.
        passes: Passes over the training answers, mean over the folds.
    """

    minutes: float
    passes: float


class Passes:
    """Counts passes over the training answers, and moves the stage around them on."""

    def __init__(self, around: Progress) -> None:
        self._around, self._open = around, True
        self.planned = self.done = 0

    def start(self, stage: str, total: int) -> None:  # noqa: ARG002
        """Note how many passes there may be."""
        self.planned = total

    def advance(self, steps: int = 1) -> None:
        """Count a pass; what follows training is none."""
        if self._open:
            self.done += steps
            self._around.advance(steps)

    def note(self, message: str) -> None:
        """Pass on."""
        self._around.note(message)

    def close(self, most: int) -> None:
        """Training has ended, perhaps before the last of `most` passes."""
        self._around.advance(most - self.done)
        self._open = False


class OwnEncoder:
    """The recipe's encoder, fine-tuned on one item alone. Folds and answers are kept.

    Args:
        case: The item.
        folds: (n,) fold of each training answer.
        work: Where finished folds are kept.
        progress: Moved on by passes over the training answers.
    """

    def __init__(self, case: Case, folds: Ints, work: WorkDir, progress: Progress) -> None:
        self._case, self._folds, self._work = case, folds, work
        self.total = int(folds.max()) + 1
        self._passes = Passes(progress)
        self.settings = TeacherSettings(models=(MODEL,), folds=self.total, seed=SEED)
        self._key = key_of("own", RECIPE, case.digest, folds.tolist())
        self._opened: CrossFit | None = None

    @property
    def most_passes(self) -> int:
        """Passes over the training answers, if no fold ends early."""
        return self.total * self.settings.schedule(len(self._case.train)).epochs

    def finished(self) -> tuple[Said, Cost] | None:
        """What it says and what it took, None before it is trained."""
        stored = self._work.get(self._name("said"))
        if stored is None:
            return None
        cost = Cost(float(stored["minutes"]), float(stored["passes"]))
        return Said(stored["out_of_fold"].astype(np.float64), stored["checked"].astype(np.float64)), cost

    def train(self) -> None:
        """Make sure that it is finished."""
        if self.finished() is not None:
            self._passes.close(self.most_passes)
            return
        crossfit, began = self._crossfit(), time.process_time()
        crossfit.train()
        minutes = (time.process_time() - began) / 60
        self._passes.close(self.most_passes)
        # After a run that was stopped only the folds still missing are timed; they stand for all.
        share = self.most_passes / self._passes.planned if self._passes.planned else np.nan
        found = asked(self.logits, self._case, self._folds)
        self._work.put(
            self._name("said"),
            {
                "out_of_fold": found.out_of_fold,
                "checked": found.checked,
                "minutes": np.array(minutes * share),
                "passes": np.array(self._passes.done * share / self.total),
            },
        )

    def logits(self, texts: Sequence[str], fold: int) -> Floats:
        """One fold's logits (M, K) of any texts; computed once."""
        return self._crossfit().logits(texts, np.zeros(len(texts), dtype=np.int64), fold)

    def states(self, words: Sequence[str]) -> Floats:
        """(F, V, H) mean-pooled states of V words by the fine-tuned teachers."""
        name = f"{self._name('states')}-{key_of(list(words))}"
        stored = self._work.get(name)
        if stored is None:
            stored = {"states": np.stack([self._states(words, fold) for fold in range(self.total)])}
            self._work.put(name, stored)
        return stored["states"].astype(np.float64)

    def _states(self, words: Sequence[str], fold: int, *, batch: int = 64) -> Floats:
        crossfit = self._crossfit()
        teacher = crossfit._teacher(fold).eval()
        assert isinstance(teacher, Teacher)
        prepared = crossfit.encoder.prepare(words)
        with torch.inference_mode():
            chunks = [prepared[i : i + batch] for i in range(0, len(prepared), batch)]
            return torch.cat([crossfit.encoder.pooled(teacher.top, chunk).cpu() for chunk in chunks]).numpy()

    def _crossfit(self) -> CrossFit:
        if self._opened is None:
            train, checked = (_answers(self._case, part) for part in (Part.TRAIN, Part.VALIDATION))
            data = CrossFitData(train, checked, self._folds, [len(self._case.responses.item.scale)])
            self._opened = CrossFit(data, MODEL, self.settings, self._work, self._passes)
        return self._opened

    def _name(self, what: str) -> str:
        return f"own-{what}-{self._key}"


def ngram_teacher(case: Case, folds: Ints) -> NgramTeacher:
    """The recipe's n-gram teacher of the item."""
    points, total = len(case.responses.item.scale), int(folds.max()) + 1
    return NgramTeacher(case.train.texts, case.train.scores, folds, total, points)


def by_ngrams(case: Case, folds: Ints, work: WorkDir) -> Said:
    """What the n-gram teacher says; computed once."""
    name = _ngrams_name(case, folds)
    stored = work.get(name)
    if stored is None:
        found = asked(ngram_teacher(case, folds).logits, case, folds)
        stored = {"out_of_fold": found.out_of_fold, "checked": found.checked}
        work.put(name, stored)
    return Said(stored["out_of_fold"].astype(np.float64), stored["checked"].astype(np.float64))


def ngrams_ready(case: Case, folds: Ints, work: WorkDir) -> bool:
    """Whether `by_ngrams` has been computed."""
    return work.get(_ngrams_name(case, folds)) is not None


def asked(ask: Ask, case: Case, folds: Ints) -> Said:
    """Ask every fold about its own training answers and about all validation answers."""
    checked = case.responses.part(Part.VALIDATION).texts
    every = np.stack([ask(checked, fold) for fold in range(int(folds.max()) + 1)])
    return Said(by_fold(ask, case.train.texts, folds, every.shape[2]), every)


def by_fold(ask: Ask, texts: Sequence[str], folds: Ints, points: int) -> Floats:
    """Logits (M, K) of texts, each by the teacher of its fold (M,)."""
    logits = np.empty((len(texts), points))
    for fold in sorted(set(folds.tolist())):
        rows = np.flatnonzero(folds == fold).tolist()
        logits[rows] = ask([texts[i] for i in rows], fold)
    return logits


def mixture(case: Case, members: Sequence[Said]) -> Floats:
    """(N, K) probabilities as the recipe mixes teachers: weights from out-of-fold rows, mean of the folds elsewhere.

    NaN for the test part, which is not asked about.
    """
    weights = _weights(case, members)
    soft = np.full((len(case.responses), len(case.responses.item.scale)), np.nan)
    soft[case.rows(Part.TRAIN)] = softmax_at(_weighted(weights, [one.out_of_fold for one in members]), 1.0)
    folds = _weighted(weights, [one.checked for one in members])
    soft[case.rows(Part.VALIDATION)] = np.mean([softmax_at(fold, 1.0) for fold in folds], axis=0)
    return soft


def relabelled(case: Case, encoder: OwnEncoder, folds: Ints, work: WorkDir) -> Case:
    """The item with soft labels of its own mixture, for training answers and transfer set (the usual folds')."""
    finished = encoder.finished()
    if finished is None:
        raise InputError(f"item {case.responses.item.id} has no finished encoder of its own", "train it first")
    members, made = [finished[0], by_ngrams(case, folds, work)], case.transfer
    points = len(case.responses.item.scale)
    asks = (encoder.logits, ngram_teacher(case, folds).logits)
    logits = _weighted(_weights(case, members), [by_fold(ask, made.texts, made.folds, points) for ask in asks])
    return replace(case, soft=mixture(case, members), transfer_soft=softmax_at(logits, 1.0))


def folds_of(cases: Sequence[Case], total: int) -> list[Ints]:
    """Folds of each item's training answers, dealt out over all items together as the recipe does."""
    texts = [text for case in cases for text in case.train.texts]
    strata = [(number, score) for number, case in enumerate(cases) for score in case.train.scores.tolist()]
    folds = assign_folds(texts, strata, total, SEED)
    return np.split(folds, np.cumsum([len(case.train) for case in cases])[:-1])


def _ngrams_name(case: Case, folds: Ints) -> str:
    return f"ngrams-{key_of(RECIPE, case.digest, folds.tolist())}"


def _weights(case: Case, members: Sequence[Said]) -> Floats:
    return fit_weights(np.stack([one.out_of_fold for one in members]), case.train.scores)


def _weighted(weights: Floats, logits: Sequence[Floats]) -> Floats:
    return np.asarray(np.tensordot(weights, np.stack(logits), axes=1))


def _answers(case: Case, part: Part) -> Answers:
    chosen = case.responses.part(part)
    return Answers(chosen.texts, np.zeros(len(chosen), dtype=np.int64), chosen.scores)
