"""Which task a command is about, and where it is: in the state of a stack, or to be looked for."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from pulumi_tione._api.client import Client
from pulumi_tione._api.protocols import TaskAndLogApi, TaskApi
from pulumi_tione._config.settings import Settings
from pulumi_tione.cli.options import in_a_stack
from pulumi_tione.errors import TaskError
from pulumi_tione.stacks.locations import Clients, Place
from pulumi_tione.stacks.pulumi_cli import Pulumi, PulumiError, StackName
from pulumi_tione.stacks.secret_values import unsealed
from pulumi_tione.stacks.state import State, Urn

_Command = TypeVar("_Command", bound=Callable[..., Any])


@dataclass(frozen=True)
class KnownTask:
    """A task that a stack's state knows."""

    id: str
    resource: str
    """The name of its resource."""
    name: str
    place: Place


@dataclass(frozen=True)
class Task:
    """A task that a command is about."""

    id: str
    client: TaskAndLogApi
    """Of its region."""
    workspace: str | None


def about_a_task(command: _Command) -> _Command:
    """Give a command what says which task it is about: the parameters that `task_asked_for` takes."""
    workspace = click.option("--workspace", metavar="ID", help="The task's workspace, if it is not the default one.")
    region = click.option("--region", metavar="REGION", help="The task's region, if the state does not tell.")
    task = click.argument("task", metavar="ID|NAME")
    return task(region(workspace(in_a_stack(command))))


def task_asked_for(*, task: str, folder: Path, stack: str | None, region: str | None, workspace: str | None) -> Task:
    """Find a task by its id, its name, or the name of its resource in the stack.

    Outside a Pulumi project the environment has the settings.

    Raises:
        TaskError: there is no such task, or more than one.
        TioneError: it could not be looked for.
    """
    pulumi, selected = selected_stack(folder, stack)
    settings = pulumi.settings(selected)
    if selected is not None and region is None and workspace is None:
        known = _the_one(task, list(known_tasks(pulumi, selected)))
        if known is not None:
            return Task(known.id, Clients(settings).of(known.place), known.place.workspace)
    client = Client(settings, region or settings.region)
    return Task(_looked_up(task, client, workspace, settings, selected), client, workspace)


def selected_stack(folder: Path, stack: str | None) -> tuple[Pulumi, StackName | None]:
    """Give the stack that is asked for, or else the selected one, if there is one.

    Raises:
        PulumiError: the stack that is asked for does not exist.
    """
    pulumi = Pulumi(folder, os.environ)
    try:
        return pulumi, pulumi.stack(stack)
    except PulumiError:
        if stack is not None:
            raise
        return pulumi, None


def known_tasks(pulumi: Pulumi, stack: StackName) -> Iterator[KnownTask]:
    """Give the tasks that the stack's state knows."""
    for task_id, resource in State.of(pulumi, stack, shows_tasks=True).tasks.items():
        recorded: Mapping[str, Any] = {**resource.get("inputs", {}), **resource.get("outputs", {})}
        urn = Urn.parsed(resource["urn"])
        yield KnownTask(
            id=task_id,
            resource="" if urn is None else urn.name,
            name=str(unsealed(recorded.get("name"))),
            place=Place.recorded(resource) or Place(str(recorded.get("region"))),
        )


def _the_one(asked: str, tasks: list[KnownTask]) -> KnownTask | None:
    """Give the task that is asked for: an id goes before a name, and a name before that of a resource."""
    for spelling in ("id", "name", "resource"):
        found = [task for task in tasks if getattr(task, spelling) == asked]
        if len(found) > 1:
            ids = ", ".join(task.id for task in found)
            raise TaskError(f"{asked!r} is the {spelling} of more than one task: say which by its id ({ids})")
        if found:
            return found[0]
    return None


def _looked_up(
    asked: str, client: TaskApi, workspace: str | None, settings: Settings, selected: StackName | None
) -> str:
    """Look for a task that no state tells of."""
    if asked.startswith("train-") and client.describe_training_task(asked, workspace) is not None:
        return asked
    found = client.find_training_task(asked, workspace)
    if found is not None:
        return str(found["Id"])
    where = f"in {client.region} ({f'workspace {workspace}' if workspace else 'default workspace'})"
    states = "" if selected is None else f", nor in the state of {selected}"
    hint = "" if client.region != settings.region else "; --region and --workspace look elsewhere"
    raise TaskError(f"there is no training task {asked!r} {where}{states}{hint}")
