"""A task that has the name of one that is being created: who made it, and what you can do about it.

It sends no request. `create_lookup.py` finds the task, and `create.py` raises the error. A task of another owner is
never used, however similar it is.
"""

from __future__ import annotations

import enum
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pulumi_tione._schema.identity import CREATE_LABEL, ENVIRONMENT_LABEL, LABELS, RETAINED, Owner
from pulumi_tione._schema.wire import recorded_outputs, user_tags
from pulumi_tione._timestamps import shown_time, time_or_none
from pulumi_tione.errors import ApiError
from pulumi_tione.lifecycle import messages
from pulumi_tione.lifecycle.diff import diff
from pulumi_tione.lifecycle.names import computed_name

_MAX_CLOCK_SKEW = timedelta(minutes=5)
"""The largest difference between the clocks at which the service accepts signatures."""

_IDENTIFYING = (*LABELS, CREATE_LABEL, ENVIRONMENT_LABEL)
"""The labels that show which create has made a task."""


class Origin(enum.Enum):
    """Who made a task that was found under the name of one that is being created."""

    THIS_CREATE = "this create"
    OTHER = "another create, now or earlier"
    UNLABELED = "somebody, since this create began, with the same inputs; it has no labels so far"
    UNDATED = "somebody, with the same inputs; its labels are not another's, but its time of creation is unknown"


@dataclass(frozen=True)
class CreateIdentity:
    """What identifies the task of one create.

    Args:
        region: the region of the create.
        owner: the owner of the task; None if it has none.
        inputs: the inputs of the task.
        tags: all the tags that the task is created with.
    """

    region: str
    owner: Owner | None
    inputs: Mapping[str, Any]
    tags: Mapping[str, str]

    @property
    def has_generated_name(self) -> bool:
        """Whether the name is one that only this resource has."""
        return self.owner is not None and self.inputs["name"] == computed_name(self.owner, self.inputs)

    def origin_of(self, task: Mapping[str, Any], started: datetime) -> Origin:
        """Return who made a task that has the name of this create's.

        Args:
            task: its detail.
            started: when this create started.
        """
        created = time_or_none(task.get("CreateTime"))
        if (created is not None and created < started - _MAX_CLOCK_SKEW) or not self._has_same_content(task):
            return Origin.OTHER
        own = {key: value for key, value in self.tags.items() if key in _IDENTIFYING}
        if not own:
            return Origin.UNDATED if created is None else Origin.THIS_CREATE
        remote = {key: value for key, value in user_tags(task.get("Tags")).items() if key in _IDENTIFYING}
        if any(own.get(key) != value for key, value in remote.items()):
            return Origin.OTHER
        if remote == own and (created is not None or CREATE_LABEL in own):
            return Origin.THIS_CREATE
        return Origin.UNDATED if created is None else Origin.UNLABELED

    def name_is_taken(self, name: str, holder: Mapping[str, Any], refusal: ApiError | None = None) -> str:
        """Return the error of a name that another task has."""
        is_own_retained = self._is_own_retained(holder)
        next_steps = messages.KEPT_BY_RETAIN_ON_DELETE if is_own_retained else self._next_steps(holder)
        return messages.name_is_taken(name, self._describe(holder), next_steps, refusal)

    def leftover_exists(self, task: Mapping[str, Any]) -> str:
        """Return the error of an active task of this resource that no state knows."""
        return messages.leftover_exists(str(self.inputs["name"]), self._describe(task), self._next_steps(task))

    def _describe(self, task: Mapping[str, Any]) -> str:
        """Describe a task so that you can decide whether it is yours: id, status, age, labels and content."""
        labels = _labels_of(task)
        if not labels:
            described_labels = messages.WITHOUT_LABELS
        elif labels == self._labels:
            described_labels = messages.WITH_OWN_LABELS
        else:
            project, stack, resource = (labels.get(key, "unknown") for key in LABELS)
            described_labels = messages.with_labels_of(resource, stack, project)
        return messages.already_exists(
            task.get("Id"),
            task.get("Name"),
            task.get("Status"),
            shown_time(task.get("CreateTime")),
            described_labels,
            is_same_content=self._has_same_content(task),
        )

    def _next_steps(self, task: Mapping[str, Any]) -> str:
        """Return what to do about a task that is in the way, as commands that can be pasted."""
        labels, workspace = _labels_of(task), self.inputs.get("tiProjectId")
        resource = shlex.quote(str(self.owner["resource"]) if self.owner else "RESOURCE")
        place = f" --region {self.region}" + (f" --workspace {workspace}" if workspace else "")
        keep = f"`pulumi-tione import{place} {resource} {task.get('Id')}`"
        if not labels:
            return messages.keep_if_yours(keep)
        if labels == self._labels:
            # Only the default workspace of the region in use is searched without these options.
            workspaces = " --all-workspaces" if workspace else ""
            delete = f"`pulumi-tione orphans --delete {task.get('Id')} --region {self.region}{workspaces}`"
            return messages.keep_or_delete(keep, delete)
        if all(labels.get(key) == self._labels.get(key) for key in LABELS[:2]):
            return messages.name_of_another_resource(str(labels.get(LABELS[2])).rpartition("::")[2])
        return messages.name_of_another_stack(f"`pulumi-tione events {task.get('Id')}{place}`")

    @property
    def _labels(self) -> dict[str, str]:
        return {key: value for key, value in self.tags.items() if key in LABELS}

    def _has_same_content(self, task: Mapping[str, Any]) -> bool:
        inputs = {**self.inputs, "name": task.get("Name")}
        recorded = recorded_outputs(inputs, task)
        return not diff(recorded, inputs, recorded_owner=None, owner=None, labels_enabled=False).replacing

    def _is_own_retained(self, holder: Mapping[str, Any]) -> bool:
        """Check whether the holder of the name may be an old task of this resource that stays on purpose."""
        is_own = all(self._labels.get(key) == value for key, value in _labels_of(holder).items())
        return bool(self.owner and self.owner.get(RETAINED)) and is_own


def _labels_of(task: Mapping[str, Any]) -> dict[str, str]:
    """Return the labels of a task that name its owner."""
    return {key: value for key, value in user_tags(task.get("Tags")).items() if key in LABELS}
