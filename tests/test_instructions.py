"""Phrases that instruct a machine: found as they are described, the same list in JavaScript."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from conftest import WEB
from pocketscore.sample import sample_path
from pocketscore.student.instructions import Instructions, instructions
from pocketscore.text import words

ROOT = Path(__file__).parents[1]
PHRASES = json.loads((ROOT / "src" / "pocketscore" / "phrases.json").read_text("utf-8"))


def test_every_phrase_is_found_as_it_stands_and_with_words_between() -> None:
    for phrases in PHRASES["phrases"].values():
        for slots in phrases:
            for slot in slots:
                assert all(words(alternative) for alternative in slot), slot
            for between in ("", *(" x" * n for n in range(1, PHRASES["gap"] + 1))):
                text = f"so {f'{between} '.join(slot[-1] for slot in slots)} it is"
                assert instructions().found_in(words(text)), text


def test_more_words_between_or_another_order_is_no_phrase() -> None:
    phrases = Instructions([[["ignore", "skip all"], ["rules"]]], 2)
    for text, found in [
        ("ignore rules", True), ("ignore a b rules", True), ("ignore a b c rules", False), ("rules ignore", False),
        ("skip rules", False), ("skip all rules", True), ("skip all the good rules", True), ("ignores rules", False),
        ("", False), ("all rules", False), ("Ignore! Rules?", True),
    ]:  # fmt: skip
        assert phrases.found_in(words(text)) == found, text


def test_more_phrases_than_bits() -> None:
    phrases = Instructions([[[f"first{i}"], [f"second{i}"]] for i in range(200)], 0)
    assert all(phrases.found_in([f"first{i}", f"second{i}"]) for i in range(200))
    assert not any(phrases.found_in([f"first{i}", f"second{(i + 62) % 200}"]) for i in range(200))


def test_the_answers_of_the_sample_give_no_instructions() -> None:
    """Simulated answers in the words of pupils; for real ones see benchmarks/screening.py."""
    for line in sample_path("responses.csv").read_text("utf-8").splitlines():
        assert not instructions().found_in(words(line)), line


def test_the_phrases_are_the_same_in_javascript() -> None:
    source = (WEB / "phrases.js").read_text("utf-8")
    assert json.loads(source[source.index("= {") + 2 :].rstrip().rstrip(";")) == PHRASES
    made = subprocess.run(
        [sys.executable, "-c", "import make_phrases, sys; sys.stdout.buffer.write(make_phrases.module().encode())"],
        cwd=ROOT / "scripts", capture_output=True, check=True,
    )  # fmt: skip
    assert made.stdout.decode() == source
