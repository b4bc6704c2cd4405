"""The poller of a program: the statuses of all tasks of a region and workspace, with one list call for each fifty."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pulumi_tione._api.logs import newest_line
from pulumi_tione._api.pods import readiness, short_pod
from pulumi_tione._api.protocols import PAGE_SIZE, TaskAndLogApi
from pulumi_tione._api.status import status_of
from pulumi_tione._text import sanitize_line
from pulumi_tione.errors import TioneError

_FIRST_LOOK_SECONDS = 0.2
"""How long the first look at a task waits for those at others."""

_LEAST_SECONDS, _MOST_SECONDS = 1.0, 15.0
"""Between two looks: the pause grows while nothing changes."""

_LEAST_SECONDS_A_PAGE = 0.25
"""So many more for each page of tasks, so that a thousand of them leave room for other list calls."""

_LINE_LENGTH = 200
"""How much of a log line fits a row."""

_LOOKED_INTO = 10
"""How many tasks are asked about by themselves at one look, for pods or for log lines: each costs a call."""

_T = TypeVar("_T")


@dataclass
class _Batch:
    ids: list[str] = field(default_factory=list)
    answer: asyncio.Future[Mapping[str, Mapping[str, Any]]] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )


class StatusPoller:
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
        client: TaskAndLogApi,
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
        self._questions_left = {"pods": _LOOKED_INTO, "line": _LOOKED_INTO}

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

    async def pods(self, task_id: str) -> str:
        """Say how many pods of a task are ready, and which one is not; nothing where that is not known.

        At most ten tasks are asked about between two looks.
        """
        return await self._looked_into("pods", lambda: _said(self.client.pods(task_id, self.workspace))) or ""

    async def newest_line(self, task_id: str) -> str | None:
        """Give the last line of a task's log, with its pod, or nothing where there is none, or it cannot be read.

        At most ten tasks are asked about between two looks.
        """
        return await self._looked_into("line", lambda: self._newest_line(task_id))

    def _newest_line(self, task_id: str) -> str | None:
        detail = self.client.describe_training_task(task_id, self.workspace)
        line = None if detail is None else newest_line(self.client, detail, self.workspace)
        if detail is None or line is None:
            return None
        text = sanitize_line(f"{short_pod(str(detail['LatestInstanceId']), line.pod)}: {line.text}")
        return text if len(text) <= _LINE_LENGTH else f"{text[:_LINE_LENGTH]} …"

    async def _looked_into(self, what: str, question: Callable[[], _T]) -> _T | None:
        if not self._questions_left[what]:
            return None
        self._questions_left[what] -= 1
        try:
            return await asyncio.to_thread(question)
        except TioneError:
            return None

    async def pause(self) -> None:
        """Wait as long as between two looks, after one that failed."""
        await self._sleep(_MOST_SECONDS * self._spread())

    def forget(self, task_id: str) -> None:
        """Drop what is remembered of a task that nobody waits for any more."""
        self._statuses.pop(task_id, None)

    async def _ask(self, batch: _Batch, is_first: bool) -> None:
        await self._sleep(_FIRST_LOOK_SECONDS if is_first else self._pause * self._spread())
        del self._gathering[is_first]
        self._questions_left = dict.fromkeys(self._questions_left, _LOOKED_INTO)
        items: dict[str, Mapping[str, Any]] = {}
        try:
            for begin in range(0, len(batch.ids), PAGE_SIZE):
                page = batch.ids[begin : begin + PAGE_SIZE]
                items.update(await asyncio.to_thread(self.client.training_tasks_by_id, page, self.workspace))
        except Exception as error:  # noqa: BLE001  whatever it is: those who share the look must not wait for ever
            batch.answer.set_exception(error)
        else:
            self._choose_pause(items)
            batch.answer.set_result(items)

    def _choose_pause(self, items: Mapping[str, Mapping[str, Any]]) -> None:
        now = {task_id: status_of(item) for task_id, item in items.items()}
        changed = any(self._statuses.get(task_id) != status for task_id, status in now.items())
        self._statuses.update(now)
        least = max(_LEAST_SECONDS, len(self._statuses) / PAGE_SIZE * _LEAST_SECONDS_A_PAGE)
        self._pause = least if changed else min(self._pause * 1.5, max(least, _MOST_SECONDS))


def _said(pods: Sequence[Mapping[str, Any]]) -> str:
    """Say how many pods are ready, and which one lags."""
    if not pods:
        return ""
    now = readiness(pods)
    which = f", {now.lagging} is {now.status_of_lagging}" if now.lagging else ""
    return f" ({now.ready} of {now.total} pods ready{which})"
