"""A training task and its runs, as the service stores them.

The statuses and the transitions between them are the tables in `transitions.py`; `Task` applies them.

What a task returns to a read is in `responses.py`, how its runs go in `run_rules.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from pulumi_tione.emulator.accounts import Caller
from pulumi_tione.emulator.errors import ApiError
from pulumi_tione.emulator.resources.catalogue import SPECS, Spec

from .transitions import ENDED_BY_PROCESSES, TERMINAL, TRANSITIONS, Event, RunPlan, Status
from .workload import Program

MAX_DURATION_SECONDS = 10 * 365 * 86400
"""A duration beyond ten years counts as endless."""


@dataclass
class Run:
    """One run of a task, identified by `LatestInstanceId`. Starting a task again creates another."""

    instance_id: str
    plan: RunPlan
    history: list[tuple[Status, datetime]]
    due: datetime | None = None
    """When the current status ends by time; None if it does not."""
    failure_reason: str = ""
    is_executed: bool = False
    """Whether its nodes are processes, which decide how it ends."""

    @property
    def status(self) -> Status:
        return self.history[-1][0]

    @property
    def started_at(self) -> datetime | None:
        """When it was first RUNNING."""
        return next((at for status, at in self.history if status is Status.RUNNING), None)

    @property
    def ended_at(self) -> datetime | None:
        return self.history[-1][1] if self.status in TERMINAL else None

    def enter(self, status: Status, at: datetime) -> None:
        self.history.append((status, at))
        self.schedule_end()

    def schedule_end(self, not_before: datetime | None = None) -> None:
        """Set when the current status ends, from when it began and how long the plan lets it last."""
        status, since = self.history[-1]
        seconds = self.plan.seconds.get(status, 0.0)
        by_processes = self.is_executed and status in ENDED_BY_PROCESSES
        if status in TERMINAL or by_processes or seconds > MAX_DURATION_SECONDS:
            self.due = None
        else:
            self.due = max(since + timedelta(seconds=seconds), not_before or since)


@dataclass
class Operator:
    """Who did the last operation: a user of the account, or the platform."""

    operation: str
    sub_uin: str = ""
    name: str = ""
    is_platform: bool = False


@dataclass
class Task:
    """A task. `body` is the request that created it; what can change afterwards is stored separately."""

    id: str
    region: str
    owner: Caller
    body: dict[str, Any]
    created_at: datetime
    updated_at: datetime
    """When the last operation happened: nothing else changes `UpdateTime`."""
    tags: dict[str, str] = field(default_factory=dict)
    system_tags: dict[str, str] = field(default_factory=dict)
    log_enable: bool = False
    log_config: dict[str, str] = field(default_factory=dict)
    operator: Operator | None = None
    runs: list[Run] = field(default_factory=list)
    overrides: dict[str, Any] = field(default_factory=dict)
    """Members of the detail that a test replaced."""
    hidden_list_calls: int = 0
    """The number of list calls that do not show it yet."""
    specs: Mapping[str, Spec] = field(default_factory=lambda: SPECS, repr=False, compare=False)
    """The available pay-as-you-go nodes."""
    read_program: Program | None = field(default=None, repr=False, compare=False)
    """The cached `program`; copies have it, too."""

    @property
    def program(self) -> Program:
        """What its nodes run, parsed once because a start command may be long."""
        if self.read_program is None:
            self.read_program = Program.of(self.body)
        return self.read_program

    @property
    def name(self) -> str:
        return str(self.body["Name"])

    @property
    def ti_project_id(self) -> str:
        """The workspace; without one, the default workspace with the id 0."""
        return str(self.body.get("TiProjectId") or "0")

    @property
    def run(self) -> Run:
        return self.runs[-1]

    @property
    def status(self) -> Status:
        return self.run.status

    @property
    def is_active(self) -> bool:
        return self.status not in TERMINAL

    @property
    def resource(self) -> str:
        """Its six-part description, which identifies it in the tag service."""
        return f"qcs::tione:{self.region}:uin/{self.owner.uin}:trainingtask/{self.id}"

    def copy(self) -> Task:
        """Return an independent copy of the task."""
        return replace(
            self,
            tags=dict(self.tags),
            system_tags=dict(self.system_tags),
            log_config=dict(self.log_config),
            overrides=dict(self.overrides),
            runs=[replace(run, history=list(run.history)) for run in self.runs],
        )

    def as_of(self, now: datetime) -> Task:
        """Return the task as it will be at a time if only time passes; this one is not changed."""
        if self.run.due is None or self.run.due > now:
            return self
        task = self.copy()
        task.catch_up(now)
        return task

    def catch_up(self, now: datetime) -> None:
        """Apply all transitions that are due: each status ends exactly when it was due."""
        run = self.run
        while run.due is not None and run.due <= now:
            self.apply(run.plan.event_after(run.status), run.due)

    def apply(self, event: Event, at: datetime, reason: str = "") -> None:
        """Apply an event to the current status; `reason` describes a failure that is not in the plan."""
        target = self.next_status(event)
        if event is Event.FAILS:
            usual = "The training program ended with an error."
            self.run.failure_reason = reason or self.run.plan.failure_reason or usual
        if event is Event.SUBMISSION_FAILS:
            self.run.failure_reason = self.run.plan.failure_reason or "The task could not be submitted."
        self.run.enter(target, at)

    def next_status(self, event: Event) -> Status:
        """Return the status that an event leads to; raise an error if it cannot happen now."""
        try:
            return TRANSITIONS[self.status, event]
        except KeyError:
            message = f"The training task `{self.id}` (Id) is {self.status.value}, so it cannot {event.infinitive}."
            raise ApiError("InternalError.NotAllow", message) from None
