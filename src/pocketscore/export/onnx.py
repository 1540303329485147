"""One ONNX file for one item, written only after onnxruntime has given the scorer's own probabilities with it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

import numpy as np

from pocketscore.bundle import quantised, read_metadata, to_bytes
from pocketscore.data.files import atomic_write, file_names, make_folder
from pocketscore.errors import ArtefactError, MissingExtraError
from pocketscore.export.graph import build_model
from pocketscore.export.inputs import bucket_count, encode
from pocketscore.student.scorer import Scorer
from pocketscore.text import MAX_WORDS, Vocabulary
from pocketscore.types import Floats, Ints

TOLERANCE = 1e-5
"""Largest difference between a probability of the ONNX file and one of the scorer, as for golden texts."""

BATCHES = (1, 3, 8)
LEVELS = ("ORT_DISABLE_ALL", "ORT_ENABLE_ALL")
"""With and without onnxruntime's optimiser, which is a second implementation with faults of its own."""

_UNSEEN = ("qzxwv", "水", "👍", "don't")
_REMEDY = "score with the .pocket file; another version may help: pip install --upgrade onnx onnxruntime"


def write_onnx(scorer: Scorer, folder: Path) -> Path:
    """Write a scorer as `ITEM.onnx`, whole or not at all, after a check against the scorer itself.

    Args:
        scorer: Its weights are rounded first, as in its `.pocket` file.
        folder: Where to write; made if it is not there.

    Returns:
        The file's path. Its inputs and outputs are those of `pocketscore.export.graph.build_model`; its metadata are
        those of the `.pocket` file without its checksum.

    Raises:
        MissingExtraError: When onnx or onnxruntime is not installed.
        ArtefactError: When onnxruntime does not give the scorer's probabilities with the file; nothing is written.
        OutputError: When the file cannot be written; a file that stood there before is untouched.
    """
    require_extra()
    stored = quantised(scorer)
    described = {name: text for name, text in read_metadata(to_bytes(stored)).items() if name != "sha256"}
    model = build_model(stored, described)
    check_model(model, stored, [text for text, _ in json.loads(described["golden"])])
    make_folder(folder)
    path = folder / file_names([scorer.item], ".onnx")[0]
    atomic_write(path, model)
    return path


def require_extra() -> None:
    """Raise MissingExtraError unless the extra `onnx` is installed."""
    missing = [name for name in ("onnx", "onnxruntime") if find_spec(name) is None]
    if missing:
        raise MissingExtraError(
            f"writing an ONNX file needs {', '.join(missing)}", 'run: pip install "pocketscore[onnx]"'
        )


def check_model(model: bytes, scorer: Scorer, texts: Sequence[str] = ()) -> None:
    """Raise ArtefactError unless a model's probabilities and expected scores are those of the scorer.

    Compared on texts of 0, 1, 2, some and `MAX_WORDS` words, each alone and in batches with others, with and without
    onnxruntime's optimiser.

    Args:
        model: The bytes of an ONNX model.
        scorer: With the weights that the model holds.
        texts: Further texts to compare on.
    """
    import onnx

    every = [*probe_texts(scorer.vocabulary), *texts]
    expected = scorer.score(every)
    try:
        onnx.checker.check_model(model, full_check=True)
        answers = list(_answers(model, scorer, every))
    except Exception as error:  # both libraries raise bare kinds of Exception of their own
        raise ArtefactError(f"item {scorer.item}: the ONNX file cannot be run ({error})", _REMEDY) from error
    for how, outputs in answers:
        _compare(f"item {scorer.item}, {how}: probabilities", outputs[0], expected.probabilities, TOLERANCE)
        if scorer.scale.kind == "ordinal":
            most = TOLERANCE * max(1.0, float(np.abs(scorer.scale.values).sum()))
            _compare(f"item {scorer.item}, {how}: expected scores", outputs[1], expected.expected, most)


def probe_texts(vocabulary: Vocabulary) -> tuple[str, ...]:
    """Texts of 0 to `MAX_WORDS` words, known and unseen ones, in an order that puts unlike lengths into one batch."""
    pool = (*vocabulary.entries[:MAX_WORDS], *_UNSEEN)

    def walk(first: int, length: int) -> str:
        return " ".join(pool[(first + i) % len(pool)] for i in range(length))

    same = " ".join([pool[0]] * MAX_WORDS)  # equal summands: the hardest case for rounding
    return (walk(1, 1), walk(0, MAX_WORDS), walk(2, 2), _UNSEEN[0], walk(3, 30), "", same, walk(5, 3), walk(7, 120))


def _answers(model: bytes, scorer: Scorer, texts: Sequence[str]) -> Iterator[tuple[str, list[Floats]]]:
    """Setting and outputs for all texts, for each level and size of batch."""
    buckets = bucket_count(scorer.spec)
    for level in LEVELS:
        session = _session(model, level)
        for size in BATCHES:
            chunks = [texts[begin : begin + size] for begin in range(0, len(texts), size)]
            found = [session.run(None, encode(chunk, scorer.vocabulary, buckets)) for chunk in chunks]
            yield f"{size} answers at a time, {level}", [np.concatenate(parts) for parts in zip(*found, strict=True)]


class _Session(Protocol):
    def run(self, names: None, inputs: Mapping[str, Ints]) -> list[Floats]: ...


def _session(model: bytes, level: str) -> _Session:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = getattr(onnxruntime.GraphOptimizationLevel, level)
    options.intra_op_num_threads = 1  # the texts are few, and threads that wait take a core each
    options.log_severity_level = 3
    session: _Session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    return session


def _compare(what: str, found: Floats, expected: Floats, most: float) -> None:
    """Raise ArtefactError unless all differences are at most `most`; NaN equals NaN."""
    if found.shape == expected.shape and np.allclose(found, expected, rtol=0, atol=most, equal_nan=True):
        return
    largest = np.fmax.reduce(np.abs(found - expected), axis=None) if found.shape == expected.shape else np.nan
    raise ArtefactError(
        f"{what} of the ONNX file differ from the scorer's by {largest:.1e}, allowed are {most:.0e}", _REMEDY
    )
