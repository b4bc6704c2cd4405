"""Statuses of many tasks by few list calls.

A refresh by list is in `tests/component/test_refresh_by_list.py`.
"""

from __future__ import annotations

import asyncio
import functools
import threading
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Future
from typing import Any

import pytest
from fake_api import PROCEED, FakeApi, no_answer

from pulumi_tione._api.protocols import PAGE_SIZE
from pulumi_tione._api.status_batcher import Batcher, ItemBatcher, StatusBatcher
from pulumi_tione.errors import IndeterminateResultError


def fake(*task_ids: str) -> FakeApi:
    """Return a fake with these tasks, all RUNNING."""
    service = FakeApi()
    for task_id in task_ids:
        service.history[task_id] = [(0.0, {"Id": task_id, "Name": task_id, "Status": "RUNNING"})]
    return service


def requested(service: FakeApi) -> list[tuple[list[str], str | None]]:
    """Return the ids and the workspace of each list call."""
    calls = zip(service.calls, service.asked_workspaces, strict=True)
    return [(sorted(call.split()[1:]), workspace) for call, workspace in calls]


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


def ask(service: FakeApi, ids: Sequence[str], workspaces: Sequence[str | None] = (None,)) -> dict[str, Any]:
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
    ids = [f"train-{index}" for index in range(20)]
    service = fake(*ids)
    assert ask(service, ids) == dict.fromkeys(ids, "RUNNING")
    assert requested(service) == [(sorted(ids), None)]


def test_a_call_asks_for_no_more_than_a_page() -> None:
    ids = [f"train-{index}" for index in range(PAGE_SIZE + 30)]
    service = fake(*ids)
    assert ask(service, ids) == dict.fromkeys(ids, "RUNNING")
    assert max(len(task_ids) for task_ids, _ in requested(service)) <= PAGE_SIZE
    assert sum(len(task_ids) for task_ids, _ in requested(service)) == PAGE_SIZE + 30


def test_a_task_that_no_list_shows_is_none() -> None:
    assert StatusBatcher(sleep=lambda _: None).of(fake("train-1"), "hidden", None) is None


def test_workspaces_are_asked_apart() -> None:
    service = fake("a", "b", "c", "d")
    assert ask(service, ["a", "b", "c", "d"], ["p-1", "p-2"]) == dict.fromkeys("abcd", "RUNNING")
    assert sorted(requested(service), key=repr) == [
        (["a", "c"], "p-1"),
        (["b", "d"], "p-2"),
    ]


def test_a_call_that_fails_fails_for_all_who_share_it_and_the_next_one_is_made_anew() -> None:
    service = fake("a", "b")
    service.always("list", no_answer("DescribeTrainingTasks"))
    results = ask(service, ["a", "b"])
    assert all(isinstance(results[task_id], IndeterminateResultError) for task_id in "ab")
    service.always("list", None)
    assert StatusBatcher(sleep=lambda _: None).of(service, "a", None) == "RUNNING"


def test_questions_one_after_the_other_are_answered_freshly() -> None:
    service = fake("a")
    statuses = StatusBatcher(sleep=lambda _: None)
    for _ in range(3):
        assert statuses.of(service, "a", None) == "RUNNING"
    assert service.calls == ["list a"] * 3


def test_a_batch_whose_beginning_fails_is_not_joined_by_the_next_request() -> None:
    errors = [no_answer("DescribeTrainingTasks")]

    def sleep(_: float) -> None:
        if errors:
            raise errors.pop()

    service = fake("train-1")
    statuses = StatusBatcher(sleep=sleep)
    with pytest.raises(IndeterminateResultError):
        statuses.of(service, "train-1", None)
    assert statuses.of(service, "train-1", None) == "RUNNING"


