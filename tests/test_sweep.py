"""Sweeps: what is searched, what is picked, that nothing is lost, and that the test part waits until the end."""

from __future__ import annotations

import csv
import html
import json
import math
import os
import pickle
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, TypeVar

import axe_playwright_python
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import Browser
from scipy.stats import sem
from sklearn.metrics import cohen_kappa_score, f1_score

from pocketscore import bundle
from pocketscore.data import ColumnChoice, read_responses, split
from pocketscore.decision import cut_points
from pocketscore.distillation import lesson
from pocketscore.distillation.baselines import tfidf
from pocketscore.distillation.budget import LADDER, largest
from pocketscore.distillation.frontier import Gap, frontier, gap, knob_values, smallest_as_good
from pocketscore.distillation.labelling import CrossFitLabeller, Taught
from pocketscore.distillation.pipeline import Source, distill
from pocketscore.distillation.search import Search, Space, Told, alone
from pocketscore.distillation.settings import DistillSettings, TrainSettings
from pocketscore.distillation.sweep import sizes, sweep
from pocketscore.distillation.sweep_outputs import sweep_dict
from pocketscore.distillation.sweep_settings import Choice, Range, SweepSettings
from pocketscore.engine import Here
from pocketscore.errors import InputError, MissingExtraError, OutputError
from pocketscore.report.sweep import render_sweep
from pocketscore.report.sweep_notes import KnobNote, Pick, PickedItem, SweepNotes, TfidfNote, TrialNote
from pocketscore.teachers.settings import TeacherSettings
from pocketscore.types import Estimate, Floats, Ints, Part, Scores, Status

T = TypeVar("T")
R = TypeVar("R")
WORDS = ("nothing at all", "the glass is cold", "vapour in the air turns liquid on the cold glass")
QUICK = TrainSettings(5e-3, batch=64, steps=12, checks=3, patience=3, one_cycle=True)
BASE = DistillSettings(at_least=2, teacher=TeacherSettings(models=("ngrams",), folds=2))
SMALL = SweepSettings(budget=60_000, trials=6, sizes=(24_000, 40_000), transfers=(0, 1, 2), base=BASE)
PLAIN = replace(SMALL, transfers=(0,))


# --- Settings ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"budget": 0}, "a budget of 0 bytes"),
        ({"trials": 0}, "0 trials"),
        ({"minutes": 0}, "a sweep of 0 minutes"),
        ({"minutes": -1}, "a sweep of -1 minutes"),
        ({"minutes": float("nan")}, "a sweep of nan minutes"),
        ({"transfers": ()}, "transfer sets []"),
        ({"transfers": (4, 4)}, "transfer sets [4, 4]"),
        ({"transfers": (-1,)}, "transfer sets [-1]"),
        ({"sizes": (200_000,)}, "sizes [200000] under a budget of 100000 bytes"),
        ({"sizes": (0,)}, "sizes [0]"),
        ({"temperatures": Range(1, 1000)}, "temperature = 1000"),
        ({"lambdas": Range(1, 1e12)}, "lambda = 1000000000000.0"),
        ({"base": DistillSettings(student="elstm-7t", transfer=0)}, "plain pocket students"),
        ({"base": DistillSettings(transfer=0, teacher=TeacherSettings(folds=1))}, "--transfer 0"),
    ],
)
def test_impossible_sweeps(change: dict[str, object], said: str) -> None:
    with pytest.raises(InputError, match=re.escape(said)):
        SweepSettings(**change)  # type: ignore[arg-type]


@pytest.mark.parametrize(("low", "high"), [(0, 1), (-1, 1), (2, 1), (1, float("inf")), (float("nan"), 1)])
def test_impossible_ranges(low: float, high: float) -> None:
    with pytest.raises(InputError, match="is empty or does not lie above 0"):
        Range(low, high)


@given(st.floats(1e-3, 1e3), st.floats(1, 1e3), st.floats(0, 1))
def test_rounded_values_stay_inside_and_close(low: float, ratio: float, share: float) -> None:
    within = Range(low, low * ratio)
    value = low + share * (within.high - low)
    assert within.rounded(value) in within
    assert within.rounded(value) == pytest.approx(value, rel=1e-2)


# --- The frontier -----------------------------------------------------------------------------------------------------


