"""Learning curves: the stand-in, its trials on subsets, the law fitted to them, and the forecast in words."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import lsq_linear
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.kernel_ridge import KernelRidge
from sklearn.metrics import accuracy_score, cohen_kappa_score

from pocketscore.decision import cut_points
from pocketscore.errors import InputError
from pocketscore.text import pair_buckets, word_buckets, word_hash, words
from pocketscore.trust import learning_curve as curves
from pocketscore.trust import subsets
from pocketscore.trust.learning_curve import (
    Forecast,
    LearningCurve,
    PowerLaw,
    Target,
    fit_power_law,
    forecast,
    forecast_of,
    learning_curve,
    sentences,
)
from pocketscore.trust.ngram_ridge import BUCKETS, PENALTIES, NgramRidge, features, similarities
from pocketscore.trust.subsets import Trials, trials
from pocketscore.types import MISSING, Estimate, Floats, Ints, Scale

ORDINAL, NOMINAL = Scale.of(["0", "1", "2"]), Scale.of(["no", "part", "yes"])
SIZES = np.array([40.0, 80.0, 120.0, 160.0, 240.0, 320.0])
PARTS = (
    "the vapour in the air",
    "it cools at the glass",
    "turns to drops",
    "water leaks out",
    "the ice melts",
    "so cold",
)


def answers(n: int, seed: int = 0) -> tuple[list[str], Ints]:
    """Answers of random parts; the score counts the right ones among them, sometimes wrongly."""
    rng = np.random.default_rng(seed)
    texts, scores = [], []
    for i in range(n):
        chosen = rng.random(len(PARTS)) < 0.4
        filler = " ".join(f"w{rng.integers(40)}" for _ in range(4))
        texts.append(" ".join([part for part, is_in in zip(PARTS, chosen, strict=True) if is_in] + [filler, f"n{i}"]))
        scores.append(min(2, int(chosen[:3].sum())) if rng.random() < 0.85 else int(rng.integers(3)))
    return texts, np.array(scores)


# The stand-in


def test_features_are_those_of_scikit_learns_tfidf() -> None:
    texts, _ = answers(30)

    def buckets(text: str) -> list[int]:
        found = words(text)
        hashes = np.array([word_hash(word) for word in found], dtype=np.uint32)
        return [
            *(int(b) for word in found for b in word_buckets(word, BUCKETS)),
            *pair_buckets(hashes, BUCKETS).tolist(),
        ]

    vectoriser = TfidfVectorizer(analyzer=buckets, sublinear_tf=True)
    expected = vectoriser.fit_transform(texts).toarray()
    columns = np.array(list(vectoriser.get_feature_names_out()), dtype=np.int64)
    found = features(texts)
    np.testing.assert_allclose(found[:, columns], expected, atol=1e-6)
    assert np.count_nonzero(found) == np.count_nonzero(expected)


def test_an_empty_answer_has_features_too() -> None:
    assert np.linalg.norm(features(["", "cold air"]), axis=1) == pytest.approx([1, 1])


def test_the_stand_in_is_kernel_ridge_with_the_best_penalty_and_leaves_answers_out_exactly() -> None:
    texts, scores = answers(40)
    similar = similarities(texts)
    model = NgramRidge.fit(similar, scores, ORDINAL)
    centred = np.eye(3)[scores] - np.eye(3)[scores].mean(axis=0)

    def without(penalty: float) -> Floats:
        """Each answer's estimate by a model that has not seen it."""
        estimates = np.empty((40, 3))
        for row in range(40):
            rest = np.delete(np.arange(40), row)
            fitted = KernelRidge(alpha=penalty, kernel="precomputed").fit(similar[np.ix_(rest, rest)], centred[rest])
            estimates[row] = fitted.predict(similar[[row]][:, rest])[0] + model.means
        return estimates

    estimates = {penalty: without(penalty) for penalty in PENALTIES}
    errors = {penalty: np.mean((np.eye(3)[scores] - found) ** 2) for penalty, found in estimates.items()}
    best = min(errors, key=lambda penalty: errors[penalty])
    np.testing.assert_allclose(model.held_out, estimates[best], atol=1e-8)
    whole = KernelRidge(alpha=best, kernel="precomputed").fit(similar, centred)
    np.testing.assert_allclose(model.points(similar[:5]), whole.predict(similar[:5]) + model.means, atol=1e-8)


