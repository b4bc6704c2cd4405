"""The example requests that the vendor publishes: accepted, or refused for a reason that the fidelity table states."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Refusal = Callable[..., tuple[str, str]]
Call = Callable[..., dict[str, Any]]

ACCEPTED: list[tuple[str, dict[str, Any]]] = [
    (
        "DescribeLogs",
        {"Service": "NOTEBOOK", "ServiceId": "nb-1", "StartTime": "2022-01-10T12:15:03+08:00", "Limit": 100},
    ),
    (
        "DescribeEvents",
        {"Service": "NOTEBOOK", "Limit": 10, "Offset": 0, "ServiceId": "nb-1694306254472012288-cw0bo5hocmps"},
    ),
    ("DescribeBillingSpecs", {"ChargeType": "POSTPAID_BY_HOUR", "ResourceType": "GPU"}),
    ("DescribeBillingSpecsPrice", {"SpecsParam": [{"SpecName": "TI.S.MEDIUM.POST", "SpecCount": 1}]}),
    (
        "DescribeBillingResourceGroups",
        {
            "Filters": [{"Name": "AvailableSort", "Values": ["true"], "Negative": True, "Fuzzy": True}],
            "TagFilters": [{"TagKey": "tag-a", "TagValues": ["tag-a"]}],
            "Offset": 0,
            "Limit": 0,
            "SearchWord": "hello-world",
            "DontShowInstanceSet": True,
        },
    ),
    ("DescribeBuildInImages", {}),
    ("DescribeWorkspaces", {"TiProjectId": "1889353273052233728", "Limit": 2}),
    ("DescribeTrainingFrameworks", {}),
    ("GetCallerIdentity", {}),
    ("AssumeRole", {"RoleArn": "qcs::cam::uin/100015158414:roleName/readOnlyRole", "RoleSessionName": "cts"}),
    (
        "TagResources",
        {
            "ResourceList": ["qcs::cvm:ap-beijing:uin/10000055****:instance/ins-****"],
            "Tags": [{"TagKey": "11", "TagValue": "11"}, {"TagKey": "22", "TagValue": "22"}],
        },
    ),
    (
        "UnTagResources",
        {
            "ResourceList": ["qcs::cvm:ap-beijing:uin/10000055****:instance/****"],
            "TagKeys": ["RWFGaltFlR", "LbDKGjeagV"],
        },
    ),
    (
        "GetResources",
        {
            "ResourceList": ["qcs::cvm:ap-beijing:uin/100000558920:instance/ins-123"],
            "TagFilters": [{"TagKey": "11", "TagValue": ["11"]}, {"TagKey": "22", "TagValue": ["22"]}],
        },
    ),
]
"""CreateTrainingTask's own example is among the tests of strictness."""

REFUSED: list[tuple[str, dict[str, Any], str]] = [
    # Placeholders: there is no such task.
    ("DescribeTrainingTask", {"Id": "train-1329791605108055040"}, "ResourceNotFound"),
    ("StartTrainingTask", {"Id": "1"}, "ResourceNotFound"),
    ("StopTrainingTask", {"Id": "train-1243143"}, "ResourceNotFound"),
    ("DeleteTrainingTask", {"Id": "1"}, "ResourceNotFound"),
    ("DescribeTrainingTaskPods", {"Id": "train-12442"}, "ResourceNotFound"),
    (
        "EnableTrainingTaskClsConfig",
        {"LogEnable": True, "LogConfig": {"TopicId": "topic-123", "LogsetId": "set-1323"}, "TaskId": "train-45235"},
        "ResourceNotFound",
    ),
    # Placeholders: nothing is ordered by `string`, or filtered by it.
    (
        "DescribeTrainingTasks",
        {
            "Filters": [{"Fuzzy": True, "Values": ["string"], "Name": "string", "Negative": True}],
            "TagFilters": [{"TagValues": ["string"], "TagKey": "string"}],
            "Limit": 1,
            "OrderField": "string",
            "Offset": 1,
            "Order": "string",
        },
        "InvalidParameterValue.InvalidFilter",
    ),
    # The example has the number as text; the definition says int64.
    (
        "AssumeRoleWithWebIdentity",
        {
            "DurationSeconds": "1800",
            "RoleSessionName": "test_OIDC",
            "WebIdentityToken": "eyJraWQiOiJkT**********CNOQ",
            "RoleArn": "qcs::cam::uin/7989***:roleName/OneLogin-Role",
            "ProviderId": "OIDC",
        },
        "InvalidParameter",
    ),
]


@pytest.mark.parametrize(("action", "body"), ACCEPTED, ids=[action for action, _ in ACCEPTED])
def test_an_example_is_accepted(call: Call, action: str, body: dict[str, Any]) -> None:
    assert call(action, body)["RequestId"]


@pytest.mark.parametrize(("action", "body", "code"), REFUSED, ids=[action for action, _, _ in REFUSED])
def test_an_example_is_refused_for_what_is_wrong_with_it(
    refusal: Refusal, action: str, body: dict[str, Any], code: str
) -> None:
    assert refusal(action, body)[0] == code
