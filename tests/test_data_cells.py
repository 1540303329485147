"""Cells that a spreadsheet must not compute."""

from __future__ import annotations

import pytest

from pocketscore.data.cells import no_formula


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("", ""), ("it melts", "it melts"), ("-1.5", "-1.5"), ("+3", "+3"), ("=1+1", "'=1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("- it melts", "'- it melts"), ("\t=1", "'\t=1"), ("-nan", "-nan"), ("'=1", "'=1"),
    ],
)  # fmt: skip
def test_formulas_get_an_apostrophe_and_nothing_else_does(text: str, written: str) -> None:
    assert no_formula(text) == written
