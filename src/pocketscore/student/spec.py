"""What a student network looks like: architecture and sizes as plain data.

Equal specs mean equal networks: the spec alone fixes the name and shape of every tensor (V words, K score points).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from math import prod
from typing import Literal

from pocketscore.errors import ArtefactError, InputError

Shapes = dict[str, tuple[int, ...]]


@dataclass(frozen=True)
class PocketSpec:
    """The default student: word convolutions (deep path) beside hashed n-grams (wide path).

    Attributes:
        embedding: Width of a word vector.
        widths: Convolution widths, in words.
        filters: Filters of each width.
        hidden: Units of the dense layer.
        buckets: Hash buckets of the wide path, a power of two.
        dropout: Share of features dropped before and after the dense layer in training.
    """

    embedding: int = 32
    widths: tuple[int, ...] = (1, 2, 3)
    filters: int = 96
    hidden: int = 32
    buckets: int = 4096
    dropout: float = 0.2
    kind: Literal["pocket"] = "pocket"

    def __post_init__(self) -> None:
        if self.buckets & (self.buckets - 1) or self.buckets <= 0:
            raise InputError(f"buckets = {self.buckets} is not a power of two", "take 1024, 2048, 4096, ...")

    def shapes(self, v: int, k: int) -> Shapes:
        """Name and shape of every tensor."""
        pooled = self.filters * len(self.widths) + self.embedding
        convolutions: Shapes = {}
        for width in self.widths:
            convolutions[f"conv{width}.weight"] = (self.filters, width * self.embedding)
            convolutions[f"conv{width}.bias"] = (self.filters,)
        return {
            "embedding": (v + 1, self.embedding),
            **convolutions,
            "hidden.weight": (self.hidden, pooled),
            "hidden.bias": (self.hidden,),
            "output.weight": (k, self.hidden),
            "output.bias": (k,),
            "wide": (k, self.buckets),
        }


@dataclass(frozen=True)
class ElstmSpec:
    """An E-LSTM student: embedding, one LSTM, a dense layer, softmax (section 4.2.1 of the paper).

    Attributes:
        embedding: Width of a word vector.
        units: Units of the LSTM, in each direction.
        bidirectional: Whether a second LSTM reads from the end.
        pooling: "last" takes the state after the last word, "max" the maximum over all words.
        hidden: Units of the dense layer.
        activation: Activation of the dense layer.
        embedding_l1: L1 penalty on the word vectors.
        hidden_l1: L1 penalty on the dense layer's weights.
        hidden_l2: L2 penalty on the dense layer's weights.
        dropout: Share of word vectors' coordinates, and of features before and after the dense layer, dropped in
            training.
    """

    embedding: int
    units: int
    bidirectional: bool
    pooling: Literal["last", "max"]
    hidden: int
    activation: Literal["relu", "selu"]
    embedding_l1: float = 0.0
    hidden_l1: float = 0.0
    hidden_l2: float = 0.0
    dropout: float = 0.2
    kind: Literal["elstm"] = "elstm"

    @property
    def directions(self) -> tuple[str, ...]:
        """Names of the LSTM's directions."""
        return ("forward", "backward") if self.bidirectional else ("forward",)

    def shapes(self, v: int, k: int) -> Shapes:
        """Name and shape of every tensor; gates in the order input, forget, cell, output."""
        lstm: Shapes = {}
        for direction in self.directions:
            lstm[f"{direction}.input"] = (4 * self.units, self.embedding)
            lstm[f"{direction}.recurrent"] = (4 * self.units, self.units)
            lstm[f"{direction}.bias"] = (4 * self.units,)
        return {
            "embedding": (v + 1, self.embedding),
            **lstm,
            "hidden.weight": (self.hidden, self.units * len(self.directions)),
            "hidden.bias": (self.hidden,),
            "output.weight": (k, self.hidden),
            "output.bias": (k,),
        }


StudentSpec = PocketSpec | ElstmSpec

# The paper gives layers, units, activations and where L1/L2 and dropout stand, but no coefficients: those are ours.
PRESETS: Mapping[str, StudentSpec] = {
    "pocket": PocketSpec(),
    "elstm-7t": ElstmSpec(64, 64, bidirectional=False, pooling="last", hidden=32, activation="relu"),
    "elstm-falling-weights": ElstmSpec(32, 16, bidirectional=True, pooling="max", hidden=16, activation="relu"),
    "elstm-gelatin": ElstmSpec(
        128, 64, bidirectional=False, pooling="last", hidden=16, activation="selu",
        embedding_l1=1e-6, hidden_l1=1e-5, hidden_l2=1e-4,
    ),
    "elstm-bathtub": ElstmSpec(64, 32, bidirectional=True, pooling="max", hidden=16, activation="selu"),
}  # fmt: skip


def preset(name: str) -> StudentSpec:
    """The spec of a preset. Raises InputError for an unknown name.

    >>> preset("elstm-7t").units
    64
    """
    if name not in PRESETS:
        raise InputError(f"there is no student {name!r}", f"choose one of {', '.join(PRESETS)}")
    return PRESETS[name]


def parameters(spec: StudentSpec, v: int, k: int) -> int:
    """Number of weights for V words and K score points.

    >>> parameters(preset("pocket"), v=1000, k=4)
    77540
    """
    return sum(prod(shape) for shape in spec.shapes(v, k).values())


def spec_to_dict(spec: StudentSpec) -> dict[str, object]:
    """The spec as JSON-ready data."""
    return {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(spec).items()}


def spec_from_dict(raw: Mapping[str, object]) -> StudentSpec:
    """The spec from JSON data. Raises ArtefactError for unknown kinds, fields or types."""
    kinds: dict[object, type[StudentSpec]] = {"pocket": PocketSpec, "elstm": ElstmSpec}
    kind = kinds.get(raw.get("kind"))
    if kind is None:
        raise ArtefactError(f"unknown kind of student {raw.get('kind')!r}", "update PocketScore or get the file again")
    wanted = {field.name for field in fields(kind)}
    if set(raw) != wanted:
        raise ArtefactError(
            f"the student has fields {sorted(raw)}, expected {sorted(wanted)}", "get the file again from its maker"
        )
    values = {key: tuple(value) if isinstance(value, list) else value for key, value in raw.items()}
    for key, value in values.items():
        _check_value(key, value)
    return kind(**values)  # type: ignore[arg-type]


_CHOICES = {"kind": ("pocket", "elstm"), "pooling": ("last", "max"), "activation": ("relu", "selu")}
_SHARES = ("dropout", "embedding_l1", "hidden_l1", "hidden_l2")


def _check_value(key: str, value: object) -> None:
    """Refuse values that no honest file has, before they size an allocation."""
    if key in _CHOICES:
        good = value in _CHOICES[key]
    elif key == "bidirectional":
        good = isinstance(value, bool)
    elif key in _SHARES:
        good = isinstance(value, int | float) and 0 <= value < 1
    elif key == "widths":
        good = isinstance(value, tuple) and 0 < len(value) <= 8 and all(type(n) is int and 0 < n <= 16 for n in value)
    else:
        good = type(value) is int and 0 < value <= 65536
    if not good:
        raise ArtefactError(f"the student's {key} = {value!r} is out of range", "get the file again")
