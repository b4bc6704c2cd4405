"""What the prices of a program's tasks depend on, gathered before the first of them is registered.

A program declares all its tasks before Pulumi registers any. The engine checks them one by one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pulumi_tione.pricing.price_list import PAY_AS_YOU_GO

_LOCATION = ("region", "tiProjectId", "settings")


class Announcements:
    """The tasks of one program whose prices can be asked for, each combination once."""

    def __init__(self) -> None:
        self._tasks: dict[str, dict[str, Any]] = {}
        self._taken: set[str] = set()

    def add(self, properties: Mapping[str, Any]) -> None:
        """Add a task by its properties, if the program knows already what its price depends on."""
        part = _priced_part(properties)
        if part is not None:
            self._tasks.setdefault(json.dumps(part, sort_keys=True), part)

    async def take(self) -> list[dict[str, Any]] | None:
        """Return the tasks that were not returned before; None if there are none.

        It runs when the resource is registered, and so after the program has declared its tasks.
        """
        new = [part for key, part in self._tasks.items() if key not in self._taken]
        self._taken.update(self._tasks)
        return new or None


def _priced_part(properties: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return what the price of the nodes depends on; None, if a part is an Output, or there is no price."""
    groups = properties.get("resourceConfigInfos")
    if properties.get("chargeType") != PAY_AS_YOU_GO or not isinstance(groups, list):
        return None
    location = {name: properties[name] for name in _LOCATION if properties.get(name) is not None}
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