def trial(size: int, loss: float, choice: Choice | None = None) -> Told:
    return Told(0, choice or Choice(size, 0.1, 1.0, 0), loss, size, {})


POINTS = st.lists(st.tuples(st.integers(1, 6), st.integers(1, 6)), min_size=1, max_size=12)


@given(POINTS)
def test_the_frontier_is_what_nothing_dominates(points: list[tuple[int, int]]) -> None:
    trials = [trial(size, float(loss)) for size, loss in points]
    found = [points[i] for i in frontier(trials)]

    def dominated(point: tuple[int, int]) -> bool:
        return any(other != point and other[0] <= point[0] and other[1] <= point[1] for other in points)

    assert found == sorted({point for point in points if not dominated(point)})


def test_a_gap_is_the_paired_difference_with_its_standard_error() -> None:
    rng = np.random.default_rng(0)
    one, other = [rng.normal(size=n) for n in (40, 25)], [rng.normal(size=n) for n in (40, 25)]
    single = gap(one[:1], other[:1])
    assert single.value == pytest.approx(float((one[0] - other[0]).mean()))
    assert single.error == pytest.approx(float(sem(one[0] - other[0])))
    both = gap(one, other)
    assert both.value == pytest.approx(np.mean([(a - b).mean() for a, b in zip(one, other, strict=True)]))
    errors = [float(sem(a - b)) for a, b in zip(one, other, strict=True)]
    assert both.error == pytest.approx(np.hypot(errors[0], errors[1]) / 2)
    assert gap(one, one) == Gap(0.0, 0.0)


def test_the_smallest_within_one_standard_error_is_taken() -> None:
    noise = np.tile([-1.0, 1.0], 50)
    best = np.full(100, 1.0)
    error = float(sem(noise))
    trials, losses = [trial(100, 1.0)], [[best]]
    for size, above in ((50, 0.9 * error), (20, 1.1 * error), (80, 0.5 * error)):
        trials.append(trial(size, 1.0 + above))
        losses.append([best + above + noise])
    assert smallest_as_good(trials, losses) == 1
    assert smallest_as_good(trials[:1], losses[:1]) == 0


def test_a_smaller_one_that_always_loses_a_little_is_not_as_good() -> None:
    rng = np.random.default_rng(0)
    losses = rng.exponential(size=100)
    trials = [trial(100, float(losses.mean())), trial(50, float(losses.mean()) + 0.01)]
    assert smallest_as_good(trials, [[losses], [losses + 0.01]]) == 0


def test_each_value_of_a_knob_shows_its_best_trial() -> None:
    space = Space((10, 20), Range(0.1, 10), Range(1, 1), (0, 4))
    choices = [Choice(10, 0.1, 1, 0), Choice(20, 10, 1, 4), Choice(20, 1, 1, 0), Choice(20, 0.2, 1, 4)]
    values = [0.9, 0.7, 0.5, 0.8]
    trials = [trial(choice.budget, loss, choice) for choice, loss in zip(choices, values, strict=True)]
    losses = [[np.array([loss, loss + 0.1])] for loss in values]
    found = knob_values(trials, losses, space)
    assert [(one.knob, one.value, one.trials, one.loss) for one in found] == [
        ("size", "10 bytes", 1, 0.9), ("size", "20 bytes", 3, 0.5),
        ("λ", "0.1 to 0.46", 2, 0.8), ("λ", "0.46 to 2.2", 1, 0.5), ("λ", "2.2 to 10", 1, 0.7),
        ("transfer", "0", 2, 0.5), ("transfer", "4", 2, 0.7),
    ]  # fmt: skip
    assert [round(one.gap.value, 6) for one in found] == [0.4, 0, 0.3, 0, 0.2, 0, 0.2]


# --- The search -------------------------------------------------------------------------------------------------------

SPACE = Space((10_000, 20_000, 40_000), Range(0.03, 3), Range(1, 4), (0, 4, 12))
FIRST = Choice(40_000, 0.1, 1.0, 12)


def made_up(choice: Choice) -> float:
    return 1 + abs(math.log(choice.weight / 0.3)) / 4 + 5_000 / choice.budget - choice.transfer / 100


