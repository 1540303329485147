"""The parts of distillation: loss, transfer set, word vectors, training, baselines, file names."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st
from sklearn.decomposition import PCA

from pocketscore.data import split
from pocketscore.data.files import file_names
from pocketscore.decision import cut_points
from pocketscore.distillation import baselines
from pocketscore.distillation.augment import transfer_set
from pocketscore.distillation.budget import LADDER, file_size, largest
from pocketscore.distillation.embeddings import SPREAD, principal_vectors
from pocketscore.distillation.fit import ItemFitter
from pocketscore.distillation.labelling import CrossFitLabeller
from pocketscore.distillation.lesson import Lesson
from pocketscore.distillation.network import PocketNet
from pocketscore.distillation.settings import POCKET_TRAINING, RECIPES, DistillSettings, LossSettings, TrainSettings
from pocketscore.distillation.train import Targets, distillation_loss, encode, fresh_network, soft_cross_entropy, train
from pocketscore.errors import InputError
from pocketscore.metrics import cross_entropy
from pocketscore.progress import Silent
from pocketscore.student import PocketSpec, Scorer, preset
from pocketscore.teachers.settings import TeacherSettings
from pocketscore.text import Vocabulary
from pocketscore.types import Item, Part, Responses, Scale, Scores, Status
from pocketscore.workdir import WorkDir

DISTRIBUTION = st.lists(st.floats(0.05, 1), min_size=3, max_size=3).map(lambda p: np.array(p) / sum(p))


def paper_loss(logits: np.ndarray, y: int, p: np.ndarray, weight: float, on: str) -> float:
    """Equation 4 and Algorithm 1 of the paper, for one answer, written down independently."""
    q = np.exp(logits) / np.exp(logits).sum()
    hard, soft = -np.log(q[y]), -(p * np.log(q)).sum()
    return float(hard + weight * soft if on == "soft" else soft + weight * hard)


@given(
    st.lists(st.floats(-4, 4), min_size=3, max_size=3), st.integers(0, 2), DISTRIBUTION, st.floats(0, 20),
    st.sampled_from(["soft", "hard"]),
)  # fmt: skip
def test_the_loss_is_the_papers(logits: list[float], y: int, p: np.ndarray, weight: float, on: str) -> None:
    loss = LossSettings(weight, on)  # type: ignore[arg-type]
    found = soft_cross_entropy(
        torch.tensor([logits], dtype=torch.float64), torch.eye(3)[[y]].double(), torch.tensor(p)[None], loss
    )
    expected = paper_loss(np.array(logits), y, p, weight, on) / (1 + weight)
    assert float(found) == pytest.approx(expected, rel=1e-6)


def test_lambda_zero_ignores_the_teacher_and_transfer_rows_ignore_human_scores() -> None:
    logits = torch.tensor([[1.0, 0.0]])
    one, other = torch.tensor([[0.9, 0.1]]), torch.tensor([[0.1, 0.9]])
    hard, none = torch.tensor([[1.0, 0.0]]), torch.zeros(1, 2)
    zero = LossSettings(0.0)
    assert soft_cross_entropy(logits, hard, one, zero) == soft_cross_entropy(logits, hard, other, zero)
    soft = -(one * torch.log_softmax(logits, 1)).sum() / 2
    assert float(soft_cross_entropy(logits, none, one, LossSettings(1.0))) == pytest.approx(float(soft))


def test_temperature_softens_both_sides_and_keeps_the_scale_of_gradients() -> None:
    """Hinton et al.: as T grows the soft term's gradient tends to that of half the squared logit difference."""
    logits = torch.tensor([[0.3, -0.2, 0.1]], requires_grad=True)
    p = torch.softmax(torch.tensor([[0.5, 0.1, -0.6]]), 1)
    only_soft = LossSettings(1e9, temperature=100.0)
    soft_cross_entropy(logits, torch.zeros(1, 3), p, only_soft).backward()  # type: ignore[no-untyped-call]
    centred = logits.detach() - torch.log(p)
    assert logits.grad is not None
    torch.testing.assert_close(logits.grad, (centred - centred.mean()) / 3, rtol=2e-2, atol=1e-3)


