"""Statuses of many tasks by few list calls."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import pytest

from pulumi_tione._api.client import Client
from pulumi_tione._api.protocols import PAGE_SIZE
from pulumi_tione._api.status_batcher import StatusBatcher
from pulumi_tione.errors import IndeterminateResultError


class Service(Client):
    """Lists every task as RUNNING, `hidden` ones not at all."""

    def __init__(self) -> None:
        self.region = "ap-guangzhou"
        self.asked: list[tuple[tuple[str, ...], str | None]] = []
        self.error: Exception | None = None

    def training_tasks_by_id(
        self, task_ids: Sequence[str], ti_project_id: str | None = None
    ) -> dict[str, dict[str, Any]]:
        self.asked.append((tuple(task_ids), ti_project_id))
        if self.error:
            raise self.error
        return {task_id: {"Id": task_id, "Status": "RUNNING"} for task_id in task_ids if task_id != "hidden"}


class CountingLock:
    """A lock with an event for when it was taken a number of times."""

    def __init__(self, times: int) -> None:
        self._lock = threading.Lock()
        self._left = times
        self.taken = threading.Event()

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._left -= 1
        if self._left <= 0:
            self.taken.set()
        self._lock.release()


def ask(service: Service, ids: Sequence[str], workspaces: Sequence[str | None] = (None,)) -> dict[str, Any]:
    """Request all of them, from a thread each, while no call is made, and return what each got."""
    lock = CountingLock(len(ids))
    statuses = StatusBatcher(sleep=lambda _: None if lock.taken.wait(10) else pytest.fail("a request is missing"))
    statuses._batcher._lock = lock  # type: ignore[assignment]
    results: dict[str, Any] = {}

    def request(task_id: str, workspace: str | None) -> None:
        try:
            results[task_id] = statuses.of(service, task_id, workspace)
        except IndeterminateResultError as error:
            results[task_id] = error

    threads = [
        threading.Thread(target=request, args=(task_id, workspaces[index % len(workspaces)]))
        for index, task_id in enumerate(ids)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    return results


def test_who_asks_at_the_same_time_shares_a_call() -> None:
    service = Service()
    ids = [f"train-{index}" for index in range(20)]
    assert ask(service, ids) == dict.fromkeys(ids, "RUNNING")
    assert len(service.asked) == 1
    assert sorted(service.asked[0][0]) == sorted(ids)


def test_a_call_asks_for_no_more_than_a_page() -> None:
    service = Service()
    ids = [f"train-{index}" for index in range(PAGE_SIZE + 30)]
    assert ask(service, ids) == dict.fromkeys(ids, "RUNNING")
    assert max(len(asked) for asked, _ in service.asked) <= PAGE_SIZE
    assert sum(len(asked) for asked, _ in service.asked) == PAGE_SIZE + 30


def test_a_task_that_no_list_shows_is_none() -> None:
    service = Service()
    assert StatusBatcher(sleep=lambda _: None).of(service, "hidden", None) is None


def test_workspaces_are_asked_apart() -> None:
    service = Service()
    assert ask(service, ["a", "b", "c", "d"], ["p-1", "p-2"]) == dict.fromkeys("abcd", "RUNNING")
    assert sorted((sorted(asked), workspace) for asked, workspace in service.asked) == [
        (["a", "c"], "p-1"),
        (["b", "d"], "p-2"),
    ]


def test_a_call_that_fails_fails_for_all_who_share_it_and_the_next_one_is_made_anew() -> None:
    service = Service()
    service.error = IndeterminateResultError("DescribeTrainingTasks got no answer")
    results = ask(service, ["a", "b"])
    assert all(isinstance(results[task_id], IndeterminateResultError) for task_id in "ab")
    service.error = None
    assert StatusBatcher(sleep=lambda _: None).of(service, "a", None) == "RUNNING"


def test_questions_one_after_the_other_are_answered_freshly() -> None:
    service = Service()
    statuses = StatusBatcher(sleep=lambda _: None)
    for _ in range(3):
        assert statuses.of(service, "a", None) == "RUNNING"
    assert len(service.asked) == 3
