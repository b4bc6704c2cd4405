"""Statuses and items of many tasks by few list calls: requests that come at about the same time share a call.

Without it, two hundred tasks that are stopped or refreshed would be requested one by one, at twenty calls a second.

A batch waits 0.05 seconds for more requests, up to 10 times while they come, and has at most 50 tasks. `STATUSES` in
`lifecycle/existence.py` serves stops and deletes, `ITEMS` in `lifecycle/read.py` refreshes. The waits of a program use
`Batcher` in `_wait/poller.py`.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Hashable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Generic, TypeAlias, TypeVar

from pulumi_tione._api.protocols import PAGE_SIZE, TaskApi

_GATHERING_SECONDS = 0.05
"""How long the first request of a batch waits for others, again and again while others come, or while the call of an
earlier batch is under way: then the calls are few, whatever the number of requests at once."""

_MAX_GATHERINGS = 10
"""How often it waits at most."""

_T = TypeVar("_T")
Items: TypeAlias = Mapping[str, Mapping[str, Any]]


@dataclass
class _Batch(Generic[_T]):
    response: Any
    """A future of the items by key, of threads or of an event loop."""
    keys: dict[str, None] = field(default_factory=dict)


class Batcher(Generic[_T]):
    """Collects requests for single items, and fetches them together.

    The first request of a batch leads it: it waits while others join, and then fetches for all of them.

    Args:
        max_size: how many items a batch has at most; None, if there is no limit.
    """

    def __init__(self, max_size: int | None = None) -> None:
        self._max_size = max_size
        self._lock = threading.Lock()
        self._open: dict[Hashable, _Batch[_T]] = {}
        self._fetches: Counter[Hashable] = Counter()
        """How many batches of a group are being fetched by threads."""
        self._fetched: dict[Hashable, _Batch[_T]] = {}
        """The batch of each group that is being fetched by an event loop."""

    def get(
        self, group: Hashable, key: str, fetch: Callable[[Sequence[str]], Mapping[str, _T]], gather: Callable[[], None]
    ) -> _T | None:
        """Return an item; None, if the fetch does not return it.

        Args:
            group: requests of one group share batches.
            key: the item's key.
            fetch: returns items by their keys.
            gather: waits for a moment while others join.
        """
        batch, is_leader = self._join(group, key, Future)
        if is_leader:
            try:
                self._gather(group, batch, gather)
                with self._fetching(group):
                    batch.response.set_result(fetch(self._close(group, batch)))
            except BaseException as error:  # noqa: BLE001  whatever it is: the others must not wait for ever
                self._close(group, batch)
                batch.response.set_exception(error)
        items: Mapping[str, _T] = batch.response.result()
        return items.get(key)

    def _gather(self, group: Hashable, batch: _Batch[_T], gather: Callable[[], None]) -> None:
        """Wait until the batch is full, or no more requests come and no other batch of the group is fetched."""
        size = 0
        for _ in range(_MAX_GATHERINGS):
            has_grown, size = size < len(batch.keys), len(batch.keys)
            if size == self._max_size or not (has_grown or self._fetches[group]):
                return
            gather()

    @contextmanager
    def _fetching(self, group: Hashable) -> Iterator[None]:
        with self._lock:
            self._fetches[group] += 1
        try:
            yield
        finally:
            with self._lock:
                self._fetches[group] -= 1

    async def get_async(
        self,
        group: Hashable,
        key: str,
        fetch: Callable[[Sequence[str]], Awaitable[Mapping[str, _T]]],
        gather: Callable[[], Awaitable[None]],
    ) -> _T | None:
        """Do what `get` does, without a thread for each request. `gather` is called once, after any earlier fetch."""
        # An event loop that was stopped in the middle of a batch never finishes it.
        loop = asyncio.get_running_loop()
        group = (loop, group)
        batch, is_leader = self._join(group, key, loop.create_future)
        # A task of its own: a leader that is cancelled leaves the others their response.
        leading = asyncio.ensure_future(self._lead(group, batch, fetch, gather)) if is_leader else None
        items: Mapping[str, _T] = await asyncio.shield(batch.response)
        del leading  # kept until here, as the event loop refers to it only weakly
        return items.get(key)

    async def _lead(
        self,
        group: Hashable,
        batch: _Batch[_T],
        fetch: Callable[[Sequence[str]], Awaitable[Mapping[str, _T]]],
        gather: Callable[[], Awaitable[None]],
    ) -> None:
        try:
            if earlier := self._fetched.get(group):
                await asyncio.wait([earlier.response])
            await gather()
            keys = self._close(group, batch)
            self._fetched[group] = batch
            batch.response.set_result(await fetch(keys))
        except BaseException as error:  # noqa: BLE001  whatever it is: the others must not wait for ever
            self._close(group, batch)
            batch.response.set_exception(error)
        finally:
            if self._fetched.get(group) is batch:
                del self._fetched[group]

    def _join(self, group: Hashable, key: str, new_response: Callable[[], object]) -> tuple[_Batch[_T], bool]:
        """Add a key to the open batch of a group, and return the batch and whether this request leads it."""
        with self._lock:
            batch = self._open.get(group)
            is_leader = batch is None or len(batch.keys) == self._max_size
            if batch is None or is_leader:
                batch = self._open[group] = _Batch(new_response())
            batch.keys[key] = None
            return batch, is_leader

    def _close(self, group: Hashable, batch: _Batch[_T]) -> Sequence[str]:
        """Let nobody else join a batch, and return its keys."""
        with self._lock:
            if self._open.get(group) is batch:
                del self._open[group]
            return [*batch.keys]


class _TaskBatcher:
    """Returns what lists show of tasks to any number of threads.

    Args:
        sleep: how the first request of a batch waits for others.
    """

    def __init__(self, sleep: Callable[[float], None] = time.sleep) -> None:
        self._sleep = sleep
        self._batcher: Batcher[Mapping[str, Any]] = Batcher(PAGE_SIZE)

    def _item(
        self, client: TaskApi, task_id: str, workspace: str | None, fetch: Callable[[Sequence[str], str | None], Items]
    ) -> Mapping[str, Any] | None:
        return self._batcher.get(
            (client, workspace), task_id, lambda ids: fetch(ids, workspace), lambda: self._sleep(_GATHERING_SECONDS)
        )


class StatusBatcher(_TaskBatcher):
    """Returns the statuses of tasks."""

    def of(self, client: TaskApi, task_id: str, workspace: str | None) -> str | None:
        """Return the status of a task; None, if no list shows it, which does not mean that it is gone."""
        item = self._item(client, task_id, workspace, client.training_tasks_by_id)
        return None if item is None else str(item.get("Status"))


class ItemBatcher(_TaskBatcher):
    """Returns the list's items of tasks."""

    def of(self, client: TaskApi, task_id: str, workspace: str | None) -> Mapping[str, Any] | None:
        """Return the item of a task; None, if the list does not show it, which does not mean that it is gone."""
        return self._item(client, task_id, workspace, client.listed_training_tasks)
