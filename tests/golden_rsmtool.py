"""Write `tests/golden/rsmtool.json`: simulated scores and what RSMTool 12.0.0 says of them.

    python -m venv rsm && rsm/bin/pip install rsmtool==12.0.0
    rsm/bin/python tests/golden_rsmtool.py

RSMTool needs numpy below 2 and some hundred packages, so it gets an environment of its own and its answers are frozen.
The scores are simulated here and speak of nobody. Undefined numbers are null.
"""

from __future__ import annotations

import importlib
import json
import sys
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Listed = list[float | None] | list[list[float | None]]

GOLDEN = Path(__file__).parent / "golden" / "rsmtool.json"
EXTERNAL = 0.2
"""A rater error variance from elsewhere, for the data sets without double scores too."""


@dataclass(frozen=True, eq=False)
class DataSet:
    """Scores of N answers.

    Attributes:
        human: (N, C) scores of C raters, NaN where a rater did not score.
        machine: (N,) unrounded machine scores.
        lowest, highest: Ends of the scale, for trimming.
    """

    human: Floats
    machine: Floats
    lowest: float = 0
    highest: float = 3


def simulated(n: int, raters: int, seed: int, *, noise: float = 0.5, top: int = 3, step: float = 1.0) -> DataSet:
    """Ability, raters who see it with noise and round it to the scale, and a machine that sees it with more noise."""
    rng = np.random.default_rng(seed)
    ability = rng.normal(0.55 * top, 0.3 * top, n)
    seen = ability[:, None] + rng.normal(0, noise, (n, raters))
    human = np.clip(np.rint(seen / step) * step, 0, top)
    machine = np.round(0.1 + 0.9 * ability + rng.normal(0, 1.2 * noise, n), 4)
    return DataSet(human, machine, 0, top)


def only_first(data: DataSet, column: int, rows: int) -> DataSet:
    """The same with a rater who scored nothing but the first rows."""
    human = data.human.copy()
    human[rows:, column] = np.nan
    return DataSet(human, data.machine, data.lowest, data.highest)


def replaced(data: DataSet, *, human: Floats | None = None, machine: Floats | None = None) -> DataSet:
    """The same with other scores."""
    human = data.human if human is None else human
    machine = data.machine if machine is None else machine
    return DataSet(human, machine, data.lowest, data.highest)


def data_sets() -> dict[str, DataSet]:
    """Name -> scores."""
    typical = only_first(simulated(120, 2, 1), 1, 40)
    uneven = only_first(only_first(simulated(90, 3, 2, top=5), 1, 50), 2, 15)
    plain = simulated(60, 2, 3)
    class_missing = replaced(plain, human=np.where(plain.human == 2, 3.0, plain.human))
    unused_top = replaced(plain, human=np.minimum(plain.human, 2.0), machine=np.minimum(plain.machine, 2.2))
    half = only_first(simulated(80, 2, 4, top=4, step=0.5, noise=0.4), 1, 50)
    half_machine = replaced(half, machine=np.rint(half.machine * 2) / 2)
    shifted = replaced(plain, human=plain.human - 2, machine=plain.machine - 2)
    return {
        "typical, 0-3, a third double scored": typical,
        "three raters, uneven, 0-5": uneven,
        "no human score of 2": class_missing,
        "nobody uses the top score": unused_top,
        "machine constant": replaced(plain, machine=np.full(60, 1.0)),
        "human constant": replaced(plain, human=np.full((60, 2), 1.0)),
        "human and machine constant, equal": replaced(plain, human=np.full((60, 2), 1.0), machine=np.full(60, 1.0)),
        "one rater": replaced(plain, human=plain.human[:, :1]),
        "no double scored row": only_first(plain, 1, 0),
        "one double scored row": only_first(plain, 1, 1),
        "half points, machine continuous": half,
        "half points, machine on half points": half_machine,
        "two rows": DataSet(np.array([[1.0, 1.0], [2.0, 3.0]]), np.array([1.3, 1.9])),
        "one row": DataSet(np.array([[1.0, 2.0]]), np.array([1.3])),
        "machine perfect": replaced(plain, machine=plain.human[:, 0]),
        "raters agree": replaced(plain, human=plain.human[:, [0, 0]]),
        "raters at chance": replaced(plain, human=np.random.default_rng(9).integers(0, 4, (60, 2)).astype(float)),
        "scale -2 to 1": DataSet(shifted.human, shifted.machine, -2, 1),
        "machine far outside the scale": replaced(plain, machine=3 * plain.machine - 2),
    }


def plain_number(value: float | None) -> float | None:
    """A JSON number, None where RSMTool gives NaN, an infinity, None or nothing."""
    return None if value is None or not np.isfinite(value) else float(f"{value:.12g}")


def numbers(found: Mapping[Any, Any]) -> dict[str, float | None]:
    """Every value as a JSON number."""
    return {str(name): plain_number(value) for name, value in found.items()}


