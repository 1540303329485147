"""Distilling from language models: in a mixture, alone, and where nobody has scored anything."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from llm_server import LlmServer, always, says
from pocketscore.bundle import load
from pocketscore.cli import tables
from pocketscore.data import ColumnChoice, ItemText
from pocketscore.distillation.pipeline import Distilled, Source, distill
from pocketscore.distillation.settings import DistillSettings, TrainSettings
from pocketscore.distillation.source import Unlabelled
from pocketscore.errors import InputError, TeacherError
from pocketscore.llm.asking import Opened
from pocketscore.llm.settings import AccessSettings, AskSettings, LanguageSettings, PromptSettings
from pocketscore.progress import Progress, Silent
from pocketscore.teachers.settings import TeacherSettings
from pocketscore.types import Part, Responses

N = 120
ITEMS = {"wet": ItemText("wet", "Why is the glass wet?", "A point for each reason.", points=("0", "1", "2"))}


FEW = LanguageSettings(PromptSettings(shots=3), AskSettings(attempts=1))


def answer(prompt: str) -> str:
    """The last fenced answer of a prompt."""
    return str(re.findall(r"\[BEGIN ANSWER (\w+)\]\n(.*?)\n\[END ANSWER \1\]", prompt, re.DOTALL)[-1][1])


def judge(prompt: str) -> dict[str, float]:
    """Scores by how often the answer says "cold", a little too mildly."""
    right = answer(prompt).count("cold")
    return {str(point): 0.7 if point == right else 0.15 for point in range(3)}


@pytest.fixture
def server() -> Iterator[LlmServer]:
    with LlmServer(judge) as running:
        yield running


def responses(folder: Path, *, scored: bool) -> Path:
    nouns = ("glass", "bottle", "window", "mirror", "water", "vapour")
    path = folder / "wet.csv"
    lines = ["id,response" + (",score" if scored else "")]
    for n in range(N):
        text = f"the {nouns[n % 6]} number {n} is {'cold and ' * (n % 3)}wet"
        lines.append(f"r{n},{text}" + (f",{n % 3}" if scored else ""))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def run(
    path: Path,
    folder: Path,
    server: LlmServer,
    *others: str,
    preview: object = None,
    progress: Progress | None = None,
    **access: object,
) -> Distilled:
    settings = DistillSettings(
        teacher=TeacherSettings(models=(f"{server.url}/tiny", *others), folds=2),
        transfer=2 if others else 0,
        lambda_=0.3,
        language=replace(FEW, access=AccessSettings(**access)),  # type: ignore[arg-type]
    )
    source = Source(path, ColumnChoice(), ITEMS)
    return distill(source, folder, settings, progress or Silent(), preview=preview)  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Students that learn for a moment."""
    monkeypatch.setattr(TrainSettings, "sized", lambda self, *_: replace(self, steps=40))


def test_an_endpoint_and_ngrams_teach_together(tmp_path: Path, server: LlmServer) -> None:
    seen: list[Sequence[Responses]] = []

    def preview(model: Opened, items: Sequence[Responses], more: Unlabelled) -> None:
        assert model.provenance()
        assert more == {}
        seen.append(items)

    done = run(responses(tmp_path, scored=True), tmp_path / "out", server, "ngrams", preview=preview)
    (result,) = done.results
    assert len(seen) == 1
    assert len(seen[0][0].part(Part.TRAIN)) == 84
    assert len(server.requests) == N
    assert result.transfer_size > 0
    assert result.teacher_parameters is None
    taught = json.loads((tmp_path / "out/evaluation.json").read_text("utf-8"))["wet"]["teacher"]
    assert taught["teacher"] == f"{server.url}/tiny + ngrams"
    assert len(taught["weights"].split(" + ")) == 2
    assert "prompt" in taught
    assert load(tmp_path / "out/wet.pocket").card["teacher"] == taught
    schema = pq.read_schema(tmp_path / "out/soft_labels.parquet")
    assert f"{server.url}/tiny" in schema.metadata[b"provenance"].decode()
    assert result.agreement["teacher"].metrics["accuracy"].value > 0.9


