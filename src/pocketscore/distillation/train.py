"""Train a student network on human scores and soft labels."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from pocketscore.distillation.network import Arrays32, Batch, StudentNet, build
from pocketscore.distillation.settings import LossSettings, TrainSettings
from pocketscore.student.spec import PocketSpec, StudentSpec
from pocketscore.text import MAX_WORDS, Vocabulary, pair_buckets, word_buckets, word_hash, words
from pocketscore.types import Floats, Ints

Vectors = npt.NDArray[np.float32]

Objective = Callable[[Tensor, Tensor, Tensor], Tensor]
"""Logits (B, K), one-hot human scores (B, K; zero rows where there is none), soft labels (B, K) -> loss ()."""


@dataclass(frozen=True, eq=False)
class Encoded:
    """N answers as ids and hashed n-grams (the latter empty for students without a wide path)."""

    ids: tuple[npt.NDArray[np.int64], ...]
    buckets: tuple[npt.NDArray[np.int64], ...]

    def __len__(self) -> int:
        return len(self.ids)

    def batch(self, rows: Sequence[int]) -> Batch:
        """The given answers, padded to the longest."""
        lengths = torch.tensor([len(self.ids[i]) for i in rows])
        ids = nn.utils.rnn.pad_sequence([torch.from_numpy(self.ids[i]) for i in rows], batch_first=True)
        sizes = torch.tensor([0, *(len(self.buckets[i]) for i in rows[:-1])])
        buckets = torch.from_numpy(np.concatenate([self.buckets[i] for i in rows]))
        return Batch(ids, lengths, buckets, sizes.cumsum(0))


@dataclass(frozen=True, eq=False)
class Targets:
    """What N answers should get.

    Attributes:
        hard: (N, K) one-hot human scores, zero rows where there is none.
        soft: (N, K) teacher probabilities.
    """

    hard: Floats
    soft: Floats

    def rows(self, rows: Ints) -> Targets:
        """Some of the targets."""
        return Targets(self.hard[rows], self.soft[rows])


@dataclass(frozen=True, eq=False)
class TrainedStudent:
    """A trained network and how it got there.

    Attributes:
        arrays: Tensor name -> float32 array.
        curve: (C, 3) step, training loss, validation loss at each check.
    """

    arrays: Arrays32
    curve: Floats

    @property
    def best_loss(self) -> float:
        """Validation cross-entropy against the human scores at the state kept."""
        return float(self.curve[:, 2].min())


def encode(texts: Sequence[str], vocabulary: Vocabulary, spec: StudentSpec) -> Encoded:
    """Answers as the student reads them; an answer without a word reads as one unknown word."""
    found = [words(text)[:MAX_WORDS] or ["\ufffd"] for text in texts]
    ids = tuple(vocabulary.ids(text) for text in found)
    if not isinstance(spec, PocketSpec):
        return Encoded(ids, tuple(np.empty(0, dtype=np.int64) for _ in found))
    known = {word: word_buckets(word, spec.buckets) for word in sorted({w for text in found for w in text})}
    hashes = {word: word_hash(word) for word in known}
    pairs = [pair_buckets(np.array([hashes[w] for w in text], dtype=np.uint32), spec.buckets) for text in found]
    buckets = tuple(np.concatenate([*(known[w] for w in text), pair]) for text, pair in zip(found, pairs, strict=True))
    return Encoded(ids, buckets)


@contextmanager
def one_thread() -> Iterator[None]:
    """Products this small gain nothing from a second thread, and lose tenfold when another process wants its core."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def fresh_network(spec: StudentSpec, vectors: Vectors | None, v: int, k: int, seed: int) -> StudentNet:
    """An untrained network for V words and K score points.

    Args:
        spec: The network.
        vectors: (V + 1, E) word vectors to start from, or None for random ones.
        v: Number of words V.
        k: Number of score points K.
        seed: Seed of the initial weights.
    """
    torch.manual_seed(seed)
    net = build(spec, v, k)
    if vectors is not None:
        with torch.no_grad():
            net.embedding.copy_(torch.from_numpy(vectors))
    return net


