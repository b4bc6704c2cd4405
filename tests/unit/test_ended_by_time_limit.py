"""Whether its time limit has ended a run: the last lines of its log decide, or else its exit code.

The prefix that ends a run is in `test_time_limit.py`, re-runs after that in `test_check.py`.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from fake_api import BEGIN, FakeApi, as_shown, no_answer, refusal

from pulumi_tione._schema.time_limit import with_time_limit
from pulumi_tione.lifecycle.time_limit import exit_code, limit_that_ended, read_limit_that_ended

LINE = "pulumi-tione: time limit of 9 s reached, run ended"
LIMITED = {"StartCmd": "", "PsStartCmd": "", "WorkerStartCmd": with_time_limit("train", 7)}


@pytest.mark.parametrize(
    ("texts", "code"),
    [
        (["exit code 124"], "124"),
        (["the container exited with code 3"], "3"),
        (["Exit Status: 137 (OOM)"], "137"),
        (["exit_code=1, exit code 2"], "1"),
        (["exited with status 2."], "2"),
        (["退出码：9"], "9"),
        ([None, "", 7, "code 5", "exit code 124", "exit code 1"], "124"),
        (["exit code 1240"], None),
        (["exit code ....124"], None),
        ([], None),
    ],
    ids=str,
)
def test_the_exit_code_is_that_of_the_first_text_that_has_one(texts: list[object], code: str | None) -> None:
    assert exit_code(texts) == code


@pytest.mark.parametrize(
    ("detail", "lines", "more_texts", "limit"),
    [
        ({}, ["begun", f"50%|{LINE}", "pulumi-tione: time limit of 3 s reached, run ended"], [], 9),
        ({"FailureReason": "exit code 124", "StartCmdInfo": LIMITED}, [], [], 7),
        ({"Message": "exit code 124", "StartCmdInfo": LIMITED}, [], [], 7),
        ({"StartCmdInfo": LIMITED}, [], ["unrelated", "exit code 124"], 7),
        ({"FailureReason": "exit code 1", "Message": "exit code 124", "StartCmdInfo": LIMITED}, [], [], None),
        ({"StartCmdInfo": LIMITED}, [], [], None),
        ({"FailureReason": "exit code 124", "StartCmdInfo": LIMITED}, ["done"], [], None),
        ({"FailureReason": "exit code 124", "StartCmdInfo": {"StartCmd": "train"}}, [], [], None),
        ({"FailureReason": "exit code 124", "StartCmdInfo": {**LIMITED, "StartCmd": 7}}, [], [], 7),
        ({"FailureReason": "exit code 124", "StartCmdInfo": None}, [], [], None),
        ({"FailureReason": "exit code 124", "StartCmdInfo": {}}, [], [], None),
        ({"FailureReason": "exit code 124", "StartCmdInfo": "x"}, [], [], None),
        ({"FailureReason": "exit code 124"}, [], [], None),
    ],
    ids=str,
)
def test_a_marked_line_shows_the_limit_or_else_the_exit_code(
    detail: dict[str, Any], lines: list[str], more_texts: list[object], limit: int | None
) -> None:
    assert limit_that_ended(detail, lines, more_texts) == limit


DETAIL: dict[str, Any] = {
    "Id": "train-1",
    "LatestInstanceId": "run-1",
    "CreateTime": as_shown(BEGIN),
    "FailureReason": "exit code 124",
    "StartCmdInfo": LIMITED,
}


def api_with(*lines: tuple[str, str]) -> FakeApi:
    """Return a task with two pods, of which `pod-b` failed first, that printed these lines one after the other."""
    api = FakeApi()
    api.printed["run-1"] = [(float(at), pod, text) for at, (pod, text) in enumerate(lines)]
    api.shown_pods = [
        {"Name": name, "Status": "FAILED", "EndTime": as_shown(BEGIN + timedelta(seconds=seconds))}
        for name, seconds in (("pod-a", 9), ("pod-b", 8))
    ]
    return api


@pytest.mark.parametrize("workspace", [None, "7"])
def test_the_last_lines_of_the_pod_that_failed_first_are_read(workspace: str | None) -> None:
    api = api_with(("pod-a", "pulumi-tione: time limit of 3 s reached, run ended"), ("pod-b", LINE))
    assert read_limit_that_ended(api, DETAIL, workspace) == 9
    assert api.calls[0] == "pods train-1"
    assert {*api.asked_workspaces} == {workspace}


@pytest.mark.parametrize(("after", "limit"), [(19, 9), (20, None)])
def test_the_line_of_the_limit_is_one_of_the_last_twenty(after: int, limit: int | None) -> None:
    api = api_with(("pod-b", LINE), *[("pod-b", f"line {number}") for number in range(after)])
    assert read_limit_that_ended(api, DETAIL, None) == limit


def test_lines_from_before_the_task_are_not_its_own() -> None:
    api = api_with(("pod-b", LINE))
    later = {**DETAIL, "CreateTime": as_shown(BEGIN + timedelta(hours=1))}
    assert read_limit_that_ended(api, later, None) == 7


@pytest.mark.parametrize("run", ["", None])
def test_a_run_that_is_not_known_has_no_log(run: str | None) -> None:
    api = api_with(("pod-b", LINE))
    assert read_limit_that_ended(api, {**DETAIL, "LatestInstanceId": run}, None) == 7
    assert api.calls == []


def test_without_pods_no_log_is_read() -> None:
    api = api_with(("pod-b", LINE))
    api.shown_pods = []
    assert read_limit_that_ended(api, DETAIL, None) == 7
    assert api.calls == ["pods train-1"]


@pytest.mark.parametrize("error", [refusal("UnauthorizedOperation"), no_answer("DescribeLogs")])
@pytest.mark.parametrize("verb", ["pods", "logs"])
def test_where_the_log_cannot_be_read_the_exit_code_decides(verb: str, error: Exception) -> None:
    api = api_with(("pod-b", "done"))
    assert read_limit_that_ended(api, DETAIL, None) is None
    api.always(verb, error)
    assert read_limit_that_ended(api, DETAIL, None) == 7
