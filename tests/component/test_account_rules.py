"""`tione:validate`, held against a local TI-ONE: what triggers each rule, what does not, and what is asked for it.

Lists with unusual contents are in `tests/unit/test_account_rules.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from local_tione import client_of

from pulumi_tione._api.client import Client
from pulumi_tione._pulumi.unknown import UNKNOWN
from pulumi_tione.call_context import CallContext
from pulumi_tione.emulator import Emulator
from pulumi_tione.lifecycle.account_rules import AccountRules
from pulumi_tione.lifecycle.check import Checked
from pulumi_tione.lifecycle.cost_limits import Subject
from pulumi_tione.pricing.price_list import PriceList

FRAMEWORK = {
    "frameworkName": "PYTORCH",
    "frameworkVersion": "2.1",
    "frameworkEnvironment": "torch2.1-py3.10-cuda12.1-gpu",
    "trainingMode": "DDP",
}


class Account:
    """The rules over a local TI-ONE."""

    def __init__(self, emulator: Emulator) -> None:
        self.notes: list[str] = []
        self._client = client_of(emulator)
        self._price_lists: dict[str | None, PriceList] = {}
        self._rules = AccountRules(lambda _: self._client, self._price_list_of)

    def _price_list_of(self, task: Mapping[str, Any]) -> PriceList:
        workspace = task.get("tiProjectId")
        return self._price_lists.setdefault(workspace, PriceList(self._client, workspace))

    def check(self, name: str = "bert", **inputs: Any) -> tuple[list[str], list[str]]:
        """Return the failures and the warnings of a task."""
        checked = Checked({"region": "ap-guangzhou", **inputs})
        self._rules.check(Subject(f"urn::{name}", name, CallContext(note=self.notes.append)), checked)
        return checked.reasons, checked.warnings


@pytest.fixture
def account(emulator: Emulator) -> Account:
    emulator.register("resource_group", "rsg-1", name="small", cpu=8000, memory=16384, gpu=800, gpu_type="V100")
    emulator.register("subnet", "subnet-1", vpc="vpc-1")
    return Account(emulator)


def pay_as_you_go(*types: Any) -> dict[str, Any]:
    return {
        "chargeType": "POSTPAID_BY_HOUR",
        "resourceConfigInfos": [{"role": "WORKER", "instanceType": each, "instanceNum": 1} for each in types],
    }


def in_group(group: Any = "rsg-1", **node: Any) -> dict[str, Any]:
    nodes = [{"role": "WORKER", "cpu": 1000, "memory": 1024, "instanceNum": 1, **node}]
    return {"chargeType": "PREPAID", "resourceGroupId": group, "resourceConfigInfos": nodes}


FAILURES: list[tuple[dict[str, Any], str]] = [
    (
        {**FRAMEWORK, "frameworkName": "PYTORHC"},
        "framework_name: 'PYTORHC' is not a framework that the service lists; did",
    ),
    (
        {**FRAMEWORK, "frameworkVersion": "9.9"},
        "framework_version: '9.9' is not a version of PYTORCH that the service lists",
    ),
    (
        {**FRAMEWORK, "frameworkEnvironment": "torch1.9-py3.8-cuda11.1-gpu"},
        "framework_environment: 'torch1.9-py3.8-cuda11.1-gpu' is not an environment of PYTORCH that the service lists",
    ),
    (
        {**FRAMEWORK, "trainingMode": "SPARK"},
        "training_mode: 'SPARK' is not a training mode of PYTORCH that the service",
    ),
    (
        pay_as_you_go("TI.S.MEDIUM.POST", "TI.S.MEDUM.POST"),
        "resource_config_infos[1].instance_type: 'TI.S.MEDUM.POST' is not sold in ap-guangzhou; did you mean "
        "TI.S.MEDIUM.POST?",
    ),
    (
        pay_as_you_go("TI.CBS.PREMIUM.POST"),
        "resource_config_infos[0].instance_type: 'TI.CBS.PREMIUM.POST' is not sold in",
    ),
    (in_group("rsg-7"), "resource_group_id: 'rsg-7' is not a resource group of this account in ap-guangzhou"),
    (
        in_group("small"),
        "resource_group_id: 'small' is not a resource group of this account in ap-guangzhou; did you mean rsg-1?",
    ),
    (
        in_group(gpu=400, instanceNum=3),
        "resource_config_infos: the nodes need 12 GPU cards, and the resource group 'rsg-1' has 8 in all",
    ),
    ({"vpcId": "vpc-2", "subnetId": "subnet-1"}, "subnet_id: 'subnet-1' belongs to the VPC vpc-1, not to vpc-2"),
    (
        {"vpcId": "vpc-1", "subnetId": "subnet-2"},
        "subnet_id: 'subnet-2' is not a subnet of this account in ap-guangzhou",
    ),
]


@pytest.mark.parametrize(("inputs", "failure"), FAILURES)
def test_what_the_account_does_not_have_is_a_failure_at_its_property(
    account: Account, inputs: dict[str, Any], failure: str
) -> None:
    (reason,), warnings = account.check(**inputs)
    assert reason.startswith(failure)
    assert (warnings, account.notes) == ([], [])


@pytest.mark.parametrize(
    "inputs",
    [
        FRAMEWORK,
        {"frameworkName": "PYTORCH", "trainingMode": "MPI"},
        {"imageInfo": {"imageType": "CUSTOM", "imageUrl": "a/b:1"}, "trainingMode": "DDP"},
        pay_as_you_go("TI.S.MEDIUM.POST", "TI.GN10.2XLARGE40.POST"),
        in_group(gpu=400, instanceNum=2),
        {"vpcId": "vpc-1", "subnetId": "subnet-1"},
        {"vpcId": "vpc-1"},
    ],
)
def test_what_the_account_has_is_accepted(account: Account, inputs: dict[str, Any]) -> None:
    assert account.check(**inputs) == ([], [])
    assert account.notes == []


@pytest.mark.parametrize(
    "inputs",
    [
        {**FRAMEWORK, "frameworkName": UNKNOWN},
        {**FRAMEWORK, "frameworkVersion": UNKNOWN, "frameworkEnvironment": UNKNOWN, "trainingMode": UNKNOWN},
        pay_as_you_go(UNKNOWN),
        {"chargeType": "POSTPAID_BY_HOUR", "resourceConfigInfos": UNKNOWN},
        in_group(UNKNOWN),
        in_group(gpu=UNKNOWN, instanceNum=UNKNOWN),
        {"vpcId": UNKNOWN, "subnetId": "subnet-1"},
        {"vpcId": "vpc-2", "subnetId": UNKNOWN},
        {**FRAMEWORK, "frameworkName": "NONE", "region": UNKNOWN},
    ],
)
def test_what_a_preview_does_not_know_yet_is_not_judged(account: Account, inputs: dict[str, Any]) -> None:
    assert account.check(**inputs) == ([], [])


def test_a_spec_that_is_sold_out_is_a_failure_that_names_where_it_is_available(
    account: Account, emulator: Emulator
) -> None:
    emulator.set(sold_out=["TI.S.MEDIUM.POST"])
    assert account.check(**pay_as_you_go("TI.S.MEDIUM.POST"))[0] == [
        "resource_config_infos[0].instance_type: 'TI.S.MEDIUM.POST' is sold out in ap-guangzhou; it is available in "
        "ap-beijing"
    ]


def test_a_group_without_room_now_is_a_warning_that_counts_the_tasks_of_the_change_together(account: Account) -> None:
    assert account.check("a", **in_group(gpu=400)) == ([], [])
    assert account.check("a", **in_group(gpu=400)) == ([], [])
    assert account.check("b", **in_group(gpu=400)) == ([], [])
    failures, (warning,) = account.check("c", **in_group(gpu=100))
    assert failures == []
    assert warning == (
        "resource_config_infos: the nodes of the 3 tasks that start in it need 9 GPU cards, and 8 of 8 are free in the "
        "resource group 'rsg-1' now. The task may have to wait"
    )


def test_what_other_tasks_use_of_a_group_is_not_free(account: Account, emulator: Emulator) -> None:
    body = {
        "Name": "old",
        "ChargeType": "PREPAID",
        "ResourceGroupId": "rsg-1",
        "FrameworkName": "PYTORCH",
        "TrainingMode": "DDP",
        "StartCmdInfo": {"StartCmd": "", "PsStartCmd": "", "WorkerStartCmd": "sleep 36000"},
        "ResourceConfigInfos": [{"Role": "WORKER", "Cpu": 7000, "Memory": 1024, "Gpu": 0, "InstanceNum": 1}],
    }
    client_of(emulator).create_training_task(body)
    assert account.check(**in_group(cpu=2000))[1] == [
        "resource_config_infos: the nodes need 2 cores, and 1 of 8 are free in the resource group 'rsg-1' now. "
        "The task may have to wait"
    ]


def test_each_list_is_requested_once(account: Account, emulator: Emulator) -> None:
    for name in ("a", "b", "c"):
        account.check(name, **FRAMEWORK, **pay_as_you_go("TI.S.MEDIUM.POST"))
        account.check(name, **in_group(), vpcId="vpc-1", subnetId="subnet-1")
    assert sorted(request["action"] for request in emulator.requests()) == [
        "DescribeBillingResourceGroups",
        "DescribeBillingSpecs",
        "DescribeSubnets",
        "DescribeTrainingFrameworks",
    ]


@pytest.mark.parametrize(
    ("action", "inputs", "things"),
    [
        ("DescribeTrainingFrameworks", FRAMEWORK, "frameworks"),
        ("DescribeBillingSpecs", pay_as_you_go("TI.Z"), "instance types"),
        ("DescribeBillingResourceGroups", in_group("rsg-7"), "resource groups"),
        ("DescribeSubnets", {"vpcId": "vpc-2", "subnetId": "subnet-1"}, "subnets"),
    ],
)
def test_a_look_up_without_permission_is_one_note(
    account: Account, emulator: Emulator, action: str, inputs: dict[str, Any], things: str
) -> None:
    emulator.faults.add(action, code="AuthFailure.UnauthorizedOperation", times=None)
    for name in ("a", "b"):
        assert account.check(name, **inputs) == ([], [])
    assert account.notes == [
        f"tione:validate could not check {things}: these credentials are not allowed to request it "
        "(AuthFailure.UnauthorizedOperation)"
    ]
    assert len(emulator.requests()) == 1


def test_where_frameworks_are_no_longer_listed_a_note_shows_that(account: Account, emulator: Emulator) -> None:
    emulator.faults.add("DescribeTrainingFrameworks", code="InvalidAction", times=None)
    assert account.check(**{**FRAMEWORK, "frameworkName": "NONE"}) == ([], [])
    assert account.notes == ["tione:validate could not check frameworks: the service no longer lists them"]


def test_the_vpc_of_a_subnet_that_the_service_does_not_return_is_not_judged(
    account: Account, emulator: Emulator
) -> None:
    emulator.unregister("subnet", "subnet-1")
    client: Client = client_of(emulator)
    assert client.vpc_of_subnet("subnet-1") == ""
    assert account.check(vpcId="vpc-7", subnetId="subnet-1") == ([], [])
