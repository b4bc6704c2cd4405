"""Totals of reviews over the price list of a local TI-ONE, compared with sums that are made here."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from local_tione import client_of
from review_samples import inputs, outputs, preview_json, step

from pulumi_tione._config.settings import Settings
from pulumi_tione.emulator import Emulator
from pulumi_tione.pricing.price_list import PriceList
from pulumi_tione.review.build import review_stack
from pulumi_tione.review.model import StackReview
from pulumi_tione.review.preview import UNKNOWN_MARKER, read_previews
from pulumi_tione.review.prices import price_lists_of

CENTS_OF_A_GIGABYTE = Fraction(7, 100)
ACTIVE = ("SUBMITTING", "PENDING", "STARTING", "RUNNING", "STOPPING")
TERMINAL = ("SUCCEED", "FAILED", "STOPPED", "SUBMIT_FAILED")


def random_task(random_: random.Random, specs: Mapping[str, int]) -> dict[str, Any]:
    """Return the inputs of a task: of one or two groups of nodes, with or without a disk, of any supply."""
    if random_.random() < 0.15:
        group = {"role": "WORKER", "cpu": 8000, "memory": 4096, "gpu": 200, "gpuType": "V100", "instanceNum": 2}
        return {**inputs(), "chargeType": "PREPAID", "resourceGroupId": "trsg-1", "resourceConfigInfos": [group]}
    groups: list[dict[str, Any]] = []
    for role in random_.sample(["WORKER", "PS"], random_.randint(1, 2)):
        group = {"role": role, "instanceType": random_.choice([*specs])}
        groups.append(group if random_.random() < 0.2 else {**group, "instanceNum": random_.choice([1, 2, 3.0, 16])})
    task = {**inputs(), "resourceConfigInfos": groups}
    if random_.random() < 0.3:
        task["dataConfigs"] = [{"cbsSource": {"volumeSizeInGb": random_.choice([10, 100, 500.0])}}]
    if random_.random() < 0.2:
        task["resourceSupplyAttribute"] = {"supplyType": "SPOT"}
    return task


def cents_of(task: Mapping[str, Any], specs: Mapping[str, int]) -> int:
    """Return what a task costs an hour, by the price list alone."""
    if task["chargeType"] == "PREPAID":
        return 0
    counts = [(each["instanceType"], int(each.get("instanceNum", 1))) for each in task["resourceConfigInfos"]]
    nodes = sum(count for _, count in counts)
    gigabytes = sum(int(mount["cbsSource"]["volumeSizeInGb"]) for mount in task.get("dataConfigs", []))
    disks = CENTS_OF_A_GIGABYTE * gigabytes * nodes
    return sum(specs[name] * count for name, count in counts) + -(-disks.numerator // disks.denominator)


def random_stack(random_: random.Random, specs: Mapping[str, int]) -> tuple[list[dict[str, Any]], int, int]:
    """Return the steps of a stack, and the sums before and after."""
    steps: list[dict[str, Any]] = []
    before = after = 0
    for index in range(random_.randint(0, 15)):
        operation = random_.choice(["create", "replace", "update", "delete", "same", "retain"])
        status = random_.choice([*ACTIVE, *TERMINAL])
        old, new = random_task(random_, specs), random_task(random_, specs)
        if operation in ("update", "same"):
            new = {**old, "tags": {"a": "b"}} if operation == "update" else old
        is_active = status in ACTIVE and operation != "create"
        before += cents_of(old, specs) * is_active
        if operation in ("create", "replace") or (is_active and operation != "delete"):
            after += cents_of(old if operation == "retain" else new, specs)
        made = step(
            f"t{index}",
            "delete" if operation == "retain" else operation,
            None if operation == "create" else old,
            None if operation in ("delete", "retain") else new,
            recorded=outputs(status),
        )
        if operation == "retain":
            made["oldState"]["retainOnDelete"] = True
        steps.append(made)
    return steps, before, after


def test_totals_equal_an_independent_sum_over_the_price_list(emulator: Emulator) -> None:
    client = client_of(emulator)
    listed = client.specs("POSTPAID_BY_HOUR")
    names = [each["SpecName"] for each in listed if each["SpecType"] != "CBS"]
    specs = {each["SpecName"]: each["TotalCost"] for each in client.prices([(name, 1) for name in names])}
    random_ = random.Random(20261126)
    for number in range(100):
        steps, before, after = random_stack(random_, specs)
        random_.shuffle(steps)
        (preview,) = read_previews(preview_json(steps))
        prices = PriceList(client)
        emulator.forget_requests()
        stack = review_stack(preview, lambda _, prices=prices: prices)  # type: ignore[misc]
        assert stack.after.unpriced == ()
        shown = [int(each.amount * 100) for each in (stack.before, stack.after)]
        assert shown == [before, after], (number, json.dumps(steps))
        asked = [each for each in emulator.requests() if each["action"] == "DescribeBillingSpecsPrice"]
        assert len(asked) <= 1


def reviewed(emulator: Emulator, *steps: Mapping[str, Any]) -> StackReview:
    price_lists, currency = price_lists_of(Settings(lambda _: None, emulator.environment))
    (preview,) = read_previews(preview_json(steps))
    return review_stack(preview, price_lists, currency)


def test_each_task_is_priced_where_it_is(emulator: Emulator) -> None:
    emulator.register("workspace", "ws-1")
    made = [
        step("a", "create", None, inputs(region="ap-beijing")),
        step("b", "create", None, inputs(tiProjectId="ws-1")),
        step("c", "create", None, inputs()),
    ]
    assert reviewed(emulator, *made).after.unpriced == ()
    asked = {
        (each["region"], each["body"].get("TiProjectId"))
        for each in emulator.requests()
        if each["action"] == "DescribeBillingSpecsPrice"
    }
    assert asked == {("ap-beijing", None), ("ap-guangzhou", "ws-1"), ("ap-guangzhou", None)}


@pytest.mark.parametrize("unknown", [{"region": UNKNOWN_MARKER}, {"tiProjectId": UNKNOWN_MARKER}])
def test_a_task_whose_place_is_not_known_has_no_price(emulator: Emulator, unknown: Mapping[str, Any]) -> None:
    stack = reviewed(emulator, step("a", "create", None, inputs(**unknown)))
    assert stack.after.unpriced == ("a",)
    assert "not known yet" in str(stack.findings)


@pytest.mark.parametrize("hidden", ["[secret]", {"profile": "[secret]"}, {"profile": UNKNOWN_MARKER}])
def test_a_task_whose_account_the_preview_does_not_show_has_no_price(emulator: Emulator, hidden: Any) -> None:
    stack = reviewed(emulator, step("a", "create", None, inputs(settings=hidden)))
    assert stack.after.unpriced == ("a",)
    assert "select its account" in str(stack.findings)


def test_a_task_with_settings_of_its_own_is_priced_with_their_credentials(emulator: Emulator, tmp_path: Path) -> None:
    key = {"secretId": "AKIDnobody", "secretKey": "nobody"}
    (tmp_path / "other.credential").write_text(json.dumps(key), encoding="utf-8")
    own = {"profile": "other", "sharedCredentialsDir": str(tmp_path)}
    stack = reviewed(emulator, step("a", "create", None, inputs(settings=own)), step("b", "create", None, inputs()))
    assert stack.after.unpriced == ("a",)
    assert "AuthFailure" in str(stack.findings)


def test_a_task_whose_own_credentials_are_missing_has_no_price(emulator: Emulator, tmp_path: Path) -> None:
    own = {"profile": "missing", "sharedCredentialsDir": str(tmp_path)}
    assert reviewed(emulator, step("a", "create", None, inputs(settings=own))).after.unpriced == ("a",)


def test_a_task_in_a_group_costs_nothing_whatever_its_account(emulator: Emulator) -> None:
    made = inputs(settings="[secret]", chargeType="PREPAID", resourceGroupId="trsg-1")
    stack = reviewed(emulator, step("a", "create", None, made))
    assert stack.after.unpriced == ()
    assert stack.after.amount == Decimal(0)
