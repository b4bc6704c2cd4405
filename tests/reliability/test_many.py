"""Many tasks at once, at the service's rate of 20 requests a second for each action.

How long it takes is measured by `make bench` (`tools/bench/`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from engine_support import Stack
from known_packages import python_command
from workspace import Workspace

from pulumi_tione.emulator import Emulator

pytestmark = [pytest.mark.engine, pytest.mark.long]

TASKS = 1000
TASKS_OF_TWO = 200
"""In each of two stacks."""

PROGRAM = """
for number in range({tasks}):
    tione.TrainingTask(f"t{{number}}", **(B | dict(start_cmd_info={{"worker_start_cmd": "sleep 36000"}})))
"""
THROTTLED = re.compile("RequestLimitExceeded|LimitExceeded.RateLimitExceeded")


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """A local TI-ONE that takes no more requests than the service does."""
    with Emulator(speed=20) as running:
        yield running


@pytest.fixture
def stack_named(tmp_path: Path, emulator: Emulator) -> Callable[[str], Stack]:
    """Makes a stack of a project of this name, with a backend of its own."""

    def make(name: str) -> Stack:
        project = tmp_path / name / "project"
        project.mkdir(parents=True)
        (project / "Pulumi.yaml").write_text(f"name: {name}\nruntime: python\n", encoding="utf-8")
        environment = {"PULUMI_PARALLEL": "64", "PULUMI_PYTHON_CMD": python_command()}
        return Stack(Workspace(project, tmp_path / name, emulator.endpoint, environment))

    return make


def throttled(emulator: Emulator) -> int:
    """How many requests were refused for their number."""
    return sum(bool(THROTTLED.search(str(request["code"]))) for request in emulator.requests())


def created(emulator: Emulator) -> int:
    return sum(each["action"] == "CreateTrainingTask" and each["accepted"] for each in emulator.requests())


@pytest.mark.timeout(2700)  # five minutes alone, half an hour on a machine that has much else to do
def test_a_thousand_tasks_are_made_and_destroyed_at_the_rate_of_the_service(
    stack_named: Callable[[str], Stack], emulator: Emulator
) -> None:
    stack = stack_named("many")
    stack.program(PROGRAM.format(tasks=TASKS))
    stack.up()
    assert len(emulator.tasks()) == TASKS
    assert f"{TASKS + 1} unchanged" in stack.preview()
    stack.destroy()
    assert emulator.tasks() == []
    assert created(emulator) == TASKS
    # Requests that leave evenly may arrive in a heap on a busy machine: a few are refused and sent again.
    assert throttled(emulator) < len(emulator.requests()) / 50


def test_two_stacks_at_once_on_one_account_wait_for_each_other(
    stack_named: Callable[[str], Stack], emulator: Emulator
) -> None:
    stacks = [stack_named("first"), stack_named("second")]
    for stack in stacks:
        stack.program(PROGRAM.format(tasks=TASKS_OF_TWO))
    with ThreadPoolExecutor(2) as together:
        assert len([*together.map(Stack.up, stacks)]) == 2
        assert len(emulator.tasks()) == 2 * TASKS_OF_TWO
        for shown in together.map(Stack.preview, stacks):
            assert f"{TASKS_OF_TWO + 1} unchanged" in shown
        assert len([*together.map(Stack.destroy, stacks)]) == 2
    assert emulator.tasks() == []
    assert created(emulator) == 2 * TASKS_OF_TWO
    assert throttled(emulator) > 0, "the two never met the limit together: this test shows nothing"
