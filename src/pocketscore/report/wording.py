"""What things are called in the report: keys of the results in plain words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from markupsafe import Markup

from pocketscore.trust.conventions import Verdict
from pocketscore.trust.triangle import Corner

SECTIONS = {
    "agreement": "Agreement with the human score",
    "points": "Agreement by score point",
    "numbers": "Numbers as RSMTool has them",
    "certainty": "Can its certainty be believed?",
    "deferral": "Which answers people should still read",
    "groups": "For whom",
    "distillation": "What distillation kept and lost",
    "gaming": "Can it be fooled?",
    "size": "Size and quality",
    "training": "Training",
    "answers": "Worst disagreements",
    "data": "Data",
}
"""Anchor and title of an item's sections, in their order."""

RATERS = {"student": "Student", "teacher": "Teacher", "second": "Second rater", "original_nn": "Original NN"}
"""Raters and models in pictures and tables."""

METRICS = {
    "pearson": "Pearson r",
    "qwk_continuous": "QWK",
    "kappa": "Cohen’s κ",
    "exact_agreement": "Exact agreement",
    "adjacent_agreement": "Exact or adjacent",
    "smd": "SMD",
    "mse": "MSE",
    "rmse": "RMSE",
    "r2": "R²",
    "human_mean": "Mean of the human scores",
    "human_sd": "Their standard deviation",
    "machine_mean": "Mean of the scores compared",
    "machine_sd": "Their standard deviation",
}
"""Names of the numbers about scores as numbers; one that is not listed goes by its key."""

PEOPLE = {"first_mean": "human_mean", "first_sd": "human_sd", "second_mean": "machine_mean", "second_sd": "machine_sd"}
"""Numbers of two people -> the numbers of a person and a machine that they stand beside."""

REFERRED = {
    "empty": "There is no answer",
    "not_text": "It is not text",
    "too_long": "Far longer than the answers learnt from",
    "other_script": "Written in another alphabet",
    "unknown_words": "Mostly words that the scorer does not know",
    "gibberish": "Words that look like none",
    "copied": "Copied from the question or rubric",
    "instructions": "Speaks to a machine instead of answering",
    "low_certainty": "The scorer is not certain enough",
}
"""Why an answer goes to people."""

ATTACKS = {
    "keyword_list": "A bare list of keywords",
    "keyword_stuffing": "Keywords added to a weak answer",
    "triggers": "Words found by search, added to a weak answer",
    "copied_question": "The question, copied",
    "copied_rubric": "The rubric, copied",
    "repetition": "A weak answer, repeated",
    "padding": "A weak answer, padded",
    "injection": "Instructions to a machine",
    "added_injection": "A weak answer with an instruction to a machine",
    "gibberish": "Keys hit at random",
    "off_topic": "Good sentences about something else",
    "empty_ish": "“I don’t know” and the like",
    "shuffled_words": "A good answer with its words in random order",
    "negation": "A good answer turned into its opposite",
}
"""What a pupil might try."""

AIMS = {
    "raise": "Tricks on weak answers: each try that gets more points than the answer deserves counts",
    "fool": "No answer at all: each try that gets more than the lowest point counts",
    "unnoticed": "Good answers spoilt, which should lose points: each try that keeps its score counts",
}
"""What counts as a success of an attack."""

CORNERS = {
    Corner.AGREE: "All three agree",
    Corner.LOST: "Lost: only the student is off",
    Corner.GAINED: "Gained: only the teacher is off",
    Corner.RESCORE: "Both against the human",
    Corner.APART: "All three differ",
}
"""How the scores of teacher, student and human lie."""

KEPT, LOST, GAINED, RESCORE = Corner.AGREE, Corner.LOST, Corner.GAINED, Corner.RESCORE
"""The corners that have a sentence."""

REGRESSIONS = {
    "osa": "OSA: are some groups scored less accurately?",
    "osd": "OSD: are some groups scored more leniently?",
    "csd": "CSD: more leniently at the same human score?",
}
"""What the three regressions ask."""


@dataclass(frozen=True)
class Judgement:
    """A verdict as it is printed: the symbol says the same without colour."""

    symbol: str
    words: str


_SYMBOLS = {Verdict.PASS: "✓", Verdict.FAIL: "✗", Verdict.UNDETERMINED: "?", Verdict.NOT_COMPUTED: "–"}


def verdict(found: Verdict) -> Judgement:
    """Symbol and words of a verdict.

    >>> verdict(Verdict.FAIL)
    Judgement(symbol='✗', words='fail')
    """
    return Judgement(_SYMBOLS[found], found.value)


def section_number(anchor: str) -> int:
    """Place of a section, from 1.

    >>> section_number("points")
    2
    """
    return list(SECTIONS).index(anchor) + 1


def named(names: dict[str, str], key: str) -> str:
    """The name of a key, or the key itself in words if nobody has named it.

    >>> named(REFERRED, "empty"), named(REFERRED, "spoken_aloud")
    ('There is no answer', 'Spoken aloud')
    """
    return names.get(key, key.replace("_", " ").capitalize())


def label(words: str) -> Markup:
    """Somebody else's words inside a sentence of ours: escaped, and kept from turning what follows around.

    >>> label("<b>")
    Markup('<bdi>&lt;b&gt;</bdi>')
    """
    return Markup("<bdi>{}</bdi>").format(words)


def listed(parts: Iterable[str], most: int = 12) -> Markup:
    """Parts of a sentence with commas between them; of very many the first ones and how many more.

    >>> listed(["a", "b", "c", "d"], most=3)
    Markup('a, b, c and 1 more')
    """
    every = list(parts)
    shown = Markup(", ").join(every[:most])
    more = len(every) - most
    return shown if more <= 0 else Markup("{} and {} more").format(shown, more)


def counted(number: int, thing: str) -> str:
    """A number and its thing, in the plural where it has to be.

    >>> counted(1, "answer"), counted(2300, "answer")
    ('1 answer', '2,300 answers')
    """
    return f"{number:,} {thing}{'' if number == 1 else 's'}"
