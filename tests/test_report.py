"""The report: complete, self-contained, safe against its own contents, and the same twice."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from functools import lru_cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Literal

import axe_playwright_python
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import Browser

from pocketscore.data import Dropped, SkippedItem
from pocketscore.errors import InputError
from pocketscore.evaluation import agreement
from pocketscore.label_audit import LabelAudit
from pocketscore.report.answers import LONGEST, MOST_WORST, doubtful, worst
from pocketscore.report.build import DataNotes, Speed, render
from pocketscore.report.charts import Curve, IntervalRow, curve_chart, interval_chart
from pocketscore.report.findings import cautions, compared, headline, near_misses
from pocketscore.report.frontier_chart import Sized, frontier_chart
from pocketscore.report.item import ItemView
from pocketscore.report.numerals import BLANK, UNDEFINED, share
from pocketscore.report.summary import glance, summary
from pocketscore.report.svg import WIDTH, nice_ticks
from pocketscore.report.wording import AIMS, CORNERS, REFERRED, SECTIONS
from pocketscore.report.wording import ATTACKS as ATTACK_NAMES
from pocketscore.results import Calibration, Candidate, ItemResult
from pocketscore.student import PocketSpec, Scorer
from pocketscore.text import Vocabulary
from pocketscore.trust.attacks import ATTACKS, Aim
from pocketscore.trust.conventions import Verdict
from pocketscore.trust.deferral import Judged, Target, promise
from pocketscore.trust.distributions import clopper_pearson
from pocketscore.trust.gaming import AttackResult, GamingReport, NotTried
from pocketscore.trust.triangle import Corner
from pocketscore.trust.validity import validity
from pocketscore.types import (
    MISSING,
    Estimate,
    Floats,
    Ints,
    Item,
    Part,
    Reason,
    Responses,
    Scale,
    Scores,
    SoftLabels,
    Status,
)

ORDINAL = Scale.of(["0", "1", "2", "3"])
NOMINAL = Scale.of(["correct", "incorrect", "off topic"])
NOTES = DataNotes(
    file="answers.csv",
    sha256="ab" * 32,
    dropped=(Dropped(7, "r7", "glass", "no score"), Dropped(9, "r9", "", "no item")),
    skipped=(SkippedItem("tiny", "12 usable responses, 30 are needed"),),
    straddling=3,
    command="pocketscore distill answers.csv -o out",
    version="0.1.0",
    seed=7,
)
SPEED = Speed(12345.6, 38.2, 2)
HOSTILE = (
    "<script>alert('x')</script>",
    '"><img src=x onerror=alert(1)>',
    "'; DROP TABLE pupils; -- & &amp; {{ 7 * 7 }} {% raw %}",
    "الماء يتبخر \u202e txet sdrawkcab",
    "👩🏽‍🔬 it is ice 🧊 </td></table></section>",
    "half \ud800 a character, a bell \x07 and a null \x00",
)


def make_scorer(scale: Scale, card: dict[str, object] | None = None) -> Scorer:
    spec = PocketSpec(embedding=4, widths=(1, 2), filters=3, hidden=4, buckets=64)
    vocabulary = Vocabulary(("the", "water", "air", "cold"))
    rng = np.random.default_rng(1)
    shapes = spec.shapes(len(vocabulary), len(scale))
    weights = {name: rng.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}
    return Scorer("glass", spec, vocabulary, weights, scale, card=card or {})


def noisy(truth: Ints, k: int, rng: np.random.Generator, right: float) -> Ints:
    near = np.clip(truth + rng.choice([-1, 1, 2], size=len(truth), p=[0.45, 0.45, 0.1]), 0, k - 1)
    return np.where(rng.random(len(truth)) < right, truth, near).astype(np.int64)


def soft_around(found: Ints, k: int, rng: np.random.Generator) -> Floats:
    sharp = np.eye(k)[found] * rng.uniform(1.2, 8, size=(len(found), 1)) + rng.random((len(found), k))
    return np.asarray(sharp / sharp.sum(axis=1, keepdims=True))


def make_curve(checks: int, start: float, end: float, rng: np.random.Generator) -> Floats:
    x = np.linspace(0, 1, checks)
    loss = end + (start - end) * np.exp(-5 * x) + 0.12 * x**2 + rng.normal(0, 0.01, checks)
    return np.column_stack([150 * np.arange(1, checks + 1), loss * 0.9, loss])


def groups_of(n: int, rng: np.random.Generator) -> dict[str, tuple[str, ...]]:
    """Two columns: one complete, one with unknown labels, a small group and a group of one member in the test part."""
    gender = tuple(rng.choice(["f", "m"], n).tolist())
    language = rng.choice(["german", "turkish", "polish", ""], n, p=[0.6, 0.2, 0.15, 0.05]).tolist()
    language[-1] = "sorbian"
    return {"group_gender": gender, "group_home_language": tuple(language)}


@lru_cache
def make_result(
    scale: Scale = ORDINAL,
    test: int = 120,
    second: bool = True,
    calibrated: bool = True,
    right: float = 0.78,
    item: str = "glass",
    texts: tuple[str, ...] = ("the drops come from water vapour in the air", "the glass sweats", "idk"),
    groups: bool = False,
    strange: int = 0,
) -> ItemResult:
    rng, k, n = np.random.default_rng(3), len(scale), 5 * test
    parts = (Part.TRAIN,) * (n - test - test // 2) + (Part.VALIDATION,) * (test // 2) + (Part.TEST,) * test
    scores = rng.integers(0, k, n).astype(np.int64)
    others = noisy(scores, k, rng, 0.88) if second else np.full(n, MISSING)
    responses = Responses(
        Item(item, scale, "Where do the drops come from?", "One point for each idea.", ("From the air.",)),
        ids=tuple(f"r-{i}" for i in range(n)),
        texts=tuple(texts[i % len(texts)] for i in range(n)),
        scores=scores,
        second=others,
        parts=parts,
        groups=groups_of(n, np.random.default_rng(5)) if groups else {},
    )
    human = scores[-test:]
    rates = {"tfidf": 0.66, "original_nn": 0.6, "student": right, "teacher": 0.81}
    predictions = {"majority": np.full(test, 1, dtype=np.int64)}
    predictions |= {name: noisy(human, k, rng, rate) for name, rate in rates.items()}
    soft = soft_around(np.where(rng.random(n) < 0.8, scores, 0), k, rng)
    probabilities = {name: soft_around(predictions[name], k, rng) for name in ("student", "teacher")}
    refer = (Reason.GIBBERISH,) * strange + (None,) * (test - strange)
    said = Scores(scale, probabilities["student"], (Status.OK,) * test, refer=refer)
    scorer = make_scorer(scale, {"preset": "pocket", "temperature": 1.0, "lambda_on": "soft", "at_least": 5})
    return ItemResult(
        responses=responses,
        soft=SoftLabels(soft, np.full(n, -1), {"teacher": "minilm", "weights_sha256": "cd" * 32, "folds": "5"}),
        scorer=scorer,
        predictions=predictions,
        probabilities=probabilities,
        agreement={name: agreement(human, found, scale) for name, found in predictions.items()},
        human=agreement(human, others[-test:], scale) if second else None,
        validity=validity(responses.part(Part.TEST), said, predictions["teacher"], scorer.vocabulary),
        curves={"original_nn": make_curve(12, 1.3, 0.82, rng), "student": make_curve(20, 1.35, 0.61, rng)},
        candidates=(Candidate(1.0, 0.634), Candidate(4.0, 0.612)),
        weight=4.0,
        calibration=Calibration((0.7, 0.3), 0.71, 0.66, 0.09, 0.03) if calibrated else None,
        teacher_parameters=22_713_216 if calibrated else None,
        transfer_size=4800,
        audit=None,
        file="glass.pocket",
        file_bytes=63_412,
    )


def with_promise(result: ItemResult, wrong_at_most: float = 0.3, held_out: int = 300) -> ItemResult:
    """The result with a promise from answers of a scorer that is right as often as it says."""
    rng = np.random.default_rng(8)
    guide, held = (_judged(n, rng) for n in (200, held_out))
    found = promise(Target(wrong_at_most), guide, held)
    test, p = result.responses.part(Part.TEST), result.probabilities["student"]
    judged = Judged.of(Scores(test.item.scale, p, (Status.OK,) * len(p)), test.scores)
    done = None if found.threshold is None else judged.at(found.threshold)
    return replace(result, promise=found, deferred=done)


def _judged(n: int, rng: np.random.Generator) -> Judged:
    confidence = rng.uniform(0.4, 1, n)
    return Judged(confidence, rng.random(n) > confidence)


def attacked(successes: int = 12, tried: int = 40) -> GamingReport:
    """Every attack of the suite but one, the first the most successful."""
    found = []
    for i, attack in enumerate(ATTACKS[:-1]):
        got = max(0, successes - 2 * i) if attack.aim is not Aim.UNNOTICED else tried - 3
        rate = Estimate(got / tried, *clopper_pearson(got, tried, 0.95))
        found.append(
            AttackResult(attack.name, attack.description, attack.knows, attack.aim, tried, got, i, rate, 0.2, "a note")
        )
    return GamingReport("glass", 4, 57, 31, tuple(found), (NotTried(ATTACKS[-1].name, "not in English"),), 0)


def full(test: int = 120, texts: tuple[str, ...] = ("water from the air", "the glass sweats", "idk")) -> ItemResult:
    """A result with everything that there can be."""
    result = make_result(test=test, texts=texts, groups=True, strange=5)
    return replace(with_promise(result), gaming=attacked())


@lru_cache
def all_equal() -> ItemResult:
    """People gave every test answer the same score."""
    result = make_result(test=60, groups=True)
    scores = np.where(np.array(result.responses.parts) == Part.TEST, 1, result.responses.scores)
    responses = replace(result.responses, scores=scores.astype(np.int64))
    test, given = responses.part(Part.TEST), result.predictions["student"]
    said = Scores(test.item.scale, result.probabilities["student"], (Status.OK,) * len(given))
    return replace(
        result,
        responses=responses,
        agreement={name: agreement(test.scores, found, ORDINAL) for name, found in result.predictions.items()},
        human=agreement(test.scores, test.second, ORDINAL),
        validity=validity(test, said, result.predictions["teacher"], result.scorer.vocabulary),
    )


class Balance(HTMLParser):
    """Checks that every element is closed by its own end tag."""

    VOID = frozenset({"meta", "br", "img", "hr", "link", "input"})

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.tables: list[tuple[str, list[list[str]]]] = []  # class and rows of every table

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(dict(attrs)) == len(attrs), f"<{tag}> repeats an attribute"
        self.seen.append((tag, dict(attrs)))
        if tag == "table":
            self.tables.append((dict(attrs).get("class") or "", []))
        elif tag == "tr":
            self.tables[-1][1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][1][-1].append("")
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag, f"</{tag}> stands at the wrong place, line {self.getpos()[0]}"

    def handle_data(self, data: str) -> None:
        self.words.append(data)
        if "td" in self.open or "th" in self.open:
            cells = self.tables[-1][1][-1]
            cells[-1] = " ".join(f"{cells[-1]} {data}".split())


def parsed(page: str) -> Balance:
    found = Balance()
    found.feed(page)
    found.close()
    assert found.open == []
    return found


def without_measured(page: str) -> str:
    """The page without the elements that hold measured numbers (cells of a table, never nested)."""
    return re.sub(r"<(\w+) data-measured[^>]*>.*?</\1>", "", page, flags=re.DOTALL)


CASES = [
    pytest.param(make_result(), id="ordinal with second rater"),
    pytest.param(make_result(second=False, calibrated=False), id="ordinal, soft labels from a file"),
    pytest.param(make_result(scale=NOMINAL), id="nominal with second rater"),
    pytest.param(make_result(scale=NOMINAL, second=False, calibrated=False, test=20), id="nominal, little data"),
    pytest.param(make_result(scale=NOMINAL, groups=True), id="nominal with groups"),
    pytest.param(full(), id="everything"),
    pytest.param(with_promise(make_result(), held_out=20), id="nothing can be promised"),
    pytest.param(make_result(test=12, groups=True, second=False), id="groups of a few members"),
    pytest.param(all_equal(), id="all human scores equal"),
    pytest.param(make_result(scale=Scale.of([str(i) for i in range(21)])), id="many score points"),
    pytest.param(make_result(scale=Scale.of(["0", "1"])), id="two score points"),
]


@pytest.mark.parametrize("result", CASES)
def test_the_page_is_well_formed_and_ids_are_unique(result: ItemResult) -> None:
    page = parsed(render([result], NOTES, {"glass": SPEED}))
    ids = [attributes["id"] for _, attributes in page.seen if "id" in attributes]
    assert len(ids) == len(set(ids))
    targets = {(attributes.get("href") or "")[1:] for tag, attributes in page.seen if tag == "a"}
    assert targets <= set(ids)
    assert not re.search(r"\bnan\b|\binf\b|>None<", render([result], NOTES, None), flags=re.IGNORECASE)


@pytest.mark.parametrize("result", CASES)
def test_every_number_of_the_agreement_table_is_there(result: ItemResult) -> None:
    ((_, *rows),) = rows_of(render([result], NOTES, None), "agreement")
    for row, line in zip(rows, compared(result), strict=True):
        assert row[0].removesuffix(" (this scorer)") == line.name
        assert row[1:] == [f"{line.agreement.n}", *map(cell, line.agreement.metrics.values())]


@pytest.mark.parametrize("result", CASES)
def test_nothing_is_fetched_and_nothing_runs(result: ItemResult) -> None:
    page = render([result], NOTES, {"glass": SPEED})
    tags = parsed(page).seen
    assert not re.search(r"https?:|//\w|url\(|@import|javascript:", page)
    assert not {"script", "link", "iframe", "object", "embed", "base", "form"} & {tag for tag, _ in tags}
    assert not [name for _, attributes in tags for name in attributes if name.startswith("on") or name == "src"]
    policy = next(a["content"] for _, a in tags if a.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'; img-src data:")


def test_hostile_text_stays_text() -> None:
    result = make_result(texts=HOSTILE, right=0.5, item="<i>&\"'")
    about = replace(result.responses.item, question=HOSTILE[0], rubric=HOSTILE[1], references=HOSTILE)
    result = replace(result, responses=replace(result.responses, item=about), file="<b>.pocket")
    notes = replace(NOTES, file=HOSTILE[1], command=HOSTILE[0], dropped=(Dropped(2, "", "", HOSTILE[0]),))
    for results in ([result], [result, result]):
        page = render(results, notes, None)
        found = parsed(page)
        assert not {"script", "img", "i", "b"} & {tag for tag, _ in found.seen}
        assert not set("\x00\x07\ud800") & set(page)
        assert html.escape(HOSTILE[0], quote=False) in page.replace("&#39;", "'")
        assert "{{ 7 * 7 }}" in " ".join(found.words)


def test_two_runs_differ_in_nothing_but_measured_time() -> None:
    first, second = make_result(), make_result.__wrapped__()
    pages = [
        render([first], NOTES, {"glass": SPEED}),
        render([second], NOTES, {"glass": Speed(99.9, None, 1)}),
        render([second], NOTES, None),
    ]
    assert len(set(pages)) == 3
    assert len({without_measured(page) for page in pages}) == 1
    assert "12,346" in pages[0]
    assert "12,346" not in without_measured(pages[0])


def test_one_item_with_300_test_answers_stays_small() -> None:
    page = render([full(test=300, texts=("long words " * 200,))], NOTES, {"glass": SPEED})
    assert len(page.encode()) < 150_000
    assert "<nav" not in page


def renamed(result: ItemResult, item: str) -> ItemResult:
    about = replace(result.responses.item, id=item)
    return replace(result, responses=replace(result.responses, item=about))


def test_thirty_items_have_an_overview_with_links() -> None:
    kinds = make_result(), make_result(scale=NOMINAL)
    results = [renamed(kinds[i % 2], f"item {i}") for i in range(30)]
    page = parsed(render(results, NOTES, None))
    links = [attributes["href"] for tag, attributes in page.seen if tag == "a"]
    assert [f"#item-{i}" for i in range(1, 31)] == [link for link in links if link and link.startswith("#item-")]
    assert sum(tag == "nav" for tag, _ in page.seen) == 1
    assert sum(attributes.get("class") == "item" for _, attributes in page.seen) == 30


def stood_in(result: ItemResult) -> ItemResult:
    """The same where nobody scored: a language model's scores are what everything is compared with."""
    test = result.responses.part(Part.TEST)
    own = {**result.agreement, "teacher": agreement(test.scores, test.scores, test.item.scale)}
    return replace(
        result,
        responses=replace(result.responses, scored_by="lm:<tiny>", second=np.full(len(result.responses), MISSING)),
        agreement=own, human=None, calibration=None, scorer=replace(result.scorer, cuts=(0.5, 1.5, 2.5)),
        audit=LabelAudit(np.zeros(9, dtype=np.int64), np.zeros(9), np.zeros(9, dtype=np.bool_)),
    )  # fmt: skip


