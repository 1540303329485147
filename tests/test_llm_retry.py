"""When a call is made again, and when no more."""

from __future__ import annotations

import random
import threading
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pocketscore.errors import InputError, TeacherError
from pocketscore.llm.retry import Breaker, Retry, asked_wait


@given(st.integers(1, 2000), st.floats(0, 10), st.floats(0, 100), st.integers())
def test_waits_double_are_jittered_from_zero_and_never_pass_the_longest(
    failures: int, base_s: float, more_s: float, seed: int
) -> None:
    retry = Retry(base_s=base_s, most_s=base_s + more_s)
    wait = retry.delay(failures, random.Random(seed))
    assert 0 <= wait <= min(base_s * 2.0 ** min(failures - 1, 100), retry.most_s)
    assert wait == retry.delay(failures, random.Random(seed))


def test_callers_that_failed_together_do_not_come_back_together() -> None:
    chance = random.Random(0)
    waits = [Retry(base_s=1, most_s=60).delay(4, chance) for _ in range(1000)]
    assert len(set(waits)) == 1000
    assert min(waits) < 0.1
    assert max(waits) > 7.9
    assert sum(waits) / 1000 == pytest.approx(4, abs=0.3)


@given(st.floats(0, 1000), st.integers())
def test_a_server_that_asks_for_a_wait_gets_it_up_to_the_longest(asked_s: float, seed: int) -> None:
    retry = Retry(base_s=1, most_s=60)
    wait = retry.delay(1, random.Random(seed), asked_s)
    assert min(asked_s, 60) <= wait <= min(asked_s + 1, 60)


@pytest.mark.parametrize(
    ("header", "wait"),
    [
        (None, None), ("", None), ("soon", None), ("-3", None), ("1e9", None), ("²", None), ("nan", None),
        ("0", 0.0), (" 7 ", 7.0), ("1.5", 1.5), ("120", 120.0),
        ("Wed, 21 Oct 2026 07:28:00 GMT", 60.0),
        ("Wed, 21 Oct 2026 09:28:00 +0200", 60.0),
        ("Wed, 21 Oct 2026 07:28:00 -0000", 60.0),
        ("Wed, 21 Oct 2026 07:26:00 GMT", 0.0),
        ("Wed, 99 Oct 2026 07:26:00 GMT", None),
    ],
)  # fmt: skip
def test_retry_after_is_read_in_both_of_its_forms(header: str | None, wait: float | None) -> None:
    assert asked_wait(header, datetime(2026, 10, 21, 7, 27, tzinfo=UTC)) == wait


@given(st.text())
def test_any_header_is_read_or_ignored(header: str) -> None:
    wait = asked_wait(header)
    assert wait is None or wait >= 0


@pytest.mark.parametrize(("attempts", "base_s", "most_s"), [(0, 1, 2), (1, -1, 2), (1, 3, 2)])
def test_impossible_settings_are_refused(attempts: int, base_s: float, most_s: float) -> None:
    with pytest.raises(InputError):
        Retry(attempts, base_s, most_s)


def test_the_breaker_opens_after_failures_in_a_row_and_stays_open() -> None:
    breaker = Breaker(3)
    for reason in ("a", "b"):
        breaker.failed(reason)
    breaker.succeeded()
    for reason in ("c", "d"):
        breaker.failed(reason)
    breaker.check("server")
    breaker.failed("cut off")
    breaker.failed("later, while others were under way")
    with pytest.raises(TeacherError, match="server failed 3 times in a row, at last: cut off") as caught:
        breaker.check("server")
    assert "run the same command again" in caught.value.remedy
    breaker.succeeded()  # an answer that was still under way
    with pytest.raises(TeacherError):
        breaker.check("server")


def test_the_breaker_counts_the_failures_of_all_threads() -> None:
    breaker = Breaker(400)

    def fail() -> None:
        for _ in range(100):
            breaker.failed("x")

    threads = [threading.Thread(target=fail) for _ in range(4)]
    for thread in threads[:3]:
        thread.start()
    for thread in threads[:3]:
        thread.join()
    breaker.check("server")
    threads[3].start()
    threads[3].join()
    with pytest.raises(TeacherError):
        breaker.check("server")
