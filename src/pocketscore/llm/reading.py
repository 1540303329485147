"""Probabilities of the score points out of what a model wrote.

Three ways, and all give None rather than a guess: a refusal, an essay, a score outside the scale is no reading.

`from_logprobs` reads the alternatives at the place of the score. Every spelling of a code counts for it ("2", " 2",
"Ġ2", "2" and a line end), their probabilities are added. A code that is not listed cannot be likelier than the least
likely token that is, nor can all such codes together be likelier than what the list leaves over; each gets the smaller
of that least probability and an equal share of what is left.

`from_samples` reads shares of several answers, with one more answer that is spread evenly over the codes.

`from_words` reads percentages that the model wrote down; 0 counts as half a percent, the rounding of whole numbers.
"""

from __future__ import annotations

import json
import math
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pocketscore.llm.model import Codes
from pocketscore.llm.replies import Reply, TopToken
from pocketscore.types import Floats

LEAST = 1e-6
"""Least probability of a score point: one in a million, whatever the model says."""

LEAST_IN_WORDS = 0.005

_THINKING = re.compile(r"^.*</think(?:ing)?>", re.DOTALL)
_UNFINISHED = re.compile(r"^\s*<think(?:ing)?>")
_BLANKS = " \t\r\n\u00a0ĠĊ▁"  # the last three are how byte-level and sentence-piece tokenizers show blanks
_MARKS = "\"'`*_()[]{}"
_CODE_ALONE = r"""
    [\s"'`*_(\[{{\#>]*                                                   # blanks, quotes, emphasis, brackets
    (?: [^\W\d]+ (?:\s[^\W\d]+){{0,2}} [\s"'`*_]* [:=] [\s"'`*_(\[]* )?  # up to three words: "Final score:"
    (?P<code>{codes})
    ["'`*_)\]}}]*
    (?: \s*$ | (?<=\))\s | \s*\n | [.:;,!](?!\d) | \s+[-–—(] | \s*/\s*\d+\b(?!\.\d) | \s+points?\b | \s+out\s+of\b )
"""
_LISTED = r"(?<![\w.]){code}[\"'*_)\]]*\s*[:=]\s*[\"']?(-?\d+(?:[.,]\d+)?)\s*(?:%|[\"',;}}\n]|$)"


@dataclass(frozen=True, eq=False)
class Reading:
    """What one answer says.

    Attributes:
        log_probabilities: (K,) natural logarithms, their exponentials sum to 1.
        mass: Share of the model's probability (of its answers, of its percentages) that fell on score points, 0 to 1.
    """

    log_probabilities: Floats
    mass: float

    @classmethod
    def of(cls, probabilities: Floats, mass: float) -> Reading:
        """Non-negative shares as a reading; none is taken to be below `LEAST` of all."""
        shares = np.maximum(probabilities / probabilities.sum(), LEAST)
        return cls(np.log(shares / shares.sum()), min(mass, 1.0))


def from_logprobs(reply: Reply, codes: Codes) -> Reading | None:
    """Read the alternatives at the place of the score: the first token that is the code which the text comes to.

    Returns:
        None without alternatives, or when the text is no score.
    """
    point = code_of(reply.contents[0], codes)
    if reply.tops is None or point is None:
        return None
    written = [tops[0].token for tops in reply.tops]
    for place in range(_answer_starts(written), len(written)):
        if _code_of_token(written[place], codes) == point and len(reply.tops[place]) > 1:
            return _read_place(reply.tops[place], codes)
    return None


def from_samples(contents: Sequence[str], codes: Codes) -> Reading | None:
    """Read shares of answers that were drawn at a temperature.

    Returns:
        None when no answer is a score.

    Example:
        >>> reading = from_samples(["2", "2", "1", "I cannot say."], Codes(("0", "1", "2")))
        >>> np.exp(reading.log_probabilities).round(3).tolist(), reading.mass
        ([0.083, 0.333, 0.583], 0.75)
    """
    found = [point for point in (code_of(content, codes) for content in contents) if point is not None]
    if not found:
        return None
    counts = np.full(len(codes), 1 / len(codes))
    np.add.at(counts, found, 1.0)
    return Reading.of(counts, len(found) / len(contents))


