"""From answers to soft labels: who teaches, who is asked first, what is learnt from people, and what lies on disk."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pocketscore.data import split
from pocketscore.engine import Here
from pocketscore.errors import InputError, TeacherError
from pocketscore.llm import cluster
from pocketscore.llm.asking import Asking, Opened, distinct, joined, spread
from pocketscore.llm.first_batch import FirstBatch, first_rows
from pocketscore.llm.labelling import GoOn, Labelled, LabelledItem, label
from pocketscore.llm.labels_file import beside, write_failures, write_labels, write_provenance
from pocketscore.llm.model import Answers, Codes, Failure, FailureKind, Prompt
from pocketscore.llm.parts import parted, scored_rows
from pocketscore.llm.settings import AccessSettings, LanguageSettings, PromptSettings
from pocketscore.llm.to_score import unscored, write_to_score
from pocketscore.progress import Progress, Silent
from pocketscore.soft_labels import read_probabilities
from pocketscore.text import plain
from pocketscore.types import MISSING, Floats, Item, Part, Responses, Scale

POINTS = ("0", "1", "2")
WORDS = ("nothing", "cold glass", "vapour cools and turns liquid")
RUBRIC = "0: nothing. 1: names the glass. 2: names the vapour."


def item(scale: Sequence[str] = POINTS, name: str = "q1") -> Item:
    return Item(name, Scale.of(scale), "Why does the glass get wet?", RUBRIC)


def made(n: int, scored: int, of: Item | None = None, seed: int = 0) -> Responses:
    """N different answers whose words say their point; people scored the first of them, now and then otherwise."""
    of = of or item()
    k = len(of.scale)
    points = np.arange(n) % k
    slips = np.random.default_rng(seed).random(n) < 0.1
    human = np.where(slips, (points + 1) % k, points)
    scores = np.where(np.arange(n) < scored, human, MISSING).astype(np.int64)
    texts = tuple(f"{WORDS[point % 3]} {row}" for row, point in enumerate(points.tolist()))
    return Responses(of, tuple(f"r{row}" for row in range(n)), texts, scores, np.full(n, MISSING))


def fences(prompt: Prompt) -> list[str]:
    """The answers that stand in a prompt, the one to score last."""
    return [
        found[2] for found in re.finditer(r"\[BEGIN ANSWER (\w+)\]\n(.*?)\n\[END ANSWER \1\]", prompt.user, re.DOTALL)
    ]


def knows(answer: str, points: int) -> Floats:
    """A model that sees the point in an answer's words, and is one point too mild."""
    seen = next((point for point in (2, 1) if WORDS[point] in answer), 0)
    chances = np.full(points, 0.05)
    chances[min(seen + 1, points - 1)] += 1.0
    chances[seen] += 0.4
    return np.asarray(np.log(chances / chances.sum()))


@dataclass
class Model:
    """A language model that needs no server."""

    think: Callable[[str, int], Floats] = knows
    refuses: str = "refuse"
    name: str = "fake"
    asked: list[Prompt] = field(default_factory=list)
    opened: int = 0
    closed: int = 0

    def ask(self, prompts: Sequence[Prompt], codes: Codes) -> Answers:
        self.asked += prompts
        answers = [fences(prompt)[-1] for prompt in prompts]
        failed = tuple(Failure(row, "it refused") for row, text in enumerate(answers) if self.refuses in text)
        logits = np.array([self.think(text, len(codes)) for text in answers]).reshape(len(prompts), len(codes))
        logits[[failure.row for failure in failed]] = np.nan
        return Answers(logits, np.where(np.isnan(logits[:, 0]), np.nan, 0.9), "logprobs", failed)

    def provenance(self) -> Mapping[str, str]:
        return {"teacher": "fake", "calls": str(len(self.asked))}

    def close(self) -> None:
        self.closed += 1


def asking(model: Model, tmp_path: Path, shots: int = 8) -> Asking:
    def opened(settings: LanguageSettings, folder: Path, progress: Progress, worker: str = "") -> Model:
        model.opened += 1
        return model

    return Asking("fake", opened, LanguageSettings(PromptSettings(shots)), tmp_path)


