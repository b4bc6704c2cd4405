"""`pulumi-tione import`: tasks that exist taken into the state, which the engine cannot do for dynamic resources."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from pulumi_tione._api.client import Client
from pulumi_tione._api.protocols import TaskAndTagApi, TaskApi
from pulumi_tione._schema.fields import TRAINING_TASK
from pulumi_tione._schema.identity import TYPE, labels
from pulumi_tione._schema.wire import user_tags
from pulumi_tione.call_context import CallContext
from pulumi_tione.cli.options import in_a_stack, without_asking
from pulumi_tione.cli.state_edit import RefusedError, StateEdit
from pulumi_tione.cli.terminal import is_confirmed
from pulumi_tione.errors import TaskError, TioneError
from pulumi_tione.lifecycle.recorded_task import RecordedTask
from pulumi_tione.lifecycle.tagging import set_tags
from pulumi_tione.stacks.claims import label_claim, tasks_of_other_stacks
from pulumi_tione.stacks.imported_task import ImportedTask
from pulumi_tione.stacks.locations import Clients, Place
from pulumi_tione.stacks.pending_creates import PendingCreates
from pulumi_tione.stacks.pulumi_cli import Pulumi
from pulumi_tione.stacks.state import State, Urn, types_of

_ID = re.compile(r"train-\d+")
"""How ids look. A name may look so too: what is no task's id is looked for as a name."""

_PAUSES = (1.0, 2.0)
_sleep = time.sleep


@click.command("import")
@click.argument("resource", required=False)
@click.argument("task", metavar="[ID|NAME]", required=False)
@in_a_stack
@click.option("--parent", metavar="URN", help="The resource's parent, where the types do not tell which.")
@click.option("--region", metavar="REGION", help="Where the task is; by default the region of the settings.")
@click.option("--workspace", metavar="ID", help="The workspace that it is in, where that is not the default one.")
@click.option(
    "--take-over",
    is_flag=True,
    help="Take the task although its labels name another resource, or another stack has it in its state. Make sure "
    "first that nobody uses it there: the other stack's next update or destroy acts on the same task.",
)
@click.option("--pending", is_flag=True, help="Settle all creates that a killed update has left pending.")
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
    """Take an existing training task into the state, as RESOURCE.

    RESOURCE is its name in the program, or TYPE::NAME where it has a parent of this type. The declaration that the
    program needs goes to standard output, everything else to standard error. Nothing is changed before you have agreed
    to it, and a copy of the state is kept.

    With --pending: for each create that a killed update has left pending, the task that it made becomes a resource of
    the state; where it made none, the pending create is dropped.

    Exit code 0: done. 2: refused, failed, or not agreed to.
    """
    pulumi = Pulumi(folder, os.environ)
    if pending:
        if resource or parent or region or workspace or take_over:
            raise click.UsageError("--pending goes without RESOURCE, --parent, --region, --workspace and --take-over")
        _settle(StateEdit(pulumi, pulumi.stack(stack), yes), {})
    elif resource is None or task is None:
        raise click.UsageError("name the RESOURCE and the task's ID or NAME, or say --pending")
    else:
        rewriting = StateEdit(pulumi, pulumi.stack(stack), yes)
        _import_task(rewriting, resource, parent, task, region, workspace, take_over)


def _import_task(
    rewriting: StateEdit,
    resource: str,
    parent: str | None,
    task: str,
    region: str | None,
    workspace: str | None,
    take_over: bool,
) -> None:
    """Take one task into the state: all that can be refused is refused before anything is asked or changed."""
    stack, pulumi, before = rewriting.stack, rewriting.pulumi, rewriting.before
    name, parent, urn = _place_in_state(rewriting, resource, parent)
    if any(pending["urn"] == str(urn) for pending in before.pending_tasks):
        _settle(rewriting, {str(urn): task})
        return
    _ensure_nothing_is_pending(before)
    there = before.resource(str(urn))
    if there is not None and task not in (there.get("id"), there.get("outputs", {}).get("name")):
        raise RefusedError(f"{urn} is in the state already, with the id {there.get('id')}: choose another RESOURCE")
    settings = pulumi.settings(stack)
    place = Place(region or settings.region, workspace)
    client = Client(settings, place.region)
    detail = _detail(client, task, place)
    task_id = str(detail["Id"])
    if task_id in before.tasks and there is None:
        raise RefusedError(f"training task {task_id} is in the state already, as {before.tasks[task_id]['urn']}")
    owner = {
        "organization": stack.organization,
        "project": stack.project,
        "stack": stack.stack,
        "resource": urn.resource,
    }
    if not take_over:
        _ensure_it_is_nobodys(rewriting, detail, owner)
    if parent is None and "$" in urn.types:
        _ensure_it_is_labelled(before, detail, owner, urn)
    adoption = ImportedTask(name, owner, detail, _envs(client, task_id, workspace), place, settings)
    click.echo(adoption.program(parent))
    added = _agreed_tags(rewriting, adoption)
    if there is not None:  # an import that was killed may have written the state, and not yet the tags
        _add_tags(client, adoption, added)
        rewriting.say(f"Training task {task_id} is in the state of {stack} already. Nothing else is left to do.")
        return
    after = before.with_foundation(stack, pulumi.config(stack))
    above = parent or after.nearest_parent(urn)
    after = after.with_task(adoption.entry(str(urn), above, after.provider, added))
    rewriting.say()
    rewriting.say(f"The state of {stack} gets")
    for addition in after.additions_to(before):
        rewriting.say(f"  + {addition['urn']}  {addition.get('id', '')}".rstrip())
    if parent is None and "$" in urn.types:
        rewriting.say(f"The state does not say which parent it has: it stands under {above} until the next `pulumi up`")
    difference = adoption.difference(added)
    if difference.replacing:
        rewriting.say(f"The next `pulumi up` replaces it: {_argument_names(difference.replacing)} differ")
    rewriting.write(after)
    _add_tags(client, adoption, added)
    rewriting.say(f"Training task {task_id} is in the state of {stack}. Its program needs the declaration above.")


