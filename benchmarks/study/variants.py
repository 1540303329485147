"""The levers of the recipe: what a student is trained with, and one change at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields, is_dataclass, replace

import numpy as np

from benchmarks.study import networks
from benchmarks.study.cases import PER_ANSWER
from benchmarks.study.words import Vectors, as_it_is, clustered, hashed_unknown, nearest_word
from pocketscore.distillation.embeddings import SPREAD, principal_vectors
from pocketscore.distillation.network import StudentNet, build
from pocketscore.distillation.settings import POCKET_TRAINING, LossSettings
from pocketscore.distillation.train import Objective, distillation_loss
from pocketscore.label_audit import Treatment
from pocketscore.student.spec import PocketSpec, StudentSpec
from pocketscore.text import Vocabulary
from pocketscore.types import Floats

RECIPE = 1
"""Raise when the base or the training code changes: results of an older recipe are computed again."""


@dataclass(frozen=True)
class Setup:
    """Everything that a variant may change.

    Attributes:
        spec: The student.
        words: Largest vocabulary.
        vocabulary: Makes another vocabulary out of the usual one and its words' states (V, H).
        vectors: Makes the (V + 1, E) vectors to start from out of word states; None starts at random.
        transfer: Transfer answers used of those made from each training answer, at most `PER_ANSWER`.
        weight: Weight of a transfer answer against a training answer's soft term.
        teacher: "mixture" of encoder and n-grams, "encoder" alone, or "in-sample" as in the paper.
        suspects: What happens to human scores that the teacher confidently contradicts.
        loss: λ and temperature.
        objective: The loss function.
        network: Builds the network.
        training: Changes of the training settings.
    """

    spec: StudentSpec = field(default_factory=PocketSpec)
    words: int = 800
    vocabulary: Callable[[Vocabulary, Floats], Vocabulary] = as_it_is
    vectors: Callable[[Floats, int], Vectors] | None = principal_vectors
    transfer: int = PER_ANSWER
    weight: float = 1.0
    teacher: str = "mixture"
    suspects: Treatment = "keep"
    loss: LossSettings = field(default_factory=lambda: LossSettings(1.0))
    objective: Callable[[LossSettings], Objective] = distillation_loss
    network: Callable[[StudentSpec, int, int], StudentNet] = build
    training: Mapping[str, float] = field(default_factory=dict)

    def description(self) -> dict[str, object]:
        """Everything here as plain data, functions by their names."""
        return {
            entry.name: getattr(
                value, "__qualname__", asdict(value) if is_dataclass(value) and not isinstance(value, type) else value
            )
            for entry in fields(self)
            for value in [getattr(self, entry.name)]
        }


BASE = Setup()


def whitened(states: Floats, width: int) -> Vectors:
    """Principal components, all of one spread."""
    vectors = principal_vectors(states, width)
    spread = vectors[1:].std(axis=0)
    return np.asarray(vectors / np.where(spread > 0, spread, 1) * SPREAD, dtype=np.float32)


def by_frequency(states: Floats, width: int) -> Vectors:
    """Principal components, rare words longer (their rank stands for their frequency, as in Model2Vec)."""
    vectors = principal_vectors(states, width)
    vectors[1:] *= np.log(1 + np.arange(1, len(vectors)))[:, None]
    return np.asarray(vectors * (SPREAD / vectors[1:].std()), dtype=np.float32)


def _pocket(**changes: object) -> StudentSpec:
    return replace(PocketSpec(), **changes)  # type: ignore[arg-type]


def _base(**changes: object) -> Setup:
    return replace(BASE, **changes)  # type: ignore[arg-type]


_NO_TRANSFER = {"transfer": 0, "vectors": None}

LEVERS: Mapping[str, Mapping[str, Setup]] = {
    "base": {"base": BASE},
    "paper to base": {
        "original NN (λ = 0, random start)": _base(**_NO_TRANSFER, loss=LossSettings(0.0)),
        "original NN, as many steps": _base(
            **_NO_TRANSFER, loss=LossSettings(0.0), training={"steps": POCKET_TRAINING.steps}
        ),
        "in-sample teacher": _base(**_NO_TRANSFER, teacher="in-sample"),
        "out-of-fold teacher": _base(**_NO_TRANSFER),
        "out-of-fold, teacher's vectors": _base(transfer=0),
        "out-of-fold, transfer set, random vectors": _base(vectors=None),
    },
    "transfer set": {
        f"{n} for each training answer": _base(transfer=n, training={"steps": POCKET_TRAINING.steps})
        for n in (0, 1, 2, 4, 8)
    },
    "teacher": {"encoder alone": _base(teacher="encoder")},
    "λ": {f"λ = {weight:g}": _base(loss=LossSettings(weight)) for weight in (0.1, 0.3, 3.0, 10.0, 1000.0)},
    "weight of the transfer set": {
        f"λ = {weight:g}, transfer answers {share:g}": _base(loss=LossSettings(weight), weight=share)
        for weight, share in ((0.3, 0.3), (1.0, 0.3), (1.0, 0.1), (3.0, 0.1), (10.0, 0.1))
    },
    "loss": {
        **{f"temperature {t}": _base(loss=LossSettings(1.0, temperature=t)) for t in (0.5, 2.0, 4.0)},
        "logit error": _base(objective=networks.logit_error),
        "reverse KL": _base(objective=networks.reverse_divergence),
        "ordinal term": _base(objective=networks.with_ordinal_term),
    },
    "length": {f"{n} steps": _base(training={"steps": n}) for n in (750, 1500, 6000)},
    "training": {
        **{f"wide path's rate × {n}": _base(training={"wide_factor": n}) for n in (10, 30, 100)},
        "averaged weights": _base(training={"average": 0.99}),
        **{f"dropout {share}": _base(spec=_pocket(dropout=share)) for share in (0.0, 0.4)},
    },
    "word vectors": {
        "whitened": _base(vectors=whitened),
        "by frequency": _base(vectors=by_frequency),
        "two words share a vector": _base(words=1600, vocabulary=clustered),
        "400 words": _base(words=400),
    },
    "unknown words": {
        "nearest word": _base(vocabulary=nearest_word),
        "hashed beginning": _base(vocabulary=hashed_unknown),
    },
    "architecture": {
        "deep path alone": _base(network=networks.DeepOnly),
        "wide path alone": _base(network=networks.WideOnly),
        "1,024 buckets": _base(spec=_pocket(buckets=1024)),
        "16,384 buckets": _base(spec=_pocket(buckets=16384)),
        "widths 1, 2": _base(spec=_pocket(widths=(1, 2))),
        "48 filters": _base(spec=_pocket(filters=48)),
        "192 filters": _base(spec=_pocket(filters=192)),
        "attention": _base(network=networks.Attention),
        "gated recurrent": _base(network=networks.Recurrent),
        "cumulative link": _base(network=networks.CumulativeLink),
    },
    "suspect scores": {how: _base(suspects=how) for how in ("down-weight", "mix", "drop")},
}
"""Lever -> name of the variant -> setup."""
