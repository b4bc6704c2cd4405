"""What there is to choose from: specs, prices, resource groups, frameworks, images, workspaces."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pulumi_tione.emulator import Emulator

Call = Callable[..., dict[str, Any]]
Create = Callable[..., str]
Refusal = Callable[..., tuple[str, str]]


def test_specs_are_listed_by_kind(call: Call, emulator: Emulator) -> None:
    def names(**how: str) -> set[str]:
        specs = call("DescribeBillingSpecs", {"ChargeType": "POSTPAID_BY_HOUR", **how})["Specs"]
        return {spec["SpecName"] for spec in specs}

    assert "TI.S.MEDIUM.POST" in names(TaskType="TRAIN")
    assert names(ResourceType="CALC") == names() == names(ResourceType="CPU") | names(ResourceType="GPU")
    assert "TI.GN10.2XLARGE40.POST" in names(ResourceType="GPU")
    assert names(ResourceType="GPU-SW") == set()
    assert call("DescribeBillingSpecs", {"ChargeType": "PREPAID"})["Specs"] == []


def test_a_spec_that_is_sold_out_is_not_available(call: Call, emulator: Emulator) -> None:
    emulator.set(sold_out=["TI.S.MEDIUM.POST"])
    specs = call("DescribeBillingSpecs", {"ChargeType": "POSTPAID_BY_HOUR"})["Specs"]
    assert [spec["SpecName"] for spec in specs if not spec["Available"]] == ["TI.S.MEDIUM.POST"]


@pytest.mark.parametrize(
    "request_",
    [
        {"ChargeType": "FREE"},
        {"ChargeType": "PREPAID", "TaskType": "X"},
        {"ChargeType": "PREPAID", "ResourceType": "X"},
    ],
)
def test_a_choice_that_is_not_documented_is_refused(refusal: Refusal, request_: dict[str, str]) -> None:
    code, message = refusal("DescribeBillingSpecs", request_)
    assert code == "InvalidParameterValue"
    assert f"`{list(request_)[-1]}`" in message


def test_prices_are_told_in_fen_by_the_hour(call: Call, emulator: Emulator) -> None:
    emulator.set(discount=0.8)
    params = [{"SpecName": "TI.S.MEDIUM.POST", "SpecCount": 1}, {"SpecName": "TI.GN10.2XLARGE40.POST", "SpecCount": 3}]
    assert call("DescribeBillingSpecsPrice", {"SpecsParam": params})["SpecsPrice"] == [
        {"SpecName": "TI.S.MEDIUM.POST", "SpecCount": 1, "TotalCost": 70, "RealTotalCost": 56},
        {"SpecName": "TI.GN10.2XLARGE40.POST", "SpecCount": 3, "TotalCost": 6300, "RealTotalCost": 5040},
    ]


def test_a_price_too_large_is_told_as_nothing(call: Call) -> None:
    params = [{"SpecName": "TI.S.MEDIUM.POST", "SpecCount": 100_000_000}]
    [price] = call("DescribeBillingSpecsPrice", {"SpecsParam": params})["SpecsPrice"]
    assert price["TotalCost"] == 0


@pytest.mark.parametrize(
    ("params", "named"),
    [
        ([], "SpecsParam"),
        ([{"SpecName": "TI.XXL", "SpecCount": 1}], "SpecsParam.0.SpecName"),
        ([{"SpecName": "TI.S.MEDIUM.POST", "SpecCount": 0}], "SpecsParam.0.SpecCount"),
    ],
)
def test_a_price_that_nobody_knows_is_refused(refusal: Refusal, params: list[Any], named: str) -> None:
    code, message = refusal("DescribeBillingSpecsPrice", {"SpecsParam": params})
    assert code == "InvalidParameterValue"
    assert f"`{named}`" in message


@pytest.fixture
def groups(emulator: Emulator) -> None:
    emulator.register("resource_group", "rsg-1", name="small", cpu=2000, memory=4096, nodes=1)
    emulator.register(
        "resource_group", "rsg-2", name="large", cpu=80000, memory=327680, gpu=800, gpu_type="V100", nodes=4
    )


def test_resource_groups_tell_what_they_have_and_what_is_used(groups: None, create: Create, call: Call) -> None:
    node = {"Role": "WORKER", "Cpu": 1000, "Memory": 1024, "InstanceNum": 2}
    create(ChargeType="PREPAID", ResourceGroupId="rsg-1", ResourceConfigInfos=[node])
    answer = call("DescribeBillingResourceGroups")
    assert answer["TotalCount"] == 2
    small, large = answer["ResourceGroupSet"]
    assert (small["UsedResource"]["Cpu"], small["TotalResource"]["Cpu"]) == (2000, 2000)
    assert large["TotalResource"]["GpuDetailSet"] == [{"Name": "V100", "Value": 800}]
    assert large["UsedResource"]["Gpu"] == 0


@pytest.mark.parametrize(
    ("request_", "names"),
    [
        ({"SearchWord": "rsg-2"}, ["large"]),
        ({"SearchWord": "all"}, ["small"]),
        ({"Filters": [{"Name": "ResourceGroupName", "Values": ["a"], "Fuzzy": True}]}, ["small", "large"]),
        ({"Filters": [{"Name": "ResourceGroupName", "Values": ["small", "a"], "Fuzzy": True}]}, ["small"]),
        ({"Filters": [{"Name": "ResourceGroupId", "Values": ["rsg-1"], "Negative": True}]}, ["large"]),
        ({"Filters": [{"Name": "AvailableNodeCount", "Values": ["4"]}]}, ["large"]),
        ({"Limit": 1, "Offset": 1}, ["large"]),
        ({"Limit": 0}, ["small", "large"]),
        ({"TagFilters": [{"TagKey": "a"}]}, []),
    ],
)
def test_resource_groups_are_filtered(groups: None, call: Call, request_: dict[str, Any], names: list[str]) -> None:
    told = call("DescribeBillingResourceGroups", request_)["ResourceGroupSet"]
    assert [group["ResourceGroupName"] for group in told] == names


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        ({"Filters": [{"Name": "Colour", "Values": ["red"]}]}, "InvalidParameterValue.InvalidFilter"),
        ({"Filters": [{"Name": "ResourceGroupId", "Values": ["a"]}] * 6}, "InvalidParameterValue.LimitExceeded"),
        ({"Filters": [{"Name": "ResourceGroupId", "Values": ["a"] * 101}]}, "InvalidParameterValue.LimitExceeded"),
        ({"Offset": -1}, "InvalidParameter"),
    ],
)
def test_a_filter_of_resource_groups_that_cannot_be_is_refused(
    refusal: Refusal, request_: dict[str, Any], code: str
) -> None:
    assert refusal("DescribeBillingResourceGroups", request_)[0] == code


def test_the_older_list_of_frameworks_is_still_answered(call: Call) -> None:
    infos = {info["Name"]: info["VersionInfos"] for info in call("DescribeTrainingFrameworks")["FrameworkInfos"]}
    assert {"TENSORFLOW", "PYTORCH", "SPARK", "PYSPARK"} <= infos.keys()
    assert "DDP" in infos["PYTORCH"][0]["TrainingModes"]


def test_built_in_images_are_listed_and_filtered(call: Call, refusal: Refusal) -> None:
    images = call("DescribeBuildInImages")["BuildInImageInfos"]
    name = images[0]["ImageName"]
    one = [{"Name": "ImageName", "Values": [name]}]
    assert [
        image["ImageName"] for image in call("DescribeBuildInImages", {"ImageFilters": one})["BuildInImageInfos"]
    ] == [name]
    others = [{"Name": "ImageName", "Values": [name], "Negative": True}]
    assert len(call("DescribeBuildInImages", {"ImageFilters": others})["BuildInImageInfos"]) == len(images) - 1
    wrong = [{"Name": "Size", "Values": ["1"]}]
    assert refusal("DescribeBuildInImages", {"ImageFilters": wrong})[0] == "InvalidParameter"


def test_the_default_workspace_is_always_there(call: Call, refusal: Refusal, emulator: Emulator) -> None:
    emulator.register("workspace", "1889353273052233728", name="测试空间")
    answer = call("DescribeWorkspaces", {"TiProjectId": "1889353273052233728", "Limit": 2})
    assert [space["TiProjectId"] for space in answer["Workspaces"]] == ["0", "1889353273052233728"]
    named = [{"Name": "Name", "Values": ["测试空间"]}]
    assert call("DescribeWorkspaces", {"Filters": named})["TotalCount"] == 1
    wrong = [{"Name": "Colour", "Values": ["red"]}]
    assert refusal("DescribeWorkspaces", {"Filters": wrong})[0] == "InvalidParameter"
