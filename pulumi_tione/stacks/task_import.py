"""Import tasks into a state, which the engine cannot do for dynamic resources: one existing task, or pending creates.

Everything that can refuse an import does so before a question is asked and before anything is changed. The tags come
last: if the import is interrupted, running it again completes it.

A task that is not found is asked for again for 3 seconds. Who owns it is decided in `ownership.py`, its declaration in
`imported_task.py`, and the write is in `state_edit.py`.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pulumi_tione._api.client import Client
from pulumi_tione._api.polling import poll
from pulumi_tione._api.protocols import TaskAndTagApi, TaskApi
from pulumi_tione._schema.fields import TRAINING_TASK
from pulumi_tione._schema.identity import TYPE, labels
from pulumi_tione._schema.wire import user_tags
from pulumi_tione.call_context import CallContext
from pulumi_tione.errors import TaskError, TioneError
from pulumi_tione.lifecycle.recorded_task import RecordedTask
from pulumi_tione.lifecycle.tagging import set_tags
from pulumi_tione.stacks.imported_task import ImportedTask
from pulumi_tione.stacks.locations import Clients, Location
from pulumi_tione.stacks.ownership import labels_of_another_owner, tasks_of_other_stacks
from pulumi_tione.stacks.pending_creates import PendingCreates
from pulumi_tione.stacks.state import State
from pulumi_tione.stacks.state_edit import RefusedError, StateEdit
from pulumi_tione.stacks.urn import Urn, types_of

_ID = re.compile(r"train-\d+")
"""The form of ids. A name may have it too: if there is no task with the id, the text is looked up as a name."""

_LAG_SECONDS = 3.0
_sleep = time.sleep

PENDING_COMMAND = "`pulumi-tione import --pending`"
NOTHING_CHANGED = "Nothing was changed"
LOOK_UP = "To use the task here without managing it, look it up with tione.TrainingTask.get"


@dataclass(frozen=True)
class ImportRequest:
    """What is imported, and as which resource."""

    resource: str
    """The name in the program, or `TYPE::NAME` under a parent of this type."""
    task: str
    """The task's id or name."""
    parent: str | None = None
    """The URN of the resource's parent, if the type does not identify it."""
    region: str | None = None
    workspace: str | None = None
    take_over: bool = False
    """Whether the task is imported although another resource manages it."""


def import_task(edit: StateEdit, request: ImportRequest) -> None:
    """Import one task. The declaration for the program is passed to `edit.print_result`.

    Raises:
        RefusedError: the import is not possible, or was not confirmed. Nothing was changed.
        TioneError: the service or Pulumi fails.
    """
    stack, before = edit.stack, edit.before
    name, parent, urn = _place_in_state(edit, request)
    if any(pending["urn"] == str(urn) for pending in before.pending_tasks):
        resolve_pending_creates(edit, {str(urn): request.task})
        return
    _ensure_nothing_is_pending(before)
    recorded = before.resource(str(urn))
    if recorded is not None and request.task not in (recorded.get("id"), recorded.get("outputs", {}).get("name")):
        raise RefusedError(
            f"{urn} is already in the state, with the id {recorded.get('id')}. {NOTHING_CHANGED}. Choose another "
            "RESOURCE"
        )
    settings = edit.pulumi.settings(stack)
    location = Location(request.region or settings.region, request.workspace)
    client = Client(settings, location.region)
    detail = _detail(client, request.task, location)
    task_id = str(detail["Id"])
    if task_id in before.tasks and recorded is None:
        raise RefusedError(
            f"training task {task_id} is already in the state, as {before.tasks[task_id]['urn']}. {NOTHING_CHANGED}"
        )
    owner = {
        "organization": stack.organization,
        "project": stack.project,
        "stack": stack.stack,
        "resource": urn.resource,
    }
    if not request.take_over:
        _ensure_no_other_owner(edit, detail, owner)
    if parent is None and "$" in urn.types:
        _ensure_labels(edit, detail, owner, urn)
    imported = ImportedTask(name, owner, detail, remote_envs(client, task_id, request.workspace), location, settings)
    edit.print_result(imported.declaration(parent))
    tags = _confirmed_tags(edit, imported)
    if recorded is not None:  # an interrupted import may have written the state, but not yet the tags
        _add_tags(client, imported, tags)
        edit.show(f"Training task {task_id} is already in the state of {stack}. Nothing else to do.")
        return
    after = before.with_foundation(stack, edit.pulumi.config(stack))
    state_parent = parent or after.nearest_parent(urn)
    after = after.with_task(imported.entry(str(urn), state_parent, after.provider, tags))
    _show_import(edit, after, imported, tags, state_parent if parent is None and "$" in urn.types else None)
    edit.write(after)
    _add_tags(client, imported, tags)
    edit.show(f"Training task {task_id} is in the state of {stack}. Add the declaration above to the program.")


