"""Control requests: one of a wrong type is refused at once, and changes nothing.

What each control does is tested where it belongs: `test_faults.py`, `test_life.py`, `test_lag.py`.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest

from pulumi_tione.emulator import Emulator

Call = Callable[..., dict[str, Any]]
Create = Callable[..., str]

WRONG: list[tuple[str, Any]] = [
    ("tasks", {"task": 5, "outcome": "FAILED"}),
    ("tasks", {"outcome": ["FAILED"]}),
    ("tasks", {"outcome": "LOST"}),
    ("tasks", {"failure_reason": 5}),
    ("tasks", {"failure_reason": {"a": "b"}}),
    ("tasks", {"running_seconds": "5"}),
    ("tasks", {"running_seconds": True}),
    ("tasks", {"running_seconds": [1]}),
    ("tasks", {"running_seconds": -1}),
    ("tasks", {"seconds": 5}),
    ("tasks", {"seconds": {"RUNNING": "long"}}),
    ("tasks", {"seconds": {"RUNNING": None}}),
    ("tasks", {"seconds": {"WALKING": 1}}),
    ("tasks", {"output": "text"}),
    ("tasks", {"output": [["now", "text"]]}),
    ("tasks", {"output": [[0, 5]]}),
    ("tasks", {"output": [[0]]}),
    ("tasks", {"output": [[-1, "text"]]}),
    ("tasks", {"change": "text"}),
    ("tasks", {"change": ["Status"]}),
    ("tasks", {"system_tags": ["a"]}),
    ("tasks", {"system_tags": {"a": 1}}),
    ("tasks", {"outcome": "FAILED", "reason": "x"}),
    ("tasks", {"do": "explode", "task": "bert"}),
    ("tasks", {"do": ["remove"], "task": "bert"}),
    ("tasks", {"do": "remove"}),
    ("tasks", {"do": "remove", "task": 5}),
    ("tasks", {"do": "remove", "task": ["bert"]}),
    ("clock", {}),
    ("clock", {"seconds": 5}),
    ("clock", {"advance_seconds": "60"}),
    ("clock", {"advance_seconds": None}),
    ("clock", {"advance_seconds": True}),
    ("clock", {"advance_seconds": -1}),
    ("clock", {"advance_seconds": 1e300}),
    ("registered", {}),
    ("registered", {"kind": "vpc"}),
    ("registered", {"kind": 5, "resource_id": "vpc-1"}),
    ("registered", {"kind": "vpc", "resource_id": 5}),
    ("registered", {"kind": "planet", "resource_id": "earth"}),
    ("registered", {"kind": "subnet", "resource_id": "subnet-1", "vpc": 5}),
    ("registered", {"kind": "cfs", "resource_id": "cfs-1", "paths": "/a"}),
    ("registered", {"kind": "cfs", "resource_id": "cfs-1", "paths": [1]}),
    ("registered", {"kind": "resource_group", "resource_id": "rsg-1", "cpu": "many"}),
    ("registered", {"kind": "resource_group", "resource_id": "rsg-1", "cpu": -1}),
    ("registered", {"kind": "resource_group", "resource_id": "rsg-1", "rdma": "false"}),
    ("registered", {"kind": "instance_type", "resource_id": "TI.NEW.POST", "cpu": 1000}),
    ("registered", {"kind": "vpc", "resource_id": "vpc-1", "colour": "red"}),
    ("settings", {"start_from_failed": "false"}),
    ("settings", {"deleted_names_are_free": 0}),
    ("settings", {"name_filter_matches_parts": None}),
    ("settings", {"requests_a_second": "20"}),
    ("settings", {"requests_a_second": 2.5}),
    ("settings", {"requests_a_second": -1}),
    ("settings", {"sold_out": "TI.S.MEDIUM.POST"}),
    ("settings", {"sold_out": [5]}),
    ("settings", {"balances": []}),
    ("settings", {"balances": {"100000000001": "much"}}),
    ("settings", {"discount": "0.5"}),
    ("settings", {"discount": None}),
    ("settings", {"tag_values_of_an_account": None}),
    ("settings", {"tag_values_of_a_key": True}),
    ("settings", {"requests_a_second": 5, "colour": "red"}),
    ("faults", {"action": 5}),
    ("faults", {"times": "often"}),
    ("lag", {"lists": "3"}),
]


def _ask(emulator: Emulator, path: str, body: Any, method: str = "POST") -> tuple[int, Any]:
    request = urllib.request.Request(f"{emulator.endpoint}/_emulator/{path}", json.dumps(body).encode(), method=method)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def _state(emulator: Emulator, call: Call) -> Any:
    """All that can be asked, by all ways: none of it may have been broken."""
    listed = call("DescribeTrainingTasks")
    [task] = listed["TrainingTaskSet"]
    detail = call("DescribeTrainingTask", {"Id": task["Id"]})["TrainingTaskDetail"]
    logs = call("DescribeLogs", {"Service": "TRAIN", "ServiceId": detail["LatestInstanceId"]})["Content"]
    specs = call("DescribeBillingSpecs", {"ChargeType": "POSTPAID_BY_HOUR"})["Specs"]
    groups = call("DescribeBillingResourceGroups")["ResourceGroupSet"]
    settings = {name: value for name, value in emulator.settings().items() if name != "now"}
    return [task, detail, logs, specs, groups, emulator.tasks(), settings, len(list(emulator.faults))]


@pytest.mark.parametrize(("path", "body"), WRONG, ids=[f"{path} {json.dumps(body)[:60]}" for path, body in WRONG])
def test_a_control_request_of_a_wrong_type_is_refused(
    emulator: Emulator, create: Create, call: Call, path: str, body: Any
) -> None:
    create()
    emulator.advance(3)
    before = _state(emulator, call)
    status, answer = _ask(emulator, path, body)
    assert status == 400
    assert set(answer) == {"error"}
    assert "Traceback" not in answer["error"]
    assert _state(emulator, call) == before


@pytest.mark.parametrize("body", [[], "text", 5, None])
@pytest.mark.parametrize("path", ["tasks", "faults", "clock", "registered", "settings", "lag"])
def test_a_control_request_is_an_object(emulator: Emulator, path: str, body: Any) -> None:
    assert _ask(emulator, path, body)[0] == 400


def test_an_unknown_kind_cannot_be_taken_back(emulator: Emulator) -> None:
    assert _ask(emulator, "registered", {"kind": "planet", "resource_id": "earth"}, "DELETE")[0] == 400


def test_what_is_wrong_is_stated(emulator: Emulator) -> None:
    assert "true or false" in _ask(emulator, "settings", {"start_from_failed": "false"})[1]["error"]
    assert emulator.settings()["start_from_failed"] is True
    assert "advance_seconds" in _ask(emulator, "clock", {})[1]["error"]
    assert "outcome" in _ask(emulator, "tasks", {"reason": "x"})[1]["error"]


def test_settings_change_all_at_once_or_not_at_all(emulator: Emulator) -> None:
    assert _ask(emulator, "settings", {"discount": 0.5, "sold_out": [5]})[0] == 400
    assert emulator.settings()["discount"] == 1.0


def test_a_wrong_type_is_refused_in_python_too(emulator: Emulator) -> None:
    plan_runs: Any = emulator.plan_runs
    with pytest.raises(TypeError, match="failure_reason"):
        plan_runs(failure_reason=5)


def test_a_clock_ends_before_pythons_time_does(emulator: Emulator) -> None:
    for _ in range(29):
        emulator.advance(100 * 365 * 86400)
    with pytest.raises(ValueError, match="5000"):
        emulator.advance(100 * 365 * 86400)
    assert emulator.tasks() == []


def test_an_instance_type_can_be_registered(
    emulator: Emulator, create: Create, call: Call, refusal: Callable[..., tuple[str, str]], body: Call
) -> None:
    node = {"Role": "WORKER", "InstanceType": "TI.GN99.8XLARGE.POST", "InstanceNum": 2}
    refused = refusal("CreateTrainingTask", body(ResourceConfigInfos=[node]))
    assert refused[0] == "InvalidParameterValue.ResourceConfigIllegal"
    assert "`ResourceConfigInfos.0.InstanceType`" in refused[1]
    size = {"cpu": 96000, "memory": 786432, "gpu": 800, "gpu_type": "H800", "price": 90000}
    emulator.register("instance_type", "TI.GN99.8XLARGE.POST", alias="96C768G H800*8", **size)
    specs = call("DescribeBillingSpecs", {"ChargeType": "POSTPAID_BY_HOUR", "ResourceType": "GPU"})["Specs"]
    assert "96C768G H800*8" in {spec["SpecAlias"] for spec in specs}
    assert "TI.GN10X.2XLARGE40.POST" in {spec["SpecName"] for spec in specs}
    price = call("DescribeBillingSpecsPrice", {"SpecsParam": [{"SpecName": node["InstanceType"], "SpecCount": 2}]})
    assert price["SpecsPrice"][0]["TotalCost"] == 180_000
    task_id = create(ResourceConfigInfos=[node])
    emulator.advance(3)
    detail = call("DescribeTrainingTask", {"Id": task_id})["TrainingTaskDetail"]
    assert (detail["ResourceConfigInfos"][0]["Gpu"], detail["BillingInfo"][:7]) == (800, "1800.00")
    emulator.unregister("instance_type", "TI.GN99.8XLARGE.POST")
    assert call("DescribeTrainingTask", {"Id": task_id})["TrainingTaskDetail"]["Id"] == task_id
    assert create("other")  # those that everybody knows are still there


@pytest.mark.parametrize(
    ("name", "gpu", "alias"),
    [
        ("TI.GN10X.2XLARGE40.POST", 100, "8C40G V100*1"),
        ("TI.GN7.LARGE20.POST", 25, "4C20G T4*1/4"),
        ("TI.GN7.2XLARGE40.POST", 50, "10C40G T4*1/2"),
        ("TI.GN7.5XLARGE80.POST", 100, "20C80G T4*1"),
    ],
)
def test_the_instance_types_of_the_vendors_definition_are_there(
    emulator: Emulator, create: Create, call: Call, name: str, gpu: int, alias: str
) -> None:
    task_id = create(ResourceConfigInfos=[{"Role": "WORKER", "InstanceType": name, "InstanceNum": 1}])
    [node] = call("DescribeTrainingTask", {"Id": task_id})["TrainingTaskDetail"]["ResourceConfigInfos"]
    assert (node["Gpu"], node["InstanceTypeAlias"]) == (gpu, alias)