def safely(function: Callable[..., Any], *arguments: object) -> Any:  # noqa: ANN401 - whatever it gives
    """What the function gives, or None where it raises: RSMTool stops on some of the data sets."""
    try:
        return function(*arguments)
    except (ValueError, IndexError, ZeroDivisionError, KeyError, AssertionError):
        return None


def machine_columns(data: DataSet) -> dict[str, Floats]:
    """The machine scores as they are, trimmed, and trimmed and rounded, by RSMTool's own functions."""
    preprocessor = importlib.import_module("rsmtool.preprocessor").FeaturePreprocessor()
    trimmed = preprocessor.trim(data.machine, data.lowest, data.highest)
    return {"raw": data.machine, "raw_trim": trimmed, "raw_trim_round": np.rint(trimmed)}


def against_machine(data: DataSet) -> dict[str, Any]:
    """Column -> RSMTool's metrics of the first rater and that column."""
    pandas: Any = importlib.import_module("pandas")
    analyzer = importlib.import_module("rsmtool.analyzer").Analyzer()
    squared: Any = importlib.import_module("sklearn.metrics").mean_squared_error
    kappa: Any = importlib.import_module("skll.metrics").kappa
    found = {}
    first = data.human[:, 0]
    for name, scores in machine_columns(data).items():
        one = numbers(analyzer.metrics_helper(pandas.Series(first), pandas.Series(scores)))
        one["MSE"] = plain_number(squared(first, scores))
        one["skll_qwk"] = plain_number(kappa(first, scores, "quadratic"))
        frame = pandas.DataFrame({"sc1": first, "machine": scores, "group": "all"})
        marginal = safely(analyzer.correlation_helper, frame, "sc1", "group")
        one["marginal"] = None if marginal is None else plain_number(marginal[0].loc["all", "machine"])
        found[name] = one
    return found


def against_second(data: DataSet) -> dict[str, Any]:
    """RSMTool's human-human metrics, degradation and disattenuated correlations of the first two raters.

    `all`: machine metrics on all rows, `double`: on the double-scored rows.
    """
    pandas: Any = importlib.import_module("pandas")
    analyzer = importlib.import_module("rsmtool.analyzer").Analyzer()
    if data.human.shape[1] < 2:
        return {}
    frame = pandas.DataFrame({"sc1": data.human[:, 0], **machine_columns(data), "sc2": data.human[:, 1]})
    double = frame[frame["sc2"].notnull()]
    together = safely(lambda: analyzer.metrics_helper(double["sc1"], double["sc2"], smd_method="pooled"))
    found: dict[str, Any] = {"human_human": None if together is None else numbers(together)}
    for name, every in (("all", True), ("double", False)):
        pair = safely(analyzer.compute_degradation_and_disattenuated_correlations, frame, every)
        if pair is not None:
            rows = {column: numbers(row) for column, row in pair[0].iterrows()}
            for column, row in pair[1].iterrows():
                rows[column] |= numbers(row)
            found[name] = rows
    return found


def true_scores(data: DataSet) -> dict[str, Any]:
    """RSMTool's true score evaluations, with the estimated rater error variance and with `EXTERNAL`."""
    prmse: Any = importlib.import_module("rsmtool.utils.prmse")
    found = {}
    for name, given in (("estimated", None), ("external", EXTERNAL)):
        error = prmse.variance_of_errors(data.human) if given is None else given
        found[name] = {
            "error_variance": plain_number(error),
            "true_variance": plain_number(prmse.true_score_variance(data.human, given)),
            "mse_true": plain_number(prmse.mse_true(data.machine, data.human, given)),
            "prmse": plain_number(prmse.prmse_true(data.machine, data.human, given)),
        }
    return found


def listed(values: Floats) -> Listed:
    """Nested lists, None for NaN."""
    if values.ndim > 1:
        return [[None if np.isnan(value) else round(float(value), 10) for value in row] for row in values]
    return [None if np.isnan(value) else round(float(value), 10) for value in values]


def main() -> None:
    """Write the file."""
    warnings.simplefilter("ignore")
    sets = {
        name: {
            "human": listed(data.human),
            "machine": listed(data.machine),
            "scale": [data.lowest, data.highest],
            "columns": {column: listed(scores) for column, scores in machine_columns(data).items() if column != "raw"},
            "machine_human": against_machine(data),
            "second": against_second(data),
            "true_score": true_scores(data),
        }
        for name, data in data_sets().items()
    }
    packages = ("rsmtool", "skll", "scikit-learn", "scipy", "numpy", "pandas")
    made = {
        "versions": {"python": sys.version.split()[0], **{package: version(package) for package in packages}},
        "external": EXTERNAL,
        "sets": sets,
    }
    GOLDEN.write_text(json.dumps(made, separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
