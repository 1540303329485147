"""How long work tells the user where it is. The library stays silent; the command line draws bars."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Receives what happens during a long run."""

    def start(self, stage: str, total: int) -> None:
        """A stage of `total` equal steps begins; the one before it has ended."""

    def advance(self, steps: int = 1) -> None:
        """Some steps of the current stage are done."""

    def note(self, message: str) -> None:
        """Something worth keeping in the log."""


class Silent:
    """Ignores everything."""

    def start(self, stage: str, total: int) -> None:
        """Ignore."""

    def advance(self, steps: int = 1) -> None:
        """Ignore."""

    def note(self, message: str) -> None:
        """Ignore."""
