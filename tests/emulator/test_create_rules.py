"""What CreateTrainingTask refuses beyond names and types: each rule with its code and the parameter that broke it.

Names and types are in `test_strictness.py`; that every documented code can occur is in `test_codes.py`.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest

from pulumi_tione.emulator import Emulator

Refusal = Callable[..., tuple[str, str]]
Body = Callable[..., dict[str, Any]]
Create = Callable[..., str]

COS = {"Bucket": "corpus-1250000000", "Region": "ap-guangzhou", "Paths": ["code/"]}
PREPAID = {"ChargeType": "PREPAID", "ResourceGroupId": "rsg-demo0001"}
IN_GROUP = {
    "Role": "WORKER",
    "Cpu": 1000,
    "Memory": 1024,
    "Gpu": 0,
    "GpuType": "",
    "InstanceType": "",
    "InstanceNum": 1,
}
IMAGE = {"ImageType": "CUSTOM", "ImageUrl": "registry.example.com/a/b:1"}


def _encoded(commands: Any) -> dict[str, Any]:
    text = commands if isinstance(commands, str) else json.dumps(commands)
    return {"EncodedStartCmdInfo": {"StartCmdInfo": base64.b64encode(text.encode()).decode()}}


def _node(**members: Any) -> dict[str, Any]:
    return {
        "ResourceConfigInfos": [{"Role": "WORKER", "InstanceType": "TI.S.MEDIUM.POST", "InstanceNum": 1, **members}]
    }


def _group(**members: Any) -> dict[str, Any]:
    return {**PREPAID, "ResourceConfigInfos": [{**IN_GROUP, **members}]}


@pytest.mark.parametrize(
    ("members", "code", "place"),
    [
        ({"Name": ""}, "InvalidParameterValue", "Name"),
        ({"Name": "-bert"}, "InvalidParameterValue", "Name"),
        ({"Name": "bert large"}, "InvalidParameterValue", "Name"),
        ({"Name": "bért"}, "InvalidParameterValue", "Name"),
        ({"Name": "bert\n"}, "InvalidParameterValue", "Name"),
        ({"Name": "b" * 61}, "InvalidParameterValue.ParamLengthExceedLimit", "Name"),
        ({"Remark": "中" * 1025}, "InvalidParameterValue.ParamLengthExceedLimit", "Remark"),
        ({"TuningParameters": "x" * 2049}, "InvalidParameterValue.ParamLengthExceedLimit", "TuningParameters"),
        ({"ChargeType": "FREE"}, "InvalidParameterValue", "ChargeType"),
        ({**_group(), "ResourceGroupId": ""}, "MissingParameter", "ResourceGroupId"),
        ({"ResourceConfigInfos": []}, "InvalidParameterValue.ResourceConfigIllegal", "ResourceConfigInfos"),
        (_node(Role=""), "InvalidParameterValue.ResourceConfigIllegal", "ResourceConfigInfos.0.Role"),
        (_node(InstanceNum=0), "InvalidParameterValue.ResourceConfigIllegal", "ResourceConfigInfos.0.InstanceNum"),
        (_node(InstanceNum=1001), "InvalidParameterValue.ResourceConfigIllegal", "ResourceConfigInfos.0.InstanceNum"),
        (_node(InstanceNum=10**9), "InvalidParameterValue.ResourceConfigIllegal", "ResourceConfigInfos.0.InstanceNum"),
        (
            {"ResourceConfigInfos": [*_node(InstanceNum=600)["ResourceConfigInfos"]] * 2},
            "InvalidParameterValue.ResourceConfigIllegal",
            "ResourceConfigInfos.1.InstanceNum",
        ),
        (_node(InstanceType=""), "InvalidParameterValue.ResourceConfigIllegal", "ResourceConfigInfos.0.InstanceType"),
        (
            _node(InstanceType="TI.XXL"),
            "InvalidParameterValue.ResourceConfigIllegal",
            "ResourceConfigInfos.0.InstanceType",
        ),
        (
            _node(RDMAConfig={"Enable": True}),
            "InvalidParameterValue.RDMAConfigIllegal",
            "ResourceConfigInfos.0.RDMAConfig.Enable",
        ),
        (_group(Cpu=0), "InvalidParameterValue.ResourceConfigIllegal", "ResourceConfigInfos.0.Cpu"),
        (_group(Memory=0), "InvalidParameterValue.ResourceConfigIllegal", "ResourceConfigInfos.0.Memory"),
        (_group(Gpu=100), "InvalidParameterValue.ResourceConfigIllegal", "ResourceConfigInfos.0.GpuType"),
        (
            _group(InstanceType="TI.S.LARGE.POST"),
            "InvalidParameterValue.ResourceConfigIllegal",
            "ResourceConfigInfos.0.InstanceType",
        ),
        (
            {"FrameworkName": "PYTORCH", "FrameworkVersion": "0.1"},
            "InvalidParameterValue.FrameworkVersionNotSupport",
            "FrameworkVersion",
        ),
        ({"ImageInfo": {**IMAGE, "ImageType": "TAR"}}, "InvalidParameterValue.ImageIllegal", "ImageInfo.ImageType"),
        ({"ImageInfo": {**IMAGE, "ImageUrl": ""}}, "InvalidParameterValue.ImageIllegal", "ImageInfo.ImageUrl"),
        (
            {"ImageInfo": {**IMAGE, "ImageUrl": "https://a/b"}},
            "InvalidParameterValue.ImageIllegal",
            "ImageInfo.ImageUrl",
        ),
        (
            {"ImageInfo": {**IMAGE, "ImageType": "CCR", "ImageSecret": {"Username": "a"}}},
            "InvalidParameterValue",
            "ImageInfo.ImageSecret",
        ),
        ({"CodePackagePath": {**COS, "Paths": []}}, "InvalidParameterValue", "CodePackagePath.Paths"),
        ({"Output": {**COS, "Paths": ["a/", "b/"]}}, "InvalidParameterValue", "Output.Paths"),
        (
            {"DataConfigs": [{"COSSource": {**COS, "Paths": ["a/", "b/"]}}]},
            "InvalidParameterValue",
            "DataConfigs.0.COSSource.Paths",
        ),
        ({"EncodedStartCmdInfo": {}}, "InvalidParameterValue", "EncodedStartCmdInfo.StartCmdInfo"),
        (
            {"EncodedStartCmdInfo": {"StartCmdInfo": "not base64!"}},
            "InvalidParameterValue",
            "EncodedStartCmdInfo.StartCmdInfo",
        ),
        (_encoded("no json"), "InvalidParameterValue", "EncodedStartCmdInfo.StartCmdInfo"),
        (_encoded(["x"]), "InvalidParameterValue", "EncodedStartCmdInfo.StartCmdInfo"),
        (_encoded({"WorkerStartCmd": "x"}), "InvalidParameterValue", "EncodedStartCmdInfo.StartCmdInfo"),
        (
            _encoded({"StartCmd": 1, "PsStartCmd": "", "WorkerStartCmd": "x"}),
            "InvalidParameterValue",
            "EncodedStartCmdInfo.StartCmdInfo",
        ),
        (
            {"DataConfigs": [{"MappingPath": f"/data/{n}"} for n in range(11)]},
            "InvalidParameterValue.DatasetNumLimitExceeded",
            "DataConfigs",
        ),
        (
            {"DataConfigs": [{"MappingPath": "/a"}, {"MappingPath": "/a"}]},
            "InternalError.ValidateCreateTaskFailed",
            "DataConfigs.1.MappingPath",
        ),
        (
            {"DataConfigs": [{"LocalDiskSource": {"InstanceId": "i-1"}}, {"LocalDiskSource": {"InstanceId": "i-2"}}]},
            "InvalidParameter",
            "DataConfigs",
        ),
        (
            {"DataConfigs": [{"CBSSource": {"VolumeSizeInGB": 10}}, {"CBSSource": {"VolumeSizeInGB": 10}}]},
            "InvalidParameterValue",
            "DataConfigs",
        ),
        (
            {"DataConfigs": [{"LocalDiskSource": {"InstanceId": "i-1", "LocalPath": "data"}}]},
            "InvalidParameterValue.PathIllegal",
            "DataConfigs.0.LocalDiskSource.LocalPath",
        ),
        (
            {"DataConfigs": [{"GooseFSSource": {"Type": "GooseFSx"}}]},
            "InvalidParameterValue",
            "DataConfigs.0.GooseFSSource.Id",
        ),
        (
            {"DataConfigs": [{"DataSourceUsage": "BUILTIN_CODE", "MappingPath": "/opt/ml/code"}]},
            "InvalidParameterValue.AIMarketOutputConfigEmpty",
            "DataConfigs",
        ),
        (
            {"CodeRepos": [{"Id": "cr-1", "TargetPath": "/a"}, {"Id": "cr-1", "TargetPath": "/b"}]},
            "InvalidParameterValue",
            "CodeRepos.1.Id",
        ),
        ({"LogEnable": True}, "InvalidParameterValue", "LogConfig"),
        (
            {"LogEnable": True, "LogConfig": {"LogsetId": "", "TopicId": ""}},
            "InvalidParameterValue",
            "LogConfig",
        ),
        (
            {"TrainToolConfig": {"LogHangTimeoutInMinute": 0}},
            "InvalidParameterValue",
            "TrainToolConfig.LogHangTimeoutInMinute",
        ),
        (
            {"TrainToolConfig": {"LogHangTimeoutInMinute": 14401}},
            "InvalidParameterValue",
            "TrainToolConfig.LogHangTimeoutInMinute",
        ),
        (
            {"ResourceSupplyAttribute": {"SupplyType": "GIFT"}},
            "InvalidParameterValue",
            "ResourceSupplyAttribute.SupplyType",
        ),
        (
            {"ResourceSupplyAttribute": {"ClusterType": "X"}},
            "InvalidParameterValue",
            "ResourceSupplyAttribute.ClusterType",
        ),
        (
            {"SchedulePolicy": {"BackOffLimit": 11}},
            "InvalidParameterValue.BackOffLimitIllegal",
            "SchedulePolicy.BackOffLimit",
        ),
        (
            {"SchedulePolicy": {"BackOffLimit": -1}},
            "InvalidParameterValue.BackOffLimitIllegal",
            "SchedulePolicy.BackOffLimit",
        ),
        ({"CallbackUrl": "callback/url"}, "InvalidParameterValue", "CallbackUrl"),
        ({"Envs": [{"Name": "", "Value": "x"}]}, "InvalidParameterValue", "Envs.0.Name"),
        ({"Envs": [{"Name": "A", "Value": "x"}, {"Value": "x"}]}, "InvalidParameterValue", "Envs.1.Name"),
        ({"Envs": [{"Name": "A=B", "Value": "x"}]}, "InvalidParameterValue", "Envs.0.Name"),
        ({"Envs": [{"Name": "A\0", "Value": "x"}]}, "InvalidParameterValue", "Envs.0.Name"),
        ({"VpcId": "subnet-1"}, "ResourceNotFound.VPCNotFound", "VpcId"),
        ({"VpcId": "vpc-1", "SubnetId": "subnet.id"}, "OperationDenied.SubnetIllegal", "SubnetId"),
        ({"SubnetId": "subnet-1"}, "MissingParameter", "VpcId"),
    ],
)
def test_a_broken_rule_is_named_with_its_code_and_parameter(
    refusal: Refusal, body: Body, emulator: Emulator, members: dict[str, Any], code: str, place: str
) -> None:
    result = refusal("CreateTrainingTask", body(**members))
    assert result[0] == code
    assert f"`{place}`" in result[1]
    assert emulator.tasks() == []


@pytest.mark.parametrize(
    "members",
    [
        {"Name": "任务_1-a"},
        {"Name": "1" * 60},
        {"Remark": "中" * 1024},
        {"TuningParameters": "{abc,}"},
        {"TuningParameters": "x" * 2048},
        _group(GpuType="T4"),
        {"FrameworkName": "PYTORCH", "FrameworkVersion": "2.1"},
        {"FrameworkName": "JAX", "FrameworkVersion": "0.4"},
        {"ImageInfo": {**IMAGE, "ImageType": "CCR", "RegistryRegion": "ap-guangzhou"}},
        {"ImageInfo": {**IMAGE, "ImageSecret": {"Username": "u", "Password": "cA=="}}},
        {"StartCmdInfo": {"StartCmd": "python train.py"}, "TrainingMode": "DDP"},
        {"StartCmdInfo": {"WorkerStartCmd": "x" * 60_000}},
        _encoded({"StartCmd": "", "PsStartCmd": "", "WorkerStartCmd": "中文 ✓ 𝔘\n"}),
        _encoded({"StartCmd": None, "PsStartCmd": None, "WorkerStartCmd": "sleep 1"}),
        {"DataConfigs": [{"CFSSource": {"Id": "cfs-1", "Path": path}, "MappingPath": path} for path in ("/", "/sub")]},
        {"DataConfigs": [{"MappingPath": f"/data/{n}"} for n in range(10)]},
        {"DataConfigs": [{"DataSourceUsage": "BUILTIN_CODE"}, {"MappingPath": "/opt/ml/output/data/"}]},
        {"LogEnable": True, "LogConfig": {"LogsetId": "set-1", "TopicId": "topic-1"}},
        {"TrainToolConfig": {"LogHangTimeoutInMinute": 14400}},
        {"ResourceSupplyAttribute": {"SupplyType": "SPOT", "ClusterType": "THIRD"}},
        {"CallbackUrl": "https://user:password@example.com/done"},
        {"VpcId": "vpc-1", "SubnetId": "subnet-1"},
        {"TiProjectId": "1889353273052233728"},
        {"Tags": []},
    ],
)
def test_what_no_rule_forbids_is_accepted(call: Callable[..., Any], body: Body, members: dict[str, Any]) -> None:
    assert call("CreateTrainingTask", body(**members))["Id"].startswith("train-")


@pytest.mark.parametrize(
    ("tag", "place"),
    [
        (("project", "nlp"), "Tags.0.TagKey"),
        (("项目", "nlp"), "Tags.0.TagKey"),
        (("qcs:x", "1"), "Tags.0.TagKey"),
        (("", "1"), "Tags.0.TagKey"),
        ((" a", "b"), "Tags.0.TagKey"),
        (("a" * 128, "b"), "Tags.0.TagKey"),
        (("a", ""), "Tags.0.TagValue"),
        (("a", "b "), "Tags.0.TagValue"),
        (("a", "b|c"), "Tags.0.TagValue"),
        (("a", "b*"), "Tags.0.TagValue"),
        (("a", "b" * 256), "Tags.0.TagValue"),
    ],
)
def test_a_tag_that_the_tag_service_forbids_is_named(
    refusal: Refusal, body: Body, tag: tuple[str, str], place: str
) -> None:
    code, message = refusal("CreateTrainingTask", body(Tags=[{"TagKey": tag[0], "TagValue": tag[1]}]))
    assert code.startswith("InvalidParameterValue")
    assert f"`{place}`" in message


def test_a_tag_may_have_what_the_tag_service_allows(create: Create) -> None:
    text = "Team 组 1+-=._:/@()[],;><"
    create(Tags=[{"TagKey": text, "TagValue": text}, {"TagKey": text.lower(), "TagValue": "b" * 255}])


def test_a_key_twice_or_more_than_fifty_tags_are_refused(refusal: Refusal, body: Body) -> None:
    twice = [{"TagKey": "a", "TagValue": "1"}, {"TagKey": "a", "TagValue": "2"}]
    assert "`Tags.1.TagKey`" in refusal("CreateTrainingTask", body(Tags=twice))[1]
    many = [{"TagKey": f"k{n}", "TagValue": "1"} for n in range(51)]
    assert refusal("CreateTrainingTask", body(Tags=many))[0] == "InvalidParameterValue"


def test_a_group_without_a_number_has_one_node(call: Callable[..., Any], body: Body, emulator: Emulator) -> None:
    node = {"Role": "WORKER", "InstanceType": "TI.S.MEDIUM.POST"}
    emulator.set(balances={emulator.key.caller.uin: 70})  # what one costs an hour
    task_id = call("CreateTrainingTask", body(ResourceConfigInfos=[node]))["Id"]
    emulator.advance(3)
    detail = call("DescribeTrainingTask", {"Id": task_id})["TrainingTaskDetail"]
    assert detail["ResourceConfigInfos"][0]["InstanceNum"] == 1
    assert detail["BillingInfo"].startswith("0.70")
    assert call("DescribeTrainingTaskPods", {"Id": task_id})["TotalCount"] == 1
    assert emulator.requests()[0]["body"]["ResourceConfigInfos"] == [node]


def test_a_task_needs_neither_framework_nor_image(create: Create, emulator: Emulator) -> None:
    create()
    [task] = emulator.tasks()
    assert (task["FrameworkName"], task["ImageInfo"]["ImageUrl"]) == ("", "")


def test_a_name_is_taken_while_its_task_exists(refusal: Refusal, create: Create, emulator: Emulator) -> None:
    create("bert")
    assert refusal("CreateTrainingTask", {**_smallest("bert")})[0] == "FailedOperation.DuplicateNameTaskIsCreating"
    emulator.advance(1)
    assert refusal("CreateTrainingTask", {**_smallest("bert")})[0] == "InvalidParameterValue.DuplicateName"
    emulator.remove("bert")
    create("bert")


def test_a_name_is_taken_in_its_region_only(create: Create, call: Callable[..., Any]) -> None:
    create("bert")
    call("CreateTrainingTask", _smallest("bert"), region="ap-nanjing")


def test_a_deleted_name_stays_taken_where_the_service_keeps_it(
    refusal: Refusal, create: Create, emulator: Emulator
) -> None:
    emulator.set(deleted_names_are_free=False)
    create("bert")
    emulator.remove("bert")
    assert refusal("CreateTrainingTask", _smallest("bert"))[0] == "InvalidParameterValue.DuplicateName"


def _smallest(name: str) -> dict[str, Any]:
    return {"Name": name, "ChargeType": "POSTPAID_BY_HOUR", **_node()}


SOURCES = [
    ("vpc", "vpc-1", {"VpcId": "vpc-2"}, "ResourceNotFound.VPCNotFound", "VpcId"),
    (
        "subnet",
        "subnet-1",
        {"VpcId": "vpc-1", "SubnetId": "subnet-2"},
        "OperationDenied.SubnetIllegal",
        "SubnetId",
    ),
    ("bucket", "other-1", {"Output": COS}, "InvalidParameterValue.CosPathNotExist", "Output.Bucket"),
    ("image", "a/b:2", {"ImageInfo": IMAGE}, "InvalidParameterValue.ImageNotFound", "ImageInfo.ImageUrl"),
    (
        "cfs",
        "cfs-1",
        {"DataConfigs": [{"CFSSource": {"Id": "cfs-2", "Path": "/"}}]},
        "ResourceNotFound.CfsNotFound",
        "DataConfigs.0.CFSSource.Id",
    ),
    (
        "cfs_turbo",
        "cfs-1",
        {"DataConfigs": [{"CFSTurboSource": {"Id": "cfs-2", "Path": "/"}}]},
        "InternalError.CFSNotFound",
        "DataConfigs.0.CFSTurboSource.Id",
    ),
    (
        "goosefs",
        "g-1",
        {"DataConfigs": [{"GooseFSSource": {"Id": "g-2"}}]},
        "InvalidParameterValue.GooseFSNotExist",
        "DataConfigs.0.GooseFSSource.Id",
    ),
    (
        "emr",
        "emr-1",
        {"DataConfigs": [{"HDFSSource": {"Id": "emr-2", "Path": "/"}}]},
        "InternalError.QueryHDFSInfoFailed",
        "DataConfigs.0.HDFSSource.Id",
    ),
    (
        "dataset",
        "ds-1",
        {"DataConfigs": [{"DataSetSource": {"Id": "ds-2"}}]},
        "InvalidParameterValue",
        "DataConfigs.0.DataSetSource.Id",
    ),
    (
        "code_repository",
        "cr-1",
        {"CodeRepos": [{"Id": "cr-2", "TargetPath": "/a"}]},
        "InvalidParameterValue",
        "CodeRepos.0.Id",
    ),
    ("resource_group", "rsg-1", _group(), "InternalError.QueryResourceGroupFailed", "ResourceGroupId"),
    ("workspace", "17", {"TiProjectId": "18"}, "InvalidParameterValue", "TiProjectId"),
]


@pytest.mark.parametrize(("kind", "known", "members", "code", "place"), SOURCES, ids=[source[0] for source in SOURCES])
def test_once_one_of_a_kind_is_registered_another_does_not_exist(
    refusal: Refusal,
    create: Create,
    body: Body,
    emulator: Emulator,
    kind: str,
    known: str,
    members: dict[str, Any],
    code: str,
    place: str,
) -> None:
    create("before", **members)
    emulator.register(kind, known)
    result = refusal("CreateTrainingTask", body(**members))
    assert result[0] == code
    assert f"`{place}`" in result[1]
    emulator.unregister(kind, known)
    create("after", **members)


def test_a_subnet_lies_in_its_own_vpc(refusal: Refusal, create: Create, body: Body, emulator: Emulator) -> None:
    emulator.register("subnet", "subnet-1", vpc="vpc-1")
    create(VpcId="vpc-1", SubnetId="subnet-1")
    code, message = refusal("CreateTrainingTask", body(Name="other", VpcId="vpc-2", SubnetId="subnet-1"))
    assert code == "OperationDenied.SubnetIllegal"
    assert "`SubnetId`" in message


def test_a_file_system_is_open_where_it_was_registered_to_be(
    refusal: Refusal, create: Create, emulator: Emulator
) -> None:
    emulator.register("cfs", "cfs-1", paths=["/team"])
    create(DataConfigs=[{"CFSSource": {"Id": "cfs-1", "Path": "/team/data"}}])
    closed = [{"CFSSource": {"Id": "cfs-1", "Path": "/teammates"}}]
    code, message = refusal("CreateTrainingTask", {**_smallest("other"), "DataConfigs": closed})
    assert code == "InvalidParameterValue.FSPathInaccessible"
    assert "`DataConfigs.0.CFSSource.Path`" in message


@pytest.mark.parametrize(
    ("facts", "members", "code"),
    [
        ({"bare_metal": True}, {"DataConfigs": [{"MappingPath": "/a"}]}, "InvalidParameterValue.UnsupportedDataConfig"),
        ({"gpu_only": True}, {}, "OperationDenied.NotAllow"),
        ({"cpu": 500}, {}, "OperationDenied.ResourceGroupInsufficient"),
        ({"memory": 500}, {}, "OperationDenied.ResourceGroupInsufficient"),
        ({}, _group(RDMAConfig={"Enable": True}), "InvalidParameterValue.RDMAConfigIllegal"),
    ],
)
def test_a_resource_group_takes_what_it_is_made_for(
    refusal: Refusal, body: Body, emulator: Emulator, facts: dict[str, Any], members: dict[str, Any], code: str
) -> None:
    emulator.register("resource_group", "rsg-demo0001", name="demo", **facts)
    assert refusal("CreateTrainingTask", body(**{**_group(), **members}))[0] == code


def test_the_capacity_of_a_resource_group_is_free_again_when_a_task_has_ended(
    refusal: Refusal, create: Create, body: Body, emulator: Emulator
) -> None:
    emulator.register("resource_group", "rsg-demo0001", cpu=2000, memory=4096)
    create("one", **_group())
    create("two", **_group())
    code, message = refusal("CreateTrainingTask", body(Name="three", **_group()))
    assert code == "OperationDenied.ResourceGroupInsufficient"
    assert "`ResourceConfigInfos`" in message
    emulator.advance(60)
    create("three", **_group())


def test_money_and_stock_can_run_out(refusal: Refusal, create: Create, body: Body, emulator: Emulator) -> None:
    emulator.set(balances={emulator.key.caller.uin: 0})
    assert refusal("CreateTrainingTask", body())[0] == "OperationDenied.BalanceInsufficient"
    emulator.set(balances={emulator.key.caller.uin: 69})
    assert refusal("CreateTrainingTask", body())[0] == "FailedOperation.FreezeBillFailed"
    emulator.set(balances={emulator.key.caller.uin: 70})
    create("affordable")
    emulator.set(sold_out=["TI.S.MEDIUM.POST"])
    assert refusal("CreateTrainingTask", body())[0] == "OperationDenied.BillingStatusResourceInsufficient"
    create("prepaid", **_group())
