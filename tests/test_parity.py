"""One golden file, every surface: Python, Node and Chromium give the same words, probabilities and reasons to refer."""

from __future__ import annotations

import base64
import gzip
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser

from conftest import WEB, WORDS, make_scorer, run_js
from golden_parity import digest, expanded, reasons, rows
from pocketscore import bundle
from pocketscore.export.modules import one_script
from pocketscore.student import PRESETS, Scorer
from pocketscore.student.screen import Deferral, Screen
from pocketscore.text import Vocabulary, words
from pocketscore.types import Reason

GOLDEN = Path(__file__).parent / "golden"
TOLERANCE = 1e-5

# What Node and Chromium run: the entries' texts, a hash of their words, and what each scorer says of them.
COMPUTE = """
const expanded = (entry) => {
  if (typeof entry === "string") return entry;
  if (entry.repeat) return entry.repeat[0].repeat(entry.repeat[1]);
  const codes = Array.from({ length: entry.range[1] - entry.range[0] + 1 }, (_, i) => entry.range[0] + i);
  return codes.map((code) => String.fromCodePoint(code)).join("");
};
const digest = (found) => sha256([new TextEncoder().encode(found.join("\\n"))]).slice(0, 12);
const scores = (raw, texts) => scorerOf(Uint8Array.from(atob(raw), (char) => char.charCodeAt(0))).score(texts);
const compute = ({ texts, scorers }) => {
  const full = texts.map(expanded);
  const said = Object.entries(scorers).map(([name, raw]) => [name, scores(raw, full)]);
  const each = (read) => Object.fromEntries(said.map(([name, found]) => [name, found.map(read)]));
  return {
    words: full.map((text) => digest(words(text))),
    probabilities: each(({ probabilities }) => (Number.isNaN(probabilities[0]) ? null : probabilities)),
    refer: each(({ refer }) => refer),
  };
};
"""
IMPORTS = """
import { scorerOf } from "WEB/scorer.js";
import { sha256 } from "WEB/sha256.js";
import { words } from "WEB/text.js";
"""


KINDS = {
    "words": [" ".join(WORDS[i % 13 : i % 13 + 1 + i % 5]) + f" rare{i}" * (i % 3 == 0) for i in range(300)],
    "numbers": [f"{i} + {i % 7} = {i + i % 7}" if i % 2 else str(i) for i in range(300)],
    "ideographs": ["水蒸气变成水滴因为空气"[i % 7 : i % 7 + 2 + i % 6] + "的" * (i % 2) for i in range(300)],
    "no vocabulary": [f"only{i}" for i in range(40)],
}


@pytest.fixture(scope="module")
def golden() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(gzip.decompress((GOLDEN / "parity.json.gz").read_bytes()))
    assert len(found["texts"]) > 2000
    return found


@pytest.fixture(scope="module")
def given(golden: dict[str, Any]) -> dict[str, Any]:
    """The golden texts, and the scorers as a page carries them."""
    raw = {name: (GOLDEN / f"{name}.pocket").read_bytes() for name in golden["probabilities"]}
    return {"texts": golden["texts"], "scorers": {name: base64.b64encode(data).decode() for name, data in raw.items()}}


def assert_same(found: dict[str, Any], golden: dict[str, Any]) -> None:
    wrong = [i for i, (a, b) in enumerate(zip(found["words"], golden["words"], strict=True)) if a != b]
    assert not wrong, [golden["texts"][i] for i in wrong[:3]]
    for name, table in golden["probabilities"].items():
        for entry, mine, row in zip(golden["texts"], found["probabilities"][name], table, strict=True):
            assert (mine is None) == (row is None), entry
            assert row is None or np.abs(np.subtract(mine, row)).max() <= TOLERANCE, (name, entry, mine, row)
    for name, expected in golden["refer"].items():
        differ = [i for i, (a, b) in enumerate(zip(found["refer"][name], expected, strict=True)) if a != b]
        assert not differ, [(golden["texts"][i], found["refer"][name][i], expected[i]) for i in differ[:3]]


