"""Shared by all tests: tiny scorers, a tiny pretrained encoder made on the spot, no network."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

from pocketscore.student import Scorer, preset
from pocketscore.text import Vocabulary
from pocketscore.types import Scale

# Timings are no test: a busy machine must not fail a property.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

WORDS = (
    "the", "water", "vapour", "air", "glass", "cold", "cools", "drops", "liquid", "turns", "it", "is", "not", "from",
    "because", "水", "'", "e",
)  # fmt: skip


def make_scorer(name: str = "pocket", points: tuple[str, ...] = ("0", "1", "2"), seed: int = 0) -> Scorer:
    """A scorer with random weights, large enough that texts get different scores."""
    rng = np.random.default_rng(seed)
    vocabulary = Vocabulary(tuple(word for word in WORDS if word != "'"))
    spec = preset(name)
    shapes = spec.shapes(len(vocabulary), len(points))
    weights = {
        key: (rng.normal(size=shape) * (0.5 if len(shape) == 1 else 0.2)).astype(np.float32)
        for key, shape in shapes.items()
    }
    return Scorer("cold-glass", spec, vocabulary, weights, Scale.of(points))


@pytest.fixture
def scorer() -> Scorer:
    return make_scorer()


@pytest.fixture(scope="session")
def tiny_encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a randomly initialised BERT of three small layers, with a tokenizer of its own."""
    import torch
    from transformers import BertConfig, BertModel, BertTokenizerFast

    folder = tmp_path_factory.mktemp("tiny-bert")
    letters = "abcdefghijklmnopqrstuvwxyz0123456789.,!?'"
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters, *(f"##{letter}" for letter in letters)]
    (folder / "vocab.txt").write_text("\n".join([*pieces, *WORDS[:14]]) + "\n", encoding="utf-8")
    tokenizer = BertTokenizerFast(vocab=str(folder / "vocab.txt"))
    tokenizer.save_pretrained(folder)
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=16,
        num_hidden_layers=3,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=128,
    )
    BertModel(config, add_pooling_layer=False).save_pretrained(folder)
    return folder
