"""The model card of an exported folder: what the scorer is for, what it learned from, how well it agrees, its limits.

The front matter names no licence. What a scorer has learned comes from other people's answers and scores, so its maker
decides; `license: other` would promise terms to read, and there are none.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

from pocketscore.results import compared_with, scores_of, unknown_agreement
from pocketscore.student.scorer import Scorer

_FRONT = """---
library_name: pocketscore
pipeline_tag: text-classification
tags:
- pocketscore
- automatic-scoring
- short-answer-scoring
- knowledge-distillation
- education
---
"""

_LOAD = """## How to load it

```python
import pocketscore

scorer = pocketscore.load("model.safetensors")
print(scorer.score(["An answer as a pupil wrote it."]).labels)
```

`pip install pocketscore` is enough; scoring needs numpy and no network. `model.safetensors` is a `.pocket` file under
another name. Matrices are int8 with one scale a row. In `vocab.json` ids count from 1; 0 stands for every other word.
"""

_LIMITS = """## Limits

- It is no judge. It drafts scores; people decide. Do not use it alone for marks that matter to a pupil.
- It does not understand. It has learned which words and word orders went with which scores for one question. A wrong
  answer in the right words can fool it, and so can a right answer in words that nobody in the training answers used.
- It knows one item. A score for another question means nothing.
- It is no better than the scores it learned from, their mistakes and their bias included. Check it with your own
  pupils.

## Before you share it

- No answer is stored here. The vocabulary holds words that several training answers have in common: look through
  `vocab.json` for names.
- This card names no licence: its maker decides. Add `license:` to the lines at the top.
"""

_METRICS = {
    "qwk": "QWK",
    "accuracy": "Exact agreement",
    "adjacent_agreement": "Exact or adjacent",
    "macro_f1": "Macro-F1",
}
_MAIN = ("qwk", "macro_f1")
"""Metrics that come with their interval."""

_UNDEFINED = "–"


def render(scorer: Scorer, metadata: Mapping[str, str]) -> str:
    """The text of `README.md`, Markdown with front matter in YAML.

    Args:
        scorer: Its card may lack any number, or be empty; what is missing is left out.
        metadata: Of its `.pocket` file.
    """
    sections = (_purpose(scorer, metadata), _LOAD, _training(scorer), _agreement(scorer.card), _LIMITS)
    return _FRONT + "\n" + "\n".join(section for section in sections if section)


def _purpose(scorer: Scorer, metadata: Mapping[str, str]) -> str:
    kind, points = scorer.scale.kind, ", ".join(map(plain, scorer.scale.points))
    question = _at(json.loads(metadata.get("prompt", "null")), "question")
    asked = f"\n> {plain(question)}\n" if isinstance(question, str) and question.strip() else ""
    model = _scored_by(scorer.card)
    unknown = f"\n**{unknown_agreement(plain(model))}**\n" if model else ""
    rule = "The score is the likeliest point."
    if scorer.cuts is not None:
        cuts = ", ".join(f"{cut:g}" for cut in scorer.cuts)
        rule = f"The score goes up by one point at each of these expected scores: {cuts}."
    return f"""# Scorer of the item {plain(scorer.item)}

Drafts scores of written answers to one question, for teachers and researchers who check them.
{asked}
It gives probabilities of the score points {points} ({kind} scale). {rule}
{unknown}"""


def _training(scorer: Scorer) -> str:
    rows = (
        ("Training answers", _at(scorer.card, "responses", "train")),
        ("Validation answers", _at(scorer.card, "responses", "validation")),
        ("Test answers", _at(scorer.card, "responses", "test")),
        ("Further answers, scored by the teacher alone", _at(scorer.card, "student", "transfer_set")),
        ("Weight λ of the teacher", _at(scorer.card, "student", "lambda")),
        ("The teacher's parameters", _at(scorer.card, "teacher", "parameters")),
        ("The scorer's parameters", scorer.parameters),
        ("Words of the vocabulary", len(scorer.vocabulary)),
    )
    table = (f"| {name} | {number:,} |" for name, number in rows if isinstance(number, int | float))
    return "\n".join(["## Training", "", "| | |", "|---|---:|", *table, ""])


def _agreement(card: Mapping[str, object]) -> str:
    """A table of everything compared on the test part, '' when the card has no such numbers."""
    rows = list(_compared(card))
    metrics = [name for name in _METRICS if any(isinstance(_at(found, "metrics", name), Mapping) for _, found in rows)]
    if not metrics:
        return ""
    model = _scored_by(card)
    lines = [
        f"## Agreement with {scores_of(plain(model))}{', not of people' if model else ''}",
        "",
        "On answers kept out of training; in brackets 95 % intervals.",
        "",
        _row(["", "Answers", *(_METRICS[name] for name in metrics)]),
        "|---" * (len(metrics) + 2) + "|",
    ]
    for name, found in rows:
        lines.append(_row([name, _number(_at(found, "n"), 0), *(_estimate(found, metric) for metric in metrics)]))
    return "\n".join([*lines, ""])


def _compared(card: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    """Name and numbers of each method and of the two raters, as far as the card has them."""
    for key, name in compared_with(_scored_by(card)).items():
        if found := _at(card, "test", key):
            yield name, found
    if found := _at(card, "human_human"):
        yield "Two human raters", found


def _scored_by(card: Mapping[str, object]) -> str:
    """The language model whose scores stand in for people's, '' if people scored."""
    return str(_at(card, "evidence", "scored_by") or "")


def _estimate(found: object, metric: str) -> str:
    value, low, high = (_number(_at(found, "metrics", metric, key), 3) for key in ("value", "low", "high"))
    return f"{value} ({low} to {high})" if metric in _MAIN and _UNDEFINED not in (value, low, high) else value


def _number(value: object, decimals: int) -> str:
    return f"{value:,.{decimals}f}" if isinstance(value, int | float) else _UNDEFINED


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _at(value: object, *keys: str) -> object:
    """What stands under the keys, None where there is nothing: a card may hold anything."""
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def plain(text: str) -> str:
    r"""A text of others on one line, without a meaning in Markdown or HTML.

    >>> print(plain("a_b | <i>"))
    a\_b \| \<i\>
    """
    return re.sub(r"([\\`*_{}\[\]<>#|!&~])", r"\\\1", " ".join(text.split()))
