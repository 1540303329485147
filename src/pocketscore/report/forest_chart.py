"""Groups of pupils and how differently they are scored, as a forest plot."""

from __future__ import annotations

import math
from collections.abc import Sequence

from markupsafe import Markup

from pocketscore.report.numerals import agreement, count, interval
from pocketscore.report.svg import WIDTH, Axis, area, line, mark, nice_ticks, picture, shortened, text, tick_label
from pocketscore.report.wording import verdict
from pocketscore.trust.fairness_group import Group
from pocketscore.trust.group_bias import DSM_LIMIT

_ROW = 38
_TOP = 4


def forest_chart(groups: Sequence[Group], column: str) -> Markup:
    """A dot with its interval for each group, on the band that the convention accepts.

    Args:
        groups: At least one, from top to bottom; one without a number keeps its line empty.
        column: What the groups are by, for the text alternative.
    """
    ends = [abs(end) for group in groups for end in (group.dsm.low, group.dsm.high) if math.isfinite(end)]
    furthest = nice_ticks(0, max([2 * DSM_LIMIT, *ends]), 3)[-1]
    axis = Axis(-furthest, furthest, 14, WIDTH - 14)
    bottom = _TOP + _ROW * len(groups)
    ticks = nice_ticks(-furthest, furthest, 5)
    left, right, floor = axis(-DSM_LIMIT), axis(DSM_LIMIT), str(bottom)
    parts = [area("accepted", [(left, "0"), (right, "0"), (right, floor), (left, floor)])]
    for tick in ticks:
        parts.append(line("grid zero" if tick == 0 else "grid", axis(tick), "0", axis(tick), str(bottom)))
        parts.append(text("tick middle", axis(tick), bottom + 15, tick_label(tick, ticks)))
    parts += [
        text("axis", "4", bottom + 32, "← stricter than for the rest"),
        text("axis end", f"{WIDTH - 4}", bottom + 32, "more lenient →"),
        *(_group(group, axis, _TOP + _ROW * i) for i, group in enumerate(groups)),
    ]
    words = "; ".join(_spoken(group) for group in groups)
    said = f"Difference of standardised means by {column}, 95 % interval, accepted from -0.10 to 0.10: {words}."
    return picture(bottom + 38, said, "".join(parts))


def _group(group: Group, axis: Axis, top: float) -> str:
    symbol = verdict(group.verdict).symbol
    name = text("name", axis(axis.low), top + 15, f"{symbol} {shortened(group.label, 30)}")
    if not math.isfinite(group.dsm.value):
        return name + text("name end", axis(axis.high), top + 15, "not computed")
    value, y = text("name end", axis(axis.high), top + 15, agreement(group.dsm.value)), top + 27
    bar = line("bar student thin", axis(group.dsm.low), f"{y:g}", axis(group.dsm.high), f"{y:g}")
    return name + value + bar + mark("student", axis.place(group.dsm.value), y, 4)


def _spoken(group: Group) -> str:
    found = agreement(group.dsm.value) if math.isfinite(group.dsm.value) else "not computed"
    ends = f" ({interval(group.dsm)})" if math.isfinite(group.dsm.low) else ""
    return f"{group.label}, {count(group.n)} answers, {found}{ends}, {group.verdict.value}"
