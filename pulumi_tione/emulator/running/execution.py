"""All executed runs: their attempts, and how they end.

One run has several attempts only after a preemption. Without `--run` nothing is executed: then `tasks/run_rules.py`
decides how a run goes.
"""

from __future__ import annotations

import heapq
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import datetime, timedelta, timezone
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

from pulumi_tione.emulator.clock import Clock
from pulumi_tione.emulator.tasks.output import Line
from pulumi_tione.emulator.tasks.task import Run, Task
from pulumi_tione.emulator.tasks.transitions import Status

from .attempt import Attempt
from .container import Container
from .cos import Cos
from .folders import PREFIX, claim, remove_abandoned
from .process import can_show_opt_ml
from .spool import PrintedLine, read
from .supervisor import LAST_GRACE_SECONDS
from .ticker import Ticker

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_MICROSECOND = timedelta(microseconds=1)

State = Callable[[], AbstractContextManager[datetime]]
"""Locks all state and applies what is due; changes become permanent."""


class RunListener(Protocol):
    """What is notified of runs."""

    def nodes_are_ready(self, task: Task, run: Run) -> None: ...

    def nodes_have_ended(self, task: Task, run: Run, failure: str | None) -> None: ...


class Execution:
    """Keep processes and the statuses of runs consistent with each other.

    Its methods are called with the lock on all state, except `start` and `stop`.
    """

    def __init__(self, clock: Clock, cos: Cos | None = None) -> None:
        self.shows_opt_ml = can_show_opt_ml()
        self._clock = clock
        self._cos = cos
        # The output of nodes has the machine's time, and tasks may have another clock.
        self._ahead = clock.now() - datetime.now(timezone.utc)
        self._attempts: dict[str, list[Attempt]] = {}
        self._is_stopping = False

    def connect(self, life: RunListener, state: State) -> None:
        """Connect the listener; call this before anything else. From now on `stop` is needed."""
        self._listener = life
        self._state = state
        self._ticker = Ticker(self._clock.now, self._let_time_pass)
        remove_abandoned()
        self._folder = TemporaryDirectory(prefix=PREFIX, ignore_cleanup_errors=True)
        self._claim = claim(self.folder)

    @property
    def folder(self) -> Path:
        """The folder of all runs."""
        return Path(self._folder.name)

    def start(self) -> None:
        self._ticker.start()

    def stop(self) -> None:
        """End all processes, and remove their folders."""
        with self._state():
            self._is_stopping = True
            attempts = [attempt for of_run in self._attempts.values() for attempt in of_run]
        self._ticker.stop()
        for attempt in attempts:
            attempt.abandon(LAST_GRACE_SECONDS)
        for attempt in attempts:
            attempt.join()
        self._claim.close()
        self._folder.cleanup()

    def follow(self, task: Task) -> None:
        """Do what the status of a task's latest run requires. Further calls do nothing more."""
        run = task.run
        if not run.is_executed or self._is_stopping:
            return
        if run.due is not None:
            self._ticker.at(run.due)
        attempt = self._attempt_under_way(run)
        if run.status is Status.STARTING and attempt is None:
            self._begin(task, run)
        elif run.status is Status.STOPPING and attempt is None:
            self._listener.nodes_have_ended(task, run, None)
        elif run.status is Status.STOPPING and attempt is not None:
            attempt.end()
        elif run.status is Status.PENDING and attempt is not None:
            attempt.abandon()

    def forget(self, task: Task) -> None:
        """Remove everything of a deleted task."""
        for run in task.runs:
            for attempt in self._attempts.pop(run.instance_id, ()):
                attempt.abandon()
            self._clear(run)

    def container(self, run: Run, pod: str) -> Container | None:
        """Return the container of a pod, as of the given version of the run."""
        begun = sum(status is Status.STARTING for status, _ in run.history)
        attempts = self._attempts.get(run.instance_id, [])[:begun]
        containers = attempts[-1].containers if attempts else []
        return next((container for container in containers if container.node.pod.name == pod), None)

    def lines(
        self, run: Run, includes_pod: Callable[[str], bool], since: datetime, until: datetime, *, descending: bool
    ) -> Iterator[Line]:
        """Yield the lines that the selected pods of a run printed in a period, oldest or newest first."""
        # As numbers, because a period may start or end at the limits of datetime.
        begin, end = ((moment - _EPOCH) // _MICROSECOND - self._ahead // _MICROSECOND for moment in (since, until))
        of_pods = [
            self._lines(container.node.pod.name, read(container.spool, begin, end, descending=descending))
            for attempt in self._attempts.get(run.instance_id, ())
            for container in attempt.containers
            if includes_pod(container.node.pod.name)
        ]
        return heapq.merge(*of_pods, key=lambda line: line.key, reverse=descending)

    def _lines(self, pod: str, printed: Iterator[PrintedLine]) -> Iterator[Line]:
        for each in printed:
            at = _EPOCH + each.microseconds * _MICROSECOND + self._ahead
            yield Line(at, pod, each.number, each.text, each.stream)

    def _attempt_under_way(self, run: Run) -> Attempt | None:
        return next((attempt for attempt in self._attempts.get(run.instance_id, ()) if attempt.is_alive), None)

    def _begin(self, task: Task, run: Run) -> None:
        attempts = self._attempts.setdefault(run.instance_id, [])
        attempt = Attempt(
            task,
            run,
            self._folder_of(run) / str(len(attempts)),
            self._cos,
            self._clock.now,
            self._has_started,
            self._has_ended,
            shows_opt_ml=self.shows_opt_ml,
        )
        attempts.append(attempt)
        attempt.start()

    def _has_started(self, attempt: Attempt) -> None:
        with self._state():
            self._listener.nodes_are_ready(attempt.task, attempt.run)

    def _has_ended(self, attempt: Attempt, failure: str | None) -> None:
        with self._state():
            attempt.is_alive = False
            if attempt.run.instance_id not in self._attempts:
                self._clear(attempt.run)
            elif attempt.is_abandoned:
                self.follow(attempt.task)  # its successor may be due by now
            else:
                self._listener.nodes_have_ended(attempt.task, attempt.run, failure)

    def _let_time_pass(self) -> None:
        with self._state():
            pass

    def _folder_of(self, run: Run) -> Path:
        return self.folder / run.instance_id

    def _clear(self, run: Run) -> None:
        shutil.rmtree(self._folder_of(run), ignore_errors=True)
