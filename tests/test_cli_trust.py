"""`defer`, `verify`, `sign` and what `evaluate` says beyond agreement, as a user types them."""

from __future__ import annotations

import csv
import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from conftest import WORDS, make_scorer
from pocketscore import bundle
from pocketscore.card import markdown
from pocketscore.cli import main
from pocketscore.types import Reason


class Done:
    """Exit code and output of one command."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err


class Run:
    """Runs commands in this process."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch, self._capfd = monkeypatch, capfd

    def __call__(self, *arguments: object) -> Done:
        self._monkeypatch.setattr(sys, "argv", ["pocketscore", *map(str, arguments)])
        code = 0
        try:
            main()
        except SystemExit as stop:
            code = int(stop.code or 0)
        return Done(code, *self._capfd.readouterr())


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    return Run(monkeypatch, capfd)


@pytest.fixture
def pocket(tmp_path: Path) -> Path:
    path = tmp_path / "item.pocket"
    bundle.save(make_scorer(), path)
    return path


@pytest.fixture
def scored(tmp_path: Path) -> Path:
    """400 answers: the scorer's own scores as the human ones, another one where it is least sure."""
    rng = np.random.default_rng(0)
    scorer = make_scorer()
    texts = [" ".join(rng.choice(WORDS, size=rng.integers(2, 12))) for _ in range(400)]
    scores = scorer.score(texts)
    human = np.where(scores.confidence < np.quantile(scores.confidence, 0.3), (scores.indices + 1) % 3, scores.indices)
    path = tmp_path / "scored.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "response", "score", "score2", "group_language"])
        for i, text in enumerate(texts):
            writer.writerow([f"r{i}", text, human[i], human[i] if i % 4 else (human[i] + 1) % 3, "ab"[i % 2]])
    return path


def test_a_scorer_with_a_promise_refers_the_rest(run: Run, pocket: Path, scored: Path, tmp_path: Path) -> None:
    out = tmp_path / "careful.pocket"
    done = run("defer", pocket, scored, "-o", out, "--wrong-at-most", "5%")
    assert done.code == 0, done.err
    assert "held-out answers scored alone" in done.out
    deferral = bundle.load(out).deferral
    assert deferral is not None
    assert deferral.threshold is not None
    assert deferral.target["wrong_at_most"] == 0.05
    said = run("verify", out).out
    assert "at most 5 % of them wrong" in said
    assert "none was asked for" not in said
    done = run("score", out, scored, "-o", tmp_path / "new.csv")
    assert done.code == 0, done.err
    with (tmp_path / "new.csv").open(encoding="utf-8") as file:
        reasons = [row["refer"] for row in csv.DictReader(file)]
    assert reasons.count("low_certainty") > 40
    assert reasons.count("") > 40


def test_a_promise_that_cannot_be_made(run: Run, pocket: Path, scored: Path, tmp_path: Path) -> None:
    lines = scored.read_text("utf-8").splitlines()[:40]
    few = tmp_path / "few.csv"
    few.write_text("\n".join(lines) + "\n", encoding="utf-8")
    done = run("defer", pocket, few, "-o", tmp_path / "c.pocket", "--wrong-at-most", "5%")
    assert done.code == 0
    assert "every answer goes to people" in done.out
    assert "at least 59" in done.out
    careful = bundle.load(tmp_path / "c.pocket")
    assert set(careful.score(["the cold air", "water"]).refer) == {Reason.LOW_CERTAINTY}
    assert "none, so all go to people" in run("verify", tmp_path / "c.pocket").out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [(("--wrong-at-most", "lots"), "no share"), (("--wrong-at-most", "5%", "--confidence", "1"), "confidence 1")],
)
def test_bad_promises(run: Run, pocket: Path, scored: Path, arguments: tuple[str, ...], words: str) -> None:
    done = run("defer", pocket, scored, "-o", pocket.with_name("x.pocket"), *arguments)
    assert done.code == 2
    assert words in done.err


def test_nothing_is_promised_on_known_answers(run: Run, pocket: Path, scored: Path) -> None:
    import hashlib

    digest = hashlib.sha256(scored.read_bytes()).hexdigest()
    bundle.save(replace(make_scorer(), card={"data_sha256": digest}), pocket)
    done = run("defer", pocket, scored, "-o", pocket.with_name("x.pocket"), "--wrong-at-most", "5%")
    assert done.code == 2
    assert "made from" in done.err
    assert run("verify", pocket, "--data", scored).code == 0
    scored.write_text(scored.read_text("utf-8") + "r,x,0,0,a\n", encoding="utf-8")
    done = run("verify", pocket, "--data", scored)
    assert done.code == 3
    assert digest in done.err