@pytest.mark.parametrize(
    ("weight", "temperature"), [(-1, 1), (float("nan"), 1), (float("inf"), 1), (1, 0), (1, -2), (1, 1e-30), (1, 1e200)]
)
def test_impossible_losses(weight: float, temperature: float) -> None:
    with pytest.raises(InputError):
        LossSettings(weight, temperature=temperature)


WORD = st.sampled_from(["cold", "air", "turns", "to", "liquid", "on", "glass"])
ANSWERS = st.lists(st.lists(WORD, min_size=1).map(" ".join), min_size=2, max_size=12, unique=True)


@given(ANSWERS, st.integers(0, 3))
def test_the_transfer_set_is_new_repeatable_and_stays_within_folds(texts: list[str], seed: int) -> None:
    folds = np.arange(len(texts)) % 2
    made = transfer_set(texts, folds, 4, seed)
    assert made.texts == transfer_set(texts, folds, 4, seed).texts
    assert len(made.texts) == len(made.folds) <= 4 * len(texts)
    assert len(set(made.texts)) == len(made.texts)
    assert not set(made.texts) & set(texts)
    assert all(text.strip() for text in made.texts)


def test_scripts_without_blanks_are_augmented_too() -> None:
    texts = [
        "温度升高时水蒸发得更快因为分子运动更剧烈所以液体变成气体",
        "因为杯子很冷空气中的水蒸气遇冷液化成小水珠附在杯子外面",
    ]
    made = transfer_set(texts, np.zeros(2, dtype=np.int64), 10, 0)
    assert len(made.texts) >= 15
    short = transfer_set(["水蒸气遇冷液化成小水珠", "杯子漏水了"], np.zeros(2, dtype=np.int64), 10, 0)
    assert len(short.texts) >= 14
    assert not any(char in "abcdefghijklmnopqrstuvwxyz" for text in made.texts for char in text)
    assert all(" " not in text for text in made.texts)


def test_principal_vectors_are_those_of_scikit_learn() -> None:
    states = np.random.default_rng(0).normal(size=(50, 20)) * np.arange(1, 21)
    found = principal_vectors(states, 8)
    reference = PCA(8).fit_transform(states)
    reference *= SPREAD / reference.std()
    assert found.shape == (51, 8)
    assert (found[0] == 0).all()
    np.testing.assert_allclose(np.abs(found[1:]), np.abs(reference), atol=1e-4)
    np.testing.assert_array_equal(found, principal_vectors(states, 8))


def test_fewer_words_than_components() -> None:
    found = principal_vectors(np.random.default_rng(0).normal(size=(3, 20)), 8)
    assert found.shape == (4, 8)
    assert np.isfinite(found).all()
    assert np.isfinite(principal_vectors(np.ones((1, 20)), 8)).all()


TEXTS = [f"{'warm' if i % 2 else 'cold'} air number {i}" for i in range(80)]
QUICK = TrainSettings(5e-3, batch=16, steps=200, checks=10, patience=10, one_cycle=True)


@pytest.mark.parametrize("name", ["pocket", "elstm-falling-weights", "elstm-gelatin"])
def test_a_student_learns_and_repeats_itself(name: str) -> None:
    spec = preset(name)
    vocabulary = Vocabulary.of(TEXTS)
    scores = np.arange(80) % 2
    encoded = encode(TEXTS, vocabulary, spec)
    targets = Targets(np.eye(2)[scores], np.eye(2)[scores] * 0.8 + 0.1)
    results = [
        train(
            fresh_network(spec, None, len(vocabulary), 2, seed=1),
            (encoded, targets),
            (encoded, scores),
            distillation_loss(LossSettings(1.0)),
            QUICK,
            seed=1,
        )
        for _ in range(2)
    ]
    for key in results[0].arrays:
        np.testing.assert_array_equal(results[0].arrays[key], results[1].arrays[key])
    scorer = Scorer("x", spec, vocabulary, results[0].arrays, Scale.of(["0", "1"]))
    assert (scorer.score(TEXTS).indices == scores).mean() > 0.95
    assert results[0].best_loss == results[0].curve[:, 2].min() < results[0].curve[0, 2]


