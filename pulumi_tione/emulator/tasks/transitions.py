"""The lifecycle of a training task: its statuses, the transitions between them, and how long each lasts.

`Task.catch_up` in `task.py` applies them by the time of `clock.py`; `run_rules.py` decides how a run ends.

A new status or operation is a member of `Status` or `Event`, and a line in `TRANSITIONS`; how long it lasts is an entry
in `DURATIONS`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum


class Status(str, Enum):
    """The statuses of a task, spelt as the API spells them [D]."""

    SUBMITTING = "SUBMITTING"
    PENDING = "PENDING"
    STARTING = "STARTING"
    RUNNING = "RUNNING"
    STOPPING = "STOPPING"
    STOPPED = "STOPPED"
    FAILED = "FAILED"
    SUCCEED = "SUCCEED"
    SUBMIT_FAILED = "SUBMIT_FAILED"


TERMINAL = frozenset({Status.STOPPED, Status.FAILED, Status.SUCCEED, Status.SUBMIT_FAILED})
"""The statuses in which a task stays until it is started or deleted [I]."""

BILLED = frozenset({Status.STARTING, Status.RUNNING, Status.STOPPING})
"""The statuses in which a pay-as-you-go task costs money, because it holds nodes [I]."""


class Event(str, Enum):
    """What can happen to a task."""

    TIME_PASSES = "time passes"
    SUCCEEDS = "succeeds"
    FAILS = "fails"
    SUBMISSION_FAILS = "submission fails"
    IS_PREEMPTED = "is preempted"
    IS_STOPPED = "is stopped"
    IS_STARTED = "is started"

    @property
    def infinitive(self) -> str:
        """The event in words that follow "it cannot"."""
        return _INFINITIVES[self]


_INFINITIVES = {
    Event.TIME_PASSES: "change by itself",
    Event.SUCCEEDS: "succeed",
    Event.FAILS: "fail",
    Event.SUBMISSION_FAILS: "fail to be submitted",
    Event.IS_PREEMPTED: "be preempted",
    Event.IS_STOPPED: "be stopped",
    Event.IS_STARTED: "be started",
}


TRANSITIONS: dict[tuple[Status, Event], Status] = {
    (Status.SUBMITTING, Event.TIME_PASSES): Status.PENDING,
    (Status.PENDING, Event.TIME_PASSES): Status.STARTING,
    (Status.STARTING, Event.TIME_PASSES): Status.RUNNING,
    (Status.STOPPING, Event.TIME_PASSES): Status.STOPPED,
    (Status.STARTING, Event.FAILS): Status.FAILED,
    (Status.RUNNING, Event.SUCCEEDS): Status.SUCCEED,
    (Status.RUNNING, Event.FAILS): Status.FAILED,
    (Status.SUBMITTING, Event.SUBMISSION_FAILS): Status.SUBMIT_FAILED,
    (Status.RUNNING, Event.IS_PREEMPTED): Status.PENDING,
    (Status.PENDING, Event.IS_STOPPED): Status.STOPPING,
    (Status.STARTING, Event.IS_STOPPED): Status.STOPPING,
    (Status.RUNNING, Event.IS_STOPPED): Status.STOPPING,
    (Status.STOPPED, Event.IS_STARTED): Status.SUBMITTING,
    (Status.SUCCEED, Event.IS_STARTED): Status.SUBMITTING,
    (Status.FAILED, Event.IS_STARTED): Status.SUBMITTING,
    (Status.SUBMIT_FAILED, Event.IS_STARTED): Status.SUBMITTING,
}
"""All transitions. Any other operation is refused."""

DURATIONS: dict[Status, float] = {
    Status.SUBMITTING: 0.5,
    Status.PENDING: 1.0,
    Status.STARTING: 1.0,
    Status.RUNNING: 5.0,
    Status.STOPPING: 1.0,
}
"""How many seconds an active status lasts by default: short, to suit a demonstration.

`plan_runs` in `control/control_api.py` changes them for a test, `--running` and `--speed` for the program, and a start
command such as `sleep 30` the time in RUNNING.
"""

ENDED_BY_PROCESSES = frozenset({Status.STARTING, Status.RUNNING, Status.STOPPING})
"""The statuses in which an executed run stays until its processes have started or ended. STOPPING's seconds are the
time between SIGTERM and SIGKILL."""

FOREVER = float("inf")
"""The duration of a status that only an operation ends."""


Output = tuple[tuple[float, str], ...]
"""Lines, and how many seconds after the beginning of a run they are printed."""


@dataclass(frozen=True)
class RunPlan:
    """How a run will go: its outcome, and how many seconds its statuses last."""

    outcome: Event = Event.SUCCEEDS
    failure_reason: str = ""
    seconds: dict[Status, float] = field(default_factory=lambda: dict(DURATIONS))
    output: Output | None = None
    """What its pods print, if a test decided that."""

    def event_after(self, status: Status) -> Event:
        """Return the event that ends a status when its time is over."""
        if status is Status.SUBMITTING and self.outcome is Event.SUBMISSION_FAILS:
            return Event.SUBMISSION_FAILS
        if status is Status.RUNNING:
            return Event.FAILS if self.outcome is Event.FAILS else Event.SUCCEEDS
        return Event.TIME_PASSES
