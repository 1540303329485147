"""Rows that nobody has scored, but a file of soft labels has: learnt as `--unlabelled` answers are, never a leak."""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pocketscore.cli import main
from pocketscore.data import ColumnChoice, ItemText, read_responses, read_unlabelled, split
from pocketscore.distillation import lesson
from pocketscore.distillation.only_labelled import OnlyLabelled, WholeFileLabeller, only_labelled
from pocketscore.distillation.pipeline import Distilled, Source, distill
from pocketscore.distillation.settings import DistillSettings, HardenSettings, TrainSettings
from pocketscore.distillation.source import split_items
from pocketscore.distillation.sweep import sweep
from pocketscore.distillation.sweep_settings import SweepSettings
from pocketscore.errors import InputError
from pocketscore.progress import Silent
from pocketscore.types import Part

Row = dict[str, str]
PARTS = ("train", "train", "validation", "test")
WORDS = ("nothing at all", "the glass is cold", "vapour in the air turns liquid on the cold glass")
SETTINGS = DistillSettings(at_least=2, lambda_=1.0, transfer=0)
QUICK = TrainSettings(5e-3, batch=64, steps=12, checks=3, patience=3, one_cycle=True)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lesson, "POCKET_TRAINING", QUICK)


def scored(item: str = "q1", n: int = 60) -> list[Row]:
    """Answers that people scored."""
    return [row(f"a{i}", f"{WORDS[i % 3]} {['so', 'and', 'then'][i % 4 % 3]} {i}", str(i % 3), item) for i in range(n)]


def unscored(item: str = "q1", n: int = 9) -> list[Row]:
    """Answers to the same item that nobody scored, with a word that no scored answer has."""
    return [row(f"u{i}", f"condensation: {WORDS[i % 3]} {100 + i}", "", item) for i in range(n)]


def row(id_: str, response: str, score: str = "", item: str = "q1", **others: str) -> Row:
    return {"id": id_, "item": item, "response": response, "score": score, **others}


def label(one: Mapping[str, str], point: int, **others: str) -> Row:
    """A soft label for a row of the responses."""
    shares = {f"p_{k}": "0.8" if k == point else "0.1" for k in range(3)}
    return {"id": one["id"], "item": one["item"], **shares, "status": "ok", **others}


def labels(rows: Sequence[Row]) -> list[Row]:
    return [label(one, int(one["score"] or 1)) for one in rows]


