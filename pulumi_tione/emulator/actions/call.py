"""The input of an action.

`task` and `task_in` find the task of a request, for a write and for a read that may lag. A task that does not exist is
refused in `state/view.py` (`View.task_of`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pulumi_tione.emulator.accounts import Caller
from pulumi_tione.emulator.state.service import Service
from pulumi_tione.emulator.state.view import View
from pulumi_tione.emulator.tasks.task import Operator, Task


@dataclass(frozen=True)
class Call:
    """A request that conforms to the definition, from an authenticated caller."""

    service: Service
    caller: Caller
    region: str
    body: dict[str, Any]
    now: datetime
    prepared: Any = None
    """The result of the action's preparation."""

    def task(self, parameter: str = "Id") -> Task:
        """Return the task that the request names, for a write: in its current state."""
        return self.service.task_of(self.caller, self.region, self.body.get("TiProjectId"), self.body[parameter])

    def task_in(self, view: View) -> Task:
        """Return the task that the request names, for a read."""
        return view.task_of(self.caller, self.region, self.body.get("TiProjectId"), self.body["Id"])

    def tasks_in(self, view: View) -> list[Task]:
        """Return the tasks that exist for the caller, for a read."""
        return view.visible_tasks(self.caller, self.region, self.body.get("TiProjectId"))

    def operator(self, operation: str) -> Operator:
        return Operator(operation, self.caller.sub_uin, self.caller.name)
