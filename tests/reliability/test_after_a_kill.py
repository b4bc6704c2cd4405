"""`pulumi up` is killed during a create: whatever is done afterwards, in any order, no task is lost or made twice."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from engine_support import Stack
from reliability_support import Command, Service

pytestmark = [pytest.mark.engine, pytest.mark.long]

PLAIN = """
tione.TrainingTask("t", **(B | dict(start_cmd_info={"worker_start_cmd": "sleep 36000"})))
"""
NESTED = """
class Step(pulumi.ComponentResource):
    def __init__(self, name, parent):
        super().__init__("test:index:Step", name, None, pulumi.ResourceOptions(parent=parent))
        tione.TrainingTask("t", opts=pulumi.ResourceOptions(parent=self),
                           **(B | dict(start_cmd_info={"worker_start_cmd": "sleep 36000"})))


class Pipeline(pulumi.ComponentResource):
    def __init__(self, name):
        super().__init__("test:index:Pipeline", name)
        Step("train", self)


Pipeline("nightly")
"""

COMMANDS = ("cancel", "destroy", "up", "import")


def cases() -> Iterator[Any]:
    """All orders; in a component those in which the component may be gone when the task is taken into the state."""
    for order in itertools.permutations(COMMANDS):
        yield pytest.param(order, PLAIN, id="-".join(order))
        if order.index("destroy") < order.index("import"):
            yield pytest.param(order, NESTED, id=f"{'-'.join(order)}-in_a_component")


def kill_during_create(stack: Stack, service: Service, start: Callable[..., Command]) -> str:
    """Kill the CLI while the service creates the task; give the task's id."""
    service.emulator.faults.add("CreateTrainingTask", delay_seconds=2)
    command = start("up", "--yes", "--skip-preview")
    service.wait_for_another("CreateTrainingTask", 0)
    command.kill()
    command.end()
    command.sweep()
    (task,) = service.emulator.tasks()
    return str(task["Id"])


def run(stack: Stack, command: str) -> tuple[int, str]:
    """Run one of the commands as a script does, and give its exit code and what it printed."""
    if command == "import":
        return stack.tione("import", "--pending", "--yes")
    options = [] if command == "cancel" else ["--skip-preview"]
    return stack.workspace.run(command, "--yes", *options)


def in_state(stack: Stack) -> list[str]:
    return sorted(each["id"] for each in stack.resources() if each["type"].endswith("tione:TrainingTask"))


def in_account(service: Service) -> list[str]:
    return sorted(str(task["Id"]) for task in service.emulator.tasks())


@pytest.mark.parametrize(("order", "program"), [*cases()])
def test_in_every_order_of_commands_the_task_is_in_the_state_or_the_error_says_what_to_do(
    order: Sequence[str], program: str, stack: Stack, service: Service, start: Callable[..., Command]
) -> None:
    stack.program(program)
    task_id = kill_during_create(stack, service, start)
    may_be_created = 1
    for position, command in enumerate(order):
        was_there = in_account(service)
        code, shown = run(stack, command)
        if "cancel" not in order[: position + 1]:
            assert code != 0
            assert "locked" in shown
            continue
        if command == "up" and code:
            assert task_id in shown
            assert "`pulumi-tione import " in shown
        else:
            assert code == 0, shown
        assert len(in_account(service)) <= 1
        # A task that the state knew, and that `destroy` has deleted, may be made anew.
        may_be_created += command == "destroy" and was_there != in_account(service)
    if in_state(stack) != in_account(service):  # `cancel` came late: what is left to do is what the docs say
        stack.tione("import", "--pending", "--yes")
    assert in_state(stack) == in_account(service)
    stack.up()
    assert in_state(stack) == in_account(service) != []
    created = [request for request in service.requests("CreateTrainingTask") if request["accepted"]]
    assert len(created) <= may_be_created
    assert stack.planned() == {}
    stack.destroy()
    assert in_account(service) == in_state(stack) == []
