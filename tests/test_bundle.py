"""The `.pocket` file: whole round trips, and refusal of everything else."""

from __future__ import annotations

import contextlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import given
from hypothesis import strategies as st

from conftest import make_scorer
from pocketscore import bundle
from pocketscore.errors import ArtefactError, InputError, OutputError
from pocketscore.student import PRESETS, Scorer
from pocketscore.student.spec import spec_to_dict

GOLDEN = Path(__file__).parent / "golden"
TEXTS = ["the cold air turns liquid", "", "qqq", "it is not from the glass"]


@pytest.mark.parametrize("name", PRESETS)
def test_round_trip_keeps_scores_and_bytes(name: str, tmp_path: Path) -> None:
    made = replace(make_scorer(name), cuts=(0.4, 1.3), question="Why is the glass wet?", rubric="2: cold; from the air")
    stored = bundle.save(made, tmp_path / "item.pocket")
    loaded = bundle.load(tmp_path / "item.pocket")
    np.testing.assert_array_equal(loaded.score(TEXTS).probabilities, stored.score(TEXTS).probabilities)
    assert (loaded.item, loaded.spec, loaded.scale) == (stored.item, stored.spec, stored.scale)
    assert (loaded.cuts, loaded.question, loaded.rubric) == (made.cuts, made.question, made.rubric)
    assert loaded.score(TEXTS).labels == stored.score(TEXTS).labels
    assert loaded.vocabulary == stored.vocabulary
    assert bundle.to_bytes(loaded) == (tmp_path / "item.pocket").read_bytes()


def test_int8_rows_stay_close_to_the_weights(scorer: Scorer) -> None:
    stored = bundle.quantised(scorer)
    for name, tensor in scorer.weights.items():
        step = np.abs(tensor).max(axis=-1, keepdims=True) / 127
        assert (np.abs(stored.weights[name] - tensor) <= step / 2 + 1e-7).all()


@given(st.lists(st.lists(st.floats(-1e6, 1e6, width=32), min_size=3, max_size=3), min_size=1, max_size=4))
def test_quantising_twice_changes_nothing(rows: list[list[float]]) -> None:
    tensor = np.array(rows, dtype=np.float32)
    once = bundle.dequantise(*bundle.quantise(tensor))
    np.testing.assert_array_equal(bundle.dequantise(*bundle.quantise(once)), once)


def test_it_is_a_valid_safetensors_file(scorer: Scorer) -> None:
    tensors = safetensors.numpy.load(bundle.to_bytes(scorer))
    assert tensors["embedding"].dtype == np.int8
    found = bundle.dequantise(tensors["embedding"], tensors["embedding.scale"])
    np.testing.assert_array_equal(found, bundle.quantised(scorer).weights["embedding"])


def test_golden_texts_are_ours_and_their_scores_are_checked(scorer: Scorer) -> None:
    metadata = _header(bundle.to_bytes(scorer))["__metadata__"]
    texts = [text for text, _ in json.loads(metadata["golden"])]
    assert texts[: len(bundle.GOLDEN_TEXTS)] == list(bundle.GOLDEN_TEXTS)
    spoilt = _repack(scorer, golden=json.dumps([["The air.", [0.5, 0.25, 0.25]]]))
    with pytest.raises(ArtefactError, match="golden texts"):
        bundle.from_bytes(spoilt)


def test_any_changed_byte_is_noticed(scorer: Scorer) -> None:
    raw = bundle.to_bytes(scorer)
    for place in np.linspace(0, len(raw) - 1, 150).astype(int):
        changed = bytearray(raw)
        changed[place] ^= 1
        with pytest.raises(ArtefactError):
            bundle.from_bytes(bytes(changed))


@pytest.mark.parametrize("kept", [0, 1, 7, 8, 9, 100, 1000, -1])
def test_truncated_files_are_refused(scorer: Scorer, kept: int) -> None:
    with pytest.raises(ArtefactError):
        bundle.from_bytes(bundle.to_bytes(scorer)[:kept])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": "other"}, "not a PocketScore file"),
        ({"format_version": "3.0"}, "update PocketScore"),
        ({"text_version": "9"}, "update PocketScore"),
        ({"spec": "{}"}, "unknown kind"),
        ({"spec": "[]"}, "do not fit together"),
        ({"scale": json.dumps({"points": ["0"], "kind": "ordinal"})}, "do not fit together"),
        ({"scale": json.dumps({"points": ["0", "1"], "kind": "ordinal"})}, "do not fit together"),
        ({"vocabulary": json.dumps(["a", "a"])}, "do not fit together"),
        ({"vocabulary": json.dumps(["a"])}, "do not fit together"),
        ({"vocabulary": "not json"}, "do not fit together"),
        ({"card": "3"}, "do not fit together"),
        ({"golden": "[]"}, "golden texts"),
        ({"cuts": "[0.5]"}, "do not fit together"),
        ({"cuts": "[1.5, 0.5]"}, "do not fit together"),
        ({"cuts": "[true, 2]"}, "do not fit together"),
        ({"cuts": '"ab"'}, "do not fit together"),
        ({"prompt": "[]"}, "do not fit together"),
    ],
)
def test_contents_that_do_not_fit_are_refused(scorer: Scorer, changes: dict[str, str], message: str) -> None:
    """Even with a correct checksum, which anybody can compute."""
    with pytest.raises(ArtefactError, match=message):
        bundle.from_bytes(_repack(scorer, **changes))


