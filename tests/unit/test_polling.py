"""Polling, by a clock and sleeps of the test's own.

The polls of waits are in `test_waiter.py`.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pulumi_tione._api.polling import Attempts, backoff, poll, poll_async


@given(first=st.floats(0.01, 10), maximum=st.floats(0.01, 100))
@settings(max_examples=50, deadline=None, derandomize=True, database=None)
def test_the_pauses_grow_and_then_stay(first: float, maximum: float) -> None:
    pauses = list(itertools.islice(backoff(first, maximum), 60))
    assert pauses[0] == min(first, maximum)
    assert pauses == sorted(pauses)
    assert pauses[-1] == maximum


class Clock:
    """Time that passes only in sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.pauses: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        assert seconds >= 0
        self.pauses.append(seconds)
        self.now += seconds


def sync_poll(clock: Clock, fetch: Callable[[], Any], **how: Any) -> Any:
    return poll(fetch, sleep=clock.sleep, clock=clock, **how)


def async_poll(clock: Clock, fetch: Callable[[], Any], **how: Any) -> Any:
    async def fetch_async() -> Any:
        return fetch()

    async def sleep(seconds: float) -> None:
        clock.sleep(seconds)

    return asyncio.run(poll_async(fetch_async, sleep=sleep, clock=clock, **how))


both = pytest.mark.parametrize("run", [sync_poll, async_poll])
Run = Callable[..., Any]


def results(*values: Any) -> Callable[[], Any]:
    """Return a fetch that returns one value after the other, and raises those that are errors."""
    remaining: Iterator[Any] = iter(values)

    def fetch() -> Any:
        value = next(remaining)
        if isinstance(value, Exception):
            raise value
        return value

    return fetch


@both
def test_what_is_done_already_takes_no_pause(run: Run) -> None:
    clock = Clock()
    assert run(clock, results("value"), timeout=0) == "value"
    assert clock.pauses == []


@both
def test_polling_ends_with_the_attempt_that_finds_it_done(run: Run) -> None:
    clock = Clock()
    assert run(clock, results(1, 2, 3, 4, 5), is_done=lambda value: value == 4, timeout=None) == 4
    assert clock.pauses == pytest.approx([0.2, 0.3, 0.45])


@both
@pytest.mark.parametrize("timeout", [0.0, 0.1, 1.0, 10.0, 1800.0])
def test_the_last_attempt_is_made_exactly_at_the_timeout(run: Run, timeout: float) -> None:
    clock = Clock()
    attempts: list[float] = []

    def fetch() -> bool:
        attempts.append(clock.now)
        return False

    assert run(clock, fetch, timeout=timeout) is False
    assert attempts[0] == 1000
    assert attempts[-1] == pytest.approx(1000 + timeout)
    assert max([0.0, *clock.pauses]) <= 5


@both
def test_a_fetch_that_takes_longer_than_the_timeout_is_not_repeated(run: Run) -> None:
    clock = Clock()

    def fetch() -> bool:
        clock.now += 100
        return False

    assert run(clock, fetch, timeout=60) is False
    assert clock.pauses == []


@both
def test_the_first_and_the_longest_pause_can_be_chosen(run: Run) -> None:
    clock = Clock()
    run(clock, results(0, 0, 0, 0, 1), timeout=None, first_pause=1, max_pause=2)
    assert clock.pauses == [1, 1.5, 2, 2]


@both
def test_the_number_of_attempts_can_be_limited_whatever_time_they_take(run: Run) -> None:
    clock = Clock()

    def fetch() -> bool:
        clock.now += 100
        return False

    assert run(clock, fetch, timeout=None, max_attempts=3, first_pause=1, growth=1) is False
    assert clock.pauses == [1, 1]
    assert run(clock, results(1, 0), is_done=lambda value: value == 0, timeout=None, max_attempts=1) == 1
    with pytest.raises(OSError, match="down"):
        run(clock, results(OSError("down"), OSError("down")), timeout=None, max_attempts=2, is_tolerated=lambda _: True)


@both
def test_an_error_ends_the_poll_unless_it_is_tolerated(run: Run) -> None:
    clock = Clock()
    with pytest.raises(LookupError, match="gone"):
        run(clock, results(LookupError("gone"), "value"), timeout=60)
    with pytest.raises(LookupError, match="gone"):
        run(clock, results(LookupError("gone"), "value"), timeout=60, is_tolerated=lambda e: isinstance(e, OSError))
    value = run(clock, results(OSError("down"), "value"), timeout=60, is_tolerated=lambda e: isinstance(e, OSError))
    assert value == "value"


@both
def test_an_error_of_the_check_counts_like_one_of_the_fetch(run: Run) -> None:
    def is_done(value: object) -> bool:
        raise LookupError("unreadable")

    with pytest.raises(LookupError, match="unreadable"):
        run(Clock(), results("value"), is_done=is_done, timeout=60)


@both
def test_the_error_of_the_last_attempt_is_raised_at_the_timeout(run: Run) -> None:
    def fetch() -> bool:
        raise OSError("down")

    clock = Clock()
    with pytest.raises(OSError, match="down"):
        run(clock, fetch, timeout=60, is_tolerated=lambda _: True)
    assert clock.now == pytest.approx(1060)


@both
def test_an_error_before_the_last_attempt_is_forgotten(run: Run) -> None:
    assert run(Clock(), results(OSError("down"), False), timeout=0.1, is_tolerated=lambda _: True) is False


@both
def test_tolerated_errors_are_reported_with_the_time_since_the_last_success(run: Run) -> None:
    clock, reported = Clock(), list[float]()
    fetch = results(OSError("down"), OSError("down"), False, OSError("down"), OSError("down"), True)
    run(
        clock,
        fetch,
        timeout=None,
        first_pause=10,
        max_pause=10,
        is_tolerated=lambda _: True,
        on_error=lambda _, seconds: reported.append(seconds),
    )
    assert reported == [0, 10, 10, 20]


@both
def test_the_report_of_an_error_may_end_the_poll(run: Run) -> None:
    def on_error(error: Exception, seconds: float) -> None:
        if seconds >= 30:
            raise TimeoutError(f"down for {seconds:.0f} s")

    clock = Clock()
    fetch = results(*[OSError("down")] * 100)
    with pytest.raises(TimeoutError, match="down for 30 s"):
        run(clock, fetch, timeout=None, first_pause=5, is_tolerated=lambda _: True, on_error=on_error)


@both
def test_an_interruption_is_never_tolerated(run: Run) -> None:
    def fetch() -> bool:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(Clock(), fetch, timeout=None, is_tolerated=lambda _: True)


def test_progress_starts_the_pauses_anew_and_counts_as_a_success() -> None:
    clock, reported = Clock(), list[float]()
    attempts = Attempts(
        timeout=None,
        first_pause=1,
        max_pause=10,
        is_tolerated=lambda _: True,
        on_error=lambda _, seconds: reported.append(seconds),
        clock=clock,
    )
    for number, _ in enumerate(attempts.paced(clock.sleep)):
        with attempts:
            if number == 3:
                clock.now += 100
                attempts.restart_backoff()
                raise OSError("after some progress")
            if number == 5:
                break
    assert clock.pauses == [1, 1.5, 2.25, 1, 1.5]
    assert reported == [0]
