"""Verdicts from intervals."""

from __future__ import annotations

import numpy as np
import pytest

from pocketscore.trust.conventions import CONVENTIONS, Verdict, flag_dict, flags, verdict
from pocketscore.types import Estimate


@pytest.mark.parametrize(
    ("interval", "marks", "expected"),
    [
        ((0.75, 0.71, 0.79), (0.70, np.inf), Verdict.PASS),
        ((0.75, 0.70, 0.79), (0.70, np.inf), Verdict.PASS),  # the end belongs to it
        ((0.75, 0.69, 0.79), (0.70, np.inf), Verdict.UNDETERMINED),
        ((0.65, 0.61, 0.69), (0.70, np.inf), Verdict.FAIL),
        ((0.0, -0.1, 0.1), (-0.15, 0.15), Verdict.PASS),
        ((0.0, -0.2, 0.2), (-0.15, 0.15), Verdict.UNDETERMINED),
        ((0.3, 0.2, 0.4), (-0.15, 0.15), Verdict.FAIL),
        ((-0.3, -0.4, -0.2), (-0.15, 0.15), Verdict.FAIL),
        ((np.nan, np.nan, np.nan), (0.7, np.inf), Verdict.NOT_COMPUTED),
        ((0.8, np.nan, np.nan), (0.7, np.inf), Verdict.NOT_COMPUTED),
    ],
)
def test_verdicts(interval: tuple[float, float, float], marks: tuple[float, float], expected: Verdict) -> None:
    assert verdict(Estimate(*interval), *marks) is expected


def test_every_convention_has_a_flag_and_a_reason_where_nothing_was_computed() -> None:
    found = flags({"qwk": Estimate(0.8, 0.75, 0.85)}, {"qwk": 200}, {"degradation_qwk": "no second rater"})
    assert [flag.convention for flag in found] == list(CONVENTIONS)
    for flag in found:
        assert (flag.verdict is Verdict.NOT_COMPUTED) == bool(flag.reason)
    assert {flag.reason for flag in found if flag.convention.metric == "degradation_qwk"} == {"no second rater"}
    assert flag_dict(found[0])["verdict"] == "pass"


def test_small_samples_are_undetermined_where_large_ones_are_decided() -> None:
    """The same agreement on 20 and on 2,000 answers."""
    from pocketscore.metrics import bootstrap, qwk

    counts = np.array([[6, 1, 0], [1, 5, 1], [0, 1, 5]])

    def found(times: int) -> Verdict:
        estimate = bootstrap(counts * times, lambda c: qwk(c, np.arange(3.0)), seed=0)
        return verdict(estimate, 0.70, np.inf)

    assert found(1) is Verdict.UNDETERMINED
    assert found(100) is Verdict.PASS


@pytest.mark.parametrize(
    ("n", "expected"), [(10, Verdict.UNDETERMINED), (29, Verdict.UNDETERMINED), (30, Verdict.PASS)]
)
def test_a_few_faultless_answers_pass_nothing(n: int, expected: Verdict) -> None:
    (found, *_) = flags({"qwk": Estimate(1.0, 1.0, 1.0)}, {"qwk": n})
    assert found.verdict is expected
    assert (str(n) in found.reason) == (expected is Verdict.UNDETERMINED)


def test_a_few_answers_fail_all_the_same() -> None:
    (found, *_) = flags({"qwk": Estimate(0.1, 0.0, 0.2)}, {"qwk": 10})
    assert found.verdict is Verdict.FAIL
