"""A second reader of `.pocket` files, written from docs/format.md alone with the standard library.

PocketScore is imported to make the files and to say what they should give, and for nothing else.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
import struct
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from conftest import make_scorer
from golden_parity import REFERRED
from pocketscore import bundle
from pocketscore.student import PRESETS, Scorer
from pocketscore.student.screen import Deferral
from pocketscore.types import Reason

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "format.md").read_text(encoding="utf-8")
CHARTABLE = ROOT / "src" / "pocketscore" / "chartable.json"
TOLERANCE = 1e-5
TEXTS = (
    "The cold glass cools the air.",
    "air",
    "zzz qqq xyzzy",
    "👍🏽 water! 👩‍🔬",
    "温度升高，水蒸发得更快。",
    "الماء 'cold' water בגלל החום",
    "e\u0301 E\u0301 café ﬁn H₂O हिन्दी",
    "drops \ud800 turns",
    "It isn’t from the glass… it's not – because 3.5 % ½",
    "the water vapour in the air turns liquid on the cold glass " * 3,
    "air " + "longerthan64" * 9,
)

Vector = list[float]
Matrix = list[Vector]
PHRASES = json.loads((ROOT / "src" / "pocketscore" / "phrases.json").read_text("utf-8"))


# --- Text -------------------------------------------------------------------------------------------------------------


@cache
def char_table() -> tuple[list[str], dict[int, str]]:
    table = json.loads(CHARTABLE.read_text("ascii"))
    kinds: list[str] = []
    ends = [first for first, _ in table["kinds"][1:]] + [0x110000]
    for (first, kind), end in zip(table["kinds"], ends, strict=True):
        kinds += [kind] * (end - first)
    folds = {int(code, 16): fold for code, fold in table["strings"].items()}
    for first, last, step, shift in table["moved"]:
        for code in range(first, last + 1, step):
            folds.setdefault(code, chr(code + shift))
    return kinds, folds


def split(text: str) -> list[str]:
    kinds, folds = char_table()
    written = {"w": "{}", "i": " {} ", "s": " {} ", "b": " ", "d": "", "u": " \ufffd "}
    folded = (folds.get(ord(c), c) for c in text)
    line = "".join(written[kinds[ord(d)]].format(d) for fold in folded for d in fold)
    return [word for word in (part.strip("'") for part in line.split(" ")) if word]


def fnv(word: str) -> int:
    h = 0x811C9DC5
    for c in word[:64]:
        h = (h ^ ord(c)) * 0x01000193 % 2**32
    return h


def bucket(h: int, buckets: int) -> int:
    h ^= h >> 16
    h = h * 0x85EBCA6B % 2**32
    h ^= h >> 13
    h = h * 0xC2B2AE35 % 2**32
    h ^= h >> 16
    return h & (buckets - 1)


def word_buckets(word: str, buckets: int) -> list[int]:
    marked = f"<{word[:64]}>"
    runs = [marked[i : i + n] for n in (3, 4, 5) for i in range(len(marked) - n + 1)]
    return [bucket(fnv(run), buckets) for run in (word, *runs)]


def pair_bucket(a: str, b: str, buckets: int) -> int:
    return bucket(fnv(a) * 0x9E3779B1 % 2**32 ^ fnv(b), buckets)


# --- File -------------------------------------------------------------------------------------------------------------


def float32(value: float) -> float:
    return float(struct.unpack("<f", struct.pack("<f", value))[0])


class Reader:
    """A `.pocket` file, read and checked."""

    def __init__(self, raw: bytes) -> None:
        assert len(raw) >= 8
        (n,) = struct.unpack("<Q", raw[:8])
        assert n <= min(2**20, len(raw) - 8)
        assert n % 8 == 0
        header: dict[str, Any] = json.loads(raw[8 : 8 + n].decode())
        body = raw[8 + n :]
        metadata: dict[str, str] = header.pop("__metadata__")
        self.check_sum(metadata, header, body)
        assert metadata["format"] == "pocketscore"
        assert metadata["format_version"].split(".")[0] in ("1", "2")
        assert metadata["text_version"] == "1"
        self.item: str = json.loads(metadata["item"])
        self.spec: dict[str, Any] = json.loads(metadata["spec"])
        self.vocabulary: list[str] = json.loads(metadata["vocabulary"])
        self.points: list[str] = json.loads(metadata["scale"])["points"]
        self.golden: list[tuple[str, Vector]] = json.loads(metadata["golden"])
        self.cuts: Vector | None = json.loads(metadata.get("cuts", "null"))
        self.prompt: dict[str, str] = json.loads(metadata.get("prompt", "{}"))
        self.screen: dict[str, Any] | None = json.loads(metadata.get("screen", "null"))
        self.deferral: dict[str, Any] | None = json.loads(metadata.get("deferral", "null"))
        self.ids = {word: i for i, word in enumerate(self.vocabulary, start=1)}
        self.stored = self.tensors(header, body)
        self.check_shapes({name: entry["shape"] for name, entry in header.items()})

    @staticmethod
    def check_sum(metadata: dict[str, str], header: dict[str, Any], body: bytes) -> None:
        plain = {key: value for key, value in metadata.items() if key != "sha256"}
        text = json.dumps([plain, header], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        assert metadata["sha256"] == hashlib.sha256(text.encode() + body).hexdigest()

    @staticmethod
    def tensors(header: dict[str, Any], body: bytes) -> dict[str, Vector]:
        """Tensor name -> its values in one list."""
        found: dict[str, Vector] = {}
        at = 0
        for name in sorted(header):
            begin, end = header[name]["data_offsets"]
            count = math.prod(header[name]["shape"])
            code, size = {"F32": ("f", 4), "I8": ("b", 1)}[header[name]["dtype"]]
            assert (begin, end) == (at, at + count * size)
            found[name] = [float(value) for value in struct.unpack(f"<{count}{code}", body[begin:end])]
            at = end
        assert at == len(body)
        return found

    def check_shapes(self, shapes: dict[str, list[int]]) -> None:
        spec, k, e = self.spec, len(self.points), self.spec["embedding"]
        expected: dict[str, list[int]] = {"embedding": [len(self.vocabulary) + 1, e]}
        if spec["kind"] == "pocket":
            pooled = spec["filters"] * len(spec["widths"]) + e
            expected["wide"] = [k, spec["buckets"]]
            for w in spec["widths"]:
                expected[f"conv{w}.weight"] = [spec["filters"], w * e]
                expected[f"conv{w}.bias"] = [spec["filters"]]
        else:
            u = spec["units"]
            pooled = u * len(self.directions())
            for direction in self.directions():
                expected[f"{direction}.input"] = [4 * u, e]
                expected[f"{direction}.recurrent"] = [4 * u, u]
                expected[f"{direction}.bias"] = [4 * u]
        expected |= {"hidden.weight": [spec["hidden"], pooled], "hidden.bias": [spec["hidden"]]}
        expected |= {"output.weight": [k, spec["hidden"]], "output.bias": [k]}
        assert {name: shape for name, shape in shapes.items() if not name.endswith(".scale")} == expected

    def directions(self) -> list[str]:
        return ["forward", "backward"] if self.spec["bidirectional"] else ["forward"]

    @cache  # noqa: B019 (readers live as long as one test)
    def matrix(self, name: str) -> Matrix:
        scales, values = self.stored[f"{name}.scale"], self.stored[name]
        width = len(values) // len(scales)
        return [
            [float32(value * scale) for value in values[r * width : (r + 1) * width]] for r, scale in enumerate(scales)
        ]

    # --- Forward passes -----------------------------------------------------------------------------------------------

    def probabilities(self, text: str) -> Vector:
        words = split(text)[:1000]
        vectors = [self.matrix("embedding")[self.ids.get(word, 0)] for word in words]
        if self.spec["kind"] == "pocket":
            logits = [a + b for a, b in zip(self.dense(self.convolved(vectors)), self.wide(words), strict=True)]
        else:
            logits = self.dense([x for direction in self.directions() for x in self.lstm(direction, vectors)])
        powers = [math.exp(x - max(logits)) for x in logits]
        return [power / sum(powers) for power in powers]

    def label(self, text: str) -> str:
        return self.points[self.reported(self.probabilities(text))]

    def reported(self, row: Vector) -> int:
        if self.cuts is None:
            return row.index(max(row))
        expected = sum(p * float(point) for p, point in zip(row, self.points, strict=True))
        return sum(cut <= expected for cut in self.cuts)

    # --- Which answers people must read -------------------------------------------------------------------------------

    def reason(self, text: str) -> str:
        """The reason, '' for none."""
        words = split(text)
        if not words:
            return "empty"
        strange = "" if self.screen is None else self.strange(words, self.screen)
        if strange or self.deferral is None:
            return strange
        row, threshold = self.probabilities(text), self.deferral["threshold"]
        return "low_certainty" if threshold is None or threshold > row[self.reported(row)] else ""

    def strange(self, words: list[str], screen: dict[str, Any]) -> str:
        if len(words) > 2 * screen["longest"] or len(words) > 1000:
            return "too_long"
        t = len(words)
        letters = [c for word in words for c in word[:64]]
        seen = sum(ord(c) >> 7 in screen["blocks"] for c in letters)
        known = sum(word in self.vocabulary for word in words)
        odd = sum(self.is_odd(word) for word in words)
        back = t >= 6 and all(words[i] == words[i - 2] for i in range(2, t))
        rules = {
            "other_script": seen / len(letters) < screen["seen_share"],
            "unknown_words": (known + 2) / (t + 2) < screen["known_share"],
            "gibberish": odd / (t + 1) > screen["odd_share"] or back,
            "copied": t >= 6 and 5 * self.hits(words) >= 4 * (t - 2),
            "instructions": any(holds(words, phrase) for group in PHRASES["phrases"].values() for phrase in group),
        }
        return next((name for name, fits in rules.items() if fits), "")

    def is_odd(self, word: str) -> bool:
        start = word[:64]
        if word in self.vocabulary or len(start) < 3 or re.search("[0-9]", start):
            return False
        if any(len(set(start[i : i + 4])) == 1 for i in range(len(start) - 3)):
            return True
        new = [a + b for a, b in pairwise(f"<{start}>") if a + b not in self.known_pairs()]
        return 3 * len(new) >= len(start) + 1

    @cache  # noqa: B019
    def known_pairs(self) -> set[str]:
        return {a + b for word in self.vocabulary for a, b in pairwise(f"<{word[:64]}>")}

    def hits(self, words: list[str]) -> int:
        sources = [split(self.prompt.get(name, "")) for name in ("question", "rubric")]
        stand = [source[i : i + 3] for source in sources for i in range(len(source) - 2)]
        return sum(words[i : i + 3] in stand for i in range(len(words) - 2))

    def dense(self, pooled: Vector) -> Vector:
        activation = selu if self.spec.get("activation") == "selu" else relu
        hidden = [activation(x) for x in affine(self.matrix("hidden.weight"), pooled, self.stored["hidden.bias"])]
        return affine(self.matrix("output.weight"), hidden, self.stored["output.bias"])

    def convolved(self, vectors: Matrix) -> Vector:
        e = self.spec["embedding"]
        pooled: Vector = []
        for w in self.spec["widths"]:
            padded = vectors + [[0.0] * e] * (w - 1)
            windows = [[x for vector in padded[t : t + w] for x in vector] for t in range(len(vectors))]
            for row, bias in zip(self.matrix(f"conv{w}.weight"), self.stored[f"conv{w}.bias"], strict=True):
                pooled.append(max(0.0, bias + max(dot(row, window) for window in windows)))
        return pooled + [sum(vector[j] for vector in vectors) / len(vectors) for j in range(e)]

    def wide(self, words: Sequence[str]) -> Vector:
        buckets = [b for word in words for b in word_buckets(word, self.spec["buckets"])]
        buckets += [pair_bucket(a, b, self.spec["buckets"]) for a, b in pairwise(words)]
        return [sum(row[b] for b in buckets) / len(buckets) for row in self.matrix("wide")]

    def lstm(self, direction: str, vectors: Matrix) -> Vector:
        u = self.spec["units"]
        state, cell, best = [0.0] * u, [0.0] * u, [-math.inf] * u
        recurrent = self.matrix(f"{direction}.recurrent")
        for vector in vectors if direction == "forward" else reversed(vectors):
            fresh = affine(self.matrix(f"{direction}.input"), vector, self.stored[f"{direction}.bias"])
            gates = affine(recurrent, state, fresh)
            for i in range(u):
                cell[i] = sigmoid(gates[u + i]) * cell[i] + sigmoid(gates[i]) * math.tanh(gates[2 * u + i])
                state[i] = sigmoid(gates[3 * u + i]) * math.tanh(cell[i])
                best[i] = max(best[i], state[i])
        return state if self.spec["pooling"] == "last" else best


def holds(words: list[str], phrase: list[list[str]]) -> bool:
    """Whether the words hold a phrase: ends of the slots so far, from every place on."""
    ends = set(range(-PHRASES["gap"], len(words)))  # before the first slot anything may stand
    for slot in phrase:
        begins = {end + between for end in ends for between in range(PHRASES["gap"] + 1)}
        runs = [split(alternative) for alternative in slot]
        ends = {
            i + len(run) for run in runs for i in range(len(words)) if i in begins and words[i : i + len(run)] == run
        }
    return bool(ends)


def dot(a: Vector, b: Vector) -> float:
    return sum(x * y for x, y in zip(a, b, strict=True))


def affine(weight: Matrix, x: Vector, bias: Vector) -> Vector:
    return [dot(row, x) + b for row, b in zip(weight, bias, strict=True)]


def relu(x: float) -> float:
    return max(0.0, x)


def selu(x: float) -> float:
    return 1.0507009873554805 * (x if x > 0 else 1.6732632423543772 * (math.exp(x) - 1))


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


# --- Tests ------------------------------------------------------------------------------------------------------------


def mild_scorer(name: str) -> Scorer:
    """A scorer whose probabilities are neither 0 nor 1, so that every part of the network shows in them."""
    scorer = make_scorer(name)
    damped = {key: tensor * (0.2 if key.startswith("output") else 0.5) for key, tensor in scorer.weights.items()}
    return replace(scorer, weights=damped)


@pytest.mark.parametrize("name", PRESETS)
def test_a_reader_written_from_the_page_gives_the_same_probabilities(name: str, tmp_path: Path) -> None:
    stored = bundle.save(mild_scorer(name), tmp_path / "item.pocket")
    reader = Reader((tmp_path / "item.pocket").read_bytes())
    assert (reader.item, tuple(reader.points)) == (stored.item, stored.scale.points)
    expected = stored.score(TEXTS).probabilities.tolist()
    assert sum(0.001 < p < 0.999 for row in expected for p in row) >= 20
    for text, row in zip(TEXTS, expected, strict=True):
        assert reader.probabilities(text) == pytest.approx(row, abs=TOLERANCE), text
    for text, row in reader.golden:
        assert reader.probabilities(text) == pytest.approx(row, abs=TOLERANCE), text


def test_the_score_is_what_the_page_says(tmp_path: Path) -> None:
    scorer = mild_scorer("pocket")
    expected = scorer.score(TEXTS).expected
    middle = float(sorted(expected)[len(TEXTS) // 2]) + 1e-6
    for cuts in (None, (middle - 0.02, middle), (middle, middle + 0.02)):
        stored = bundle.save(replace(scorer, cuts=cuts), tmp_path / "item.pocket")
        reader = Reader((tmp_path / "item.pocket").read_bytes())
        found = [reader.label(text) for text in TEXTS]
        assert found == list(stored.score(TEXTS).labels)
        assert cuts is None or len(set(found)) > 1


@pytest.mark.parametrize("version", ["1.0", "2.0", "2.1", "2.2"])
def test_the_committed_file_reads_the_same(version: str) -> None:
    path = ROOT / "tests" / "golden" / f"format-{version}.pocket"
    reader, loaded = Reader(path.read_bytes()), bundle.load(path)
    for text, row in reader.golden:
        assert reader.probabilities(text) == pytest.approx(row, abs=TOLERANCE), text
    texts = (*TEXTS, *REFERRED, "", "' '")
    found = [reader.reason(text) for text in texts]
    assert found == ["" if reason is None else reason.value for reason in loaded.score(texts).refer]
    expected = {"", *(reason.value for reason in Reason if reason != Reason.NOT_TEXT)}
    assert set(found) == (expected if version == "2.2" else {"", "empty"})


def test_the_threshold_is_what_the_page_says(tmp_path: Path) -> None:
    target = {"wrong_at_most": 0.05, "more": [None, {"水": "½"}]}
    sure = sorted(mild_scorer("pocket").score(TEXTS).confidence.tolist())
    middle = sure[len(sure) // 2] + 1e-5
    for threshold, uncertain in (
        (None, len(TEXTS)),
        (0.0, 0),
        (middle, sum(p < middle for p in sure)),
        (1.0, len(TEXTS)),
    ):
        deferral = Deferral(threshold, target)
        stored = bundle.save(replace(mild_scorer("pocket"), deferral=deferral), tmp_path / "item.pocket")
        reader = Reader((tmp_path / "item.pocket").read_bytes())
        assert reader.deferral == {"threshold": threshold, "target": target}
        found = [reader.reason(text) for text in TEXTS]
        assert found == [reason or "" for reason in stored.score(TEXTS).refer]
        assert found.count("low_certainty") == uncertain


def test_golden_texts_are_those_the_page_describes(tmp_path: Path) -> None:
    bundle.save(mild_scorer("pocket"), tmp_path / "item.pocket")
    reader = Reader((tmp_path / "item.pocket").read_bytes())
    walks = (reader.vocabulary[0::7][:40], reader.vocabulary[3::5][:60])
    assert [text for text, _ in reader.golden[8:]] == [" ".join(walk) for walk in walks]
    assert all(p == round(p, 7) for _, row in reader.golden for p in row)


def test_rounding_is_what_the_page_says(tmp_path: Path) -> None:
    scorer = mild_scorer("pocket")
    bundle.save(scorer, tmp_path / "item.pocket")
    reader = Reader((tmp_path / "item.pocket").read_bytes())
    for name in ("embedding", "conv2.weight", "wide"):
        rows: Matrix = scorer.weights[name].tolist()
        scales = [float32(max(map(abs, row)) / 127) for row in rows]
        assert reader.stored[f"{name}.scale"] == scales
        values = [float(round(float32(x / s))) for row, s in zip(rows, scales, strict=True) for x in row]
        assert reader.stored[name] == values


def test_vectors_on_the_page() -> None:
    blocks = re.findall(r"```json\n(.*?)```", PAGE, flags=re.DOTALL)
    vectors = json.loads(blocks[0])
    for text, words in vectors["words"]:
        assert split(text) == words
    for word, value in vectors["hash"].items():
        assert fnv(word) == value
    for word, buckets in vectors["buckets"].items():
        assert word_buckets(word, 4096) == buckets
    for a, b, value in vectors["pair_buckets"]:
        assert pair_bucket(a, b, 4096) == value
    assert hashlib.sha256(CHARTABLE.read_bytes()).hexdigest() in PAGE
