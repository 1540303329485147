"""Figures as the cells of a table."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

Figures = dict[str, Any]


def rate(found: Figures) -> str:
    """A share in percent with its interval."""
    return f"{found['value']:.0%} ({found['low']:.0%} to {found['high']:.0%})".replace("%", " %")


def spread(value: float, low: float, high: float) -> str:
    """A difference with its interval."""
    return estimate({"value": value, "low": low, "high": high}, "+")


def known(found: Figures) -> str:
    """An estimate, or a dash where it is undefined."""
    return "–" if found["value"] is None else estimate(found)


def change(found: list[list[float]], base: list[list[float]], absolute: bool) -> str:  # noqa: FBT001
    """Mean over items and seeds, or its change against the base with a standard error over items."""
    if absolute:
        return short(float(np.mean(found)))
    gaps = np.mean(found, axis=1) - np.mean(base, axis=1)
    return f"{short(float(gaps.mean()), '+')} ± {short(float(gaps.std(ddof=1) / np.sqrt(len(gaps))))}"


def estimate(found: Figures, sign: str = "") -> str:
    """`.712 (.690–.731)`."""
    return f"{short(found['value'], sign)} ({short(found['low'], sign)} to {short(found['high'], sign)})"


def short(value: float, sign: str = "") -> str:
    """Three decimals without the leading zero.

    >>> short(0.7124), short(-0.02, "+"), short(1.0)
    ('.712', '-.020', '1.000')
    """
    return re.sub(r"^([+-]?)0\.", r"\1.", f"{value:{sign}.3f}")


def count(number: int) -> str:
    """A whole number, empty for none."""
    return f"{number:,}" if number else ""


def size(bytes_: int) -> str:
    """Kilobytes, empty for none."""
    return f"{bytes_ / 1000:.1f} KB" if bytes_ else ""


def table(lines: list[str]) -> str:
    """Lines of a table."""
    return "\n".join(lines) + "\n"
