"""`pulumi-tione status`: how the tasks of a stack are, now or for as long as one of them runs."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import click

from pulumi_tione._api.pods import readiness
from pulumi_tione._api.protocols import PAGE_SIZE, LogApi
from pulumi_tione._api.status import is_terminal
from pulumi_tione.cli.options import in_a_stack
from pulumi_tione.cli.task_argument import KnownTask, known_tasks, selected_stack
from pulumi_tione.cli.terminal import age, json_text, table
from pulumi_tione.errors import TioneError
from pulumi_tione.stacks.locations import Clients

GONE = "GONE"
"""The status of a task that the state knows and the service does not."""

_SECONDS_BETWEEN_LOOKS = 3.0

_LOOKED_INTO = 10
"""Of how many tasks the pods are told: each costs a call."""

_sleep = time.sleep


@dataclass(frozen=True)
class Seen:
    """A task as it is now."""

    task: KnownTask
    item: Mapping[str, Any]
    pods: str = ""

    @property
    def status(self) -> str:
        return str(self.item.get("Status") or GONE)

    @property
    def is_over(self) -> bool:
        return self.status == GONE or is_terminal(self.status)

    @property
    def runtime_in_seconds(self) -> int:
        return int(self.item.get("RuntimeInSeconds") or 0)

    def as_json(self) -> dict[str, Any]:
        return {
            "resource": self.task.resource,
            "id": self.task.id,
            "name": self.task.name,
            "region": self.task.place.region,
            "workspace": self.task.place.workspace,
            "status": self.status,
            "runtimeInSeconds": self.runtime_in_seconds,
            "pods": self.pods,
            "failureReason": self.item.get("FailureReason") or "",
        }


@click.command()
@in_a_stack
@click.option("--once", is_flag=True, help="Show the table once, also in a terminal.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, once.")
def status(*, folder: Path, stack: str | None, once: bool, as_json: bool) -> None:
    """Show the training tasks that the stack's state knows, as they are now.

    In a terminal the table stays until all of them have ended, or Ctrl-C. The tasks run on in any case.
    """
    pulumi, selected = selected_stack(folder, stack)
    if selected is None:
        selected = pulumi.stack(stack)  # which says why there is none
    clients = Clients(pulumi.settings(selected))
    tasks = sorted(known_tasks(pulumi, selected), key=lambda task: (task.resource, task.id))
    if as_json:
        click.echo(json_text([each.as_json() for each in _seen(tasks, clients)]))
        return
    if not tasks:
        click.echo(f"The state of {selected} knows no training task.")
        return
    while True:
        seen = list(_seen(tasks, clients))
        is_last = once or not _is_terminal() or all(each.is_over for each in seen)
        if not (once or not _is_terminal()):
            click.clear()
        click.echo(_table(seen))
        if is_last:
            return
        click.echo("\nUntil all have ended; Ctrl-C ends this table, not the tasks.")
        try:
            _sleep(_SECONDS_BETWEEN_LOOKS)
        except KeyboardInterrupt:
            return


def _is_terminal() -> bool:
    return sys.stdout.isatty()


def _seen(tasks: Sequence[KnownTask], clients: Clients) -> Iterator[Seen]:
    """Look at the tasks, fifty a call; the pods of the first ten that are active are counted too."""
    places = dict.fromkeys(task.place for task in tasks)
    items: dict[str, dict[str, Any]] = {}
    for place in places:
        ids = [task.id for task in tasks if task.place == place]
        for begin in range(0, len(ids), PAGE_SIZE):
            items |= clients.of(place).training_tasks_by_id(ids[begin : begin + PAGE_SIZE], place.workspace)
    looked_into = 0
    for task in tasks:
        client = clients.of(task.place)
        # A list may lag behind: what none shows is asked for by itself.
        item = items.get(task.id) or client.describe_training_task(task.id, task.place.workspace) or {}
        seen = Seen(task, item)
        if not seen.is_over and looked_into < _LOOKED_INTO:
            looked_into += 1
            seen = Seen(task, item, _pods(client, task))
        yield seen


def _pods(client: LogApi, task: KnownTask) -> str:
    """Say how many pods are ready, and which is not; nothing where the service does not tell."""
    try:
        pods = client.pods(task.id, task.place.workspace)
    except TioneError:
        return ""
    now = readiness(pods)
    return f"{now.ready}/{now.total} {now.lagging}".rstrip() if pods else ""


def _table(seen: Sequence[Seen]) -> str:
    heads = ("RESOURCE", "ID", "STATUS", "RAN FOR", "PODS", "REASON")
    rows = [
        (
            each.task.resource,
            each.task.id,
            each.status,
            age(timedelta(seconds=each.runtime_in_seconds)),
            each.pods,
            str(each.item.get("FailureReason") or ""),
        )
        for each in seen
    ]
    return table(heads, rows)