def _ensure_it_is_nobodys(rewriting: StateEdit, detail: Mapping[str, Any], owner: Mapping[str, Any]) -> None:
    """Check that no other resource and no other stack has the task: each of them would change and delete it.

    Raises:
        RefusedError: one has it.
    """
    task_id = str(detail["Id"])
    others = tasks_of_other_stacks(rewriting.pulumi, rewriting.stack)
    claim = label_claim(detail, owner)
    look_up = "To use it here without managing it, look it up with tione.TrainingTask.get"
    if task_id in others:
        raise RefusedError(f"training task {task_id} is in {others[task_id]}. Nothing was changed. {look_up}")
    if claim is not None:
        raise RefusedError(
            f"the labels of training task {task_id} name another resource ({claim}). Nothing was changed. {look_up}"
        )


def _ensure_it_is_labelled(before: State, detail: Mapping[str, Any], owner: Mapping[str, Any], urn: Urn) -> None:
    """Check that a task is the resource's, where its parent cannot be told: the type of that might be misspelt.

    Raises:
        RefusedError: the labels do not say so. The next update would delete a task that the program does not declare.
    """
    if not labels(owner).items() <= user_tags(detail.get("Tags")).items():
        types = urn.types.rpartition("$")[0]
        number = len({each["urn"] for each in before.resources if types_of(each["urn"]) == types})
        raise _unknown_parent(number, f"a resource of the type {types}")


def _argument_names(properties: Sequence[str]) -> str:
    return ", ".join(TRAINING_TASK.fields[name].name for name in properties)


def _ensure_nothing_is_pending(before: State) -> None:
    """Refuse where creates are pending: `pulumi stack import` would drop them, and who knows what they made."""
    ours = [str(resource["urn"]) for resource in before.pending_tasks]
    if ours:
        raise RefusedError(f"creates are pending ({', '.join(ours)}): run `pulumi-tione import --pending` first")
    _ensure_nothing_else_is_pending(before)


def _ensure_nothing_else_is_pending(before: State) -> None:
    others = [str(resource["urn"]) for resource in before.pending_creates if resource not in before.pending_tasks]
    if others:
        raise RefusedError(
            f"creates of other resources are pending ({', '.join(others)}), which writing the state would drop, "
            "whatever they made: settle them first with `pulumi refresh`, which asks about each"
        )


def _place_in_state(rewriting: StateEdit, resource: str, parent: str | None) -> tuple[str, str | None, Urn]:
    """Return a resource's name, its parent's URN and its own URN.

    There is no parent's URN where the parent is the stack, or where none or several of its type are in the state.

    Raises:
        RefusedError: the parent that is named is not in the state.
    """
    stack, before = rewriting.stack, rewriting.before
    types, _, name = resource.rpartition("::")
    at_root = Urn(stack.stack, stack.project, TYPE, name)
    if parent is None and not types:
        return name, None, at_root
    urns = [str(each["urn"]) for each in before.resources]
    meant = {urn for urn in urns if (urn == parent if parent else types_of(urn) == types)}
    if parent is None and len(meant) != 1:  # its URN has only the types in it
        return name, None, Urn(stack.stack, stack.project, f"{types}${TYPE}", name)
    if not meant:
        raise _unknown_parent(0, str(parent))
    (above,) = meant
    parsed = Urn.parsed(above)
    if above == before.root or parsed is None:
        return name, None, at_root
    return name, above, parsed.child(TYPE, name)


