"""Whatever a reader is given, it accepts or refuses; the benchmark does the same a hundred thousand times."""

from __future__ import annotations

import pytest
from benchmarks import fuzz

from conftest import node


@pytest.mark.parametrize("seed", [1, 2])
def test_python_readers_accept_or_refuse(seed: int) -> None:
    found = fuzz.python(300, seed)
    assert all(sum(outcome.values()) == 300 for outcome in found.values())
    assert found["pocket files, Python"]["refused"] > 200


def test_javascript_readers_accept_or_refuse() -> None:
    found = fuzz.javascript(node(), 500, 1)
    assert all(sum(outcome.values()) == 500 for outcome in found.values())
    assert found["pocket files, JavaScript"]["refused"] > 350
