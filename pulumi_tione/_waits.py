"""Waiting in the program: one poller for all tasks of a region and workspace, and what each wait makes of a look."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from pulumi_tione._client import PAGE, Client
from pulumi_tione._waiting import has_reached, is_at_rest
from pulumi_tione.errors import NotSentError, TaskError, TioneError, may_be_asked_again
from pulumi_tione.lifecycle.presence import detail_or_gone

_FIRST_LOOK_SECONDS = 0.2
"""How long the first look at a task waits for those at others."""

_LEAST_SECONDS, _MOST_SECONDS = 1.0, 15.0
"""Between two looks: the pause grows while nothing changes."""

_LEAST_SECONDS_A_PAGE = 0.25
"""So many more for each page of tasks, so that a thousand of them leave room for other list calls."""

_PATIENCE = timedelta(minutes=30)
"""How long statuses may stay unreadable, for reasons that may pass, before a wait gives up."""

_SECONDS_BETWEEN_MESSAGES = 60.0
"""A non-interactive `pulumi up` prints each message as a line."""


@dataclass
class _Batch:
    ids: list[str] = field(default_factory=list)
    answer: asyncio.Future[Mapping[str, Mapping[str, Any]]] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )


class Lookout:
    """Looks at the tasks that a program waits for, all of them with one list call for each fifty.

    There is no task in the background: the first who asks makes the next look for all.

    Args:
        client: of the tasks' region.
        workspace: the tasks' workspace.
        sleep: how pauses are made.
        spread: what pauses are multiplied with, so that several programs do not ask in step.
    """

    def __init__(
        self,
        client: Client,
        workspace: str | None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        spread: Callable[[], float] = lambda: random.uniform(0.8, 1.2),
    ) -> None:
        self.client = client
        self.workspace = workspace
        self._sleep = sleep
        self._spread = spread
        self._pause = _LEAST_SECONDS
        self._statuses: dict[str, str] = {}
        self._gathering: dict[bool, _Batch] = {}

    async def look(self, task_id: str) -> Mapping[str, Any] | None:
        """Give the list's item of a task at the next look; nothing if no list shows it."""
        is_first = task_id not in self._statuses
        batch = self._gathering.get(is_first)
        if batch is None:
            batch = self._gathering[is_first] = _Batch()
            batch.ids.append(task_id)
            await self._ask(batch, is_first)
        elif task_id not in batch.ids:
            batch.ids.append(task_id)
        return (await asyncio.shield(batch.answer)).get(task_id)

    async def pause(self) -> None:
        """Wait as long as between two looks, after one that failed."""
        await self._sleep(_MOST_SECONDS * self._spread())

    def forget(self, task_id: str) -> None:
        """Drop what is remembered of a task that nobody waits for any more."""
        self._statuses.pop(task_id, None)

    async def _ask(self, batch: _Batch, is_first: bool) -> None:
        await self._sleep(_FIRST_LOOK_SECONDS if is_first else self._pause * self._spread())
        del self._gathering[is_first]
        items: dict[str, Mapping[str, Any]] = {}
        try:
            for begin in range(0, len(batch.ids), PAGE):
                page = batch.ids[begin : begin + PAGE]
                items.update(await asyncio.to_thread(self.client.training_tasks_by_id, page, self.workspace))
        except TioneError as error:
            batch.answer.set_exception(error)
        else:
            self._choose_pause(items)
            batch.answer.set_result(items)

    def _choose_pause(self, items: Mapping[str, Mapping[str, Any]]) -> None:
        now = {task_id: str(item.get("Status")) for task_id, item in items.items()}
        changed = any(self._statuses.get(task_id) != status for task_id, status in now.items())
        self._statuses.update(now)
        least = max(_LEAST_SECONDS, len(self._statuses) / PAGE * _LEAST_SECONDS_A_PAGE)
        self._pause = least if changed else min(self._pause * 1.5, max(least, _MOST_SECONDS))


