"""Every error code that the vendor documents for CreateTrainingTask can be met, and no other code is ever answered.

Each rule of a create is in `test_create_rules.py`.
"""

from __future__ import annotations

import ast
import logging
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tencentcloud.tag.v20180813 import errorcodes as of_tag
from tencentcloud.tione.v20211111 import errorcodes as of_tione

import pulumi_tione.emulator
from pulumi_tione.emulator import Emulator
from pulumi_tione.emulator.actions import HANDLERS
from pulumi_tione.emulator.api.error_codes import OF_THE_GATEWAY, code_for, is_listed, listed
from pulumi_tione.emulator.errors import ApiError

Refusal = Callable[..., tuple[str, str]]
Body = Callable[..., dict[str, Any]]
Create = Callable[..., str]

CREATE = "CreateTrainingTask"

OF_CREATE = [
    "FailedOperation",
    "FailedOperation.DuplicateNameTaskIsCreating",
    "FailedOperation.FreezeBillFailed",
    "FailedOperation.QueryResourceSpecFailed",
    "InternalError",
    "InternalError.BindingTagsFailed",
    "InternalError.CFSNotFound",
    "InternalError.CheckFSPathAccessibilityFailed",
    "InternalError.CreateTcrInstanceTokenFailed",
    "InternalError.GetCFSFileSystemsFailed",
    "InternalError.GetCFSMountInfoFailed",
    "InternalError.QueryHDFSInfoFailed",
    "InternalError.QueryResourceGroupFailed",
    "InternalError.QueryResourceSpecFailed",
    "InternalError.QuerySubnetInfoFailed",
    "InternalError.QueryVPCInfoFailed",
    "InternalError.ValidateCreateTaskFailed",
    "InvalidParameter",
    "InvalidParameterValue",
    "InvalidParameterValue.AIMarketOutputConfigEmpty",
    "InvalidParameterValue.AIMarketPublicAlgoVersionNotExist",
    "InvalidParameterValue.BackOffLimitIllegal",
    "InvalidParameterValue.BackOffLimitNotSupport",
    "InvalidParameterValue.CosPathNotExist",
    "InvalidParameterValue.DatasetNumLimitExceeded",
    "InvalidParameterValue.DuplicateName",
    "InvalidParameterValue.FSPathInaccessible",
    "InvalidParameterValue.FrameworkVersionNotSupport",
    "InvalidParameterValue.GetCFSMountIPFailed",
    "InvalidParameterValue.GetGooseFSFailed",
    "InvalidParameterValue.GooseFSNotExist",
    "InvalidParameterValue.ImageIllegal",
    "InvalidParameterValue.ImageNotFound",
    "InvalidParameterValue.NotAllow",
    "InvalidParameterValue.ParamLengthExceedLimit",
    "InvalidParameterValue.PathIllegal",
    "InvalidParameterValue.QueryVPCInfoFailed",
    "InvalidParameterValue.RDMAConfigIllegal",
    "InvalidParameterValue.ResourceConfigIllegal",
    "InvalidParameterValue.TAIJIResourceConfigIllegal",
    "InvalidParameterValue.UnsupportedDataConfig",
    "MissingParameter",
    "OperationDenied.BalanceInsufficient",
    "OperationDenied.BillingException",
    "OperationDenied.BillingStatusResourceInsufficient",
    "OperationDenied.IpIllegal",
    "OperationDenied.MIYINGBalanceInsufficient",
    "OperationDenied.NetworkCidrIllegal",
    "OperationDenied.NotAllow",
    "OperationDenied.ResourceGroupInsufficient",
    "OperationDenied.SubnetIllegal",
    "OperationDenied.TAIJIApplicationGroupInsufficient",
    "OperationDenied.WhitelistQuotaExceed",
    "ResourceNotFound.CfsNotFound",
    "ResourceNotFound.VPCNotFound",
    "UnknownParameter",
]
"""The 56 codes of the vendor's page."""

COS = {"Bucket": "unknown-1250000000", "Region": "ap-guangzhou", "Paths": ["code/"]}
IMAGE = {"ImageType": "CCR", "ImageUrl": "registry.example.com/a:1"}


def _mount(**source: Any) -> dict[str, Any]:
    return {"DataConfigs": [source]}


def _node(**members: Any) -> dict[str, Any]:
    return {
        "ResourceConfigInfos": [{"Role": "WORKER", "InstanceType": "TI.S.MEDIUM.POST", "InstanceNum": 1, **members}]
    }


IN_GROUP = {
    "ChargeType": "PREPAID",
    "ResourceGroupId": "rsg-1",
    "ResourceConfigInfos": [{"Role": "WORKER", "Cpu": 1000, "Memory": 1024, "InstanceNum": 1}],
}