def from_words(content: str, codes: Codes) -> Reading | None:
    """Read percentages, or shares of 1, that the model wrote: a JSON object or lines such as "A: 70%".

    Returns:
        None when there are none, or when one is below 0, or when those of the codes add up to less than half or more
        than one and a half.

    Example:
        >>> reading = from_words('{"0": 10, "1": 30, "2": 60}', Codes(("0", "1", "2")))
        >>> np.exp(reading.log_probabilities).round(3).tolist(), reading.mass
        ([0.1, 0.3, 0.6], 1.0)
    """
    text = _answer_in(content)
    given = _json_object(text) or _lines(text, codes)
    shares = np.array([given.get(code, 0.0) for code in codes.characters])
    total = float(shares.sum())
    whole = 1.0 if total <= 1.5 else 100.0
    if not 0.5 <= total / whole <= 1.5 or min(given.values()) < 0:
        return None
    return Reading.of(np.maximum(shares / total, LEAST_IN_WORDS), total / max(sum(given.values()), total))


def code_of(content: str, codes: Codes) -> int | None:
    r"""Index of the code that a text comes to, None when it is more than a code or something else.

    >>> codes = Codes(("0", "1", "2"))
    >>> [code_of(text, codes) for text in (" 2\n", "**Score: 1**", "2/3", "<think>0 or 1?</think> 1")]
    [2, 1, 2, 1]
    >>> [code_of(text, codes) for text in ("3", "1.5", "-1", "I cannot score this.", "1 student", "10", "")]
    [None, None, None, None, None, None, None]
    """
    listed = "|".join(re.escape(code) for code in codes.characters)
    pattern = re.compile(_CODE_ALONE.format(codes=listed), re.VERBOSE)
    found = pattern.match(_answer_in(content))
    return codes.characters.index(found["code"]) if found else None


def _answer_in(content: str) -> str:
    """A text behind the model's thoughts, with the digits of all scripts and widths as 0 to 9; '' while it thinks."""
    said = _THINKING.sub("", content)
    return "" if _UNFINISHED.match(said) else _plain_digits(said)


def _plain_digits(text: str) -> str:
    if text.isascii():
        return text
    return "".join(
        str(unicodedata.decimal(char)) if char.isdecimal() else unicodedata.normalize("NFKC", char) for char in text
    )


def _answer_starts(written: Sequence[str]) -> int:
    """Place of the first token behind the model's thoughts."""
    text = ""
    ends = []
    for token in written:
        text += token
        ends.append(len(text))
    thoughts = _THINKING.match(text)
    return 0 if thoughts is None else sum(end < thoughts.end() for end in ends) + 1


def _code_of_token(token: str, codes: Codes) -> int | None:
    bare = _plain_digits(token.strip(_BLANKS)).strip(_MARKS + ".:")
    return codes.characters.index(bare) if bare in codes.characters else None


def _read_place(tops: Iterable[TopToken], codes: Codes) -> Reading:
    tokens = list(tops)
    likely = [math.exp(min(token.logprob, 0.0)) for token in tokens]
    shares = np.zeros(len(codes))
    seen: set[int] = set()
    for token, probability in zip(tokens, likely, strict=True):
        point = _code_of_token(token.token, codes)
        if point is not None:
            shares[point] += probability
            seen.add(point)
    mass = float(shares.sum())
    absent = [point for point in range(len(codes)) if point not in seen]
    if absent:
        shares[absent] = min(*likely, max(0.0, 1 - sum(likely)) / len(absent))
    return Reading.of(shares, mass)


def _json_object(text: str) -> Mapping[str, float]:
    """Numbers of the last flat JSON object, by name."""
    for found in reversed(re.findall(r"\{[^{}]*\}", text)):
        try:
            entries = json.loads(found)
        except ValueError:
            continue
        numbers = {str(name).strip(): _number(value) for name, value in entries.items()}
        return {name: number for name, number in numbers.items() if number is not None and math.isfinite(number)}
    return {}


def _number(value: object) -> float | None:
    try:
        return float(str(value).strip().removesuffix("%").replace(",", "."))
    except ValueError:
        return None


def _lines(text: str, codes: Codes) -> Mapping[str, float]:
    """Numbers behind codes, such as "A: 70 %"; a code that is named twice has its first."""
    found: dict[str, list[float]] = defaultdict(list)
    for code in codes.characters:
        pattern = _LISTED.format(code=re.escape(code))
        found[code] += [float(number.replace(",", ".")) for number in re.findall(pattern, text)]
    return {code: numbers[0] for code, numbers in found.items() if numbers}