class Counting(Silent):
    """Keeps how long each stage was said to be, and how long it was."""

    def __init__(self) -> None:
        self.stages: list[tuple[str, int, int]] = []

    def start(self, stage: str, total: int) -> None:
        self.stages.append((stage, total, 0))

    def advance(self, steps: int = 1) -> None:
        name, total, done = self.stages.pop()
        self.stages.append((name, total, done + steps))


@pytest.mark.parametrize("others", [(), ("ngrams",)])
def test_time_left_counts_the_answers_that_a_model_is_asked_about(
    tmp_path: Path, server: LlmServer, others: tuple[str, ...]
) -> None:
    counting = Counting()
    run(responses(tmp_path, scored=True), tmp_path / "out", server, *others, progress=counting)
    labelled = {name: (total, done) for name, total, done in counting.stages if name.startswith("soft labels")}
    assert labelled == {"soft labels, item wet": (N, N)}


def test_what_was_answered_is_never_asked_again(tmp_path: Path, server: LlmServer) -> None:
    path = responses(tmp_path, scored=True)
    first = run(path, tmp_path / "out", server, "ngrams")
    second = run(path, tmp_path / "out", server, "ngrams")
    assert len(server.requests) == N
    assert first.results[0].soft.probabilities.tolist() == second.results[0].soft.probabilities.tolist()


def test_two_models_of_one_server_teach_together(tmp_path: Path) -> None:
    with LlmServer(judge, models=("tiny", "other")) as server:
        done = run(responses(tmp_path, scored=True), tmp_path / "out", server, f"{server.url}/other", "ngrams")
        assert len(server.requests) == 2 * N
    assert done.results[0].soft.provenance["teacher"] == f"{server.url}/tiny + {server.url}/other + ngrams"


def test_services_do_not_get_the_keys_of_others(tmp_path: Path, server: LlmServer) -> None:
    with LlmServer(judge) as other, pytest.raises(InputError, match="one would get the key of the other"):
        run(responses(tmp_path, scored=True), tmp_path / "out", server, f"{other.url}/tiny", "ngrams")
    with pytest.raises(InputError, match="one price for 2 models"):
        run(responses(tmp_path, scored=True), tmp_path / "out", server, f"{server.url}/other", price="1/2")


def test_secrets_in_an_address_are_not_repeated(tmp_path: Path) -> None:
    for address in ("https://ada:SECRET@llm.invalid/v1/tiny", "https://llm.invalid/v1/tiny?api_key=SECRET"):
        settings = DistillSettings(teacher=TeacherSettings(models=(address,), folds=2), transfer=0)
        with pytest.raises(InputError) as caught:
            distill(Source(responses(tmp_path, scored=True), ColumnChoice(), ITEMS), tmp_path / "out", settings)
        assert "SECRET" not in str(caught.value)


def test_unlabelled_answers_are_planned_asked_about_and_learnt(tmp_path: Path, server: LlmServer) -> None:
    more = tmp_path / "more.csv"
    nouns = ("glass", "bottle", "window", "mirror", "water", "vapour")
    lines = [f"the {nouns[n % 6]} number {n} is {'cold and ' * (n % 3)}wet" for n in range(500, 540)]
    more.write_text("\n".join(("response", *lines)) + "\n", encoding="utf-8")
    seen: list[Unlabelled] = []
    source = Source(responses(tmp_path, scored=True), ColumnChoice(), ITEMS, unlabelled=more)
    settings = DistillSettings(
        teacher=TeacherSettings(models=(f"{server.url}/tiny",), folds=2), transfer=2, lambda_=0.3, language=FEW
    )
    done = distill(source, tmp_path / "out", settings, preview=lambda *shown: seen.append(shown[2]))
    assert [len(answers["wet"]) for answers in seen] == [40]
    assert len(server.requests) == N + 40
    assert done.results[0].transfer_size == 40  # and no augmented one, which this teacher is not asked about


