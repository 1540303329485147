"""Errors travel between processes."""

from __future__ import annotations

import pickle

import pytest

from pocketscore import errors
from pocketscore.llm.refusals import CallError


@pytest.mark.parametrize(
    "error",
    [errors.InputError("wrong", "right it"), errors.MissingExtraError("no", "pip"), CallError("late", "wait", "later")],
)
def test_an_error_of_another_process_is_the_same(error: errors.PocketScoreError) -> None:
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert (str(again), again.problem, again.remedy) == (str(error), error.problem, error.remedy)
    assert again.exit_code == error.exit_code
