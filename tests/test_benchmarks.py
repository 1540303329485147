"""The benchmark's own arithmetic, and whether the page shows the committed figures."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import bootstrap as scipy_bootstrap
from sklearn.metrics import accuracy_score, cohen_kappa_score, f1_score

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.study import own, student, tables, teacher_tables  # noqa: E402
from benchmarks.study.cases import PER_ANSWER, Case, transfer_of  # noqa: E402
from benchmarks.study.labeller import TableLabeller  # noqa: E402
from benchmarks.study.predictions import Predictions  # noqa: E402
from benchmarks.study.summary import SMALLEST_P, Method, summary  # noqa: E402
from benchmarks.study.variants import LEVERS, Setup  # noqa: E402
from benchmarks.study.words import Clustered, HashedUnknown, NearestWord, arranged  # noqa: E402

from pocketscore.data import split  # noqa: E402
from pocketscore.distillation.labelling import CrossFitLabeller  # noqa: E402
from pocketscore.progress import Silent  # noqa: E402
from pocketscore.teachers.settings import TeacherSettings  # noqa: E402
from pocketscore.types import Item, Part, Responses, Scale  # noqa: E402
from pocketscore.workdir import WorkDir  # noqa: E402


def responses(n: int, seed: int) -> Responses:
    scores = np.random.default_rng(seed).integers(0, 3, size=n)
    texts = tuple(f"answer {i}" for i in range(n))
    parts = (Part.TRAIN, Part.VALIDATION, *(Part.TEST,) * (n - 2))
    return Responses(Item(f"q{seed}", Scale.of(["0", "1", "2"])), texts, texts, scores, np.full(n, -1), parts)


def noisy(truth: np.ndarray, share: float, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.where(rng.random(len(truth)) < share, rng.integers(0, 3, size=len(truth)), truth)


def test_a_summary_holds_the_metrics_of_scikit_learn_and_paired_intervals() -> None:
    items = [responses(202, seed) for seed in range(2)]
    truths = [r.part(Part.TEST).scores for r in items]
    methods = [
        {
            "pocket": Method([noisy(t, 0.2, s) for s in range(3)], parameters=10, bytes=20),
            "teacher": Method([noisy(t, 0.2, 0)]),
            "pocket, original NN": Method([noisy(t, 0.6, 7)]),
        }
        for t in truths
    ]
    found = summary(items, methods)
    assert found["main_metric"] == "qwk"
    pocket = found["methods"]["pocket"]  # type: ignore[index]
    for i, (truth, method) in enumerate(zip(truths, methods, strict=True)):
        runs = method["pocket"].runs
        expected = np.mean([cohen_kappa_score(truth, run, weights="quadratic") for run in runs])
        assert pocket["items"][i]["qwk"]["value"] == pytest.approx(expected, abs=1e-4)
        assert pocket["items"][i]["accuracy"]["value"] == pytest.approx(
            np.mean([accuracy_score(truth, run) for run in runs]), abs=1e-4
        )
        assert pocket["items"][i]["macro_f1"]["value"] == pytest.approx(
            np.mean([f1_score(truth, run, average="macro") for run in runs]), abs=1e-4
        )
    assert pocket["mean"]["qwk"]["low"] < pocket["mean"]["qwk"]["value"] < pocket["mean"]["qwk"]["high"]
    gaps = found["differences"]
    better = gaps["pocket - pocket, original NN"]  # type: ignore[index]
    assert better["mean"]["low"] > 0
    assert better["p"] == SMALLEST_P
    same = gaps["pocket - teacher"]  # type: ignore[index]
    assert same["p"] > 0.05


def test_pooled_figures_count_every_answer_once_and_likeliest_ones_are_kept_apart() -> None:
    scales = Scale.of(["a", "b", "c"]), Scale.of(["b", "c"])
    items = [responses(102, 1), responses(302, 2)]
    items = [
        replace(r, item=replace(r.item, scale=scale), scores=np.minimum(r.scores, len(scale) - 1))
        for r, scale in zip(items, scales, strict=True)
    ]
    truths = [r.part(Part.TEST).scores for r in items]
    runs = [np.minimum(noisy(t, 0.4, 1), len(s) - 1) for t, s in zip(truths, scales, strict=True)]
    methods = [{"pocket": Method([run], [truth])} for run, truth in zip(runs, truths, strict=True)]
    found = summary(items, methods)["methods"]["pocket"]  # type: ignore[index]
    human, machine = (
        np.concatenate([rows[0], rows[1] + 1]) for rows in (truths, runs)
    )  # b is 1 in one, 0 in the other
    assert found["pooled"]["accuracy"]["value"] == pytest.approx(accuracy_score(human, machine), abs=1e-4)
    assert found["pooled"]["macro_f1"]["value"] == pytest.approx(f1_score(human, machine, average="macro"), abs=1e-4)
    assert found["likeliest"] == {"accuracy": 1.0, "macro_f1": 1.0}


def test_an_interval_is_that_of_scipy() -> None:
    """Accuracy of one run: the percentile bootstrap over answers."""
    item = responses(302, 5)
    truth = item.part(Part.TEST).scores
    run = noisy(truth, 0.3, 1)
    found = summary([item], [{"pocket": Method([run])}])["methods"]["pocket"]["mean"]["accuracy"]  # type: ignore[index]
    reference = scipy_bootstrap(
        ((run == truth).astype(float),), np.mean, method="percentile", random_state=0, n_resamples=4000
    ).confidence_interval
    assert found["low"] == pytest.approx(reference.low, abs=0.01)
    assert found["high"] == pytest.approx(reference.high, abs=0.01)


def test_the_page_shows_the_committed_figures() -> None:
    page = tables.PAGE.read_text(encoding="utf-8")
    assert tables.rendered(page) == page, "run: python -m benchmarks.study.tables"


def test_ways_for_words_to_reach_a_vector() -> None:
    entries = ("vapour", "glass", "air")
    near = NearestWord(entries)
    assert near.ids(["vapor", "galss", "airs", "vapour", "moon"]).tolist() == [1, 2, 0, 1, 0]
    hashed = HashedUnknown(entries)
    ids = hashed.ids(["glass", "vapourised", "vapours", "moon"]).tolist()
    assert ids[0] == 2
    assert ids[1] == ids[2] > 3
    assert max(ids) <= len(hashed)
    vectors = np.arange(8, dtype=np.float32).reshape(4, 2)
    assert arranged(hashed, vectors).shape == (len(hashed) + 1, 2)
    shared = Clustered(entries, (1, 2, 1))
    assert shared.ids(["air", "glass", "x"]).tolist() == [1, 2, 0]
    np.testing.assert_allclose(arranged(shared, vectors), [[0, 1], [4, 5], [4, 5]])


@pytest.fixture
def case() -> Case:
    data = split(replace(responses(120, 3), parts=None), seed=0)
    n, train = len(data), len(data.part(Part.TRAIN))
    folds = np.arange(train) % 2
    made = transfer_of(data, folds)
    rng = np.random.default_rng(0)
    soft, other, third = (rng.dirichlet(np.ones(3), size=n) for _ in range(3))
    labels, more = (rng.dirichlet(np.ones(3), size=len(made.texts)) for _ in range(2))
    return Case("x", data, folds, soft, other, third, made, labels, more, teacher_parameters=1)


def test_the_table_says_what_the_teacher_said(case: Case, tmp_path: Path) -> None:
    labeller = TableLabeller(case, "soft", WorkDir(tmp_path))
    soft = labeller.teach(0).soft
    assert soft.folds[case.rows(Part.TRAIN)].tolist() == case.folds.tolist()
    assert (soft.folds[case.rows(Part.TEST)] == -1).all()
    np.testing.assert_array_equal(soft.probabilities, case.soft)
    assert labeller.label(0, case.transfer.texts, case.transfer.folds) is case.transfer_soft
    with pytest.raises(AssertionError):
        labeller.label(0, case.transfer.texts[:-1], case.transfer.folds[:-1])
    hard = TableLabeller(case, "hard", WorkDir(tmp_path)).teach(0).soft.probabilities
    assert (hard.argmax(axis=1) == case.soft.argmax(axis=1)).all()
    assert set(hard.ravel().tolist()) == {0.0, 1.0}


@pytest.mark.parametrize("wanted", [0, 1, 3, PER_ANSWER])
def test_a_lesson_takes_the_share_of_the_transfer_set_that_its_setup_says(
    case: Case, wanted: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(student, "word_states", lambda words, _: np.ones((len(words), 8)))
    lesson = student.lesson_of(case, Setup(transfer=wanted, vectors=None), WorkDir(tmp_path))
    n = len(case.transfer.texts)
    assert len(lesson) - len(case.train) == pytest.approx(n * wanted / PER_ANSWER, abs=1)


def test_committed_predictions_stand_in_for_a_work_folder(tmp_path: Path) -> None:
    first = Predictions(tmp_path / "one", tmp_path / "x.npz")
    stored = {"student": np.array([0, 2, 1]), "student, likeliest": np.array([0, 2, 2]), "parameters": np.array(62_503)}
    first.put("distilled-a", stored)
    first.put("distilled-b", {"student": np.array([1])})
    first.commit(["distilled-a", "distilled-c"])
    second = Predictions(tmp_path / "two", tmp_path / "x.npz")
    found = second.get("distilled-a")
    assert found is not None
    assert {key: array.tolist() for key, array in found.items()} == {key: a.tolist() for key, a in stored.items()}
    assert second.get("distilled-b") is None
    second.put("distilled-b", {"student": np.array([2])})
    second.commit(["distilled-a", "distilled-b"])
    third = Predictions(tmp_path / "three", tmp_path / "x.npz")
    assert [(third.get(f"distilled-{name}") or {})["student"].tolist() for name in "ab"] == [[0, 2, 1], [2]]


def test_finished_networks_are_kept_by_what_they_are() -> None:
    """No two variants describe themselves alike, and no description holds an address in memory."""
    described = [json.dumps(setup.description()) for variants in LEVERS.values() for setup in variants.values()]
    assert len(set(described)) == len(described)
    assert not any(" at 0x" in text or "lambda" in text for text in described)


def test_an_items_own_teachers_are_those_of_the_recipe(
    case: Case, tiny_encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The package's labeller, given this item alone, gives the same folds and the same probabilities."""
    monkeypatch.setattr(own, "MODEL", str(tiny_encoder))
    settings = TeacherSettings(models=(str(tiny_encoder), "ngrams"), folds=3)
    labeller = CrossFitLabeller([case.responses], settings, WorkDir(tmp_path / "package"), Silent())
    reference = labeller.teach(0).soft
    work, train = WorkDir(tmp_path / "study"), case.rows(Part.TRAIN)
    folds = own.folds_of([case], 3)[0]
    assert folds.tolist() == reference.folds[train].tolist()
    made = transfer_of(case.responses, folds)
    encoder = own.OwnEncoder(case, folds, work, Silent())
    assert encoder.finished() is None
    encoder.train()
    _, cost = encoder.finished() or pytest.fail("trained and not finished")
    taught = own.relabelled(replace(case, transfer=made), encoder, folds, work)
    rows = np.concatenate([train, case.rows(Part.VALIDATION)])
    np.testing.assert_allclose(taught.soft[rows], reference.probabilities[rows], atol=1e-4)
    labels = labeller.label(0, made.texts, made.folds)
    assert labels is not None
    np.testing.assert_allclose(taught.transfer_soft, labels, atol=1e-4)
    assert np.isnan(taught.soft[case.rows(Part.TEST)]).all()
    assert 1 <= cost.passes <= encoder.most_passes / 3


