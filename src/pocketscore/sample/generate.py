"""Makes the simulated sample data: `python -m pocketscore.sample.generate OUT_DIR` writes its three files.

Each response has dice of its own, seeded by the sample's seed, the item and the row. Four steps:

1. *plan* (`science`, `maths`): what the answer states, in which fragments, and the score the rubric gives;
2. *write* (`noise`): a pupil with habits of spelling, case, punctuation and hedging writes the plan down;
3. *rate*: two raters, independent given the answer, miss the truth with a chance that grows with doubt;
4. *second*: the second score is kept for all science answers and about 60 % of the mathematics answers.

The group column changes how an answer is written, never how it is planned or rated. Only
`random.Random.random` is used, so the bytes are the same on every platform and Python version.
"""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pocketscore.errors import InputError, OutputError
from pocketscore.sample import fragments_maths, fragments_science, items, maths, noise, science
from pocketscore.sample.writing import Dice, Draft, expand

SECOND_SHARE = {"cold-glass": 1.0, "price-up-down": 0.6}
"""Share of the answers that the second rater scored."""

HEDGE_DOUBT = 0.04
FAR = 0.04
"""Share of a rater's misses that are two points off."""


@dataclass(frozen=True)
class Row:
    """One simulated response.

    Attributes:
        id: Unique identifier.
        item: Identifier of the item.
        response: The answer as written, '' for a blank one.
        score: First rater's score.
        score2: Second rater's score, None where there is none.
        group_language: "first" or "additional".
        truth: Score of the plan; not written to the file.
    """

    id: str
    item: str
    response: str
    score: int
    score2: int | None
    group_language: str
    truth: int


def generate(seed: int = 2026, n: int = 600) -> list[Row]:
    """The simulated responses: `n` for each of the two items.

    Example:
        >>> rows = generate(n=2)
        >>> [row.id for row in rows]
        ['cg-001', 'cg-002', 'pud-001', 'pud-002']
        >>> rows == generate(n=2)
        True
    """
    return [
        *_rows("cold-glass", "cg", seed * 2_000_000, n),
        *_rows("price-up-down", "pud", seed * 2_000_000 + 1_000_000, n),
    ]


def _rows(item: str, prefix: str, first_seed: int, n: int) -> Iterator[Row]:
    plan: Callable[[Dice], Draft] = science.plan if item == "cold-glass" else maths.plan
    words = fragments_science if item == "cold-glass" else fragments_maths
    top = 3 if item == "cold-glass" else 2
    for number in range(n):
        dice = Dice(first_seed + number)
        draft, who = plan(dice), noise.writer(dice)
        fillers = [expand(dice, filler, words.SLOTS) for filler in words.FILLER]
        text, hedged = noise.write(dice, who, draft, fillers)
        doubt = draft.doubt + HEDGE_DOUBT * hedged
        scores = [_rated(dice, draft, doubt, top) for _ in range(2)]
        second = scores[1] if dice.chance(SECOND_SHARE[item]) else None
        yield Row(f"{prefix}-{number + 1:03d}", item, text, scores[0], second, who.group, draft.truth)


def _rated(dice: Dice, draft: Draft, doubt: float, top: int) -> int:
    """One rater's score: the truth, or now and then a point (rarely two) off."""
    if not dice.chance(doubt):
        return draft.truth
    step = 2 if dice.chance(FAR) else 1
    way = draft.lean if draft.lean and dice.chance(0.7) else dice.pick((-1, 1))
    score = draft.truth + way * step
    return score if 0 <= score <= top else min(max(draft.truth - way, 0), top)


def write_sample(folder: Path, seed: int = 2026, n: int = 600) -> None:
    """Write `responses.csv`, `items.json` and `new_answers.csv` into a folder, which is made if need be."""
    header = ("id", "item", "response", "score", "score2", "group_language")
    rows = [
        (
            row.id,
            row.item,
            row.response,
            row.score,
            "" if row.score2 is None else row.score2,
            row.group_language,
        )
        for row in generate(seed, n)
    ]
    new = [(f"new-{number}", text) for number, text in enumerate(items.NEW_ANSWERS, start=1)]
    files = {
        "responses.csv": _csv([header, *rows]),
        "items.json": json.dumps(items.ITEMS, indent=2, ensure_ascii=False) + "\n",
        "new_answers.csv": _csv([("id", "response"), *new]),
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (folder / name).write_bytes(text.encode())
    except OSError as error:
        raise OutputError(f"cannot write the sample to {folder}: {error}", "name another folder") from error


def _csv(rows: Sequence[Sequence[object]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the sample into the folder named on the command line."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if len(given) != 1:
        raise InputError(f"one folder is needed, got {given}", "python -m pocketscore.sample.generate OUT_DIR")
    write_sample(Path(given[0]))


if __name__ == "__main__":
    main()
