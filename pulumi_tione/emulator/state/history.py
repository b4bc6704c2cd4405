"""What was true until lately, for reads that lag: the versions of each task, and the moments that reads see.

A moment is later than the writes before it and earlier than those after it, also where the clock stands still between
them: writes and moments are numbered. Time counts as it passes for those who call, and as a test moves it on.
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
    """By the wall's clock, and moved on as the tasks' is."""
    number: float
    """How many writes there had been; infinite where all writes of that instant count."""
    now: datetime
    """By the clock that tasks live by."""


class _Version(NamedTuple):
    """A task as it was after a write; None: it was gone."""

    since: Moment
    task: Task | None


class _Mark(NamedTuple):
    """From when on the tasks' clock has run at what speed."""

    at: datetime
    now: datetime
    speed: float


_SHOW_TAGS = frozenset({"lists", "details"})
"""Kinds of reads that show tags beside what is their own."""

_SLACK = 64
"""So many versions that nobody needs may lie about before they are looked for."""


class History:
    """Versions of all tasks, for as long as a lagging read may need them.

    A kind of read never sees what was before it began to lag, nor goes back in time when it comes to lag more.
    """

    def __init__(self, clock: Clock, lag: Lag, tasks: dict[str, Task]) -> None:
        """`tasks` are the true ones, now and whenever one is asked for what is true."""
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
        """Tasks of which there is more than the version that holds."""
        self._until_sweep = _SLACK

    def change(self, lag: Lag) -> None:
        """Lag otherwise from now on; what was seen stays seen."""
        self._floors = {kind: self._seen(kind) for kind in KINDS}
        self._calls = {kind: deque() for kind in KINDS}
        self.lag = lag

    def record(self, task_id: str, task: Task | None) -> None:
        """Keep what a write made of a task."""
        self._number += 1
        versions = self._versions.setdefault(task_id, [])
        versions.append(_Version(self._present(), None if task is None else task.copy()))
        if len(versions) > 1:
            self._superseded.add(task_id)
        self._sweep_if_due()

    def note_advance(self, real: datetime, now: datetime, seconds: float) -> None:
        """Note that the clocks were moved on from these times: meanwhile tasks lived second by second."""
        moved = timedelta(seconds=seconds)
        self._marks += [_Mark(real, now, 1.0), _Mark(real + moved, now + moved, self._clock.speed)]
        self._sweep_if_due()

    def view(self, kind: str) -> View:
        """Return what a call of this kind sees. Each call counts, and is to come here once."""
        moment = self._called(kind)
        tags = self._called("tags") if kind in _SHOW_TAGS else moment
        if not (self._lags(kind) or (kind in _SHOW_TAGS and self._lags("tags"))):
            return View(self._tasks, moment.now)
        return View(_Past(self, moment, tags), moment.now)

    def version(self, task_id: str, moment: Moment) -> Task | None:
        """Return a task as a write had left it at a moment."""
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
        """The moment that a kind of read has come to see."""
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
        # Of what was before the first mark nothing is shown: every kind of read has begun later.
        mark = self._marks[self._mark_before(at)]
        return Moment(at, math.inf, mark.now + (at - mark.at) * mark.speed)

    def _mark_before(self, at: datetime) -> int:
        return max(bisect_right(self._marks, at, key=lambda mark: mark.at) - 1, 0)

    def _sweep_if_due(self) -> None:
        """Sweep once as much has been kept anew as there was after the last sweep: that costs little, on average."""
        self._until_sweep -= 1
        if self._until_sweep <= 0:
            self._sweep()
            left = sum(len(self._versions[task_id]) for task_id in self._superseded) + len(self._marks)
            self._until_sweep = left + _SLACK

    def _sweep(self) -> None:
        """Forget what no read will ask for any more: neither one by time, nor one by calls."""
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
    """The tasks as they were at a moment, with the tags of an earlier one where tags lag more."""

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
