"""A scorer as an ONNX graph, built node by node: the arithmetic of docs/format.md and nothing of a framework.

Exporters of frameworks trace an example: they freeze its length, drop the value that padding shall have, or let padding
into the backward LSTM. Here every sum, maximum and step is masked by the row's own words, so that a score depends
neither on the other rows nor on the padding.

N is the number of answers, T the most words of one, M the most buckets of one, E the width of a word vector.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from pocketscore import __version__
from pocketscore.bundle import quantise
from pocketscore.student.scorer import Scorer
from pocketscore.student.spec import ElstmSpec, PocketSpec

OPSET, IR_VERSION = 17, 8
"""Old on purpose: onnxruntime has read them since 1.12 (2022)."""

_GATES = {"ours": "ifco", "onnx": "iofc"}
_SELU: dict[str, Any] = {"gamma": 1.0507009873554805, "alpha": 1.6732632423543772}
_BELOW_ALL_STATES = -2.0  # an LSTM's states lie between -1 and 1
_PRODUCER = "pocketscore"

T = TypeVar("T", bound=np.generic)


def build_model(scorer: Scorer, metadata: Mapping[str, str]) -> bytes:
    """The bytes of an ONNX model; equal scorers and metadata give equal bytes.

    Args:
        scorer: Its weights are rounded as in a `.pocket` file.
        metadata: Name -> text, written as the model's metadata.

    Returns:
        A model with the inputs `ids` (N, T) and, for `pocket`, `buckets` (N, M), both int64 and padded with -1, and the
        outputs `probabilities` (N, K) and, on an ordinal scale, `expected` (N,), both float32; NaN in rows of padding.
    """
    graph = _Graph()
    words = _Words(graph, scorer)
    logits = _pocket(graph, scorer, words) if isinstance(scorer.spec, PocketSpec) else _elstm(graph, scorer, words)
    _answer(graph, scorer, words, logits)
    return graph.serialised(*_signature(scorer), metadata)


def _signature(scorer: Scorer) -> tuple[list[Any], list[Any]]:
    """Inputs and outputs with their types, shapes and descriptions."""
    from onnx import TensorProto, helper

    inputs = [("ids", "words", "1 + place in the vocabulary; 0: another word; -1: padding at the end")]
    if isinstance(scorer.spec, PocketSpec):
        inputs.append(("buckets", "grams", "buckets of words, character runs and pairs; -1: padding at the end"))
    outputs = [("probabilities", ["batch", len(scorer.scale)], "one for each score point; NaN in a row of padding")]
    if scorer.scale.kind == "ordinal":
        outputs.append(("expected", ["batch"], "expected score; the metadata's cuts turn it into a score point"))
    return (
        [helper.make_tensor_value_info(n, TensorProto.INT64, ["batch", size], doc) for n, size, doc in inputs],
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, shape, doc) for n, shape, doc in outputs],
    )


class _Graph:
    """Nodes and constants, collected in the order of computation."""

    def __init__(self) -> None:
        self._nodes: list[Any] = []
        self._constants: dict[str, Any] = {}

    def add(self, op: str, *inputs: str, name: str = "", **attributes: object) -> str:
        """Append a node with one output; returns the output's name."""
        output = name or f"{op.lower()}_{len(self._nodes)}"
        self.add_many(op, inputs, (output,), **attributes)
        return output

    def add_many(self, op: str, inputs: tuple[str, ...], outputs: tuple[str, ...], **attributes: object) -> None:
        """Append a node; an empty name is an input or output that is left out."""
        from onnx import helper

        self._nodes.append(helper.make_node(op, list(inputs), list(outputs), **attributes))

    def constant(self, name: str, value: npt.NDArray[Any]) -> str:
        """Add an array, once for each name; returns the name."""
        from onnx import numpy_helper

        self._constants[name] = numpy_helper.from_array(np.ascontiguousarray(value), name)
        return name

    def scalar(self, value: float, dtype: type[np.generic] = np.float32) -> str:
        """Add a number."""
        return self.constant(f"{np.dtype(dtype)}_{value}", np.array(value, dtype=dtype))

    def axes(self, *axes: int) -> str:
        """Add a list of axes or sizes."""
        return self.constant("list_" + "_".join(map(str, axes)), np.array(axes, dtype=np.int64))

    def cast(self, value: str, dtype: type[np.generic]) -> str:
        """Convert to another type."""
        from onnx import helper

        return self.add("Cast", value, to=helper.np_dtype_to_tensor_dtype(np.dtype(dtype)))

    def matrix(self, name: str, rows: npt.NDArray[np.int8], scales: npt.NDArray[np.float32]) -> str:
        """Weights from int8 and scales that broadcast, bit by bit those that `bundle.dequantise` gives."""
        # DequantizeLinear with a zero point gives the same numbers, and without one wrong results after optimisation.
        # But onnxruntime does not fold it: it converts whole tables at every call and takes weights for variables, so
        # that an LSTM's products differ between batches in their last bits. Cast and Mul of constants are folded.
        return self.add("Mul", self.cast(self.constant(name, rows), np.float32), self.constant(f"{name}.scale", scales))

    def serialised(self, inputs: list[Any], outputs: list[Any], metadata: Mapping[str, str]) -> bytes:
        """The bytes of the whole model."""
        from onnx import helper

        model = helper.make_model(
            helper.make_graph(self._nodes, _PRODUCER, inputs, outputs, list(self._constants.values())),
            opset_imports=[helper.make_opsetid("", OPSET)],
            ir_version=IR_VERSION,
            producer_name=_PRODUCER,
            producer_version=__version__,
            doc_string=f"Scorer of the item {metadata.get('item')}. A draft for people to check, not a judge.",
        )
        helper.set_model_props(model, dict(metadata))
        return bytes(model.SerializeToString(deterministic=True))


