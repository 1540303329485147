"""Size against quality, as a picture."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from pocketscore.report.numerals import agreement, count, interval
from pocketscore.report.svg import WIDTH, Axis, Frame, legend, line, mark, nice_ticks, picture, text, tick_label
from pocketscore.types import Estimate

_MOST_LABELS = 5  # on the horizontal axis
_ASIDE = 7.0  # between models of one size, so that their intervals can be told apart


@dataclass(frozen=True)
class Sized:
    """One model.

    Attributes:
        rater: "student", "teacher" or "original_nn".
        name: What to call it.
        parameters: Number of its weights, at least 1.
        quality: The main metric.
    """

    rater: str
    name: str
    parameters: int
    quality: Estimate


def frontier_chart(models: Sequence[Sized], metric: str, people: Estimate | None) -> Markup:
    """Quality with its interval over the number of weights, on a logarithmic axis.

    Args:
        models: At least one, each with a finite quality.
        metric: Name of the quality.
        people: The same for two human raters, drawn as a line; None without.
    """
    powers = _powers([model.parameters for model in models])
    step = 1 if len(powers) <= _MOST_LABELS else 2
    ends = [end for model in models for end in (model.quality.low, model.quality.high) if math.isfinite(end)]
    known = [model.quality.value for model in models] + ends + ([] if people is None else [people.value])
    y_ticks = nice_ticks(min(known), max(known), 5)
    across = Axis(powers[0], powers[-1], 46, WIDTH - 34)
    down = Axis(y_ticks[0], y_ticks[-1], 218, 46)
    frame = Frame(across, down, "number of parameters, each step ten times as many", metric)
    parts = [
        legend([(model.rater, model.name) for model in models], 14),
        frame.levels((tick, tick_label(tick, y_ticks)) for tick in y_ticks),
        frame.columns((power, _short(power) if i % step == 0 else "") for i, power in enumerate(powers)),
        "" if people is None else _people(people, across, down),
        *(_model(model, models, across, down) for model in models),
    ]
    words = "; ".join(
        f"{model.name}, {count(model.parameters)} parameters, {agreement(model.quality.value)}"
        + (f" (95 % interval {interval(model.quality)})" if math.isfinite(model.quality.low) else "")
        for model in models
    )
    beside = "" if people is None else f"; two human raters {agreement(people.value)}"
    return picture(260, f"{metric} by number of parameters: {words}{beside}.", "".join(parts))


def _powers(sizes: Sequence[int]) -> list[int]:
    """Powers of ten from below the smallest size to above the largest, at least one step.

    >>> _powers([54308, 22713216])
    [4, 5, 6, 7, 8]
    """
    low, high = math.floor(math.log10(min(sizes))), math.ceil(math.log10(max(sizes)))
    return list(range(low, max(high, low + 1) + 1))


def _short(power: int) -> str:
    """Ten to a power, as it is said.

    >>> [_short(power) for power in (2, 4, 7, 9)]
    ['100', '10,000', '10 million', '1,000 million']
    """
    return count(10**power) if power < 6 else f"{count(10 ** (power - 6))} million"


def _people(people: Estimate, across: Axis, down: Axis) -> str:
    y = down.place(people.value)
    words = text("name", f"{across.start + 4:g}", y - 5, f"two human raters {agreement(people.value)}")
    return line("diagonal", across(across.low), f"{y:.1f}", across(across.high), f"{y:.1f}") + words


def _model(model: Sized, models: Sequence[Sized], across: Axis, down: Axis) -> str:
    same = [other for other in models if other.parameters == model.parameters]
    aside = _ASIDE * (same.index(model) - (len(same) - 1) / 2)
    x, bar = across.place(math.log10(model.parameters)) + aside, ""
    if math.isfinite(model.quality.low):
        low, high = down(model.quality.low), down(model.quality.high)
        bar = line(f"bar {model.rater}", f"{x:.1f}", low, f"{x:.1f}", high)
    return bar + mark(model.rater, x, down.place(model.quality.value), 5)
