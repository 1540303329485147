"""One golden file, every surface: Python, Node and Chromium give the same words and the same probabilities."""

from __future__ import annotations

import base64
import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser

from conftest import WEB, make_scorer, run_js
from golden_parity import digest, expanded
from pocketscore import bundle
from pocketscore.export.modules import one_script
from pocketscore.student import PRESETS
from pocketscore.text import words

GOLDEN = Path(__file__).parent / "golden"
TOLERANCE = 1e-5

# What Node and Chromium run: the entries' texts, a hash of their words, and probabilities by each scorer.
COMPUTE = """
const expanded = (entry) => {
  if (typeof entry === "string") return entry;
  if (entry.repeat) return entry.repeat[0].repeat(entry.repeat[1]);
  const codes = Array.from({ length: entry.range[1] - entry.range[0] + 1 }, (_, i) => entry.range[0] + i);
  return codes.map((code) => String.fromCodePoint(code)).join("");
};
const digest = (found) => sha256([new TextEncoder().encode(found.join("\\n"))]).slice(0, 12);
const rows = (raw, texts) => scorerOf(Uint8Array.from(atob(raw), (char) => char.charCodeAt(0)))
  .score(texts).map(({ probabilities }) => (Number.isNaN(probabilities[0]) ? null : probabilities));
const compute = ({ texts, scorers }) => {
  const full = texts.map(expanded);
  const probabilities = Object.fromEntries(Object.entries(scorers).map(([name, raw]) => [name, rows(raw, full)]));
  return { words: full.map((text) => digest(words(text))), probabilities };
};
"""
IMPORTS = """
import { scorerOf } from "WEB/scorer.js";
import { sha256 } from "WEB/sha256.js";
import { words } from "WEB/text.js";
"""


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
    for name, rows in golden["probabilities"].items():
        for entry, mine, row in zip(golden["texts"], found["probabilities"][name], rows, strict=True):
            assert (mine is None) == (row is None), entry
            assert row is None or np.abs(np.subtract(mine, row)).max() <= TOLERANCE, (name, entry, mine, row)


def test_python_gives_the_golden_words_and_probabilities(golden: dict[str, Any]) -> None:
    texts = [expanded(entry) for entry in golden["texts"]]
    probabilities = {}
    for name in golden["probabilities"]:
        rows = bundle.load(GOLDEN / f"{name}.pocket").score(texts).probabilities
        probabilities[name] = [None if np.isnan(row).any() else row.tolist() for row in rows]
    assert_same({"words": [digest(words(text)) for text in texts], "probabilities": probabilities}, golden)


def test_node_gives_the_golden_words_and_probabilities(golden: dict[str, Any], given: dict[str, Any]) -> None:
    assert_same(run_js(IMPORTS + COMPUTE + "answer(compute(given));", given), golden)


def test_chromium_gives_the_golden_words_and_probabilities(
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
    mine = scorer.score([expanded(text) for text in texts])
    rows = [None if np.isnan(row).any() else row.tolist() for row in mine.probabilities]
    assert_same(found, {"texts": texts, "words": found["words"], "probabilities": {name: rows}})
