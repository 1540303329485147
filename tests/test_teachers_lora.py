"""Adapters of a tiny random text-generation model learn a planted rule, out of fold, and only they are kept."""

from __future__ import annotations

import pickle
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pocketscore.errors import MissingExtraError, TeacherError
from pocketscore.metrics import confusion, qwk
from pocketscore.progress import Silent
from pocketscore.soft_labels import assign_folds
from pocketscore.teachers.crossfit import Answers, CrossFit, CrossFitData
from pocketscore.teachers.encoder import weights_digest
from pocketscore.teachers.lora import LoraFit, cross_fit
from pocketscore.teachers.settings import TeacherSettings
from pocketscore.types import Floats, Item, Scale
from pocketscore.workdir import WorkDir

ITEMS = (Item("glass", Scale.of(["0", "1", "2"]), "Why is it wet?"), Item("air", Scale.of(["no", "yes"]), "Why?"))
FOLDS = 2


def made(n: int, seed: int) -> Answers:
    """Answers to two items (3 and 2 score points) whose words decide the score."""
    rng = np.random.default_rng(seed)
    words = np.array(["the water ", "cold air ", "glass drops "])
    items = np.arange(n) % 2
    scores = rng.integers(0, 3 - items)
    return Answers(tuple(f"{words[s] * 20}{i + seed}" for i, s in enumerate(scores)), items, scores)


ANSWERS = made(60, 0)


def fitted(
    tiny: Path, folder: Path, epochs: int = 1, items: tuple[Item, ...] = ITEMS, answers: Answers = ANSWERS
) -> LoraFit:
    how = TeacherSettings(
        models=("x",), folds=FOLDS, epochs=epochs, batch=10, learning_rate=1e-2, patience=9, dropout=0
    )
    folds = assign_folds(answers.texts, answers.items.tolist(), FOLDS, seed=0)
    data = CrossFitData(answers, made(20, 1000), folds, [3, 2])
    return LoraFit(data, items, f"lora:{tiny}", how, WorkDir(folder), Silent())


@pytest.fixture(scope="module")
def learnt(tiny_causal: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[LoraFit, Path]:
    folder = tmp_path_factory.mktemp("work")
    fit = fitted(tiny_causal, folder, epochs=10)
    fit.train()
    return fit, folder


@pytest.fixture(scope="module")
def narrow(tiny_causal: Path, tmp_path_factory: pytest.TempPathFactory) -> LoraFit:
    """A model that reads forty tokens more than question and rubric take."""
    fit = fitted(tiny_causal, tmp_path_factory.mktemp("work"))
    fit._generator.context = len(fit._prompt("", 0)) + 41
    fit._room = [fit._room_for_answer(item) for item in range(len(ITEMS))]
    return fit


def asked(fit: LoraFit) -> Floats:
    """(F, N, K) logits."""
    return np.stack([fit.logits(ANSWERS.texts, ANSWERS.items, fold) for fold in range(FOLDS)])


def test_adapters_learn_what_holds_for_answers_they_have_not_seen(learnt: tuple[LoraFit, Path]) -> None:
    folds = assign_folds(ANSWERS.texts, ANSWERS.items.tolist(), FOLDS, seed=0)
    logits = asked(learnt[0])[folds, np.arange(len(folds))]
    for item, points in enumerate((3, 2)):
        rows = ANSWERS.items == item
        counts = confusion(ANSWERS.scores[rows], logits[rows].argmax(axis=1), points)
        assert qwk(counts, np.arange(points, dtype=np.float64)) > 0.6
    assert np.isneginf(logits[ANSWERS.items == 1, 2]).all()
    assert np.isfinite(logits[ANSWERS.items == 0]).all()


def test_folds_do_not_share_what_they_learnt(learnt: tuple[LoraFit, Path], tiny_causal: Path) -> None:
    """Whatever order they are asked in, in this process or in another."""
    fit, folder = learnt
    expected = asked(fit)
    assert not np.allclose(expected[0], expected[1])
    again = fitted(tiny_causal, folder, epochs=10)
    for fold in (1, 0, 1):
        teacher = again._teacher(fold)
        examples = again._examples(replace(ANSWERS, texts=ANSWERS.texts[:2], items=ANSWERS.items[:2]))
        with torch.inference_mode():
            found = teacher.eval()(examples.prepared, examples.items)
        np.testing.assert_allclose(found, expected[fold][:2], atol=1e-4)


def test_only_adapters_are_kept_and_the_model_stays_as_it_was(learnt: tuple[LoraFit, Path], tiny_causal: Path) -> None:
    fit, folder = learnt
    stored = WorkDir(folder).get(f"teacher-{fit.key}-fold0")
    assert stored is not None
    assert all("lora_A" in name or "lora_B" in name for name in stored)
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(tiny_causal, dtype=fit._generator.model.dtype)
    # In each of two layers: four products of attention and three behind it, inputs and outputs 32, 64 or 16 wide.
    assert sum(array.size for array in stored.values()) == 2 * 16 * (32 + 32 + 2 * (32 + 16) + 32 + 32 + 3 * (32 + 64))
    assert fit.provenance()["weights_sha256"] == weights_digest(model)
    assert fit.parameters == sum(p.numel() for p in model.parameters())
    after = {name.replace(".base_layer", ""): value for name, value in fit._generator.model.state_dict().items()}
    assert all(torch.equal(after[name], value) for name, value in model.state_dict().items())


def test_new_adapters_change_nothing_yet(tiny_causal: Path, tmp_path: Path) -> None:
    fit = fitted(tiny_causal, tmp_path)
    prompts = [fit._prompt(text, 0) for text in ANSWERS.texts[:3]]
    with torch.inference_mode():
        found = fit._new_teacher(0).eval()(prompts, torch.zeros(3, dtype=torch.int64))
        plain = fit._generator.log_probabilities(prompts, fit._generator.chat.paths(fit._codes[0]))
    np.testing.assert_allclose(found, plain, atol=1e-5)


def test_a_killed_run_goes_on_and_ends_like_an_unbroken_one(
    tiny_causal: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unbroken = fitted(tiny_causal, tmp_path / "a")
    unbroken.train()
    expected = asked(unbroken)
    broken = fitted(tiny_causal, tmp_path / "b")
    original = broken._train_fold
    trained: list[int] = []

    def train_one(fold: int) -> str:
        if trained:
            raise KeyboardInterrupt
        trained.append(fold)
        return original(fold)

    monkeypatch.setattr(broken, "_train_fold", train_one)
    with pytest.raises(KeyboardInterrupt):
        broken.train()
    before = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "b").iterdir()}
    resumed = fitted(tiny_causal, tmp_path / "b")
    resumed.train()
    np.testing.assert_array_equal(asked(resumed), expected)
    assert len(before) == 1
    assert {name: (tmp_path / "b" / name).stat().st_mtime_ns for name in before} == before