class Steps:
    """A batcher whose first request gathers in steps that the test makes, and the calls that it has made."""

    def __init__(self, *ids: str) -> None:
        self.service = fake(*ids)
        self.steps = 0
        self.at_step: dict[int, Callable[[], object]] = {}
        self.statuses = StatusBatcher(sleep=self._step)

    def _step(self, _: float) -> None:
        self.steps += 1
        self.at_step.get(self.steps, lambda: None)()

    def join(self, *task_ids: str) -> None:
        """Add requests to the open batch, as other threads do."""
        for task_id in task_ids:
            self.statuses._batcher._join((self.service, None), task_id, Future)


def test_a_request_alone_waits_a_twentieth_of_a_second_for_others() -> None:
    pauses: list[float] = []
    assert StatusBatcher(sleep=pauses.append).of(fake("a"), "a", None) == "RUNNING"
    assert pauses == [0.05]


def test_a_request_alone_gathers_once() -> None:
    batcher = Steps("a")
    batcher.statuses.of(batcher.service, "a", None)
    assert batcher.steps == 1


def test_a_batch_gathers_while_requests_come() -> None:
    batcher = Steps("a", "b", "c")
    batcher.at_step = {1: lambda: batcher.join("b"), 2: lambda: batcher.join("c")}
    batcher.statuses.of(batcher.service, "a", None)
    assert batcher.steps == 3
    assert requested(batcher.service) == [(["a", "b", "c"], None)]


def test_a_batch_that_is_full_gathers_no_longer() -> None:
    ids = [f"train-{number}" for number in range(PAGE_SIZE)]
    batcher = Steps(*ids)
    batcher.at_step = {1: lambda: batcher.join(*ids[1:])}
    batcher.statuses.of(batcher.service, ids[0], None)
    assert batcher.steps == 1
    assert requested(batcher.service) == [(sorted(ids), None)]


def test_a_batch_gathers_half_a_second_at_most_however_many_come() -> None:
    batcher = Steps(*(f"train-{number}" for number in range(40)))
    batcher.at_step = {step: functools.partial(batcher.join, f"train-{step}") for step in range(1, 40)}
    batcher.statuses.of(batcher.service, "train-0", None)
    assert batcher.steps == 10


def test_a_batch_gathers_while_an_earlier_one_is_fetched_but_not_for_ever() -> None:
    batcher = Steps("a", "b")
    second = threading.Thread(target=lambda: batcher.statuses.of(batcher.service, "b", None))

    def fetch_of_first(*_: object) -> object:
        batcher.service.always("list", None)
        batcher.steps = 0
        second.start()
        second.join(10)
        return PROCEED

    batcher.service.always("list", fetch_of_first)
    assert batcher.statuses.of(batcher.service, "a", None) == "RUNNING"
    assert not second.is_alive()
    assert batcher.steps == 10
    batcher.steps = 0
    assert batcher.statuses.of(batcher.service, "a", None) == "RUNNING"
    assert batcher.steps == 1


@pytest.mark.parametrize("kind", [StatusBatcher, ItemBatcher])
def test_clients_are_asked_apart_even_for_one_workspace(kind: type[StatusBatcher | ItemBatcher]) -> None:
    first, second = fake("a"), fake("a")
    others: list[threading.Thread] = []

    def sleep(_: float) -> None:
        if not others:
            others.append(threading.Thread(target=lambda: batcher.of(second, "a", "p-1"), daemon=True))
            others[0].start()
            others[0].join(10)
            assert not others[0].is_alive(), "the request waits for the batch of the other client"

    batcher = kind(sleep=sleep)
    assert batcher.of(first, "a", "p-1")
    assert [first.asked_workspaces, second.asked_workspaces] == [["p-1"], ["p-1"]]


# Batches of an event loop.


