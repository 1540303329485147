"""What the trials of a sweep share: the split answers, one teacher, one work folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from pocketscore.distillation.frontier import Losses
from pocketscore.distillation.labelling import Labeller
from pocketscore.distillation.search import Space, Told
from pocketscore.distillation.settings import DistillSettings
from pocketscore.distillation.sweep_settings import Choice
from pocketscore.distillation.trial import Checked, TrialFitter, learnt
from pocketscore.errors import OutputError
from pocketscore.progress import Progress
from pocketscore.types import Floats, Responses
from pocketscore.workdir import WorkDir


class Bench:
    """Where trials are made and judged.

    Args:
        items: The split responses of every item.
        labeller: The teacher.
        base: Settings of every trial, apart from its choice.
        work: Where finished networks are kept.
        log: Told what happens.
        unlabelled: Item -> more answers, which nobody has scored.
    """

    def __init__(
        self,
        items: Sequence[Responses],
        labeller: Labeller,
        base: DistillSettings,
        work: WorkDir,
        log: Progress,
        unlabelled: Mapping[str, tuple[str, ...]],
    ) -> None:
        self.items, self.labeller, self.base, self.work, self.log = items, labeller, base, work, log
        self._unlabelled = unlabelled

    def label(self, space: Space) -> None:
        """Ask the teacher everything that any trial will ask, the largest transfer set first, in a fixed order."""
        for transfer in reversed(space.transfers):
            for fitter in self.fitters(Choice(space.sizes[0], space.lambdas.low, space.temperatures.low, transfer)):
                fitter.exercise()

    def fitters(self, choice: Choice) -> list[TrialFitter]:
        """One for each item."""
        settings = choice.settings(self.base)
        return [
            TrialFitter(responses, number, self.labeller, settings, self.work, self.log,
                        self._unlabelled.get(responses.item.id, ()))
            for number, responses in enumerate(self.items)
        ]  # fmt: skip

    def losses(self, trial: Told) -> Losses:
        """What a finished trial lost on each validation answer of each item; found again if the file is gone."""
        names = [f"checked-{network}" for network in trial.notes["networks"]]
        if any(self.work.get(name) is None for name in names):
            for fitter in self.fitters(trial.choice):
                fitter.keep(learnt(fitter.exercise()))
                fitter.checked()
        return [self._losses(name) for name in names]

    def tfidf(self, choice: Choice) -> list[Checked]:
        """What TF-IDF reaches on the same validation answers, item by item; any choice will do."""
        return [fitter.tfidf() for fitter in self.fitters(choice)]

    def _losses(self, name: str) -> Floats:
        stored = self.work.get(name)
        if stored is None:
            raise OutputError(
                f"{self.work.folder} does not keep {name}", "check the disk, or choose another folder (-o)"
            )
        return stored["losses"].astype(np.float64)
