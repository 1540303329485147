"""The reliability diagram: how often scores of a given confidence are right."""

from __future__ import annotations

import math

from markupsafe import Markup

from pocketscore.report.numerals import count, probability, share, share_interval
from pocketscore.report.svg import WIDTH, Axis, Frame, dot, line, nice_ticks, picture, text
from pocketscore.trust.reliability import Bin, Reliability

_SMALLEST, _LARGEST = 3.0, 11.0  # radius of a dot


def reliability_chart(found: Reliability) -> Markup:
    """A dot for each bin that holds answers, as large as there are many, with its exact interval; and the diagonal.

    Args:
        found: Calibration; bins without answers are left out.
    """
    across, down = Axis(0.0, 1.0, 46, WIDTH - 22), Axis(0.0, 1.0, 290, 26)
    frame = Frame(across, down, "confidence of the scorer", "share of its scores that the human gave too")
    ticks = [(tick, share(tick)) for tick in nice_ticks(0, 1, 6)]
    filled = [one for one in found.bins if one.n]
    largest = max((one.n for one in filled), default=1)
    parts = [
        frame.levels(ticks),
        frame.columns(ticks),
        line("diagonal", across(0), down(0), across(1), down(1)),
        *(_interval(one, frame) for one in filled),
        *(_dot(one, frame, math.sqrt(one.n / largest)) for one in filled),
    ]
    words = (
        f"{count(one.n)} with mean confidence {probability(one.confidence)}: {share(one.right.value)} right "
        f"(95 % interval {share_interval(one.right)})"
        for one in filled
    )
    said = "; ".join(words) or "no answer"
    return picture(332, f"Reliability diagram. Answers by confidence: {said}.", "".join(parts))


def _interval(found: Bin, frame: Frame) -> str:
    x = frame.across(found.confidence)
    return line("bar student thin", x, frame.down(found.right.low), x, frame.down(found.right.high))


def _dot(found: Bin, frame: Frame, size: float) -> str:
    x, right = frame.across(found.confidence), found.right
    radius = _SMALLEST + (_LARGEST - _SMALLEST) * size
    label = frame.across.place(found.confidence) + radius + 3
    kind = "tick name"
    if label > WIDTH - 46:
        label, kind = label - 2 * radius - 6, "tick name end"
    number = text(kind, f"{label:.1f}", frame.down.place(right.value) + 4, count(found.n))
    return dot("student", x, frame.down(right.value), radius) + number
