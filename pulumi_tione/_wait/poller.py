"""The poller of a program: the statuses of all tasks of a region and workspace, with one list call for each fifty.

Between two polls are 1 to 15 seconds, times 1.0 to 1.2; each pause is 1.1 times the one before while nothing changes.
For 10 tasks between two polls, pods or log lines are requested. `waiter.py` decides what a status means for a wait, and
when one ends: without `timeout=` it has no time limit. The loop of the provider's polls is `_api/polling.py`.
"""

from __future__ import annotations

import asyncio
import math
import random
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar

from pulumi_tione._api.logs import newest_line
from pulumi_tione._api.pods import readiness, short_pod
from pulumi_tione._api.polling import backoff
from pulumi_tione._api.protocols import PAGE_SIZE, TaskAndLogApi
from pulumi_tione._api.status import status_of
from pulumi_tione._api.status_batcher import Batcher
from pulumi_tione._text import sanitize_line
from pulumi_tione.errors import TioneError

_FIRST_POLL_SECONDS = 0.2
"""How long the first poll waits for other tasks."""

_MIN_SECONDS, _MAX_SECONDS = 1.0, 15.0
"""The pauses between two polls: they grow while nothing changes. New tasks have a pause of their own."""

_GROWTH = 1.1
"""The factor from each pause to the next: a change is noticed within about a tenth of the time since the last one."""

_MIN_SECONDS_PER_PAGE, _MIN_SECONDS_PER_PAGE_FOR_NEW_TASKS = 0.25, 1.0
"""The pause grows with the number of pages, so that a thousand tasks leave room for other list calls. Each task that is
being created needs one, too: while new tasks come, the polls send one call a second on average."""

_MAX_PAGES_AT_ONCE = 4
"""How many pages are requested at the same time: a change is noticed later the longer a poll takes."""

_MAX_LINE_LENGTH = 200
"""How much of a log line fits a row."""

_MAX_REQUESTS_PER_POLL = 10
"""For how many tasks pods or log lines are requested between two polls: each costs a call."""

_Item = Mapping[str, Any]
_T = TypeVar("_T")