def said(scorers: dict[str, Scorer], texts: list[str]) -> dict[str, Any]:
    """What Python finds, in the shape of the golden file."""
    scores = {name: scorer.score(texts) for name, scorer in scorers.items()}
    return {
        "words": [digest(words(text)) for text in texts],
        "probabilities": {name: rows(found) for name, found in scores.items()},
        "refer": {name: reasons(found) for name, found in scores.items()},
    }


def test_the_golden_texts_give_every_reason(golden: dict[str, Any]) -> None:
    reached = {*golden["refer"]["format-2.2"]}
    assert reached == {"", *(reason.value for reason in Reason if reason != Reason.NOT_TEXT)}
    assert set(golden["refer"]["elstm"]) == {"", "empty"}  # a file without a screen


def test_python_gives_the_golden_words_probabilities_and_reasons(golden: dict[str, Any]) -> None:
    scorers = {name: bundle.load(GOLDEN / f"{name}.pocket") for name in golden["probabilities"]}
    assert_same(said(scorers, [expanded(entry) for entry in golden["texts"]]), golden)


def test_node_gives_the_golden_words_probabilities_and_reasons(golden: dict[str, Any], given: dict[str, Any]) -> None:
    assert_same(run_js(IMPORTS + COMPUTE + "answer(compute(given));", given), golden)


def test_chromium_gives_the_golden_words_probabilities_and_reasons(
    golden: dict[str, Any], given: dict[str, Any], chromium: Browser
) -> None:
    page = chromium.new_page()
    script = one_script(WEB / "scorer.js")
    names = "const { scorerOf } = $scorer; const { sha256 } = $sha256; const { words } = $text;"
    assert_same(page.evaluate(f"(given) => {{ {script}\n{names}\n{COMPUTE}\nreturn compute(given); }}", given), golden)
    page.close()


@pytest.mark.parametrize("name", PRESETS)
def test_every_student_scores_the_same_in_javascript(name: str, golden: dict[str, Any]) -> None:
    scorer = bundle.quantised(make_scorer(name, points=("0", "1", "2", "3"), seed=3))
    texts = [entry for entry in golden["texts"] if isinstance(entry, str)][:300]
    raw = base64.b64encode(bundle.to_bytes(scorer)).decode()
    found = run_js(IMPORTS + COMPUTE + "answer(compute(given));", {"texts": texts, "scorers": {name: raw}})
    assert_same(found, {"texts": texts, **said({name: scorer}, [expanded(text) for text in texts])})


def test_a_fitted_screen_refers_the_same_in_javascript(golden: dict[str, Any]) -> None:
    """Screens of several kinds of answers: words, numbers, ideographs, no vocabulary at all."""
    texts = [entry for entry in golden["texts"] if isinstance(entry, str)][::3]
    texts += ["12", "12 + 30 = 42", "水 蒸 气 变 成 水", "水 蒸 气", "كتاب جديد", "aaaa", "a", "x y x y x y"]
    scorers = {}
    for name, answers in KINDS.items():
        vocabulary = Vocabulary.of(answers, at_least=5)
        scorer = make_scorer()
        embedding = np.zeros((len(vocabulary) + 1, scorer.weights["embedding"].shape[1]), dtype=np.float32)
        weights = {**scorer.weights, "embedding": embedding}
        screen = Screen.of(answers, vocabulary)
        plain = replace(
            scorer, vocabulary=vocabulary, weights=weights, screen=screen, question="Why is it wet outside?"
        )
        scorers[name] = bundle.quantised(replace(plain, deferral=Deferral(None, {}) if name == "numbers" else None))
    raw = {name: base64.b64encode(bundle.to_bytes(scorer)).decode() for name, scorer in scorers.items()}
    found = run_js(IMPORTS + COMPUTE + "answer(compute(given));", {"texts": texts, "scorers": raw})
    assert_same(found, {"texts": texts, **said(scorers, [expanded(text) for text in texts])})
    assert all(len(set(column)) >= 4 for column in found["refer"].values())
