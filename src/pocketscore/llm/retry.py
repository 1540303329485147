"""When a failed call is made again, and when it is time to stop calling."""

from __future__ import annotations

import email.utils
import random
import threading
from dataclasses import dataclass
from datetime import UTC, datetime

from pocketscore.errors import InputError, TeacherError


@dataclass(frozen=True)
class Retry:
    """How often and how soon a failed call is made again.

    Attributes:
        attempts: Times that a call is made at most, the first one counted.
        base_s: Longest wait after the first failure; it doubles with each further one.
        most_s: Longest wait of all, also where a server asks for more.
    """

    attempts: int = 5
    base_s: float = 1.0
    most_s: float = 60.0

    def __post_init__(self) -> None:
        if not (self.attempts >= 1 and 0 <= self.base_s <= self.most_s):
            raise InputError(
                f"{self.attempts} attempts, {self.base_s} to {self.most_s} s between them",
                "take at least one attempt and times of at least 0 in ascending order",
            )

    def delay(self, failures: int, chance: random.Random, asked_s: float | None = None) -> float:
        """Seconds to wait after some failures in a row.

        Anything from 0 to the longest wait is as likely (full jitter), so that callers which failed together do not
        come back together. Where a server asks for a wait, it gets that and a part of `base_s` on top, up to `most_s`.

        Args:
            failures: Failures of this call until now, at least 1.
            chance: Where randomness comes from.
            asked_s: What the server asked for (`Retry-After`), None if it did not.
        """
        if asked_s is not None:
            return min(asked_s + chance.random() * self.base_s, self.most_s)
        return chance.random() * min(self.base_s * 2.0 ** min(failures - 1, 64), self.most_s)


def asked_wait(header: str | None, now: datetime | None = None) -> float | None:
    """Seconds that a `Retry-After` header asks for, at least 0; None without a header that can be read.

    Args:
        header: A number of seconds or an HTTP date.
        now: The time, for dates; left out, the clock's.

    >>> asked_wait("2"), asked_wait("Wed, 21 Oct 2026 07:28:00 GMT", datetime(2026, 10, 21, 7, 27, tzinfo=UTC))
    (2.0, 60.0)
    >>> asked_wait("soon") is None
    True
    """
    text = (header or "").strip()
    if text.isascii() and text.replace(".", "", 1).isdigit():
        return float(text)
    try:
        when = email.utils.parsedate_to_datetime(text)
    except ValueError:
        return None
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    return max((when - (now or datetime.now(UTC))).total_seconds(), 0.0)


class Breaker:
    """Stops a run whose server is dead, before it fails every single row.

    Safe to share between threads.

    Args:
        threshold: Failures in a row, of any calls, after which nothing is called any more.
    """

    def __init__(self, threshold: int = 20) -> None:
        self._threshold = threshold
        self._lock = threading.Lock()
        self._failures = 0
        self._last = ""

    def succeeded(self) -> None:
        """Count anew, unless it is too late."""
        with self._lock:
            if self._failures < self._threshold:
                self._failures = 0

    def failed(self, reason: str) -> None:
        """Count a failure."""
        with self._lock:
            self._failures += 1
            self._last = reason if self._failures <= self._threshold else self._last

    def check(self, name: str) -> None:
        """Raise TeacherError when too many calls in a row have failed.

        Args:
            name: Whom the calls go to.
        """
        with self._lock:
            if self._failures >= self._threshold:
                raise TeacherError(
                    f"{name} failed {self._threshold} times in a row, at last: {self._last}",
                    "see whether the server is well, then run the same command again: what was answered is kept",
                )
