"""The commands that an error names for a leftover of a killed update: they work as they are printed.

When a create finds such a task is in `tests/unit/test_leftovers.py`.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable

import pytest
from engine_support import Stack
from reliability_support import Command, Service

from pulumi_tione.lifecycle.messages import WITH_OWN_LABELS

pytestmark = [pytest.mark.engine, pytest.mark.long]

COMPONENT = """
class Experiment(pulumi.ComponentResource):
    def __init__(self, name):
        super().__init__("test:index:Experiment", name)
        tione.TrainingTask("训练 1", opts=pulumi.ResourceOptions(parent=self), **B)
Experiment("a")
"""
PROGRAMS = {"plain": 'tione.TrainingTask("t", **B)', "in_a_component": COMPONENT}


def leave_a_task_behind(stack: Stack, service: Service, start: Callable[..., Command]) -> str:
    """Kill the provider in the middle of a create; return what the next `pulumi up` shows."""
    service.emulator.faults.add("CreateTrainingTask", delay_seconds=1)
    command = start("up", "--yes", "--skip-preview")
    service.wait_for_another("CreateTrainingTask", 0)
    command.kill_provider()
    assert command.end()[0] != 0
    assert len(service.emulator.tasks()) == 1
    shown = stack.up(fails=True).partition("Diagnostics:")[2]
    assert f"{WITH_OWN_LABELS}, created with the same inputs" in shown
    return shown


def run_as_printed(stack: Stack, shown: str, command: str) -> None:
    """Run the one command that begins so, with --yes because nobody can be asked."""
    (printed,) = set(re.findall(f"`(pulumi-tione {command} .+?)`", shown))
    code, output = stack.tione(*shlex.split(printed)[1:], "--yes")
    assert code == 0, output


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_a_leftover_is_kept_with_the_commands_of_the_error(
    stack: Stack, service: Service, start: Callable[..., Command], program: str
) -> None:
    stack.program(program)
    shown = leave_a_task_behind(stack, service, start)
    run_as_printed(stack, shown, "import")
    assert stack.planned() == {}
    stack.up()
    assert len(service.emulator.tasks()) == 1
    assert len([each for each in service.requests("CreateTrainingTask") if each["accepted"]]) == 1
    stack.destroy()
    assert service.emulator.tasks() == []


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_a_leftover_is_deleted_with_the_commands_of_the_error(
    stack: Stack, service: Service, start: Callable[..., Command], program: str
) -> None:
    stack.program(program)
    shown = leave_a_task_behind(stack, service, start)
    run_as_printed(stack, shown, "orphans --delete")
    assert service.emulator.tasks() == []
    stack.up()
    assert len(service.emulator.tasks()) == 1
    assert stack.planned() == {}


def test_the_way_out_is_the_same_where_the_create_is_pending(
    stack: Stack, service: Service, start: Callable[..., Command]
) -> None:
    stack.program(PROGRAMS["plain"])
    service.emulator.faults.add("CreateTrainingTask", delay_seconds=2)
    command = start("up", "--yes", "--skip-preview")
    service.wait_for_another("CreateTrainingTask", 0)
    command.kill()
    command.end()
    command.sweep()
    stack.pulumi("cancel", "--yes")
    run_as_printed(stack, stack.up(fails=True), "import")
    assert stack.planned() == {}
    assert len(service.emulator.tasks()) == 1


def test_a_task_that_the_list_does_not_show_yet_does_not_get_a_second_one_next_to_it(
    stack: Stack, service: Service, start: Callable[..., Command]
) -> None:
    stack.program(PROGRAMS["plain"])
    service.emulator.faults.add("CreateTrainingTask", delay_seconds=1, hidden_list_calls=3)
    command = start("up", "--yes", "--skip-preview")
    service.wait_for_another("CreateTrainingTask", 0)
    command.kill_provider()
    command.end()
    assert "already exists" in stack.up(fails=True)
    assert len(service.emulator.tasks()) == 1
