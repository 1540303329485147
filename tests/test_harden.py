"""Hardening: what attacked answers are made from, what they are labelled with, and what a student learns from them."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pocketscore import bundle
from pocketscore.cli import main
from pocketscore.data import split
from pocketscore.distillation.fit import ItemFitter, _with
from pocketscore.distillation.harden import LONG, SEARCHES, Hardener, Labelled, lowest_point
from pocketscore.distillation.labelling import CrossFitLabeller
from pocketscore.distillation.lesson import Lesson
from pocketscore.distillation.settings import POCKET_TRAINING, DistillSettings, HardenSettings, LossSettings
from pocketscore.errors import InputError
from pocketscore.progress import Silent
from pocketscore.results import ItemResult
from pocketscore.student import preset
from pocketscore.teachers.settings import TeacherSettings
from pocketscore.text import Vocabulary, words
from pocketscore.trust import attacked
from pocketscore.trust.attack_texts import SUITE
from pocketscore.trust.gaming import gaming
from pocketscore.trust.victim import Answers, steps_of, victim
from pocketscore.types import Item, Part, Responses, Scale
from pocketscore.workdir import WorkDir

N = 180
"""Answers of the item that students are trained for."""

QUESTION, RUBRIC = "Why do drops form on the glass?", "One point for vapour, one for turning liquid."
PARTS = (
    "the vapour in the air around the glass turns liquid when it cools",
    "the air around the glass is cold so it must be wet",
    "it leaks and the table under the glass gets wet from it",
)


def responses(n: int = 240, scale: Scale | None = None) -> Responses:
    """Answers to a question, split; those outside the training part hold a word that no training answer has."""
    scale = scale or Scale.of(["0", "1", "2"])
    texts = tuple(f"{PARTS[2 - i % len(scale)]} I think {i}" for i in range(n))
    scores = np.arange(n) % len(scale)
    ids = tuple(map(str, range(n)))
    whole = split(Responses(Item("x", scale, QUESTION, RUBRIC), ids, texts, scores, np.full(n, -1)), seed=0)
    marked = tuple(
        text if part is Part.TRAIN else f"{text} heldout" for text, part in zip(texts, whole.parts or (), strict=True)
    )
    return replace(whole, texts=marked)


def soft_labels(train: Responses) -> np.ndarray:
    """Soft labels that differ from answer to answer."""
    near = np.eye(len(train.item.scale))[train.scores] * 0.7 + 0.3 / len(train.item.scale)
    shift = np.linspace(0, 0.05, len(train))[:, None] * (np.arange(len(train.item.scale)) - 1)
    return np.asarray((near + shift) / (near + shift).sum(axis=1, keepdims=True))


def hardener(settings: HardenSettings | None = None, seed: int = 0, data: Responses | None = None) -> Hardener:
    train = (data or responses()).part(Part.TRAIN)
    vocabulary = Vocabulary.of(train.texts).entries
    return Hardener(train, soft_labels(train), vocabulary, settings or HardenSettings(), seed)


def test_nonsense_gets_the_lowest_point_and_longer_answers_keep_theirs() -> None:
    made = hardener().attacks(2000)
    train = responses().part(Part.TRAIN)
    soft = soft_labels(train)
    nonsense: np.ndarray = np.array([row.any() for row in made.hard])
    np.testing.assert_array_equal(made.hard[nonsense], np.eye(3)[np.zeros(nonsense.sum(), dtype=int)])
    np.testing.assert_array_equal(made.soft[nonsense], made.hard[nonsense])
    assert QUESTION in [text for text, bad in zip(made.texts, nonsense, strict=True) if bad]
    assert RUBRIC in [text for text, bad in zip(made.texts, nonsense, strict=True) if bad]
    originals = dict(zip(train.texts, soft, strict=True))
    repeated = {attacked.repeated(text): label for text, label in originals.items()}
    found = [(made.soft[i], repeated[text]) for i, text in enumerate(made.texts) if text in repeated]
    assert len(found) > 10
    for label, expected in found:
        np.testing.assert_array_equal(label, expected)
    for row in np.flatnonzero(~nonsense):
        assert any((made.soft[row] == label).all() for label in soft)
    np.testing.assert_allclose(made.soft.sum(axis=1), 1)


def test_only_long_answers_are_shuffled_to_nothing() -> None:
    made = hardener(HardenSettings(shuffled="lowest", share=0.5)).attacks(1000)
    train = responses().part(Part.TRAIN)
    bags = {tuple(sorted(words(text))) for text in train.texts}
    shuffled = [
        text for text, hard in zip(made.texts, made.hard, strict=True)
        if hard.any() and tuple(sorted(words(text))) in bags
    ]  # fmt: skip
    assert len(shuffled) > 10
    assert all(len(words(text)) >= LONG for text in shuffled)
    short = replace(train, texts=tuple(f"cold air {i}" for i in range(len(train))))
    lowest = HardenSettings(shuffled="lowest", share=0.5)
    few = Hardener(short, soft_labels(train), ("cold", "air"), lowest, 0).attacks(1000)
    assert not {tuple(sorted(words(text))) for text in short.texts} & hard_bags(few)
    assert not bags & hard_bags(hardener(HardenSettings(share=0.5)).attacks(1000)), "disorder alone costs nothing"


def hard_bags(made: Labelled) -> set[tuple[str, ...]]:
    """Words, whatever their order, of the texts that get the lowest point."""
    return {tuple(sorted(words(text))) for text, hard in zip(made.texts, made.hard, strict=True) if hard.any()}


def test_attacked_answers_come_from_training_answers_and_not_from_the_suite() -> None:
    made = hardener().attacks(3000)
    assert not any("heldout" in text for text in made.texts)
    suite = {*SUITE.fillers, *(text for story in SUITE.topics for text in story), *SUITE.commands}
    assert not any(sentence in text for text in made.texts for sentence in suite)


@pytest.mark.parametrize("share", [0.1, 0.3])
def test_there_are_about_as_many_as_asked_for(share: float) -> None:
    made = hardener(HardenSettings(share=share)).attacks(2000)
    assert 0.8 * share * 2000 <= len(made.texts) <= 1.05 * share * 2000
    assert len(made.texts) == len(made.soft) == len(made.hard)


def test_the_same_seed_makes_the_same_answers() -> None:
    first, again, other = hardener().attacks(500), hardener().attacks(500), hardener(seed=1).attacks(500)
    assert first.texts == again.texts
    np.testing.assert_array_equal(first.soft, again.soft)
    assert first.texts != other.texts


def test_items_with_little_to_work_with() -> None:
    data = responses()
    bare = replace(data, item=replace(data.item, question="", rubric=""))
    made = Hardener(bare.part(Part.TRAIN), soft_labels(data.part(Part.TRAIN)), (), HardenSettings(), 0).attacks(500)
    assert QUESTION not in made.texts
    assert made.hard.any()


def test_nominal_scales_need_a_name_for_the_lowest_class() -> None:
    scale = Scale.of(["right", "wrong"])
    assert lowest_point(scale, "wrong") == 1
    assert lowest_point(Scale.of(["1", "2"]), None) == 0
    for named, problem in ((None, "--harden-label"), ("bad", "not on the scale")):
        with pytest.raises(InputError, match=problem):
            lowest_point(scale, named)
    data = responses(scale=scale)
    made = hardener(HardenSettings(lowest="wrong"), data=data).attacks(500)
    assert (made.hard[made.hard.any(axis=1)] == [0, 1]).all()
    labeller = CrossFitLabeller([data], TeacherSettings(models=("ngrams",), folds=2), WorkDir(Path("none")), Silent())
    with pytest.raises(InputError, match="--harden-label"):
        ItemFitter(data, 0, labeller, DistillSettings(harden=HardenSettings()), WorkDir(Path("none")), Silent())


@pytest.mark.parametrize("values", [{"share": 0}, {"share": 1.5}, {"share": float("nan")}, {"rounds": -1}])
def test_impossible_settings(values: dict[str, float]) -> None:
    with pytest.raises(InputError, match="attacked answers"):
        HardenSettings(**values)  # type: ignore[arg-type]


def test_hardening_needs_the_soft_term() -> None:
    with pytest.raises(InputError, match="leave out --harden"):
        DistillSettings(lambda_=0.0, harden=HardenSettings())


def test_without_hardening_the_lesson_is_the_same_as_ever() -> None:
    data = responses()
    train = data.part(Part.TRAIN)
    plain = Lesson.plain(data, soft_labels(train), Vocabulary.of(train.texts), preset("pocket"))
    soft = np.full((2, 3), 1 / 3)
    before, now = plain.extended(("a b", "c"), soft), _with(plain, Labelled.softly(("a b", "c"), soft))
    assert before.key(LossSettings(0.3), 0) == now.key(LossSettings(0.3), 0)
    marked = _with(plain, Labelled(("a b", "c"), soft, np.eye(3)[[0, 0]]))
    np.testing.assert_array_equal(marked.targets.hard[-2:], np.eye(3)[[0, 0]])
    assert marked.key(LossSettings(0.3), 0) != now.key(LossSettings(0.3), 0)


@pytest.fixture(scope="module", autouse=True)
def _quick() -> Iterator[None]:
    """Half the steps: enough for answers as plain as these."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pocketscore.distillation.lesson.POCKET_TRAINING", replace(POCKET_TRAINING, steps=200))
        yield


