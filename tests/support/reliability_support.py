"""What can happen to a stack in the middle of a command: the service goes away, the CLI or its provider is killed.

The stack itself comes from `engine_support.py`.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from engine_support import Stack

from pulumi_tione.emulator import DEFAULT_KEY, Caller, Emulator, Key, Lag

ANOTHER_KEY = Key("AKIDother", "other", Caller(uin="100000000099"))
"""Credentials of another account."""


FAST_TIME = Path(__file__).parent / "fast_time"
"""What makes pauses short in the processes of a stack."""


def with_fast_time(factor: float) -> dict[str, str]:
    """Return what the processes of a stack must find in their environment for their pauses to pass so much faster."""
    return {"PYTHONPATH": str(FAST_TIME), "FAST_TIME": str(factor)}


class Service:
    """A local TI-ONE that keeps its state: it may go away, and come back at the same address."""

    def __init__(self, state_file: Path, lag: Lag | None = None) -> None:
        self._state_file = state_file
        self._lag = lag or Lag()
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
            lag=self._lag,
        )
        self.emulator.start()
        self._port = int(self.emulator.endpoint.rpartition(":")[2])

    def stop(self) -> None:
        self._earlier_requests += self.emulator.requests()
        self.emulator.stop()

    def requests(self, action: str) -> list[dict[str, Any]]:
        """All requests of an action, those before a restart as well."""
        return [each for each in (*self._earlier_requests, *self.emulator.requests()) if each["action"] == action]

    def wait_for_another(self, action: str, seen: int) -> None:
        """Wait until there are more requests of this action than have been seen."""
        wait_until(lambda: len(self.requests(action)) > seen, f"another {action}")


class Command:
    """A command of the CLI under way."""

    def __init__(self, stack: Stack, *arguments: str) -> None:
        self._process = stack.workspace.start(*arguments, stdout=subprocess.PIPE)
        self._left: dict[int, str] = {}

    def interrupt(self) -> None:
        """Do what Ctrl-C does: plugins are in process groups of their own, and get no signal."""
        os.kill(self._process.pid, signal.SIGINT)

    def kill(self) -> None:
        self._left = _descendants(self._process.pid)
        self._process.kill()

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    def kill_providers(self) -> None:
        """Kill the provider's process, if there is one yet."""
        for pid, args in _descendants(self._process.pid).items():
            if "-m pulumi.dynamic" in args:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    def kill_provider(self) -> None:
        (provider,) = (pid for pid, args in _descendants(self._process.pid).items() if "-m pulumi.dynamic" in args)
        os.kill(provider, signal.SIGKILL)

    def end(self) -> tuple[int, str]:
        """Wait for its end, and give exit code and output."""
        output, _ = self._process.communicate(timeout=300)
        return self._process.returncode, output

    def sweep(self) -> None:
        """End what has outlived a killed CLI: its provider, for one."""
        if self._process.poll() is None:
            self.kill()
            self.end()
        running = _processes()
        for pid, args in self._left.items():
            if pid in running and running[pid][1] == args:
                with suppress(ProcessLookupError):  # it has just ended by itself
                    os.kill(pid, signal.SIGKILL)


def wait_until(is_so: Callable[[], bool], what: str, seconds: float = 120) -> None:
    """Wait for something that happens elsewhere."""
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, f"waited for {what}"
        time.sleep(0.05)


def _descendants(ancestor: int) -> dict[int, str]:
    """The processes that a process has started, and those that these have, with their commands."""
    running, family = _processes(), {ancestor}
    while True:
        grown = family | {pid for pid, (parent, _) in running.items() if parent in family}
        if grown == family:
            return {pid: running[pid][1] for pid in family - {ancestor} if pid in running}
        family = grown


def _processes() -> dict[int, tuple[int, str]]:
    """All processes: the parent of each and its command."""
    listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid=,args="], stdout=subprocess.PIPE, text=True, check=True)
    rows = (line.split(None, 2) for line in listed.stdout.splitlines())
    return {int(pid): (int(parent), args) for pid, parent, args in rows}
