"""The resources that tasks use: networks, buckets, file systems, images, resource groups, workspaces, roles.

The emulator cannot know them by itself. Every id exists until a resource of its kind is registered. From then on, other
ids of that kind do not exist, and are refused with the code that the service has for it.

A new kind is an entry in `KINDS`, and its check is in `rules/existence.py`. Tests register with `register(kind, id,
...)`.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Mapping
from typing import Any

from pulumi_tione.emulator.json_types import check_type

from .catalogue import SPECS, Spec

KINDS: dict[str, dict[str, Any]] = {
    "vpc": {},
    "subnet": {"vpc": str},
    "bucket": {"region": str},
    "cfs": {"paths": list[str]},
    "cfs_turbo": {},
    "goosefs": {},
    "emr": {},
    "dataset": {},
    "code_repository": {},
    "image": {},
    "resource_group": {
        "name": str,
        "cpu": int,
        "memory": int,
        "gpu": int,
        "gpu_type": str,
        "rdma": bool,
        "bare_metal": bool,
        "gpu_only": bool,
        "nodes": int,
    },
    "workspace": {"name": str},
    "role": {},
    "oidc_provider": {},
    "instance_type": {"cpu": int, "memory": int, "gpu": int, "gpu_type": str, "price": int, "alias": str},
}
"""The kinds of resources, and the facts that each kind can have, with their types."""

NEEDED = {"instance_type": ("cpu", "memory", "price")}
"""Facts that are required."""


class Registry:
    """All registered resources, by kind and id."""

    def __init__(self) -> None:
        self._known: dict[str, dict[str, dict[str, Any]]] = {kind: {} for kind in KINDS}
        self._specs: dict[str, Spec] = {}
        self.specs: Mapping[str, Spec] = ChainMap(self._specs, SPECS)
        """All pay-as-you-go items: the catalogue's, and registered ones, which win."""

    def register(self, kind: str, resource_id: str, **facts: Any) -> None:
        if kind not in KINDS:
            raise ValueError(f"kind is one of {', '.join(KINDS)}, not {kind}")
        unknown = sorted(set(facts) - set(KINDS[kind]))
        if unknown:
            raise ValueError(f"a {kind} has no {', '.join(unknown)}; it has {', '.join(KINDS[kind]) or 'no facts'}")
        for name, fact in facts.items():
            check_type(name, fact, KINDS[kind][name])
            if isinstance(fact, int) and fact < 0:
                raise ValueError(f"{name} is 0 or more, not {fact}")
        missing = [name for name in NEEDED.get(kind, ()) if name not in facts]
        if missing:
            raise ValueError(f"a {kind} needs {', '.join(missing)}")
        self._known[kind][resource_id] = facts
        if kind == "instance_type":
            self._specs[resource_id] = Spec(resource_id, **{"alias": resource_id, **facts})

    def unregister(self, kind: str, resource_id: str) -> None:
        if kind not in KINDS:
            raise ValueError(f"kind is one of {', '.join(KINDS)}, not {kind}")
        self._known[kind].pop(resource_id, None)
        if kind == "instance_type":
            self._specs.pop(resource_id, None)

    def exists(self, kind: str, resource_id: str) -> bool:
        """Return whether a resource exists, as far as the emulator knows."""
        return not self._known[kind] or resource_id in self._known[kind]

    def facts(self, kind: str, resource_id: str) -> dict[str, Any]:
        """Return the facts of a registered resource; none for any other id."""
        return self._known[kind].get(resource_id, {})

    def all(self, kind: str) -> dict[str, dict[str, Any]]:
        return dict(self._known[kind])
