"""Charts of agreement and of training: pure functions from numbers to SVG markup."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from pocketscore.report.numerals import agreement, count
from pocketscore.report.svg import WIDTH, Axis, Frame, dot, line, nice_ticks, path, picture, text, tick_label
from pocketscore.types import Estimate, Floats

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


def interval_chart(rows: Sequence[IntervalRow], label: str) -> Markup:
    """Dots with their intervals on one common axis, each under its name.

    Args:
        rows: What to draw, from top to bottom; undefined numbers leave their line empty.
        label: What is on the axis, also the start of the text alternative.
    """
    lows = [row.estimate.low for row in rows if math.isfinite(row.estimate.low)]
    axis = Axis(min(0.0, math.floor(min(lows, default=0.0) * 5) / 5), 1.0, 12, WIDTH - 12)
    bottom = _ROW * len(rows) + 6
    ticks = nice_ticks(axis.low, axis.high, 6)
    grid = "".join(line("grid", axis(tick), "4", axis(tick), str(bottom)) for tick in ticks)
    labels = "".join(text("tick middle", axis(tick), bottom + 15, f"{tick:.1f}") for tick in ticks)
    title = text("axis middle", f"{WIDTH / 2:.0f}", bottom + 32, label)
    body = "".join(_interval(row, axis, _ROW * i) for i, row in enumerate(rows))
    words = "; ".join(f"{row.name} {_spoken(row.estimate)}" for row in rows)
    return picture(bottom + 38, f"{label}: {words}.", grid + labels + title + body)


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
    across = Axis(0.0, x_ticks[-1], 46, WIDTH - 16)
    down = Axis(min(y_ticks[0], float(losses.min())), y_ticks[-1], bottom, top)
    frame = Frame(across, down, "step", label)
    parts = [frame.levels([(tick, tick_label(tick, y_ticks)) for tick in y_ticks])]
    parts += [text("tick middle", across(tick), bottom + 16, f"{tick:,.0f}") for tick in x_ticks]
    for i, curve in enumerate(curves):
        parts += [_legend(curve, 12 + 18 * i), _curve(curve, across, down)]
    words = "; ".join(f"{curve.summary} of {count(int(curve.steps[-1]))}" for curve in curves)
    return picture(bottom + 40, f"{label} over training steps, lowest values: {words}.", "".join(parts))


def _interval(row: IntervalRow, axis: Axis, top: int) -> str:
    emphasis = " strong" if row.highlighted else ""
    name = text(f"name{emphasis}", axis(axis.low), top + 16, row.name)
    if not math.isfinite(row.estimate.value):
        return name + text("name end", axis(1), top + 16, "undefined")
    value = text(f"name end{emphasis}", axis(1), top + 16, agreement(row.estimate.value))
    kind, y = ("student" if row.highlighted else "other"), top + 27
    bar = ""
    if math.isfinite(row.estimate.low):
        bar = line(f"bar {kind}", axis(row.estimate.low), str(y), axis(row.estimate.high), str(y))
    radius = 5.5 if row.highlighted else 4
    return name + value + bar + dot(kind, axis(row.estimate.value), str(y), radius)


def _spoken(estimate: Estimate) -> str:
    if not math.isfinite(estimate.value):
        return "undefined"
    if not math.isfinite(estimate.low):
        return agreement(estimate.value)
    return f"{agreement(estimate.value)} (95 % interval {agreement(estimate.low)} to {agreement(estimate.high)})"


def _legend(curve: Curve, y: int) -> str:
    kind = "student" if curve.highlighted else "other"
    sample = line(f"curve {kind}", "2", str(y - 4), "28", str(y - 4))
    return sample + text("name", "36", y, f"{curve.name}: lowest {curve.summary.removeprefix(curve.name + ': ')}")


def _curve(curve: Curve, across: Axis, down: Axis) -> str:
    kind = "student" if curve.highlighted else "other"
    xy = [(across(float(x)), down(float(y))) for x, y in zip(curve.steps, curve.losses, strict=True)]
    return path(f"curve {kind}", xy) + dot(kind, *xy[curve.best], 5)
