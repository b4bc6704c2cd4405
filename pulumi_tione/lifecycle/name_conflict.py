"""A task that has the name of one that is being created: whose it is, and what you can do about it."""

from __future__ import annotations

import enum
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pulumi_tione._schema.identity import CREATE_LABEL, LABELS, RETAINED
from pulumi_tione._schema.wire import recorded_outputs, user_tags
from pulumi_tione._text import sanitize
from pulumi_tione._timestamps import time_or_none
from pulumi_tione.errors import ApiError, TioneError
from pulumi_tione.lifecycle.diff import diff
from pulumi_tione.lifecycle.names import computed_name

_CLOCKS_DIFFER = timedelta(minutes=5)
"""By how much the service's clock may be off, for it to accept our signatures."""

_WAY_BESIDE_RETAINED = (
    "It stays because of retain_on_delete: for another task beside it change `triggers`, or its name where the program "
    "sets one."
)


class Whose(enum.Enum):
    """Whose a task is that was found under the name of one that is being created."""

    OURS = "made by this create"
    ANOTHERS = "made by somebody else, or before"
    UNLABELLED = "made since, of the same inputs, without labels so far"
    UNDATED = "of the same inputs and not another's by its labels, but nobody knows since when"


@dataclass(frozen=True)
class Claim:
    """What a create claims as its own, and what it says of tasks that are not.

    Args:
        region: the region of the create.
        inputs: the inputs of the task.
        tags: all the tags that the task is created with.
    """

    region: str
    inputs: Mapping[str, Any]
    tags: Mapping[str, str]

    @property
    def has_computed_name(self) -> bool:
        """Whether the name is one that only this resource has."""
        owner = self.inputs.get("owner")
        return owner is not None and self.inputs["name"] == computed_name(owner, self.inputs)

    def whose(self, task: Mapping[str, Any], begun: datetime) -> Whose:
        """Return whose a task is that was found under our name after our request was sent.

        Args:
            task: its detail.
            begun: when this create began.
        """
        created = time_or_none(task.get("CreateTime"))
        if (created is not None and created < begun - _CLOCKS_DIFFER) or not self._has_our_content(task):
            return Whose.ANOTHERS
        ours = {key: value for key, value in self.tags.items() if key in (*LABELS, CREATE_LABEL)}
        if not ours:
            return Whose.UNDATED if created is None else Whose.OURS
        there = {key: value for key, value in user_tags(task.get("Tags")).items() if key in (*LABELS, CREATE_LABEL)}
        if any(ours.get(key) != value for key, value in there.items()):
            return Whose.ANOTHERS
        if there == ours and (created is not None or CREATE_LABEL in ours):
            return Whose.OURS
        return Whose.UNDATED if created is None else Whose.UNLABELLED

    def name_is_taken(self, name: str, holder: Mapping[str, Any], refusal: ApiError | None) -> str:
        """Return the error of a name that another task has."""
        way = _WAY_BESIDE_RETAINED if self._is_retained_by_us(holder) else self._ways_out(holder)
        return f"{not_created(name, None)}: {self._described(holder)}. {way}{_because(refusal)}"

    def name_has_no_holder(self, name: str, refusal: ApiError, *, are_names_kept: bool) -> str:
        """Return the error of a name that is refused as taken, though no visible task has it.

        Args:
            name: the name.
            refusal: the service's refusal.
            are_names_kept: whether the user has said already that the service keeps the names of deleted tasks.
        """
        if not self.has_computed_name:
            kept = "choose another name"
        elif are_names_kept:
            kept = ""
        else:
            kept = "set it: `pulumi config set tione:deletedNamesAreKept true`, and the name gets a number"
        other_way = f" If the service may keep the names of deleted tasks, {kept}" if kept else ""
        return (
            f"{not_created(name, None)}: its name is refused as taken, though no task of this name was visible. If "
            f"such a task was created or deleted just now, run `pulumi up` again in a minute.{other_way}"
            f"{_because(refusal)}"
        )

    def is_left_behind(self, task: Mapping[str, Any]) -> str:
        """Return the error of an active task of this resource that no state knows."""
        return (
            f"{not_created(str(self.inputs['name']), None)}: {self._described(task)}. An update that was cut off may "
            f"have left it. {self._ways_out(task)}"
        )

    def _described(self, task: Mapping[str, Any]) -> str:
        """Describe a task so that you can decide whether it is yours: id, status, age, labels and content."""
        labels = _labels_of(task)
        if not labels:
            whose = "without labels"
        elif labels == self._labels:
            whose = "with the labels of this very resource"
        else:
            project, stack, resource = (labels.get(key, "unknown") for key in LABELS)
            whose = f"with the labels of the resource {resource!r} of stack {stack!r}, project {project!r}"
        content = "the same" if self._has_our_content(task) else "other"
        return (
            f"{task.get('Id')} is there already, named {task.get('Name')!r}, status {task.get('Status')}, created "
            f"{task.get('CreateTime')}, {whose}, made of {content} inputs"
        )

    def _ways_out(self, task: Mapping[str, Any]) -> str:
        """Return what to do about a task that is in the way, as commands that can be pasted."""
        labels, workspace = _labels_of(task), self.inputs.get("tiProjectId")
        resource = shlex.quote(str(self.inputs.get("owner", {}).get("resource", "RESOURCE")))
        place = f" --region {self.region}" + (f" --workspace {workspace}" if workspace else "")
        keep = f"`pulumi-tione import{place} {resource} {task.get('Id')}`"
        if not labels:
            return f"Choose another name; or, if it is yours, keep it: {keep}. Then run `pulumi up` again."
        if labels == self._labels:
            delete = f"`pulumi-tione orphans --delete {task.get('Id')}`"
            return f"To keep it: {keep}. To get rid of it: {delete}. Then run `pulumi up` again."
        if all(labels.get(key) == self._labels.get(key) for key in LABELS[:2]):
            before = str(labels.get(LABELS[2])).rpartition("::")[2]
            return (
                f"If you have renamed the resource, add `aliases=[pulumi.Alias(name={before!r})]` to its options, and "
                "nothing happens to the task. Otherwise choose another name."
            )
        return f"It is not of this stack: choose another name. `pulumi-tione events {task.get('Id')}{place}` shows it."

    @property
    def _labels(self) -> dict[str, str]:
        return {key: value for key, value in self.tags.items() if key in LABELS}

    def _has_our_content(self, task: Mapping[str, Any]) -> bool:
        inputs = {**self.inputs, "name": task.get("Name")}
        return not diff(recorded_outputs(inputs, task), inputs, labels_enabled=False).replacing

    def _is_retained_by_us(self, holder: Mapping[str, Any]) -> bool:
        """Check whether the holder of the name may be an old task of this resource that stays on purpose."""
        is_ours = all(self._labels.get(key) == value for key, value in _labels_of(holder).items())
        return bool(self.inputs.get("owner", {}).get(RETAINED)) and is_ours


def not_created(name: str, indeterminate: TioneError | None) -> str:
    """Return the beginning of a create's error. After an indeterminate answer nobody knows whether there is a task."""
    if indeterminate is None:
        return f"training task {name!r} was not created"
    return (
        f"training task {name!r} may or may not have been created ({indeterminate}; run `pulumi up` again: it finds "
        "the task by its name, if there is one; `pulumi-tione orphans` lists it)"
    )


def _because(refusal: ApiError | None) -> str:
    if refusal is None:
        return ""
    return f" ({refusal.code}: {sanitize(refusal.service_message)}, request id {refusal.request_id})"


def _labels_of(task: Mapping[str, Any]) -> dict[str, str]:
    """Return the labels of a task that say whose it is."""
    return {key: value for key, value in user_tags(task.get("Tags")).items() if key in LABELS}
