"""A stack on a local TI-ONE that may go away, and commands that may be cut off."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from engine_support import ROOT, Stack, StackOf
from reliability_support import Command, Service

if str(ROOT) not in sys.path:  # where the data of the fault matrix lies, from which a tool prints its page
    sys.path.insert(0, str(ROOT))


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    running = Service(tmp_path / "tione.sqlite")
    yield running
    running.stop()


@pytest.fixture
def stack(stack_of: StackOf, service: Service) -> Stack:
    return stack_of(endpoint=service.emulator.endpoint)


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
