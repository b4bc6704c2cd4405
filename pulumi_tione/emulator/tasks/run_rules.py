"""How runs are going to go: as ordered, else as their start command says, else as usual."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .lifecycle import DURATIONS, Course, Event, Output, Status
from .task import Task
from .workload import Workload


@dataclass
class Order:
    """How runs shall go, where somebody said so. What is None is left to the start command and the usual durations."""

    outcome: Event | None = None
    failure_reason: str | None = None
    seconds: dict[Status, float] = field(default_factory=dict)
    output: Output | None = None
    """What the pods print, and how many seconds after they began to run."""
    changed: dict[str, Any] = field(default_factory=dict)
    """Members that the detail shall have, whatever is true: the task was changed behind everybody's back."""
    system_tags: dict[str, str] = field(default_factory=dict)
    """Tags that the platform binds by itself."""

    def over(self, other: Order) -> Order:
        """This order, and the other one where this one says nothing."""
        return Order(
            self.outcome if self.outcome is not None else other.outcome,
            self.failure_reason if self.failure_reason is not None else other.failure_reason,
            {**other.seconds, **self.seconds},
            self.output if self.output is not None else other.output,
            {**other.changed, **self.changed},
            {**other.system_tags, **self.system_tags},
        )


class Orders:
    """All orders: one for every task, and those for the tasks of a name or an id, which there may not be yet."""

    def __init__(self, durations: Mapping[Status, float] = DURATIONS, *, reads_commands: bool = True) -> None:
        """`reads_commands` is whether a start command that is understood says how its run goes."""
        self._durations = {**DURATIONS, **durations}
        self._reads_commands = reads_commands
        self._for_all = Order()
        self._for_one: dict[str, Order] = {}

    def place(self, order: Order, about: str | None) -> None:
        """Add an order; where it speaks of the same as an earlier one, it is the one that holds."""
        if about is None:
            self._for_all = order.over(self._for_all)
        else:
            self._for_one[about] = order.over(self._for_one.get(about, Order()))

    def about(self, task: Task) -> Order:
        """What was ordered for a task: by its id, by its name, for all."""
        by_id, by_name = (self._for_one.get(known, Order()) for known in (task.id, task.name))
        return by_id.over(by_name).over(self._for_all)

    def course(self, task: Task) -> Course:
        """How a run of the task goes."""
        order = self.about(task)
        if self._reads_commands:
            order = order.over(_order_of_workload(task.program.workload))
        seconds = {**self._durations, **order.seconds}
        return Course(order.outcome or Event.SUCCEEDS, order.failure_reason or "", seconds, order.output)


def _order_of_workload(workload: Workload | None) -> Order:
    if workload is None:
        return Order()
    seconds = {Status.RUNNING: workload.seconds}
    if workload.exit_code == 0:
        return Order(Event.SUCCEEDS, None, seconds)
    return Order(Event.FAILS, f"The start command ended with exit code {workload.exit_code}.", seconds)