def test_sign_and_verify(run: Run, pocket: Path, tmp_path: Path) -> None:
    key = tmp_path / "key.pem"
    done = run("sign", pocket, "--new-key", key)
    assert done.code == 0, done.err
    done = run("verify", pocket, "--key", tmp_path / "key.pub.pem")
    assert done.code == 0, done.err
    assert "signed with the key" in done.out
    assert "# Scorer of item cold-glass" in done.out
    bundle.save(make_scorer(seed=1), pocket)
    done = run("verify", pocket, "--key", tmp_path / "key.pub.pem")
    assert done.code == 3
    assert "is not the signature" in done.err
    done = run("verify", pocket)
    assert done.code == 0
    assert "nobody vouches for it" in done.out


def test_verify_prints_the_card_as_it_was_written(run: Run, pocket: Path) -> None:
    metrics = {"qwk": {"value": 0.5, "low": 0.1, "high": 0.9}, "accuracy": {"value": 0.6, "low": 0.2, "high": 0.8}}
    card: dict[str, object] = {"test": {"tfidf": {"n": 9, "metrics": metrics}, "student": {"n": 9, "metrics": metrics}}}
    bundle.save(replace(make_scorer(), card=card), pocket)
    done = run("verify", pocket)
    assert done.code == 0, done.err
    assert "| Student | qwk | 0.500 (0.100 to 0.900) |" in done.out
    assert done.out.endswith("\n\n" + markdown(card, "cold-glass"))


def test_a_damaged_scorer_is_neither_verified_nor_signed(run: Run, pocket: Path, tmp_path: Path) -> None:
    raw = bytearray(pocket.read_bytes())
    raw[-5] ^= 1
    pocket.write_bytes(raw)
    assert run("verify", pocket).code == 3
    assert run("sign", pocket, "--new-key", tmp_path / "key.pem").code == 3


@pytest.mark.parametrize(
    ("arguments", "words"),
    [(("sign",), "nothing to do"), (("sign", "ITEM"), "nothing to sign with"),
     (("verify", "ITEM", "--signature", "ITEM"), "with --key"), (("verify", "ITEM", "--key", "ITEM"), "no public")],
)  # fmt: skip
def test_what_is_missing_is_told(run: Run, pocket: Path, arguments: tuple[str, ...], words: str) -> None:
    done = run(*(pocket if part == "ITEM" else part for part in arguments))
    assert done.code == 2
    assert words.replace("ITEM", str(pocket)) in done.err


def test_labels_are_words_and_no_markup(run: Run, pocket: Path, scored: Path, tmp_path: Path) -> None:
    names = {"a": "[ell]", "b": "x [/b]"}
    lines = [line.rsplit(",", 1) for line in scored.read_text("utf-8").splitlines()]
    odd = tmp_path / "odd.csv"
    odd.write_text("".join(f"{head},{names.get(last, last)}\n" for head, last in lines), encoding="utf-8")
    done = run("evaluate", pocket, odd)
    assert done.code == 0, done.err
    assert "[ell]" in done.out
    assert "x [/b]" in done.out


def test_a_damaged_certificate_is_told(run: Run, pocket: Path) -> None:
    bundle.save(replace(make_scorer(), card={"evidence": {"conventions": [{}]}}), pocket)
    done = run("verify", pocket)
    assert done.code == 3
    assert "the certificate in" in done.err


def test_evaluate_says_all_of_it(run: Run, pocket: Path, scored: Path, tmp_path: Path) -> None:
    done = run("evaluate", pocket, scored, "-o", tmp_path / "e.json", "--rsmeval", tmp_path / "rsm")
    assert done.code == 0, done.err
    for words in ("SMD", "PRMSE", "Williamson", "group_language", "undetermined"):
        assert words in done.out
    found = json.loads((tmp_path / "e.json").read_text("utf-8"))["validity"]
    assert found["n"] == 400
    assert found["numbers"]["degradation"]["n_double"] == 400
    assert set(found["groups"]) == {"group_language"}
    assert json.loads((tmp_path / "rsm" / "rsmeval.json").read_text("utf-8"))["subgroups"] == ["group_language"]