def searched(
    path: Path, trials: int, about: dict[str, object] | None = None, at_once: int = 3, seed: int = 1
) -> tuple[Told, ...]:
    """Search to the end, or go on from where a journal stands."""
    search = Search(path, SPACE, about or {"data": "a"}, seed)
    search.start_with(FIRST)
    done = len(search.told())
    while done < trials:
        asked = [search.ask(done + i) for i in range(min(at_once - done % at_once, trials - done))]
        for one in asked:
            search.tell(one.number, made_up(one.choice), one.choice.budget, {"agreement": 0.5})
            done += 1
    return search.told()


def found(told: Sequence[Told]) -> list[tuple[Choice, float, int, dict[str, object]]]:
    return [(one.choice, one.loss, one.size, dict(one.notes)) for one in told]


def test_a_search_repeats_itself_and_begins_where_it_is_told(tmp_path: Path) -> None:
    one, other = searched(tmp_path / "a", 14), searched(tmp_path / "b", 14)
    assert found(one) == found(other)
    assert one[0].choice == FIRST
    assert all(told.choice in SPACE for told in one)
    assert len({told.choice for told in one}) > 10
    assert found(searched(tmp_path / "a", 14)) == found(one), "nothing is left to do"
    assert found(searched(tmp_path / "c", 14, seed=2**31 - 1)) != found(one)


def test_a_search_learns(tmp_path: Path) -> None:
    losses = [told.loss for told in searched(tmp_path / "a", 36)]
    assert np.mean(losses[24:]) < np.mean(losses[1:10])


def test_a_journal_cut_at_any_byte_goes_on_to_the_same_end(tmp_path: Path) -> None:
    """As if the process had been killed in the middle of any write; cut several times, it is still the same."""
    whole = tmp_path / "whole"
    expected = found(searched(whole, 12))
    data, rng = whole.read_bytes(), np.random.default_rng(0)
    lines = [match.end() for match in re.finditer(b"\n", data)]
    cuts = [*rng.choice(lines, 6, replace=False), *rng.integers(0, len(data), 6)]
    for i, cut in enumerate(cuts):
        path = tmp_path / f"cut{i}"
        path.write_bytes(data[:cut])
        (tmp_path / f"cut{i}.lock").touch()  # as a killed process leaves it
        assert found(searched(path, 12)) == expected
    again = tmp_path / "again"
    for cut in sorted(int(cut) for cut in rng.integers(1, len(data), 3)):
        if again.exists():
            again.write_bytes(again.read_bytes()[:cut])
        searched(again, 12)
    assert found(searched(again, 12)) == expected


def test_another_sweeps_journal_is_refused(tmp_path: Path) -> None:
    searched(tmp_path / "j", 2)
    with pytest.raises(InputError, match=r'j is the journal of another sweep \(data "a", now "b"\); give the command'):
        searched(tmp_path / "j", 2, about={"data": "b"})
    with pytest.raises(InputError, match=r'lambda "0.03:3", now "0.1:3"'):
        Search(tmp_path / "j", replace(SPACE, lambdas=Range(0.1, 3)), {"data": "a"}, seed=1)


@pytest.mark.parametrize("spoil", [lambda raw: b"id,score\n1,2\n" + raw, lambda raw: raw[:40] + b"\n" + raw[40:]])
def test_a_damaged_journal_is_no_traceback(spoil: Callable[[bytes], bytes], tmp_path: Path) -> None:
    searched(tmp_path / "j", 2)
    (tmp_path / "j").write_bytes(spoil((tmp_path / "j").read_bytes()))
    with pytest.raises(InputError, match=r"is damaged.*remove it to search anew"):
        searched(tmp_path / "j", 3)


def test_one_process_at_a_time(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from pocketscore.distillation.search import alone\n"
        "with alone(Path(sys.argv[1])): print('in', flush=True); time.sleep(60)"
    )
    other = subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "lock")], stdout=subprocess.PIPE, text=True)
    try:
        assert other.stdout is not None
        assert other.stdout.readline() == "in\n"
        with pytest.raises(InputError, match="another sweep is at work"), alone(tmp_path / "lock"):
            pass
    finally:
        other.kill()
        other.communicate()
    with alone(tmp_path / "lock"):
        pass  # a kill frees it
    with pytest.raises(OutputError, match="cannot be written"), alone(tmp_path):
        pass


