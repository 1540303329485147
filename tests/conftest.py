"""Shared by all tests: tiny scorers, a tiny pretrained encoder made on the spot, no network."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import playwright
import pytest
from hypothesis import settings
from playwright.sync_api import Browser, sync_playwright

from pocketscore.llm.model import Codes
from pocketscore.llm.prompts import make_prompt
from pocketscore.student import Scorer, preset
from pocketscore.text import Vocabulary
from pocketscore.types import Item, Scale

# Timings are no test: a busy machine must not fail a property.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

collect_ignore = ["golden_rsmtool.py", "golden_rsmtool_fairness.py"]  # they import RSMTool, which is not installed here

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


CHAT = (
    "{% for message in messages %}<|{{ message.role }}|>{{ message.content }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)


@pytest.fixture(scope="session")
def tiny_causal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a randomly initialised Llama of two small layers, with a byte-level tokenizer trained on the spot."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    folder = tmp_path_factory.mktemp("tiny-llama")
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    marks = ["<|begin|>", "<|end|>", "<|system|>", "<|user|>", "<|assistant|>"]
    trainer = trainers.BpeTrainer(
        vocab_size=900, special_tokens=marks, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    prompt = make_prompt(Item("x", Scale.of(["0", "1", "2"])), Codes(("0", "1", "2")), (), " ".join(WORDS))
    tokenizer.train_from_iterator([prompt.system, prompt.user, prompt.ending, "A B A B"] * 9, trainer)
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token=marks[0], eos_token=marks[1], pad_token=marks[1],
        additional_special_tokens=marks[2:], chat_template=CHAT, model_max_length=2048,
    ).save_pretrained(folder)  # fmt: skip
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        intermediate_size=64,
        max_position_embeddings=2048,
        initializer_range=0.2,
        bos_token_id=0,
        eos_token_id=1,
        pad_token_id=1,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    return folder


WEB = Path(__file__).parents[1] / "src" / "pocketscore" / "web"


def node() -> str:
    """Path of a Node.js: the machine's own, or the one that Playwright brings."""
    own = shutil.which("node")
    driver = Path(playwright.__file__).parent / "driver" / ("node.exe" if os.name == "nt" else "node")
    return own or str(driver)


def run_js(source: str, given: object = None) -> Any:  # noqa: ANN401 (plain data of any shape)
    """What a module's last line `answer(...)` gives in Node, with `given` as plain data; WEB stands for our modules."""
    text = "import fs from 'node:fs';\nconst given = JSON.parse(fs.readFileSync(0, 'utf8'));\n"
    text += "const answer = (value) => fs.writeSync(1, JSON.stringify(value) ?? 'null');\n"
    text += source.replace("WEB/", WEB.as_uri() + "/")
    done = subprocess.run(
        [node(), "--input-type=module", "--eval", text],
        input=json.dumps(given), capture_output=True, text=True, encoding="utf-8", timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """A real Chromium without a network of its own. Debian's, or whichever Playwright has installed."""
    found = next(
        (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
    )
    with sync_playwright() as driver:
        if found is None and not Path(driver.chromium.executable_path).exists():
            pytest.skip("no Chromium on this machine: install the package chromium")
        browser = driver.chromium.launch(
            executable_path=found, args=["--no-sandbox", "--disable-background-networking"]
        )
        yield browser
        browser.close()
