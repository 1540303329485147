"""Examples for a prompt, picked from training answers that people scored.

Whoever builds a bank gives it training rows only; validation and test answers never stand in a prompt. An answer is
never its own example, nor is one that differs from it only in capitals, white space and what is not seen.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

import numpy as np
import numpy.typing as npt

from pocketscore.errors import InputError
from pocketscore.llm.prompts import Example, same_words
from pocketscore.llm.settings import Pick
from pocketscore.llm.similarity import TfIdf
from pocketscore.types import Floats, Ints

Bools = npt.NDArray[np.bool_]


class ExampleBank:
    """Answers that may be shown with their scores.

    Args:
        texts: B training answers.
        scores: (B,) index of their human scores, 0..K-1.
        points: Number of score points K.
        shots: Most examples in a prompt; 0 shows none.
        pick: "balance" shows as many answers of each point as possible, the same ones in every prompt so that servers
            can keep the prompt's beginning. "similarity" shows those nearest to the answer by TF-IDF cosine, the
            nearest last, at least one of each point where `shots` allow.
        seed: Seed of the order among equals.
        names: What the score points are called in messages; their places unless given.

    Raises:
        InputError: When examples are wanted and a score point has none, or the columns do not fit together.
    """

    def __init__(
        self,
        texts: Sequence[str],
        scores: Ints,
        points: int,
        shots: int,
        pick: Pick,
        seed: int,
        names: Sequence[str] | None = None,
    ) -> None:
        _check(texts, scores, points)
        if shots:
            _check_points(scores, names or [f"number {point + 1} of {points}" for point in range(points)])
        self.texts, self.scores = tuple(texts), np.asarray(scores, dtype=np.int64)
        self.points, self.shots, self.pick, self.seed = points, shots, pick, seed
        self._plain = [same_words(text) for text in texts]
        self._rows: dict[str, list[int]] = defaultdict(list)
        for row, same in enumerate(self._plain):
            self._rows[same].append(row)
        rng = np.random.default_rng(seed)
        self._order = rng.permutation(len(texts))
        self._turns = [self._order[self.scores[self._order] == point].tolist() for point in rng.permutation(points)]
        self._tfidf = TfIdf(texts) if shots and pick == "similarity" else None

    def __len__(self) -> int:
        return len(self.texts)

    def others(self, text: str) -> Bools:
        """(B,) which answers are not the same as this text."""
        found = np.ones(len(self), dtype=np.bool_)
        found[self._rows.get(same_words(text), [])] = False
        return found

    def pick_for(self, text: str, allowed: Bools | None = None) -> tuple[Example, ...]:
        """Examples for the prompt about one answer, at most `shots`, no two of them the same answer.

        Args:
            text: The answer that will be asked about.
            allowed: (B,) which rows may be shown, all unless given. Cross-fitting bars the rows of the answer's fold.

        Raises:
            InputError: When `allowed` has another length than the bank.
        """
        if not self.shots:
            return ()
        if allowed is not None and len(allowed) != len(self):
            raise InputError(f"{len(allowed)} marks for {len(self)} example answers", "give each one a mark")
        usable = self.others(text) if allowed is None else self.others(text) & allowed
        rows = self._balanced(usable) if self._tfidf is None else self._nearest(self._tfidf.cosines(text), usable)
        return tuple(Example(self.texts[row], int(self.scores[row])) for row in rows)

    def _balanced(self, usable: Bools) -> list[int]:
        """One row of each point after another, until there are enough or none is left."""
        chosen: list[int] = []
        shown: set[str] = set()
        queues = [self._fresh(rows, usable, shown) for rows in self._turns]
        while len(chosen) < self.shots and (turn := [row for queue in queues for row in islice(queue, 1)]):
            chosen += turn
        return chosen[: self.shots]

    def _nearest(self, cosines: Floats, usable: Bools) -> list[int]:
        """The nearest rows, the nearest of each point among them, the nearest last."""
        ranked = self._order[np.argsort(-cosines[self._order], kind="stable")]
        near: list[int] = []
        heads: dict[int, int] = {}
        for row in self._fresh(ranked.tolist(), usable, set()):
            heads.setdefault(int(self.scores[row]), row)
            if len(near) < self.shots:
                near.append(row)
            elif len(heads) == self.points:
                break
        chosen = list(heads.values())[: self.shots]
        chosen += [row for row in near if row not in chosen][: self.shots - len(chosen)]
        return sorted(chosen, key=ranked.tolist().index, reverse=True)

    def _fresh(self, rows: Iterable[int], usable: Bools, shown: set[str]) -> Iterator[int]:
        """Usable rows whose answer was not shown yet; each is shown as it is taken."""
        for row in rows:
            if usable[row] and self._plain[row] not in shown:
                shown.add(self._plain[row])
                yield row


def _check(texts: Sequence[str], scores: Ints, points: int) -> None:
    if len(texts) != len(scores):
        raise InputError(f"{len(texts)} example answers with {len(scores)} scores", "give each answer its score")
    outside = [int(score) for score in scores if not 0 <= score < points]
    if outside:
        raise InputError(
            f"an example answer has the score index {outside[0]}, the scale has the points 0 to {points - 1}",
            "use only answers that people scored",
        )


def _check_points(scores: Ints, names: Sequence[str]) -> None:
    counts = np.bincount(scores, minlength=len(names)).tolist()
    without = [name for name, number in zip(names, counts, strict=True) if number == 0]
    if without:
        raise InputError(
            f"no training answer has the score point {', '.join(without)} (scored answers by point: "
            f"{', '.join(f'{name}: {number}' for name, number in zip(names, counts, strict=True))}), so no example of "
            "it can be shown",
            "score an answer of that point, correct the scale in the items file, or show no examples with --shots 0",
        )
