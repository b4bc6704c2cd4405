"""Our own rate limit, by a clock and sleeps of the test's own."""

from __future__ import annotations

import threading

from pulumi_tione._api.rate_limit import REQUESTS, RateLimiter


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


def sent(pace: RateLimiter, clock: Clock, action: str, count: int) -> list[float]:
    """When each of so many requests was let pass."""
    times = []
    for _ in range(count):
        pace.wait(action, lambda _: None)
        times.append(clock.now)
    return times


def test_as_many_requests_as_the_service_takes_in_a_second_are_not_held_back() -> None:
    clock = Clock()
    assert sent(RateLimiter(clock.sleep, clock), clock, "CreateTrainingTask", REQUESTS) == [5000.0] * REQUESTS
    assert clock.pauses == []


def test_never_more_than_the_service_takes_are_sent_in_any_one_second() -> None:
    clock = Clock()
    times = sent(RateLimiter(clock.sleep, clock), clock, "CreateTrainingTask", 10 * REQUESTS)
    assert all(later - earlier > 1 for earlier, later in zip(times, times[REQUESTS:], strict=False))
    assert times[-1] - times[0] < 10 * 1.2


def test_each_action_has_a_limit_of_its_own() -> None:
    clock = Clock()
    pace = RateLimiter(clock.sleep, clock)
    for action in ("CreateTrainingTask", "DescribeTrainingTask", "DescribeTrainingTasks"):
        sent(pace, clock, action, REQUESTS)
    assert clock.pauses == []


def test_a_wait_that_others_make_long_is_announced_once() -> None:
    clock = Clock()
    said: list[str] = []
    rounds_of_others = 3

    def sleep(seconds: float) -> None:
        """While we sleep, others take every place that becomes free, for some rounds."""
        nonlocal rounds_of_others
        clock.sleep(seconds)
        if rounds_of_others:
            rounds_of_others -= 1
            sent(pace, clock, "CreateTrainingTask", REQUESTS)

    pace = RateLimiter(sleep, clock)
    sent(pace, clock, "CreateTrainingTask", REQUESTS)
    pace.wait("CreateTrainingTask", said.append)
    assert clock.now - 5000 > 3
    assert said == ["waiting: the service takes 20 CreateTrainingTask a second"]


def test_a_short_wait_is_not_announced_even_if_somebody_else_was_faster() -> None:
    clock = Clock()
    said: list[str] = []
    is_somebody_faster = True

    def sleep(seconds: float) -> None:
        nonlocal is_somebody_faster
        clock.sleep(seconds)
        if is_somebody_faster:
            is_somebody_faster = False
            sent(pace, clock, "CreateTrainingTask", REQUESTS // 2)

    pace = RateLimiter(sleep, clock)
    for _ in range(2):
        sent(pace, clock, "CreateTrainingTask", REQUESTS // 2)
        clock.now += 0.45
    pace.wait("CreateTrainingTask", said.append)
    assert len(clock.pauses) > 1
    assert sum(clock.pauses) < 1
    assert said == []


def test_all_threads_share_one_limit() -> None:
    count = 5 * REQUESTS
    clock = Clock()
    pace = RateLimiter(clock.sleep, clock)
    threads = [threading.Thread(target=pace.wait, args=("CreateTrainingTask", lambda _: None)) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=10)
    assert not any(thread.is_alive() for thread in threads)
    assert sum(clock.pauses) >= (count / REQUESTS - 1) * 1.0
