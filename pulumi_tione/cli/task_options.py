"""The task that a command works on: found in the state of a stack, or at the service.

The state is searched first, by id, name and resource (`stacks/known_tasks.py`); then the service, in the region of the
settings. Options without a task are in `options.py`.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from pulumi_tione._api.client import Client
from pulumi_tione._api.protocols import TaskAndLogApi
from pulumi_tione._config.settings import Settings
from pulumi_tione.cli.options import in_a_stack
from pulumi_tione.errors import TaskError
from pulumi_tione.stacks.known_tasks import KnownTask, find_known_task, known_tasks
from pulumi_tione.stacks.locations import Clients, Location
from pulumi_tione.stacks.pulumi_cli import Pulumi, PulumiError, StackName

_Command = TypeVar("_Command", bound=Callable[..., Any])


@dataclass(frozen=True)
class SelectedTask:
    """The task that a command works on."""

    id: str
    client: TaskAndLogApi
    """A client of its region."""
    workspace: str | None


def with_location(command: _Command) -> _Command:
    """Add the options of a task that is not in the state: its parameters `region` and `workspace`."""
    workspace = click.option("--workspace", metavar="ID", help="The task's workspace, if it is not the default one.")
    region = click.option("--region", metavar="REGION", help="The task's region, if the task is not in the state.")
    return region(workspace(command))


def with_task(command: _Command) -> _Command:
    """Add the parameters of `select_task` to a command."""
    task = click.argument("task", metavar="ID|NAME")
    return task(with_location(in_a_stack(command)))


def select_task(
    *, task: str, folder: Path, stack: str | None, region: str | None, workspace: str | None
) -> SelectedTask:
    """Find a task by its id, its name, or the name of its resource in the stack.

    Outside a Pulumi project, the settings come from the environment.

    Raises:
        TaskError: there is no such task, or several have the name.
        TioneError: the service or Pulumi fails.
    """
    pulumi, stack_name = selected_stack(folder, stack)
    settings = pulumi.settings(stack_name)
    known = find_task(task, pulumi, stack_name, settings, region, workspace)
    return SelectedTask(known.id, Clients(settings).of(known.location), known.location.workspace)


def find_task(
    key: str,
    pulumi: Pulumi,
    stack: StackName | None,
    settings: Settings,
    region: str | None,
    workspace: str | None,
) -> KnownTask:
    """Return the task with this id or name: the one in the state, or else the one at the service.

    Raises:
        TaskError: there is no such task, or several have the name.
    """
    if stack is not None and region is None and workspace is None:
        known = find_known_task(key, list(known_tasks(pulumi, stack)))
        if known is not None:
            return known
    location = Location(region or settings.region, workspace)
    client = Client(settings, location.region)
    if key.startswith("train-"):
        detail = client.describe_training_task(key, workspace)
        if detail is not None:
            return KnownTask(key, "", str(detail.get("Name") or ""), location)
    item = client.find_training_task(key, workspace)
    if item is not None:
        return KnownTask(str(item["Id"]), "", key, location)
    state = "" if stack is None else f", nor in the state of {stack}"
    hint = "" if region or workspace else ". For another region or workspace, add --region or --workspace"
    raise TaskError(f"there is no training task {key!r} in {location}{state}{hint}")


def selected_stack(folder: Path, stack: str | None) -> tuple[Pulumi, StackName | None]:
    """Return the requested stack, or else the selected one; None if none is selected.

    Raises:
        PulumiError: the requested stack does not exist.
    """
    pulumi = Pulumi(folder, os.environ)
    try:
        return pulumi, pulumi.stack(stack)
    except PulumiError:
        if stack is not None:
            raise
        return pulumi, None
