"""What can be seen of a run: pods, log lines, events; and where the log is delivered to.

What executed tasks print is in `test_running_logs.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from pulumi_tione.emulator import Emulator

Call = Callable[..., dict[str, Any]]
Create = Callable[..., str]
Detail = Callable[..., dict[str, Any]]
Refusal = Callable[..., tuple[str, str]]


def _node(role: str, count: int) -> dict[str, Any]:
    return {"Role": role, "InstanceType": "TI.S.MEDIUM.POST", "InstanceNum": count}


@pytest.fixture
def logs(call: Call, detail: Detail) -> Callable[..., dict[str, Any]]:
    """Asks for log lines of a task's latest run."""

    def logs(task_id: str, **how: Any) -> dict[str, Any]:
        run = detail(task_id)["LatestInstanceId"]
        answer: dict[str, Any] = call("DescribeLogs", {"Service": "TRAIN", "ServiceId": run, **how})
        return answer

    return logs


def _texts(answer: dict[str, Any]) -> list[str]:
    return [line["Message"] for line in answer["Content"]]


def test_each_node_is_a_pod(create: Create, call: Call, detail: Detail, emulator: Emulator) -> None:
    task_id = create(ResourceConfigInfos=[_node("PS", 1), _node("WORKER", 3)])
    emulator.advance(3)
    run = detail(task_id)["LatestInstanceId"]
    answer = call("DescribeTrainingTaskPods", {"Id": task_id})
    names = [f"{run}-{name}" for name in ("ps-0", "master-0", "worker-0", "worker-1")]
    assert answer["PodNames"] == [pod["Name"] for pod in answer["PodInfoList"]] == names
    assert answer["TotalCount"] == 4
    assert {pod["Status"] for pod in answer["PodInfoList"]} == {"RUNNING"}
    assert len({pod["IP"] for pod in answer["PodInfoList"]}) == 4
    assert answer["PodInfoList"][0]["ResourceConfigInfo"]["Cpu"] == 2000


def test_pods_have_statuses_of_their_own(create: Create, call: Call, emulator: Emulator) -> None:
    task_id = create()
    seen: list[str | None] = []
    for _ in range(20):
        pods = call("DescribeTrainingTaskPods", {"Id": task_id})["PodInfoList"]
        seen.append(pods[0]["Status"] if pods else None)
        emulator.advance(0.5)
    assert list(dict.fromkeys(seen)) == [None, "PENDING", "RUNNING", "SUCCEEDED"]


def test_a_stopped_tasks_pods_are_terminated(create: Create, call: Call, emulator: Emulator) -> None:
    task_id = create()
    emulator.advance(3)
    call("StopTrainingTask", {"Id": task_id})
    assert call("DescribeTrainingTaskPods", {"Id": task_id})["PodInfoList"][0]["Status"] == "TERMINATING"
    emulator.advance(1)
    assert call("DescribeTrainingTaskPods", {"Id": task_id})["PodInfoList"][0]["Status"] == "TERMINATED"


def test_a_task_that_was_never_submitted_has_no_pods(create: Create, call: Call, emulator: Emulator) -> None:
    emulator.plan_runs(outcome="SUBMIT_FAILED")
    task_id = create()
    emulator.advance(10)
    assert call("DescribeTrainingTaskPods", {"Id": task_id})["TotalCount"] == 0


def test_what_a_command_echoes_becomes_log_lines_in_time(create: Create, logs: Call, emulator: Emulator) -> None:
    task_id = create(StartCmdInfo={"WorkerStartCmd": "echo one; sleep 10; echo two; exit 3"})
    assert logs(task_id)["Content"] == []
    emulator.advance(3)
    assert _texts(logs(task_id)) == ["one"]
    emulator.advance(60)
    assert _texts(logs(task_id)) == ["two", "one"]
    assert _texts(logs(task_id, Order="ASC")) == ["one", "two"]


def test_what_is_not_understood_shows_that_it_is_not_executed(create: Create, logs: Call, emulator: Emulator) -> None:
    task_id = create(StartCmdInfo={"WorkerStartCmd": "python train.py"})
    emulator.advance(60)
    assert _texts(logs(task_id)) == ["This run is emulated: its start command is not executed."]


def test_a_run_prints_what_it_was_ordered_to(create: Create, logs: Call, emulator: Emulator) -> None:
    emulator.plan_runs("bert", output=[(0, "a"), (1, "b"), (100, "never reached")])
    emulator.plan_runs("silent", output=[])
    bert, silent = create("bert"), create("silent")
    emulator.advance(60)
    assert _texts(logs(bert, Order="ASC")) == ["a", "b"]
    assert logs(silent)["Content"] == []


