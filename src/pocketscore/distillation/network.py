"""The student networks in torch, for training. Their numpy twins in `pocketscore.student.forward` are what ships."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from pocketscore.student.spec import ElstmSpec, PocketSpec, StudentSpec

Arrays32 = dict[str, npt.NDArray[np.float32]]


@dataclass(frozen=True, eq=False)
class Batch:
    """B encoded answers.

    Attributes:
        ids: (B, T) word ids, 0 beyond an answer's end.
        lengths: (B,) number of words, at least 1.
        buckets: Hashed n-grams of all answers, one after another.
        starts: (B,) where each answer's n-grams begin.
    """

    ids: Tensor
    lengths: Tensor
    buckets: Tensor
    starts: Tensor

    @property
    def mask(self) -> Tensor:
        """(B, T) True on words."""
        return torch.arange(self.ids.shape[1])[None] < self.lengths[:, None]

    @property
    def reversed_places(self) -> Tensor:
        """(B, T) places that turn each answer's words round and leave the padding where it is."""
        places = torch.arange(self.ids.shape[1])[None]
        return torch.where(self.mask, self.lengths[:, None] - 1 - places, places)

    def word_shares(self, entries: int) -> Tensor:
        """(B, entries) share of each word id in an answer."""
        rows = torch.arange(len(self.ids))[:, None]
        counts = torch.bincount((rows * entries + self.ids)[self.mask], minlength=len(self.ids) * entries)
        return counts.view(-1, entries) / self.lengths[:, None]

    def bucket_shares(self, buckets: int) -> Tensor:
        """(B, buckets) share of each hash bucket in an answer."""
        sizes = torch.diff(self.starts, append=torch.tensor([len(self.buckets)]))
        rows = torch.repeat_interleave(torch.arange(len(sizes)), sizes)
        counts = torch.bincount(rows * buckets + self.buckets, minlength=len(sizes) * buckets)
        return counts.view(-1, buckets) / sizes[:, None]


class StudentNet(nn.Module):
    """What training asks of a student network."""

    embedding: nn.Parameter

    def forward(self, batch: Batch) -> Tensor:
        """Logits (B, K)."""
        raise NotImplementedError

    def penalty(self) -> Tensor:
        """Regularisation added to the loss."""
        return torch.zeros(())

    def arrays(self) -> Arrays32:
        """The tensors that the spec names."""
        raise NotImplementedError


class PocketNet(StudentNet):
    """Word convolutions with max pooling and the mean vector, beside a linear layer over hashed n-grams."""

    def __init__(self, spec: PocketSpec, v: int, k: int) -> None:
        super().__init__()
        self.spec = spec
        self.embedding = nn.Parameter(torch.randn(v + 1, spec.embedding) * 0.1)
        convolutions = [nn.Conv1d(spec.embedding, spec.filters, width) for width in spec.widths]
        self.kernels = nn.ParameterList(conv.weight for conv in convolutions)  # (filters, embedding, width) each
        self.biases = nn.ParameterList(conv.bias for conv in convolutions)
        self.hidden = nn.Linear(spec.filters * len(spec.widths) + spec.embedding, spec.hidden)
        self.output = nn.Linear(spec.hidden, k)
        self.wide = nn.Parameter(torch.zeros(spec.buckets, k))
        self.dropout = nn.Dropout(spec.dropout)

    def forward(self, batch: Batch) -> Tensor:
        """Logits (B, K)."""
        pooled = torch.cat([torch.relu(self.peaks(batch)), batch.word_shares(len(self.embedding)) @ self.embedding], 1)
        deep: Tensor = self.output(self.dropout(torch.relu(self.hidden(self.dropout(pooled)))))
        return deep + batch.bucket_shares(self.spec.buckets) @ self.wide

    def peaks(self, batch: Batch) -> Tensor:
        """(B, widths x filters) each convolution's maximum over an answer's words.

        A convolution is a sum of rows of one table (vectors times filter slices, as in the numpy forward pass), and
        only the words at the maximum have a gradient. So the maximum is found without autograd and then read again
        from the table with it: less than half the time of the usual convolution, the same numbers.
        """
        filters, beyond = self.spec.filters, len(self.embedding)
        rows = torch.cat([kernel.permute(2, 0, 1).flatten(0, 1) for kernel in self.kernels])
        table = nn.functional.pad(self.embedding @ rows.T, (0, 0, 0, 1))  # (V + 2, slices x filters), last row 0
        known = batch.ids.masked_fill(~batch.mask, beyond)
        ids = nn.functional.pad(known, (0, max(self.spec.widths) - 1), value=beyond)
        with torch.no_grad():
            slices = table.view(beyond + 1, -1, filters).transpose(0, 1).contiguous()
            places = [
                ids.gather(1, at + shift) * table.shape[1] + (begin + shift) * filters + torch.arange(filters)
                for begin, width in self._slices()
                for at in [_peak_positions(slices[begin : begin + width], ids, batch.ids.shape[1])]
                for shift in range(width)
            ]
        picked = table.view(-1).index_select(0, torch.cat(places).view(-1)).view(-1, len(ids), filters)
        sums = [picked[begin : begin + width].sum(0) for begin, width in self._slices()]
        return torch.cat([total + bias for total, bias in zip(sums, self.biases, strict=True)], 1)

    def _slices(self) -> list[tuple[int, int]]:
        """First slice and number of slices of each convolution."""
        return [(sum(self.spec.widths[:i]), width) for i, width in enumerate(self.spec.widths)]

    def arrays(self) -> Arrays32:
        """The tensors that the spec names."""
        tensors = {"embedding": self.embedding, "wide": self.wide.T, **_dense(self.hidden, self.output)}
        for width, kernel, bias in zip(self.spec.widths, self.kernels, self.biases, strict=True):
            tensors[f"conv{width}.weight"] = kernel.transpose(1, 2).reshape(self.spec.filters, -1)
            tensors[f"conv{width}.bias"] = bias
        return _arrays(tensors)


