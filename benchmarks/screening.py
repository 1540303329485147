"""Which answers the screen refers to people: ordinary ones it should let pass, strange ones it should not.

    python -m benchmarks.screening ../shared/data -o benchmarks/results/screening.json

A screen is fitted on each item's training answers, with the vocabulary of the scorers. Ordinary answers are those of
the validation and test parts. Strange ones are made, or taken from where they do not belong. `alone` is the share that
a rule would refer if there were no other; `first` counts each answer once, for its first reason. No scorer is trained:
what is uncertain is not counted here. `injections.txt` was written before the list of phrases, which was not changed
to find more of it; both have the same author.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.study.datasets import DATA_SETS
from pocketscore.student.screen import Screen, Screener
from pocketscore.text import MAX_WORDS, Vocabulary, words
from pocketscore.types import Part, Reason, Responses

SETS = ("asap-sas", "saf-de", "beetle-3way", "ads-zh", "scientsbank-2way")
MADE = 400
"""Answers of each kind that is made by chance."""

BORROWED = 500
"""Most answers of each kind that is taken from elsewhere."""

ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
SCRIPTS = (
    "Вода поступает из воздуха, а не из стакана.", "Потому что холодное стекло охлаждает пар.", "Я не знаю",
    "Το νερό έρχεται από τον αέρα γύρω από το ποτήρι.", "Δεν ξέρω", "الماء يأتي من الهواء المحيط بالكأس", "لا أعرف",
    "המים מגיעים מהאוויר שסביב הכוס", "पानी हवा से आता है", "물은 공기 중의 수증기에서 온다",
    "コップの周りの空気から水ができる", "น้ำมาจากอากาศรอบแก้ว", "ջուրը գալիս է օդից", "წყალი ჰაერიდან მოდის",
)  # fmt: skip
Row = dict[str, object]


@dataclass(frozen=True)
class Item:
    """What is needed of one item.

    Attributes:
        data: Name of its data set.
        responses: All its answers.
        screener: Fitted on the training part.
    """

    data: str
    responses: Responses
    screener: Screener

    @classmethod
    def of(cls, data: str, responses: Responses) -> Item:
        """The item with its screen."""
        texts, item = responses.part(Part.TRAIN).texts, responses.item
        vocabulary = Vocabulary.of(texts)
        return cls(data, responses, Screener(Screen.of(texts, vocabulary), vocabulary, item.question, item.rubric))

    @property
    def held_out(self) -> tuple[str, ...]:
        """Answers that the screen was not fitted on."""
        return self.responses.part(Part.VALIDATION).texts + self.responses.part(Part.TEST).texts


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder with the data sets")
    parser.add_argument("-o", "--out", type=Path)
    given = parser.parse_args()
    sets = {name: [Item.of(name, r) for r in DATA_SETS[name].read(given.data)] for name in SETS}
    found = {name: measured(items, strange(sets, name)) for name, items in sets.items()}
    print(json.dumps({name: {k: v for k, v in one.items() if k != "items"} for name, one in found.items()}, indent=2))
    if given.out:
        given.out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def measured(items: Sequence[Item], kinds: Mapping[str, list[Sequence[str]]]) -> Row:
    """The shares of a data set: over all its answers, and by item where the items are few."""
    train = [judged(item.screener, item.responses.part(Part.TRAIN).texts) for item in items]
    held_out = [judged(item.screener, item.held_out) for item in items]
    found: Row = {"training": shares(train), "held_out": shares(held_out)}
    found["strange"] = {
        kind: shares([judged(item.screener, texts) for item, texts in zip(items, each, strict=True) if texts])
        for kind, each in kinds.items()
    }
    if 1 < len(items) <= 10:
        found["items"] = {item.responses.item.id: shares([one]) for item, one in zip(items, held_out, strict=True)}
    return found


def judged(screener: Screener, texts: Sequence[str]) -> np.ndarray:
    """(N, rules) whether each rule holds for each text that has a word."""
    whole = [found for found in map(words, texts) if found]
    read = [found[:MAX_WORDS] for found in whole]
    places = {word: place for place, word in enumerate(dict.fromkeys(word for found in read for word in found))}
    rows = np.array([places[word] for found in read for word in found], dtype=np.int64)
    lengths = np.array([len(found) for found in whole], dtype=np.int64)
    holds = screener.rules(read, rows, screener.marks(list(places))[rows], lengths)
    return np.column_stack(list(holds.values()))


RULES = [reason.value for reason in Reason if reason not in (Reason.EMPTY, Reason.NOT_TEXT, Reason.LOW_CERTAINTY)]


def shares(tables: Sequence[np.ndarray]) -> Row:
    """Number of answers, share referred, and by reason, over several tables of `judged`."""
    holds = np.concatenate(tables)
    caught = holds.any(axis=1)
    first = np.bincount(holds[caught].argmax(axis=1), minlength=len(RULES)) / len(holds)
    return {
        "answers": len(holds),
        "referred": round(float(caught.mean()), 4),
        "first": {rule: round(float(share), 4) for rule, share in zip(RULES, first, strict=True) if share},
        "alone": {rule: round(float(s), 4) for rule, s in zip(RULES, holds.mean(axis=0), strict=True) if s},
    }


def strange(sets: Mapping[str, Sequence[Item]], name: str) -> dict[str, list[Sequence[str]]]:
    """Kind -> for each item of a data set the answers of that kind."""
    items, rng = sets[name], np.random.default_rng(0)
    english = [text for item in sets["asap-sas"] for text in item.held_out]
    german = [text for item in sets["saf-de"] for text in item.held_out]
    chinese = [text for item in sets["ads-zh"] for text in item.held_out]
    injections = Path(__file__).with_name("injections.txt").read_text("utf-8").splitlines()
    fixed: dict[str, Sequence[str]] = {
        "keyboard, one word": [mash(rng) for _ in range(MADE)],
        "keyboard, 2 to 20 words": [" ".join(mash(rng) for _ in range(rng.integers(2, 21))) for _ in range(MADE)],
        "one character or word again and again": list(again()),
        "other language: German": [] if name == "saf-de" else chosen(german, rng),
        "other language: English": chosen(english, rng) if name in ("saf-de", "ads-zh") else [],
        "other script: Chinese": [] if name == "ads-zh" else chosen(chinese, rng),
        "other script: fourteen sentences in ten languages": SCRIPTS,
        "instructions": injections,
    }
    kinds = {kind: [texts] * len(items) for kind, texts in fixed.items() if texts}
    kinds["ten answers in one"] = [[" ".join(chosen(item.held_out, rng, 10)) for _ in range(20)] for item in items]
    kinds["an answer with instructions"] = [
        [f"{text} {more}" for text, more in zip(chosen(item.held_out, rng, 40), injections, strict=False)]
        for item in items
    ]
    if len(items) > 1:
        others = [[text for other in items if other is not item for text in other.held_out] for item in items]
        kinds["answers to other items of the set"] = [chosen(texts, rng) for texts in others]
    kinds["copies of question or rubric"] = [list(copies(item.responses)) for item in items]
    return {kind: each for kind, each in kinds.items() if any(each)}


def chosen(texts: Sequence[str], rng: np.random.Generator, most: int = BORROWED) -> list[str]:
    """Some of the texts."""
    return [texts[i] for i in rng.permutation(len(texts))[:most]]


def mash(rng: np.random.Generator) -> str:
    """3 to 12 letters from the middle row, from neighbouring keys, or from anywhere."""
    length, row = int(rng.integers(3, 13)), ROWS[rng.integers(len(ROWS))]
    at = int(rng.integers(len(row) - 3))
    pools = (ROWS[1], "".join(ROWS))
    kind = int(rng.integers(3))
    return (row[at : at + 4] * 4)[:length] if kind == 2 else "".join(rng.choice(list(pools[kind]), length))


def again() -> Iterable[str]:
    """One character or word many times."""
    for piece in ("a", "x", "z", "s", "e", "l", "no", "the", "?", ".", "-", "k", "bla", "lol", "ha", "1"):
        yield from (piece * 30, f"{piece} " * 12)


def copies(responses: Responses) -> Iterable[str]:
    """The whole question, and every thirty words of question and rubric in a row."""
    if len(words(responses.item.question)) >= 6:
        yield responses.item.question
    for text in (responses.item.question, responses.item.rubric):
        parts = text.split()
        yield from (" ".join(parts[i : i + 30]) for i in range(0, len(parts) - 29, 30))


if __name__ == "__main__":
    main()
