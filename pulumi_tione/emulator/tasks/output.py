"""The output of runs, derived from their history: log lines, events and pods.

With `--run` the lines come from `running/spool.py` instead. `actions/pods_and_logs.py` filters and pages them. What a
command prints is predicted in `workload.py`.
"""

from __future__ import annotations

import hashlib
import heapq
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pulumi_tione.emulator.resources.catalogue import instance_count

from .task import MAX_DURATION_SECONDS, Run, Task
from .transitions import TERMINAL, Status

POD_STATUS = {
    Status.PENDING: "PENDING",
    Status.STARTING: "PENDING",
    Status.RUNNING: "RUNNING",
    Status.STOPPING: "TERMINATING",
    Status.STOPPED: "TERMINATED",
    Status.FAILED: "FAILED",
    Status.SUCCEED: "SUCCEEDED",
}
"""The statuses of pods, spelt as the API spells them [D]; a task has no pods before it is submitted [I]."""


@dataclass(frozen=True)
class Pod:
    """A node of a run: its name, and the group of nodes that it belongs to."""

    name: str
    address: str
    group: dict[str, Any]


@dataclass(frozen=True)
class Line:
    """A line that a pod printed. `number` distinguishes lines of the same time."""

    at: datetime
    pod: str
    number: int
    text: str
    stream: str = "stdout"

    @property
    def key(self) -> tuple[str, str, int]:
        """Its position among all lines."""
        return (self.at.isoformat(timespec="microseconds"), self.pod, self.number)

    @property
    def id(self) -> str:
        return hashlib.sha256(repr(self.key).encode()).hexdigest()[:32]


@dataclass(frozen=True)
class Occurrence:
    """Something that happened to a run."""

    at: datetime
    message: str
    is_warning: bool
    number: int


def pods(task: Task, run: Run) -> list[Pod]:
    """Return the pods of a run. The first of the workers is the master, as documented for DDP [I]."""
    if run.status not in POD_STATUS or not any(status is Status.PENDING for status, _ in run.history):
        return []
    names = []
    counted: dict[str, int] = {}
    for group in task.body["ResourceConfigInfos"]:
        for _ in range(instance_count(group)):
            role = group["Role"].lower()
            if role == "worker" and "master" not in counted:
                role = "master"
            names.append((f"{run.instance_id}-{role}-{counted.get(role, 0)}", group))
            counted[role] = counted.get(role, 0) + 1
    return [Pod(name, f"10.0.{1 + n // 250}.{1 + n % 250}", group) for n, (name, group) in enumerate(names)]


def lines(
    task: Task,
    run: Run,
    includes_pod: Callable[[str], bool],
    has_keywords: Callable[[str], bool],
    since: datetime,
    until: datetime,
    *,
    descending: bool,
) -> Iterator[Line]:
    """Yield the lines that the selected pods of an emulated run printed in a period, oldest or newest first.

    A run prints what a test decided, or what its start command prints if it can be parsed, or one line: that nothing is
    executed. There may be many pods and lines; only as many are made as are consumed.
    """
    printed = [
        (timedelta(seconds=after), number, text)
        for number, (after, text) in enumerate(_printed(task, run))
        if after <= MAX_DURATION_SECONDS and has_keywords(text)
    ]
    printed.sort()
    # A preempted run prints again: its lines must differ from the earlier ones.
    ahead = 1 + max((number for _, number, _ in printed), default=0)
    periods = [(index * ahead, period) for index, period in enumerate(_periods_of_running(run))]
    of_pods = [
        _lines_of_pod(pod.name, printed, periods, since, until, descending=descending)
        for pod in pods(task, run)
        if includes_pod(pod.name)
    ]
    return heapq.merge(*of_pods, key=lambda line: line.key, reverse=descending)


def _lines_of_pod(
    pod: str,
    printed: Sequence[tuple[timedelta, int, str]],
    periods: Sequence[tuple[int, tuple[datetime, datetime | None]]],
    since: datetime,
    until: datetime,
    *,
    descending: bool,
) -> Iterator[Line]:
    for ahead, (begin, end) in reversed(periods) if descending else periods:
        last = until if end is None else min(end, until)
        of_period = range(
            bisect_left(printed, since - begin, key=_after), bisect_right(printed, last - begin, key=_after)
        )
        for place in reversed(of_period) if descending else of_period:
            after, number, text = printed[place]
            yield Line(begin + after, pod, ahead + number, text)


def _after(printed: tuple[timedelta, int, str]) -> timedelta:
    return printed[0]


def occurrences(run: Run, now: datetime) -> list[Occurrence]:
    """Return what happened to a run until now: that it entered each of its statuses."""
    return [
        Occurrence(at, f"The task is {status.value}.{_reason(run, status)}", _is_warning(status), number)
        for number, (status, at) in enumerate(run.history)
        if at <= now
    ]


def _printed(task: Task, run: Run) -> tuple[tuple[float, str], ...]:
    if run.plan.output is not None:
        return run.plan.output
    if task.program.workload is not None:
        return task.program.workload.output
    return ((0.0, "This run is emulated: its start command is not executed."),)


def _periods_of_running(run: Run) -> Iterator[tuple[datetime, datetime | None]]:
    """Yield when the run was RUNNING: more than once if it was preempted."""
    ends: list[datetime | None] = [at for _, at in run.history[1:]]
    for (status, at), end in zip(run.history, [*ends, None], strict=True):
        if status is Status.RUNNING:
            yield at, end


def _is_warning(status: Status) -> bool:
    return status in (Status.FAILED, Status.SUBMIT_FAILED)


def _reason(run: Run, status: Status) -> str:
    return f" {run.failure_reason}" if run.failure_reason and status in TERMINAL else ""
