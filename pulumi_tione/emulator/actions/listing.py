"""What all lists share: filters and pages.

The sizes of pages are set by each action. How far a list lags is in `faults/lag.py`, and lists without an end are in
`faults/distortion.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from pulumi_tione.emulator.errors import ApiError
from pulumi_tione.emulator.resources.catalogue import hourly_price
from pulumi_tione.emulator.tasks.task import Task
from pulumi_tione.emulator.tasks.transitions import BILLED

from .call import Call

T = TypeVar("T")


def page(items: Sequence[T], body: dict[str, Any], default_limit: int, maximum: int | None) -> Sequence[T]:
    """Return the page of a list that `Offset` and `Limit` select; beyond the end it is empty."""
    limit = check_limit(body, default_limit, maximum)
    offset = body.get("Offset", 0)
    if offset < 0:
        raise ApiError("InvalidParameterValue", "The value of parameter `Offset` must be 0 or more.")
    return items[offset : offset + limit]


def check_limit(body: dict[str, Any], default: int, maximum: int | None) -> int:
    """Return the size of a page: `Limit` or the default; refuse a size that is too large or below 1."""
    limit: int = body.get("Limit", default)
    if maximum is not None and limit > maximum:
        message = f"The value of parameter `Limit` is {limit}: {maximum} at maximum."
        raise ApiError("InvalidParameterValue.PageLimitExceeded", message)
    if limit < 1:
        raise ApiError("InvalidParameterValue", "The value of parameter `Limit` must be 1 or more.")
    return limit


def check_choice(value: str, choices: Sequence[str], parameter: str) -> None:
    """Refuse a value that is not documented."""
    if value not in choices:
        allowed = ", ".join(choice or "``" for choice in choices)
        raise ApiError("InvalidParameterValue", f"The value of parameter `{parameter}` must be one of {allowed}.")


def filtered_tasks(call: Call, tasks: Iterable[Task]) -> list[Task]:
    """Return the tasks that match all `Filters` and all `TagFilters`."""
    filters = call.body.get("Filters", [])
    names = {each.get("Name") for each in filters}
    if {"Status", "CHARGE_STATUS"} <= names:
        message = "`Filters` by Status and by CHARGE_STATUS exclude each other."
        raise ApiError("InvalidParameter.FilterKeyStatusConflictWithChargeStatus", message)
    remaining = list(tasks)
    for index, each in enumerate(filters):
        matches = _task_filter(call, each, f"Filters.{index}")
        remaining = [task for task in remaining if matches(task)]
    for index, each in enumerate(call.body.get("TagFilters", [])):
        key, values = each.get("TagKey"), each.get("TagValues")
        if not key:
            raise ApiError("InvalidParameterValue.InvalidFilter", f"`TagFilters.{index}.TagKey` is missing.")
        remaining = [task for task in remaining if has_tag(task, key, values)]
    return remaining


def has_tag(task: Task, key: str, values: Sequence[str] | None) -> bool:
    """Return whether a task has a tag with the key and, if there are values, with one of them."""
    tags = {**task.tags, **task.system_tags}
    return key in tags and (not values or tags[key] in values)


_ATTRIBUTES: dict[str, Callable[[Task], str]] = {
    "Name": lambda task: task.name,
    "Id": lambda task: task.id,
    "Status": lambda task: task.status.value,
    "ResourceGroupId": lambda task: str(task.body.get("ResourceGroupId", "")),
    "Creator": lambda task: task.owner.sub_uin,
    "ChargeType": lambda task: str(task.body["ChargeType"]),
    "CHARGE_STATUS": lambda task: (
        "BILLING" if hourly_price(task.body, task.specs) and task.status in BILLED else "NOT_BILLING"
    ),
}
"""The attributes that tasks can be filtered by [D]."""


def _task_filter(call: Call, condition: dict[str, Any], parameter: str) -> Callable[[Task], bool]:
    name, values = condition.get("Name"), condition.get("Values")
    if name not in _ATTRIBUTES:
        message = f"The value of parameter `{parameter}.Name` must be one of {', '.join(_ATTRIBUTES)}."
        raise ApiError("InvalidParameterValue.InvalidFilter", message)
    if not values:
        raise ApiError(
            "InvalidParameterValue.InvalidFilter", f"The parameter `{parameter}.Values` is missing or empty."
        )
    fuzzy = condition.get("Fuzzy", False) or (name == "Name" and call.service.switches.name_filter_matches_parts)
    negative = condition.get("Negative", False)
    attribute = _ATTRIBUTES[name]

    def matches(task: Task) -> bool:
        text = attribute(task)
        is_match = any(value in text for value in values) if fuzzy else text in values
        return bool(is_match != negative)

    return matches
