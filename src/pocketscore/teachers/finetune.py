"""Fine-tune the top of an encoder with one classification head per item."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, cast

import torch
from torch import Tensor, nn

from pocketscore.metrics import cross_entropy
from pocketscore.soft_labels import fit_temperature, softmax_at
from pocketscore.teachers.encoder import Encoder
from pocketscore.teachers.settings import Schedule

State = dict[str, Tensor]


@dataclass(frozen=True, eq=False)
class Examples:
    """What a teacher learns from or is asked about.

    Attributes:
        prepared: N texts as `Encoder.prepare` gives them.
        items: (N,) index of each text's item.
        targets: (N,) index of each text's score point; empty when unknown.
    """

    prepared: Sequence[Tensor]
    items: Tensor
    targets: Tensor

    def __len__(self) -> int:
        return len(self.prepared)


class Teacher(nn.Module):
    """The trainable top layers, and a head for each item.

    Args:
        encoder: The pretrained encoder.
        points: Number of score points of each item.
        dropout: Share of pooled features dropped in training.
    """

    def __init__(self, encoder: Encoder, points: Sequence[int], dropout: float) -> None:
        super().__init__()
        self._encoder = [encoder]  # in a list: its frozen weights are not part of this module's state
        self.top = encoder.top()
        self.dropout = nn.Dropout(dropout)
        self.heads = nn.ModuleList(nn.Linear(encoder.width, k) for k in points)
        self._points = tuple(points)

    def forward(self, prepared: Sequence[Tensor], items: Tensor) -> Tensor:
        """Logits (B, K) with K the largest number of score points; -inf beyond an item's own."""
        pooled = self.dropout(self._encoder[0].pooled(self.top, prepared))
        most = max(self._points)
        logits = pooled.new_full((len(prepared), most), -torch.inf)
        for item in sorted(set(items.tolist())):
            rows = torch.nonzero(items == item).flatten()
            found = nn.functional.pad(self.heads[item](pooled[rows]), (0, most - self._points[item]), value=-torch.inf)
            logits = logits.index_put((rows.to(pooled.device),), found)
        return cast(Tensor, logits)


class Team(Protocol):
    """Processes that train one teacher together, each with a copy of it and a part of every batch."""

    @property
    def first(self) -> bool:
        """Whether this process is the one that keeps what they find."""

    def share(self, rows: list[int]) -> list[int]:
        """This process's part of the rows; may be empty."""

    def add_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Give every process the sum of all gradients."""

    def gather(self, logits: Tensor, rows: list[int]) -> Tensor:
        """The logits (N, K) of all rows, of which this process computed these."""


class Alone:
    """One process, which does everything."""

    first = True

    def share(self, rows: list[int]) -> list[int]:
        """All."""
        return rows

    def add_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """They are the sum."""

    def gather(self, logits: Tensor, rows: list[int]) -> Tensor:  # noqa: ARG002
        """They are all."""
        return logits


ALONE = Alone()


def fine_tune(
    teacher: nn.Module,
    train: Examples,
    validation: Examples,
    schedule: Schedule,
    patience: int,
    seed: int,
    after_epoch: Callable[[], None],
    team: Team = ALONE,
) -> State:
    """Train until the calibrated validation loss stops falling; returns the best epoch's weights (on the CPU).

    AdamW with linear warm-up over the first tenth and linear decay, as is usual for encoders of this kind.
    """
    generator = torch.Generator().manual_seed(seed)
    steps = schedule.epochs * -(-len(train) // schedule.batch)
    optimiser = torch.optim.AdamW(teacher.parameters(), lr=schedule.learning_rate, weight_decay=0.01, fused=True)
    rate = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: min((step + 1) / (0.1 * steps), (steps - step) / (0.9 * steps), 1.0)
    )
    best, best_loss, waited = _state(teacher), float("inf"), 0
    for _ in range(schedule.epochs):
        teacher.train()
        for rows in batches(train.prepared, schedule.batch, generator):
            optimiser.zero_grad()
            if mine := team.share(rows):
                (_loss(teacher, train, mine) * (len(mine) / len(rows))).backward()  # type: ignore[no-untyped-call]
            team.add_gradients(teacher.parameters())
            nn.utils.clip_grad_norm_(teacher.parameters(), 1.0)
            optimiser.step()
            rate.step()
        after_epoch()
        loss_now = calibrated_loss(teacher, validation, team)
        if loss_now < best_loss:
            best, best_loss, waited = _state(teacher), loss_now, 0
        else:
            waited += 1
            if waited >= patience:
                break
    return best


def predict(teacher: nn.Module, examples: Examples, *, batch: int = 32) -> Tensor:
    """Logits (N, K) on the CPU."""
    teacher.eval()
    logits = torch.empty(len(examples), 0)
    order = sorted(range(len(examples)), key=lambda i: len(examples.prepared[i]))
    with torch.inference_mode():
        for begin in range(0, len(order), batch):
            rows = order[begin : begin + batch]
            found = teacher([examples.prepared[i] for i in rows], examples.items[rows]).float().cpu()
            if not logits.shape[1]:
                logits = torch.empty(len(examples), found.shape[1])
            logits[rows] = found
    return logits


def calibrated_loss(teacher: nn.Module, examples: Examples, team: Team = ALONE) -> float:
    """Cross-entropy against the human scores at the best temperature.

    A temperature is fitted after training anyway, so overconfidence alone is no reason to stop: agreement goes on
    rising for epochs after the plain loss has turned.
    """
    rows = team.share(list(range(len(examples))))
    found = predict(teacher, Examples([examples.prepared[i] for i in rows], examples.items[rows], torch.empty(0)))
    logits, scores = team.gather(found, rows).double().numpy(), examples.targets.numpy()
    return cross_entropy(softmax_at(logits, fit_temperature(logits, scores)), scores)


def batches(prepared: Sequence[Tensor], size: int, generator: torch.Generator) -> Iterator[list[int]]:
    """Shuffled batches of texts of like length: padding would otherwise be half of the work."""
    shuffled = torch.randperm(len(prepared), generator=generator).tolist()
    window = size * 20
    chunks: list[list[int]] = []
    for begin in range(0, len(shuffled), window):
        rows = sorted(shuffled[begin : begin + window], key=lambda i: len(prepared[i]))
        chunks.extend(rows[i : i + size] for i in range(0, len(rows), size))
    for i in torch.randperm(len(chunks), generator=generator).tolist():
        yield chunks[i]


def _loss(teacher: nn.Module, examples: Examples, rows: list[int]) -> Tensor:
    logits = teacher([examples.prepared[i] for i in rows], examples.items[rows])
    return nn.functional.cross_entropy(logits, examples.targets[rows].to(logits.device))


def _state(teacher: nn.Module) -> State:
    return {name: tensor.detach().cpu().clone() for name, tensor in teacher.state_dict().items()}
