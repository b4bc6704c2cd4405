"""What a program announces of its tasks, so that their prices are asked for together."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from pulumi_tione.pricing.announcements import Announcements, announced_tasks


def task(count: Any = 1, **more: Any) -> dict[str, Any]:
    nodes = [{"role": "WORKER", "instanceType": "TI.A", "instanceNum": count}]
    return {"chargeType": "POSTPAID_BY_HOUR", "resourceConfigInfos": nodes, "envs": {"A": "planted"}, **more}


def announced(announcements: Announcements) -> list[Any]:
    return [*announced_tasks(asyncio.run(announcements.text()))]


def test_each_combination_is_announced_once_with_nothing_but_what_its_price_depends_on() -> None:
    announcements = Announcements()
    for count in (1, 2, 1):
        announcements.add(task(count, region="ap-shanghai"))
    nodes = [[{"instanceType": "TI.A", "instanceNum": count}] for count in (1, 2)]
    common = {"chargeType": "POSTPAID_BY_HOUR", "region": "ap-shanghai"}
    assert announced(announcements) == [{**common, "resourceConfigInfos": each} for each in nodes]


def test_the_first_resources_pass_everything_and_later_ones_what_is_new() -> None:
    announcements = Announcements()
    announcements.add(task(1))
    assert [len(announced(announcements)) for _ in range(34)] == [1] * 32 + [0] * 2
    announcements.add(task(2))
    assert [len(announced(announcements)) for _ in range(2)] == [1, 0]


@pytest.mark.parametrize(
    "properties",
    [
        {},
        {"chargeType": "PREPAID", "resourceConfigInfos": [{"instanceType": "TI.A"}]},
        task(object()),
        task(0),
        task(region=object()),
        task(settings={"profile": "research"}),
        {"chargeType": "POSTPAID_BY_HOUR", "resourceConfigInfos": object()},
        {"chargeType": "POSTPAID_BY_HOUR", "resourceConfigInfos": [object()]},
        {"chargeType": "POSTPAID_BY_HOUR", "resourceConfigInfos": [{"instanceType": object()}]},
        {"chargeType": object(), "resourceConfigInfos": [{"instanceType": "TI.A"}]},
    ],
)
def test_what_the_program_does_not_know_yet_is_not_announced(properties: dict[str, Any]) -> None:
    announcements = Announcements()
    announcements.add(properties)
    assert announced(announcements) == []


def test_a_group_without_a_number_has_one_node() -> None:
    announcements = Announcements()
    announcements.add({"chargeType": "POSTPAID_BY_HOUR", "resourceConfigInfos": [{"instanceType": "TI.A"}]})
    assert announced(announcements)[0]["resourceConfigInfos"] == [{"instanceType": "TI.A", "instanceNum": 1}]
