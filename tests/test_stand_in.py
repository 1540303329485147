"""Where nobody has scored an answer: no file says of a language model's scores that people gave them."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from llm_server import LlmServer
from pocketscore.bundle import load
from pocketscore.card import markdown
from pocketscore.cli import tables
from pocketscore.data import ColumnChoice, ItemText
from pocketscore.distillation.pipeline import Distilled, Source, distill
from pocketscore.distillation.settings import DistillSettings, TrainSettings
from pocketscore.distillation.sweep import sweep
from pocketscore.distillation.sweep_settings import SweepSettings
from pocketscore.export import readme
from pocketscore.export.page import write_page
from pocketscore.llm.settings import AskSettings, LanguageSettings
from pocketscore.results import METHODS
from pocketscore.teachers.settings import TeacherSettings

ITEMS = {"wet": ItemText("wet", "Why is the glass wet?", "A point for each reason.", points=("0", "1", "2"))}
HUMAN = ("human score", "people’s do", "came from a file", "second rater", "first rater")
"""What may not be said where no person has scored anything."""


def judge(prompt: str) -> dict[str, float]:
    """Scores by how often the answer, the last thing in a fence, says "cold"."""
    said = re.findall(r"\[BEGIN ANSWER (\w+)\]\n(.*?)\n\[END ANSWER \1\]", prompt, re.DOTALL)[-1][1]
    return {str(point): 0.7 if point == said.count("cold") else 0.15 for point in range(3)}


def source(folder: Path) -> Source:
    """120 answers to one item, with no score."""
    nouns = ("glass", "bottle", "window", "mirror", "water", "vapour")
    lines = (f"r{n},the {nouns[n % 6]} number {n} is {'cold and ' * (n % 3)}wet" for n in range(120))
    path = folder / "wet.csv"
    path.write_text("\n".join(("id,response", *lines)) + "\n", encoding="utf-8")
    return Source(path, ColumnChoice(), ITEMS)


def settings(server: LlmServer) -> DistillSettings:
    teacher = TeacherSettings(models=(f"{server.url}/tiny", "ngrams"), folds=2)
    language = LanguageSettings(ask=AskSettings(attempts=1))
    return DistillSettings(teacher=teacher, transfer=1, lambda_=0.3, at_least=2, language=language)


@pytest.fixture(scope="module")
def server() -> Iterator[LlmServer]:
    with LlmServer(judge) as running:
        yield running


@pytest.fixture(scope="module", autouse=True)
def few_steps() -> Iterator[None]:
    """Students that learn for a moment."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TrainSettings, "sized", lambda self, *_: replace(self, steps=40))
        yield


@pytest.fixture(scope="module")
def done(server: LlmServer, tmp_path_factory: pytest.TempPathFactory) -> Distilled:
    folder = tmp_path_factory.mktemp("stand-in")
    return distill(source(folder), folder / "out", settings(server))


def words(page: str) -> str:
    """What a reader of a report reads."""
    bare = re.sub("<[^>]+>", " ", re.sub("<style>.*?</style>", "", page, flags=re.DOTALL))
    return html.unescape(" ".join(bare.split()))


def test_the_report_compares_with_the_model_alone(done: Distilled, server: LlmServer) -> None:
    page = (done.folder / "report.html").read_text("utf-8")
    said = words(page)
    assert f"against the scores of {server.url}/tiny" in said
    assert not [wrong for wrong in HUMAN if wrong in said]
    assert "further answers, scored by the teacher" in said
    (table,) = re.findall('<table class="agreement">.*?</table>', page, re.DOTALL)
    assert "Student" in words(table)
    assert '<th scope="row">Teacher' not in table, "these are its own scores"


def test_there_are_no_human_scores_to_doubt(done: Distilled) -> None:
    assert done.results[0].audit is not None, "the trained teacher may contradict the model"
    assert not (done.folder / "label_audit.csv").exists()
    assert "label_audit" not in (done.folder / "report.html").read_text("utf-8")


def test_the_card_is_the_same_from_memory_and_from_the_file(done: Distilled, server: LlmServer) -> None:
    card = (done.folder / "wet.card.md").read_text("utf-8")
    loaded = load(done.folder / "wet.pocket")
    assert card == markdown(loaded.card, loaded.item), "as pocketscore verify prints it"
    assert f"## Agreement with the scores of {server.url}/tiny (not of people), test part\n" in card
    assert not [wrong for wrong in (*HUMAN, "| Teacher |", "PRMSE", "None") if wrong in card]


def test_what_is_given_away_says_it_too(
    done: Distilled, server: LlmServer, chromium: Browser, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    loaded = load(done.folder / "wet.pocket")
    said = readme.render(loaded, {})
    assert f"## Agreement with the scores of {server.url}/tiny, not of people\n" in said
    assert not [wrong for wrong in (*HUMAN, "| Teacher |") if wrong in said]
    write_page([loaded], tmp_path / "page.html")
    page = chromium.new_page()
    page.goto((tmp_path / "page.html").as_uri())
    seen = page.inner_text("#unknown")
    page.close()
    assert f"a language model, {server.url}/tiny. How well it agrees with people is unknown." in seen
    tables.print_result(done.results[0], METHODS)
    printed = capsys.readouterr().out
    assert "Student" in printed
    assert "Teacher" not in printed


def test_a_sweep_says_it_too(server: LlmServer, tmp_path: Path) -> None:
    pytest.importorskip("optuna")
    how = SweepSettings(trials=2, sizes=(24_000,), transfers=(0,), base=settings(server))
    sweep(source(tmp_path), tmp_path / "out", how)
    raw = json.loads((tmp_path / "out/sweep.json").read_text("utf-8"))
    assert raw["scored_by"] == f"{server.url}/tiny"
    assert f"against the scores of {server.url}/tiny" in raw["objective"]
    assert {item["teacher"] for pick in raw["picks"] for item in pick["items"]} == {None}
    said = words((tmp_path / "out/report.html").read_text("utf-8"))
    assert "with people is unknown until people have scored some answers" in said
    assert f"Agreement with the scores of {server.url}/tiny on test answers" in said
    assert not [wrong for wrong in HUMAN if wrong in said]
