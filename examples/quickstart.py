"""Load a scorer, score a few answers, and compare it with people. Needs the core install only, and no network.

Run: python examples/quickstart.py [ITEM.pocket]
Without an argument it takes the scorer that `pocketscore demo` makes.
"""

import sys
from pathlib import Path

import numpy as np

import pocketscore

DEFAULT = Path("pocketscore-demo/cold-glass.pocket")
ANSWERS = (
    "There is water vapour in the air. The cold glass cools it and it turns into liquid drops.",
    "the water comes from the air",
    "the glass is leaking",
    "👍",
    "",
)
HUMAN = (3, 1, 0, 0, 0)
"""What a person would give: place on the scale of `cold-glass`, which has four score points."""


def main() -> None:
    """Score and evaluate."""
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT
    if not path.exists():
        sys.exit(f"there is no file {path}; make it with `pocketscore demo`, or name a .pocket file of your own")
    scorer = pocketscore.load(path)
    print(f"item {scorer.item}: {scorer.parameters:,} parameters, score points {', '.join(scorer.scale.points)}\n")

    scores = scorer.score(ANSWERS)
    for text, label, probability, status in zip(ANSWERS, scores.labels, scores.confidence, scores.status, strict=True):
        shown = "    -" if label is None else f"{probability:5.2f}"
        print(f"{label or '-':>4}  {shown}  {status.value:<11} {text}")

    human = np.minimum(HUMAN, len(scorer.scale) - 1)
    item = pocketscore.Item(scorer.item, scorer.scale)
    ids = tuple(f"answer-{number}" for number in range(1, len(ANSWERS) + 1))
    responses = pocketscore.Responses(item, ids, ANSWERS, human, np.full(len(ANSWERS), -1))
    found = pocketscore.evaluate(responses, scores)
    accuracy = found.machine.metrics["accuracy"]
    print(f"\nexact agreement {accuracy.value:.2f}, 95 % interval {accuracy.low:.2f} to {accuracy.high:.2f},")
    print(f"on {found.machine.n} answers ({found.unscored} not scored): far too few to judge a scorer by")


if __name__ == "__main__":
    main()
