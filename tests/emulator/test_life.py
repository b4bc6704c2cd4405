"""How a task lives: by the clock, by what is done to it, and by what a test plans.

Executed runs are in `test_running_life.py`, start commands in `test_start_commands.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from itertools import pairwise
from typing import Any

import pytest

from pulumi_tione.emulator import Emulator, Switches
from pulumi_tione.emulator.tasks.transitions import DURATIONS, TERMINAL, TRANSITIONS, Event, Status

Call = Callable[..., dict[str, Any]]
Create = Callable[..., str]
Detail = Callable[..., dict[str, Any]]
Refusal = Callable[..., tuple[str, str]]


def _history(emulator: Emulator, run: int = -1) -> list[str]:
    [task] = emulator.tasks()
    return [status for status, _ in task["Runs"][run]["History"]]


def test_a_task_starts_by_itself_and_succeeds(create: Create, detail: Detail, emulator: Emulator) -> None:
    task_id = create()
    seen = []
    for _ in range(10):
        seen.append(detail(task_id)["Status"])
        emulator.advance(1)
    assert list(dict.fromkeys(seen)) == ["SUBMITTING", "PENDING", "STARTING", "RUNNING", "SUCCEED"]
    assert _history(emulator) == ["SUBMITTING", "PENDING", "STARTING", "RUNNING", "SUCCEED"]


def test_each_status_lasts_as_long_as_declared_however_late_one_polls(create: Create, emulator: Emulator) -> None:
    create()
    emulator.advance(3600)
    [task] = emulator.tasks()
    history = [(Status(status), datetime.fromisoformat(at)) for status, at in task["Runs"][0]["History"]]
    lasted = {status: (until - since).total_seconds() for (status, since), (_, until) in pairwise(history)}
    assert lasted == {status: DURATIONS[status] for status in lasted}


def test_the_default_life_suits_a_demonstration() -> None:
    assert sum(DURATIONS.values()) < 10


@pytest.mark.parametrize(
    ("command", "seconds", "status", "reason"),
    [
        ("sleep 30", 30, "SUCCEED", ""),
        ("sleep 1m; exit 0", 60, "SUCCEED", ""),
        ('sh -c "exit 3"', 0, "FAILED", "The start command ended with exit code 3."),
        ("python train.py", 5, "SUCCEED", ""),
    ],
)
def test_a_start_command_that_is_understood_decides(
    create: Create, detail: Detail, emulator: Emulator, command: str, seconds: float, status: str, reason: str
) -> None:
    task_id = create(StartCmdInfo={"WorkerStartCmd": command})
    emulator.advance(2.5 + seconds - 0.001)
    if seconds:
        assert detail(task_id)["Status"] == "RUNNING"
    emulator.advance(0.001)
    result = detail(task_id)
    assert (result["Status"], result["FailureReason"], result["RuntimeInSeconds"]) == (status, reason, seconds)


def test_an_order_overrules_the_start_command(create: Create, detail: Detail, emulator: Emulator) -> None:
    emulator.plan_runs("bert", outcome="FAILED", failure_reason="loss is NaN", running_seconds=1)
    bert, unaffected = create("bert", StartCmdInfo={"WorkerStartCmd": "sleep 90"}), create("other")
    emulator.advance(10)
    assert (detail(bert)["Status"], detail(bert)["FailureReason"]) == ("FAILED", "loss is NaN")
    assert detail(unaffected)["Status"] == "SUCCEED"


def test_an_order_for_all_holds_where_no_other_shows_more(create: Create, detail: Detail, emulator: Emulator) -> None:
    emulator.plan_runs(running_seconds="forever", seconds={"PENDING": 0})
    emulator.plan_runs("short", running_seconds=1)
    ids = create("short"), create("long")
    emulator.advance(86400)
    assert [detail(task_id)["Status"] for task_id in ids] == ["SUCCEED", "RUNNING"]


def test_an_order_changes_a_run_that_is_under_way(create: Create, detail: Detail, emulator: Emulator) -> None:
    emulator.plan_runs(running_seconds="forever")
    task_id = create()
    emulator.advance(100)
    emulator.plan_runs(task_id, running_seconds=0, outcome="FAILED")
    assert detail(task_id)["Status"] == "FAILED"


def test_a_task_can_be_made_to_fail_at_its_submission(create: Create, detail: Detail, emulator: Emulator) -> None:
    emulator.plan_runs("bert", outcome="SUBMIT_FAILED")
    task_id = create()
    emulator.advance(10)
    result = detail(task_id)
    assert result["Status"] == "SUBMIT_FAILED"
    assert result["StartTime"] == ""
    assert result["FailureReason"]


def test_a_running_task_can_be_preempted_and_runs_again(create: Create, detail: Detail, emulator: Emulator) -> None:
    task_id = create()
    emulator.advance(3)
    emulator.preempt(task_id)
    assert detail(task_id)["Status"] == "PENDING"
    emulator.advance(60)
    assert _history(emulator)[3:] == ["RUNNING", "PENDING", "STARTING", "RUNNING", "SUCCEED"]


def test_a_running_task_is_stopped_by_its_user(create: Create, detail: Detail, call: Call, emulator: Emulator) -> None:
    task_id = create()
    emulator.advance(3)
    call("StopTrainingTask", {"Id": task_id})
    assert detail(task_id)["Status"] == "STOPPING"
    emulator.advance(1)
    result = detail(task_id)
    assert (result["Status"], result["FailureReason"]) == ("STOPPED", "User Stop")
    assert result["OperatorInfo"]["IsPlatformOperator"] is False
    assert result["OperatorInfo"]["OperationType"] == "STOP"
    emulator.advance(3600)
    assert detail(task_id)["Status"] == "STOPPED"


def test_the_platform_can_stop_a_task(create: Create, detail: Detail, emulator: Emulator) -> None:
    task_id = create()
    emulator.advance(3)
    emulator.platform_stop("bert")
    emulator.advance(1)
    assert detail(task_id)["OperatorInfo"]["IsPlatformOperator"] is True


def _bring_to(status: Status, emulator: Emulator, task_id: str, call: Call) -> None:
    """Lead a task to a status, on a way on which time alone does not move it on."""
    if status is Status.SUBMITTING:
        return
    emulator.plan_runs(task_id, seconds={"SUBMITTING": 0})
    if status is Status.PENDING:
        return
    emulator.plan_runs(task_id, seconds={"PENDING": 0})
    if status is Status.STARTING:
        return
    emulator.plan_runs(task_id, seconds={"STARTING": 0})
    if status in (Status.STOPPING, Status.STOPPED):
        call("StopTrainingTask", {"Id": task_id})
        if status is Status.STOPPED:
            emulator.plan_runs(task_id, seconds={"STOPPING": 0})
    elif status in TERMINAL:
        emulator.plan_runs(task_id, running_seconds=0, outcome="FAILED" if status is Status.FAILED else "SUCCEED")


@pytest.fixture
def task_in(create: Create, call: Call, emulator: Emulator) -> Callable[[Status], str]:
    """Makes a task of a status in which it stays."""

    def task_in(status: Status) -> str:
        name = f"task-{status.value}"
        seconds: dict[str, float | str] = {each.value: "forever" for each in DURATIONS}
        if status is Status.SUBMIT_FAILED:
            seconds["SUBMITTING"] = 0
            emulator.plan_runs(name, outcome="SUBMIT_FAILED")
        emulator.plan_runs(name, seconds=seconds)
        task_id = create(name)
        if status is not Status.SUBMIT_FAILED:
            _bring_to(status, emulator, task_id, call)
        return task_id

    return task_in


@pytest.mark.parametrize("status", Status)
def test_stop_is_possible_where_the_table_shows_so(
    task_in: Callable[[Status], str], call: Call, refusal: Refusal, detail: Detail, status: Status
) -> None:
    task_id = task_in(status)
    assert detail(task_id)["Status"] == status.value
    if status in (Status.PENDING, Status.STARTING, Status.RUNNING):
        call("StopTrainingTask", {"Id": task_id})
        assert detail(task_id)["Status"] == "STOPPING"
        return
    code, message = refusal("StopTrainingTask", {"Id": task_id})
    submitting = status is Status.SUBMITTING
    assert code == f"InternalError.{'UnSubmittedStatusNotAllowStop' if submitting else 'NotAllow'}"
    assert task_id in message
    assert status.value in message
    assert detail(task_id)["Status"] == status.value


@pytest.mark.parametrize("status", Status)
def test_delete_is_possible_in_a_terminal_status_only(
    task_in: Callable[[Status], str], call: Call, refusal: Refusal, emulator: Emulator, status: Status
) -> None:
    task_id = task_in(status)
    if status in TERMINAL:
        call("DeleteTrainingTask", {"Id": task_id})
        assert emulator.tasks() == []
        assert refusal("DescribeTrainingTask", {"Id": task_id})[0] == "ResourceNotFound"
        assert refusal("DeleteTrainingTask", {"Id": task_id})[0] == "ResourceNotFound"
        return
    code, message = refusal("DeleteTrainingTask", {"Id": task_id})
    assert code == "InternalError.NotAllow"
    assert task_id in message
    assert len(emulator.tasks()) == 1


@pytest.mark.parametrize("status", Status)
def test_start_is_possible_in_a_terminal_status_only(
    task_in: Callable[[Status], str],
    call: Call,
    refusal: Refusal,
    detail: Detail,
    emulator: Emulator,
    status: Status,
) -> None:
    task_id = task_in(status)
    before = detail(task_id)
    if status not in TERMINAL:
        assert refusal("StartTrainingTask", {"Id": task_id})[0] == "InternalError.NotAllow"
        assert detail(task_id)["LatestInstanceId"] == before["LatestInstanceId"]
        return
    emulator.plan_runs(task_id, seconds={"SUBMITTING": "forever"})
    call("StartTrainingTask", {"Id": task_id})
    after = detail(task_id)
    assert after["LatestInstanceId"] != before["LatestInstanceId"]
    assert after["Status"] == "SUBMITTING"
    assert after["StartTime"] == after["EndTime"] == after["FailureReason"] == ""


def test_start_from_failed_can_be_switched_off(create: Create, refusal: Refusal, emulator: Emulator) -> None:
    emulator.set(start_from_failed=False)
    task_id = create(StartCmdInfo={"WorkerStartCmd": "exit 1"})
    emulator.advance(10)
    assert refusal("StartTrainingTask", {"Id": task_id})[0] == "InternalError.NotAllow"


def test_an_earlier_run_can_still_be_described(create: Create, call: Call, detail: Detail, emulator: Emulator) -> None:
    task_id = create(StartCmdInfo={"WorkerStartCmd": "exit 1"})
    emulator.advance(10)
    first = detail(task_id)["LatestInstanceId"]
    emulator.plan_runs(task_id, outcome="SUCCEED")
    call("StartTrainingTask", {"Id": task_id})
    emulator.advance(10)
    of_first = call("DescribeTrainingTask", {"Id": task_id, "InstanceId": first})["TrainingTaskDetail"]
    assert (of_first["Status"], detail(task_id)["Status"]) == ("FAILED", "SUCCEED")
    assert of_first["LatestInstanceId"] == detail(task_id)["LatestInstanceId"]


def test_a_run_that_is_none_of_the_task_does_not_exist(create: Create, refusal: Refusal) -> None:
    task_id = create()
    code, message = refusal("DescribeTrainingTask", {"Id": task_id, "InstanceId": "train-1-abc"})
    assert code == "ResourceNotFound"
    assert "InstanceId" in message


def test_starting_again_needs_nodes_again(create: Create, refusal: Refusal, emulator: Emulator) -> None:
    task_id = create()
    emulator.advance(60)
    emulator.set(sold_out=["TI.S.MEDIUM.POST"])
    assert refusal("StartTrainingTask", {"Id": task_id})[0] == "OperationDenied.BillingStatusResourceInsufficient"


def test_a_task_can_vanish_behind_everybodys_back(create: Create, refusal: Refusal, emulator: Emulator) -> None:
    task_id = create()
    emulator.remove(task_id)
    assert refusal("DescribeTrainingTask", {"Id": task_id})[0] == "ResourceNotFound"


def test_a_task_can_be_changed_behind_everybodys_back(create: Create, detail: Detail, emulator: Emulator) -> None:
    task_id = create(Remark="mine")
    emulator.plan_runs(task_id, change={"Remark": "another's", "Status": "PAUSED"})
    assert (detail(task_id)["Remark"], detail(task_id)["Status"]) == ("another's", "PAUSED")


def test_a_faster_clock_makes_a_task_live_faster(conforming: Callable[[Emulator], Emulator]) -> None:
    present = datetime(2026, 1, 1, tzinfo=timezone.utc)
    emulator = Emulator(speed=100, wall=lambda: present)
    with conforming(emulator):
        before = emulator.now()
        present += timedelta(seconds=1)
        assert emulator.now() - before == timedelta(seconds=100)


def test_every_active_status_leads_to_a_terminal_status() -> None:
    """No status is a dead end, and no terminal one changes by itself."""
    reachable = {Status.SUBMITTING}
    for _ in Status:
        reachable |= {target for (source, _), target in TRANSITIONS.items() if source in reachable}
    assert reachable == set(Status)
    assert {source for source, event in TRANSITIONS if event is not Event.IS_STARTED}.isdisjoint(TERMINAL)


def test_switches_can_be_set_at_the_start() -> None:
    with Emulator(switches=Switches(start_from_failed=False)) as emulator:
        assert emulator.settings()["start_from_failed"] is False
