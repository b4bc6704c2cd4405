"""What a read sees: the tasks as they are, or as they were at an earlier moment.

The earlier states are kept in `history.py`; how far reads lag is set in `faults/lag.py`. A task of another account,
region or workspace is not visible.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from pulumi_tione.emulator.accounts import Caller
from pulumi_tione.emulator.errors import ApiError
from pulumi_tione.emulator.tasks.task import Task


class Tasks(Protocol):
    """Tasks by their ids, the oldest first."""

    def get(self, task_id: str, /) -> Task | None: ...

    def values(self) -> Iterable[Task]: ...


@dataclass(frozen=True)
class View:
    """The tasks at one moment; `now` is their clock's time."""

    tasks: Tasks
    now: datetime

    def task_of(self, caller: Caller, region: str, ti_project_id: str | None, task_id: str) -> Task:
        """Return the caller's task; tasks of another account, region or workspace do not exist for them."""
        task = self.tasks.get(task_id)
        if task is None or not is_visible(task, caller, region, ti_project_id):
            raise ApiError("ResourceNotFound", f"The training task `{task_id[:80]}` (Id) does not exist.")
        return task

    def visible_tasks(self, caller: Caller, region: str, ti_project_id: str | None) -> list[Task]:
        """Return the tasks that exist for this caller, the oldest first."""
        return [task for task in self.tasks.values() if is_visible(task, caller, region, ti_project_id)]


def is_visible(task: Task, caller: Caller, region: str, ti_project_id: str | None) -> bool:
    return (task.owner.uin, task.region, task.ti_project_id) == (caller.uin, region, ti_project_id or "0")
