"""`pulumi-tione orphans`: training tasks that run, or might, and that no state knows."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import click

from pulumi_tione.call_context import CallContext
from pulumi_tione.cli.options import in_a_stack, length_of_time, without_asking
from pulumi_tione.cli.terminal import age, is_attended, is_confirmed, json_text, sanitize, table
from pulumi_tione.errors import TaskError, TioneError
from pulumi_tione.lifecycle.delete import delete
from pulumi_tione.lifecycle.recorded_task import RecordedTask
from pulumi_tione.lifecycle.stop import stop_and_wait
from pulumi_tione.stacks.label_search import Search
from pulumi_tione.stacks.orphan_scan import Orphan, OrphanScan
from pulumi_tione.stacks.pulumi_cli import Pulumi, PulumiError, StackName

THERE_ARE_SOME = 1
"""The exit code when orphans are there, or left."""

FAILED = 2
"""The exit code of every error."""

_ACTED_ON_AT_ONCE = 64
"""How many tasks are brought to rest at the same time: it is mostly waiting."""

_DELETED = "deleted"
_STOPPED = "stopped"
_KNOWN_NOW = "left alone: a state knows it now"


OLDER_THAN = "--older-than"


def _older_than(_context: click.Context, _parameter: click.Parameter, value: str | None) -> timedelta | None:
    try:
        length = None if value is None else length_of_time(value)
    except OverflowError:
        length = None
    if value is not None and length is None:
        raise click.BadParameter("give a length of time such as 90s, 10m, 2h or 3d")
    return length


@click.command()
@click.argument("tasks", nargs=-1, metavar="[ID|NAME]...")
@in_a_stack
@click.option("--project", metavar="NAME", help="Another project: all its stacks, unless --stack names one.")
@click.option("--all-stacks", is_flag=True, help="All stacks of the project, also those that are gone.")
@click.option("--region", "regions", metavar="REGION", multiple=True, help="Look there too; may be repeated.")
@click.option("--all-workspaces", is_flag=True, help="Look in all workspaces of each region.")
@click.option("--stop", "act", flag_value="stop", help="Stop them, after asking.")
@click.option("--delete", "act", flag_value="delete", help="Stop and delete them, after asking.")
@click.option(
    OLDER_THAN,
    metavar="DURATION",
    callback=_older_than,
    help="Stop or delete only those that were created so long ago: 90s, 10m, 2h, 3d.",
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
    act: str | None,
    older_than: timedelta | None,
    yes: bool,
    as_json: bool,
) -> None:
    """List, stop or delete the training tasks of this stack that are in no state.

    They are known by their labels. Such tasks are left by updates that were killed; those that retain_on_delete has
    kept are listed too: they have the labels, and are in no state by design.

    With --yes, or where nobody can be asked, --stop and --delete need IDs or --older-than. Unless it is named by its
    ID, a task is left alone when its stack is locked, when it is less than a minute old, or when retain_on_delete keeps
    it.

    Exit code 0: there are none, or none any more. 1: there are some. 2: something failed.
    """
    if all_stacks and stack:
        raise click.UsageError("--all-stacks and --stack exclude each other")
    pulumi = Pulumi(folder, os.environ)
    survey, config_of = _survey(pulumi, project, stack, all_stacks)
    search = survey.search(regions, all_workspaces)
    found = _only(tasks, survey.orphans(search.tasks))
    looked_at = _looked_at(pulumi, survey, search, config_of)
    if not as_json:
        click.echo(_report(survey, found, looked_at))
    outcomes = [_Outcome(orphan) for orphan in found]
    if found and act:
        selection = _Selection(frozenset(tasks), older_than)
        if not tasks and older_than is None and (yes or not is_attended()):
            raise TaskError(f"nothing was done: nobody is asked, so name the tasks, or add {OLDER_THAN} DURATION")
        meant = [orphan for orphan in found if selection.reason_against(orphan) is None]
        if not meant or is_confirmed(_question(act, len(meant)), yes):
            outcomes = _acted_on(act, survey, found, selection)
    if as_json:
        listed = [{**each.orphan.as_json(), "done": each.done, "error": each.error} for each in outcomes]
        click.echo(json_text({"orphans": listed, "lookedAt": looked_at}))
    for each in outcomes:
        if each.error:
            click.echo(f"Error: {sanitize(each.orphan.task.id)}: {sanitize(each.error)}", err=True)
        elif each.done and not as_json:
            click.echo(f"{sanitize(each.orphan.task.id)} {each.done}")
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
class _Selection:
    """Which orphans are to be stopped or deleted."""

    named: frozenset[str]
    """The ids and names that were given; if there are none, all orphans are meant."""
    older_than: timedelta | None

    def reason_against(self, orphan: Orphan) -> str | None:
        """Return why an orphan is left alone; None, if it is not."""
        if self.older_than is not None and (orphan.age is None or orphan.age < self.older_than):
            return f"it is not older than {age(self.older_than)}"
        return None if orphan.task.id in self.named else orphan.reason_to_stay


@dataclass(frozen=True)
class _Outcome:
    """What became of an orphan."""

    orphan: Orphan
    done: str | None = None
    error: str | None = None


def _survey(
    pulumi: Pulumi, project: str | None, stack: str | None, all_stacks: bool
) -> tuple[OrphanScan, StackName | None]:
    """Give what is surveyed, and the stack whose config has the settings."""
    if project is not None:
        try:
            selected = pulumi.stack(None)
        except PulumiError:  # a project may be asked about from anywhere; the environment has the settings then
            return OrphanScan(pulumi, pulumi.settings(None), project, stack), None
        return OrphanScan(pulumi, pulumi.settings(selected), project, stack), selected
    try:
        selected = pulumi.stack(stack)
    except PulumiError as error:
        hint = "; if the stack is gone, name its project too: --project NAME --stack NAME" if stack else ""
        raise PulumiError(f"{error}{hint}") from None
    of_stack = None if all_stacks else selected.stack
    return OrphanScan(pulumi, pulumi.settings(selected), selected.project, of_stack), selected


def _looked_at(pulumi: Pulumi, survey: OrphanScan, search: Search, config_of: StackName | None) -> dict[str, Any]:
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


def _report(survey: OrphanScan, found: Sequence[Orphan], looked_at: Mapping[str, Any]) -> str:
    scope = sanitize(f"{survey.project}/{survey.stack}" if survey.stack else f"{survey.project}, all stacks")
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
            "unknown" if orphan.age is None else age(orphan.age),
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
            "`stack locked` means that an update of the stack is running, or was killed: it may be creating the task.",
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
    return "\n".join(("Looked at", *(f"  {what:<11}  {sanitize(line)}" for what, line in lines.items())))


def _question(act: str, number: int) -> str:
    what = {"stop": "Stop", "delete": "Stop and delete"}[act]
    return (
        "The tasks of a stack of this name in another backend look the same.\n"
        f"{what} {'this task' if number == 1 else f'these {number} tasks'}?"
    )


def _acted_on(act: str, survey: OrphanScan, found: Sequence[Orphan], selection: _Selection) -> list[_Outcome]:
    """Stop or delete the tasks that are meant, but none that a state has come to know.

    One that was not meant when the question was asked is left alone, though it may be old enough by now.
    """
    now = {orphan.task.id: orphan for orphan in survey.still_orphans(found)}
    outcomes = []
    meant = []
    for orphan in found:
        still = now.get(orphan.task.id)
        reason = selection.reason_against(orphan) or (selection.reason_against(still) if still else None)
        if still is None:
            outcomes.append(_Outcome(orphan, _KNOWN_NOW))
        elif reason is not None:
            outcomes.append(_Outcome(still, f"left alone: {reason}"))
        else:
            meant.append(still)
    with ThreadPoolExecutor(_ACTED_ON_AT_ONCE) as pool:
        return [*pool.map(lambda orphan: _attempt(act, survey, orphan), meant), *outcomes]


def _attempt(act: str, survey: OrphanScan, orphan: Orphan) -> _Outcome:
    task = orphan.task
    do, done = {"stop": (stop_and_wait, _STOPPED), "delete": (delete, _DELETED)}[act]
    try:
        # What would be recorded of it, as far as its end is concerned; the keys that see it are its account's.
        recorded = {
            "name": task.name,
            "tiProjectId": task.place.workspace,
            "uin": survey.account_of(task.place),
            "createTime": task.created.isoformat() if task.created else "",
        }
        do(RecordedTask(survey.client_of(task.place), task.id, recorded, CallContext()))
    except TioneError as error:
        return _Outcome(orphan, error=str(error))
    return _Outcome(orphan, done)
