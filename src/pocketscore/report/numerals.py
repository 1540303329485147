"""How the report writes numbers: three decimals for agreement, commas between thousands, a dash for the undefined.

Words for people (`share`) have percent without needless decimals; tables for researchers have three decimals.
"""

from __future__ import annotations

import math

from markupsafe import Markup

from pocketscore.types import Estimate

UNDEFINED = Markup('<span class="undefined" title="undefined for these data">–</span>')
"""Stands for NaN and for infinite numbers."""

BLANK = "\u00a0"
"""A blank at which no line breaks."""


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


def share(value: float) -> str:
    """A share in percent, with a decimal where whole percent would hide something; never rounded to nothing or all.

    No line breaks between the number and its sign.

    >>> [share(x).replace(BLANK, " ") for x in (0.478, 0.05, 0.0172, 0.99952, 1.0, 1e-5, 0.0)]
    ['48 %', '5 %', '1.7 %', '>99.9 %', '100 %', '<0.1 %', '0 %']
    """
    if not math.isfinite(value):
        return UNDEFINED
    if 0 < value < 0.0005:
        return f"<0.1{BLANK}%"
    if 0.9995 <= value < 1:
        return f">99.9{BLANK}%"
    decimals = 1 if value < 0.0995 or value > 0.9895 else 0
    return f"{100 * value:.{decimals}f}".removesuffix(".0") + f"{BLANK}%"


def stated(value: float) -> str:
    """A share that somebody asked for, with all the digits that it needs.

    >>> stated(0.975).replace(BLANK, " "), stated(0.05).replace(BLANK, " ")
    ('97.5 %', '5 %')
    """
    return f"{100 * value:.4g}{BLANK}%"


def share_interval(estimate: Estimate) -> str:
    """The 95 % interval of a share, in percent.

    >>> share_interval(Estimate(0.5, 0.41, 0.6)).replace(BLANK, " ")
    '41 % to 60 %'
    """
    if not (math.isfinite(estimate.low) and math.isfinite(estimate.high)):
        return UNDEFINED
    return f"{share(estimate.low)} to {share(estimate.high)}"


def points(value: float) -> str:
    """Score points or standard deviations, with two decimals.

    >>> points(1.456), points(-0.001)
    ('1.46', '0.00')
    """
    return _fixed(value, 2)


def p_value(value: float) -> str:
    """A p value with three decimals, never 0.

    >>> p_value(0.0312), p_value(1e-9)
    ('0.031', '<0.001')
    """
    return "<0.001" if 0 <= value < 0.0005 else _fixed(value, 3)


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
