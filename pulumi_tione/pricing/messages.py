"""The sentences about prices and limits that a preview shows on the rows of tasks.

When a limit refuses is in `lifecycle/cost_limits.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from pulumi_tione.pricing.amounts import Currency, format_amount
from pulumi_tione.pricing.task_price import Basis, HourlyPrice, total

NO_CHARGE = "no charge per task; the group's nodes are billed separately"
"""The price of a task in a resource group."""

PRICE_UNKNOWN = "price unknown"

_MAX_LARGEST = 3
"""How many of the most expensive tasks the refusal of a stack names."""


def hourly_cost(price: HourlyPrice | None, currency: Currency) -> str:
    """Return what a task costs an hour: `¥42.00 an hour`. None is the price of a task that is not active."""
    return hourly_change(price, price, currency)


def hourly_change(before: HourlyPrice | None, after: HourlyPrice | None, currency: Currency) -> str:
    """Return what a task costs an hour, before and after a change: `¥42.00 → ¥84.00 an hour`.

    None is the price of a task that is not active.
    """
    shown = list(dict.fromkeys((_side(before, currency), _side(after, currency))))
    if all(_has_amount(price) for price in (before, after)):
        return f"{' → '.join(shown)} an hour{_remark(after, currency)}"
    whole = (
        f"{_side(price, currency)}{' an hour' * _has_amount(price)}{_remark(price, currency)}"
        for price in (before, after)
    )
    return " → ".join(dict.fromkeys(whole))


def _has_amount(price: HourlyPrice | None) -> bool:
    return price is None or price.basis in (Basis.PRICE, Basis.CEILING)


def _side(price: HourlyPrice | None, currency: Currency) -> str:
    if price is None:
        return format_amount(Decimal(0), currency)
    if price.amount is None:
        return unknown(price)
    if price.basis is Basis.GROUP:
        return NO_CHARGE
    return f"{'≤ ' * (price.basis is Basis.CEILING)}{format_amount(price.amount, currency)}"


def _remark(price: HourlyPrice | None, currency: Currency) -> str:
    remarks = []
    if price is not None and price.basis is Basis.CEILING:
        remarks.append(f"a maximum: {price.supply} nodes have no price of their own")
    if price is not None and price.list_amount is not None and price.list_amount != price.amount:
        remarks.append(f"list price {format_amount(price.list_amount, currency)}")
    return f" ({', '.join(remarks)})" if remarks else ""


def unknown(price: HourlyPrice) -> str:
    """Return that a price is unknown, and why."""
    return f"{PRICE_UNKNOWN}: {'; '.join(price.reasons)}"


def unknown_with_limit(price: HourlyPrice, limits: Sequence[str]) -> str:
    """Return the warning about limits that cannot be checked.

    Args:
        price: the unknown price.
        limits: where the limits are set.
    """
    return (
        f"{unknown(price)}. {' and '.join(limits)} cannot be checked for it. To refuse such tasks, set "
        "tione:unknownPrice to refuse"
    )


def unknown_refused(price: HourlyPrice, limits: Sequence[str]) -> str:
    """Return the refusal of a task whose price is unknown."""
    return (
        f"{unknown(price)}. {' and '.join(limits)} cannot be checked for it, and tione:unknownPrice is refuse. To "
        "start it anyway, set tione:unknownPrice to warn"
    )


def over_task_limit(price: HourlyPrice, limit: Decimal, source: str, currency: Currency) -> str:
    """Return the refusal of a task that costs more than a task may."""
    items = ", ".join(f"{item.count} × {item.spec}: {format_amount(item.amount, currency)}" for item in price.items)
    return (
        f"the task would cost {_side(price, currency)} an hour ({items}), more than {source} allows "
        f"({format_amount(limit, currency)}). Use fewer or smaller nodes, or raise the limit"
    )


def over_stack_limit(
    task: str,
    price: HourlyPrice,
    others: Sequence[tuple[str, HourlyPrice]],
    limit: Decimal,
    source: str,
    currency: Currency,
) -> str:
    """Return the refusal of a task with which the stack costs more than it may.

    Args:
        task: the name of the resource.
        price: what it costs.
        others: the names and prices of the tasks that were counted before it.
        limit: the limit.
        source: where it is set.
        currency: what the amounts are in.
    """
    counted = total(each for _, each in others)
    ordered = sorted([*others, (task, price)], key=lambda each: (-(each[1].amount or Decimal(0)), each[0]))
    largest = ", ".join(
        f"{name} {format_amount(each.amount, currency)}" for name, each in ordered[:_MAX_LARGEST] if each.amount
    )
    tasks = f"{len(others)} task{'s' * (len(others) != 1)}"
    sum_with_task = format_amount(counted + total([price]), currency)
    return (
        f"with {task} ({_side(price, currency)} an hour) the tasks of the stack would cost "
        f"{sum_with_task} an hour, more than {source} allows ({format_amount(limit, currency)}). "
        f"Counted so far: {format_amount(counted, currency)} for {tasks}. The largest: {largest}. "
        "Use fewer or smaller nodes, stop other tasks, or raise the limit"
    )


def stack_total_unknown(tasks: Sequence[str], source: str) -> str:
    """Return that the limit of a stack cannot be checked because of other tasks."""
    return f"{source} cannot be checked: the price of {', '.join(tasks)} is unknown"


def type_not_allowed(allowed: Sequence[str], source: str) -> str:
    """Return the refusal of an instance type, which stands before it."""
    return f"is not an instance type that {source} allows: {', '.join(allowed)}"