@dataclass(frozen=True)
class Goal:
    """What is waited for."""

    task_id: str
    name: str
    uin: str
    """The account that the state records for the task."""
    statuses: Sequence[str]
    """The statuses of which one is enough."""
    timeout: timedelta | None = None

    def __str__(self) -> str:
        return " or ".join(self.statuses)

    @property
    def task(self) -> str:
        """The task, as errors call it."""
        return f"training task {self.name!r} ({self.task_id})"


async def wait(
    goal: Goal, lookout: Lookout, show: Callable[[str], None], clock: Callable[[], float] = time.monotonic
) -> Mapping[str, Any]:
    """Wait until the goal is reached, and give the task's detail.

    Args:
        goal: what is waited for.
        lookout: of the task's region and workspace.
        show: shows a message on the task's row.
        clock: the time in seconds, from any beginning.

    Raises:
        TaskError: the task ended otherwise, is gone, or was not there in time.
        TioneError: its status cannot be read.
    """
    try:
        return await _wait(goal, lookout, show, clock)
    finally:
        lookout.forget(goal.task_id)


async def _wait(
    goal: Goal, lookout: Lookout, show: Callable[[str], None], clock: Callable[[], float]
) -> Mapping[str, Any]:
    begun = seen = clock()
    status, since, shown = "", begun, begun
    while True:
        try:
            item = await lookout.look(goal.task_id) or await _detail(goal, lookout)
        except TioneError as error:
            if not (may_be_asked_again(error) or isinstance(error, NotSentError)):
                raise
            if clock() - seen > _PATIENCE.total_seconds():
                raise TaskError(
                    f"the status of {goal.task} could not be read for {_span(clock() - seen)}: {error}"
                ) from error
            show(f"status unknown for {_span(clock() - seen)}: {error}")
            await lookout.pause()
            continue
        now = seen = clock()
        is_new = item["Status"] != status
        status, since = str(item["Status"]), now if is_new else since
        if any(has_reached(status, wanted) for wanted in goal.statuses):
            if shown > begun:
                show(f"{status} after {_span(now - begun)}")
            return await _detail(goal, lookout)
        if is_at_rest(status):
            raise TaskError(_ended_otherwise(goal, await _detail(goal, lookout)))
        if goal.timeout is not None and now - begun >= goal.timeout.total_seconds():
            raise TaskError(f"{goal.task} is {status} after {_span(now - begun)}, not {goal} as awaited; it runs on")
        if is_new or now - shown >= _SECONDS_BETWEEN_MESSAGES:
            how_long = "" if is_new else f" for {_span(now - since)}"
            hint = "; interrupting leaves it running, `pulumi destroy` stops it" if shown == begun else ""
            show(f"{status}{how_long}, waiting for {goal}{hint}")
            shown = now


async def _detail(goal: Goal, lookout: Lookout) -> Mapping[str, Any]:
    recorded = {"name": goal.name, "uin": goal.uin, "tiProjectId": lookout.workspace}
    detail = await asyncio.to_thread(detail_or_gone, lookout.client, goal.task_id, recorded)
    if detail is None:
        raise TaskError(
            f"{goal.task} no longer exists: its result is unknown. Run `pulumi refresh` to take it out of the state; "
            "the next `pulumi up` then creates it again"
        )
    return detail


def _ended_otherwise(goal: Goal, detail: Mapping[str, Any]) -> str:
    operator = detail.get("OperatorInfo") or {}
    who = ""
    if detail.get("Status") == "STOPPED":
        by_platform = operator.get("IsPlatformOperator")
        who = " by the platform" if by_platform else f" by {operator.get('SubUinName') or 'a user'}"
    reason = detail.get("FailureReason") or detail.get("Message") or "the service gives no reason"
    return (
        f"{goal.task} ended {detail.get('Status')}{who}, not {goal} as awaited: {reason}. It stays in the state and is "
        "not run again by itself; change `triggers` to replace it by a new run, or set `rerun_on_failure`"
    )


def _span(seconds: float) -> str:
    """Say how long: in seconds, minutes or hours."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
