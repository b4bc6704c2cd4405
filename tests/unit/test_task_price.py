"""What a task costs an hour, and when that is not known."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from price_service import PriceService

from pulumi_tione._api.client import Client
from pulumi_tione._config.settings import Settings
from pulumi_tione.lookups import instance_specs
from pulumi_tione.pricing.price_list import PriceList
from pulumi_tione.pricing.task_price import GROUP_PRICE, Basis, hourly_price


def task(*groups: tuple[str, Any], **more: Any) -> dict[str, Any]:
    nodes = [{"role": "WORKER", "instanceType": spec, "instanceNum": count} for spec, count in groups]
    return {"chargeType": "POSTPAID_BY_HOUR", "resourceConfigInfos": nodes, **more}


def test_a_task_costs_the_sum_of_its_groups() -> None:
    price = hourly_price(task(("TI.A", 1.0), ("TI.B", 2), ("TI.A", 1)), PriceList(PriceService()))
    assert (price.basis, price.amount, price.list_amount) == (Basis.PRICE, Decimal("43.40"), Decimal("43.40"))


def test_a_group_without_a_number_has_one_node() -> None:
    inputs = {"chargeType": "POSTPAID_BY_HOUR", "resourceConfigInfos": [{"instanceType": "TI.A"}]}
    assert hourly_price(inputs, PriceList(PriceService())).amount == Decimal("0.70")


@pytest.mark.parametrize("supply", ["SPOT", "TIDE"])
def test_spot_and_tide_have_a_ceiling_only(supply: str) -> None:
    price = hourly_price(task(("TI.A", 1), resourceSupplyAttribute={"supplyType": supply}), PriceList(PriceService()))
    assert (price.basis, price.amount) == (Basis.CEILING, Decimal("0.70"))


def test_a_task_in_a_resource_group_costs_nothing_by_itself_and_nobody_is_asked() -> None:
    assert hourly_price({"chargeType": "PREPAID", "resourceConfigInfos": [{"cpu": 1000}]}, None) == GROUP_PRICE


def test_a_cloud_disk_costs_its_gigabytes_for_each_node() -> None:
    mounts = [{"mappingPath": "/data", "cbsSource": {"volumeSizeInGb": 100.0}}]
    price = hourly_price(task(("TI.A", 2), dataConfigs=mounts), PriceList(PriceService()))
    assert price.amount == Decimal("3.40")


def test_a_cloud_disk_that_the_service_lists_no_price_for_makes_the_price_unknown() -> None:
    mounts = [{"cbsSource": {"volumeSizeInGb": 100}}]
    price = hourly_price(task(("TI.A", 2), dataConfigs=mounts), PriceList(PriceService({"TI.A": 70})))
    assert (price.basis, price.amount) == (Basis.UNKNOWN, None)
    assert price.reasons == ("the service lists no price for its cloud disk",)


@pytest.mark.parametrize(
    ("inputs", "reason"),
    [
        (task((object(), 1)), "the nodes are not known yet"),  # type: ignore[arg-type]
        (task(("TI.A", object())), "the nodes are not known yet"),
        ({"chargeType": "POSTPAID_BY_HOUR", "resourceConfigInfos": object()}, "the nodes are not known yet"),
        ({"chargeType": object()}, "the charge type is not known yet"),
        (task(("TI.Z", 2)), "2 × TI.Z: TI.Z is not among the specs of this region"),
        (
            task(("TI.A", 1), dataConfigs=[{"cbsSource": {"volumeSizeInGb": object()}}]),
            "the size of the cloud disk is not known yet",
        ),
    ],
)
def test_what_is_not_known_makes_the_whole_price_unknown(inputs: dict[str, Any], reason: str) -> None:
    price = hourly_price(inputs, PriceList(PriceService()))
    assert (price.basis, price.amount, price.list_amount, price.reasons) == (Basis.UNKNOWN, None, None, (reason,))


def test_the_prices_of_specs_are_in_the_currency_of_the_site(monkeypatch: pytest.MonkeyPatch) -> None:
    client = Client(Settings({"tione:domain": "intl.tencentcloudapi.com"}.get, {}), "ap-singapore")
    service = PriceService({"TI.A": 70})
    monkeypatch.setattr(client, "specs", service.specs)
    monkeypatch.setattr(client, "prices", service.prices)
    (spec,) = instance_specs(client, "POSTPAID_BY_HOUR", None)
    assert (spec.hourly_price, spec.currency) == (Decimal("0.70"), "USD")


def test_without_a_price_list_a_price_is_unknown() -> None:
    assert hourly_price(task(("TI.A", 1)), None).reasons == ("prices were not asked for",)
