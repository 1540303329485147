"""Exact agreement at each score point, several raters side by side, as a picture."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from markupsafe import Markup

from pocketscore.report.numerals import count, share, share_interval
from pocketscore.report.svg import WIDTH, Axis, legend, line, mark, nice_ticks, picture, shortened, text
from pocketscore.trust.points import PointAgreement

_NAME, _BAR, _GAP = 18, 13, 9  # heights: of a point's name, of one rater's bar, and below the bars
_TOP = 26  # of the first point


def point_chart(points: Mapping[str, Sequence[PointAgreement]], names: Mapping[str, str]) -> Markup:
    """Dots with their intervals: how often each rater gives an answer the point that the human gave.

    Args:
        points: Rater -> one entry for each of the K points, in the order of the scale.
        names: Rater -> what to call it.
    """
    raters = list(points)
    height = _NAME + _BAR * len(raters) + _GAP
    rows = list(zip(*points.values(), strict=True))
    bottom = _TOP + height * len(rows)
    axis = Axis(0.0, 1.0, 14, WIDTH - 22)
    parts = [legend([(rater, names[rater]) for rater in raters], 14)]
    for tick in nice_ticks(0, 1, 6):
        parts.append(line("grid", axis(tick), str(_TOP), axis(tick), str(bottom)))
        parts.append(text("tick middle", axis(tick), bottom + 15, share(tick)))
    parts.append(text("axis middle", f"{WIDTH / 2:g}", bottom + 32, "given the same score as by the human"))
    for i, row in enumerate(rows):
        top = _TOP + height * i
        parts.append(text("name strong", axis(0), top + 13, shortened(row[0].point)))
        parts.append(text("tick name end", axis(1), top + 13, f"{count(row[0].n)} answer{'s' * (row[0].n != 1)}"))
        for j, (rater, found) in enumerate(zip(raters, row, strict=True)):
            parts.append(_bar(rater, found, axis, top + _NAME + _BAR * j + 4))
    return picture(bottom + 38, _spoken(points, names), "".join(parts))


def _bar(rater: str, found: PointAgreement, axis: Axis, y: float) -> str:
    if not math.isfinite(found.exact.value):
        return ""
    bar = line(f"bar {rater}", axis(found.exact.low), f"{y:g}", axis(found.exact.high), f"{y:g}")
    return bar + mark(rater, axis.place(found.exact.value), y, 4)


def _spoken(points: Mapping[str, Sequence[PointAgreement]], names: Mapping[str, str]) -> str:
    said = (
        f"{names[rater]}: "
        + ", ".join(
            f"{one.point} {share(one.exact.value)} ({share_interval(one.exact)})"
            if math.isfinite(one.exact.value)
            else f"{one.point} no answer"
            for one in found
        )
        for rater, found in points.items()
    )
    return f"Share given the same score as by the human, with 95 % interval, by human score. {'; '.join(said)}."
