"""Which answers to score next: those that would make a scorer surer of most other answers.

Uncertainty alone asks for oddities and for the same thing many times; diversity alone asks for oddities. Here answers
are taken one after another by how much variance each takes away from all that are not scored:

    gain(i) = doubt_i^own · Σ_j doubt_j^others · K_ij² / (K_ii + noise)

K is the covariance of a Gaussian process on n-gram similarities, given the answers that are scored already and those
chosen so far: an answer like one of these has little left to tell (diversity), one that many are like tells much
(density), and doubt_j, the variance of the scorer's score, says where telling is needed (uncertainty). It is the greedy
form of choosing for the least mean variance (Cohn, Ghahramani and Jordan 1996; for Gaussian processes Seo et al. 2000).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pocketscore.errors import InputError
from pocketscore.text import words
from pocketscore.trust.ngram_ridge import features
from pocketscore.types import MISSING, Floats, Ints, Reason, Scores, Status

MOST = 3000
"""Candidates that are compared; of more, a random draw. Time and memory grow with their square."""

MOST_SCORED = 1500
"""Scored answers that are taken into account; of more, a random draw."""

UNSURE = 0.3
"""Difference of the two largest probabilities below which a scorer counts as unsure between the two."""

ALIKE = 0.35
"""Similarity from which two answers count as alike."""

CROWD = 3
"""Fewest answers alike that are worth mentioning."""

UNLIKE = 0.2
"""Similarity to the nearest scored answer below which nothing like it was scored."""

STRANGE = (Reason.OTHER_SCRIPT, Reason.GIBBERISH, Reason.COPIED, Reason.INSTRUCTIONS)
"""Answers that people read anyway and that teach a scorer nothing about the others."""


@dataclass(frozen=True)
class Taste:
    """What counts how much; chosen on half of the items of ASAP-SAS by `benchmarks/suggest.py`.

    Attributes:
        own: Power of a candidate's own doubt.
        others: Power of the doubt about the answers it tells of.
        noise: Variance of a human score that the answer does not explain, where a lone answer's is 1.
    """

    own: float
    others: float
    noise: float


WITH_SCORED = Taste(own=0.0, others=1.0, noise=1.0)
"""When the scored answers are known."""

WITHOUT_SCORED = Taste(own=1.0, others=1.0, noise=0.1)
"""When they are not: only a candidate's own doubt can say that the scorer has not learnt it yet."""


@dataclass(frozen=True)
class Suggestion:
    """An answer to score next.

    Attributes:
        row: Its place among the answers given.
        reason: Why, in plain words.
        probability: The scorer's probability of the score it would give.
    """

    row: int
    reason: str
    probability: float


@dataclass(frozen=True)
class Suggestions:
    """What to score next, and what was not considered.

    Attributes:
        chosen: Best first.
        candidates: Different answers that they were chosen among.
        empty: Answers left out because they hold no word.
        repeated: Left out because the same words stand in another row.
        scored: Left out because the same words are scored already.
        strange: Left out because the scorer knows no word of theirs, or refers them to people anyway, see `STRANGE`.
        drawn: Candidates compared, fewer than `candidates` when these are more than `MOST`.
    """

    chosen: tuple[Suggestion, ...]
    candidates: int
    empty: int
    repeated: int
    scored: int
    strange: int
    drawn: int


def suggest(
    texts: Sequence[str], found: Scores, n: int, scored: Sequence[str] = (), seed: int = 0, taste: Taste | None = None
) -> Suggestions:
    """The n answers whose scoring would teach most, or all that are left when they are fewer.

    Args:
        texts: N answers that nobody has scored.
        found: What the scorer says of them.
        n: How many to suggest.
        scored: Answers that people have scored.
        seed: Of the draw from very many answers.
        taste: What counts how much; by default `WITH_SCORED` or `WITHOUT_SCORED`.

    Raises:
        InputError: When `found` belongs to other answers, or n is not positive.
    """
    if len(found) != len(texts):
        raise InputError(f"{len(found)} scores for {len(texts)} answers", "score exactly these answers")
    if n < 1:
        raise InputError(f"{n} answers to suggest", "ask for at least 1")
    left_out, rows = _candidates(texts, found, scored)
    rng = np.random.default_rng(seed)
    drawn, known = _drawn(rows, MOST, rng), _drawn(np.arange(len(scored)), MOST_SCORED, rng)
    if not len(drawn):
        return Suggestions((), 0, **left_out, drawn=0)
    seen = features([texts[row] for row in drawn] + [scored[row] for row in known])
    pool, past = np.split(seen, [len(drawn)])
    alike, to_scored, among_scored = (
        np.asarray(a @ b.T, dtype=np.float64) for a, b in ((pool, pool), (pool, past), (past, past))
    )
    doubt = doubts(found)[drawn]
    taste = taste or (WITH_SCORED if len(known) else WITHOUT_SCORED)
    order = choose(remaining(alike, to_scored, among_scored, taste.noise), doubt, n, taste)
    reasons = _Reasons(found, alike, to_scored)
    confidence = found.confidence[drawn]
    chosen = tuple(Suggestion(int(drawn[at]), reasons.of(at, int(drawn[at])), float(confidence[at])) for at in order)
    return Suggestions(chosen, len(rows), **left_out, drawn=len(drawn))


