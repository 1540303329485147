"""An item's evidence in plain words: what a principal reads before any table.

Every sentence says what was found and nothing more; whether that is good enough is for people to decide.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from markupsafe import Markup

from pocketscore.report.findings import FEW_OF_POINT
from pocketscore.report.numerals import points, share, share_interval, stated
from pocketscore.report.summary_groups import group_sentences
from pocketscore.report.wording import ATTACKS, counted, label, listed, named
from pocketscore.results import ItemResult
from pocketscore.trust.attacks import Aim
from pocketscore.trust.conventions import Verdict
from pocketscore.trust.deferral import Outcome, Promise
from pocketscore.trust.gaming import AttackResult, GamingReport
from pocketscore.trust.points import PointAgreement
from pocketscore.types import Estimate, Part


@dataclass(frozen=True)
class Fact:
    """A question that anybody would ask, and the answer in short sentences."""

    question: str
    sentences: tuple[Markup, ...]


@dataclass(frozen=True)
class Glance:
    """The same for one line of the table of several items.

    Attributes:
        alone: Share of the usual test answers that the scorer gives alone under its promise.
        groups: Groups with a bias, of those examined.
        attack: Share of tries in which the most successful attack got undeserved points.
    """

    alone: str
    groups: str
    attack: str


def glance(result: ItemResult) -> Glance:
    """The evidence in three cells."""
    if result.promise is None:
        alone = "not asked for"
    else:
        alone = "none" if result.deferred is None else share(result.deferred.share_alone.value)
    examined = [group for column in result.validity.groups for group in column.groups]
    biased = sum(group.verdict is Verdict.FAIL for group in examined)
    tricks = _tricks(result.gaming)
    return Glance(
        alone,
        f"{biased} of {len(examined)}" if examined else "not examined",
        share(max(found.rate.value for found in tricks)) if tricks else "not tried",
    )


def summary(result: ItemResult) -> tuple[Fact, ...]:
    """The evidence in plain words, in the order in which people ask."""
    return (
        Fact("How often does it agree with people?", tuple(_agrees(result))),
        Fact("Is it lenient or strict?", tuple(_lenient(result))),
        Fact("Where does it fail?", tuple(_weakest(result))),
        Fact("What may it score alone?", tuple(_alone(result))),
        Fact("For whom was it examined?", tuple(group_sentences(result))),
        Fact("How easily is it fooled?", tuple(_fooled(result))),
    )


def _say(template: str, *values: object) -> Markup:
    return Markup(template).format(*values)


def _with_interval(found: Estimate) -> Markup:
    """`48 % (95 % interval 28 % to 69 %)`."""
    if not math.isfinite(found.low):
        return Markup(share(found.value))
    return _say("{} (95&nbsp;% interval {})", share(found.value), share_interval(found))


def _agrees(result: ItemResult) -> Iterator[Markup]:
    ours = result.agreement["student"].metrics["accuracy"]
    yield _say("It gives the human score on {} of the test answers.", _with_interval(ours))
    if result.human is None:
        yield Markup("How often two people agree is not known: no test answer has two human scores.")
    else:
        people = _with_interval(result.human.metrics["accuracy"])
        yield _say("Two people give the same score on {} of the answers that both scored.", people)


def _lenient(result: ItemResult) -> Iterator[Markup]:
    if result.validity.numbers is None:
        yield Markup("The labels have no order, so it cannot be lenient or strict.")
        return
    found = result.validity.numbers.reported.metrics
    machine, human, smd = found["machine_mean"].value, found["human_mean"].value, found["smd"]
    if not math.isfinite(machine):
        yield Markup("No test answer has both scores, so this is not known.")
        return
    yield _say("On average it gives {} points where people give {}.", points(machine), points(human))
    if not math.isfinite(smd.low):
        yield Markup("People gave every test answer the same score, so there is no spread to measure this by.")
    elif smd.low > 0:
        yield Markup("So it is more lenient than people.")
    elif smd.high < 0:
        yield Markup("So it is stricter than people.")
    else:
        yield Markup("A difference of that size may be chance.")


def _weakest(result: ItemResult) -> Iterator[Markup]:
    every = result.validity.points.get("student", ())
    tested = [one for one in every if one.n >= FEW_OF_POINT]
    rare = [one for one in every if 0 < one.n < FEW_OF_POINT]
    if tested and (len(tested) > 1 or not rare):
        worst = min(tested, key=lambda one: one.exact.value)
        yield _say(
            "Least often right where people gave {}: the same score on {} of {} answers, {}.",
            label(worst.point), _right(worst), worst.n, _with_interval(worst.exact),
        )  # fmt: skip
    elif tested:
        only = tested[0]
        yield _say("Right on {} of {} answers where people gave {}.", _right(only), only.n, label(only.point))
    if rare:
        said = [_say("{} (right on {} of {})", label(one.point), _right(one), one.n) for one in rare]
        yield _say("Too few answers to tell for {}.", listed(said))
    if missing := [label(one.point) for one in every if one.n == 0]:
        yield _say("Not tested at all: {}.", listed(missing))


def _right(found: PointAgreement) -> int:
    return round(found.exact.value * found.n)


def _alone(result: ItemResult) -> Iterator[Markup]:
    tested = len(result.responses.part(Part.TEST))
    strange = sum(n for reason, n in result.validity.referred.items() if reason != "low_certainty")
    if strange:
        yield _say("{} of {} test answers go to people because they are unusual.", strange, tested)
    if result.promise is None:
        yield from _without_promise(result)
    elif result.promise.threshold is None:
        yield Markup("Nothing is promised, so every score goes to people.")
        yield _say("Asked for was: at most {} of the scores given alone are wrong.", _limit(result.promise))
        yield _say("Why it cannot be promised: {}.", result.promise.reason)
    else:
        yield from _with_promise(result.promise, result.deferred)


def _limit(promise: Promise) -> str:
    return stated(promise.target.wrong_at_most)


def _without_promise(result: ItemResult) -> Iterator[Markup]:
    yield Markup("Nothing is promised: no limit for wrong scores was asked for, so people decide which ones to use.")
    curve = [at.outcome for at in result.validity.curve if at.outcome.alone]
    if not curve:
        return
    everything = max(curve, key=lambda outcome: outcome.alone)
    half = min(curve, key=lambda outcome: abs(outcome.share_alone.value - 0.5))
    yield _say("If it scored all answers alone, {} of the scores would be wrong.", share(everything.share_wrong.value))
    if half is not everything:
        shares = share(half.share_alone.value), share(half.share_wrong.value)
        yield _say("If it scored only the {} alone that it is surest of, {} would be wrong.", *shares)


def _with_promise(promise: Promise, done: Outcome | None) -> Iterator[Markup]:
    if done is not None:
        alone = _with_interval(done.share_alone)
        yield _say("Of the {} it scores {} alone: {}.", counted(done.n, "usual test answer"), done.alone, alone)
    sure = stated(promise.target.confidence)
    yield _say(
        "Promised, with {} confidence: at most {} of the scores that it gives alone are wrong.", sure, _limit(promise)
    )
    if done is not None and done.alone:
        yield _say("On the test answers {} of these {} are.", done.wrong, done.alone)
    yield Markup("The promise holds for answers like these, from pupils like these, and for no others.")


def _fooled(result: ItemResult) -> Iterator[Markup]:
    if result.gaming is None:
        yield Markup("Nobody has tried for this report.")
        return
    tricks = _tricks(result.gaming)
    worst = max(tricks, key=lambda found: found.rate.value, default=None)
    if worst is None:
        yield Markup("No trick could be tried.")
    elif worst.successes == 0:
        tried = sum(found.tried for found in tricks)
        yield _say("None of {} of {} got points that were not deserved.", *_tries(tried, len(tricks)))
    else:
        yield _say("What fooled it most often: {}.", _in_words(worst))
        yield _say("It got points that were not deserved in {}.", _successes(worst))
    spoilt = [found for found in result.gaming.results if found.aim is Aim.UNNOTICED and found.successes]
    if spoilt:
        blind = max(spoilt, key=lambda found: found.rate.value)
        yield _say("What it noticed least: {} kept its score in {}.", _in_words(blind), _successes(blind))


def _tricks(report: GamingReport | None) -> list[AttackResult]:
    """Attacks that were tried and want points."""
    results = () if report is None else report.results
    return [found for found in results if found.aim is not Aim.UNNOTICED and found.tried]


def _tries(tried: int, kinds: int) -> tuple[str, str]:
    return f"{tried:,} tries", counted(kinds, "kind")


def _in_words(found: AttackResult) -> str:
    name = named(ATTACKS, found.name)
    return name[0].lower() + name[1:]


def _successes(found: AttackResult) -> Markup:
    return _say("{} of {} tries, {}", found.successes, found.tried, _with_interval(found.rate))
