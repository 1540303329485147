"""`pocketscore distill` with a language model: plan and first answers come before everything else."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from llm_server import LlmServer
from pocketscore.cli import main
from pocketscore.distillation.settings import TrainSettings
from test_distill_language import N, judge, responses


@pytest.fixture
def server() -> Iterator[LlmServer]:
    with LlmServer(judge) as running:
        yield running


def distill(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str]:
    """Exit code, and what was said, in one line."""
    monkeypatch.setattr(sys, "argv", ["pocketscore", "distill", *map(str, arguments)])
    code = 0
    try:
        main()
    except SystemExit as stop:
        code = int(stop.code or 0)
    said = capsys.readouterr()
    return code, " ".join((said.out + said.err).split())


def files(folder: Path) -> tuple[Path, Path]:
    items = folder / "items.json"
    described = {"item": "wet", "question": "Why is the glass wet?", "rubric": "A point for each reason."}
    items.write_text(json.dumps([described | {"scores": [0, 1, 2]}]), encoding="utf-8")
    return responses(folder, scored=True), items


def test_it_stops_after_the_first_answers_unless_told_to_go_on(
    tmp_path: Path, server: LlmServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(TrainSettings, "sized", lambda self, *_: replace(self, steps=20))
    scored, items = files(tmp_path)
    teachers = ("--teacher", f"{server.url}/tiny", "--teacher", "ngrams", "--folds", 2, "--shots", 3, "--transfer", 1)
    command = (scored, "-o", tmp_path / "out", "--items", items, *teachers, "--lambda", 0.3, "--first", 6)
    code, said = distill(monkeypatch, capsys, *command)
    assert code == 0
    assert f"plan: {N} different answers, 0 of them answered before; {N} calls" in said
    assert "6 of 6" in said
    assert "the same command with --yes goes on" in said
    assert len(server.requests) == 7  # and the shortest answer, which shows whether prompts fit
    assert not (tmp_path / "out/wet.pocket").exists()
    code, said = distill(monkeypatch, capsys, *command, "--yes")
    assert code == 0
    assert "7 of them answered before" in said
    assert len(server.requests) == N
    assert (tmp_path / "out/wet.pocket").exists()


def test_options_about_language_models_without_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    scored, items = files(tmp_path)
    code, said = distill(monkeypatch, capsys, scored, "-o", tmp_path / "out", "--items", items, "--max-cost", 1)
    assert code == 2
    assert "options about language models, and none among the teachers minilm, ngrams" in said


def test_nothing_is_shown_and_nothing_sent_to_another_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    scored, items = files(tmp_path)
    remote = ("--teacher", "https://llm.invalid/v1/tiny")
    code, said = distill(monkeypatch, capsys, scored, "-o", tmp_path / "out", "--items", items, *remote)
    assert code == 2
    assert "--allow-remote" in said


def test_the_plan_is_shown_again_when_the_server_gives_no_log_probabilities(
    tmp_path: Path, server: LlmServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    server.logprobs = False
    scored, items = files(tmp_path)
    teachers = ("--teacher", f"{server.url}/tiny", "--folds", 2, "--shots", 3, "--transfer", 0, "--samples", 4)
    command = (scored, "-o", tmp_path / "out", "--items", items, *teachers, "--lambda", 0.3, "--first", 6)
    code, said = distill(monkeypatch, capsys, *command)
    assert code == 0
    before, after = said.split("the server gives no log-probabilities;", maxsplit=1)
    assert f"plan: {N} different answers, 0 of them answered before; {N} calls" in before
    assert f"plan: {N} different answers, 7 of them answered before; {4 * (N - 7)} calls" in after
    assert len(server.requests) == 1 + 4 * 7
