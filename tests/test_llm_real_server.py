"""Real servers on 127.0.0.1 with a tiny model made on the spot: what others wrote for the same API.

`transformers serve` gives no log-probabilities, so the teacher falls back to samples. llama.cpp's server gives them; it
runs where POCKETSCORE_LLAMA_PYTHON names an interpreter that has `llama-cpp-python[server]` and `gguf`.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig

from pocketscore.llm.model import Answers, Codes, Prompt
from pocketscore.llm.prompts import make_prompt
from pocketscore.llm.remote import RemoteModel, remote_model
from pocketscore.llm.settings import AskSettings, LanguageSettings
from pocketscore.progress import Silent
from pocketscore.teachers.causal import CausalModel
from pocketscore.teachers.chat import Chat
from pocketscore.teachers.device import Device
from pocketscore.types import Item, Scale
from pocketscore.workdir import WorkDir

ITEM = Item("glass", Scale.of(["0", "1", "2"]), "Why is the glass wet?", "2 for cold air, 1 for water.")
CODES = Codes.of(ITEM.scale)
WORDS = ("glass ", "water ", "cold air ")
PROMPTS = [make_prompt(ITEM, CODES, (), WORDS[i % 3] * 20 + str(i)) for i in range(6)]
PATIENCE_S = 120


@pytest.fixture(scope="module")
def taught(tiny_causal: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny model after some steps towards the right code and an end: a random one would never write a code."""
    folder = tmp_path_factory.mktemp("served") / "taught"
    tokenizer = AutoTokenizer.from_pretrained(tiny_causal)
    model = AutoModelForCausalLM.from_pretrained(tiny_causal)
    optimiser = torch.optim.Adam(model.parameters(), lr=3e-3)
    asked = [Chat(tokenizer).ids(prompt) for prompt in PROMPTS[:3]]
    said = [[*tokenizer.encode(code), tokenizer.eos_token_id] for code in CODES.characters]
    for _ in range(40):
        optimiser.zero_grad()
        for ids, reply in zip(asked, said, strict=True):
            logits = model(torch.tensor([[*ids, *reply]])).logits[0, -3:-1]
            torch.nn.functional.cross_entropy(logits, torch.tensor(reply), label_smoothing=0.1).backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    # transformers serve draws only where the model's own settings say so; else every sample is the likeliest answer.
    model.generation_config = GenerationConfig(do_sample=True, top_k=0, bos_token_id=0, eos_token_id=1, pad_token_id=1)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def locally(folder: Path, work: Path) -> Answers:
    return CausalModel(str(folder), Device("cpu", bf16=False), WorkDir(work), Silent()).ask(PROMPTS, CODES)


@contextmanager
def serving(command: Sequence[str], folder: Path) -> Iterator[str]:
    """The base URL of a server, once it lists its models; ended with this context."""
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
    log = folder / "server.log"
    environment = {name: value for name, value in os.environ.items() if not name.upper().endswith("_PROXY")}
    with log.open("wb") as out:
        server = subprocess.Popen(
            [*command, "--host", "127.0.0.1", "--port", str(port)], cwd=folder, stdout=out, stderr=out,
            env=environment | {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"},
        )  # fmt: skip
    try:
        _wait_for(f"http://127.0.0.1:{port}/v1/models", server, log)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        server.terminate()
        try:
            server.wait(timeout=20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _wait_for(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(PATIENCE_S * 4):
        if server.poll() is not None:
            break
        try:
            if httpx.get(url, trust_env=False).is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.25)
    raise AssertionError(f"no server: {log.read_text(encoding='utf-8', errors='replace')[-3000:]}")


def opened(url: str, work: Path, ask: AskSettings) -> RemoteModel:
    return remote_model(url, LanguageSettings(ask=ask), work, Silent())


def ask_twice(url: str, work: Path, ask: AskSettings, prompts: Sequence[Prompt] = PROMPTS) -> tuple[Answers, int]:
    """What a server says and how many calls that took; asked again, nothing is sent."""
    with closing(opened(url, work, ask)) as model:
        answers = model.ask(prompts, CODES)
        calls = model.provenance()["calls"]
    with closing(opened(url, work, ask)) as model:
        again = model.ask(prompts, CODES)
        assert model.provenance()["calls"] == calls
    np.testing.assert_array_equal(again.logits, answers.logits)
    return answers, int(calls)


def test_transformers_serve_gives_samples(taught: Path, tmp_path: Path) -> None:
    """Shares of forty answers are near the probabilities that the same model has here."""
    command = [sys.executable, "-m", "transformers.cli.transformers", "serve", taught.name, "--device", "cpu"]
    with serving([*command, "--dtype", "float32"], taught.parent) as url:
        answers, calls = ask_twice(f"{url}/{taught.name}", tmp_path, AskSettings(samples=40, workers=2, max_tokens=2))
        with closing(opened(f"{url}/unknown", tmp_path / "other", AskSettings())) as other:
            refused = other.ask(PROMPTS[:1], CODES)
    assert answers.method == "samples"
    assert not answers.failures
    assert "unknown" in refused.failures[0].reason
    assert calls == 40 * len(PROMPTS) + 1  # the first shows that there are no log-probabilities
    expected = locally(taught, tmp_path)
    # Of forty draws, most of them codes, a share is off by .3 once in a thousand times.
    np.testing.assert_allclose(np.exp(answers.logits), np.exp(expected.logits), atol=0.3)


def test_llama_cpp_gives_log_probabilities(taught: Path, tmp_path: Path) -> None:
    """Those that the same weights have here, from other code in another language."""
    python = os.environ.get("POCKETSCORE_LLAMA_PYTHON")
    if not python:
        pytest.skip("POCKETSCORE_LLAMA_PYTHON names no interpreter with llama-cpp-python[server] and gguf")
    model = AutoModelForCausalLM.from_pretrained(taught)
    np.savez(tmp_path / "weights.npz", **{name: value.numpy() for name, value in model.state_dict().items()})
    script = Path(__file__).with_name("write_gguf.py")
    subprocess.run([python, str(script), "weights.npz", str(taught), "taught.gguf"], cwd=tmp_path, check=True)
    command = [python, "-m", "llama_cpp.server", "--model", "taught.gguf", "--model_alias", "taught"]
    with serving([*command, "--n_ctx", "1024", "--n_threads", "1"], tmp_path) as url:
        answers, calls = ask_twice(f"{url}/taught", tmp_path, AskSettings(workers=2, max_tokens=2))
        with closing(opened(f"{url}/taught", tmp_path / "other", AskSettings(attempts=1))) as model:
            refused = model.ask([make_prompt(ITEM, CODES, (), "water " * 1000)], CODES)
    assert answers.method == "logprobs"
    assert not answers.failures
    assert "context" in refused.failures[0].reason
    assert calls == len(PROMPTS)
    expected = locally(taught, tmp_path)
    np.testing.assert_allclose(np.exp(answers.logits), np.exp(expected.logits), atol=0.02)
    np.testing.assert_allclose(answers.mass, expected.mass, atol=0.02)