class _Words:
    """What both kinds of student need of the words: which are there, how many, and their vectors.

    Attributes:
        present: (N, T) bool.
        lengths: (N,) int32.
        vectors: (N, T, E) float32, zeros beyond the end of a text.
        at_all: (N, 1) bool, whether there is any word.
    """

    def __init__(self, graph: _Graph, scorer: Scorer) -> None:
        zero = graph.scalar(0, np.int64)
        self.present = graph.add("GreaterOrEqual", "ids", zero)
        counted = graph.cast(self.present, np.int32)
        self.lengths = graph.add("ReduceSum", counted, graph.axes(1), keepdims=0)
        table = _rows(graph, scorer, "embedding")
        found = graph.add("Gather", table, graph.add("Max", "ids", zero))
        there = graph.add("Unsqueeze", graph.cast(self.present, np.float32), graph.axes(2))
        self.vectors = graph.add("Mul", found, there)
        some = graph.add("Greater", self.lengths, graph.scalar(0, np.int32))
        self.at_all = graph.add("Unsqueeze", some, graph.axes(1))


def _rows(graph: _Graph, scorer: Scorer, name: str) -> str:
    """A matrix as it stands in the file."""
    rows, scales = _stored(scorer.weights[name])
    return graph.matrix(name, rows, scales[:, None])


def _stored(tensor: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float32]]:
    """Int8 rows (R, C) and scales (R,) of a matrix."""
    rows, scales = quantise(tensor)
    assert scales is not None  # matrices have scales
    return rows.astype(np.int8), scales


def _dense(graph: _Graph, scorer: Scorer, layer: str, value: str) -> str:
    weight = _rows(graph, scorer, f"{layer}.weight")
    bias = graph.constant(f"{layer}.bias", scorer.weights[f"{layer}.bias"])
    return graph.add("Gemm", value, weight, bias, transB=1)


def _pocket(graph: _Graph, scorer: Scorer, words: _Words) -> str:
    """Logits (N, K) of a `pocket` student."""
    assert isinstance(scorer.spec, PocketSpec)
    columns = graph.add("Transpose", words.vectors, perm=[0, 2, 1])
    there = graph.add("Unsqueeze", graph.cast(words.present, np.float32), graph.axes(1))
    peaks = [_peaks(graph, scorer, width, columns, there) for width in scorer.spec.widths]
    total = graph.add("ReduceSum", words.vectors, graph.axes(1), keepdims=0)
    count = graph.add("Unsqueeze", graph.cast(words.lengths, np.float32), graph.axes(1))
    mean = graph.add("Div", total, count)
    pooled = graph.add("Concat", *peaks, mean, axis=1)
    hidden = graph.add("Relu", _dense(graph, scorer, "hidden", pooled))
    return graph.add("Add", _dense(graph, scorer, "output", hidden), _wide(graph, scorer))


def _peaks(graph: _Graph, scorer: Scorer, width: int, columns: str, there: str) -> str:
    """Largest responses (N, F) of the filters of one width; the words after the last are zeros."""
    rows, scales = _stored(scorer.weights[f"conv{width}.weight"])
    kernel = rows.reshape(len(rows), width, -1).transpose(0, 2, 1)
    weight = graph.matrix(f"conv{width}.weight", kernel, scales[:, None, None])
    bias = graph.constant(f"conv{width}.bias", scorer.weights[f"conv{width}.bias"])
    response = graph.add("Relu", graph.add("Conv", columns, weight, bias, pads=[0, width - 1], kernel_shape=[width]))
    # No response is negative, so zeros in the padding never win over a word.
    return graph.add("ReduceMax", graph.add("Mul", response, there), axes=[2], keepdims=0)


