"""What is known of groups of pupils, in plain words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from markupsafe import Markup

from pocketscore.report.svg import shortened
from pocketscore.report.wording import counted, label, listed
from pocketscore.results import ItemResult
from pocketscore.trust.conventions import Verdict
from pocketscore.trust.fairness_group import Group

PREFIX = "group_"


@dataclass(frozen=True)
class _Examined:
    """A group and the column that it is in."""

    column: str
    group: Group

    @property
    def words(self) -> Markup:
        return _named(self.column, self.group.label)


def column_name(name: str) -> str:
    """A group column as people say it.

    >>> column_name("group_home_language")
    'home language'
    """
    bare = name[len(PREFIX) :] if name.casefold().startswith(PREFIX) else name
    return bare.replace("_", " ").strip() or name


def group_sentences(result: ItemResult) -> Iterator[Markup]:
    """Which groups were examined, whether a bias was found, and which could not be examined."""
    if not result.responses.groups:
        yield Markup("For all pupils together: the data name no groups, so whether it treats them alike is not known.")
        return
    if result.validity.numbers is None:
        yield Markup("For all pupils together: the labels have no order, so a bias by group cannot be measured.")
        return
    columns = result.validity.groups
    examined = [_Examined(column.name, group) for column in columns for group in column.groups]
    if examined:
        yield Markup("Examined: {}.").format(_all(examined))
        yield from _verdicts(examined)
    missing = [(column.name, one) for column in columns for one in column.not_examined]
    if missing:
        said = (Markup("{} ({})").format(_named(name, one.label), counted(one.n, "answer")) for name, one in missing)
        yield Markup("Not examined, for want of answers: {}.").format(listed(said))
    for column in columns:
        if not column.groups and not column.not_examined:
            yield Markup("Not examined: {}, because {}.").format(label(column_name(column.name)), column.reason)
    yield from _power(examined)


def _named(column: str, group: str) -> Markup:
    return Markup("{} {}").format(label(column_name(column)), _short(group))


def _short(group: str) -> Markup:
    return label(shortened(group))


def _verdicts(examined: Iterable[_Examined]) -> Iterator[Markup]:
    by: dict[Verdict, list[_Examined]] = {verdict: [] for verdict in Verdict}
    for one in examined:
        by[one.group.verdict].append(one)
    if failed := by[Verdict.FAIL]:
        said = (Markup("{} ({})").format(one.words, _direction(one.group)) for one in failed)
        yield Markup("A bias was found for: {}.").format(listed(said))
    unclear = by[Verdict.UNDETERMINED]
    if unclear:
        start = "There are" if failed else "No bias was found, but there are"
        yield Markup("{} too few answers to rule one out for: {}.").format(start, _all(unclear))
    elif by[Verdict.PASS] and not failed:
        yield Markup("No bias was found.")
    if passed := by[Verdict.PASS]:
        yield Markup("Close enough to everyone else by the field’s mark: {}.").format(_all(passed))
    if unknown := by[Verdict.NOT_COMPUTED]:
        yield Markup("Could not be computed: {}.").format(_all(unknown))


def _all(examined: Iterable[_Examined]) -> Markup:
    """`gender (f, m), home language (german)`."""
    by: dict[str, list[Markup]] = {}
    for one in examined:
        by.setdefault(one.column, []).append(_short(one.group.label))
    columns = (Markup("{} ({})").format(label(column_name(name)), listed(groups)) for name, groups in by.items())
    return listed(columns)


def _direction(group: Group) -> str:
    return "scored more leniently than the rest" if group.dsm.value > 0 else "scored more strictly than the rest"


def _power(examined: Iterable[_Examined]) -> Iterator[Markup]:
    known = [one for one in examined if one.group.power]
    if known:
        least = min(known, key=lambda one: one.group.n)
        yield Markup("Smallest group examined: {}. {}").format(least.words, least.group.power)
        yield Markup("(SD, the standard deviation, is the usual spread of people’s scores.)")
