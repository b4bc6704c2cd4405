"""Time limits on a local TI-ONE that really runs the commands, with the tools that an image may have.

The prefix in shells is in `tests/unit/test_time_limit.py`, with the real engine in `tests/engine/test_time_limits.py`.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from local_tione import SMALLEST_BODY, client_of

from pulumi_tione._api.client import Client
from pulumi_tione._schema.time_limit import with_time_limit
from pulumi_tione._schema.wire import imported_outputs, request_body
from pulumi_tione._wait import messages
from pulumi_tione._wait.failure_report import report
from pulumi_tione.emulator import Emulator, Status
from pulumi_tione.errors import ApiError
from pulumi_tione.lifecycle.time_limit import limit_that_ended, read_limit_that_ended

Json = dict[str, Any]
LINE = "pulumi-tione: time limit of 1 s reached, run ended"


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    durations = {Status.SUBMITTING: 0.0, Status.PENDING: 0.0, Status.STOPPING: 0.5}
    with Emulator(run=True, requests_a_second=None, durations=durations) as running:
        yield running


@pytest.fixture(params=["bash timeout", "bash", "timeout", "setsid", "sh"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return a PATH with the tools of an image."""
    for tool in {"sh", "sleep", *request.param.split()}:
        found = shutil.which(tool)
        assert found
        (tmp_path / tool).symlink_to(found)
    return str(tmp_path)


def create(client: Client, command: str, path: str | None = None, *, limit: int | None = 1, nodes: int = 1) -> str:
    """Create a task as the provider does, and return its id."""
    inputs = {"startCmdInfo": {"workerStartCmd": command}, **({"maxDuration": limit} if limit else {})}
    envs = {} if path is None else {"Envs": [{"Name": "PATH", "Value": path}]}
    group = {**SMALLEST_BODY["ResourceConfigInfos"][0], "InstanceNum": nodes}
    others = {name: value for name, value in SMALLEST_BODY.items() if name != "StartCmdInfo"}
    body = {**others, "Name": "bert", "ResourceConfigInfos": [group], **envs, **request_body(inputs, {})}
    return client.create_training_task(body)


