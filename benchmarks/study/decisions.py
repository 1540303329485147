"""Ways to turn probabilities into scores, tried on the teacher's out-of-fold probabilities of the training parts.

    python -m benchmarks.study.decisions ../shared/data --work WORK

No test answer is used, and no network is trained where the committed table of soft labels fits the data. Cut points are
learnt from the validation parts, whose probabilities are the mean of the folds, as in use.
"""

from __future__ import annotations

import argparse
import json
from contextlib import closing
from pathlib import Path

from benchmarks.study.cases import Case, load_cases
from benchmarks.study.datasets import DATA_SETS
from pocketscore.cli.distill import progress_console
from pocketscore.decision import cut_points
from pocketscore.metrics import confusion, exact_agreement, qwk
from pocketscore.types import Floats, Ints, Part, Scores, Status

RESULT = Path(__file__).parent.parent / "results" / "decision-asap-sas.json"


def main() -> None:
    """Write the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder with the data sets")
    parser.add_argument("--work", type=Path, required=True, help="folder for teachers, should they be needed")
    given = parser.parse_args()
    with closing(progress_console()) as progress:
        cases = load_cases(DATA_SETS["asap-sas"], given.data, given.work, progress)
    found: dict[str, dict[str, list[float]]] = {}
    for case in cases:
        human, values = case.train.scores, case.responses.item.scale.values
        for teacher, soft in (("teacher", case.soft), ("encoder alone", case.encoder_soft)):
            for rule, indices in decided(case, soft).items():
                table = confusion(human, indices, len(values))
                row = found.setdefault(f"{teacher}: {rule}", {"qwk": [], "accuracy": []})
                row["qwk"].append(round(float(qwk(table, values)), 5))
                row["accuracy"].append(round(float(exact_agreement(table)), 5))
    RESULT.write_text(json.dumps({"answers": sum(len(c.train) for c in cases), **found}, indent=1) + "\n")


def decided(case: Case, soft: Floats) -> dict[str, Ints]:
    """Rule -> (n,) scores of the training answers."""
    scale, checked = case.responses.item.scale, case.rows(Part.VALIDATION)
    p = soft[case.rows(Part.TRAIN)]
    status = (Status.OK,) * len(p)
    middles = tuple(((scale.values[1:] + scale.values[:-1]) / 2).tolist())
    learnt = cut_points(soft[checked] @ scale.values, case.responses.scores[checked], scale)
    return {
        "likeliest": p.argmax(axis=1),
        "expected score, rounded": Scores(scale, p, status, middles).indices,
        "expected score, scaled and rounded": Scores(scale, p, status, learnt).indices,
    }


if __name__ == "__main__":
    main()
