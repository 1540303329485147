"""The command line: whole runs with a tiny teacher, and one line for everything that can go wrong."""

from __future__ import annotations

import csv
import errno
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import openpyxl
import pyarrow.parquet as pq
import pytest

from conftest import make_scorer
from pocketscore import bundle
from pocketscore.cli import main

Run = Callable[..., "Done"]
WORDS = ("nothing at all", "the glass is cold", "vapour in the air turns liquid on the cold glass")


class Done:
    """Exit code and output of one command."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    def call(*arguments: object) -> Done:
        monkeypatch.setattr(sys, "argv", ["pocketscore", *map(str, arguments)])
        code = 0
        try:
            main()
        except SystemExit as stop:
            code = int(stop.code or 0)
        out, err = capfd.readouterr()
        return Done(code, out, err)

    return call


def responses(n: int = 60, points: int = 3) -> list[dict[str, str]]:
    return [
        {"id": f"r{i}", "response": f"{WORDS[i % points]} {i % 17}", "score": str(i % points), "note": f"n;{i}"}
        for i in range(n)
    ]


def write_csv(path: Path, rows: list[dict[str, str]], encoding: str = "utf-8") -> Path:
    with path.open("w", newline="", encoding=encoding) as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def read_csv(path: Path) -> list[dict[str, str]]:
    csv.field_size_limit(1 << 24)
    with path.open(newline="", encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


def quick(tiny: Path, *more: object) -> tuple[object, ...]:
    """Options that make a run take seconds."""
    return ("--teacher", tiny, "--folds", 2, "--epochs", 1, "--lambda", 1, "--transfer", 1, "--at-least", 2, *more)


@pytest.fixture(scope="module")
def distilled(tiny_encoder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The output folder of one run over two items, one of them nominal, with a second rater."""
    folder = tmp_path_factory.mktemp("distilled")
    rows = [{"item": "q1", **row, "score2": row["score"] if i % 3 else "0"} for i, row in enumerate(responses())]
    rows += [
        {"item": "a/b", **row, "score2": "", "score": ["wrong", "right"][i % 2]} for i, row in enumerate(responses())
    ]
    path = write_csv(folder / "responses.csv", rows)
    arguments = ["distill", path, "-o", folder / "out", *quick(tiny_encoder)]
    done = subprocess.run(
        [sys.executable, "-m", "pocketscore", *map(str, arguments)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    (folder / "stdout.txt").write_text(done.stdout, encoding="utf-8")
    (folder / "stderr.txt").write_text(done.stderr, encoding="utf-8")
    return folder


def test_distill_leaves_everything_it_promises(distilled: Path) -> None:
    out = distilled / "out"
    names = {path.name for path in out.iterdir()}
    pockets = {name for name in names if name.endswith(".pocket")}
    cards = {name.replace(".pocket", suffix) for name in pockets for suffix in (".card.md", ".card.json")}
    others = {"work", "run.log", "report.html", "evaluation.json", "soft_labels.parquet", "label_audit.csv"}
    assert names == others | pockets | cards
    assert "q1.pocket" in pockets
    assert len(pockets) == 2
    evaluation = json.loads((out / "evaluation.json").read_text(encoding="utf-8"))
    assert list(evaluation) == ["q1", "a/b"]
    assert list(evaluation["q1"]["test"]) == ["majority", "tfidf", "original_nn", "student", "teacher"]
    assert evaluation["q1"]["human_human"]["n"] == evaluation["q1"]["responses"]["test"] == 12
    assert evaluation["a/b"]["human_human"] is None
    assert evaluation["a/b"]["scale"] == {"points": ["right", "wrong"], "kind": "nominal"}
    shown = (distilled / "stdout.txt").read_text(encoding="utf-8")
    assert "Two human raters" in shown
    assert "parameters" in shown
    assert "report.html" in shown
    assert "left out" not in shown
    assert "teacher ..." in (distilled / "stderr.txt").read_text(encoding="utf-8")


def test_the_evidence_travels_with_the_scorer(distilled: Path) -> None:
    out = distilled / "out"
    evaluation = json.loads((out / "evaluation.json").read_text(encoding="utf-8"))["q1"]
    card = bundle.load(out / "q1.pocket").card
    assert card == json.loads((out / "q1.card.json").read_text(encoding="utf-8"))
    evidence = card["evidence"]
    assert isinstance(evidence, dict)
    found = evaluation["validity"]
    assert [flag["verdict"] for flag in evidence["conventions"]] == [flag["verdict"] for flag in found["flags"]]
    assert evidence["by_point"]["1"]["n"] == found["by_point"]["student"]["1"]["n"]
    assert evidence["promise"] is None
    tried = {attack["name"]: attack["tried"] for attack in evaluation["gaming"]["attacks"]}
    assert {name: attack["tried"] for name, attack in evidence["attacks"].items()} == tried
    said = (out / "q1.card.md").read_text(encoding="utf-8")
    assert "# Scorer of item q1" in said
    assert "vapour in the air" not in said  # no pupil's words


def test_a_promise_is_tested_on_answers_set_aside(tiny_encoder: Path, run: Run, tmp_path: Path) -> None:
    rows = [{**row, "response": f"{row['response']} {i}", "score2": "0"} for i, row in enumerate(responses(200))]
    path = write_csv(tmp_path / "r.csv", rows)
    done = run("distill", path, "-o", tmp_path / "out", "--wrong-at-most", "50%", *quick(tiny_encoder))
    assert done.code == 0, done.err
    (found,) = json.loads((tmp_path / "out" / "evaluation.json").read_text(encoding="utf-8")).values()
    assert found["responses"] == {"train": 120, "validation": 20, "calibration": 30, "test": 30}
    promise = found["promise"]
    assert promise["held_out"]["n"] == 30
    (pocket,) = (tmp_path / "out").glob("*.pocket")
    deferral = bundle.load(pocket).deferral
    assert deferral is not None
    assert (deferral.threshold, dict(deferral.target)) == (promise["threshold"], promise)
    assert (found["promise_on_test"] is None) == (promise["threshold"] is None)
    assert promise["reason"] == "" or promise["threshold"] is None
    done = run("distill", single(path, tmp_path), "-o", tmp_path / "o2", "--wrong-at-most", "second-rater")
    assert done.code == 2
    assert "no second rater sets a mark" in done.err


def single(path: Path, folder: Path) -> Path:
    """The same responses without a second rater."""
    return write_csv(folder / "single.csv", [{**row, "score2": ""} for row in read_csv(path)])


def test_soft_labels_are_out_of_fold_and_readable_as_a_teachers(
    distilled: Path, tiny_encoder: Path, run: Run, tmp_path: Path
) -> None:
    table = pq.read_table(distilled / "out" / "soft_labels.parquet")
    rows = table.to_pylist()
    assert len(rows) == 120
    for row in rows:
        assert (row["fold"] >= 0) == (row["part"] == "train")
        assert sum(value for key, value in row.items() if key.startswith("p_") and value is not None) == pytest.approx(
            1
        )
    provenance = json.loads(table.schema.metadata[b"provenance"])
    assert provenance["q1"]["folds"] == "2"
    assert len(provenance["q1"]["weights_sha256"]) == 64
    done = run(
        "distill", distilled / "responses.csv", "-o", tmp_path, "--only", "q1", "--lambda", 1, "--at-least", 2,
        "--teacher-probabilities", distilled / "out" / "soft_labels.parquet",
    )  # fmt: skip
    assert done.code == 0, done.err
    again = json.loads((tmp_path / "evaluation.json").read_text(encoding="utf-8"))["q1"]
    before = json.loads((distilled / "out" / "evaluation.json").read_text(encoding="utf-8"))["q1"]
    assert again["test"]["teacher"] == before["test"]["teacher"]
    assert again["teacher"]["teacher"] == "file soft_labels.parquet"


def without_measured(html: str) -> str:
    return re.sub(r"<(\w+)[^>]*data-measured[^>]*>.*?</\1>", "", html, flags=re.DOTALL)


def test_same_seed_same_files_and_another_seed_other_files(distilled: Path, tiny_encoder: Path, tmp_path: Path) -> None:
    def distil(folder: Path, seed: int) -> None:
        arguments = ["distill", distilled / "responses.csv", "-o", folder, *quick(tiny_encoder), "--seed", seed]
        subprocess.run([sys.executable, "-m", "pocketscore", *map(str, arguments)], check=True, capture_output=True)

    distil(tmp_path / "same", 0)
    distil(tmp_path / "other", 1)
    for path in (distilled / "out").iterdir():
        if path.suffix in (".pocket", ".json", ".parquet"):
            assert (tmp_path / "same" / path.name).read_bytes() == path.read_bytes(), path.name
    report = without_measured((distilled / "out" / "report.html").read_text(encoding="utf-8"))
    same = without_measured((tmp_path / "same" / "report.html").read_text(encoding="utf-8"))
    assert same == report.replace(str(distilled / "out"), str(tmp_path / "same")).replace(" --seed 0", "") or (
        same.replace(" --seed 0", "").replace(str(tmp_path / "same"), str(distilled / "out")) == report
    )
    assert (tmp_path / "other" / "q1.pocket").read_bytes() != (distilled / "out" / "q1.pocket").read_bytes()


def test_killed_at_any_moment_it_ends_like_an_unbroken_run(distilled: Path, tiny_encoder: Path, tmp_path: Path) -> None:
    """kill -9 as soon as a first, second, ... entry of the work folder is finished, then go on."""
    arguments = ["distill", distilled / "responses.csv", "-o", tmp_path / "out", *quick(tiny_encoder)]
    command = [sys.executable, "-m", "pocketscore", *map(str, arguments)]
    for wanted in (1, 3, 6):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while process.poll() is None and len(list((tmp_path / "out").rglob("*.npz"))) < wanted:
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert not list(tmp_path.glob("out/*.pocket"))
    finished = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*.npz")}
    assert len(finished) >= 6
    subprocess.run(command, check=True, capture_output=True)
    assert {path: path.stat().st_mtime_ns for path in finished} == finished
    for path in (distilled / "out").iterdir():
        if path.suffix in (".pocket", ".json", ".parquet"):
            assert (tmp_path / "out" / path.name).read_bytes() == path.read_bytes(), path.name


def test_scorers_hold_no_rare_word_and_no_answer(distilled: Path) -> None:
    scorer = bundle.load(distilled / "out" / "q1.pocket")
    assert "nothing" in scorer.vocabulary.entries
    assert "n;1" not in (distilled / "out" / "q1.pocket").read_bytes().decode("latin-1")
    assert scorer.card["data_sha256"]


def test_score_keeps_the_users_file(distilled: Path, run: Run, tmp_path: Path) -> None:
    rows = [{"Name": "Zoë", "Answer": "the glass is cold", "score": "x"}, {"Name": " b ", "Answer": "", "score": "="}]
    path = write_csv(tmp_path / "class.csv", rows)
    done = run("score", distilled / "out" / "q1.pocket", path, "-o", tmp_path / "scored.csv")
    assert done.code == 0, done.err
    scored = read_csv(tmp_path / "scored.csv")
    assert [{key: row[key] for key in rows[0]} for row in scored] == rows
    assert list(scored[0]) == ["Name", "Answer", "score", "score_2", "probability", "status", "refer"]
    assert scored[0]["score_2"] in ("0", "1", "2")
    assert (scored[1]["score_2"], scored[1]["probability"], scored[1]["status"]) == ("", "", "empty")
    assert (scored[0]["refer"], scored[1]["refer"]) == ("", "empty")
    assert "1 scored alone, 1 referred to people (1 empty)" in done.out


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".jsonl", ".xlsx", ".parquet"])
def test_score_writes_every_format(suffix: str, distilled: Path, run: Run, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", [{"response": "the cold glass"}, {"response": "👍 שלום"}])
    first, second = tmp_path / f"b{suffix}", tmp_path / "c.csv"
    assert run("score", distilled / "out" / "q1.pocket", path, "-o", first).code == 0
    assert run("score", distilled / "out" / "q1.pocket", first, "-o", second).code == 0
    rows = read_csv(second)
    assert [row["response"] for row in rows] == ["the cold glass", "👍 שלום"]
    assert [row["score"] for row in rows] == [row["score_2"] for row in rows]


def test_score_reads_a_real_spreadsheet(distilled: Path, run: Run, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (["Student", "Response"], ["a", "the cold glass"], ["b", None], ["c", 42], ["d", "= it leaks"]):
        sheet.append(row)
    sheet["B5"].data_type = "s"
    book.save(tmp_path / "class.xlsx")
    assert run("score", distilled / "out" / "q1.pocket", tmp_path / "class.xlsx", "-o", tmp_path / "s.csv").code == 0
    assert [row["status"] for row in read_csv(tmp_path / "s.csv")] == ["ok", "empty", "unfamiliar", "unfamiliar"]


def test_evaluate_prints_and_writes_agreement(distilled: Path, run: Run, tmp_path: Path) -> None:
    found = run("evaluate", distilled / "out" / "q1.pocket", distilled / "responses.csv", "-o", tmp_path / "e.json")
    assert found.code == 0, found.err
    assert "two human raters" in found.out
    written = json.loads((tmp_path / "e.json").read_text(encoding="utf-8"))
    assert written["n"] == 60
    scorer = bundle.load(distilled / "out" / "q1.pocket")
    rows = [row for row in read_csv(distilled / "responses.csv") if row["item"] == "q1"]
    hits = np.mean(
        [a == b["score"] for a, b in zip(scorer.score([r["response"] for r in rows]).labels, rows, strict=True)]
    )
    assert written["machine"]["metrics"]["accuracy"]["value"] == pytest.approx(hits, abs=1e-6)


def test_formats_and_encodings_give_the_same_responses(tmp_path: Path, run: Run, tiny_encoder: Path) -> None:
    """The same sixty answers as Windows-1252 with semicolons and as XLSX: the same scorer, byte for byte."""
    rows = responses()
    rows[0]["response"] = "the glass’s cold – très froid"
    text = "\r\n".join(
        ";".join(f'"{row[key]}"' for key in row) for row in [dict(zip(rows[0], rows[0], strict=True)), *rows]
    )
    (tmp_path / "a.csv").write_bytes(text.encode("cp1252"))
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(list(rows[0]))
    for row in rows:
        sheet.append([int(value) if key == "score" else value for key, value in row.items()])
    book.save(tmp_path / "a.xlsx")
    weights = []
    for name in ("a.csv", "a.xlsx"):
        out = tmp_path / name.replace(".", "-")
        done = run("distill", tmp_path / name, "-o", out, *quick(tiny_encoder))
        assert done.code == 0, done.err
        weights.append(bundle.load(out / "a.pocket").weights)
    for key in weights[0]:
        np.testing.assert_array_equal(weights[0][key], weights[1][key])


def test_unlabelled_answers_join_the_transfer_set_and_leaks_are_counted(tmp_path: Path, run: Run) -> None:
    """With the n-gram teacher alone: no encoder, seconds. Sixty answers are known, four are new."""
    path = write_csv(tmp_path / "in.csv", responses())
    more = [{"answer": row["response"]} for row in responses()]
    more += [{"answer": f"vapour on the cold glass {i}"} for i in range(4)] + [{"answer": ""}]
    unlabelled = write_csv(tmp_path / "more.csv", more)
    options = ("--teacher", "ngrams", "--folds", 2, "--lambda", 1, "--transfer", 0, "--at-least", 2)
    done = run("distill", path, "-o", tmp_path / "out", "--unlabelled", unlabelled, "--budget", "25KB", *options)
    assert done.code == 0, done.err
    evaluation = json.loads((tmp_path / "out" / "evaluation.json").read_text(encoding="utf-8"))["in"]
    assert evaluation["student"]["transfer_set"] == 4
    assert evaluation["teacher"]["teacher"] == "ngrams"
    assert evaluation["bytes"] <= 25_000
    log = (tmp_path / "out" / "run.log").read_text(encoding="utf-8")
    held_out = 60 - evaluation["responses"]["train"]
    assert re.search(rf"4 unlabelled answers used; left out: {held_out} that stand in validation or test", log)
    assert "1 empty" in log


def test_the_papers_recipe(tmp_path: Path, run: Run, tiny_encoder: Path) -> None:
    path = write_csv(tmp_path / "in.csv", responses())
    done = run(
        "distill", path, "-o", tmp_path / "out", "--recipe", "paper", "--teacher", tiny_encoder, "--epochs", 1,
        "--lambda", 1,
    )  # fmt: skip
    assert done.code == 0, done.err
    evaluation = json.loads((tmp_path / "out" / "evaluation.json").read_text(encoding="utf-8"))["in"]
    assert evaluation["student"]["transfer_set"] == 0
    assert evaluation["teacher"]["folds"] == "1"
    assert bundle.load(tmp_path / "out" / "in.pocket").card["preset"] == "elstm-7t"
    assert "asked about the answers it was trained on" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")


def test_doubtful_scores_are_listed_for_people(tmp_path: Path, run: Run) -> None:
    """One answer in ten got a score that its words contradict; one of them looks like a formula."""
    rows = responses(120)
    rows[10]["score"], rows[10]["response"] = "2", "=" + rows[10]["response"]
    wrong = {rows[i]["id"]: rows[i] for i in range(3, 120, 12)}
    for row in wrong.values():
        row["score"] = str((int(row["score"]) + 1) % 3)
    path = write_csv(tmp_path / "in.csv", rows)
    options = ("--teacher", "ngrams", "--lambda", 1, "--transfer", 0, "--suspects", "mix")
    done = run("distill", path, "-o", tmp_path / "out", *options)
    assert done.code == 0, done.err
    found = read_csv(tmp_path / "out" / "label_audit.csv")
    assert [float(row["doubt"]) for row in found] == sorted((float(row["doubt"]) for row in found), reverse=True)
    assert len(found) >= 5
    assert {row["id"] for row in found} <= wrong.keys() | {"r10"}
    assert all(row["score"] != row["suggested"] for row in found)
    assert not any(row["response"].startswith("=") for row in found)


def test_an_audit_without_doubts_is_a_result_and_no_audit_is_no_file(tmp_path: Path, run: Run) -> None:
    """Words that say their score leave nothing to doubt; a teacher that knows the scores has nothing to say of them."""
    path = write_csv(tmp_path / "in.csv", responses(120))
    command = ("distill", path, "-o", tmp_path / "out", "--lambda", 1, "--transfer", 0)
    done = run(*command, "--teacher", "ngrams", "--folds", 2)
    assert done.code == 0, done.err
    audit, report = tmp_path / "out" / "label_audit.csv", tmp_path / "out" / "report.html"
    assert audit.read_text("utf-8-sig").split() == ["item,id,score,suggested,p_score,p_suggested,doubt,response"]
    assert "listed in label_audit.csv" in report.read_text("utf-8")
    done = run(*command, "--teacher", "ngrams", "--folds", 1)
    assert done.code == 0, done.err
    assert not audit.exists(), "nor the one of the run before"
    assert "label_audit" not in report.read_text("utf-8")


def test_what_people_wrote_into_an_audit_is_not_lost(tmp_path: Path, run: Run) -> None:
    """One of the same bytes stays as it is; any other makes room, under a name of its own that the log has."""
    path, out = write_csv(tmp_path / "in.csv", responses(120)), tmp_path / "out"
    command = ("distill", path, "-o", out, "--lambda", 1, "--transfer", 0, "--teacher", "ngrams")
    audit, log = out / "label_audit.csv", out / "run.log"
    assert run(*command, "--folds", 2).code == 0
    found = audit.read_bytes()
    assert run(*command, "--folds", 2).code == 0
    assert [path.name for path in out.glob("label_audit*")] == ["label_audit.csv"]
    assert "label_audit" not in log.read_text("utf-8")
    audit.write_text("people's own scores", "utf-8")
    assert run(*command, "--folds", 2).code == 0
    assert audit.read_bytes() == found
    audit.write_text("more of them", "utf-8")
    assert run(*command, "--folds", 1).code == 0
    kept = {path.name: path.read_text("utf-8") for path in out.glob("label_audit*")}
    assert kept == {"label_audit.old.csv": "people's own scores", "label_audit.old1.csv": "more of them"}
    assert "the label_audit.csv of an earlier run is now label_audit.old.csv" in log.read_text("utf-8")
    assert "the label_audit.csv of an earlier run is now label_audit.old1.csv" in log.read_text("utf-8")


def test_forty_answers_and_a_score_point_with_two(tmp_path: Path, run: Run, tiny_encoder: Path) -> None:
    """Small is sensible: every score point is in train, and the run ends with a scorer."""
    rows = responses(40, points=2)
    rows[5]["score"] = rows[6]["score"] = "2"
    path = write_csv(tmp_path / "in.csv", rows)
    done = run("distill", path, "-o", tmp_path / "out", *quick(tiny_encoder, "--teacher", "ngrams"))
    assert done.code == 0, done.err
    evaluation = json.loads((tmp_path / "out" / "evaluation.json").read_text(encoding="utf-8"))["in"]
    assert evaluation["scale"]["points"] == ["0", "1", "2"]
    assert bundle.load(tmp_path / "out" / "in.pocket").score([WORDS[0]]).labels[0] in ("0", "1", "2")


def test_a_teacher_who_says_the_same_of_every_answer_does_no_harm(tmp_path: Path, run: Run) -> None:
    rows = responses(120)
    path = write_csv(tmp_path / "in.csv", rows)
    same = write_csv(tmp_path / "p.csv", [{"id": row["id"], "p_0": "0.2", "p_1": "0.5", "p_2": "0.3"} for row in rows])
    done = run("distill", path, "-o", tmp_path / "out", "--teacher-probabilities", same)
    assert done.code == 0, done.err
    test = json.loads((tmp_path / "out" / "evaluation.json").read_text(encoding="utf-8"))["in"]["test"]
    qwk = {name: found["metrics"]["qwk"]["value"] for name, found in test.items()}
    assert qwk["teacher"] == 0
    assert qwk["student"] > 0.9


Change = Callable[[list[dict[str, str]]], list[dict[str, str]]]


def keep(*columns: str) -> Change:
    """Rows with these columns only."""
    return lambda rows: [{column: row[column] for column in columns} for row in rows]


def spoil(**changes: str) -> Change:
    """Rows with cells of row 5 replaced."""
    return lambda rows: [{**row, **(changes if i == 3 else {})} for i, row in enumerate(rows)]


BAD_INPUT: dict[str, tuple[Change, tuple[str, ...], str]] = {
    "missing column": (keep("id", "score"), (), "looks like the response"),
    "misnamed column": (spoil(), ("--response", "respnse"), "response"),
    "score outside the scale": (spoil(score="7"), ("--items", "ITEMS"), "7"),
    "mixed scores": (spoil(score="n/a"), (), "n/a"),
    "one class only": (lambda rows: [{**row, "score": "1"} for row in rows], (), "score 1"),
    "fewer than 30": (lambda rows: rows[:29], (), "29"),
    "duplicate ids": (spoil(id="r1"), (), "r1"),
    "infinite score": (spoil(score="inf"), (), "inf"),
    "unknown item": (spoil(), ("--only", "q9"), "q9"),
    "bad lambda": (spoil(), ("--lambda", "-1"), "lambda"),
    "bad student": (spoil(), ("--student", "huge"), "choose one of"),
    "bad folds": (spoil(), ("--folds", "1"), "at least 2"),
    "no folds": (spoil(), ("--folds", "0"), "at least 1"),
    "bad budget": (spoil(), ("--budget", "small"), "no size"),
    "tiny budget": (spoil(), ("--budget", "2 KB", "--teacher", "ngrams"), "the smallest needs"),
    "budget of another student": (spoil(), ("--budget", "50KB", "--student", "elstm-7t"), "has one size"),
    "unlabelled without a file": (spoil(), ("--unlabelled", "nowhere.csv"), "nowhere.csv"),
    "bad layers": (spoil(), ("--teacher-layers", "most"), "third"),
    "no such teacher": (spoil(), ("--teacher", "/no/such/folder"), "cannot be loaded"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD_INPUT)
def test_bad_input_is_one_line_with_the_remedy(
    case: str, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    change, options, expected = BAD_INPUT[case]
    path = write_csv(tmp_path / "in.csv", change(responses()))
    items = tmp_path / "items.json"
    items.write_text(json.dumps([{"id": "in", "scores": [0, 1, 2]}]), encoding="utf-8")
    done = run("distill", path, "-o", tmp_path / "out", *(items if o == "ITEMS" else o for o in options))
    assert_one_line(done, expected)
    assert not list(tmp_path.glob("out/*.pocket"))
    assert not list(tmp_path.glob("out/report.html"))


def assert_one_line(done: Done, expected: str) -> None:
    assert done.code in range(1, 7), done.out
    lines = done.err.strip().splitlines()
    assert len(lines) == 1, done.err
    assert lines[0].startswith("error: ")
    assert expected in lines[0]
    assert ";" in lines[0], "the remedy is missing"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "empty"),
        (b"id,response,score\n", "no rows"),
        (b"id,response,score\n1,\x81\x8d,2\n", "byte"),
        (b"\x00\x01\x02", "NUL"),
    ],
)
def test_files_that_are_no_tables(content: bytes, expected: str, run: Run, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_bytes(content)
    assert_one_line(run("distill", tmp_path / "in.csv", "-o", tmp_path / "out"), expected)


def test_odd_answers_are_statuses_not_errors(distilled: Path, run: Run, tmp_path: Path, tiny_encoder: Path) -> None:
    """A megabyte, emoji, right-to-left text and NaN scores go through both commands."""
    rows = responses(64)
    rows[1]["response"] = "the glass is cold " * 60_000
    rows[2]["response"] = "👩🏽‍🔬🧪 שלום العالم"
    rows[3]["score"] = "NaN"
    path = write_csv(tmp_path / "in.csv", rows)
    done = run("distill", path, "-o", tmp_path / "out", *quick(tiny_encoder))
    assert done.code == 0, done.err
    assert "1 rows left out" in done.out
    assert "row 5" in (tmp_path / "out" / "run.log").read_text(encoding="utf-8")
    done = run("score", tmp_path / "out" / "in.pocket", path, "-o", tmp_path / "scored.csv")
    assert done.code == 0, done.err
    assert [row["status"] for row in read_csv(tmp_path / "scored.csv")][1:3] == ["truncated", "unfamiliar"]


@pytest.mark.parametrize(
    ("damage", "expected"),
    [
        (lambda raw: raw[: len(raw) // 2], "do not match their checksum"),
        (lambda raw: raw[:-1] + bytes([raw[-1] ^ 1]), "do not match their checksum"),
        (lambda raw: raw.replace(b'"format_version":"2.2"', b'"format_version":"9.0"'), "update PocketScore"),
        (lambda raw: raw[:0], "cut off"),
        (lambda raw: b"PK\x03\x04" + raw, "cut off"),
    ],
)
def test_damaged_scorers(damage: Callable[[bytes], bytes], expected: str, run: Run, tmp_path: Path) -> None:
    path = tmp_path / "item.pocket"
    path.write_bytes(damage(bundle.to_bytes(make_scorer())))
    answers = write_csv(tmp_path / "a.csv", [{"response": "air"}])
    done = run("score", path, answers, "-o", tmp_path / "s.csv")
    assert_one_line(done, expected)
    assert done.code == 3
    assert not (tmp_path / "s.csv").exists()


def test_a_full_disk_keeps_the_old_file(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bundle.save(make_scorer(), tmp_path / "item.pocket")
    answers = write_csv(tmp_path / "a.csv", [{"response": "air"}])
    (tmp_path / "s.csv").write_text("old", encoding="utf-8")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    done = run("score", tmp_path / "item.pocket", answers, "-o", tmp_path / "s.csv")
    assert_one_line(done, "No space left")
    assert done.code == 4
    assert (tmp_path / "s.csv").read_text(encoding="utf-8") == "old"
    assert {path.name for path in tmp_path.iterdir()} == {"item.pocket", "a.csv", "s.csv"}


def test_an_unwritable_folder(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    path = write_csv(tmp_path / "in.csv", responses())
    done = run("distill", path, "-o", tmp_path / "file" / "out")
    assert_one_line(done, "cannot be made")
    assert done.code == 4


def test_debug_shows_the_traceback(run: Run, tmp_path: Path) -> None:
    with pytest.raises(Exception, match="there is no file"):
        run("score", tmp_path / "none.pocket", tmp_path / "none.csv", "-o", tmp_path / "s.csv", "--debug")
    done = run("score", tmp_path / "none.pocket", tmp_path / "none.csv", "-o", tmp_path / "s.csv")
    assert_one_line(done, "there is no file")
    assert done.code == 2


def test_version_and_wrong_options(run: Run) -> None:
    assert re.fullmatch(r"pocketscore \d+\.\d+\.\d+\n", run("--version").out)
    done = run("score", "--nonsense")
    assert done.code == 2
    assert "Traceback" not in done.err
