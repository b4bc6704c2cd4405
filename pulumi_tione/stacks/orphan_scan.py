"""Which tasks no state knows: what is there at the service, held against the states of a project."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from pulumi_tione._api.protocols import TaskAndTagApi
from pulumi_tione._config.settings import Settings
from pulumi_tione._schema.identity import RETAINED, RETAINED_LABEL, is_generated_form, labels, labels_of_stack
from pulumi_tione.stacks.claims import read_states
from pulumi_tione.stacks.label_search import LabelledTask, Search
from pulumi_tione.stacks.locations import Clients, Place
from pulumi_tione.stacks.locks import locked_stacks
from pulumi_tione.stacks.pulumi_cli import Pulumi, StackName
from pulumi_tione.stacks.state import State

_YOUNG = timedelta(minutes=1)
"""The age from which on a task counts as left by somebody, and not as being created."""


@dataclass(frozen=True)
class Orphan:
    """A task that no state knows."""

    task: LabelledTask
    age: timedelta | None
    """By the service's clock; None, if the service does not say when it was created."""
    is_pending: bool
    """Whether a pending create of a state points to it: an update was cut off while it was created."""
    is_locked: bool
    """Whether its stack is locked: an update may be creating it."""
    is_retained: bool
    """Whether `retain_on_delete` may keep it: by its label, or because its resource stands in a state with that."""

    @property
    def note(self) -> str:
        pending, locked = "pending create" * self.is_pending, "stack locked" * self.is_locked
        retained = "retain_on_delete" * (self.is_retained and not self.is_pending)
        return ", ".join(part for part in (pending, locked, retained) if part)

    @property
    def reason_to_stay(self) -> str | None:
        """Why it is left alone unless it is named by its id; None, if nothing speaks for it."""
        if self.is_locked:
            return "its stack is locked: an update of it is running, or was killed"
        if self.is_retained:
            return "retain_on_delete keeps it"
        if self.age is None:
            return "the service does not say how old it is"
        return "it was created less than a minute ago" if self.age < _YOUNG else None

    def as_json(self) -> dict[str, Any]:
        task = self.task
        return {
            "id": task.id,
            "name": task.name,
            "status": task.status,
            "created": task.created.isoformat() if task.created else None,
            "ageSeconds": None if self.age is None else max(int(self.age.total_seconds()), 0),
            "project": task.project,
            "stack": task.stack,
            "resource": task.resource,
            "region": task.place.region,
            "workspace": task.place.workspace,
            "pendingCreate": self.is_pending,
            "retainOnDelete": self.is_retained,
        }


class OrphanScan:
    """The tasks with the labels of a project or stack, and the states that should know them.

    Args:
        pulumi: reads the states.
        settings: how the service is asked.
        project: the project.
        stack: the stack, or nothing for all stacks of the project.
    """

    def __init__(self, pulumi: Pulumi, settings: Settings, project: str, stack: str | None) -> None:
        self.project = project
        self.stack = stack
        self.states: dict[StackName, State] = {}
        """The states that have been read."""
        self._pulumi = pulumi
        self._settings = settings
        self._clients = Clients(settings)
        self._stacks: list[StackName] = []

    @property
    def is_labelled(self) -> bool:
        """Whether new tasks get labels at all."""
        return self._settings.labels

    def client_of(self, place: Place) -> TaskAndTagApi:
        return self._clients.of(place)

    @functools.cache  # noqa: B019  a command makes one survey, and ends
    def account_of(self, place: Place) -> str:
        """Give the account of the keys that are used for a place, which is that of every task that they see there."""
        return self.client_of(place).account_id()

    def search(self, regions: Iterable[str], every_workspace: bool) -> Search:
        """Search for the tasks: wherever the settings and the stack's state point to, and in these regions."""
        self._stacks = self._pulumi.stacks(self.project)
        self._read(name for name in self._stacks if self.stack in (None, name.stack))
        search = Search(labels_of_stack(self.project, self.stack), self.client_of, every_workspace)
        places = [place for state in self.states.values() for place in state.places]
        search.run([*map(Place, [self._settings.region, *regions]), *places])
        return search

    def orphans(self, tasks: Mapping[str, LabelledTask]) -> list[Orphan]:
        """Give those of the tasks that no state of the project knows, the oldest first.

        A task may be in the state of another stack than its labels say, when a stack was renamed. So the states of
        all stacks are read before any task counts as an orphan.
        """
        if self._unknown(tasks):
            self._read(name for name in self._stacks if name not in self.states)
        return self._orphans(self._unknown(tasks))

    def still_orphans(self, orphans: Sequence[Orphan]) -> list[Orphan]:
        """Read all states anew, and return those of the orphans that none of them knows even now, as they are now."""
        self._read(self._pulumi.stacks(self.project))
        return self._orphans(self._unknown({orphan.task.id: orphan.task for orphan in orphans}))

    def _orphans(self, unknown: Mapping[str, LabelledTask]) -> list[Orphan]:
        locked = locked_stacks(self._pulumi, self.states) if unknown else set()
        pending = [(name, each["inputs"]) for name, state in self.states.items() for each in state.pending_tasks]
        locked_labels = [labels_of_stack(name.project, name.stack).items() for name in locked]
        retaining = self._retaining()
        orphans = []
        for task in unknown.values():
            creating = [name for name, inputs in pending if _may_have_made(inputs, task)]
            orphans.append(
                Orphan(
                    task,
                    age=None if task.created is None else self.client_of(task.place).service_now() - task.created,
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

    def _unknown(self, tasks: Mapping[str, LabelledTask]) -> dict[str, LabelledTask]:
        known = {task_id for state in self.states.values() for task_id in state.tasks}
        return {task_id: task for task_id, task in tasks.items() if task_id not in known}

    def _retaining(self) -> set[tuple[str, ...]]:
        """The labels of the resources whose old tasks stay on purpose."""
        recorded = [resource for state in self.states.values() for resource in state.tasks.values()]
        owners = [resource.get("inputs", {}).get("owner") or {} for resource in recorded]
        return {tuple(labels(owner).values()) for owner in owners if owner.get(RETAINED)}


def _may_have_made(inputs: Mapping[str, Any], task: LabelledTask) -> bool:
    """Tell whether a create with these inputs gives a task this name, in this region."""
    return inputs.get("region") == task.place.region and is_generated_form(task.name, str(inputs.get("name")))