def test_a_line_is_shown_with_its_pod_and_a_time_of_nine_digits(
    create: Create, logs: Call, call: Call, emulator: Emulator
) -> None:
    task_id = create(StartCmdInfo={"WorkerStartCmd": "echo one"}, ResourceConfigInfos=[_node("WORKER", 2)])
    emulator.advance(60)
    lines = logs(task_id)["Content"]
    assert {line["PodName"] for line in lines} == set(call("DescribeTrainingTaskPods", {"Id": task_id})["PodNames"])
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z", line["Timestamp"]) for line in lines)
    assert len({line["Id"] for line in lines}) == len({(line["PkgId"], line["PkgLogId"]) for line in lines}) == 2


def test_pages_by_context_cover_every_line_once_even_where_many_share_a_time(
    create: Create, logs: Call, emulator: Emulator
) -> None:
    emulator.plan_runs(output=[(0, f"line {n}") for n in range(250)])
    task_id = create()
    emulator.advance(60)
    for order in ("ASC", "DESC"):
        seen: list[str] = []
        context = ""
        for _ in range(4):
            answer = logs(task_id, Order=order, Context=context)
            seen += _texts(answer)
            context = answer["Context"]
            assert (context == "") == (answer["Content"] == [])
        assert len(seen) == 250
        assert set(seen) == {f"line {n}" for n in range(250)}
    assert _texts(logs(task_id, Order="ASC", Offset=249)) == ["line 249"]


def test_a_context_goes_on_where_lines_have_come_since(create: Create, logs: Call, emulator: Emulator) -> None:
    emulator.plan_runs(running_seconds="forever", output=[(n, f"line {n}") for n in range(100)])
    task_id = create()
    emulator.advance(4.5)
    first = logs(task_id, Order="ASC")
    assert _texts(first) == ["line 0", "line 1", "line 2"]
    nothing = logs(task_id, Order="ASC", Context=first["Context"])
    assert nothing["Content"] == []
    emulator.advance(1)
    assert _texts(logs(task_id, Order="ASC", Context=first["Context"])) == ["line 3"]


def test_paging_ends_after_ten_thousand_lines(create: Create, logs: Call, refusal: Refusal, emulator: Emulator) -> None:
    emulator.plan_runs(output=[(0, "x")] * 10_500)
    task_id = create()
    emulator.advance(60)
    answer = logs(task_id, Limit=1000, Offset=9000)
    run = answer["Content"][0]["PodName"].rpartition("-master")[0]
    request = {"Service": "TRAIN", "ServiceId": run, "Limit": 1000, "Context": answer["Context"]}
    assert refusal("DescribeLogs", request)[0] == "FailedOperation.ContextLimitError"


def test_lines_of_the_last_hour_are_shown_unless_asked_for_more(create: Create, logs: Call, emulator: Emulator) -> None:
    task_id = create(StartCmdInfo={"WorkerStartCmd": "echo one"})
    emulator.advance(7200)
    assert logs(task_id)["Content"] == []
    since = f"{emulator.now() - timedelta(hours=3):%Y-%m-%dT%H:%M:%SZ}"
    assert _texts(logs(task_id, StartTime=since)) == ["one"]
    until = f"{emulator.now() - timedelta(hours=2.5):%Y-%m-%dT%H:%M:%S.123456789+00:00}"
    assert logs(task_id, StartTime=since, EndTime=until)["Content"] == []


@pytest.mark.parametrize(
    ("how", "code", "parameter"),
    [
        ({"StartTime": "2025-05-28T18:18:33+08"}, "InvalidParameter", "StartTime"),
        ({"EndTime": "2025-05-28 18:18:33"}, "InvalidParameter", "EndTime"),
        ({"StartTime": "2025-13-28T18:18:33Z"}, "InvalidParameter", "StartTime"),
        ({"StartTime": "2099-01-01T00:00:00Z"}, "InvalidParameter", "StartTime"),
        ({"Limit": 1001}, "InvalidParameter", "Limit"),
        ({"Limit": 0}, "InvalidParameter", "Limit"),
        ({"Order": "UP"}, "InvalidParameter", "Order"),
        ({"OrderField": "Message"}, "InvalidParameter", "OrderField"),
        ({"LogStream": "stdin"}, "InvalidParameter", "LogStream"),
        ({"Service": "TRAINING"}, "InvalidParameter", "Service"),
        ({"ServiceId": ""}, "MissingParameter", "ServiceId"),
        ({"Context": "?"}, "InvalidParameter", "Context"),
        ({"Context": "W10="}, "InvalidParameter", "Context"),
        ({"Filters": [{"Name": "Level", "Values": ["x"]}]}, "InvalidParameter", "Filters.0.Name"),
    ],
)
def test_a_question_that_cannot_be_is_refused(
    create: Create, detail: Detail, refusal: Refusal, how: dict[str, Any], code: str, parameter: str
) -> None:
    request = {"Service": "TRAIN", "ServiceId": detail(create())["LatestInstanceId"], **how}
    result = refusal("DescribeLogs", request)
    assert result[0] == code
    assert parameter in result[1]