def test_without_optuna(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(MissingExtraError, match=re.escape('pip install "pocketscore[distill,sweep]"')):
        Search(tmp_path / "j", SPACE, {}, seed=0)


# --- Whole sweeps -----------------------------------------------------------------------------------------------------


def answers(path: Path, scores: Callable[[int, str], int] = lambda i, _: i % 3) -> Path:
    """Two items of 90 answers, one nominal, with a second rater and a split of their own."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "item", "response", "score", "score2", "split"])
        for i in range(90):
            part = ("train", "train", "train", "validation", "test")[i % 5]
            score = scores(i, part)
            text = f"{WORDS[i % 3]} {['so', 'and', 'then', 'why'][i % 4]} {i % 17}"
            writer.writerow([f"a{i}", "q1", text, score, i % 3 if i % 7 else 0, part])
            writer.writerow([f"b{i}", "q2", text, ["wrong", "right", "right"][score], "", part])
    return path


def soft_labels(path: Path) -> Path:
    """Ready-made soft labels for the first item, so that no teacher has to be trained."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "item", "p_0", "p_1", "p_2"])
        for i in range(90):
            writer.writerow([f"a{i}", "q1", *(0.8 if point == i % 3 else 0.1 for point in range(3))])
    return path


@dataclass
class Asked:
    """What a teacher was asked: items, and (item, number of texts)."""

    taught: list[int] = field(default_factory=list)
    labelled: list[tuple[int, int]] = field(default_factory=list)


@dataclass(frozen=True)
class Ready:
    """A finished sweep: its data, its folder, what its teacher was asked."""

    source: Source
    out: Path
    asked: Asked


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lesson, "POCKET_TRAINING", QUICK)


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> Ready:
    """Two items with a teacher of n-grams."""
    asked, folder = Asked(), tmp_path_factory.mktemp("swept")
    teach, label = CrossFitLabeller.teach, CrossFitLabeller.label

    def counted_teach(self: CrossFitLabeller, item: int) -> Taught:
        asked.taught.append(item)
        return teach(self, item)

    def counted_label(self: CrossFitLabeller, item: int, texts: Sequence[str], folds: Ints) -> Floats | None:
        asked.labelled.append((item, len(texts)))
        return label(self, item, texts, folds)

    source = Source(answers(folder / "answers.csv"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lesson, "POCKET_TRAINING", QUICK)
        patch.setattr(CrossFitLabeller, "teach", counted_teach)
        patch.setattr(CrossFitLabeller, "label", counted_label)
        sweep(source, folder / "out", SMALL)
    return Ready(source, folder / "out", asked)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Ready:
    """One item with ready-made soft labels."""
    folder = tmp_path_factory.mktemp("plain")
    source = labelled(answers(folder / "answers.csv"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lesson, "POCKET_TRAINING", QUICK)
        sweep(source, folder / "out", PLAIN)
    return Ready(source, folder / "out", Asked())


def labelled(data: Path) -> Source:
    return Source(data, only=("q1",), probabilities=soft_labels(data.with_name("soft.csv")))


def read_json(folder: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((folder / "sweep.json").read_text(encoding="utf-8"))
    return loaded


def picked(folder: Path) -> dict[str, Choice]:
    raw = read_json(folder)
    trials = {one["number"]: one for one in raw["trials"]}
    return {
        one["name"]: Choice(*(trials[one["trial"]][key] for key in ("budget", "weight", "temperature", "transfer")))
        for one in raw["picks"]
    }


def test_a_sweep_leaves_what_it_promises(swept: Ready) -> None:
    raw = read_json(swept.out)
    trials = raw["trials"]
    assert [one["number"] for one in trials] == [1, 2, 3, 4, 5, 6]
    assert all(one["size"] <= one["budget"] <= SMALL.budget for one in trials)
    assert [(one["budget"], one["weight"], one["temperature"], one["transfer"]) for one in trials[:2]] == [
        (40_000, 0.1, 1.0, 2), (40_000, 0.3, 1.0, 2),
    ]  # fmt: skip
    picks = {pick["name"]: pick for pick in raw["picks"]}
    assert picks["best"]["trial"] == min(trials, key=lambda one: (one["loss"], one["size"]))["number"]
    assert picks["smallest"]["trial"] in raw["frontier"]
    assert picks["smallest"]["gap"] <= picks["smallest"]["error"]
    for pick in picks.values():
        assert [item["id"] for item in pick["items"]] == ["q1", "q2"]
        for item in pick["items"]:
            path = swept.out / item["file"]
            assert path.stat().st_size == item["size"] <= SMALL.budget
            assert bundle.load(path).item == item["id"]
        assert (swept.out / pick["name"] / "report.html").exists()
    assert raw["looks"] == len({pick["trial"] for pick in picks.values()})


def test_the_teacher_is_asked_everything_once(swept: Ready) -> None:
    assert sorted(swept.asked.taught) == [0, 1]
    for item in (0, 1):
        sizes = [n for one, n in swept.asked.labelled if one == item]
        assert len(sizes) == 2, "for transfer sets of 2 and of 1; one of 0 has nothing to ask"
        assert sizes == sorted(sizes, reverse=True), "the largest first"


def test_distill_with_a_picks_settings_gives_the_same_files(swept: Ready, tmp_path: Path) -> None:
    choice = picked(swept.out)["best"]
    distill(swept.source, tmp_path / "best", choice.settings(BASE))
    files = sorted((swept.out / "best").glob("*.pocket"))
    assert len(files) == 2
    for path in files:
        assert path.read_bytes() == (tmp_path / "best" / path.name).read_bytes()


def test_the_test_part_decides_nothing(plain: Ready, tmp_path: Path) -> None:
    """Other human scores of the test answers change the test figures and nothing else."""
    data = answers(tmp_path / "other.csv", lambda i, part: (i + (part == "test")) % 3)
    sweep(labelled(data), tmp_path / "out", PLAIN)
    one, other = read_json(plain.out), read_json(tmp_path / "out")
    for key in ("trials", "frontier", "knobs", "tfidf"):
        assert one[key] == other[key]
    assert picked(plain.out) == picked(tmp_path / "out")
    figures = [[item["student"]["value"] for pick in raw["picks"] for item in pick["items"]] for raw in (one, other)]
    assert figures[0] != figures[1]


def test_tfidf_is_judged_on_the_answers_of_the_trials(swept: Ready) -> None:
    """Against a reference of its own: loss and agreement of the baseline on the validation part of each item."""
    found = read_json(swept.out)["tfidf"]
    losses, agreed = [], []
    for each in read_responses(swept.source.path, ColumnChoice()).responses:
        train, checked = (split(each, 0).part(part) for part in (Part.TRAIN, Part.VALIDATION))
        said, scale = tfidf(train, checked, checked.texts), each.item.scale
        losses.append(-np.log(said[np.arange(len(checked)), checked.scores]))
        if scale.kind == "nominal":
            agreed.append(f1_score(checked.scores, said.argmax(axis=1), average="macro"))
        else:
            scores = Scores(
                scale, said, (Status.OK,) * len(said), cut_points(said @ scale.values, checked.scores, scale)
            )
            agreed.append(cohen_kappa_score(checked.scores, scores.indices, weights="quadratic"))
    assert found["loss"] == pytest.approx(np.mean([each.mean() for each in losses]), abs=1e-5)
    assert found["agreement"] == pytest.approx(np.mean(agreed), abs=1e-5)
    lowest = min(trial["loss"] for trial in read_json(swept.out)["trials"])
    assert found["gap"] == pytest.approx(found["loss"] - lowest, abs=1e-5)
    assert found["error"] > 0


def test_tfidf_on_the_test_part_is_what_distill_reports(swept: Ready) -> None:
    for pick in read_json(swept.out)["picks"]:
        evaluation = json.loads((swept.out / pick["name"] / "evaluation.json").read_text(encoding="utf-8"))
        for item in pick["items"]:
            of = evaluation[item["id"]]["test"]["tfidf"]["metrics"]
            assert item["tfidf"] == of["macro_f1" if item["metric"] == "Macro-F1" else "qwk"]


class Pickled(Here):
    """An engine whose tasks and results travel as bytes, as to another process."""

    def map(self, function: Callable[[T], R], tasks: Sequence[T]) -> Iterator[R]:
        for task in tasks:
            sent: tuple[Callable[[T], R], T] = pickle.loads(pickle.dumps((function, task)))
            result: R = pickle.loads(pickle.dumps(sent[0](sent[1])))
            yield result


def test_any_engine_finds_the_same(plain: Ready, tmp_path: Path) -> None:
    sweep(plain.source, tmp_path / "out", PLAIN, engine=Pickled())
    assert read_json(tmp_path / "out") == read_json(plain.out)


class Dies(Here):
    """An engine that fails after some networks."""

    def __init__(self, after: int) -> None:
        self.left = after

    def map(self, function: Callable[[T], R], tasks: Sequence[T]) -> Iterator[R]:
        for task in tasks:
            if not self.left:
                raise ConnectionError("gone")
            self.left -= 1
            yield function(task)


def test_a_sweep_that_died_again_and_again_ends_as_one_that_did_not(plain: Ready, tmp_path: Path) -> None:
    for after in (0, 1, 2):
        with pytest.raises(ConnectionError):
            sweep(plain.source, tmp_path / "out", PLAIN, engine=Dies(after))
    sweep(plain.source, tmp_path / "out", PLAIN)
    assert read_json(tmp_path / "out") == read_json(plain.out)


@pytest.mark.skipif(os.name == "nt", reason="needs SIGKILL")
def test_a_killed_sweep_goes_on(plain: Ready, tmp_path: Path) -> None:
    """Killed for real, in the middle of its first batch."""
    code = (
        "import sys; sys.path.insert(0, sys.argv[3]); from pathlib import Path\n"
        "from test_sweep import PLAIN, QUICK, labelled, lesson, sweep\n"
        "lesson.POCKET_TRAINING = QUICK; sweep(labelled(Path(sys.argv[1])), Path(sys.argv[2]), PLAIN)"
    )
    paths = (plain.source.path, tmp_path / "out", Path(__file__).parent)
    child = subprocess.Popen([sys.executable, "-c", code, *map(str, paths)])
    log, end = tmp_path / "out" / "run.log", time.monotonic() + 120
    while not (log.exists() and "trial 2 of" in log.read_text("utf-8")) and time.monotonic() < end:
        assert child.poll() is None
        time.sleep(0.005)
    child.kill()
    child.wait()
    assert not (tmp_path / "out" / "sweep.json").exists()
    sweep(plain.source, tmp_path / "out", PLAIN)
    assert read_json(tmp_path / "out") == read_json(plain.out)


def test_time_ends_a_sweep_and_more_time_continues_it(plain: Ready, tmp_path: Path) -> None:
    minutes = iter(range(1000))
    short = sweep(plain.source, tmp_path / "out", replace(PLAIN, minutes=2.5), now=lambda: 60.0 * next(minutes))
    whole = read_json(plain.out)["trials"][:3]
    assert [(one.budget, one.weight) for one in short.found.trials] == [(one["budget"], one["weight"]) for one in whole]
    assert [one.loss for one in short.found.trials] == pytest.approx([one["loss"] for one in whole], abs=1e-6)
    assert "The time was up after 3 of 6 trials" in short.report.read_text(encoding="utf-8")
    more = sweep(plain.source, tmp_path / "out", PLAIN)
    assert read_json(tmp_path / "out") | {"looks": 0} == read_json(plain.out) | {"looks": 0}
    looks = {one.trial.size for found in (short.found, more.found) for one in found.picks}
    assert more.found.looks >= len(looks)
    different = len({pick.trial.number for pick in more.found.picks})
    assert ("has been looked at for" in more.report.read_text("utf-8")) == (more.found.looks > different)


def test_the_first_trial_is_always_finished(plain: Ready, tmp_path: Path) -> None:
    done = sweep(plain.source, tmp_path / "out", replace(PLAIN, minutes=1e-9))
    assert len(done.found.trials) == 1
    assert {note.knob for note in done.found.knobs} == {"size", "λ", "temperature"}


def test_lost_files_are_made_again(plain: Ready, tmp_path: Path) -> None:
    shutil.copytree(plain.out, tmp_path / "out")
    lost = sorted((tmp_path / "out" / "work").glob("*student-*.npz"))
    assert len(lost) >= 12
    for path in lost[::2]:
        path.unlink()
    sweep(plain.source, tmp_path / "out", PLAIN)
    assert read_json(tmp_path / "out") == read_json(plain.out)


def test_sizes_are_steps_of_the_ladder_within_the_budget(swept: Ready) -> None:
    items = [split(responses, 0) for responses in read_responses(swept.source.path, ColumnChoice()).responses]
    found = sizes(items, replace(SMALL, sizes=()))
    assert list(found) == sorted(found)
    assert 1 < len(found) < len(LADDER)
    assert found[-1] <= SMALL.budget
    trains = [one.part(Part.TRAIN) for one in items]
    for size in found[1:]:
        enough, less = ([largest(budget, train, 2) for train in trains] for budget in (size, size - 1))
        assert enough != less, "a byte less, and some item has to take the next step"


def test_what_cannot_be_swept(plain: Ready, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no student fits 9000 bytes, the smallest needs"):
        sweep(plain.source, tmp_path / "a", replace(PLAIN, budget=9_000, sizes=()))
    with pytest.raises(InputError, match="no student fits 9000 bytes"):
        sweep(plain.source, tmp_path / "a", replace(PLAIN, sizes=(9_000, 40_000)))
    with pytest.raises(InputError, match="say nothing about answers made from training answers"):
        sweep(plain.source, tmp_path / "a", SMALL)
    assert not list((tmp_path / "a").rglob("*student-*")), "all of this is said before anything is trained"
    changed = replace(PLAIN, base=replace(PLAIN.base, at_least=3), lambdas=Range(0.1, 1))
    with pytest.raises(InputError, match=r"another sweep \(answers .*; other settings .*; lambda .0.03:3., now .0.1:1"):
        sweep(labelled(answers(tmp_path / "o.csv", lambda i, _: i // 2 % 3)), plain.out, changed)


# --- The report -------------------------------------------------------------------------------------------------------

HOSTILE = "<script>alert('x')</script> {{ 7 * 7 }} \x07 \u202e"


def notes(name: str = "answers.csv", one: bool = False) -> SweepNotes:
    rng = np.random.default_rng(0)
    trials = [
        TrialNote(i + 1, 20_000 + 9_000 * (i % 8), 0.03 * 1.3**i, 1 + i / 10, (0, 4, 12)[i % 3],
                  19_000 + 9_000 * (i % 8), float(1.1 - 0.05 * (i % 8) + rng.normal(0, 0.02)), 0.7, on_frontier=False)
        for i in range(16)
    ]  # fmt: skip
    front = set(frontier([trial(t.size, t.loss) for t in trials]))
    trials = [replace(t, on_frontier=i in front) for i, t in enumerate(trials)]
    shown = sorted((t for t in trials if t.on_frontier), key=lambda t: t.size)
    estimate = Estimate(0.81, 0.7, 0.9)
    people = None if one else estimate
    item = PickedItem(name, "best/a.pocket", 41_000, 24_044, "QWK", 118, estimate, estimate, estimate, people)
    small = shown[-1] if one else shown[1]
    picks = (
        Pick("smallest", small, 0.0 if one else 0.02, 0.0 if one else 0.03, f"pocketscore distill {name}", (item,) * 2),
        Pick("best", shown[-1], 0.0, 0.0, f"pocketscore distill {name}", (item,) * 2),
    )
    knobs = (KnobNote("size", "20,000 bytes", 3, 1.1, 0.2, 0.05), KnobNote("size", "83,000 bytes", 2, 0.9, 0.0, 0.0))
    space = {"size": "20,000 bytes", "λ": "0.03 to 3", "temperature": "1", "transfer": "0, 4"}
    return SweepNotes(
        name, "ab" * 32, (name,) * 13, "", 59, 100_000, 40, space, tuple(trials), TfidfNote(0.98765, 0.6543, 0.2, 0.04),
        knobs, picks, 3, (), f"sweep {name}", "0.1.0", 0,
    )  # fmt: skip


def test_the_report_says_what_was_found(swept: Ready) -> None:
    page = html.unescape((swept.out / "report.html").read_text(encoding="utf-8"))
    raw = read_json(swept.out)
    for one in raw["trials"]:
        assert f"<td>{one['loss']:.3f}</td>" in page
    for pick in {pick["trial"]: pick for pick in raw["picks"]}.values():
        assert f"<code>{pick['command']}</code>" in page
        assert f"trial {pick['trial']}" in page
        for item in pick["items"]:
            assert f"{item['student']['value']:.3f}" in page
    assert "http" not in page.replace("http-equiv", "")
    assert "<script" not in page


def test_the_report_has_tfidf_in_picture_and_tables() -> None:
    page = render_sweep(notes())
    said = html.unescape(re.sub("<[^>]+>", " ", page))
    assert ">TF-IDF 0.988</text>" in page
    assert "TF-IDF + logistic regression: 0.988." in page, "in words for who does not see the picture"
    assert re.search(r"TF-IDF \+ logistic regression\s+0\.988\s+0\.654", said)
    assert "the lowest loss of all is 0.200 below it (standard error 0.040)" in said
    better = replace(notes(), tfidf=TfidfNote(0.5, 0.9, -0.25, 0.03))
    assert "the lowest loss of all is 0.250 above it (standard error 0.030)" in render_sweep(better)


@pytest.mark.parametrize("loss", [0.1, 0.98, 1.6])
def test_the_line_of_tfidf_stays_inside_the_picture(loss: float) -> None:
    page = render_sweep(replace(notes(), tfidf=TfidfNote(loss, 0.5, 0.1, 0.01)))
    place = re.search(r'<text class="name end" x="340" y="([\d.]+)">TF-IDF', page)
    assert place
    assert 62 <= float(place[1]) <= 262


def test_the_report_says_whose_scores_everything_is_compared_with() -> None:
    scored = notes()
    said = html.unescape(re.sub("<[^>]+>", "", render_sweep(scored)))
    assert "cross-entropy against the human score on 59 validation answers" in said
    assert "Agreement with the human score on test answers" in said
    assert sweep_dict(scored)["objective"] == (
        "cross-entropy against human scores on the validation part, mean over items; lower is better"
    )
    assert "scored_by" not in sweep_dict(scored)

    picks = tuple(replace(pick, items=tuple(replace(i, teacher=None, people=None) for i in pick.items))
                  for pick in scored.picks)  # fmt: skip
    unscored = replace(scored, scored_by="lm:<tiny>", picks=picks)
    said = html.unescape(re.sub("<[^>]+>", "", render_sweep(unscored)))
    assert "cross-entropy against the scores of lm:<tiny> on 59 validation answers" in said
    assert "Agreement with the scores of lm:<tiny> on test answers" in said
    assert "human" not in said
    raw = sweep_dict(unscored)
    assert raw["scored_by"] == "lm:<tiny>"
    assert "against the scores of lm:<tiny> on the validation part" in str(raw["objective"])


@pytest.mark.parametrize("one", [True, False])
def test_names_in_a_report_are_no_markup(one: bool) -> None:
    page = render_sweep(notes(HOSTILE, one))
    assert "<script" not in page
    assert "{{ 7 * 7 }}" in page
    assert "\x07" not in page
    assert "Content-Security-Policy" in page


AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.mark.parametrize(("scheme", "rules"), [("light", TAGS), ("dark", ["color-contrast"])])
def test_axe_finds_nothing(
    chromium: Browser, tmp_path: Path, scheme: Literal["light", "dark"], rules: list[str]
) -> None:
    (tmp_path / "report.html").write_text(render_sweep(notes()), encoding="utf-8")
    context = chromium.new_context(color_scheme=scheme)
    page = context.new_page()
    page.goto((tmp_path / "report.html").as_uri())
    page.evaluate(AXE)
    found = page.evaluate("(rules) => axe.run({ runOnly: rules, resultTypes: ['violations'] })", rules)
    assert found["passes"]
    assert [(v["id"], [node["html"] for node in v["nodes"]]) for v in found["violations"]] == []
    context.close()


@pytest.mark.parametrize("width", [320, 1280])
def test_it_fits_the_screen(chromium: Browser, tmp_path: Path, width: int) -> None:
    (tmp_path / "report.html").write_text(render_sweep(notes("w" * 200)), encoding="utf-8")
    context = chromium.new_context(viewport={"width": width, "height": 800})
    page = context.new_page()
    page.goto((tmp_path / "report.html").as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    context.close()
