"""The state behind the address: the accounts' tasks, what was registered, and how runs are going to go."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .accounts import Caller, Key, Keyring
from .clock import Clock
from .errors import ApiError
from .ids import TaskIds, instance_id
from .life import DURATIONS, Course, Event, Output, Status
from .registry import Registry
from .start_command import deciding_command
from .tag_quota import TagQuota
from .tasks import Operator, Run, Task
from .workload import understand

Amounts = dict[str, int]

AMOUNTS = ("Cpu", "Memory", "Gpu")
"""What a resource group has so much of, in the units of the API."""


@dataclass
class Switches:
    """Where the service's behaviour is unknown and clients must stand either way."""

    deleted_names_are_free: bool = True
    """Whether the name of a deleted task may be used again."""
    start_from_failed: bool = True
    """Whether StartTrainingTask is accepted from FAILED."""
    name_filter_matches_parts: bool = False
    """Whether the list's filter by Name also finds names that only contain the value."""


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


class Cloud:
    """All state. It changes by the methods below and by time, which `settle` lets pass."""

    def __init__(
        self,
        clock: Clock,
        keyring: Keyring,
        switches: Switches | None = None,
        durations: Mapping[Status, float] = DURATIONS,
    ) -> None:
        self.clock = clock
        self.keyring = keyring
        self.switches = switches or Switches()
        self.durations = {**DURATIONS, **durations}
        self.registry = Registry()
        self.tag_quota = TagQuota()
        self.discount = 1.0
        """What an account really pays of a list price."""
        self.sold_out: set[str] = set()
        """Specs that are sold out for pay-as-you-go."""
        self.balances: dict[str, int] = {}
        """Money of accounts in fen; one that is not named here has enough."""
        self.default_order = Order()
        self.orders: dict[str, Order] = {}
        self._tasks: dict[str, Task] = {}
        self._taken_names: dict[tuple[str, str, str], str] = {}
        self._due: list[tuple[datetime, str]] = []
        self._ids = TaskIds()

    # --- tasks ---

    def settle(self) -> datetime:
        """Bring all tasks up to the present; give the present."""
        now = self.clock.now()
        while self._due and self._due[0][0] <= now:
            _, task_id = heapq.heappop(self._due)
            task = self._tasks.get(task_id)
            if task is not None:
                task.settle(now)
                self._watch(task)
        return now

    def tasks(self) -> Iterator[Task]:
        return iter(tuple(self._tasks.values()))

    def find(self, task_id: str) -> Task | None:
        return self._tasks.get(task_id)

    def task_of(self, caller: Caller, region: str, ti_project_id: str | None, task_id: str) -> Task:
        """The task as this caller sees it: one of another account, region or workspace does not exist for them."""
        task = self._tasks.get(task_id)
        if task is None or not is_visible(task, caller, region, ti_project_id):
            raise ApiError("ResourceNotFound", f"The training task `{task_id[:80]}` (Id) does not exist.")
        return task

    def visible_tasks(self, caller: Caller, region: str, ti_project_id: str | None) -> list[Task]:
        """The tasks that exist for this caller, the oldest first."""
        return [task for task in self._tasks.values() if is_visible(task, caller, region, ti_project_id)]

    def name_holder(self, caller: Caller, region: str, name: str) -> str | None:
        """The id of the task that has a name, in the account and region where names are unique; None: it is free.

        A deleted task may still hold its name: see the switch.
        """
        return self._taken_names.get((caller.uin, region, name))

    def create(self, caller: Caller, region: str, body: dict[str, Any], now: datetime) -> Task:
        task = Task(self._ids.next(now), region, caller, body, now, now)
        task.system_tags = {"qcs:tag:createdBy": f"{caller.kind}:{caller.sub_uin}:{caller.name}"}
        task.log_enable = body.get("LogEnable", False)
        task.log_config = dict(body.get("LogConfig") or {})
        self._take_changes(task)
        task.runs.append(self._new_run(task, now))
        self._tasks[task.id] = task
        self._taken_names[caller.uin, region, task.name] = task.id
        self._watch(task)
        return task

    def bind_tags(self, task: Task, tags: Mapping[str, str]) -> None:
        """Bind tags; the value of a key that is bound already is overwritten."""
        task.tags.update(tags)
        self.tag_quota.use(task.owner.uin, tags)

    def unbind_tags(self, task: Task, keys: Sequence[str]) -> None:
        for key in keys:
            task.tags.pop(key, None)

    def deliver_logs(
        self, task: Task, enabled: bool, config: Mapping[str, str] | None, operator: Operator, now: datetime
    ) -> None:
        task.log_enable = enabled
        if config is not None:
            task.log_config = dict(config)
        self.was_operated(task, operator, now)

    def lend_key(self, caller: Caller, expires: datetime) -> Key:
        return self.keyring.lend(caller, expires)

    def start(self, task: Task, operator: Operator, now: datetime) -> None:
        task.after(Event.IS_STARTED)
        task.runs.append(self._new_run(task, now))
        self.was_operated(task, operator, now)

    def stop(self, task: Task, operator: Operator, now: datetime) -> None:
        task.happen(Event.IS_STOPPED, now)
        task.run.failure_reason = "Platform Stop" if operator.is_platform else "User Stop"
        self.was_operated(task, operator, now)

    def preempt(self, task: Task, now: datetime) -> None:
        task.happen(Event.IS_PREEMPTED, now)
        self._watch(task)

    def delete(self, task: Task) -> None:
        del self._tasks[task.id]
        if self.switches.deleted_names_are_free:
            del self._taken_names[task.owner.uin, task.region, task.name]

    def was_operated(self, task: Task, operator: Operator | None, now: datetime) -> None:
        """Note who did something to a task, and when."""
        task.operator = operator or task.operator
        task.updated_at = now
        self._watch(task)

    def free_capacity(self, resource_group: str) -> Amounts:
        """What a registered resource group has left, of the amounts that it was registered with."""
        facts = self.registry.facts("resource_group", resource_group)
        free = {amount: int(facts[amount.lower()]) for amount in AMOUNTS if amount.lower() in facts}
        for task in self._tasks.values():
            if task.is_active and task.body.get("ResourceGroupId") == resource_group:
                used = needs(task.body["ResourceConfigInfos"])
                free = {amount: left - used[amount] for amount, left in free.items()}
        return free

    # --- how runs go ---

    def order(self, order: Order, about: str | None = None) -> None:
        """Say how runs shall go: those of the task with this name or id, or all that nothing else was said about.

        A run that is under way takes its new course at once, the time that it has had counting.
        """
        if about is None:
            self.default_order = order.over(self.default_order)
        else:
            self.orders[about] = order.over(self.orders.get(about, Order()))
        for task in self._tasks.values():
            if about in (None, task.name, task.id):
                self._take_changes(task)
                if task.is_active:
                    task.run.course = self._course_of(task)
                    task.run.plan_end()
                    self._watch(task)
        self.settle()

    def _new_run(self, task: Task, now: datetime) -> Run:
        run = Run(instance_id(task.id), self._course_of(task), [])
        run.enter(Status.SUBMITTING, now)
        return run

    def _course_of(self, task: Task) -> Course:
        """An order for the task comes first, then one for all, then its own command, then the usual durations."""
        order = self._orders_about(task).over(_order_of_command(task.body))
        seconds = {**self.durations, **order.seconds}
        return Course(order.outcome or Event.SUCCEEDS, order.failure_reason or "", seconds, order.output)

    def _take_changes(self, task: Task) -> None:
        order = self._orders_about(task)
        task.changed.update(order.changed)
        task.system_tags.update(order.system_tags)

    def _orders_about(self, task: Task) -> Order:
        by_name = self.orders.get(task.name, Order())
        return self.orders.get(task.id, Order()).over(by_name).over(self.default_order)

    def _watch(self, task: Task) -> None:
        if task.run.due is not None:
            heapq.heappush(self._due, (task.run.due, task.id))


def needs(nodes: Sequence[Mapping[str, Any]]) -> Amounts:
    """What the nodes of a task need in total."""
    return {amount: sum(node.get(amount, 0) * node["InstanceNum"] for node in nodes) for amount in AMOUNTS}


def is_visible(task: Task, caller: Caller, region: str, ti_project_id: str | None) -> bool:
    return (task.owner.uin, task.region, task.ti_project_id) == (caller.uin, region, ti_project_id or "0")


def _order_of_command(body: Mapping[str, Any]) -> Order:
    workload = understand(deciding_command(body))
    if workload is None:
        return Order()
    seconds = {Status.RUNNING: workload.seconds}
    if workload.exit_code == 0:
        return Order(Event.SUCCEEDS, None, seconds)
    return Order(Event.FAILS, f"The start command ended with exit code {workload.exit_code}.", seconds)
