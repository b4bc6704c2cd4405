"""What the trial may use: the cheapest specification that is to be had, within the limit, and a framework."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from pulumi_tione._api.client import Client
from pulumi_tione.errors import ApiError
from pulumi_tione.pricing.amounts import Currency, currency_of

CHARGE_TYPE = "POSTPAID_BY_HOUR"
_FRAMEWORK = "PYTORCH"
_TRAINING_MODE = "DDP"
_NODES = "CALC"
"""The type of items that tasks run on: disks are priced by the same call."""
_USUAL_ENVIRONMENT = "torch2.1-py3.10-cuda12.1-gpu"


class RefusedError(Exception):
    """Nothing was tried, and why."""


@dataclass(frozen=True)
class Offer:
    """The specification of the task, and what was read to choose it."""

    spec: str
    cost: Decimal
    """What it costs an hour."""
    currency: Currency
    """What the costs are in."""
    environment: str
    frameworks_are_offered: bool
    prices: Mapping[str, Decimal]
    """Of all specifications that are available, an hour."""

    @property
    def fields(self) -> dict[str, Any]:
        """The fields of CreateTrainingTask that follow."""
        return {
            "ChargeType": CHARGE_TYPE,
            "FrameworkName": _FRAMEWORK,
            "FrameworkEnvironment": self.environment,
            "TrainingMode": _TRAINING_MODE,
            "ResourceConfigInfos": [{"Role": "WORKER", "InstanceType": self.spec, "InstanceNum": 1}],
        }

    @property
    def inputs(self) -> dict[str, Any]:
        """The same as inputs of a task, as far as its price depends on them."""
        return {"chargeType": CHARGE_TYPE, "resourceConfigInfos": [{"instanceType": self.spec, "instanceNum": 1}]}


def limit(text: str) -> Decimal:
    """Parse the maximum that the task may cost; refuse anything that would not limit it."""
    try:
        maximum = Decimal(text)
    except InvalidOperation:
        maximum = Decimal("NaN")
    if not maximum.is_finite() or maximum <= 0:
        raise RefusedError(f"TIONE_LIVE_MAX_HOURLY_COST must be a number greater than 0, got {text!r}")
    return maximum


def cheapest(client: Client, maximum: Decimal) -> Offer:
    """Return the cheapest specification that is available.

    Raises:
        RefusedError: none has a price, or it costs more than it may.
        TioneError: the service cannot be asked.
    """
    specs = [str(spec["SpecName"]) for spec in client.specs(CHARGE_TYPE, _NODES) if spec.get("Available")]
    prices = {
        str(price["SpecName"]): Decimal(str(price["RealTotalCost"])) / 100
        for price in (client.prices([(name, 1) for name in specs]) if specs else [])
        if price.get("RealTotalCost")  # 0 is the price of an item that the service cannot price
    }
    if not prices:
        raise RefusedError(f"no specification in {client.region} is available and has a price")
    currency = currency_of(is_international=client.is_international())
    spec, cost = min(prices.items(), key=lambda each: (each[1], each[0]))
    if not cost <= maximum:
        raise RefusedError(f"the cheapest task, {spec}, costs {cost} {currency} an hour, more than {maximum}")
    environments = _environments(client)
    return Offer(
        spec=spec,
        cost=cost,
        currency=currency,
        # An environment without CUDA runs on any node.
        environment=min(environments or [_USUAL_ENVIRONMENT], key=lambda name: "cpu" not in name),
        frameworks_are_offered=environments is not None,
        prices=prices,
    )


def _environments(client: Client) -> list[str] | None:
    """Return the environments that a task may have; None if the service no longer lists them."""
    try:
        frameworks = client.frameworks()
    except ApiError:
        return None
    return [
        str(version["Environment"])
        for framework in frameworks
        if framework.get("Name") == _FRAMEWORK
        for version in framework.get("VersionInfos") or ()
        if version.get("Environment") and _TRAINING_MODE in (version.get("TrainingModes") or ())
    ]
