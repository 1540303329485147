"""The simulated sample: reproducible, complete, plausible, and not solved by counting words."""

from __future__ import annotations

import csv
import json
from collections import Counter
from pathlib import Path

import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import cohen_kappa_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline

from pocketscore.errors import InputError, OutputError
from pocketscore.sample import (
    NAMES,
    fragments_maths,
    fragments_maths_reasons,
    fragments_science,
    fragments_science_ideas,
    fragments_science_wrong,
    sample_path,
    synonyms,
)
from pocketscore.sample.generate import Row, generate, main
from pocketscore.sample.writing import Dice, expand

POINTS = {"cold-glass": 4, "price-up-down": 3}
LONGEST_CHARACTERS = 500


def qwk(one: list[int], other: list[int]) -> float:
    return float(cohen_kappa_score(one, other, weights="quadratic"))


@pytest.fixture(scope="module")
def shipped() -> list[dict[str, str]]:
    with sample_path("responses.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def planned() -> list[Row]:
    return generate()


def of_item(rows: list[dict[str, str]], item: str) -> list[dict[str, str]]:
    return [row for row in rows if row["item"] == item]


def test_regenerating_gives_the_shipped_bytes(tmp_path: Path) -> None:
    main([str(tmp_path / "new")])
    for name in NAMES:
        assert (tmp_path / "new" / name).read_bytes() == sample_path(name).read_bytes(), name


def test_another_seed_gives_other_answers() -> None:
    assert [row.response for row in generate(1, 20)] != [row.response for row in generate(2, 20)]


def test_columns_counts_and_ids(shipped: list[dict[str, str]]) -> None:
    assert list(shipped[0]) == ["id", "item", "response", "score", "score2", "group_language"]
    assert Counter(row["item"] for row in shipped) == {"cold-glass": 600, "price-up-down": 600}
    assert len({row["id"] for row in shipped}) == 1200
    assert b"\r" not in sample_path("responses.csv").read_bytes()


@pytest.mark.parametrize("item", POINTS)
def test_scores_are_in_range_and_no_point_is_rare(shipped: list[dict[str, str]], item: str) -> None:
    counts = Counter(row["score"] for row in of_item(shipped, item))
    assert sorted(counts) == [str(point) for point in range(POINTS[item])]
    assert min(counts.values()) >= 0.12 * 600
    assert max(counts.values()) <= 0.45 * 600
    assert {row["score2"] for row in of_item(shipped, item)} - {""} == set(counts)


def test_blank_answers_exist_and_score_zero(shipped: list[dict[str, str]]) -> None:
    blank = [row for row in shipped if not row["response"]]
    assert 12 <= len(blank) <= 36
    assert {row["score"] for row in blank} == {"0"}


def test_texts_vary(shipped: list[dict[str, str]]) -> None:
    texts = [row["response"] for row in shipped]
    lengths = sorted(len(text.split()) for text in texts)
    assert max(map(len, texts)) <= LONGEST_CHARACTERS
    assert 17 <= lengths[600] <= 27
    assert 1 - len(set(texts)) / 1200 < 0.15
    assert all(text.isprintable() and text == text.strip() and "  " not in text for text in texts)
    assert not any(mark in text for text in texts for mark in "[]{}|")


@pytest.mark.parametrize("item", POINTS)
def test_second_rater_agrees_as_people_do(shipped: list[dict[str, str]], item: str) -> None:
    pairs = [(int(r["score"]), int(r["score2"])) for r in of_item(shipped, item) if r["score2"]]
    assert len(pairs) == 600 if item == "cold-glass" else 330 <= len(pairs) <= 390
    assert 0.88 <= qwk([a for a, _ in pairs], [b for _, b in pairs]) <= 0.93
    assert 0.83 <= sum(a == b for a, b in pairs) / len(pairs) <= 0.90
    assert sum(abs(a - b) <= 1 for a, b in pairs) / len(pairs) > 0.97


@pytest.mark.parametrize("item", POINTS)
def test_first_rater_is_close_to_the_truth(planned: list[Row], item: str) -> None:
    rows = [row for row in planned if row.item == item]
    assert 0.93 <= qwk([row.truth for row in rows], [row.score for row in rows]) <= 0.98


def test_groups_differ_in_spelling_and_not_in_rating(planned: list[Row]) -> None:
    share = Counter(row.group_language for row in planned)["additional"] / len(planned)
    assert 0.2 <= share <= 0.3
    assert {row.group_language for row in planned} == {"first", "additional"}
    known = {word for row in planned for word in row.response.lower().split()}
    counts = Counter(word for row in planned for word in set(row.response.lower().split()))
    rare = {word for word in known if counts[word] == 1}
    rates = {
        group: sum(w in rare for r in planned if r.group_language == group for w in r.response.lower().split())
        / sum(len(r.response.split()) for r in planned if r.group_language == group)
        for group in ("first", "additional")
    }
    assert rates["additional"] > 1.3 * rates["first"]


@pytest.mark.parametrize("c", [1.0, 10.0])
@pytest.mark.parametrize("item", POINTS)
def test_counting_words_does_not_solve_it(shipped: list[dict[str, str]], item: str, c: float) -> None:
    rows = of_item(shipped, item)
    scores = [int(row["score"]) for row in rows]
    model = make_pipeline(TfidfVectorizer(ngram_range=(1, 2)), LogisticRegression(C=c, max_iter=1000))
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    predicted = cross_val_predict(model, [row["response"] for row in rows], scores, cv=folds)
    assert 0.45 < qwk(scores, predicted.tolist()) < 0.75


def test_items_say_that_they_are_simulated() -> None:
    items = json.loads(sample_path("items.json").read_text(encoding="utf-8"))
    assert {item["id"]: len(item["scores"]) for item in items} == POINTS
    assert all(item["simulated"] is True and "Simulated" in item["note"] for item in items)
    assert all(item["question"] and item["rubric"] and item["references"] for item in items)


def test_new_answers_hold_the_awkward_ones() -> None:
    with sample_path("new_answers.csv").open(encoding="utf-8", newline="") as file:
        texts = [row["response"] for row in csv.DictReader(file)]
    assert 6 <= len(texts) <= 8
    assert "" in texts
    assert any(text and not any(letter.isalnum() for letter in text) for text in texts)


def test_readme_states_the_distributions(shipped: list[dict[str, str]]) -> None:
    readme = (sample_path("items.json").parent / "README.md").read_text(encoding="utf-8")
    for line in distribution(shipped):
        assert line in readme


def distribution(rows: list[dict[str, str]]) -> list[str]:
    lines = ["| Item | 0 | 1 | 2 | 3 | blank | second score | `additional` |"]
    for item in POINTS:
        mine = of_item(rows, item)
        counts = [sum(row["score"] == str(point) for row in mine) or "–" for point in range(4)]
        blank = sum(not row["response"] for row in mine)
        second = sum(bool(row["score2"]) for row in mine)
        additional = sum(row["group_language"] == "additional" for row in mine)
        lines.append(f"| `{item}` | " + " | ".join(map(str, [*counts, blank, second, additional])) + " |")
    return lines


@pytest.mark.parametrize(
    ("words", "base"),
    [
        (fragments_science, fragments_science),
        (fragments_science_ideas, fragments_science),
        (fragments_science_wrong, fragments_science),
        (fragments_maths, fragments_maths),
        (fragments_maths_reasons, fragments_maths),
    ],
)
def test_fragments_can_be_expanded_and_none_is_given_twice(words: object, base: object) -> None:
    roles = ("p", "inc", "up", "dec", "end", "gap", "yes", "no", "claim")
    slots = {**{role: ("x",) for role in roles}, **vars(base)["SLOTS"]}
    for name, fragments in vars(words).items():
        if not name.isupper() or name in {"SLOTS", "NO", "YES"}:
            continue
        texts = [entry[0] if isinstance(entry, tuple) else entry for entry in fragments]
        assert len(texts) == len(set(texts)), name
        assert all(expand(Dice(seed), text, slots) for seed, text in enumerate(texts)), name


@pytest.mark.parametrize(
    "pool",
    [
        fragments_science_ideas.SOURCE,
        fragments_science_ideas.COOLING,
        fragments_science_ideas.CHANGE,
        fragments_science_wrong.WRONG,
        fragments_science_wrong.VAGUE,
        fragments_maths_reasons.FULL,
        fragments_maths_reasons.PARTIAL,
        fragments_maths_reasons.CANCEL,
    ],
)
def test_every_idea_and_misconception_has_many_wordings(pool: tuple[str, ...]) -> None:
    assert len(pool) >= 60


def test_rewording_exchanges_words_only_at_its_rate() -> None:
    text = "the warm air loses heat"
    assert synonyms.reworded(Dice(1), text, 0.0) == text
    assert synonyms.reworded(Dice(1), text, 1.0) != text


@pytest.mark.parametrize("name", ["other.csv", "../errors.py", ""])
def test_unknown_sample_file_is_refused(name: str) -> None:
    with pytest.raises(InputError, match=r"responses\.csv"):
        sample_path(name)


def test_generator_needs_one_folder_that_can_be_written(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="one folder"):
        main([])
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot write"):
        main([str(tmp_path / "file")])