def test_the_stand_in_decides_as_scorers_do() -> None:
    texts, scores = answers(80)
    similar = similarities(texts)
    model = NgramRidge.fit(similar, scores, ORDINAL)
    assert model.cuts == pytest.approx(cut_points(model.held_out @ ORDINAL.values, scores, ORDINAL), abs=1e-5)
    expected = model.points(similar) @ ORDINAL.values
    assert model.indices(similar).tolist() == [int((model.cuts <= one).sum()) for one in expected]
    nominal = NgramRidge.fit(similar, scores, NOMINAL)
    assert nominal.cuts is None
    assert nominal.indices(similar).tolist() == nominal.points(similar).argmax(axis=1).tolist()


def test_the_stand_in_of_one_score_gives_that_score() -> None:
    similar = similarities(["cold air", "warm air", "cold glass"])
    assert NgramRidge.fit(similar, np.array([1, 1, 1]), ORDINAL).indices(similar).tolist() == [1, 1, 1]


# Trials


def test_no_scorer_is_asked_about_what_it_was_trained_on_and_all_answers_are_asked_about_equally_often() -> None:
    texts, scores = answers(100)
    found = trials(texts, scores, ORDINAL, seed=1)
    assert found.sizes.tolist() == [10, 20, 30, 40, 60, 80]
    assert found.given.shape == (6, 20, 100)
    asked = found.given != MISSING
    np.testing.assert_array_equal(asked.sum(axis=2), np.repeat(100 - found.sizes[:, None], 20, axis=1))
    assert (np.ptp(asked.sum(axis=1), axis=1) == 0).all()
    assert (asked[:-1] >= asked[1:]).all(), "subsets of a draw are nested"


def test_trials_are_those_of_the_stand_in_trained_on_the_rest() -> None:
    texts, scores = answers(60)
    found = trials(texts, scores, ORDINAL, seed=1)
    similar = similarities(texts)
    asked = found.given[2, 5] != MISSING
    trained = np.flatnonzero(~asked)
    model = NgramRidge.fit(similar[np.ix_(trained, trained)], scores[trained], ORDINAL)
    assert found.given[2, 5, asked].tolist() == model.indices(similar[np.ix_(asked, trained)]).tolist()


def test_subsets_hold_the_scores_in_their_shares() -> None:
    texts, _ = answers(200)
    scores = np.repeat([0, 1, 2], [100, 80, 20])
    found = trials(texts, scores, ORDINAL, seed=0)
    for draw in found.given[0]:
        counts = np.bincount(scores[draw == MISSING], minlength=3)
        assert np.abs(counts - [10, 8, 2]).max() <= 1


def test_equal_answers_are_never_on_both_sides() -> None:
    texts, scores = answers(60)
    texts += [text.upper() for text in texts[:30]]
    found = trials(texts, np.concatenate([scores, scores[:30]]), ORDINAL, seed=0)
    asked = found.given != MISSING
    assert (asked[:, :, :30] == asked[:, :, 60:]).all()


def test_of_very_many_answers_some_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subsets, "MOST", 50)
    texts, scores = answers(120)
    found = trials(texts, scores, ORDINAL, seed=0)
    assert len(found.human) == found.given.shape[2] == 50


def test_the_seed_decides_the_draws() -> None:
    texts, scores = answers(50)
    first, again, other = (trials(texts, scores, ORDINAL, seed=seed).given for seed in (3, 3, 4))
    assert (first == again).all()
    assert (first != other).any()


@pytest.mark.parametrize(
    ("n", "change", "problem"),
    [
        (12, None, "12 different scored answers are too few"),
        (60, 1, "all 60 answers have the same score"),
        (60, MISSING, "60 answers have no score"),
    ],
)
def test_what_no_curve_can_be_learnt_from(n: int, change: int | None, problem: str) -> None:
    texts, scores = answers(n)
    with pytest.raises(InputError, match=problem):
        trials(texts, scores if change is None else np.full(n, change), ORDINAL, seed=0)


def test_forty_copies_of_one_answer_are_one_answer() -> None:
    with pytest.raises(InputError, match="1 different"):
        trials(["cold air"] * 40, np.arange(40) % 2, ORDINAL, seed=0)


# The law


@given(st.floats(0.2, 1.0), st.floats(0.01, 0.6), st.sampled_from(curves.EXPONENTS.tolist()))
def test_a_law_without_noise_is_found_again(ceiling: float, drop: float, exponent: float) -> None:
    truth = PowerLaw(np.array([ceiling]), np.array([drop]), np.array([exponent]), 320)
    law = fit_power_law(SIZES, np.array([[truth.at(n)[0] for n in SIZES]]), np.arange(1.0, 7.0))
    assert law.at(1000)[0] == pytest.approx(truth.at(1000)[0], abs=1e-6)
    assert law.exponent[0] == exponent


