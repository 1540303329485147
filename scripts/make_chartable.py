"""Write src/pocketscore/chartable.json and web/chartable.js, the frozen character table of the text specification.

The table is made once, from the Unicode tables of one Python (3.11, Unicode 14.0), and then never depends on the
tables of the runtime that reads it: Python and browsers of any age split an answer into the same words.
Changing it means a new text version (see docs/format.md). Run: python scripts/make_chartable.py
"""

import json
import sys
import unicodedata
from itertools import groupby
from pathlib import Path
from typing import Literal

TARGET = Path(__file__).parents[1] / "src" / "pocketscore" / "chartable.json"
MODULE = TARGET.parent / "web" / "chartable.js"
HEAD = """/** The frozen character table, written by scripts/make_chartable.py. */
/** @type {{unicode: string, kinds: [number, string][], strings: Record<string, string>, moved: number[][]}} */
"""
APOSTROPHES = "'’‘ʼ`´′＇"
QUOTES = '"“”„‟«»″'
DASHES = "-‐‑‒–—―−"
SINGLE = [(0x3040, 0x30FF), (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x323AF)]
HANGUL = range(0xAC00, 0xD7A4)
# Compatibility forms that nobody types; left as they are, which keeps the table small.
UNFOLDED = [
    (0x1100, 0x11FF), (0x2F00, 0x2FDF), (0x3131, 0x33FF), (0xF900, 0xFAFF), (0xFB50, 0xFDFF), (0xFE70, 0xFEFF),
    (0x1D400, 0x1D7FF), (0x1EE00, 0x1EEFF), (0x1F100, 0x1F2FF), (0x2F800, 0x2FA1F),
]  # fmt: skip


def fold(char: str) -> str:
    """Case-folded, decomposed form without Latin, Greek and Cyrillic accents."""
    for target, members in (("'", APOSTROPHES), ('"', QUOTES), ("-", DASHES)):
        if char in members:
            return target
    form: Literal["NFKC", "NFKD"] = (
        "NFKC" if ord(char) in HANGUL or "\u3040" <= unicodedata.normalize("NFKD", char)[0] <= "\u30ff" else "NFKD"
    )
    once = unicodedata.normalize(form, char.casefold())
    twice = unicodedata.normalize(form, once.casefold())
    return "".join(c for c in twice if not "\u0300" <= c <= "\u036f")


def kind(char: str) -> str:
    """Class of a folded character: w word, i stands alone (ideograph), s symbol, b blank, d dropped, u unknown."""
    code, category = ord(char), unicodedata.category(char)
    if char == "'":
        return "w"
    if category in ("Cn", "Co", "Cs"):
        return "u"
    if category == "Cf" or 0xFE00 <= code <= 0xFE0F or 0x300 <= code <= 0x36F or 0xE0100 <= code <= 0xE01EF:
        return "d"
    if category[0] in "ZC":
        return "b"
    if any(low <= code <= high for low, high in SINGLE) and category[0] in "LN":
        return "i"
    return "w" if category[0] in "LNM" else "s"


def runs(codes: list[tuple[int, int]]) -> list[list[int]]:
    """Runs [first, last, step, shift] of single-character folds: code -> code + shift."""
    found: list[list[int]] = []
    for code, target in codes:
        last = found[-1] if found else None
        if last and last[3] == target - code and code - last[1] in (1, 2) and last[2] in (0, code - last[1]):
            last[1], last[2] = code, code - last[1]
        else:
            found.append([code, code, 0, target - code])
    return [[first, last, step or 1, shift] for first, last, step, shift in found]


def main() -> None:
    """Write the table."""
    if unicodedata.unidata_version != "14.0.0":
        sys.exit(f"the table is frozen at Unicode 14.0.0; this Python has {unicodedata.unidata_version}")
    kinds = [kind(chr(code)) for code in range(0x110000)]
    ranges, at = [], 0
    for name, members in groupby(kinds):
        ranges.append([at, name])
        at += len(list(members))
    moved, strings = [], {}
    for code in range(0x110000):
        if kinds[code] in "ud" or any(low <= code <= high for low, high in UNFOLDED):
            continue
        target = fold(chr(code))
        if target == chr(code):
            continue
        if len(target) == 1:
            moved.append((code, ord(target)))
        else:
            strings[format(code, "x")] = target
    table = {"unicode": "14.0.0", "kinds": ranges, "moved": runs(moved), "strings": strings}
    text = json.dumps(table, ensure_ascii=True, separators=(",", ":"))
    TARGET.write_text(text + "\n", encoding="ascii")
    MODULE.write_text(HEAD + f"export const table = {text};\n", encoding="ascii")


if __name__ == "__main__":
    main()
