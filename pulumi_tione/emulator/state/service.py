"""The state of the service: the accounts' tasks, the registered resources, and how runs will go.

What is due by time is applied before each request. The transitions are in `tasks/transitions.py`, the actions in
`actions/`, the file in `storage.py`. Behaviours that are unknown are `Switches`.
"""

from __future__ import annotations

import heapq
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pulumi_tione.emulator.accounts import Caller, Key, Keyring
from pulumi_tione.emulator.clock import Clock
from pulumi_tione.emulator.faults.lag import Lag
from pulumi_tione.emulator.ids import TaskIds, instance_id
from pulumi_tione.emulator.resources.catalogue import instance_count
from pulumi_tione.emulator.resources.registry import Registry
from pulumi_tione.emulator.resources.tag_quota import TagQuota
from pulumi_tione.emulator.running import Cos, Execution
from pulumi_tione.emulator.tasks.run_rules import RunRule, RunRules
from pulumi_tione.emulator.tasks.task import Operator, Run, Task
from pulumi_tione.emulator.tasks.transitions import Event, Status
from pulumi_tione.emulator.tasks.workload import Program

from . import documents
from .history import History
from .storage import Memory, Storage
from .view import View

Amounts = dict[str, int]

AMOUNTS = ("Cpu", "Memory", "Gpu")
"""The capacities of a resource group, in the units of the API."""


@dataclass
class Switches:
    """Behaviours of the service that are unknown; clients must work with either value."""

    deleted_names_are_free: bool = True
    """Whether the name of a deleted task may be used again."""
    start_from_failed: bool = True
    """Whether StartTrainingTask is accepted from FAILED."""
    name_filter_matches_parts: bool = False
    """Whether the list's filter by Name also finds names that only contain the value."""
    instance_id_while_submitting: bool = True
    """Whether Describe returns the LatestInstanceId of a task that is SUBMITTING; otherwise it is empty."""


