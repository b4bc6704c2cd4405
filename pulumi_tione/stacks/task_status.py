"""The current status of tasks: list calls for fifty tasks each, and the pods of the first few that are active.

The pods of 10 tasks are counted. The table is refreshed in `cli/status.py`. `lifecycle/live_status.py` has the statuses
that costs need.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pulumi_tione._api.pods import Readiness, readiness
from pulumi_tione._api.protocols import PAGE_SIZE, LogApi
from pulumi_tione._api.status import is_terminal
from pulumi_tione.errors import TioneError
from pulumi_tione.stacks.known_tasks import KnownTask
from pulumi_tione.stacks.locations import Clients

DELETED = "GONE"
"""The status of a task that the state records and the service does not know."""

_MAX_PODS_CALLS = 10
"""For how many active tasks the pods are counted: each takes a call."""


@dataclass(frozen=True)
class TaskStatus:
    """The current status of a task."""

    task: KnownTask
    item: Mapping[str, Any]
    """The task in the list, or its detail; empty if it is gone."""
    pods: Readiness | None = None
    """Its pods; None where they were not counted."""

    @property
    def status(self) -> str:
        """The status in the API's spelling, or `GONE`."""
        return str(self.item.get("Status") or DELETED)

    @property
    def is_over(self) -> bool:
        """Whether the status will not change by itself."""
        return self.status == DELETED or is_terminal(self.status)

    @property
    def runtime_seconds(self) -> int:
        """How long it has run."""
        return int(self.item.get("RuntimeInSeconds") or 0)

    @property
    def failure_reason(self) -> str:
        """The service's reason for a failure, or an empty text."""
        return str(self.item.get("FailureReason") or "")


def task_statuses(tasks: Sequence[KnownTask], clients: Clients) -> Iterator[TaskStatus]:
    """Yield the current status of each task."""
    items: dict[str, dict[str, Any]] = {}
    for location in dict.fromkeys(task.location for task in tasks):
        ids = [task.id for task in tasks if task.location == location]
        for begin in range(0, len(ids), PAGE_SIZE):
            items |= clients.of(location).training_tasks_by_id(ids[begin : begin + PAGE_SIZE], location.workspace)
    pods_calls = 0
    for task in tasks:
        client = clients.of(task.location)
        # A list may lag behind: a task that it does not show is described.
        item = items.get(task.id) or client.describe_training_task(task.id, task.location.workspace) or {}
        status = TaskStatus(task, item)
        if not status.is_over and pods_calls < _MAX_PODS_CALLS:
            pods_calls += 1
            status = TaskStatus(task, item, _pods(client, task))
        yield status


def _pods(client: LogApi, task: KnownTask) -> Readiness | None:
    try:
        pods = client.pods(task.id, task.location.workspace)
    except TioneError:
        return None
    return readiness(pods) if pods else None
