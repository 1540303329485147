from __future__ import annotations

from pathlib import Path

import pytest

from pocketscore.data import ColumnChoice, resolve
from pocketscore.data.table import Table as DataTable
from pocketscore.data.table import parse_table
from pocketscore.errors import InputError


def table(*columns: str) -> DataTable:
    header = ",".join(columns)
    return parse_table(f"{header}\n{',' * (len(columns) - 1)}x\n".encode(), Path("a.csv"))


@pytest.mark.parametrize(
    ("columns", "role", "expected"),
    [
        (("id", "response", "score"), "response", "response"),
        (("Id", "EssaySet", "Score1", "Score2", "EssayText"), "response", "EssayText"),
        (("Id", "EssaySet", "Score1", "Score2", "EssayText"), "score", "Score1"),
        (("Id", "EssaySet", "Score1", "Score2", "EssayText"), "score2", "Score2"),
        (("Id", "EssaySet", "Score1", "Score2", "EssayText"), "item", "EssaySet"),
        (("Student Answer", "Grade"), "response", "Student Answer"),
        (("student-response", "Human_Score"), "score", "Human_Score"),
        (("Antwort", "Punkte"), "response", "Antwort"),
        (("answer", "label", "Question ID"), "item", "Question ID"),
        (("answer", "label", "prompt_id"), "id", None),
        (("response", "answer", "score"), "response", "response"),
        (("response", "score", "score1", "label"), "score", "score"),
        (("response", "score", "split"), "split", "split"),
        (("response", "score", "fold"), "split", None),
    ],
)
def test_guesses(columns: tuple[str, ...], role: str, expected: str | None) -> None:
    assert getattr(resolve(table(*columns), ColumnChoice(), needs_score=True), role) == expected


def test_a_named_column_wins_and_is_not_guessed_twice() -> None:
    found = resolve(table("item", "text", "answer", "mark"), ColumnChoice("ANSWER", id="item"), needs_score=True)
    assert (found.response, found.id, found.item) == ("answer", "item", None)


def test_an_empty_name_turns_a_role_off() -> None:
    found = resolve(table("response", "score", "split"), ColumnChoice(split=""), needs_score=True)
    assert found.split is None


def test_groups_are_named_or_start_with_group() -> None:
    source = table("group_sex", "response", "score", "Group_School", "region", "grouping")
    found = resolve(source, ColumnChoice(groups=("region",)), needs_score=True)
    assert found.groups == ("group_sex", "Group_School", "region")


def test_without_need_for_scores_doubts_about_them_are_no_error() -> None:
    found = resolve(table("response", "mark", "grade"), ColumnChoice(), needs_score=False)
    assert found.score is None
    assert resolve(table("response", "mark"), ColumnChoice(), needs_score=False).score == "mark"


@pytest.mark.parametrize(
    ("columns", "choice", "message"),
    [
        (
            ("respons", "score"),
            ColumnChoice("response"),
            "no column 'response' (columns: respons, score); did you mean",
        ),
        (("a", "score"), ColumnChoice("zzz"), "name one of them with --response"),
        (
            ("a", "score"),
            ColumnChoice(),
            "looks like the response (columns: a, score); name it with --response",
        ),
        (("a", "score"), ColumnChoice(""), "name it with --response"),
        (("answer", "text", "score"), ColumnChoice(), "answer, text could each be the response"),
        (("Response", "response ", "score"), ColumnChoice(), "could each be the response"),
        (
            ("response", "a"),
            ColumnChoice(),
            "looks like the score (columns: response, a); name it with --score",
        ),
        (("response", "mark", "grade"), ColumnChoice(), "mark, grade could each be the score"),
        (("response", "score"), ColumnChoice(groups=("sex",)), "no column 'sex'"),
        (
            ("response", "score"),
            ColumnChoice(score="response", response="response"),
            "both --response and --score",
        ),
        (tuple(f"c{i}" for i in range(14)), ColumnChoice(), "c9 and 4 more"),
    ],
)
def test_refuses(columns: tuple[str, ...], choice: ColumnChoice, message: str) -> None:
    with pytest.raises(InputError) as caught:
        resolve(table(*columns), choice, needs_score=True)
    assert message in str(caught.value)
