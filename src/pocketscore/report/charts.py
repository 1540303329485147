"""Charts as inline SVG: pure functions from numbers to markup. Colours come from the style sheet's classes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup, escape

from pocketscore.report.numerals import agreement, count
from pocketscore.types import Estimate, Floats

WIDTH = 360
"""Of every chart, in user units; at this width a unit is about a pixel of a phone."""

_ROW = 36  # height of one row of the interval chart


@dataclass(frozen=True)
class IntervalRow:
    """One line of an interval chart."""

    name: str
    estimate: Estimate
    highlighted: bool = False


@dataclass(frozen=True, eq=False)
class Curve:
    """Validation loss (C,) at each of C steps (C,); the losses are finite."""

    name: str
    steps: Floats
    losses: Floats
    highlighted: bool = False

    @property
    def best(self) -> int:
        """Position of the state that was kept: the first one with the least loss."""
        return int(self.losses.argmin())

    @property
    def summary(self) -> str:
        """What the curve shows, in words."""
        step, loss = count(int(self.steps[self.best])), agreement(float(self.losses[self.best]))
        return f"{self.name}: {loss} at step {step}"


@dataclass(frozen=True)
class _Axis:
    """Maps values from `low` to `high` onto user units from `start` to `end`."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> str:
        share = (value - self.low) / (self.high - self.low)
        return f"{self.start + share * (self.end - self.start):.1f}"


def interval_chart(rows: Sequence[IntervalRow], label: str) -> Markup:
    """Dots with their intervals on one common axis, each under its name.

    Args:
        rows: What to draw, from top to bottom; undefined numbers leave their line empty.
        label: What is on the axis, also the start of the text alternative.
    """
    lows = [row.estimate.low for row in rows if math.isfinite(row.estimate.low)]
    axis = _Axis(min(0.0, math.floor(min(lows, default=0.0) * 5) / 5), 1.0, 12, WIDTH - 12)
    bottom = _ROW * len(rows) + 6
    ticks = nice_ticks(axis.low, axis.high, 6)
    grid = "".join(_line("grid", axis(tick), "4", axis(tick), str(bottom)) for tick in ticks)
    labels = "".join(_text("tick middle", axis(tick), bottom + 15, f"{tick:.1f}") for tick in ticks)
    title = _text("axis middle", f"{WIDTH / 2:.0f}", bottom + 32, label)
    body = "".join(_interval(row, axis, _ROW * i) for i, row in enumerate(rows))
    words = "; ".join(f"{row.name} {_spoken(row.estimate)}" for row in rows)
    return _svg(bottom + 38, f"{label}: {words}.", grid + labels + title + body)


def curve_chart(curves: Sequence[Curve], label: str) -> Markup:
    """Loss curves over the training step, the state kept marked on each.

    Args:
        curves: At least one, each with at least one point.
        label: What is on the vertical axis, also the start of the text alternative.
    """
    legend = 18 * len(curves)
    top, bottom = legend + 26, legend + 186
    losses = np.concatenate([curve.losses for curve in curves])
    y_ticks = nice_ticks(float(losses.min()), float(losses.max()), 5)
    x_ticks = nice_ticks(0.0, max(float(curve.steps.max()) for curve in curves), 5)
    across = _Axis(0.0, x_ticks[-1], 46, WIDTH - 16)
    down = _Axis(min(y_ticks[0], float(losses.min())), y_ticks[-1], bottom, top)
    parts = [
        _text("axis", "2", legend + 16, label),
        _text("axis middle", f"{(46 + WIDTH) / 2:.0f}", bottom + 34, "step"),
    ]
    for tick in y_ticks:
        parts += [_line("grid", "46", down(tick), f"{WIDTH - 16}", down(tick))]
        parts += [_text("tick end", "40", float(down(tick)) + 4, _tick_label(tick, y_ticks))]
    parts += [_text("tick middle", across(tick), bottom + 16, f"{tick:,.0f}") for tick in x_ticks]
    for i, curve in enumerate(curves):
        parts += [_legend(curve, 12 + 18 * i), _curve(curve, across, down)]
    words = "; ".join(f"{curve.summary} of {count(int(curve.steps[-1]))}" for curve in curves)
    return _svg(bottom + 40, f"{label} over training steps, lowest values: {words}.", "".join(parts))


