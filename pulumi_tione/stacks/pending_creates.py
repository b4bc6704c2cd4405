"""Pending creates: what an update that was cut off left of them at the service, and what becomes of each."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pulumi_tione._api.polling import intervals
from pulumi_tione._api.protocols import TaskApi
from pulumi_tione._schema.identity import LABELS, is_generated_form, labels, with_name
from pulumi_tione._schema.wire import imported_outputs, recorded_outputs, user_tags
from pulumi_tione.errors import IndeterminateResultError, TaskError
from pulumi_tione.lifecycle.diff import LOG, diff
from pulumi_tione.lifecycle.names import computed_name
from pulumi_tione.stacks.locations import Place
from pulumi_tione.stacks.secret_values import sealed_outputs, unsealed
from pulumi_tione.stacks.state import State

_SECONDS = 60.0
"""How long a task is looked for before its pending create is dropped, as long as a create looks for the holder of a
name. Lists, details and tags may lag by half a minute, each on its own."""


@dataclass(frozen=True)
class ResolvedCreate:
    """What becomes of the pending create of a resource."""

    urn: str
    why: str
    """The task that it made, or why it is dropped."""
    entry: dict[str, Any] | None = None
    """The resource that it becomes in the state; if there is none, it is dropped."""
    replaced_for: tuple[str, ...] = ()
    """The inputs in which the task differs from this very create, by property name: the next update replaces it."""
    may_change: bool = False
    """Whether another look may find more: a task may not be visible yet."""
    is_unclear: bool = False
    """Whether the service did not say whether the task exists."""

    def is_by(self, task: str) -> bool:
        """Check whether the task of this id or name becomes the resource."""
        return self.entry is not None and task in (self.entry["id"], self.entry["outputs"]["name"])


@dataclass(frozen=True)
class PendingCreates:
    """The pending creates of training tasks in a state, settled.

    Args:
        state: the state; the pending operations' secrets are encrypted in it.
        shown: the same state with its secrets shown.
        client_of: returns the client of a place.
        others: in which state each task is that another stack has, by id.
        announce: shows what is waited for.
        sleep: makes the pauses.
        clock: the time in seconds, from any beginning.
    """

    state: State
    shown: State
    client_of: Callable[[Place], TaskApi]
    others: Mapping[str, str] = field(default_factory=dict)
    announce: Callable[[str], None] = lambda _: None
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic

    def run(self) -> list[ResolvedCreate]:
        """Settle each resource once. When two creates of it were cut off, the one counts that the task was made by.

        Raises:
            TaskError: the service does not say whether a task exists. Nothing may be dropped then.
        """
        looked_at = [self._settled(*each) for each in self._operations]
        self._announce_further_looks(looked_at)
        begun, pauses = self.clock(), intervals(1, 5)
        while any(one.may_change for one in looked_at) and self.clock() - begun < _SECONDS:
            self.sleep(next(pauses))
            looked_at = [
                self._settled(*each) if before.may_change else before
                for before, each in zip(looked_at, self._operations, strict=True)
            ]
        unclear = next((one for one in looked_at if one.is_unclear), None)
        if unclear is not None:
            raise TaskError(f"{unclear.urn}: {unclear.why}. Nothing was changed; try again in a minute")
        settled: dict[str, ResolvedCreate] = {}
        for one in looked_at:
            if one.urn not in settled or (one.entry and not one.replaced_for):
                settled[one.urn] = one
        return [*settled.values()]

    @property
    def _operations(self) -> list[tuple[dict[str, Any], dict[str, Any]]]:
        """The pending creates, each with its secrets encrypted and shown."""
        return [*zip(self.state.pending_tasks, self.shown.pending_tasks, strict=True)]

    def _announce_further_looks(self, looked_at: list[ResolvedCreate]) -> None:
        missing = dict.fromkeys(one.urn.rpartition("::")[2] for one in looked_at if one.may_change)
        if missing:
            self.announce(
                f"The service does not show what was created for {', '.join(missing)}. It may still appear: looking "
                f"again for {_SECONDS:.0f} s"
            )

    def _settled(self, pending: Mapping[str, Any], shown: Mapping[str, Any]) -> ResolvedCreate:
        sealed_inputs = shown["inputs"]
        urn, inputs = str(pending["urn"]), unsealed(sealed_inputs)
        place = Place.recorded(shown) or Place(str(inputs.get("region")))
        client = self.client_of(place)
        item = self._listed(client, inputs, place.workspace)
        if item is None:
            return ResolvedCreate(urn, f"no task named {inputs.get('name')!r} is in {place}", may_change=True)
        try:
            detail = client.describe_training_task(str(item["Id"]), place.workspace)
        except IndeterminateResultError as error:
            return ResolvedCreate(
                urn, f"it cannot be told whether {item['Id']} exists: {error}", may_change=True, is_unclear=True
            )
        if detail is None:  # a list may still show a deleted task
            return ResolvedCreate(urn, f"{item['Id']} does not exist any more, though a list shows it", may_change=True)
        task = f"{detail['Id']} ({detail.get('Name')}, {detail.get('Status')})"
        if detail["Id"] in self.state.tasks:
            return ResolvedCreate(urn, f"{task} is in the state already")
        if detail["Id"] in self.others:
            return ResolvedCreate(urn, f"{task} is in {self.others[detail['Id']]}, and is left alone")
        if not _is_of(inputs, detail):
            has_labels = any(key in user_tags(detail.get("Tags")) for key in LABELS)
            why = f"{task} has its name, but not the labels of this resource, and is left alone"
            return ResolvedCreate(urn, why, may_change=not has_labels)
        if self.state.resource(urn) is not None:
            return ResolvedCreate(urn, f"the resource has another task by now, and {task} is an orphan")
        outputs = recorded_outputs(with_name(inputs, str(detail.get("Name") or inputs.get("name"))), detail)
        # Another create of this resource, cut off as well, may have asked for log delivery where this one does not.
        delivery = {name: value for name, value in imported_outputs(detail).items() if name in LOG and value}
        outputs = {**delivery, **outputs}
        return ResolvedCreate(
            urn,
            task,
            {**pending, "id": detail["Id"], "outputs": sealed_outputs(shown, outputs)},
            replaced_for=diff(outputs, inputs, labels_enabled=False).replacing,
        )

    def _listed(self, client: TaskApi, inputs: Mapping[str, Any], workspace: str | None) -> dict[str, Any] | None:
        """Find the task by its name, or else by its labels: a computed name may have been numbered."""
        name, owner = str(inputs.get("name")), inputs.get("owner")
        item = client.find_training_task(name, workspace)
        if item is not None or not owner:
            return item
        forms = [
            each
            for each in client.training_tasks({}, labels(owner), workspace)
            if is_generated_form(str(each.get("Name")), name) and each.get("Id") not in self.state.tasks
        ]
        return max(forms, key=lambda each: str(each.get("CreateTime")), default=None)


def _is_of(inputs: Mapping[str, Any], detail: Mapping[str, Any]) -> bool:
    """Tell whether a task is the resource's: by its labels, or, where it has none, by a name that only this resource
    computes. Likeness is not enough."""
    owner, tags = inputs.get("owner"), user_tags(detail.get("Tags"))
    if not owner:
        return False
    if any(key in tags for key in LABELS):
        return labels(owner).items() <= tags.items()
    return is_generated_form(str(detail.get("Name")), str(computed_name(owner, inputs)))
