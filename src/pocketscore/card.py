"""The certificate: what a scorer is for, what it was made from, what was found out about it, and what was not.

It travels inside the `.pocket` as JSON (`certificate`), so that the evidence goes where the file goes; `markdown`
writes the same for people. Counts and numbers alone, no pupil's words; nothing in it depends on the clock, so that
equal runs give equal files.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pocketscore.results import ItemResult, compared_with, nobody_scored, scores_of
from pocketscore.trust.attacks import ATTACKS
from pocketscore.trust.conventions import flag_dict
from pocketscore.trust.deferral import outcome_dict, percent, promise_dict
from pocketscore.trust.fairness import GroupColumn
from pocketscore.types import Estimate, Part, Reason

PURPOSE = (
    "Drafts scores for one written-answer item, for people who decide. Not for an item, an age group, a language or a "
    "use that the numbers below do not speak of, and not for decisions about a person without one who reads the answer."
)

_SHOWN = {
    "student": ("parameters", "vocabulary", "lambda", "transfer_set"),
    "teacher": ("teacher", "parameters", "weights_sha256", "folds", "epochs"),
}
"""What people are told of both; programs read the JSON."""

_METRICS = ("accuracy", "adjacent_agreement", "qwk", "macro_f1", "kappa")
_CALIBRATION = {"ece": "Expected calibration error", "brier": "Brier score", "gap": "Confidence less share right"}

SHORT = 4
"""Decimals in the certificate; `evaluation.json` has more."""


def certificate(result: ItemResult) -> dict[str, object]:
    """What the file says of its own evidence, JSON-ready and short: `evaluation.json` has all of it."""
    found, warning = result.validity, nobody_scored(result.responses)
    return {
        "purpose": f"{PURPOSE} {warning}" if warning else PURPOSE,
        **({"scored_by": result.responses.scored_by} if warning else {}),
        "conventions": [{**flag_dict(flag), "estimate": _short(flag.estimate)} for flag in found.flags],
        "by_point": {
            one.point: {"n": one.n, "exact": _short(one.exact), "bias": _short(one.bias)}
            for one in found.points["student"]
        },
        "calibration": {name: _short(getattr(found.reliability, name)) for name in _CALIBRATION},
        "true_score": None if found.numbers is None or warning else _true_score(result),
        "groups": {column.name: _groups(column) for column in found.groups},
        "referred": dict(found.referred),
        "promise": None if result.promise is None else promise_dict(result.promise),
        "promise_on_test": None if result.deferred is None else outcome_dict(result.deferred),
        "attacks": None if result.gaming is None else {
            one.name: {"tried": one.tried, "succeeded": one.successes, "caught": one.caught, "rate": _short(one.rate)}
            for one in result.gaming.results
        },
        "not_examined": list(found.missing),
    }  # fmt: skip


def markdown(card: Mapping[str, Any], item: str) -> str:
    """A card as Markdown; what it lacks is left out. A card of another shape raises what Python raises.

    A card in memory is in the order in which it was made, one from a file is sorted by name. Both give the same.

    Args:
        card: `Scorer.card`.
        item: Id of the item.
    """
    evidence = card.get("evidence") or {}
    model = str(evidence.get("scored_by") or "")
    by = f", by {scores_of(model)}" if model else ""
    parts = (
        [f"# Scorer of item {item}", "", str(evidence.get("purpose", PURPOSE)), ""],
        _table("Made from", ("", ""), _made_from(card)),
        _table(
            f"Agreement with {scores_of(model)}{' (not of people)' if model else ''}, test part",
            ("scored by", "metric", "value (95 %)"),
            _agreement(card, model),
        ),
        _table("Conventions", ("source", "mark", "found", "verdict"), _conventions(evidence)),
        _table(f"Each score point{by}", ("point", "answers", "exact agreement", "bias"), _points(evidence)),
        _table(f"Calibration{by}" if model else "Calibration and true scores", ("", ""), _numbers(evidence)),
        _table(f"Groups{by}", ("column", "group", "answers", "DSM", "verdict"), _group_rows(evidence)),
        _table("Scores given alone", ("", ""), _promise(evidence)),
        _table("Test answers referred to people", ("reason", "answers"), _in_order(evidence.get("referred"), Reason)),
        _table(f"Attacks{by}", ("attack", "succeeded", "rate (95 %)"), _attacks(evidence)),
        _list("Not examined", evidence.get("not_examined", [])),
    )
    return "\n".join(line for part in parts for line in part).rstrip() + "\n"


def _in_order(found: Mapping[str, Any] | None, known: Iterable[str] = ()) -> list[tuple[str, Any]]:
    """Names and what stands under them: the known ones in their order, then the others by name."""
    place = {name: i for i, name in enumerate(known)}
    return sorted((found or {}).items(), key=lambda entry: (place.get(entry[0], len(place)), entry[0]))


def _ascending(points: Iterable[str]) -> list[str]:
    """Score points from low to high, labels without an order by name."""
    by_name = sorted(points)
    try:
        return sorted(by_name, key=float)
    except ValueError:
        return by_name


def _short(found: Estimate) -> list[float | None]:
    """Value, low and high."""
    return [None if number is None else round(number, SHORT) for number in _numbers_of(found.rounded())]


def _numbers_of(found: Mapping[str, float | None]) -> list[float | None]:
    """The same of an estimate as JSON holds it, whatever the order of its names."""
    return [found[name] for name in ("value", "low", "high")]


def _true_score(result: ItemResult) -> dict[str, object]:
    numbers = result.validity.numbers
    assert numbers is not None
    found, lost = numbers.true_score, numbers.degradation
    return {
        "prmse": _short(found.prmse),
        "double_scored": found.n_double,
        "disattenuated_r": _short(lost.disattenuated),
        "caution": found.reason or found.caution,
    }


def _groups(column: GroupColumn) -> dict[str, object]:
    return {
        "examined": {
            group.label: {"n": group.n, "dsm": _short(group.dsm), "verdict": group.verdict.value}
            for group in column.groups
        },
        "not_examined": {group.label: group.reason for group in column.not_examined},
        "unknown": column.unknown,
        "reason": column.reason,
    }


def _made_from(card: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    for name, words in (("pocketscore", "PocketScore"), ("preset", "Student"), ("data_sha256", "SHA-256 of the data")):
        if name in card:
            yield words, card[name]
    yield from ((f"Answers, {part}", n) for part, n in _in_order(card.get("responses"), Part) if n)
    for who, names in _SHOWN.items():
        found = card.get(who) or {}
        yield from ((f"{who}: {name}".replace("_", " "), found[name]) for name in names if found.get(name) is not None)


def _agreement(card: Mapping[str, Any], model: str) -> Iterator[tuple[str, str, str]]:
    names, test = compared_with(model), card.get("test") or {}
    named = {name: test[key] for key, name in names.items() if key in test}
    if card.get("human_human"):
        named["Two human raters"] = card["human_human"]
    for name, found in named.items():
        for metric, estimate in _in_order(found["metrics"], _METRICS):
            yield name, metric.replace("_", " "), _interval(_numbers_of(estimate))


def _conventions(evidence: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    for flag in evidence.get("conventions", ()):
        verdict = flag["verdict"] + (f" ({flag['reason']})" if flag["reason"] else "")
        yield flag["source"], flag["mark"], _interval(flag["estimate"]), verdict


def _points(evidence: Mapping[str, Any]) -> Iterator[tuple[object, ...]]:
    by_point = evidence.get("by_point") or {}
    for point, found in _in_order(by_point, _ascending(by_point)):
        yield point, found["n"], _interval(found["exact"]), _interval(found["bias"])


def _numbers(evidence: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, found in _in_order(evidence.get("calibration"), _CALIBRATION):
        yield _CALIBRATION.get(name, name), _interval(found)
    if found := evidence.get("true_score"):
        yield "PRMSE", _interval(found["prmse"]) + (f" ({found['caution']})" if found["caution"] else "")
        yield "Disattenuated correlation", _interval(found["disattenuated_r"])


def _group_rows(evidence: Mapping[str, Any]) -> Iterator[tuple[object, ...]]:
    for column, found in _in_order(evidence.get("groups")):
        for label, group in _in_order(found["examined"]):
            yield column, label, group["n"], _interval(group["dsm"]), group["verdict"]
        for label, reason in _in_order(found["not_examined"]):
            yield column, label, "", "", f"not examined: {reason}"


def _promise(evidence: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    promise = evidence.get("promise")
    if promise is None:
        if evidence:
            yield "Promise", "none was asked for: no score is referred for being uncertain"
        return
    yield (
        "Asked for",
        f"at most {percent(promise['wrong_at_most'])} of them wrong, with confidence {promise['confidence']:g}",
    )
    if promise["threshold"] is None:
        yield "Promise", f"none, so all go to people: {promise['reason']}"
        return
    held, test = promise["held_out"], evidence.get("promise_on_test")
    yield "Promise", f"kept from a certainty of {promise['threshold']:.4f} on"
    yield "Held-out answers", f"{held['alone']} of {held['n']} alone, {held['wrong']} of these wrong"
    if test:
        yield "Test answers", f"{test['alone']} of {test['n']} alone, {test['wrong']} of these wrong"


def _attacks(evidence: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    for name, found in _in_order(evidence.get("attacks"), (attack.name for attack in ATTACKS)):
        yield name.replace("_", " "), f"{found['succeeded']} of {found['tried']}", _interval(found["rate"])


def _interval(found: list[float | None]) -> str:
    value, low, high = found
    if value is None:
        return "–"
    return f"{value:.3f}" if low is None or high is None else f"{value:.3f} ({low:.3f} to {high:.3f})"


def _table(title: str, heads: tuple[str, ...], rows: Any) -> list[str]:  # noqa: ANN401 (any iterable of rows)
    lines = ["| " + " | ".join(_cell(cell) for cell in row) + " |" for row in rows]
    if not lines:
        return []
    return [f"## {title}", "", "| " + " | ".join(heads) + " |", "|" + "---|" * len(heads), *lines, ""]


def _list(title: str, lines: list[str]) -> list[str]:
    return [f"## {title}", "", *(f"- {line}" for line in lines), ""] if lines else []


def _cell(value: object) -> str:
    return str(value).replace("|", "\\|").replace("\n", " ")
