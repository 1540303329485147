"""`pocketscore label` as a user types it, against a server that can misbehave."""

from __future__ import annotations

import csv
import json
import os
import pty
import re
import shlex
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from llm_server import Chances, LlmServer, broken, busy, cut, malformed, says
from pocketscore import engine
from pocketscore.cli import main
from pocketscore.data import ColumnChoice, read_items, read_responses
from pocketscore.llm import cluster, remote
from pocketscore.llm.labels_file import beside
from pocketscore.llm.parts import parted
from pocketscore.llm.receipts import MAIN
from pocketscore.llm.retry import Retry
from pocketscore.soft_labels import read_probabilities
from pocketscore.types import Part

WORDS = ("nothing", "cold glass", "vapour cools and turns liquid")
ITEM: dict[str, Any] = {
    "id": "q1",
    "question": "Why does the glass get wet?",
    "rubric": "0: nothing. 1: names the glass. 2: names the vapour.",
    "scores": [0, 1, 2],
}
KEY = "sk-very-secret-0123456789"


def last_answer(prompt: str) -> str:
    """The answer to score."""
    return [found[2] for found in re.finditer(r"\[BEGIN ANSWER (\w+)\]\n(.*?)\n\[END ANSWER \1\]", prompt, re.DOTALL)][
        -1
    ]


def mild(prompt: str) -> Chances:
    """A model that sees the point in an answer's words, and is often one point too mild."""
    answer = last_answer(prompt)
    seen = next((point for point in (2, 1) if WORDS[point] in answer), 0)
    chances = ((0.3, 0.5, 0.1), (0.1, 0.3, 0.5), (0.05, 0.1, 0.8))[seen]
    return {str(point): chance for point, chance in enumerate(chances)}