class StatusPoller:
    """Polls the tasks that a program waits for, all of them with one list call for each fifty.

    There is no task in the background: the first wait that polls does it for all.

    Args:
        client: of the tasks' region.
        workspace: the tasks' workspace.
        sleep: makes the pauses.
        jitter: returns a factor of 1 or more for each pause, so that several programs do not poll in step.
        clock: the time in seconds, from any beginning.
    """

    def __init__(
        self,
        client: TaskAndLogApi,
        workspace: str | None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        jitter: Callable[[], float] = lambda: random.uniform(1.0, 1.2),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.client = client
        self.workspace = workspace
        self.has_response = False
        """Whether the service has returned a list of tasks to this poller."""
        self._sleep = sleep
        self._jitter = jitter
        self._clock = clock
        self._batcher: Batcher[_Item] = Batcher()
        self._statuses: dict[str, str] = {}
        """The last status of each task that is waited for; empty before its first poll."""
        self._has_new_task = False
        """Whether a task has come since the last poll began."""
        self._polled_at = -math.inf
        self._pause = self._pause_for_new_task = _MIN_SECONDS
        self._pauses = backoff(_MIN_SECONDS, _MAX_SECONDS)
        self._requests_left = {"pods": _MAX_REQUESTS_PER_POLL, "line": _MAX_REQUESTS_PER_POLL}

    async def poll(self, task_id: str) -> _Item | None:
        """Return the list's item of a task at the next poll, which is for all tasks; None, if no list shows it."""
        if task_id not in self._statuses:
            self._has_new_task = True
        return await self._batcher.get_async(None, task_id, self._fetch, self._gather)

    def slow_down(self) -> None:
        """Make the next pause the longest one, because a request has failed."""
        self._pause = self._pause_for_new_task = _MAX_SECONDS

    def forget(self, task_id: str) -> None:
        """Drop what is remembered of a task when a wait for it has ended."""
        self._statuses.pop(task_id, None)

    async def pods(self, task_id: str) -> str:
        """Describe how many pods of a task are ready, and which one is not; empty where that is not known.

        The pods of at most ten tasks are requested between two polls.
        """
        return await self._requested("pods", lambda: _readiness(self.client.pods(task_id, self.workspace))) or ""

    async def newest_line(self, task_id: str) -> str | None:
        """Return the last line of a task's log, with its pod; None where there is none, or it cannot be read.

        The lines of at most ten tasks are requested between two polls.
        """
        return await self._requested("line", lambda: self._newest_line(task_id))

    def _newest_line(self, task_id: str) -> str | None:
        detail = self.client.describe_training_task(task_id, self.workspace)
        line = None if detail is None else newest_line(self.client, detail, self.workspace)
        if detail is None or line is None:
            return None
        text = sanitize_line(f"{short_pod(str(detail['LatestInstanceId']), line.pod)}: {line.text}")
        return text if len(text) <= _MAX_LINE_LENGTH else f"{text[:_MAX_LINE_LENGTH]} …"

    async def _requested(self, what: str, request: Callable[[], _T]) -> _T | None:
        if not self._requests_left[what]:
            return None
        self._requests_left[what] -= 1
        try:
            return await asyncio.to_thread(request)
        except TioneError:
            return None

    async def _gather(self) -> None:
        """Pause until the next poll."""
        if not self._statuses:
            since = self._clock() - self._polled_at
            await self._sleep(max(_FIRST_POLL_SECONDS, self._pause_for_new_task - since))
            return
        pause, passed = self._pause * self._jitter(), 0.0
        while (remaining := (self._pause_for_new_task if self._has_new_task else pause) - passed) > 0:
            part = min(_MIN_SECONDS, remaining)
            await self._sleep(part)
            passed += part

    async def _fetch(self, task_ids: Sequence[str]) -> Mapping[str, _Item]:
        self._has_new_task = False
        self._requests_left = dict.fromkeys(self._requests_left, _MAX_REQUESTS_PER_POLL)
        for task_id in task_ids:
            self._statuses.setdefault(task_id, "")
        pages = [task_ids[begin : begin + PAGE_SIZE] for begin in range(0, len(task_ids), PAGE_SIZE)]
        free = asyncio.Semaphore(_MAX_PAGES_AT_ONCE)

        async def items_of(page: Sequence[str]) -> Mapping[str, _Item]:
            async with free:
                return await asyncio.to_thread(self.client.training_tasks_by_id, page, self.workspace)

        items = {
            task_id: item for page in await asyncio.gather(*map(items_of, pages)) for task_id, item in page.items()
        }
        self._polled_at = self._clock()
        self.has_response = True
        self._choose_pause({task_id: status_of(item) for task_id, item in items.items()})
        return items

    def _choose_pause(self, statuses: Mapping[str, str]) -> None:
        """Poll soon again after a change, and less and less often while nothing changes."""
        pages = len(self._statuses) / PAGE_SIZE
        shortest = max(_MIN_SECONDS, pages * _MIN_SECONDS_PER_PAGE)
        if any(self._statuses.get(task_id) != status for task_id, status in statuses.items()):
            self._pauses = backoff(shortest, max(shortest, _MAX_SECONDS), _GROWTH)
        self._statuses.update(statuses)
        self._pause = next(self._pauses)
        self._pause_for_new_task = max(shortest, min(pages * _MIN_SECONDS_PER_PAGE_FOR_NEW_TASKS, _MAX_SECONDS))


def _readiness(pods: Sequence[Mapping[str, Any]]) -> str:
    """Describe how many pods are ready, and which one is not."""
    if not pods:
        return ""
    state = readiness(pods)
    pending = f", {state.lagging} is {state.status_of_lagging}" if state.lagging else ""
    return f" ({state.ready} of {state.total} pods ready{pending})"