def test_training_stops_early_and_keeps_the_best_state() -> None:
    """Validation scores that contradict the training scores get worse with every step."""
    spec, vocabulary, scores = preset("pocket"), Vocabulary.of(TEXTS), np.arange(80) % 2
    encoded = encode(TEXTS, vocabulary, spec)
    targets = Targets(np.eye(2)[scores], np.eye(2)[scores])
    patient = TrainSettings(5e-3, batch=16, steps=200, checks=20, patience=3, one_cycle=False)
    net = fresh_network(spec, None, len(vocabulary), 2, seed=0)
    objective = distillation_loss(LossSettings(0.0))
    found = train(net, (encoded, targets), (encoded, 1 - scores), objective, patient, seed=0)
    assert len(found.curve) == 4
    assert found.best_loss == found.curve[0, 2]
    kept = Scorer("x", spec, vocabulary, found.arrays, Scale.of(["0", "1"])).score(TEXTS).probabilities
    assert cross_entropy(kept, 1 - scores) == pytest.approx(found.best_loss, abs=1e-5)


def test_the_table_of_convolutions_has_the_gradients_of_torch() -> None:
    """Against `nn.Conv1d` and a maximum over the words, for answers of one word and of many."""
    torch.manual_seed(0)
    spec, vocabulary = preset("pocket"), Vocabulary(tuple(f"w{i}" for i in range(12)))
    assert isinstance(spec, PocketSpec)
    net = PocketNet(spec, 12, 3)
    rng = np.random.default_rng(0)
    encoded = encode([" ".join(f"w{i}" for i in rng.integers(0, 14, n)) for n in (1, 2, 5, 40)], vocabulary, spec)
    batch = encoded.batch(range(4))
    padded = torch.nn.functional.pad(torch.nn.functional.embedding(batch.ids, net.embedding) * batch.mask[..., None],
                                     (0, 0, 0, 2)).transpose(1, 2)  # fmt: skip
    expected = torch.cat([
        torch.nn.functional.conv1d(padded, kernel, bias)[..., : batch.ids.shape[1]]
        .masked_fill(~batch.mask[:, None], -torch.inf).amax(2)
        for kernel, bias in zip(net.kernels, net.biases, strict=True)
    ], 1)  # fmt: skip
    found = net.peaks(batch)
    torch.testing.assert_close(found, expected)
    weights = torch.randn(expected.shape)
    for name, parameter in net.named_parameters():
        if name.startswith(("embedding", "kernels", "biases")):
            grads = [
                torch.autograd.grad((value * weights).sum(), parameter, retain_graph=True)[0]
                for value in (found, expected)
            ]
            torch.testing.assert_close(grads[0], grads[1], rtol=1e-4, atol=1e-5)


def test_averaged_weights_are_what_is_checked_and_kept() -> None:
    spec, vocabulary, scores = preset("pocket"), Vocabulary.of(TEXTS), np.arange(80) % 2
    encoded = encode(TEXTS, vocabulary, spec)
    targets = Targets(np.eye(2)[scores], np.eye(2)[scores])
    objective = distillation_loss(LossSettings(0.0))
    last = replace(QUICK, one_cycle=False, checks=1)
    results = [
        train(fresh_network(spec, None, len(vocabulary), 2, 0), (encoded, targets), (encoded, scores), objective,
              replace(last, average=average), seed=0)
        for average in (0.0, 0.9)
    ]  # fmt: skip
    for found in results:
        kept = Scorer("x", spec, vocabulary, found.arrays, Scale.of(["0", "1"])).score(TEXTS).probabilities
        assert cross_entropy(kept, scores) == pytest.approx(found.best_loss, abs=1e-5)
    assert any((results[0].arrays[name] != results[1].arrays[name]).any() for name in results[0].arrays)


