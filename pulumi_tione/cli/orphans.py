"""`pulumi-tione orphans`: training tasks that may still run, and that are in no state.

Which tasks are orphans is decided in `stacks/orphan_scan.py`, what is stopped or deleted in `stacks/orphan_cleanup.py`.
Exit codes: 0 without orphans, 1 with some, 2 for an error.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import click

from pulumi_tione._durations import DURATION_FORMS, format_age
from pulumi_tione._timestamps import shown_time
from pulumi_tione.cli.options import duration, in_a_stack, without_asking
from pulumi_tione.cli.terminal import is_attended, is_confirmed, json_text, sanitize, show, table
from pulumi_tione.errors import TaskError
from pulumi_tione.stacks.label_search import LabelSearch
from pulumi_tione.stacks.orphan_cleanup import Action, Outcome, Result, Selection, clean_up
from pulumi_tione.stacks.orphan_scan import Orphan, OrphanScan
from pulumi_tione.stacks.pulumi_cli import Pulumi, PulumiError, StackName

ORPHANS_LEFT = 1
"""The exit code when there are orphans."""

FAILED = 2
"""The exit code of every error, and of a question that was not answered with yes."""

OLDER_THAN = "--older-than"


@click.command()
@click.argument("tasks", nargs=-1, metavar="[ID|NAME|RESOURCE]...")
@in_a_stack
@click.option("--project", metavar="NAME", help="Another project: all its stacks, unless --stack selects one.")
@click.option("--all-stacks", is_flag=True, help="All stacks of the project, including removed ones.")
@click.option("--region", "regions", metavar="REGION", multiple=True, help="Search this region too; can be repeated.")
@click.option("--all-workspaces", is_flag=True, help="Search all workspaces of each region.")
@click.option("--stop", "stops", is_flag=True, help="Stop them, after confirmation.")
@click.option("--delete", "deletes", is_flag=True, help="Stop and delete them, after confirmation.")
@click.option(
    OLDER_THAN,
    "min_age",
    metavar="DURATION",
    callback=duration,
    help=f"Stop or delete only tasks that were created longer ago than this: {DURATION_FORMS}.",
)
@without_asking
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def orphans(
    context: click.Context,
    *,
    tasks: Sequence[str],
    folder: Path,
    stack: str | None,
    project: str | None,
    all_stacks: bool,
    regions: Sequence[str],
    all_workspaces: bool,
    stops: bool,
    deletes: bool,
    min_age: timedelta | None,
    yes: bool,
    as_json: bool,
) -> None:
    """List, stop or delete the training tasks of this stack that are in no state.

    They are found by their labels. Killed updates leave such tasks. Tasks that retain_on_delete has kept are listed
    too: they have the labels, and are in no state by design.

    With --yes, or without a terminal, --stop and --delete need IDs or --older-than. A task is left alone if its stack
    is locked, if it is less than a minute old, or if retain_on_delete keeps it. To stop or delete it anyway,
    give its ID.

    Exit code 0: there are no orphans, or none any more. 1: there are orphans. 2: an error, or not confirmed.
    """
    if all_stacks and stack:
        raise click.UsageError("--all-stacks and --stack cannot be combined")
    if stops and deletes:
        raise click.UsageError("--stop and --delete cannot be combined; --delete stops a task first")
    action: Action | None = "stop" if stops else "delete" if deletes else None
    if action is None and (yes or min_age is not None):
        raise click.UsageError(f"{OLDER_THAN if min_age is not None else '--yes'} needs --stop or --delete")
    pulumi = Pulumi(folder, os.environ)
    scan, config_stack = _scan(pulumi, project, stack, all_stacks)
    search = scan.search(regions, all_workspaces)
    found = _selected(tasks, scan.orphans(search.tasks))
    if not as_json:
        click.echo(_report(scan, found, _searched(pulumi, scan, search, config_stack)))
        if found:
            scope = _scope_options(folder, stack, project, all_stacks)
            click.echo("\n" + "\n".join(_next_steps(scan, found, scope)))
    outcomes = [Outcome(orphan) for orphan in found]
    is_refused = False
    if found and action:
        selection = Selection(frozenset(tasks), min_age)
        if not tasks and min_age is None and (yes or not is_attended()):
            raise TaskError(
                f"--{action} without a question needs the IDs of the tasks, or {OLDER_THAN} DURATION. Nothing was done"
            )
        selected = [orphan for orphan in found if selection.reason_against(orphan) is None]
        is_refused = bool(selected) and not is_confirmed(_question(action, len(selected)), yes)
        if not is_refused:
            outcomes = clean_up(action, scan, found, selection)
    if as_json:
        listed = [_as_json(each) for each in outcomes]
        click.echo(json_text({"orphans": listed, "lookedAt": _searched(pulumi, scan, search, config_stack)}))
    for each in outcomes:
        if each.result is Result.FAILED:
            click.echo(f"Error: {sanitize(each.orphan.task.id)}: {sanitize(each)}", err=True)
        elif each.result is not None and not as_json:
            click.echo(f"{sanitize(each.orphan.task.id)} {sanitize(each)}")
    if any(each.result is Result.DELETED and each.orphan.is_pending for each in outcomes):
        show("The pending creates are still in the state. To drop them, run `pulumi-tione import --pending`.")
    if is_refused:
        show("Error: not confirmed, nothing was done")
    if is_refused or any(each.result is Result.FAILED for each in outcomes):
        context.exit(FAILED)
    context.exit(0 if all(each.result is not None and each.result.is_resolved for each in outcomes) else ORPHANS_LEFT)


def _scan(
    pulumi: Pulumi, project: str | None, stack: str | None, all_stacks: bool
) -> tuple[OrphanScan, StackName | None]:
    """Return the scan, and the stack whose config has the settings."""
    if project is not None:
        try:
            selected = pulumi.stack(None)
        except PulumiError:  # another project can be scanned from anywhere, with the settings of the environment
            return OrphanScan(pulumi, pulumi.settings(None), project, stack), None
        return OrphanScan(pulumi, pulumi.settings(selected), project, stack), selected
    try:
        selected = pulumi.stack(stack)
    except PulumiError as error:
        hint = ". If the stack was removed, add its project: --project NAME --stack NAME" if stack else ""
        raise PulumiError(f"{error}{hint}") from None
    scanned = None if all_stacks else selected.stack
    return OrphanScan(pulumi, pulumi.settings(selected), selected.project, scanned), selected


def _selected(tasks: Sequence[str], found: Sequence[Orphan]) -> list[Orphan]:
    """Return the orphans with these ids, names or resources, or all if there are none.

    Raises:
        TaskError: a task with one of them is no orphan.
    """
    for key in tasks:
        if not any(key in _keys(orphan) for orphan in found):
            raise TaskError(
                f"{key!r} is not an orphan: it is in a state, it lacks the labels of this stack, or its region was not "
                "searched (add --region)"
            )
    return [orphan for orphan in found if not tasks or _keys(orphan) & {*tasks}]


def _keys(orphan: Orphan) -> set[str]:
    """Return what selects an orphan: its id, its name, and its resource with or without the types of its parents."""
    task = orphan.task
    return {task.id, task.name, task.resource, task.resource.rpartition("::")[2]} - {""}


def _searched(pulumi: Pulumi, scan: OrphanScan, search: LabelSearch, config_stack: StackName | None) -> dict[str, Any]:
    """Return where the scan has searched."""
    return {
        "labels": dict(search.labels),
        "labelsEnabled": scan.settings.labels,
        "states": sorted(str(name) for name in scan.states),
        "backend": pulumi.backend(),
        "tagService": {
            "found": search.tag_service.found,
            "deletedSince": search.tag_service.gone,
            "refusals": search.tag_service.refusals,
            "summary": str(search.tag_service),
        },
        "locations": [
            {
                "region": location.region,
                "workspace": location.workspace,
                "account": location.account or None,
                "summary": str(location),
            }
            for location in search.locations
        ],
        "config": str(config_stack) if config_stack else None,
    }


def _as_json(outcome: Outcome) -> dict[str, Any]:
    orphan, task = outcome.orphan, outcome.orphan.task
    result = outcome.result
    return {
        "id": task.id,
        "name": task.name,
        "status": task.status,
        "created": shown_time(task.created.isoformat()) if task.created else None,
        "ageSeconds": None if orphan.age is None else max(int(orphan.age.total_seconds()), 0),
        "project": task.project,
        "stack": task.stack,
        "resource": task.resource,
        "region": task.location.region,
        "workspace": task.location.workspace,
        "pendingCreate": orphan.is_pending,
        "stackLocked": orphan.is_locked,
        "retainOnDelete": orphan.is_retained,
        "done": None if result in (None, Result.FAILED) else result.value,
        "reason": outcome.detail if result in (Result.LEFT_ALONE, Result.ENDED) else None,
        "error": outcome.detail if result is Result.FAILED else None,
    }


def _report(scan: OrphanScan, found: Sequence[Orphan], searched: Mapping[str, Any]) -> str:
    scope = sanitize(f"{scan.project}/{scan.stack}" if scan.stack else f"any stack of {scan.project}")
    if not found:
        unknown = "" if scan.states else f"\nNo stack of {sanitize(scan.project)} exists in this backend."
        return (
            f"No orphans: every training task with the labels of {scope} is in a state.{unknown}\n\n{_where(searched)}"
        )
    heads = ("ID", "NAME", "STATUS", "AGE", "STACK", "RESOURCE", "REGION", "WORKSPACE", "NOTE")
    rows = [
        (
            orphan.task.id,
            orphan.task.name,
            orphan.task.status,
            "unknown" if orphan.age is None else format_age(orphan.age),
            orphan.task.stack,
            orphan.task.resource,
            orphan.task.location.region,
            orphan.task.location.workspace or "default",
            orphan.note,
        )
        for orphan in found
    ]
    count = f"{len(found)} training task{'s' * (len(found) > 1)}"
    return f"{count} with the labels of {scope} in no state:\n\n{table(heads, rows)}\n\n{_where(searched)}"


def _where(searched: Mapping[str, Any]) -> str:
    """Return where the scan has searched, in a few lines."""
    labels = ", ".join(f"{key}={value}" for key, value in searched["labels"].items())
    off = "" if searched["labelsEnabled"] else " (tione:labels is false: tasks created without labels are not found)"
    lines = {
        "labels": labels + off,
        "states": f"{', '.join(searched['states']) or 'none'} ({searched['backend']})",
        "tag service": searched["tagService"]["summary"],
        "lists": ", ".join(location["summary"] for location in searched["locations"]),
        "settings": f"config of {searched['config']}, then environment" if searched["config"] else "environment",
    }
    return "\n".join(("Searched", *(f"  {what:<11}  {sanitize(line)}" for what, line in lines.items())))


def _scope_options(folder: Path, stack: str | None, project: str | None, all_stacks: bool) -> dict[str, list[str]]:
    """Return the options with which the scan was started: for commands on orphans, and for those on a stack."""
    in_folder = [] if folder == Path() else ["--cwd", str(folder)]
    of_project = ["--project", project] if project else []
    every = ["--all-stacks"] if all_stacks else []
    of_stack = ["--stack", stack] if stack else []
    return {"orphans": [*in_folder, *of_project, *of_stack, *every], "folder": in_folder}


def _next_steps(scan: OrphanScan, found: Sequence[Orphan], scope: Mapping[str, list[str]]) -> list[str]:
    """Return what the notes mean, and the commands to keep or to delete the orphans."""
    notes = []
    if any(orphan.is_retained and not orphan.is_pending for orphan in found):
        notes.append("retain_on_delete: kept on purpose. It has the labels, and is in no state by design.")
    if any(orphan.is_locked for orphan in found):
        notes.append("stack locked: an update is running, which may be creating the task, or was killed.")
    pending = [orphan for orphan in found if orphan.is_pending]
    if pending:
        command = ["pulumi-tione", "import", "--pending", *scope["folder"], "--stack", pending[0].task.stack]
        notes.append(f"pending create: an update was killed while creating it. To resolve it, run: {_line(command)}")
    first = found[0]
    here = first.task.location
    where = [] if here.region == scan.settings.region and not here.workspace else ["--region", here.region]
    where += ["--workspace", here.workspace] if here.workspace else []
    keep = ["pulumi-tione", "import", first.task.resource or "RESOURCE", first.task.id]
    keep += [*where, *scope["folder"], "--stack", first.task.stack]
    # All of these options are needed to find the same orphans again.
    regions = dict.fromkeys(orphan.task.location.region for orphan in found)
    delete = ["pulumi-tione", "orphans", "--delete", *(orphan.task.id for orphan in found[:_MAX_IDS])]
    delete += [option for region in regions if region != scan.settings.region for option in ("--region", region)]
    delete += ["--all-workspaces"] if any(orphan.task.location.workspace for orphan in found) else []
    delete += scope["orphans"]
    more = f" (and {len(found) - _MAX_IDS} more)" if len(found) > _MAX_IDS else ""
    return [
        *notes,
        f"To keep a task, import it into the state of its stack: {_line(keep)}",
        f"To stop and delete the tasks{more}: {_line(delete)}",
    ]


_MAX_IDS = 10
"""How many ids the command to delete the orphans lists."""


def _line(command: Sequence[str]) -> str:
    return sanitize(shlex.join(command))


def _question(action: Action, number: int) -> str:
    what = {"stop": "Stop", "delete": "Stop and delete"}[action]
    return (
        "Tasks of a stack of the same name in another backend have the same labels.\n"
        f"{what} {'this task' if number == 1 else f'these {number} tasks'}?"
    )