def test_without_human_scores_more_answers_belong_into_the_file(tmp_path: Path, server: LlmServer) -> None:
    path = responses(tmp_path, scored=False)
    settings = DistillSettings(teacher=TeacherSettings(models=(f"{server.url}/tiny",), folds=2), transfer=0)
    with pytest.raises(InputError, match="put all answers into one file"):
        distill(Source(path, ColumnChoice(), ITEMS, unlabelled=path), tmp_path / "out", settings)


def test_a_budget_that_is_reached_ends_the_run_and_keeps_what_was_paid(tmp_path: Path, server: LlmServer) -> None:
    for scored in (True, False):
        path, out = responses(tmp_path, scored=scored), tmp_path / f"out{scored}"
        server.forget()
        with pytest.raises(TeacherError, match=rf"the budget was reached with {N - 30} of {N} answers"):
            run(path, out, server, "ngrams", max_calls=30)
        assert len(server.requests) == 30
        assert not (out / "wet.pocket").exists()
        run(path, out, server, "ngrams", max_calls=N)
        assert len(server.requests) == N


def test_where_nobody_has_an_answer_the_teacher_is_not_judged(tmp_path: Path, server: LlmServer) -> None:
    done = run(responses(tmp_path, scored=True), tmp_path / "fine", server)
    silent = {text for text in done.results[0].responses.part(Part.TEST).texts[:4]}
    server.rule = lambda prompt, _: says("I cannot score this.") if answer(prompt) in silent else None
    (result,) = run(responses(tmp_path, scored=True), tmp_path / "out", server).results
    assert result.agreement["teacher"].n == result.agreement["student"].n - 4
    assert result.agreement["teacher"].metrics["accuracy"].value > 0.9
    assert "4 answers without a score by" in (tmp_path / "out/run.log").read_text("utf-8")


def test_where_calls_fail_the_other_teachers_answer(tmp_path: Path, server: LlmServer) -> None:
    server.rule = lambda prompt, _: says("I cannot score this.") if "number 7 " in answer(prompt) else None
    done = run(responses(tmp_path, scored=True), tmp_path / "out", server, "ngrams")
    assert done.results[0].soft.provenance["unanswered"] == f"{server.url}/tiny 1"


def test_alone_it_labels_no_transfer_set(tmp_path: Path, server: LlmServer) -> None:
    done = run(responses(tmp_path, scored=True), tmp_path / "out", server)
    assert done.results[0].transfer_size == 0
    assert len(server.requests) == N


def test_a_preview_can_stop_before_anything_is_asked(tmp_path: Path, server: LlmServer) -> None:
    class StoppedError(Exception):
        pass

    def preview(model: Opened, items: Sequence[Responses], more: Unlabelled) -> None:
        raise StoppedError

    for scored in (True, False):
        with pytest.raises(StoppedError):
            run(responses(tmp_path, scored=scored), tmp_path / "out", server, preview=preview)
    assert not server.requests


def test_without_human_scores_it_says_whose_scores_these_are(
    tmp_path: Path, server: LlmServer, capsys: pytest.CaptureFixture[str]
) -> None:
    path = responses(tmp_path, scored=False)
    done = run(path, tmp_path / "out", server, "ngrams")
    (result,) = done.results
    name = f"{server.url}/tiny"
    assert result.responses.scored_by == name
    assert len(server.requests) == N
    assert all("people gave" not in str(request) for request in server.requests)
    assert not result.validity.flags
    assert result.calibration is None
    evaluation = json.loads((tmp_path / "out/evaluation.json").read_text("utf-8"))["wet"]
    assert evaluation["scored_by"] == name
    card = (tmp_path / "out/wet.card.md").read_text("utf-8")
    report = (tmp_path / "out/report.html").read_text("utf-8")
    tables.print_result(result, {key: key for key in result.agreement})
    for said in (card, report, " ".join(capsys.readouterr().out.split())):
        assert "with people is unknown until people have scored some answers" in said
        assert "agreement with the human score" not in said.casefold()
    evidence: Any = load(tmp_path / "out/wet.pocket").card["evidence"]
    assert evidence["scored_by"] == name