def run(
    items: Sequence[Responses],
    how: Asking,
    *,
    first: int = 10,
    go_on: GoOn | None = None,
) -> Labelled:
    return label(items, how, Here(), Silent(), first=first, go_on=go_on or (lambda *_: True))


# --- Parts ------------------------------------------------------------------------------------------------------------


def test_scored_answers_are_split_as_distill_splits_them() -> None:
    whole = made(90, 60)
    shuffled = whole.take(np.random.default_rng(1).permutation(90))
    done = parted(shuffled, seed=3)
    rows = scored_rows(done)
    alone = split(shuffled.take(rows), seed=3)  # what distill reads: rows without a score are left out
    assert done.parts is not None
    assert tuple(done.parts[row] for row in rows) == alone.parts
    assert {done.parts[row] for row in range(90) if done.scores[row] == MISSING} == {Part.TRAIN}
    assert {part for part in Part if len(scored_rows(done, part))} == {Part.TRAIN, Part.VALIDATION, Part.TEST}


def test_parts_of_the_file_stay() -> None:
    given_parts = tuple(
        Part.TEST if row % 4 == 0 else Part.VALIDATION if row % 4 == 1 else Part.TRAIN for row in range(60)
    )
    assert parted(replace(made(60, 60), parts=given_parts), seed=0).parts == given_parts
    few = replace(made(60, 8), parts=given_parts)
    done = parted(few, seed=0)
    assert done.parts is not None
    assert done.parts[:8] == given_parts[:8]
    assert set(done.parts[8:]) == {Part.TRAIN}


@pytest.mark.parametrize("scored", [0, 1, 29])
def test_of_few_scored_answers_none_is_set_aside(scored: int) -> None:
    assert set(parted(made(60, scored), seed=0).parts or ()) == {Part.TRAIN}


# --- First answers ----------------------------------------------------------------------------------------------------


def test_first_answers_are_training_answers_of_each_point_in_turn() -> None:
    responses = parted(made(120, 90), seed=0)
    rows = first_rows(responses, 9, seed=0)
    assert np.bincount(responses.scores[rows]).tolist() == [3, 3, 3]
    assert set(rows.tolist()) <= set(scored_rows(responses, Part.TRAIN).tolist())
    assert rows.tolist() == first_rows(responses, 9, seed=0).tolist()
    assert rows.tolist() != first_rows(responses, 9, seed=1).tolist()


def test_first_answers_differ_in_what_is_seen_of_them() -> None:
    hidden = made(9, 9)
    hidden = replace(hidden, texts=tuple(f"cold{chr(0x200B) * row} glass" for row in range(9)))
    assert len(first_rows(parted(hidden, 0), 9, seed=1)) == 1


def test_first_answers_differ_in_their_words() -> None:
    responses = made(12, 0)
    twice = replace(responses, texts=("It leaks", *responses.texts[1:11], " it  LEAKS"))
    rows = first_rows(parted(twice, 0), 12, seed=0)
    assert len(rows) == 11
    assert len({plain(twice.texts[row]) for row in rows}) == 11


def test_when_every_scored_answer_is_held_out_others_come_first() -> None:
    parts = (Part.TEST,) * 10 + (Part.TRAIN,) * 10
    responses = replace(made(20, 10), parts=parts)
    assert (first_rows(responses, 5, seed=0) >= 10).all()
    assert len(first_rows(responses.take(np.arange(10)), 5, seed=0)) == 0