class Service:
    """All state. It changes by the methods below and by time: `catch_up` applies what is due."""

    def __init__(
        self,
        clock: Clock,
        keyring: Keyring,
        switches: Switches | None = None,
        run_rules: RunRules | None = None,
        storage: Storage | None = None,
        execution: Execution | None = None,
        cos: Cos | None = None,
    ) -> None:
        """With an `execution`, runs are executed; `cos` holds the buckets that exist, and their content."""
        self.clock = clock
        self.keyring = keyring
        self.switches = switches or Switches()
        self.run_rules = run_rules or RunRules()
        self.execution = execution
        self.cos = cos
        self.registry = Registry()
        self.tag_quota = TagQuota()
        self.discount = 1.0
        """The share of a list price that an account really pays."""
        self.sold_out: set[str] = set()
        """Specs that are sold out for pay-as-you-go."""
        self.balances: dict[str, int] = {}
        """The balance of accounts in fen; any other account has enough."""
        self._tasks: dict[str, Task] = {}
        self._taken_names: dict[tuple[str, str, str], str] = {}
        self._due: list[tuple[datetime, str]] = []
        self._ids = TaskIds()
        self._history: History | None = None
        """Earlier states, as long as something lags."""
        self._storage = storage or Memory()
        self._load()

    def catch_up(self) -> datetime:
        """Apply everything that is due; return the current time."""
        now = self.clock.now()
        while self._due and self._due[0][0] <= now:
            _, task_id = heapq.heappop(self._due)
            task = self._tasks.get(task_id)
            if task is not None:
                task.catch_up(now)
                self._watch(task)
        return now

    def advance(self, seconds: float) -> datetime:
        """Advance the clock of the tasks; return the new time."""
        real, now = self.clock.read()
        self.clock.advance(seconds)
        if self._history is not None:
            self._history.note_advance(real, now, seconds)
        return self.catch_up()

    @property
    def lag(self) -> Lag:
        return Lag() if self._history is None else self._history.lag

    def set_lag(self, lag: Lag) -> None:
        """Make reads lag from now on; none of them sees what was before."""
        self.catch_up()
        if lag.is_none:
            self._history = None
        elif self._history is None:
            self._history = History(self.clock, lag, self._tasks)
        else:
            self._history.change(lag)

    def view(self, kind: str) -> View:
        """Return what a call of this kind of read sees; ask only once per call."""
        now = self.catch_up()
        return View(self._tasks, now) if self._history is None else self._history.view(kind)

    def tasks(self) -> Iterator[Task]:
        return iter(tuple(self._tasks.values()))

    def find(self, task_id: str) -> Task | None:
        return self._tasks.get(task_id)

    def task_of(self, caller: Caller, region: str, ti_project_id: str | None, task_id: str) -> Task:
        """Return a caller's task in its current state."""
        return View(self._tasks, self.clock.now()).task_of(caller, region, ti_project_id, task_id)

    def name_holder(self, caller: Caller, region: str, name: str) -> str | None:
        """Return the id of the task that has a name in the account and region; None if the name is free.

        A deleted task may keep its name: see `Switches`.
        """
        return self._taken_names.get((caller.uin, region, name))

    def create(
        self, caller: Caller, region: str, body: dict[str, Any], now: datetime, program: Program | None = None
    ) -> Task:
        task = Task(
            self._ids.next(now), region, caller, body, now, now, specs=self.registry.specs, read_program=program
        )
        task.system_tags = {"qcs:tag:createdBy": f"{caller.kind}:{caller.sub_uin}:{caller.name}"}
        task.log_enable = body.get("LogEnable", False)
        task.log_config = dict(body.get("LogConfig") or {})
        self._apply_overrides(task)
        task.runs.append(self._new_run(task, now))
        self._tasks[task.id] = task
        self._taken_names[caller.uin, region, task.name] = task.id
        self._storage.put("name", f"{caller.uin} {region} {task.name}", task.id)
        self._save(task)
        return task

    def bind_tags(self, task: Task, tags: Mapping[str, str]) -> None:
        """Bind tags; the value of a bound key is overwritten."""
        task.tags.update(tags)
        self.tag_quota.use(task.owner.uin, tags)
        for key, value in tags.items():
            binding = [task.owner.uin, key, value]
            self._storage.put("tag", json.dumps(binding), binding)
        self._save(task)

    def unbind_tags(self, task: Task, keys: Sequence[str]) -> None:
        for key in keys:
            task.tags.pop(key, None)
        self._save(task)

    def deliver_logs(
        self, task: Task, enabled: bool, config: Mapping[str, str] | None, operator: Operator, now: datetime
    ) -> None:
        task.log_enable = enabled
        if config is not None:
            task.log_config = dict(config)
        self.record_operation(task, operator, now)

    def issue_temporary_key(self, caller: Caller, expires: datetime) -> Key:
        key = self.keyring.issue_temporary_key(caller, expires)
        self._storage.put("key", key.secret_id, documents.key_to_document(key))
        self._purge_keys()
        return key

    def start(self, task: Task, operator: Operator, now: datetime) -> None:
        task.next_status(Event.IS_STARTED)
        task.runs.append(self._new_run(task, now))
        self.record_operation(task, operator, now)

    def stop(self, task: Task, operator: Operator, now: datetime) -> None:
        task.apply(Event.IS_STOPPED, now)
        task.run.failure_reason = "Platform Stop" if operator.is_platform else "User Stop"
        self.record_operation(task, operator, now)

    def preempt(self, task: Task, now: datetime) -> None:
        task.apply(Event.IS_PREEMPTED, now)
        self._save(task)

    def nodes_are_ready(self, task: Task, run: Run) -> None:
        """Record that the processes of an executed run have started."""
        if self._is_under_way(task, run) and run.status is Status.STARTING:
            task.apply(Event.TIME_PASSES, self.clock.now())
            self._save(task)

    def nodes_have_ended(self, task: Task, run: Run, failure: str | None) -> None:
        """Record that the processes of an executed run have ended, by themselves or because they were stopped."""
        if not self._is_under_way(task, run):
            return
        if run.status is Status.STOPPING:
            task.apply(Event.TIME_PASSES, self.clock.now())
        elif failure is not None:
            task.apply(Event.FAILS, self.clock.now(), failure)
        else:
            task.apply(Event.SUCCEEDS, self.clock.now())
        self._save(task)

    def delete(self, task: Task) -> None:
        if self.execution is not None:
            self.execution.forget(task)
        del self._tasks[task.id]
        self._storage.drop("task", task.id)
        if self._history is not None:
            self._history.record(task.id, None)
        if self.switches.deleted_names_are_free:
            del self._taken_names[task.owner.uin, task.region, task.name]
            self._storage.drop("name", f"{task.owner.uin} {task.region} {task.name}")

    def corrupt_creation(self, task: Task, *, hidden_list_calls: int, without_tags: bool) -> None:
        """Apply a fault to a task that was just created."""
        task.hidden_list_calls = hidden_list_calls
        if without_tags:
            task.tags.clear()
        self._save(task)

    def hides(self, task_id: str) -> bool:
        """Return whether a fault hides a task from this list call; the call counts."""
        task = self._tasks.get(task_id)
        if task is None or task.hidden_list_calls == 0:
            return False
        task.hidden_list_calls -= 1
        return True

    def record_operation(self, task: Task, operator: Operator, now: datetime) -> None:
        """Record who did something to a task, and when."""
        task.operator = operator
        task.updated_at = now
        self._save(task)

    def free_capacity(self, resource_group: str) -> Amounts:
        """Return the free capacity of a registered resource group, as far as its capacity was registered."""
        facts = self.registry.facts("resource_group", resource_group)
        free = {amount: int(facts[amount.lower()]) for amount in AMOUNTS if amount.lower() in facts}
        for task in self._tasks.values():
            if task.is_active and task.body.get("ResourceGroupId") == resource_group:
                used = needs(task.body["ResourceConfigInfos"])
                free = {amount: left - used[amount] for amount, left in free.items()}
        return free

    def add_run_rule(self, rule: RunRule, target: str | None = None) -> None:
        """Decide how runs go: those of the task with this name or id, or of all tasks without their own rule.

        A run under way follows its new plan at once; the time that has passed counts.
        """
        self.run_rules.add(rule, target)
        now = self.catch_up()
        for task in self._tasks.values():
            if target in (None, task.name, task.id):
                self._apply_overrides(task)
                if task.is_active:
                    task.run.plan = self.run_rules.plan_for(task)
                    task.run.schedule_end(not_before=now)
                self._save(task)
        self.catch_up()

    def register(self, kind: str, resource_id: str, **facts: Any) -> None:
        self.registry.register(kind, resource_id, **facts)
        self._storage.put("registered", f"{kind} {resource_id}", facts)

    def unregister(self, kind: str, resource_id: str) -> None:
        self.registry.unregister(kind, resource_id)
        self._storage.drop("registered", f"{kind} {resource_id}")

    def commit(self) -> None:
        """Make changes permanent, before they are acknowledged."""
        self._storage.commit()

    def close(self) -> None:
        self._storage.close()

    def _new_run(self, task: Task, now: datetime) -> Run:
        run = Run(instance_id(task.id), self.run_rules.plan_for(task), [], is_executed=self.execution is not None)
        run.enter(Status.SUBMITTING, now)
        return run

    def _apply_overrides(self, task: Task) -> None:
        rule = self.run_rules.rule_for(task)
        task.overrides.update(rule.overrides)
        task.system_tags.update(rule.system_tags)

    def _save(self, task: Task) -> None:
        """Store the current state of a task, and schedule the end of its status."""
        self._watch(task)
        if self._history is not None:
            self._history.record(task.id, task)
        if self._storage.keeps:
            self._storage.put("task", task.id, documents.task_to_document(task))
            self._storage.put("clock", "now", self.clock.now().isoformat())

    def _watch(self, task: Task) -> None:
        if task.run.due is not None:
            heapq.heappush(self._due, (task.run.due, task.id))
        if self.execution is not None:
            self.execution.follow(task)

    def _is_under_way(self, task: Task, run: Run) -> bool:
        return self._tasks.get(task.id) is task and task.run is run

    def _load(self) -> None:
        """Load the state of an earlier emulator. The clock decides what has happened since then."""
        for task_id, document in self._storage.load("task"):
            self._tasks[task_id] = task = documents.task_from_document(document)
            task.specs = self.registry.specs
            self._ids.last = max(self._ids.last, int(task_id.rpartition("-")[2]))
        for key, task_id in self._storage.load("name"):
            uin, region, name = key.split(" ", 2)
            self._taken_names[uin, region, name] = task_id
        if self.execution is None:
            # Otherwise only keys that were made at this start are accepted.
            for _, document in self._storage.load("key"):
                self.keyring.add(documents.key_from_document(document))
            self._purge_keys()
        for _, (uin, tag_key, value) in self._storage.load("tag"):
            self.tag_quota.use(uin, {tag_key: value})
        for key, facts in self._storage.load("registered"):
            kind, resource_id = key.split(" ", 1)
            self.registry.register(kind, resource_id, **facts)
        for task in self.tasks():
            if task.run.is_executed and task.is_active:
                self._interrupt(task)
            self._watch(task)
        self._storage.commit()

    def _purge_keys(self) -> None:
        for secret_id in self.keyring.purge(self.clock.now()):
            self._storage.drop("key", secret_id)

    def _interrupt(self, task: Task) -> None:
        """End a run whose processes ended with an earlier emulator. They are not started again."""
        now = self.clock.now()
        if task.status is Status.SUBMITTING:
            task.apply(Event.SUBMISSION_FAILS, now)
        elif task.status is Status.STOPPING:
            task.apply(Event.TIME_PASSES, now)
        else:
            task.apply(Event.IS_STOPPED, now)
            task.apply(Event.TIME_PASSES, now)
            task.run.failure_reason = "Platform Stop"
            task.operator = Operator("STOP", is_platform=True)
        self._save(task)


def needs(nodes: Sequence[Mapping[str, Any]]) -> Amounts:
    """Return what the nodes of a task need in total."""
    return {amount: sum(node.get(amount, 0) * instance_count(node) for node in nodes) for amount in AMOUNTS}
