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
    assert names(ResourceType="CALC") == names(ResourceType="CPU") | names(ResourceType="GPU")
    assert names() == names(ResourceType="CALC") | {"TI.CBS.PREMIUM.POST"}
    assert "TI.GN10.2XLARGE40.POST" in names(ResourceType="GPU")
    assert names(ResourceType="GPU-SW") == set()
    assert call("DescribeBillingSpecs", {"ChargeType": "PREPAID"})["Specs"] == []


def test_a_spec_that_is_sold_out_is_not_available(call: Call, emulator: Emulator) -> None:
    emulator.set(sold_out=["TI.S.MEDIUM.POST"])
    specs = call("DescribeBillingSpecs", {"ChargeType": "POSTPAID_BY_HOUR"})["Specs"]
    sold_out = {spec["SpecName"]: spec["AvailableRegion"] for spec in specs if not spec["Available"]}
    assert sold_out == {"TI.S.MEDIUM.POST": ["ap-beijing"]}
    assert {tuple(spec["AvailableRegion"]) for spec in specs if spec["Available"]} == {()}


def test_the_alias_of_a_billing_item_has_its_size_and_its_cards(call: Call) -> None:
    specs = call("DescribeBillingSpecs", {"ChargeType": "POSTPAID_BY_HOUR"})["Specs"]
    aliases = {spec["SpecName"]: (spec["SpecAlias"], spec["SpecType"], spec["GpuType"]) for spec in specs}
    assert aliases["TI.S.MEDIUM.POST"] == ("2C4GB", "CPU", "")
    assert aliases["TI.GN10.2XLARGE40.POST"] == ("8C40GB V100*1", "GPU", "V100")
    assert aliases["TI.GN7.LARGE20.POST"] == ("4C20GB T4*1/4", "GPU", "T4")
    assert aliases["TI.CBS.PREMIUM.POST"] == ("CBS", "CBS", "")


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


def test_prices_are_in_fen_by_the_hour(call: Call, emulator: Emulator) -> None:
    emulator.set(discount=0.8)
    params = [{"SpecName": "TI.S.MEDIUM.POST", "SpecCount": 1}, {"SpecName": "TI.GN10.2XLARGE40.POST", "SpecCount": 3}]
    assert call("DescribeBillingSpecsPrice", {"SpecsParam": params})["SpecsPrice"] == [
        {"SpecName": "TI.GN10.2XLARGE40.POST", "SpecCount": 3, "TotalCost": 6300, "RealTotalCost": 5040},
        {"SpecName": "TI.S.MEDIUM.POST", "SpecCount": 1, "TotalCost": 70, "RealTotalCost": 56},
    ]


def test_a_price_too_large_is_returned_as_0(call: Call) -> None:
    params = [{"SpecName": "TI.S.MEDIUM.POST", "SpecCount": 100_000_000}]
    [price] = call("DescribeBillingSpecsPrice", {"SpecsParam": params})["SpecsPrice"]
    assert price["TotalCost"] == 0


def test_prices_are_sorted_by_name_whatever_the_order_of_the_request(call: Call) -> None:
    names = ["TI.S6.MEDIUM2.POST", "TI.S.MEDIUM.POST", "TI.GN7.LARGE20.POST"]
    params = [{"SpecName": name, "SpecCount": 1} for name in names]
    prices = call("DescribeBillingSpecsPrice", {"SpecsParam": params})["SpecsPrice"]
    assert [price["SpecName"] for price in prices] == sorted(names)


@pytest.mark.parametrize(("gigabytes", "fen"), [(1, 1), (50, 4), (100, 7), (32_000, 2240)])
def test_a_cloud_disk_is_priced_by_gigabyte_and_hour(call: Call, gigabytes: int, fen: int) -> None:
    params = [{"SpecName": "TI.CBS.PREMIUM.POST", "SpecCount": gigabytes}]
    [price] = call("DescribeBillingSpecsPrice", {"SpecsParam": params})["SpecsPrice"]
    assert price["TotalCost"] == price["RealTotalCost"] == fen


def test_a_cloud_disk_is_no_node(refusal: Refusal, body: Callable[..., Any]) -> None:
    node = {"Role": "WORKER", "InstanceType": "TI.CBS.PREMIUM.POST", "InstanceNum": 1}
    code, message = refusal("CreateTrainingTask", body(ResourceConfigInfos=[node]))
    assert code == "InvalidParameterValue.ResourceConfigIllegal"
    assert "`ResourceConfigInfos.0.InstanceType`" in message


