"""The report of a failed wait.

Each line of the report is in `tests/unit/test_wait_report.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from local_tione import SMALLEST_BODY, client_of

from pulumi_tione._api.pods import failed_first, readiness
from pulumi_tione._timestamps import shown_time
from pulumi_tione._wait.failure_report import console_address, report
from pulumi_tione.emulator import Emulator
from pulumi_tione.lifecycle.time_limit import exit_code

Json = dict[str, Any]


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with Emulator(manual_clock=True, requests_a_second=None) as running:
        yield running


def create(emulator: Emulator, command: str = "exit 3", nodes: int = 2, **members: Any) -> str:
    group = {**SMALLEST_BODY["ResourceConfigInfos"][0], "InstanceNum": nodes}
    commands = {"StartCmd": "", "PsStartCmd": "", "WorkerStartCmd": command}
    body = {**SMALLEST_BODY, "Name": "bert", "StartCmdInfo": commands, "ResourceConfigInfos": [group], **members}
    return client_of(emulator).create_training_task(body)


def report_of(emulator: Emulator, task_id: str, workspace: str | None = None) -> str:
    return report(client_of(emulator), task_id, workspace, {"Status": "FAILED"}, "it failed", ["do this"])


def test_everything_that_is_known_of_a_failure_is_shown(emulator: Emulator) -> None:
    emulator.plan_runs("bert", output=[(number / 10, f"line {number}") for number in range(30)], running_seconds=5)
    task_id = create(emulator)
    emulator.advance(60)
    lines = report_of(emulator, task_id).splitlines()
    (detail,) = emulator.tasks()
    asked = [request for request in emulator.requests() if request["action"] == "DescribeTrainingTask"]
    assert lines[0] == "it failed"
    for fact in (
        "status: FAILED",
        "failure reason: The start command ended with exit code 3.",
        "exit code: 3",
        f"started: {shown_time(detail['StartTime'])}",
        f"ended: {shown_time(detail['EndTime'])}",
        f"run: {detail['LatestInstanceId']} in ap-guangzhou",
        f"request id: {asked[-1]['request_id']}",
        f"console: https://console.cloud.tencent.com/tione/v2/job/detail/{task_id}?regionId=1",
    ):
        assert f"  {fact}" in lines
    begin = lines.index("  last 20 log lines of master-0, the pod that failed first:")
    assert lines[begin + 1 : begin + 21] == [f"    line {number}" for number in range(10, 30)]
    warning = lines[lines.index("  last warning events:") + 1]
    assert datetime.fromisoformat(warning.split()[0].replace("Z", "+00:00")).utcoffset() is not None
    assert "The task is FAILED. The start command ended with exit code 3." in warning
    assert lines[-3:] == [
        "  what to do next:",
        f"    pulumi-tione logs {task_id} --pod master-0 --region ap-guangzhou",
        "    do this",
    ]


def test_what_cannot_be_read_is_left_out_with_a_remark(emulator: Emulator) -> None:
    task_id = create(emulator, "echo hello; exit 3")
    emulator.advance(60)
    emulator.faults.add("DescribeTrainingTaskPods", code="UnauthorizedOperation")
    emulator.faults.add("DescribeEvents", code="UnauthorizedOperation")
    emulator.faults.add("DescribeTrainingTask", code="ResourceNotFound")
    shown = report_of(emulator, task_id)
    assert "could not be read: task (ResourceNotFound); pods (UnauthorizedOperation)" in shown
    assert "log line" not in shown  # without the task its run is not known

    emulator.faults.add("DescribeTrainingTaskPods", code="UnauthorizedOperation")
    shown = report_of(emulator, task_id)
    assert "could not be read: events (UnauthorizedOperation); pods (UnauthorizedOperation)" in shown
    assert "  last 2 log lines:\n    hello\n    hello\n" in shown

    emulator.faults.add("DescribeLogs", code="UnauthorizedOperation")
    shown = report_of(emulator, task_id)
    assert "could not be read: log (UnauthorizedOperation)" in shown
    assert "hello" not in shown


def test_a_malformed_response_is_left_out_as_well(emulator: Emulator) -> None:
    task_id = create(emulator)
    emulator.advance(60)
    emulator.faults.add("DescribeTrainingTaskPods", members={"PodInfoList": [None]}, times=None)
    assert "could not be read: pods (malformed response)" in report_of(emulator, task_id)


def test_control_sequences_in_a_log_are_shown_and_do_nothing(emulator: Emulator) -> None:
    emulator.plan_runs(
        "bert",
        output=[(0.0, "\x1b[2J\x1b]0;owned\x07 50%\rdone"), (1.0, "x" * 10_000), (2.0, "a\tb  ")],
        running_seconds=5,
    )
    task_id = create(emulator, nodes=1)
    emulator.advance(60)
    shown = report_of(emulator, task_id)
    assert r"    \x1b[2J\x1b]0;owned\x07 50%\rdone" in shown
    assert "\x1b" not in shown
    assert f"    {'x' * 500} …\n" in shown
    assert "    a       b\n" in shown


def test_a_task_that_was_never_submitted_has_neither_pods_nor_a_log(emulator: Emulator) -> None:
    emulator.plan_runs("bert", outcome="SUBMIT_FAILED", failure_reason="the image cannot be pulled")
    task_id = create(emulator)
    emulator.advance(60)
    shown = report_of(emulator, task_id)
    assert "failure reason: the image cannot be pulled" in shown
    assert "last warning events:" in shown
    assert "log line" not in shown
    assert f"pulumi-tione logs {task_id} --region ap-guangzhou\n" in shown


def test_a_task_that_runs_on_is_to_be_followed(emulator: Emulator) -> None:
    emulator.register("workspace", "1889353273052233728", name="nlp")
    task_id = create(emulator, "sleep 1000", TiProjectId="1889353273052233728")
    emulator.advance(10)
    shown = report_of(emulator, task_id, "1889353273052233728")
    assert (
        f"pulumi-tione logs {task_id} --pod master-0 --region ap-guangzhou --workspace 1889353273052233728 --follow"
        in shown
    )
    assert "failed first" not in shown


@pytest.mark.parametrize(
    ("pods", "first"),
    [
        ([], None),
        ([{"Name": "a"}, {"Name": "b"}], "a"),
        ([{"Name": "a", "Status": "RUNNING"}, {"Name": "b", "Status": "FAILED"}], "b"),
        (
            [
                {"Name": "a", "Status": "FAILED", "EndTime": "2025-08-01 11:00:09"},
                {"Name": "b", "Status": "FAILED", "EndTime": "2025-08-01 11:00:03"},
                {"Name": "c", "Status": "TERMINATED", "EndTime": "2025-08-01 11:00:01"},
            ],
            "b",
        ),
        ([{"Name": "a", "Status": "RUNNING"}, {"Name": "b", "EndTime": "2025-08-01 11:00:03"}], "b"),
    ],
)
def test_the_pod_that_failed_first_is_the_failed_one_that_ended_first(pods: list[Json], first: str | None) -> None:
    found = failed_first(pods)
    assert (found and found["Name"]) == first


@pytest.mark.parametrize(
    ("texts", "code"),
    [
        (["The start command ended with exit code 3."], "3"),
        ([None, "", "container exited with code 137 (OOMKilled)"], "137"),
        (["ExitCode: 1"], "1"),
        (["exit status 2", "exit code 3"], "2"),
        (["容器退出码为 9"], "9"),
        (["User Stop"], None),
        (["exit code 1234"], None),
    ],
)
def test_an_exit_code_is_read_from_the_words_of_the_service(texts: list[object], code: str | None) -> None:
    assert exit_code(texts) == code


def test_the_consoles_address_leaves_a_region_out_that_it_has_no_number_for() -> None:
    assert console_address("train-1", "ap-nowhere").endswith("/job/detail/train-1")


def test_statuses_of_pods_compare_without_regard_to_case() -> None:
    pods: list[Json] = [
        {"Name": "run-worker-0", "Status": "running"},
        {"Name": "run-worker-1", "Status": "Failed"},
        {"Status": 7},
    ]
    now = readiness(pods)
    assert (now.ready, now.total, now.lagging, now.status_of_lagging) == (1, 3, "worker-1", "FAILED")
    assert failed_first(pods) == pods[1]