class ElstmNet(StudentNet):
    """Embedding, one LSTM, a dense layer."""

    def __init__(self, spec: ElstmSpec, v: int, k: int) -> None:
        super().__init__()
        self.spec = spec
        self.embedding = nn.Parameter(torch.empty(v + 1, spec.embedding).uniform_(-0.05, 0.05))
        self.lstms = nn.ModuleList(_lstm(spec) for _ in spec.directions)
        self.hidden = nn.Linear(spec.units * len(spec.directions), spec.hidden)
        self.output = nn.Linear(spec.hidden, k)
        self.dropout = nn.Dropout(spec.dropout)

    def forward(self, batch: Batch) -> Tensor:
        """Logits (B, K)."""
        vectors = self.dropout(nn.functional.embedding(batch.ids, self.embedding))
        pooled = torch.cat([self._pooled(i, vectors, batch) for i in range(len(self.lstms))], 1)
        activation = torch.relu if self.spec.activation == "relu" else torch.selu
        return self.output(self.dropout(activation(self.hidden(self.dropout(pooled)))))  # type: ignore[no-any-return]

    def _pooled(self, direction: int, vectors: Tensor, batch: Batch) -> Tensor:
        """(B, units) of one direction. Padding stands after the words, where no state that is read depends on it."""
        if direction == 1:
            vectors = vectors.gather(1, batch.reversed_places[..., None].expand_as(vectors))
        states, _ = self.lstms[direction](vectors)
        if self.spec.pooling == "last":
            return states[torch.arange(len(states)), batch.lengths - 1]  # type: ignore[no-any-return]
        return states.masked_fill(~batch.mask[..., None], -torch.inf).amax(1)  # type: ignore[no-any-return]

    def penalty(self) -> Tensor:
        """L1 and L2 penalties of the spec (sums over weights, as Keras counts them)."""
        spec, weight = self.spec, self.hidden.weight
        return (
            spec.embedding_l1 * self.embedding.abs().sum()
            + spec.hidden_l1 * weight.abs().sum()
            + spec.hidden_l2 * weight.square().sum()
        )

    def arrays(self) -> Arrays32:
        """The tensors that the spec names; torch's gate order is the spec's: input, forget, cell, output."""
        tensors = {"embedding": self.embedding, **_dense(self.hidden, self.output)}
        for direction, lstm in zip(self.spec.directions, self.lstms, strict=True):
            for tensor, name in (("input", "weight_ih_l0"), ("recurrent", "weight_hh_l0"), ("bias", "bias_ih_l0")):
                tensors[f"{direction}.{tensor}"] = getattr(lstm, name)
        return _arrays(tensors)


def build(spec: StudentSpec, v: int, k: int) -> StudentNet:
    """A freshly initialised network (from torch's global seed) for V words and K score points."""
    return PocketNet(spec, v, k) if isinstance(spec, PocketSpec) else ElstmNet(spec, v, k)


def _peak_positions(slices: Tensor, ids: Tensor, t: int) -> Tensor:
    """(B, F) first place where a convolution given as its table's slices (width, V + 2, F) is largest."""
    first = slices[0].clone()
    first[-1] = -torch.inf  # a place beyond the answer's end
    response = nn.functional.embedding(ids[:, :t], first)
    for shift in range(1, len(slices)):
        response += nn.functional.embedding(ids[:, shift : shift + t], slices[shift])
    # Comparisons and `argmax` over a middle axis are several times slower than a sum: how far a response is below the
    # maximum, blown up, plus t, t - 1, ..., 1 is largest at the first maximum.
    down = torch.arange(t, 0, -1, dtype=torch.float32)[None, :, None]
    ranks = torch.add(down, response.sub_(response.amax(1, keepdim=True)), alpha=1e30)
    return t - ranks.amax(1).nan_to_num(1.0).long()  # a network that has diverged has no maximum


def _lstm(spec: ElstmSpec) -> nn.LSTM:
    """One direction with Keras' start: Glorot input, orthogonal recurrent weights, one bias, the forget gate at 1."""
    lstm = nn.LSTM(spec.embedding, spec.units, batch_first=True)
    for name, tensor in lstm.named_parameters():
        if name.startswith("weight_ih"):
            nn.init.xavier_uniform_(tensor)
        elif name.startswith("weight_hh"):
            nn.init.orthogonal_(tensor)
        else:
            nn.init.zeros_(tensor)
            if name.startswith("bias_ih"):
                nn.init.ones_(tensor[lstm.hidden_size : 2 * lstm.hidden_size])
            else:
                tensor.requires_grad = False  # torch has two biases, the spec and Keras one
    return lstm


def _dense(hidden: nn.Linear, output: nn.Linear) -> dict[str, Tensor]:
    return {
        "hidden.weight": hidden.weight, "hidden.bias": hidden.bias,
        "output.weight": output.weight, "output.bias": output.bias,
    }  # fmt: skip


def _arrays(tensors: dict[str, Tensor]) -> Arrays32:
    # Copies: a view would go on changing with every step of the optimiser.
    return {name: np.array(tensor.detach().numpy(), dtype=np.float32, order="C") for name, tensor in tensors.items()}
