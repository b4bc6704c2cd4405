"""`pulumi-tione status`: the current status of the tasks of a stack, once or until all of them have ended.

In a terminal the table is refreshed every 3 seconds. The statuses are read in `stacks/task_status.py`.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import click

from pulumi_tione._durations import format_age
from pulumi_tione.cli.options import in_a_stack
from pulumi_tione.cli.task_options import find_task, selected_stack, with_location
from pulumi_tione.cli.terminal import json_text, show, table
from pulumi_tione.errors import TaskError
from pulumi_tione.stacks.known_tasks import KnownTask, known_tasks
from pulumi_tione.stacks.locations import Clients
from pulumi_tione.stacks.task_status import TaskStatus, task_statuses

FAILED = 2
"""The exit code of every error."""

_REFRESH_SECONDS = 3.0

_sleep = time.sleep


@click.command()
@click.argument("tasks", nargs=-1, metavar="[ID|NAME]...")
@with_location
@in_a_stack
@click.option("--once", is_flag=True, help="Show the table once, even in a terminal.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, once.")
@click.pass_context
def status(
    context: click.Context,
    *,
    tasks: Sequence[str],
    folder: Path,
    stack: str | None,
    region: str | None,
    workspace: str | None,
    once: bool,
    as_json: bool,
) -> None:
    """Show the current status of the training tasks of the stack, or of the given ones.

    In a terminal the table is refreshed until all tasks have ended; Ctrl-C ends it earlier. The tasks keep running
    in any case. If a task is not found, the others are shown, then an error, and the exit code is 2.
    """
    pulumi, stack_name = selected_stack(folder, stack)
    if stack_name is None and not tasks:
        stack_name = pulumi.stack(stack)  # raises the reason why there is none
    settings = pulumi.settings(stack_name)
    errors = []
    if tasks:
        shown = []
        for key in dict.fromkeys(tasks):
            try:
                shown.append(find_task(key, pulumi, stack_name, settings, region, workspace))
            except TaskError as error:
                errors.append(error)
        if not shown:
            raise TaskError("; ".join(str(error) for error in errors))
    else:
        shown = [] if stack_name is None else list(known_tasks(pulumi, stack_name))
    shown.sort(key=lambda task: (task.resource, task.id))
    clients = Clients(settings)
    if as_json:
        click.echo(json_text([_as_json(each) for each in task_statuses(shown, clients)]))
    elif shown:
        _show_table(shown, clients, once=once or not _is_terminal())
    else:
        click.echo(f"There are no training tasks in the state of {stack_name}.")
    for missing in errors:
        show(f"Error: {missing}")
    if errors:
        context.exit(FAILED)


def _show_table(shown: Sequence[KnownTask], clients: Clients, *, once: bool) -> None:
    """Show the table once, or until all tasks have ended."""
    is_refreshed = False
    while True:
        statuses = list(task_statuses(shown, clients))
        if is_refreshed:
            click.clear()
        click.echo(_table(statuses))
        if once or all(each.is_over for each in statuses):
            return
        click.echo("\nRefreshed until all tasks have ended. Ctrl-C ends this table, not the tasks.")
        try:
            _sleep(_REFRESH_SECONDS)
        except KeyboardInterrupt:
            return
        is_refreshed = True


def _is_terminal() -> bool:
    return sys.stdout.isatty()


def _as_json(status: TaskStatus) -> dict[str, Any]:
    pods = status.pods
    return {
        "resource": status.task.resource or None,
        "id": status.task.id,
        "name": status.task.name,
        "region": status.task.location.region,
        "workspace": status.task.location.workspace,
        "status": status.status,
        "runtimeInSeconds": status.runtime_seconds,
        "pods": None if pods is None else {"ready": pods.ready, "total": pods.total, "lagging": pods.lagging or None},
        "failureReason": status.failure_reason,
    }


def _table(statuses: Sequence[TaskStatus]) -> str:
    heads = ("RESOURCE", "ID", "STATUS", "RAN FOR", "PODS", "REASON")
    rows = [
        (
            each.task.resource or each.task.name,
            each.task.id,
            each.status,
            format_age(timedelta(seconds=each.runtime_seconds)),
            "" if each.pods is None else f"{each.pods.ready}/{each.pods.total} {each.pods.lagging}".rstrip(),
            each.failure_reason,
        )
        for each in statuses
    ]
    return table(heads, rows)
