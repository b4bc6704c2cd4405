"""What the prices of a program's tasks depend on, gathered before the first of them is registered.

A program declares all its tasks before Pulumi registers any. The engine checks them one by one.

The first 32 resources announce all tasks, so that one call asks for all prices (`Costs.expect` in
`lifecycle/cost_limits.py`). Only tasks whose nodes the program knows are announced.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pulumi_tione._schema.identity import LOCATION
from pulumi_tione.pricing.price_list import PAY_AS_YOU_GO

_REPEATED = 32
"""How many resources announce all tasks. Pulumi registers resources at once, so the first to be checked may be any of
the first ones."""


class Announcements:
    """The tasks of one program whose prices can be asked for, each combination once."""

    def __init__(self) -> None:
        self._parts: dict[str, None] = {}
        self._announced: set[str] = set()
        self._count = 0

    def add(self, properties: Mapping[str, Any]) -> None:
        """Add a task by its properties, if the program knows already what its price depends on."""
        part = _priced_part(properties)
        if part is not None:
            self._parts[json.dumps(part, sort_keys=True)] = None

    async def text(self) -> str | None:
        """Return what a resource announces, as JSON; None if everything has been announced.

        It runs when the resource is registered, and so after the program has declared its tasks.
        """
        is_repeated, self._count = self._count < _REPEATED, self._count + 1
        parts = [part for part in self._parts if is_repeated or part not in self._announced]
        self._announced.update(parts)
        return f"[{','.join(parts)}]" if parts else None


def announced_tasks(text: object) -> list[Mapping[str, Any]]:
    """Return the tasks that a resource announces, with what their prices depend on; none, if it is no such text."""
    try:
        tasks = json.loads(text) if isinstance(text, str) else []
    except ValueError:
        return []
    return [task for task in tasks if isinstance(task, Mapping)] if isinstance(tasks, list) else []


def _priced_part(properties: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return what the price of the nodes depends on; None, if a part is an Output, or there is no price."""
    groups = properties.get("resourceConfigInfos")
    if properties.get("chargeType") != PAY_AS_YOU_GO or not isinstance(groups, list):
        return None
    location = {name: properties[name] for name in LOCATION if properties.get(name) is not None}
    nodes = []
    for group in groups:
        if not isinstance(group, Mapping):
            return None
        spec, count = group.get("instanceType"), group.get("instanceNum", 1)
        if not isinstance(spec, str) or not isinstance(count, int) or count < 1:
            return None
        nodes.append({"instanceType": spec, "instanceNum": count})
    if not all(isinstance(value, str) for value in location.values()):
        return None
    return {**location, "chargeType": PAY_AS_YOU_GO, "resourceConfigInfos": nodes}
