"""Tables of what was measured about teachers, see `benchmarks.study.teachers`."""

from __future__ import annotations

import numpy as np

from benchmarks.study.cells import Figures, change, short, table

METRICS = ("qwk", "qwk_likeliest", "loss")
BASIC = "pretrained"
STUDENTS = {
    BASIC: "base: vectors of the pretrained encoder, labels of the shared teacher",
    "fine-tuned, mean of the folds": "vectors of the fine-tuned teacher, mean of its five folds",
    "fine-tuned, first fold": "vectors of the fine-tuned teacher, first fold",
    "own teacher's labels": "labels of the item's own teacher",
}
"""Kind of student in the file -> words."""
FEWEST = 3
"""Items from which on a mean has a standard error; fewer are shown one by one."""


def own(figures: Figures) -> str:
    """One line a teacher: means over the items that have an own one, and what it changes."""
    items = list(figures["own"].values())
    lines = [
        f"| teacher, {len(items)} of 10 items | QWK | change | likeliest point: QWK | change | loss | change |",
        "|---|" + "--:|" * 6,
    ]
    for kind, name in ((", alone", "encoder alone"), ("", "with n-grams")):
        for whose in ("shared", "own"):
            cells = []
            for metric in METRICS:
                found, base = ([[one[f"{w}{kind}"][metric]] for one in items] for w in (whose, "shared"))
                cells += [change(found, base, absolute=True)]
                cells += ["" if whose == "shared" else change(found, base, absolute=False)]
            lines.append(f"| {whose}, {name} | {' | '.join(cells)} |")
    return table(lines)


def own_items(figures: Figures) -> str:
    """One line an item: shared and own teacher side by side, and what the own one took."""
    pairs = [(kind, metric) for kind in (", alone", "") for metric in METRICS]
    heads = [f"{how}: {what}" for how in ("alone", "with n-grams") for what in ("QWK", "likeliest", "loss")]
    lines = [
        f"| item | answers | {' | '.join(heads)} | minutes | passes |",
        "|---|--:|" + "--:|" * (len(heads) + 2),
    ]
    for name, one in figures["own"].items():
        cells = [f"{short(one[f'shared{kind}'][metric])}, {short(one[f'own{kind}'][metric])}" for kind, metric in pairs]
        cost = [f"{one[key]:.1f}" if one[key] is not None else "" for key in ("minutes", "passes")]
        lines.append(f"| {name} | {one['answers']:,} | {' | '.join(cells + cost)} |")
    return table(lines)


def folds(figures: Figures) -> str:
    """One line a teacher and number of folds: agreement, and its change against the usual five."""
    lines = [
        "| teacher | folds | QWK | change | likeliest point: QWK | change | loss | change | minutes an item |",
        "|---|--:|" + "--:|" * 7,
    ]
    for name, items in _rows(figures):
        for total in items[0]:
            cells = []
            for metric in METRICS:
                found, base = ([[one[k][metric]] for one in items] for k in (total, "5"))
                cells += [change(found, base, absolute=True), "" if total == "5" else _against(found, base)]
            minutes = [one[total].get("minutes") for one in items]
            cells.append("" if None in minutes else f"{np.mean(minutes):.1f}")
            lines.append(f"| {name} | {total} | {' | '.join(cells)} |")
    return table(lines)


def students(figures: Figures) -> str:
    """One line a student: the base student's figures, and changes against it by other word vectors or labels."""
    lines = ["| student's start and labels | items | loss | QWK | QWK, expected score |", "|---|--:|--:|--:|--:|"]
    for block in ("vectors", "taught"):
        items = list(figures[block].values())
        for kind in items[0] if items else ():
            cells = []
            for metric in ("loss", "qwk", "qwk_expected"):
                found, base = ([one[k][metric] for one in items] for k in (kind, BASIC))
                cells.append(change(found, base, absolute=True) if kind == BASIC else _against(found, base))
            lines.append(f"| {STUDENTS[kind]} | {', '.join(figures[block])} | {' | '.join(cells)} |")
    return table(lines)


def _rows(figures: Figures) -> list[tuple[str, list[Figures]]]:
    """Teachers whose number of folds was varied: n-grams over all items, own ones item by item."""
    by_ngrams = list(figures["n-grams"].values())
    rows = [(f"n-grams alone, {len(by_ngrams)} items", by_ngrams)] if by_ngrams else []
    return rows + [(f"own with n-grams, item {name}", [one]) for name, one in figures["folds"].items()]


def _against(found: list[list[float]], base: list[list[float]]) -> str:
    if len(found) < FEWEST:
        return short(float(np.mean(found) - np.mean(base)), "+")
    return change(found, base, absolute=False)
