"""Which trial comes next, and what the finished ones found: Optuna's sampler over a journal on disk.

The journal survives a kill at any moment. What a trial tries depends on the seed, its place and the trials finished
before its batch, and on nothing else, so a search that was taken up again tries what it would have tried.
"""

from __future__ import annotations

import contextlib
import json
import logging
import sqlite3
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pocketscore.distillation.sweep_settings import Choice, Range
from pocketscore.errors import InputError, MissingExtraError, OutputError
from pocketscore.workdir import key_of

if TYPE_CHECKING:
    import optuna

_STUDY, _ABOUT = "sweep", "about"
_QUEUED = "fixed_params"  # where Optuna keeps what a queued trial shall try
_DRAWN = 10
"""Trials drawn at random before the sampler builds on what it knows."""


@dataclass(frozen=True)
class Space:
    """What may be chosen.

    Attributes:
        sizes: Budgets in bytes, ascending.
        lambdas: Range of λ.
        temperatures: Range of the temperature.
        transfers: Sizes of the transfer set, ascending.
    """

    sizes: tuple[int, ...]
    lambdas: Range
    temperatures: Range
    transfers: tuple[int, ...]

    def __contains__(self, choice: Choice) -> bool:
        known = choice.budget in self.sizes and choice.transfer in self.transfers
        return known and choice.weight in self.lambdas and choice.temperature in self.temperatures

    def described(self) -> dict[str, object]:
        """JSON-ready."""
        return {
            "sizes": list(self.sizes),
            "lambda": str(self.lambdas),
            "temperature": str(self.temperatures),
            "transfer": list(self.transfers),
        }


@dataclass(frozen=True)
class Asked:
    """A trial to run."""

    number: int
    choice: Choice


@dataclass(frozen=True)
class Told:
    """A finished trial.

    Attributes:
        number: Its place in the journal.
        choice: What it tried.
        loss: What it reached; lower is better.
        size: Bytes.
        notes: What else was found, JSON-ready.
    """

    number: int
    choice: Choice
    loss: float
    size: int
    notes: Mapping[str, Any]


def check_installed() -> None:
    """Raise MissingExtraError unless the extra `sweep` is installed."""
    from importlib.util import find_spec

    if find_spec("optuna") is None:
        raise MissingExtraError("a sweep needs optuna", 'run: pip install "pocketscore[distill,sweep]"')


@contextlib.contextmanager
def alone(path: Path) -> Iterator[None]:
    """Keep other processes out, as long as this one lives: the lock is the operating system's, so a kill frees it.

    Args:
        path: A file for the lock, made if it is not there.

    Raises:
        InputError: When another process is in.
        OutputError: When the file cannot be written.
    """
    with contextlib.closing(_locked(path)):
        yield


def _locked(path: Path) -> sqlite3.Connection:
    connection = None
    try:
        connection = sqlite3.connect(path, timeout=0, isolation_level=None)
        connection.execute("BEGIN EXCLUSIVE")
    except sqlite3.Error as error:
        if connection is not None:
            connection.close()
        if "locked" in str(error):
            raise InputError(
                f"another sweep is at work in {path.parent}", "wait for it, or give another folder (-o)"
            ) from None
        raise OutputError(f"{path} cannot be written: {error}", "choose a folder you may write to") from error
    return connection


