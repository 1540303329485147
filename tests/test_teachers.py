"""Teachers, with a tiny randomly initialised encoder in the place of a pretrained one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
import torch
from transformers import DistilBertConfig, DistilBertModel, ModernBertConfig, ModernBertModel

from pocketscore.errors import InputError, TeacherError
from pocketscore.progress import Silent
from pocketscore.soft_labels import assign_folds
from pocketscore.teachers.crossfit import Answers, CrossFit, CrossFitData
from pocketscore.teachers.device import Device, choose_device
from pocketscore.teachers.encoder import Encoder, pad
from pocketscore.teachers.ngrams import NgramTeacher
from pocketscore.teachers.packaged import SHA256, check_weights, packaged_minilm
from pocketscore.teachers.settings import Schedule, TeacherSettings
from pocketscore.workdir import WorkDir

CPU = Device("cpu", bf16=False)
TEXTS = ("the cold air", "water", "it is not from the glass, it is from the air outside", "drops!")


@pytest.fixture(scope="module")
def answers() -> Answers:
    """Sixty answers to two items (3 and 2 score points) whose words decide the score."""
    rng = np.random.default_rng(0)
    words = np.array(["the water", "cold air", "glass drops"])
    items = np.arange(60) % 2
    scores = rng.integers(0, 3 - items)
    return Answers(tuple(f"{words[s]} {i}" for i, s in enumerate(scores)), items, scores)


def crossfit(tiny: Path, answers: Answers, folder: Path, **changes: object) -> CrossFit:
    settings = TeacherSettings(**{"models": (str(tiny),), "folds": 3, "epochs": 2, **changes})  # type: ignore[arg-type]
    folds = assign_folds(answers.texts, answers.items.tolist(), settings.folds, seed=0)
    return CrossFit(CrossFitData(answers, answers, folds, [3, 2]), str(tiny), settings, WorkDir(folder), Silent())


@pytest.mark.parametrize(("layers", "frozen"), [(1, 2), (2, 1), ("third", 2), (9, 0)])
def test_trunk_and_top_together_are_the_encoder(
    tiny_encoder: Path, layers: int | Literal["third"], frozen: int
) -> None:
    whole = Encoder(str(tiny_encoder), "all", CPU, 64)
    cut = Encoder(str(tiny_encoder), layers, CPU, 64)
    assert whole.frozen_layers == 0
    assert cut.frozen_layers == frozen
    np.testing.assert_allclose(cut.embed(TEXTS), whole.embed(TEXTS), atol=2e-3)  # trunk states are kept in float16
    assert cut.digest == whole.digest


@pytest.mark.parametrize("kind", ["distilbert", "modernbert"])
def test_other_architectures_train_too(kind: str, tiny_encoder: Path, tmp_path: Path) -> None:
    """Whether or not an architecture can be cut, its embedding is that of the whole model."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(tiny_encoder)
    tokenizer.save_pretrained(tmp_path)
    torch.manual_seed(0)
    if kind == "distilbert":
        DistilBertModel(
            DistilBertConfig(vocab_size=len(tokenizer), dim=16, n_layers=3, n_heads=2, hidden_dim=32)
        ).save_pretrained(tmp_path)
    else:
        ModernBertModel(
            ModernBertConfig(
                vocab_size=len(tokenizer), hidden_size=16, num_hidden_layers=3, num_attention_heads=2,
                intermediate_size=32, pad_token_id=0, bos_token_id=2, eos_token_id=3, cls_token_id=2, sep_token_id=3,
            )
        ).save_pretrained(tmp_path)  # fmt: skip
    cut, whole = Encoder(str(tmp_path), 1, CPU, 64), Encoder(str(tmp_path), "all", CPU, 64)
    np.testing.assert_allclose(cut.embed(TEXTS), whole.embed(TEXTS), atol=2e-3)
    top = cut.top()
    cut.pooled(top, cut.prepare(TEXTS)).sum().backward()  # type: ignore[no-untyped-call]
    assert any(parameter.grad is not None for parameter in top.parameters())


def test_long_answers_are_cut_quickly(tiny_encoder: Path) -> None:
    encoder = Encoder(str(tiny_encoder), 1, CPU, 16)
    assert [len(row) for row in encoder.prepare(["water " * 200_000, "air"])] == [16, 3]
    assert len(Encoder(str(tiny_encoder), 1, CPU, 10_000).prepare(["water " * 1000])[0]) == 126


def test_padding_and_mask() -> None:
    padded, mask = pad([torch.ones(2, 3), torch.ones(1, 3)])
    assert padded.shape == (2, 2, 3)
    assert mask.tolist() == [[1, 1], [1, 0]]


def test_a_teacher_learns(tiny_encoder: Path, answers: Answers, tmp_path: Path) -> None:
    fitted = crossfit(tiny_encoder, answers, tmp_path, epochs=30, layers="all", learning_rate=3e-3, patience=30)
    fitted.train()
    logits = fitted.logits(answers.texts, answers.items, fold=0)
    assert (logits.argmax(axis=1) == answers.scores).mean() > 0.9
    assert np.isneginf(logits[answers.items == 1, 2]).all()


