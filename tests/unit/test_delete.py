"""Delete: stop what runs, wait until it has ended, delete it. Over a service whose tasks live by the test's clock.

Every request and the whole text of errors are in `test_stop_and_delete.py`; whether a task is gone is in
`test_existence.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import fake_api
import pytest
from calls import recorded_task
from fake_api import PROCEED, TERMINAL, FakeApi

from pulumi_tione.errors import ApiError, RequestNotSentError, TaskError, TioneError
from pulumi_tione.lifecycle.delete import delete

OUTPUTS: dict[str, Any] = {
    "name": "bert",
    "region": "ap-guangzhou",
    "status": "RUNNING",
    "uin": "100",
    "createTime": "2025-08-01T10:00:00+08",
}
ACTIVE = ["SUBMITTING", "PENDING", "STARTING", "RUNNING", "PAUSED"]


def fake(status: str | None, **settings: Any) -> FakeApi:
    """Return a fake with one task in this status, or without one."""
    return FakeApi(**settings) if status is None else FakeApi.with_task(facts={"Status": status}, **settings)


def refusal(code: str) -> ApiError:
    return fake_api.refusal(code, "StopTrainingTask")


def deleted(service: FakeApi, outputs: Mapping[str, Any] = OUTPUTS) -> FakeApi:
    delete(recorded_task(service, "train-1", outputs))
    assert service.status is None
    return service


@pytest.mark.parametrize("status", TERMINAL)
def test_delete_takes_a_task_at_end_at_once_and_does_not_stop_it(status: str) -> None:
    service = deleted(fake(status))
    assert service.writes == ["delete train-1"]
    assert service.now == 0


@pytest.mark.parametrize("status", ACTIVE)
def test_delete_stops_an_active_task_first_and_waits_until_it_has_ended(status: str) -> None:
    service = deleted(fake(status, seconds_to_stop=60))
    assert service.writes == ["stop train-1", "delete train-1"]
    assert 60 <= service.now < 66


def test_delete_only_waits_for_a_task_that_is_being_stopped_already() -> None:
    service = fake("STOPPING", seconds_to_stop=30)
    service.put("train-1", Status="STOPPING")
    deleted(service)
    assert service.writes == ["delete train-1"]
    assert 30 <= service.now < 36


@pytest.mark.parametrize("ends", ["STOPPED", "FAILED", "SUCCEED", "SUBMIT_FAILED"])
def test_however_a_task_ends_it_is_deleted(ends: str) -> None:
    assert deleted(fake("RUNNING", ends=ends)).writes == ["stop train-1", "delete train-1"]


def test_a_task_that_is_gone_already_is_deleted() -> None:
    assert deleted(fake(None)).writes == []


def test_a_task_that_goes_while_it_is_waited_for_is_deleted() -> None:
    service = fake("RUNNING")
    service.trouble("stop", lambda task_id: service.put(task_id))
    assert deleted(service).writes == ["stop train-1"]


def test_a_task_that_no_list_shows_is_looked_at_itself() -> None:
    service = fake("RUNNING")
    service.always("list", list)
    assert deleted(service).writes == ["stop train-1", "delete train-1"]


@pytest.mark.parametrize(
    "code", ["InternalError.UnSubmittedStatusNotAllowStop", "FailedOperation.UnSubmitNotAllowToStop"]
)
def test_a_task_that_cannot_be_stopped_yet_is_asked_again(code: str) -> None:
    service = fake("SUBMITTING")
    service.trouble("stop", *[refusal(code)] * 4)
    assert deleted(service).writes == ["stop train-1"] * 5 + ["delete train-1"]


@pytest.mark.parametrize(
    "code", ["InternalError.NotAllow", "OperationDenied.NotAllow", "InvalidParameterValue.NotAllow"]
)
def test_a_task_that_comes_to_end_between_poll_and_stop_is_deleted(code: str) -> None:
    service = fake("RUNNING")

    def just_finished(task_id: str) -> None:
        service.put(task_id, Status="SUCCEED")
        raise refusal(code)

    service.trouble("stop", just_finished)
    assert deleted(service).writes == ["stop train-1", "delete train-1"]


@pytest.mark.parametrize("code", ["ResourceNotFound", "FailedOperation.RecordNotFound"])
def test_a_task_that_goes_between_poll_and_stop_is_deleted(code: str) -> None:
    service = fake("RUNNING")

    def just_gone(task_id: str) -> None:
        service.put(task_id)
        raise refusal(code)

    service.trouble("stop", just_gone)
    assert deleted(service).writes == ["stop train-1"]


def test_a_preempted_task_that_was_started_again_meanwhile_is_stopped_again() -> None:
    service = fake("RUNNING", ends="PENDING")

    def stop_for_good(_: str) -> object:
        service.ends = "STOPPED"
        return PROCEED

    service.trouble("stop", lambda _: PROCEED, stop_for_good)
    deleted(service)
    assert service.writes == ["stop train-1", "stop train-1", "delete train-1"]


@pytest.mark.parametrize(
    "code", ["UnauthorizedOperation", "AuthFailure.TokenFailure", "InvalidParameter", "Unheard.Of"]
)
def test_a_stop_that_is_refused_for_good_is_an_error_and_the_task_is_not_deleted(code: str) -> None:
    service = fake("RUNNING")
    service.trouble("stop", refusal(code))
    with pytest.raises(ApiError, match=code):
        delete(recorded_task(service, "train-1", OUTPUTS))
    assert service.writes == ["stop train-1"]
    assert service.status == "RUNNING"


def test_a_delete_that_is_refused_is_an_error() -> None:
    service = fake("STOPPED")
    service.trouble("delete", fake_api.refusal("UnauthorizedOperation", "DeleteTrainingTask"))
    with pytest.raises(ApiError, match="UnauthorizedOperation"):
        delete(recorded_task(service, "train-1", OUTPUTS))


@pytest.mark.parametrize(
    "error",
    [
        RequestNotSentError("DescribeTrainingTask was not sent"),
        fake_api.refusal("AuthFailure.TokenFailure", "Describe"),
    ],
    ids=repr,
)
def test_a_task_that_cannot_be_looked_at_is_neither_stopped_nor_deleted(error: TioneError) -> None:
    service = fake("RUNNING")
    service.always("describe", error)
    service.always("list", error)
    with pytest.raises(type(error)):
        delete(recorded_task(service, "train-1", OUTPUTS))
    assert service.writes == []


def test_a_task_that_does_not_come_to_end_is_an_error_that_shows_that_it_may_cost_money() -> None:
    service = fake("RUNNING", seconds_to_stop=7200)
    with pytest.raises(TaskError) as caught:
        delete(recorded_task(service, "train-1", OUTPUTS))
    text = str(caught.value)
    assert "training task 'bert' (train-1)" in text
    assert "STOPPING" in text
    assert "30 minutes" in text
    assert "cost money" in text
    assert "\n" not in text
    assert 1800 <= service.now < 1806
    assert service.writes == ["stop train-1"]


def test_a_task_that_can_never_be_stopped_is_an_error_with_the_services_own_refusal() -> None:
    service = fake("SUBMITTING")
    service.always("stop", refusal("InternalError.UnSubmittedStatusNotAllowStop"))
    with pytest.raises(TaskError, match=r"SUBMITTING.*InternalError\.UnSubmittedStatusNotAllowStop.*r-1"):
        delete(recorded_task(service, "train-1", OUTPUTS))
    assert "delete train-1" not in service.writes


def test_the_workspace_of_the_task_is_named_in_every_call() -> None:
    service = deleted(fake("RUNNING"), {**OUTPUTS, "tiProjectId": "p-1"})
    assert {*service.asked_workspaces} == {"p-1"}


@pytest.mark.parametrize(
    ("recorded", "account", "words"),
    [("100", "200", ["100", "200", "may still run"]), ("", "100", ["does not record its account"])],
    ids=["another account", "no account recorded"],
)
def test_a_task_that_is_only_out_of_sight_does_not_pass_for_gone(recorded: str, account: str, words: list[str]) -> None:
    service = fake(None, account=account)
    with pytest.raises(TaskError) as caught:
        delete(recorded_task(service, "train-1", {**OUTPUTS, "uin": recorded}))
    assert all(word in str(caught.value) for word in words)
    assert "ap-guangzhou" in str(caught.value)
