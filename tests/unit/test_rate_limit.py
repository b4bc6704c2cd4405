"""Our own rate limit, by a clock and sleeps of the test's own.

The limit of the emulator is in `tests/emulator/test_limits.py`.
"""

from __future__ import annotations

import threading

import pytest

from pulumi_tione._api.rate_limit import MAX_REQUESTS_PER_SECOND as LIMIT
from pulumi_tione._api.rate_limit import RateLimiter
from pulumi_tione.call_context import CallContext, CallEndedError, handling


class Clock:
    """Time that passes only in sleeps, for any number of threads."""

    def __init__(self) -> None:
        self.now = 5000.0
        self.pauses: list[float] = []
        self._lock = threading.Lock()

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        with self._lock:
            self.pauses.append(seconds)
            self.now += seconds


def sent(limiter: RateLimiter, clock: Clock, action: str, count: int) -> list[float]:
    """When each of the requests was let pass."""
    times = []
    for _ in range(count):
        limiter.wait(action, lambda _: None)
        times.append(clock.now)
    return times


def test_as_many_requests_as_the_service_takes_in_a_second_are_not_held_back() -> None:
    clock = Clock()
    assert sent(RateLimiter(clock.sleep, clock), clock, "CreateTrainingTask", LIMIT) == [5000.0] * LIMIT
    assert clock.pauses == []


def test_never_more_than_the_service_takes_are_sent_in_any_one_second() -> None:
    clock = Clock()
    times = sent(RateLimiter(clock.sleep, clock), clock, "CreateTrainingTask", 10 * LIMIT)
    assert all(later - earlier > 1 for earlier, later in zip(times, times[LIMIT:], strict=False))
    assert times[-1] - times[0] < 10 * 1.2


def test_list_calls_leave_room_for_the_polls_of_another_process() -> None:
    clock = Clock()
    lists = sent(RateLimiter(clock.sleep, clock), clock, "DescribeTrainingTasks", 10 * LIMIT)
    others = sent(RateLimiter(clock.sleep, clock), clock, "DescribeTrainingTask", 10 * LIMIT)
    assert LIMIT - 2 < 9 * LIMIT / (lists[-1] - lists[0]) < LIMIT - 1
    assert LIMIT - 1 < 9 * LIMIT / (others[-1] - others[0]) < LIMIT


def test_each_action_has_a_limit_of_its_own() -> None:
    clock = Clock()
    limiter = RateLimiter(clock.sleep, clock)
    for action in ("CreateTrainingTask", "DescribeTrainingTask", "DescribeTrainingTasks"):
        sent(limiter, clock, action, LIMIT)
    assert clock.pauses == []


def test_a_wait_that_others_make_long_is_shown_once() -> None:
    clock = Clock()
    shown: list[str] = []
    rounds_of_others = 3

    def sleep(seconds: float) -> None:
        """While we sleep, others take every place that becomes free, for some rounds."""
        nonlocal rounds_of_others
        clock.sleep(seconds)
        if rounds_of_others:
            rounds_of_others -= 1
            sent(limiter, clock, "CreateTrainingTask", LIMIT)

    limiter = RateLimiter(sleep, clock)
    sent(limiter, clock, "CreateTrainingTask", LIMIT)
    limiter.wait("CreateTrainingTask", shown.append)
    assert clock.now - 5000 > 3
    assert shown == ["waiting: the service accepts 20 CreateTrainingTask per second"]


def test_a_wait_is_shown_when_it_has_lasted_for_more_than_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    shown: list[tuple[float, str]] = []
    pauses = iter([0.5, 0.5, 0.25, 0.25, 1.0])
    limiter = RateLimiter(clock.sleep, clock)
    monkeypatch.setattr(limiter, "_pause", lambda _: next(pauses, None))
    limiter.wait("CreateTrainingTask", lambda text: shown.append((clock.now - 5000, text)))
    assert [seconds for seconds, _ in shown] == [1.25]
    assert clock.now - 5000 == 2.5


@pytest.mark.parametrize(("after", "pause"), [(0.5, 0.521), (1.019, 0.002), (1.02, 0.001), (1.021, 0)])
def test_the_next_place_is_free_when_the_window_of_the_first_request_is_over(after: float, pause: float) -> None:
    clock = Clock()
    limiter = RateLimiter(clock.sleep, clock)
    sent(limiter, clock, "CreateTrainingTask", LIMIT)
    clock.now += after
    limiter.wait("CreateTrainingTask", lambda _: None)
    assert clock.pauses == ([pause] if pause else [])


def test_what_is_remembered_of_requests_does_not_grow() -> None:
    clock = Clock()
    limiter = RateLimiter(clock.sleep, clock)
    sent(limiter, clock, "CreateTrainingTask", 10 * LIMIT)
    assert limiter._buckets["CreateTrainingTask"].count() <= LIMIT


def test_a_short_wait_is_not_announced_even_if_somebody_else_was_faster() -> None:
    clock = Clock()
    shown: list[str] = []
    is_somebody_faster = True

    def sleep(seconds: float) -> None:
        nonlocal is_somebody_faster
        clock.sleep(seconds)
        if is_somebody_faster:
            is_somebody_faster = False
            sent(limiter, clock, "CreateTrainingTask", LIMIT // 2)

    limiter = RateLimiter(sleep, clock)
    for _ in range(2):
        sent(limiter, clock, "CreateTrainingTask", LIMIT // 2)
        clock.now += 0.45
    limiter.wait("CreateTrainingTask", shown.append)
    assert len(clock.pauses) > 1
    assert sum(clock.pauses) < 1
    assert shown == []


def test_all_threads_share_one_limit() -> None:
    count = 5 * LIMIT
    clock = Clock()
    limiter = RateLimiter(clock.sleep, clock)
    threads = [threading.Thread(target=limiter.wait, args=("CreateTrainingTask", lambda _: None)) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=10)
    assert not any(thread.is_alive() for thread in threads)
    assert sum(clock.pauses) >= (count / LIMIT - 1) * 1.0


# A call that ends.


def test_calls_that_are_cancelled_while_they_are_delayed_end_at_once_and_take_no_place() -> None:
    clock = Clock()
    limiter = RateLimiter(clock=clock)
    sent(limiter, clock, "DeleteTrainingTask", LIMIT)
    context = CallContext()
    ended: list[str] = []

    def delete() -> None:
        with handling(context):
            try:
                limiter.wait("DeleteTrainingTask", lambda _: None)
            except CallEndedError as error:
                ended.append(str(error))

    threads = [threading.Thread(target=delete, daemon=True) for _ in range(5)]
    for thread in threads:
        thread.start()
    assert ended == []
    context.cancelled.set()
    for thread in threads:
        thread.join(10)
    assert ended == ["cancelled"] * 5
    clock.now += 1.1
    assert limiter._pause("DeleteTrainingTask") is None
    assert sent(limiter, clock, "DeleteTrainingTask", LIMIT - 1) == [clock.now] * (LIMIT - 1)


def test_a_call_in_which_there_may_be_a_task_waits_for_its_turn_although_it_is_cancelled() -> None:
    clock = Clock()
    limiter = RateLimiter(clock=clock)
    sent(limiter, clock, "DescribeTrainingTasks", LIMIT)
    context = CallContext(pause=clock.sleep, clock=clock)
    context.cancelled.set()
    context.ignore_cancellation()
    with handling(context):
        limiter.wait("DescribeTrainingTasks", lambda _: None)
    assert clock.now - 5000 == pytest.approx(sum(clock.pauses))
    assert clock.now - 5000 > 1
