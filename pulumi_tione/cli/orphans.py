"""`pulumi-tione orphans`: training tasks that run, or might, and that no state knows."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import click

from pulumi_tione.cli._options import in_a_stack, without_asking
from pulumi_tione.cli._pulumi import Pulumi, PulumiError, StackName
from pulumi_tione.cli._search import Search
from pulumi_tione.cli._survey import Orphan, Survey
from pulumi_tione.cli._terminal import age, harmless, is_confirmed, json_text, table
from pulumi_tione.errors import TaskError, TioneError
from pulumi_tione.lifecycle.delete import delete
from pulumi_tione.lifecycle.rest import bring_to_rest

THERE_ARE_SOME = 1
"""The exit code when orphans are there, or left."""

FAILED = 2
"""The exit code of every error."""

_ACTED_ON_AT_ONCE = 64
"""How many tasks are brought to rest at the same time: it is mostly waiting."""

_DELETED = "deleted"
_STOPPED = "stopped"
_KNOWN_NOW = "left alone: a state knows it now"


@click.command()
@click.argument("tasks", nargs=-1, metavar="[ID|NAME]...")
@in_a_stack
@click.option("--project", metavar="NAME", help="Another project: all its stacks, unless --stack names one.")
@click.option("--all-stacks", is_flag=True, help="All stacks of the project, also those that are gone.")
@click.option("--region", "regions", metavar="REGION", multiple=True, help="Look there too; may be repeated.")
@click.option("--all-workspaces", is_flag=True, help="Look in all workspaces of each region.")
@click.option("--stop", "act", flag_value="stop", help="Stop them, after asking.")
@click.option("--delete", "act", flag_value="delete", help="Stop and delete them, after asking.")
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
    act: str | None,
    yes: bool,
    as_json: bool,
) -> None:
    """List, stop or delete the training tasks of this stack that are in no state.

    They are known by their labels. Such tasks are left by updates that were killed; those that retain_on_delete has
    kept are listed too: they have the labels, and are in no state by design.

    Exit code 0: there are none, or none any more. 1: there are some. 2: something failed.
    """
    if all_stacks and stack:
        raise click.UsageError("--all-stacks and --stack exclude each other")
    pulumi = Pulumi(folder, os.environ)
    survey, config_of = _survey(pulumi, project, stack, all_stacks)
    search = survey.search(regions, all_workspaces)
    found = _only(tasks, survey.orphans(search.tasks))
    now, looked_at = datetime.now(timezone.utc), _looked_at(pulumi, survey, search, config_of)
    if not as_json:
        click.echo(_report(survey, found, now, looked_at))
    outcomes = [_Outcome(orphan) for orphan in found]
    if found and act and is_confirmed(_question(act, len(found)), yes):
        outcomes = _acted_on(act, survey, found)
    if as_json:
        told = [{**each.orphan.as_json(now), "done": each.done, "error": each.error} for each in outcomes]
        click.echo(json_text({"orphans": told, "lookedAt": looked_at}))
    for each in outcomes:
        if each.error:
            click.echo(f"Error: {harmless(each.orphan.task.id)}: {harmless(each.error)}", err=True)
        elif each.done and not as_json:
            click.echo(f"{harmless(each.orphan.task.id)} {each.done}")
    if any(each.done == _DELETED and each.orphan.is_pending for each in outcomes):
        click.echo("The pending creates are still in the state: `pulumi-tione import --pending` drops them.", err=True)
    are_left = any(each.done not in (_DELETED, _KNOWN_NOW) for each in outcomes)
    context.exit(FAILED if any(each.error for each in outcomes) else THERE_ARE_SOME if are_left else 0)


def _only(tasks: Sequence[str], found: Sequence[Orphan]) -> list[Orphan]:
    """Give those of the orphans that are asked for, by id or name, or all if none is.

    Raises:
        TaskError: one that is asked for is no orphan.
    """
    for asked in tasks:
        if not any(asked in (orphan.task.id, orphan.task.name) for orphan in found):
            raise TaskError(f"{asked!r} is no orphan: either a state knows it, or it does not have the labels")
    return [orphan for orphan in found if not tasks or orphan.task.id in tasks or orphan.task.name in tasks]


@dataclass(frozen=True)
class _Outcome:
    """What became of an orphan."""

    orphan: Orphan
    done: str | None = None
    error: str | None = None


def _survey(
    pulumi: Pulumi, project: str | None, stack: str | None, all_stacks: bool
) -> tuple[Survey, StackName | None]:
    """Give what is surveyed, and the stack whose config has the settings."""
    if project is not None:
        try:
            selected = pulumi.stack(None)
        except PulumiError:  # a project may be asked about from anywhere; the environment has the settings then
            return Survey(pulumi, pulumi.settings(None), project, stack), None
        return Survey(pulumi, pulumi.settings(selected), project, stack), selected
    try:
        selected = pulumi.stack(stack)
    except PulumiError as error:
        hint = "; if the stack is gone, name its project too: --project NAME --stack NAME" if stack else ""
        raise PulumiError(f"{error}{hint}") from None
    of_stack = None if all_stacks else selected.stack
    return Survey(pulumi, pulumi.settings(selected), selected.project, of_stack), selected


def _looked_at(pulumi: Pulumi, survey: Survey, search: Search, config_of: StackName | None) -> dict[str, Any]:
    return {
        "labels": dict(search.labels),
        "areLabelsOff": not survey.is_labelled,
        "states": sorted(str(name) for name in survey.states),
        "backend": pulumi.backend(),
        "tagService": search.tag_service,
        "places": [
            {"region": place.region, "workspace": place.workspace, "settings": place.whose or None}
            for place in search.places
        ],
        "lists": [str(place) for place in search.places],
        "config": str(config_of) if config_of else None,
    }


def _report(survey: Survey, found: Sequence[Orphan], now: datetime, looked_at: Mapping[str, Any]) -> str:
    scope = harmless(f"{survey.project}/{survey.stack}" if survey.stack else f"{survey.project}, all stacks")
    if not found:
        return f"No orphans: no training task with the labels of {scope} is missing in the states.\n\n" + _where(
            looked_at
        )
    heads = ("ID", "NAME", "STATUS", "AGE", "STACK", "RESOURCE", "REGION", "WORKSPACE", "NOTE")
    rows = [
        (
            orphan.task.id,
            orphan.task.name,
            orphan.task.status,
            age(now - orphan.task.created) if orphan.task.created else "unknown",
            orphan.task.stack,
            orphan.task.resource,
            orphan.task.place.region,
            orphan.task.place.workspace or "default",
            orphan.note,
        )
        for orphan in found
    ]
    return "\n".join(
        (
            f"{len(found)} training task{'s' * (len(found) > 1)} with the labels of {scope} in no state:",
            "",
            table(heads, rows),
            "",
            _where(looked_at),
            "",
            "A task that retain_on_delete has kept is an orphan by design: it has the labels, and is in no state.",
            "`pending create` means that an update was cut off there: `pulumi-tione import --pending` settles it.",
            "To keep a task: `pulumi-tione import RESOURCE ID`. To get rid of it: `pulumi-tione orphans --delete ID`.",
        )
    )


def _where(looked_at: Mapping[str, Any]) -> str:
    """Say where it was looked."""
    labels = ", ".join(f"{key}={value}" for key, value in looked_at["labels"].items())
    off = " (tione:labels is false: tasks that were created without labels are not found)"
    lines = {
        "labels": labels + off * looked_at["areLabelsOff"],
        "states": f"{', '.join(looked_at['states']) or 'none'} ({looked_at['backend']})",
        "tag service": looked_at["tagService"],
        "lists": ", ".join(looked_at["lists"]),
        "settings": f"config of {looked_at['config']}, then environment" if looked_at["config"] else "environment",
    }
    return "\n".join(("Looked at", *(f"  {what:<11}  {harmless(line)}" for what, line in lines.items())))


def _question(act: str, number: int) -> str:
    what = {"stop": "Stop", "delete": "Stop and delete"}[act]
    return (
        "What an update creates right now looks the same, and so do the tasks of a stack of this name in another "
        f"backend.\n{what} {'this task' if number == 1 else f'these {number} tasks'}?"
    )


def _acted_on(act: str, survey: Survey, found: Sequence[Orphan]) -> list[_Outcome]:
    """Stop or delete the tasks, but none that a state has come to know."""
    still = survey.still_orphans(found)
    with ThreadPoolExecutor(_ACTED_ON_AT_ONCE) as pool:
        outcomes = pool.map(lambda orphan: _attempt(act, survey, orphan), still)
        return [*outcomes, *(_Outcome(orphan, _KNOWN_NOW) for orphan in found if orphan not in still)]


def _attempt(act: str, survey: Survey, orphan: Orphan) -> _Outcome:
    task = orphan.task
    do, done = {"stop": (bring_to_rest, _STOPPED), "delete": (delete, _DELETED)}[act]
    try:
        # What would be recorded of it, as far as its end is concerned; the keys that see it are its account's.
        recorded = {"name": task.name, "tiProjectId": task.place.workspace, "uin": survey.account_of(task.place)}
        do(survey.client_of(task.place), task.id, recorded)
    except TioneError as error:
        return _Outcome(orphan, error=str(error))
    return _Outcome(orphan, done)
