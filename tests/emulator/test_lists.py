"""DescribeTrainingTasks: filters, order and pages (case C16)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pulumi_tione.emulator import Emulator

Call = Callable[..., dict[str, Any]]
Create = Callable[..., str]
Refusal = Callable[..., tuple[str, str]]


def _names(call: Call, **request: Any) -> list[str]:
    return [task["Name"] for task in call("DescribeTrainingTasks", request)["TrainingTaskSet"]]


@pytest.fixture
def many(create: Create, emulator: Emulator) -> int:
    """More tasks than one page has, made directly: over HTTP they would take their time."""
    for number in range(120):
        _make(emulator, f"task-{number:03}")
        emulator.advance(1)
    return 120


def _make(emulator: Emulator, name: str, **members: Any) -> None:
    service = emulator.gateway.service
    node = {"Role": "WORKER", "InstanceType": "TI.S.MEDIUM.POST", "InstanceNum": 1}
    body = {"Name": name, "ChargeType": "POSTPAID_BY_HOUR", "ResourceConfigInfos": [node], **members}
    service.create(emulator.key.caller, "ap-guangzhou", body, service.clock.now())


@pytest.mark.parametrize(
    ("paging", "count"),
    [({}, 10), ({"Limit": 50}, 50), ({"Limit": 1, "Offset": 119}, 1), ({"Offset": 119}, 1), ({"Offset": 5000}, 0)],
)
def test_a_page_has_ten_tasks_or_what_is_asked_for_and_the_true_total(
    call: Call, many: int, paging: dict[str, int], count: int
) -> None:
    answer = call("DescribeTrainingTasks", paging)
    assert (len(answer["TrainingTaskSet"]), answer["TotalCount"]) == (count, many)


def test_a_page_beyond_fifty_or_of_nothing_is_refused(refusal: Refusal, many: int) -> None:
    code, message = refusal("DescribeTrainingTasks", {"Limit": 51})
    assert code == "InvalidParameterValue.PageLimitExceeded"
    assert "`Limit`" in message
    assert refusal("DescribeTrainingTasks", {"Limit": 0})[0] == "InvalidParameter"


def test_pages_by_creation_cover_every_task_once(call: Call, many: int) -> None:
    seen = [
        name
        for offset in range(0, many, 50)
        for name in _names(call, OrderField="CreateTime", Order="ASC", Limit=50, Offset=offset)
    ]
    assert seen == [f"task-{number:03}" for number in range(many)]


def test_the_list_begins_with_what_was_operated_last(create: Create, call: Call, emulator: Emulator) -> None:
    first = create("first")
    emulator.advance(5)
    create("second")
    assert _names(call) == ["second", "first"]
    emulator.advance(1)
    call("StopTrainingTask", {"Id": first})
    assert _names(call) == ["first", "second"]
    assert _names(call, Order="ASC") == ["second", "first"]
    assert _names(call, OrderField="CreateTime") == ["second", "first"]


@pytest.mark.parametrize("request_", [{"OrderField": "Name"}, {"Order": "UP"}])
def test_an_order_that_does_not_exist_is_refused(refusal: Refusal, request_: dict[str, Any]) -> None:
    code, message = refusal("DescribeTrainingTasks", request_)
    assert code == "InvalidParameter"
    assert f"`{next(iter(request_))}`" in message


@pytest.fixture
def three(create: Create, emulator: Emulator) -> dict[str, str]:
    """bert has ended, bert-large runs, 任务 is in a resource group."""
    emulator.plan_runs("bert-large", running_seconds="forever")
    group = {"Role": "WORKER", "Cpu": 1000, "Memory": 1024, "InstanceNum": 1}
    ids = {
        "bert": create("bert", Tags=[{"TagKey": "team", "TagValue": "nlp"}]),
        "bert-large": create(
            "bert-large", Tags=[{"TagKey": "team", "TagValue": "cv"}, {"TagKey": "a", "TagValue": "1"}]
        ),
        "任务": create("任务", ChargeType="PREPAID", ResourceGroupId="rsg-1", ResourceConfigInfos=[group]),
    }
    emulator.advance(60)
    return ids


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        ([{"Name": "Name", "Values": ["bert"]}], {"bert"}),
        ([{"Name": "Name", "Values": ["bert", "任务"]}], {"bert", "任务"}),
        ([{"Name": "Name", "Values": ["bert"], "Fuzzy": True}], {"bert", "bert-large"}),
        ([{"Name": "Name", "Values": ["bert"], "Negative": True}], {"bert-large", "任务"}),
        ([{"Name": "Name", "Values": ["bert"], "Negative": True, "Fuzzy": True}], {"任务"}),
        ([{"Name": "Status", "Values": ["RUNNING"]}], {"bert-large"}),
        ([{"Name": "Status", "Values": ["SUCCEED", "FAILED"]}, {"Name": "Name", "Values": ["bert"]}], {"bert"}),
        ([{"Name": "ResourceGroupId", "Values": ["rsg-1"]}], {"任务"}),
        ([{"Name": "ChargeType", "Values": ["PREPAID"]}], {"任务"}),
        ([{"Name": "CHARGE_STATUS", "Values": ["BILLING"]}], {"bert-large"}),
        ([{"Name": "Creator", "Values": ["100000000002"]}], {"bert", "bert-large", "任务"}),
        ([{"Name": "Creator", "Values": ["1"]}], set()),
    ],
)
def test_filters_let_through_what_meets_them_all(
    call: Call, three: dict[str, str], filters: list[dict[str, Any]], names: set[str]
) -> None:
    assert set(_names(call, Filters=filters)) == names


def test_a_task_is_found_by_its_id(call: Call, three: dict[str, str]) -> None:
    assert _names(call, Filters=[{"Name": "Id", "Values": [three["bert"]]}]) == ["bert"]


@pytest.mark.parametrize(
    ("tags", "names"),
    [
        ([{"TagKey": "team", "TagValues": ["nlp"]}], {"bert"}),
        ([{"TagKey": "team", "TagValues": ["nlp", "cv"]}], {"bert", "bert-large"}),
        ([{"TagKey": "team"}], {"bert", "bert-large"}),
        ([{"TagKey": "team"}, {"TagKey": "a", "TagValues": ["1"]}], {"bert-large"}),
        ([{"TagKey": "Team"}], set()),
    ],
)
def test_tag_filters_let_through_what_has_them_all(
    call: Call, three: dict[str, str], tags: list[dict[str, Any]], names: set[str]
) -> None:
    assert set(_names(call, TagFilters=tags)) == names


@pytest.mark.parametrize(
    ("request_", "code", "parameter"),
    [
        ({"Filters": [{"Name": "TaskStatus", "Values": ["Running"]}]}, "InvalidParameter", "Filters.0.Name"),
        ({"Filters": [{"Values": ["x"]}]}, "InvalidParameter", "Filters.0.Name"),
        ({"Filters": [{"Name": "Name"}]}, "InvalidParameter", "Filters.0.Values"),
        ({"Filters": [{"Name": "Name", "Values": []}]}, "InvalidParameter", "Filters.0.Values"),
        ({"TagFilters": [{"TagValues": ["x"]}]}, "InvalidParameter", "TagFilters.0.TagKey"),
        ({"TagFilters": [{"TagKey": "a", "TagValue": ["b"]}]}, "UnknownParameter", "TagFilters.0.TagValue"),
        (
            {"Filters": [{"Name": "Status", "Values": ["RUNNING"]}, {"Name": "CHARGE_STATUS", "Values": ["BILLING"]}]},
            "InvalidParameter.FilterKeyStatusConflictWithChargeStatus",
            "CHARGE_STATUS",
        ),
    ],
)
def test_a_filter_that_cannot_be_is_refused(
    refusal: Refusal, request_: dict[str, Any], code: str, parameter: str
) -> None:
    result = refusal("DescribeTrainingTasks", request_)
    assert result[0] == code
    assert parameter in result[1]


def test_the_filter_by_name_may_be_switched_to_match_parts(
    call: Call, three: dict[str, str], emulator: Emulator
) -> None:
    emulator.set(name_filter_matches_parts=True)
    assert set(_names(call, Filters=[{"Name": "Name", "Values": ["bert"]}])) == {"bert", "bert-large"}


def test_a_page_is_cut_from_what_the_filters_let_through(call: Call, three: dict[str, str]) -> None:
    filters = [{"Name": "Name", "Values": ["bert"], "Fuzzy": True}]
    answer = call("DescribeTrainingTasks", {"Filters": filters, "Limit": 1, "Offset": 1})
    assert (len(answer["TrainingTaskSet"]), answer["TotalCount"]) == (1, 2)
