"""What sending the less certain answers to people would change, as a curve."""

from __future__ import annotations

import math
from collections.abc import Sequence

from markupsafe import Markup

from pocketscore.report.numerals import share, share_interval, stated
from pocketscore.report.svg import WIDTH, Axis, Frame, area, line, mark, nice_ticks, path, picture, text, tick_label
from pocketscore.trust.deferral import CurvePoint, Outcome


def deferral_chart(curve: Sequence[CurvePoint], target: float | None, taken: Outcome | None) -> Markup:
    """Share wrong among the scores given alone, with its interval as a band, over the share given alone.

    Args:
        curve: At least one point; points at which nothing is scored alone are left out.
        target: The largest share wrong that was asked for, drawn as a line; None if nothing was.
        taken: What the promise's threshold does, drawn as a diamond; None without a threshold.
    """
    known = sorted((at.outcome for at in curve if at.outcome.alone), key=lambda outcome: outcome.alone)
    highest = max([0.05, target or 0.0, *(one.share_wrong.high for one in known)])
    y_ticks = nice_ticks(0, highest, 5)
    across, down = Axis(0.0, 1.0, 46, WIDTH - 22), Axis(0.0, y_ticks[-1], 226, 26)
    frame = Frame(across, down, "share of the answers scored alone", "share of these scores that are wrong")
    percent = [100 * tick for tick in y_ticks]
    parts = [
        frame.levels((tick, f"{tick_label(100 * tick, percent)} %") for tick in y_ticks),
        frame.columns((tick, share(tick)) for tick in nice_ticks(0, 1, 6)),
        _band(known, across, down),
        path("curve student", ((_x(one, across), down(one.share_wrong.value)) for one in known)),
        "" if target is None else _target(target, across, down),
        "" if taken is None or not taken.alone else _taken(taken, across, down),
    ]
    return picture(268, _spoken(known, target, taken), "".join(parts))


def _x(outcome: Outcome, across: Axis) -> str:
    return across(outcome.share_alone.value)


def _band(known: Sequence[Outcome], across: Axis, down: Axis) -> str:
    high = [(_x(one, across), down(one.share_wrong.high)) for one in known]
    low = [(_x(one, across), down(one.share_wrong.low)) for one in known]
    return area("band", [*high, *reversed(low)])


def _target(target: float, across: Axis, down: Axis) -> str:
    y = down.place(target)
    words = text("name end", across(1), y - 5, f"asked for: at most {stated(target)}")
    return line("diagonal", across(0), f"{y:.1f}", across(1), f"{y:.1f}") + words


def _taken(taken: Outcome, across: Axis, down: Axis) -> str:
    return mark("second", across.place(taken.share_alone.value), down.place(taken.share_wrong.value), 6)


def _spoken(known: Sequence[Outcome], target: float | None, taken: Outcome | None) -> str:
    places = sorted({0, len(known) // 2, len(known) - 1} if known else set())
    said = "; ".join(_said(known[place]) for place in places) or "no answer"
    if taken is not None and math.isfinite(taken.share_wrong.value):
        said += f". At the threshold of the promise {_said(taken)}"
    return f"Deferral curve: {said}." + ("" if target is None else f" Asked for: at most {stated(target)} wrong.")


def _said(outcome: Outcome) -> str:
    return (
        f"with {share(outcome.share_alone.value)} scored alone {share(outcome.share_wrong.value)} of them wrong "
        f"(95 % interval {share_interval(outcome.share_wrong)})"
    )
