"""Train one student of a case as a setup says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch

from benchmarks.study import words
from benchmarks.study.cases import PER_ANSWER, Case
from benchmarks.study.states import states as word_states
from benchmarks.study.variants import Setup
from pocketscore.distillation.lesson import Lesson
from pocketscore.distillation.network import StudentNet
from pocketscore.distillation.train import Encoded, encode, train
from pocketscore.label_audit import audit, treated
from pocketscore.text import Vocabulary
from pocketscore.types import Floats, Part
from pocketscore.workdir import WorkDir


def trained(case: Case, setup: Setup, seed: int, work: WorkDir) -> tuple[StudentNet, Lesson]:
    """The student in its best state, and what it learnt from."""
    lesson = lesson_of(case, setup, work)
    return fitted(lesson, setup, seed), lesson


def fitted(lesson: Lesson, setup: Setup, seed: int) -> StudentNet:
    """The student of a lesson in its best state."""
    torch.manual_seed(seed)
    net = setup.network(setup.spec, len(lesson.vocabulary), lesson.targets.hard.shape[1])
    if lesson.vectors is not None:
        with torch.no_grad():
            net.embedding.copy_(torch.from_numpy(lesson.vectors))
    data = (lesson.answers, lesson.targets)
    train(net, data, lesson.validation, setup.objective(setup.loss), lesson.training, seed)
    return net


def lesson_of(case: Case, setup: Setup, work: WorkDir) -> Lesson:
    """Answers, targets and start of a setup."""
    known = Vocabulary.of(case.train.texts, at_least=5, at_most=setup.words)
    states = word_states(known.entries, work)
    vocabulary = setup.vocabulary(known, states)
    soft = {"mixture": case.soft, "encoder": case.encoder_soft, "in-sample": case.in_sample}[setup.teacher]
    lesson = Lesson.plain(case.responses, soft[case.rows(Part.TRAIN)], vocabulary, setup.spec)
    found = audit(lesson.targets.soft, case.train.scores)
    hard = treated(lesson.targets.hard, lesson.targets.soft, found, setup.suspects)
    lesson = replace(lesson, targets=replace(lesson.targets, hard=hard))
    if setup.vectors is not None:
        vectors = setup.vectors(states, setup.spec.embedding)
        lesson = replace(lesson, vectors=words.arranged(vocabulary, vectors))
    if setup.transfer:
        labels = case.encoder_transfer if setup.teacher == "encoder" else case.transfer_soft
        rows = np.flatnonzero(np.arange(len(labels)) * setup.transfer % PER_ANSWER < setup.transfer).tolist()
        lesson = lesson.extended([case.transfer.texts[i] for i in rows], labels[rows] * setup.weight)
    training = replace(lesson.training, wide_factor=1.0)  # the levers' base; the recipe's factor is a lever
    return replace(lesson, training=replace(training, **setup.training))  # type: ignore[arg-type]


def probabilities(net: StudentNet, lesson: Lesson, texts: Sequence[str]) -> Floats:
    """(M, K) of any texts, by the float32 network."""
    return _softmax(net, encode(texts, lesson.vocabulary, lesson.spec))


def _softmax(net: StudentNet, answers: Encoded) -> Floats:
    net.eval()
    with torch.inference_mode():
        logits = [net(answers.batch(range(i, min(i + 256, len(answers))))) for i in range(0, len(answers), 256)]
        return torch.softmax(torch.cat(logits).double(), 1).numpy()