def test_the_wide_path_has_a_rate_of_its_own() -> None:
    """After one step of AdamW every weight with a gradient has moved by its rate, whatever the gradient."""
    spec, vocabulary = PocketSpec(dropout=0.0), Vocabulary.of(["cold air"], at_least=1, at_most=5)
    answers = encode(["cold air", "air"], vocabulary, spec)
    targets = Targets(np.eye(2), np.eye(2))
    moved = {}
    for factor in (1.0, 10.0):
        net = fresh_network(spec, None, len(vocabulary), 2, seed=0)
        before = {name: weight.detach().clone() for name, weight in net.named_parameters()}
        settings = TrainSettings(1e-3, 2, steps=1, checks=1, patience=1, one_cycle=True, wide_factor=factor)
        train(net, (answers, targets), (answers, np.arange(2)), distillation_loss(LossSettings(1.0)), settings, 0)
        moved[factor] = {
            name: float((weight.detach() - before[name]).abs().max()) for name, weight in net.named_parameters()
        }
    assert moved[10.0].pop("wide") == pytest.approx(10 * moved[1.0].pop("wide"), rel=1e-3)
    assert moved[10.0] == pytest.approx(moved[1.0])


def test_everything_that_a_lesson_holds_is_in_its_key() -> None:
    scale = Scale.of(["0", "1"])
    data = split(Responses(Item("x", scale), tuple(TEXTS), tuple(TEXTS), np.arange(80) % 2, np.full(80, -1)), seed=0)
    n, spec = len(data.part(Part.TRAIN)), preset("pocket")
    soft = np.full((n, 2), 0.5)
    lesson = Lesson.plain(data, soft, Vocabulary.of(TEXTS), spec)
    other = replace(lesson.targets, soft=soft + np.array([0.1, -0.1]))
    changed = [
        lesson,
        replace(lesson, spec=PocketSpec(dropout=0.3)),
        replace(lesson, targets=other),
        replace(lesson, targets=replace(lesson.targets, hard=lesson.targets.hard[:, ::-1])),
        replace(lesson, vectors=np.zeros((3, 32), dtype=np.float32)),
        replace(lesson, training=replace(lesson.training, average=0.9)),
        replace(lesson, validation=(lesson.validation[0], 1 - lesson.validation[1])),
        lesson.extended(["cold new air"], np.array([[0.5, 0.5]])),
        Lesson.plain(data, soft, Vocabulary.of(TEXTS, at_most=2), spec),
    ]
    assert len({entry.key(LossSettings(1.0), 0) for entry in changed}) == len(changed)
    assert lesson.key(LossSettings(1.0), 0) != lesson.key(LossSettings(2.0), 0) != lesson.key(LossSettings(2.0), 1)
    plain = LossSettings(0.0)
    assert replace(lesson, targets=other).key(plain, 0) == lesson.key(plain, 0), "without a soft term p is idle"
    assert lesson.extended(["a new one"], np.array([[0.5, 0.5]])).training.steps >= lesson.training.steps


def test_smaller_data_take_fewer_steps() -> None:
    assert POCKET_TRAINING.sized(1300, 17_000).steps == POCKET_TRAINING.steps
    assert POCKET_TRAINING.sized(60, 700).steps == 400


@pytest.mark.parametrize("budget", [24_000, 50_000, 100_000, 300_000])
def test_a_budget_takes_the_largest_student_that_fits(budget: int) -> None:
    rng = np.random.default_rng(0)
    texts = tuple(" ".join(f"w{n}" for n in rng.integers(0, 3000, size=60)) for _ in range(600))
    train = Responses(Item("x", Scale.of(["0", "1", "2", "3"])), texts, texts, np.arange(600) % 4, np.full(600, -1))
    size = largest(budget, train, at_least=5)
    vocabulary = Vocabulary.of(texts, at_least=5, at_most=size.words)
    assert file_size(size.spec, vocabulary, train.item) <= budget
    above = LADDER[: LADDER.index(size)]
    assert all(file_size(s.spec, Vocabulary.of(texts, at_least=5, at_most=s.words), train.item) > budget for s in above)
    with pytest.raises(InputError, match="the smallest needs"):
        largest(5_000, train, at_least=5)


