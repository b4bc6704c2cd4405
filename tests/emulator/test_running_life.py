"""How a task lives whose commands are really run: its processes decide, and none of them outlives it.

Without `--run`, the life of a task is in `test_life.py`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pulumi_tione.emulator import Emulator, Lag, Status

Call = Callable[..., dict[str, Any]]
Create = Callable[..., str]
Reach = Callable[..., dict[str, Any]]
Printed = Callable[..., list[str]]
Make = Callable[..., dict[str, Any]]
Eventually = Callable[..., Any]
Refusal = Callable[..., tuple[str, str]]


@pytest.fixture
def emulator(executing: Emulator) -> Emulator:
    return executing


@pytest.fixture
def run(create: Create) -> Callable[..., str]:
    """Creates a task with a command of its workers."""

    def run(command: str, name: str = "bert", **members: Any) -> str:
        return create(name, StartCmdInfo={"WorkerStartCmd": command}, **members)

    return run


@pytest.fixture
def statuses(call: Call) -> Callable[[str], list[str]]:
    """The statuses of a task's pods."""

    def statuses(task_id: str) -> list[str]:
        return [pod["Status"] for pod in call("DescribeTrainingTaskPods", {"Id": task_id})["PodInfoList"]]

    return statuses


@pytest.fixture
def folder(emulator: Emulator) -> Path:
    assert emulator.execution is not None
    return emulator.execution.folder


def _history(emulator: Emulator, run: int = -1) -> list[str]:
    [task] = emulator.tasks()
    return [status for status, _ in task["Runs"][run]["History"]]


def test_a_command_that_ends_well_is_a_success(
    run: Callable[..., str], reach: Reach, statuses: Callable[[str], list[str]], call: Call, emulator: Emulator
) -> None:
    task_id = run("echo hello")
    result = reach(task_id, "SUCCEED")
    assert result["FailureReason"] == ""
    assert result["StartTime"] <= result["EndTime"]
    assert _history(emulator) == ["SUBMITTING", "PENDING", "STARTING", "RUNNING", "SUCCEED"]
    assert statuses(task_id) == ["SUCCEEDED"]
    [pod] = call("DescribeTrainingTaskPods", {"Id": task_id})["PodInfoList"]
    assert pod["IP"] == "127.0.0.1"
    assert pod["EndTime"]


def test_the_first_node_that_fails_decides_and_the_others_are_ended(
    run: Callable[..., str], reach: Reach, statuses: Callable[[str], list[str]], group: Make
) -> None:
    command = '[ "$INDEX" = 1 ] && exit 5; sleep 300'
    task_id = run(command, TrainingMode="DDP", ResourceConfigInfos=[group(3)])
    result = reach(task_id, "FAILED")
    assert result["FailureReason"] == f"Pod {result['LatestInstanceId']}-worker-0 ended with exit code 5."
    assert statuses(task_id) == ["TERMINATED", "FAILED", "TERMINATED"]


def test_a_command_that_a_signal_ends_has_the_exit_code_of_a_shell(run: Callable[..., str], reach: Reach) -> None:
    assert "exit code 137" in reach(run("kill -KILL $$"), "FAILED")["FailureReason"]


def test_a_run_succeeds_when_all_its_workers_have(
    run: Callable[..., str], reach: Reach, printed: Printed, group: Make
) -> None:
    command = '[ "$INDEX" = 0 ] || sleep 0.2; echo done'
    task_id = run(command, TrainingMode="DDP", ResourceConfigInfos=[group(2)])
    reach(task_id, "SUCCEED")
    assert printed(task_id) == ["done", "done"]


def test_parameter_servers_serve_until_the_workers_are_done(
    create: Create, reach: Reach, statuses: Callable[[str], list[str]], group: Make
) -> None:
    commands = {"PsStartCmd": "sleep 300", "WorkerStartCmd": "true"}
    roles = [group(1, "PS"), group(1)]
    task_id = create(TrainingMode="PS_WORKER", ResourceConfigInfos=roles, StartCmdInfo=commands)
    reach(task_id, "SUCCEED")
    assert statuses(task_id) == ["TERMINATED", "SUCCEEDED"]


