"""The arguments of `wait_for`, checked before anything is created."""

from __future__ import annotations

import typing
from datetime import timedelta

import pytest

from pulumi_tione._api.status import Status, TaskStatus
from pulumi_tione._wait.arguments import check_call, check_flag, statuses_of, timeout_of


@pytest.mark.parametrize(
    ("timeout", "seconds"),
    [(60, 60), (0.5, 0.5), (0, 0), ("1h", 3600), ("1h30m", 5400), ("90s", 90), (timedelta(days=1), 86_400)],
)
def test_a_timeout_is_seconds_a_timedelta_or_a_text(timeout: object, seconds: float) -> None:
    assert timeout_of(timeout) == timedelta(seconds=seconds)


def test_without_a_timeout_there_is_no_limit() -> None:
    assert timeout_of(None) is None


@pytest.mark.parametrize(
    "timeout",
    ["", "60", "soon", "1 hour", float("nan"), float("inf"), 1e300, True, [1], {}, b"1h", object(), "9" * 40 + "d"],
    ids=lambda value: str(value)[:10],
)
def test_another_timeout_is_refused_with_the_forms_that_are_accepted(timeout: object) -> None:
    with pytest.raises(ValueError, match=r"is not a duration\. Pass seconds, a timedelta, or a text such as 90s, 10m"):
        timeout_of(timeout)


@pytest.mark.parametrize("timeout", [-1, -0.1, timedelta(seconds=-1)], ids=str)
def test_a_negative_timeout_is_refused(timeout: object) -> None:
    with pytest.raises(ValueError, match=r"is negative\. Leave it out to wait without a limit") as refused:
        timeout_of(timeout)
    assert f"timeout={timeout!r} " in str(refused.value)


def test_only_what_has_both_members_of_an_output_is_called_one() -> None:
    class Promise:
        future = None

    with pytest.raises(ValueError, match=r"Promise object at .* is not a status"):
        statuses_of(Promise())


def test_statuses_are_one_or_several() -> None:
    assert statuses_of("SUCCEED") == ("SUCCEED",)
    assert statuses_of(["SUCCEED", "FAILED"]) == ("SUCCEED", "FAILED")
    assert statuses_of(Status.RUNNING) == (Status.RUNNING,)


@pytest.mark.parametrize("status", ["SUCCEEDED", "succeed", "", ["SUCCEED", "DONE"], [None], None, 7])
def test_another_status_is_refused_with_those_that_exist(status: object) -> None:
    with pytest.raises(
        ValueError, match=r"is not a status of a training task(\.|; did you mean SUCCEED\?) Use SUBMITTING, PENDING"
    ):
        statuses_of(status)


def test_no_status_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^wait_for needs a status: pass one, such as SUCCEED, or several$"):
        statuses_of([])


def test_the_refused_value_is_shown() -> None:
    with pytest.raises(ValueError, match=r"^timeout='soon' is not a duration\."):
        timeout_of("soon")
    for value in (1, 0, "yes", None):
        with pytest.raises(ValueError, match=rf"^logs={value!r} must be True or False$"):
            check_flag("logs", value)
    check_flag("logs", True)
    check_flag("logs", False)


def test_type_checkers_know_the_same_statuses() -> None:
    assert typing.get_args(TaskStatus) == tuple(Status)


@pytest.mark.parametrize(("status", "nearest"), [("SUCCEEDED", "SUCCEED"), ("running", "RUNNING"), ("FAIL", "FAILED")])
def test_the_nearest_status_is_suggested(status: str, nearest: str) -> None:
    with pytest.raises(ValueError, match=rf"^'{status}' is not a status .*; did you mean {nearest}\? Use "):
        statuses_of(status)


@pytest.mark.parametrize("value", ["yes", 1, None, "True"])
def test_a_flag_is_true_or_false(value: object) -> None:
    check_flag("logs", True)
    with pytest.raises(ValueError, match=r"^logs=.* must be True or False$"):
        check_flag("logs", value)


def test_an_argument_that_a_method_does_not_have_is_refused_with_the_nearest_one() -> None:
    def wait_for(status: str, *, timeout: int = 0) -> None: ...

    check_call(wait_for, "SUCCEED", timeout=5)
    with pytest.raises(ValueError, match=r"^wait_for: .*'timout'; did you mean timeout\?$"):
        check_call(wait_for, "SUCCEED", timout=5)
    with pytest.raises(ValueError, match=r"^wait_for: .*'status'$"):
        check_call(wait_for)
