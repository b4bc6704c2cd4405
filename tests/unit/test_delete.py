"""Delete: stop what runs, wait until it rests, delete it. Over a service whose tasks live by the test's clock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from pulumi_tione._api.client import Client
from pulumi_tione.errors import ApiError, RequestNotSentError, TaskError, TioneError
from pulumi_tione.lifecycle import existence
from pulumi_tione.lifecycle.delete import delete

OUTPUTS: dict[str, Any] = {
    "name": "bert",
    "region": "ap-guangzhou",
    "status": "RUNNING",
    "uin": "100",
    "createTime": "2025-08-01T10:00:00+08",
}
NOW = datetime(2025, 8, 1, 3, 0, tzinfo=timezone.utc)
"""An hour after the task's creation."""

TERMINAL = ["STOPPED", "FAILED", "SUCCEED", "SUBMIT_FAILED"]
ACTIVE = ["SUBMITTING", "PENDING", "STARTING", "RUNNING", "PAUSED"]


@pytest.fixture(autouse=True)
def no_gathering(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody else asks: nobody is waited for."""
    monkeypatch.setattr(existence.STATUSES, "_sleep", lambda _: None)


class Service(Client):
    """One task. It stops so many seconds after it was told to, if it can be stopped then."""

    def __init__(self, status: str | None, *, seconds_to_stop: float = 10, ends: str = "STOPPED") -> None:
        self.region = "ap-guangzhou"
        self.status = status
        self.now = 0.0
        self.seconds_to_stop = seconds_to_stop
        self.ends = ends
        self.stops_at: float | None = None
        self.calls: list[str] = []
        self.stop_refusals: list[ApiError] = []
        self.delete_refusal: ApiError | None = None
        self.look_error: TioneError | None = None
        self.is_listed = True
        self.account = "100"
        self.asked_workspaces: set[str | None] = set()

    def sleep(self, seconds: float) -> None:
        assert 0 < seconds <= 5
        self.now += seconds
        if self.stops_at is not None and self.now >= self.stops_at:
            self.status = self.ends

    def clock(self) -> float:
        return self.now

    def _look(self, workspace: str | None) -> dict[str, Any] | None:
        self.asked_workspaces.add(workspace)
        if self.look_error:
            raise self.look_error
        return None if self.status is None else {"Id": "train-1", "Name": "bert", "Status": self.status}

    def describe_training_task(
        self, task_id: str, ti_project_id: str | None = None, *, attempts: int | None = None
    ) -> dict[str, Any] | None:
        return self._look(ti_project_id)

    def training_tasks_by_id(
        self, task_ids: Sequence[str], ti_project_id: str | None = None
    ) -> dict[str, dict[str, Any]]:
        item = self._look(ti_project_id)
        return {"train-1": item} if item and self.is_listed else {}

    def stop_training_task(self, task_id: str, ti_project_id: str | None = None) -> None:
        self.calls.append(f"stop {task_id}")
        self.asked_workspaces.add(ti_project_id)
        if self.stop_refusals:
            raise self.stop_refusals.pop(0)
        self.status = "STOPPING"
        self.stops_at = self.now + self.seconds_to_stop

    def delete_training_task(self, task_id: str, ti_project_id: str | None = None) -> bool:
        self.calls.append(f"delete {task_id}")
        self.asked_workspaces.add(ti_project_id)
        if self.delete_refusal:
            raise self.delete_refusal
        assert self.status in TERMINAL, "an active task cannot be deleted"
        self.status = None
        return True

    def service_now(self) -> datetime:
        return NOW + timedelta(seconds=self.now)

    def account_id(self) -> str:
        return self.account


def refusal(code: str, action: str = "StopTrainingTask") -> ApiError:
    return ApiError(action, code, "no", "r-1")


def deleted(service: Service, outputs: Mapping[str, Any] = OUTPUTS) -> Service:
    delete(service, "train-1", outputs, sleep=service.sleep, clock=service.clock)
    assert service.status is None
    return service


@pytest.mark.parametrize("status", TERMINAL)
def test_delete_takes_a_task_at_rest_at_once_and_does_not_stop_it(status: str) -> None:
    service = deleted(Service(status))
    assert service.calls == ["delete train-1"]
    assert service.now == 0


@pytest.mark.parametrize("status", ACTIVE)
def test_delete_stops_an_active_task_first_and_waits_until_it_rests(status: str) -> None:
    service = deleted(Service(status, seconds_to_stop=60))
    assert service.calls == ["stop train-1", "delete train-1"]
    assert 60 <= service.now < 66


def test_delete_only_waits_for_a_task_that_is_being_stopped_already() -> None:
    service = Service("STOPPING")
    service.stops_at = 30
    deleted(service)
    assert service.calls == ["delete train-1"]
    assert 30 <= service.now < 36


@pytest.mark.parametrize("ends", ["STOPPED", "FAILED", "SUCCEED", "SUBMIT_FAILED"])
def test_however_a_task_ends_it_is_deleted(ends: str) -> None:
    assert deleted(Service("RUNNING", ends=ends)).calls == ["stop train-1", "delete train-1"]


def test_a_task_that_is_gone_already_is_deleted() -> None:
    assert deleted(Service(None)).calls == []


def test_a_task_that_goes_while_it_is_waited_for_is_deleted() -> None:
    class Vanishing(Service):
        def stop_training_task(self, task_id: str, ti_project_id: str | None = None) -> None:
            super().stop_training_task(task_id, ti_project_id)
            self.status = None
            self.stops_at = None

    assert deleted(Vanishing("RUNNING")).calls == ["stop train-1"]


def test_a_task_that_no_list_shows_is_looked_at_itself() -> None:
    service = Service("RUNNING")
    service.is_listed = False
    assert deleted(service).calls == ["stop train-1", "delete train-1"]


@pytest.mark.parametrize(
    "code", ["InternalError.UnSubmittedStatusNotAllowStop", "FailedOperation.UnSubmitNotAllowToStop"]
)
def test_a_task_that_cannot_be_stopped_yet_is_asked_again(code: str) -> None:
    service = Service("SUBMITTING")
    service.stop_refusals = [refusal(code)] * 4
    assert deleted(service).calls == ["stop train-1"] * 5 + ["delete train-1"]


@pytest.mark.parametrize(
    "code", ["InternalError.NotAllow", "OperationDenied.NotAllow", "InvalidParameterValue.NotAllow"]
)
def test_a_task_that_comes_to_rest_between_look_and_stop_is_deleted(code: str) -> None:
    class JustFinished(Service):
        def stop_training_task(self, task_id: str, ti_project_id: str | None = None) -> None:
            self.calls.append(f"stop {task_id}")
            self.status = "SUCCEED"
            raise refusal(code)

    assert deleted(JustFinished("RUNNING")).calls == ["stop train-1", "delete train-1"]


@pytest.mark.parametrize("code", ["ResourceNotFound", "FailedOperation.RecordNotFound"])
def test_a_task_that_goes_between_look_and_stop_is_deleted(code: str) -> None:
    class JustGone(Service):
        def stop_training_task(self, task_id: str, ti_project_id: str | None = None) -> None:
            self.calls.append(f"stop {task_id}")
            self.status = None
            raise refusal(code)

    assert deleted(JustGone("RUNNING")).calls == ["stop train-1"]


def test_a_preempted_task_that_was_started_again_meanwhile_is_stopped_again() -> None:
    class Restarted(Service):
        def stop_training_task(self, task_id: str, ti_project_id: str | None = None) -> None:
            super().stop_training_task(task_id, ti_project_id)
            self.ends = "PENDING" if len(self.calls) == 1 else "STOPPED"

    service = deleted(Restarted("RUNNING"))
    assert service.calls == ["stop train-1", "stop train-1", "delete train-1"]


@pytest.mark.parametrize(
    "code", ["UnauthorizedOperation", "AuthFailure.TokenFailure", "InvalidParameter", "Unheard.Of"]
)
def test_a_stop_that_is_refused_for_good_is_an_error_and_the_task_is_not_deleted(code: str) -> None:
    service = Service("RUNNING")
    service.stop_refusals = [refusal(code)]
    with pytest.raises(ApiError, match=code):
        delete(service, "train-1", OUTPUTS, sleep=service.sleep, clock=service.clock)
    assert service.calls == ["stop train-1"]
    assert service.status == "RUNNING"


def test_a_delete_that_is_refused_is_an_error() -> None:
    service = Service("STOPPED")
    service.delete_refusal = refusal("UnauthorizedOperation", "DeleteTrainingTask")
    with pytest.raises(ApiError, match="UnauthorizedOperation"):
        delete(service, "train-1", OUTPUTS, sleep=service.sleep, clock=service.clock)


@pytest.mark.parametrize(
    "error",
    [RequestNotSentError("DescribeTrainingTask was not sent"), refusal("AuthFailure.TokenFailure", "Describe")],
    ids=repr,
)
def test_a_task_that_cannot_be_looked_at_is_neither_stopped_nor_deleted(error: TioneError) -> None:
    service = Service("RUNNING")
    service.look_error = error
    with pytest.raises(type(error)):
        delete(service, "train-1", OUTPUTS, sleep=service.sleep, clock=service.clock)
    assert service.calls == []


def test_a_task_that_does_not_come_to_rest_is_an_error_that_says_that_it_may_cost_money() -> None:
    service = Service("RUNNING", seconds_to_stop=7200)
    with pytest.raises(TaskError) as caught:
        delete(service, "train-1", OUTPUTS, sleep=service.sleep, clock=service.clock)
    text = str(caught.value)
    assert "training task 'bert' (train-1)" in text
    assert "STOPPING" in text
    assert "30 minutes" in text
    assert "cost money" in text
    assert "\n" not in text
    assert 1800 <= service.now < 1806
    assert service.calls == ["stop train-1"]


def test_a_task_that_can_never_be_stopped_is_an_error_with_the_services_own_refusal() -> None:
    service = Service("SUBMITTING")
    service.stop_refusals = [refusal("InternalError.UnSubmittedStatusNotAllowStop")] * 1000
    with pytest.raises(TaskError, match=r"SUBMITTING.*InternalError\.UnSubmittedStatusNotAllowStop.*r-1"):
        delete(service, "train-1", OUTPUTS, sleep=service.sleep, clock=service.clock)
    assert "delete train-1" not in service.calls


def test_the_workspace_of_the_task_is_named_in_every_call() -> None:
    service = deleted(Service("RUNNING"), {**OUTPUTS, "tiProjectId": "p-1"})
    assert service.asked_workspaces == {"p-1"}


@pytest.mark.parametrize(
    ("recorded", "account", "words"),
    [("100", "200", ["100", "200", "may still run"]), ("", "100", ["does not say which account"])],
    ids=["another account", "no account recorded"],
)
def test_a_task_that_is_only_out_of_sight_does_not_pass_for_gone(recorded: str, account: str, words: list[str]) -> None:
    service = Service(None)
    service.account = account
    with pytest.raises(TaskError) as caught:
        delete(service, "train-1", {**OUTPUTS, "uin": recorded}, sleep=service.sleep, clock=service.clock)
    assert all(word in str(caught.value) for word in words)
    assert "ap-guangzhou" in str(caught.value)