@pytest.mark.parametrize(
    ("human", "said", "agreed", "compared", "kappa"),
    [
        ((0, 1, 2), (0, 1, 2), 3, 3, 1.0),
        ((0, 1, 2), (0, 1, MISSING), 2, 2, 1.0),
        ((0, 2, MISSING), (2, 0, 1), 0, 2, -1.0),
        ((1, 1, 1), (1, 1, 1), 3, 3, np.nan),
        ((MISSING, MISSING, MISSING), (0, 1, 2), 0, 0, np.nan),
    ],
)
def test_agreement_of_the_first_answers(
    human: tuple[int, ...], said: tuple[int, ...], agreed: int, compared: int, kappa: float
) -> None:
    logits = np.log(np.eye(3)[list(said)] * 0.7 + 0.1)
    lost = [row for row, point in enumerate(said) if point == MISSING]
    logits[lost] = np.nan
    answers = Answers(logits, np.ones(3), "logprobs", tuple(Failure(row, "no answer") for row in lost))
    batch = FirstBatch(replace(made(3, 3), scores=np.array(human)), answers)
    assert (batch.agreed, batch.compared) == (agreed, compared)
    assert batch.qwk == pytest.approx(kappa, nan_ok=True)
    assert batch.likeliest.tolist() == list(said)
    assert batch.confidence == pytest.approx([np.nan if point == MISSING else 0.8 for point in said], nan_ok=True)


# --- Asking -----------------------------------------------------------------------------------------------------------


@given(st.lists(st.sampled_from("abc"), max_size=8))
def test_distinct_texts_lead_back(texts: list[str]) -> None:
    different, places = distinct(texts)
    assert [different[place] for place in places] == texts
    assert len(set(different)) == len(different)


@given(st.lists(st.booleans(), min_size=1, max_size=6), st.integers(1, 4))
def test_spread_and_joined_keep_failures_with_their_rows(lost: list[bool], times: int) -> None:
    logits = np.zeros((len(lost), 2))
    logits[lost] = np.nan
    kinds: tuple[FailureKind, ...] = ("budget", "context")
    failures = tuple(Failure(row, f"reason {row}", kinds[row % 2]) for row, gone in enumerate(lost) if gone)
    one = Answers(logits, np.ones(len(lost)), "samples", failures)
    many = joined([spread(one, np.arange(len(lost))[::-1].astype(np.int64))] * times)
    assert len(many.logits) == times * len(lost)
    for failure in many.failures:
        row = len(lost) - 1 - failure.row % len(lost)
        assert (failure.reason, failure.kind) == (f"reason {row}", kinds[row % 2])
    assert len(many.failures) == times * sum(lost)


def test_the_same_answer_is_asked_about_once(tmp_path: Path) -> None:
    responses = made(8, 0)
    repeated = replace(responses, texts=("refuse", "same", *responses.texts[2:6], "same", "refuse"))
    model = Model()
    done = run([parted(repeated, 0)], asking(model, tmp_path), first=0).items[0]
    later = [fences(prompt)[-1] for prompt in model.asked[1:]]  # the first one is the probe
    assert sorted(later) == sorted(set(repeated.texts))
    assert done.failures == {0: "it refused", 7: "it refused"}
    assert (done.probabilities[1] == done.probabilities[6]).all()


def test_no_prompt_shows_held_out_answers_or_the_answer_itself(tmp_path: Path) -> None:
    responses = parted(made(80, 60), seed=0)
    of_train = {responses.texts[row] for row in scored_rows(responses, Part.TRAIN)}
    model = Model()
    run([responses], asking(model, tmp_path, shots=6))
    assert len(model.asked) == 1 + 10 + 80
    for prompt in model.asked:
        *examples, own = fences(prompt)
        assert len(examples) == 6
        assert set(examples) <= of_train - {own}


def test_scores_of_held_out_answers_change_nothing_but_the_judgement(tmp_path: Path) -> None:
    responses = parted(made(120, 100), seed=0)
    held_out = np.concatenate([scored_rows(responses, part) for part in (Part.VALIDATION, Part.TEST)])
    scores = responses.scores.copy()
    scores[held_out] = 2 - scores[held_out]
    models = Model(), Model()
    found = [
        run([one], asking(model, tmp_path, shots=4)).items[0]
        for one, model in zip((responses, replace(responses, scores=scores)), models, strict=True)
    ]
    assert (found[0].probabilities == found[1].probabilities).all()
    assert (found[0].reported == found[1].reported).all()
    assert models[0].asked == models[1].asked
    assert found[0].judged[1].after.metrics != found[1].judged[1].after.metrics


