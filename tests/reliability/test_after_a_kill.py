"""`pulumi up` is killed during a create: whatever is done afterwards, in any order, no task is lost or made twice.

Ctrl-C is in `test_fault_matrix.py`, and for a program that waits in `tests/engine/test_waits.py`.
"""

from __future__ import annotations

import itertools
import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from engine_support import Stack
from ensure import engine_path
from local_tione import SMALLEST_BODY
from reliability_support import Command, Service

from pulumi_tione._api.client import Client
from pulumi_tione._config.settings import Settings

pytestmark = pytest.mark.engine

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
OFTEN = (
    ("cancel", "import", "up", "destroy"),
    ("cancel", "destroy", "import", "up"),
    ("up", "cancel", "import", "destroy"),
)
"""What is tried often: what the docs recommend, what loses the provider, and what makes a second create."""


def cases() -> Iterator[Any]:
    """All sequences; in a component those in which the component may be gone when the task is taken into the state."""
    for order in itertools.permutations(COMMANDS):
        marks = pytest.mark.long if order in OFTEN else pytest.mark.exhaustive
        yield pytest.param(order, PLAIN, id="-".join(order), marks=marks)
        if order.index("destroy") < order.index("import"):
            yield pytest.param(order, NESTED, id=f"{'-'.join(order)}-in_a_component", marks=marks)


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


def labels_of_the_task(service: Service) -> dict[str, str]:
    (task,) = service.emulator.tasks()
    tags = {tag["TagKey"]: tag["TagValue"] for tag in task["Tags"]}
    return {key: value for key, value in tags.items() if key.startswith("pulumi:")}


