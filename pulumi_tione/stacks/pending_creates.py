"""Pending creates: which tasks an interrupted update has created, and what each pending create becomes in the state.

A task is looked up for up to 60 seconds before its pending create is dropped. `task_import.py` writes the result into
the state (`resolve_pending_creates`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pulumi_tione._api.polling import poll
from pulumi_tione._api.protocols import TaskApi
from pulumi_tione._schema.identity import LABELS, is_generated_form, required_labels, split_owner, with_name
from pulumi_tione._schema.wire import imported_outputs, recorded_outputs, user_tags
from pulumi_tione.errors import IndeterminateResultError, TaskError
from pulumi_tione.lifecycle.diff import LOG, diff
from pulumi_tione.lifecycle.names import computed_name
from pulumi_tione.stacks.locations import Location
from pulumi_tione.stacks.state import State
from pulumi_tione.stacks.state_secrets import marked_outputs, revealed

_TIMEOUT_SECONDS = 60.0
"""How long a task is looked up before its pending create is dropped: as long as a create looks up the holder of a name.
Lists, details and tags may lag by half a minute, each on its own."""

_FIRST_PAUSE_SECONDS, _MAX_PAUSE_SECONDS = 1.0, 5.0


@dataclass(frozen=True)
class ResolvedCreate:
    """What the pending create of a resource becomes."""

    urn: str
    reason: str
    """The task that it created, or why it is dropped."""
    resource: dict[str, Any] | None = None
    """The resource that it becomes in the state; None if it is dropped."""
    replaced_for: tuple[str, ...] = ()
    """The inputs in which the task differs from this create, by property name: the next update replaces it."""
    may_change: bool = False
    """Whether a later lookup may find more: a task may not be visible yet."""
    is_indeterminate: bool = False
    """Whether the service did not answer whether the task exists."""

    def is_for(self, task: str) -> bool:
        """Check whether the task of this id or name becomes the resource."""
        return self.resource is not None and task in (self.resource["id"], self.resource["outputs"]["name"])


@dataclass(frozen=True)
class PendingCreates:
    """The pending creates of training tasks in a state, to be resolved.

    Args:
        state: the state; the secrets of the pending operations are encrypted in it.
        plain_state: the same state with its secrets in plain text.
        client_of: returns the client of a location.
        other_stacks: for each task that another stack manages, by id, which state that is.
        show_status: shows that the resolution waits.
        sleep: makes the pauses.
        clock: the time in seconds, from any beginning.
    """

    state: State
    plain_state: State
    client_of: Callable[[Location], TaskApi]
    other_stacks: Mapping[str, str] = field(default_factory=dict)
    show_status: Callable[[str], None] = lambda _: None
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic

    def resolve(self) -> list[ResolvedCreate]:
        """Resolve the pending creates, one result for each resource.

        When two creates of a resource were interrupted, the result is that of the create that made the task.

        Raises:
            TaskError: the service does not answer whether a task exists. Nothing may be dropped then.
        """
        resolved: list[ResolvedCreate] = []

        def resolve_again() -> list[ResolvedCreate]:
            for index, (pending, plain) in enumerate(self._operations):
                if index == len(resolved):
                    resolved.append(self._resolved(pending, plain))
                elif resolved[index].may_change:
                    resolved[index] = self._resolved(pending, plain)
            return resolved

        if any(each.may_change for each in resolve_again()):
            self._show_waiting(resolved)
            poll(
                resolve_again,
                lambda creates: not any(each.may_change for each in creates),
                timeout=_TIMEOUT_SECONDS,
                first_pause=_FIRST_PAUSE_SECONDS,
                max_pause=_MAX_PAUSE_SECONDS,
                sleep=self.sleep,
                clock=self.clock,
            )
        indeterminate = next((each for each in resolved if each.is_indeterminate), None)
        if indeterminate is not None:
            raise TaskError(f"{indeterminate.urn}: {indeterminate.reason}. Nothing was changed. Try again in a minute")
        by_urn: dict[str, ResolvedCreate] = {}
        for each in resolved:
            if each.urn not in by_urn or (each.resource and not each.replaced_for):
                by_urn[each.urn] = each
        return [*by_urn.values()]

    @property
    def _operations(self) -> list[tuple[dict[str, Any], dict[str, Any]]]:
        """The pending creates, each with its secrets encrypted and in plain text."""
        return [*zip(self.state.pending_tasks, self.plain_state.pending_tasks, strict=True)]

    def _show_waiting(self, resolved: list[ResolvedCreate]) -> None:
        missing = dict.fromkeys(each.urn.rpartition("::")[2] for each in resolved if each.may_change)
        self.show_status(
            f"The service does not return the tasks of {', '.join(missing)}. They may still appear: waiting up to "
            f"{_TIMEOUT_SECONDS:.0f} s"
        )

    def _resolved(self, pending: Mapping[str, Any], plain: Mapping[str, Any]) -> ResolvedCreate:
        """Look up the task of one pending create."""
        urn, inputs = str(pending["urn"]), revealed(plain["inputs"])
        location = Location.recorded(plain) or Location(str(inputs.get("region")))
        client = self.client_of(location)
        item = self._listed(client, inputs, location.workspace)
        if item is None:
            return ResolvedCreate(urn, f"no task named {inputs.get('name')!r} is in {location}", may_change=True)
        try:
            detail = client.describe_training_task(str(item["Id"]), location.workspace)
        except IndeterminateResultError as error:
            return ResolvedCreate(
                urn, f"{item['Id']} may or may not exist: {error}", may_change=True, is_indeterminate=True
            )
        if detail is None:  # a list may still show a deleted task
            return ResolvedCreate(urn, f"{item['Id']} does not exist any more, although it is listed", may_change=True)
        task = f"{detail['Id']} ({detail.get('Name')}, {detail.get('Status')})"
        if detail["Id"] in self.state.tasks:
            return ResolvedCreate(urn, f"{task} is in the state already")
        if detail["Id"] in self.other_stacks:
            return ResolvedCreate(urn, f"{task} is in {self.other_stacks[detail['Id']]}, and is left alone")
        if not _is_owned(inputs, detail):
            has_labels = any(key in user_tags(detail.get("Tags")) for key in LABELS)
            reason = f"{task} has its name, but not the labels of this resource, and is left alone"
            return ResolvedCreate(urn, reason, may_change=not has_labels)
        if self.state.resource(urn) is not None:
            return ResolvedCreate(urn, f"the resource has another task by now, and {task} is an orphan")
        outputs = recorded_outputs(with_name(inputs, str(detail.get("Name") or inputs.get("name"))), detail)
        # Another interrupted create of this resource may have requested log delivery where this one does not.
        delivery = {name: value for name, value in imported_outputs(detail).items() if name in LOG and value}
        outputs = {**delivery, **outputs}
        return ResolvedCreate(
            urn,
            task,
            {**pending, "id": detail["Id"], "outputs": marked_outputs(plain, outputs)},
            replaced_for=diff(outputs, inputs, recorded_owner=None, owner=None, labels_enabled=False).replacing,
        )

    def _listed(self, client: TaskApi, inputs: Mapping[str, Any], workspace: str | None) -> dict[str, Any] | None:
        """Find the task by its name, or else by its labels: a computed name may have got a suffix."""
        name, (owner, _) = str(inputs.get("name")), split_owner(inputs)
        item = client.find_training_task(name, workspace)
        if item is not None or not owner:
            return item
        forms = [
            each
            for each in client.training_tasks({}, required_labels(owner), workspace, is_proof=True)
            if is_generated_form(str(each.get("Name")), name) and each.get("Id") not in self.state.tasks
        ]
        return max(forms, key=lambda each: str(each.get("CreateTime")), default=None)


def _is_owned(inputs: Mapping[str, Any], detail: Mapping[str, Any]) -> bool:
    """Check whether a task is the resource's: by its labels, or, if it has none, by a name that only this resource
    computes. A similar task is not enough."""
    owner, others = split_owner(inputs)
    tags = user_tags(detail.get("Tags"))
    if not owner:
        return False
    if any(key in tags for key in LABELS):
        return required_labels(owner).items() <= tags.items()
    return is_generated_form(str(detail.get("Name")), str(computed_name(owner, others)))
