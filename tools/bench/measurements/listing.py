"""List calls while tasks are awaited, some of which are created while others are awaited already."""

from __future__ import annotations

import asyncio
import math
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pulumi_tione._api.client import Client
from pulumi_tione._api.status import Status
from pulumi_tione._config.settings import Settings
from pulumi_tione._wait.poller import StatusPoller
from pulumi_tione._wait.waiter import WaitTarget, wait
from tools.bench.figures import Figure, figure
from tools.bench.measurements.measurement import Measurement, Run
from tools.bench.stacks import ANSWER_SECONDS, BODY, REQUESTS_A_SECOND, service, show

_COUNT = 1000
_NAME = f"list-calls-{_COUNT}"
_PAGE_SIZE = 50
_MIN_SECONDS_BETWEEN_POLLS = 0.9
"""A second, and how much later a call may begin on a busy machine."""
_SECONDS_AFTER_LAST = 20.0
"""How long the waits go on after the last task was created."""


def _measure(run: Run) -> Iterator[Figure]:
    samples = []
    for number in range(run.times):
        calls = _list_calls()
        samples.append((len(calls), _least(calls)))
        show(f"list calls of {_COUNT} waits, run {number + 1}: {len(calls)}")
    title = f"list calls while {_COUNT:,} tasks are awaited that are created at {REQUESTS_A_SECOND} a second"
    against = "a call for each 50 tasks of a poll, and at least a second between the beginnings of polls"
    yield figure(_NAME, title, samples, against, 1.0, "calls")


@dataclass(frozen=True)
class _ListCall:
    task_ids: frozenset[str]
    began_at: float
    ended_at: float


class _ListCalls:
    """Records the list calls of a client."""

    def __init__(self, client: Client) -> None:
        self.made: list[_ListCall] = []
        self._list = client.training_tasks_by_id
        self._lock = threading.Lock()

    def training_tasks_by_id(
        self, task_ids: Sequence[str], ti_project_id: str | None = None
    ) -> dict[str, dict[str, Any]]:
        began_at = time.monotonic()
        items = self._list(task_ids, ti_project_id)
        with self._lock:
            self.made.append(_ListCall(frozenset(task_ids), began_at, time.monotonic()))
        return items


def _list_calls() -> list[_ListCall]:
    with service() as emulator:
        client = Client(Settings(lambda _: None, emulator.environment), "ap-guangzhou")
        calls = _ListCalls(client)
        client.training_tasks_by_id = calls.training_tasks_by_id  # type: ignore[method-assign]

        async def all_waits() -> None:
            # The poll that is under way at the end is cancelled, which is no error.
            asyncio.get_running_loop().set_exception_handler(lambda *_: None)
            poller = StatusPoller(client, None)
            waits = []
            for number in range(_COUNT):
                waits.append(asyncio.ensure_future(_create_and_wait(poller, number)))
                await asyncio.sleep(1 / REQUESTS_A_SECOND)
            await asyncio.sleep(_SECONDS_AFTER_LAST)
            for each in waits:
                each.cancel()
            await asyncio.gather(*waits, return_exceptions=True)

        asyncio.run(all_waits())
        return calls.made


async def _create_and_wait(poller: StatusPoller, number: int) -> None:
    body = {**BODY, "Name": f"task-{number}"}
    task_id = await asyncio.to_thread(poller.client.create_training_task, body)
    await wait(WaitTarget(task_id, body["Name"], "", [Status.SUCCEED]), poller, lambda _: None)


def _least(calls: Sequence[_ListCall]) -> int:
    """Return how few calls would have been enough for the polls that were made.

    A poll begins a second after the beginning of the previous one at the earliest. It goes on while calls follow each
    other at once, and a task is not requested again.
    """
    total, begin, last_end, seen = 0, -math.inf, -math.inf, set[str]()
    for call in sorted(calls, key=lambda call: call.began_at):
        follows = call.began_at - last_end < ANSWER_SECONDS and not call.task_ids & seen
        if call.began_at - begin >= _MIN_SECONDS_BETWEEN_POLLS and not follows:
            total += math.ceil(len(seen) / _PAGE_SIZE)
            begin, seen = call.began_at, set()
        seen |= call.task_ids
        last_end = max(last_end, call.ended_at)
    return total + math.ceil(len(seen) / _PAGE_SIZE)


MEASUREMENTS = (Measurement((_NAME,), _measure, is_large=True),)
