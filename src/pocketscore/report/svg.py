"""The bricks of the report's charts: SVG markup from numbers. Colours come from the style sheet's classes.

Who scored is told by shape as well as by colour, so that charts can be read in black and white: see `mark`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

WIDTH = 360
"""Of every chart, in user units; at this width a unit is about a pixel of a phone."""

LONGEST_NAME = 34
"""Characters of a name that fit beside a number."""

_SAME = 1e-9  # a shorter axis has no length


@dataclass(frozen=True)
class Axis:
    """Maps values from `low` to `high` onto user units from `start` to `end`.

    >>> Axis(0, 1, 10, 110)(0.25), Axis(0, 1, 10, 110).place(0.25)
    ('35.0', 35.0)
    """

    low: float
    high: float
    start: float
    end: float

    def place(self, value: float) -> float:
        """Where a value lies, in user units."""
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)

    def __call__(self, value: float) -> str:
        """The same as it stands in markup."""
        return f"{self.place(value):.1f}"


def nice_ticks(low: float, high: float, most: int) -> list[float]:
    """Round numbers, evenly spaced, from at most `low` to at least `high`; about `most` of them.

    >>> nice_ticks(0, 2900, 5)
    [0.0, 1000.0, 2000.0, 3000.0]
    >>> nice_ticks(0.52, 1.1, 5)
    [0.4, 0.6, 0.8, 1.0, 1.2]
    >>> len(nice_ticks(0.5, 0.5, 5)) > 1
    True
    """
    span = high - low if high - low > _SAME else max(abs(high), 1.0) * 0.1
    rough = span / (most - 1)
    power = 10.0 ** math.floor(math.log10(rough))
    size = next(power * step for step in (1, 2, 5, 10) if power * step >= rough * 0.999)
    first, last = math.floor(low / size + 1e-9), math.ceil((low + span) / size - 1e-9)
    return [round(i * size, 10) for i in range(first, last + 1)]


def tick_label(tick: float, ticks: Sequence[float]) -> str:
    """A tick with as many decimals as the distance between ticks needs.

    >>> tick_label(0.5, [0.0, 0.25, 0.5]), tick_label(2000, [0, 1000, 2000])
    ('0.5', '2,000')
    """
    step = ticks[1] - ticks[0]
    decimals = max(0, math.ceil(-math.log10(step) - 1e-9))
    return f"{tick:,.{decimals}f}"


def line(kind: str, x1: str, y1: str, x2: str, y2: str) -> str:
    """A straight line of a style class."""
    return f'<line class="{kind}" x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}"></line>'


def text(kind: str, x: str, y: float, words: str) -> str:
    """A line of text; `words` may be anything."""
    return f'<text class="{kind}" x="{x}" y="{y:g}">{escape(words)}</text>'


def path(kind: str, xy: Iterable[tuple[str, str]]) -> str:
    """A line through several points, each already in user units."""
    return f'<polyline class="{kind}" points="{" ".join(f"{x},{y}" for x, y in xy)}"></polyline>'


def area(kind: str, xy: Iterable[tuple[str, str]]) -> str:
    """A filled shape with these corners."""
    return f'<polygon class="{kind}" points="{" ".join(f"{x},{y}" for x, y in xy)}"></polygon>'


def dot(kind: str, x: str, y: str, radius: float) -> str:
    """A circle."""
    return f'<circle class="dot {kind}" cx="{x}" cy="{y}" r="{radius:g}"></circle>'


def mark(rater: str, x: float, y: float, size: float = 4.5) -> str:
    """Who gave a score: the student a filled circle, second rater a diamond, original NN a square, others a circle."""
    half = size * 1.25
    corners = {
        "second": ((x, y - half), (x + half, y), (x, y + half), (x - half, y)),
        "original_nn": ((x - size, y - size), (x + size, y - size), (x + size, y + size), (x - size, y + size)),
    }.get(rater)
    if corners is None:
        return dot(rater, f"{x:.1f}", f"{y:.1f}", size + 1 if rater == "student" else size)
    return area(f"dot {rater}", ((f"{a:.1f}", f"{b:.1f}") for a, b in corners))


def legend(raters: Sequence[tuple[str, str]], y: float) -> str:
    """Marks and their names on one line: (rater, name) from left to right."""
    found, x = [], 8.0
    for rater, name in raters:
        found += [mark(rater, x, y - 4), text("name", f"{x + 10:.1f}", y, name)]
        x += 34 + 6.4 * len(name)  # about the width of a character
    return "".join(found)


def shortened(name: str, most: int = LONGEST_NAME) -> str:
    """A name that may be too long for its place, cut.

    >>> shortened("partially correct", 9)
    'partiall…'
    """
    return name if len(name) <= most else name[: most - 1] + "…"


@dataclass(frozen=True)
class Frame:
    """Two axes at right angles, with their names.

    Attributes:
        across: Horizontal, from left to right.
        down: Vertical; starts at the bottom.
        below: What is on the horizontal axis.
        above: What is on the vertical axis; stands above it, so that it can be read without turning.
    """

    across: Axis
    down: Axis
    below: str
    above: str

    def levels(self, ticks: Iterable[tuple[float, str]]) -> str:
        """Both names, and a grid line with its label at each tick of the vertical axis."""
        left, right, bottom = self.across.start, self.across.end, self.down.start
        parts = [
            text("axis", "2", self.down.end - 10, self.above),
            text("axis middle", f"{(left + right) / 2:.0f}", bottom + 34, self.below),
        ]
        for tick, label in ticks:
            parts.append(line("grid", f"{left:g}", self.down(tick), f"{right:g}", self.down(tick)))
            parts.append(text("tick end", f"{left - 6:g}", self.down.place(tick) + 4, label))
        return "".join(parts)

    def columns(self, ticks: Iterable[tuple[float, str]]) -> str:
        """A grid line with its label at each tick of the horizontal axis."""
        top, bottom = f"{self.down.end:g}", f"{self.down.start:g}"
        return "".join(
            line("grid", self.across(tick), top, self.across(tick), bottom)
            + text("tick middle", self.across(tick), self.down.start + 16, label)
            for tick, label in ticks
        )


def picture(height: float, description: str, body: str) -> Markup:
    """The whole chart; the description is what people hear who do not see it."""
    label = escape(description)
    return Markup(f'<svg class="chart" viewBox="0 0 {WIDTH} {height:g}" role="img" aria-label="{label}">{body}</svg>')