class Search:
    """A search for small files with a low loss, kept in a journal. One process at a time, see `alone`.

    Args:
        path: The journal, made if it is not there.
        space: What may be chosen.
        about: Everything else that the trials depend on, JSON-ready; a journal of something else is refused.
        seed: Seed of the sampler.

    Raises:
        InputError: When the journal is another sweep's, or damaged.
    """

    def __init__(self, path: Path, space: Space, about: Mapping[str, object], seed: int) -> None:
        check_installed()
        self.space, self._path, self._seed = space, path, seed
        _cut_torn_line(path)
        self._study = _open(path)
        self._running: dict[int, optuna.Trial] = {}
        self._check(json.loads(json.dumps({**about, **space.described()})))
        self.put_back()

    def start_with(self, choice: Choice) -> None:
        """Try this before anything else, if it may be chosen."""
        if choice in self.space:
            self._study.enqueue_trial(self._coordinates(choice), skip_if_exists=True)

    def ask(self, place: int) -> Asked:
        """The next trial; `place` counts finished trials and those asked since."""
        self._study.sampler = _sampler(int(key_of(self._seed, place), 16) % 2**32)
        trial = self._study.ask(_distributions(self.space))
        self._running[trial.number] = trial
        return Asked(trial.number, self._choice(trial.params))

    def tell(self, number: int, loss: float, size: int, notes: Mapping[str, Any]) -> None:
        """A trial that was asked for is finished."""
        trial = self._running.pop(number)
        for name, value in notes.items():
            trial.set_user_attr(name, value)
        self._study.tell(trial, [loss, size])

    def told(self) -> tuple[Told, ...]:
        """Finished trials in the order of their numbers."""
        from optuna.trial import TrialState

        found = self._study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        return tuple(
            Told(one.number, self._choice(one.params), one.values[0], round(one.values[1]), dict(one.user_attrs))
            for one in found
        )

    def put_back(self) -> None:
        """Close trials that nobody runs any more, and queue what they wanted to try."""
        from optuna.trial import TrialState

        for trial in self._study.get_trials(states=(TrialState.RUNNING,)):
            wanted = trial.system_attrs.get(_QUEUED, trial.params)
            waiting = self._study.get_trials(deepcopy=False, states=(TrialState.WAITING,))
            complete = len(wanted) == len(_distributions(self.space))  # killed while it was drawn: drawn again
            if complete and wanted not in [one.system_attrs.get(_QUEUED) for one in waiting]:
                self._study.enqueue_trial(wanted)
            self._study.tell(trial.number, state=TrialState.FAIL)
            self._running.pop(trial.number, None)

    def looked_at(self, choices: list[list[object]]) -> int:
        """Note for which choices the test part was looked at; how many different ones there have been by now."""
        known: list[list[object]] = list(self._study.user_attrs.get("tested", []))
        for one in choices:
            if one not in known:
                known.append(one)
        self._study.set_user_attr("tested", known)
        return len(known)

    def _check(self, about: dict[str, object]) -> None:
        known = self._study.user_attrs.get(_ABOUT)
        if known is None:
            self._study.set_user_attr(_ABOUT, about)
            return
        other = [name for name in {**known, **about} if known.get(name) != about.get(name)]
        if other:
            what = "; ".join(f"{name} {_shown(known.get(name))}, now {_shown(about.get(name))}" for name in other)
            raise InputError(
                f"{self._path} is the journal of another sweep ({what})",
                "give the command that it was begun with, or another folder (-o)",
            )

    def _choice(self, params: Mapping[str, Any]) -> Choice:
        space = self.space
        return Choice(
            space.sizes[params["size"]],
            space.lambdas.rounded(params["lambda"]),
            space.temperatures.rounded(params["temperature"]),
            space.transfers[params["transfer"]],
        )

    def _coordinates(self, choice: Choice) -> dict[str, Any]:
        space = self.space
        return {
            "size": space.sizes.index(choice.budget),
            "lambda": choice.weight,
            "temperature": choice.temperature,
            "transfer": space.transfers.index(choice.transfer),
        }


def _distributions(space: Space) -> dict[str, optuna.distributions.BaseDistribution]:
    """Sizes and transfer sets by their place: they have an order, and their steps matter more than their bytes."""
    from optuna.distributions import FloatDistribution, IntDistribution

    return {
        "size": IntDistribution(0, len(space.sizes) - 1),
        "lambda": FloatDistribution(space.lambdas.low, space.lambdas.high, log=True),
        "temperature": FloatDistribution(space.temperatures.low, space.temperatures.high, log=True),
        "transfer": IntDistribution(0, len(space.transfers) - 1),
    }


def _sampler(seed: int) -> optuna.samplers.BaseSampler:
    """Builds on finished trials and keeps away from those under way, which older versions call experimental."""
    import optuna

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return optuna.samplers.TPESampler(n_startup_trials=_DRAWN, seed=seed, constant_liar=True)


def _open(path: Path) -> optuna.Study:
    """The study in a journal; a lock that a killed process left is removed, since nobody else is in."""
    import optuna
    from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock

    logging.getLogger("optuna").setLevel(logging.WARNING)
    path.with_name(path.name + ".lock").unlink(missing_ok=True)
    try:
        storage = optuna.storages.JournalStorage(JournalFileBackend(str(path), JournalFileOpenLock(str(path))))
        return optuna.create_study(
            storage=storage, study_name=_STUDY, directions=["minimize", "minimize"], load_if_exists=True
        )
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror}", "choose a folder you may write to") from error
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise InputError(
            f"the journal {path} is damaged ({error})",
            "remove it to search anew; finished teachers and networks are kept beside it",
        ) from error


def _cut_torn_line(path: Path) -> None:
    """A process killed while it wrote leaves half a line, which would spoil the next one."""
    if path.exists():
        data = path.read_bytes()
        whole = data.rfind(b"\n") + 1
        if whole < len(data):
            with path.open("r+b") as file:
                file.truncate(whole)


def _shown(value: object) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else text[:57] + "..."