def test_without_human_scores_nothing_is_compared_with_people() -> None:
    result = stood_in(full(test=120))
    for results in ([result], [result, renamed(result, "second")]):
        page = render(results, NOTES, {"glass": SPEED})
        found = re.sub(r"<title>.*?</title>|<style>.*?</style>", "", page, flags=re.DOTALL)
        said = html.unescape(" ".join(text_of(found).split()))
        assert "the scores of lm:<tiny>" in said
        assert "lm:<tiny>" not in page
        for wrong in ("human score", "first rater", "second rater", "came from a file", "Doubtful", "as people’s do"):
            assert wrong not in said
        assert "so that scores spread as the language model’s do" in said
        assert "Loss on the validation part, against the scores of lm:<tiny>" in said
        assert all("Teacher" not in str(cells) for cells in rows_of(page, "agreement"))
        parsed(page)


def test_the_teacher_is_not_compared_with_its_own_scores() -> None:
    both = full(test=120)
    view = ItemView(1, stood_in(both), NOTES, None)
    assert [line.key for line in view.compared] == ["majority", "tfidf", "original_nn", "student"]
    assert "Teacher" not in view.interval_chart
    assert "teacher" not in {model.rater for model in view.sized}
    assert "teacher" in {model.rater for model in ItemView(1, both, NOTES, None).sized}
    assert not any("teacher" in caution for caution in view.cautions)


