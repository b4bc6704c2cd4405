"""`pulumi-tione events`: the events of a task.

A log is `logs.py`. Which task is meant is decided in `task_options.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from pulumi_tione._api.logs import beginning_of
from pulumi_tione._durations import DURATION_FORMS
from pulumi_tione._timestamps import rfc3339, shown_time
from pulumi_tione.cli.options import start_time
from pulumi_tione.cli.task_options import select_task, with_task
from pulumi_tione.cli.terminal import json_text, table
from pulumi_tione.errors import TaskError


@click.command()
@with_task
@click.option(
    "--since",
    callback=start_time,
    metavar="TIME",
    help=f"Only events since a time, or of the last {DURATION_FORMS}.",
)
@click.option("--warnings", is_flag=True, help="Only warnings.")
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
    """Show the events of the latest run of a training task, the oldest first."""
    selected = select_task(task=task, folder=folder, stack=stack, region=region, workspace=workspace)
    detail = selected.client.describe_training_task(selected.id, selected.workspace)
    if detail is None:
        raise TaskError(f"training task {selected.id} does not exist in {selected.client.region}")
    run = str(detail.get("LatestInstanceId") or "")
    begin = rfc3339(since or beginning_of(detail))
    returned = (
        selected.client.events(run, Order="ASC", StartTime=begin, TiProjectId=selected.workspace) if run else iter(())
    )
    shown = [_as_json(event) for event in returned if not warnings or event.get("Type") == "Warning"]
    if as_json:
        click.echo(json_text(shown))
    elif shown:
        heads = ("LAST SEEN", "TYPE", "COUNT", "OBJECT", "MESSAGE")
        click.echo(table(heads, [["" if value is None else str(value) for value in event.values()] for event in shown]))
    else:
        click.echo(f"No {'warnings' if warnings else 'events'} of {selected.id}.")


def _as_json(event: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "lastSeen": shown_time(event.get("LastTimestamp")),
        "type": event.get("Type"),
        "count": event.get("Count"),
        "object": f"{event.get('ResourceKind')}/{event.get('ResourceName')}",
        "message": event.get("Message"),
    }
