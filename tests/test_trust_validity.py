"""All evidence in one place: complete where it can be, with reasons where it cannot, never a stop."""

from __future__ import annotations

import json
import warnings
from dataclasses import replace

import numpy as np
import pytest

from pocketscore.metrics import confusion, qwk
from pocketscore.text import Vocabulary
from pocketscore.trust.validity import validity, validity_dict
from pocketscore.types import MISSING, Item, Reason, Responses, Scale, Scores, Status

SCALE = Scale.of(["0", "1", "2"])
VOCABULARY = Vocabulary(("cold", "air"))


def case(n: int = 80) -> tuple[Responses, Scores]:
    """Answers with a second rater and a group, and a scorer that is mostly right."""
    rng = np.random.default_rng(1)
    human = rng.integers(0, 3, n)
    second = np.where(rng.random(n) < 0.1, (human + 1) % 3, human)
    p = np.eye(3)[human] * 1.5 + rng.random((n, 3))
    groups = {"group_language": tuple("first" if i % 3 else "additional" for i in range(n))}
    ids = tuple(map(str, range(n)))
    responses = Responses(Item("1", SCALE), ids, ("cold wet air",) * n, human, second, None, groups)
    return responses, Scores(SCALE, p / p.sum(axis=1, keepdims=True), (Status.OK,) * n)


def test_the_parts_speak_of_the_same_answers() -> None:
    responses, scores = case()
    teacher = responses.scores.copy()
    found = validity(responses, scores, teacher, VOCABULARY)
    counts = confusion(responses.scores, scores.indices, 3)
    assert found.n == counts.sum() == found.reliability.n
    assert found.numbers is not None
    assert found.numbers.reported.metrics["qwk_continuous"].value == pytest.approx(float(qwk(counts, SCALE.values)))
    assert [one.n for one in found.points["student"]] == counts.sum(axis=1).tolist()
    assert set(found.points) == {"student", "teacher", "second"}
    assert found.triangle is not None
    assert found.triangle.overall.n == found.n
    assert sum(group.n for group in found.groups[0].groups) == found.n
    assert set(found.groups[0].groups[0].raters) == {"student", "teacher", "second"}
    assert found.missing == ()
    assert found.curve[0].outcome.alone == found.n
    as_dict = validity_dict(found)
    assert json.loads(json.dumps(as_dict, allow_nan=False)) == as_dict


def changed(name: str) -> tuple[Responses, Scores]:
    """The same with something missing or odd."""
    responses, scores = case()
    n = len(responses)
    nominal = Scale.of(["right", "partly", "wrong"])
    cases = {
        "no second rater": (replace(responses, second=np.full(n, MISSING)), scores),
        "all human scores equal": (replace(responses, scores=np.zeros(n, dtype=np.int64)), scores),
        "all machine scores equal": (responses, replace(scores, probabilities=np.tile([0.8, 0.1, 0.1], (n, 1)))),
        "a group of one": (replace(responses, groups={"group_x": ("alone", *("others",) * (n - 1))}), scores),
        "no labels": (replace(responses, groups={"group_x": ("",) * n}), scores),
        "no groups": (replace(responses, groups={}), scores),
        "nothing scored": (responses, Scores(SCALE, np.full((n, 3), np.nan), (Status.EMPTY,) * n)),
        "one answer": (responses.take(np.array([0])), Scores(SCALE, scores.probabilities[:1], (Status.OK,))),
        "nominal": (
            replace(responses, item=Item("1", nominal)), Scores(nominal, scores.probabilities, scores.status)
        ),
    }  # fmt: skip
    return cases[name]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("no second rater", "Degradation against a second rater"),
        ("all human scores equal", "all human scores are equal"),
        ("all machine scores equal", "all machine scores are equal"),
        ("a group of one", "only one group, 'others'"),
        ("no labels", "no scored response has a label"),
        ("no groups", "no group was examined"),
        ("nothing scored", "no response has both"),
        ("one answer", "PRMSE"),
        ("nominal", "need an ordinal scale"),
    ],
)
def test_what_cannot_be_computed_says_why(name: str, words: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = validity(*changed(name), None, VOCABULARY)
    assert words in " ".join(found.missing), found.missing
    as_dict = validity_dict(found)
    json.dumps(as_dict, allow_nan=False)
    assert "nan" not in " ".join(found.missing)
    for flag in found.flags:
        assert bool(flag.reason) != bool(np.isfinite(flag.estimate.value))


def test_a_group_of_one_is_named_as_not_examined() -> None:
    found = validity(*changed("a group of one"))
    (left_out,) = found.groups[0].not_examined
    assert (left_out.label, left_out.n) == ("alone", 1)
    assert "at least 10" in left_out.reason


def test_referred_answers_are_counted_by_reason_and_leave_the_curve() -> None:
    responses, scores = case()
    refer = (Reason.GIBBERISH, Reason.GIBBERISH, Reason.LOW_CERTAINTY, *(None,) * 77)
    found = validity(responses, replace(scores, refer=refer))
    assert found.referred == {"gibberish": 2, "low_certainty": 1}
    assert found.curve[0].outcome.n == 78
