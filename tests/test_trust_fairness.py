"""Fairness by group: RSMTool's numbers, planted biases, and what cannot be computed."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.stats as ss
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks import fairness as benchmark  # noqa: E402

from pocketscore.errors import InputError  # noqa: E402
from pocketscore.trust.conventions import Verdict  # noqa: E402
from pocketscore.trust.fairness import GroupColumn, fairness, fairness_dict  # noqa: E402
from pocketscore.trust.fairness_group import Group  # noqa: E402
from pocketscore.trust.group_bias import bias_test, holm, judge  # noqa: E402
from pocketscore.trust.group_raters import DistillationEffect, RaterInGroup  # noqa: E402
from pocketscore.trust.regression import GroupEffect, group_regressions  # noqa: E402
from pocketscore.types import Estimate, Floats  # noqa: E402

GOLDEN = json.loads((Path(__file__).parent / "golden" / "rsmtool_fairness.json").read_text(encoding="utf-8"))["data"]
quick = settings(max_examples=60, deadline=None)
UNDETERMINED, PASS, FAIL = Verdict.UNDETERMINED, Verdict.PASS, Verdict.FAIL


def ratings(n: int, seed: int, *, agree: float = 0.7) -> tuple[Floats, Floats]:
    """Human scores 0..3, and scores that mostly equal them."""
    rng = np.random.default_rng(seed)
    human = rng.integers(0, 4, n).astype(np.float64)
    other = np.where(rng.random(n) < agree, human, np.clip(human + rng.choice([-1, 1], n), 0, 3))
    return human, other


def labelled(*sizes: tuple[str, int]) -> list[str]:
    return [label for label, size in sizes for _ in range(size)]


def only(
    human: Floats, student: Floats, labels: Sequence[str], resamples: int = 200, confidence: Floats | None = None
) -> GroupColumn:
    (column,) = fairness(human, {"student": student}, {"g": labels}, resamples=resamples, confidence=confidence)
    return column


def group(column: GroupColumn, label: str) -> Group:
    return next(found for found in column.groups if found.label == label)


# Against RSMTool


@pytest.mark.parametrize("name", GOLDEN)
def test_dsm_qwk_and_regressions_equal_rsmtool(name: str) -> None:
    data = GOLDEN[name]
    reference = data["rsmtool"]
    column = only(np.array(data["human"]), np.array(data["machine"]), data["groups"])
    assert {found.label: found.dsm.value for found in column.groups} == pytest.approx(reference["dsm"], abs=1e-9)
    assert {found.label: found.qwk.value for found in column.groups} == pytest.approx(reference["qwk"], abs=1e-9)
    assert column.regressions.base == reference["base"]
    for effect, expected in reference["effects"].items():
        found = column.regressions.effects[effect]
        assert (found.r2, found.p) == pytest.approx((expected["r2"], expected["p"]), abs=1e-9)
        mine = [[one.estimate.value, one.p, one.estimate.low, one.estimate.high] for one in found.coefficients]
        assert np.array(mine) == pytest.approx(np.array(expected["coefficients"]), abs=1e-9)


# Against scipy, scikit-learn and the definitions


def test_numbers_of_a_group_equal_their_definitions() -> None:
    human, student = ratings(300, 0)
    labels = labelled(("a", 180), ("b", 120))
    confidence = np.random.default_rng(1).uniform(0.4, 1, 300)
    found = group(only(human, student, labels, confidence=confidence), "b")
    inside = np.array(labels) == "b"
    z = (student - student.mean()) / student.std(ddof=1) - (human - human.mean()) / human.std(ddof=1)
    right = human == student
    kappas = [cohen_kappa_score(human[r], student[r], weights="quadratic") for r in (inside, ~inside)]
    assert (found.n, found.share) == (120, 0.4)
    expected = {
        "mean_human": human[inside].mean(),
        "mean_machine": student[inside].mean(),
        "mean_error": (student - human)[inside].mean(),
        "dsm": z[inside].mean(),
        "exact_agreement": right[inside].mean(),
        "exact_difference": right[inside].mean() - right[~inside].mean(),
        "qwk": kappas[0],
        "qwk_difference": kappas[0] - kappas[1],
        "confidence_gap": (confidence - right)[inside].mean(),
    }
    assert {name: getattr(found, name).value for name in expected} == pytest.approx(expected, abs=1e-12)
    assert found.p == pytest.approx(ss.ttest_ind(z[inside], z[~inside], equal_var=False).pvalue, rel=1e-9)
    assert not found.reasons or set(found.reasons) == {"verdict"}


def test_intervals_agree_with_the_bootstrap_of_scipy() -> None:
    human, student = ratings(200, 3)
    found = group(only(human, student, labelled(("a", 120), ("b", 80)), resamples=4000), "b")
    pairs = np.stack([human, student])[:, 120:]

    def mean_error(h: Floats, s: Floats, axis: int) -> Floats:
        return np.asarray((s - h).mean(axis=axis))

    reference = ss.bootstrap(
        tuple(pairs), mean_error, paired=True, vectorized=True, n_resamples=4000, method="percentile", rng=0
    ).confidence_interval
    assert (found.mean_error.low, found.mean_error.high) == pytest.approx(tuple(reference), abs=0.015)


def test_osd_is_an_analysis_of_variance_and_csd_asks_within_human_scores() -> None:
    rng = np.random.default_rng(0)
    labels = labelled(("a", 200), ("b", 150), ("c", 100))
    human = np.concatenate([rng.integers(0, 3, 200), rng.integers(0, 3, 150), rng.integers(2, 4, 100)]).astype(float)
    machine = human + (human == 3) + rng.normal(0, 0.1, 450)  # lenient to the best answers, whoever wrote them
    effects = group_regressions(human, machine, labels).effects
    parts = [(machine - human)[np.array(labels) == label] for label in "abc"]
    reference = ss.f_oneway(*parts)
    assert (effects["osd"].f, effects["osd"].p) == pytest.approx((reference.statistic, reference.pvalue), rel=1e-9)
    assert effects["osd"].p < 1e-6
    assert effects["csd"].p > 0.05


def test_the_largest_group_is_the_base_and_the_alphabet_breaks_ties() -> None:
    human, student = ratings(90, 0)
    assert group_regressions(human, student, labelled(("b", 30), ("a", 30), ("c", 30))).base == "a"
    found = group_regressions(human, student, labelled(("a", 20), ("b", 40), ("c", 30)))
    assert found.base == "b"
    assert [one.label for one in found.effects["osa"].coefficients] == ["intercept", "c", "a"]


def test_regressions_without_degrees_of_freedom_or_with_groups_that_the_score_tells_apart_say_so() -> None:
    few = group_regressions(np.array([0.0, 1, 2]), np.array([0.0, 2, 1]), ["a", "a", "b"]).effects["csd"]
    assert "no degree of freedom" in few.reason
    human, machine = ratings(90, 0)
    human[60:], machine[60:] = 9, 9  # all of group c and nobody else
    found = group_regressions(human, machine, labelled(("a", 30), ("b", 30), ("c", 30))).effects["csd"]
    assert "cannot be told apart" in found.reason
    assert found.coefficients == ()
    assert 0 < found.p < 1  # a against b can still be tested


@quick
@given(st.lists(st.floats(0, 1), min_size=1, max_size=6))
def test_holm_is_the_closure_of_bonferroni(p_values: list[float]) -> None:
    """A hypothesis is rejected when Bonferroni rejects every set of hypotheses that holds it."""

    def closed(place: int) -> float:
        others = [p for i, p in enumerate(p_values) if i != place]
        sets = [(p_values[place], *rest) for size in range(len(p_values)) for rest in combinations(others, size)]
        return min(1.0, max(len(one) * min(one) for one in sets))

    assert holm(p_values) == pytest.approx([closed(place) for place in range(len(p_values))])


@pytest.mark.parametrize("n", [10, 20, 50, 200])
def test_the_detectable_bias_has_80_percent_power(n: int) -> None:
    rng = np.random.default_rng(n)
    group_z, others = rng.normal(0, 1, n), rng.normal(0, 0.01, 5000)
    found = bias_test(group_z, others)
    noncentral = ss.nct(n - 1, found.detectable / (group_z.std(ddof=1) / math.sqrt(n)))
    limit = ss.t.ppf(0.975, n - 1)
    assert noncentral.sf(limit) + noncentral.cdf(-limit) == pytest.approx(0.80, abs=0.01)


@quick
@given(st.integers(0, 10_000))
def test_laws_of_the_dsm(seed: int) -> None:
    human, student = ratings(90, seed)
    labels = labelled(("a", 40), ("b", 30), ("c", 20))
    column = only(human, student, labels, resamples=50)
    assert sum(found.share * found.dsm.value for found in column.groups) == pytest.approx(0, abs=1e-9)
    moved = only(2 * human + 7, 0.5 * student - 3, labels, resamples=50)
    order = np.random.default_rng(seed).permutation(90)
    mixed = only(human[order], student[order], [labels[row] for row in order], resamples=50)
    for one in column.groups:
        assert group(moved, one.label).dsm.value == pytest.approx(one.dsm.value, abs=1e-9)
        assert group(moved, one.label).p == pytest.approx(one.p, rel=1e-6)
        again = group(mixed, one.label)
        assert (again.dsm.low, again.dsm.high) == pytest.approx((one.dsm.low, one.dsm.high), abs=1e-9)


# Verdicts, power, planted biases


@pytest.mark.parametrize(
    ("interval", "p_corrected", "half_width", "expected"),
    [
        ((-0.05, 0.05), 0.9, 0.05, PASS),
        ((-0.10, 0.10), 0.9, 0.10, PASS),
        ((0.01, 0.09), 0.01, 0.05, PASS),
        ((-0.02, 0.02), 0.9, 0.20, UNDETERMINED),
        ((-0.05, 0.11), 0.9, 0.05, UNDETERMINED),
        ((0.11, 0.40), 0.049, 0.15, FAIL),
        ((-0.40, -0.11), 0.001, 0.15, FAIL),
        ((0.11, 0.40), 0.051, 0.15, UNDETERMINED),
        ((0.11, 0.40), math.nan, 0.15, UNDETERMINED),
        ((0.09, 0.40), 0.001, 0.15, UNDETERMINED),
        ((math.nan, math.nan), math.nan, math.nan, Verdict.NOT_COMPUTED),
    ],
)
def test_verdicts(interval: tuple[float, float], p_corrected: float, half_width: float, expected: Verdict) -> None:
    assert judge(Estimate(sum(interval) / 2, *interval), p_corrected, half_width) is expected


def test_a_planted_bias_of_known_size_is_found() -> None:
    """0.3 SD against 150 of 600. As the group is part of the whole set, its DSM is three quarters of that."""
    runs = [benchmark.examine(benchmark.biased(0.3, 150), 300, 0, number) for number in range(60)]
    biased = [group(run[0], "b") for run in runs]
    assert np.mean([one.dsm.value for one in biased]) == pytest.approx(-0.75 * 0.3, abs=0.02)
    assert np.mean([one.p_corrected < 0.05 for one in biased]) > 0.95
    assert np.mean([one.verdict is FAIL for one in biased]) > 0.5
    assert not any(one.verdict is PASS for one in biased)
    assert np.mean([run[0].regressions.effects["osd"].p < 0.05 for run in runs]) > 0.95
    everyone_else = [group(run[0], "a") for run in runs]
    assert not any(one.verdict is FAIL for one in everyone_else)


def test_no_bias_is_found_where_none_was_planted_at_the_stated_rate() -> None:
    world = benchmark.World({"g": {"a": 400, "b": 150, "c": 50}, "h": {"d": 580, "e": 20}})
    runs = [benchmark.examine(world, 100, 5, number) for number in range(200)]
    groups = [[one for column in run for one in column.groups] for run in runs]
    assert np.mean([any(one.verdict is FAIL for one in run) for run in groups]) <= 0.05
    assert np.mean([any(one.p_corrected < 0.05 for one in run) for run in groups]) <= 0.05 + 0.035
    held = np.mean([one.dsm.low <= 0 <= one.dsm.high for run in groups for one in run if one.n >= 50])
    assert 0.92 < held < 0.975


def test_the_committed_benchmark_holds_the_stated_rates() -> None:
    found = json.loads((ROOT / "benchmarks" / "results" / "fairness.json").read_text(encoding="utf-8"))
    assert found["settings"]["fair"] >= 1000
    assert all(row["any_fails"]["high"] < 0.05 for row in found["no_bias"])
    assert all(0.72 < row["found"]["value"] < 0.88 for row in found["power"])


def test_the_benchmark_plants_the_bias_it_states() -> None:
    rng = np.random.default_rng(0)
    draws = [benchmark.draw(benchmark.biased(0.4, 300), rng) for _ in range(200)]
    fallen = np.mean([(machine - human)[np.array(labels["g"]) == "b"].mean() for human, machine, labels in draws])
    sd = np.concatenate([human for human, _, _ in draws]).std()
    assert fallen / sd == pytest.approx(-0.4, abs=0.01)


def test_the_power_statement_names_the_number_and_the_unit_is_the_human_sd() -> None:
    human, student = ratings(223, 0)
    labels = labelled(("many", 200), ("few", 23))
    found = group(only(human, student, labels), "few")
    assert found.power == f"With 23 responses only a bias above {found.detectable:.2f} SD could be seen."
    narrow = group(only(human, student / 2, labels), "few")  # half the spread: half as many points are as easily seen
    assert narrow.detectable == pytest.approx(found.detectable / 2)
    assert narrow.p == pytest.approx(found.p)


def test_perfect_agreement_in_a_small_group_is_no_pass() -> None:
    human, student = ratings(400, 0)
    labels = labelled(("many", 388), ("few", 12))
    student[388:] = human[388:]
    found = group(only(human, student, labels), "few")
    assert (found.exact_agreement.low, found.exact_agreement.high) == (1, 1)
    assert found.expected_half_width > 0.10
    assert found.verdict is UNDETERMINED
    assert found.reasons["verdict"]


def test_the_correction_covers_all_columns() -> None:
    human, student = ratings(300, 2)
    first, second = labelled(("a", 200), ("b", 100)), labelled(("c", 150), ("d", 150))
    columns = fairness(human, {"student": student}, {"x": first, "y": second}, resamples=50)
    groups = [one for column in columns for one in column.groups]
    assert [one.p_corrected for one in groups] == pytest.approx(list(holm([one.p for one in groups])))
    alone = only(human, student, first)
    assert all(one.p_corrected <= both.p_corrected for one, both in zip(alone.groups, columns[0].groups, strict=True))


# Teacher, student, people


def test_raters_stand_side_by_side() -> None:
    human, student = ratings(300, 0, agree=0.6)
    _, teacher = ratings(300, 0, agree=0.9)
    second = np.where(np.arange(300) % 2 == 0, human, np.nan)
    labels = labelled(("a", 200), ("b", 100))
    (column,) = fairness(human, {"student": student, "teacher": teacher, "second": second}, {"g": labels})
    found = group(column, "b")
    assert list(found.raters) == ["student", "teacher", "second"]
    assert {name: rater.n for name, rater in found.raters.items()} == {"student": 100, "teacher": 100, "second": 50}
    assert found.raters["student"].dsm == found.dsm
    assert found.raters["teacher"].dsm == group(only(human, teacher, labels, resamples=2000), "b").dsm
    assert found.raters["second"].exact_agreement == Estimate(1, 1, 1)
    effect, teacher_there = found.distillation, found.raters["teacher"]
    assert effect.dsm.value == pytest.approx(found.dsm.value - teacher_there.dsm.value)
    assert effect.exact_agreement.value == pytest.approx(
        found.exact_agreement.value - teacher_there.exact_agreement.value
    )
    assert effect.exact_agreement.low < effect.exact_agreement.value < effect.exact_agreement.high


def test_the_interval_of_the_change_is_paired() -> None:
    human, student = ratings(300, 0)
    labels = labelled(("a", 200), ("b", 100))
    (column,) = fairness(human, {"student": student, "teacher": student}, {"g": labels}, resamples=200)
    assert group(column, "b").distillation == DistillationEffect(100, Estimate(0, 0, 0), Estimate(0, 0, 0))
    teacher = student.copy()
    teacher[250:255] = human[250:255] + 1
    (column,) = fairness(human, {"student": student, "teacher": teacher}, {"g": labels}, resamples=500)
    found = group(column, "b")
    change = found.distillation.exact_agreement
    assert change.high - change.low < 0.6 * (found.exact_agreement.high - found.exact_agreement.low)


# What cannot be computed


def undefined(value: object) -> bool:
    if isinstance(value, Estimate):
        return bool(np.isnan([value.value, value.low, value.high]).any())
    return isinstance(value, float) and math.isnan(value)


def unexplained(found: object, where: str = "") -> Iterator[str]:
    """Every NaN without a reason beside it."""
    if isinstance(found, Group):
        yield from (f"{where}.{p.name}" for p in fields(found)
                    if undefined(getattr(found, p.name)) and not found.reasons.get(p.name))  # fmt: skip
    elif isinstance(found, RaterInGroup | DistillationEffect | GroupEffect) and not found.reason:
        yield from (f"{where}.{p.name}" for p in fields(found) if undefined(getattr(found, p.name)))
    if is_dataclass(found) and not isinstance(found, Estimate):
        for part in fields(found):
            yield from unexplained(getattr(found, part.name), f"{where}.{part.name}")
    elif isinstance(found, Mapping):
        for key, part in found.items():
            yield from unexplained(part, f"{where}.{key}")
    elif isinstance(found, tuple):
        for place, part in enumerate(found):
            yield from unexplained(part, f"{where}[{place}]")


HUMAN, STUDENT = ratings(60, 0)
NOTHING = np.full(60, np.nan)
HALF = labelled(("a", 30), ("b", 30))
ONCE = np.where(np.arange(60) == 3, HUMAN, np.nan)
NINES = np.full(30, 9.0)
WEIRD = labelled(("nan", 15), ("a.b\n<c>", 15), ("👍🏽" * 99, 15), ("\x00", 15))
BAD: dict[str, tuple[Floats, dict[str, Floats], list[str], dict[str, Any]]] = {
    "a group with one member": (HUMAN, {"student": STUDENT}, labelled(("a", 59), ("b", 1)), {}),
    "a group with one member, examined": (HUMAN, {"student": STUDENT}, labelled(("a", 59), ("b", 1)), {"minimum_n": 1}),
    "all scores equal": (np.full(60, 2.0), {"student": np.full(60, 2.0)}, HALF, {}),
    "all human scores equal": (np.full(60, 2.0), {"student": STUDENT}, HALF, {}),
    "all student scores equal": (HUMAN, {"student": np.full(60, 1.0)}, HALF, {}),
    "perfect agreement": (HUMAN, {"student": HUMAN}, HALF, {}),
    "always one point more": (HUMAN, {"student": HUMAN + 1}, HALF, {}),
    "one group one point more": (HUMAN, {"student": HUMAN + (np.arange(60) < 30)}, HALF, {}),
    "only one group": (HUMAN, {"student": STUDENT}, ["a"] * 60, {}),
    "one group and unknown": (HUMAN, {"student": STUDENT}, labelled(("yes", 20), ("", 40)), {}),
    "all unknown": (HUMAN, {"student": STUDENT}, [""] * 30 + ["  "] * 30, {}),
    "nobody large enough": (HUMAN, {"student": STUDENT}, [str(row // 2) for row in range(60)], {}),
    "second rater on no row": (HUMAN, {"student": STUDENT, "second": NOTHING, "teacher": NOTHING}, HALF, {}),
    "second rater on one row": (HUMAN, {"student": STUDENT, "second": ONCE}, HALF, {}),
    "teacher of one score": (HUMAN, {"student": STUDENT, "teacher": np.full(60, 1.0)}, HALF, {}),
    "no human score": (NOTHING, {"student": STUDENT}, HALF, {}),
    "no student score": (HUMAN, {"student": NOTHING}, HALF, {"confidence": NOTHING}),
    "human score in one group only": (np.where(np.arange(60) < 30, HUMAN, np.nan), {"student": STUDENT}, HALF, {}),
    "score tells group": (np.repeat([0.0, 1.0], 30), {"student": np.repeat([0.0, 1.0], 30)[::-1] + STUDENT}, HALF, {}),
    "one group of one score": (np.r_[HUMAN[:30], NINES], {"student": np.r_[STUDENT[:30], NINES]}, HALF, {}),
    "confidence nowhere": (HUMAN, {"student": STUDENT}, HALF, {"confidence": NOTHING}),
    "weird labels": (HUMAN, {"student": STUDENT}, WEIRD, {}),
    "one response": (HUMAN[:1], {"student": STUDENT[:1]}, ["a"], {"minimum_n": 1}),
    "two responses": (HUMAN[:2], {"student": STUDENT[:2]}, ["a", "b"], {"minimum_n": 1}),
    "no response": (HUMAN[:0], {"student": STUDENT[:0]}, [], {}),
    "one draw": (HUMAN, {"student": STUDENT}, HALF, {"resamples": 1}),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_computed_says_why(name: str) -> None:
    human, raters, labels, options = BAD[name]
    columns = fairness(human, raters, {"g": labels}, **{"resamples": 50, **options})
    assert list(unexplained(columns)) == []
    text = json.dumps(fairness_dict(columns), allow_nan=False)
    assert list(json.loads(text)) == ["g"]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("only one group", "only one group, 'a', is large enough; it is compared with the 0 other responses"),
        ("one group and unknown", "it is compared with the 40 other responses"),
        ("all unknown", "no scored response has a label in this column"),
        ("nobody large enough", "no group has 10 scored responses"),
        ("no human score", "no response has both a human and a student score"),
        ("no response", "no response has both a human and a student score"),
        ("weird labels", ""),
    ],
)
def test_what_limits_a_column(name: str, words: str) -> None:
    human, raters, labels, options = BAD[name]
    (column,) = fairness(human, raters, {"g": labels}, resamples=50, **options)
    assert words in column.reason
    assert bool(words) == bool(column.reason)


def test_small_groups_are_listed_and_still_count_as_everyone_else() -> None:
    human, student = ratings(120, 1)
    labels = labelled(("a", 60), ("b", 41), ("c", 9), ("", 10))
    column = only(human, student, labels)
    assert [(one.label, one.n) for one in column.groups] == [("a", 60), ("b", 41)]
    assert [(one.label, one.n) for one in column.not_examined] == [("c", 9)]
    assert "at least 10 are needed" in column.not_examined[0].reason
    assert (column.n, column.unknown, column.regressions.n) == (120, 10, 101)
    z = ss.zscore(student, ddof=1) - ss.zscore(human, ddof=1)
    assert group(column, "a").p == pytest.approx(ss.ttest_ind(z[:60], z[60:], equal_var=False).pvalue, rel=1e-9)


def test_a_group_of_nearly_everyone_cannot_pass() -> None:
    human, student = ratings(1000, 1)
    column = only(human, student, labelled(("a", 995), ("b", 5)))
    found = group(column, "a")
    assert (found.verdict, found.reasons["verdict"]) == (UNDETERMINED, "only 5 other responses to compare with")


def test_a_rater_with_few_scores_in_a_group_says_how_many() -> None:
    human, raters, labels, _ = BAD["second rater on one row"]
    (column,) = fairness(human, raters, {"g": labels}, resamples=50)
    second = group(column, "a").raters["second"]
    assert (second.n, second.reason) == (
        1, "1 responses of this group are scored by the second rater and the first human rater; at least 10 are needed"
    )  # fmt: skip


def test_missing_scores_are_left_out() -> None:
    human, student = ratings(100, 0)
    labels = labelled(("a", 60), ("b", 40))
    gaps = np.arange(100) % 10 == 0
    found = only(np.where(gaps, np.nan, human), student, labels)
    kept = only(human[~gaps], student[~gaps], [label for label, gap in zip(labels, gaps, strict=True) if not gap])
    assert found == kept


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"raters": {}}, "nobody"),
        ({"raters": {"student": STUDENT, "third": STUDENT}}, "third"),
        ({"raters": {"student": STUDENT[:5]}}, "differ in length"),
        ({"groups": {"g": HALF[:5]}}, "differ in length"),
        ({"groups": {"student": HALF[:5]}}, "differ in length"),
        ({"confidence": STUDENT[:5]}, "differ in length"),
        ({"human": np.where(np.arange(60) == 3, np.inf, HUMAN)}, "human, row 4, is infinite"),
        ({"minimum_n": 0}, "at least 1"),
        ({"resamples": 0}, "at least 1"),
    ],
)
def test_mistakes_of_the_caller_are_refused(change: dict[str, Any], words: str) -> None:
    plain: dict[str, Any] = {"human": HUMAN, "raters": {"student": STUDENT}, "groups": {"g": HALF}}
    with pytest.raises(InputError, match=words):
        fairness(**{**plain, **change})


def test_the_json_has_every_attribute_and_six_decimals() -> None:
    human, student = ratings(60, 0)
    found: Any = fairness_dict(fairness(human, {"student": student}, {"g": HALF, "h": ["x"] * 60}, resamples=50))
    assert list(found) == ["g", "h"]
    assert list(found["g"]["groups"][0]) == [part.name for part in fields(Group)]
    assert found["g"]["groups"][0]["raters"]["second"] == {
        "n": 0,
        "dsm": {"value": None, "low": None, "high": None},
        "exact_agreement": {"value": None, "low": None, "high": None},
        "reason": "the second rater scored no response",
    }
    dsm = found["g"]["groups"][0]["dsm"]["value"]
    assert dsm == round(dsm, 6)
    assert found["g"]["groups"][0]["verdict"] in {verdict.value for verdict in Verdict}
    assert found["h"]["groups"][0]["verdict"] == "not computed"