def doubts(found: Scores) -> Floats:
    """(N,) variance of the score by the scorer's own probabilities; on nominal scales Σ p (1 - p)."""
    p, values = found.probabilities, found.scale.values
    if found.scale.kind == "nominal":
        return np.asarray((p * (1 - p)).sum(axis=1))
    return np.asarray(np.maximum(p @ values**2 - (p @ values) ** 2, 0))


def remaining(alike: Floats, to_scored: Floats, among_scored: Floats, noise: float) -> Floats:
    """(N, N) covariance of N answers once M are scored: K - B (S + noise)⁻¹ Bᵀ.

    Args:
        alike: (N, N) similarities of the answers.
        to_scored: (N, M) to the scored ones.
        among_scored: (M, M) of the scored ones among each other.
        noise: Variance of a score that the answer does not explain.
    """
    if not len(among_scored):
        return np.array(alike, dtype=np.float64)
    factor = np.linalg.cholesky(np.asarray(among_scored, dtype=np.float64) + noise * np.eye(len(among_scored)))
    explained = np.linalg.solve(factor, np.asarray(to_scored, dtype=np.float64).T)
    return np.asarray(alike - explained.T @ explained)


def choose(covariance: Floats, doubt: Floats, n: int, taste: Taste) -> Ints:
    """Places of min(n, N) answers, the one with the largest gain first, each given those before it.

    Every choice takes c cᵀ / (c_i + noise) from the covariance, c its column i. Sums of squares are kept up to date
    instead of the whole matrix: O(N²) a choice.

    Args:
        covariance: (N, N), see `remaining`.
        doubt: (N,) at least 0.
        n: How many.
        taste: What counts how much.
    """
    share = np.maximum(doubt / max(float(doubt.max()), 1e-12), 1e-6)
    own, others = share**taste.own, share**taste.others
    diagonal = np.diag(covariance).copy()
    told = np.einsum("ij,ij,j->i", covariance, covariance, others)
    taken = np.empty((min(n, len(doubt)), len(doubt)))
    chosen: list[int] = []
    for count in range(len(taken)):
        gain = own * told / (np.maximum(diagonal, 0) + taste.noise)
        gain[chosen] = -np.inf
        best = int(gain.argmax())
        before = taken[:count]
        column = covariance[:, best] - before[:, best] @ before
        column /= np.sqrt(max(column[best], 0.0) + taste.noise)
        turned = covariance @ (others * column) - (before @ (others * column)) @ before
        told = np.maximum(told - 2 * column * turned + column**2 * (others @ column**2), 0)
        diagonal -= column**2
        taken[count] = column
        chosen.append(best)
    return np.array(chosen, dtype=np.int64)


def _candidates(texts: Sequence[str], found: Scores, scored: Sequence[str]) -> tuple[dict[str, int], Ints]:
    """How many rows are left out why, and the others, each answer once."""
    counts = dict.fromkeys(("empty", "repeated", "scored", "strange"), 0)
    known, seen = {_said(text) for text in scored}, set[str]()
    rows = []
    given = found.indices.tolist()
    for row, text in enumerate(texts):
        said = _said(text)
        if given[row] == MISSING or not said:
            counts["empty"] += 1
        elif said in known:
            counts["scored"] += 1
        elif said in seen:
            counts["repeated"] += 1
        elif found.refer[row] in STRANGE or found.status[row] == Status.UNFAMILIAR:
            counts["strange"] += 1
        else:
            rows.append(row)
            seen.add(said)
    return counts, np.array(rows, dtype=np.int64)


def _said(text: str) -> str:
    """An answer's words without punctuation marks; '' when nothing else is there."""
    return " ".join(word for word in words(text) if any(unicodedata.category(char)[0] in "LNS" for char in word))


def _drawn(rows: Ints, most: int, rng: np.random.Generator) -> Ints:
    return rows if len(rows) <= most else np.sort(rng.choice(rows, size=most, replace=False))


class _Reasons:
    """Why an answer was chosen, from what is true of it.

    Args:
        found: What the scorer says of all answers.
        alike: (N, N) similarities of the candidates.
        to_scored: (N, M) to the scored answers, M may be 0.
    """

    def __init__(self, found: Scores, alike: Floats, to_scored: Floats) -> None:
        self._found = found
        self._alike = (alike >= ALIKE).sum(axis=1) - 1
        self._nearest = to_scored.max(axis=1) if to_scored.shape[1] else None

    def of(self, place: int, row: int) -> str:
        """The reasons for the candidate at a place, which stands in a row of the answers."""
        said = []
        likeliest, second = np.argsort(-self._found.probabilities[row], kind="stable")[:2]
        margin = self._found.probabilities[row, likeliest] - self._found.probabilities[row, second]
        if margin < UNSURE:
            first, other = sorted((int(likeliest), int(second)))
            points = self._found.scale.points
            said.append(f"unsure between {points[first]} and {points[other]}")
        if self._nearest is not None and self._nearest[place] < UNLIKE:
            said.append("unlike anything scored so far")
        if self._alike[place] >= CROWD:
            said.append(f"like {self._alike[place]} other answers without a score")
        return "; ".join(said) or "stands for answers that those above do not cover"