def test_the_chart_of_agreement_has_room_for_its_words() -> None:
    """Whatever the model is called; a chart is 360 units wide, a character of its axis about 6.4."""
    view = ItemView(1, stood_in(full(test=120)), NOTES, None)
    (label,) = re.findall(r'<text class="axis middle"[^>]*>([^<]*)</text>', view.interval_chart)
    assert "language model" in label
    assert 6.4 * len(label) < WIDTH


def test_a_report_of_nothing_is_refused() -> None:
    with pytest.raises(InputError, match="at least one item"):
        render([], NOTES, None)


def test_undefined_numbers_are_dashes() -> None:
    result = make_result(test=40)
    same = np.zeros(40, dtype=np.int64)
    broken = {name: agreement(same, same, ORDINAL) for name in result.agreement}
    page = render([replace(result, agreement=broken, human=None, curves={})], NOTES, {"glass": Speed(0.0, 0.0)})
    assert 'title="undefined for these data">–</span>' in page
    assert "No training curves were recorded." in page
    parsed(page)


def test_notes_on_the_data_are_complete() -> None:
    text = " ".join(" ".join(parsed(render([make_result()], NOTES, None)).words).split())
    for part in (
        "1 row: no score",
        "1 row: no item",
        "tiny",
        "12 usable responses",
        "3 validation or test answers",
    ):
        assert part in text
    for part in (
        NOTES.sha256,
        NOTES.command,
        NOTES.file,
        "PocketScore 0.1.0",
        "cd" * 32,
        "Seed 7",
        "4,800 answers without a human score",
    ):
        assert part in text
    assert "This report contains pupils’ answers; the .pocket file does not." in text


