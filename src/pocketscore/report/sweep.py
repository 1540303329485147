"""The report of a sweep: one HTML file like that of a distillation, and as safe."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby

from markupsafe import Markup

from pocketscore.report.build import UNFIT, environment
from pocketscore.report.numerals import agreement, count
from pocketscore.report.sweep_chart import sweep_chart
from pocketscore.report.sweep_notes import KnobNote, Pick, SweepNotes, TrialNote
from pocketscore.report.wording import counted
from pocketscore.results import scores_of

PICKS: Mapping[str, str] = {"best": "The best", "smallest": "The smallest that is as good"}
KNOBS: Mapping[str, str] = {
    "size": "Size that the file may have",
    "λ": "λ, the weight of the teacher’s term",
    "temperature": "Temperature of the teacher’s term",
    "transfer": "Answers made from each training answer",
}


@dataclass(frozen=True)
class SweepView:
    """What the template prints."""

    notes: SweepNotes

    @property
    def against(self) -> str:
        """Whose scores everything is compared with."""
        return scores_of(self.notes.scored_by)

    @property
    def chart(self) -> Markup:
        """The frontier."""
        return sweep_chart(self.notes.trials, self.picks, self.notes.budget, self.notes.tfidf.loss)

    @property
    def picks(self) -> tuple[Pick, ...]:
        """The best alone where the smallest is the same trial."""
        return self.notes.picks[-1:] if self.one else self.notes.picks

    @property
    def one(self) -> bool:
        """Whether both picks are the same trial."""
        return len({pick.trial.number for pick in self.notes.picks}) == 1

    @property
    def headline(self) -> str:
        """The outcome in a sentence."""
        small, best = self.notes.picks[0].trial, self.notes.picks[-1].trial
        tried = counted(len(self.notes.trials), "trial")
        if self.one:
            return f"Of {tried} the best, at {count(best.size)} bytes, is also the smallest that is as good."
        return (
            f"Of {tried} the best has {count(best.size)} bytes; one of {count(small.size)} bytes is as good within one "
            "standard error."
        )

    @property
    def beside_tfidf(self) -> str:
        """The best trial beside TF-IDF, in a sentence."""
        found = self.notes.tfidf
        way = "below" if found.gap > 0 else "above"
        return (
            f"The dashed line is TF-IDF with logistic regression, which has no size to show: the lowest loss of all is "
            f"{agreement(abs(found.gap))} {way} it (standard error {agreement(found.error)})."
        )

    @property
    def cautions(self) -> tuple[str, ...]:
        """What a reader has to know before the numbers."""
        notes = self.notes
        found = [*notes.notes]
        if len(notes.trials) < notes.wanted:
            found.append(
                f"The time was up after {len(notes.trials)} of {notes.wanted} trials; the same command goes on."
            )
        different = len({pick.trial.number for pick in notes.picks})
        if notes.looks > different:
            found.append(
                f"The test part has been looked at for {notes.looks} different trials in this folder. Who chooses "
                "among them by their test figures has to measure the choice on new answers."
            )
        return tuple(found)

    @property
    def knobs(self) -> tuple[tuple[str, tuple[KnobNote, ...]], ...]:
        """Knob in words, and what its values reached."""
        groups = groupby(self.notes.knobs, key=lambda note: note.knob)
        return tuple((KNOBS.get(knob, knob), tuple(values)) for knob, values in groups)

    @property
    def trials(self) -> tuple[TrialNote, ...]:
        """From the lowest loss on."""
        return tuple(sorted(self.notes.trials, key=lambda trial: (trial.loss, trial.size)))

    def name(self, pick: Pick) -> str:
        """A pick in words."""
        return PICKS[pick.name]

    def taken(self, trial: TrialNote) -> str:
        """Why a trial was taken, '' if it was not."""
        return ", ".join(pick.name for pick in self.notes.picks if pick.trial.number == trial.number)


def render_sweep(notes: SweepNotes) -> str:
    """The report of a sweep as HTML.

    Args:
        notes: What it found out.
    """
    page = environment().get_template("sweep.html.jinja").render(view=SweepView(notes), notes=notes, knob_names=KNOBS)
    return page.translate(UNFIT)