def test_a_price_can_be_changed_and_be_too_large(call: Call, emulator: Emulator) -> None:
    def prices(count: int) -> tuple[int, int]:
        params = [{"SpecName": "TI.S.MEDIUM.POST", "SpecCount": count}]
        [price] = call("DescribeBillingSpecsPrice", {"SpecsParam": params})["SpecsPrice"]
        return price["TotalCost"], price["RealTotalCost"]

    emulator.set(discount=0.5)
    emulator.register("instance_type", "TI.S.MEDIUM.POST", cpu=2000, memory=4096, price=2_100_000_000)
    assert prices(2) == (4_200_000_000, 2_100_000_000)
    assert prices(3) == (0, 0)
    emulator.unregister("instance_type", "TI.S.MEDIUM.POST")
    assert prices(1) == (70, 35)


@pytest.mark.parametrize(
    ("action", "request_"),
    [
        ("DescribeBillingSpecs", {"ChargeType": "POSTPAID_BY_HOUR"}),
        ("DescribeBillingSpecsPrice", {"SpecsParam": [{"SpecName": "TI.S.MEDIUM.POST", "SpecCount": 1}]}),
    ],
)
def test_prices_are_those_of_a_workspace(
    call: Call, refusal: Refusal, emulator: Emulator, action: str, request_: dict[str, Any]
) -> None:
    emulator.register("workspace", "1889353273052233728")
    for workspace in ("0", "", "1889353273052233728"):
        call(action, {**request_, "TiProjectId": workspace})
    code, message = refusal(action, {**request_, "TiProjectId": "7"})
    assert code == "InvalidParameterValue"
    assert "`TiProjectId`" in message
    emulator.faults.add(action, code="AuthFailure.UnauthorizedOperation")
    assert refusal(action, request_)[0] == "AuthFailure.UnauthorizedOperation"


def test_neither_spot_nor_tide_has_a_price_of_its_own(refusal: Refusal) -> None:
    """There is no parameter for it: what is returned is a ceiling."""
    params = [{"SpecName": "TI.S.MEDIUM.POST", "SpecCount": 1, "SupplyType": "SPOT"}]
    assert refusal("DescribeBillingSpecsPrice", {"SpecsParam": params})[0] == "UnknownParameter"
    supply = {"ChargeType": "POSTPAID_BY_HOUR", "ResourceSupplyAttribute": {"SupplyType": "SPOT"}}
    assert refusal("DescribeBillingSpecs", supply)[0] == "UnknownParameter"


@pytest.mark.parametrize(
    ("params", "parameter"),
    [
        ([], "SpecsParam"),
        ([{"SpecName": "TI.XXL", "SpecCount": 1}], "SpecsParam.0.SpecName"),
        ([{"SpecName": "TI.S.MEDIUM.POST", "SpecCount": 0}], "SpecsParam.0.SpecCount"),
    ],
)
def test_a_price_that_nobody_knows_is_refused(refusal: Refusal, params: list[Any], parameter: str) -> None:
    code, message = refusal("DescribeBillingSpecsPrice", {"SpecsParam": params})
    assert code == "InvalidParameterValue"
    assert f"`{parameter}`" in message


@pytest.fixture
def groups(emulator: Emulator) -> None:
    emulator.register("resource_group", "rsg-1", name="small", cpu=2000, memory=4096, nodes=1)
    emulator.register(
        "resource_group", "rsg-2", name="large", cpu=80000, memory=327680, gpu=800, gpu_type="V100", nodes=4
    )


def test_resource_groups_show_what_they_have_and_what_is_used(groups: None, create: Create, call: Call) -> None:
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
    result = call("DescribeBillingResourceGroups", request_)["ResourceGroupSet"]
    assert [group["ResourceGroupName"] for group in result] == names


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
    by_name = [{"Name": "ImageName", "Values": [name]}]
    assert [
        image["ImageName"] for image in call("DescribeBuildInImages", {"ImageFilters": by_name})["BuildInImageInfos"]
    ] == [name]
    others = [{"Name": "ImageName", "Values": [name], "Negative": True}]
    assert len(call("DescribeBuildInImages", {"ImageFilters": others})["BuildInImageInfos"]) == len(images) - 1
    wrong = [{"Name": "Size", "Values": ["1"]}]
    assert refusal("DescribeBuildInImages", {"ImageFilters": wrong})[0] == "InvalidParameter"


def test_the_default_workspace_is_always_there(call: Call, refusal: Refusal, emulator: Emulator) -> None:
    emulator.register("workspace", "1889353273052233728", name="测试空间")
    answer = call("DescribeWorkspaces", {"TiProjectId": "1889353273052233728", "Limit": 2})
    assert [space["TiProjectId"] for space in answer["Workspaces"]] == ["0", "1889353273052233728"]
    parameter = [{"Name": "Name", "Values": ["测试空间"]}]
    assert call("DescribeWorkspaces", {"Filters": parameter})["TotalCount"] == 1
    wrong = [{"Name": "Colour", "Values": ["red"]}]
    assert refusal("DescribeWorkspaces", {"Filters": wrong})[0] == "InvalidParameter"
