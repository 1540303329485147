"""The report: complete, self-contained, safe against its own contents, and the same twice."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from pocketscore.data import Dropped, SkippedItem
from pocketscore.errors import InputError
from pocketscore.evaluation import agreement
from pocketscore.report.answers import LONGEST, MOST_WORST, doubtful, worst
from pocketscore.report.build import DataNotes, Speed, render
from pocketscore.report.charts import Curve, IntervalRow, curve_chart, interval_chart, nice_ticks
from pocketscore.report.findings import cautions, compared, headline, near_misses
from pocketscore.results import Calibration, Candidate, ItemResult
from pocketscore.student import PocketSpec, Scorer
from pocketscore.text import Vocabulary
from pocketscore.types import MISSING, Estimate, Floats, Ints, Item, Part, Responses, Scale, SoftLabels

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


def make_result(
    scale: Scale = ORDINAL,
    test: int = 120,
    second: bool = True,
    calibrated: bool = True,
    right: float = 0.78,
    item: str = "glass",
    texts: Sequence[str] = ("the drops come from water vapour in the air", "the glass sweats", "idk"),
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
    )
    human = scores[-test:]
    rates = {"tfidf": 0.66, "original_nn": 0.6, "student": right, "teacher": 0.81}
    predictions = {"majority": np.full(test, 1, dtype=np.int64)}
    predictions |= {name: noisy(human, k, rng, rate) for name, rate in rates.items()}
    soft = soft_around(np.where(rng.random(n) < 0.8, scores, 0), k, rng)
    return ItemResult(
        responses=responses,
        soft=SoftLabels(soft, np.full(n, -1), {"teacher": "minilm", "weights_sha256": "cd" * 32, "folds": "5"}),
        scorer=make_scorer(scale, {"preset": "pocket", "temperature": 1.0, "lambda_on": "soft", "at_least": 5}),
        predictions=predictions,
        probabilities={name: soft_around(predictions[name], k, rng) for name in ("student", "teacher")},
        agreement={name: agreement(human, found, scale) for name, found in predictions.items()},
        human=agreement(human, others[-test:], scale) if second else None,
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


class Balance(HTMLParser):
    """Checks that every element is closed by its own end tag."""

    VOID = frozenset({"meta", "br", "img", "hr", "link", "input"})

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(dict(attrs)) == len(attrs), f"<{tag}> repeats an attribute"
        self.seen.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag, f"</{tag}> stands at the wrong place, line {self.getpos()[0]}"

    def handle_data(self, data: str) -> None:
        self.words.append(data)


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
]


@pytest.mark.parametrize("result", CASES)
def test_the_page_is_well_formed_and_ids_are_unique(result: ItemResult) -> None:
    page = parsed(render([result], NOTES, {"glass": SPEED}))
    ids = [attributes["id"] for _, attributes in page.seen if "id" in attributes]
    assert len(ids) == len(set(ids))
    targets = {(attributes.get("href") or "")[1:] for tag, attributes in page.seen if tag == "a"}
    assert targets <= set(ids)
    assert "nan" not in " ".join(page.words).split()


@pytest.mark.parametrize("result", CASES)
def test_every_number_of_the_agreement_table_is_there(result: ItemResult) -> None:
    text = re.sub(r"\s+", " ", " ".join(parsed(render([result], NOTES, None)).words))
    for line in compared(result):
        assert line.name in text
        for found in line.agreement.metrics.values():
            assert f"{found.value:.3f}" in text
            assert f"{found.low + 0:.3f} to {found.high + 0:.3f}".replace("-0.000", "0.000") in text


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
    first, second = make_result(), make_result()
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
    page = render([make_result(test=300, texts=("long words " * 200,))], NOTES, {"glass": SPEED})
    assert len(page.encode()) < 300_000
    assert "<nav" not in page


def test_thirty_items_have_an_overview_with_links() -> None:
    results = [make_result(item=f"item {i}", scale=(ORDINAL, NOMINAL)[i % 2]) for i in range(30)]
    page = parsed(render(results, NOTES, None))
    links = [attributes["href"] for tag, attributes in page.seen if tag == "a"]
    assert [f"#item-{i}" for i in range(1, 31)] == [link for link in links if link and link.startswith("#item-")]
    assert sum(tag == "nav" for tag, _ in page.seen) == 1
    assert sum(attributes.get("class") == "item" for _, attributes in page.seen) == 30


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
