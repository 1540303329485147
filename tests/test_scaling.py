"""The page about clusters shows the committed figures, and its estimate follows from them."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks import scaling  # noqa: E402

from pocketscore.streaming import PIECE  # noqa: E402

FOUND = json.loads((ROOT / "benchmarks" / "results" / "scaling.json").read_text("utf-8"))


def test_the_page_shows_the_committed_figures() -> None:
    page = (ROOT / "docs" / "scaling.md").read_text("utf-8")
    shown = re.search(r"<!-- scaling -->\n(.*?)\n<!-- end of scaling -->", page, flags=re.DOTALL)
    assert shown
    assert shown[1] == scaling.tables(FOUND)
    assert f"{PIECE:,} rows" in page


def test_ratios_and_estimate_follow_from_the_seconds() -> None:
    seconds = FOUND["seconds"]
    for work in ("distill", "score"):
        assert FOUND["ratios"][work] == scaling.ratios(seconds[work])
    start = seconds["start"]["ray, 2 workers"] + seconds["pool"]["ray, 2 workers"]
    assert FOUND["estimate"] == scaling.estimate(FOUND["answers_per_second"]["ray, 1 worker"], start)
    for name, rate in FOUND["answers_per_second"].items():
        assert rate == pytest.approx(FOUND["rows"] / seconds["score"][name], rel=0.01)


def test_the_estimate_by_hand() -> None:
    """2,000 pieces on 1,600 cores are two rounds of 5 s; 10 s to start."""
    found = scaling.estimate(10_000, 10.0)
    assert (found["pieces"], found["rounds"], found["seconds"]) == (2_000, 2, 20)
    assert found["core_hours"] == pytest.approx(100e6 / 10_000 / 3600, abs=0.05)
    assert found["minutes_on_one_node"] == pytest.approx(100e6 / 160_000 / 60, abs=0.05)
