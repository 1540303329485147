"""What each word contributes: exact, in place, and the same in JavaScript."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import WORDS, make_scorer, run_js
from pocketscore import bundle
from pocketscore.student import PRESETS, Scorer
from pocketscore.text import MAX_WORDS, places, words
from pocketscore.types import Scale, WordEvidence

TEXTS = ("The cold glass cools the air.", "it isn’t ½ from the “glass” 👍🏽 水蒸气", "air", "", "zzz the e\u0301te")


@given(st.text())
def test_places_are_those_of_the_words(text: str) -> None:
    found = places(text)
    assert [place.word for place in found] == words(text)
    assert all(0 <= place.start < place.end <= len(text) for place in found)
    assert all(place.word in "".join(words(text[place.start : place.end])) for place in found)
    assert [place.start for place in found] == sorted(place.start for place in found)


@pytest.mark.parametrize("name", PRESETS)
def test_a_contribution_is_the_difference_without_the_word(name: str) -> None:
    scorer = make_scorer(name)
    found = words(TEXTS[0])
    (evidence,) = scorer.score(TEXTS[:1], evidence=True).evidence or ()
    whole = scorer.score([" ".join(found)]).expected[0]
    for i, one in enumerate(evidence):
        rest = scorer.score([" ".join(found[:i] + found[i + 1 :])]).expected[0]
        assert one.contribution == pytest.approx(whole - rest, abs=1e-12)


def test_on_a_nominal_scale_it_is_the_probability_of_the_reported_point(scorer: Scorer) -> None:
    nominal = replace(scorer, scale=Scale(("a", "b", "c"), "nominal"))
    scores = nominal.score(["cold air"], evidence=True)
    reported = int(scores.indices[0])
    without = nominal.score(["air"]).probabilities[0, reported]
    assert scores.evidence is not None
    assert scores.evidence[0][0].contribution == pytest.approx(scores.probabilities[0, reported] - without, abs=1e-12)


@pytest.mark.parametrize(
    ("text", "found"),
    [("", ()), (None, ()), ("Air", (WordEvidence("air", 0, 3, 0.0),)), ("  'air' ", (WordEvidence("air", 3, 6, 0.0),))],
)
def test_texts_of_no_word_or_one(scorer: Scorer, text: str | None, found: tuple[WordEvidence, ...]) -> None:
    assert scorer.score([text], evidence=True).evidence == (found,)


def test_it_is_not_worked_out_unasked(scorer: Scorer) -> None:
    assert scorer.score(TEXTS).evidence is None
    np.testing.assert_array_equal(scorer.score(TEXTS).probabilities, scorer.score(TEXTS, evidence=True).probabilities)


def test_only_words_that_are_read_have_evidence(scorer: Scorer) -> None:
    (evidence,) = scorer.score(["air " * MAX_WORDS + "glass"], evidence=True).evidence or ()
    assert len(evidence) == MAX_WORDS


@pytest.mark.parametrize("kind", ["ordinal", "nominal"])
def test_javascript_finds_the_same(scorer: Scorer, kind: Literal["ordinal", "nominal"]) -> None:
    scorer = bundle.quantised(replace(scorer, scale=Scale(("0", "1", "2"), kind)))
    found = run_js(
        'import { scorerOf } from "WEB/scorer.js";\n'
        "const scorer = scorerOf(Uint8Array.from(Buffer.from(given.raw, 'base64')));\n"
        "answer(given.texts.map((text) => scorer.evidence(text)));",
        {"raw": base64.b64encode(bundle.to_bytes(scorer)).decode(), "texts": TEXTS},
    )
    mine = scorer.score(TEXTS, evidence=True).evidence
    assert mine is not None
    for text, theirs, ours in zip(TEXTS, found, mine, strict=True):
        units = [len(text[:i].encode("utf-16-le")) // 2 for i in range(len(text) + 1)]
        assert [(e["word"], e["start"], e["end"]) for e in theirs] == [
            (e.word, units[e.start], units[e.end]) for e in ours
        ]
        np.testing.assert_allclose(
            [e["contribution"] for e in theirs], [e.contribution for e in ours], atol=1e-5, rtol=0
        )


@given(st.lists(st.sampled_from(WORDS), min_size=2, max_size=12))
def test_the_strongest_word_moves_the_score_most(chosen: list[str]) -> None:
    scorer = make_scorer()
    text = " ".join(chosen)
    (evidence,) = scorer.score([text], evidence=True).evidence or ()
    if len(evidence) < 2:
        return
    whole = scorer.score([text]).expected[0]
    rest = [
        scorer.score([" ".join(w.word for j, w in enumerate(evidence) if j != i)]).expected[0]
        for i in range(len(evidence))
    ]
    strongest = max(range(len(evidence)), key=lambda i: abs(evidence[i].contribution))
    assert abs(whole - rest[strongest]) == pytest.approx(np.abs(whole - np.array(rest)).max(), abs=1e-12)
