"""`pocketscore sweep`, as a user types it."""

from __future__ import annotations

import csv
import json
import re
import shlex
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pocketscore.cli import main
from pocketscore.distillation import lesson
from pocketscore.distillation.settings import TrainSettings

WORDS = ("nothing at all", "the glass is cold", "vapour in the air turns liquid on the cold glass")
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = TrainSettings(5e-3, batch=64, steps=12, checks=3, patience=3, one_cycle=True)
    monkeypatch.setattr(lesson, "POCKET_TRAINING", settings)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    def call(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["pocketscore", *map(str, arguments)])
        code = 0
        try:
            main()
        except SystemExit as stop:
            code = int(stop.code or 0)
        out, err = capfd.readouterr()
        return code, out, err

    return call


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """90 answers, in a folder whose name needs quotes; it is the working folder."""
    folder = tmp_path / "my class"
    folder.mkdir()
    monkeypatch.chdir(folder)
    with Path("answers.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["key", "response", "points"])
        for i in range(90):
            text = f"{WORDS[i % 3]} {['so', 'and', 'then', 'why'][i % 4]} {i % 17}"
            writer.writerow([f"a{i}", text, i % 3])
    return folder / "answers.csv"


QUICK = ("--teacher", "ngrams", "--folds", 2, "--at-least", 2, "--transfer", "0,1", "--sizes", "24KB,40KB")


def test_a_sweep_and_the_command_that_makes_a_scorer_again(data: Path, run: Run) -> None:
    columns = ("--score", "points", "--id", "key")
    code, out, err = run("sweep", data, "-o", "out", "--budget", "50KB", "--trials", 5, *columns, *QUICK)
    assert code == 0, err
    assert re.search(r"^5 trials; those that no smaller one betters on \d+", out, flags=re.MULTILINE)
    assert re.search(r"^ *TF-IDF +\d\.\d{4} +\d\.\d{3} *$", out, flags=re.MULTILINE)
    assert "report: out/report.html" in out
    assert (data.parent / "out" / "sweep.json").exists()
    again = re.findall(r"^  again: (.*)$", out, flags=re.MULTILINE)
    names = re.findall(r"^(smallest|best): trial \d+$", out, flags=re.MULTILINE)
    assert names[-1] == "best"
    words = shlex.split(again[-1])
    assert words[:3] == ["pocketscore", "distill", str(data)]
    assert {"--id", "--score", "--teacher", "--folds", "--at-least", "--budget", "--lambda", "--transfer"} <= set(words)
    assert not {"--trials", "--sizes"} & set(words)
    code, _, err = run(*words[1:])
    assert code == 0, err
    assert (data.parent / "best" / "answers.pocket").read_bytes() == (
        data.parent / "out" / "best" / "answers.pocket"
    ).read_bytes()


def test_the_same_command_goes_on_and_another_is_refused(data: Path, run: Run) -> None:
    begin = ("sweep", data, "-o", "out", "--score", "points", *QUICK)
    code, out, _ = run(*begin, "--trials", 3, "--minutes", "0.00001")
    assert code == 0
    assert "the time was up after 1 of 3 trials; the same command goes on" in out
    code, out, _ = run(*begin, "--trials", 3)
    assert code == 0
    assert out.startswith("3 trials")
    done = json.loads((data.parent / "out" / "sweep.json").read_text(encoding="utf-8"))
    code, _, err = run(*begin, "--trials", 3, "--seed", 1)
    assert code == 2
    assert "is the journal of another sweep" in err
    assert "seed 0, now 1" in err
    assert json.loads((data.parent / "out" / "sweep.json").read_text(encoding="utf-8")) == done


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--minutes", 0), "a sweep of 0 minutes; give it some time (--minutes)"),
        (("--trials", 0), "0 trials"),
        (("--budget", "9KB"), "no student fits 9000 bytes, the smallest needs"),
        (("--most", "9KB"), "no student fits 9000 bytes, the smallest needs"),
        (("--budget", "0"), "a budget of 0 bytes"),
        (("--budget", "small"), "--budget 'small' is no size"),
        (("--sizes", "24KB,huge"), "--sizes '24KB,huge' are no sizes"),
        (("--sizes", ""), "--sizes '' are no sizes"),
        (("--sizes", "24KB,24000"), "each once"),
        (("--sizes", "200KB"), "sizes [200000] under a budget of 100000 bytes"),
        (("--lambda", "1:0.1"), "--lambda: the range 1:0.1 is empty"),
        (("--lambda", "0:1"), "--lambda: the range 0:1 is empty or does not lie above 0"),
        (("--lambda", "much"), "--lambda 'much' is no range"),
        (("--temperature", "1:2:3"), "--temperature '1:2:3' is no range"),
        (("--temperature", "1:500"), "temperature = 500"),
        (("--transfer", "a,b"), "--transfer 'a,b' are no numbers"),
        (("--transfer", "-1"), "transfer sets [-1]"),
        (("--transfer", "4", "--folds", 1), "--transfer 0"),
        (("--address", "127.0.0.1:1"), "belongs to --engine ray"),
    ],
)
def test_what_cannot_be_swept(options: tuple[object, ...], said: str, data: Path, run: Run) -> None:
    code, out, err = run(
        "sweep", data, "-o", "out", "--score", "points", "--teacher", "ngrams", "--at-least", 2, *options
    )
    assert code == 2
    assert "error: " in err
    assert said in " ".join(err.split())
    assert not out
    assert not list(data.parent.rglob("*student-*")), "said before anything is trained"


def test_a_file_that_is_not_there(data: Path, run: Run) -> None:
    code, _, err = run("sweep", "nowhere.csv", "-o", "out")
    assert code == 2
    assert "there is no file nowhere.csv" in err


def test_without_optuna(data: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    from importlib.util import find_spec

    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "optuna" else find_spec(name))
    code, _, err = run("sweep", data, "-o", "out")
    assert code == 5
    assert 'pip install "pocketscore[distill,sweep]"' in err
    assert not (data.parent / "out").exists()


def test_one_fold_or_ready_made_labels_need_no_word_about_the_transfer_set(data: Path, run: Run) -> None:
    """The usual transfer sets are left out where nobody could label them."""
    begin = ("sweep", data, "-o", "out", "--score", "points", "--teacher", "ngrams", "--at-least", 2, "--folds", 1)
    code, _, err = run(*begin, "--trials", 1, "--sizes", "24KB")
    assert code == 0, err
    space = json.loads((data.parent / "out" / "sweep.json").read_text(encoding="utf-8"))["space"]
    assert space["transfer"] == "0"