def ended(client: Client, task_id: str) -> Json:
    """Wait until a task has ended, and return its detail."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        detail = client.describe_training_task(task_id)
        assert detail is not None
        if detail["Status"] in ("SUCCEED", "FAILED", "STOPPED"):
            return detail
        time.sleep(0.05)
    raise AssertionError("the task does not end")


def printed(client: Client, detail: Json) -> list[str]:
    items, _ = client.logs(str(detail["LatestInstanceId"]), Order="ASC", Limit=100, StartTime="2020-01-01T00:00:00Z")
    return [str(item["Message"]) for item in items]


def test_a_run_that_takes_too_long_is_failed(emulator: Emulator, path: str) -> None:
    client = client_of(emulator)
    detail = ended(client, create(client, "echo begun; sleep 60; echo never", path))
    assert detail["Status"] == "FAILED"
    assert "exit code 124" in detail["FailureReason"]
    assert printed(client, detail) == ["begun", LINE]
    assert read_limit_that_ended(client, detail, None) == 1


@pytest.mark.parametrize(("code", "status"), [(0, "SUCCEED"), (3, "FAILED")])
def test_a_run_that_ends_in_time_ends_as_without_a_limit(emulator: Emulator, path: str, code: int, status: str) -> None:
    client = client_of(emulator)
    detail = ended(client, create(client, f"echo 'it'\"'\"'s 中文'; exit {code}", path, limit=60))
    assert detail["Status"] == status
    assert printed(client, detail) == ["it's 中文"]
    assert f"exit code {code}" in detail["FailureReason"] or code == 0
    assert read_limit_that_ended(client, detail, None) is None


def test_a_stop_reaches_a_limited_command(emulator: Emulator, path: str) -> None:
    client = client_of(emulator)
    task_id = create(client, "trap 'echo saved; exit 0' TERM; echo ready; while :; do sleep 0.1; done", path, limit=60)
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        detail = client.describe_training_task(task_id)
        assert detail is not None
        if detail["LatestInstanceId"] and "ready" in printed(client, detail):
            break
        time.sleep(0.05)
    client.stop_training_task(task_id)
    detail = ended(client, task_id)
    assert detail["Status"] == "STOPPED"
    assert "saved" in printed(client, detail)


def test_each_run_has_the_whole_time(emulator: Emulator) -> None:
    client = client_of(emulator)
    task_id = create(client, "echo begun; sleep 60")
    first = ended(client, task_id)
    client.start_training_task(task_id)
    begun = time.monotonic()
    while ended(client, task_id)["LatestInstanceId"] == first["LatestInstanceId"]:
        time.sleep(0.05)
    second = ended(client, task_id)
    assert time.monotonic() - begun >= 1
    assert printed(client, second) == ["begun", LINE]


def report_of(client: Client, detail: Json) -> list[str]:
    steps, at_limit = ["the cause"], ["the limit"]
    return report(client, str(detail["Id"]), None, detail, "it failed", steps, at_limit).splitlines()


def test_the_report_shows_that_the_time_limit_has_ended_the_run(emulator: Emulator) -> None:
    client = client_of(emulator)
    lines = report_of(client, ended(client, create(client, "echo begun; sleep 60", nodes=2)))
    assert lines[0] == f"it failed{messages.ended_by_time_limit(1)}"
    assert lines[0].endswith("its time limit of 1s (`max_duration`) has ended the run")
    assert f"    {LINE}" in lines
    assert lines[-1] == "    the limit"


def test_the_report_of_another_failure_does_not_show_a_limit(emulator: Emulator) -> None:
    client = client_of(emulator)
    for limit in (None, 60):
        task_id = create(client, "echo begun; exit 124", limit=limit)
        lines = report_of(client, ended(client, task_id))
        assert (lines[0], lines[-1]) == ("it failed", "    the cause")
        client.delete_training_task(task_id)


def test_without_a_log_the_exit_code_shows_it(emulator: Emulator) -> None:
    client = client_of(emulator)
    detail = ended(client, create(client, "sleep 60"))
    for code in ("DescribeLogs", "DescribeTrainingTaskPods"):
        emulator.faults.add(code, code="UnauthorizedOperation", times=None)
    with pytest.raises(ApiError):
        client.pods(str(detail["Id"]))
    assert read_limit_that_ended(client, detail, None) == 1
    assert report_of(client, detail)[0] == f"it failed{messages.ended_by_time_limit(1)}"


@pytest.mark.parametrize(
    ("lines", "reason", "command", "limit"),
    [
        ([], "exit code 124", with_time_limit("x", 7), 7),
        ([], "exit code 124", "x", None),
        ([], "exit code 1", with_time_limit("x", 7), None),
        (["done"], "exit code 124", with_time_limit("x", 7), None),
        (["pulumi-tione: time limit of " + "9" * 5000 + " s reached, run ended"], "", "x", None),
        (["90%|pulumi-tione: time limit of 9 s reached, run ended"], "", "x", 9),
    ],
)
def test_the_log_decides_where_there_is_one(lines: list[str], reason: str, command: str, limit: int | None) -> None:
    detail = {"FailureReason": reason, "StartCmdInfo": {"StartCmd": "", "PsStartCmd": "", "WorkerStartCmd": command}}
    assert limit_that_ended(detail, lines) == limit


def test_a_task_of_the_local_service_is_looked_up_with_its_original_command(emulator: Emulator) -> None:
    client = client_of(emulator)
    detail = client.describe_training_task(create(client, "it's\n$HOME \\ 中文", limit=60))
    assert detail is not None
    outputs = imported_outputs(detail)
    assert (outputs["startCmdInfo"], outputs["maxDuration"]) == ({"workerStartCmd": "it's\n$HOME \\ 中文"}, 60)
