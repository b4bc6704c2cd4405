"""`pulumi-tione events`: what happened to a task."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from pulumi_tione._api.logs import beginning_of
from pulumi_tione._timestamps import rfc3339
from pulumi_tione.cli.logs import begin_of
from pulumi_tione.cli.task_argument import about_a_task, task_asked_for
from pulumi_tione.cli.terminal import json_text, table
from pulumi_tione.errors import TaskError


@click.command()
@about_a_task
@click.option("--since", callback=begin_of, metavar="TIME", help="From a time on, or so long ago: 90s, 10m, 2h, 3d.")
@click.option("--warnings", is_flag=True, help="Warnings alone.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def events(
    *,
    task: str,
    folder: Path,
    stack: str | None,
    region: str | None,
    workspace: str | None,
    since: datetime | None,
    warnings: bool,
    as_json: bool,
) -> None:
    """Show what happened to the latest run of a training task, the oldest first."""
    asked = task_asked_for(task=task, folder=folder, stack=stack, region=region, workspace=workspace)
    detail = asked.client.describe_training_task(asked.id, asked.workspace)
    if detail is None:
        raise TaskError(f"training task {asked.id} does not exist in {asked.client.region}")
    run = str(detail.get("LatestInstanceId") or "")
    begin = rfc3339(since or beginning_of(detail))
    told = asked.client.events(run, Order="ASC", StartTime=begin, TiProjectId=asked.workspace) if run else iter(())
    found = [event for event in told if not warnings or event.get("Type") == "Warning"]
    if as_json:
        click.echo(json_text([_as_json(event) for event in found]))
    elif found:
        heads = ("LAST SEEN", "TYPE", "COUNT", "OBJECT", "MESSAGE")
        click.echo(table(heads, [[str(value) for value in _as_json(event).values()] for event in found]))
    else:
        click.echo(f"No {'warnings' if warnings else 'events'} of {asked.id}.")


def _as_json(event: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "lastSeen": event.get("LastTimestamp"),
        "type": event.get("Type"),
        "count": event.get("Count"),
        "object": f"{event.get('ResourceKind')}/{event.get('ResourceName')}",
        "message": event.get("Message"),
    }
