"""How many calls the plugin handles at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest

from pulumi_tione._pulumi import server

CALLS = 300


@pytest.fixture
def pool(monkeypatch: pytest.MonkeyPatch) -> Iterator[ThreadPoolExecutor]:
    """The threads of a plugin as Pulumi makes it."""
    with ThreadPoolExecutor(4) as pool:
        plugin = SimpleNamespace(_state=SimpleNamespace(thread_pool=pool))
        monkeypatch.setattr(server, "local_of_main", lambda _: plugin)
        yield pool


@pytest.mark.parametrize("before", [0, 1, CALLS])
def test_calls_are_handled_at_once_also_those_that_came_while_the_provider_was_loaded(
    pool: ThreadPoolExecutor, before: int
) -> None:
    all_at_once = threading.Barrier(CALLS, timeout=30)
    calls = [pool.submit(all_at_once.wait) for _ in range(before)]
    server.widen_workers()
    calls += [pool.submit(all_at_once.wait) for _ in range(CALLS - before)]
    assert sorted(call.result() for call in calls) == [*range(CALLS)]


def test_no_thread_is_started_without_a_call(pool: ThreadPoolExecutor) -> None:
    server.widen_workers()
    assert len(pool._threads) == 0


def test_a_pool_that_has_more_threads_keeps_them(pool: ThreadPoolExecutor) -> None:
    pool._max_workers = 10_000
    server.widen_workers()
    assert pool._max_workers == 10_000
