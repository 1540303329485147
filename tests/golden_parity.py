"""Write the golden files that pin every surface: texts, their words, and the probabilities of two scorers.

    python tests/golden_parity.py

Run it only when the format changes (docs/format.md); a difference otherwise is a fault. Probabilities are those of
`tests/golden/format-2.1.pocket` and `tests/golden/elstm.pocket`, both with random weights.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from pocketscore import bundle
from pocketscore.text import words

GOLDEN = Path(__file__).parent / "golden"
SCORERS = ("format-2.1", "elstm")
PIECES = (
    "the water vapour air glass cold cools drops liquid turns it is not from because e 水 The WATER Vapour it's isn’t",
    "‘glass’ “air” co-operate don't 'tis dogs' 3.5% 12,000 ½ H₂O CO₂ x² naïve café E\u0301te\u0301 Å ﬁne ﬀ Straße",
    "watter vapor becuase teh condensationn aire glas 😀 👍🏽 👩‍🔬 🏳️‍🌈 🇩🇪 🧊 e\u0301\u0302\u0323 a\u200bb \u00ad",
    "温度升高 水蒸气 空気が冷える 수증기가 한국어 الماء يتبخر בגלל החום हिन्दी ไทย ελληνικά Привет מים",
    "\ud800 \udfff \ufeff \u2028 \u202e \u0000 \x1b \ufffd \u0378 𝒳 𐍈 ﷽ ʼ ` ´ ′ - – — … ; : ! ? ( ) [ ] / \\ # @ = + _",
)


Entry = str | Mapping[str, Sequence[int | str]]


def texts() -> Iterator[Entry]:
    """Texts, `{"range": [a, b]}` for all code points from a to b, `{"repeat": [text, n]}` for n copies."""
    rng = np.random.default_rng(20261124)
    pieces = [piece for line in PIECES for piece in line.split(" ")]
    common = PIECES[0].split(" ")
    yield from ("", " ", "'", "''", "\n\t", *pieces)
    for _ in range(2000):
        chosen = [str(rng.choice(pieces if rng.random() < 0.3 else common)) for _ in range(rng.integers(1, 40))]
        yield str(rng.choice([" ", "  ", "\n", ""], p=[0.85, 0.05, 0.05, 0.05])).join(chosen)
    for first in (*range(0, 0x10000, 256), *range(0x10000, 0x40000, 4096), *range(0x40000, 0x110000, 65536)):
        yield {"range": [first, first + (255 if first < 0x10000 else 4095)]}
    yield from ({"repeat": [piece, n]} for piece in ("air ", "glass", "👍🏽", "e\u0301", "水") for n in (1000, 20000))


def expanded(entry: Entry) -> str:
    """The text of an entry. Two halves of a surrogate pair that meet are one character, as everywhere but in Python."""
    if isinstance(entry, str):
        text = entry
    elif "range" in entry:
        first, last = entry["range"]
        text = "".join(map(chr, range(int(str(first)), int(str(last)) + 1)))
    else:
        text = str(entry["repeat"][0]) * int(str(entry["repeat"][1]))
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def digest(found: list[str]) -> str:
    """Short hash of a list of words."""
    return hashlib.sha256("\n".join(found).encode()).hexdigest()[:12]


def main() -> None:
    """Write the file."""
    entries = list(texts())
    full = [expanded(entry) for entry in entries]
    tables = {}
    for name in SCORERS:
        probabilities = bundle.load(GOLDEN / f"{name}.pocket").score(full).probabilities
        tables[name] = [None if row[0] != row[0] else [round(p, 7) for p in row] for row in probabilities.tolist()]
    golden = {"texts": entries, "words": [digest(words(text)) for text in full], "probabilities": tables}
    raw = json.dumps(golden, separators=(",", ":")).encode()
    (GOLDEN / "parity.json.gz").write_bytes(gzip.compress(raw, 9, mtime=0))


if __name__ == "__main__":
    main()