NATURAL: dict[str, tuple[Callable[[Emulator], object] | None, dict[str, Any]]] = {
    "FailedOperation.FreezeBillFailed": (lambda e: e.set(balances={e.key.caller.uin: 1}), {}),
    "InternalError.BindingTagsFailed": (
        lambda e: e.set(tag_values_of_an_account=0),
        {"Tags": [{"TagKey": "a", "TagValue": "b"}]},
    ),
    "InternalError.CFSNotFound": (lambda e: e.register("cfs_turbo", "cfs-1"), _mount(CFSTurboSource={"Id": "cfs-2"})),
    "InternalError.QueryHDFSInfoFailed": (
        lambda e: e.register("emr", "emr-1"),
        _mount(HDFSSource={"Id": "emr-2", "Path": "/"}),
    ),
    "InternalError.ValidateCreateTaskFailed": (None, {"DataConfigs": [{"MappingPath": "/a"}, {"MappingPath": "/a"}]}),
    "InvalidParameter": (None, {"Remark": 1}),
    "InvalidParameterValue": (None, {"ChargeType": "FREE"}),
    "InvalidParameterValue.AIMarketOutputConfigEmpty": (None, _mount(DataSourceUsage="BUILTIN_CODE")),
    "InvalidParameterValue.BackOffLimitIllegal": (None, {"SchedulePolicy": {"BackOffLimit": 99}}),
    "InvalidParameterValue.CosPathNotExist": (lambda e: e.register("bucket", "known-1"), {"Output": COS}),
    "InvalidParameterValue.FSPathInaccessible": (
        lambda e: e.register("cfs", "cfs-1", paths=["/a"]),
        _mount(CFSSource={"Id": "cfs-1", "Path": "/b"}),
    ),
    "InvalidParameterValue.FrameworkVersionNotSupport": (None, {"FrameworkName": "PYTORCH", "FrameworkVersion": "0"}),
    "InvalidParameterValue.GooseFSNotExist": (
        lambda e: e.register("goosefs", "g-1"),
        _mount(GooseFSSource={"Id": "g-2"}),
    ),
    "InvalidParameterValue.ImageIllegal": (None, {"ImageInfo": {**IMAGE, "ImageUrl": " "}}),
    "InvalidParameterValue.ImageNotFound": (lambda e: e.register("image", "b:1"), {"ImageInfo": IMAGE}),
    "InvalidParameterValue.ParamLengthExceedLimit": (None, {"Name": "b" * 61}),
    "InvalidParameterValue.PathIllegal": (None, _mount(LocalDiskSource={"InstanceId": "i", "LocalPath": "a"})),
    "InvalidParameterValue.RDMAConfigIllegal": (None, _node(RDMAConfig={"Enable": True})),
    "InvalidParameterValue.ResourceConfigIllegal": (None, _node(InstanceNum=0)),
    "InvalidParameterValue.UnsupportedDataConfig": (
        lambda e: e.register("resource_group", "rsg-1", bare_metal=True),
        {**IN_GROUP, **_mount(MappingPath="/a")},
    ),
    "MissingParameter": (None, {"SubnetId": "subnet-1"}),
    "OperationDenied.BalanceInsufficient": (lambda e: e.set(balances={e.key.caller.uin: 0}), {}),
    "OperationDenied.BillingStatusResourceInsufficient": (lambda e: e.set(sold_out=["TI.S.MEDIUM.POST"]), {}),
    "OperationDenied.ResourceGroupInsufficient": (lambda e: e.register("resource_group", "rsg-1", cpu=1), IN_GROUP),
    "OperationDenied.SubnetIllegal": (
        lambda e: e.register("subnet", "subnet-1", vpc="vpc-1"),
        {"VpcId": "vpc-2", "SubnetId": "subnet-1"},
    ),
    "ResourceNotFound.CfsNotFound": (
        lambda e: e.register("cfs", "cfs-1"),
        _mount(CFSSource={"Id": "cfs-2", "Path": "/"}),
    ),
    "ResourceNotFound.VPCNotFound": (lambda e: e.register("vpc", "vpc-1"), {"VpcId": "vpc-2"}),
    "UnknownParameter": (None, {"Nmae": "x"}),
}
"""What makes the emulator answer with a code by itself: what else there is, and the request."""

BY_NAME = {"FailedOperation.DuplicateNameTaskIsCreating", "InvalidParameterValue.DuplicateName"}
"""Met when a name is taken: see the tests of the rules of creation."""

