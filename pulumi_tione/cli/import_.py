"""`pulumi-tione import`: import existing tasks into the state, which the engine cannot do for dynamic resources.

The work is done in `stacks/task_import.py`, pending creates in `stacks/pending_creates.py`. Exit codes: 0, or 2 for an
error, a refusal, or a question that was not answered with yes.
"""

from __future__ import annotations

import os
from pathlib import Path

import click

from pulumi_tione.cli.options import in_a_stack, without_asking
from pulumi_tione.cli.terminal import is_confirmed, sanitize, show
from pulumi_tione.stacks.pulumi_cli import Pulumi
from pulumi_tione.stacks.state_edit import StateEdit
from pulumi_tione.stacks.task_import import ImportRequest, import_task, resolve_pending_creates


@click.command("import")
@click.argument("resource", required=False)
@click.argument("task", metavar="[ID|NAME]", required=False)
@in_a_stack
@click.option("--parent", metavar="URN", help="The resource's parent, if its type does not identify it.")
@click.option("--region", metavar="REGION", help="The task's region; by default the region of the settings.")
@click.option("--workspace", metavar="ID", help="The task's workspace, if it is not the default one.")
@click.option(
    "--take-over",
    is_flag=True,
    help="Import the task even if its labels name another resource or another stack manages it. First make sure that "
    "nobody uses it there: the next update or destroy of the other stack acts on the same task.",
)
@click.option("--pending", is_flag=True, help="Resolve all creates that a killed update has left pending.")
@without_asking
def import_(
    *,
    resource: str | None,
    task: str | None,
    folder: Path,
    stack: str | None,
    parent: str | None,
    region: str | None,
    workspace: str | None,
    take_over: bool,
    pending: bool,
    yes: bool,
) -> None:
    """Import an existing training task into the state, as RESOURCE.

    RESOURCE is its name in the program, or TYPE::NAME if it has a parent of this type. The declaration for the program
    is printed to standard output, everything else to standard error. Nothing is changed before you confirm it, and a
    backup of the state is written to Pulumi's home.

    With --pending: if a killed update has left creates pending, the task that each of them created becomes a resource
    of the state. A pending create that created no task is dropped.

    Exit code 0: done. 2: refused, failed, or not confirmed.
    """
    if pending and (resource or parent or region or workspace or take_over):
        raise click.UsageError(
            "--pending cannot be combined with RESOURCE, --parent, --region, --workspace or --take-over"
        )
    if not pending and (resource is None or task is None):
        raise click.UsageError("RESOURCE and the task's ID or NAME are required, or --pending")
    pulumi = Pulumi(folder, os.environ)
    edit = StateEdit(
        pulumi,
        pulumi.stack(stack),
        confirm=lambda question: is_confirmed(sanitize(question), yes),
        show=show,
        print_result=click.echo,
    )
    if resource is None or task is None:
        resolve_pending_creates(edit)
    else:
        import_task(edit, ImportRequest(resource, task, parent, region, workspace, take_over))
