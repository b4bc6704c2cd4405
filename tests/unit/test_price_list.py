"""Prices: asked for once, exact, and unknown where the service does not show.

What a task costs is in `test_task_price.py`, what a limit refuses in `test_costs.py`.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest
from price_service import PriceService

from pulumi_tione.errors import ApiError, IndeterminateResultError, RequestNotSentError, TioneError
from pulumi_tione.pricing.price_list import Price, PriceList, UnknownPrice

SPECS = [
    {"SpecName": "TI.A", "SpecAlias": "2C4G", "Available": True, "SpecType": "CPU"},
    {
        "SpecName": "TI.B",
        "SpecAlias": "10C40G T4*1/2",
        "Available": False,
        "AvailableRegion": ["ap-beijing"],
        "SpecType": "GPU",
        "GpuType": "T4",
    },
]


class Service(PriceService):
    """A price service that also records workspaces and lists, and returns prices in another order."""

    def __init__(self, cents: dict[str, int], discount: float = 1.0) -> None:
        super().__init__(cents, discount)
        self.workspaces: list[str | None] = []
        self.listed = 0
        self.spec_error: TioneError | None = None

    def specs(
        self, charge_type: str, resource_type: str | None = None, ti_project_id: str | None = None
    ) -> list[dict[str, Any]]:
        assert charge_type == "POSTPAID_BY_HOUR"
        self.workspaces.append(ti_project_id)
        self.listed += 1
        if self.spec_error:
            raise self.spec_error
        return SPECS

    def prices(self, specs: Sequence[tuple[str, int]], ti_project_id: str | None = None) -> list[dict[str, Any]]:
        self.workspaces.append(ti_project_id)
        return super().prices(specs, ti_project_id)[::-1]


def test_an_amount_is_exact_with_its_list_price() -> None:
    prices = PriceList(Service({"TI.A": 70}, discount=0.9))
    assert prices.price("TI.A", 3) == Price(Decimal("1.89"), Decimal("2.10"))


def test_answers_are_matched_by_name_and_count_and_never_by_position() -> None:
    prices = PriceList(Service({"TI.A": 70, "TI.B": 600}))
    prices.ask([("TI.A", 1), ("TI.B", 2), ("TI.A", 2)])
    assert [prices.price(*credentials) for credentials in (("TI.A", 1), ("TI.B", 2), ("TI.A", 2))] == [
        Price(Decimal("0.70"), Decimal("0.70")),
        Price(Decimal("12.00"), Decimal("12.00")),
        Price(Decimal("1.40"), Decimal("1.40")),
    ]


def test_each_spec_and_count_is_asked_for_once_from_any_number_of_threads() -> None:
    service = Service({"TI.A": 70, "TI.B": 600})
    prices = PriceList(service, "11")
    start = threading.Barrier(8)

    def ask(index: int) -> object:
        start.wait()
        return prices.price("TI.A", 1 + index % 2)

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(ask, range(8)))
    assert len({str(each) for each in found}) == 2
    assert sorted(credentials for call in service.asked for credentials in call) == [("TI.A", 1), ("TI.A", 2)]
    assert {*service.workspaces} == {"11"}


def test_all_prices_are_asked_for_with_one_call_and_specs_are_not_listed_for_them() -> None:
    service = Service({"TI.A": 70, "TI.B": 600})
    PriceList(service).ask([("TI.A", 1), ("TI.B", 2), ("TI.A", 1)])
    assert (service.asked, service.listed) == ([[("TI.A", 1), ("TI.B", 2)]], 0)


def test_many_prices_are_asked_for_in_parts() -> None:
    service = Service({"TI.A": 70})
    prices = PriceList(service)
    prices.ask([("TI.A", count) for count in range(1, 251)])
    assert [len(call) for call in service.asked] == [100, 100, 50]
    assert prices.price("TI.A", 250) == Price(Decimal("175.00"), Decimal("175.00"))


@pytest.mark.parametrize("cents", [0, -1])
def test_an_amount_of_zero_is_unknown(cents: int) -> None:
    price = PriceList(Service({"TI.A": cents})).price("TI.A", 1)
    assert price == UnknownPrice("the service returned no amount for it")


def test_a_spec_that_is_not_listed_is_unknown_and_does_not_affect_the_others() -> None:
    service = Service({"TI.A": 70})
    prices = PriceList(service)
    prices.ask([("TI.A", 1), ("TI.Z", 1)])
    assert prices.price("TI.A", 1) == Price(Decimal("0.70"), Decimal("0.70"))
    assert prices.price("TI.Z", 1) == UnknownPrice("TI.Z is not among the specs of this region")
    assert service.asked == [[("TI.A", 1), ("TI.Z", 1)], [("TI.A", 1)]]
    assert prices.price("TI.Y", 1) == UnknownPrice("TI.Y is not among the specs of this region")
    assert (len(service.asked), service.listed) == (2, 1)


def test_a_single_price_that_is_refused_is_not_asked_for_again() -> None:
    service = Service({})
    assert PriceList(service).price("TI.A", 1) == UnknownPrice(
        "the service refused to return it (InvalidParameterValue)"
    )
    assert len(service.asked) == 1


def test_prices_that_are_refused_together_are_asked_for_one_by_one() -> None:
    service = Service({"TI.A": 70})
    prices = PriceList(service)
    prices.ask([("TI.A", 1), ("TI.A", 2), ("TI.B", 1)])
    assert prices.price("TI.A", 2) == Price(Decimal("1.40"), Decimal("1.40"))
    assert prices.price("TI.B", 1) == UnknownPrice("the service refused to return it (InvalidParameterValue)")


def test_after_a_call_without_a_response_no_other_price_is_asked_for() -> None:
    service = Service({"TI.A": 70})
    service.error = IndeterminateResultError("no answer")
    prices = PriceList(service)
    for count in range(1, 4):
        assert prices.price("TI.A", count) == UnknownPrice("the service did not return it")
    assert len(service.asked) == 1


def test_an_unexpected_failure_is_an_unknown_price() -> None:
    service = Service({"TI.A": 70})
    service.cents = None  # type: ignore[assignment]
    assert PriceList(service).price("TI.A", 1) == UnknownPrice("asking for it failed (TypeError)")


def test_without_the_list_each_key_is_asked_for_by_itself() -> None:
    service = Service({"TI.A": 70})
    service.spec_error = ApiError("DescribeBillingSpecs", "AuthFailure.UnauthorizedOperation", "no", "r-1")
    prices = PriceList(service)
    prices.ask([("TI.A", 1), ("TI.Z", 1)])
    assert prices.price("TI.A", 1) == Price(Decimal("0.70"), Decimal("0.70"))
    assert prices.price("TI.Z", 1) == UnknownPrice("the service refused to return it (InvalidParameterValue)")


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (
            ApiError("DescribeBillingSpecsPrice", "AuthFailure.UnauthorizedOperation", "no", "r-1"),
            "these credentials are not allowed to request it (AuthFailure.UnauthorizedOperation)",
        ),
        (IndeterminateResultError("no answer"), "the service did not return it"),
        (
            RequestNotSentError("connection refused"),
            "the service cannot be reached (`pulumi-tione whoami` shows its address and the reason)",
        ),
    ],
)
def test_a_failure_is_unknown_with_its_reason_and_not_asked_again(error: TioneError, reason: str) -> None:
    service = Service({"TI.A": 70})
    service.error = error
    prices = PriceList(service)
    assert prices.price("TI.A", 1) == prices.price("TI.A", 1) == UnknownPrice(reason)
    assert len(service.asked) == 1


@pytest.mark.parametrize(
    ("alias", "gpus"),
    [("2C4G", "0"), ("8C40G V100*1", "1"), ("10C40G T4*1/2", "0.5"), ("72C V100*8", "8"), ("x*", "0"), ("x*1/0", "0")],
)
def test_the_alias_shows_how_many_gpus_a_node_has(alias: str, gpus: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SPECS[0], "SpecAlias", alias)
    specs = PriceList(Service({})).specs()
    assert not isinstance(specs, UnknownPrice)
    assert specs["TI.A"].gpus == Decimal(gpus)
