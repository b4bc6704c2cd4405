"""A stack, the local TI-ONE that it speaks to, and what can happen to either in the middle of a command."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from engine_support import ROOT, Stack, StackOf

from pulumi_tione.emulator import DEFAULT_KEY, Caller, Emulator, Key

if str(ROOT) not in sys.path:  # where the data of the matrix lies, from which a tool makes its page
    sys.path.insert(0, str(ROOT))

ANOTHER_KEY = Key("AKIDother", "other", Caller(uin="100000000099"))
"""Keys of another account."""


class Service:
    """A local TI-ONE that keeps its state: it may go away, and come back at the same address."""

    def __init__(self, state_file: Path) -> None:
        self._state_file = state_file
        self._port = 0
        self._earlier_requests: list[dict[str, Any]] = []
        self.start()

    def start(self, clock_offset_seconds: float = 0.0) -> None:
        self.emulator = Emulator(
            port=self._port,
            keys=(DEFAULT_KEY, ANOTHER_KEY),
            speed=20,
            clock_offset_seconds=clock_offset_seconds,
            requests_a_second=None,
            state_file=self._state_file,
        )
        self.emulator.start()
        self._port = int(self.emulator.endpoint.rpartition(":")[2])

    def stop(self) -> None:
        self._earlier_requests += self.emulator.requests()
        self.emulator.stop()

    def restart(self, **how: Any) -> None:
        self.stop()
        self.start(**how)

    def requests(self) -> list[dict[str, Any]]:
        """All requests since the beginning, those before a restart as well."""
        return [*self._earlier_requests, *self.emulator.requests()]

    def wait_for(self, action: str, seen: int = 0) -> None:
        """Wait until this action was asked for once more than so many times."""
        for _ in range(600):
            if sum(request["action"] == action for request in self.requests()) > seen:
                return
            time.sleep(0.05)
        raise AssertionError(f"nobody asked for {action}")


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    running = Service(tmp_path / "tione.sqlite")
    yield running
    running.stop()


@pytest.fixture
def stack(stack_of: StackOf, service: Service) -> Stack:
    return stack_of(endpoint=service.emulator.endpoint)


class Command:
    """A command of the CLI under way."""

    def __init__(self, stack: Stack, *arguments: str) -> None:
        self._process = stack.workspace.start(*arguments, stdout=subprocess.PIPE)
        self._left: dict[int, str] = {}

    def interrupt(self) -> None:
        """Do what Ctrl-C does: plugins are in process groups of their own, and get no signal."""
        os.kill(self._process.pid, signal.SIGINT)

    def kill(self) -> None:
        self._left = descendants(self._process.pid)
        os.kill(self._process.pid, signal.SIGKILL)

    def kill_provider(self) -> None:
        (provider,) = (pid for pid, args in descendants(self._process.pid).items() if "-m pulumi.dynamic" in args)
        os.kill(provider, signal.SIGKILL)

    def end(self) -> tuple[int, str]:
        """Wait for its end, and give exit code and output."""
        output, _ = self._process.communicate(timeout=120)
        return self._process.returncode, output

    def sweep(self) -> None:
        """End what has outlived a killed CLI: its provider, for one."""
        if self._process.poll() is None:
            self.kill()
            self.end()
        running = processes()
        for pid, args in self._left.items():
            if pid in running and running[pid][1] == args:
                os.kill(pid, signal.SIGKILL)


def descendants(ancestor: int) -> dict[int, str]:
    """The processes that a process has started, and those that these have, with their commands."""
    running, family = processes(), {ancestor}
    while True:
        grown = family | {pid for pid, (parent, _) in running.items() if parent in family}
        if grown == family:
            return {pid: running[pid][1] for pid in family - {ancestor} if pid in running}
        family = grown


def processes() -> dict[int, tuple[int, str]]:
    """All processes: the parent of each and its command."""
    listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid=,args="], stdout=subprocess.PIPE, text=True, check=True)
    rows = (line.split(None, 2) for line in listed.stdout.splitlines())
    return {int(pid): (int(parent), args) for pid, parent, args in rows}


@pytest.fixture
def start(stack: Stack) -> Iterator[Callable[..., Command]]:
    """Starts commands of the CLI. Nothing of them is left when the test is over."""
    started: list[Command] = []

    def start(*arguments: str) -> Command:
        started.append(Command(stack, *arguments))
        return started[-1]

    yield start
    for command in started:
        command.sweep()
