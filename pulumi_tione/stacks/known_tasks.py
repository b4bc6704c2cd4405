"""The tasks that a stack's state records, and how one of them is found by an id or a name.

An id wins over a name, and a name over the name of a resource. A task that is in no state is found in
`cli/task_options.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pulumi_tione.errors import TaskError
from pulumi_tione.stacks.locations import Location
from pulumi_tione.stacks.pulumi_cli import Pulumi, StackName
from pulumi_tione.stacks.state import State
from pulumi_tione.stacks.state_secrets import revealed
from pulumi_tione.stacks.urn import Urn


@dataclass(frozen=True)
class KnownTask:
    """A task that a stack's state records."""

    id: str
    resource: str
    """The name of its resource."""
    name: str
    location: Location


def known_tasks(pulumi: Pulumi, stack: StackName) -> Iterator[KnownTask]:
    """Yield the tasks that the stack's state records."""
    for task_id, resource in State.of(pulumi, stack, shows_tasks=True).tasks.items():
        properties: Mapping[str, Any] = {**resource.get("inputs", {}), **resource.get("outputs", {})}
        urn = Urn.parsed(resource["urn"])
        yield KnownTask(
            id=task_id,
            resource="" if urn is None else urn.name,
            name=str(revealed(properties.get("name"))),
            location=Location.recorded(resource) or Location(str(properties.get("region"))),
        )


def find_known_task(key: str, tasks: Sequence[KnownTask]) -> KnownTask | None:
    """Return the task with this id, or else this name, or else this name of its resource; None if there is none.

    Raises:
        TaskError: several tasks have the name.
    """
    for kind in ("id", "name", "resource"):
        matches = [task for task in tasks if getattr(task, kind) == key]
        if len(matches) > 1:
            ids = ", ".join(task.id for task in matches)
            raise TaskError(f"several tasks have the {kind} {key!r}. Use an id instead: {ids}")
        if matches:
            return matches[0]
    return None
