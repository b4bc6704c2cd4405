"""The provider over gRPC: what floats, unknowns and pickling do to it, which direct calls do not show.

Every shape of input is in `test_shapes.py`; without gRPC, each verb has its tests in `tests/unit/`.
"""

from __future__ import annotations

import base64
import re
import subprocess
import sys
from typing import Any

import grpc
import pytest
from boundary_support import OWNER, SMALLEST, UNKNOWN, Provider
from pulumi.dynamic.dynamic import serialize_provider

from pulumi_tione.emulator import Emulator
from pulumi_tione.lifecycle import messages
from pulumi_tione.provider import TrainingTaskProvider

PICKLED = "gASVNwAAAAAAAACMFXB1bHVtaV90aW9uZS5wcm92aWRlcpSMFnRyYWluaW5nX3Rhc2tfcHJvdmlkZXKUk5QpUpQu"
"""What stands in the state of every stack, for ever."""


def test_the_pickled_provider_is_the_same_bytes_for_ever() -> None:
    assert serialize_provider(TrainingTaskProvider()) == PICKLED
    assert b"pulumi_tione.provider" in base64.b64decode(PICKLED)


def test_the_pickled_provider_does_not_depend_on_what_it_did() -> None:
    used = TrainingTaskProvider()
    used.check({}, dict(SMALLEST))
    assert serialize_provider(used) == PICKLED


