"""The statuses of a task: which are terminal, which is known, which was reached."""

from __future__ import annotations

import itertools

import pytest

from pulumi_tione._api.status import Status, is_at_or_past, is_known, is_terminal, status_of

ALL = [*Status]
TERMINAL = {"STOPPED", "FAILED", "SUCCEED", "SUBMIT_FAILED"}
ACTIVE = {"SUBMITTING", "PENDING", "STARTING", "RUNNING", "STOPPING"}


def test_the_statuses_are_spelled_as_the_api_spells_them() -> None:
    assert {status.value for status in Status} == TERMINAL | ACTIVE


@pytest.mark.parametrize("status", ALL)
def test_a_status_is_terminal_when_the_run_has_ended(status: str) -> None:
    assert is_terminal(status) == (status in TERMINAL)


@pytest.mark.parametrize("status", ["PAUSED", "paused", "", "SUCCEEDED", "None"])
def test_an_unknown_status_is_neither_terminal_nor_what_is_waited_for(status: str) -> None:
    assert not is_known(status)
    assert not is_terminal(status)
    assert not any(is_at_or_past(status, target) for target in ALL)
    assert status_of({"Status": status}) == status


@pytest.mark.parametrize("status", ALL)
def test_statuses_are_compared_without_regard_to_case(status: Status) -> None:
    for spelled in (status.value, status.value.lower(), status.value.title(), f" {status.value.lower()}\n"):
        assert is_known(spelled)
        assert is_terminal(spelled) == (status.value in TERMINAL)
        assert is_at_or_past(spelled, status.value)
        assert status_of({"Status": spelled}) == status.value


@pytest.mark.parametrize("task", [{}, {"Status": None}, {"Status": 3}, {"Status": ["RUNNING"]}])
def test_a_status_that_is_no_text_is_none(task: dict[str, object]) -> None:
    assert status_of(task) == ""


AT_OR_PAST = {
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


@pytest.mark.parametrize(("target", "status"), [*itertools.product(ALL, ALL)])
def test_a_status_that_was_passed_on_the_way_counts(target: Status, status: Status) -> None:
    assert is_at_or_past(status.value, target.value) == (status.value in AT_OR_PAST[target.value])


def test_a_failed_task_may_never_have_run() -> None:
    assert not is_at_or_past("FAILED", "RUNNING")
    assert not is_at_or_past("STOPPED", "RUNNING")
