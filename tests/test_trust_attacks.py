"""The gaming suite, on scorers whose weakness is known."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import cohen_kappa_score

from conftest import make_scorer

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import gaming as benchmark

from pocketscore.errors import InputError
from pocketscore.text import words
from pocketscore.trust import attacked
from pocketscore.trust.attack_texts import LESSONS, SUITE, Bank
from pocketscore.trust.attacks import ATTACKS, Aim
from pocketscore.trust.gaming import MOST, AttackResult, GamingReport, gaming, gaming_dict
from pocketscore.trust.triggers import search
from pocketscore.trust.victim import NOBODY, Answers, Attempted, Victim, attempted, steps_of, victim
from pocketscore.types import MISSING, Item, Reason, Responses, Scale, Scores, Status

VOCABULARY = ("air", "cold", "the", "glass", "condenses", "water", "it", "is", "leaks", "warm")
QUESTION = "Why do drops form on a cold glass? Explain where the water comes from."
RUBRIC = "Two points for water vapour in the air that turns liquid. One point for naming the air."

Rule = Callable[[list[str]], int]


def made_by(rule: Rule, caught: Callable[[str], bool] = lambda _: False, steps: int = 3) -> Victim:
    """A scorer that follows a rule on the words of a text; the expected score is the score itself."""

    def score(texts: Sequence[str]) -> Attempted:
        found = np.array([rule(words(text)) for text in texts], dtype=np.int64)
        return Attempted(found, found.astype(float), np.array([caught(text) for text in texts], dtype=bool))

    return Victim("cold-glass", steps, score, VOCABULARY, QUESTION, RUBRIC)


def counts_one_word(found: list[str]) -> int:
    return 2 if "condenses" in found else 0


def answers(n: int = 60) -> Answers:
    """A third with the telling word, which people gave 2, a third with 1 and a third with 0."""
    texts = [
        (f"it leaks {i}", f"the air is cold and it is warm {i}", f"the air is cold, it condenses on the glass {i}")[
            i % 3
        ]
        for i in range(n)
    ]
    return Answers(tuple(texts), np.arange(n) % 3)


def by_name(report: GamingReport) -> dict[str, AttackResult]:
    return {result.name: result for result in report.results}


@pytest.mark.parametrize("given_answers", [answers(), NOBODY])
def test_a_scorer_that_counts_one_word_is_beaten_by_lists_and_triggers(given_answers: Answers) -> None:
    found = by_name(gaming(made_by(counts_one_word), given_answers))
    for name in ("keyword_list", "triggers"):
        assert found[name].rate.value == 1, name
        assert found[name].successes == found[name].tried > 0
        assert found[name].rise == 2
    assert "condenses" in found["triggers"].note
    assert found["gibberish"].rate.value == found["off_topic"].rate.value == found["injection"].rate.value == 0
    if given_answers is not NOBODY:
        assert found["keyword_stuffing"].rate.value == 1
        assert found["repetition"].successes == found["padding"].successes == 0
        assert found["shuffled_words"].rate.value == 1, "who counts one word does not see the order"


def test_a_trigger_is_found_on_answers_that_it_is_not_tried_on() -> None:
    calls: list[Sequence[str]] = []

    def score(texts: Sequence[str]) -> Attempted:
        calls.append(texts)
        found = np.array([counts_one_word(words(text)) for text in texts])
        return Attempted(found, found.astype(float), np.zeros(len(texts), dtype=bool))

    spy = replace(made_by(counts_one_word), score=score)
    only = tuple(attack for attack in ATTACKS if attack.name == "triggers")
    given_answers = answers()
    report = gaming(spy, given_answers, attacks=only)
    tried = report.results[0].tried
    low = [text for text, step in zip(given_answers.texts, given_answers.steps, strict=True) if step == 0]
    answers_in = [
        {answer for answer in low for text in texts if text == answer or text.startswith(f"{answer} ")}
        for texts in calls
    ]
    searched: set[str] = set().union(*answers_in[1:-1])  # the first call asks what the scorer gave before
    assert len(answers_in[-1]) == tried > 0
    assert searched
    assert not answers_in[-1] & searched


@pytest.mark.parametrize("point", [0, 1, 2])
def test_a_constant_scorer_is_never_raised(point: int) -> None:
    """It gives what it gives; only texts that deserve the lowest point get more where the constant is more."""
    found = gaming(made_by(lambda _: point), answers())
    for result in found.results:
        if result.aim is Aim.RAISE:
            assert result.successes == 0, result.name
            assert result.rise == 0
        if result.aim is Aim.FOOL:
            assert result.rate.value == (point > 0), result.name
    unnoticed = {result.name for result in found.results if result.aim is Aim.UNNOTICED}
    assert unnoticed == ({"shuffled_words", "negation"} if point == 2 else set())
    assert found.low == 20


def test_a_score_above_the_human_one_that_was_there_before_is_no_success() -> None:
    """The scorer gives 1 to everything and 2 to what is long: only what rises counts."""
    found = by_name(gaming(made_by(lambda text: 1 + (len(text) > 8)), answers()))
    assert found["repetition"].rate.value == 1  # 3 words become 9
    assert found["repetition"].rise == 1
    assert found["added_injection"].rate.value > 0
    never_short = by_name(gaming(made_by(lambda text: 1 + (len(text) > 2)), answers()))
    assert never_short["repetition"].successes == never_short["padding"].successes == 0


def test_what_goes_to_people_is_no_success_and_is_counted_apart() -> None:
    alone = by_name(gaming(made_by(counts_one_word), answers()))
    careful = by_name(gaming(made_by(counts_one_word, caught=lambda text: "condenses" in text), answers()))
    for name in ("keyword_list", "keyword_stuffing", "shuffled_words"):
        assert (alone[name].caught, careful[name].caught) == (0, alone[name].tried), name
        assert careful[name].successes == 0
    assert careful["triggers"].successes == 0
    assert careful["triggers"].note.endswith("no word raises anything"), "being caught is worth nothing"
    unscored = by_name(gaming(made_by(lambda _: MISSING, caught=lambda _: True), answers()))
    assert all(result.successes == 0 and result.caught == result.tried for result in unscored.values())
    assert np.isnan(unscored["gibberish"].rise)


@pytest.mark.parametrize("k", [0, 7, 20])
def test_intervals_are_those_of_scipy(k: int) -> None:
    given_answers = answers()
    low = [text for text, step in zip(given_answers.texts, given_answers.steps, strict=True) if step == 0]
    weak = {f"{text} {text} {text}" for text in low[:k]}
    beaten = replace(made_by(counts_one_word), score=lambda texts: Attempted(
        np.array([2 * (text in weak) for text in texts]), np.zeros(len(texts)), np.zeros(len(texts), dtype=bool)
    ))  # fmt: skip
    rate = by_name(gaming(beaten, given_answers))["repetition"].rate
    expected = binomtest(k, 20).proportion_ci(0.95, method="exact")
    assert (rate.value, rate.low, rate.high) == pytest.approx((k / 20, expected.low, expected.high), abs=1e-9)


def test_the_same_seed_gives_the_same_report_and_another_one_other_texts() -> None:
    shaky = made_by(lambda text: sum(map(len, text)) % 3)
    first, again, other = (gaming_dict(gaming(shaky, answers(), seed)) for seed in (3, 3, 4))
    assert first == again
    assert first["attacks"] != other["attacks"]


def test_attacks_do_not_depend_on_those_before_them() -> None:
    shaky = made_by(lambda text: sum(map(len, text)) % 3)
    whole = by_name(gaming(shaky, answers()))
    for attack in ATTACKS:
        alone = gaming(shaky, answers(), attacks=(attack,)).results
        assert alone == tuple(result for result in whole.values() if result.name == attack.name)


def test_a_report_is_json_with_everything_in_it() -> None:
    report = gaming(made_by(counts_one_word), answers(), seed=5)
    found = json.loads(json.dumps(gaming_dict(report), allow_nan=False))
    assert list(found) == ["item", "steps", "low", "high", "seed", "attacks", "not_tried"]
    assert (found["item"], found["steps"], found["low"], found["high"], found["seed"]) == ("cold-glass", 3, 20, 20, 5)
    assert {one["name"] for one in found["attacks"]} | {one["name"] for one in found["not_tried"]} == {
        attack.name for attack in ATTACKS
    }
    unscored = gaming_dict(gaming(made_by(lambda _: MISSING), NOBODY))
    assert all(one["rise"] is None for one in unscored["attacks"])  # type: ignore[attr-defined]


def test_what_could_not_be_tried_is_said() -> None:
    bare = replace(made_by(counts_one_word), vocabulary=(), question="", rubric="")
    reasons = {one.name: one.reason for one in gaming(bare, NOBODY).not_tried}
    assert set(reasons) == {attack.name for attack in ATTACKS} - {"injection", "gibberish", "off_topic", "empty_ish"}
    assert "question" in reasons["copied_question"]
    assert "rubric" in reasons["copied_rubric"]
    assert "below the middle" in reasons["padding"]
    assert "above the middle" in reasons["shuffled_words"]
    only_high = Answers(("the air condenses here",) * 5, np.full(5, 2))
    reasons = {one.name: one.reason for one in gaming(made_by(counts_one_word), only_high).not_tried}
    assert {"keyword_stuffing", "repetition", "padding", "added_injection"} <= set(reasons)
    assert "triggers" not in reasons, "nonsense of our own stands in"


@pytest.mark.parametrize("n", [1, 2, 3])
def test_few_answers_and_few_words(n: int) -> None:
    tiny = replace(made_by(counts_one_word), vocabulary=("condenses", "air", "."))
    found = by_name(gaming(tiny, Answers(answers().texts[:n], answers().steps[:n])))
    assert found["keyword_list"].rate.value == 1
    assert found["keyword_list"].tried <= 3, "two words have two orders"
    assert found["triggers"].rate.value == 1
    assert found["repetition"].rate.high == pytest.approx(binomtest(0, 1).proportion_ci(method="exact").high)


def test_many_answers_are_drawn_from() -> None:
    many = answers(3 * MOST + 300)
    report = gaming(made_by(counts_one_word), many, attacks=ATTACKS[5:6])
    assert (report.low, report.high) == (MOST, MOST)


def test_negations_are_only_flipped_in_english() -> None:
    high = np.full(4, 2)
    german = Answers(tuple(f"der Dampf condenses ist kalt und wird Wasser {i}" for i in range(4)), high)
    reasons = {one.name: one.reason for one in gaming(made_by(counts_one_word), german).not_tried}
    assert "not applicable" in reasons["negation"]
    no_verb = Answers(tuple(f"the air condenses {i}" for i in range(4)), high)
    reasons = {one.name: one.reason for one in gaming(made_by(counts_one_word), no_verb).not_tried}
    assert "no answer has a verb" in reasons["negation"]


@pytest.mark.parametrize(
    ("text", "flipped"),
    [
        ("It is cold", "it is not cold"),
        ("It is not cold", "it is cold"),
        ("It isn’t cold", "it is cold"),
        ("It cannot leak and will never drip", "it can leak and will drip"),
        ("drops on glass", "drops on glass"),
        ("", ""),
    ],
)
def test_negations(text: str, flipped: str) -> None:
    assert attacked.negated(text) == flipped


TEXT = st.lists(st.sampled_from(VOCABULARY), max_size=12).map(" ".join)


@given(TEXT, st.integers(0, 5))
def test_changed_answers_keep_their_words(text: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    assert sorted(words(attacked.shuffled(text, rng))) == sorted(words(text))
    assert sorted(words(attacked.jumbled(text, rng))) == sorted(words(text))
    assert words(attacked.repeated(text)) == words(text) * 3
    assert " ".join(words(text)) in " ".join(words(attacked.filled(text, SUITE, rng)))
    if len(words(text)) < 4:
        assert attacked.shuffled(text, rng) == text


@given(st.integers(0, 20), st.integers(0, 50))
def test_texts_of_our_own_are_different_and_repeatable(seed: int, n: int) -> None:
    for make in (attacked.off_topic, attacked.injections):
        made = make(SUITE, n, np.random.default_rng(seed))
        assert made == make(SUITE, n, np.random.default_rng(seed))
        assert len(set(made)) == len(made) == n
        assert all(map(words, made))
    assert attacked.gibberish(n, np.random.default_rng(seed)) == attacked.gibberish(n, np.random.default_rng(seed))


def test_what_is_trained_on_is_never_attacked_with() -> None:
    def sentences(bank: Bank) -> set[str]:
        return {text for story in bank.topics for text in story} | set(bank.fillers) | set(bank.commands)

    assert not sentences(SUITE) & sentences(LESSONS)
    for part in ("openers", "closers", "blanks"):
        assert not set(getattr(SUITE, part)) & set(getattr(LESSONS, part)) - {""}


def test_telling_words_are_those_of_a_logistic_regression() -> None:
    """One word at a time: log-odds over standard error, against a fit by scikit-learn on the same table."""
    rng = np.random.default_rng(0)
    good = rng.random(300) < 0.4
    share = {"air": (0.9, 0.2), "cold": (0.6, 0.5), "glass": (0.3, 0.3), "it": (0.1, 0.5)}
    texts = [
        " ".join(word for word, (high, low) in share.items() if rng.random() < (high if marked else low)) or "x"
        for marked in good
    ]
    found = attacked.telling(texts, good.tolist(), ["it", "glass", "cold", "air"])
    assert found[0] == "air"
    assert "it" not in found
    slopes = {}
    for word in share:
        has = np.array([[word in words(text)] for text in texts])
        slopes[word] = LogisticRegression(C=1e9).fit(has, good).coef_[0, 0]
    assert set(found) == {word for word, slope in slopes.items() if slope > 0}
    assert attacked.telling(texts, [True] * 300, list(share)) == ()


def test_the_search_finds_words_that_only_work_together() -> None:
    """'cold' and 'air' alone give a little, both in this order give all; 'warm' alone gives most alone."""

    def worth(texts: Sequence[str]) -> np.ndarray:
        weak = {"warm": 0.9, "cold": 0.5, "air": 0.5}
        best = [max([weak.get(word, 0.0) for word in text.split()]) for text in texts]
        return np.array([2.0 if " cold air" in text else one for text, one in zip(texts, best, strict=True)])

    found = search(worth, ["it leaks", "no"], VOCABULARY)
    assert found.worth == 2
    assert found.appended("it leaks").startswith("it leaks ")
    assert " cold air" in found.appended("it leaks")
    assert search(worth, ["it leaks"], VOCABULARY, length=1).words == ("warm",)
    assert search(worth, ["it leaks"], (), length=4).words == ()
    assert search(lambda texts: np.full(len(texts), np.nan), ["it leaks"], VOCABULARY).words == ()


def test_steps_and_statuses_of_a_real_scorer() -> None:
    scale = Scale.of(["1", "3", "4"])
    p = np.array([[0.1, 0.2, 0.7], [np.nan] * 3, [1.0, 0.0, 0.0]])
    scores = Scores(scale, p, (Status.OK, Status.EMPTY, Status.OK), refer=(None, Reason.EMPTY, Reason.LOW_CERTAINTY))
    found = attempted(scores)
    assert found.indices.tolist() == [2, MISSING, 0]
    assert found.expected[[0, 2]].tolist() == pytest.approx([2.5, 0])
    assert found.caught.tolist() == [False, True, True]
    nominal = Scores(Scale.of(["right", "wrong"]), np.array([[0.7, 0.3]]), (Status.OK,))
    assert attempted(nominal, "right").indices.tolist() == [1]
    assert attempted(nominal, "right").expected.tolist() == [0.7]
    assert victim(make_scorer(points=("right", "wrong")), "right").steps == 2


@pytest.mark.parametrize(
    ("scale", "right", "problem"),
    [
        (Scale.of(["right", "wrong"]), None, "no class is higher"),
        (Scale.of(["right", "wrong"]), "great", "not on the scale"),
        (Scale.of(["0", "1"]), "1", "is ordinal"),
    ],
)
def test_scales_without_a_direction(scale: Scale, right: str | None, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        steps_of(np.array([0]), scale, right)
    with pytest.raises(InputError, match="4 answers with 3 human scores"):
        Answers(("a",) * 4, np.zeros(3, dtype=np.int64))


def test_a_real_scorer_is_attacked_repeatably() -> None:
    scorer = replace(make_scorer(), question=QUESTION)
    first, again = (gaming(victim(scorer), answers(), seed=1) for _ in range(2))
    assert gaming_dict(first) == gaming_dict(again)
    assert {one.name for one in first.not_tried} >= {"copied_rubric"}
    before = victim(scorer).score(answers().texts)
    high = ((before.indices == 2) & (answers().steps == 2)).sum()
    assert first.high == high


def test_the_benchmark_adds_up_what_it_measured() -> None:
    """Two items with made-up scores: QWK against scikit-learn, pooled counts by hand, no difference to itself."""
    rng = np.random.default_rng(0)
    human = [rng.integers(0, 3, size=50) for _ in range(2)]
    tests = [
        Responses(Item(f"q{i}", Scale.of(["0", "1", "2"])), *(tuple(map(str, range(50))),) * 2, scores, np.full(50, -1))
        for i, scores in enumerate(human)
    ]
    said = {arm: [np.where(rng.random(50) < 0.7, scores, 0) for scores in human] for arm in benchmark.ARMS}
    reports = [gaming_dict(gaming(made_by(counts_one_word), answers(30 * i))) for i in (1, 2)]
    runs = [
        {
            arm: benchmark.Run(
                make_scorer(), said[arm][i],
                {"alone": reports[i], "screened": reports[i], "test_answers_referred": i,
                 "jumbled_answers_that_lose": {"answers": 1, "tried": 5, "lost": i}},
            )
            for arm in benchmark.ARMS
        }
        for i in range(2)
    ]  # fmt: skip
    found: Any = json.loads(json.dumps(benchmark.summary(tests, runs, 0), allow_nan=False))["all_items"]
    for arm, one in found.items():
        expected = np.mean(
            [cohen_kappa_score(h, s, weights="quadratic") for h, s in zip(human, said[arm], strict=True)]
        )
        assert one["qwk"]["test"]["value"] == pytest.approx(expected, abs=1e-4)
        assert one["alone"]["repetition"]["tried"] == 10 + 20
        assert one["alone"]["keyword_list"]["rate"]["value"] == 1
        assert one["jumbled_answers_that_lose"] == {"tried": 10, "lost": 1, "share": 0.1}
        assert one["test_answers_referred"] == 1
    assert found["plain"]["qwk"]["difference_to_plain"] == {"value": 0, "low": 0, "high": 0}
    assert "| keyword list | " in benchmark.markdown({"all_items": found})


def test_jumbled_answers_lose_points_only_where_order_counts() -> None:
    texts = tuple(f"{text} {i}" for i, text in enumerate(["the cold air condenses on the glass"] * 6))
    data = Responses(Item("x", Scale.of(["0", "1", "2"])), texts, texts, np.full(6, 2), np.full(6, -1))

    class Ordered:
        scale = data.item.scale

        def __init__(self, *, strict: bool) -> None:
            self.strict = strict

        def score(self, given_texts: Sequence[str]) -> Scores:
            right = [not self.strict or "cold air condenses on" in text for text in given_texts]
            return Scores(self.scale, np.eye(3)[[2 * one for one in right]], (Status.OK,) * len(right))

    found = benchmark.losing(Ordered(strict=True), data, 0)  # type: ignore[arg-type]
    assert (found["answers"], found["tried"]) == (6, 6 * benchmark.JUMBLES)
    assert 0 < found["lost"] <= found["tried"]
    assert benchmark.losing(Ordered(strict=False), data, 0)["lost"] == 0  # type: ignore[arg-type]