@pytest.fixture(scope="module")
def students(tmp_path_factory: pytest.TempPathFactory) -> dict[str, ItemResult]:
    """One student for each way of training, hardened ones with a round of triggers."""
    folder = tmp_path_factory.mktemp("work")
    ways = {"plain": None, "hardened": HardenSettings(share=0.3, rounds=1)}
    return {name: fitted(folder, how) for name, how in ways.items()}


def fitted(folder: Path, how: HardenSettings | None) -> ItemResult:
    data = responses(N)
    teacher = TeacherSettings(models=("ngrams",), folds=2)
    settings = DistillSettings(lambda_=0.3, transfer=2, vectors="random", harden=how, teacher=teacher)
    labeller = CrossFitLabeller([data], teacher, WorkDir(folder), Silent())
    return ItemFitter(data, 0, labeller, settings, WorkDir(folder), Silent()).fit()


def test_a_hardened_student_resists_what_a_plain_one_does_not(students: dict[str, ItemResult]) -> None:
    rates = {}
    for name, result in students.items():
        test = result.responses.part(Part.TEST)
        alone = replace(result.scorer, screen=None, deferral=None)
        report = gaming(victim(alone), Answers(test.texts, steps_of(test.scores, test.item.scale)))
        rates[name] = {one.name: one.rate.value for one in report.results}
    assert rates["plain"]["keyword_list"] > 0.5
    assert rates["hardened"]["keyword_list"] < rates["plain"]["keyword_list"]
    assert rates["plain"]["gibberish"] + rates["plain"]["copied_rubric"] > 0
    assert rates["hardened"]["gibberish"] == rates["hardened"]["off_topic"] == 0
    assert rates["hardened"]["copied_question"] == rates["hardened"]["copied_rubric"] == 0
    sizes = {result.transfer_size for result in students.values()}
    assert len(sizes) == 1, "attacked answers are none of the transfer set"
    for result in students.values():
        assert result.agreement["student"].metrics["qwk"].value > 0.9


