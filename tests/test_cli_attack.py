"""`pocketscore attack`: tables, the JSON file, and one line for what cannot be used."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from conftest import make_scorer
from pocketscore import bundle
from pocketscore.cli import main

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    def call(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["pocketscore", "attack", *map(str, arguments)])
        monkeypatch.setenv("COLUMNS", "120")
        code = 0
        try:
            main()
        except SystemExit as stop:
            code = int(stop.code or 0)
        out, err = capfd.readouterr()
        return code, out, err

    return call


def pocket(folder: Path, *points: str) -> Path:
    path = folder / "cold-glass.pocket"
    question = "Why do drops form on a cold glass of water?"
    bundle.save(replace(make_scorer(points=points or ("0", "1", "2")), question=question), path)
    return path


def table(folder: Path, scores: list[str], column: str = "score") -> Path:
    path = folder / "scored.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "response", column])
        writer.writerows(
            [i, f"the water is cold because the air cools it {i}", score] for i, score in enumerate(scores)
        )
    return path


def test_everything_is_printed_and_written(run: Run, tmp_path: Path) -> None:
    scored = table(tmp_path, ["0", "1", "2"] * 10)
    code, out, err = run(pocket(tmp_path), scored, "-o", tmp_path / "attack.json", "--seed", 3)
    assert code == 0, err
    found = json.loads((tmp_path / "attack.json").read_text(encoding="utf-8"))
    assert (found["item"], found["low"], found["seed"]) == ("cold-glass", 10, 3)
    for one in found["attacks"]:
        assert one["name"].replace("_", " ") in out
        assert one["rate"]["low"] <= one["rate"]["value"] == pytest.approx(one["successes"] / one["tried"], abs=1e-6)
    assert "copied rubric" in out
    assert "does not hold its rubric" in out
    first = (tmp_path / "attack.json").read_bytes()
    assert run(pocket(tmp_path), scored, "-o", tmp_path / "attack.json", "--seed", 3)[0] == 0
    assert (tmp_path / "attack.json").read_bytes() == first


def test_without_answers_it_says_what_could_not_be_tried(run: Run, tmp_path: Path) -> None:
    code, out, err = run(pocket(tmp_path))
    assert code == 0, err
    assert "no scored answers were given" in out
    assert "keyword list" in out
    assert "not tried" in out
    assert "padding" in out


def test_nominal_scales_need_the_right_class(run: Run, tmp_path: Path) -> None:
    path, scored = pocket(tmp_path, "right", "wrong"), table(tmp_path, ["right", "wrong"] * 8)
    code, out, err = run(path, scored, "--right", "right")
    assert code == 0, err
    assert "attacks on 8 answers" in out


@pytest.mark.parametrize(
    ("points", "scores", "options", "expected"),
    [
        (("right", "wrong"), ["right", "wrong"], (), "no class is higher"),
        (("right", "wrong"), ["right", "wrong"], ("--right", "great"), "not on the scale"),
        (("0", "1"), ["0", "1"], ("--right", "1"), "leave out"),
        (("0", "1"), ["0", "7"], (), "7"),
        (("0", "1"), ["good", "bad"], (), "good"),
        (("0", "1"), ["", ""], (), "nothing to learn from"),
    ],
)
def test_bad_input_is_one_line(
    points: tuple[str, ...], scores: list[str], options: tuple[str, ...], expected: str, run: Run, tmp_path: Path
) -> None:
    code, _, err = run(pocket(tmp_path, *points), table(tmp_path, scores), *options)
    assert code == 2
    lines = err.strip().splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("error: ")
    assert expected in lines[0]
    assert ";" in lines[0]


def test_answers_that_are_all_good(run: Run, tmp_path: Path) -> None:
    code, out, err = run(pocket(tmp_path), table(tmp_path, ["2"] * 5))
    assert code == 0, err
    assert "below the middle of the scale was given" in " ".join(out.split())
