"""How agreement grows with the number of scored answers, and what more of them would bring.

    Trials -> learning_curve -> LearningCurve -> .at(n), .gain(now, n) -> forecast -> Forecast, in plain words

Agreement on n answers is taken to follow an inverse power law, a - b n^-c: it nears a ceiling a, ever more slowly
(Cortes, Jackel, Solla, Vapnik and Denker 1994; Figueroa, Zeng-Treitler, Kandula and Ngo 2012, who fit it by weighted
least squares to subsets, as here). The interval has three sources: which answers were tested (bootstrap), which answers
each scorer was trained on (bootstrap over draws), and the luck of the training answers that the user will have (the
variance between draws, which falls with 1 / n).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from pocketscore.errors import InputError
from pocketscore.metrics import Statistic, exact_agreement, qwk
from pocketscore.trust.subsets import Trials, trials
from pocketscore.types import MISSING, Estimate, Floats, Ints, Scale

EXPONENTS = np.round(np.arange(0.1, 2.001, 0.05), 2)
"""The exponents c tried."""

RESAMPLES = 1000
"""Bootstrap draws of answers and subsets."""

INDEPENDENT = 0.3
"""Subsets up to this share of the answers count as separate draws of training answers; larger ones overlap too far."""

TOO_WIDE = 0.2
"""Width of the interval of what twice as many answers bring, beyond which nobody can plan with it."""

HARDLY = 0.02
"""Gain below which more answers hardly help."""

TIMES = (1.5, 2.0, 4.0)
"""Multiples of the present number of training answers that are forecast."""


@dataclass(frozen=True, eq=False)
class PowerLaw:
    """Agreement on n answers, `ceiling - drop · (n / unit)^-exponent`; one law, or L of them in arrays (L,).

    Attributes:
        ceiling: a, at most 1.
        drop: b · unit^-c, at least 0: what is missing to the ceiling at n = unit.
        exponent: c, from 0.1 to 2.
        unit: The number of answers at which `drop` is meant.
    """

    ceiling: Floats
    drop: Floats
    exponent: Floats
    unit: float

    def at(self, n: float) -> Floats:
        """Agreement on n answers."""
        return np.asarray(self.ceiling - self.drop * (n / self.unit) ** -self.exponent)


def fit_power_law(sizes: Floats, agreement: Floats, weights: Floats) -> PowerLaw:
    """The laws with the least weighted squared error: every exponent of the grid, solved for the other two.

    Args:
        sizes: (S,) numbers of answers, at least two different ones.
        agreement: (L, S) agreement of L curves at these sizes; a curve with a NaN gives a NaN law.
        weights: (S,) weights, usually inverse variances.

    Example:
        >>> sizes = np.array([50.0, 100.0, 200.0, 400.0])
        >>> law = fit_power_law(sizes, (0.8 - 3 * sizes**-0.5)[None], np.ones(4))
        >>> float(law.ceiling[0].round(3)), float(law.exponent[0]), float(law.at(1600)[0].round(3))
        (0.8, 0.5, 0.725)
    """
    unit, share = float(sizes.max()), weights / weights.sum()
    curves = np.asarray(agreement, dtype=np.float64)
    least = np.full(len(curves), np.inf)
    best = np.full((3, len(curves)), np.nan)
    for exponent in EXPONENTS:
        shape = (sizes / unit) ** -exponent
        ceiling, drop = _solved(shape, curves, share)
        errors = ((curves - (ceiling[:, None] - drop[:, None] * shape)) ** 2) @ share
        better = errors < least
        least = np.where(better, errors, least)
        best = np.where(better, [ceiling, drop, np.full(len(curves), exponent)], best)
    return PowerLaw(best[0], best[1], best[2], unit)


def _solved(shape: Floats, curves: Floats, share: Floats) -> tuple[Floats, Floats]:
    """Ceilings at most 1 and drops at least 0 (L,) for one exponent, by weighted least squares.

    The error is convex, so a bound that is crossed holds with equality in the best law.
    """
    middle, level = shape @ share, curves @ share
    drop = np.maximum((level[:, None] - curves) @ (share * (shape - middle)) / (share @ (shape - middle) ** 2), 0)
    ceiling = level + drop * middle
    at_one = np.maximum((1 - curves) @ (share * shape) / (share @ shape**2), 0)
    over = ceiling > 1
    return np.where(over, 1.0, ceiling), np.where(over, at_one, drop)


@dataclass(frozen=True, eq=False)
class LearningCurve:
    """A fitted curve.

    Attributes:
        metric: "qwk" on ordinal scales, "accuracy" on nominal ones.
        answers: Scored answers that it was learnt from.
        sizes: (S,) answers of the subsets.
        measured: S agreements, each with its interval over tested answers and draws.
        law: The fitted law.
        laws: The laws of the bootstrap draws for which agreement is defined.
        luck: Variance of agreement between scorers trained on one answer each, so to speak: that of n answers is
            luck / n.
    """

    metric: str
    answers: int
    sizes: Floats
    measured: tuple[Estimate, ...]
    law: PowerLaw
    laws: PowerLaw
    luck: float

    def at(self, n: float) -> Estimate:
        """Agreement of a scorer trained on n answers, on the answers of all pupils, with 95 % prediction interval."""
        return _estimate(self.law.at(n), self.draws_at(n))

    def gain(self, now: float, n: float) -> Estimate:
        """How much agreement a scorer gains when its `now` training answers become n, with 95 % prediction interval."""
        return _estimate(self.law.at(n) - self.law.at(now), self.gain_draws(now, n))

    def draws_at(self, n: float) -> Floats:
        """Draws of the agreement of a scorer trained on n answers; `at` is their 2.5th and 97.5th percentile."""
        draws = self.laws.at(n) + np.sqrt(self.luck / n) * _normal(len(self.laws.ceiling))
        return np.asarray(np.clip(draws, -1, 1))

    def gain_draws(self, now: float, n: float) -> Floats:
        """Draws of the gain from `now` to n answers.

        The luck of nested sets of answers differs as nested means do: its variance is luck · (1 / now - 1 / n).
        """
        spread = np.sqrt(self.luck * max(1 / now - 1 / n, 0.0))
        return np.asarray(self.laws.at(n) - self.laws.at(now) + spread * _normal(len(self.laws.ceiling)))


def learning_curve(found: Trials, seed: int = 0) -> LearningCurve | None:
    """Fit agreement against the number of training answers.

    Args:
        found: What scorers trained on subsets say.
        seed: Of the bootstrap.

    Returns:
        None when agreement is undefined in more than half of the draws, or only one size of subset is there.
    """
    statistic, metric = _statistic(found.scale)
    points = _resampled(found, statistic, np.random.default_rng(seed))
    defined = np.asarray(np.isfinite(points).all(axis=1))
    if len(found.sizes) < 2 or not defined[0] or defined.mean() < 0.5:
        return None
    draws = points[1:][defined[1:]]
    spread = np.maximum(draws.std(axis=0), 1e-3)
    return LearningCurve(
        metric=metric,
        answers=len(found.human),
        sizes=found.sizes,
        measured=tuple(_estimate(points[0, size], draws[:, size]) for size in range(len(found.sizes))),
        law=fit_power_law(found.sizes, points[:1], 1 / spread**2),
        laws=fit_power_law(found.sizes, draws, 1 / spread**2),
        luck=_luck(found, statistic),
    )


def _statistic(scale: Scale) -> tuple[Statistic, str]:
    if scale.kind == "nominal":
        return exact_agreement, "accuracy"
    return partial(qwk, values=scale.values), "qwk"


def _resampled(found: Trials, statistic: Statistic, rng: np.random.Generator) -> Floats:
    """Agreement (1 + RESAMPLES, S): as it is, then with answers and draws resampled; all draws of a size are pooled."""
    draws, n = found.given.shape[1:]
    of_draws, of_answers = (
        np.vstack([np.ones(size), rng.multinomial(size, np.full(size, 1 / size), size=RESAMPLES)])
        for size in (draws, n)
    )
    points = range(len(found.scale))
    human = np.eye(len(found.scale))[found.human]
    pooled = [
        np.stack([((of_draws @ (given == point)) * of_answers) @ human for point in points], axis=-1)
        for given in found.given
    ]
    return np.stack([statistic(counts) for counts in pooled], axis=1)


def _luck(found: Trials, statistic: Statistic) -> float:
    """Variance between draws times their number of answers, the mean over subsets that hardly overlap."""
    small = np.flatnonzero(found.sizes <= INDEPENDENT * len(found.human))
    small = small if len(small) else np.array([0])
    k = len(found.scale)
    variances = []
    for size in small:
        counts = np.stack([_counts(found.human, given, k) for given in found.given[size]])
        agreement = statistic(counts.astype(np.float64))
        defined = agreement[np.isfinite(agreement)]
        if len(defined) > 1:
            variances.append(np.var(defined, ddof=1) * found.sizes[size])
    return float(np.mean(variances)) if variances else 0.0


def _counts(human: Ints, given: Ints, k: int) -> Ints:
    tested = given != MISSING
    return np.bincount(human[tested] * k + given[tested], minlength=k * k).reshape(k, k).astype(np.int64)


def _normal(n: int) -> Floats:
    """The same n standard normal numbers at every call, so that intervals of neighbouring sizes do not jump."""
    return np.random.default_rng((n, 1)).standard_normal(n)


def _estimate(value: Floats, draws: Floats) -> Estimate:
    low, high = np.percentile(draws, [2.5, 97.5])
    return Estimate(float(np.squeeze(value)), float(low), float(high))


@dataclass(frozen=True)
class Target:
    """What a number of further scored answers is expected to bring.

    Attributes:
        more: Further answers to learn from.
        agreement: Of a scorer that learns from them too.
        gain: Against a scorer without them.
    """

    more: int
    agreement: Estimate
    gain: Estimate


@dataclass(frozen=True)
class Forecast:
    """The answer to "how many more should I score?".

    Attributes:
        metric: "qwk" or "accuracy"; '' when there is no curve.
        answers: Scored answers that the forecast was made from.
        learnt: Answers that a scorer learns from now.
        agreement: Of a scorer that learns from them; None when there is no curve.
        targets: One for each of `TIMES`; empty when nothing can be told.
        problem: Why nothing can be told, '' when it can.
    """

    metric: str
    answers: int
    learnt: int
    agreement: Estimate | None
    targets: tuple[Target, ...]
    problem: str = ""


def forecast(texts: Sequence[str], scores: Ints, scale: Scale, learnt: int, seed: int = 0) -> Forecast:
    """What half as many, as many, and three times as many further answers would bring.

    Args:
        texts: N answers.
        scores: (N,) index of their human scores.
        scale: The item's scale.
        learnt: How many of the N a scorer learns from now; the others check it.
        seed: Of draws and bootstrap.

    Returns:
        Without targets, and with the problem, when nothing can be told.
    """
    try:
        curve = learning_curve(trials(texts, scores, scale, seed), seed)
    except InputError as error:
        return Forecast("", len(texts), learnt, None, (), error.problem)
    return forecast_of(curve, len(texts), learnt)


def forecast_of(curve: LearningCurve | None, answers: int, learnt: int) -> Forecast:
    """The forecast from a curve of scored answers; None stands for a curve that could not be fitted."""
    if curve is None:
        return Forecast("", answers, learnt, None, (), "agreement is undefined on too many of their subsets")
    doubled = curve.gain(learnt, 2 * learnt)
    problem = ""
    if doubled.high - doubled.low > TOO_WIDE:
        problem = f"twice as many could change it by anything from {_short(doubled.low)} to {_short(doubled.high)}"
    targets = () if problem else tuple(_target(curve, learnt, times) for times in TIMES)
    return Forecast(curve.metric, answers, learnt, curve.at(learnt), targets, problem)


def _target(curve: LearningCurve, learnt: int, times: float) -> Target:
    wanted = learnt * (times - 1)
    more = round(wanted, 1 - int(np.floor(np.log10(max(wanted, 1)))))  # two digits; nobody plans 351 answers
    total = learnt + more
    return Target(int(more), curve.at(total), curve.gain(learnt, total))


def sentences(found: Forecast) -> tuple[str, ...]:
    """The forecast in plain words, a sentence each."""
    said: list[str] = []
    name = {"qwk": "QWK", "accuracy": "share of equal scores"}.get(found.metric, "")
    if found.agreement is not None:
        said.append(
            f"Agreement ({name}) of a quick stand-in that learns from {found.learnt} of the {found.answers} scored "
            f"answers: {_short(found.agreement.value)} ({_interval(found.agreement)})."
        )
    if found.problem:
        said.append(
            f"What more answers would bring cannot be told from {found.answers} scored answers: {found.problem}."
        )
        return tuple(said)
    now = _short(found.agreement.value) if found.agreement is not None else "?"
    said += [
        f"With {target.more} more scored answers the agreement is expected to go from {now} to "
        f"{_short(target.agreement.value)} ({_interval(target.agreement)}), a gain of {_short(target.gain.value)} "
        f"({_interval(target.gain)})."
        for target in found.targets
    ]
    return tuple(said + _verdict(found.targets))


def _verdict(targets: Sequence[Target]) -> list[str]:
    most = targets[-1]
    if most.gain.high < HARDLY:
        return [f"More answers hardly help: even {most.more} bring less than {_short(HARDLY)}."]
    return []


def _interval(estimate: Estimate) -> str:
    return f"95 %: {_short(estimate.low)} to {_short(estimate.high)}"


def _short(value: float) -> str:
    """Two decimals without the leading zero.

    >>> _short(0.714), _short(-0.004), _short(-0.05), _short(1.0)
    ('.71', '.00', '-.05', '1.00')
    """
    text = f"{round(value, 2) + 0.0:.2f}"
    return text.replace("0.", ".", 1) if abs(value) < 0.995 else text