def test_passes_move_the_stage_on_to_its_end(
    case: Case, tiny_encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether trained, stopped early or found finished, an encoder is worth as many steps as it could have taken."""

    class Steps(Silent):
        done = 0

        def advance(self, steps: int = 1) -> None:
            self.done += steps

    monkeypatch.setattr(own, "MODEL", str(tiny_encoder))
    for _ in ("trained", "found"):
        steps = Steps()
        encoder = own.OwnEncoder(case, case.folds, WorkDir(tmp_path), steps)
        encoder.train()
        assert steps.done == encoder.most_passes == 16


def test_words_are_read_by_the_fine_tuned_layers(
    case: Case, tiny_encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A whole BERT with a fold's weights in the place of its last layer gives the same states."""
    import torch
    from transformers import AutoTokenizer, BertModel

    monkeypatch.setattr(own, "MODEL", str(tiny_encoder))
    work = WorkDir(tmp_path)
    encoder = own.OwnEncoder(case, case.folds, work, Silent())
    encoder.train()
    found = encoder.states(["vapour", "cold"])
    tokenizer = AutoTokenizer.from_pretrained(tiny_encoder)
    weights = [name for name in work.names("teacher-") if name[-5:-1] == "fold"]
    assert len(weights) == len(found) == 2
    for states, name in zip(found, weights, strict=True):
        whole = BertModel.from_pretrained(tiny_encoder, add_pooling_layer=False).eval()
        tuned = {
            key.replace("top.encoder.layer.0.", ""): torch.from_numpy(array)
            for key, array in (work.get(name) or {}).items()
            if key.startswith("top.encoder.layer.0.")
        }
        whole.encoder.layer[2].load_state_dict(tuned)
        for word, state in zip(("vapour", "cold"), states, strict=True):
            with torch.inference_mode():
                expected = whole(**tokenizer(word, return_tensors="pt")).last_hidden_state[0].mean(0).numpy()
            np.testing.assert_allclose(state, expected, atol=0.05)  # the lower layers' states are kept in float16
            assert np.abs(state - expected).max() < np.abs(found[0] - found[1]).max() / 2


def test_tables_of_teachers_show_changes_against_the_shared_one_and_the_usual_folds() -> None:
    def one(qwk: float) -> dict[str, float]:
        return {"loss": 1 - qwk, "qwk": qwk, "qwk_likeliest": qwk / 2}

    item = {"answers": 9, "minutes": 1.0, "passes": None, "shared, alone": one(0.5), "own, alone": one(0.6)}
    figures = {
        "own": {"1": {**item, "shared": one(0.7), "own": one(0.6)}, "2": {**item, "shared": one(0.7), "own": one(0.8)}},
        "folds": {"1": {"5": {"minutes": 2.0, **one(0.5)}, "10": {"minutes": 4.0, **one(0.625)}}},
        "n-grams": {
            name: {"5": one(0.5), "10": one(0.5 + gain)} for name, gain in (("1", 0.0), ("2", 0.1), ("3", 0.2))
        },
    }
    own_lines = teacher_tables.own(figures).splitlines()
    assert own_lines[3].startswith("| own, encoder alone | .600 | +.100 ± .000 |")
    assert own_lines[5].startswith("| own, with n-grams | .700 | +.000 ± .100 |")
    assert (
        teacher_tables.own_items(figures).splitlines()[3].endswith("| .700, .800 | .350, .400 | .300, .200 | 1.0 |  |")
    )
    fold_lines = teacher_tables.folds(figures).splitlines()
    assert fold_lines[3].startswith("| n-grams alone, 3 items | 10 | .600 | +.100 ± .058 |")
    assert fold_lines[5].startswith("| own with n-grams, item 1 | 10 | .625 | +.125 |")
    assert fold_lines[5].endswith("| 4.0 |")
    runs = {kind: {m: [0.5, 0.5 + 2 * gap] for m in ("loss", "qwk", "qwk_expected")} for kind, gap in
            (("pretrained", 0.0), ("fine-tuned, first fold", 0.1))}  # fmt: skip
    student_lines = teacher_tables.students({"vectors": {"1": runs, "7": runs}, "taught": {}}).splitlines()
    assert student_lines[2].endswith("| 1, 7 | .500 | .500 | .500 |")
    assert student_lines[3].endswith("first fold | 1, 7 | +.100 | +.100 | +.100 |")
