"""What is compared with what, what is left out, and the JSON that comes of it."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from pocketscore.errors import InputError
from pocketscore.evaluation import (
    Evaluation,
    agreement,
    agreement_dict,
    evaluate,
    evaluation_dict,
    human_agreement,
)
from pocketscore.metrics import cohen_kappa, exact_agreement, qwk
from pocketscore.types import (
    MISSING,
    Agreement,
    Estimate,
    Floats,
    Ints,
    Item,
    Responses,
    Scale,
    Scores,
    Status,
)

SCALE = Scale.of(["0", "1", "3"])


def make_responses(scores: list[int], second: list[int] | None = None, scale: Scale = SCALE) -> Responses:
    n = len(scores)
    return Responses(
        Item("q1", scale),
        ids=tuple(f"r{i}" for i in range(n)),
        texts=("an answer",) * n,
        scores=np.array(scores, dtype=np.int64),
        second=np.array([MISSING] * n if second is None else second, dtype=np.int64),
    )


def make_scores(indices: list[int], status: list[Status] | None = None, scale: Scale = SCALE) -> Scores:
    """One-hot probabilities; a row of NaN, with status `empty`, where the index is MISSING."""
    probabilities: Floats = np.eye(len(scale))[indices]
    probabilities[np.array(indices) == MISSING] = np.nan
    plain = [Status.EMPTY if i == MISSING else Status.OK for i in indices]
    return Scores(scale, probabilities, tuple(status or plain))


def test_ordinal_metrics_come_in_order_and_use_the_values_of_the_scale() -> None:
    human, other = np.array([0, 1, 2, 2, 1, 0]), np.array([0, 2, 2, 1, 1, 1])
    found = agreement(human, other, SCALE)
    assert list(found.metrics) == ["accuracy", "adjacent_agreement", "qwk", "macro_f1", "kappa"]
    assert found.metrics["accuracy"].value == 0.5
    assert found.metrics["adjacent_agreement"].value == 1
    assert found.metrics["qwk"].value == float(qwk(found.confusion, np.array([0.0, 1.0, 3.0])))
    assert found.metrics["qwk"].value != float(qwk(found.confusion, np.array([0.0, 1.0, 2.0])))
    assert found.metrics["kappa"].value == float(cohen_kappa(found.confusion))
    assert found.confusion.tolist() == [[1, 1, 0], [0, 1, 1], [0, 1, 1]]


def test_nominal_metrics_have_no_distance_between_points() -> None:
    scale = Scale.of(["correct", "contradictory", "irrelevant"])
    found = agreement(np.array([0, 1, 2, 1]), np.array([0, 1, 1, 1]), scale)
    assert list(found.metrics) == ["accuracy", "macro_f1", "kappa"]


def test_rows_without_both_scores_are_left_out() -> None:
    human, other = np.array([0, 1, MISSING, 2, MISSING]), np.array([0, MISSING, 1, 1, MISSING])
    found, kept = agreement(human, other, SCALE), agreement(np.array([0, 2]), np.array([0, 1]), SCALE)
    assert found.n == 2
    assert found.metrics == kept.metrics
    assert found.confusion.tolist() == kept.confusion.tolist()


@pytest.mark.parametrize(("human", "other"), [([], []), ([MISSING, 1], [1, MISSING]), ([MISSING, MISSING], [0, 1])])
def test_no_row_with_both_scores_is_an_error(human: list[int], other: list[int]) -> None:
    with pytest.raises(InputError, match=r"no response has both scores.*give human scores"):
        agreement(np.array(human, dtype=np.int64), np.array(other, dtype=np.int64), SCALE)


def test_the_error_counts_the_scores_there_are() -> None:
    with pytest.raises(InputError, match="of 3, 2 have a human score and 1 the score to compare"):
        agreement(np.array([0, 1, MISSING]), np.array([MISSING, MISSING, 0]), SCALE)


def test_the_seed_moves_the_bounds_and_never_the_value() -> None:
    rng = np.random.default_rng(0)
    human: Ints = rng.integers(0, 3, 80)
    other: Ints = np.where(rng.random(80) < 0.7, human, rng.integers(0, 3, 80))
    first, same, another = (agreement(human, other, SCALE, seed) for seed in (1, 1, 2))
    assert first.metrics == same.metrics
    for name, estimate in first.metrics.items():
        assert estimate.low <= estimate.value <= estimate.high
        assert estimate.value == another.metrics[name].value
    assert first.metrics != another.metrics


def test_human_agreement_uses_the_double_scored_responses() -> None:
    found = human_agreement(make_responses([0, 1, 2, MISSING, 1], [0, 2, MISSING, 1, 1]))
    assert found is not None
    assert found.n == 3
    assert found.confusion.tolist() == [[1, 0, 0], [0, 1, 1], [0, 0, 0]]


@pytest.mark.parametrize("second", [None, [MISSING, MISSING, 1]])
def test_no_double_scored_response_gives_none(second: list[int] | None) -> None:
    assert human_agreement(make_responses([0, 1, MISSING], second)) is None


def example() -> Evaluation:
    """Eight responses: two not human-scored, two of the others not machine-scored, four compared."""
    responses = make_responses([0, 1, 2, 2, MISSING, 0, 1, MISSING], [0, 1, 1, MISSING, 0, MISSING, MISSING, MISSING])
    status = [
        Status.OK,
        Status.TRUNCATED,
        Status.OK,
        Status.UNFAMILIAR,
        Status.OK,
        Status.EMPTY,
        Status.NOT_TEXT,
        Status.EMPTY,
    ]
    return evaluate(responses, make_scores([0, 1, 1, 2, 0, MISSING, MISSING, MISSING], status))


def test_evaluate_counts_every_human_scored_response_once() -> None:
    found = example()
    assert (found.item, found.n, found.unscored, found.machine.n) == ("q1", 6, 2, 4)
    assert found.statuses == {"ok": 2, "empty": 1, "not_text": 1, "truncated": 1, "unfamiliar": 1}
    assert found.n == found.unscored + found.machine.n == sum(found.statuses.values())
    assert found.machine.confusion.tolist() == [[1, 0, 0], [0, 1, 0], [0, 1, 1]]
    assert found.human_human is not None
    assert found.human_human.confusion.tolist() == [[1, 0, 0], [0, 1, 0], [0, 1, 0]]
    assert found.scale == SCALE


def test_evaluate_hands_its_seed_to_both_agreements() -> None:
    rng = np.random.default_rng(0)
    human, second, machine = rng.integers(0, 3, (3, 80)).tolist()
    responses, scores = make_responses(human, second), make_scores(machine)
    first, another = evaluate(responses, scores, seed=1), evaluate(responses, scores, seed=2)
    assert first.machine.metrics == agreement(responses.scores, scores.indices, SCALE, seed=1).metrics
    assert first.machine.metrics != another.machine.metrics
    assert first.human_human is not None
    assert another.human_human is not None
    assert first.human_human.metrics == agreement(responses.scores, responses.second, SCALE, seed=1).metrics
    assert first.human_human.metrics != another.human_human.metrics


def test_without_a_second_rater_there_is_no_ceiling() -> None:
    assert evaluate(make_responses([0, 1]), make_scores([0, 1])).human_human is None


def test_other_lengths_and_scales_are_refused_with_both_named() -> None:
    with pytest.raises(InputError, match="item q1: 3 machine scores for 2 responses"):
        evaluate(make_responses([0, 1]), make_scores([0, 1, 2]))
    with pytest.raises(InputError, match=r"ordinal scale 0, 1, 3, the machine scores the ordinal scale 0, 1, 2"):
        evaluate(make_responses([0, 1]), make_scores([0, 1], scale=Scale.of(["0", "1", "2"])))


def test_a_machine_that_scored_nothing_is_an_error() -> None:
    with pytest.raises(InputError, match="of 2, 2 have a human score and 0 the score to compare"):
        evaluate(make_responses([0, 1]), make_scores([MISSING, MISSING]))


def test_evaluation_dict_is_json_in_a_fixed_order() -> None:
    found = evaluation_dict(example())
    text = json.dumps(found, allow_nan=False)
    assert json.loads(text) == found
    assert text == json.dumps(evaluation_dict(example()), allow_nan=False)
    assert list(found) == ["item", "scale", "n", "unscored", "statuses", "machine", "human_human", "validity"]
    assert found["scale"] == {"kind": "ordinal", "points": ["0", "1", "3"]}
    machine = found["machine"]
    assert isinstance(machine, dict)
    assert list(machine) == ["n", "metrics", "per_point_agreement", "confusion"]
    assert list(machine["metrics"]) == ["accuracy", "adjacent_agreement", "qwk", "macro_f1", "kappa"]
    assert machine["metrics"]["accuracy"]["value"] == 0.75
    assert machine["per_point_agreement"] == {"0": 1.0, "1": 1.0, "3": 0.5}
    assert machine["confusion"] == [[1, 0, 0], [0, 1, 0], [0, 1, 1]]


def test_evaluation_dict_without_second_rater() -> None:
    assert evaluation_dict(replace(example(), human_human=None))["human_human"] is None


def test_undefined_is_none_and_numbers_are_rounded() -> None:
    metrics = {"kappa": Estimate(np.nan, np.nan, np.nan), "qwk": Estimate(-1e-9, -1 / 3, 2 / 3)}
    found = agreement_dict(Agreement(3, metrics, np.array([[1, 2], [0, 0]])), Scale.of(["0", "1"]))
    assert found["metrics"] == {
        "kappa": {"value": None, "low": None, "high": None},
        "qwk": {"value": 0.0, "low": -0.333333, "high": 0.666667},
    }
    assert "-0.0," not in json.dumps(found)
    assert found["per_point_agreement"] == {"0": 0.333333, "1": None}


def test_accuracy_is_the_exact_agreement_of_the_confusion() -> None:
    found = example().machine
    assert found.metrics["accuracy"].value == float(exact_agreement(found.confusion))
