"""`pulumi-tione show`: a task of the service as a declaration, as JSON, or as the request that creates such a task.

The declaration comes from `stacks/imported_task.py`, the request from `review/request_body.py`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from pulumi_tione._schema.wire import user_tags
from pulumi_tione.cli.options import in_a_stack
from pulumi_tione.cli.task_options import find_task, selected_stack, with_location
from pulumi_tione.cli.terminal import json_text
from pulumi_tione.errors import TaskError
from pulumi_tione.review.request_body import shown_request
from pulumi_tione.stacks.imported_task import ImportedTask
from pulumi_tione.stacks.locations import Clients
from pulumi_tione.stacks.task_import import remote_envs

_SECRET = "(secret)"  # noqa: S105  it stands for one


@click.command()
@click.argument("task", metavar="ID|NAME")
@with_location
@in_a_stack
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option(
    "--request",
    "as_request",
    is_flag=True,
    help="Print the body of the CreateTrainingTask that creates such a task, without its secrets, as JSON.",
)
def show(
    *,
    task: str,
    folder: Path,
    stack: str | None,
    region: str | None,
    workspace: str | None,
    as_json: bool,
    as_request: bool,
) -> None:
    """Print a training task as its declaration in Python. No state is changed, and the task need not be in one."""
    if as_json and as_request:
        raise click.UsageError("--json and --request exclude each other: a request is JSON")
    shown = _shown_task(task, folder, stack, region, workspace)
    if as_request:
        inputs = {**shown.declared, **({"callbackUrl": shown.callback_url} if shown.callback_url else {})}
        private = {str(env["Name"]): _SECRET for env in shown.envs or () if env.get("IsPrivate")}
        inputs |= {"privateEnvs": private} if private else {}
        click.echo(json_text(shown_request(inputs, user_tags(shown.detail.get("Tags")))))
    elif as_json:
        click.echo(json_text(_as_json(shown)))
    else:
        click.echo(shown.declaration(None))


def _shown_task(task: str, folder: Path, stack: str | None, region: str | None, workspace: str | None) -> ImportedTask:
    pulumi, stack_name = selected_stack(folder, stack)
    settings = pulumi.settings(stack_name)
    known = find_task(task, pulumi, stack_name, settings, region, workspace)
    client = Clients(settings).of(known.location)
    detail = client.describe_training_task(known.id, known.location.workspace)
    if detail is None:
        raise TaskError(f"training task {known.id} does not exist in {known.location}")
    resource = known.resource or str(detail.get("Name") or known.id)
    envs = remote_envs(client, known.id, known.location.workspace)
    return ImportedTask(resource, {}, detail, envs, known.location, settings)


def _as_json(shown: ImportedTask) -> dict[str, Any]:
    private = [str(env["Name"]) for env in shown.envs or () if env.get("IsPrivate")]
    secrets = {
        **({"callbackUrl": _SECRET} if shown.callback_url else {}),
        **({"privateEnvs": dict.fromkeys(private, _SECRET)} if private else {}),
    }
    return {
        "id": shown.detail["Id"],
        "name": shown.detail.get("Name"),
        "status": shown.detail.get("Status"),
        "region": shown.location.region,
        "workspace": shown.location.workspace,
        "inputs": {**shown.declared, **secrets},
    }
