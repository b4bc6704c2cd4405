"""Statuses, and waiting: by a clock and sleeps of the test's own."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pulumi_tione._api.polling import intervals, wait_until
from pulumi_tione._api.status import Status, has_reached, is_known, is_terminal, status_of

ALL = [*Status]
TERMINAL = {"STOPPED", "FAILED", "SUCCEED", "SUBMIT_FAILED"}
ACTIVE = {"SUBMITTING", "PENDING", "STARTING", "RUNNING", "STOPPING"}


def test_the_statuses_are_spelled_as_the_api_spells_them() -> None:
    assert {status.value for status in Status} == TERMINAL | ACTIVE


@pytest.mark.parametrize("status", ALL)
def test_a_task_rests_where_a_run_has_ended(status: str) -> None:
    assert is_terminal(status) == (status in TERMINAL)


@pytest.mark.parametrize("status", ["PAUSED", "paused", "", "SUCCEEDED", "None"])
def test_a_status_that_nobody_has_heard_of_is_no_rest_and_nothing_that_is_waited_for(status: str) -> None:
    assert not is_known(status)
    assert not is_terminal(status)
    assert not any(has_reached(status, wanted) for wanted in ALL)
    assert status_of({"Status": status}) == status


@pytest.mark.parametrize("status", ALL)
def test_statuses_are_compared_without_regard_to_case(status: Status) -> None:
    for spelled in (status.value, status.value.lower(), status.value.title(), f" {status.value.lower()}\n"):
        assert is_known(spelled)
        assert is_terminal(spelled) == (status.value in TERMINAL)
        assert has_reached(spelled, status.value)
        assert status_of({"Status": spelled}) == status.value


@pytest.mark.parametrize("told", [{}, {"Status": None}, {"Status": 3}, {"Status": ["RUNNING"]}])
def test_a_status_that_is_no_text_is_none(told: dict[str, object]) -> None:
    assert status_of(told) == ""


REACHED = {
    "SUBMITTING": {"SUBMITTING", "PENDING", "STARTING", "RUNNING", "SUCCEED"},
    "PENDING": {"PENDING", "STARTING", "RUNNING", "SUCCEED"},
    "STARTING": {"STARTING", "RUNNING", "SUCCEED"},
    "RUNNING": {"RUNNING", "SUCCEED"},
    "SUCCEED": {"SUCCEED"},
    "STOPPING": {"STOPPING"},
    "STOPPED": {"STOPPED"},
    "FAILED": {"FAILED"},
    "SUBMIT_FAILED": {"SUBMIT_FAILED"},
}
"""What is waited for, and the statuses in which the wait is over."""


@pytest.mark.parametrize(("wanted", "status"), [*itertools.product(ALL, ALL)])
def test_a_status_that_was_passed_on_the_way_counts_as_reached(wanted: Status, status: Status) -> None:
    assert has_reached(status.value, wanted.value) == (status.value in REACHED[wanted.value])


def test_a_failed_task_may_never_have_run() -> None:
    assert not has_reached("FAILED", "RUNNING")
    assert not has_reached("STOPPED", "RUNNING")


@given(first=st.floats(0.01, 10), last=st.floats(0.01, 100))
@settings(max_examples=50, deadline=None, derandomize=True, database=None)
def test_the_pauses_grow_and_then_stay(first: float, last: float) -> None:
    pauses = list(itertools.islice(intervals(first, last), 60))
    assert pauses[0] == min(first, last)
    assert pauses == sorted(pauses)
    assert pauses[-1] == last


class Clock:
    """Time that passes only in sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.pauses: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


def test_nothing_is_waited_for_that_is_done_already() -> None:
    clock = Clock()
    assert wait_until(lambda: True, seconds=0, sleep=clock.sleep, clock=clock)
    assert clock.pauses == []


def test_a_wait_ends_with_the_look_that_finds_it_done() -> None:
    clock, looks = Clock(), iter([False, False, False, True])
    assert wait_until(lambda: next(looks), seconds=60, sleep=clock.sleep, clock=clock)
    assert len(clock.pauses) == 3
    assert clock.pauses == sorted(clock.pauses)


@pytest.mark.parametrize("seconds", [0.0, 1.0, 10.0, 1800.0])
def test_a_wait_gives_up_after_its_time_and_looks_once_more_before(seconds: float) -> None:
    clock = Clock()
    looked_at: list[float] = []

    def is_done() -> bool:
        looked_at.append(clock.now)
        return False

    assert not wait_until(is_done, seconds=seconds, sleep=clock.sleep, clock=clock)
    assert looked_at[0] == 1000
    assert looked_at[-1] == clock.now
    assert seconds <= clock.now - 1000 <= seconds + max([0.0, *clock.pauses])
    assert max([0.0, *clock.pauses]) <= 5


def test_what_a_look_raises_ends_the_wait() -> None:
    clock = Clock()

    def is_done() -> bool:
        raise LookupError("the service is gone")

    with pytest.raises(LookupError, match="the service is gone"):
        wait_until(is_done, seconds=60, sleep=clock.sleep, clock=clock)
