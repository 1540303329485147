"""Which column plays which role: what the user named, else what its name says."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pocketscore.errors import InputError

# Compared without case, blanks, underscores and hyphens. The role's own name wins over the others.
_ALIASES: Mapping[str, tuple[str, ...]] = {
    "response": (
        *("response", "answer", "text", "essaytext", "studentanswer", "studentresponse", "responsetext"),
        *("answertext", "antwort", "antworttext", "réponse", "respuesta", "risposta"),
    ),
    "score": ("score", "score1", "label", "grade", "mark", "humanscore", "rater1", "punkte", "bewertung"),
    "id": ("id", "responseid", "answerid", "essayid"),
    "item": ("item", "itemid", "questionid", "essayset", "promptid"),
    "score2": ("score2", "rater2", "secondscore", "humanscore2"),
    "split": ("split", "part"),
}
_GROUP_PREFIX = "group_"


@dataclass(frozen=True)
class ColumnChoice:
    """Columns that the user named. None leaves a role to guessing, "" says that no column plays it."""

    response: str | None = None
    score: str | None = None
    id: str | None = None
    item: str | None = None
    score2: str | None = None
    split: str | None = None
    groups: tuple[str, ...] = ()


@dataclass(frozen=True)
class Columns:
    """Names of the columns in a table, None where it has none; groups are in the order of the table."""

    response: str
    score: str | None
    id: str | None
    item: str | None
    score2: str | None
    split: str | None
    groups: tuple[str, ...]


class Named(Protocol):
    """What this module needs of a table."""

    @property
    def path(self) -> Path:
        """Where it was read."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Its different names of columns."""


def resolve(table: Named, choice: ColumnChoice, *, needs_score: bool) -> Columns:
    """Find the column of each role.

    A named column is taken as given (capitals, blanks, underscores and hyphens may differ); the others are
    guessed. Every column whose name starts with `group_` is a group, besides the ones named.

    Args:
        table: The table to look at.
        choice: What the user named.
        needs_score: Whether human scores are needed; if not, doubts about score, second score and split
            are no error.

    Raises:
        InputError: For a named column that is missing, a role that two columns could play, two roles for
            one column, and no column for the response (or the score, if needed).
    """
    named = {role: _named(table, wanted, role) for role in _ALIASES if (wanted := getattr(choice, role)) is not None}
    _check_distinct(named, table)
    free = [name for name in table.columns if name not in named.values()]
    found = dict(named)
    for role in _ALIASES:
        if role not in named:
            lenient = not needs_score and role in ("score", "score2", "split")
            found[role] = _guess(table, free, role, lenient=lenient)
    for role in ("response", "score") if needs_score else ("response",):
        if found[role] is None:
            raise InputError(
                f"{table.path} has no column that looks like the {role} (columns: {listed(table.columns)})",
                f"name it with --{role}",
            )
    groups = {_named(table, name, "group") for name in choice.groups}
    groups |= {name for name in free if name.casefold().startswith(_GROUP_PREFIX)}
    return Columns(
        response=found["response"] or "",
        score=found["score"],
        id=found["id"],
        item=found["item"],
        score2=found["score2"],
        split=found["split"],
        groups=tuple(name for name in table.columns if name in groups),
    )


def listed(names: Sequence[str], most: int = 10) -> str:
    """Names for a message, the rest as a count.

    >>> listed(["a", "b", "c"], most=2)
    'a, b and 1 more'
    """
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _plain(name: str) -> str:
    return re.sub(r"[\s_-]", "", name).casefold()


def _named(table: Named, wanted: str, role: str) -> str | None:
    if not wanted:
        return None
    if wanted in table.columns:
        return wanted
    alike = [name for name in table.columns if _plain(name) == _plain(wanted)]
    if len(alike) == 1:
        return alike[0]
    close = difflib.get_close_matches(wanted, table.columns, n=1)
    hint = f"did you mean --{role} {close[0]!r}?" if close else f"name one of them with --{role}"
    raise InputError(f"{table.path} has no column {wanted!r} (columns: {listed(table.columns)})", hint)


def _check_distinct(named: Mapping[str, str | None], table: Named) -> None:
    roles: dict[str, str] = {}
    for role, name in named.items():
        if name is None:
            continue
        if name in roles:
            raise InputError(
                f"{table.path}: column {name!r} is named for both --{roles[name]} and --{role}",
                "name two columns",
            )
        roles[name] = role


def _guess(table: Named, free: Sequence[str], role: str, *, lenient: bool) -> str | None:
    fitting = [name for name in free if _plain(name) in _ALIASES[role]]
    own = [name for name in fitting if _plain(name) == role]
    chosen = own if len(own) == 1 else fitting
    if len(chosen) > 1 and not lenient:
        raise InputError(
            f"{table.path}: {listed(chosen)} could each be the {role}", f"name the right one with --{role}"
        )
    return chosen[0] if len(chosen) == 1 else None
