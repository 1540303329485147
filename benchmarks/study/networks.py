"""Networks and objectives that the recipe was compared with. They live here because none of them earned its place."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor, nn

from pocketscore.distillation.network import Arrays32, Batch, PocketNet, StudentNet
from pocketscore.distillation.settings import LossSettings
from pocketscore.distillation.train import Objective, soft_cross_entropy
from pocketscore.student.spec import PocketSpec


class _Variant(StudentNet):
    """A network that is never shipped: its arrays are of no use outside training."""

    def arrays(self) -> Arrays32:
        """Nothing."""
        return {}


class WideOnly(_Variant):
    """Only the hashed n-grams."""

    def __init__(self, spec: PocketSpec, v: int, k: int) -> None:
        super().__init__()
        self.embedding = nn.Parameter(torch.zeros(v + 1, spec.embedding), requires_grad=False)  # unused
        self.bias = nn.Parameter(torch.zeros(k))
        self.wide = nn.Parameter(torch.zeros(spec.buckets, k))
        self.buckets = spec.buckets

    def forward(self, batch: Batch) -> Tensor:
        """Logits (B, K)."""
        return batch.bucket_shares(self.buckets) @ self.wide + self.bias


class DeepOnly(PocketNet):
    """The network without the wide path."""

    def __init__(self, spec: PocketSpec, v: int, k: int) -> None:
        super().__init__(spec, v, k)
        self.wide.requires_grad = False  # unused

    def forward(self, batch: Batch) -> Tensor:
        """Logits (B, K)."""
        pooled = torch.cat([torch.relu(self.peaks(batch)), batch.word_shares(len(self.embedding)) @ self.embedding], 1)
        return self.output(self.dropout(torch.relu(self.hidden(self.dropout(pooled)))))  # type: ignore[no-any-return]


class Attention(PocketNet):
    """The mean of word vectors replaced by a mean weighted with learnt attention."""

    def __init__(self, spec: PocketSpec, v: int, k: int) -> None:
        super().__init__(spec, v, k)
        self.query = nn.Parameter(torch.zeros(spec.embedding))

    def forward(self, batch: Batch) -> Tensor:
        """Logits (B, K)."""
        weights = batch.word_shares(len(self.embedding)) * torch.exp(self.embedding @ self.query)
        attended = (weights / weights.sum(1, keepdim=True)) @ self.embedding
        pooled = torch.cat([torch.relu(self.peaks(batch)), attended], 1)
        deep: Tensor = self.output(self.dropout(torch.relu(self.hidden(self.dropout(pooled)))))
        return deep + batch.bucket_shares(self.spec.buckets) @ self.wide


class Recurrent(_Variant):
    """A bidirectional GRU with max pooling instead of the convolutions; the wide path stays."""

    def __init__(self, spec: PocketSpec, v: int, k: int) -> None:
        super().__init__()
        units = 48
        self.embedding = nn.Parameter(torch.randn(v + 1, spec.embedding) * 0.1)
        self.grus = nn.ModuleList(nn.GRU(spec.embedding, units, batch_first=True) for _ in range(2))
        self.hidden = nn.Linear(2 * units + spec.embedding, spec.hidden)
        self.output = nn.Linear(spec.hidden, k)
        self.wide = nn.Parameter(torch.zeros(spec.buckets, k))
        self.dropout, self.buckets = nn.Dropout(spec.dropout), spec.buckets

    def forward(self, batch: Batch) -> Tensor:
        """Logits (B, K)."""
        vectors = nn.functional.embedding(batch.ids, self.embedding)
        turned = vectors.gather(1, batch.reversed_places[..., None].expand_as(vectors))
        gone = ~batch.mask[..., None]
        peaks = [
            gru(x)[0].masked_fill(gone, -torch.inf).amax(1) for gru, x in zip(self.grus, (vectors, turned), strict=True)
        ]
        pooled = torch.cat([*peaks, batch.word_shares(len(self.embedding)) @ self.embedding], 1)
        deep: Tensor = self.output(self.dropout(torch.relu(self.hidden(self.dropout(pooled)))))
        return deep + batch.bucket_shares(self.buckets) @ self.wide


class Forgetful(PocketNet):
    """Its deep path reads a tenth of an answer's words as unknown ones while it is trained."""

    def forward(self, batch: Batch) -> Tensor:
        """Logits (B, K)."""
        if self.training:
            kept = torch.rand(batch.ids.shape) >= 0.1
            batch = replace(batch, ids=batch.ids * kept)
        return super().forward(batch)


class CumulativeLink(PocketNet):
    """Ordinal head: one number and K - 1 cut points (proportional odds, McCullagh 1980)."""

    def __init__(self, spec: PocketSpec, v: int, k: int) -> None:
        super().__init__(spec, v, 1)
        self.first = nn.Parameter(torch.tensor(-1.0))
        self.gaps = nn.Parameter(torch.zeros(k - 2))

    def forward(self, batch: Batch) -> Tensor:
        """Logarithms of probabilities (B, K)."""
        place = super().forward(batch)
        cuts = torch.cat([self.first[None], self.first + nn.functional.softplus(self.gaps).cumsum(0)])
        below = torch.sigmoid(cuts - place)
        edges = nn.functional.pad(nn.functional.pad(below, (1, 0)), (0, 1), value=1.0)
        return torch.log(torch.diff(edges, dim=1).clamp_min(1e-6))


def logit_error(loss: LossSettings) -> Objective:
    """Squared error between centred logits and log probabilities of the teacher, in place of the soft term."""

    def objective(logits: Tensor, hard: Tensor, soft: Tensor) -> Tensor:
        on_hard, on_soft = loss.shares
        target = soft.clamp_min(1e-4).log()
        error = ((logits - logits.mean(1, keepdim=True)) - (target - target.mean(1, keepdim=True))).square().mean(1)
        plain = -(hard * nn.functional.log_softmax(logits, 1)).sum(1)
        return (on_hard * plain + on_soft * 0.5 * error).mean()

    return objective


def reverse_divergence(loss: LossSettings) -> Objective:
    """KL(q, p) in place of the soft cross-entropy."""

    def objective(logits: Tensor, hard: Tensor, soft: Tensor) -> Tensor:
        on_hard, on_soft = loss.shares
        plain = nn.functional.log_softmax(logits, 1)
        reverse = (plain.exp() * (plain - soft.clamp_min(1e-4).log())).sum(1)
        return (-on_hard * (hard * plain).sum(1) + on_soft * reverse).mean()

    return objective


def with_ordinal_term(loss: LossSettings) -> Objective:
    """The paper's loss and the squared distance between cumulative distributions of student and target."""

    def objective(logits: Tensor, hard: Tensor, soft: Tensor) -> Tensor:
        on_hard, on_soft = loss.shares
        human = hard.sum(1, keepdim=True)
        share = on_hard * human
        target = (share * hard + on_soft * soft) / (share + on_soft)
        distance = (torch.softmax(logits, 1).cumsum(1) - target.cumsum(1)).square().sum(1)
        return soft_cross_entropy(logits, hard, soft, loss) + distance.mean()

    return objective
