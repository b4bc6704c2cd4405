"""Pending creates: what an update that was cut off left of them at the service, and what becomes of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pulumi_tione._client import Client
from pulumi_tione._ownership import LABELS, is_form_of, labels, named
from pulumi_tione._wire import recorded_outputs, user_tags
from pulumi_tione.cli._places import Place
from pulumi_tione.cli._sealing import sealed_as, unsealed
from pulumi_tione.cli._state import State
from pulumi_tione.lifecycle.diff import diff
from pulumi_tione.lifecycle.names import computed_name


@dataclass(frozen=True)
class Settled:
    """What becomes of the pending create of a resource."""

    urn: str
    why: str
    """The task that it made, or why it is dropped."""
    entry: dict[str, Any] | None = None
    """The resource that it becomes in the state; if there is none, it is dropped."""
    has_its_content: bool = False
    """Whether the task is made of the inputs of this very create."""

    def is_by(self, task: str) -> bool:
        """Tell whether the task of this id or name becomes the resource."""
        return self.entry is not None and task in (self.entry["id"], self.entry["outputs"]["name"])


@dataclass(frozen=True)
class Settlement:
    """The pending creates of training tasks in a state, settled.

    Args:
        state: the state; the pending operations' secrets are encrypted in it.
        shown: the same state with its secrets shown.
        client_of: gives the client of a place.
    """

    state: State
    shown: State
    client_of: Callable[[Place], Client]

    def run(self) -> list[Settled]:
        """Settle each resource once. When two creates of it were cut off, the one counts that the task was made by."""
        settled: dict[str, Settled] = {}
        for pending, shown in zip(self.state.pending_tasks, self.shown.pending_tasks, strict=True):
            one = self._settled(pending, shown)
            if one.urn not in settled or one.has_its_content:
                settled[one.urn] = one
        return [*settled.values()]

    def _settled(self, pending: Mapping[str, Any], shown: Mapping[str, Any]) -> Settled:
        sealed_inputs = shown["inputs"]
        urn, inputs = str(pending["urn"]), unsealed(sealed_inputs)
        place = Place.recorded(shown) or Place(str(inputs.get("region")))
        detail = self._task(self.client_of(place), inputs, place.workspace)
        if detail is None:
            return Settled(urn, f"no task named {inputs.get('name')!r} is in {place}")
        task = f"{detail['Id']} ({detail.get('Name')}, {detail.get('Status')})"
        if detail["Id"] in self.state.tasks:
            return Settled(urn, f"{task} is in the state already")
        if not _is_of(inputs, detail):
            return Settled(urn, f"{task} has its name, but not the labels of this resource, and is left alone")
        if self.state.resource(urn) is not None:
            return Settled(urn, f"the resource has another task by now, and {task} is an orphan")
        outputs = recorded_outputs(named(inputs, str(detail["Name"])), detail)
        return Settled(
            urn,
            task,
            {**pending, "id": detail["Id"], "outputs": sealed_as(sealed_inputs, outputs)},
            has_its_content=not diff(outputs, inputs, labelled=False).replacing,
        )

    def _task(self, client: Client, inputs: Mapping[str, Any], workspace: str | None) -> dict[str, Any] | None:
        """Find the task by its name, or else by its labels: a computed name may have been numbered."""
        name, owner = str(inputs.get("name")), inputs.get("owner")
        item = client.find_training_task(name, workspace)
        if item is None and owner:
            forms = [
                each
                for each in client.training_tasks({}, labels(owner), workspace)
                if is_form_of(str(each.get("Name")), name) and each.get("Id") not in self.state.tasks
            ]
            item = max(forms, key=lambda each: str(each.get("CreateTime")), default=None)
        return None if item is None else client.describe_training_task(str(item["Id"]), workspace)


def _is_of(inputs: Mapping[str, Any], detail: Mapping[str, Any]) -> bool:
    """Tell whether a task is the resource's: by its labels, or, where it has none, by a name that only this resource
    computes. Likeness is not enough."""
    owner, tags = inputs.get("owner"), user_tags(detail.get("Tags"))
    if not owner:
        return False
    if any(key in tags for key in LABELS):
        return labels(owner).items() <= tags.items()
    return is_form_of(str(detail.get("Name")), str(computed_name(owner, inputs)))
