"""The ONNX file: the scorer's own numbers in onnxruntime, or no file at all."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import WORDS, make_scorer
from pocketscore import __version__, bundle
from pocketscore.errors import ArtefactError, InputError, MissingExtraError, OutputError
from pocketscore.export import graph
from pocketscore.export import onnx as export
from pocketscore.export.graph import build_model
from pocketscore.export.inputs import bucket_count, encode
from pocketscore.export.onnx import LEVELS, TOLERANCE, check_model, probe_texts, write_onnx
from pocketscore.student import PRESETS, ElstmSpec, PocketSpec, Scorer, StudentSpec
from pocketscore.text import MAX_WORDS, Vocabulary
from pocketscore.types import Floats, Ints, Scale, Status

PIECE = st.one_of(
    st.sampled_from(WORDS),
    st.sampled_from(["👍🏽", "水蒸气", "e\u0301té", "\ud800", "½", "الماء"]),
    st.text(max_size=6),
)
ANSWER = st.one_of(
    st.lists(PIECE, max_size=12).map(" ".join),
    st.tuples(st.lists(PIECE, min_size=1, max_size=5), st.integers(30, 300)).map(lambda t: " ".join(t[0] * t[1])),
)
SMALL: dict[str, StudentSpec] = {
    "one-width": PocketSpec(4, (2,), 3, 2, 16),
    "many-widths": PocketSpec(4, (5, 1, 3), 3, 2, 16),
    "both-last": ElstmSpec(4, 3, bidirectional=True, pooling="last", hidden=2, activation="selu"),
    "one-max": ElstmSpec(4, 3, bidirectional=False, pooling="max", hidden=2, activation="relu"),
}


def with_spec(spec: StudentSpec, scale: Scale | None = None, words: Sequence[str] = ("air", "cold")) -> Scorer:
    rng = np.random.default_rng(3)
    scale = scale or Scale.of(("0", "1", "2"))
    shapes = spec.shapes(len(words), len(scale))
    weights = {name: rng.normal(0, 0.7, shape).astype(np.float32) for name, shape in shapes.items()}
    return Scorer("item", spec, Vocabulary(tuple(words)), weights, scale)


class Session(Protocol):
    run: Callable[[list[str] | None, dict[str, Ints]], list[Floats]]
    get_inputs: Callable[[], list[Any]]
    get_outputs: Callable[[], list[Any]]
    get_modelmeta: Callable[[], Any]


def session(model: bytes | Path, level: str = "ORT_ENABLE_ALL") -> Session:
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = getattr(onnxruntime.GraphOptimizationLevel, level)
    options.intra_op_num_threads = 1
    given_model = str(model) if isinstance(model, Path) else model
    opened_file: Session = onnxruntime.InferenceSession(given_model, options, providers=["CPUExecutionProvider"])
    return opened_file


@cache
def stored(name: str) -> Scorer:
    return bundle.quantised(make_scorer(name))


@cache
def opened(name: str, level: str) -> Session:
    return session(build_model(stored(name), {}), level)


def run(name: str, level: str, texts: Sequence[str | None]) -> list[Floats]:
    scorer = stored(name)
    return opened(name, level).run(None, encode(texts, scorer.vocabulary, bucket_count(scorer.spec)))


# --- The same numbers -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("name", PRESETS)
@settings(max_examples=15)
@given(texts=st.lists(ANSWER, min_size=1, max_size=9))
def test_onnx_equals_numpy_in_any_batch(name: str, level: str, texts: list[str]) -> None:
    expected = stored(name).score(texts)
    probabilities, scores = run(name, level, texts)
    np.testing.assert_allclose(probabilities, expected.probabilities, rtol=0, atol=1e-5)
    np.testing.assert_allclose(scores, expected.expected, rtol=0, atol=3e-5)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("name", PRESETS)
def test_a_score_depends_on_no_other_row_and_on_no_padding(name: str, level: str) -> None:
    texts = ["cold air", "air", "the water vapour in the air cools " * 60, "水 it is", "", "glass " * 9]
    together = run(name, level, texts)
    for place, text in enumerate(texts):
        for found, alone in zip(together, run(name, level, [text]), strict=True):
            np.testing.assert_allclose(found[place], alone[0], rtol=0, atol=1e-6)


@pytest.mark.parametrize("name", PRESETS)
def test_more_padding_changes_nothing(name: str) -> None:
    scorer = stored(name)
    tight = encode(["cold air", "the glass is cold"], scorer.vocabulary, bucket_count(scorer.spec))
    wide = {key: np.pad(table, ((0, 0), (0, 57)), constant_values=-1) for key, table in tight.items()}
    for found, expected in zip(*(opened(name, LEVELS[1]).run(None, feed) for feed in (wide, tight)), strict=True):
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("name", PRESETS)
def test_what_cannot_be_scored_is_nan(name: str) -> None:
    texts = ["", "air", None, " ' "]
    assert stored(name).score(texts).status == (Status.EMPTY, Status.OK, Status.NOT_TEXT, Status.EMPTY)
    for output in run(name, LEVELS[1], texts):
        assert np.isnan(output[[0, 2, 3]]).all()
        assert np.isfinite(output[1]).all()


@pytest.mark.parametrize("name", PRESETS)
def test_words_beyond_the_last_that_is_read_do_not_count(name: str) -> None:
    read = "cold air " * (MAX_WORDS // 2)
    np.testing.assert_array_equal(run(name, LEVELS[1], [read])[0], run(name, LEVELS[1], [read + "glass qqq"])[0])


@pytest.mark.parametrize("spec", SMALL.values(), ids=list(SMALL))
def test_specs_that_are_no_preset(spec: StudentSpec) -> None:
    scorer = bundle.quantised(with_spec(spec))
    check_model(build_model(scorer, {}), scorer)


def test_a_scorer_without_a_vocabulary_and_with_rows_of_zeros(tmp_path: Path) -> None:
    scorer = with_spec(SMALL["one-width"], words=())
    weights = {**scorer.weights, "wide": np.zeros_like(scorer.weights["wide"])}
    assert write_onnx(replace(scorer, weights=weights), tmp_path).exists()


@pytest.mark.parametrize("points", [("-5", "0", "2.5", "60"), ("no", "yes")])
def test_scales(points: tuple[str, ...], tmp_path: Path) -> None:
    scorer = bundle.quantised(
        with_spec(SMALL["both-last"], Scale.of(points, "ordinal" if "0" in points else "nominal"))
    )
    opened_file = session(write_onnx(scorer, tmp_path))
    outputs = opened_file.run(None, encode(["cold air", "air"], scorer.vocabulary, None))
    names = [output.name for output in opened_file.get_outputs()]
    expected = scorer.score(["cold air", "air"])
    np.testing.assert_allclose(outputs[0], expected.probabilities, rtol=0, atol=1e-6)
    assert names == (["probabilities", "expected"] if scorer.scale.kind == "ordinal" else ["probabilities"])
    if scorer.scale.kind == "ordinal":
        np.testing.assert_allclose(outputs[1], expected.expected, rtol=0, atol=1e-4)


# --- The file ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PRESETS)
def test_file_metadata_and_signature(name: str, tmp_path: Path) -> None:
    scorer = replace(make_scorer(name), cuts=(0.4, 1.3), card={"seed": 3, "of": "Größe"})
    path = write_onnx(scorer, tmp_path / "new" / "folder")
    assert path == tmp_path / "new" / "folder" / "cold-glass.onnx"
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]
    opened_file = session(path)
    metadata = opened_file.get_modelmeta().custom_metadata_map
    original = bundle.read_metadata(bundle.to_bytes(scorer))
    assert metadata == {key: text for key, text in original.items() if key != "sha256"}
    assert json.loads(metadata["cuts"]) == [0.4, 1.3]
    assert json.loads(metadata["card"]) == {"seed": 3, "of": "Größe"}
    assert json.loads(metadata["vocabulary"]) == list(scorer.vocabulary.entries)
    inputs = {entry.name: (entry.type, entry.shape) for entry in opened_file.get_inputs()}
    assert inputs.pop("ids") == ("tensor(int64)", ["batch", "words"])
    assert inputs == ({"buckets": ("tensor(int64)", ["batch", "grams"])} if name == "pocket" else {})
    outputs = {entry.name: (entry.type, entry.shape) for entry in opened_file.get_outputs()}
    assert outputs == {"probabilities": ("tensor(float)", ["batch", 3]), "expected": ("tensor(float)", ["batch"])}


def test_header_of_the_file(scorer: Scorer, tmp_path: Path) -> None:
    model = onnx.load(str(write_onnx(scorer, tmp_path)))
    assert (model.producer_name, model.producer_version) == ("pocketscore", __version__)
    assert (model.ir_version, [(entry.domain, entry.version) for entry in model.opset_import]) == (8, [("", 17)])
    assert "cold-glass" in model.doc_string


def test_the_metadata_are_enough_to_score(scorer: Scorer, tmp_path: Path) -> None:
    """What a user of the file does who has no scorer."""
    opened_file = session(write_onnx(scorer, tmp_path))
    metadata = opened_file.get_modelmeta().custom_metadata_map
    vocabulary = Vocabulary(tuple(json.loads(metadata["vocabulary"])))
    golden = json.loads(metadata["golden"])
    feed = encode([text for text, _ in golden], vocabulary, json.loads(metadata["spec"]).get("buckets"))
    found = opened_file.run(["probabilities"], feed)[0]
    np.testing.assert_allclose(found, [probabilities for _, probabilities in golden], rtol=0, atol=1e-5)


@pytest.mark.parametrize("name", PRESETS)
def test_matrices_are_int8_and_the_bytes_always_the_same(name: str) -> None:
    raw = build_model(stored(name), {})
    assert raw == build_model(stored(name), {})
    tensors = {tensor.name: tensor for tensor in onnx.load_from_string(raw).graph.initializer}
    largest = max(tensors.values(), key=lambda tensor: len(tensor.raw_data))
    assert largest.data_type == onnx.TensorProto.INT8
    assert len(raw) < len(bundle.to_bytes(stored(name))) + 5_000


@pytest.mark.parametrize(("item", "name"), [("a/b", "a_b-c14cdd.onnx"), ("CON", "CON-a3dbc4.onnx")])
def test_items_with_odd_names(scorer: Scorer, item: str, name: str, tmp_path: Path) -> None:
    assert write_onnx(replace(scorer, item=item), tmp_path).name == name


def test_an_item_that_is_no_unicode(scorer: Scorer, tmp_path: Path) -> None:
    path = write_onnx(replace(scorer, item="a\ud800/\u202e"), tmp_path)
    assert json.loads(session(path).get_modelmeta().custom_metadata_map["item"]) == "a\ud800/\u202e"


# --- Refused ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tensor", ["embedding", "conv2.weight", "hidden.bias", "output.weight", "wide"])
def test_wrong_weights_are_refused_and_nothing_is_written(
    scorer: Scorer, tensor: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wrong(given_scorer: Scorer, metadata: dict[str, str]) -> bytes:
        weights = {**given_scorer.weights, tensor: given_scorer.weights[tensor] * np.float32(1.01)}
        return build_model(replace(given_scorer, weights=weights), metadata)

    monkeypatch.setattr(export, "build_model", wrong)
    (tmp_path / "cold-glass.onnx").write_bytes(b"old")
    with pytest.raises(ArtefactError, match=r"differ from the scorer's by .*; score with the \.pocket file"):
        write_onnx(scorer, tmp_path)
    assert [(entry.name, entry.read_bytes()) for entry in tmp_path.iterdir()] == [("cold-glass.onnx", b"old")]


def without_lengths(patch: pytest.MonkeyPatch) -> None:
    make = graph._Graph.add_many

    def spoilt(self: graph._Graph, op: str, inputs: tuple[str, ...], outputs: tuple[str, ...], **rest: object) -> None:
        make(self, op, inputs[:4] if op == "LSTM" else inputs, outputs, **rest)

    patch.setattr(graph._Graph, "add_many", spoilt)


def with_zeros_in_the_maximum(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(graph, "_BELOW_ALL_STATES", 0.0)


def with_gates_of_another_framework(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(graph, "_GATES", {"ours": "ifco", "onnx": "ifco"})


@pytest.mark.parametrize(
    ("name", "trap"),
    [
        ("elstm-7t", without_lengths),
        ("elstm-bathtub", without_lengths),
        ("elstm-bathtub", with_zeros_in_the_maximum),
        ("elstm-gelatin", with_gates_of_another_framework),
        ("elstm-falling-weights", with_gates_of_another_framework),
    ],
)
def test_traps_of_exporters_are_noticed(
    name: str, trap: Callable[[pytest.MonkeyPatch], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trap(monkeypatch)
    with pytest.raises(ArtefactError, match="differ"):
        write_onnx(make_scorer(name), tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("model", [b"", b"no model", b"\x08\x08"])
def test_models_that_cannot_be_run_are_refused(scorer: Scorer, model: bytes) -> None:
    with pytest.raises(ArtefactError, match="cannot be run"):
        check_model(model, scorer)


def test_models_of_another_shape_are_refused(scorer: Scorer) -> None:
    with pytest.raises(ArtefactError, match="differ"):
        check_model(build_model(make_scorer(points=("0", "1")), {}), scorer)


def test_a_file_that_cannot_be_written(scorer: Scorer, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OutputError, match="cannot be made"):
        write_onnx(scorer, tmp_path / "file")


@pytest.mark.parametrize("library", ["onnx", "onnxruntime"])
def test_without_the_extra(scorer: Scorer, library: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(MissingExtraError, match=rf'needs {library}; run: pip install "pocketscore\[onnx\]"'):
        write_onnx(scorer, tmp_path)
    assert not list(tmp_path.iterdir())


# --- Inputs -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("texts", "ids"),
    [
        (["The cold AIR"], [[0, 2, 1]]),
        (["air", "cold, cold"], [[1, -1, -1], [2, 0, 2]]),
        (["", "air"], [[-1], [1]]),
        ([None], [[-1]]),
        (["水 👍"], [[0, 0]]),
    ],
)
def test_ids(texts: list[str | None], ids: list[list[int]]) -> None:
    found = encode(texts, Vocabulary(("air", "cold")), buckets=None)
    assert list(found) == ["ids"]
    assert found["ids"].tolist() == ids
    assert found["ids"].dtype == np.int64


def test_buckets_are_those_of_the_format_page() -> None:
    """Words and runs first, then pairs; the numbers stand in docs/format.md."""
    found = encode(["cold air", "a"], Vocabulary(()), buckets=4096)["buckets"]
    assert found[0].tolist()[-8:] == [1758, 1998, 1758, 2085, 3501, 4072, 1408, 3468]
    assert found[1].tolist()[:3] == [435, 1282, -1]
    assert (found[1][2:] == -1).all()


def test_long_answers_are_cut() -> None:
    found: dict[str, Ints] = encode(["air " * (MAX_WORDS + 5)], Vocabulary(("air",)), buckets=4096)
    assert found["ids"].shape == (1, MAX_WORDS)
    assert found["buckets"].shape == (1, MAX_WORDS * 7 + MAX_WORDS - 1)


def test_no_texts_and_one_string() -> None:
    with pytest.raises(InputError, match="no texts"):
        encode([], Vocabulary(()), buckets=None)
    with pytest.raises(InputError, match="one string"):
        encode("cold air", Vocabulary(()), buckets=None)


def test_probes_reach_from_no_word_to_the_most(scorer: Scorer) -> None:
    lengths = {len(text.split()) for text in probe_texts(scorer.vocabulary)}
    assert {0, 1, 2, 30, MAX_WORDS} <= lengths
    assert TOLERANCE <= bundle.TOLERANCE