def test_what_was_taken_out_is_counted_and_shown_first(tmp_path: Path) -> None:
    responses = made(6, 0)
    texts = (*responses.texts[:3], "mail ana@example.org or bo@example.org", "Ana says [name]", responses.texts[5])
    names = tmp_path / "names.txt"
    names.write_text("Ana\n", encoding="utf-8")
    how = replace(asking(Model(), tmp_path), settings=LanguageSettings(access=AccessSettings(scrub=True, names=names)))
    planned = how.planned(parted(replace(responses, texts=texts), 0))
    assert planned.taken_out == {"email": 2, "name": 1}
    assert fences(planned.prompts[planned.shown]) == ["mail [email] or [email]"]
    for prompt in planned.prompts:
        assert "ana@" not in prompt.user
        assert "Ana" not in prompt.user


@pytest.mark.parametrize("scrub", [False, True])
def test_a_first_batch_holds_what_the_model_is_shown(tmp_path: Path, scrub: bool) -> None:
    plain_words = made(60, 40)
    signed = tuple(f"{text} bo{row}@example.org" for row, text in enumerate(plain_words.texts))
    model, settings = Model(), LanguageSettings(PromptSettings(0), access=AccessSettings(scrub=scrub))
    how = replace(asking(model, tmp_path), settings=settings)
    done = run([parted(replace(plain_words, texts=signed), 0)], how, first=5)
    (batch,) = done.first
    assert all(text.endswith("[email]") == scrub for text in batch.responses.texts)
    assert set(batch.responses.texts) <= {fences(prompt)[-1] for prompt in model.asked}


# --- The flow ---------------------------------------------------------------------------------------------------------


def test_nothing_more_is_asked_when_the_first_answers_are_not_liked(tmp_path: Path) -> None:
    model = Model()
    shown: list[FirstBatch] = []

    def dislike(batches: Sequence[FirstBatch], _: Opened) -> bool:
        shown.extend(batches)
        assert len(model.asked) == 1 + 5
        return False

    done = run([parted(made(60, 40), 0)], asking(model, tmp_path), first=5, go_on=dislike)
    assert done.stopped
    assert done.items == ()
    assert len(model.asked) == 1 + 5
    assert [len(batch.responses) for batch in shown] == [5]
    assert (model.opened, model.closed) == (1, 1)


def test_the_first_answers_can_be_skipped(tmp_path: Path) -> None:
    def never(*_: object) -> bool:
        raise AssertionError("asked")

    done = run([parted(made(60, 40), 0)], asking(Model(), tmp_path), first=0, go_on=never)
    assert not done.stopped
    assert done.first == ()


def test_calibration_learns_from_people_that_a_model_is_too_mild(tmp_path: Path) -> None:
    done = run([parted(made(240, 200), 0)], asking(Model(), tmp_path)).items[0]
    assert [judged.part for judged in done.judged] == [Part.TRAIN, Part.VALIDATION, Part.TEST]
    for judged in done.judged:
        assert judged.loss_after < judged.loss_before
        assert judged.after.metrics["qwk"].value > judged.before.metrics["qwk"].value + 0.2
    assert done.calibration is not None
    in_train = scored_rows(done.responses, Part.TRAIN)
    applied = np.exp(done.calibration.apply(done.answers.logits))
    others = np.setdiff1d(np.arange(240), in_train)
    assert done.probabilities[others] == pytest.approx(applied[others])
    assert not np.allclose(done.probabilities[in_train], applied[in_train])  # out of fold


@pytest.mark.parametrize("scored", [0, 12])
def test_too_few_human_scores_calibrate_nothing(scored: int, tmp_path: Path) -> None:
    done = run([parted(made(40, scored), 0)], asking(Model(), tmp_path, shots=min(scored, 3))).items[0]
    assert done.calibration is None
    assert done.probabilities == pytest.approx(np.exp(done.answers.logits))
    assert len(done.judged) == (scored > 0)


