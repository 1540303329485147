"""Is the evidence faithful, and what does it cost?

    python -m benchmarks.evidence pocketscore-demo/cold-glass.pocket -o benchmarks/results/evidence.json

The n words with the largest contributions are taken out of each answer, and as many random ones: how far does the
expected score move? Words are ranked one by one, so for n > 1 nothing makes the first number the larger one.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

import pocketscore
from pocketscore.data import ColumnChoice, read_responses, split
from pocketscore.sample import sample_path
from pocketscore.student.forward import softmax
from pocketscore.types import Part, WordEvidence

REMOVED = (1, 2, 3, 5)
DRAWS = 5
"""Random choices for each answer."""


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scorer", type=Path)
    parser.add_argument("-r", "--responses", type=Path, default=sample_path("responses.csv"))
    parser.add_argument("--only", default="cold-glass")
    parser.add_argument("-o", "--out", type=Path)
    given = parser.parse_args()
    data = read_responses(given.responses, ColumnChoice(), only=(given.only,))
    texts = split(data.responses[0], 0).part(Part.TEST).texts
    found = measure(pocketscore.load(given.scorer), texts)
    print(json.dumps(found, indent=2))
    if given.out:
        given.out.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


def measure(scorer: pocketscore.Scorer, texts: Sequence[str]) -> dict[str, object]:
    """Mean moves of the expected score without the strongest and without random words, and the cost of evidence."""
    scorer.score(texts)
    plain = seconds_of(scorer, texts, evidence=False)
    with_evidence = seconds_of(scorer, texts, evidence=True)
    explained = scorer.score(texts, evidence=True).evidence
    assert explained is not None
    moves: dict[str, dict[str, float]] = {}
    for n in REMOVED:
        longer = [found for found in explained if len(found) > n]
        strongest = [sorted(found, key=lambda one: -abs(one.contribution))[:n] for found in longer]
        rng = np.random.default_rng(n)
        random = [
            [[found[i] for i in rng.choice(len(found), n, replace=False)] for found in longer] for _ in range(DRAWS)
        ]
        moves[str(n)] = {
            "answers": len(longer),
            "strongest": round(float(move(scorer, longer, strongest).mean()), 4),
            "random": round(float(np.mean([move(scorer, longer, chosen) for chosen in random])), 4),
        }
    return {
        "answers": len(texts),
        "words_per_answer": round(float(np.mean([len(found) for found in explained])), 1),
        "move_of_expected_score_without_n_words": moves,
        "time_with_evidence_over_without": round(with_evidence / plain, 1),
        "milliseconds_with_evidence_per_answer": round(with_evidence / len(texts) * 1000, 2),
    }


def move(
    scorer: pocketscore.Scorer, answers: Sequence[Sequence[WordEvidence]], removed: Sequence[Sequence[WordEvidence]]
) -> np.ndarray:
    """(N,) how far each answer's expected score moves without some of its words."""
    whole = scorer.logits([[one.word for one in found] for found in answers])
    rest = scorer.logits(
        [[one.word for one in found if one not in out] for found, out in zip(answers, removed, strict=True)]
    )
    values = scorer.scale.values
    return np.abs(softmax(whole) @ values - softmax(rest) @ values)


def seconds_of(scorer: pocketscore.Scorer, texts: Sequence[str], *, evidence: bool) -> float:
    """Best of three."""
    times = []
    for _ in range(3):
        begin = time.perf_counter()
        scorer.score(texts, evidence=evidence)
        times.append(time.perf_counter() - begin)
    return min(times)


if __name__ == "__main__":
    main()
