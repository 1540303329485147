"""Write RSMTool's fairness numbers for simulated data, the reference of `tests/test_trust_fairness.py`.

    python tests/golden_rsmtool_fairness.py      # in an environment with RSMTool 12.0.0

Writes `tests/golden/rsmtool_fairness.json`: for each data set the scores, the groups, and what RSMTool says of them:
the difference of standardised means and QWK of each group, and OSA, OSD and CSD with their coefficients. Run it again
only for a new version of RSMTool.
"""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd  # type: ignore[import-untyped]
from rsmtool.fairness_utils import get_fairness_analyses  # type: ignore[import-not-found]
from rsmtool.utils.metrics import (  # type: ignore[import-not-found]
    difference_of_standardized_means,
    quadratic_weighted_kappa,
)

GOLDEN = Path(__file__).parent / "golden" / "rsmtool_fairness.json"
Floats = npt.NDArray[np.float64]


def main() -> None:
    """Simulate, ask RSMTool, write."""
    found = {name: {**given, "rsmtool": reference(given)} for name, given in data_sets().items()}
    text = json.dumps({"rsmtool": version("rsmtool"), "data": found}, separators=(",", ":"))
    GOLDEN.write_text(text + "\n", encoding="utf-8")


def data_sets() -> dict[str, dict[str, Any]]:
    """Scores and groups: plain, biased, half points, expected scores, unequal abilities, ties in size, odd labels."""
    return {
        "no bias, three groups": simulate(1, {"north": 90, "south": 60, "east": 30}),
        "one group scored lower": simulate(2, {"a": 120, "b": 40}, bias={"b": -0.8}),
        "half points": simulate(3, {"x": 70, "y": 70, "z": 25}, step=0.5, bias={"z": 0.5}),
        "expected scores": simulate(4, {"m": 80, "f": 75}, step=0.0, bias={"f": 0.2}),
        "unequal abilities": simulate(5, {"1": 60, "2": 60, "3": 60}, ability={"3": -1.0}, top=5),
        "odd labels": simulate(6, {"ja, natürlich": 40, "女": 35, " x ": 30, "nan": 20}),
        "two points": simulate(7, {"p": 50, "q": 33}, top=1),
    }


def simulate(
    seed: int,
    sizes: dict[str, int],
    *,
    step: float = 1.0,
    top: int = 3,
    bias: dict[str, float] | None = None,
    ability: dict[str, float] | None = None,
) -> dict[str, Any]:
    """Human scores 0..top, machine scores around them in steps (0: not rounded), shifted by a bias for some groups."""
    rng = np.random.default_rng(seed)
    groups = rng.permutation(np.repeat(list(sizes), list(sizes.values()))).tolist()
    shift = np.array([(bias or {}).get(group, 0.0) for group in groups])
    level = np.array([(ability or {}).get(group, 0.0) for group in groups])
    quality = rng.normal(top / 2 + level, top / 3.5)
    human_step = step or 1.0
    human = np.clip(np.rint(quality / human_step) * human_step, 0, top)
    machine = np.clip(quality + shift + rng.normal(0, top / 6, len(groups)), 0, top)
    machine = np.rint(machine / step) * step if step else machine.round(4)
    return {"human": human.tolist(), "machine": machine.tolist(), "groups": groups}


def reference(given: dict[str, Any]) -> dict[str, Any]:
    """What RSMTool says."""
    human, machine = np.array(given["human"]), np.array(given["machine"])
    frame = pd.DataFrame({"sc1": human, "raw": machine, "L": given["groups"]})
    _, container = get_fairness_analyses(frame.copy(), "L", "raw")
    summary = container["fairness_metrics_by_L"]
    short = {"osa": "Overall score accuracy", "osd": "Overall score difference", "csd": "Conditional score difference"}
    whole = (human.mean(), machine.mean(), human.std(ddof=1), machine.std(ddof=1))
    inside = {group: np.array(given["groups"]) == group for group in sorted(set(given["groups"]))}
    return {
        "base": str(summary["base_category"].iloc[0]),
        "effects": {
            name: {
                "r2": float(summary.loc["R2", long]),
                "p": float(summary.loc["sig", long]),
                "coefficients": coefficients(container[f"estimates_{name}_by_L"]),
            }
            for name, long in short.items()
        },
        "dsm": {
            group: float(difference_of_standardized_means(human[rows], machine[rows], *whole))
            for group, rows in inside.items()
        },
        "qwk": {group: float(quadratic_weighted_kappa(human[rows], machine[rows])) for group, rows in inside.items()},
    }


def coefficients(table: pd.DataFrame) -> list[list[float]]:
    """Rows of estimate, p, low, high: the intercept, then each group but the base, from the largest down.

    By position: RSMTool cuts the labels at their first dot.
    """
    return [[float(value) for value in row] for row in table.to_numpy()]


if __name__ == "__main__":
    main()