@pytest.mark.parametrize("service_id", ["train-1", "train-1-abc", "x" * 300])
def test_an_unknown_run_has_no_lines_and_no_events(call: Call, service_id: str) -> None:
    request = {"Service": "TRAIN", "ServiceId": service_id}
    answer = call("DescribeLogs", request)
    assert (answer["Content"], answer["Context"]) == ([], "")
    answer = call("DescribeEvents", request)
    assert (answer["Events"], answer["TotalCount"]) == ([], 0)


def test_a_tasks_id_is_no_runs_id(create: Create, call: Call, emulator: Emulator) -> None:
    task_id = create()
    emulator.advance(60)
    assert call("DescribeLogs", {"Service": "TRAIN", "ServiceId": task_id})["Content"] == []
    assert call("DescribeEvents", {"Service": "TRAIN", "ServiceId": task_id})["Events"] == []


def test_without_a_service_id_the_names_of_pods_select_the_lines(
    create: Create, call: Call, detail: Detail, emulator: Emulator
) -> None:
    """The vendor's kit asks so."""
    ids = [create(name, StartCmdInfo={"WorkerStartCmd": f"echo {name}"}) for name in ("one", "two")]
    emulator.advance(60)
    run = detail(ids[0])["LatestInstanceId"]
    for pattern in (f"{ids[0]}*", f"{run}*", f"{run}-master-0"):
        assert _texts(call("DescribeLogs", {"Service": "TRAIN", "PodName": pattern})) == ["one"]
    both = call("DescribeLogs", {"Service": "TRAIN", "PodName": "train-*", "Order": "ASC"})
    assert sorted(_texts(both)) == ["one", "two"]
    assert call("DescribeLogs", {"Service": "TRAIN", "PodName": "other*"})["Content"] == []


def test_a_reader_that_goes_on_a_nanosecond_later_gets_no_line_twice(
    create: Create, logs: Call, emulator: Emulator
) -> None:
    emulator.plan_runs(output=[(0, "first"), (0.000001, "second"), (1.5, "third")])
    task_id = create()
    emulator.advance(60)
    seen: list[str] = []
    since = f"{emulator.now() - timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}"
    while page := logs(task_id, Order="ASC", Limit=1, StartTime=since)["Content"]:
        seen.append(page[0]["Message"])
        last: str = page[0]["Timestamp"]
        since = f"{last[:20]}{int(last[20:29]) + 1:09d}Z"
    assert seen == ["first", "second", "third"]
    end_of_time = "9999-12-31T23:59:59.999999999Z"
    assert logs(task_id, StartTime=end_of_time, EndTime=end_of_time)["Content"] == []


def test_lines_are_filtered_by_pod_keyword_and_stream(create: Create, logs: Call, emulator: Emulator) -> None:
    emulator.plan_runs(output=[(0, "epoch 1 loss 3"), (1, "epoch 2 loss 2")])
    task_id = create(ResourceConfigInfos=[_node("WORKER", 2)])
    emulator.advance(60)
    assert len(logs(task_id)["Content"]) == 4
    pod = logs(task_id)["Content"][0]["PodName"]
    assert len(logs(task_id, PodName=pod)["Content"]) == 2
    assert len(logs(task_id, PodName=f"{pod.rpartition('-')[0]}-*")["Content"]) == 2
    assert logs(task_id, PodName=pod[:-1])["Content"] == []
    both = [{"Name": "Key", "Values": ["epoch", "loss 2"]}]
    assert set(_texts(logs(task_id, Filters=both))) == {"epoch 2 loss 2"}
    assert len(logs(task_id, LogStream="stdout")["Content"]) == 4
    assert logs(task_id, LogStream="stderr")["Content"] == []


def test_other_services_have_no_lines_here(call: Call) -> None:
    """The vendor's example asks for a notebook's."""
    request = {
        "Service": "NOTEBOOK",
        "ServiceId": "nb-1694306254472012288-cw0bo5hocmps",
        "StartTime": "2022-01-10T12:15:03+08:00",
        "Limit": 100,
        "EndTime": "2022-01-11T12:15:03+08:00",
    }
    assert call("DescribeLogs", request)["Content"] == []
    assert call("DescribeEvents", {"Service": "NOTEBOOK", "ServiceId": "nb-1"})["TotalCount"] == 0


