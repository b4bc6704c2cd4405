"""What one task costs an hour, from its inputs or outputs and a price list.

`price_list.py` asks the service for the prices. For SPOT and TIDE nodes, whose price is not listed, the amount is a
maximum (`Basis`); a task in a resource group costs nothing itself. The limits on costs (`tione:maxHourlyCost`,
`tione:maxStackHourlyCost`) are read in `_config/settings.py`, and refuse tasks in `lifecycle/cost_limits.py`.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from pulumi_tione._schema.fields import Scalar
from pulumi_tione._schema.walk import is_of_type
from pulumi_tione.pricing.price_list import DISK_TYPE, PAY_AS_YOU_GO, PriceList, UnknownPrice

_CEILING_SUPPLIES = ("SPOT", "TIDE")
"""The supply types that the price calls have no parameter for: the price of ordinary nodes is their ceiling."""


class Basis(str, enum.Enum):
    """What an hourly price stands on."""

    PRICE = "price"
    """The service's price."""
    CEILING = "ceiling"
    """The most that it can be: the task runs on SPOT or TIDE supply."""
    GROUP = "group"
    """Nothing for the task: the nodes of its resource group are billed separately."""
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class PricedItem:
    """A part of a task's price."""

    spec: str
    count: int
    amount: Decimal
    """What this account pays for all of them in an hour."""


@dataclass(frozen=True)
class HourlyPrice:
    """What a task costs an hour while it is active."""

    basis: Basis
    amount: Decimal | None
    """What this account pays; None, if it is not known."""
    list_amount: Decimal | None
    """The list price; None, if it is not known."""
    reasons: tuple[str, ...] = ()
    """Why the price is unknown."""
    items: tuple[PricedItem, ...] = ()
    """What the amount is the sum of."""
    supply: str = ""
    """`SPOT` or `TIDE` where the amount is a ceiling."""


GROUP_PRICE = HourlyPrice(Basis.GROUP, Decimal(0), Decimal(0))
"""The price of a task in a resource group."""

NO_PRICE_LIST = "prices were not asked for"


def hourly_price(task: Mapping[str, Any], price_list: PriceList | None) -> HourlyPrice:
    """Return what a task costs an hour.

    Args:
        task: its inputs or outputs, by property name; what is not known yet is no text and no number.
        price_list: of its region and workspace; None, if prices may not be asked for.
    """
    charge_type = task.get("chargeType")
    if charge_type == "PREPAID":
        return GROUP_PRICE
    if charge_type != PAY_AS_YOU_GO:
        return unknown_price(["the charge type is not known yet"])
    items = [*billed_items(task, price_list)]
    problems = [item for item in items if isinstance(item, str)]
    if price_list is None:
        return unknown_price(problems or [NO_PRICE_LIST])
    billed = [item for item in items if not isinstance(item, str)]
    price_list.ask(billed)
    list_amount = Decimal(0)
    priced = []
    for spec, count in billed:
        price = price_list.price(spec, count)
        if isinstance(price, UnknownPrice):
            problems.append(f"{count} × {spec}: {price.reason}")
        else:
            list_amount += price.list_amount
            priced.append(PricedItem(spec, count, price.amount))
    if problems:
        return unknown_price(problems)
    attribute = task.get("resourceSupplyAttribute")
    supply = attribute.get("supplyType") if isinstance(attribute, Mapping) else None
    is_ceiling = supply in _CEILING_SUPPLIES
    return HourlyPrice(
        Basis.CEILING if is_ceiling else Basis.PRICE,
        sum((item.amount for item in priced), Decimal(0)),
        list_amount,
        items=tuple(priced),
        supply=str(supply) if is_ceiling else "",
    )


def ask_prices(tasks: Iterable[Mapping[str, Any]], price_list: PriceList) -> None:
    """Ask for the prices of all that tasks are billed for, with one call."""
    items = [
        item for task in tasks if task.get("chargeType") == PAY_AS_YOU_GO for item in billed_items(task, price_list)
    ]
    price_list.ask(item for item in items if not isinstance(item, str))


def total(prices: Iterable[HourlyPrice]) -> Decimal:
    """Return the sum of the prices that are known."""
    return sum((price.amount for price in prices if price.amount is not None), Decimal(0))


def billed_items(task: Mapping[str, Any], price_list: PriceList | None) -> Iterator[tuple[str, int] | str]:
    """Yield what a pay-as-you-go task is billed for: a spec and a count for each group of nodes, and as text what
    is not known."""
    groups = task.get("resourceConfigInfos")
    if not isinstance(groups, (list, tuple)):
        yield "the nodes are not known yet"
        return
    nodes = 0
    for group in groups:
        spec, count = _nodes(group)
        if spec is None or count is None:
            yield "the nodes are not known yet"
        else:
            nodes += count
            yield spec, count
    yield from _disks(task, nodes, price_list)


def node_count(group: Mapping[str, Any]) -> int | None:
    """Return how many nodes a group has, 1 by default; None, if that is not known yet."""
    count = group.get("instanceNum", 1)
    return int(count) if is_of_type(Scalar.INTEGER, count) else None


def _nodes(group: Any) -> tuple[str | None, int | None]:
    if not isinstance(group, Mapping):
        return None, None
    spec = group.get("instanceType")
    return spec if isinstance(spec, str) and spec else None, node_count(group)


def _disks(task: Mapping[str, Any], nodes: int, price_list: PriceList | None) -> Iterator[tuple[str, int] | str]:
    """Yield the cloud disks that are made for each node, in gigabytes of the item that the service lists for them."""
    mounts = task.get("dataConfigs")
    gigabytes = 0
    for mount in mounts if isinstance(mounts, list) else ():
        disk = mount.get("cbsSource") if isinstance(mount, Mapping) else None
        if disk is None:
            continue
        size = disk.get("volumeSizeInGb") if isinstance(disk, Mapping) else None
        if not isinstance(size, (int, float)) or isinstance(size, bool):
            yield "the size of the cloud disk is not known yet"
            return
        gigabytes += int(size)
    if not gigabytes or price_list is None:
        return
    specs = price_list.specs()
    items = [] if isinstance(specs, UnknownPrice) else [spec for spec in specs.values() if spec.kind == DISK_TYPE]
    if len(items) == 1:
        yield items[0].name, gigabytes * nodes
    else:
        yield "the service lists no price for its cloud disk"


def unknown_price(reasons: Sequence[str]) -> HourlyPrice:
    return HourlyPrice(Basis.UNKNOWN, None, None, tuple(dict.fromkeys(reasons)))