def test_another_process_pickles_the_same_bytes() -> None:
    program = (
        "from pulumi.dynamic.dynamic import serialize_provider; from pulumi_tione.provider import TrainingTaskProvider;"
        "print(serialize_provider(TrainingTaskProvider()))"
    )
    printed = subprocess.run([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, check=True).stdout
    assert printed.strip() == PICKLED


def test_check_computes_name_and_region(provider: Provider) -> None:
    inputs = provider.checked(SMALLEST)
    assert inputs["name"].startswith("dev-bert-")
    assert inputs["region"] == "ap-guangzhou"
    assert inputs["owner"] == OWNER


def test_check_keeps_a_computed_name(provider: Provider) -> None:
    assert (
        provider.checked(SMALLEST, {"name": "computed-by-an-older-version"})["name"] == "computed-by-an-older-version"
    )


def test_unknown_values_pass_check_at_any_depth(provider: Provider) -> None:
    news = {**SMALLEST, "vpcId": UNKNOWN, "output": {"bucket": UNKNOWN, "region": "ap-guangzhou", "paths": [UNKNOWN]}}
    inputs = provider.checked(news)
    assert inputs["vpcId"] == UNKNOWN
    assert inputs["output"] == news["output"]


def test_failures_come_all_at_once_each_at_its_path(provider: Provider) -> None:
    _, failures = provider.check(
        {
            **SMALLEST,
            "name": "-bert",
            "chargeType": "POSTPAID",
            "remark": "x" * 1025,
            "dataConfigs": [{"mappingPath": f"/data/{index}"} for index in range(11)],
            "resourceConfigInfos": [{"role": "WORKER", "instance_nmu": 2}],
        }
    )
    paths = ["charge_type", "resource_config_infos[0].instance_nmu", "name", "data_configs", "remark"]
    assert [*failures] == paths
    assert failures["resource_config_infos[0].instance_nmu"].endswith("did you mean instance_num?")


def test_whole_numbers_are_sent_as_such(provider: Provider, emulator: Emulator) -> None:
    provider.create(provider.checked(SMALLEST))
    (sent,) = (request for request in emulator.requests() if request["action"] == "CreateTrainingTask")
    assert re.search(r'"InstanceNum": 1[,}]', sent["raw_body"])
    assert sent["accepted"]


def test_a_task_that_was_created_read_and_compared_is_unchanged(provider: Provider) -> None:
    inputs = provider.checked(SMALLEST)
    task_id, created = provider.create(inputs)
    assert provider.diff(task_id, created, inputs) == (False, [])
    same_id, outputs, read_inputs = provider.read(task_id, created)
    assert same_id == task_id
    assert read_inputs == inputs
    assert provider.diff(task_id, outputs, inputs) == (False, [])


def test_an_unchanged_task_is_read_from_a_list_and_a_changed_one_from_its_detail(
    provider: Provider, emulator: Emulator
) -> None:
    emulator.plan_runs(running_seconds="forever")
    task_id, outputs = provider.create(provider.checked(SMALLEST))
    while outputs["status"] != "RUNNING":
        _, outputs, _ = provider.read(task_id, outputs)
    emulator.forget_requests()
    _, unchanged, inputs = provider.read(task_id, outputs)
    assert [request["action"] for request in emulator.requests()] == ["DescribeTrainingTasks"]
    assert unchanged == {**outputs, "runtimeInSeconds": unchanged["runtimeInSeconds"]}
    assert inputs == {name: outputs[name] for name in inputs}
    emulator.platform_stop(task_id)
    emulator.forget_requests()
    _, changed, _ = provider.read(task_id, outputs)
    assert [request["action"] for request in emulator.requests()] == ["DescribeTrainingTasks", "DescribeTrainingTask"]
    assert changed["status"] in ("STOPPING", "STOPPED")


def test_outputs_hold_the_inputs_and_what_the_service_knows(provider: Provider) -> None:
    inputs = provider.checked({**SMALLEST, "tags": {"team": "nlp"}})
    _, outputs = provider.create(inputs)
    assert {name: outputs[name] for name in inputs} == inputs
    assert outputs["status"] in ("SUBMITTING", "PENDING", "STARTING", "RUNNING")
    assert outputs["latestInstanceId"].startswith("train-")
    labels = {"pulumi:project": "nlp", "pulumi:stack": "dev", "pulumi:resource": "bert"}
    drawn = outputs["allTags"].pop("pulumi:create")
    assert outputs["allTags"] == {"team": "nlp", **labels}
    assert 0 <= int(drawn, 16) < 256


def test_the_owner_stays_one_of_the_properties_in_the_state_through_all_verbs(provider: Provider) -> None:
    renamed = {**OWNER, "resource": "renamed"}
    inputs = provider.checked({**SMALLEST, "name": "bert"})
    task_id, outputs = provider.create(inputs)
    assert (inputs["owner"], outputs["owner"]) == (OWNER, OWNER)
    news = provider.checked({**SMALLEST, "name": "bert", "owner": renamed})
    assert provider.diff(task_id, outputs, news) == (True, [])
    outputs = provider.update(task_id, outputs, news)
    assert (news["owner"], outputs["owner"]) == (renamed, renamed)
    assert outputs["allTags"]["pulumi:resource"] == "renamed"
    _, read_outputs, read_inputs = provider.read(task_id, outputs)
    assert (read_inputs["owner"], read_outputs["owner"]) == (renamed, renamed)
    assert provider.diff(task_id, read_outputs, news) == (False, [])


@pytest.mark.parametrize(
    ("changed", "replaces"),
    [
        ({"vpcId": "vpc-00000001"}, ["vpcId"]),
        ({"startCmdInfo": {"workerStartCmd": "sleep 6"}}, ["startCmdInfo"]),
        ({"triggers": [1]}, ["triggers"]),
        ({"region": "ap-beijing"}, ["region"]),
        ({"tags": {"team": "cv"}}, []),
        ({"vpcId": UNKNOWN}, ["vpcId"]),
    ],
)
def test_all_but_a_few_inputs_need_a_new_task(provider: Provider, changed: dict[str, Any], replaces: list[str]) -> None:
    inputs = provider.checked(SMALLEST)
    task_id, outputs = provider.create(inputs)
    assert provider.diff(task_id, outputs, {**inputs, **changed}) == (True, replaces)


def test_delete_stops_a_running_task_first(provider: Provider, emulator: Emulator) -> None:
    task_id, outputs = provider.create(provider.checked({**SMALLEST, "startCmdInfo": {"workerStartCmd": "sleep 3600"}}))
    provider.delete(task_id, outputs)
    assert emulator.tasks() == []
    accepted = [request["action"] for request in emulator.requests() if request["accepted"]]
    assert accepted.index("StopTrainingTask") < accepted.index("DeleteTrainingTask")


def test_what_is_gone_already_is_deleted(provider: Provider) -> None:
    task_id, outputs = provider.create(provider.checked(SMALLEST))
    provider.delete(task_id, outputs)
    provider.delete(task_id, outputs)


def test_a_task_that_is_gone_reads_as_gone(provider: Provider) -> None:
    task_id, outputs = provider.create(provider.checked(SMALLEST))
    provider.delete(task_id, outputs)
    assert provider.read(task_id, outputs)[0] == ""


def test_the_request_id_of_a_create_is_that_of_the_service(provider: Provider, emulator: Emulator) -> None:
    _, outputs = provider.create(provider.checked(SMALLEST))
    (created,) = [request for request in emulator.requests() if request["action"] == "CreateTrainingTask"]
    assert outputs["createRequestId"] == created["request_id"]


def test_an_error_is_one_line_without_a_traceback(provider: Provider, emulator: Emulator) -> None:
    inputs = provider.checked(SMALLEST)
    provider.create(inputs)
    with pytest.raises(grpc.RpcError) as raised:
        provider.create(inputs)
    (line,) = (raised.value.details() or "").strip().splitlines()
    (task_id, name) = next((task["Id"], task["Name"]) for task in emulator.tasks())
    assert line.startswith(f"{messages.not_created(name)}: {task_id} ")
    assert messages.WITH_OWN_LABELS in line
