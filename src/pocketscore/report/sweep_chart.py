"""Trials of a sweep, size against loss, and the frontier among them."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from pocketscore.report.numerals import agreement, count
from pocketscore.report.svg import WIDTH, Axis, Frame, dot, line, mark, nice_ticks, path, picture, text, tick_label
from pocketscore.report.sweep_notes import Pick, TrialNote

_TOP, _BOTTOM = 62, 262


def sweep_chart(trials: Sequence[TrialNote], picks: Sequence[Pick], budget: int, tfidf: float) -> Markup:
    """Validation loss over the size of the file; lower and further left is better.

    Args:
        trials: At least one, each with a finite loss.
        picks: Those that were taken: "best" is a filled circle, any other a diamond.
        budget: Drawn as a line.
        tfidf: Loss of TF-IDF with logistic regression, finite; drawn as a line.
    """
    front = sorted((trial for trial in trials if trial.on_frontier), key=lambda trial: trial.size)
    losses = [*(trial.loss for trial in trials), tfidf]
    y_ticks = nice_ticks(min(losses), max(losses), 5)
    x_ticks = nice_ticks(0, max(budget, *(trial.size for trial in trials)) / 1000, 5)
    across, down = Axis(0, x_ticks[-1] * 1000, 46, WIDTH - 16), Axis(y_ticks[0], y_ticks[-1], _BOTTOM, _TOP)
    frame = Frame(across, down, "size of the file in KB", "validation loss")
    parts = [
        _legend(picks),
        frame.levels((tick, tick_label(tick, y_ticks)) for tick in y_ticks),
        frame.columns((1000 * tick, tick_label(tick, x_ticks)) for tick in x_ticks),
        _budget(budget, across),
        _tfidf(tfidf, across, down),
        path("curve student", _stairs(front, across, down)),
        *(dot("other", across(trial.size), down(trial.loss), 3) for trial in trials if not trial.on_frontier),
        *(dot("student", across(trial.size), down(trial.loss), 4) for trial in front),
        *(_pick(pick, across, down) for pick in picks),
    ]
    return picture(_BOTTOM + 44, _spoken(trials, picks, budget, tfidf), "".join(parts))


def _stairs(front: Sequence[TrialNote], across: Axis, down: Axis) -> list[tuple[str, str]]:
    """The lowest loss that a file of each size reaches."""
    corners: list[tuple[str, str]] = []
    for trial in front:
        if corners:
            corners.append((across(trial.size), corners[-1][1]))
        corners.append((across(trial.size), down(trial.loss)))
    return [*corners, (f"{across.end:g}", corners[-1][1])]


def _pick(pick: Pick, across: Axis, down: Axis) -> str:
    rater = "student" if pick.name == "best" else "second"
    return mark(rater, across.place(pick.trial.size), down.place(pick.trial.loss), 6)


def _legend(picks: Sequence[Pick]) -> str:
    """Two lines: what the marks are."""
    found = [dot("other", "8", "10", 3), text("name", "18", 14, "a trial"), dot("student", "84", "10", 4)]
    found.append(text("name", "94", 14, "no smaller one is better"))
    x = 10.0
    for pick in picks:
        name = "the best" if pick.name == "best" else "the smallest that is as good"
        found += [mark("student" if pick.name == "best" else "second", x, 28, 6), text("name", f"{x + 12:g}", 32, name)]
        x += 38 + 6.4 * len(name)  # about the width of a character
    return "".join(found)


def _budget(budget: int, across: Axis) -> str:
    x = across(budget)
    words = text("name end", x, _TOP - 4, f"budget {count(budget)} bytes")
    return line("diagonal", x, f"{_TOP}", x, f"{_BOTTOM}") + words


def _tfidf(loss: float, across: Axis, down: Axis) -> str:
    y = down.place(loss)
    beside = y - 5 if y > _TOP + 18 else y + 13  # the name of the axis stands above
    words = text("name end", f"{across.end - 4:g}", beside, f"TF-IDF {agreement(loss)}")
    return line("diagonal", f"{across.start:g}", f"{y:.1f}", f"{across.end:g}", f"{y:.1f}") + words


def _spoken(trials: Sequence[TrialNote], picks: Sequence[Pick], budget: int, tfidf: float) -> str:
    front = sorted((trial for trial in trials if trial.on_frontier), key=lambda trial: trial.size)
    found = "; ".join(f"{count(trial.size)} bytes {agreement(trial.loss)}" for trial in front)
    taken = "; ".join(f"{pick.name}: {count(pick.trial.size)} bytes" for pick in picks)
    return (
        f"Validation loss by size of the file, {count(len(trials))} trials under a budget of {count(budget)} bytes. "
        f"Frontier: {found}. Taken: {taken}. TF-IDF + logistic regression: {agreement(tfidf)}."
    )
