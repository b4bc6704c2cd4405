"""The control API: what tests read and change in the emulator, in addition to the service's own API.

A new control is a method here and an entry in `ROUTES` of `routes.py`. A fault is declared in `faults/faults.py`, a lag
in `faults/lag.py`, a setting in `SETTINGS`.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from typing import Any, Literal, get_type_hints

from pulumi_tione.emulator.faults.faults import Fault, Faults
from pulumi_tione.emulator.faults.lag import Delay, Lag
from pulumi_tione.emulator.http.masking import masked_object
from pulumi_tione.emulator.http.rate_limit import RateLimiter
from pulumi_tione.emulator.http.record import Record
from pulumi_tione.emulator.json_types import check_type, checked
from pulumi_tione.emulator.state.service import Service, Switches
from pulumi_tione.emulator.tasks import responses
from pulumi_tione.emulator.tasks.run_rules import RunRule
from pulumi_tione.emulator.tasks.task import Operator, Task
from pulumi_tione.emulator.tasks.transitions import Event, Status

OUTCOMES = {"SUCCEED": Event.SUCCEEDS, "FAILED": Event.FAILS, "SUBMIT_FAILED": Event.SUBMISSION_FAILS}
"""How a run can end."""

FOREVER = "forever"
"""May replace a number of seconds."""

Length = float | Literal["forever"]

MAX_ADVANCE_SECONDS = 100 * 365 * 86400.0
"""How far a clock can be advanced at once: a hundred years."""

SETTINGS: dict[str, Any] = {
    "requests_a_second": int | None,
    "sold_out": list[str],
    "balances": dict[str, int],
    "discount": float,
    "tag_values_of_an_account": int,
    "tag_values_of_a_key": int | None,
    **get_type_hints(Switches),
}
"""All settings and their types."""


class ControlApi:
    """All control methods. Each holds the lock under which requests are answered, so it sees a consistent state."""

    def __init__(
        self, service: Service, record: Record, faults: Faults, rate_limit: RateLimiter, lock: threading.RLock
    ) -> None:
        self.faults = faults
        self._service = service
        self._record = record
        self._rate_limit = rate_limit
        self._lock = lock

    def requests(self, *, secrets: bool = False) -> list[dict[str, Any]]:
        return [entry.shown(secrets) for entry in self._record]

    def forget_requests(self) -> None:
        self._record.clear()

    def tasks(self) -> list[dict[str, Any]]:
        """Return all tasks of all accounts, the oldest first: the detail of each, and what the API does not return."""
        with self._state() as now:
            return [self._described(task, now) for task in self._service.tasks()]

    def now(self) -> datetime:
        with self._lock:
            return self._service.clock.now()

    @checked
    def advance(self, seconds: float) -> datetime:
        """Advance the clock of the tasks; return the new time."""
        self._require_emulated_runs(True)
        if seconds > MAX_ADVANCE_SECONDS:
            raise ValueError(f"advance the clock by at most {MAX_ADVANCE_SECONDS:.0f} seconds, not {seconds:g}")
        with self._state():
            return self._service.advance(seconds)

    def lag(self) -> Lag:
        """Return how far reads lag."""
        with self._lock:
            return self._service.lag

    def set_lag(self, lag: Lag | Delay = 0.0) -> None:
        """Make reads lag from now on: each kind on its own, or all alike. Without an argument, reads no longer lag."""
        with self._state():
            self._service.set_lag(lag if isinstance(lag, Lag) else Lag.of_all(lag))

    @checked
    def plan_runs(
        self,
        task: str | None = None,
        *,
        outcome: str | None = None,
        failure_reason: str | None = None,
        running_seconds: float | str | None = None,
        seconds: Mapping[str, float | str] | None = None,
        output: Sequence[tuple[float, str]] | None = None,
        change: Mapping[str, Any] | None = None,
        system_tags: Mapping[str, str] | None = None,
    ) -> None:
        """Decide how runs go: for the task with this id or name, which need not exist yet, or for all tasks."""
        durations = dict(seconds or {})
        if running_seconds is not None:
            durations["RUNNING"] = running_seconds
        if outcome is not None and outcome not in OUTCOMES:
            raise ValueError(f"outcome is one of {', '.join(OUTCOMES)}, not {outcome}")
        decides = outcome in ("SUCCEED", "FAILED") or output is not None or {"STARTING", "RUNNING"} & durations.keys()
        self._require_emulated_runs(bool(decides))
        rule = RunRule(
            OUTCOMES[outcome] if outcome else None,
            failure_reason,
            {_status(status): _seconds(length) for status, length in durations.items()},
            None if output is None else tuple((_seconds(after), str(line)) for after, line in output),
            dict(change or {}),
            dict(system_tags or {}),
        )
        with self._state():
            self._service.add_run_rule(rule, task)

    @checked
    def preempt(self, task: str) -> None:
        """Preempt a running task: it loses its nodes and waits for others."""
        with self._state() as now:
            self._service.preempt(self._task(task), now)

    @checked
    def platform_stop(self, task: str) -> None:
        """Stop a task as the platform does, not as a user."""
        with self._state() as now:
            self._service.stop(self._task(task), Operator("STOP", is_platform=True), now)

    @checked
    def remove(self, task: str) -> None:
        """Remove a task, whatever its status."""
        with self._state():
            self._service.delete(self._task(task))

    @checked
    def register(self, kind: str, resource_id: str, **facts: Any) -> None:
        """Register a resource; from then on, resources of this kind that are not registered do not exist."""
        with self._state():
            self._service.register(kind, resource_id, **facts)

    @checked
    def unregister(self, kind: str, resource_id: str) -> None:
        with self._state():
            self._service.unregister(kind, resource_id)

    def settings(self) -> dict[str, Any]:
        with self._lock:
            return {
                "now": self._service.clock.now().isoformat(),
                "requests_a_second": self._rate_limit.rate,
                "sold_out": sorted(self._service.sold_out),
                "balances": dict(self._service.balances),
                "discount": self._service.discount,
                "tag_values_of_an_account": self._service.tag_quota.of_account,
                "tag_values_of_a_key": self._service.tag_quota.of_key,
                **asdict(self._service.switches),
            }

    def set(self, **settings: Any) -> None:
        """Change settings: the fields of `Switches` and everything that `settings` returns, except `now`."""
        for name, value in settings.items():
            if name not in SETTINGS:
                raise ValueError(f"there is no setting {name}; there are {', '.join(SETTINGS)}")
            check_type(name, value, SETTINGS[name])
            if isinstance(value, int | float) and value < 0:
                raise ValueError(f"{name} is 0 or more, not {value}")
        with self._lock:
            for name, value in settings.items():
                if hasattr(self._service.switches, name):
                    setattr(self._service.switches, name, value)
                elif name == "requests_a_second":
                    self._rate_limit.rate = value
                elif name == "tag_values_of_an_account":
                    self._service.tag_quota.of_account = value
                elif name == "tag_values_of_a_key":
                    self._service.tag_quota.of_key = value
                elif name == "sold_out":
                    self._service.sold_out = set(value)
                elif name == "balances":
                    self._service.balances = dict(value)
                else:
                    self._service.discount = value

    def add_fault(self, settings: Mapping[str, Any]) -> Fault:
        with self._lock:
            return self.faults.add(**settings)

    def _require_emulated_runs(self, decides: bool) -> None:
        if decides and self._service.execution is not None:
            raise ValueError(
                "tasks are executed here, in real time: their processes decide how they end and what they print"
            )

    @contextmanager
    def _state(self) -> Iterator[datetime]:
        """Yield the current time with the state locked; changes are made permanent."""
        with self._lock:
            yield self._service.catch_up()
            self._service.commit()

    def _task(self, id_or_name: str) -> Task:
        by_name = (task for task in self._service.tasks() if task.name == id_or_name)
        task = self._service.find(id_or_name) or next(by_name, None)
        if task is None:
            raise ValueError(f"there is no task with the id or name {id_or_name}")
        return task

    def _described(self, task: Task, now: datetime) -> dict[str, Any]:
        return {
            **masked_object(responses.detail(task, task.run, now, self._service.registry)),
            "TiProjectId": task.ti_project_id,
            "Runs": [
                {
                    "InstanceId": run.instance_id,
                    "History": [[status.value, at.isoformat()] for status, at in run.history],
                }
                for run in task.runs
            ],
            "Request": masked_object(task.body),
        }


def _status(name: str) -> Status:
    try:
        return Status(name)
    except ValueError:
        raise ValueError(f"{name} is not a status of a task: {', '.join(Status)}") from None


def _seconds(length: float | str) -> float:
    check_type("a duration", length, Length)
    seconds = float("inf") if length == FOREVER else float(length)
    if seconds < 0:
        raise ValueError(f"a duration is 0 or more seconds, or {FOREVER}, not {length}")
    return seconds