def test_a_round_looks_for_triggers_against_the_student(students: dict[str, ItemResult]) -> None:
    scorer = students["plain"].scorer
    train = responses(N).part(Part.TRAIN)
    soft = soft_labels(train)
    made = Hardener(train, soft, scorer.vocabulary.entries, HardenSettings(), 0).triggers(scorer, 2000)
    assert 0.9 * 100 <= len(made.texts) <= 100 + SEARCHES
    assert not made.hard.any()
    by_text = dict(zip(train.texts, soft, strict=True))
    tails = set()
    for text, label in zip(made.texts, made.soft, strict=True):
        source = next(answer for answer in train.texts if text == answer or text.startswith(f"{answer} "))
        tails.add(text.removeprefix(source))
        assert any((label == by_text[answer]).all() for answer in train.texts if text.startswith(answer))
    assert 1 <= len(tails) <= SEARCHES
    low = [answer for answer, score in zip(train.texts, train.scores, strict=True) if score == 0][:10]
    before = scorer.score(low).expected.mean()
    after = [scorer.score([answer + tail for answer in low]).expected.mean() for tail in tails]
    assert min(after) >= before
    assert max(after) > before
    none_low = replace(train, scores=np.full(len(train), 2))
    assert Hardener(none_low, soft, ("a",), HardenSettings(), 0).triggers(scorer, 2000).texts == ()


def test_the_command_hardens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    data = responses(60)
    path = tmp_path / "in.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "response", "score"])
        writer.writerows(zip(data.ids, data.texts, data.scores.tolist(), strict=True))

    def run(*options: object) -> tuple[int, str]:
        arguments = [
            "distill",
            path,
            "-o",
            tmp_path / "out",
            "--teacher",
            "ngrams",
            "--folds",
            2,
            "--lambda",
            1,
            *options,
        ]
        monkeypatch.setattr(sys, "argv", ["pocketscore", *map(str, arguments)])
        code = 0
        try:
            main()
        except SystemExit as stop:
            code = int(stop.code or 0)
        return code, capfd.readouterr().err

    code, err = run("--transfer", 0, "--harden", "--harden-rounds", 1)
    assert code == 0, err
    assert "attacked answers" in (tmp_path / "out" / "run.log").read_text(encoding="utf-8")
    assert json.loads((tmp_path / "out" / "evaluation.json").read_text(encoding="utf-8"))
    assert bundle.load(tmp_path / "out" / "in.pocket").score(["asdf qwer"]).labels == ("0",)
    code, err = run("--harden-label", "0")
    assert code == 2
    assert "belong to --harden" in err
    code, err = run("--scale", "nominal", "--harden")
    assert code == 2
    assert "--harden-label" in err
