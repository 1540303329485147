"""Generated inputs for everything that reads what strangers wrote.

    python -m benchmarks.fuzz --count 100000 -o benchmarks/results/fuzz.json

Readers of tables and of `.pocket` files, in Python and in JavaScript, and the split into words. A reader may accept an
input or refuse it with its own kind of error; anything else is a fault and ends the run.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np

from pocketscore import bundle
from pocketscore.data.table import parse_table
from pocketscore.errors import ArtefactError, InputError
from pocketscore.student import Scorer, preset
from pocketscore.text import Vocabulary, places, words
from pocketscore.types import Scale

PIECES = (
    ",", ";", "\t", '"', '""', "\n", "\r\n", "\r", "a", "ä", "水", "=1+1", " ", "👍", "'", "it's", "é", "½", "x" * 50,
)  # fmt: skip
ODD = ("", "null", "-1", "1e308", "[]", "{}", '"x"', "true", "[[]]", "9007199254740993", '{"kind":"pocket"}', "NaN")
ODD_ENTRIES: tuple[object, ...] = ([], [0, 1], [-1, 5], "F32", "I8", None, [10**9, 10**9], [2, 3])
Outcomes = dict[str, dict[str, int]]


def main() -> None:
    """Generate, read, write how many were accepted and refused."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=100_000, help="inputs of each kind")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("-o", "--out", type=Path)
    given = parser.parse_args()
    found = {"inputs_of_each_kind": given.count, "seed": given.seed, **python(given.count, given.seed)}
    node = shutil.which("node")
    if node:
        found |= javascript(node, given.count, given.seed)
    print(json.dumps(found, indent=2))
    if given.out:
        given.out.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


def python(count: int, seed: int) -> Outcomes:
    """Outcomes of the Python readers."""
    rng = np.random.default_rng(seed)
    whole = bundle.to_bytes(small_scorer())
    return {
        "pocket files, Python": outcomes(count, lambda: bundle.from_bytes(spoilt(whole, rng)), ArtefactError),
        "tables, Python": outcomes(count, lambda: parse_table(some_bytes(rng), Path("f.csv")), InputError),
        "texts, Python": outcomes(count, lambda: same_words(some_text(rng)), InputError),
    }


def javascript(node: str, count: int, seed: int) -> Outcomes:
    """Outcomes of the JavaScript readers."""
    script = Path(__file__).with_suffix(".mjs")
    scorer = Path(__file__).parents[1] / "tests" / "golden" / "elstm.pocket"
    command = [node, str(script), str(scorer), str(count), str(seed)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: Outcomes = json.loads(done.stdout)
    return found


def outcomes(count: int, read: Callable[[], object], refusal: type[Exception]) -> dict[str, int]:
    """How many of `count` inputs were accepted and refused; any other error ends the run."""
    refused = 0
    for _ in range(count):
        try:
            read()
        except refusal:
            refused += 1
    return {"accepted": count - refused, "refused": refused}


def spoilt(whole: bytes, rng: np.random.Generator) -> bytes:
    """A `.pocket` file with a cut, a changed bit, or other metadata; mostly with its checksum made right again."""
    kind = int(rng.integers(5))
    if kind == 0:
        return whole[: rng.integers(len(whole))]
    if kind == 1:
        return _flipped(whole, rng)
    size = int.from_bytes(whole[:8], "little")
    header = json.loads(whole[8 : 8 + size])
    body = whole[8 + size :]
    metadata = header.pop("__metadata__")
    metadata.pop("sha256")
    if kind == 2:
        metadata[str(rng.choice(sorted(metadata)))] = str(rng.choice(ODD))
    elif kind == 3:
        entry = header[str(rng.choice(sorted(header)))]
        entry[str(rng.choice(["shape", "data_offsets", "dtype"]))] = ODD_ENTRIES[rng.integers(len(ODD_ENTRIES))]
    else:
        body = _flipped(body, rng)
    return sealed(metadata, header, body)


def sealed(metadata: dict[str, str], entries: dict[str, object], body: bytes) -> bytes:
    """A file whose checksum is right, whatever its contents."""
    metadata["sha256"] = bundle._digest(metadata, entries, body)
    raw = json.dumps({"__metadata__": metadata, **entries}).encode()
    raw += b" " * (-len(raw) % 8)
    return len(raw).to_bytes(8, "little") + raw + body


def _flipped(data: bytes, rng: np.random.Generator) -> bytes:
    changed = bytearray(data)
    changed[rng.integers(len(changed))] ^= 1 << int(rng.integers(8))
    return bytes(changed)


def some_text(rng: np.random.Generator) -> str:
    """Pieces that matter to readers, and any code points."""
    pieces = "".join(PIECES[i] for i in rng.integers(len(PIECES), size=rng.integers(40)))
    return pieces + "".join(map(chr, rng.integers(0x110000, size=rng.integers(20))))


def some_bytes(rng: np.random.Generator) -> bytes:
    """Text in some encoding, or noise full of quotation marks and delimiters."""
    if rng.random() < 0.7:
        encoding = str(rng.choice(["utf-8", "utf-8-sig", "utf-16", "cp1252"]))
        return some_text(rng).encode(encoding, "replace")
    noise = rng.integers(256, size=rng.integers(120))
    marks = rng.choice(np.frombuffer(b'",\n\r;', dtype=np.uint8), size=len(noise))
    return np.where(rng.random(len(noise)) < 0.3, marks, noise).astype(np.uint8).tobytes()


def same_words(text: str) -> None:
    """The two walks through a text find the same words."""
    assert [place.word for place in places(text)] == words(text)


def small_scorer() -> Scorer:
    """A scorer of few weights, so that many files can be read."""
    rng = np.random.default_rng(0)
    spec = preset("elstm-falling-weights")
    shapes = spec.shapes(3, 3)
    weights = {name: rng.normal(size=shape).astype(np.float32) * 0.2 for name, shape in shapes.items()}
    return Scorer("fuzz", spec, Vocabulary(("the", "cold", "air")), weights, Scale.of(["0", "1", "2"]))


if __name__ == "__main__":
    main()