def counted(hits: int, n: int) -> tuple[Ints, Ints]:
    human = np.arange(n, dtype=np.int64) % 4
    other = human.copy()
    other[hits:] = (other[hits:] + 1) % 4
    return human, other


def with_hits(student: int, teacher: int, people: tuple[int, int] | None, n: int = 100) -> ItemResult:
    result = make_result(test=n)
    found = {name: agreement(*counted(hits, n), ORDINAL) for name, hits in (("student", student), ("teacher", teacher))}
    human = None if people is None else agreement(*counted(*people), ORDINAL)
    return replace(result, agreement={**result.agreement, **found}, human=human)


def test_the_headline_counts_in_plain_words() -> None:
    start = "The scorer agrees with the human score on 78 of 100 test answers; the teacher on 81"
    assert headline(with_hits(78, 81, (89, 100))) == f"{start}; two human raters on 89."
    assert headline(with_hits(78, 81, None)) == f"{start}."
    assert (
        headline(with_hits(78, 81, (45, 50)))
        == f"{start}. Two human raters agree on 45 of 50 answers that both scored."
    )
    assert near_misses(with_hits(78, 81, None)) == "Of the other 22, 16 are one score point off."
    assert near_misses(with_hits(100, 81, None)) == ""


def test_cautions_come_when_they_should() -> None:
    assert cautions(with_hits(120, 119, None, n=120)) == ()
    thin = cautions(make_result(test=60))
    assert any(caution.startswith("Only 60 test answers") for caution in thin)
    weak = " ".join(cautions(make_result(test=400, right=0.2)))
    assert "below TF-IDF with logistic regression" in weak
    assert "whole 95 % interval" in weak
    assert any("came from a file" in caution for caution in cautions(make_result(calibrated=False)))
    few = replace(make_result(), responses=make_result(test=121).responses)
    assert any(caution.startswith("1 of 121 test answers got no score") for caution in cautions(few))


def test_answers_shown_are_the_farthest_apart() -> None:
    result = make_result(test=300, right=0.5, texts=("word " * 200,))
    found = worst(result)
    apart = [abs(int(row.student) - int(row.human)) for row in found]
    assert len(found) == MOST_WORST
    assert apart == sorted(apart, reverse=True)
    assert apart[0] == max(np.abs(result.predictions["student"] - result.responses.part(Part.TEST).scores))
    assert all(len(row.text) <= LONGEST and row.text.endswith("…") for row in found)
    assert all(row.student == row.teacher != row.human for row in doubtful(result))


def test_answers_without_a_machine_score_are_not_shown() -> None:
    result = make_result(test=40)
    nothing = np.full(40, MISSING)
    unscored = replace(
        result,
        predictions={**result.predictions, "student": nothing},
        probabilities={**result.probabilities, "student": np.full((40, 4), np.nan)},
    )
    assert worst(unscored) == doubtful(unscored) == ()


def test_charts_name_their_numbers_and_mark_the_minimum() -> None:
    rows = [
        IntervalRow("A & B", Estimate(0.5, -0.31, 0.6)),
        IntervalRow("C", Estimate(np.nan, np.nan, np.nan)),
    ]
    chart = interval_chart(rows, "QWK")
    assert "A &amp; B 0.500 (95 % interval -0.310 to 0.600); C undefined." in chart
    assert chart.count("<circle") == 1
    curve = Curve("Student", np.array([100.0, 200.0, 1300.0]), np.array([0.9, 0.5, 0.7]))
    assert "Student: 0.500 at step 200 of 1,300" in curve_chart([curve], "Loss")
    parsed(curve_chart([Curve("flat", np.array([10.0]), np.array([0.4]))], "Loss"))


@pytest.mark.parametrize(
    ("low", "high"), [(0, 1), (0.5, 0.5), (0, 0), (1e-4, 3e-4), (0.61, 1.39), (0, 40), (2, 123456)]
)
def test_ticks_cover_the_range(low: float, high: float) -> None:
    ticks = nice_ticks(low, high, 5)
    assert ticks[0] <= low
    assert ticks[-1] >= high
    assert 2 <= len(ticks) <= 8


