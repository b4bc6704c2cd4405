"""Subnets, as the service `vpc` lists them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pulumi_tione.emulator import Emulator

Call = Callable[..., dict[str, Any]]
Refusal = Callable[..., tuple[str, str]]


@pytest.fixture
def subnets(emulator: Emulator) -> None:
    emulator.register("subnet", "subnet-1", vpc="vpc-1")
    emulator.register("subnet", "subnet-2", vpc="vpc-2")


@pytest.mark.parametrize(
    ("request_", "ids"),
    [
        ({}, ["subnet-1", "subnet-2"]),
        ({"Filters": [{"Name": "subnet-id", "Values": ["subnet-2", "subnet-3"]}]}, ["subnet-2"]),
        ({"Filters": [{"Name": "vpc-id", "Values": ["vpc-1"]}]}, ["subnet-1"]),
        ({"Filters": [{"Name": "tag:team", "Values": ["nlp"]}]}, []),
        ({"SubnetIds": ["subnet-2"]}, ["subnet-2"]),
        ({"Offset": "1", "Limit": "1"}, ["subnet-2"]),
    ],
)
def test_subnets_are_listed_with_their_vpc(subnets: None, call: Call, request_: dict[str, Any], ids: list[str]) -> None:
    listed = call("DescribeSubnets", request_)["SubnetSet"]
    assert [subnet["SubnetId"] for subnet in listed] == ids
    assert all(subnet["VpcId"] == subnet["SubnetId"].replace("subnet", "vpc") for subnet in listed)


def test_every_subnet_exists_until_one_is_registered(call: Call, emulator: Emulator) -> None:
    by_filter = {"Filters": [{"Name": "subnet-id", "Values": ["subnet-7"]}]}
    for request in ({"SubnetIds": ["subnet-7"]}, by_filter):
        (subnet,) = call("DescribeSubnets", request)["SubnetSet"]
        assert (subnet["SubnetId"], subnet["VpcId"]) == ("subnet-7", "")
    emulator.register("subnet", "subnet-1")
    assert call("DescribeSubnets", by_filter)["TotalCount"] == 0


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        ({"SubnetIds": ["subnet-3"]}, "ResourceNotFound"),
        ({"SubnetIds": ["subnet-1"], "Filters": [{"Name": "vpc-id", "Values": ["vpc-1"]}]}, "InvalidParameter.Coexist"),
        ({"Filters": [{"Name": "colour", "Values": ["red"]}]}, "InvalidParameter.FilterInvalidKey"),
        ({"Limit": "ten"}, "InvalidParameterValue.Malformed"),
    ],
)
def test_a_request_for_subnets_that_cannot_be_is_refused(
    subnets: None, refusal: Refusal, request_: dict[str, Any], code: str
) -> None:
    assert refusal("DescribeSubnets", request_)[0] == code