@given(st.integers(0, 10_000))
@settings(max_examples=40)
def test_the_law_is_the_best_of_a_bounded_solvers(seed: int) -> None:
    rng = np.random.default_rng(seed)
    weights = rng.uniform(0.5, 4, size=len(SIZES))
    curve = rng.uniform(0.5, 1.1) - rng.uniform(0, 5) * SIZES ** -rng.uniform(0.1, 2) + rng.normal(0, 0.03, len(SIZES))

    solved = [
        lsq_linear(
            np.sqrt(weights)[:, None] * np.column_stack([np.ones(6), -((SIZES / 320) ** -exponent)]),
            np.sqrt(weights) * curve,
            bounds=([-np.inf, 0], [1, np.inf]),
            tol=1e-14,
        )
        for exponent in curves.EXPONENTS
    ]
    best = int(np.argmin([one.cost for one in solved]))
    law = fit_power_law(SIZES, curve[None], weights)
    errors = weights @ (curve - np.array([law.at(n)[0] for n in SIZES])) ** 2
    assert errors == pytest.approx(2 * solved[best].cost, rel=1e-6, abs=1e-12)
    ceiling, drop = solved[best].x
    assert law.at(1000)[0] == pytest.approx(ceiling - drop * (1000 / 320) ** -curves.EXPONENTS[best], abs=1e-4)


@given(st.lists(st.floats(-1, 1), min_size=6, max_size=6))
def test_laws_never_fall_and_never_pass_one(curve: list[float]) -> None:
    law = fit_power_law(SIZES, np.array([curve]), np.ones(6))
    points = np.array([law.at(n)[0] for n in (10, 100, 1000, 1e6)])
    assert (np.diff(points) >= -1e-12).all()
    assert points[-1] <= 1


def test_a_curve_that_falls_is_taken_as_flat() -> None:
    law = fit_power_law(SIZES, 0.8 - SIZES[None] / 1000, np.array([1.0, 1, 1, 1, 1, 5]))
    assert law.drop[0] == 0
    assert law.at(1000)[0] == pytest.approx(np.average(0.8 - SIZES / 1000, weights=[1, 1, 1, 1, 1, 5]))


def test_an_undefined_curve_gives_an_undefined_law() -> None:
    law = fit_power_law(SIZES, np.vstack([np.full(6, np.nan), np.full(6, 0.5)]), np.ones(6))
    assert np.isnan(law.at(100)[0])
    assert law.at(100)[1] == pytest.approx(0.5)


# The curve


def simulated(law: PowerLaw, luck: float, seed: int, n: int = 300, draws: int = 20) -> Trials:
    """Trials whose expected accuracy follows a law, each scorer with luck of its own."""
    rng = np.random.default_rng(seed)
    human = rng.integers(3, size=n)
    sizes = n * np.array(subsets.TRAINED_ON) / 10
    hardness = rng.random(n)  # the same answers are hard for every scorer
    given_ = np.full((len(sizes), draws, n), MISSING)
    for at, size in enumerate(sizes):
        for draw in range(draws):
            right = hardness < law.at(size)[0] + rng.normal(0, np.sqrt(luck / size))
            asked = (np.arange(n) + 31 * draw) % 10 >= subsets.TRAINED_ON[at]
            given_[at, draw, asked] = np.where(right, human, (human + 1) % 3)[asked]
    return Trials(NOMINAL, human, sizes, given_)


LAW = PowerLaw(np.array([0.85]), np.array([0.15]), np.array([0.5]), 240.0)


def test_measured_agreement_is_that_of_scikit_learn_with_all_draws_pooled() -> None:
    texts, scores = answers(80)
    for scale, metric in ((ORDINAL, "qwk"), (NOMINAL, "accuracy")):
        found = trials(texts, scores, scale, seed=0)
        curve = learning_curve(found)
        assert curve is not None
        assert curve.metric == metric
        for size, measured in enumerate(curve.measured):
            asked = found.given[size] != MISSING
            human, machine = np.broadcast_to(scores, asked.shape)[asked], found.given[size][asked]
            expected = (
                cohen_kappa_score(human, machine, weights="quadratic")
                if metric == "qwk"
                else accuracy_score(human, machine)
            )
            assert measured.value == pytest.approx(expected)
            assert measured.low < measured.value < measured.high


def test_the_luck_of_the_training_answers_is_found() -> None:
    found = [learning_curve(simulated(LAW, 0.2, seed)) for seed in range(10)]
    assert np.mean([curve.luck for curve in found if curve]) == pytest.approx(0.2, rel=0.3)