def test_the_report_says_how_scores_are_decided() -> None:
    result = make_result()
    likeliest = render([result], NOTES, None)
    assert "<dd>the likeliest score point</dd>" in likeliest
    cuts = tuple(0.4 + i for i in range(len(result.responses.item.scale) - 1))
    decided = render([replace(result, scorer=replace(result.scorer, cuts=cuts))], NOTES, None)
    assert f"cut at {', '.join(f'{cut:.1f}' for cut in cuts)}, so that" in decided


# --- Every section prints what was found ------------------------------------------------------------------------------


def rows_of(page: str, kind: str) -> list[list[list[str]]]:
    """Rows of every table whose style classes begin with these."""
    return [rows for classes, rows in parsed(page).tables if classes.startswith(kind)]


def text_of(page: str) -> str:
    return " ".join(" ".join(parsed(page).words).split())


def number(value: float, decimals: int = 3) -> str:
    return "–" if np.isnan(value) else f"{round(value, decimals) + 0:.{decimals}f}"


def cell(found: Estimate) -> str:
    if np.isnan(found.value):
        return "–"
    ends = "–" if np.isnan(found.low) else f"{number(found.low)} to {number(found.high)}"
    return f"{number(found.value)} {ends}"


def percents(found: Estimate) -> str:
    return f"{share(found.value)} {share(found.low)} to {share(found.high)}".replace(BLANK, " ")


SYMBOL = {Verdict.PASS: "✓", Verdict.FAIL: "✗", Verdict.UNDETERMINED: "?", Verdict.NOT_COMPUTED: "–"}


@pytest.mark.parametrize("result", CASES)
def test_every_section_stands_in_its_place(result: ItemResult) -> None:
    page = render([result], NOTES, None)
    places = [page.index(f'<h3 id="s1-{anchor}">') for anchor in SECTIONS]
    assert places == sorted(places)
    for place, title in enumerate(SECTIONS.values(), start=1):
        assert f">{place}. {title}</h3>" in page


@pytest.mark.parametrize("result", CASES)
def test_conventions_have_their_verdicts_in_words(result: ItemResult) -> None:
    tables = rows_of(render([result], NOTES, None), "conventions")
    flags = result.validity.flags
    assert len(tables) == bool(flags)
    for row, flag in zip(tables[0][1:] if tables else [], flags, strict=True):
        verdict = f"{SYMBOL[flag.verdict]} {flag.verdict.value} {flag.reason}".strip()
        assert row == [flag.convention.words, flag.convention.source, cell(flag.estimate), verdict]


@pytest.mark.parametrize("result", CASES)
def test_agreement_by_point_is_complete(result: ItemResult) -> None:
    ((_, *rows),) = rows_of(render([result], NOTES, None), "by-point")
    ordinal = result.responses.item.scale.kind == "ordinal"
    found = iter(rows)
    for place, point in enumerate(result.responses.item.scale.points):
        for i, (rater, points) in enumerate(result.validity.points.items()):
            one = points[place]
            name = {"student": "Student", "teacher": "Teacher", "second": "Second rater"}[rater]
            cells = [name, f"{one.n:,}", cell(one.exact)] + ([cell(one.bias)] if ordinal else [])
            assert next(found) == ([point] if i == 0 else []) + cells
    assert next(found, None) is None


def test_numbers_as_rsmtool_has_them() -> None:
    result = full()
    numbers = result.validity.numbers
    assert numbers is not None
    main, degraded, true, calibration = rows_of(render([result], NOTES, None), "numbers")
    raters = (numbers.reported, numbers.expected, numbers.people)
    assert main[1] == ["Answers", *(f"{one.n:,}" for one in raters)]
    for row, (name, found) in zip(main[2:], numbers.reported.metrics.items(), strict=True):
        people = {"human_mean": "first_mean", "human_sd": "first_sd", "machine_mean": "second_mean"}
        people["machine_sd"] = "second_sd"
        theirs = numbers.people.metrics.get(people.get(name, name))
        assert row[1:] == [
            cell(found), cell(numbers.expected.metrics[name]), "not computed" if theirs is None else cell(theirs)
        ]  # fmt: skip
    lost = [*numbers.degradation.metrics.values(), numbers.degradation.disattenuated]
    assert [row[1] for row in degraded[1:]] == [cell(found) for found in lost]
    both = (numbers.true_score, numbers.expected_true_score)
    assert true[1][1:] == [cell(one.prmse) for one in both]
    for row, name in zip(true[2:5], ("mse_true", "true_variance", "rater_error_variance"), strict=True):
        assert row[1:] == [number(getattr(one, name)) for one in both]
    reliability = result.validity.reliability
    assert [row[1] for row in calibration[1:]] == [
        cell(found) for found in (reliability.gap, reliability.ece, reliability.brier)
    ]


def test_the_reliability_diagram_has_a_row_for_every_bin_with_answers() -> None:
    result = full()
    ((_, *rows),) = rows_of(render([result], NOTES, None), "bins")
    filled = [one for one in result.validity.reliability.bins if one.n]
    assert rows == [
        [f"{one.low:.2f} to {one.high:.2f}", f"{one.n}", number(one.confidence), cell(one.right)] for one in filled
    ]


def test_the_deferral_curve_and_the_promise_are_told_in_full() -> None:
    result = full()
    page = render([result], NOTES, None)
    ((_, *rows),) = rows_of(page, "curve")
    for row, at in zip(rows, result.validity.curve, strict=True):
        seen = at.outcome
        alone, wrong = percents(seen.share_alone), percents(seen.share_wrong)
        assert row == [number(at.threshold), f"{seen.alone} of {seen.n}", alone, f"{seen.wrong}", wrong]
    promise, done = result.promise, result.deferred
    assert promise is not None
    assert promise.threshold is not None
    assert done is not None
    text, held = text_of(page), promise.held_out
    for part in (
        "at most 30 % differ from the human score; this has to hold with 95 % confidence",
        f"confidence is at least {promise.threshold:.3f}. On 300 held-out answers",
        f"{held.alone} scores stood alone and {held.wrong} of them were wrong",
        f"at most {share(promise.bound)} of such scores are".replace(BLANK, " "),
        f"of {done.n} answers {done.alone} scores stand alone",
        f"{done.wrong} of these {'is' if done.wrong == 1 else 'are'} wrong",
    ):
        assert part in text
    assert rows_of(page, "referred") == [[["Reason", "Answers"], [REFERRED["gibberish"], "5"], ["Altogether", "5"]]]


