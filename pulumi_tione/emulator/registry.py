"""What exists beside the tasks: networks, buckets, file systems, images, resource groups, workspaces, roles.

The emulator cannot know them by itself. Unless told, it takes any id for one that exists; once one of a kind is
registered, another id of that kind does not exist, and is refused with the code that the service has for it.
"""

from __future__ import annotations

from typing import Any

KINDS: dict[str, frozenset[str]] = {
    "vpc": frozenset(),
    "subnet": frozenset({"vpc"}),
    "bucket": frozenset({"region"}),
    "cfs": frozenset({"paths"}),
    "cfs_turbo": frozenset(),
    "goosefs": frozenset(),
    "emr": frozenset(),
    "dataset": frozenset(),
    "code_repository": frozenset(),
    "image": frozenset(),
    "resource_group": frozenset(
        {"name", "cpu", "memory", "gpu", "gpu_type", "rdma", "bare_metal", "gpu_only", "nodes"}
    ),
    "workspace": frozenset({"name"}),
    "role": frozenset(),
    "oidc_provider": frozenset(),
}
"""The kinds, and the facts that may be told of one."""


class Registry:
    """Everything registered, by kind and id."""

    def __init__(self) -> None:
        self._known: dict[str, dict[str, dict[str, Any]]] = {kind: {} for kind in KINDS}

    def register(self, kind: str, resource_id: str, **facts: Any) -> None:
        if kind not in KINDS:
            raise ValueError(f"kind is one of {', '.join(KINDS)}, not {kind}")
        unknown = sorted(set(facts) - KINDS[kind])
        if unknown:
            raise ValueError(f"of a {kind} nobody needs to know {', '.join(unknown)}")
        self._known[kind][resource_id] = facts

    def unregister(self, kind: str, resource_id: str) -> None:
        self._known.get(kind, {}).pop(resource_id, None)

    def exists(self, kind: str, resource_id: str) -> bool:
        """Whether there is such a thing, as far as the emulator was told."""
        return not self._known[kind] or resource_id in self._known[kind]

    def facts(self, kind: str, resource_id: str) -> dict[str, Any]:
        """What was told of it; nothing about what was not registered."""
        return self._known[kind].get(resource_id, {})

    def all(self, kind: str) -> dict[str, dict[str, Any]]:
        return dict(self._known[kind])