class Done:
    """What a command left on the terminal, and its exit code."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err


class Desk:
    """A user's folder with a file of answers, and a server."""

    def __init__(self, folder: Path, server: LlmServer, call: Callable[[Sequence[str]], Done]) -> None:
        self.folder, self.server, self._call = folder, server, call
        self.out = folder / "soft.csv"
        self.items([ITEM])
        self.answers(60, 45)

    def items(self, items: Sequence[dict[str, Any]]) -> None:
        (self.folder / "items.json").write_text(json.dumps(items), encoding="utf-8")

    def answers(self, n: int, scored: int, **texts: str) -> None:
        """N answers, the first of them scored by people; some with words of their own."""
        rows = [
            {
                "id": f"pupil-{row}",
                "response": texts.get(f"r{row}", f"{WORDS[row % 3]} {row}"),
                "score": str(row % 3) if row < scored else "",
            }
            for row in range(n)
        ]
        self.rows(rows)

    def rows(self, rows: Sequence[dict[str, str]]) -> None:
        with (self.folder / "r.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)

    def label(self, *more: object, teacher: str | None = None) -> Done:
        return self._call(self.command(*more, teacher=teacher))

    def command(self, *more: object, teacher: str | None = None) -> list[str]:
        given = ["label", self.folder / "r.csv", "--items", self.folder / "items.json", "-o", self.out]
        return [*map(str, [*given, "--teacher", teacher or f"{self.server.url}/tiny", *more])]

    def run(self, *arguments: object) -> Done:
        return self._call([*map(str, arguments)])

    def labels(self) -> list[dict[str, str]]:
        return table(self.out)

    def failed(self) -> dict[str, str]:
        return {row["id"]: row["reason"] for row in table(beside(self.out, ".failed.csv"))}

    def provenance(self) -> dict[str, Any]:
        found = json.loads(beside(self.out, ".provenance.json").read_text(encoding="utf-8"))
        assert isinstance(found, dict)
        return found

    def receipts(self) -> sqlite3.Connection:
        return sqlite3.connect(beside(self.out, ".work") / MAIN)

    def asked_twice(self) -> set[str]:
        return {request for request, times in self.server.answered.items() if times > 1}


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Callable[[Sequence[str]], Done]:
    monkeypatch.setattr(remote, "Retry", lambda attempts: Retry(min(attempts, 3), base_s=0.0, most_s=0.0))
    monkeypatch.delenv("POCKETSCORE_API_KEY", raising=False)

    def run(arguments: Sequence[str]) -> Done:
        monkeypatch.setattr(sys, "argv", ["pocketscore", *arguments])
        code = 0
        try:
            main()
        except SystemExit as stop:
            code = int(stop.code or 0)
        out, err = capfd.readouterr()
        return Done(code, out, err)

    return run


@pytest.fixture
def desk(tmp_path: Path, call: Callable[[Sequence[str]], Done]) -> Iterator[Desk]:
    with LlmServer(mild) as server:
        yield Desk(tmp_path, server, call)


def assert_one_line(done: Done, *expected: str, code: int = 2) -> None:
    assert done.code == code, done.err
    lines = [line for line in done.err.splitlines() if not line.endswith("...")]  # stages that began
    assert len(lines) == 1, done.err
    assert lines[0].startswith("error: ")
    for text in expected:
        assert re.search(text, lines[0]), lines[0]


# --- The usual way ----------------------------------------------------------------------------------------------------


def test_a_dry_run_sends_nothing_and_shows_one_prompt(desk: Desk) -> None:
    done = desk.label("--dry-run", "--price", "0.15/0.60", "--check-injections")
    assert done.code == 0, done.err
    assert desk.server.requests == []
    sizes = re.search(
        r"item q1: 60 answers, 45 scored by people \(train (\d+), validation (\d+), test (\d+)\)", done.out
    )
    assert sizes
    assert sum(map(int, sizes.groups())) == 45
    assert re.search(
        r"plan: 60 different answers, 0 of them answered before; 60 calls, about [\d,]+ tokens in", done.out
    )
    assert re.search(r"about \$0\.\d+\n", done.out)
    assert "calls to check injections" in done.out
    assert ITEM["rubric"] in done.out
    assert "Reply with one character and nothing else: 0, 1 or 2." in done.out
    assert {path.name for path in desk.folder.iterdir()} == {"r.csv", "items.json"}


def test_without_a_terminal_it_stops_after_the_first_answers_and_goes_on_with_yes(desk: Desk) -> None:
    first = desk.label("--first", 9)
    assert first.code == 0, first.err
    assert "the same command with --yes goes on" in first.out
    assert "scores are the human ones (QWK" in first.out
    assert "mean QWK of .26" in first.out
    assert len(desk.server.requests) == 10  # the shortest answer, and nine training answers
    assert not desk.out.exists()
    done = desk.label("--first", 9, "--yes")
    assert done.code == 0, done.err
    assert len(desk.server.requests) == 60
    assert desk.asked_twice() == set()
    assert f"60 soft labels: {desk.out}" in done.out
    again = desk.label("--yes")
    assert "60 of them answered before; 0 calls" in again.out
    assert len(desk.server.requests) == 60


def test_labels_fit_the_parts_of_distill_and_are_read_as_soft_labels(desk: Desk) -> None:
    done = desk.label("--yes", "--seed", 4)
    assert done.code == 0, done.err
    rows = desk.labels()
    items = read_items(desk.folder / "items.json")
    learnt = read_responses(desk.folder / "r.csv", ColumnChoice(), items).responses[0]
    parts = parted(learnt, seed=4).parts
    assert parts is not None
    assert [row["part"] for row in rows if row["score"]] == [part.value for part in parts]
    assert {row["part"] for row in rows if not row["score"]} == {""}
    soft = read_probabilities(desk.out, learnt)
    assert soft.probabilities.shape == (45, 3)
    assert re.search(r"--seed 4 .*-o OUT learns from them", done.out)


def test_held_out_scores_reach_no_prompt(desk: Desk) -> None:
    desk.label("--yes", "--shots", 6)
    held_out = {row["id"].removeprefix("pupil-") for row in desk.labels() if row["part"] in ("validation", "test")}
    assert held_out
    for body in desk.server.requests:
        user = str(body["messages"][-1]["content"])
        examples = re.findall(r"(\d+)\n\[END ANSWER \w+\]\nScore: \d", user)
        assert len(examples) == 6
        assert not held_out & set(examples)
        assert "pupil-" not in user


def test_agreement_is_shown_before_and_after_calibration(desk: Desk) -> None:
    desk.answers(120, 105)
    done = desk.label("--yes")
    rows = desk.labels()
    for part in ("train", "validation", "test"):
        n = sum(row["part"] == part for row in rows)
        assert re.search(rf"{part} +{n} +model +\.\d{{3}} ", done.out)
    assert done.out.count(" calibrated ") == 3
    test = desk.provenance()["items"]["q1"]["agreement"]["test"]
    assert test["after"]["cross_entropy"] < test["before"]["cross_entropy"]
    assert test["after"]["metrics"]["accuracy"]["value"] > test["before"]["metrics"]["accuracy"]["value"]


def test_distill_learns_from_the_file(desk: Desk) -> None:
    desk.answers(40, 36)
    found = re.search(
        r"^pocketscore (distill .*) -o OUT learns from them$", desk.label("--yes").out, flags=re.MULTILINE
    )
    assert found
    done = desk.run(*shlex.split(found[1]), "-o", desk.folder / "out", "--lambda", 1, "--at-least", 2)
    assert done.code == 0, done.err
    assert (desk.folder / "out" / "q1.pocket").exists()


def test_several_items_have_their_own_scales(desk: Desk) -> None:
    other = {"id": "q2", "question": "Is it wet?", "rubric": "right: yes", "scores": ["right", "wrong"]}
    desk.items([ITEM, other])
    desk.rows(
        [{"item": "q1", "id": f"a{i}", "response": f"{WORDS[i % 3]} {i}", "score": str(i % 3)} for i in range(36)]
        + [
            {"item": "q2", "id": f"b{i}", "response": f"yes {i}", "score": ["right", "wrong"][i % 2] if i < 8 else ""}
            for i in range(12)
        ]
    )
    desk.server.think = lambda prompt: mild(prompt) if "vapour" in prompt else {"A": 0.7, "B": 0.3}
    done = desk.label("--yes", "--first", 2, "--shots", 2)
    assert done.code == 0, done.err
    rows = {row["id"]: row for row in desk.labels()}
    assert len(rows) == 48
    assert float(rows["b1"]["p_right"]) == pytest.approx(0.7, abs=1e-3)
    assert rows["b1"]["p_0"] == rows["a1"]["p_right"] == ""
    assert rows["b1"]["part"] == Part.TRAIN
    assert "item q2: 12 answers, 8 scored by people (train 8)" in done.out


def test_in_a_terminal_the_user_is_asked(desk: Desk) -> None:
    def answer(text: str) -> tuple[int, str]:
        ours, theirs = pty.openpty()
        command = [sys.executable, "-m", "pocketscore", *desk.command("--first", 3)]
        with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=subprocess.DEVNULL) as child:
            os.close(theirs)
            os.write(ours, text.encode())
            said = b""
            while piece := _read(ours):
                said += piece
            os.close(ours)
        return child.returncode, said.decode()

    code, said = answer("n\n")
    assert code == 0, said
    assert "Ask about all the others? [y/N]" in said
    assert len(desk.server.requests) == 4
    code, said = answer("y\n")
    assert code == 0, said
    assert "60 soft labels" in said
    assert len(desk.server.requests) == 60


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 1 << 16)
    except OSError:  # the other end was closed
        return b""


