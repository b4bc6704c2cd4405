"""Earlier states for reads that lag: the versions of each task, and the moments that reads see.

A moment is later than the writes before it and earlier than those after it, even if the clock stands still between
them, because writes and moments have numbers. Time is the callers' time, plus what a test advances.

How far reads lag is set in `faults/lag.py`, and `view.py` is what such a read sees.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

from pulumi_tione.emulator.clock import Clock
from pulumi_tione.emulator.faults.lag import KINDS, Calls, Lag
from pulumi_tione.emulator.tasks.task import Task

from .view import View


class Moment(NamedTuple):
    """A moment between two writes."""

    at: datetime
    """The wall clock's time, advanced like the tasks' clock."""
    number: float
    """The number of writes before it; infinite if all writes of that instant count."""
    now: datetime
    """The tasks' clock."""


class _Version(NamedTuple):
    """A task after a write; None if it was deleted."""

    since: Moment
    task: Task | None


class _Mark(NamedTuple):
    """A point from which the tasks' clock has run at a known speed."""

    at: datetime
    now: datetime
    speed: float


_SHOW_TAGS = frozenset({"lists", "details"})
"""Kinds of reads that show tags in addition to their own content."""

_SLACK = 64
"""The number of unneeded versions that may accumulate before they are removed."""


class History:
    """Versions of all tasks, for as long as a lagging read may need them.

    No kind of read sees what was before it began to lag, nor goes back in time when its lag grows.
    """

    def __init__(self, clock: Clock, lag: Lag, tasks: dict[str, Task]) -> None:
        """`tasks` are the current tasks, now and at any later time."""
        self.lag = lag
        self._clock = clock
        self._tasks = tasks
        self._number = 0
        begin = self._present()
        self._marks = [_Mark(begin.at, begin.now, clock.speed)]
        self._floors = dict.fromkeys(KINDS, begin)
        self._calls: dict[str, deque[Moment]] = {kind: deque() for kind in KINDS}
        self._versions = {task_id: [_Version(begin, task.copy())] for task_id, task in tasks.items()}
        self._superseded: set[str] = set()
        """Tasks that have more than their current version."""
        self._until_sweep = _SLACK

    def change(self, lag: Lag) -> None:
        """Change the lag; reads see nothing older than what they saw before."""
        self._floors = {kind: self._seen(kind) for kind in KINDS}
        self._calls = {kind: deque() for kind in KINDS}
        self.lag = lag

    def record(self, task_id: str, task: Task | None) -> None:
        """Keep the result of a write."""
        self._number += 1
        versions = self._versions.setdefault(task_id, [])
        versions.append(_Version(self._present(), None if task is None else task.copy()))
        if len(versions) > 1:
            self._superseded.add(task_id)
        self._sweep_if_due()

    def note_advance(self, real: datetime, now: datetime, seconds: float) -> None:
        """Record that the clocks were advanced from these times: the tasks lived through the skipped seconds."""
        moved = timedelta(seconds=seconds)
        self._marks += [_Mark(real, now, 1.0), _Mark(real + moved, now + moved, self._clock.speed)]
        self._sweep_if_due()

    def view(self, kind: str) -> View:
        """Return what a call of this kind sees. Each call counts, so ask only once per call."""
        moment = self._called(kind)
        tags = self._called("tags") if kind in _SHOW_TAGS else moment
        if not (self._lags(kind) or (kind in _SHOW_TAGS and self._lags("tags"))):
            return View(self._tasks, moment.now)
        return View(_Past(self, moment, tags), moment.now)

    def version(self, task_id: str, moment: Moment) -> Task | None:
        """Return a task as it was at a moment."""
        versions = self._versions.get(task_id, ())
        return next((version.task for version in reversed(versions) if version.since <= moment), None)

    def ids(self) -> Iterator[str]:
        return iter(self._versions)

    def _called(self, kind: str) -> Moment:
        """Count a call; return the moment that it sees."""
        delay = self.lag.of(kind)
        if not isinstance(delay, Calls):
            return self._seen(kind)
        calls = self._calls[kind]
        calls.append(self._present())
        if len(calls) > delay.number:
            self._floors[kind] = calls.popleft()
        return self._floors[kind]

    def _seen(self, kind: str) -> Moment:
        """Return the moment that a kind of read sees now."""
        delay, floor = self.lag.of(kind), self._floors[kind]
        if not self._lags(kind):
            return self._present()
        return floor if isinstance(delay, Calls) else max(floor, self._ago(delay))

    def _lags(self, kind: str) -> bool:
        return self.lag.of(kind) not in (0, Calls(0))

    def _present(self) -> Moment:
        real, now = self._clock.read()
        return Moment(real, self._number, now)

    def _ago(self, seconds: float) -> Moment:
        real, _ = self._clock.read()
        at = real - timedelta(seconds=seconds)
        # Nothing from before the first mark is shown: every kind of read began later.
        mark = self._marks[self._mark_before(at)]
        return Moment(at, math.inf, mark.now + (at - mark.at) * mark.speed)

    def _mark_before(self, at: datetime) -> int:
        return max(bisect_right(self._marks, at, key=lambda mark: mark.at) - 1, 0)

    def _sweep_if_due(self) -> None:
        """Sweep when as many versions were added as the last sweep left: that costs little on average."""
        self._until_sweep -= 1
        if self._until_sweep <= 0:
            self._sweep()
            left = sum(len(self._versions[task_id]) for task_id in self._superseded) + len(self._marks)
            self._until_sweep = left + _SLACK

    def _sweep(self) -> None:
        """Remove versions that no read will need, whether it lags by time or by calls."""
        by_time = [kind for kind in KINDS if not isinstance(self.lag.of(kind), Calls)]
        oldest = min((self._seen(kind) for kind in by_time), default=self._present())
        by_calls = [kind for kind in KINDS if kind not in by_time]
        moments = [moment for kind in by_calls for moment in (self._floors[kind], *self._calls[kind])]
        for task_id in tuple(self._superseded):
            versions = self._versions[task_id]
            kept = [
                version
                for version, after in pairwise(versions)
                if after.since > oldest or any(version.since <= moment < after.since for moment in moments)
            ]
            self._versions[task_id] = [*kept, versions[-1]]
            if not kept:
                self._superseded.discard(task_id)
                if versions[-1].task is None:
                    del self._versions[task_id]
        self._marks = self._marks[self._mark_before(oldest.at) :]


class _Past:
    """The tasks as they were at a moment, with earlier tags where tags lag more."""

    def __init__(self, history: History, moment: Moment, tags: Moment) -> None:
        self._history = history
        self._moment = moment
        self._tags = tags

    def get(self, task_id: str, /) -> Task | None:
        version = self._history.version(task_id, self._moment)
        if version is None:
            return None
        task = version.as_of(self._moment.now)
        if self._tags < self._moment:
            tagged = self._history.version(task_id, self._tags)
            tags, system_tags = (tagged.tags, tagged.system_tags) if tagged else ({}, {})
            task = replace(task, tags=tags, system_tags=system_tags)
        return task

    def values(self) -> Iterator[Task]:
        found = (self.get(task_id) for task_id in self._history.ids())
        return (task for task in found if task is not None)
