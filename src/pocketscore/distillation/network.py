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
        self.convolutions = nn.ModuleList(nn.Conv1d(spec.embedding, spec.filters, width) for width in spec.widths)
        self.hidden = nn.Linear(spec.filters * len(spec.widths) + spec.embedding, spec.hidden)
        self.output = nn.Linear(spec.hidden, k)
        self.wide = nn.EmbeddingBag(spec.buckets, k, mode="mean")
        nn.init.zeros_(self.wide.weight)
        self.dropout = nn.Dropout(spec.dropout)

    def forward(self, batch: Batch) -> Tensor:
        """Logits (B, K)."""
        mask = batch.mask[:, None]  # (B, 1, T)
        vectors = nn.functional.embedding(batch.ids, self.embedding).transpose(1, 2) * mask  # (B, E, T)
        padded = nn.functional.pad(vectors, (0, max(self.spec.widths) - 1))
        peaks = [
            conv(padded)[..., : vectors.shape[2]].masked_fill(~mask, -torch.inf).amax(2) for conv in self.convolutions
        ]
        pooled = torch.cat([torch.relu(torch.cat(peaks, 1)), vectors.sum(2) / batch.lengths[:, None]], 1)
        deep: Tensor = self.output(self.dropout(torch.relu(self.hidden(self.dropout(pooled)))))
        wide: Tensor = self.wide(batch.buckets, batch.starts)
        return deep + wide

    def arrays(self) -> Arrays32:
        """The tensors that the spec names."""
        tensors = {"embedding": self.embedding, "wide": self.wide.weight.T, **_dense(self.hidden, self.output)}
        for width, conv in zip(self.spec.widths, self.convolutions, strict=True):
            assert isinstance(conv, nn.Conv1d)
            tensors[f"conv{width}.weight"] = conv.weight.transpose(1, 2).reshape(self.spec.filters, -1)
            assert conv.bias is not None
            tensors[f"conv{width}.bias"] = conv.bias
        return _arrays(tensors)


class ElstmNet(StudentNet):
    """Embedding, one LSTM, a dense layer."""

    def __init__(self, spec: ElstmSpec, v: int, k: int) -> None:
        super().__init__()
        self.spec = spec
        self.embedding = nn.Parameter(torch.empty(v + 1, spec.embedding).uniform_(-0.05, 0.05))
        self.lstm = nn.LSTM(spec.embedding, spec.units, batch_first=True, bidirectional=spec.bidirectional)
        _initialise_lstm(self.lstm)
        self.hidden = nn.Linear(spec.units * len(spec.directions), spec.hidden)
        self.output = nn.Linear(spec.hidden, k)
        self.dropout = nn.Dropout(spec.dropout)

    def forward(self, batch: Batch) -> Tensor:
        """Logits (B, K)."""
        vectors = self.dropout(nn.functional.embedding(batch.ids, self.embedding))
        packed = nn.utils.rnn.pack_padded_sequence(vectors, batch.lengths, batch_first=True, enforce_sorted=False)
        states, (last, _) = self.lstm(packed)
        if self.spec.pooling == "last":
            pooled = torch.cat(list(last), 1)
        else:
            padded, _ = nn.utils.rnn.pad_packed_sequence(states, batch_first=True, padding_value=-torch.inf)
            pooled = padded.amax(1)
        activation = torch.relu if self.spec.activation == "relu" else torch.selu
        return self.output(self.dropout(activation(self.hidden(self.dropout(pooled)))))  # type: ignore[no-any-return]

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
        for direction, suffix in zip(self.spec.directions, ("", "_reverse"), strict=False):
            tensors[f"{direction}.input"] = getattr(self.lstm, f"weight_ih_l0{suffix}")
            tensors[f"{direction}.recurrent"] = getattr(self.lstm, f"weight_hh_l0{suffix}")
            tensors[f"{direction}.bias"] = getattr(self.lstm, f"bias_ih_l0{suffix}")
        return _arrays(tensors)


def build(spec: StudentSpec, v: int, k: int) -> StudentNet:
    """A freshly initialised network (from torch's global seed) for V words and K score points."""
    return PocketNet(spec, v, k) if isinstance(spec, PocketSpec) else ElstmNet(spec, v, k)


def _initialise_lstm(lstm: nn.LSTM) -> None:
    """Keras' start: Glorot input, orthogonal recurrent weights, one bias with the forget gate at 1."""
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


def _dense(hidden: nn.Linear, output: nn.Linear) -> dict[str, Tensor]:
    return {
        "hidden.weight": hidden.weight, "hidden.bias": hidden.bias,
        "output.weight": output.weight, "output.bias": output.bias,
    }  # fmt: skip


def _arrays(tensors: dict[str, Tensor]) -> Arrays32:
    # Copies: a view would go on changing with every step of the optimiser.
    return {name: np.array(tensor.detach().numpy(), dtype=np.float32, order="C") for name, tensor in tensors.items()}
