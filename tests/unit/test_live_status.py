"""The current statuses of a stack's tasks: few list calls, and the recorded status where there is none.

`pulumi-tione status` is in `tests/cli/test_status.py`.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from fake_api import FakeApi, no_answer, refusal

from pulumi_tione.lifecycle.live_status import LiveStatuses

OWNER = {"organization": "acme", "project": "nlp", "stack": "dev", "resource": "bert"}
LABELS = [{"TagKey": "pulumi:project", "TagValue": "nlp"}, {"TagKey": "pulumi:stack", "TagValue": "dev"}]
RECORDED: dict[str, Any] = {"status": "SUBMITTING"}


def api_with(**statuses: str) -> FakeApi:
    api = FakeApi.with_task("train-a", {"Name": "a", "Status": "RUNNING", "Tags": LABELS})
    for name, status in statuses.items():
        api.history[f"train-{name}"] = [(float("-inf"), {"Id": f"train-{name}", "Name": name, "Status": status})]
    return api


def test_one_list_has_the_statuses_of_all_tasks_of_a_stack() -> None:
    api, statuses = api_with(), LiveStatuses()
    with ThreadPoolExecutor(8) as pool:
        found = [*pool.map(lambda _: statuses.of(api, "train-a", RECORDED, OWNER), range(8))]
    assert {*found} == {"RUNNING"}
    assert api.calls == ["list by tags"]


def test_a_task_without_the_labels_is_looked_up_by_its_id() -> None:
    api, statuses = api_with(b="succeed"), LiveStatuses()
    assert statuses.of(api, "train-b", RECORDED, OWNER).upper() == "SUCCEED"
    assert api.calls == ["list by tags", "list train-b"]


def test_without_labels_nothing_is_listed_by_them() -> None:
    api = api_with(b="STOPPED")
    assert LiveStatuses().of(api, "train-b", RECORDED, None) == "STOPPED"
    assert api.calls == ["list train-b"]


@pytest.mark.parametrize("workspace", [None, "7"])
def test_the_lists_are_those_of_the_workspace_of_the_task(workspace: str | None) -> None:
    api, statuses = api_with(b="STOPPED"), LiveStatuses()
    recorded = {**RECORDED, "tiProjectId": workspace}
    assert statuses.of(api, "train-b", recorded, OWNER) == "STOPPED"
    assert api.asked_workspaces == [workspace, workspace]


def test_each_client_workspace_and_stack_has_its_own_list() -> None:
    api, statuses = api_with(), LiveStatuses()
    for owner in (OWNER, {**OWNER, "stack": "prod"}, {**OWNER, "project": "cv"}):
        for workspace in (None, "7"):
            for _ in range(2):
                statuses.of(api, "train-a", {"tiProjectId": workspace}, owner)
    assert api.calls.count("list by tags") == 6
    assert statuses.of(api_with(), "train-a", RECORDED, OWNER) == "RUNNING"


def test_a_task_of_another_stack_of_the_project_is_not_in_the_list() -> None:
    api = api_with()
    assert LiveStatuses().of(api, "train-a", RECORDED, {**OWNER, "stack": "prod"}) == "RUNNING"
    assert api.calls == ["list by tags", "list train-a"]


def test_a_task_that_no_list_shows_has_its_recorded_status() -> None:
    statuses = LiveStatuses()
    assert statuses.of(api_with(), "train-z", RECORDED, OWNER) == "SUBMITTING"
    assert statuses.of(api_with(), "train-z", {}, OWNER) == ""


@pytest.mark.parametrize("error", [refusal("AuthFailure.UnauthorizedOperation"), no_answer("DescribeTrainingTasks")])
def test_a_list_that_fails_leaves_the_recorded_status(error: Exception) -> None:
    api, statuses = api_with(), LiveStatuses()
    api.always("list", error)
    for _ in range(3):
        assert statuses.of(api, "train-a", RECORDED, OWNER) == "SUBMITTING"
    assert api.calls == ["list by tags"]
