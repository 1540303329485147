"""The text specification."""

from __future__ import annotations

import hashlib
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pocketscore.text as text_module
from pocketscore.errors import InputError
from pocketscore.text import Vocabulary, mix, ngrams, pair_buckets, word_buckets, word_hash, words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        (" \t\r\n\u00a0\u3000", []),
        ("\u200b\ufeff\u00ad\u202e", []),
        ("'' ’’ '", []),
        ("The AIR", ["the", "air"]),
        ("don't ‘quote’ rock'n'roll", ["don't", "quote", "rock'n'roll"]),
        ("3.5%+2=x", ["3", ".", "5", "%", "+", "2", "=", "x"]),
        ("e\u0301té ÉTÉ", ["ete", "ete"]),
        ("Straße STRASSE", ["strasse", "strasse"]),
        ("ﬁn H₂O x²", ["fin", "h2o", "x2"]),
        ("水蒸气x", ["水", "蒸", "气", "x"]),
        ("한국어 문장", ["한국어", "문장"]),
        ("ガラス", ["ガ", "ラ", "ス"]),
        ("שלום عالم", ["שלום", "عالم"]),
        ("a\u200bb", ["ab"]),
        ("👍🏽!", ["👍", "🏽", "!"]),
        ("\ud800", ["\ufffd"]),
        ("\U000e0fff", ["\ufffd"]),
        ("\x00\x1f", []),
        ("हिन्दी", ["हिन्दी"]),
    ],
)
def test_words(text: str, expected: list[str]) -> None:
    assert words(text) == expected


@given(st.text(alphabet=st.characters()))
def test_words_never_hold_blanks_or_capitals_and_are_stable(text: str) -> None:
    found = words(text)
    assert all(word and not word.isspace() and " " not in word for word in found)
    assert words(" ".join(found)) == found


@given(st.lists(st.text(alphabet=st.characters(), min_size=1), max_size=5))
def test_words_of_texts_set_apart_by_blanks_are_the_words_of_each(texts: list[str]) -> None:
    assert words(" ".join(texts)) == [word for text in texts for word in words(text)]


def test_every_code_point_is_handled_and_agrees_with_the_runtime_on_plain_letters() -> None:
    for code in range(0x110000):
        found = words(chr(code))
        assert len(found) <= 18
    for letter in "abcxyzäöüñçабв":
        folded = unicodedata.normalize("NFKD", letter.upper().lower())[0]
        assert words(letter.upper()) == [folded]


def test_character_table_is_frozen() -> None:
    """The table is part of the format: a change needs a new TEXT_VERSION, and this hash with it."""
    table = Path(text_module.__file__).parent / "chartable.json"
    assert text_module.TEXT_VERSION == 1
    assert hashlib.sha256(table.read_bytes()).hexdigest().startswith("313a6aeb6c32adfe")


def test_word_hash_is_fnv1a() -> None:
    """Reference values of the published 32-bit FNV-1a test suite."""
    assert [word_hash(word) for word in ("", "a", "foobar")] == [0x811C9DC5, 0xE40C292C, 0xBF9CF968]


def test_mix_is_the_murmur3_finaliser() -> None:
    def reference(h: int) -> int:
        h ^= h >> 16
        h = h * 0x85EBCA6B & 0xFFFFFFFF
        h ^= h >> 13
        h = h * 0xC2B2AE35 & 0xFFFFFFFF
        return h ^ h >> 16

    values = np.random.default_rng(0).integers(0, 2**32, 100, dtype=np.uint32)
    assert mix(values).tolist() == [reference(int(v)) for v in values]


@given(st.text(min_size=1, max_size=12))
def test_ngrams_cover_the_word(word: str) -> None:
    found = ngrams(word)
    assert len(found) == sum(max(0, len(word) + 2 - n + 1) for n in (3, 4, 5))
    assert all(gram in f"<{word}>" for gram in found)


def test_buckets_depend_on_word_and_order() -> None:
    one, two = np.array([word_hash("cold")], np.uint32), np.array([word_hash("air")], np.uint32)
    there, back = pair_buckets(np.append(one, two), 4096), pair_buckets(np.append(two, one), 4096)
    assert there.shape == (1,)
    assert there[0] != back[0]
    assert set(word_buckets("air", 64)) <= set(range(64))
    assert len(word_buckets("air", 64)) == 1 + len(ngrams("air"))


def test_a_word_of_few_pupils_never_enters_the_vocabulary() -> None:
    texts = [f"cold air number {i}" for i in range(5)] + ["cold air by Zebedee"] * 9
    entries = Vocabulary.of(texts, at_least=5).entries
    assert entries == ("air", "cold", "number")


def test_vocabulary_keeps_the_most_frequent_words_and_their_ids() -> None:
    texts = [f"b a{' c' * (i < 3)} {i}" for i in range(6)]
    vocabulary = Vocabulary.of(texts, at_least=2, at_most=2)
    assert vocabulary.entries == ("a", "b")
    assert vocabulary.ids(["b", "zzz", "a"]).tolist() == [2, 0, 1]
    with pytest.raises(InputError, match="more than once"):
        Vocabulary(("a", "a"))
