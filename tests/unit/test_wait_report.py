"""The whole report of a failed wait, line by line, and the requests that it takes.

With a local TI-ONE the report is in `tests/component/test_failure_report.py`, in the terminal in
`tests/engine/test_failures.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from fake_api import BEGIN, FakeApi, as_shown, refusal

from pulumi_tione._schema.time_limit import with_time_limit
from pulumi_tione._timestamps import parse_time
from pulumi_tione._wait import messages
from pulumi_tione._wait.failure_report import report

Json = dict[str, Any]
WORKSPACE = "1889353273052233728"
DETAIL = {
    "Id": "train-1",
    "Status": "FAILED",
    "FailureReason": "the start command failed",
    "Message": "container exited with code 137",
    "CreateTime": as_shown(BEGIN),
    "StartTime": "2025-08-01T11:00:10+08",
    "EndTime": "2025-08-01T11:01:00+08",
    "LatestInstanceId": "run-1",
}


class Api(FakeApi):
    """A fake with warning events, which records how they are requested."""

    def __init__(self, detail: Json, *events: Json) -> None:
        super().__init__()
        self.history["train-1"] = [(float("-inf"), detail)]
        self.shown_events = events
        self.event_requests: list[Json] = []
        self.log_requests: list[Json] = []

    def events(self, run: str, **how: Any) -> Iterator[Json]:
        self.event_requests.append({"run": run, **how})
        return iter(self._called("events", (run,), how.get("TiProjectId"), lambda: self.shown_events))

    def logs(self, run: str, **how: Any) -> tuple[list[Json], str]:
        self.log_requests.append(how)
        return super().logs(run, **how)


def warning(number: int) -> Json:
    return {"Message": f"warning {number}", "LastTimestamp": f"2025-08-01T03:00:{number:02}Z"}


def failed(detail: Json | None = None, *events: Json, lines: int = 2) -> Api:
    api = Api({**DETAIL, **(detail or {})}, *events)
    api.shown_pods = [
        {"Name": "run-1-worker-0", "Status": "RUNNING"},
        {"Name": "run-1-worker-1", "Status": "FAILED"},
    ]
    api.printed["run-1"] = [(number, "run-1-worker-1", f"line {number}") for number in range(lines)]
    return api


def shown(api: Api, workspace: str | None = None) -> list[str]:
    recorded = {"Status": "STOPPED", "Message": "known before"}
    return report(api, "train-1", workspace, recorded, "it failed", ["do this", "or that"]).splitlines()


def test_the_whole_report() -> None:
    api = failed(None, warning(2), warning(1), {"Message": "no time"})
    assert shown(api, WORKSPACE) == [
        "it failed",
        "  status: FAILED",
        "  failure reason: the start command failed",
        "  message: container exited with code 137",
        "  exit code: 137",
        "  started: 2025-08-01T11:00:10+08:00",
        "  ended: 2025-08-01T11:01:00+08:00",
        "  run: run-1 in ap-guangzhou",
        "  request id: r-9",
        "  console: https://console.cloud.tencent.com/tione/v2/job/detail/train-1?regionId=1",
        "  last 2 log lines of worker-1, the pod that failed first:",
        "    line 0",
        "    line 1",
        "  last warning events:",
        "      no time",
        "    2025-08-01T03:00:01Z  warning 1",
        "    2025-08-01T03:00:02Z  warning 2",
        "  what to do next:",
        f"    pulumi-tione logs train-1 --pod worker-1 --region ap-guangzhou --workspace {WORKSPACE}",
        "    do this",
        "    or that",
    ]


def test_every_request_names_the_workspace_and_the_time_from_which_the_run_can_have_printed() -> None:
    api = failed()
    shown(api, WORKSPACE)
    assert {*api.asked_workspaces} == {WORKSPACE}
    (events,) = api.event_requests
    assert events["run"] == "run-1"
    assert events["Filters"] == [{"Name": "Type", "Values": ["Warning"]}]
    for since in (events["StartTime"], api.log_requests[0]["StartTime"]):
        assert 0 < (BEGIN - parse_time(since)).total_seconds() <= 600
    assert {request["PodName"] for request in api.log_requests} == {"run-1-worker-1"}


def test_the_five_newest_warnings_are_shown_the_newest_last() -> None:
    lines = shown(failed(None, *(warning(number) for number in range(9, 0, -1))))
    begin = lines.index("  last warning events:")
    assert [line.split()[-1] for line in lines[begin + 1 : -4]] == ["5", "6", "7", "8", "9"]
    assert lines[-4] == "  what to do next:"


@pytest.mark.parametrize(
    ("detail", "events", "code"),
    [
        ({"FailureReason": "exit code 3"}, (), "3"),
        ({"Message": "exit code 4"}, ({"Message": "exit code 5"},), "4"),
        ({"Message": ""}, ({"Message": ""}, {"Message": "exit code 5"}), "5"),
    ],
)
def test_the_exit_code_is_that_of_the_task_before_that_of_an_event(
    detail: Json, events: tuple[Json, ...], code: str
) -> None:
    assert f"  exit code: {code}" in shown(failed(detail, *events))


def test_without_pods_the_log_is_that_of_the_run() -> None:
    api = failed()
    api.shown_pods = []
    assert "  last 2 log lines:" in shown(api)


def test_one_log_line_is_not_counted() -> None:
    assert "  last log line of worker-1, the pod that failed first:" in shown(failed(lines=1))


def test_a_pod_that_did_not_fail_is_not_called_the_one_that_failed() -> None:
    api = failed()
    api.shown_pods = [{"Name": "run-1-worker-0", "Status": "SUCCEEDED"}]
    api.printed["run-1"] = [(0, "run-1-worker-0", "done")]
    assert "  last log line of worker-0:" in shown(api)


def test_without_a_run_neither_its_log_nor_its_events_are_requested() -> None:
    api = failed({"LatestInstanceId": None})
    lines = shown(api)
    assert "  run: none in ap-guangzhou" in lines
    assert api.verbs == ["describe", "pods"]
    assert not [line for line in lines if "could not be read" in line]


def test_a_task_that_cannot_be_read_is_reported_as_it_was_known_before() -> None:
    api = failed()
    api.always("describe", refusal("ResourceNotFound", "DescribeTrainingTask"))
    api.shown_pods = []
    assert shown(api)[:4] == [
        "it failed",
        "  status: STOPPED",
        "  message: known before",
        "  run: none in ap-guangzhou",
    ]
    assert "  could not be read: task (ResourceNotFound)" in shown(api)


def test_a_line_of_five_hundred_characters_is_shown_whole_and_a_longer_one_is_cut() -> None:
    api = failed(lines=0)
    api.printed["run-1"] = [(0, "run-1-worker-1", "x" * 500), (1, "run-1-worker-1", "y" * 501)]
    lines = shown(api)
    assert f"    {'x' * 500}" in lines
    assert f"    {'y' * 500} …" in lines


def test_whatever_fails_in_the_report_the_first_line_is_shown() -> None:
    api = failed()
    api.always("pods", KeyError("Name\x1b[2J"))
    assert shown(api) == ["it failed", r"  the rest of this report failed (KeyError: 'Name\x1b[2J')"]


# Time limits.

MARKED = "pulumi-tione: time limit of 3600 s reached, run ended"
LIMITED = {"WorkerStartCmd": with_time_limit("python train.py", 3600)}


def limited(detail: Json, *events: Json, line: str | None = None) -> list[str]:
    api = failed({"StartCmdInfo": LIMITED, **detail}, *events, lines=0)
    if line is not None:
        api.printed["run-1"] = [(0, "run-1-worker-1", line)]
    return report(api, "train-1", None, {}, "it failed", ["do this"], ["raise the limit"]).splitlines()


@pytest.mark.parametrize(
    ("detail", "events", "line"),
    [
        ({}, (), MARKED),
        ({"Message": "exit code 124"}, (), None),
        ({"Message": ""}, ({"Message": "exit code 124"},), None),
    ],
)
def test_a_run_that_its_time_limit_has_ended_is_reported_as_such(
    detail: Json, events: tuple[Json, ...], line: str | None
) -> None:
    lines = limited(detail, *events, line=line)
    assert lines[0] == f"it failed{messages.ended_by_time_limit(3600)}"
    assert lines[-1] == "    raise the limit"
    assert "    do this" not in lines


@pytest.mark.parametrize(
    ("detail", "line"),
    [({}, "epoch 1"), ({"Message": "exit code 124"}, "epoch 1"), ({"Status": "STOPPED"}, MARKED), ({}, None)],
)
def test_a_run_that_has_failed_by_itself_or_was_stopped_is_not(detail: Json, line: str | None) -> None:
    lines = limited(detail, line=line)
    assert lines[0] == "it failed"
    assert lines[-1] == "    do this"


@pytest.mark.parametrize(("line", "end"), [(MARKED, messages.ended_by_time_limit(3600)), ("epoch 1", ".")])
def test_only_a_time_limit_continues_the_sentence_of_the_first_line(line: str, end: str) -> None:
    api = failed({"StartCmdInfo": LIMITED}, lines=0)
    api.printed["run-1"] = [(0, "run-1-worker-1", line)]
    assert report(api, "train-1", None, {}, "it failed: no X.").splitlines()[0] == f"it failed: no X{end}"


def test_a_log_that_cannot_be_read_is_named_in_the_report() -> None:
    api = failed()
    api.always("logs", refusal("UnauthorizedOperation", "DescribeLogs"))
    assert "  could not be read: log (UnauthorizedOperation)" in shown(api)