@one_thread()
def train(
    net: StudentNet,
    data: tuple[Encoded, Targets],
    validation: tuple[Encoded, Ints],
    objective: Objective,
    settings: TrainSettings,
    seed: int,
) -> TrainedStudent:
    """Minimise an objective; the network is left in the state with the lowest validation loss.

    Args:
        net: The network; trained in place.
        data: Training answers and their targets.
        validation: Validation answers and human scores (M,).
        objective: What to minimise, usually `distillation_loss` with its settings.
        settings: Optimiser and length.
        seed: Seed of batches and dropout.
    """
    torch.manual_seed(seed)
    answers, targets = data
    optimiser, schedule = _optimiser(net, settings)
    checked = deepcopy(net) if settings.average else net
    hard, soft = torch.from_numpy(targets.hard).float(), torch.from_numpy(targets.soft).float()
    every = max(1, settings.steps // settings.checks)
    best, waited, running = deepcopy(net.state_dict()), 0, 0.0
    curve: list[list[float]] = []
    for step, rows in enumerate(_batches(answers, settings, seed), start=1):
        net.train()
        value = objective(net(answers.batch(rows)), hard[rows], soft[rows]) + net.penalty()
        optimiser.zero_grad()
        value.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        schedule.step()
        if settings.average:
            _follow(checked, net, settings.average)
        running += float(value.detach()) / every
        if step % every == 0:
            now = validation_loss(checked, *validation)
            improved = not curve or now < min(row[2] for row in curve)
            best, waited = (deepcopy(checked.state_dict()), 0) if improved else (best, waited + 1)
            curve.append([step, running, now])
            running = 0.0
            if waited >= settings.patience:
                break
    net.load_state_dict(best)
    return TrainedStudent(net.arrays(), np.array(curve))


def distillation_loss(loss: LossSettings) -> Objective:
    """The paper's loss as an objective, see `soft_cross_entropy`."""
    return partial(soft_cross_entropy, loss=loss)


def soft_cross_entropy(logits: Tensor, hard: Tensor, soft: Tensor, loss: LossSettings) -> Tensor:
    """Equation 4 of the paper, divided by (1 + λ): mean of CE(y, q) and λ·CE(p, q) over the batch.

    Answers of the transfer set have no human score and only the soft term.

    Args:
        logits: (B, K) of the student.
        hard: (B, K) one-hot, zero rows where there is no human score.
        soft: (B, K) teacher probabilities.
        loss: λ, which term it multiplies, temperature T. With T != 1 the soft term is scaled by T² (Hinton et al.).
    """
    on_hard, on_soft = loss.shares
    plain = nn.functional.log_softmax(logits, 1)
    t = loss.temperature
    softened = plain if t == 1 else nn.functional.log_softmax(logits / t, 1)
    target = soft if t == 1 else nn.functional.softmax(soft.clamp_min(1e-12).log() / t, 1)
    rows = -(on_hard * (hard * plain).sum(1) + on_soft * t * t * (target * softened).sum(1))
    return rows.mean()


def validation_loss(net: StudentNet, answers: Encoded, scores: Ints) -> float:
    """Mean cross-entropy against the human scores."""
    net.eval()
    with torch.inference_mode():
        logits = torch.cat(
            [net(answers.batch(range(i, min(i + 256, len(answers))))) for i in range(0, len(answers), 256)]
        )
    return float(nn.functional.cross_entropy(logits, torch.from_numpy(scores)))


def _follow(average: StudentNet, net: StudentNet, decay: float) -> None:
    """Move a running mean of the weights one step on."""
    with torch.no_grad():
        for mean, now in zip(average.parameters(), net.parameters(), strict=True):
            mean.lerp_(now, 1 - decay)


def _optimiser(
    net: StudentNet, settings: TrainSettings
) -> tuple[torch.optim.Optimizer, torch.optim.lr_scheduler.LRScheduler]:
    trainable = [(name == "wide", weight) for name, weight in net.named_parameters() if weight.requires_grad]
    if settings.one_cycle:
        groups = [
            {
                "params": [weight for is_wide, weight in trainable if is_wide == wide],
                "lr": settings.learning_rate * factor,
            }
            for wide, factor in ((False, 1.0), (True, settings.wide_factor))
        ]
        adamw = torch.optim.AdamW([group for group in groups if group["params"]], weight_decay=0.01, fused=True)
        peaks = [float(group["lr"]) for group in adamw.param_groups]
        return adamw, torch.optim.lr_scheduler.OneCycleLR(adamw, peaks, total_steps=settings.steps + 1)
    adam = torch.optim.Adam([weight for _, weight in trainable], lr=settings.learning_rate, fused=True)
    return adam, torch.optim.lr_scheduler.ConstantLR(adam, factor=1.0)


def _batches(answers: Encoded, settings: TrainSettings, seed: int) -> Iterator[list[int]]:
    """`settings.steps` shuffled batches of answers of like length."""
    rng = np.random.default_rng(seed)
    left = settings.steps
    while left > 0:
        order = rng.permutation(len(answers))
        chunks: list[list[int]] = []
        for window in np.array_split(order, max(1, len(order) // (settings.batch * 16))):
            rows = sorted(window.tolist(), key=lambda i: len(answers.ids[i]))
            chunks.extend(rows[i : i + settings.batch] for i in range(0, len(rows), settings.batch))
        for i in rng.permutation(len(chunks))[:left]:
            yield chunks[i]
        left -= len(chunks)
