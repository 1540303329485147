"""Thresholds for scorers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from conftest import WORDS, make_scorer
from pocketscore.errors import InputError
from pocketscore.referral import Evidence, apart, check_asked, with_promise, wrong_at_most
from pocketscore.student import Scorer
from pocketscore.trust.deferral import promise_dict
from pocketscore.types import MISSING, Item, Part, Reason, Responses


def answers(scorer: Scorer, n: int, seed: int, wrong: float) -> Responses:
    """Answers whose human score is the scorer's own but for a share, wrong where it is least sure."""
    rng = np.random.default_rng(seed)
    texts = tuple(" ".join(rng.choice(WORDS, size=rng.integers(2, 12))) for _ in range(n))
    scores = scorer.score(texts)
    unsure = scores.confidence < np.quantile(scores.confidence, wrong)
    human = np.where(unsure, (scores.indices + 1) % 3, scores.indices)
    ids = tuple(f"{seed}-{i}" for i in range(n))
    second = np.where(np.arange(n) % 5 == 0, (human + 1) % 3, human)
    return Responses(Item(scorer.item, scorer.scale), ids, texts, human, second)


@pytest.mark.parametrize(
    ("text", "share"),
    [
        ("5%", 0.05),
        ("0.05", 0.05),
        (" 12.5 % ", 0.125),
        ("Second-Rater", "second-rater"),
        ("second rater", "second-rater"),
    ],
)
def test_what_a_user_writes(text: str, share: float | str) -> None:
    assert wrong_at_most(text) == share


@pytest.mark.parametrize("text", ["", "five", "0", "100%", "5", "nan", "-1%"])
def test_what_is_no_share(text: str) -> None:
    with pytest.raises(InputError, match="no share"):
        wrong_at_most(text)


def test_a_threshold_that_keeps_its_promise_travels_with_the_scorer() -> None:
    scorer = make_scorer()
    new = answers(scorer, 500, 1, wrong=0.4)
    finished, promise = with_promise(scorer, 0.05, apart(new, 0))
    assert promise.threshold is not None
    assert finished.deferral is not None
    assert finished.deferral.threshold == promise.threshold
    assert finished.deferral.target["wrong_at_most"] == 0.05
    scores = finished.score(new.texts)
    alone = np.array([reason is None for reason in scores.refer])
    assert 0.3 < alone.mean() < 0.8
    assert (scores.indices != new.scores)[alone].mean() < 0.1
    assert {reason for reason in scores.refer if reason} == {Reason.LOW_CERTAINTY}


def test_where_nothing_can_be_promised_all_go_to_people() -> None:
    scorer = make_scorer()
    finished, promise = with_promise(scorer, 0.05, apart(answers(scorer, 40, 1, wrong=0.4), 0))
    assert promise.threshold is None
    assert "too few" in promise.reason
    assert set(finished.score(["the cold air", "water"]).refer) == {Reason.LOW_CERTAINTY}


def test_as_a_second_rater() -> None:
    scorer = make_scorer()
    double, held_out = answers(scorer, 400, 1, 0.2), answers(scorer, 400, 2, 0.2)
    _, promise = with_promise(scorer, "second-rater", Evidence(double, held_out, double))
    assert promise.target.kind == "second rater"
    assert 0.1 < promise.target.wrong_at_most < 0.2  # the lower bound of a fifth
    assert promise.threshold is not None


def test_no_second_rater_is_told_before_anything_is_trained() -> None:
    single = answers(make_scorer(), 50, 1, 0.2)
    alone = Responses(single.item, single.ids, single.texts, single.scores, np.full(50, MISSING))
    parts = (Part.TRAIN,) * 25 + (Part.TEST,) * 25
    late = np.where(np.arange(50) < 25, MISSING, single.second)  # double scores in the test part alone
    for without in (replace(alone, parts=parts), replace(single, parts=parts, second=late)):
        with pytest.raises(InputError, match="no second rater sets a mark"):
            check_asked("second-rater", without)
        check_asked(0.05, without)
        check_asked(None, without)
    check_asked("second-rater", replace(single, parts=parts))


def test_the_certificate_holds_the_promise_that_the_file_keeps() -> None:
    old: dict[str, object] = {
        "preset": "pocket",
        "evidence": {"purpose": "x", "promise": None, "promise_on_test": {"n": 3}},
    }
    finished, promise = with_promise(
        replace(make_scorer(), card=old), 0.05, apart(answers(make_scorer(), 500, 1, 0.4), 0)
    )
    assert finished.card == {
        "preset": "pocket",
        "evidence": {"purpose": "x", "promise": promise_dict(promise), "promise_on_test": None},
    }


def test_guide_and_held_out_share_no_answer() -> None:
    new = answers(make_scorer(), 101, 1, 0.2)
    found = apart(new, 3)
    assert len(found.guide) == 25
    assert sorted(found.guide.ids + found.held_out.ids) == sorted(new.ids)
    assert apart(new, 3).guide.ids == found.guide.ids
    assert apart(new, 4).guide.ids != found.guide.ids