def test_an_earlier_runs_lines_stay(create: Create, call: Call, logs: Call, detail: Detail, emulator: Emulator) -> None:
    task_id = create(StartCmdInfo={"WorkerStartCmd": "echo one"})
    emulator.advance(60)
    first = detail(task_id)["LatestInstanceId"]
    call("StartTrainingTask", {"Id": task_id})
    assert logs(task_id)["Content"] == []
    assert _texts(call("DescribeLogs", {"Service": "TRAIN", "ServiceId": first})) == ["one"]


def test_a_preempted_run_prints_again(create: Create, logs: Call, emulator: Emulator) -> None:
    task_id = create(StartCmdInfo={"WorkerStartCmd": "echo one; sleep 10; echo two"})
    emulator.advance(3)
    emulator.preempt(task_id)
    emulator.advance(60)
    assert _texts(logs(task_id, Order="ASC")) == ["one", "one", "two"]


def test_events_show_what_happened_to_a_run(create: Create, call: Call, detail: Detail, emulator: Emulator) -> None:
    task_id = create(StartCmdInfo={"WorkerStartCmd": "exit 3"})
    emulator.advance(60)
    request = {"Service": "TRAIN", "ServiceId": detail(task_id)["LatestInstanceId"]}
    answer = call("DescribeEvents", request)
    assert answer["TotalCount"] == 5
    assert answer["Events"][0]["Type"] == "Warning"
    assert "exit code 3" in answer["Events"][0]["Message"]
    datetime.fromisoformat(answer["Events"][0]["LastTimestamp"])
    assert call("DescribeEvents", {**request, "Order": "ASC", "Limit": 1, "Offset": 1})["Events"] == [
        call("DescribeEvents", {**request, "Order": "ASC"})["Events"][1]
    ]
    warnings = [{"Name": "Type", "Values": ["Warning"]}]
    assert call("DescribeEvents", {**request, "Filters": warnings})["TotalCount"] == 1
    emulator.advance(86400)
    assert call("DescribeEvents", request)["TotalCount"] == 0


def test_events_come_a_hundred_at_most(refusal: Refusal) -> None:
    assert refusal("DescribeEvents", {"Service": "TRAIN", "Limit": 101})[0] == "InvalidParameter"


def test_log_delivery_is_switched_on_and_off(create: Create, call: Call, detail: Detail, emulator: Emulator) -> None:
    task_id = create()
    config = {"LogsetId": "set-1323", "TopicId": "topic-123"}
    created = detail(task_id)["UpdateTime"]
    emulator.advance(60)
    call("EnableTrainingTaskClsConfig", {"TaskId": task_id, "LogEnable": True, "LogConfig": config})
    result = detail(task_id)
    assert (result["LogEnable"], result["LogConfig"]) == (True, config)
    assert result["UpdateTime"] > created
    call("EnableTrainingTaskClsConfig", {"TaskId": task_id, "LogEnable": False})
    assert detail(task_id)["LogEnable"] is False


def test_log_delivery_needs_to_know_where_to(create: Create, refusal: Refusal) -> None:
    request = {"TaskId": create(), "LogEnable": True}
    code, message = refusal("EnableTrainingTaskClsConfig", request)
    assert code == "InvalidParameterValue.ClsConfigRequired"
    assert "`LogConfig`" in message
    assert refusal("EnableTrainingTaskClsConfig", {**request, "TaskId": "train-1", "LogEnable": False})[0] == (
        "ResourceNotFound"
    )


@pytest.mark.parametrize(
    ("mode", "roles", "names"),
    [
        ("DDP", ["WORKER", "WORKER"], ["master-0", "worker-0"]),
        ("MPI", ["WORKER", "WORKER"], ["master-0", "worker-0"]),
        ("HOROVOD", ["WORKER"], ["master-0"]),
        ("PS_WORKER", ["PS", "WORKER", "WORKER"], ["ps-0", "master-0", "worker-0"]),
        ("SPARK", ["DRIVER", "EXECUTOR", "EXECUTOR"], ["driver-0", "executor-0", "executor-1"]),
        ("RAY", ["HEAD", "WORKER", "WORKER"], ["head-0", "master-0", "worker-0"]),
        ("", ["WORKER"], ["master-0"]),
    ],
)
def test_pods_are_named_by_their_roles_in_every_mode(
    create: Create, call: Call, emulator: Emulator, mode: str, roles: list[str], names: list[str]
) -> None:
    task_id = create(TrainingMode=mode, ResourceConfigInfos=[_node(role, 1) for role in roles])
    emulator.advance(3)
    result = call("DescribeTrainingTaskPods", {"Id": task_id})["PodNames"]
    assert ["-".join(name.split("-")[3:]) for name in result] == names