def _show_import(
    edit: StateEdit, after: State, imported: ImportedTask, tags: Mapping[str, str], guessed_parent: str | None
) -> None:
    """Show what the import adds to the state, and what the next update does."""
    edit.show("")
    edit.show(f"Added to the state of {edit.stack}:")
    for addition in after.additions_to(edit.before):
        edit.show(f"  + {addition['urn']}  {addition.get('id', '')}".rstrip())
    if guessed_parent is not None:
        edit.show(f"Its parent is not in the state: it is placed under {guessed_parent} until the next `pulumi up`")
    difference = imported.difference(tags)
    if difference.replacing:
        edit.show(f"The next `pulumi up` replaces it, because {_argument_names(difference.replacing)} differ")


def _ensure_no_other_owner(edit: StateEdit, detail: Mapping[str, Any], owner: Mapping[str, Any]) -> None:
    """Check that no other resource and no other stack manages the task: each of them would change and delete it.

    Raises:
        RefusedError: one does.
    """
    task_id = str(detail["Id"])
    other_stacks = tasks_of_other_stacks(edit.pulumi, edit.stack)
    other_labels = labels_of_another_owner(detail, owner)
    if task_id in other_stacks:
        raise RefusedError(f"training task {task_id} is in {other_stacks[task_id]}. {NOTHING_CHANGED}. {LOOK_UP}")
    if other_labels is not None:
        raise RefusedError(
            f"the labels of training task {task_id} name another resource ({other_labels}). {NOTHING_CHANGED}. "
            f"{LOOK_UP}"
        )


def _ensure_labels(edit: StateEdit, detail: Mapping[str, Any], owner: Mapping[str, Any], urn: Urn) -> None:
    """Check that the labels of a task name the resource, if its parent is ambiguous: the type may be misspelt.

    Raises:
        RefusedError: they do not. The next update would delete a task that the program does not declare.
    """
    if not labels(owner).items() <= user_tags(detail.get("Tags")).items():
        types = urn.types.rpartition("$")[0]
        urns = sorted({str(each["urn"]) for each in edit.before.resources if types_of(each["urn"]) == types})
        if urns:
            raise RefusedError(
                f"several resources in the state of {edit.stack} have the type {types!r}. {NOTHING_CHANGED}. Choose "
                f"the parent with --parent: {', '.join(urns)}"
            )
        raise _no_such_parent(edit, f"of type {types!r}")


def _no_such_parent(edit: StateEdit, parent: str) -> RefusedError:
    return RefusedError(
        f"there is no resource {parent} in the state of {edit.stack}, so it cannot be the parent. {NOTHING_CHANGED}. "
        f"To list the URNs in the state, run `pulumi stack --show-urns --stack {edit.stack.stack}`"
    )


def _argument_names(properties: Sequence[str]) -> str:
    return ", ".join(TRAINING_TASK.fields[name].name for name in properties)


def _ensure_nothing_is_pending(before: State) -> None:
    """Refuse while creates are pending: writing the state would drop them, with whatever they have created."""
    tasks = [str(resource["urn"]) for resource in before.pending_tasks]
    if tasks:
        raise RefusedError(f"creates are pending ({', '.join(tasks)}). {NOTHING_CHANGED}. Run {PENDING_COMMAND} first")
    _ensure_only_tasks_are_pending(before)


def _ensure_only_tasks_are_pending(before: State) -> None:
    others = [str(resource["urn"]) for resource in before.pending_creates if resource not in before.pending_tasks]
    if others:
        raise RefusedError(
            f"creates of other resources are pending ({', '.join(others)}), and writing the state would drop them. "
            f"{NOTHING_CHANGED}. Run `pulumi refresh` first: it asks about each of them"
        )


def _place_in_state(edit: StateEdit, request: ImportRequest) -> tuple[str, str | None, Urn]:
    """Return a resource's name, its parent's URN and its own URN.

    There is no parent's URN if the parent is the stack, or if no resource of its type, or several, are in the state.

    Raises:
        RefusedError: the requested parent is not in the state.
    """
    stack, before = edit.stack, edit.before
    types, _, name = request.resource.rpartition("::")
    at_root = Urn(stack.stack, stack.project, TYPE, name)
    if request.parent is None and not types:
        return name, None, at_root
    urns = [str(each["urn"]) for each in before.resources]
    parents = {urn for urn in urns if (urn == request.parent if request.parent else types_of(urn) == types)}
    if request.parent is None and len(parents) != 1:  # the resource's URN contains only the types
        return name, None, Urn(stack.stack, stack.project, f"{types}${TYPE}", name)
    if not parents:
        raise _no_such_parent(edit, repr(request.parent))
    (parent,) = parents
    parsed = Urn.parsed(parent)
    if parent == before.root or parsed is None:
        return name, None, at_root
    return name, parent, parsed.child(TYPE, name)