def write(path: Path, rows: Sequence[Row]) -> Path:
    path.parent.mkdir(exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def source(folder: Path, rows: Sequence[Row], said: Sequence[Row], **others: object) -> Source:
    at = write(folder / "responses.csv", rows)
    return Source(at, probabilities=write(folder / "soft.csv", said), **others)  # type: ignore[arg-type]


class Notes(Silent):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def note(self, message: str) -> None:
        self.said.append(message)


def gathered(where: Source, settings: DistillSettings = SETTINGS) -> tuple[list[str], dict[str, OnlyLabelled], str]:
    """Ids still left out, the answers found, and what was noted."""
    data, items = split_items(read_responses(where.path, where.columns, where.items, where.only), settings)
    notes = Notes()
    data, found = only_labelled(where, data, items, settings, notes)
    return [one.id for one in data.dropped], found, "\n".join(notes.said)


def learnt(done: Distilled) -> bytes:
    """The finished weights of the first item."""
    return b"".join(done.results[0].scorer.weights[name].tobytes() for name in sorted(done.results[0].scorer.weights))


# --- What is learnt ---------------------------------------------------------------------------------------------------


def test_rows_with_labels_and_no_score_are_learnt_with_the_labels_of_the_file(tmp_path: Path) -> None:
    rows = scored() + unscored()
    done = distill(source(tmp_path, rows, labels(rows)), tmp_path / "out", SETTINGS)
    assert done.results[0].transfer_size == 9
    assert done.data.dropped == ()
    assert "9 unlabelled answers used; left out: 0 that stand in validation or test" in log(tmp_path)
    assert "9 answers without a human score, scored by the teacher" in done.report.read_text(encoding="utf-8")

    other = [label(one, 0) if not one["score"] else label(one, int(one["score"])) for one in rows]
    changed = distill(source(tmp_path / "b", rows, other), tmp_path / "b" / "out", SETTINGS)
    assert learnt(changed) != learnt(done), "another label for them teaches something else"
    assert changed.results[0].agreement.keys() == done.results[0].agreement.keys()


def test_they_are_in_no_part_and_no_vocabulary(tmp_path: Path) -> None:
    rows = scored() + unscored()
    with_them = distill(source(tmp_path / "a", rows, labels(rows)), tmp_path / "a" / "out", SETTINGS).results[0]
    without = distill(source(tmp_path / "b", scored(), labels(scored())), tmp_path / "b" / "out", SETTINGS).results[0]
    assert with_them.responses.ids == without.responses.ids
    assert with_them.responses.parts == without.responses.parts
    assert with_them.scorer.vocabulary == without.scorer.vocabulary
    assert "condensation" not in with_them.scorer.vocabulary.entries
    np.testing.assert_array_equal(with_them.soft.probabilities, without.soft.probabilities)
    for method in ("majority", "tfidf", "original_nn", "teacher"):
        np.testing.assert_array_equal(with_them.predictions[method], without.predictions[method])


def test_hardening_learns_them_too(tmp_path: Path) -> None:
    rows = scored() + unscored()
    where = source(tmp_path, rows, labels(rows))
    done = distill(where, tmp_path / "out", replace(SETTINGS, harden=HardenSettings()))
    assert done.results[0].transfer_size == 9


def test_a_sweep_learns_what_distill_learns(tmp_path: Path) -> None:
    pytest.importorskip("optuna")
    rows = scored(n=90) + unscored()
    where = source(tmp_path, rows, labels(rows))
    settings = SweepSettings(
        budget=60_000, trials=2, sizes=(24_000,), transfers=(0,), base=replace(SETTINGS, lambda_=None)
    )
    best = sweep(where, tmp_path / "sweep", settings).found.picks[-1].trial
    again = replace(SETTINGS, budget=best.budget, lambda_=best.weight, temperature=best.temperature)
    done = distill(where, tmp_path / "out", again)
    assert done.results[0].transfer_size == 9
    assert (tmp_path / "sweep" / "best" / "q1.pocket").read_bytes() == (tmp_path / "out" / "q1.pocket").read_bytes()
    assert "9 unlabelled answers used" in (tmp_path / "sweep" / "run.log").read_text(encoding="utf-8")


# --- What is not ------------------------------------------------------------------------------------------------------


def test_held_out_answers_do_not_leak_and_everything_is_counted_as_unlabelled_answers_are(tmp_path: Path) -> None:
    (whole,) = read_responses(write(tmp_path / "only.csv", scored()), ColumnChoice()).responses
    parts = split(whole, SETTINGS.seed)
    by_part = {part: parts.part(part).texts for part in Part}
    more = [
        row("u0", f"{by_part[Part.TEST][0].upper()}!"),
        row("u1", by_part[Part.TEST][1]),
        row("u2", f" {by_part[Part.VALIDATION][0]}?"),
        row("u3", by_part[Part.TRAIN][0]),
        row("u4", "the glass is cold, and so on"),
        row("u5", "The glass is cold and so on."),
        row("u6", "Das Wasser kondensiert"),
        row("u7", "vapour turns liquid"),
    ]
    rows = scored() + more
    lost, found, said = gathered(source(tmp_path, rows, labels(rows)))
    assert found["q1"].texts == ("the glass is cold, and so on", "vapour turns liquid")
    assert found["q1"].ids == ("u4", "u7")
    assert lost == ["u0", "u1", "u2", "u3", "u5", "u6"], "the reason of those stays on record"
    unlabelled = read_unlabelled(write(tmp_path / "more.csv", more), ColumnChoice(), [parts])["q1"]
    assert found["q1"].texts == unlabelled.texts
    assert said.endswith(str(unlabelled))
    assert (unlabelled.held_out, unlabelled.known, unlabelled.unfamiliar) == (3, 2, 1)


def test_a_row_that_the_file_itself_holds_out_stays_out(tmp_path: Path) -> None:
    rows = [{**one, "split": ("train", "train", "validation", "test")[i % 4]} for i, one in enumerate(scored())]
    more = [
        {**one, "split": split_} for one, split_ in zip(unscored(n=4), ("", "train", "validation", "test"), strict=True)
    ]
    lost, found, said = gathered(source(tmp_path, rows + more, labels(rows + more)))
    assert found["q1"].ids == ("u0", "u1")
    assert lost == ["u2", "u3"]
    assert "left out: 2 that stand in validation or test" in said


@pytest.mark.parametrize(
    "silent",
    [
        [],
        [label(row("u0", ""), 1, status="filled")],
        [{**label(row("u0", ""), 1), "p_0": "", "p_1": "", "p_2": ""}],
        [{**label(row("u0", ""), 1), "p_0": " ", "p_1": "NaN", "p_2": "NA"}],
        [label(row("elsewhere", ""), 1)],
        [label(row("u0", "", item="q2"), 1)],
    ],
    ids=["no row", "filled", "no number", "words for none", "another id", "another item"],
)
def test_where_the_file_says_nothing_all_is_as_without_such_rows(silent: list[Row], tmp_path: Path) -> None:
    """The same networks, under the same keys, and the rows on record as left out."""
    with_them = source(tmp_path / "a", scored() + unscored(n=1), labels(scored()) + silent)
    done = distill(with_them, tmp_path / "a" / "out", SETTINGS)
    plain = distill(source(tmp_path / "b", scored(), labels(scored())), tmp_path / "b" / "out", SETTINGS)
    assert [(one.id, one.reason) for one in done.data.dropped] == [("u0", "no score")]
    assert kept(tmp_path / "a") == kept(tmp_path / "b")
    assert learnt(done) == learnt(plain)
    assert done.results[0].transfer_size == 0


def kept(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "out" / "work").iterdir())