@pytest.mark.parametrize(("order", "program"), [*cases()])
def test_in_every_order_of_commands_the_task_is_in_the_state_or_the_error_names_the_next_command(
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
    if in_state(stack) != in_account(service):  # `cancel` came late: the remaining step is the documented one
        stack.tione("import", "--pending", "--yes")
    assert in_state(stack) == in_account(service)
    stack.up()
    assert in_state(stack) == in_account(service) != []
    created = [request for request in service.requests("CreateTrainingTask") if request["accepted"]]
    assert len(created) <= may_be_created
    assert stack.planned() == {}
    stack.destroy()
    assert in_account(service) == in_state(stack) == []


@pytest.mark.long
def test_the_printed_import_works_after_a_destroy_that_has_removed_the_parents(
    stack: Stack, service: Service, start: Callable[..., Command]
) -> None:
    stack.program(NESTED)
    service.emulator.faults.add("CreateTrainingTask", delay_seconds=1)
    command = start("up", "--yes", "--skip-preview")
    service.wait_for_another("CreateTrainingTask", 0)
    command.kill_provider()
    command.end()
    printed = set(re.findall("`(pulumi-tione import .+?)`", stack.up(fails=True)))
    stack.destroy()
    assert in_state(stack) == []
    (line,) = printed
    code, shown = stack.tione(*shlex.split(line)[1:], "--yes")
    assert code == 0, shown
    stack.up()
    assert stack.planned() == {}
    assert in_state(stack) == in_account(service) != []
    assert len([each for each in service.requests("CreateTrainingTask") if each["accepted"]]) == 1


@pytest.mark.long
def test_orphans_does_not_delete_what_a_running_update_is_creating(
    stack: Stack, service: Service, start: Callable[..., Command]
) -> None:
    stack.program(PLAIN)
    service.emulator.faults.add("CreateTrainingTask", delay_seconds=10)
    command = start("up", "--yes", "--skip-preview")
    service.wait_for_another("CreateTrainingTask", 0)
    service.emulator.advance(7200)
    (task_id,) = in_account(service)
    code, shown = stack.tione("orphans", "--delete", "--older-than", "1h", "--yes")
    assert code == 1, shown
    assert f"{task_id} left alone: its stack is locked" in shown
    code, shown = command.end()
    assert code == 0, shown
    assert in_state(stack) == in_account(service) == [task_id]


FAKE = """\
#!/bin/sh
# The Pulumi CLI; the program that runs it is killed when it is about to write a state, or has written one.
case "$*" in
*"stack import"*)
    if [ -n "$KILL_BEFORE" ]; then kill -9 $PPID; exit 1; fi
    "{pulumi}" "$@"; code=$?
    if [ -n "$KILL_AFTER" ]; then kill -9 $PPID; fi
    exit $code;;
esac
exec "{pulumi}" "$@"
"""


@pytest.fixture
def killed_import(stack: Stack, tmp_path: Path) -> Callable[..., None]:
    """Runs `pulumi-tione import`, which is killed before or after it writes the state."""
    folder = tmp_path / "fake"
    folder.mkdir()
    fake = folder / "pulumi"
    fake.write_text(FAKE.format(pulumi=engine_path() / "pulumi"), encoding="utf-8")
    fake.chmod(0o755)

    def run(moment: str, *arguments: str) -> None:
        path = stack.environment["PATH"]
        stack.environment.update({"PATH": f"{folder}{os.pathsep}{path}", moment: "1"})
        try:
            code, shown = stack.tione("import", *arguments, "--yes")
        finally:
            stack.environment["PATH"] = path
            del stack.environment[moment]
        assert code == -signal.SIGKILL, shown

    return run


@pytest.mark.long
@pytest.mark.parametrize("moment", ["KILL_BEFORE", "KILL_AFTER"])
def test_an_import_that_was_killed_is_finished_by_running_it_again(
    moment: str, stack: Stack, service: Service, killed_import: Callable[..., None]
) -> None:
    client = Client(Settings(lambda _: None, stack.environment), "ap-guangzhou")
    task_id = client.create_training_task({**SMALLEST_BODY, "Name": "bert"})
    before = json.loads(stack.exported())
    killed_import(moment, "bert", task_id)
    assert labels_of_the_task(service) == {}
    assert in_state(stack) == ([task_id] if moment == "KILL_AFTER" else [])
    (copy,) = Path(stack.environment["PULUMI_HOME"], "pulumi-tione", "backups").glob("*.state.json")
    assert json.loads(copy.read_text(encoding="utf-8")) == before

    code, shown = stack.tione("import", "bert", task_id, "--yes")
    assert code == 0, shown
    assert in_state(stack) == [task_id]
    assert labels_of_the_task(service)["pulumi:resource"] == "bert"
    code, shown = stack.tione("import", "bert", task_id, "--yes")
    assert (code, "lacks" in shown) == (0, False)
    assert "2 unchanged" in stack.refresh()
    stack.destroy()
    assert in_account(service) == []


@pytest.mark.long
@pytest.mark.parametrize("moment", ["KILL_BEFORE", "KILL_AFTER"])
def test_an_import_of_pending_creates_that_was_killed_is_finished_by_running_it_again(
    moment: str,
    stack: Stack,
    service: Service,
    start: Callable[..., Command],
    killed_import: Callable[..., None],
) -> None:
    stack.program(NESTED)
    task_id = kill_during_create(stack, service, start)
    stack.pulumi("cancel", "--yes")
    stack.destroy()
    killed_import(moment, "--pending")
    assert in_state(stack) == ([task_id] if moment == "KILL_AFTER" else [])
    code, shown = stack.tione("import", "--pending", "--yes")
    assert code == 0, shown
    assert in_state(stack) == [task_id]
    stack.up()
    assert in_account(service) == in_state(stack) == [task_id]


@pytest.mark.long
def test_an_import_that_is_killed_while_it_adds_tags_is_finished_by_running_it_again(
    stack: Stack, service: Service
) -> None:
    client = Client(Settings(lambda _: None, stack.environment), "ap-guangzhou")
    task_id = client.create_training_task({**SMALLEST_BODY, "Name": "bert"})
    service.emulator.faults.add("TagResources", delay_seconds=3, effect=False, connection="close")
    command = [sys.executable, "-m", "pulumi_tione.cli", "import", "bert", task_id, "--yes"]
    with subprocess.Popen(command, cwd=stack.workspace.project, env=stack.environment) as running:
        service.wait_for_another("TagResources", 0)
        running.kill()
    assert in_state(stack) == [task_id]
    code, shown = stack.tione("import", "bert", task_id, "--yes")
    assert code == 0, shown
    assert labels_of_the_task(service)["pulumi:stack"] == "dev"