BY_ORDER = sorted(set(OF_CREATE) - NATURAL.keys() - BY_NAME)
"""What goes wrong within the service, where only a fault can cause it."""


def test_the_vendor_documents_fifty_six_codes_for_creation() -> None:
    assert len(set(OF_CREATE)) == 56
    assert NATURAL.keys() <= set(OF_CREATE)


@pytest.mark.parametrize("code", NATURAL)
def test_a_code_has_its_natural_cause(refusal: Refusal, body: Body, emulator: Emulator, code: str) -> None:
    arrange, members = NATURAL[code]
    if arrange is not None:
        arrange(emulator)
    result = refusal(CREATE, body(**members))
    assert result[0] == code
    assert "`" in result[1]


def test_a_name_that_is_taken_has_two_codes(refusal: Refusal, body: Body, create: Create, emulator: Emulator) -> None:
    create()
    met = {refusal(CREATE, body())[0]}
    emulator.advance(60)
    met.add(refusal(CREATE, body())[0])
    assert met == BY_NAME


@pytest.mark.parametrize("code", BY_ORDER)
def test_any_other_code_can_be_a_fault(refusal: Refusal, body: Body, emulator: Emulator, code: str) -> None:
    emulator.faults.add(CREATE, code=code)
    assert refusal(CREATE, body())[0] == code
    assert emulator.tasks() == []


WITHOUT_A_LIST = {"EnableTrainingTaskClsConfig", "DescribeTrainingFrameworks", "DescribePublicKey"}
"""Actions for which the vendor's documentation of codes is not known."""


def test_the_codes_of_creation_are_the_vendors() -> None:
    assert (listed(CREATE) or frozenset()) - OF_THE_GATEWAY == set(OF_CREATE) - OF_THE_GATEWAY


def test_the_codes_of_every_action_are_known_but_for_three() -> None:
    assert {action for action in HANDLERS if listed(action) is None} == WITHOUT_A_LIST


def test_the_codes_of_the_gateway_are_few() -> None:
    assert len(OF_THE_GATEWAY) == 15


@pytest.mark.parametrize(
    ("action", "code", "answered"),
    [
        ("DescribeTrainingTasks", "InvalidParameterValue.PageLimitExceeded", "InvalidParameterValue.PageLimitExceeded"),
        ("DescribeLogs", "InvalidParameterValue.PageLimitExceeded", "InvalidParameter"),
        ("DescribeBillingSpecs", "InvalidParameterValue.PageLimitExceeded", "InvalidParameterValue"),
        (CREATE, "InvalidParameterValue.ClsConfigRequired", "InvalidParameterValue"),
        ("EnableTrainingTaskClsConfig", "InvalidParameterValue.ClsConfigRequired", None),
        ("AssumeRoleWithWebIdentity", "InvalidParameter.OverTimeError", "InvalidParameter"),
    ],
)
def test_a_rule_has_the_most_specific_code_of_the_action(action: str, code: str, answered: str | None) -> None:
    assert code_for(action, code) == (answered or code)
    assert is_listed(action, code_for(action, code))


def test_an_answer_with_another_code_is_a_failure_of_the_emulator(
    refusal: Refusal, body: Body, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every test watches for it, whatever it is about: see the fixture `no_failure_of_the_emulator`."""

    def refuse(_: object) -> dict[str, Any]:
        raise ApiError("ResourceInUse.Odd", "no")

    monkeypatch.setattr("pulumi_tione.emulator.http.gateway.HANDLERS", {**HANDLERS, CREATE: refuse})
    logger = logging.getLogger("pulumi_tione.emulator")
    watches, logger.handlers = logger.handlers, []
    try:
        assert refusal(CREATE, body())[0] == "ResourceInUse.Odd"
    finally:
        logger.handlers = watches
    assert "ResourceInUse.Odd" in caplog.text


def _documented() -> set[str]:
    of_sdk = [vars(module) for module in (of_tione, of_tag)]
    codes = {value for names in of_sdk for name, value in names.items() if name.isupper()}
    return codes.union(*(listed(action) or () for action in HANDLERS))


def _codes_of_the_emulator() -> Iterator[str]:
    """Every text in the emulator's modules that has the form of a code."""
    families = "|".join(sorted({re.escape(code.partition(".")[0]) for code in _documented()}))
    code = re.compile(rf"(?:{families})(?:\.\w+)?")
    for module in Path(pulumi_tione.emulator.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and code.fullmatch(node.value):
                yield node.value


def test_the_emulator_answers_with_documented_codes_only() -> None:
    answered = set(_codes_of_the_emulator())
    assert answered <= _documented()
    assert len(answered) > 60
