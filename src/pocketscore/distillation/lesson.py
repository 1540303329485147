"""What a student is trained on: answers as it reads them, their targets, and the word vectors it starts from."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np

from pocketscore.distillation.settings import (
    ELSTM_TRAINING,
    ELSTM_TRANSFER_TRAINING,
    POCKET_TRAINING,
    LossSettings,
    TrainSettings,
)
from pocketscore.distillation.train import (
    Encoded,
    Targets,
    TrainedStudent,
    Vectors,
    distillation_loss,
    encode,
    fresh_network,
    train,
)
from pocketscore.student.spec import PocketSpec, StudentSpec
from pocketscore.text import Vocabulary
from pocketscore.types import Floats, Ints, Part, Responses
from pocketscore.workdir import key_of

RECIPE = 2
"""Raise when the same lesson shall give another network: finished work of an older recipe is not used."""


@dataclass(frozen=True, eq=False)
class Lesson:
    """Everything that decides what a network becomes, apart from loss and seed.

    Attributes:
        spec: The network.
        vocabulary: Its V words.
        answers: N answers as the network reads them.
        targets: What they should get.
        validation: Validation answers and human scores (M,), which decide what state is kept.
        training: Optimiser and length.
        vectors: (V + 1, E) word vectors to start from, or None for random ones.
    """

    spec: StudentSpec
    vocabulary: Vocabulary
    answers: Encoded
    targets: Targets
    validation: tuple[Encoded, Ints]
    training: TrainSettings
    vectors: Vectors | None = None

    def __len__(self) -> int:
        return len(self.answers)

    @classmethod
    def plain(cls, responses: Responses, soft: Floats, vocabulary: Vocabulary, spec: StudentSpec) -> Lesson:
        """The training answers alone.

        Args:
            responses: The split responses of one item.
            soft: (N, K) soft labels of its N training answers.
            vocabulary: Words of the student.
            spec: The student.
        """
        learnt, checked = responses.part(Part.TRAIN), responses.part(Part.VALIDATION)
        hard = np.eye(len(responses.item.scale))[learnt.scores]
        return cls(
            spec,
            vocabulary,
            encode(learnt.texts, vocabulary, spec),
            Targets(hard, soft),
            (encode(checked.texts, vocabulary, spec), checked.scores),
            _training(spec, len(learnt), len(learnt)),
        )

    def extended(self, texts: Sequence[str], soft: Floats) -> Lesson:
        """This plain lesson and M more answers that only the teacher has scored, soft (M, K)."""
        extra = encode(texts, self.vocabulary, self.spec)
        return replace(
            self,
            answers=Encoded(self.answers.ids + extra.ids, self.answers.buckets + extra.buckets),
            targets=Targets(np.vstack([self.targets.hard, np.zeros_like(soft)]), np.vstack([self.targets.soft, soft])),
            training=_training(self.spec, len(self), len(self) + len(extra)),
        )

    def learnt(self, loss: LossSettings, seed: int) -> TrainedStudent:
        """A network trained on this lesson with the paper's loss."""
        k = self.targets.hard.shape[1]
        net = fresh_network(self.spec, self.vectors, len(self.vocabulary), k, seed)
        data = (self.answers, self.targets)
        return train(net, data, self.validation, distillation_loss(loss), self.training, seed)

    def key(self, loss: LossSettings, seed: int) -> str:
        """Names the network that this lesson, loss and seed give."""
        digest = hashlib.sha256()
        checked, scores = self.validation
        per_answer = (*self.answers.ids, *self.answers.buckets, *checked.ids, *checked.buckets)
        soft = (
            self.targets.soft if loss.shares[1] else np.empty(0)
        )  # without a soft term, what the teacher says is idle
        for array in (*per_answer, self.targets.hard, soft, scores):
            digest.update(len(array).to_bytes(8, "little") + np.ascontiguousarray(array).tobytes())
        digest.update(b"" if self.vectors is None else self.vectors.tobytes())
        digest.update("\n".join(self.vocabulary.entries).encode())
        return key_of(RECIPE, digest.hexdigest(), asdict(self.spec), asdict(loss), asdict(self.training), seed)


def _training(spec: StudentSpec, human: int, total: int) -> TrainSettings:
    """The paper's optimiser for its networks on human-scored answers alone, ours for everything else."""
    if isinstance(spec, PocketSpec):
        return POCKET_TRAINING.sized(human, total)
    return ELSTM_TRANSFER_TRAINING.sized(human, total) if total > human else ELSTM_TRAINING