def test_where_nobody_scored_anything_prompts_show_no_examples(tmp_path: Path) -> None:
    model = Model()
    done = run([parted(made(12, 0), 0)], asking(model, tmp_path, shots=8))
    assert {len(fences(prompt)) for prompt in model.asked} == {1}
    assert unscored(done.items) == done.items
    assert done.first[0].compared == 0


def test_a_prompt_longer_than_the_context_ends_the_run_at_the_first_call(tmp_path: Path) -> None:
    class Short(Model):
        def ask(self, prompts: Sequence[Prompt], codes: Codes) -> Answers:
            self.asked += prompts
            lost = tuple(Failure(row, "too much", "context") for row in range(len(prompts)))
            return Answers(np.full((len(prompts), len(codes)), np.nan), np.full(len(prompts), np.nan), "logprobs", lost)

    model = Short()
    with pytest.raises(InputError, match=r"do not fit into the model's context.*shorten the rubric"):
        run([parted(made(60, 40), 0)], asking(model, tmp_path))
    assert len(model.asked) == 1
    assert model.closed == 1


@dataclass
class Losing(Model):
    """Gives no score to answers that match a pattern, for a reason of some kind."""

    pattern: str = ""
    kind: FailureKind = "answer"
    reason: str = "In this context I cannot say."

    def ask(self, prompts: Sequence[Prompt], codes: Codes) -> Answers:
        found = super().ask(prompts, codes)
        lost = [row for row, prompt in enumerate(prompts) if re.search(self.pattern, fences(prompt)[-1])]
        found.logits[lost] = np.nan
        found.mass[lost] = np.nan
        return replace(found, failures=tuple(Failure(row, self.reason, self.kind) for row in lost))


@pytest.mark.parametrize(
    "reason", ["HTTP 500: context deadline exceeded", "it wrote: 'the context, 9 tokens, more than'"]
)
@pytest.mark.parametrize("kind", ["answer", "later"])
def test_what_a_reason_quotes_ends_no_run(tmp_path: Path, reason: str, kind: FailureKind) -> None:
    responses = parted(made(60, 40), 0)
    shortest = min(responses.texts, key=len)
    (done,) = run([responses], asking(Losing(pattern=f"^{shortest}$", kind=kind, reason=reason), tmp_path)).items
    assert done.failures == {responses.texts.index(shortest): reason}


@pytest.mark.parametrize(
    ("kind", "remedy"), [("answer", "see what it wrote"), ("cut", "--max-tokens"), ("request", "see what it wrote")]
)
@pytest.mark.parametrize(("first", "asked"), [(7, 1 + 7), (0, 1 + 3)])
def test_a_model_that_gives_no_first_answer_a_score_is_not_asked_about_the_others(
    tmp_path: Path, kind: FailureKind, remedy: str, first: int, asked: int
) -> None:
    model = Losing(kind=kind)
    with pytest.raises(TeacherError, match=rf"item q1: fake gave none of the first \d answers a score.*{remedy}"):
        run([parted(made(60, 40), 0)], asking(model, tmp_path), first=first)
    assert len(model.asked) == asked
    assert model.closed == 1


def test_an_item_whose_first_answers_have_no_score_is_named(tmp_path: Path) -> None:
    other = replace(made(40, 40, item(name="q2")), texts=tuple(f"odd {row}" for row in range(40)))
    model = Losing(pattern="odd")
    with pytest.raises(TeacherError, match="item q2"):
        run([parted(made(40, 40), 0), parted(other, 0)], asking(model, tmp_path), first=5)
    assert len(model.asked) == 2 + 2 * 5


@pytest.mark.parametrize("kind", ["later", "budget"])
def test_first_answers_that_may_come_later_end_no_run(tmp_path: Path, kind: FailureKind) -> None:
    done = run([parted(made(60, 40), 0)], asking(Losing(kind=kind), tmp_path), first=5)
    assert len(done.items[0].failures) == 60