def test_without_human_scores_answers_that_the_model_refuses_are_left_out(tmp_path: Path, server: LlmServer) -> None:
    server.rule = lambda prompt, _: says("I cannot score this.") if "number 7 " in answer(prompt) else None
    done = run(responses(tmp_path, scored=False), tmp_path / "out", server, "ngrams")
    assert len(done.results[0].responses) == N - 1
    assert [(row.id, row.reason) for row in done.data.dropped] == [("r7", f"no score by {server.url}/tiny")]
    log = (tmp_path / "out/run.log").read_text("utf-8")
    assert "(id r7, item wet)" in log
    assert "no score in the answer" in log
    assert "<p>r7</p>" in (tmp_path / "out/report.html").read_text("utf-8")


def test_without_human_scores_a_model_that_scores_nothing_teaches_nothing(tmp_path: Path, server: LlmServer) -> None:
    server.rule = always(says("I cannot score this."))
    with pytest.raises(TeacherError, match="scored too little to learn from: item wet has 0 scores, 30 are needed"):
        run(responses(tmp_path, scored=False), tmp_path / "out", server)


def test_without_human_scores_nothing_is_promised(tmp_path: Path, server: LlmServer) -> None:
    settings = DistillSettings(
        teacher=TeacherSettings(models=(f"{server.url}/tiny",), folds=2), transfer=0, wrong_at_most=0.1
    )
    with pytest.raises(InputError, match="nothing can be promised about wrong scores"):
        distill(Source(responses(tmp_path, scored=False), ColumnChoice(), ITEMS), tmp_path / "out", settings)


def test_another_machine_is_not_asked_unless_that_is_allowed(tmp_path: Path) -> None:
    settings = DistillSettings(teacher=TeacherSettings(models=("https://llm.invalid/v1/tiny",), folds=2), transfer=0)
    with pytest.raises(InputError, match="--allow-remote"):
        distill(Source(responses(tmp_path, scored=True), ColumnChoice(), ITEMS), tmp_path / "out", settings)


def test_models_on_this_machine_teach_as_they_are_and_fine_tuned(tmp_path: Path, tiny_causal: Path) -> None:
    models = (f"lm:{tiny_causal}", f"lora:{tiny_causal}", "ngrams")
    settings = DistillSettings(
        teacher=TeacherSettings(models=models, folds=2, epochs=1),
        transfer=1,
        lambda_=0.3,
        language=LanguageSettings(PromptSettings(shots=2)),
    )
    source = Source(responses(tmp_path, scored=True), ColumnChoice(), ITEMS)
    (result,) = distill(source, tmp_path / "out", settings).results
    said = result.soft.provenance
    assert said["teacher"] == f"lm:{tiny_causal.name} + lora:{tiny_causal.name} + ngrams"
    assert len(said["weights"].split(" + ")) == 3
    assert "unanswered" not in said
    assert str(tiny_causal) not in str(said)
    assert result.transfer_size > 0


def test_equal_runs_give_equal_files_whatever_was_asked_before(tmp_path: Path, server: LlmServer) -> None:
    path, shared = responses(tmp_path, scored=True), tmp_path / "receipts"
    run(path, tmp_path / "one", server, "ngrams", receipts=shared)
    for receipt in shared.iterdir():
        assert receipt.name.startswith("receipts")
    run(path, tmp_path / "two", server, "ngrams")
    for name in ("wet.pocket", "evaluation.json", "soft_labels.parquet"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    assert f"calls {N}, tokens" in (tmp_path / "two/run.log").read_text("utf-8")


def test_without_human_scores_what_cannot_work_is_said_before_anything_is_paid(
    tmp_path: Path, server: LlmServer
) -> None:
    path, teacher = responses(tmp_path, scored=False), TeacherSettings(models=(f"{server.url}/tiny",), folds=2)
    for impossible in (
        DistillSettings(teacher=teacher, transfer=0, wrong_at_most=0.1),
        DistillSettings(teacher=teacher, transfer=0, budget=1000),
    ):
        with pytest.raises(InputError):
            distill(Source(path, ColumnChoice(), ITEMS), tmp_path / "out", impossible)
    assert not server.requests