class Loop:
    """A batcher whose fetches end when the test lets them, and what happened in order."""

    def __init__(self) -> None:
        self.batcher: Batcher[str] = Batcher()
        self.events: list[str] = []
        self.ends: dict[str, asyncio.Future[None]] = {}
        """What each fetch waits for, by its keys."""

    def request(self, *keys: str, group: str = "group") -> list[asyncio.Future[str | None]]:
        return [
            asyncio.ensure_future(self.batcher.get_async(group, key, self._fetch, lambda: self._gather(group)))
            for key in keys
        ]

    async def _gather(self, group: str) -> None:
        self.events.append(f"gather for {group}")

    async def _fetch(self, keys: Sequence[str]) -> dict[str, str]:
        name = " ".join(keys)
        self.events.append(f"fetch {name}")
        self.ends[name] = asyncio.get_running_loop().create_future()
        await self.ends[name]
        return {key: key.upper() for key in keys if key != "hidden"}

    async def until(self, event: str, *others: str) -> None:
        """Let the loop run until there is nothing more to do, and compare what happened since the last time."""
        for _ in range(30):
            await asyncio.sleep(0)
        assert self.events == [event, *others]
        self.events.clear()

    def is_empty(self) -> bool:
        return not self.batcher._open and not self.batcher._fetched


def in_a_loop(test: Callable[[Loop], Awaitable[None]]) -> None:
    async def main() -> None:
        loop = Loop()
        await asyncio.wait_for(test(loop), 20)
        assert loop.is_empty()

    asyncio.run(main())


GATHER = "gather for group"


def test_requests_of_an_event_loop_share_a_fetch_in_the_order_in_which_they_came() -> None:
    async def test(loop: Loop) -> None:
        requests = loop.request("b", "hidden", "a", "b")
        await loop.until(GATHER, "fetch b hidden a")
        loop.ends["b hidden a"].set_result(None)
        assert await asyncio.gather(*requests) == ["B", None, "A", "B"]

    in_a_loop(test)


def test_a_batch_of_an_event_loop_gathers_when_the_earlier_one_is_fetched_and_others_join_until_then() -> None:
    async def test(loop: Loop) -> None:
        first = loop.request("a")
        await loop.until(GATHER, "fetch a")
        second = loop.request("b")
        for _ in range(30):
            await asyncio.sleep(0)
        assert loop.events == []
        second += loop.request("c")
        loop.ends["a"].set_result(None)
        await loop.until(GATHER, "fetch b c")
        assert await asyncio.gather(*first) == ["A"]
        third = loop.request("d")
        for _ in range(30):
            await asyncio.sleep(0)
        assert loop.events == []
        loop.ends["b c"].set_result(None)
        await loop.until(GATHER, "fetch d")
        loop.ends["d"].set_result(None)
        assert await asyncio.gather(*second, *third) == ["B", "C", "D"]

    in_a_loop(test)


def test_groups_of_an_event_loop_do_not_wait_for_each_other() -> None:
    async def test(loop: Loop) -> None:
        first = loop.request("a")
        await loop.until(GATHER, "fetch a")
        second = loop.request("b", group="other")
        await loop.until("gather for other", "fetch b")
        for name in "ab":
            loop.ends[name].set_result(None)
        assert await asyncio.gather(*first, *second) == ["A", "B"]

    in_a_loop(test)


def test_a_fetch_of_an_event_loop_that_fails_fails_for_its_batch_and_the_next_one_is_fetched() -> None:
    async def test(loop: Loop) -> None:
        first = loop.request("a", "b")
        await loop.until(GATHER, "fetch a b")
        second = loop.request("c")
        error = no_answer("DescribeTrainingTasks")
        loop.ends["a b"].set_exception(error)
        assert await asyncio.gather(*first, return_exceptions=True) == [error, error]
        await loop.until(GATHER, "fetch c")
        loop.ends["c"].set_result(None)
        assert await asyncio.gather(*second) == ["C"]

    in_a_loop(test)


def test_a_batch_of_an_event_loop_whose_beginning_fails_is_not_joined_by_the_next_request() -> None:
    async def test(loop: Loop) -> None:
        error = no_answer("DescribeTrainingTasks")

        async def gather() -> None:
            raise error

        with pytest.raises(IndeterminateResultError) as caught:
            await loop.batcher.get_async("group", "a", loop._fetch, gather)
        assert caught.value is error
        assert loop.is_empty()
        requests = loop.request("b")
        await loop.until(GATHER, "fetch b")
        loop.ends["b"].set_result(None)
        assert await asyncio.gather(*requests) == ["B"]

    in_a_loop(test)
