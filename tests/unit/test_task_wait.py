"""The wait of a program for one task: what it waits for, by which poller, and what it raises.

When a wait ends is in `test_waiter.py`, when a program does not wait in `test_training_task.py`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from fake_api import refusal

from pulumi_tione._wait import messages, task_wait
from pulumi_tione._wait.poller import StatusPoller
from pulumi_tione._wait.task_wait import TaskWaitError, wait_for_task
from pulumi_tione._wait.waiter import WaitTarget
from pulumi_tione.errors import WaitFailedError

TASK: dict[str, Any] = {
    "id": "train-1",
    "name": "bert",
    "uin": "100",
    "status": "RUNNING",
    "create_time": "2025-08-01T10:59:53+08:00",
    "rerun_on_failure": 2.0,
    "desired_status": None,
    "region": "ap-guangzhou",
    "ti_project_id": None,
    "settings": None,
}
SHOWN: list[str] = []


class WaitStandIn:
    """Stands in for the wait, and records what it is called with."""

    def __init__(self) -> None:
        self.calls: list[tuple[WaitTarget, Any, Callable[[str], None]]] = []
        self.error: Exception | None = None

    async def __call__(self, target: WaitTarget, poller: StatusPoller, show: Callable[[str], None]) -> dict[str, Any]:
        self.calls.append((target, poller, show))
        if self.error:
            raise self.error
        return {"Id": target.task_id}

    def run(self, *tasks: dict[str, Any], statuses: tuple[str, ...] = ("SUCCEED",)) -> list[dict[str, Any]]:
        """Wait for tasks one after the other, in one program."""

        async def run() -> list[Any]:
            return [await wait_for_task(task, statuses, timedelta(hours=1), True, SHOWN.append) for task in tasks]

        return asyncio.run(run())


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> WaitStandIn:
    stand_in = WaitStandIn()
    monkeypatch.setattr(task_wait, "wait", stand_in)
    monkeypatch.setattr(task_wait, "settings_of", lambda own: f"settings {own}")
    monkeypatch.setattr(task_wait, "Client", lambda settings, region: (settings, region))
    return stand_in


def test_a_wait_has_what_the_state_records_of_its_task(waits: WaitStandIn) -> None:
    assert waits.run(TASK) == [{"Id": "train-1"}]
    ((target, poller, show),) = waits.calls
    assert target == WaitTarget(
        "train-1",
        "bert",
        "100",
        ("SUCCEED",),
        timedelta(hours=1),
        True,
        status="RUNNING",
        create_time="2025-08-01T10:59:53+08:00",
        rerun_on_failure=2,
    )
    assert type(target.rerun_on_failure) is int
    assert (poller.client, poller.workspace) == (("settings None", "ap-guangzhou"), None)
    assert show == SHOWN.append


def test_what_the_state_does_not_record_is_empty(waits: WaitStandIn) -> None:
    waits.run({**TASK, "status": None, "create_time": None, "rerun_on_failure": None})
    target = waits.calls[0][0]
    assert (target.status, target.create_time, target.rerun_on_failure) == ("", "", 0)


def test_the_tasks_of_one_region_workspace_and_settings_share_a_poller(waits: WaitStandIn) -> None:
    differing: list[dict[str, Any]] = [
        {"region": "ap-beijing"},
        {"ti_project_id": "7"},
        {"settings": {"a": "1", "b": "2"}},
    ]
    waits.run(TASK, TASK, *[{**TASK, **each} for each in differing], {**TASK, "settings": {"b": "2", "a": "1"}})
    pollers = [poller for _, poller, _ in waits.calls]
    assert pollers[0] is pollers[1]
    assert pollers[4] is pollers[5]
    assert len({id(poller) for poller in pollers}) == 4
    assert [(poller.client, poller.workspace) for poller in pollers[2:5]] == [
        (("settings None", "ap-beijing"), None),
        (("settings None", "ap-guangzhou"), "7"),
        (("settings {'a': '1', 'b': '2'}", "ap-guangzhou"), None),
    ]


def test_each_program_has_pollers_of_its_own(waits: WaitStandIn) -> None:
    for _ in range(2):
        waits.run(TASK)
    assert waits.calls[0][1] is not waits.calls[1][1]


def test_a_wait_for_a_task_that_the_program_keeps_stopped_fails_at_once(waits: WaitStandIn) -> None:
    stopped = {**TASK, "desired_status": "STOPPED"}
    with pytest.raises(TaskWaitError) as raised:
        waits.run(stopped)
    target = WaitTarget("train-1", "bert", "100", ("SUCCEED",))
    assert raised.value.report == messages.cannot_run(target.task, target)
    assert str(raised.value) == messages.wait_failed(target.task, target)
    assert waits.calls == []
    waits.run(stopped, statuses=("SUCCEED", "STOPPED"))
    waits.run({**TASK, "desired_status": "RUNNING"})
    assert len(waits.calls) == 2


def test_a_failed_wait_has_its_report_and_other_errors_are_the_report(waits: WaitStandIn) -> None:
    waits.error = WaitFailedError("the end of the program", "the report")
    with pytest.raises(TaskWaitError) as raised:
        waits.run(TASK)
    assert (raised.value.report, str(raised.value)) == (waits.error.report, str(waits.error))
    waits.error = refusal("UnauthorizedOperation", "DescribeTrainingTasks")
    with pytest.raises(TaskWaitError) as raised:
        waits.run(TASK)
    target = WaitTarget("train-1", "bert", "100", ("SUCCEED",))
    assert raised.value.report == str(waits.error)
    assert str(raised.value) == messages.wait_failed(target.task, target)
