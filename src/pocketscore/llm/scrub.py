"""What could name a pupil is taken out of a text before it leaves the machine.

The rules look at the text as it is read: what is not seen is gone, letters and digits of all widths and typefaces are
the usual ones, and so are blanks, hyphens and dashes. They stand in this order; what one of them took is not looked at
again:

- email: `name@host.tld`, also with `(at)` or `[at]`.
- number: `123-45-6789`, `1234 5678 9012 3456`, an IBAN.
- phone: `+` and 8 to 15 digits; `555-123-4567` and its like; groups of digits of which the first begins with 0, 9 to 15
  digits together; 6 to 15 digits behind "phone", "call" and such words.
- number: what looks like an id. Four digits or more behind "id" and such words; one to three letters and five digits
  or more (AB123456); any other run of six digits or more.
- name: the names of a list, whole words, whatever their capitals.

Answers to science and mathematics are full of numbers that must stay: every number that occurs in the question or the
rubric, numbers in zeros and ones, round ones (ending in 000), and of the plain runs those with a decimal point, a unit,
a currency or an operator beside them (299792458 m/s, 12345678 + 1). Years, dates, decimals, and thousands in groups
(1,000,000) match no rule. None of this is certain: a name that is not on the list stays, and so does an address.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path

from pocketscore.data.files import decode, read_bytes
from pocketscore.errors import InputError
from pocketscore.llm.shown import Shown

Span = tuple[int, int]
Words = tuple[str, ...]

_PLACEHOLDER = re.compile(r"\[(?:email|phone|number|name)\]")

_EMAIL = re.compile(
    r"(?<![\w.+%-])[\w.+%-]{1,64}(?:@| ?[(\[] ?at ?[)\]] ?)[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}", re.IGNORECASE
)
_GAP = r"[ ./–-]{1,2}"
_RULES = (
    ("number", r"(?<!\w)[a-z]{2}\d{2} ?[a-z\d]{4}(?: ?\d{4}){2,7}(?: ?\d{1,4})?(?!\w)"),
    ("number", r"(?<![\w.,-])(?:\d{3}[–-]\d{2}[–-]\d{4}|\d{4}([ –-])\d{4}\1\d{4}\1\d{4})(?![\w-])"),
    ("phone", rf"(?<![\w+])\+\d(?:(?:{_GAP}|[ –-]?\(\d{{1,5}}\)[ –-]?)?\d){{7,14}}(?!\d)"),
    ("phone", r"(?<![\w.,-])(?:1[ .–-])?(?:\(\d{3}\) ?|\d{3}[ .–-])\d{3}[ .–-]\d{4}(?![\w-])"),
    ("phone", rf"(?<![\w.,/-])(?=(?:\W{{0,2}}\d){{9}})\(?0\d{{1,4}}\)?(?:{_GAP}\d{{2,8}}){{1,5}}(?![\w/-])"),
    (
        "phone",
        r"\b(?:tele)?(?:phone|mobile|tel|call|text|whatsapp)(?: (?:me|us|is|no|nr|number|at|on)\b){0,3}[.:]{0,2} ?"
        rf"(?P<found>\(?\d(?:(?:{_GAP}|[()]{{1,2}} ?)?\d){{5,14}})(?!\d)",
    ),
    (
        "number",
        r"\b(?:(?:student|pupil|candidate|account|roll|matric(?:ulation)?) (?:id|no\.?|nr\.?|number)|id|passport|badge)"
        r"(?: (?:is|no|nr|number)\b){0,2} ?[.:#=]{0,2} ?(?P<found>[a-z]{0,3}[–-]?\d{4,20})(?!\w)",
    ),
    ("number", r"(?<!\w)[a-z]{1,3}[–-]?\d{5,20}(?!\w)"),
)
_DATE = re.compile(r"\d{1,2}([./–-])\d{1,2}\1\d{2,4}(?![./–-]?\d)")
_RUN = re.compile(r"(?<!\w)(?<!\d[.,])\d{6,20}(?!\w|[.,]\d)")
_SYMBOL = r"[$€£¥₹=+×*÷/^<>≈~−·%°‰]"
_BEFORE = re.compile(rf"(?:{_SYMBOL}|\d ?[-x]) ?$")
_BEHIND = re.compile(
    rf" ?(?:{_SYMBOL}|[-x] ?\d"
    r"|(?:[kKMGTcmnµμ]?(?:m|g|s|l|J|N|W|V|Pa|Hz|eV|Ω|K|mol|cal)|km/h|mph|ha|years?|euros?|dollars?|pounds?|people|times"
    r"|(?:kilo|centi|milli)?(?:met(?:er|re)|lit(?:er|re)|gram|joule|newton|watt)s?|degrees?|seconds?|minutes?|hours?"
    r"|days?|units?|atoms?|molecules?|cells?)(?![^\W\d_]))"
)

_MARKS = "".join(chr(code) for code in range(0x300, 0x2000) if unicodedata.category(chr(code)).startswith("M"))
_WORD = re.compile(rf"(?:[^\W\d_]|[{_MARKS}])+")
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
"""Letters of scripts in which a name does not stand between blanks."""
_BETWEEN = re.compile(r"[ .,'’–-]{1,3}")
_LONG_ENOUGH = 6  # letters of a name that may stand run together; shorter ones could be words
_PARTICLES = frozenset(
    ["von", "van", "der", "den", "del", "dela", "dos", "das", "les", "los", "las", "bin", "ibn", "ben", "the", "and"]
)


@dataclass(frozen=True)
class Scrubbed:
    """A text without what was found in it.

    Attributes:
        text: With [email], [phone], [number] and [name] in place of it, in Unicode's composed form and without what is
            not seen.
        counts: How many of each kind were found; kinds that were not are left out.
    """

    text: str
    counts: Mapping[str, int]


class Scrubber:
    """Takes e-mail addresses, phone numbers, numbers that look like ids, and listed names out of texts.

    Args:
        names: One name each. Its words are found together, and each of them alone where it has three letters or more
            and is no particle such as "von": "Ana Ruiz" finds "ana's" and "anaruiz" too.
        keep: Question and rubric, whose numbers stay.

    Example:
        >>> scrubber = Scrubber(["Ana Ruiz"], keep="A car of 1234567 g ...")
        >>> scrubber.scrub("ANA's car has 1234567 g. Mail ana@school.org or call 555 0199 22, id 4711").text
        "[name]'s car has 1234567 g. Mail [email] or call [phone], id [number]"
        >>> scrubber.scrub("3.14 * 1,000,000 at 100 °C in 2024").counts
        {}
    """

    def __init__(self, names: Sequence[str] = (), keep: str = "") -> None:
        self._names: dict[str, set[Words]] = {}
        read = [Shown.of(name).text for name in names]
        for way in (way for name in read for way in _ways(name)):
            self._names.setdefault(way[0], set()).add(way)
        unspaced = sorted(filter(_UNSPACED.search, read), key=len, reverse=True)
        unspaced_names = re.compile("|".join(map(re.escape, unspaced)) or r"(?!)", re.IGNORECASE)
        kept = Shown.of(keep).text
        self._kept = {_digits(found) for found in re.findall(r"\d(?:[ .,'’–-]?\d)*", kept)}
        self._kept |= set(re.findall(r"\d+", kept))
        self._rules: tuple[tuple[str, Callable[[str], Iterator[Span]]], ...] = (
            ("email", partial(_spans, _EMAIL)),
            *((kind, self._matches(re.compile(pattern, re.IGNORECASE))) for kind, pattern in _RULES),
            ("number", self._runs),
            ("name", self._named),
            ("name", partial(_spans, unspaced_names)),
        )

    def scrub(self, text: str) -> Scrubbed:
        """The text without what could name a pupil; placeholders that stand in it already are left alone."""
        shown = Shown.of(text)
        free = _between((match.span() for match in _PLACEHOLDER.finditer(shown.text)), 0, len(shown.text))
        found: dict[Span, str] = {}
        for kind, find in self._rules:
            left: list[Span] = []
            for first, last in free:
                taken = [(first + start, first + end) for start, end in find(shown.text[first:last])]
                found |= dict.fromkeys(taken, kind)
                left += _between(taken, first, last)
            free = left
        return Scrubbed(shown.with_placeholders(found), dict(Counter(found.values())))

    def _matches(self, pattern: re.Pattern[str]) -> Callable[[str], Iterator[Span]]:
        """What finds a pattern, less numbers that stay."""

        def find(text: str) -> Iterator[Span]:
            for match in pattern.finditer(text):
                group = "found" if "found" in pattern.groupindex else 0
                if not self._stays(match.group(group)) and not _DATE.match(match.group(group)):
                    yield match.span(group)

        return find

    def _runs(self, text: str) -> Iterator[Span]:
        """Long runs of digits that stand for nothing in the answer."""
        for match in _RUN.finditer(text):
            start, end = match.span()
            meant = _BEFORE.search(text[max(start - 4, 0) : start]) or _BEHIND.match(text, end)
            if not meant and not self._stays(match.group()):
                yield start, end

    def _stays(self, number: str) -> bool:
        digits = _digits(number)
        rounded = number.isdigit() and number.endswith("000")
        return rounded or digits in self._kept or set(digits) <= {"0", "1"}

    def _named(self, text: str) -> Iterator[Span]:
        """Places of names, the longest where several begin at one word."""
        words = [(match.group().casefold(), *match.span()) for match in _WORD.finditer(text)] if self._names else []
        at = 0
        while at < len(words):
            ways = self._names.get(words[at][0], ())
            found = max((len(way) for way in ways if _stands(way, words[at : at + len(way)], text)), default=0)
            if found:
                yield words[at][1], words[at + found - 1][2]
            at += max(found, 1)


def _spans(pattern: re.Pattern[str], text: str) -> Iterator[Span]:
    return (match.span() for match in pattern.finditer(text))


def _digits(number: str) -> str:
    return "".join(filter(str.isdigit, number))


def _between(spans: Iterable[Span], first: int, last: int) -> list[Span]:
    """What spans leave of a stretch of text."""
    edges = [first, *(edge for span in spans for edge in span), last]
    return [*zip(edges[::2], edges[1::2], strict=True)]


def _ways(name: str) -> Iterator[Words]:
    """How a listed name may stand in a text: all its words, the same run together, and each longer one alone."""
    words = tuple(word.casefold() for word in _WORD.findall(name))
    if words:
        yield words
    if len(words) > 1:
        if len(run_together := "".join(words)) >= _LONG_ENOUGH:
            yield (run_together,)
        yield from ((word,) for word in words if len(word) >= 3 and word not in _PARTICLES)


def _stands(way: Words, words: Sequence[tuple[str, int, int]], text: str) -> bool:
    """Whether the words of a name stand here, with no more between them than a blank or a mark."""
    gaps = (text[before[2] : after[1]] for before, after in pairwise(words))
    return way == tuple(word for word, _, _ in words) and all(map(_BETWEEN.fullmatch, gaps))


def read_names(path: Path) -> tuple[str, ...]:
    """Names from a text file, one a line; empty lines are skipped.

    Raises:
        InputError: When the file cannot be read, holds no name, or a line has fewer than two letters: such a name would
            take words out of every text.
    """
    lines = decode(read_bytes(path), path).text.splitlines()
    names = {number: line.strip(" \t,;") for number, line in enumerate(lines, start=1) if line.strip(" \t,;")}
    for number, name in names.items():
        if sum(map(str.isalpha, name)) < 2:
            raise InputError(
                f"{path}, line {number}: {name!r} is no name", "give one name a line, of two letters or more"
            )
    if not names:
        raise InputError(f"{path} holds no names", "give one name a line")
    return tuple(names.values())
