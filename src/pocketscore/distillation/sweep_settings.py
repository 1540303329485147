"""What a sweep may try: sizes, λ, temperatures and transfer sets, and how much it may cost."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

from pocketscore.distillation.settings import DistillSettings, LossSettings
from pocketscore.errors import InputError

DIGITS = 3
"""Significant digits of λ and temperature, so that a command line can repeat them exactly."""


@dataclass(frozen=True)
class Range:
    """Numbers from `low` to `high`, both above 0, searched on a logarithmic scale.

    >>> str(Range(0.03, 3)), str(Range(1, 1))
    ('0.03:3', '1')
    """

    low: float
    high: float

    def __post_init__(self) -> None:
        if not (0 < self.low <= self.high < math.inf):
            raise InputError(
                f"the range {self.low:g}:{self.high:g} is empty or does not lie above 0",
                "write LOW:HIGH, such as 0.1:1",
            )

    def __str__(self) -> str:
        return f"{self.low:g}" if self.low == self.high else f"{self.low:g}:{self.high:g}"

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high

    def rounded(self, value: float) -> float:
        """A value of the range with few digits, still inside.

        >>> Range(0.03, 3).rounded(0.123456)
        0.123
        """
        return min(max(float(f"{value:.{DIGITS}g}"), self.low), self.high)


@dataclass(frozen=True)
class Choice:
    """The knobs of one trial.

    Attributes:
        budget: Largest file in bytes; each item gets the largest student that fits, as `distill --budget` gives it.
        weight: λ.
        temperature: Of the soft term.
        transfer: Answers made from each training answer for the teacher to label.
    """

    budget: int
    weight: float
    temperature: float
    transfer: int

    def __str__(self) -> str:
        return (
            f"budget {self.budget}, lambda {self.weight:g}, temperature {self.temperature:g}, transfer {self.transfer}"
        )

    def settings(self, base: DistillSettings) -> DistillSettings:
        """The distillation that this trial is."""
        return replace(
            base,
            student="pocket",
            budget=self.budget,
            lambda_=self.weight,
            temperature=self.temperature,
            transfer=self.transfer,
        )

    @property
    def options(self) -> tuple[str, ...]:
        """The same as options of `pocketscore distill`.

        >>> " ".join(Choice(50_000, 0.1, 1.0, 12).options)
        '--budget 50000 --lambda 0.1 --temperature 1.0 --transfer 12'
        """
        named = {
            "--budget": self.budget,
            "--lambda": self.weight,
            "--temperature": self.temperature,
            "--transfer": self.transfer,
        }
        return tuple(str(part) for pair in named.items() for part in pair)


@dataclass(frozen=True)
class SweepSettings:
    """One sweep.

    Attributes:
        budget: Largest file of a scorer in bytes.
        trials: Number of trials, those of earlier runs in the same folder included.
        minutes: How long this run may look for better trials. The first one is always finished.
        sizes: Budgets to try in bytes; empty takes every step of `distillation.budget.LADDER` that fits.
        lambdas: Range of λ.
        temperatures: Range of the temperature.
        transfers: Sizes of the transfer set to try, in answers made from each training answer.
        at_once: Trials that are chosen before the first of them is finished. It belongs to the search, not to the
            machine: any engine finds the same.
        base: Everything that the trials share.
    """

    budget: int = 100_000
    trials: int = 40
    minutes: float = 30.0
    sizes: tuple[int, ...] = ()
    lambdas: Range = Range(0.03, 3)
    temperatures: Range = Range(1, 4)
    transfers: tuple[int, ...] = (0, 4, 12)
    at_once: int = 4
    base: DistillSettings = field(default_factory=DistillSettings)

    def __post_init__(self) -> None:
        self._check_costs()
        self._check_lists()
        if self.base.harden is not None or self.base.wrong_at_most is not None or self.base.student != "pocket":
            raise InputError(
                "a sweep tries plain pocket students",
                "leave out --harden, --wrong-at-most, --student, and give them to the distill command at its end",
            )
        for weight, temperature in (
            (self.lambdas.low, self.temperatures.low),
            (self.lambdas.high, self.temperatures.high),
        ):
            LossSettings(weight, temperature=temperature)  # tells what is out of range
        for transfer in self.transfers:
            replace(self.base, transfer=transfer)  # tells when folds and transfer set do not go together

    def _check_costs(self) -> None:
        if self.trials < 1 or self.at_once < 1:
            raise InputError(f"{self.trials} trials, {self.at_once} at once", "take at least 1 (--trials)")
        if not 0 < self.minutes < math.inf:
            raise InputError(f"a sweep of {self.minutes:g} minutes", "give it some time (--minutes)")
        if self.budget < 1:
            raise InputError(f"a budget of {self.budget} bytes", "write for example --budget 100KB")

    def _check_lists(self) -> None:
        if not self.transfers or min(self.transfers) < 0 or len(set(self.transfers)) < len(self.transfers):
            raise InputError(
                f"transfer sets {list(self.transfers)}",
                "give numbers from 0 up, each once, such as 0,4,12 (--transfer)",
            )
        if len(set(self.sizes)) < len(self.sizes) or any(not 0 < size <= self.budget for size in self.sizes):
            raise InputError(
                f"sizes {list(self.sizes)} under a budget of {self.budget} bytes",
                "give sizes within --budget, each once, such as 24KB,50KB (--sizes)",
            )
