"""A text as it is read, with the way back to how it was written.

Fullwidth and typeset letters and digits read like the usual ones, every blank like a blank, every hyphen like a hyphen,
every dash like an en dash, and what is not seen is not there. Rules that look for names and numbers look at this, and
cut the original.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from pocketscore.llm.prompts import readable

Span = tuple[int, int]

_ALIKE = {"\t": " ", "\u200c": "", "\u200d": "", "\u2010": "-", "\u2011": "-"} | dict.fromkeys(
    "\u2012\u2013\u2014\u2015", "–"
)
_THEMSELVES = frozenset({"No", "Sk"})
"""Categories that keep their form: 10² is not 102, and an accent that stands alone is no blank with an accent."""


@dataclass(frozen=True)
class Shown:
    """A text as it is read.

    Attributes:
        text: As it is read.
        written: As it was written, in Unicode's composed form, without what is not seen.
        places: For each character of `text` the span of `written` that it stands for.
    """

    text: str
    written: str
    places: tuple[Span, ...]

    @classmethod
    def of(cls, text: str) -> Shown:
        r"""Read a text.

        >>> Shown.of("Ａｎａ\u00a0Ru\u200biz, 555–123").text
        'Ana Ruiz, 555–123'
        """
        written = unicodedata.normalize("NFC", readable(text))
        if written.isascii():
            return cls(written.replace("\t", " "), written, tuple((at, at + 1) for at in range(len(written))))
        read: list[str] = []
        places: list[Span] = []
        for start, end in _clusters(written):
            shown = _read(written[start:end])
            read.append(shown)
            places += [(start, end)] * len(shown)
        return cls("".join(read), written, tuple(places))

    def with_placeholders(self, kinds: Mapping[Span, str]) -> str:
        """What was written, with [kind] in place of what spans of `text` stand for."""
        pieces, at = [], 0
        for (start, end), kind in sorted(kinds.items()):
            pieces += [self.written[at : self.places[start][0]], f"[{kind}]"]
            at = self.places[end - 1][1]
        return "".join([*pieces, self.written[at:]])


def _clusters(text: str) -> Iterator[Span]:
    """Spans of characters with the marks that belong to them."""
    start = 0
    for at in range(1, len(text) + 1):
        if at == len(text) or not _is_mark(text[at]):
            yield start, at
            start = at


@lru_cache(maxsize=4096)
def _is_mark(char: str) -> bool:
    return unicodedata.combining(unicodedata.normalize("NFKC", char)[0]) > 0


@lru_cache(maxsize=4096)
def _read(cluster: str) -> str:
    first = cluster[0]
    if first in _ALIKE:
        return _ALIKE[first] + cluster[1:]
    if unicodedata.category(first) in _THEMSELVES:
        return cluster
    plain = unicodedata.normalize("NFKC", cluster)
    return "".join(" " if unicodedata.category(char) == "Zs" else char for char in plain)
