"""Examples: never the answer itself, never a barred row; balance and likeness as promised."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer

from pocketscore.errors import InputError
from pocketscore.llm.examples import ExampleBank
from pocketscore.llm.prompts import same_words
from pocketscore.llm.settings import Pick
from pocketscore.llm.similarity import TfIdf
from pocketscore.text import plain, words
from pocketscore.types import Ints

WORDS = ("cold", "air", "glass", "vapour", "drops", "leaks", "水")
PICKS: tuple[Pick, ...] = ("balance", "similarity")


@st.composite
def banks(draw: st.DrawFn) -> ExampleBank:
    """Banks with many repeated answers; each point has at least one row."""
    points = draw(st.integers(2, 4))
    spread = st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(" ".join)
    rows = draw(st.lists(st.tuples(spread, st.integers(0, points - 1)), min_size=0, max_size=25))
    rows += [(f"{draw(spread)} {'COLD' if point % 2 else 'cold '}", point) for point in range(points)]
    texts, scores = [text for text, _ in rows], np.array([score for _, score in rows])
    return ExampleBank(
        texts, scores, points, draw(st.integers(1, 12)), draw(st.sampled_from(PICKS)), draw(st.integers(0, 9))
    )


def spread_of(bank: ExampleBank, text: str, allowed: np.ndarray | None = None) -> Ints:
    return np.bincount([example.point for example in bank.pick_for(text, allowed)], minlength=bank.points)


@given(banks(), st.data())
def test_an_answer_is_never_its_own_example_and_barred_rows_never_appear(
    bank: ExampleBank, data: st.DataObject
) -> None:
    allowed = np.array(data.draw(st.lists(st.booleans(), min_size=len(bank), max_size=len(bank))))
    may = {(text, score) for text, score, ok in zip(bank.texts, bank.scores.tolist(), allowed, strict=True) if ok}
    for text in (*bank.texts, " Cold  AIR\n", "something else"):
        for mask, rows in ((None, set(zip(bank.texts, bank.scores.tolist(), strict=True))), (allowed, may)):
            chosen = bank.pick_for(text, mask)
            assert plain(text) not in {plain(example.text) for example in chosen}
            assert {(example.text, example.point) for example in chosen} <= rows
            assert len({plain(example.text) for example in chosen}) == len(chosen) <= bank.shots
            assert chosen == bank.pick_for(text, mask)


@pytest.mark.parametrize("pick", PICKS)
@pytest.mark.parametrize(
    "hidden", ["cold\u200b air", "co\u00adld air", "Co\u200dld\u00a0air", "cold air\ufe0f", "\u2060cold \u200eair"]
)
def test_what_reads_the_same_is_the_same_answer(pick: Pick, hidden: str) -> None:
    """Another pupil's score of the very same words must not stand in the prompt."""
    bank = ExampleBank(["cold air", hidden, "glass", "vapour"], np.array([0, 0, 0, 1]), 2, 4, pick, 0)
    for text in ("cold air", hidden, "cold\u2064 air"):
        assert {example.text for example in bank.pick_for(text)} == {"glass", "vapour"}
    shown = [same_words(example.text) for example in bank.pick_for("drops")]
    assert sorted(shown) == ["cold air", "glass", "vapour"]


@given(banks(), st.data())
def test_no_usable_row_is_wasted(bank: ExampleBank, data: st.DataObject) -> None:
    """As many examples as wanted, or all different answers there are."""
    allowed = np.array(data.draw(st.lists(st.booleans(), min_size=len(bank), max_size=len(bank))))
    text = data.draw(st.sampled_from(bank.texts))
    different = {plain(other) for other, ok in zip(bank.texts, allowed, strict=True) if ok} - {plain(text)}
    assert len(bank.pick_for(text, allowed)) == min(bank.shots, len(different))


@pytest.mark.parametrize("pick", PICKS)
@pytest.mark.parametrize("shots", [1, 3, 7])
def test_a_rows_score_changes_no_example_of_its_own_prompt(pick: Pick, shots: int) -> None:
    """The score of a row reaches other rows' prompts at most; its copies by other pupils are barred with it."""
    rng = np.random.default_rng(0)
    texts = [" ".join(rng.choice(WORDS, size=3)) for _ in range(40)]
    scores = np.arange(40) % 3
    for row in range(0, 40, 7):
        other = scores.copy()
        same = [i for i in range(40) if plain(texts[i]) == plain(texts[row])]
        other[same] = (other[same] + 1) % 3
        before, after = (ExampleBank(texts, given, 3, shots, pick, 5).pick_for(texts[row]) for given in (scores, other))
        assert before == after


@pytest.mark.parametrize(("shots", "least", "most"), [(3, 1, 1), (7, 2, 3), (9, 3, 3), (2, 0, 1)])
def test_balance_shows_points_equally(shots: int, least: int, most: int) -> None:
    texts = [f"answer {i}" for i in range(90)]
    bank = ExampleBank(texts, np.repeat([0, 1, 2], [80, 5, 5]), 3, shots, "balance", seed=1)
    counts = spread_of(bank, "new")
    assert counts.sum() == shots
    assert least <= counts.min() <= counts.max() <= most