def test_without_a_promise_the_report_says_so_and_why() -> None:
    asked = with_promise(make_result(), 0.05, 40)
    text = text_of(render([asked], NOTES, None))
    assert asked.promise is not None
    assert asked.promise.threshold is None
    assert f"Nothing is promised: {asked.promise.reason}. So every score goes to people." in text
    plain = text_of(render([make_result()], NOTES, None))
    assert "so nothing is promised and no answer is referred for being uncertain" in plain
    assert "None of the 120 test answers goes to people." in plain


def test_a_second_raters_mark_is_named() -> None:
    result = full()
    assert result.promise is not None
    target = Target(0.08, 0.975, "second rater")
    text = text_of(render([replace(result, promise=replace(result.promise, target=target))], NOTES, None))
    assert "at most 8 % differ from the human score, which is how often a second rater differs at the least" in text
    assert "this has to hold with 97.5 % confidence" in text


def test_groups_are_told_one_by_one() -> None:
    result = full()
    page = render([result], NOTES, None)
    tables = rows_of(page, "groups")
    assert len(tables) == 2 * len(result.validity.groups)
    for column, one, changed in zip(result.validity.groups, tables[::2], tables[1::2], strict=True):
        for group, row, beside in zip(column.groups, one[1:], changed[2:], strict=True):
            numbers = (group.exact_agreement, group.qwk, group.dsm)
            verdict = f"{SYMBOL[group.verdict]} {group.verdict.value} {group.reasons.get('verdict', '')}".strip()
            seen = f"{number(group.detectable, 2)} SD"
            gap, p = cell(group.confidence_gap), number(group.p_corrected)
            assert row == [group.label, f"{group.n}", *map(cell, numbers), p, gap, seen, verdict]
            raters = [group.raters[name] for name in ("second", "teacher", "student")]
            assert beside == [
                group.label,
                *(cell(rater.dsm) for rater in raters), cell(group.distillation.dsm),
                *(cell(rater.exact_agreement) for rater in raters), cell(group.distillation.exact_agreement),
            ]  # fmt: skip
    for column, rows in zip(result.validity.groups, rows_of(page, "regressions"), strict=True):
        for effect, row in zip(column.regressions.effects.values(), rows[1:], strict=True):
            p = "<0.001" if effect.p < 0.0005 else number(effect.p)
            assert row[1:] == [number(effect.r2), number(effect.f, 2), p]
    assert "sorbian : scored responses: 1; at least 10 are needed" in text_of(page)


def test_who_was_not_examined_is_said() -> None:
    assert "Whether the scorer treats groups of pupils alike is not known." in text_of(
        render([make_result()], NOTES, None)
    )
    nominal = text_of(render([make_result(scale=NOMINAL, groups=True)], NOTES, None))
    assert "The data have groups ( gender , home language ), but these labels have no order" in nominal
    few = make_result(test=12, groups=True, second=False)
    text = text_of(render([few], NOTES, None))
    for column in few.validity.groups:
        assert column.not_examined
        for group in column.not_examined:
            assert f"{group.label} : {group.reason}" in text
        if column.reason:
            assert f"To bear in mind: {column.reason}." in text


def test_the_distillation_audit_counts_every_answer() -> None:
    result = full()
    page, audit = render([result], NOTES, None), result.validity.triangle
    assert audit is not None
    ((head, first, *rows),) = rows_of(page, "triangle")
    assert head[2:] == list(CORNERS.values())
    assert first[:2] == ["All", f"{audit.overall.n}"]
    assert first[2:] == [f"{audit.overall.counts[corner]} {percents(audit.overall.share(corner))}" for corner in Corner]
    cells = [row for row in rows if len(row) > 1]
    expected = [
        [row.value, f"{row.n}"] + [f"{row.counts[c]} {share(row.share(c).value)}".replace(BLANK, " ") for c in Corner]
        for row in audit.kinds
    ]
    assert sorted(cells) == sorted(expected)
    candidates = audit.overall.counts[Corner.RESCORE]
    assert f"On {candidates} test answer{'s' * (candidates != 1)} teacher and student agree" in text_of(page)


def test_attacks_are_listed_with_what_came_of_them() -> None:
    result = full()
    assert result.gaming is not None
    page = render([result], NOTES, None)
    ((_, *rows),) = rows_of(page, "attacks")
    assert [row[0] for row in rows if len(row) == 1] == [
        AIMS[aim.value] for aim in (Aim.FOOL, Aim.RAISE, Aim.UNNOTICED)
    ]
    found = {row[0]: row[1:] for row in rows if len(row) > 1}
    assert len(found) == len(result.gaming.results)
    for one in result.gaming.results:
        counts = [f"{one.tried}", f"{one.successes}", percents(one.rate), f"{one.caught}"]
        assert found[f"{ATTACK_NAMES[one.name]} {one.description}; {one.note}"] == [*counts, one.knows]
    assert f"{ATTACK_NAMES['negation']}: not in English" in text_of(page)
    assert "No attack was tried for this report" in text_of(render([make_result()], NOTES, None))
    assert "on a scale without an order" in text_of(render([make_result(scale=NOMINAL)], NOTES, None))


def test_what_could_not_be_computed_is_listed() -> None:
    for result in (make_result(second=False, calibrated=False), make_result(scale=NOMINAL)):
        assert result.validity.missing
        text = text_of(render([result], NOTES, None))
        for sentence in result.validity.missing:
            assert sentence in text


def test_every_key_of_the_results_has_a_name() -> None:
    assert set(REFERRED) == {reason.value for reason in Reason}
    assert set(ATTACK_NAMES) == {attack.name for attack in ATTACKS}
    assert set(AIMS) == {aim.value for aim in Aim}
    assert list(CORNERS) == list(Corner)


