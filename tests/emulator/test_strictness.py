"""What a request may consist of: names, types, required fields, at any depth (case C31).

Rules beyond names and types are in `test_create_rules.py`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from pulumi_tione.emulator import Emulator

Raw = Callable[..., Any]
Refusal = Callable[..., tuple[str, str]]
Body = Callable[..., dict[str, Any]]


def _node(**members: Any) -> dict[str, Any]:
    return {"Role": "WORKER", "InstanceType": "TI.S.MEDIUM.POST", "InstanceNum": 1, **members}


@pytest.mark.parametrize(
    ("members", "code", "place"),
    [
        ({"Nmae": "x"}, "UnknownParameter", "Nmae"),
        ({"ResourceConfigInfos": [_node(), _node(Cpus=1)]}, "UnknownParameter", "ResourceConfigInfos.1.Cpus"),
        (
            {"DataConfigs": [{"CFSSource": {"Id": "cfs-1", "Paht": "/"}}]},
            "UnknownParameter",
            "DataConfigs.0.CFSSource.Paht",
        ),
        ({"ResourceConfigInfos": [_node(InstanceNum="1")]}, "InvalidParameter", "ResourceConfigInfos.0.InstanceNum"),
        ({"ResourceConfigInfos": [_node(InstanceNum=2.0)]}, "InvalidParameter", "ResourceConfigInfos.0.InstanceNum"),
        ({"ResourceConfigInfos": [_node(InstanceNum=True)]}, "InvalidParameter", "ResourceConfigInfos.0.InstanceNum"),
        ({"ResourceConfigInfos": [_node(InstanceNum=-1)]}, "InvalidParameter", "ResourceConfigInfos.0.InstanceNum"),
        ({"ResourceConfigInfos": [_node(InstanceNum=2**64)]}, "InvalidParameter", "ResourceConfigInfos.0.InstanceNum"),
        ({"ResourceConfigInfos": [_node(InstanceNum=None)]}, "InvalidParameter", "ResourceConfigInfos.0.InstanceNum"),
        ({"ResourceConfigInfos": {"0": _node()}}, "InvalidParameter", "ResourceConfigInfos"),
        ({"ResourceConfigInfos": ["x"]}, "InvalidParameter", "ResourceConfigInfos.0"),
        ({"Name": 5}, "InvalidParameter", "Name"),
        ({"Name": None}, "InvalidParameter", "Name"),
        ({"Tags": {}}, "InvalidParameter", "Tags"),
        ({"Tags": [None]}, "InvalidParameter", "Tags.0"),
        ({"LogEnable": 1}, "InvalidParameter", "LogEnable"),
        ({"Output": []}, "InvalidParameter", "Output"),
        ({"Queues": ["q", 1]}, "InvalidParameter", "Queues.1"),
        ({"Remark": "\ud800"}, "InvalidParameter", "Remark"),
        ({"ResourceConfigInfos": [{"InstanceNum": 1}]}, "MissingParameter", "ResourceConfigInfos.0.Role"),
        ({"Output": {"Bucket": "b", "Region": "r"}}, "MissingParameter", "Output.Paths"),
        ({"DataConfigs": [{"CFSSource": {"Id": "cfs-1"}}]}, "MissingParameter", "DataConfigs.0.CFSSource.Path"),
        ({"Tags": [{"TagKey": "a"}]}, "MissingParameter", "Tags.0.TagValue"),
        ({"ImageInfo": {"ImageType": "CUSTOM"}}, "MissingParameter", "ImageInfo.ImageUrl"),
        ({"SchedulePolicy": {"BackOffLimit": "3"}}, "InvalidParameter", "SchedulePolicy.BackOffLimit"),
    ],
)
def test_a_field_that_the_definition_does_not_allow_is_named_with_its_place(
    refusal: Refusal, body: Body, emulator: Emulator, members: dict[str, Any], code: str, place: str
) -> None:
    result = refusal("CreateTrainingTask", body(**members))
    assert result[0] == code
    assert f"`{place}`" in result[1]
    assert emulator.tasks() == []


@pytest.mark.parametrize("required", ["Name", "ChargeType", "ResourceConfigInfos"])
def test_a_missing_required_field_is_named(refusal: Refusal, body: Body, required: str) -> None:
    request = body()
    del request[required]
    code, message = refusal("CreateTrainingTask", request)
    assert code == "MissingParameter"
    assert f"`{required}`" in message


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b'"x"', b"null", b"1", b'{"a":1,}', b"{", b"\xff\xfe", b'{"Limit": NaN}', b"[" * 100_000, b"{}{}"],
)
def test_a_body_that_is_no_json_object_is_an_invalid_parameter(raw: Raw, body: bytes) -> None:
    answer = raw(body=body)
    assert answer.status == 200
    assert answer.content_type == "application/json"
    assert answer.code == "InvalidParameter"
    assert answer.response["RequestId"]


def test_a_key_that_occurs_twice_is_named(raw: Raw) -> None:
    answer = raw(body=b'{"Filters": [{"Name": "Name", "Values": ["a"], "Values": ["b"]}]}')
    assert answer.code == "InvalidParameter"
    assert "`Values`" in answer.message


def test_a_number_of_very_many_digits_is_an_invalid_parameter(raw: Raw) -> None:
    assert raw(body=b'{"Limit": ' + b"9" * 5000 + b"}").code == "InvalidParameter"


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD"])
def test_another_method_than_post_is_an_unsupported_protocol(raw: Raw, method: str) -> None:
    answer = raw(method=method)
    assert answer.status == 200
    if method != "HEAD":
        assert answer.code == "UnsupportedProtocol"


@pytest.mark.parametrize(
    ("how", "code", "parameter"),
    [
        ({"action": "CreateTrainingJob"}, "InvalidAction", "CreateTrainingJob"),
        ({"action": "createTrainingTask"}, "InvalidAction", "createTrainingTask"),
        ({"action": "TagResources"}, "InvalidAction", "TagResources"),
        ({"version": "2019-10-22"}, "NoSuchVersion", "2019-10-22"),
        ({"region": "ap-nowhere"}, "UnsupportedRegion", "ap-nowhere"),
        ({"content_type": "application/x-www-form-urlencoded"}, "InvalidParameter", "Content-Type"),
        ({"changed_headers": {"X-TC-Timestamp": "soon"}}, "InvalidParameter", "X-TC-Timestamp"),
    ],
)
def test_what_is_addressed_must_exist(raw: Raw, how: dict[str, Any], code: str, parameter: str) -> None:
    answer = raw(**how)
    assert answer.code == code
    assert parameter in answer.message


def test_a_request_larger_than_ten_megabytes_is_refused(raw: Raw) -> None:
    padding = b" " * (10 * 1024 * 1024)
    assert raw(body=b"{}" + padding, signed_body=b"{}" + padding).code == "RequestSizeLimitExceeded"
    assert raw(body=b"{}" + padding[2:]).code is None


def test_the_vendors_own_example_is_accepted(call: Callable[..., Any], emulator: Emulator) -> None:
    """The request of the vendor's page for CreateTrainingTask, member for member."""
    example = {
        "Name": "zhangsan-lora",
        "FrameworkName": "PYTORCH",
        "FrameworkEnvironment": "tilearn-llm1.0-torch2.1-angel-vllm1.0-py3.10-cuda12.1-gpu",
        "TrainingMode": "DDP",
        "ChargeType": "PREPAID",
        "ResourceConfigInfos": [
            {
                "Role": "WORKER",
                "Cpu": 1000,
                "Memory": 1024,
                "GpuType": "",
                "Gpu": 0,
                "InstanceType": "",
                "InstanceTypeAlias": "",
                "InstanceNum": 1,
            }
        ],
        "ResourceGroupId": "ersg-rf6p8zb8",
        "Tags": [],
        "Remark": "",
        "CodePackagePath": {"Bucket": "test-gz-1256580188", "Region": "ap-guangzhou", "Paths": ["test/"]},
        "EncodedStartCmdInfo": {
            "StartCmdInfo": "eyJTdGFydENtZCI6IiIsIlBzU3RhcnRDbWQiOiIiLCJXb3JrZXJTdGFydENtZCI6InNsZWVwIDEwIn0="
        },
        "DataConfigs": [
            {
                "DataSourceType": "CFS",
                "MappingPath": "/opt/ml/input/data/",
                "CFSSource": {"Id": "cfs-pchxhlg9", "Path": "/bin"},
            }
        ],
        "TuningParameters": '{"test":"test"}',
        "Output": {"Bucket": "test-gz-1256580188", "Region": "ap-guangzhou", "Paths": ["cos_test/"]},
        "LogEnable": False,
        "VpcId": "vpc-a26qv3af",
        "SubnetId": "subnet-m7xhqcyc",
    }
    task_id = call("CreateTrainingTask", example)["Id"]
    [entry] = emulator.requests()
    assert (entry["accepted"], entry["id"], entry["body"]) == (True, task_id, example)


def test_what_the_vendors_kit_sends_beyond_the_definition_is_accepted_and_noted(
    call: Callable[..., Any], body: Body, emulator: Emulator
) -> None:
    extra = {"TaskType": "TRAIN", "PreTrainModel": {"any": ["thing"]}, "SchedulePolicy": {"BackOffLimit": 3}}
    call("CreateTrainingTask", body(**extra))
    [entry] = emulator.requests()
    assert entry["undocumented"] == [*extra, "SchedulePolicy.BackOffLimit"]


def test_a_message_stays_short_whatever_was_sent(raw: Raw) -> None:
    answer = raw(body=json.dumps({"X" * 10_000: 1}).encode())
    assert answer.code == "UnknownParameter"
    assert len(answer.message) < 200
