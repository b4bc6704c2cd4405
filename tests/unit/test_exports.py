"""How a program ends when a wait has failed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pulumi
import pytest
from pulumi.runtime import settings

from pulumi_tione._pulumi import exports as exports_module
from pulumi_tione._pulumi.exports import keep_exports
from pulumi_tione._wait.tracker import WaitTracker


def test_a_failed_wait_is_held_until_no_other_has_been_under_way_for_a_second() -> None:
    pauses: list[float] = []
    events: dict[int, Callable[[], object]] = {}

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)
        events.pop(len(pauses), lambda: None)()

    waits = WaitTracker(sleep)
    first, second = waits.track(), waits.track()
    first.__enter__()
    events[50] = lambda: first.__exit__(None, None, None)
    events[55] = second.__enter__  # what was being created is waited for in its turn
    events[80] = lambda: second.__exit__(None, None, None)
    asyncio.run(waits.finished())
    assert len(pauses) == 89
    assert sum(pauses[-10:]) == pytest.approx(1)


class Monitor:
    """Keeps what is registered; `error` is what it answers."""

    def __init__(self) -> None:
        self.registered: dict[str, Any] = {}
        self.error: Exception | None = None

    def RegisterResourceOutputs(self, request: Any) -> None:  # noqa: N802  the name in Pulumi's protocol
        if self.error:
            raise self.error
        self.registered = {request.urn: dict(request.outputs.items())}


class Stack:
    """What a program has exported."""

    def __init__(self, exports: dict[str, Any]) -> None:
        self.outputs = exports
        self.urn = pulumi.Output.from_input("urn:pulumi:dev::nlp::pulumi:pulumi:Stack::nlp-dev")


def kept(monkeypatch: pytest.MonkeyPatch, exports: Callable[[], dict[str, Any]], monitor: Monitor) -> dict[str, Any]:
    async def run() -> None:
        stack = Stack(exports())
        monkeypatch.setattr(settings, "get_root_resource", lambda: stack)
        monkeypatch.setattr(settings, "get_monitor", lambda: monitor)
        monkeypatch.setattr(exports_module, "_TIMEOUT_SECONDS", 0.05)
        await keep_exports()

    asyncio.run(run())
    return next(iter(monitor.registered.values()), {})


def test_exports_that_have_a_value_are_kept_and_the_others_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail() -> str:
        raise pulumi.RunError("it failed")

    def exports() -> dict[str, Any]:
        return {
            "plain": 1,
            "known": pulumi.Output.from_input("train-1"),
            "failed": pulumi.Output.from_input(fail()),
            "nested": {"a": [pulumi.Output.from_input("x")]},
            "never": pulumi.Output.from_input(asyncio.get_running_loop().create_future()),
        }

    assert kept(monkeypatch, exports, Monitor()) == {"plain": 1, "known": "train-1", "nested": {"a": ["x"]}}


def test_what_cannot_be_kept_is_no_error_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monitor = Monitor()
    monitor.error = RuntimeError("the engine is gone")
    monkeypatch.setattr(pulumi.log, "debug", lambda _: None)
    assert kept(monkeypatch, lambda: {"plain": 1}, monitor) == {}


def test_without_a_stack_there_is_nothing_to_keep(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "get_root_resource", lambda: None)
    asyncio.run(keep_exports())