def test_the_calibration_part_has_a_column_of_its_own() -> None:
    result = make_result()
    assert result.responses.parts is not None
    parts = (Part.CALIBRATION,) * 50 + result.responses.parts[50:]
    page = render([replace(result, responses=replace(result.responses, parts=parts))], NOTES, None)
    rows = next(rows for _, rows in parsed(page).tables if rows[0][0] == "Score point")
    assert rows[0] == ["Score point", "Train", "Validation", "Calibration", "Test", "All"]
    assert rows[-1][3] == "50"
    assert [len(row) for row in rows] == [6] * len(rows)


# --- In short ---------------------------------------------------------------------------------------------------------


def said(result: ItemResult, question: str) -> str:
    """What the summary answers to the question that starts so, without markup."""
    fact = next(fact for fact in summary(result) if fact.question.startswith(question))
    words = " ".join(html.unescape(re.sub(r"<[^>]*>", "", str(sentence))) for sentence in fact.sentences)
    return words.replace(BLANK, " ")


def test_the_summary_says_how_often_people_agree() -> None:
    found = said(make_result(), "How often")
    ours, people = make_result().agreement["student"].metrics["accuracy"], make_result().human
    assert people is not None
    assert f"the human score on {share(ours.value)} (95 % interval".replace(BLANK, " ") in found
    assert f"same score on {share(people.metrics['accuracy'].value)} (".replace(BLANK, " ") in found
    assert "not known: no test answer has two human scores" in said(
        make_result(second=False, calibrated=False), "How o"
    )


@pytest.mark.parametrize(
    ("shift", "words"),
    [
        (0.4, "So it is more lenient than people."),
        (-0.4, "So it is stricter than people."),
        (0, "A difference of that size may be chance."),
    ],
)
def test_the_summary_says_whether_it_is_lenient(shift: float, words: str) -> None:
    result = make_result()
    numbers = result.validity.numbers
    assert numbers is not None
    metrics = {**numbers.reported.metrics, "smd": Estimate(shift, shift - 0.1, shift + 0.1)}
    moved = replace(numbers, reported=replace(numbers.reported, metrics=metrics))
    found = said(replace(result, validity=replace(result.validity, numbers=moved)), "Is it lenient")
    machine, human = (metrics[name].value for name in ("machine_mean", "human_mean"))
    assert found == f"On average it gives {machine:.2f} points where people give {human:.2f}. {words}"
    assert "cannot be lenient or strict" in said(make_result(scale=NOMINAL), "Is it lenient")


def test_the_summary_of_equal_human_scores_says_what_is_missing() -> None:
    assert "so there is no spread to measure this by" in said(all_equal(), "Is it lenient")
    assert said(all_equal(), "Where").endswith("Not tested at all: 0, 2, 3.")
    groups = said(all_equal(), "For whom")
    assert "Could not be computed: gender (" in groups
    assert "bias was found" not in groups


def test_the_summary_names_the_worst_point_and_those_too_rare_to_tell() -> None:
    result = make_result()
    points = result.validity.points["student"]
    changed = (
        replace(points[0], n=4, exact=Estimate(0.25, 0.01, 0.8)),
        replace(points[1], n=40, exact=Estimate(0.5, 0.34, 0.66)),
        replace(points[2], n=0, exact=Estimate(np.nan, np.nan, np.nan)),
        points[3],
    )
    found = said(replace(result, validity=replace(result.validity, points={"student": changed})), "Where")
    assert "where people gave 1: the same score on 20 of 40 answers, 50 % (95 % interval 34 % to 66 %)." in found
    assert "Too few answers to tell for 0 (right on 1 of 4)." in found
    assert found.endswith("Not tested at all: 2.")


def test_the_summary_says_what_is_promised() -> None:
    result = full()
    done = result.deferred
    assert done is not None
    found = said(result, "What may")
    assert found.startswith("5 of 120 test answers go to people because they are unusual.")
    assert f"it scores {done.alone} alone: " in found
    assert "Promised, with 95 % confidence: at most 30 % of the scores that it gives alone are wrong." in found
    assert f"On the test answers {done.wrong} of these {done.alone} are." in found
    plain = said(make_result(), "What may")
    everything = max((at.outcome for at in make_result().validity.curve), key=lambda outcome: outcome.alone)
    assert plain.startswith("Nothing is promised: no limit for wrong scores was asked for")
    assert f"alone, {share(everything.share_wrong.value)} of the scores would be wrong.".replace(BLANK, " ") in plain
    refused = said(with_promise(make_result(), 0.05, 40), "What may")
    assert "every score goes to people. Asked for was: at most 5 % of the scores given alone are wrong." in refused
    assert "40 held-out answers are too few" in refused


def judged_as(result: ItemResult, *verdicts: Verdict) -> ItemResult:
    """The result with these verdicts on the groups of its second column."""
    first, second = result.validity.groups
    groups = tuple(replace(group, verdict=verdict) for group, verdict in zip(second.groups, verdicts, strict=True))
    biased = replace(groups[1], dsm=Estimate(-0.3, -0.4, -0.2))
    columns = (replace(first, groups=()), replace(second, groups=(groups[0], biased, *groups[2:])))
    return replace(result, validity=replace(result.validity, groups=columns))


def test_the_summary_says_for_whom_it_was_examined() -> None:
    result = full()
    assert [group.label for group in result.validity.groups[1].groups] == ["german", "turkish", "polish"]
    found = said(judged_as(result, Verdict.PASS, Verdict.FAIL, Verdict.UNDETERMINED), "For whom")
    assert "Examined: home language (german, turkish, polish)." in found
    assert "A bias was found for: home language turkish (scored more strictly than the rest)." in found
    assert "There are too few answers to rule one out for: home language (polish)." in found
    assert "Close enough to everyone else by the field’s mark: home language (german)." in found
    assert "Not examined, for want of answers: home language sorbian (1 answer)." in found
    smallest = min(result.validity.groups[1].groups, key=lambda group: group.n)
    assert f"Smallest group examined: home language {smallest.label}. {smallest.power}" in found
    unclear = said(judged_as(result, Verdict.PASS, Verdict.PASS, Verdict.UNDETERMINED), "For whom")
    assert "No bias was found, but there are too few answers to rule one out for: home language (polish)." in unclear
    clear = said(judged_as(result, Verdict.PASS, Verdict.PASS, Verdict.NOT_COMPUTED), "For whom")
    assert "No bias was found." in clear
    assert "Could not be computed: home language (polish)." in clear
    assert "the data name no groups" in said(make_result(), "For whom")
    assert "the labels have no order" in said(make_result(scale=NOMINAL, groups=True), "For whom")


