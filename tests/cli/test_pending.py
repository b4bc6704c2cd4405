"""`pulumi-tione import --pending`: what killed updates leave in the state is settled in one write."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from engine_support import Stack
from local_tione import accepted

from pulumi_tione.emulator import Emulator

pytestmark = pytest.mark.engine

Tione = Callable[..., Result]
Kill = Callable[[], None]


def children(pid: int) -> Iterator[int]:
    """The processes below a process."""
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and int((entry / "stat").read_text().rpartition(")")[2].split()[1]) == pid:
                yield int(entry.name)
                yield from children(int(entry.name))


@pytest.fixture
def kill_up(stack: Stack, emulator: Emulator) -> Iterator[Callable[[int], None]]:
    """Runs `pulumi up` and kills it, and nothing else, while so many requests for a task are on their way.

    The provider's process lives on, as it does after a real kill: its creates take effect. It ends with the test.
    """
    left: list[int] = []

    def run(creates: int) -> None:
        before = len(asked(emulator))
        emulator.faults.add("CreateTrainingTask", delay_seconds=2, times=creates)
        up = subprocess.Popen(
            ["pulumi", "up", "--yes", "--skip-preview", "--non-interactive"],
            executable=None,
            cwd=stack.workspace.project,
            env=stack.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            deadline = time.monotonic() + 30
            while len(asked(emulator)) < before + creates:
                assert time.monotonic() < deadline
                time.sleep(0.05)
            left.extend(children(up.pid))
        finally:
            os.killpg(up.pid, signal.SIGKILL)
            up.wait()
        stack.pulumi("cancel", "--yes")

    yield run
    for pid in left:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def asked(emulator: Emulator) -> list[dict[str, Any]]:
    return [request for request in emulator.requests() if request["action"] == "CreateTrainingTask"]
