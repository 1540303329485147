"""How the report writes numbers: three decimals for agreement, commas between thousands, a dash for the undefined."""

from __future__ import annotations

import math

from markupsafe import Markup

from pocketscore.types import Estimate

UNDEFINED = Markup('<span class="undefined" title="undefined for these data">–</span>')
"""Stands for NaN and for infinite numbers."""


def agreement(value: float) -> str:
    """A number between -1 and 1, or a loss, with three decimals.

    >>> agreement(0.8123), agreement(-0.0001), agreement(float("nan")) is UNDEFINED
    ('0.812', '0.000', True)
    """
    return _fixed(value, 3)


def probability(value: float) -> str:
    """A probability with two decimals; never rounded to certainty.

    >>> probability(0.256), probability(0.9999)
    ('0.26', '>0.99')
    """
    return ">0.99" if 0.995 <= value <= 1 else _fixed(value, 2)


def interval(estimate: Estimate) -> str:
    """The 95 % interval of an estimate.

    >>> interval(Estimate(0.5, 0.41, 0.6))
    '0.410 to 0.600'
    """
    if not (math.isfinite(estimate.low) and math.isfinite(estimate.high)):
        return UNDEFINED
    return f"{agreement(estimate.low)} to {agreement(estimate.high)}"


def count(value: int) -> str:
    """A whole number with commas between thousands.

    >>> count(22713216)
    '22,713,216'
    """
    return f"{value:,}"


def percent(part: float, whole: float) -> str:
    """A share in whole percent.

    >>> percent(1, 3)
    '33 %'
    """
    return f"{100 * part / whole:.0f} %" if whole else UNDEFINED


def rate(value: float) -> str:
    """Answers a second: whole from 10 on, one decimal below.

    >>> rate(12345.6), rate(3.14)
    ('12,346', '3.1')
    """
    if not math.isfinite(value):
        return UNDEFINED
    return f"{value:,.0f}" if value >= 10 else f"{value:,.1f}"


def ratio(student: float, teacher: float) -> str:
    """Student to teacher, the smaller one as 1.

    >>> ratio(82000, 22713216), ratio(3, 2)
    ('1 : 277', '1.5 : 1')
    """
    if not (0 < student < math.inf and 0 < teacher < math.inf):
        return UNDEFINED
    return f"1 : {rate(teacher / student)}" if teacher > student else f"{rate(student / teacher)} : 1"


def plain(value: float) -> str:
    """A setting such as λ, without needless zeros.

    >>> plain(4.0), plain(0.25)
    ('4', '0.25')
    """
    return f"{value:g}"


def _fixed(value: float, decimals: int) -> str:
    if not math.isfinite(value):
        return UNDEFINED
    return f"{round(value, decimals) + 0.0:.{decimals}f}"  # adding 0.0 turns -0.0 into 0.0