def test_the_summary_names_the_worst_attack() -> None:
    found = said(full(), "How easily")
    assert found.startswith(
        "What fooled it most often: a bare list of keywords. It got points that were not deserved in"
    )
    assert "12 of 40 tries, 30 % (95 % interval 17 % to 47 %)." in found
    assert "its words in random order kept its score in 37 of 40 tries" in found
    proof = said(replace(full(), gaming=attacked(successes=0)), "How easily")
    assert proof.startswith("None of 480 tries of 12 kinds got points that were not deserved.")
    assert said(make_result(), "How easily") == "Nobody has tried for this report."


def test_one_line_for_the_table_of_items() -> None:
    result = full()
    assert result.deferred is not None
    found = glance(result)
    assert found.alone == share(result.deferred.share_alone.value)
    assert found.groups == "0 of 5"
    assert found.attack == f"30{BLANK}%"
    nothing = glance(make_result())
    assert (nothing.alone, nothing.groups, nothing.attack) == ("not asked for", "not examined", "not tried")
    assert glance(with_promise(make_result(), 0.05, 40)).alone == "none"


# --- Pictures ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("result", CASES)
def test_pictures_have_words_and_keep_inside_their_frame(result: ItemResult) -> None:
    page = render([result], NOTES, None)
    charts = re.findall(r"<svg.*?</svg>", page, flags=re.DOTALL)
    assert len(charts) >= 5
    for chart in charts:
        (label,) = re.findall(r'role="img" aria-label="([^"]+)"', chart)
        assert label.endswith(".")
        (height,) = re.findall(r'viewBox="0 0 \d+ ([\d.]+)"', chart)
        for x in re.findall(r' c?x[12]?="([^"]+)"', chart):
            assert 0 <= float(x) <= WIDTH
        for y in re.findall(r' c?y[12]?="([^"]+)"', chart):
            assert 0 <= float(y) <= float(height)


def test_raters_differ_in_shape_not_only_in_colour() -> None:
    page = render([full()], NOTES, None)
    for drawn in ('<circle class="dot student"', '<circle class="dot teacher"', '<polygon class="dot second"'):
        assert drawn in page
    assert '<polygon class="dot original_nn"' in page


@given(
    st.lists(st.tuples(st.integers(1, 10**12), st.floats(-1, 1), st.floats(0, 0.5)), min_size=1, max_size=5),
    st.none() | st.floats(-1, 1),
)
def test_any_sizes_can_be_drawn(models: list[tuple[int, float, float]], people: float | None) -> None:
    sized = [Sized("teacher", "T", n, Estimate(q, q - half, q + half)) for n, q, half in models]
    chart = frontier_chart(sized, "QWK", None if people is None else Estimate(people, people, people))
    assert chart.count("<circle") == len(models) + len(models)  # in the picture and in the legend
    for x in re.findall(r' cx="([^"]+)"', chart.split("<polyline")[0])[len(models) :]:
        assert 0 <= float(x) <= WIDTH


@given(st.floats(0, 1))
def test_a_share_in_words_is_never_further_off_than_half_its_last_digit(value: float) -> None:
    words = share(value).replace(f"{BLANK}%", "")
    assert share(float("nan")) is UNDEFINED
    if words[0] in "<>":
        assert 0 < value < 0.0005 or 0.9995 <= value < 1
    else:
        assert abs(float(words) - 100 * value) <= (0.0501 if value < 0.0995 or value > 0.9895 else 0.5001)
        assert (words == "0") == (value == 0)
        assert (words == "100") == (value == 1)


# --- For everybody ----------------------------------------------------------------------------------------------------

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.mark.parametrize(("scheme", "rules"), [("light", TAGS), ("dark", ["color-contrast"])])
def test_axe_finds_nothing(
    chromium: Browser, tmp_path: Path, scheme: Literal["light", "dark"], rules: list[str]
) -> None:
    """All rules once; the colours of the dark page, which are all that differs there, once more."""
    file = tmp_path / "report.html"
    file.write_text(render([full()], NOTES, {"glass": SPEED}), encoding="utf-8")
    context = chromium.new_context(color_scheme=scheme)
    page = context.new_page()
    page.goto(file.as_uri())
    page.evaluate(AXE)
    found = page.evaluate("(rules) => axe.run({ runOnly: rules, resultTypes: ['violations'] })", rules)
    assert found["passes"]
    assert [(v["id"], [node["html"] for node in v["nodes"]]) for v in found["violations"]] == []
    context.close()


@pytest.mark.parametrize("width", [320, 768, 1280])
def test_it_fits_the_screen(chromium: Browser, tmp_path: Path, width: int) -> None:
    file = tmp_path / "report.html"
    long = make_result(texts=("w" * 500,), groups=True)
    file.write_text(render([full(), renamed(long, "i" * 200)], NOTES, None), encoding="utf-8")
    context = chromium.new_context(viewport={"width": width, "height": 800})
    page = context.new_page()
    page.goto(file.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    context.close()


def test_paper_holds_every_table(chromium: Browser, tmp_path: Path) -> None:
    """A4 with margins of 15 mm is 680 pixels wide; what is folded on the screen is open on paper."""
    file = tmp_path / "report.html"
    file.write_text(render([full()], NOTES, {"glass": SPEED}), encoding="utf-8")
    context = chromium.new_context(viewport={"width": 680, "height": 1000})
    page = context.new_page()
    page.goto(file.as_uri())
    page.emulate_media(media="print")
    assert page.evaluate("document.documentElement.scrollWidth") <= 680
    assert page.evaluate("document.querySelector('table.curve').getBoundingClientRect().height") > 100
    context.close()
