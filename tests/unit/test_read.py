"""Read: the task as it is now, for a refresh and for a lookup; and what counts as gone.

A refresh by list is in `tests/component/test_refresh_by_list.py`, what is recorded of a detail in `test_wire.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from fake_api import FakeApi

from pulumi_tione._schema.identity import BASE_NAME
from pulumi_tione.call_context import CallContext
from pulumi_tione.errors import ApiError, RequestNotSentError, TaskError, TioneError
from pulumi_tione.lifecycle.diff import Difference
from pulumi_tione.lifecycle.diff import diff as diff_with_owner
from pulumi_tione.lifecycle.read import read as read_by_clock
from pulumi_tione.lifecycle.recorded_task import RecordedTask

OWNER = {"organization": "acme", "project": "nlp", "stack": "dev", "resource": "bert"}
INPUTS: dict[str, Any] = {
    "name": "bert",
    "region": "ap-guangzhou",
    "chargeType": "POSTPAID_BY_HOUR",
    "resourceConfigInfos": [{"role": "WORKER", "instanceType": "TI.S.MEDIUM.POST", "instanceNum": 1}],
    "startCmdInfo": {"workerStartCmd": "sleep 5"},
    "tags": {"team": "nlp"},
    "envs": {"EPOCHS": "3"},
    "privateEnvs": {"TOKEN": "planted"},
    "exposeNetworkConfig": {"sshConfig": {"enable": True}},
}
OUTPUTS: dict[str, Any] = {**INPUTS, "status": "SUBMITTING", "uin": "100", "allTags": {"team": "nlp"}}


def diff(outputs: Mapping[str, Any], news: Mapping[str, Any]) -> Difference:
    return diff_with_owner(outputs, news, recorded_owner=None, owner=None, labels_enabled=False)


DETAIL: dict[str, Any] = {
    "Id": "train-1",
    "Name": "bert",
    "Uin": "100",
    "Region": "ap-guangzhou",
    "Status": "RUNNING",
    "ChargeType": "POSTPAID_BY_HOUR",
    "ResourceConfigInfos": [
        {
            "Role": "WORKER",
            "InstanceType": "TI.S.MEDIUM.POST",
            "InstanceNum": 1,
            "InstanceTypeAlias": "2C4G",
            "Cpu": 2000,
            "Memory": 4096,
            "RDMAConfig": {"Enable": False},
        }
    ],
    "StartCmdInfo": {"StartCmd": "", "PsStartCmd": "", "WorkerStartCmd": "sleep 5"},
    "Tags": [
        {"TagKey": "team", "TagValue": "nlp"},
        {"TagKey": "qcs:tag:createdBy", "TagValue": "100"},
        {"TagKey": "tencentcloud:autoscaling:auto-scaling-group-id", "TagValue": "asg-1"},
    ],
    "ImageInfo": {"ImageType": "PRE_SET", "ImageUrl": "ccr/torch:2.1", "ImageSecret": None},
    "CodePackagePath": {"Bucket": "", "Region": "", "Paths": []},
    "ExposeNetworkConfig": {"SSHConfig": {"Enable": True, "LoginCommand": "ssh root@1.2.3.4"}},
    "DataConfigs": [],
    "Remark": "",
    "NewThing": {"A": 1},
}


def fake(detail: Mapping[str, Any] | TioneError | None, account: str = "100") -> FakeApi:
    """Return a fake with one task that has this detail; with None without it, with an error unable to show it."""
    if isinstance(detail, Mapping):
        return FakeApi.with_task(facts=detail, account=account)
    service = FakeApi(account=account)
    service.always("describe", detail)
    return service


def read(service: FakeApi, task_id: str, recorded: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """Read by a clock that only pauses move."""
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    context = CallContext(pause=sleep, clock=lambda: now[0])
    return read_by_clock(RecordedTask(service, task_id, recorded, context))


def outputs_and_inputs(
    detail: Mapping[str, Any], recorded: Mapping[str, Any] = OUTPUTS
) -> tuple[dict[str, Any], dict[str, Any]]:
    found = read(fake({**detail}), "train-1", recorded)
    assert found is not None
    return found


# Refresh.


def test_what_the_service_adds_by_itself_is_no_drift() -> None:
    outputs, inputs = outputs_and_inputs(DETAIL)
    assert inputs == INPUTS
    assert diff(outputs, INPUTS) == Difference(replacing=(), in_place=())
    assert outputs["status"] == "RUNNING"
    assert outputs["exposeNetworkConfig"]["sshConfig"]["loginCommand"] == "ssh root@1.2.3.4"


def test_a_second_refresh_is_the_same_as_the_first() -> None:
    first, _ = outputs_and_inputs(DETAIL)
    second, inputs = outputs_and_inputs(DETAIL, first)
    assert second == first
    assert inputs == INPUTS


def test_drift_shows_in_outputs_and_inputs_at_that_property_alone() -> None:
    outputs, inputs = outputs_and_inputs({**DETAIL, "Tags": [{"TagKey": "team", "TagValue": "cv"}]})
    assert inputs == {**INPUTS, "tags": {"team": "cv"}}
    assert diff(outputs, INPUTS) == Difference(replacing=(), in_place=("tags",))


def test_drift_that_was_undone_is_gone_again() -> None:
    changed, _ = outputs_and_inputs({**DETAIL, "StartCmdInfo": {"WorkerStartCmd": "sleep 6"}})
    assert changed["startCmdInfo"] == {"workerStartCmd": "sleep 6"}
    outputs, inputs = outputs_and_inputs(DETAIL, changed)
    assert inputs == INPUTS
    assert diff(outputs, INPUTS) == Difference(replacing=(), in_place=())


def test_secrets_and_what_the_service_never_shows_stay_as_they_were_set() -> None:
    _, inputs = outputs_and_inputs({**DETAIL, "Envs": [{"Name": "TOKEN", "Value": "***", "IsPrivate": True}]})
    assert inputs["privateEnvs"] == {"TOKEN": "planted"}


@pytest.mark.parametrize(
    "recorded", [{"name": "bert"}, {"name": "bert-2", BASE_NAME: "bert"}], ids=["as requested", "with a suffix"]
)
def test_a_detail_without_a_name_leaves_the_recorded_one(recorded: dict[str, str]) -> None:
    outputs, inputs = outputs_and_inputs({**DETAIL, "Name": None}, {**OUTPUTS, **recorded})
    assert {name: outputs[name] for name in ("name", BASE_NAME) if name in outputs} == recorded
    assert inputs["name"] == "bert"


def test_another_name_of_the_task_is_recorded_and_the_name_that_the_program_sets_is_not_taken_for_a_base() -> None:
    outputs, inputs = outputs_and_inputs({**DETAIL, "Name": "other"})
    assert outputs["name"] == "other"
    assert BASE_NAME not in outputs
    assert inputs["name"] == "other"


def test_a_task_that_is_gone_is_none() -> None:
    assert read(fake(None), "train-1", OUTPUTS) is None


@pytest.mark.parametrize(
    ("recorded", "account", "words"),
    [
        ("100", "200", ["'bert' (train-1)", "100", "200", "ap-guangzhou", "may still run"]),
        ("", "200", ["'bert' (train-1)", "200", "ap-guangzhou", "does not record its account"]),
        (None, "200", ["does not record its account"]),
    ],
    ids=["another account", "no account recorded", "account left out"],
)
def test_a_task_that_is_only_out_of_sight_is_an_error_and_never_gone(
    recorded: str | None, account: str, words: list[str]
) -> None:
    with pytest.raises(TaskError) as caught:
        read(fake(None, account), "train-1", {**OUTPUTS, "uin": recorded})
    text = str(caught.value)
    assert all(word in text for word in words)
    assert "\n" not in text


@pytest.mark.parametrize(
    "error",
    [
        RequestNotSentError("DescribeTrainingTask was not sent"),
        ApiError("DescribeTrainingTask", "AuthFailure.TokenFailure", "no", "r-1"),
        ApiError("DescribeTrainingTask", "ResourceNotFound.VPCNotFound", "no", "r-1"),
    ],
    ids=lambda error: getattr(error, "code", "not sent"),
)
def test_only_not_found_means_gone(error: TioneError) -> None:
    with pytest.raises(type(error)):
        read(fake(error), "train-1", OUTPUTS)


def test_the_task_is_looked_for_in_the_workspace_that_is_recorded() -> None:
    service = fake({**DETAIL})
    read(service, "train-1", {**OUTPUTS, "tiProjectId": "p-1"})
    read(service, "train-1", OUTPUTS)
    assert service.asked_workspaces == ["p-1", None]


# Lookup.


def test_a_task_that_is_looked_up_shows_all_that_the_service_shows() -> None:
    outputs, inputs = outputs_and_inputs(DETAIL, {"region": "ap-guangzhou", "tiProjectId": "p-1"})
    assert outputs["region"] == "ap-guangzhou"
    assert outputs["tiProjectId"] == "p-1"
    assert outputs["name"] == "bert"
    assert outputs["tags"] == {"team": "nlp"}
    assert outputs["startCmdInfo"] == {"workerStartCmd": "sleep 5"}
    assert outputs["imageInfo"]["imageType"] == "PRE_SET"
    assert outputs["status"] == "RUNNING"
    assert "remark" not in outputs
    assert "codePackagePath" not in outputs
    assert inputs["exposeNetworkConfig"] == {"sshConfig": {"enable": True}}
    assert "status" not in inputs


@pytest.mark.parametrize(
    ("recorded", "where"),
    [
        ({}, "(region ap-guangzhou, workspace default)"),
        ({"tiProjectId": "p-1"}, "(region ap-guangzhou, workspace p-1)"),
    ],
    ids=["default workspace", "workspace"],
)
def test_a_task_that_is_looked_up_and_does_not_exist_is_an_error_that_shows_where_it_was_looked_for(
    recorded: dict[str, Any], where: str
) -> None:
    with pytest.raises(TaskError) as caught:
        read(fake(None, "200"), "train-1", {"region": "ap-guangzhou", **recorded})
    assert all(word in str(caught.value) for word in ("train-1", where, "200"))