def test_a_parameter_server_that_fails_fails_the_run(create: Create, reach: Reach, group: Make) -> None:
    commands = {"PsStartCmd": "exit 3", "WorkerStartCmd": "sleep 300"}
    roles = [group(1, "PS"), group(1)]
    task_id = create(TrainingMode="PS_WORKER", ResourceConfigInfos=roles, StartCmdInfo=commands)
    assert "ps-0 ended with exit code 3" in reach(task_id, "FAILED")["FailureReason"]


BACKGROUND = "sleep 300 & setsid sleep 300 & (setsid bash -c 'sleep 300 & sleep 300' &)"


def test_what_is_left_in_the_background_ends_with_the_command(
    run: Callable[..., str], reach: Reach, processes: Callable[[Path], list[str]], folder: Path
) -> None:
    reach(run(f"{BACKGROUND}; exit 0"), "SUCCEED")
    assert processes(folder) == []


def test_stop_asks_processes_to_end(
    run: Callable[..., str],
    reach: Reach,
    printed: Printed,
    call: Call,
    statuses: Callable[[str], list[str]],
    eventually: Eventually,
) -> None:
    task_id = run("trap 'echo saved; exit 0' TERM; echo ready; while :; do sleep 0.01; done")
    eventually(lambda: printed(task_id) == ["ready"])
    assert statuses(task_id) == ["RUNNING"]
    call("StopTrainingTask", {"Id": task_id})
    result = reach(task_id, "STOPPED")
    assert printed(task_id, LogStream="stdout") == ["ready", "saved"]
    assert (result["FailureReason"], result["OperatorInfo"]["IsPlatformOperator"]) == ("User Stop", False)
    assert statuses(task_id) == ["TERMINATED"]


def test_stop_ends_by_force_what_does_not_end_when_asked(
    run: Callable[..., str],
    reach: Reach,
    printed: Printed,
    call: Call,
    eventually: Eventually,
    processes: Callable[[Path], list[str]],
    folder: Path,
    emulator: Emulator,
    statuses: Callable[[str], list[str]],
) -> None:
    emulator.plan_runs(seconds={"STOPPING": 0.2})
    task_id = run(f"trap '' TERM; {BACKGROUND}; echo ready; sleep 300")
    eventually(lambda: printed(task_id) == ["ready"])
    assert len(processes(folder)) >= 5
    before = time.monotonic()
    call("StopTrainingTask", {"Id": task_id})
    assert statuses(task_id) == ["TERMINATING"]
    reach(task_id, "STOPPED")
    assert 0.2 <= time.monotonic() - before < 5
    assert processes(folder) == []


def test_stop_may_wait_for_ever(
    run: Callable[..., str], printed: Printed, call: Call, eventually: Eventually, emulator: Emulator, reach: Reach
) -> None:
    """Until the emulator itself ends."""
    emulator.plan_runs(seconds={"STOPPING": "forever"})
    task_id = run("trap 'echo asked' TERM; echo ready; while :; do sleep 0.01; done")
    eventually(lambda: printed(task_id) == ["ready"])
    call("StopTrainingTask", {"Id": task_id})
    eventually(lambda: "asked" in printed(task_id))
    reach(task_id, "STOPPING")


def test_a_task_without_nodes_yet_stops_at_once(
    run: Callable[..., str], reach: Reach, call: Call, emulator: Emulator, statuses: Callable[[str], list[str]]
) -> None:
    emulator.plan_runs(seconds={"PENDING": "forever"})
    task_id = run("echo never")
    reach(task_id, "PENDING")
    call("StopTrainingTask", {"Id": task_id})
    reach(task_id, "STOPPED")
    assert statuses(task_id) == ["TERMINATED"]
    assert _history(emulator) == ["SUBMITTING", "PENDING", "STOPPING", "STOPPED"]


