"""Statuses of many tasks by few list calls: who asks at about the same time shares a call.

Two hundred tasks that are being stopped would be asked for one by one otherwise, at twenty calls a second.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Any

from pulumi_tione._api.protocols import PAGE_SIZE, TaskApi

_GATHERING_SECONDS = 0.05
"""How long the first who asks waits for others."""


class _Batch:
    def __init__(self) -> None:
        self.ids: list[str] = []
        self.answer: Future[Mapping[str, Mapping[str, Any]]] = Future()


class Statuses:
    """Asks for statuses, from any number of threads.

    Args:
        sleep: how the first of a batch waits for the others.
    """

    def __init__(self, sleep: Callable[[float], None] = time.sleep) -> None:
        self._sleep = sleep
        self._lock = threading.Lock()
        self._gathering: dict[tuple[TaskApi, str | None], _Batch] = {}

    def of(self, client: TaskApi, task_id: str, workspace: str | None) -> str | None:
        """Give the status of a task; nothing if no list shows it, which does not mean that it is gone."""
        place = (client, workspace)
        with self._lock:
            batch = self._gathering.get(place)
            is_first = batch is None or len(batch.ids) == PAGE_SIZE
            if batch is None or is_first:
                batch = self._gathering[place] = _Batch()
            batch.ids.append(task_id)
        if is_first:
            self._ask(place, batch)
        item = batch.answer.result().get(task_id)
        return None if item is None else str(item.get("Status"))

    def _ask(self, place: tuple[TaskApi, str | None], batch: _Batch) -> None:
        client, workspace = place
        self._sleep(_GATHERING_SECONDS)
        with self._lock:
            if self._gathering.get(place) is batch:
                del self._gathering[place]
        try:
            batch.answer.set_result(client.training_tasks_by_id(batch.ids, workspace))
        except BaseException as error:  # noqa: BLE001  whatever it is: those who share the call must not wait for ever
            batch.answer.set_exception(error)
