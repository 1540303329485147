"""The artefact: one `.pocket` file for one item.

A `.pocket` is a valid safetensors file. Matrices are stored as int8 rows with one float32 scale a row, vectors as
float32; the metadata holds everything else as JSON. Loading never runs code: sizes are checked before anything is
allocated, then hashes, then the golden texts are scored again and the file is refused on a mismatch.

To change the format: raise FORMAT_VERSION's minor part when old readers can still read the file, its major part when
they cannot; keep a file of the old version in tests/golden/ with a test that reads it; describe both in docs/format.md.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pocketscore.data.files import atomic_write, read_bytes
from pocketscore.errors import ArtefactError, InputError
from pocketscore.student.scorer import Scorer
from pocketscore.student.screen import Deferral, Screen
from pocketscore.student.spec import PocketSpec, spec_from_dict, spec_to_dict
from pocketscore.text import TEXT_VERSION, Vocabulary
from pocketscore.types import Floats, Scale

FORMAT = "pocketscore"
FORMAT_VERSION = "2.2"
READABLE = ("1", "2")
"""Major versions that this reader reads; a file of version 1 has no cut points."""

MAX_HEADER = 1 << 20
MAX_TABLE = 1 << 26
"""Most numbers in the tables that the forward pass of `pocket` makes at load."""

TOLERANCE = 1e-5
"""Largest difference between a golden probability and the one computed at load."""

GOLDEN_TEXTS = (
    "The water drops come from the air outside the glass.",
    "I don't know",
    "because it is heavier, so it falls faster than the other one!!",
    "It isn't 12.5 % more, it's 3/4 of 20 = 15",
    "Teh experment needs the same amout of vinegar in each cup",
    "Die Lösung enthält weniger Salz – deshalb gefriert sie früher.",
    "温度升高，水蒸发得更快。",
    "الماء يتبخر בגלל החום 👍🏽 e\u0301",
)
"""Texts of our own; every scorer carries the probabilities it gave them, and two walks through its vocabulary."""

Tensors = dict[str, npt.NDArray[np.generic]]
_AGAIN = "get the file again from its maker"
_DTYPES: dict[str, np.dtype[Any]] = {"I8": np.dtype(np.int8), "F32": np.dtype("<f4")}


def golden_texts(vocabulary: Vocabulary) -> tuple[str, ...]:
    """The texts whose probabilities a file carries."""
    walks = (" ".join(vocabulary.entries[::7][:40]), " ".join(vocabulary.entries[3::5][:60]))
    return (*GOLDEN_TEXTS, *(walk for walk in walks if walk))


def quantised(scorer: Scorer) -> Scorer:
    """The scorer with the weights that its file will hold (int8 rows); measure this one, it is what travels."""
    return replace(scorer, weights={name: dequantise(*quantise(tensor)) for name, tensor in scorer.weights.items()})


def quantise(tensor: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.generic], npt.NDArray[np.float32] | None]:
    """Int8 rows and their scales (R,) for a matrix (R, C); a vector stays as it is, without scales."""
    if tensor.ndim < 2:
        return tensor.astype(np.float32), None
    scales = (np.abs(tensor).max(axis=1) / 127).astype(np.float32)
    steps = np.where(scales > 0, scales, 1)[:, None]
    return np.rint(tensor / steps).astype(np.int8), scales


def dequantise(stored: npt.NDArray[np.generic], scales: npt.NDArray[np.float32] | None) -> npt.NDArray[np.float32]:
    """Float32 weights from what `quantise` gave."""
    values = stored.astype(np.float32)
    return values if scales is None else values * scales[:, None]


def save(scorer: Scorer, path: str | Path) -> Scorer:
    """Write a scorer to a `.pocket` file, whole or not at all.

    Returns:
        The scorer as the file holds it (`quantised`).

    Raises:
        OutputError: When the file cannot be written; a file that stood there before is untouched.
    """
    stored = quantised(scorer)
    atomic_write(Path(path), to_bytes(stored))
    return stored


def to_bytes(scorer: Scorer) -> bytes:
    """The bytes of a `.pocket` file; equal scorers give equal bytes."""
    tensors: Tensors = {}
    for name, tensor in scorer.weights.items():
        stored, scales = quantise(tensor)
        tensors[name] = stored
        if scales is not None:
            tensors[f"{name}.scale"] = scales
    texts = golden_texts(scorer.vocabulary)
    expected = quantised(scorer).score(texts).probabilities
    metadata = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "text_version": str(TEXT_VERSION),
        "item": _dump(scorer.item),
        "spec": _dump(spec_to_dict(scorer.spec)),
        "vocabulary": _dump(list(scorer.vocabulary.entries)),
        "scale": _dump({"points": list(scorer.scale.points), "kind": scorer.scale.kind}),
        "cuts": _dump(scorer.cuts),
        "prompt": _dump({"question": scorer.question, "rubric": scorer.rubric}),
        "card": _dump(scorer.card),
        "screen": _dump(None if scorer.screen is None else scorer.screen.to_json()),
        "deferral": _dump(None if scorer.deferral is None else scorer.deferral.to_json()),
        "golden": _dump([[t, [round(x, 7) for x in p]] for t, p in zip(texts, expected.tolist(), strict=True)]),
    }
    return _pack(tensors, metadata)


def load(path: str | Path) -> Scorer:
    """Read and check a `.pocket` file.

    Raises:
        InputError: When there is no such file.
        ArtefactError: When the file is damaged, altered, or of a newer format version.
    """
    name = Path(path).name
    try:
        return from_bytes(read_bytes(Path(path)))
    except ArtefactError as error:
        raise ArtefactError(f"{name}: {error.problem}", error.remedy) from None


def from_bytes(raw: bytes) -> Scorer:
    """Check the bytes of a `.pocket` file and build its scorer. Raises ArtefactError, whatever the bytes are."""
    try:
        metadata, entries, body = _unpack(raw)
        _check_version(metadata)
        if metadata.get("sha256") != _digest(metadata, entries, body):
            raise ArtefactError("the contents do not match their checksum; the file was altered or damaged", _AGAIN)
        scorer = _build(metadata, _tensors(entries, body))
        _check_golden(scorer, json.loads(metadata["golden"]))
    except ArtefactError:
        raise
    except (ArithmeticError, AttributeError, InputError, LookupError, RecursionError, TypeError, ValueError) as error:
        # A checksum can be computed by anybody: behind it may still stand anything.
        raise ArtefactError(f"the contents do not fit together ({error})", _AGAIN) from None
    return scorer


def read_metadata(raw: bytes) -> dict[str, str]:
    """The metadata in the bytes of a `.pocket` file, unchecked. Raises ArtefactError when they cannot be read."""
    return _unpack(raw)[0]


def _build(metadata: Mapping[str, str], tensors: Tensors) -> Scorer:
    scale = json.loads(metadata["scale"])
    if not isinstance(scale["points"], list):
        raise TypeError(f"scale points {scale['points']!r}")
    prompt = json.loads(metadata.get("prompt", "{}"))
    spec, vocabulary = spec_from_dict(json.loads(metadata["spec"])), tuple(map(str, json.loads(metadata["vocabulary"])))
    if isinstance(spec, PocketSpec) and (len(vocabulary) + 2) * spec.filters * sum(spec.widths) > MAX_TABLE:
        raise ValueError(f"tables for {len(vocabulary)} words and {spec.filters} filters of {spec.widths}")
    return Scorer(
        item=str(json.loads(metadata["item"])),
        spec=spec,
        vocabulary=Vocabulary(vocabulary),
        weights=_weights(tensors),
        scale=Scale(tuple(map(str, scale["points"])), scale["kind"]),
        cuts=_cuts(json.loads(metadata.get("cuts", "null"))),
        question=str(prompt.get("question", "")),
        rubric=str(prompt.get("rubric", "")),
        card=dict(json.loads(metadata["card"])),
        screen=Screen.from_json(json.loads(metadata.get("screen", "null"))),
        deferral=Deferral.from_json(json.loads(metadata.get("deferral", "null"))),
    )


def _cuts(found: object) -> tuple[float, ...] | None:
    if found is None:
        return None
    if not isinstance(found, list) or not all(type(cut) in (int, float) for cut in found):
        raise TypeError(f"cut points {found!r}")
    return tuple(map(float, found))


def _weights(tensors: Tensors) -> dict[str, npt.NDArray[np.float32]]:
    """Float32 weights; every tensor is a matrix with its scales, or a vector without."""
    weights = {}
    for name, tensor in tensors.items():
        if not np.isfinite(tensor.astype(np.float32)).all():
            raise ArtefactError(f"tensor {name} holds values that are not finite", _AGAIN)
        scales = tensors.get(f"{name}.scale")
        if name.endswith(".scale"):
            if name.removesuffix(".scale") not in tensors:
                raise ValueError(f"{name} belongs to no tensor")
        elif (tensor.dtype == np.int8) != (scales is not None):
            raise ValueError(f"tensor {name} is {tensor.dtype}, {'with' if scales is not None else 'without'} scales")
        else:
            weights[name] = dequantise(tensor, None if scales is None else scales.astype(np.float32))
    return weights


def _check_version(metadata: Mapping[str, str]) -> None:
    if metadata.get("format") != FORMAT:
        raise ArtefactError("this is not a PocketScore file", "give a file that `pocketscore distill` wrote")
    version, text_version = metadata.get("format_version", ""), metadata.get("text_version", "")
    if version.split(".")[0] not in READABLE or text_version != str(TEXT_VERSION):
        raise ArtefactError(
            f"format {version} with text rules {text_version}; this PocketScore reads formats "
            f"{' and '.join(READABLE)} with {TEXT_VERSION}",
            "update PocketScore: pip install --upgrade pocketscore",
        )


def _check_golden(scorer: Scorer, golden: list[tuple[str, list[float]]]) -> None:
    found = scorer.score([str(text) for text, _ in golden]).probabilities
    expected: Floats = np.array([row for _, row in golden], dtype=np.float64)
    if not golden or expected.shape != found.shape or not np.allclose(found, expected, rtol=0, atol=TOLERANCE):
        raise ArtefactError("the scorer does not reproduce its golden texts on this machine", _AGAIN)


def _dump(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return text.encode("utf-8", "backslashreplace").decode()  # an unpaired surrogate in an id has no UTF-8


def _digest(metadata: Mapping[str, str], entries: Mapping[str, Any], body: bytes) -> str:
    """SHA-256 over the metadata (without the hash itself), the table of tensors and their bytes."""
    plain = {key: value for key, value in metadata.items() if key != "sha256"}
    return hashlib.sha256(_dump([plain, entries]).encode() + body).hexdigest()


def _pack(tensors: Tensors, metadata: dict[str, str]) -> bytes:
    entries: dict[str, object] = {}
    body = b""
    for name in sorted(tensors):
        tensor = tensors[name]
        data = np.ascontiguousarray(tensor).tobytes()
        dtype = "I8" if tensor.dtype == np.int8 else "F32"
        entries[name] = {
            "dtype": dtype,
            "shape": list(tensor.shape),
            "data_offsets": [len(body), len(body) + len(data)],
        }
        body += data
    metadata["sha256"] = _digest(metadata, entries, body)
    header = _dump({"__metadata__": metadata, **entries}).encode()
    header += b" " * (-len(header) % 8)  # tensors start at a multiple of 8, as safetensors asks
    if len(header) > MAX_HEADER:
        raise InputError(f"the scorer's vocabulary and card take {len(header)} bytes", f"stay below {MAX_HEADER}")
    return len(header).to_bytes(8, "little") + header + body


def _unpack(raw: bytes) -> tuple[dict[str, str], dict[str, Any], bytes]:
    """Metadata, table of tensors and tensor bytes; only sizes are trusted, and only after a check."""
    size = int.from_bytes(raw[:8], "little")
    if len(raw) < 8 or size > min(MAX_HEADER, len(raw) - 8):
        raise ArtefactError(f"the file is cut off or is no .pocket file ({len(raw)} bytes)", _AGAIN)
    try:
        header = json.loads(raw[8 : 8 + size].decode())
        metadata = header.pop("__metadata__")
        if not all(isinstance(value, str) for value in metadata.values()):
            raise TypeError("metadata that is not text")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise ArtefactError("the header cannot be read; the file is damaged or is no .pocket file", _AGAIN) from None
    return metadata, header, raw[8 + size :]


def _tensors(entries: Mapping[str, Any], body: bytes) -> Tensors:
    """Arrays from the table of tensors; every byte belongs to exactly one."""
    tensors: Tensors = {}
    at = 0
    ordered = sorted(entries.items(), key=lambda entry: entry[1]["data_offsets"])
    for name, entry in ordered:
        dtype, shape, (begin, end) = (entry[key] for key in ("dtype", "shape", "data_offsets"))
        if dtype not in _DTYPES or begin != at or not all(isinstance(n, int) and n >= 0 for n in shape):
            raise ValueError(f"tensor {name}: {entry}")
        if end > len(body) or end - begin != math.prod(shape) * _DTYPES[dtype].itemsize:
            raise ValueError(f"tensor {name}: {entry} in {len(body)} bytes")
        tensors[name] = np.frombuffer(body[begin:end], dtype=_DTYPES[dtype]).reshape(shape)
        at = end
    if at != len(body):
        raise ValueError(f"{len(body) - at} bytes belong to no tensor")
    return tensors