@pytest.mark.parametrize("first", [0, 5])
def test_one_odd_answer_ends_no_run(tmp_path: Path, first: int) -> None:
    responses = parted(made(60, 40), 0)
    shortest = min(responses.texts, key=len)
    (done,) = run([responses], asking(Losing(pattern=f"^{shortest}$"), tmp_path), first=first).items
    assert len(done.failures) == 1


def test_every_item_is_checked_before_the_first_call(tmp_path: Path) -> None:
    unknown = replace(made(40, 40, item(name="q2")), item=Item("q2", Scale.of(POINTS)))
    model = Model()
    with pytest.raises(InputError, match="q2 has neither question nor rubric"):
        run([parted(made(40, 40), 0), parted(unknown, 0)], asking(model, tmp_path))
    lacking = made(40, 40, item(name="q3"))
    with pytest.raises(InputError, match="--shots 0"):
        run([parted(replace(lacking, scores=np.minimum(lacking.scores, 1)), 0)], asking(model, tmp_path))
    assert model.asked == []


def test_a_dead_model_is_closed(tmp_path: Path) -> None:
    class Dead(Model):
        def ask(self, prompts: Sequence[Prompt], codes: Codes) -> Answers:
            raise TeacherError(f"{len(prompts)} calls for {codes} failed", "see whether it is well")

    model = Dead()
    with pytest.raises(TeacherError, match="1 calls for"):
        run([parted(made(40, 40), 0)], asking(model, tmp_path))
    assert model.closed == 1


class Elsewhere(Here):
    """Pretends that tasks run in other processes."""

    remote = True


def test_a_cluster_gives_the_same_labels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "CHUNK", 7)
    items = [parted(made(60, 45), 0), parted(made(25, 0, item(["right", "wrong"], "q2")), 0)]
    here = label(items, asking(Model(), tmp_path), Here(), Silent(), first=3, go_on=lambda *_: True)
    model = Model()
    there = label(items, asking(model, tmp_path), Elsewhere(), Silent(), first=3, go_on=lambda *_: True)
    for one, other in zip(here.items, there.items, strict=True):
        assert (one.probabilities == other.probabilities).all()
        assert one.failures == other.failures
    assert model.opened == model.closed > 2


