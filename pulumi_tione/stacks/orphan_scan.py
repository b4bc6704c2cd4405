"""The orphan scan: which tasks of a project or stack exist at the service and are in no state.

A task counts only when the states of all stacks of the project have been read. Protected are those less than a minute
old or of unknown age, those of a locked stack, and those kept by `retain_on_delete`. `label_search.py` finds the tasks,
`orphan_cleanup.py` stops or deletes them; the check before a create is `lifecycle/leftovers.py`.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from pulumi_tione._api.protocols import TaskAndTagApi
from pulumi_tione._config.settings import Settings
from pulumi_tione._schema.identity import (
    RETAINED,
    RETAINED_LABEL,
    is_generated_form,
    labels,
    labels_of_stack,
    split_owner,
)
from pulumi_tione.stacks.label_search import LabelSearch, TaskSummary
from pulumi_tione.stacks.locations import Clients, Location
from pulumi_tione.stacks.locks import locked_stacks
from pulumi_tione.stacks.ownership import read_states
from pulumi_tione.stacks.pulumi_cli import Pulumi, StackName
from pulumi_tione.stacks.state import State

_MIN_AGE = timedelta(minutes=1)
"""A younger task may just be being created by a running update."""


@dataclass(frozen=True)
class Orphan:
    """A task that is in no state."""

    task: TaskSummary
    age: timedelta | None
    """By the service's clock; None if the service does not return when it was created."""
    is_pending: bool
    """Whether a pending create of a state points to it: an update was interrupted while creating it."""
    is_locked: bool
    """Whether its stack is locked: an update may be creating it."""
    is_retained: bool
    """Whether `retain_on_delete` may keep it: by its label, or because a state has its resource with that option."""

    @property
    def note(self) -> str:
        """What distinguishes it, in a few words."""
        pending, locked = "pending create" * self.is_pending, "stack locked" * self.is_locked
        retained = "retain_on_delete" * (self.is_retained and not self.is_pending)
        return ", ".join(part for part in (pending, locked, retained) if part)

    @property
    def protection(self) -> str | None:
        """Why it is left alone unless it is requested by its id; None if nothing protects it."""
        if self.is_locked:
            return "its stack is locked: an update is running, or was killed"
        if self.is_retained:
            return "retain_on_delete keeps it"
        if self.age is None:
            return "the service does not return how old it is"
        return "it was created less than a minute ago" if self.age < _MIN_AGE else None


class OrphanScan:
    """The tasks with the labels of a project or stack, compared with the states that should record them.

    Args:
        pulumi: reads the states.
        settings: region and credentials for the service.
        project: the project.
        stack: the stack; None for all stacks of the project.
    """

    def __init__(self, pulumi: Pulumi, settings: Settings, project: str, stack: str | None) -> None:
        self.project = project
        self.stack = stack
        self.settings = settings
        self.states: dict[StackName, State] = {}
        """The states that have been read."""
        self._pulumi = pulumi
        self._clients = Clients(settings)
        self._stacks: list[StackName] = []

    def client_of(self, location: Location) -> TaskAndTagApi:
        """Return the client of a location."""
        return self._clients.of(location)

    @functools.cache  # noqa: B019  a command makes one scan, and ends
    def account_of(self, location: Location) -> str:
        """Return the account that the credentials for a location belong to; all tasks that they see are in it."""
        return self.client_of(location).account_id()

    def search(self, regions: Iterable[str], every_workspace: bool) -> LabelSearch:
        """Search for the tasks: in the region of the settings, in all locations of the states, and in these regions."""
        self._stacks = self._pulumi.stacks(self.project)
        self._read(name for name in self._stacks if self.stack in (None, name.stack))
        search = LabelSearch(labels_of_stack(self.project, self.stack), self.client_of, every_workspace)
        locations = [location for state in self.states.values() for location in state.locations]
        search.run([*map(Location, [self.settings.region, *regions]), *locations])
        return search

    def orphans(self, tasks: Mapping[str, TaskSummary]) -> list[Orphan]:
        """Return those of the tasks that are in no state of the project, the oldest first.

        When a stack was renamed, a task may be in the state of another stack than its labels name. So the states of
        all stacks are read before any task counts as an orphan.
        """
        if self._unknown(tasks):
            self._read(name for name in self._stacks if name not in self.states)
        return self._orphans(self._unknown(tasks))

    def still_orphans(self, orphans: Sequence[Orphan]) -> list[Orphan]:
        """Read all states again, and return those of the orphans that are still in none of them."""
        self._read(self._pulumi.stacks(self.project))
        return self._orphans(self._unknown({orphan.task.id: orphan.task for orphan in orphans}))

    def _orphans(self, unknown: Mapping[str, TaskSummary]) -> list[Orphan]:
        locked = locked_stacks(self._pulumi, self.states) if unknown else set()
        pending = [(name, each["inputs"]) for name, state in self.states.items() for each in state.pending_tasks]
        locked_labels = [labels_of_stack(name.project, name.stack).items() for name in locked]
        retaining = self._retaining()
        orphans = []
        for task in unknown.values():
            creating = [name for name, inputs in pending if _may_have_created(inputs, task)]
            orphans.append(
                Orphan(
                    task,
                    age=None if task.created is None else self.client_of(task.location).service_now() - task.created,
                    is_pending=bool(creating),
                    is_locked=any(name in locked for name in creating)
                    or any(of_stack <= task.tags.items() for of_stack in locked_labels),
                    is_retained=RETAINED_LABEL in task.tags or (task.project, task.stack, task.resource) in retaining,
                )
            )
        return sorted(
            orphans, key=lambda orphan: (orphan.task.created is not None, orphan.task.created, orphan.task.id)
        )

    def _read(self, stacks: Iterable[StackName]) -> None:
        self.states |= read_states(stacks, lambda name: State.of(self._pulumi, name))

    def _unknown(self, tasks: Mapping[str, TaskSummary]) -> dict[str, TaskSummary]:
        known = {task_id for state in self.states.values() for task_id in state.tasks}
        return {task_id: task for task_id, task in tasks.items() if task_id not in known}

    def _retaining(self) -> set[tuple[str, ...]]:
        """Return the labels of the resources whose old tasks are kept on purpose."""
        recorded = [resource for state in self.states.values() for resource in state.tasks.values()]
        owners = [split_owner(resource.get("inputs", {}))[0] for resource in recorded]
        return {tuple(labels(owner).values()) for owner in owners if owner and owner.get(RETAINED)}


def _may_have_created(inputs: Mapping[str, Any], task: TaskSummary) -> bool:
    """Check whether a create with these inputs gives a task this name, in this region."""
    return inputs.get("region") == task.location.region and is_generated_form(task.name, str(inputs.get("name")))