def test_intervals_hold_what_they_promise_on_simulated_curves() -> None:
    rng = np.random.default_rng(0)
    covered, gains = [], []
    for seed in range(60):
        curve = learning_curve(simulated(LAW, 0.2, seed), seed)
        assert curve is not None
        at, gain = curve.at(600), curve.gain(240, 600)
        covered.append(at.low <= LAW.at(600)[0] + rng.normal(0, np.sqrt(0.2 / 600)) <= at.high)
        came = LAW.at(600)[0] - LAW.at(240)[0] + rng.normal(0, np.sqrt(0.2 / 240 - 0.2 / 600))
        gains.append(gain.low <= came <= gain.high)
    assert np.mean(covered) >= 0.88
    assert np.mean(gains) >= 0.88


def test_a_real_curve_rises_and_its_interval_widens_with_distance() -> None:
    texts, scores = answers(150)
    curve = learning_curve(trials(texts, scores, ORDINAL, seed=0))
    assert curve is not None
    near, far = curve.gain(100, 150), curve.gain(100, 600)
    assert 0 <= near.value <= far.value
    assert near.high - near.low < far.high - far.low
    assert curve.gain(100, 100) == Estimate(0, 0, 0)
    assert curve.at(100).high <= 1


def test_a_curve_is_the_same_for_the_same_seed() -> None:
    found = simulated(LAW, 0.2, 0)
    first, again, other = (learning_curve(found, seed) for seed in (1, 1, 2))
    assert first is not None
    assert again is not None
    assert other is not None
    assert first.at(500) == again.at(500) != other.at(500)


def test_without_two_sizes_or_with_undefined_agreement_there_is_no_curve() -> None:
    found = simulated(LAW, 0.2, 0)
    assert learning_curve(replace(found, sizes=found.sizes[:1], given=found.given[:1])) is None
    constant = np.where(found.given == MISSING, MISSING, 0)
    one = Trials(ORDINAL, np.zeros_like(found.human), found.sizes, constant)
    assert learning_curve(one) is None


# The forecast


def test_forecast_of_answers() -> None:
    texts, scores = answers(300)
    found = forecast(texts, scores, ORDINAL, learnt=210)
    assert found.problem == ""
    assert [target.more for target in found.targets] == [100, 210, 630]
    curve = learning_curve(trials(texts, scores, ORDINAL, 0))
    assert curve is not None
    assert found.targets[1].agreement == curve.at(420)
    assert found.targets[1].gain == curve.gain(210, 420)
    assert found == forecast(texts, scores, ORDINAL, learnt=210)


@pytest.mark.parametrize(
    ("n", "same", "reason"),
    [(12, False, "12 different scored answers are too few"), (60, True, "all 60 answers have the same score")],
)
def test_a_forecast_that_cannot_be_made_says_why(n: int, same: bool, reason: str) -> None:
    texts, scores = answers(n)
    said = sentences(forecast(texts, np.zeros_like(scores) if same else scores, ORDINAL, learnt=n))
    assert len(said) == 1
    assert said[0].startswith(f"What more answers would bring cannot be told from {n} scored answers")
    assert reason in said[0]


def test_a_curve_too_noisy_to_plan_with_is_not_extrapolated() -> None:
    curve = learning_curve(simulated(LAW, 20.0, 0))
    assert curve is not None
    found = forecast_of(curve, 300, 100)
    assert found.targets == ()
    assert (
        "cannot be told from 300 scored answers: twice as many could change it by anything from -."
        in (sentences(found)[1])
    )


def test_no_curve_says_so() -> None:
    assert "agreement is undefined" in sentences(forecast_of(None, 50, 35))[0]


def test_the_sentences() -> None:
    now = Estimate(0.712, 0.66, 0.76)
    target = Target(400, Estimate(0.731, 0.68, 0.78), Estimate(0.019, -0.004, 0.04))
    said = sentences(Forecast("qwk", 1000, 700, now, (target,)))
    assert said == (
        "Agreement (QWK) of a quick stand-in that learns from 700 of the 1000 scored answers: .71 (95 %: .66 to .76).",
        "With 400 more scored answers the agreement is expected to go from .71 to .73 (95 %: .68 to .78), a gain of "
        ".02 (95 %: .00 to .04).",
    )


def test_a_flat_curve_is_called_so() -> None:
    law, laws = (PowerLaw(np.full(n, 0.7), np.full(n, 1e-3), np.full(n, 1.0), 800.0) for n in (1, 200))
    curve = LearningCurve("accuracy", 1000, SIZES, (), law, laws, luck=1e-3)
    said = sentences(forecast_of(curve, 1000, 700))
    assert said[0].startswith("Agreement (share of equal scores)")
    assert said[-1] == "More answers hardly help: even 2100 bring less than .02."