def test_a_task_that_is_started_again_has_new_processes(
    run: Callable[..., str], reach: Reach, printed: Printed, call: Call
) -> None:
    task_id = run('echo "$TI_INSTANCE_ID"; ls "$TI_LOCAL_ROOT/opt/ml/output/data"; touch ../output/data/old; exit 1')
    first = reach(task_id, "FAILED")["LatestInstanceId"]
    assert printed(task_id) == [first]
    call("StartTrainingTask", {"Id": task_id})
    second = reach(task_id, "FAILED")["LatestInstanceId"]
    assert printed(task_id) == [second] != [first]
    request = {"Service": "TRAIN", "ServiceId": first}
    assert [line["Message"] for line in call("DescribeLogs", request)["Content"]] == [first]


def test_a_preempted_task_begins_again_in_empty_folders(
    run: Callable[..., str],
    reach: Reach,
    printed: Printed,
    eventually: Eventually,
    emulator: Emulator,
    processes: Callable[[Path], list[str]],
    folder: Path,
) -> None:
    task_id = run("ls; touch begun; trap '' TERM; echo ready; sleep 300")
    eventually(lambda: printed(task_id) == ["ready"])
    emulator.preempt(task_id)
    eventually(lambda: printed(task_id) == ["ready", "ready"])
    reach(task_id, "RUNNING")
    assert _history(emulator)[3:] == ["RUNNING", "PENDING", "STARTING", "RUNNING"]
    assert sum("sleep" in command and "ready" not in command for command in processes(folder)) == 1


def test_pods_and_logs_can_lag_behind_what_processes_do(
    run: Callable[..., str],
    reach: Reach,
    printed: Printed,
    statuses: Callable[[str], list[str]],
    eventually: Eventually,
    emulator: Emulator,
) -> None:
    task_id = run("trap 'echo bye; exit' TERM; echo hello; sleep 300 & wait")
    eventually(lambda: printed(task_id) == ["hello"])
    reach(task_id, "RUNNING")
    emulator.set_lag(Lag(pods=3600, logs=3600))
    emulator.preempt(task_id)
    eventually(lambda: _history(emulator)[3:] == ["RUNNING", "PENDING", "STARTING", "RUNNING"])
    assert statuses(task_id) == ["RUNNING"]
    emulator.platform_stop(task_id)
    reach(task_id, "STOPPED")
    assert statuses(task_id) == ["RUNNING"]
    assert printed(task_id) == ["hello"]
    emulator.set_lag()
    assert statuses(task_id) == ["TERMINATED"]
    assert set(printed(task_id)) == {"hello", "bye"}


def test_a_stop_by_the_platform_ends_processes(
    run: Callable[..., str], reach: Reach, emulator: Emulator, processes: Callable[[Path], list[str]], folder: Path
) -> None:
    task_id = run("sleep 300")
    reach(task_id, "RUNNING")
    emulator.platform_stop(task_id)
    result = reach(task_id, "STOPPED")
    assert (result["FailureReason"], result["OperatorInfo"]["IsPlatformOperator"]) == ("Platform Stop", True)
    assert processes(folder) == []


def folders_of_tasks(folder: Path) -> list[Path]:
    """What an emulator has of its tasks, apart from the file by which it claims its folder."""
    return [path for path in folder.iterdir() if path.is_dir()]


def test_a_task_that_vanishes_takes_its_processes_and_folders_along(
    run: Callable[..., str],
    reach: Reach,
    emulator: Emulator,
    eventually: Eventually,
    processes: Callable[[Path], list[str]],
    folder: Path,
) -> None:
    task_id = run("sleep 300")
    reach(task_id, "RUNNING")
    emulator.remove(task_id)
    eventually(lambda: processes(folder) == [] and folders_of_tasks(folder) == [])