def _detail(client: TaskApi, task: str, location: Location) -> dict[str, Any]:
    """Return the detail of the task with this id, or this name.

    Raises:
        TaskError: there is none.
    """

    def fetch() -> dict[str, Any] | None:
        detail = client.describe_training_task(task, location.workspace) if _ID.fullmatch(task) else None
        if detail is None:
            item = client.find_training_task(task, location.workspace)
            detail = client.describe_training_task(str(item["Id"]), location.workspace) if item else None
        return detail

    # A single "not found" may be wrong.
    detail = poll(fetch, timeout=_LAG_SECONDS, first_pause=1, sleep=_sleep)
    if detail is None:
        raise TaskError(
            f"there is no training task {task!r} in {location} of account {client.account_id()}. If it was created "
            "just now, try again in half a minute. For another region or workspace, add --region or --workspace"
        )
    return detail


def remote_envs(client: TaskApi, task_id: str, workspace: str | None) -> list[dict[str, Any]] | None:
    """Return a task's environment variables, which only the list has; None if it does not show them."""
    envs = client.training_tasks_by_id([task_id], workspace).get(task_id, {}).get("Envs")
    return envs if isinstance(envs, list) else None


def _confirmed_tags(edit: StateEdit, imported: ImportedTask) -> dict[str, str]:
    """Return the tags that are added to the task: those that it lacks, if that is confirmed."""
    missing = imported.missing_tags
    if not missing:
        return {}
    edit.show("")
    edit.show(f"The task lacks the tags {', '.join(f'{key}={value}' for key, value in missing.items())}")
    return missing if edit.confirm("Add them now? Otherwise the next `pulumi up` adds them.") else {}


def _add_tags(client: TaskAndTagApi, imported: ImportedTask, added: Mapping[str, str]) -> None:
    """Add tags to the task, which is in the state by now."""
    detail, workspace = imported.detail, imported.location.workspace
    if not added:
        return
    try:
        task = RecordedTask(client, str(detail["Id"]), {"tiProjectId": workspace}, CallContext())
        set_tags(task, detail, {**user_tags(detail.get("Tags")), **added}, ())
    except TioneError as error:
        raise TaskError(
            f"the task is in the state, but tags could not be added ({error}). Run `pulumi refresh`, then `pulumi up`: "
            "it adds them"
        ) from None


def resolve_pending_creates(edit: StateEdit, expected: Mapping[str, str] | None = None) -> None:
    """Resolve all pending creates of training tasks, in one write: a write drops every pending operation there is.

    Args:
        edit: the change of the state.
        expected: by URN, the id or name of the task that a pending create must have created.

    Raises:
        RefusedError: it has created another task, or none; or creates of other resources are pending too.
    """
    stack, before = edit.stack, edit.before
    if not before.pending_tasks:
        edit.show(f"There are no pending creates of training tasks in the state of {stack}.")
        return
    _ensure_only_tasks_are_pending(before)
    creates = PendingCreates(
        before,
        State.with_plain_secrets(edit.pulumi, stack),
        Clients(edit.pulumi.settings(stack)).of,
        tasks_of_other_stacks(edit.pulumi, stack),
        show_status=edit.show,
    ).resolve()
    after = before
    edit.show(f"Pending creates in the state of {stack}:")
    for create in creates:
        becomes = "becomes a resource" if create.resource else "is dropped"
        edit.show(f"  {'+' if create.resource else '-'} {create.urn} {becomes}: {create.reason}")
        if create.replaced_for:
            edit.show(f"    The next `pulumi up` replaces it, because {_argument_names(create.replaced_for)} differ")
        task = (expected or {}).get(create.urn)
        if task is not None and not create.is_for(task):
            raise RefusedError(
                f"the pending create of {create.urn} has not created {task!r}. {NOTHING_CHANGED}. Run "
                f"{PENDING_COMMAND}, then try again"
            )
        if create.resource is not None:
            # After a `destroy` the provider and the parents are gone, but a pending create still refers to them.
            after = after.with_foundation(stack, edit.pulumi.config(stack), create.resource.get("provider"))
            after = after.with_parent(str(create.resource.get("parent")))
            after = after.with_task(after.fitted(create.resource))
    for addition in after.additions_to(before):
        if addition.get("id") not in after.tasks:
            edit.show(f"  + {addition['urn']} is added too: a task refers to it, and it is not in the state any more")
    edit.write(after)
    edit.show(
        "Done. A request that was sent just before the update was killed may still take effect: to check, run "
        "`pulumi-tione orphans`."
    )
