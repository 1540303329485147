"""What leaves the machine: addresses, numbers and names that are taken out, and answers that must not be hurt."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pocketscore.errors import InputError
from pocketscore.llm.prompts import readable, tamed
from pocketscore.llm.scrub import Scrubber, read_names
from pocketscore.sample.items import ITEMS, NEW_ANSWERS

NAMES = ["Anna Schmidt", "O'Brien", "Jean-Luc", "José", "李小龙", "Ali", "Maria de la Cruz", "कमला"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("write to ana.ruiz+x@school-1.k12.org.", "write to [email]."),
        ("ana (at) mail.example.com", "[email]"),
        ("ana[at]example.de, bob@example.de", "[email], [email]"),
        ("élève@école.fr", "[email]"),
        ("call me at 555 0199 22", "call me at [phone]"),
        ("my phone number is: 5550199", "my phone number is: [phone]"),
        ("+49 (0) 30 123456-78", "[phone]"),
        ("+1 555 123 4567 or (555) 123-4567", "[phone] or [phone]"),
        ("555-123-4000, 555.123.4567, 1-555-123-4567", "[phone], [phone], [phone]"),
        ("020 7946 0958 / 01 23 45 67 89 / 0171-1234567 / 07700 900123", "[phone] / [phone] / [phone] / [phone]"),
        ("01.23.45.67.89", "[phone]"),
        ("20231234 is my number", "[number] is my number"),
        ("Bob (20231234)", "Bob ([number])"),
        ("My ID: 4711", "My ID: [number]"),
        ("student no. 12345, badge #9876", "student no. [number], badge #[number]"),
        ("AB123456 and s-1234567", "[number] and [number]"),
        ("123-45-6789", "[number]"),
        ("1234 5678 9012 3456 and 1234-5678-9012-3456", "[number] and [number]"),
        ("DE89 3704 0044 0532 0130 00, GB29 NWBK 6016 1331 9268 19", "[number], [number]"),
        ("12345678 A student", "[number] A student"),
        ("ANNA SCHMIDT, anna's and Anna’s; Schmidt, Anna", "[name], [name]'s and [name]’s; [name], [name]"),
        ("hanna, annas and Anna2010", "hanna, annas and [name]2010"),
        ("o'brien O’Brien o brien", "[name] [name] [name]"),
        ("jean-luc, Jean Luc, Luc", "[name], [name], [name]"),
        ("Jose\u0301 and JOSÉ but jose", "[name] and [name] but jose"),
        ("我叫李小龙。", "我叫[name]。"),
        ("कमला ने कहा, कमल", "[name] ने कहा, कमल"),
        ("alibi, Ali.", "alibi, [name]."),
        ("Maria de la Cruz lives de la Cruz", "[name] lives de la [name]"),
        ("by ali@home.org, Ali, 555-123-4567, id 12345", "by [email], [name], [phone], id [number]"),
    ],
)
def test_what_is_taken_out(text: str, expected: str) -> None:
    scrubbed = Scrubber(NAMES).scrub(text)
    assert scrubbed.text == expected
    kinds = ("email", "phone", "number", "name")
    assert scrubbed.counts == {kind: expected.count(f"[{kind}]") for kind in kinds if f"[{kind}]" in expected}


@pytest.mark.parametrize(
    "text",
    [
        "3.14, 3.14159265358979, 0.000001234, 1,000,000, 1 000 000, 1.000.000, 100 °C, 12 %",
        "in 1969, 1990-2000, 2024-05-17, 17.05.2024, 17/5/2024 10:30, 5/6, 5:30",
        "299792458 m/s, 299792458m, 1000000, 602214000 atoms, 123456 people, 6371009 metres, 101325 Pa",
        "123456 + 1 = 123457, 123456 × 2, 12345678 x 3, 500000 - 123456, 123456/2, $123456, 123456 €",
        "x+1000000, 100 -> 120 -> 96, 100 * 1.2 * 0.8 = 96",
        "0 10 20 30 40 50, 101101 in binary, 00 01 10 11 100 101",
        "C6H12O6, CO2, H2O, U-235, 12C, m2, MP3, 5e10, 10^23",
        "4 out of 1234 and 12345, at 1013.25 hPa, v = 9.81 m/s^2",
        "name, email [at] and phone; the call of 12 birds; text 3; I'd say 4000; 20 @ 5",
        "look at [name] and [email]",
    ],
)
def test_what_stays(text: str) -> None:
    assert Scrubber(NAMES).scrub(text) == Scrubber().scrub(text)
    assert Scrubber(NAMES).scrub(text).text == text
    assert not Scrubber(NAMES).scrub(text).counts


def test_sample_answers_are_left_alone() -> None:
    for text in (*NEW_ANSWERS, *(str(item[part]) for item in ITEMS for part in ("question", "rubric"))):
        assert Scrubber().scrub(text).text == text


def test_numbers_of_the_question_stay() -> None:
    keep = "The population was 7,654,321; a sample of 424242 was drawn.\nCall 555-123-4567."
    text = "7654321 or 7 654 321 and 424242, not 424243, call 555-123-4567"
    assert Scrubber(keep=keep).scrub(text).text == text.replace("424243", "[number]")
    assert Scrubber().scrub("424242").text == "[number]"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A\u00adnna Sch\u200bmidt, 555-\u200b123-4567", "[name], [phone]"),  # what is not seen
        ("an\u200bna@school.org, 98\u00ad76543", "[email], [number]"),
        ("An\u200dna, An\ufe0fna, A\u034fnna, An\u2060na", "[name], [name], [name], [name]"),
        ("Anna\u200bSchmidt and AnnaSchmidt", "[name] and [name]"),
        ("555\u00a0123\u00a04567, 555\u2009123\u20094567, +1\u00a0555\u00a0123\u202f4567", "[phone], [phone], [phone]"),
        ("Maria\u00a0de\u00a0la\u00a0Cruz, Maria\tde la Cruz", "[name], [name]"),
        ("id:\u00a04711, badge\u00a0#9876", "id:\u00a0[number], badge\u00a0#[number]"),
        ("555\u2011123\u20114567, 555\u2010123\u20104567, 555–123–4567", "[phone], [phone], [phone]"),
        ("(555) 123–4567, 1—555—123—4567, (0171)–1234567", "[phone], [phone], [phone]"),
        ("123–45–6789 and 1234–5678–9012–3456", "[number] and [number]"),
        ("s–1234567 and AB\u2011123456", "[number] and [number]"),
        ("mine—555-123-4567—thanks", "mine—[phone]—thanks"),
        ("Jean–Luc, Jean\u2011Luc, Anna—Schmidt", "[name], [name], [name]"),
        ("Ａｎｎａ Ｓｃｈｍｉｄｔ, 𝐀𝐧𝐧𝐚, ＪＯＳＥ\u0301", "[name], [name], [name]"),  # other widths and typefaces
        ("ａｎｎａ＠ｓｃｈｏｏｌ．ｏｒｇ, ０４７１１３３, ＋４９ ３０ １２３４５６", "[email], [number], [phone]"),
        ("number ― 20231234", "number ― [number]"),  # a dash makes no sum
        ("水\u3000Anna\u3000水", "水\u3000[name]\u3000水"),
    ],
)
def test_what_looks_the_same_is_taken_out_too(text: str, expected: str) -> None:
    """And nothing comes back when the prompt takes out what is not seen."""
    scrubbed = Scrubber(NAMES).scrub(text)
    assert scrubbed.text == expected
    assert tamed(scrubbed.text) == tamed(expected)
    assert sum(scrubbed.counts.values()) == expected.count("[")


@pytest.mark.parametrize(
    "text", ["10² or 12345² and 1½", "1990–2000 and 3–4", "می\u200cخواهم", "ｗａｔｅｒ\u00a0is Ｈ₂Ｏ — ℃"]
)
def test_other_ways_of_writing_stay_as_they_are(text: str) -> None:
    assert Scrubber(NAMES).scrub(text).text == text


@given(st.text(st.sampled_from("An \u00ad\u200b\u200c\u200d\ufe0f\u2060\U000e0041\u3164Ａｎ"), max_size=12))
def test_no_name_comes_back_in_the_prompt(text: str) -> None:
    """Whatever is put between its letters, a reader of the prompt does not see a listed name."""
    shown = unicodedata.normalize("NFKC", tamed(Scrubber(["Anna", "Ann"]).scrub(text).text)).replace("\u200d", "")
    assert not {"anna", "ann"} & set(shown.replace("\u200c", "").casefold().split())


@given(
    st.lists(
        st.sampled_from(
            ["Anna", "x", " ", "-", "'", "@", ".", "1", "+49 30", "555-123-4567", "12345678", "É", "[name]", "id "]
        ),
        max_size=14,
    )
)
def test_a_second_pass_finds_no_name(parts: list[str]) -> None:
    once = Scrubber(["Anna"]).scrub("".join(parts))
    twice = Scrubber(["Anna"]).scrub(once.text)
    assert "name" not in twice.counts
    assert "email" not in twice.counts


@given(st.text(max_size=60), st.text("abcdefg", min_size=2, max_size=6))
def test_a_listed_name_is_found_whatever_stands_around(text: str, name: str) -> None:
    found = Scrubber([name]).scrub(f"{text} {name.upper()} {text}")
    assert f" {name.upper()} " not in found.text
    assert found.counts


@given(st.text())
def test_nothing_but_what_is_counted_changes(text: str) -> None:
    scrubbed = Scrubber(NAMES).scrub(text)
    if not scrubbed.counts:
        assert scrubbed.text == unicodedata.normalize("NFC", readable(text))


@pytest.mark.parametrize("unit", ["a", "1", "1-", "a.", "+1", "0 ", "(", "a@", "00 ", "id ", "hanna "])
def test_a_long_text_comes_through(unit: str) -> None:
    """Rules that look back or ahead without end would take hours for this."""
    text = unit * (300_000 // len(unit))
    scrubbed = Scrubber(NAMES).scrub(text)
    assert scrubbed.text == text.strip() or sum(scrubbed.counts.values()) == scrubbed.text.count("[")


def test_reading_names(tmp_path: Path) -> None:
    path = tmp_path / "names.txt"
    path.write_text("\ufeffAnna Schmidt\r\n\r\n  O'Brien ;\nLi\n", encoding="utf-8")
    assert read_names(path) == ("Anna Schmidt", "O'Brien", "Li")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "holds no names"),
        ("\n ,;\n", "holds no names"),
        ("Anna\nA\n", "line 2: 'A' is no name"),
        ("1234\n", "line 1"),
    ],
)
def test_bad_lists_of_names(content: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "names.txt"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        read_names(path)


def test_a_missing_list_of_names(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no file"):
        read_names(tmp_path / "names.txt")