def test_no_two_workers_send_the_same_prompt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Answers that differ before they are scrubbed, or in what is not seen, may not differ in what is sent."""
    monkeypatch.setattr(cluster, "CHUNK", 4)
    numbers = tuple(f"it is cold, call me on 555-123-{row}" for row in range(1000, 1015))
    unseen = tuple(f"it is {chr(0x200B) * row}cold" for row in range(15))
    responses = replace(made(30, 0), texts=numbers + unseen)
    model = Model()
    how = asking(model, tmp_path, shots=0)
    how = replace(how, settings=replace(how.settings, access=AccessSettings(scrub=True)))
    assert len(how.planned(responses).prompts) == 2
    (answers,) = cluster.asked_on(Here(), [parted(responses, 0)], how, Silent())
    assert sorted(fences(prompt)[-1] for prompt in model.asked) == ["it is cold", "it is cold, call me on [phone]"]
    assert np.isfinite(answers.logits).all()


# --- On disk ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def labelled(tmp_path: Path) -> tuple[LabelledItem, ...]:
    """Two items on different scales; the model refuses three answers."""
    first = made(60, 45)
    texts = tuple("refuse" + text if row in (3, 4, 50) else text for row, text in enumerate(first.texts))
    second = made(40, 0, item(["right", "wrong"], "q2"))
    return run([parted(replace(first, texts=texts), 0), parted(second, 0)], asking(Model(), tmp_path)).items


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".jsonl", ".xlsx", ".parquet"])
def test_labels_are_read_back_as_soft_labels(suffix: str, labelled: tuple[LabelledItem, ...], tmp_path: Path) -> None:
    out = tmp_path / f"labels{suffix}"
    assert write_labels(labelled, out, fill=True) == 100
    for one in labelled:
        found = read_probabilities(out, one.responses).probabilities
        said = ~np.isnan(one.probabilities).any(axis=1)
        assert found[said] == pytest.approx(one.probabilities[said], abs=2e-6)
        assert found[~said] == pytest.approx(
            np.tile(one.probabilities[said].mean(axis=0), ((~said).sum(), 1)), abs=2e-6
        )


def test_columns_of_the_table(labelled: tuple[LabelledItem, ...], tmp_path: Path) -> None:
    out = tmp_path / "labels.csv"
    assert write_labels(labelled, out) == 97
    rows = rows_of(out)
    assert list(rows[0]) == [
        "id", "item", "part", "score", "p_0", "p_1", "p_2", "p_right", "p_wrong", "teacher_score", "status"
    ]  # fmt: skip
    by_id = {(row["item"], row["id"]): row for row in rows}
    assert ("q1", "r3") not in by_id
    one = labelled[0]
    assert one.responses.parts is not None
    for row, id_ in enumerate(one.responses.ids):
        if row in one.failures:
            continue
        cells, human = by_id["q1", id_], one.responses.scores[row]
        assert cells["part"] == ("" if human == MISSING else one.responses.parts[row])
        assert cells["score"] == ("" if human == MISSING else POINTS[human])
        assert cells["teacher_score"] == POINTS[one.reported[row]]
        assert cells["p_right"] == ""
        assert cells["status"] == "ok"
    filled = rows_of(out) if write_labels(labelled, out, fill=True) else []
    assert {
        row["id"]: (row["status"], row["teacher_score"]) for row in filled if row["status"] != "ok"
    } == dict.fromkeys(("r3", "r4", "r50"), ("filled", ""))


def test_failures_are_listed_until_there_are_none(labelled: tuple[LabelledItem, ...], tmp_path: Path) -> None:
    out = tmp_path / "labels.csv"
    path = write_failures(labelled, out)
    assert path == beside(out, ".failed.csv")
    assert [(row["id"], row["item"], row["reason"]) for row in rows_of(path)] == [
        (id_, "q1", "it refused") for id_ in ("r3", "r4", "r50")
    ]
    assert write_failures(labelled[1:], out) is None
    assert not path.exists()


def test_provenance_says_where_labels_come_from(labelled: tuple[LabelledItem, ...], tmp_path: Path) -> None:
    out = tmp_path / "labels.csv"
    done = Labelled((), labelled, {"teacher": "fake", "cost": "0.01"})
    path = write_provenance(done, {"file": "r.csv", "sha256": "ab"}, out)
    found = json.loads(path.read_text(encoding="utf-8"))
    assert found["teacher"] == {"teacher": "fake", "cost": "0.01"}
    assert found["responses"] == {"file": "r.csv", "sha256": "ab"}
    assert found["prompt_version"] >= 1
    first, second = found["items"]["q1"], found["items"]["q2"]
    assert (first["answers"], first["scored_by_people"], first["failed"]) == (60, 45, 3)
    assert first["mass"] == pytest.approx(0.9)
    assert first["calibration"]["weight"] > 0
    assert list(first["agreement"]) == ["train", "validation", "test"]
    assert first["agreement"]["test"]["after"]["n"] == labelled[0].judged[2].after.n
    assert second["calibration"] is None
    assert second["agreement"] == {}


def test_answers_to_score_first_are_unscored_ones_without_scores(
    labelled: tuple[LabelledItem, ...], tmp_path: Path
) -> None:
    out = tmp_path / "next.csv"
    assert unscored(labelled) == labelled[1:]
    n = write_to_score(unscored(labelled), out, seed=0)
    rows = rows_of(out)
    assert 0 < n == len(rows) <= 40
    assert {row["score"] for row in rows} == {""}
    texts = dict(zip(labelled[1].responses.ids, labelled[1].responses.texts, strict=True))
    assert all(texts[row["id"]] == row["response"] and row["item"] == "q2" for row in rows)