def test_the_papers_recipe_takes_nothing_of_ours() -> None:
    paper = RECIPES["paper"]
    assert (paper.transfer, paper.vectors, paper.suspects, paper.teacher.folds) == (0, "random", "keep", 1)
    assert paper.decision == "likeliest"
    assert paper.teacher.models == ("minilm",)
    with pytest.raises(InputError, match="has one size"):
        replace(paper, budget=50_000)


def test_baselines_are_what_they_are_called() -> None:
    scale = Scale.of(["0", "1", "2"])
    texts = tuple(f"{['cold', 'warm', 'hot'][i % 3]} air {i}" for i in range(60))
    scores = np.arange(60) % 3
    scores[:9] = 2
    data = Responses(Item("x", scale), texts, texts, scores, np.full(60, -1))
    assert baselines.majority(data, 4).tolist() == [2, 2, 2, 2]
    found = baselines.tfidf(data, data.take(np.arange(30, 60)), ("a cold day", "warm", "hot"))
    assert found.argmax(axis=1).tolist() == [0, 1, 2]
    np.testing.assert_allclose(found.sum(axis=1), 1)
    without_one = data.take(np.flatnonzero(scores != 1))
    found = baselines.tfidf(without_one, without_one, ("a cold day",))
    assert found[0, 1] == 0
    np.testing.assert_allclose(found.sum(axis=1), 1)


def test_scores_are_decided_as_the_settings_say(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    scale = Scale.of(["0", "1", "2"])
    scores = rng.choice(3, p=[0.6, 0.3, 0.1], size=550)
    texts = tuple(f"{['cold', 'warm', 'hot'][s if rng.random() < 0.6 else rng.integers(3)]} {i}" for i, s in
                  enumerate(scores))  # fmt: skip
    data = split(Responses(Item("x", scale), texts, texts, scores, np.full(550, -1)), seed=0)
    teacher = TeacherSettings(models=("ngrams",), folds=2)
    checked, test = data.part(Part.VALIDATION), data.part(Part.TEST)
    found = {}
    for decision in ("scaled", "likeliest"):
        settings = DistillSettings(lambda_=0.3, transfer=0, vectors="random", decision=decision, teacher=teacher)
        labeller = CrossFitLabeller([data], teacher, WorkDir(tmp_path), Silent())
        found[decision] = ItemFitter(data, 0, labeller, settings, WorkDir(tmp_path), Silent()).fit()
    scaled, likeliest = found["scaled"], found["likeliest"]
    assert likeliest.scorer.cuts is None
    assert scaled.scorer.cuts == cut_points(scaled.scorer.score(checked.texts).expected, checked.scores, scale)
    assert scaled.scorer.cuts is not None
    for result in (scaled, likeliest):
        np.testing.assert_array_equal(result.predictions["student"], result.scorer.score(test.texts).indices)
    soft = scaled.soft.probabilities[np.array(data.parts) == Part.VALIDATION]
    cuts = cut_points(soft @ scale.values, checked.scores, scale)
    by_teacher = Scores(scale, scaled.probabilities["teacher"], (Status.OK,) * len(test), cuts)
    np.testing.assert_array_equal(scaled.predictions["teacher"], by_teacher.indices)
    for name, p in likeliest.probabilities.items():
        np.testing.assert_array_equal(scaled.probabilities[name], p)
        np.testing.assert_array_equal(likeliest.predictions[name], p.argmax(axis=1))
        assert (scaled.predictions[name] != likeliest.predictions[name]).any()


@example(["a/b", "a_b-c14cdd"])
@given(st.lists(st.text(max_size=12), unique=True, max_size=8))
def test_file_names_are_safe_and_different(items: list[str]) -> None:
    names = file_names(items)
    assert len({name.casefold() for name in names}) == len(items)
    assert all(name.isascii() and not set(name) & set('/\\:*?"<>| ') and name.endswith(".pocket") for name in names)
