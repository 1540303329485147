"""The certificate as Markdown: complete where the card is, silent where it is not."""

from __future__ import annotations

import json

import pytest

from pocketscore.card import PURPOSE, markdown

ESTIMATE = {"value": 0.8, "low": 0.7, "high": 0.9}
CARD: dict[str, object] = {
    "pocketscore": "0.1.0",
    "preset": "pocket",
    "data_sha256": "ab" * 32,
    "responses": {"train": 70, "test": 20},
    "student": {"parameters": 1234, "cuts": [0.5, 1.5]},
    "teacher": {"teacher": "minilm"},
    "test": {"student": {"n": 20, "metrics": {"qwk": ESTIMATE}}},
    "human_human": None,
    "evidence": {
        "purpose": "Drafts scores.",
        "conventions": [
            {"source": "NAEP", "mark": "QWK", "estimate": [None, None, None], "verdict": "not computed",
             "reason": "no second rater"},
        ],
        "by_point": {"0": {"n": 9, "exact": [0.9, 0.8, 1.0], "bias": [None, None, None]}},
        "calibration": {"ece": [0.1, 0.05, 0.2]},
        "true_score": {"prmse": [None, None, None], "disattenuated_r": [None, None, None], "caution": "one rater"},
        "groups": {
            "group_language": {
                "examined": {"a|b": {"n": 15, "dsm": [0.01, -0.05, 0.07], "verdict": "pass"}},
                "not_examined": {"c": "scored responses: 1; at least 10 are needed"},
                "unknown": 0, "reason": "",
            }
        },
        "referred": {"unknown_words": 3},
        "promise": {"wrong_at_most": 0.05, "confidence": 0.95, "threshold": 0.8123, "bound": 0.049,
                    "held_out": {"n": 100, "alone": 60, "wrong": 0}, "reason": ""},
        "promise_on_test": {"n": 20, "alone": 11, "wrong": 1},
        "attacks": {"keyword_list": {"tried": 20, "succeeded": 4, "caught": 2, "rate": [0.2, 0.06, 0.44]}},
        "not_examined": ["Fairness: none."],
    },
}  # fmt: skip


def test_everything_in_the_card_is_said() -> None:
    said = markdown(CARD, "cold-glass")
    for words in (
        "# Scorer of item cold-glass", "Drafts scores.", "| Answers, train | 70 |", "0.800 (0.700 to 0.900)",
        "not computed (no second rater)", "| 0 | 9 | 0.900 (0.800 to 1.000) | – |", "– (one rater)",
        "| group_language | a\\|b | 15 | 0.010 (-0.050 to 0.070) | pass |", "not examined: scored responses: 1",
        "| unknown_words | 3 |", "at most 5 % of them wrong", "60 of 100 alone, 0 of these wrong",
        "11 of 20 alone, 1 of these wrong", "| keyword list | 4 of 20 | 0.200 (0.060 to 0.440) |", "- Fairness: none.",
    ):  # fmt: skip
        assert words in said
    assert "None" not in said
    assert "nan" not in said


def test_a_file_sorts_its_keys_and_the_words_are_the_same() -> None:
    """Values before bounds, methods and metrics in the report's order, points from low to high."""
    metrics = {name: {"value": 0.5, "low": 0.2, "high": 0.7} for name in ("accuracy", "qwk", "macro_f1", "kappa")}
    point = {"n": 9, "exact": [0.9, 0.8, 1.0], "bias": [0.1, 0.0, 0.2]}
    attack = {"tried": 2, "succeeded": 1, "caught": 0, "rate": [0.5, 0.1, 0.9]}
    card = {
        **CARD,
        "responses": {"train": 70, "validation": 10, "calibration": 5, "test": 20},
        "test": {name: {"n": 20, "metrics": metrics} for name in ("majority", "tfidf", "student", "teacher")},
        "human_human": {"n": 20, "metrics": metrics},
        "evidence": {
            "by_point": dict.fromkeys(("0", "1", "2", "10"), point),
            "calibration": {"ece": [0.1, 0.05, 0.2], "brier": [0.2, 0.1, 0.3], "gap": [0.0, -0.1, 0.1]},
            "attacks": dict.fromkeys(("keyword_list", "triggers", "added_injection"), attack),
            "referred": {"unknown_words": 3, "copied": 1},
        },
    }
    said = markdown(card, "1")
    assert said == markdown(json.loads(json.dumps(card, sort_keys=True)), "1")
    assert "| Student | qwk | 0.500 (0.200 to 0.700) |" in said
    rows = [line.split(" | ")[0].removeprefix("| ") for line in said.splitlines()]
    names = ["2", "10", "Expected calibration error", "Brier score", "unknown words", "keyword list", "triggers"]
    found = [name for name in rows if name in names]
    assert found == ["2", "10", "Expected calibration error", "Brier score", "keyword list", "triggers"]


def test_without_human_scores_no_line_speaks_of_people() -> None:
    test = {"student": {"n": 20, "metrics": {"qwk": ESTIMATE}}, "teacher": {"n": 20, "metrics": {"qwk": ESTIMATE}}}
    evidence = {**CARD["evidence"], "scored_by": "lm:tiny", "true_score": None}  # type: ignore[dict-item]
    said = markdown({**CARD, "test": test, "evidence": evidence}, "1")
    for title in ("Agreement with the scores of lm:tiny (not of people), test part", "Groups, by the scores of lm:tiny",
                  "Each score point, by the scores of lm:tiny", "Attacks, by the scores of lm:tiny"):  # fmt: skip
        assert f"## {title}\n" in said
    assert "| Student | qwk |" in said
    assert "| Teacher |" not in said, "these are its own scores"
    assert "human score" not in said


@pytest.mark.parametrize("card", [{}, {"evidence": None}, {"evidence": {}}, {"test": {}}])
def test_a_bare_card_says_what_it_is_for_and_nothing_else(card: dict[str, object]) -> None:
    assert markdown(card, "1") == f"# Scorer of item 1\n\n{PURPOSE}\n"


def test_a_broken_promise_says_why() -> None:
    numbers = {"wrong_at_most": 0.05, "confidence": 0.95, "threshold": None, "bound": None}
    promise: dict[str, object] = {**numbers, "held_out": {}, "reason": "20 held-out answers are too few"}
    said = markdown({"evidence": {"promise": promise}}, "1")
    assert "none, so all go to people: 20 held-out answers are too few" in said


def test_no_promise_is_said_too() -> None:
    assert "none was asked for" in markdown({"evidence": {"promise": None, "referred": {}}}, "1")