def test_an_id_that_is_scored_elsewhere_is_the_scored_answers_label(tmp_path: Path) -> None:
    rows = [*scored(), row("a3", "the glass is cold again")]
    lost, found, said = gathered(source(tmp_path, rows, labels(scored())))
    assert (lost, found) == (["a3"], {})
    assert said.startswith("item q1: labels without a score, left out: 1 with the id of another answer\n")


def test_whatever_is_odd_about_a_row_it_is_left_out_and_counted_and_the_others_are_learnt(tmp_path: Path) -> None:
    """None of it matters to the answers that people scored, so none of it ends the run."""
    odd = [
        row("a3", "the glass is cold again", split="train"),
        row("u1", "the glass is cold, and so on", split="train"),
        row("u1", "vapour turns liquid", split="train"),
        row("u2", "liquid air on the glass", split="unlabelled"),
        row("u3", "liquid on the glass", split="", score2="n/a"),
        row("u4", "air on the glass", split=""),
        row("u5", "cold air on the glass", split=""),
        row("u6", "vapour in the glass", split=""),
        row("x", "the glass", split="train"),
        row("x", "the air", split="elsewhere"),
        row("u7", "asdfgh", split=""),
        row("u8", "idk lol", split=""),
    ]
    people = [{**one, "score2": one["score"], "split": PARTS[i % 4]} for i, one in enumerate(scored())]
    rows = [*people, *({"score2": "", **one} for one in odd)]
    ids = dict.fromkeys(one["id"] for one in odd if one["id"] not in ("a3", "x"))
    said = [*labels(scored()), *(label(row(id_, ""), 1) for id_ in ids)]
    by_id = {one["id"]: one for one in said}
    by_id["u4"]["p_2"] = ""
    by_id["u5"]["p_2"] = "much"
    by_id["u6"]["p_0"] = "0.9"
    where = source(tmp_path, rows, [*said, by_id["u2"]])
    lost, found, noted = gathered(where)
    assert found["q1"].ids == ("u3",)
    np.testing.assert_allclose(found["q1"].probabilities, [[0.1, 0.8, 0.1]])
    assert lost == [one["id"] for one in odd if one["id"] != "u3"]
    assert noted.splitlines() == [
        "item q1: labels without a score, left out: 3 with the id of another answer",
        "item q1: labels without a score, left out: 1 in a part of the data that is not known",
        "item q1: labels without a score, left out: 3 without exactly one label that is a probability distribution",
        "item q1: labels without a score: 1 unlabelled answers used; left out: 0 that stand in validation or test, "
        "0 known already, 0 empty or without a word, 2 unfamiliar",
    ]
    done = distill(where, tmp_path / "out", SETTINGS)
    assert done.results[0].transfer_size == 1
    assert noted.splitlines()[0] in log(tmp_path)


@pytest.mark.parametrize("named", ["", "all", "q1"])
def test_an_id_of_two_items_is_nobodys_where_the_file_does_not_tell_items_apart(named: str, tmp_path: Path) -> None:
    """The label of b5 is that of the scored answer to q2; u1 has no namesake. A file about q1 speaks of q1 alone."""
    others = [{**one, "id": one["id"].replace("a", "b")} for one in scored("q2")]
    more = [row("b5", "the glass is cold, yes"), row("u1", "vapour turns liquid"), row("u2", "liquid on the glass")]
    rows = [*scored(), *others, *more, row("u2", "cold air on the glass", item="q2")]
    said = [{**one, "item": named} for one in (*labels([*scored(), *others]), *labels(more[1:]))]
    if not named:
        said = [{name: cell for name, cell in one.items() if name != "item"} for one in said]
    of_both, only_q1 = source(tmp_path, rows, said), source(tmp_path, rows, said, only=("q1",))
    taken = ("b5", "u1", "u2") if named == "q1" else ("u1",)
    for where in (of_both, only_q1):
        _, found, noted = gathered(where)
        assert found["q1"].ids == taken
        assert ("2 with the id of an answer to another item" in noted) == (named != "q1")