def test_nothing_is_left_of_a_deleted_task(
    run: Callable[..., str], reach: Reach, call: Call, folder: Path, refusal: Refusal
) -> None:
    task_id = run("sleep 300")
    reach(task_id, "RUNNING")
    assert refusal("DeleteTrainingTask", {"Id": task_id})[0] == "InternalError.NotAllow"
    call("StopTrainingTask", {"Id": task_id})
    reach(task_id, "STOPPED")
    call("DeleteTrainingTask", {"Id": task_id})
    assert folders_of_tasks(folder) == []


def test_of_a_run_that_has_ended_only_the_log_is_kept(run: Callable[..., str], reach: Reach, folder: Path) -> None:
    reach(run("dd if=/dev/zero of=large bs=1M count=2"), "SUCCEED")
    assert sum(file.stat().st_size for file in folder.rglob("*")) < 100_000


def test_starting_lasts_no_longer_than_it_takes(run: Callable[..., str], reach: Reach, emulator: Emulator) -> None:
    reach(run("true"), "SUCCEED")
    [task] = emulator.tasks()
    moments = {status: datetime.fromisoformat(at) for status, at in task["Runs"][0]["History"]}
    assert moments["RUNNING"] - moments["STARTING"] < timedelta(seconds=5)
    assert sorted(moments.values()) == list(moments.values())
    assert moments["SUCCEED"] <= emulator.now()


def test_a_task_can_still_be_made_to_fail_at_its_submission(
    run: Callable[..., str], reach: Reach, emulator: Emulator, printed: Printed
) -> None:
    emulator.plan_runs(outcome="SUBMIT_FAILED")
    task_id = run("echo never")
    reach(task_id, "SUBMIT_FAILED")
    assert printed(task_id) == []


@pytest.mark.parametrize(
    "plan",
    [
        {"outcome": "FAILED"},
        {"outcome": "SUCCEED"},
        {"running_seconds": 3},
        {"seconds": {"STARTING": 3}},
        {"output": []},
    ],
)
def test_what_processes_decide_cannot_be_ordered(emulator: Emulator, plan: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="processes decide"):
        emulator.plan_runs(**plan)


def test_real_time_cannot_be_moved(emulator: Emulator) -> None:
    with pytest.raises(ValueError, match="real time"):
        emulator.advance(1)


def _statuses_in_a_terminal_status(emulator: Emulator) -> Sequence[tuple[str, str]]:
    return [(task["Status"], task["FailureReason"]) for task in emulator.tasks()]


@pytest.mark.parametrize("runs_again", [True, False])
def test_runs_that_ended_with_their_emulator_are_stopped_by_the_platform(
    tmp_path: Path, body: Callable[..., dict[str, Any]], eventually: Eventually, runs_again: bool
) -> None:
    """They are not begun again: nobody asked for it."""
    state, witness = tmp_path / "state", tmp_path / "witness"
    durations = {Status.SUBMITTING: 0.0, Status.PENDING: 0.0}
    with Emulator(run=True, state_file=state, durations=durations) as emulator:
        caller = emulator.key.caller
        command = {"WorkerStartCmd": f"echo x >> {witness}; sleep 300"}
        emulator.gateway.service.create(caller, "ap-guangzhou", body(StartCmdInfo=command), emulator.now())
        eventually(witness.exists)
        emulator.plan_runs("other", seconds={"SUBMITTING": "forever"})
        emulator.gateway.service.create(caller, "ap-guangzhou", body(Name="other"), emulator.now())
        eventually(lambda: emulator.tasks()[0]["Status"] == "RUNNING")
    with Emulator(run=runs_again, state_file=state, durations=durations) as emulator:
        expected = [("STOPPED", "Platform Stop"), ("SUBMIT_FAILED", "The task could not be submitted.")]
        assert _statuses_in_a_terminal_status(emulator) == expected
        before = emulator.tasks()
        assert before[0]["OperatorInfo"]["IsPlatformOperator"] is True
    with Emulator(state_file=state) as emulator:
        assert emulator.tasks() == before
    assert witness.read_text() == "x\n"
