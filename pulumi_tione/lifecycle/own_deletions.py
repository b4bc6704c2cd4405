"""The tasks that this process has deleted.

They are kept in memory, until the process ends. Create ignores them in what reads show, and knows that the service may
keep their names. `leftovers.py` has the tasks of earlier processes.
"""

from __future__ import annotations

from collections.abc import Container

from pulumi_tione._schema.identity import OWNER, Owner


class OwnDeletions(Container[str]):
    """The tasks that this process has deleted. The service may still show them, and keep their names."""

    def __init__(self) -> None:
        self._ids: set[str] = set()
        self._owners: set[tuple[str, ...]] = set()

    def add(self, task_id: str, owner: Owner | None) -> None:
        """Remember a task that the service has deleted."""
        self._ids.add(task_id)
        if owner is not None:
            self._owners.add(_parts_of(owner))

    def __contains__(self, task_id: object) -> bool:
        return task_id in self._ids

    def has_task_of(self, owner: Owner | None) -> bool:
        """Check whether one of them was of the resource with this owner."""
        return owner is not None and _parts_of(owner) in self._owners


def _parts_of(owner: Owner) -> tuple[str, ...]:
    return tuple(str(owner.get(part)) for part in OWNER)
