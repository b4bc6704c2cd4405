"""Whatever is sent, the answer is the service's: a documented code or a success, never a failure of the emulator."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pulumi_tione.emulator.api.definition import definition

Raw = Callable[..., Any]

COS = {"Bucket": "corpus-1250000000", "Region": "ap-guangzhou", "Paths": ["code/"]}
RESOURCE = "qcs::tione:ap-guangzhou:uin/100000000001:trainingtask/train-1"
TASK = {
    "Name": "bert",
    "ChargeType": "POSTPAID_BY_HOUR",
    "ResourceConfigInfos": [
        {"Role": "WORKER", "InstanceType": "TI.S.MEDIUM.POST", "InstanceNum": 1, "RDMAConfig": {"Enable": False}},
        {"Role": "PS", "Cpu": 1000, "Memory": 1024, "GpuType": "T4", "Gpu": 100, "InstanceNum": 2},
    ],
    "FrameworkName": "PYTORCH",
    "FrameworkVersion": "2.1",
    "FrameworkEnvironment": "torch2.1-py3.10-cuda12.1-gpu",
    "ResourceGroupId": "rsg-1",
    "Tags": [{"TagKey": "team", "TagValue": "nlp"}],
    "ImageInfo": {"ImageType": "CUSTOM", "ImageUrl": "a/b:1", "ImageSecret": {"Username": "u", "Password": "cA=="}},
    "CodePackagePath": COS,
    "Output": COS,
    "StartCmdInfo": {"StartCmd": "", "PsStartCmd": "sleep 1", "WorkerStartCmd": 'sh -c "echo a; sleep 5; exit 3"'},
    "EncodedStartCmdInfo": {
        "StartCmdInfo": "eyJTdGFydENtZCI6IiIsIlBzU3RhcnRDbWQiOiIiLCJXb3JrZXJTdGFydENtZCI6InNsZWVwIDEwIn0="
    },
    "TrainingMode": "DDP",
    "DataConfigs": [
        {"MappingPath": "/a", "CFSSource": {"Id": "cfs-1", "Path": "/"}, "ReadOnly": True},
        {"MappingPath": "/b", "COSSource": COS, "CBSSource": {"VolumeSizeInGB": 10}},
        {"MappingPath": "/c", "LocalDiskSource": {"InstanceId": "i-1", "LocalPath": "/d"}},
        {"MappingPath": "/e", "GooseFSSource": {"Id": "g-1"}, "HDFSSource": {"Id": "emr-1", "Path": "/"}},
    ],
    "VpcId": "vpc-1",
    "SubnetId": "subnet-1",
    "LogEnable": True,
    "LogConfig": {"LogsetId": "set-1", "TopicId": "topic-1"},
    "TuningParameters": "{}",
    "Remark": "r",
    "CallbackUrl": "http://user:password@example.com/",
    "CodeRepos": [{"Id": "cr-1", "TargetPath": "/opt/ml/code"}],
    "ExposeNetworkConfig": {"SSHConfig": {"Enable": True, "Port": 22}, "ExposePortConfig": {"Enable": True}},
    "Envs": [{"Name": "A", "Value": "1", "IsPrivate": True}],
    "TrainToolConfig": {"EnableHangMonitor": True, "HangMonitorNodes": ["master-0"], "LogHangTimeoutInMinute": 5},
    "ResourceSupplyAttribute": {"SupplyType": "SPOT", "ClusterType": "DEFAULT"},
    "Queues": ["q-1"],
    "SchedulePolicy": {"PriorityClass": "high", "BackOffLimit": 3},
}
FILTERS = [{"Name": "Name", "Values": ["bert"], "Fuzzy": True, "Negative": False}]
SEEDS: dict[str, dict[str, Any]] = {
    "CreateTrainingTask": TASK,
    "DescribeTrainingTask": {"Id": "train-1", "InstanceId": "train-1-a", "TiProjectId": "0"},
    "DescribeTrainingTasks": {
        "Filters": FILTERS,
        "TagFilters": [{"TagKey": "team", "TagValues": ["nlp"]}],
        "Limit": 10,
        "Offset": 0,
        "Order": "ASC",
        "OrderField": "CreateTime",
    },
    "DescribeSubnets": {
        "Filters": [{"Name": "subnet-id", "Values": ["subnet-1"]}, {"Name": "vpc-id", "Values": ["vpc-1"]}],
        "SubnetIds": ["subnet-1"],
        "Offset": "0",
        "Limit": "10",
    },
    "StartTrainingTask": {"Id": "train-1"},
    "StopTrainingTask": {"Id": "train-1"},
    "DeleteTrainingTask": {"Id": "train-1"},
    "EnableTrainingTaskClsConfig": {
        "TaskId": "train-1",
        "LogEnable": True,
        "LogConfig": {"LogsetId": "set-1", "TopicId": "topic-1"},
    },
    "DescribeTrainingTaskPods": {"Id": "train-1"},
    "DescribeLogs": {
        "Service": "TRAIN",
        "ServiceId": "train-1-a",
        "StartTime": "2022-01-10T12:15:03+08:00",
        "EndTime": "2022-01-11T12:15:03Z",
        "Limit": 10,
        "Order": "ASC",
        "Context": "W1siIiwgIiIsIDBdLCAwXQ==",
        "Filters": [{"Name": "Key", "Values": ["x"]}],
        "PodName": "train-*",
    },
    "DescribeEvents": {"Service": "NOTEBOOK", "Filters": [{"Name": "Type", "Values": ["Normal"]}], "Limit": 1},
    "DescribeBillingSpecs": {"ChargeType": "POSTPAID_BY_HOUR", "TaskType": "TRAIN", "ResourceType": "GPU"},
    "DescribeBillingSpecsPrice": {"SpecsParam": [{"SpecName": "TI.S.MEDIUM.POST", "SpecCount": 1}]},
    "DescribeBillingResourceGroups": {"Filters": FILTERS, "Limit": 20, "SearchWord": "rsg"},
    "DescribeBuildInImages": {"ImageFilters": [{"Name": "ImageName", "Values": ["x"], "Negative": True}]},
    "DescribeWorkspaces": {"Filters": [{"Name": "Name", "Values": ["x"]}], "Limit": 1, "Offset": 0},
    "DescribeTrainingFrameworks": {},
    "DescribePublicKey": {"EncryptAlgorithm": "RSA_2048"},
    "TagResources": {"ResourceList": [RESOURCE], "Tags": [{"TagKey": "a", "TagValue": "b"}]},
    "UnTagResources": {"ResourceList": [RESOURCE], "TagKeys": ["a"]},
    "GetResources": {"ResourceList": [RESOURCE], "TagFilters": [{"TagKey": "a", "TagValue": ["b"]}], "MaxResults": 5},
    "GetCallerIdentity": {},
    "AssumeRole": {
        "RoleArn": "qcs::cam::uin/1:roleName/a",
        "RoleSessionName": "ci",
        "DurationSeconds": 60,
        "Policy": "%7B%7D",
    },
    "AssumeRoleWithWebIdentity": {
        "RoleArn": "qcs::cam::uin/1:roleName/a",
        "RoleSessionName": "ci",
        "ProviderId": "OIDC",
        "WebIdentityToken": "e30.e30.e30",
    },
}

_SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([-1, 0, 1, 51, 101, 1001, 2**31, 2**63, 2**64]),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(),
    st.sampled_from(
        ["", " ", "\x00", "bert", "项目", "../..", "%", "[", "]", "$(id)", "'", '"', "\\", "😀", "x" * 5000]
    ),
)
_VALUES = st.recursive(
    _SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
)
_NAMES = sorted({name for struct in definition().structs.values() for name in struct})


def _members_at(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, member in members:
        yield from _members_at(member, (*path, name))


@st.composite
def _requests(draw: st.DrawFn) -> tuple[str, bytes]:
    """A request that was right, with a few things wrong."""
    action = draw(st.sampled_from(sorted(SEEDS)))
    body = copy.deepcopy(SEEDS[action])
    for _ in range(draw(st.integers(0, 4))):
        places = list(_members_at(body))
        kind = draw(st.sampled_from(["replace", "remove", "add", "repeat"]))
        if kind == "add" or not places:
            body[draw(st.sampled_from(_NAMES) | st.text(max_size=8))] = draw(_VALUES)
            continue
        *path, last = draw(st.sampled_from(places))
        parent: Any = body
        for name in path:
            parent = parent[name]
        if kind == "remove":
            del parent[last]
        elif kind == "repeat" and isinstance(parent, list):
            parent.extend([parent[last]] * draw(st.integers(1, 12)))
        else:
            parent[last] = draw(_VALUES)
    raw = json.dumps(body, ensure_ascii=draw(st.booleans())).encode("utf-8", "surrogatepass")
    if draw(st.integers(0, 9)) == 0:
        cut = draw(st.integers(0, len(raw)))
        raw = raw[:cut] + draw(st.binary(max_size=4)) + raw[cut + draw(st.integers(0, 4)) :]
    return action, raw


def _check(raw: Raw, request: tuple[str, bytes]) -> None:
    action, body = request
    known = definition().actions[action]
    answer = raw(action, body, version=known.version, service=known.service)
    assert (answer.status, answer.content_type) == (200, "application/json")
    # The emulator returns InternalError when it failed itself; nothing here has that for a natural cause.
    assert answer.code != "InternalError"
    assert answer.code is None or answer.message


_SETTINGS: dict[str, Any] = {
    "deadline": None,
    "database": None,
    "derandomize": True,
    "suppress_health_check": [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
}


def test_the_seeds_cover_every_action() -> None:
    assert SEEDS.keys() == definition().actions.keys()


@settings(max_examples=300, **_SETTINGS)
@given(request_=_requests())
def test_mutated_requests_end_in_an_answer(raw: Raw, request_: tuple[str, bytes]) -> None:
    _check(raw, request_)


@pytest.mark.long
@settings(max_examples=10_000, **_SETTINGS)
@given(request_=_requests())
def test_ten_thousand_mutated_requests_end_in_an_answer(raw: Raw, request_: tuple[str, bytes]) -> None:
    _check(raw, request_)


@settings(max_examples=200, **_SETTINGS)
@given(
    headers=st.dictionaries(
        st.sampled_from(
            [
                "X-TC-Action",
                "X-TC-Version",
                "X-TC-Timestamp",
                "X-TC-Region",
                "Authorization",
                "Content-Type",
                "X-TC-Token",
            ]
        ),
        st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=40),
        max_size=3,
    )
)
def test_mutated_headers_end_in_an_answer(raw: Raw, headers: dict[str, str]) -> None:
    answer = raw(changed_headers={name: value.strip() for name, value in headers.items()})
    assert answer.status == 200
    assert answer.code != "InternalError"