def test_a_killed_run_goes_on_and_ends_like_an_unbroken_one(
    tiny_encoder: Path, answers: Answers, tmp_path: Path
) -> None:
    """Everything on disk after each write is a possible state after kill -9; nothing finished is computed again."""
    unbroken = crossfit(tiny_encoder, answers, tmp_path / "a")
    unbroken.train()
    expected = [unbroken.logits(answers.texts, answers.items, fold) for fold in range(3)]
    broken = crossfit(tiny_encoder, answers, tmp_path / "b")
    trained: list[int] = []
    original = broken._train_fold

    def train_one(fold: int) -> str:
        if trained:
            raise KeyboardInterrupt
        trained.append(fold)
        return original(fold)

    broken._train_fold = train_one  # type: ignore[assignment, method-assign]
    with pytest.raises(KeyboardInterrupt):
        broken.train()
    before = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "b").iterdir()}
    resumed = crossfit(tiny_encoder, answers, tmp_path / "b")
    resumed.train()
    for fold in range(3):
        np.testing.assert_array_equal(resumed.logits(answers.texts, answers.items, fold), expected[fold])
    assert len(before) == 1
    assert {name: (tmp_path / "b" / name).stat().st_mtime_ns for name in before} == before


def test_labels_are_cached_by_content(tiny_encoder: Path, answers: Answers, tmp_path: Path) -> None:
    first = crossfit(tiny_encoder, answers, tmp_path)
    first.train()
    expected = first.logits(("air", "water", "air"), np.array([0, 0, 1]), 0)
    written = sorted(tmp_path.iterdir())
    again = crossfit(tiny_encoder, answers, tmp_path)
    found = again.logits(("air", "air", "water"), np.array([1, 0, 0]), 0)
    np.testing.assert_array_equal(found, expected[[2, 0, 1]])
    assert sorted(tmp_path.iterdir()) == written
    assert crossfit(tiny_encoder, answers, tmp_path, seed=1).key != again.key


@pytest.mark.parametrize("changes", [{"folds": 0}, {"epochs": 0}, {"batch": 0}, {"models": ()}, {"models": ("a", "a")}])
def test_impossible_settings(changes: dict[str, object]) -> None:
    with pytest.raises(InputError):
        TeacherSettings(**changes)  # type: ignore[arg-type]


def test_a_model_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(TeacherError, match="cannot be loaded"):
        Encoder(str(tmp_path), "third", CPU, 64)
    with pytest.raises(TeacherError, match="cannot be loaded"):
        Encoder("nobody/no-such-model", "third", CPU, 64)


def test_altered_weights_are_refused(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"altered")
    with pytest.raises(TeacherError, match="expected 53aa51172d14"):
        check_weights(tmp_path / "model.safetensors", SHA256)


def test_the_packaged_teacher_loads_without_a_network() -> None:
    """In a process whose every connection fails."""
    code = (
        "import socket\n"
        "def refuse(*a, **k): raise AssertionError('network')\n"
        "socket.socket.connect = socket.create_connection = socket.getaddrinfo = refuse\n"
        "from pocketscore.teachers.encoder import Encoder\n"
        "from pocketscore.teachers.device import Device\n"
        "e = Encoder('minilm', 'third', Device('cpu', False), 64)\n"
        "print(e.frozen_layers, e.embed(['cold', 'chilly', 'banana']).shape)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.split("\n")[0] == "4 torch.Size([3, 384])", done.stderr
    assert packaged_minilm().name == "model"


def test_the_device_is_one_that_exists() -> None:
    assert choose_device().name in ("cuda", "mps", "cpu")


def test_one_fold_asks_a_teacher_about_what_it_was_trained_on(
    tiny_encoder: Path, answers: Answers, tmp_path: Path
) -> None:
    """As in the paper: all sixty answers are learnt, and nothing is left out."""
    fitted = crossfit(
        tiny_encoder, answers, tmp_path, folds=1, epochs=30, layers="all", learning_rate=3e-3, patience=30
    )
    fitted.train()
    assert (fitted.logits(answers.texts, answers.items, fold=0).argmax(axis=1) == answers.scores).mean() > 0.9


def test_the_schedule_follows_the_number_of_answers_unless_given() -> None:
    small, large = (TeacherSettings().schedule(n) for n in (500, 20_000))
    assert small.epochs > large.epochs
    assert small.batch < large.batch
    assert TeacherSettings(epochs=3).schedule(500) == Schedule(3, small.batch, small.learning_rate)


@pytest.mark.parametrize("total", [1, 2])
def test_the_ngram_teacher_learns_from_the_other_folds_only(total: int) -> None:
    """Fold 1 holds a word that decides its score; its own teacher has never seen it unless there is one fold."""
    texts = [f"{'cold' if i % 2 else 'warm'} air {i}" for i in range(40)] + ["strange"] * 4
    scores = np.array([*(i % 2 for i in range(40)), 2, 2, 2, 2])
    folds = np.array([*(i // 2 % 2 for i in range(40)), 1, 1, 1, 1]) * (total > 1)
    teacher = NgramTeacher(texts, scores, folds, total, points=3)
    found = teacher.logits(["cold air", "warm air", "strange"], fold=total - 1)
    assert found.shape == (3, 3)
    assert found[:2].argmax(axis=1).tolist() == [1, 0]
    assert (found[2].argmax() == 2) == (total == 1)
    assert np.isfinite(found).all()
    assert teacher.logits([], 0).shape == (0, 3)


def test_the_ngram_teacher_survives_a_fold_with_one_score() -> None:
    teacher = NgramTeacher(["a b", "a c", "b c"], np.array([0, 0, 1]), np.array([0, 0, 1]), total=2, points=2)
    assert teacher.logits(["a b"], fold=1)[0].argmax() == 0