def test_minor_versions_are_read(scorer: Scorer) -> None:
    assert bundle.from_bytes(_repack(scorer, format_version="2.9")).item == scorer.item


def test_values_that_are_not_finite_are_refused(scorer: Scorer) -> None:
    weights = {name: tensor.copy() for name, tensor in scorer.weights.items()}
    weights["output.bias"][0] = np.nan
    tensors, metadata = _tensors_and_metadata(scorer)
    tensors["output.bias"] = weights["output.bias"]
    with pytest.raises(ArtefactError, match="not finite"):
        bundle.from_bytes(bundle._pack(tensors, metadata))


def test_a_header_that_claims_gigabytes_is_refused_before_allocating() -> None:
    with pytest.raises(ArtefactError, match="cut off"):
        bundle.from_bytes((1 << 40).to_bytes(8, "little") + b"{}")


def test_errors_name_the_file(scorer: Scorer, tmp_path: Path) -> None:
    (tmp_path / "half.pocket").write_bytes(bundle.to_bytes(scorer)[:500])
    with pytest.raises(ArtefactError, match=r"half\.pocket"):
        bundle.load(tmp_path / "half.pocket")
    with pytest.raises(InputError, match="there is no file"):
        bundle.load(tmp_path / "none.pocket")


def test_a_failed_save_leaves_the_old_file(scorer: Scorer, tmp_path: Path) -> None:
    path = tmp_path / "item.pocket"
    bundle.save(scorer, path)
    old = path.read_bytes()
    with pytest.raises(OutputError):
        bundle.save(scorer, tmp_path / "missing" / "item.pocket")
    assert path.read_bytes() == old
    assert [entry.name for entry in tmp_path.iterdir()] == ["item.pocket"]


def test_a_file_of_format_1_0_is_read() -> None:
    """One file of each older version stays here; see the procedure in bundle.py."""
    found = bundle.load(GOLDEN / "format-1.0.pocket")
    assert found.cuts is None
    assert found.score(["The cold air turns liquid"]).labels == ("1",)


def test_a_file_of_format_2_0_is_read() -> None:
    found = bundle.load(GOLDEN / "format-2.0.pocket")
    assert found.cuts == (0.9, 0.96)
    scores = found.score(["The cold air turns liquid", "it is not from the glass"])
    assert scores.labels == ("0", "2")
    assert scores.probabilities.argmax(axis=1).tolist() == [1, 1]


def _header(raw: bytes) -> dict[str, dict[str, str]]:
    header: dict[str, dict[str, str]] = json.loads(raw[8 : 8 + int.from_bytes(raw[:8], "little")])
    return header


def _tensors_and_metadata(scorer: Scorer) -> tuple[bundle.Tensors, dict[str, str]]:
    raw = bundle.to_bytes(scorer)
    metadata = _header(raw)["__metadata__"]
    del metadata["sha256"]
    return dict(safetensors.numpy.load(raw)), metadata


def _repack(scorer: Scorer, **changes: str) -> bytes:
    tensors, metadata = _tensors_and_metadata(scorer)
    return bundle._pack(tensors, metadata | changes)


NASTY = ["NaN", '"\\ud800"', "[" * 3000 + "]" * 3000, "1e999", '{"a":' * 2000 + "1" + "}" * 2000, "10" * 400]


@pytest.mark.parametrize("key", ["spec", "card", "golden", "scale", "vocabulary", "item", "cuts"])
@pytest.mark.parametrize("value", NASTY)
def test_hostile_metadata_is_refused_or_harmless(scorer: Scorer, key: str, value: str) -> None:
    """Never anything but an ArtefactError."""
    with contextlib.suppress(ArtefactError):
        bundle.from_bytes(_repack(scorer, **{key: value}))


@pytest.mark.parametrize(
    ("field", "value"),
    [("widths", []), ("widths", [0]), ("embedding", 16.0), ("embedding", True), ("dropout", "x"), ("buckets", 3)],
)
def test_hostile_specs_are_refused(scorer: Scorer, field: str, value: object) -> None:
    spec = {**spec_to_dict(scorer.spec), field: value}
    with pytest.raises(ArtefactError):
        bundle.from_bytes(_repack(scorer, spec=json.dumps(spec)))


def test_tensors_that_belong_to_nothing_are_refused(scorer: Scorer) -> None:
    for name, tensor in (("ghost.scale", np.ones(2)), ("output.bias.scale", np.ones(3)), ("ghost", np.ones(2))):
        tensors, metadata = _tensors_and_metadata(scorer)
        tensors[name] = tensor.astype(np.float32)
        with pytest.raises(ArtefactError, match="do not fit together"):
            bundle.from_bytes(bundle._pack(tensors, metadata))


def test_odd_items_are_written_and_read(scorer: Scorer) -> None:
    odd = Scorer("a\ud800/\u202e", scorer.spec, scorer.vocabulary, scorer.weights, scorer.scale)
    assert bundle.from_bytes(bundle.to_bytes(odd)).score(TEXTS).labels == bundle.quantised(odd).score(TEXTS).labels