def test_balance_fills_up_when_a_point_runs_out() -> None:
    bank = ExampleBank([f"answer {i}" for i in range(20)], np.repeat([0, 1], [19, 1]), 2, 8, "balance", seed=0)
    assert spread_of(bank, "new").tolist() == [7, 1]


def test_balance_shows_every_answer_the_same_examples() -> None:
    texts = [f"answer {i}" for i in range(60)]
    bank = ExampleBank(texts, np.arange(60) % 3, 3, 6, "balance", seed=2)
    usual = bank.pick_for("new")
    assert all(bank.pick_for(text) == usual for text in ("other", "", "another one"))
    shown = usual[2].text
    instead = bank.pick_for(shown)
    assert [example.point for example in instead] == [example.point for example in usual]
    assert len(set(usual) - set(instead)) == 1
    assert ExampleBank(texts, np.arange(60) % 3, 3, 6, "balance", seed=3).pick_for("new") != usual


def test_similarity_shows_the_nearest_last_and_each_point_once() -> None:
    texts = ["cold glass makes drops", "cold glass drops", "cold glass", "it leaks", "magic water", "the cold air"]
    bank = ExampleBank(texts, np.array([2, 2, 1, 0, 0, 2]), 3, 4, "similarity", seed=0)
    chosen = bank.pick_for("cold glass has drops")
    assert [example.text for example in chosen[1:]] == ["cold glass", "cold glass makes drops", "cold glass drops"]
    assert chosen[0].point == 0  # nothing of that point is alike, and yet one is shown


def test_with_fewer_examples_than_points_they_are_of_different_points() -> None:
    texts = ["cold glass drops", "cold glass drip", "cold air", "it leaks"]
    bank = ExampleBank(texts, np.array([2, 2, 1, 0]), 3, 2, "similarity", seed=0)
    assert [example.text for example in bank.pick_for("Cold glass, drops!")] == ["cold air", "cold glass drops"]


@given(
    st.lists(st.tuples(st.sampled_from(WORDS), st.integers(0, 3)), max_size=20),
    st.integers(4, 9),
    st.sampled_from(PICKS),
    st.data(),
)
def test_every_point_is_shown_where_shots_and_rows_allow(
    rows: list[tuple[str, int]], shots: int, pick: Pick, data: st.DataObject
) -> None:
    rows += [("cold", point) for point in range(4)]
    texts = [f"{word} {place}" for place, (word, _) in enumerate(rows)]
    bank = ExampleBank(texts, np.array([point for _, point in rows]), 4, shots, pick, seed=0)
    allowed = np.array(data.draw(st.lists(st.booleans(), min_size=len(bank), max_size=len(bank))))
    shown = spread_of(bank, data.draw(st.sampled_from(WORDS)), allowed) > 0
    assert set(np.flatnonzero(shown).tolist()) == set(bank.scores[allowed].tolist())


@given(
    st.lists(st.lists(st.sampled_from(WORDS), max_size=6).map(" ".join), min_size=1, max_size=12),
    st.lists(st.sampled_from((*WORDS, "unknown")), max_size=6).map(" ".join),
)
def test_cosines_are_those_of_scikit_learn(texts: list[str], text: str) -> None:
    found = TfIdf(texts).cosines(text)
    if any(words(other) for other in texts):
        vectoriser = TfidfVectorizer(analyzer=words, sublinear_tf=True)
        reference = (vectoriser.fit_transform(texts) @ vectoriser.transform([text]).T).toarray()[:, 0]
        np.testing.assert_allclose(found, reference, atol=1e-12)
    else:
        assert found.tolist() == [0.0] * len(texts)


def test_a_point_without_training_answer_is_named_before_anything_is_asked() -> None:
    with pytest.raises(InputError, match=r"score point 3 .*0: 2, 1: 1, 2: 1, 3: 0.*--shots 0"):
        ExampleBank(["a", "b", "c", "d"], np.array([0, 0, 1, 2]), 4, 8, "balance", 0, names=("0", "1", "2", "3"))
    with pytest.raises(InputError, match="number 2 of 3, number 3 of 3"):
        ExampleBank(["a"], np.array([0]), 3, 1, "similarity", 0)
    assert ExampleBank(["a"], np.array([0]), 3, 0, "similarity", 0).pick_for("b") == ()


@pytest.mark.parametrize(
    ("texts", "scores", "says"),
    [
        (["a", "b"], [0], "2 example answers with 1 scores"),
        (["a", "b"], [0, -1], "index -1"),
        (["a", "b"], [0, 2], "index 2"),
    ],
)
def test_rows_that_do_not_fit(texts: list[str], scores: list[int], says: str) -> None:
    with pytest.raises(InputError, match=says):
        ExampleBank(texts, np.array(scores), 2, 1, "balance", 0)


def test_marks_of_another_bank_are_refused() -> None:
    bank = ExampleBank(["a", "b"], np.array([0, 1]), 2, 1, "balance", 0)
    with pytest.raises(InputError, match="3 marks for 2 example answers"):
        bank.pick_for("c", np.ones(3, dtype=bool))


def test_examples_need_no_heavy_library() -> None:
    code = "import sys, pocketscore.llm.teacher; print({'sklearn', 'torch', 'scipy', 'httpx'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
