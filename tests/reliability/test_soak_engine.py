"""Random histories with the real engine: what its model in the soak cannot show.

Three of them; `make soak-engine HISTORIES=50` runs more, from SEED on.
"""

from __future__ import annotations

import os
import random
import re
import shlex
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from engine_support import Stack, StackOf
from reliability_support import Command, Service, with_fast_time

from pulumi_tione.emulator import Lag

FIRST = int(os.environ.get("SEED") or 1)
HISTORIES = int(os.environ.get("HISTORIES") or 3)
TIME_FACTOR = 5
"""By which factor pauses and the lag of the service are shorter."""

PROGRAM = """
tione.TrainingTask("a", **(B | dict(
    start_cmd_info={{"worker_start_cmd": "sleep 36000"}}, remark="{remark}", tags={{"team": "{team}"}},
)))
"""
COMMANDS = {
    "up": ("up", "--yes", "--skip-preview"),
    "refresh": ("refresh", "--yes", "--skip-preview"),
    "destroy": ("destroy", "--yes", "--skip-preview"),
}
LOSSES: tuple[dict[str, Any], ...] = (
    {"connection": "close"},
    {"connection": "close", "effect": False},
    {"status": 502},
    {"code": "RequestLimitExceeded"},
)
PRINTED = re.compile("`(pulumi-tione (?:import|orphans) [^`]+)`")

pytestmark = [pytest.mark.engine, pytest.mark.long]


class History:
    """A stack, and what happens to it."""

    def __init__(self, seed: int, stack: Stack, service: Service) -> None:
        self._chance = random.Random(seed)
        self._stack = stack
        self._service = service
        self._program = {"remark": "a", "team": "nlp"}
        self._commands: list[Command] = []

    def run(self) -> None:
        self._stack.program(PROGRAM.format(**self._program))
        self._command("up")
        for _ in range(self._chance.randint(2, 4)):
            change = self._chance.choice(("remark", "team", None))
            if change:
                self._program[change] = self._chance.choice("abcd")
                self._stack.program(PROGRAM.format(**self._program))
            self._command(self._chance.choice(("up", "up", "up", "refresh", "destroy")))
            self._check_there_is_one_at_most()
        self._end()

    def _command(self, what: str) -> None:
        """Run a command, in peace or not."""
        trouble = self._chance.choice(("none", "losses", "losses", "CLI killed", "provider killed", "Ctrl-C twice"))
        faults = self._service.emulator.faults
        if trouble == "losses":
            faults.add("*", **self._chance.choice(LOSSES), probability=0.3, times=4, seed=self._chance.randrange(10**6))
        if trouble in ("none", "losses"):
            self._stack.workspace.run(*COMMANDS[what])
        else:
            faults.add("*", delay_seconds=0.5, times=None)
            self._interrupted(COMMANDS[what], trouble)
        faults.clear()
        self._stack.workspace.run("cancel", "--yes")
        if self._chance.random() < 0.5:
            self._stack.tione("import", "--pending", "--yes")

    def _interrupted(self, arguments: tuple[str, ...], trouble: str) -> None:
        """Interrupt a command at one of its requests, or not at all if it sends fewer."""
        command = Command(self._stack, *arguments)
        seen, number = len(self._service.emulator.requests()), self._chance.randint(1, 6)
        while command.is_running and len(self._service.emulator.requests()) < seen + number:
            time.sleep(0.05)
        if command.is_running:
            if trouble == "CLI killed":
                command.kill()
            elif trouble == "Ctrl-C twice":
                command.interrupt()
                time.sleep(0.3)
                command.interrupt()
            else:
                command.kill_providers()
        command.end()
        # A provider that has outlived the CLI does what it was about to do, which the next command does not wait for.
        time.sleep(self._chance.choice((0.0, 3.0)))
        command.sweep()

    def _end(self) -> None:
        """Import what is pending, follow the errors, and destroy everything."""
        time.sleep(60 / TIME_FACTOR)
        code, output = self._stack.tione("import", "--pending", "--yes")
        assert code == 0, output
        for _ in range(4):
            code, output = self._stack.workspace.run(*COMMANDS["up"], "--refresh")
            if code == 0:
                break
            self._follow_the_error(output)
        assert code == 0, output
        (task,) = self._service.emulator.tasks()
        assert (self._stack.resource("a") or {}).get("id") == task["Id"]
        time.sleep(60 / TIME_FACTOR)
        self._stack.up("--refresh", "--expect-no-changes")
        self._stack.destroy()
        assert self._service.emulator.tasks() == []

    def _follow_the_error(self, output: str) -> None:
        """Run the command that an error names."""
        resource = self._stack.resource("a")
        if "run `pulumi state delete` with its URN" in output and resource and not self._service.emulator.tasks():
            # It was deleted before any command had seen it, by an interrupted destroy: the console shows it.
            self._stack.pulumi("state", "delete", "--yes", resource["urn"])
            return
        printed = PRINTED.findall(output)
        assert printed, output
        self._stack.tione(*shlex.split(printed[0])[1:], "--yes")

    def _check_there_is_one_at_most(self) -> None:
        assert len(self._service.emulator.tasks()) <= 1


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture
def lagging_service(tmp_path: Path, seed: int) -> Iterator[Service]:
    seconds = random.Random(seed).choice((0, 3, 10, 30))
    running = Service(tmp_path / "tione.sqlite", Lag.of_all(seconds / TIME_FACTOR))
    yield running
    running.stop()


@pytest.mark.parametrize("seed", [*range(FIRST, FIRST + HISTORIES)], indirect=True)
def test_a_random_history_ends_with_the_account_as_the_state_has_it(
    seed: int, stack_of: StackOf, lagging_service: Service
) -> None:
    stack = stack_of(endpoint=lagging_service.emulator.endpoint, **with_fast_time(TIME_FACTOR))
    History(seed, stack, lagging_service).run()
