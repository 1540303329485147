"""Summarise the `evaluation.json` of a run with many items.

    python benchmarks/mean.py beetle/evaluation.json

Pooled accuracy counts every test answer once; the means count every item once.
"""

from __future__ import annotations

import argparse
import json
import math
from pathlib import Path
from typing import Any


def main() -> None:
    """Print a table: one line a method."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("evaluation", type=Path)
    items: list[dict[str, Any]] = list(json.loads(parser.parse_args().evaluation.read_text(encoding="utf-8")).values())
    answers = sum(item["responses"]["test"] for item in items)
    print(f"{len(items)} items, {answers} test answers")
    print(f"{'':12}  pooled accuracy  mean accuracy  mean macro-F1")
    for method in items[0]["test"]:
        found = [item["test"][method] for item in items]
        hits = sum(row[i] for one in found for i, row in enumerate(one["confusion"]))
        pooled = hits / sum(one["n"] for one in found)
        print(f"{method:12}  {pooled:15.3f}  {mean(found, 'accuracy'):13.3f}  {mean(found, 'macro_f1'):13.3f}")


def mean(found: list[dict[str, Any]], metric: str) -> float:
    """Mean of a metric over the items where it is defined."""
    values = [one["metrics"][metric]["value"] for one in found if one["metrics"][metric]["value"] is not None]
    return sum(values) / len(values) if values else math.nan


if __name__ == "__main__":
    main()