def _wide(graph: _Graph, scorer: Scorer) -> str:
    """Mean weight (N, K) of the buckets. The int8 steps are summed as integers: exact in any order and any batch."""
    rows, scales = _stored(scorer.weights["wide"])
    zero = graph.scalar(0, np.int64)
    steps = graph.add("Gather", graph.constant("wide", rows.T), graph.add("Max", "buckets", zero))
    counted = graph.cast(graph.add("GreaterOrEqual", "buckets", zero), np.int32)
    own = graph.add("Mul", graph.cast(steps, np.int32), graph.add("Unsqueeze", counted, graph.axes(2)))
    total = graph.cast(graph.add("ReduceSum", own, graph.axes(1), keepdims=0), np.float32)
    count = graph.cast(graph.add("ReduceSum", counted, graph.axes(1), keepdims=1), np.float32)
    return graph.add("Mul", graph.add("Div", total, count), graph.constant("wide.scale", scales))


def _elstm(graph: _Graph, scorer: Scorer, words: _Words) -> str:
    """Logits (N, K) of an E-LSTM student."""
    spec = scorer.spec
    assert isinstance(spec, ElstmSpec)
    states, last = _lstm(graph, scorer, spec, words)
    if spec.pooling == "max":
        there = graph.add("Transpose", words.present, perm=[1, 0])
        there = graph.add("Unsqueeze", there, graph.axes(1, 3))
        states = graph.add("Where", there, states, graph.scalar(_BELOW_ALL_STATES))
        last = graph.add("ReduceMax", states, axes=[0], keepdims=0)
    by_answer = graph.add("Transpose", last, perm=[1, 0, 2])
    pooled = graph.add("Reshape", by_answer, graph.axes(-1, spec.units * len(spec.directions)))
    hidden = _dense(graph, scorer, "hidden", pooled)
    active = graph.add("Relu", hidden) if spec.activation == "relu" else graph.add("Selu", hidden, **_SELU)
    return _dense(graph, scorer, "output", active)


def _lstm(graph: _Graph, scorer: Scorer, spec: ElstmSpec, words: _Words) -> tuple[str, str]:
    """States after every word (T, D, N, U) and after each direction's last (D, N, U)."""
    inputs, recurrent = (_gated(graph, scorer, spec, part) for part in ("input", "recurrent"))
    gates = [_onnx_gates(scorer.weights[f"{direction}.bias"]) for direction in spec.directions]
    bias = np.stack([np.concatenate([gate, np.zeros_like(gate)]) for gate in gates])  # the second half is for R
    graph.add_many(
        "LSTM",
        (
            graph.add("Transpose", words.vectors, perm=[1, 0, 2]),
            inputs,
            recurrent,
            graph.constant("lstm.bias", bias),
            # Without the lengths the backward direction would read the padding first.
            words.lengths,
        ),
        ("states", "last_states"),
        hidden_size=spec.units,
        direction="bidirectional" if spec.bidirectional else "forward",
    )
    return "states", "last_states"


def _gated(graph: _Graph, scorer: Scorer, spec: ElstmSpec, part: str) -> str:
    """The weights of all directions, (D, 4 U, columns), gates in the order of ONNX."""
    stored = [_stored(scorer.weights[f"{direction}.{part}"]) for direction in spec.directions]
    rows = np.stack([_onnx_gates(values) for values, _ in stored])
    scales = np.stack([_onnx_gates(steps) for _, steps in stored])
    return graph.matrix(f"lstm.{part}", rows, scales[:, :, None])


def _onnx_gates(rows: npt.NDArray[T]) -> npt.NDArray[T]:
    """Rows by gate (input, forget, cell, output) in the order of ONNX (input, output, forget, cell)."""
    gates = dict(zip(_GATES["ours"], np.split(rows, 4), strict=True))
    return np.concatenate([gates[gate] for gate in _GATES["onnx"]])


def _answer(graph: _Graph, scorer: Scorer, words: _Words, logits: str) -> None:
    """Probabilities and expected score; NaN where there is no word, as in `Scores`."""
    shares = graph.add("Softmax", logits, axis=1)
    graph.add("Where", words.at_all, shares, graph.scalar(np.nan), name="probabilities")
    if scorer.scale.kind == "ordinal":
        values = graph.constant("values", scorer.scale.values.astype(np.float32))
        graph.add("MatMul", "probabilities", values, name="expected")
