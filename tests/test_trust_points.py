"""Agreement and bias at each score point."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import recall_score

from pocketscore.trust.points import by_point, points_dict
from pocketscore.types import MISSING, Scale

SCALE = Scale.of(["0", "1", "2", "4"])


@given(st.lists(st.tuples(st.integers(-1, 3), st.integers(-1, 3)), max_size=60))
def test_against_recall_and_the_mean_error(rows: list[tuple[int, int]]) -> None:
    human, given_ = np.array(rows, dtype=np.int64).reshape(-1, 2).T
    both = (human != MISSING) & (given_ != MISSING)
    found = by_point(human, given_, SCALE)
    assert [one.n for one in found] == [int((both & (human == i)).sum()) for i in range(4)]
    recall = (
        recall_score(human[both], given_[both], labels=range(4), average=None, zero_division=np.nan)
        if both.any()
        else []
    )
    for i, share in enumerate(recall):
        assert found[i].exact.value == pytest.approx(share, nan_ok=True)
        if found[i].n:
            errors = SCALE.values[given_[both & (human == i)]] - SCALE.values[i]
            assert found[i].bias.value == pytest.approx(errors.mean())
            assert found[i].bias.low <= found[i].bias.value + 1e-12
            exact = stats.binomtest(round(share * found[i].n), found[i].n).proportion_ci(0.95, "exact")
            assert (found[i].exact.low, found[i].exact.high) == pytest.approx((exact.low, exact.high), abs=1e-9)


def test_a_lenient_middle_shows() -> None:
    human = np.repeat([0, 1, 2], 100)
    given_ = np.where((human == 1) & (np.arange(300) % 3 == 0), 2, human)
    zero, one, two, four = by_point(human, given_, SCALE)
    assert one.bias.low > 0.2
    assert one.exact.high < zero.exact.low
    assert zero.bias.value == two.bias.value == 0
    assert points_dict((four,))["4"] == {
        "n": 0, "exact": dict.fromkeys(("value", "low", "high")), "bias": dict.fromkeys(("value", "low", "high"))
    }  # fmt: skip


def test_nominal_points_have_no_bias() -> None:
    found = by_point(np.array([0, 1]), np.array([0, 0]), Scale.of(["right", "wrong"]))
    assert np.isnan(found[1].bias.value)
    assert found[1].exact.value == 0
