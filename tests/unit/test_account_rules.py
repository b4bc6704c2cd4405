"""`tione:validate`: how what a task names is compared with lists of the account, whatever these lists contain.

Over HTTP they are in `tests/component/test_account_rules.py`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pytest
from fake_api import no_answer, refusal

from pulumi_tione._pulumi.unknown import UNKNOWN
from pulumi_tione.call_context import CallContext
from pulumi_tione.errors import TioneError
from pulumi_tione.lifecycle.account_rules import AccountRules, not_validated
from pulumi_tione.lifecycle.check import Checked
from pulumi_tione.lifecycle.cost_limits import Subject
from pulumi_tione.pricing.price_list import PriceList

Json = dict[str, Any]

FRAMEWORKS: list[Json] = [
    {
        "Name": "PYTORCH",
        "VersionInfos": [
            {"Version": "2.1", "Environment": "torch2.1-gpu", "TrainingModes": ["DDP", "MPI"]},
            {"Version": "2.1", "Environment": "torch2.1-cpu", "TrainingModes": ["DDP"]},
            {"Version": "1.9", "Environment": "torch1.9-gpu", "TrainingModes": ["MPI", "HOROVOD"]},
            {"Version": None, "Environment": None, "TrainingModes": None},
            "odd",
        ],
    },
    {"Name": "SPARK", "VersionInfos": [{"Version": "3.2", "Environment": "spark3.2"}]},
    {"Name": "RAY", "VersionInfos": None},
]
SPECS: list[Json] = [
    {"SpecName": "TI.S.MEDIUM.POST", "SpecType": "CPU"},
    {"SpecName": "TI.S.LARGE.POST", "SpecType": "CPU", "Available": False, "AvailableRegion": ["ap-a", "ap-b"]},
    {"SpecName": "TI.S.HUGE.POST", "SpecType": "CPU", "Available": False, "AvailableRegion": None},
    {"SpecName": "TI.DISK", "SpecType": "CBS"},
]


class Account:
    """The lists of one account, in each of its regions and workspaces."""

    def __init__(self, region: str) -> None:
        self.region = region
        self.requests: list[str] = []
        self.error: TioneError | None = None
        self.listed_frameworks = FRAMEWORKS
        self.groups: list[Json] = []
        self.subnets: dict[str, str | None] = {"subnet-1": "vpc-1", "subnet-2": None, "subnet-3": ""}

    def _requested(self, what: str) -> None:
        self.requests.append(what)
        if self.error:
            raise self.error

    def frameworks(self) -> list[Json]:
        self._requested("frameworks")
        return self.listed_frameworks

    def specs(self, charge_type: str, resource_type: str | None = None, ti_project_id: str | None = None) -> list[Json]:
        self._requested("specs")
        return SPECS

    def resource_groups(self, ti_project_id: str | None = None) -> list[Json]:
        self._requested(f"groups of {ti_project_id}")
        return self.groups

    def vpc_of_subnet(self, subnet_id: str) -> str | None:
        self._requested(f"subnet {subnet_id}")
        return self.subnets[subnet_id]


class Rules:
    """The rules over an account in two regions."""

    def __init__(self) -> None:
        self.accounts = {name: Account(name) for name in ("ap-guangzhou", "ap-beijing")}
        self.account = self.accounts["ap-guangzhou"]
        self.notes: list[str] = []
        self._price_lists: dict[str, PriceList] = {}
        self._rules = AccountRules(self._api_of, self._price_list_of)

    def _api_of(self, inputs: Mapping[str, Any]) -> Any:
        return self.accounts[inputs["region"]]

    def _price_list_of(self, inputs: Mapping[str, Any]) -> PriceList:
        return self._price_lists.setdefault(inputs["region"], PriceList(self._api_of(inputs)))

    def check(self, name: str = "bert", failures: tuple[str, ...] = (), **inputs: Any) -> list[str]:
        """Return the failures and warnings of a task."""
        checked = Checked({"region": "ap-guangzhou", **inputs}, failures=[(path, "is wrong") for path in failures])
        context = CallContext(note=lambda text: self.notes.append(f"{name}: {text}"))
        self._rules.check(Subject(f"urn::{name}", name, context), checked)
        return [*checked.reasons, *checked.warnings]


def framework(name: Any = "PYTORCH", version: Any = None, environment: Any = None, mode: Any = None) -> Json:
    return {
        "frameworkName": name,
        "frameworkVersion": version,
        "frameworkEnvironment": environment,
        "trainingMode": mode,
    }


def hourly(*types: Any) -> Json:
    groups = [each if each is UNKNOWN else {"role": "WORKER", "instanceType": each, "instanceNum": 1} for each in types]
    return {"chargeType": "POSTPAID_BY_HOUR", "resourceConfigInfos": groups}


def nodes(*groups: Any, group: Any = "rsg-1", **more: Any) -> Json:
    return {"resourceGroupId": group, "resourceConfigInfos": [*groups], **more}


def group(group_id: str = "rsg-1", total: Any = None, used: Any = None, name: str = "small") -> Json:
    return {"ResourceGroupId": group_id, "ResourceGroupName": name, "TotalResource": total, "UsedResource": used}


@pytest.mark.parametrize(
    ("inputs", "reason"),
    [
        (
            framework("TENSOR"),
            "framework_name: 'TENSOR' is not a framework that the service lists; it lists PYTORCH, SPARK",
        ),
        (
            framework(version="3.0-x"),
            "framework_version: '3.0-x' is not a version of PYTORCH that the service lists; it lists 2.1, 1.9",
        ),
        (
            framework(version="1.9", environment="torch2.1-gpu"),
            "framework_environment: 'torch2.1-gpu' is not an environment of PYTORCH that the service lists; "
            "did you mean torch1.9-gpu?",
        ),
        (
            framework(environment="x"),
            "framework_environment: 'x' is not an environment of PYTORCH that the service lists; it lists "
            "torch2.1-gpu, torch2.1-cpu, torch1.9-gpu",
        ),
        (
            framework(version="2.1", environment="torch2.1-cpu", mode="MPI"),
            "training_mode: 'MPI' is not a training mode of PYTORCH that the service lists; it lists DDP",
        ),
        (
            framework(mode="PS_WORKER"),
            "training_mode: 'PS_WORKER' is not a training mode of PYTORCH that the service lists; it lists DDP, MPI, "
            "HOROVOD",
        ),
        (hourly("TI.Z"), "resource_config_infos[0].instance_type: 'TI.Z' is not sold in ap-guangzhou"),
        (
            hourly(UNKNOWN, "TI.S.LARGE.POST"),
            "resource_config_infos[1].instance_type: 'TI.S.LARGE.POST' is sold out in ap-guangzhou; it is available in "
            "ap-a, ap-b",
        ),
        (
            hourly("TI.S.HUGE.POST"),
            "resource_config_infos[0].instance_type: 'TI.S.HUGE.POST' is sold out in ap-guangzhou",
        ),
        (
            {**hourly("TI.DISK"), "region": "ap-beijing"},
            "resource_config_infos[0].instance_type: 'TI.DISK' is not sold in ap-beijing",
        ),
        (
            nodes(group="rsg-l"),
            "resource_group_id: 'rsg-l' is not a resource group of this account in ap-guangzhou; did you mean rsg-1?",
        ),
        (
            nodes(group="small"),
            "resource_group_id: 'small' is not a resource group of this account in ap-guangzhou; did you mean rsg-1?",
        ),
        (
            nodes(group="unheard-of"),
            "resource_group_id: 'unheard-of' is not a resource group of this account in ap-guangzhou",
        ),
        (
            {**nodes(group="x"), "region": "ap-beijing"},
            "resource_group_id: 'x' is not a resource group of this account in ap-beijing",
        ),
        (
            {"vpcId": "vpc-2", "subnetId": "subnet-1"},
            "subnet_id: 'subnet-1' belongs to the VPC vpc-1, not to vpc-2",
        ),
        (
            {"vpcId": "vpc-1", "subnetId": "subnet-2", "region": "ap-beijing"},
            "subnet_id: 'subnet-2' is not a subnet of this account in ap-beijing",
        ),
    ],
)
def test_what_is_not_listed_is_a_failure_that_names_what_is(inputs: Json, reason: str) -> None:
    rules = Rules()
    rules.account.groups = [group()]
    assert rules.check(**inputs) == [reason]
    assert rules.notes == []


@pytest.mark.parametrize(
    "inputs",
    [
        framework(version="2.1", environment="torch2.1-gpu", mode="MPI"),
        framework(environment="torch1.9-gpu", mode="HOROVOD"),
        framework(version=UNKNOWN, environment="torch2.1-cpu", mode="DDP"),
        framework(version="", environment="", mode="HOROVOD"),
        framework("SPARK", mode="whatever the service lists no modes for"),
        framework(UNKNOWN, version="x"),
        framework("", version="x"),
        {"frameworkName": ["PYTORHC"]},
        hourly("TI.S.MEDIUM.POST", "", UNKNOWN, None),
        {"chargeType": "PREPAID", "resourceConfigInfos": [{"instanceType": "TI.Z"}]},
        {"chargeType": "POSTPAID_BY_HOUR", "resourceConfigInfos": UNKNOWN},
        {"subnetId": "subnet-2"},
        {"vpcId": "vpc-7", "subnetId": "subnet-3"},
        {"vpcId": "vpc-1", "subnetId": UNKNOWN},
    ],
)
def test_what_is_listed_or_not_known_is_accepted(inputs: Json) -> None:
    rules = Rules()
    assert rules.check(**inputs) == []
    assert rules.notes == []


def test_nothing_is_requested_for_what_a_task_does_not_name() -> None:
    rules = Rules()
    rules.check(**hourly("", UNKNOWN))
    rules.check(**nodes(group=""), vpcId="vpc-1", frameworkName="")
    rules.check(**framework(), **hourly("TI.Z"), vpcId="vpc-1", subnetId="subnet-2", tiProjectId=UNKNOWN)
    assert rules.account.requests == []


def test_an_account_without_listed_frameworks_accepts_every_one() -> None:
    rules = Rules()
    rules.account.listed_frameworks = []
    assert rules.check(**framework("NONE")) == []


def test_each_region_and_workspace_has_its_own_lists_which_are_requested_once() -> None:
    rules = Rules()
    for account in rules.accounts.values():
        account.groups = [group()]
    for _ in range(2):
        for region in rules.accounts:
            for workspace in ("7", ""):
                inputs = {**framework(), **hourly("TI.S.MEDIUM.POST"), **nodes(tiProjectId=workspace)}
                rules.check(**inputs, region=region, vpcId="vpc-1", subnetId="subnet-1")
    for account in rules.accounts.values():
        assert sorted(account.requests) == ["frameworks", "groups of 7", "groups of None", "subnet subnet-1"]
    for region in rules.accounts:
        assert rules.check(**hourly("TI.S.MEDIUM.POST"), region=region) == []
    assert [account.requests[-1] for account in rules.accounts.values()] == ["specs", "specs"]


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (
            refusal("AuthFailure.UnauthorizedOperation"),
            "these credentials are not allowed to request it (AuthFailure.UnauthorizedOperation)",
        ),
        (refusal("InternalError"), "the service refused to return it (InternalError)"),
        (refusal("InvalidAction"), "the service no longer lists them"),
        (no_answer("DescribeTrainingFrameworks"), "the service did not return it"),
    ],
)
@pytest.mark.parametrize(
    ("inputs", "things"),
    [
        (framework("NONE"), "frameworks"),
        (nodes(group="none"), "resource groups"),
        ({"vpcId": "vpc-2", "subnetId": "subnet-1"}, "subnets"),
    ],
)
def test_a_list_that_is_not_returned_is_one_note_on_the_row_of_the_first_task(
    inputs: Json, things: str, error: TioneError, reason: str
) -> None:
    rules = Rules()
    rules.account.error = error
    for name in ("a", "b"):
        assert rules.check(name, **inputs) == []
    assert rules.notes == [f"a: {not_validated(things, reason)}"]


def test_specs_that_are_not_returned_are_one_note() -> None:
    rules = Rules()
    rules.account.error = refusal("InternalError")
    for name in ("a", "b"):
        assert rules.check(name, **hourly("TI.Z")) == []
    assert rules.notes == [f"a: {not_validated('instance types', 'the service refused to return it (InternalError)')}"]


def test_each_kind_of_list_that_is_not_returned_has_its_note() -> None:
    rules = Rules()
    rules.account.error = refusal("InternalError")
    rules.check(**framework(), **nodes(), vpcId="vpc-1", subnetId="subnet-1")
    assert [note.partition(" check ")[2].partition(":")[0] for note in rules.notes] == [
        "frameworks",
        "resource groups",
        "subnets",
    ]


def test_what_has_a_failure_already_gets_no_second_one() -> None:
    rules = Rules()
    inputs = {**framework("NONE"), "vpcId": "vpc-2", "subnetId": "subnet-1"}
    assert rules.check(failures=("frameworkName",), **inputs) == [
        "framework_name: is wrong",
        "subnet_id: 'subnet-1' belongs to the VPC vpc-1, not to vpc-2",
    ]


# Room in resource groups.

EIGHT = {"Cpu": 8000, "Memory": 16384, "Gpu": 800}
NODE = {"cpu": 1000, "memory": 1024, "gpu": 100, "instanceNum": 1}


def test_a_task_that_a_group_could_never_run_is_a_failure_for_each_resource() -> None:
    rules = Rules()
    rules.account.groups = [group("rsg-0"), group("rsg-1", EIGHT, {"Cpu": 0, "Memory": 0, "Gpu": 0})]
    asked = [{**NODE, "cpu": 2500, "instanceNum": 3.0}, {**NODE, "cpu": 1500, "memory": 15360, "gpu": 750}]
    assert rules.check(**nodes(*asked)) == [
        f"resource_config_infos: the nodes need {need}, and the resource group 'rsg-1' has {total} in all"
        for need, total in (("9 cores", 8), ("18 GB of memory", 16), ("10.5 GPU cards", 8))
    ]


def test_large_amounts_are_shown_in_full() -> None:
    rules = Rules()
    rules.account.groups = [
        group("rsg-1", {**EIGHT, "Memory": 1_234_567 * 1024 + 256}, {"Cpu": 0, "Memory": 0, "Gpu": 0})
    ]
    (failure,) = rules.check(**nodes({**NODE, "memory": 2_000_000 * 1024}))
    assert "need 2000000 GB of memory, and the resource group 'rsg-1' has 1234567.25 in all" in failure


def test_a_task_may_take_a_whole_group() -> None:
    rules = Rules()
    rules.account.groups = [group("rsg-1", EIGHT, {"Cpu": 0, "Memory": 0, "Gpu": 0})]
    assert rules.check(**nodes({"cpu": 8000, "memory": 16384, "gpu": 800, "instanceNum": 1})) == []


@pytest.mark.parametrize(
    "amounts",
    [None, "odd", [], {}, {"Cpu": None, "Memory": "1024", "Gpu": 0.5}],
    ids=str,
)
def test_amounts_that_a_group_does_not_report_are_not_judged(amounts: Any) -> None:
    node = {"cpu": 10**9, "memory": 10**9, "gpu": 10**9, "instanceNum": 9}
    for total, used in ((amounts, EIGHT), (amounts, amounts), ({"Cpu": 10**10, "Memory": 10**10}, amounts)):
        rules = Rules()
        rules.account.groups = [group("rsg-1", total, used)]
        assert rules.check(**nodes(node)) == []


def test_room_that_a_group_does_not_have_now_is_a_warning_for_each_resource_that_the_task_needs() -> None:
    rules = Rules()
    rules.account.groups = [group("rsg-1", EIGHT, {"Cpu": 7500, "Memory": 16384, "Gpu": 900})]
    assert rules.check(**nodes(NODE)) == [
        f"resource_config_infos: the nodes need {need}, and {free} are free in the resource group 'rsg-1' now. "
        "The task may have to wait"
        for need, free in (("1 cores", "0.5 of 8"), ("1 GB of memory", "0 of 16"), ("1 GPU cards", "0 of 8"))
    ]
    assert rules.check(**nodes({"cpu": 500, "instanceNum": 1})) == []


def test_the_tasks_of_a_change_need_room_together_in_each_group() -> None:
    rules = Rules()
    free = {"Cpu": 0, "Memory": 0, "Gpu": 0}
    rules.account.groups = [group("rsg-1", EIGHT, free), group("rsg-2", EIGHT, free, name="large")]
    rules.accounts["ap-beijing"].groups = rules.account.groups
    half = {"gpu": 400, "instanceNum": 1}
    for _ in range(2):
        assert rules.check("a", **nodes(half)) == []
        assert rules.check("b", **nodes(half, {"gpu": 0, "instanceNum": 3})) == []
    assert rules.check("c", **nodes(half, group="rsg-2")) == []
    assert rules.check("c", **nodes(half), region="ap-beijing") == []
    (warning,) = rules.check("d", **nodes({"gpu": 50, "instanceNum": 1}))
    assert warning.startswith(
        "resource_config_infos: the nodes of the 3 tasks that start in it need 8.5 GPU cards, and 8 of 8 are free"
    )
    assert rules.check("e", **nodes({"cpu": 1, "instanceNum": 1})) == []


def test_nodes_that_are_refused_are_not_counted() -> None:
    rules = Rules()
    rules.account.groups = [group("rsg-1", EIGHT, {"Cpu": 0, "Memory": 0, "Gpu": 0})]
    full = nodes({"gpu": 800, "instanceNum": 1})
    for path in ("resourceConfigInfos", "resourceConfigInfos[0].role"):
        rules.check("a", failures=(path,), **full)
    assert rules.check("b", **full) == []
    (warning,) = rules.check("c", failures=("remark",), **full)[1:]
    assert "the 2 tasks" in warning


@pytest.mark.parametrize("number", [math.inf, -math.inf, math.nan, 1.5, True, "2", None, UNKNOWN])
@pytest.mark.parametrize("name", ["cpu", "memory", "gpu", "instanceNum"])
def test_a_number_of_another_kind_needs_nothing(name: str, number: Any) -> None:
    rules = Rules()
    rules.account.groups = [group("rsg-1", {"Cpu": 0, "Memory": 0, "Gpu": 0}, None)]
    failures = ("resourceConfigInfos[0].cpu",)
    others = {"cpu": 0, "memory": 0, "gpu": 0, "instanceNum": 1}
    assert len(rules.check(failures=failures, **nodes({**others, name: number}, UNKNOWN, None))) == 1
    assert rules.check(failures=failures, resourceGroupId="rsg-1", resourceConfigInfos=number)[1:] == []
