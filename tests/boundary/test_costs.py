"""Limits of cost and lookups at the provider's real boundary, with many checks at once.

Each rule is in `tests/unit/test_costs.py`.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from boundary_support import OWNER, SMALLEST, UNKNOWN, Provider, running_provider
from price_service import PriceService
from pulumi.dynamic import Config, ConfigureRequest

from pulumi_tione._api.client import Client
from pulumi_tione.emulator import Emulator
from pulumi_tione.provider import TrainingTaskProvider

SPEC = "TI.S.MEDIUM.POST"


@pytest.fixture
def limited(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[Provider]:
    """The provider's process with a limit that refuses every task with its figures."""
    monkeypatch.setenv("TIONE_MAX_HOURLY_COST", "0.01")
    with running_provider(emulator, "-m", "pulumi.dynamic") as provider:
        yield provider


def task(name: str = "bert", count: Any = 1, spec: str = SPEC, **more: Any) -> dict[str, Any]:
    nodes = [{"role": "WORKER", "instanceType": spec, "instanceNum": count}]
    return {**SMALLEST, "resourceConfigInfos": nodes, "owner": {**OWNER, "resource": name}, **more}


def refusal(provider: Provider, inputs: dict[str, Any]) -> str:
    return provider.check(inputs)[1]["resource_config_infos"]


def price_requests(emulator: Emulator) -> list[dict[str, Any]]:
    return [request for request in emulator.requests() if request["action"] == "DescribeBillingSpecsPrice"]


def test_each_spec_and_count_is_asked_for_once_whatever_is_checked_at_once(
    limited: Provider, emulator: Emulator
) -> None:
    emulator.faults.add("DescribeBillingSpecsPrice", delay_seconds=0.2, times=None)
    with ThreadPoolExecutor(24) as pool:
        found = [*pool.map(lambda number: refusal(limited, task(f"t{number}", 1 + number % 3)), range(24))]
    assert {text.partition(" an hour")[0] for text in found} == {
        f"the task would cost ¥{price}" for price in ("0.70", "1.40", "2.10")
    }
    units = [unit for request in price_requests(emulator) for unit in request["body"]["SpecsParam"]]
    assert sorted(unit["SpecCount"] for unit in units) == [1, 2, 3]


def test_prices_are_asked_for_in_the_region_and_workspace_of_the_task(limited: Provider, emulator: Emulator) -> None:
    emulator.register("workspace", "11")
    for more in ({}, {"tiProjectId": "11"}, {"region": "ap-shanghai"}):
        assert "¥0.70" in refusal(limited, task(**more))
    places = [(request["region"], request["body"].get("TiProjectId")) for request in price_requests(emulator)]
    assert places == [("ap-guangzhou", None), ("ap-guangzhou", "11"), ("ap-shanghai", None)]


def test_a_service_that_does_not_answer_delays_a_preview_once_and_fails_it_never(
    limited: Provider, emulator: Emulator
) -> None:
    emulator.faults.add("*", connection="close", times=None)
    begin = time.monotonic()
    for count in range(1, 9):
        assert limited.check(task(count=count))[1] == {}
    assert time.monotonic() - begin < 15
    assert len(price_requests(emulator)) <= 2


def test_only_a_check_without_old_inputs_is_held_against_a_limit_and_asks_for_a_price(
    limited: Provider, emulator: Emulator
) -> None:
    assert limited.check(task(), task())[1] == {}
    assert emulator.requests() == []


def test_an_unknown_number_of_nodes_has_an_unknown_price(limited: Provider, emulator: Emulator) -> None:
    assert limited.check(task(count=UNKNOWN))[1] == {}
    assert price_requests(emulator) == []


@pytest.mark.parametrize(
    ("domain", "amount"), [("tencentcloudapi.com", "¥0.70"), ("intl.tencentcloudapi.com", "US$0.70")]
)
def test_amounts_are_in_the_currency_of_the_site(
    domain: str, amount: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(Client, "prices", lambda _self, specs, _workspace: PriceService({SPEC: 70}).prices(specs))
    for name, value in (("HOME", str(tmp_path)), ("TENCENTCLOUD_SECRET_ID", "AKID"), ("TENCENTCLOUD_SECRET_KEY", "k")):
        monkeypatch.setenv(name, value)
    provider = TrainingTaskProvider()
    config = {"tione:domain": domain, "tione:maxHourlyCost": "0.01"}
    provider.configure(ConfigureRequest(Config(config, "nlp")))
    (failure,) = provider.check({}, task()).failures
    assert (
        f"the task would cost {amount} an hour (1 × {SPEC}: {amount}), more than tione:maxHourlyCost" in failure.reason
    )