def test_rows_without_an_answer_are_left_out(desk: Desk) -> None:
    desk.answers(60, 45, r7="", r59="  ")
    done = desk.label("--dry-run")
    assert "r.csv: 2 rows left out (2 empty response)" in done.out
    assert "item q1: 58 answers, 44 scored by people" in done.out


def test_an_endpoint_needs_no_torch(desk: Desk) -> None:
    code = "import atexit, sys; from pocketscore.cli import main\n"
    code += "atexit.register(lambda: print(sorted({'torch', 'transformers', 'ray'} & set(sys.modules))))\nmain()"
    command = [sys.executable, "-c", code, *desk.command("--yes", "--first", 2)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"


# --- Where people scored nothing --------------------------------------------------------------------------------------


def test_without_human_scores_it_says_that_agreement_is_unknown_and_what_to_score(desk: Desk) -> None:
    desk.answers(30, 0)
    done = desk.label("--yes")
    assert done.code == 0, done.err
    assert "nobody has scored an answer to item q1: its agreement with people is unknown" in done.out
    assert "mean QWK of .26" not in done.out
    assert "pocketscore suggest" in done.out
    listed = table(beside(desk.out, ".to-score.csv"))
    assert 0 < len(listed) <= 30
    assert {row["score"] for row in listed} == {""}
    assert desk.provenance()["items"]["q1"]["agreement"] == {}
    scored = beside(desk.out, ".to-score.csv")
    scored.write_text("people's work", encoding="utf-8")
    assert "stays as it is" in desk.label("--yes").out
    assert scored.read_text(encoding="utf-8") == "people's work"


# --- Failures ---------------------------------------------------------------------------------------------------------


def test_what_fails_in_passing_is_tried_again(desk: Desk) -> None:
    desk.server.script(busy(), broken(), cut(), malformed(), cut(begun=False))
    done = desk.label("--yes")
    assert done.code == 0, done.err
    assert len(desk.labels()) == 60
    assert not beside(desk.out, ".failed.csv").exists()


def test_failures_are_listed_and_only_unanswered_ones_are_asked_again(desk: Desk) -> None:
    down, refused = "cold glass 31", "cold glass 34"
    desk.server.rule = lambda prompt, _: (
        broken()
        if last_answer(prompt) == down
        else says("I cannot judge this.")
        if last_answer(prompt) == refused
        else None
    )
    done = desk.label("--yes", "--first", 0)
    assert done.code == 0, done.err
    failed = desk.failed()
    assert failed.keys() == {"pupil-31", "pupil-34"}
    assert "HTTP 500" in failed["pupil-31"]
    assert "no score in the answer: 'I cannot judge this.'" in failed["pupil-34"]
    assert "answers without a score: 2, listed in" in done.out
    assert len(desk.labels()) == 58
    desk.server.rule = lambda *_: None
    before = len(desk.server.requests)
    done = desk.label("--yes", "--first", 0, "--fill-failed")
    assert len(desk.server.requests) == before + 1
    assert desk.failed().keys() == {"pupil-34"}
    rows = {row["id"]: row for row in desk.labels()}
    assert len(rows) == 60
    assert (rows["pupil-34"]["status"], rows["pupil-34"]["teacher_score"]) == ("filled", "")
    assert sum(float(rows["pupil-34"][f"p_{point}"]) for point in range(3)) == pytest.approx(1, abs=1e-5)


def test_a_score_outside_the_scale_is_no_score(desk: Desk) -> None:
    desk.server.rule = lambda prompt, _: says("7") if last_answer(prompt) == WORDS[1] + " 1" else None
    assert desk.label("--yes", "--first", 0).code == 0
    assert desk.failed() == {"pupil-1": "no score in the answer: '7'"}


def test_a_server_without_log_probabilities_gives_samples(desk: Desk) -> None:
    desk.server.logprobs = False
    done = desk.label("--yes", "--first", 0, "--samples", 4)
    assert done.code == 0, done.err
    assert desk.provenance()["items"]["q1"]["method"] == "samples"
    assert len(desk.server.requests) == 1 + 60 * 4
    assert desk.asked_twice() == set()


def test_a_model_that_scores_nothing_ends_in_an_error(desk: Desk) -> None:
    desk.server.rule = lambda *_: says("As a language model I cannot")
    done = desk.label("--yes", "--first", 3)
    assert_one_line(
        done, "item q1: .* gave none of the first 3 answers a score .*I cannot", "see what it wrote", code=6
    )
    assert len(desk.server.requests) == 1 + 3
    assert not desk.out.exists()


@pytest.mark.parametrize("first", [0, 3])
def test_a_model_that_has_no_room_for_a_score_is_not_paid_on(desk: Desk, first: int) -> None:
    """One that thinks first comes to its end with nothing written."""
    desk.server.rule = lambda *_: says("")
    done = desk.label("--yes", "--first", first)
    assert_one_line(done, "gave none of the first 3 answers a score", "--max-tokens", code=6)
    assert len(desk.server.requests) == 1 + 3


def test_a_run_without_a_single_score_ends_in_an_error(desk: Desk) -> None:
    done = desk.label("--yes", "--first", 3, "--max-calls", 0)
    assert_one_line(done, "gave none of the answers a score, 60 in all", code=6)
    assert set(desk.failed().values()) == {"budget reached"}
    assert len(desk.failed()) == 60
    assert not desk.out.exists()


@pytest.mark.parametrize("yes", [("--yes",), ()])
def test_the_plan_is_shown_again_when_the_server_gives_no_log_probabilities(desk: Desk, yes: tuple[str, ...]) -> None:
    desk.server.logprobs = False
    more = ("--first", 4, "--samples", 5, "--price", "1/1", "--check-injections")
    before, after = desk.label(*more, *yes).out.split("the server gives no log-probabilities", maxsplit=1)
    assert "0 of them answered before; 60 calls" in before
    asked = 1 + 5 * 5  # the probe, and five answers five times
    assert f"plan: 60 different answers, 5 of them answered before; {60 * 5 - (asked - 1)} calls, about " in after
    assert re.search(r" out, about \$0\.\d+", after)
    assert after.index("plan:") < after.index("scores are the human ones")
    assert "calls to check injections" in after
    if not yes:
        assert len(desk.server.requests) == asked


def test_the_plan_is_shown_once_when_it_holds(desk: Desk) -> None:
    assert desk.label("--yes").out.count("plan: ") == 1


def test_injections_say_why_they_could_not_be_tried(desk: Desk) -> None:
    done = desk.label("--yes", "--check-injections", "--max-calls", 60)
    assert done.code == 0, done.err
    assert re.search(r"item q1: \d+ of the texts that check injections have no score \(\d+ budget reached\)", done.out)
    assert "no injection could be tried" in done.out


def test_a_server_that_dies_keeps_what_it_answered(desk: Desk) -> None:
    desk.server.rule = lambda *_: broken(503) if len(desk.server.requests) > 20 else None
    done = desk.label("--yes", "--first", 0)
    assert_one_line(done, "failed 20 times in a row", "run the same command again", code=6)
    assert not desk.out.exists()
    desk.server.rule = lambda *_: None
    assert desk.label("--yes", "--first", 0).code == 0
    assert desk.asked_twice() == set()
    assert len(desk.labels()) == 60


# --- Bad input --------------------------------------------------------------------------------------------------------


def test_a_wrong_address(desk: Desk) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    done = desk.label("--yes", teacher=f"http://127.0.0.1:{port}/v1/tiny")
    assert_one_line(done, "cannot be reached", "start the server", code=6)


def test_a_wrong_key_is_not_shown(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.server.key = "the right one"
    assert_one_line(desk.label("--yes"), "refuses the key", "POCKETSCORE_API_KEY", code=6)
    monkeypatch.setenv("POCKETSCORE_API_KEY", KEY)
    done = desk.label("--yes")
    assert_one_line(done, "refuses the key", code=6)
    assert KEY not in done.out + done.err
    assert desk.server.requests == []


def test_an_unknown_model(desk: Desk) -> None:
    done = desk.label("--yes", teacher=f"{desk.server.url}/org/other")
    assert_one_line(done, "there is no model 'org/other'", "it offers tiny", code=6)
    assert sum(desk.server.answered.values()) == 0


def test_a_rubric_longer_than_the_context(desk: Desk) -> None:
    desk.items([ITEM | {"rubric": "names the vapour. " * 2000}])
    desk.server.context = 3000
    done = desk.label("--yes")
    assert_one_line(done, "item q1: question, rubric and examples do not fit", "shorten the rubric")
    assert sum(desk.server.answered.values()) == 0


def test_a_response_longer_than_the_context_fails_alone(desk: Desk) -> None:
    desk.answers(60, 45, r50="vapour " * 3000)
    desk.server.context = 3000
    done = desk.label("--yes")
    assert done.code == 0, done.err
    assert desk.failed().keys() == {"pupil-50"}
    assert "longer than the context length" in desk.failed()["pupil-50"]
    assert len(desk.labels()) == 59


@pytest.mark.parametrize(
    ("item", "code", "expected"),
    [
        ({"question": "", "rubric": ""}, 2, "item q1 has neither question nor rubric"),
        ({"rubric": ""}, 0, "item q1 has no rubric"),
        ({"question": ""}, 0, "60 soft labels"),
    ],
)
def test_an_item_without_rubric(desk: Desk, item: dict[str, str], code: int, expected: str) -> None:
    desk.items([ITEM | item])
    done = desk.label("--yes")
    assert done.code == code, done.err
    assert expected in done.out + done.err
    assert (len(desk.server.requests) == 0) == (code != 0)


def test_examples_missing_a_score_point(desk: Desk) -> None:
    desk.items([ITEM | {"scores": [0, 1, 2, 3]}])
    assert_one_line(desk.label("--yes"), "3", "--shots 0")
    assert desk.server.requests == []
    assert desk.label("--yes", "--shots", 0).code == 0


def test_nothing_says_what_the_score_points_are(desk: Desk) -> None:
    desk.items([{name: value for name, value in ITEM.items() if name != "scores"}])
    desk.answers(20, 0)
    assert_one_line(desk.label("--yes"), "nobody has scored an answer to item q1", "--items")


REMOTE = "https://models.example.org/v1/big"


@pytest.mark.parametrize(
    ("teacher", "options", "expected"),
    [
        ("minilm", (), "'minilm' is no language model"),
        (REMOTE, (), "on another machine.*--allow-remote"),
        (REMOTE, ("--allow-remote", "--max-cost", 2), "price of the model is not known.*--price"),
        ("https://ada:secret@models.example.org/v1/big", ("--allow-remote",), "keys come from the environment"),
        ("http://127.0.0.1:9/v2/tiny", (), "no /v1/ in it"),
        ("http://127.0.0.1:9/v1/", (), "names no model"),
        (None, ("--price", "cheap"), "price 'cheap' cannot be read"),
        (None, ("--max-cost", -1), "at least 0"),
        (None, ("--names", "names.txt"), "add --scrub"),
        (None, ("--scrub", "--names", "none.txt"), "there is no file none.txt"),
        (None, ("--prices", "none.json"), "there is no file none.json"),
        (None, ("--shots", 1000), "1000 examples"),
        (None, ("--workers", 0), "workers = 0"),
        (None, ("--address", "auto"), "belongs to --engine ray"),
        ("lm:somewhere", ("--max-cost", 1), "--max-cost belongs to endpoints"),
        ("lm:somewhere", ("--method", "samples"), "--method belongs to endpoints"),
    ],
)
def test_bad_options_are_one_line_before_anything_is_sent(
    desk: Desk, teacher: str | None, options: tuple[object, ...], expected: str
) -> None:
    done = desk.label("--yes", *options, teacher=teacher)
    assert_one_line(done, expected)
    assert "secret" not in done.err
    assert desk.server.requests == []
    assert not desk.out.exists()


@pytest.mark.parametrize("more", [(), ("--dry-run",)])
def test_two_models_at_once_are_refused(desk: Desk, more: tuple[str, ...]) -> None:
    done = desk.label(*more, "--teacher", "https://ada:secret@models.example.org/v1/big")
    assert_one_line(done, "asks one model at a time.*given 2 times.*once for each.*distill")
    assert "secret" not in done.err
    assert desk.server.requests == []
    assert {path.name for path in desk.folder.iterdir()} == {"r.csv", "items.json"}


def test_a_dry_run_for_another_machine_needs_no_leave(desk: Desk) -> None:
    done = desk.label("--dry-run", teacher=REMOTE)
    assert done.code == 0, done.err
    assert "answers would leave this machine: see --allow-remote" in done.out
    assert "at an unknown price" in done.out


def test_an_output_of_no_known_kind(desk: Desk) -> None:
    desk.out = desk.folder / "soft.docx"
    assert_one_line(desk.label("--yes"), "no known file type")
    assert desk.server.requests == []


# --- Budget -----------------------------------------------------------------------------------------------------------


def test_calls_stop_at_the_limit_and_go_on_above_it(desk: Desk) -> None:
    done = desk.label("--yes", "--max-calls", 25)
    assert done.code == 0, done.err
    assert len(desk.server.requests) == 25
    assert len(desk.labels()) == 25
    assert set(desk.failed().values()) == {"budget reached"}
    assert "35 without a score: budget reached" in done.out
    assert desk.label("--yes", "--max-calls", 25).code == 0
    assert len(desk.server.requests) == 25
    assert desk.label("--yes", "--max-calls", 60).code == 0
    assert len(desk.server.requests) == 60
    assert len(desk.labels()) == 60


def test_cost_stops_at_the_limit(desk: Desk) -> None:
    done = desk.label("--yes", "--price", "100/100", "--max-cost", 1)
    assert done.code == 0, done.err
    with desk.receipts() as receipts:
        calls, cost = receipts.execute("SELECT COUNT(*), SUM(cost) FROM receipts").fetchone()
    receipts.close()
    assert 0 < cost <= 1
    assert 0 < calls < 60
    assert len(desk.labels()) == calls


# --- Privacy ----------------------------------------------------------------------------------------------------------


def test_scrubbed_words_leave_neither_for_the_server_nor_for_the_receipts(desk: Desk) -> None:
    desk.answers(60, 45, r2="vapour cools, says Ana, ana.b@school.org", r47="call me on 0170 5550199 22, Ana's vapour")
    (desk.folder / "names.txt").write_text("Ana\n", encoding="utf-8")
    options = ("--yes", "--scrub", "--names", desk.folder / "names.txt")
    dry = desk.label(*options, "--dry-run")
    assert "taken out of its answers: 1 [email], 2 [name], 1 [phone]" in dry.out
    assert "vapour cools, says [name], [email]" in dry.out
    assert desk.label(*options).code == 0
    sent = json.dumps(desk.server.requests)
    kept = (beside(desk.out, ".work") / MAIN).read_bytes().decode("utf-8", "ignore")
    for text in (sent, kept):
        assert "[name], [email]" in text
        for gone in ("Ana", "ana.b", "0170"):
            assert gone not in text
    assert len(desk.labels()) == 60


@pytest.mark.parametrize(("options", "said"), [((), "says Ana"), (("--scrub",), "says [name]")])
def test_the_first_answers_are_shown_as_the_model_is_shown_them(
    desk: Desk, options: tuple[str, ...], said: str
) -> None:
    desk.answers(60, 45, **{f"r{row}": f"vapour {row} says Ana" for row in range(60)})
    (desk.folder / "names.txt").write_text("Ana\n", encoding="utf-8")
    names = ("--names", desk.folder / "names.txt") if options else ()
    done = desk.label("--first", 9, *options, *names)
    assert done.code == 0, done.err
    shown = re.findall(r"vapour (\d+) (says \S+)", done.out)
    assert [words for _, words in shown] == [said] * 9
    sent = {last_answer(json.dumps(request).replace("\\n", "\n")) for request in desk.server.requests}
    assert {f"vapour {row} {words}" for row, words in shown} <= sent


def test_numbers_of_the_question_are_not_taken_for_ids(desk: Desk) -> None:
    desk.items([ITEM | {"question": "Why does a glass of 4711000 mg get wet?"}])
    desk.answers(60, 45, r2="vapour meets 4711000 of glass, says pupil 8150815 77")
    dry = desk.label("--dry-run", "--scrub")
    assert "taken out of its answers: 1 [number]" in dry.out
    assert "vapour meets 4711000 of glass, says pupil [number]" in dry.out


def test_the_key_is_sent_and_written_nowhere(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POCKETSCORE_API_KEY", KEY)
    desk.server.key = KEY
    desk.server.rule = lambda prompt, _: says(f"your key is {KEY}") if "cold glass 34" in last_answer(prompt) else None
    done = desk.label("--yes")
    assert done.code == 0, done.err
    assert {headers.get("authorization") for headers in desk.server.headers} == {f"Bearer {KEY}"}
    assert KEY not in done.out + done.err
    for path in desk.folder.rglob("*"):
        assert not path.is_file() or KEY.encode() not in path.read_bytes(), path


def test_only_the_prompt_is_sent(desk: Desk) -> None:
    assert desk.label("--yes").code == 0
    for body in desk.server.requests:
        text = json.dumps(body)
        assert "pupil-" not in text
        assert str(desk.folder) not in text


def test_provenance_tells_what_was_spent(desk: Desk) -> None:
    assert desk.label("--yes", "--price", "1/2").code == 0
    found = desk.provenance()
    assert found["teacher"]["teacher"] == f"{desk.server.url}/tiny"
    assert found["teacher"]["calls"] == "60"
    assert found["teacher"]["method"] == "logprobs"
    assert found["teacher"]["examples"] == "8 by similarity"
    assert found["responses"]["file"] == "r.csv"
    with desk.receipts() as receipts:
        read, written, cost = receipts.execute(
            "SELECT SUM(prompt_tokens), SUM(completion_tokens), SUM(cost) FROM receipts"
        ).fetchone()
    receipts.close()
    assert found["teacher"]["tokens"] == f"{read} in, {written} out"
    assert cost == pytest.approx((read + 2 * written) / 1e6)


# --- A model on this machine ------------------------------------------------------------------------------------------


def test_a_model_on_this_machine_labels_without_receipts(desk: Desk, tiny_causal: Path) -> None:
    done = desk.label("--yes", "--shots", 2, teacher=f"lm:{tiny_causal}")
    assert done.code == 0, done.err
    assert desk.server.requests == []
    assert "plan: 60 different answers, asked on this machine" in done.out
    assert len(desk.labels()) == 60
    assert str(tiny_causal) not in done.out + json.dumps(desk.provenance())
    first = desk.out.read_bytes()
    assert desk.label("--yes", "--shots", 2, teacher=f"lm:{tiny_causal}").code == 0
    assert desk.out.read_bytes() == first


def test_a_rubric_longer_than_what_a_model_on_this_machine_reads(desk: Desk, tiny_causal: Path) -> None:
    desk.items([ITEM | {"rubric": "names the vapour. " * 2000}])
    done = desk.label("--yes", "--shots", 2, teacher=f"lm:{tiny_causal}")
    assert_one_line(done, "item q1: question, rubric and examples do not fit", "shorten the rubric")


# --- Injections and clusters ------------------------------------------------------------------------------------------


def test_injections_are_measured_when_asked_for(desk: Desk) -> None:
    def gullible(prompt: str) -> Chances:
        return (
            {"2": 0.97, "0": 0.01, "1": 0.01} if re.search("score|points?|marks", last_answer(prompt)) else mild(prompt)
        )

    assert "injections raised" not in desk.label("--yes").out
    assert desk.provenance()["injections"] == {}
    desk.server.think = gullible
    done = desk.label("--yes", "--check-injections")
    assert done.code == 0, done.err
    found = desk.provenance()["injections"]["q1"]
    assert found["raised"] > 0
    assert f"{found['raised']} of {found['tried']} injections raised the score" in done.out
    assert desk.provenance()["teacher"]["calls"] == str(len(desk.server.requests))


def test_injections_that_cannot_be_tried_cost_no_labels(desk: Desk) -> None:
    def locks(*_: object) -> None:
        desk.server.key = "another" if len(desk.server.requests) >= 60 else None

    desk.server.rule = locks
    done = desk.label("--yes", "--check-injections")
    assert_one_line(done, "refuses the key", code=6)
    assert len(desk.labels()) == 60
    assert desk.provenance()["teacher"]["calls"] == "60"


class Elsewhere(engine.Here):
    """Pretends that tasks run in other processes."""

    remote = True


def test_workers_of_a_cluster_share_receipts_and_budget(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "engine_for", lambda name, _: Elsewhere() if name == "ray" else engine.Here())
    monkeypatch.setattr(cluster, "CHUNK", 8)
    done = desk.label("--yes", "--engine", "ray", "--first", 5, "--max-calls", 30)
    assert done.code == 0, done.err
    assert 20 <= len(desk.server.requests) <= 30
    work = beside(desk.out, ".work")
    assert [path.name for path in work.glob("*.sqlite")] == [MAIN]
    assert desk.provenance()["teacher"]["calls"] == str(len(desk.server.requests))
    assert set(desk.failed().values()) == {"budget reached"}
    assert desk.label("--yes", "--engine", "ray").code == 0
    assert len(desk.server.requests) == 60
    assert desk.asked_twice() == set()
    of_workers = desk.labels()
    assert desk.label("--yes").code == 0
    assert len(desk.server.requests) == 60
    assert desk.labels() == of_workers
    assert np.isfinite([float(row["p_0"]) for row in of_workers]).all()


# --- What to do next --------------------------------------------------------------------------------------------------


def test_a_budget_that_is_reached_says_what_goes_on(desk: Desk) -> None:
    done = desk.label("--yes", "--max-calls", 20)
    assert done.code == 0, done.err
    assert "more than --max-calls 20: the run ends there" in done.out
    assert "the same command with a higher --max-calls or --max-cost asks" in done.out
    assert re.search(r"needs a label for each answer that people scored; without one: \d+, see --fill-failed", done.out)
    assert "learns from them" not in done.out
    filled = desk.label("--yes", "--max-calls", 20, "--fill-failed")
    assert "--teacher-probabilities" in filled.out
    assert {row["status"] for row in desk.labels()[45:]} == {"filled"}, "none of those that nobody scored was reached"
    assert "without a score too" not in filled.out


@pytest.mark.parametrize("fill", [(), ("--fill-failed",)])
def test_only_answers_that_the_model_labelled_are_said_to_be_learnt(desk: Desk, fill: tuple[str, ...]) -> None:
    desk.server.rule = lambda prompt, _: says("no idea") if last_answer(prompt).endswith((" 50", " 51")) else None
    done = desk.label("--yes", *fill)
    assert done.code == 0, done.err
    assert "distill learns from answers without a score too: at most 13, none that is held out" in done.out
    desk.answers(60, 60)
    assert "without a score too" not in desk.label("--yes", "--receipts", desk.folder / "anew").out


def test_the_next_command_reads_the_file_in_the_same_way(desk: Desk) -> None:
    done = desk.label("--yes", "--id", "id", "--seed", 3, "--calibration-part", "--shots", 2)
    assert done.code == 0, done.err
    said = re.search(r"pocketscore distill .* learns from them", done.out)
    assert said
    for words in ("--id id", "--seed 3", "--wrong-at-most SHARE", "--teacher-probabilities", "--items"):
        assert words in said[0]
    assert "--shots" not in said[0]


def test_labels_that_agree_poorly_are_called_so(desk: Desk) -> None:
    assert "poor agreement with people" not in desk.label("--yes").out
    desk.server.think = lambda _: {"0": 0.4, "1": 0.3, "2": 0.3}
    poor = desk.label("--yes", "--receipts", desk.folder / "anew")
    assert poor.code == 0, poor.err
    assert re.search(r"poor agreement with people \([a-z, ]+\): ", poor.out)