def _unknown_parent(number: int, which: str) -> RefusedError:
    return RefusedError(f"the state has {number} parents that are {which}: name the one that is meant with --parent")


def _detail(client: TaskApi, task: str, place: Place) -> dict[str, Any]:
    """Give what the service tells of the task with this id, or this name.

    Raises:
        TaskError: there is none.
    """
    for pause in (*_PAUSES, 0.0):  # one "not found" may be wrong
        detail = client.describe_training_task(task, place.workspace) if _ID.fullmatch(task) else None
        if detail is None:
            item = client.find_training_task(task, place.workspace)
            detail = client.describe_training_task(str(item["Id"]), place.workspace) if item else None
        if detail is not None:
            return detail
        _sleep(pause)
    raise TaskError(
        f"there is no training task {task!r} in {place} of account {client.account_id()}; "
        "--region and --workspace look elsewhere. A task that was created just now may take half a minute to show"
    )


def _envs(client: TaskApi, task_id: str, workspace: str | None) -> list[dict[str, Any]] | None:
    """Return a task's environment variables, which only the list has; None, if it does not show them."""
    envs = client.training_tasks_by_id([task_id], workspace).get(task_id, {}).get("Envs")
    return envs if isinstance(envs, list) else None


def _agreed_tags(rewriting: StateEdit, adoption: ImportedTask) -> dict[str, str]:
    """Give the tags that the task is to get, or none if that is not agreed to."""
    missing = adoption.missing_tags
    if not missing:
        return {}
    rewriting.say()
    rewriting.say(f"The task lacks the tags {', '.join(f'{key}={value}' for key, value in missing.items())}")
    question = "Add them? Otherwise the next `pulumi up` does."
    return missing if is_confirmed(question, rewriting.yes) else {}


def _add_tags(client: TaskAndTagApi, adoption: ImportedTask, added: Mapping[str, str]) -> None:
    """Add tags to the task, which is in the state by now."""
    detail, workspace = adoption.detail, adoption.place.workspace
    if not added:
        return
    try:
        task = RecordedTask(client, str(detail["Id"]), {"tiProjectId": workspace}, CallContext())
        set_tags(task, detail, {**user_tags(detail.get("Tags")), **added}, ())
    except TioneError as error:
        raise TaskError(
            f"the task is in the state, but lacks tags ({error}): `pulumi refresh`, then `pulumi up` add them"
        ) from None


def _settle(rewriting: StateEdit, expected: Mapping[str, str]) -> None:
    """Settle all pending creates of training tasks, in one write: it drops every pending operation there is.

    Args:
        rewriting: of the state.
        expected: by URN, the id or name of the task that a pending create is known to have made.

    Raises:
        RefusedError: it has made another one, or none; or other resources are pending too.
    """
    stack, pulumi, before = rewriting.stack, rewriting.pulumi, rewriting.before
    if not before.pending_tasks:
        rewriting.say(f"No create of a training task is pending in the state of {stack}.")
        return
    _ensure_nothing_else_is_pending(before)
    client_of = Clients(pulumi.settings(stack)).of
    after = before
    shown = State.with_secrets_of(pulumi, stack)
    others = tasks_of_other_stacks(pulumi, stack)
    found = PendingCreates(before, shown, client_of, others, announce=rewriting.say).run()
    rewriting.say(f"The state of {stack} has pending creates:")
    for settled in found:
        becomes = "becomes a resource" if settled.entry else "is dropped"
        rewriting.say(f"  {'+' if settled.entry else '-'} {settled.urn} {becomes}: {settled.why}")
        if settled.replaced_for:
            rewriting.say(f"    The next `pulumi up` replaces it: {_argument_names(settled.replaced_for)} differ")
        if settled.urn in expected and not settled.is_by(expected[settled.urn]):
            raise RefusedError(
                f"the pending create of {settled.urn} has not made {expected[settled.urn]!r}: settle it with "
                "`pulumi-tione import --pending`, then try again"
            )
        if settled.entry is not None:
            # After a `destroy` the provider and the parents are gone, to which a pending create still refers.
            after = after.with_foundation(stack, pulumi.config(stack), settled.entry.get("provider"))
            after = after.with_parent(str(settled.entry.get("parent")))
            after = after.with_task(after.fitted(settled.entry))
    for addition in after.additions_to(before):
        if addition.get("id") not in after.tasks:
            rewriting.say(f"  + {addition['urn']} is added as well: a task refers to it, and it is gone")
    rewriting.write(after)
    rewriting.say(
        "ResolvedCreate. What an update sent just before it was killed may still appear: see `pulumi-tione orphans`."
    )