def test_without_a_soft_term_they_teach_nothing(tmp_path: Path) -> None:
    rows = scored() + unscored()
    lost, found, _ = gathered(source(tmp_path, rows, labels(rows)), replace(SETTINGS, lambda_=0.0))
    assert len(lost) == 9
    assert found == {}


def test_answers_in_another_language_are_left_out_however_many_they_are(tmp_path: Path) -> None:
    rows = scored() + [row(f"u{i}", f"Das Wasser kondensiert eben {i + 500}") for i in range(3)]
    done = distill(source(tmp_path, rows, labels(rows)), tmp_path / "out", SETTINGS)
    assert done.results[0].transfer_size == 0
    assert len(done.data.dropped) == 3
    assert "0 unlabelled answers used" in log(tmp_path)
    assert "3 unfamiliar" in log(tmp_path)


@pytest.mark.parametrize(
    ("cell", "error"), [("much", "id 'a0': 'much' is no number"), ("0.9", "id 'a0': .* not a probability distribution")]
)
def test_labels_of_scored_answers_that_are_none(cell: str, error: str, tmp_path: Path) -> None:
    rows = scored() + unscored()
    said = labels(rows)
    said[0]["p_1"] = cell
    with pytest.raises(InputError, match=error):
        distill(source(tmp_path, rows, said), tmp_path / "out", SETTINGS)


# --- Several items ----------------------------------------------------------------------------------------------------


def test_items_keep_their_own_answers_and_labels(tmp_path: Path) -> None:
    """Ids repeat between items; one of the three is described, one has no scored answer."""
    rows = [*scored("q1"), *unscored("q1", 3), *scored("q2"), *unscored("q2", 2), *unscored("q3", 2)]
    said = [label(one, int(one["score"] or (2 if one["item"] == "q2" else 0))) for one in rows]
    where = source(tmp_path, rows, said, items={"q1": ItemText("q1", "Why is the glass wet?")})
    lost, found, _ = gathered(where)
    assert {item: len(one.texts) for item, one in found.items()} == {"q1": 3, "q2": 2}
    assert [one.probabilities.argmax(axis=1).tolist() for one in found.values()] == [[0, 0, 0], [2, 2]]
    assert lost == ["u0", "u1"], "those of the item without a score"
    data, items = split_items(read_responses(where.path, where.columns, where.items), SETTINGS)
    assert where.probabilities is not None
    labeller = WholeFileLabeller(items, where.probabilities, {"q1": found["q1"]})
    folds = np.full(2, -1)
    answered = labeller.label(0, (found["q1"].texts[1], "never seen"), folds)
    assert answered is not None
    np.testing.assert_allclose(answered[0], [0.8, 0.1, 0.1])
    assert np.isnan(answered[1]).all()
    assert labeller.label(1, found["q2"].texts, folds) is None
    assert len(data.responses) == 2


# --- The command ------------------------------------------------------------------------------------------------------


Command = Callable[..., str]


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Command:
    """Distils into a folder `out` beside the responses, and gives what it says."""

    def run(where: Source, *options: str) -> str:
        given = ["distill", where.path, "-o", where.path.parent / "out", "--teacher-probabilities", where.probabilities]
        more = ("--lambda", 1, "--at-least", 2, *options)
        monkeypatch.setattr(sys, "argv", ["pocketscore", *map(str, given), *map(str, more)])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capfd.readouterr()
        assert not ended.value.code, said.err
        return said.out

    return run


@pytest.mark.parametrize(
    ("labelled", "said"),
    [
        (7, "learnt too: 7 answers with labels but no score\n"),
        (1, "learnt too: 1 answer with labels but no score\n"),
        (0, ""),
    ],
)
def test_the_command_says_how_many_were_learnt(labelled: int, said: str, tmp_path: Path, command: Command) -> None:
    where = source(tmp_path, scored() + unscored(), labels(scored() + unscored(n=labelled)))
    out = command(where)
    assert said in out
    assert ("learnt too" in out) == bool(said)
    assert f"{9 - labelled} rows left out" in out


def test_the_papers_recipe_learns_scored_answers_alone(
    tmp_path: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its networks are those of the same command without the rows that nobody scored, as in the paper."""
    monkeypatch.setattr(lesson, "ELSTM_TRAINING", QUICK)
    rows = scored() + unscored()
    with_them = command(source(tmp_path / "a", rows, labels(rows)), "--recipe", "paper")
    command(source(tmp_path / "b", scored(), labels(rows)), "--recipe", "paper")
    assert kept(tmp_path / "a") == kept(tmp_path / "b")
    assert "learnt too" not in with_them
    assert "9 rows left out" in with_them


def log(folder: Path) -> str:
    return (folder / "out" / "run.log").read_text(encoding="utf-8")