def nice_ticks(low: float, high: float, most: int) -> list[float]:
    """Round numbers, evenly spaced, from at most `low` to at least `high`; about `most` of them.

    >>> nice_ticks(0, 2900, 5)
    [0.0, 1000.0, 2000.0, 3000.0]
    >>> nice_ticks(0.52, 1.1, 5)
    [0.4, 0.6, 0.8, 1.0, 1.2]
    >>> len(nice_ticks(0.5, 0.5, 5)) > 1
    True
    """
    span = high - low if high > low else max(abs(high), 1.0) * 0.1
    rough = span / (most - 1)
    power = 10.0 ** math.floor(math.log10(rough))
    size = next(power * step for step in (1, 2, 5, 10) if power * step >= rough * 0.999)
    first, last = math.floor(low / size + 1e-9), math.ceil((low + span) / size - 1e-9)
    return [round(i * size, 10) for i in range(first, last + 1)]


def _tick_label(tick: float, ticks: Sequence[float]) -> str:
    step = ticks[1] - ticks[0]
    decimals = max(0, math.ceil(-math.log10(step) - 1e-9))
    return f"{tick:,.{decimals}f}"


def _interval(row: IntervalRow, axis: _Axis, top: int) -> str:
    emphasis = " strong" if row.highlighted else ""
    name = _text(f"name{emphasis}", axis(axis.low), top + 16, row.name)
    if not math.isfinite(row.estimate.value):
        return name + _text("name end", axis(1), top + 16, "undefined")
    value = _text(f"name end{emphasis}", axis(1), top + 16, agreement(row.estimate.value))
    kind, y = ("student" if row.highlighted else "other"), top + 27
    bar = ""
    if math.isfinite(row.estimate.low):
        bar = _line(f"bar {kind}", axis(row.estimate.low), str(y), axis(row.estimate.high), str(y))
    radius = 5.5 if row.highlighted else 4
    dot = f'<circle class="dot {kind}" cx="{axis(row.estimate.value)}" cy="{y}" r="{radius}"></circle>'
    return name + value + bar + dot


def _spoken(estimate: Estimate) -> str:
    if not math.isfinite(estimate.value):
        return "undefined"
    if not math.isfinite(estimate.low):
        return agreement(estimate.value)
    return f"{agreement(estimate.value)} (95 % interval {agreement(estimate.low)} to {agreement(estimate.high)})"


def _legend(curve: Curve, y: int) -> str:
    kind = "student" if curve.highlighted else "other"
    line = _line(f"curve {kind}", "2", str(y - 4), "28", str(y - 4))
    return line + _text("name", "36", y, f"{curve.name}: lowest {curve.summary.removeprefix(curve.name + ': ')}")


def _curve(curve: Curve, across: _Axis, down: _Axis) -> str:
    kind = "student" if curve.highlighted else "other"
    xy = [(across(float(x)), down(float(y))) for x, y in zip(curve.steps, curve.losses, strict=True)]
    line = f'<polyline class="curve {kind}" points="{" ".join(f"{x},{y}" for x, y in xy)}"></polyline>'
    x, y = xy[curve.best]
    return line + f'<circle class="dot {kind}" cx="{x}" cy="{y}" r="5"></circle>'


def _line(kind: str, x1: str, y1: str, x2: str, y2: str) -> str:
    return f'<line class="{kind}" x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}"></line>'


def _text(kind: str, x: str, y: float, text: str) -> str:
    return f'<text class="{kind}" x="{x}" y="{y:g}">{escape(text)}</text>'


def _svg(height: int, description: str, body: str) -> Markup:
    label = escape(description)
    return Markup(f'<svg class="chart" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{label}">{body}</svg>')
