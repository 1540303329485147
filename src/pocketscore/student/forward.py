"""The forward passes in numpy: word ids -> logits. No framework, no branch that depends on the batch.

A text's logits are the same alone and in any batch: every sum and maximum runs over the text's own words in order,
in float64 where numpy's blocked products could otherwise round differently.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from pocketscore.student.spec import ElstmSpec, PocketSpec
from pocketscore.types import Floats, Ints

Weights = Mapping[str, npt.NDArray[np.float32]]
Floats32 = npt.NDArray[np.float32]

_SELU_SCALE, _SELU_ALPHA = 1.0507009873554805, 1.6732632423543772


def softmax(logits: Floats) -> Floats:
    """Row-wise softmax, (N, K) -> (N, K).

    >>> softmax(np.array([[0.0, 0.0]])).tolist()
    [[0.5, 0.5]]
    """
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


class PocketForward:
    """Deep path of the `pocket` student.

    A convolution is linear in each word's vector, so at load the vectors are multiplied with every slice of every
    filter once; a convolution at run time is then a sum of table rows, tens of times cheaper than the product. The
    i-th slices of all filters wider than i stand side by side in one table, so a word costs one row of each table.
    """

    def __init__(self, spec: PocketSpec, weights: Weights) -> None:
        self._longest = max(spec.widths)
        self._vectors = weights["embedding"].astype(np.float64)
        self._pad = len(self._vectors)
        ascending = sorted(range(len(spec.widths)), key=lambda i: spec.widths[i])
        widths = [spec.widths[i] for i in ascending]
        self._tables = [self._table(spec, weights, widths, shift) for shift in range(self._longest)]
        self._bias = np.concatenate([weights[f"conv{width}.bias"] for width in widths]).astype(np.float64)
        self._dense = {name: weights[name].astype(np.float64) for name in weights if name[:6] in ("hidden", "output")}
        columns = [np.arange(spec.filters) + i * spec.filters for i in ascending]
        rest = np.arange(spec.filters * len(widths), self._dense["hidden.weight"].shape[1])
        self._dense["hidden.weight"] = self._dense["hidden.weight"][:, np.concatenate([*columns, rest])]

    def _table(self, spec: PocketSpec, weights: Weights, widths: Sequence[int], shift: int) -> Floats32:
        """(V + 2, F x wider filters): each word's share of a response when it stands `shift` places on.

        The last row stands for the places beyond the end of a text. There nothing begins, so the first table has minus
        infinity; what began before reads zeros.
        """
        kernels = [
            weights[f"conv{width}.weight"].astype(np.float64).reshape(spec.filters, width, spec.embedding)[:, shift]
            for width in widths
            if width > shift
        ]
        shares = self._vectors @ np.concatenate(kernels).T
        beyond = np.full((1, shares.shape[1]), 0.0 if shift else -np.inf)
        return np.vstack([shares, beyond]).astype(np.float32)

    def __call__(self, ids: Ints, lengths: Ints) -> Floats:
        """Logits (N, K) of N texts whose words follow one another in `ids`; every length is at least 1."""
        pooled = np.concatenate([self._peaks(ids, lengths), self._mean(ids, lengths)], axis=1)
        hidden = np.maximum(pooled @ self._dense["hidden.weight"].T + self._dense["hidden.bias"], 0)
        return np.asarray(hidden @ self._dense["output.weight"].T + self._dense["output.bias"])

    def _peaks(self, ids: Ints, lengths: Ints) -> Floats:
        t = int(lengths.max())
        padded = np.full((len(lengths), t + self._longest - 1), self._pad, dtype=np.int64)
        padded[np.arange(padded.shape[1]) < lengths[:, None]] = ids
        response = self._tables[0].take(padded[:, :t], axis=0)
        for shift, table in enumerate(self._tables[1:], start=1):
            response[:, :, -table.shape[1] :] += table.take(padded[:, shift : shift + t], axis=0)
        return np.asarray(np.maximum(response.max(axis=1).astype(np.float64) + self._bias, 0))

    def _mean(self, ids: Ints, lengths: Ints) -> Floats:
        begins = np.concatenate([[0], np.cumsum(lengths)[:-1]])
        return np.asarray(np.add.reduceat(self._vectors[ids], begins, axis=0) / lengths[:, None])


class ElstmForward:
    """The E-LSTM students."""

    def __init__(self, spec: ElstmSpec, weights: Weights) -> None:
        self._spec = spec
        self._weights = {name: tensor.astype(np.float64) for name, tensor in weights.items()}
        # Each word's share of the gates never changes: one table per direction instead of a product per word.
        self._gates = {
            d: self._weights["embedding"] @ self._weights[f"{d}.input"].T + self._weights[f"{d}.bias"]
            for d in spec.directions
        }

    def __call__(self, ids: Ints, lengths: Ints) -> Floats:
        """Logits (N, K) of N texts whose words follow one another in `ids`; every length is at least 1."""
        order = np.argsort(-lengths, kind="stable")
        starts = (np.cumsum(lengths) - lengths)[order]
        sizes = lengths[order]
        pooled = np.empty((len(lengths), self._spec.units * len(self._spec.directions)))
        pooled[order] = np.concatenate([self._run(d, ids, starts, sizes) for d in self._spec.directions], axis=1)
        w = self._weights
        hidden = _activate(pooled @ w["hidden.weight"].T + w["hidden.bias"], self._spec.activation)
        return np.asarray(hidden @ w["output.weight"].T + w["output.bias"])

    def _run(self, direction: str, ids: Ints, starts: Ints, sizes: Ints) -> Floats:
        """Pooled states (N, units) of one direction; texts come longest first, so the active ones are a prefix."""
        units = self._spec.units
        state, cell = np.zeros((2, len(sizes), units))
        best = np.full_like(state, -np.inf)
        for step in range(int(sizes[0])):
            active = int(np.searchsorted(-sizes, -step, side="left"))
            at = starts[:active] + (step if direction == "forward" else sizes[:active] - 1 - step)
            gates = self._gates[direction][ids[at]] + state[:active] @ self._weights[f"{direction}.recurrent"].T
            opened = _sigmoid(gates)
            fresh = np.tanh(gates[:, 2 * units : 3 * units])
            cell[:active] = opened[:, units : 2 * units] * cell[:active] + opened[:, :units] * fresh
            state[:active] = opened[:, 3 * units :] * np.tanh(cell[:active])
            best[:active] = np.maximum(best[:active], state[:active])
        return best if self._spec.pooling == "max" else state


def _sigmoid(x: Floats) -> Floats:
    return 0.5 * (1 + np.tanh(0.5 * x))  # never overflows


def _activate(x: Floats, activation: str) -> Floats:
    if activation == "relu":
        return np.maximum(x, 0)
    return _SELU_SCALE * np.where(x > 0, x, _SELU_ALPHA * np.expm1(np.minimum(x, 0)))
