"""Progress with time left: a bar in a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn


class Bars:
    """One bar for the current stage; finished stages stay above it."""

    def __init__(self, console: Console) -> None:
        self._bars = Progress(
            TextColumn("{task.description:32.32}"),
            BarColumn(),
            TextColumn("{task.percentage:3.0f} %"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=console,
        )
        self._task: TaskID | None = None
        self._bars.start()

    def start(self, stage: str, total: int) -> None:
        """Begin a stage."""
        self._finish()
        self._task = self._bars.add_task(stage, total=max(total, 1))

    def advance(self, steps: int = 1) -> None:
        """Move the bar."""
        if self._task is not None:
            self._bars.advance(self._task, steps)

    def note(self, message: str) -> None:
        """Notes are in the log."""

    def close(self) -> None:
        """Leave the terminal as it was."""
        self._finish()
        self._bars.stop()

    def _finish(self) -> None:
        """A stage that ended early, such as training stopped by patience, is complete all the same."""
        if self._task is not None:
            task = self._bars.tasks[self._task]
            self._bars.update(self._task, completed=task.total)


class Lines:
    """A line when a stage begins and every ten seconds in it, with the time left."""

    def __init__(self, console: Console, every: float = 10.0) -> None:
        self._console, self._every = console, every
        self._stage, self._total, self._done = "", 1, 0
        self._began = self._spoke = time.monotonic()

    def start(self, stage: str, total: int) -> None:
        """Begin a stage."""
        self._stage, self._total, self._done = stage, max(total, 1), 0
        self._began = self._spoke = time.monotonic()
        self._console.print(f"{stage} ...", highlight=False)

    def advance(self, steps: int = 1) -> None:
        """Say how far it is, now and then."""
        self._done += steps
        now = time.monotonic()
        if now - self._spoke >= self._every and 0 < self._done < self._total:
            left = (now - self._began) / self._done * (self._total - self._done)
            share = 100 * self._done // self._total
            self._console.print(f"  {self._stage}: {share} %, about {left:.0f} s left", highlight=False)
            self._spoke = now

    def note(self, message: str) -> None:
        """Notes are in the log."""

    def close(self) -> None:
        """Nothing to put back."""


class Pausing:
    """Progress that begins with the first stage, and again after every pause, so that a question can be asked.

    Args:
        make: Makes the progress that is shown.
        say: What happens to notes.
    """

    def __init__(self, make: Callable[[], Bars | Lines], say: Callable[[str], None]) -> None:
        self._make, self._say = make, say
        self._inner: Bars | Lines | None = None

    def start(self, stage: str, total: int) -> None:
        """Begin a stage."""
        self._inner = self._inner or self._make()
        self._inner.start(stage, total)

    def advance(self, steps: int = 1) -> None:
        """Pass on."""
        if self._inner is not None:
            self._inner.advance(steps)

    def note(self, message: str) -> None:
        """Say it."""
        self._say(message)

    def close(self) -> None:
        """Pause, or end."""
        if self._inner is not None:
            self._inner.close()
        self._inner = None


def progress_for(console: Console) -> Bars | Lines:
    """Bars in a terminal, lines elsewhere."""
    return Bars(console) if console.is_terminal else Lines(console)