def test_a_copy_in_another_process_is_the_same_teacher(learnt: tuple[LoraFit, Path]) -> None:
    fit, _ = learnt
    copy = pickle.loads(pickle.dumps(fit))
    assert copy.key == fit.key
    np.testing.assert_array_equal(copy.logits(ANSWERS.texts, ANSWERS.items, 1), asked(fit)[1])


def test_another_question_is_another_teacher(tiny_causal: Path, tmp_path: Path) -> None:
    first = fitted(tiny_causal, tmp_path)
    other = fitted(tiny_causal, tmp_path, items=(replace(ITEMS[0], rubric="2 for drops"), ITEMS[1]))
    assert first.key == fitted(tiny_causal, tmp_path).key != other.key
    assert not torch.equal(first._prompt("air", 0), other._prompt("air", 0))
    assert str(tiny_causal.parent) not in str(first.provenance())


def test_long_answers_are_cut_and_long_rubrics_refused(tiny_causal: Path, tmp_path: Path) -> None:
    fit = fitted(tiny_causal, tmp_path)
    taken = len(fit._prompt("", 0))
    assert taken + 250 < len(fit._prompt("water " * 90_000, 0)) < taken + 260
    with pytest.raises(TeacherError, match=r"item glass: question and rubric take \d+ tokens, .* reads 2047"):
        fitted(tiny_causal, tmp_path, items=(replace(ITEMS[0], rubric="drops " * 2000), ITEMS[1]))


@settings(max_examples=20)
@given(st.text(max_size=900))
def test_no_prompt_is_longer_than_the_model_reads(narrow: LoraFit, text: str) -> None:
    """Whatever an answer holds; what is left is question, rubric and the answer's beginning."""
    ids = narrow._prompt(text, 0)
    assert len(ids) < narrow._generator.context
    shown = narrow._generator.chat._tokenizer.decode(ids)
    assert "Why is it wet?" in shown
    assert shown.endswith("Score:<|end|><|assistant|>")


def test_names_decide_what_is_fitted(tiny_causal: Path, tiny_encoder: Path, tmp_path: Path) -> None:
    how = TeacherSettings(models=("x",), folds=FOLDS)
    data = CrossFitData(ANSWERS, ANSWERS, np.zeros(60, dtype=np.int64), [3, 2])
    lora = cross_fit(data, ITEMS, f"lora:{tiny_causal}", how, WorkDir(tmp_path), Silent())
    encoder = cross_fit(data, ITEMS, str(tiny_encoder), how, WorkDir(tmp_path), Silent())
    assert (type(lora), type(encoder)) == (LoraFit, CrossFit)
    assert lora.embed(["air"]) is None
    assert encoder.embed(["air"]) is not None
    assert (lora.name, encoder.name) == (tiny_causal.name, tiny_encoder.name)


def test_without_peft(tiny_causal: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "peft", None)
    with pytest.raises(MissingExtraError, match=r"pocketscore\[distill,lora\]"):
        fitted(tiny_causal, tmp_path)
