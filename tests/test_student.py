"""Specs, numpy forward passes, the scorer."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import WORDS, make_scorer
from pocketscore.distillation.network import build
from pocketscore.distillation.train import encode
from pocketscore.errors import ArtefactError, InputError
from pocketscore.student import PRESETS, PocketSpec, Scorer, parameters, preset
from pocketscore.student.spec import spec_from_dict, spec_to_dict
from pocketscore.text import MAX_WORDS, Vocabulary
from pocketscore.types import MISSING, Scale, Status

SCORERS = {name: make_scorer(name) for name in PRESETS}
ANSWER = st.lists(st.one_of(st.sampled_from(WORDS), st.text(max_size=6)), max_size=12).map(" ".join)


@pytest.mark.parametrize("name", PRESETS)
def test_numpy_equals_torch(name: str) -> None:
    """The network trained in torch and the one that ships are the same function."""
    torch.manual_seed(1)
    spec = preset(name)
    vocabulary = Vocabulary(tuple(f"w{i}" for i in range(20)))
    net = build(spec, len(vocabulary), 4).eval()
    with torch.no_grad():
        for parameter in net.parameters():
            if parameter.requires_grad:
                parameter.normal_(0, 0.4)
    rng = np.random.default_rng(0)
    texts = [" ".join(f"w{i}" for i in rng.integers(0, 25, n)) for n in (1, 2, 3, 7, 30, 30, 100)]
    encoded = encode(texts, vocabulary, spec)
    expected = torch.softmax(net(encoded.batch(range(len(texts)))), 1).detach().numpy()
    scorer = Scorer("x", spec, vocabulary, net.arrays(), Scale.of(list("0123")))
    assert expected.std() > 0.05
    np.testing.assert_allclose(scorer.score(texts).probabilities, expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("name", PRESETS)
def test_arrays_are_exactly_what_the_spec_implies(name: str) -> None:
    shapes = {key: array.shape for key, array in build(preset(name), 11, 3).arrays().items()}
    assert shapes == preset(name).shapes(11, 3)
    assert parameters(preset(name), 11, 3) == sum(int(np.prod(shape)) for shape in shapes.values())


@pytest.mark.parametrize("name", PRESETS)
@settings(max_examples=30, deadline=None)
@given(texts=st.lists(ANSWER, min_size=1, max_size=20), data=st.data())
def test_same_score_alone_and_in_any_batch(name: str, texts: list[str], data: st.DataObject) -> None:
    scorer = SCORERS[name]
    order = data.draw(st.permutations(range(len(texts))))
    together = scorer.score([texts[i] for i in order])
    for place, i in enumerate(order):
        alone = scorer.score([texts[i]])
        np.testing.assert_allclose(together.probabilities[place], alone.probabilities[0], atol=1e-9)
        assert together.labels[place] == alone.labels[0]
        assert together.status[place] == alone.status[0]
        assert together.refer[place] == alone.refer[0]


def test_scores_do_not_depend_on_what_was_scored_before(scorer: Scorer) -> None:
    """The word cache is only a cache, also when it overflows."""
    before = scorer.score(["cold air turns liquid"]).probabilities
    scorer.score([f"new{i} word{i}" for i in range(15_000)])
    np.testing.assert_array_equal(scorer.score(["cold air turns liquid"]).probabilities, before)


@pytest.mark.parametrize(
    ("text", "status", "scored"),
    [
        ("the cold air", Status.OK, True),
        ("", Status.EMPTY, False),
        (" \n\u200b", Status.EMPTY, False),
        (None, Status.NOT_TEXT, False),
        (3.5, Status.NOT_TEXT, False),
        ("👍👍", Status.UNFAMILIAR, True),
        ("qwrt zxcv", Status.UNFAMILIAR, True),
        ("air " * (MAX_WORDS + 1), Status.TRUNCATED, True),
        ("air " * MAX_WORDS, Status.OK, True),
        ("air" * 400_000, Status.UNFAMILIAR, True),
        ("\ud800 air", Status.OK, True),
        ("الماء يتبخر air", Status.OK, True),
    ],
)
def test_status(scorer: Scorer, text: str | None, status: Status, scored: bool) -> None:
    found = scorer.score([text])
    assert found.status == (status,)
    assert np.isfinite(found.probabilities).all() == scored
    assert (found.indices[0] != MISSING) == scored
    assert (found.labels[0] is not None) == scored


def test_no_texts_and_one_string(scorer: Scorer) -> None:
    assert len(scorer.score([])) == 0
    with pytest.raises(InputError, match="one string"):
        scorer.score("cold air")


def test_probabilities_expected_score_and_confidence(scorer: Scorer) -> None:
    found = scorer.score(["the cold air", "drops"])
    np.testing.assert_allclose(found.probabilities.sum(axis=1), 1)
    np.testing.assert_allclose(found.expected, found.probabilities @ np.array([0.0, 1.0, 2.0]))
    np.testing.assert_allclose(found.confidence, found.probabilities.max(axis=1))


def test_weights_that_do_not_fit_the_spec_are_refused(scorer: Scorer) -> None:
    weights = dict(scorer.weights)
    weights["hidden.bias"] = weights["hidden.bias"][:-1]
    with pytest.raises(InputError, match=r"hidden\.bias"):
        Scorer("x", scorer.spec, scorer.vocabulary, weights, scorer.scale)


def test_specs_survive_json_and_equal_specs_are_equal() -> None:
    for name in PRESETS:
        assert spec_from_dict(json.loads(json.dumps(spec_to_dict(preset(name))))) == preset(name)


@pytest.mark.parametrize(
    "raw",
    [
        {},
        {"kind": "transformer"},
        {"kind": "pocket"},
        {**spec_to_dict(preset("pocket")), "filters": 10**9},
        {**spec_to_dict(preset("pocket")), "filters": -1},
        {**spec_to_dict(preset("pocket")), "extra": 1},
    ],
)
def test_bad_specs_are_refused(raw: dict[str, object]) -> None:
    with pytest.raises(ArtefactError):
        spec_from_dict(raw)


def test_unknown_preset_and_odd_buckets() -> None:
    with pytest.raises(InputError, match="choose one of pocket"):
        preset("huge")
    with pytest.raises(InputError, match="power of two"):
        PocketSpec(buckets=1000)


def test_the_papers_networks_are_as_section_4_2_1_describes_them() -> None:
    """Layers, units, directions, pooling and activations; a table of what the paper says."""
    described = {
        "elstm-7t": (64, 64, False, "last", 32, "relu"),
        "elstm-falling-weights": (32, 16, True, "max", None, None),
        "elstm-gelatin": (128, 64, False, "last", 16, "selu"),
        "elstm-bathtub": (64, 32, True, "max", 16, "selu"),
    }
    for name, (embedding, units, both, pooling, hidden, activation) in described.items():
        spec = preset(name)
        assert not isinstance(spec, PocketSpec)
        assert (spec.embedding, spec.units, spec.bidirectional, spec.pooling) == (embedding, units, both, pooling)
        assert hidden is None or (spec.hidden, spec.activation) == (hidden, activation)
        assert spec.dropout > 0
    gelatin = preset("elstm-gelatin")
    assert not isinstance(gelatin, PocketSpec)
    assert min(gelatin.embedding_l1, gelatin.hidden_l1, gelatin.hidden_l2) > 0
