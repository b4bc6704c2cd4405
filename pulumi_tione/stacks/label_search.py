"""Where the tasks with certain labels are: asked of the tag service first, then of the lists of regions and workspaces.

The tag service knows all regions and workspaces, but may lag behind or be closed to the keys in use; a list knows one
region and workspace. What either of them names is found.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from pulumi_tione._api.protocols import TaskAndTagApi
from pulumi_tione._schema.identity import LABELS
from pulumi_tione._schema.wire import user_tags
from pulumi_tione._timestamps import time_or_none
from pulumi_tione.errors import ApiError, Kind
from pulumi_tione.stacks.locations import Place

DEFAULT_WORKSPACE = "0"
"""The id that DescribeWorkspaces gives the workspace that is meant where none is named."""

_PAUSES = (0.0, 2.5, 2.5)
"""The pauses before each look at a task that the tag service names and no list shows. Then it counts as gone."""

_sleep = time.sleep


@dataclass(frozen=True)
class LabelledTask:
    """A task with labels of ours, as a list or its detail tells."""

    id: str
    name: str
    status: str
    created: datetime | None
    tags: Mapping[str, str]
    place: Place

    @classmethod
    def told(cls, task: Mapping[str, Any], place: Place) -> LabelledTask:
        return cls(
            id=str(task["Id"]),
            name=str(task.get("Name")),
            status=str(task.get("Status")),
            created=time_or_none(task.get("CreateTime")),
            tags=user_tags(task.get("Tags")),
            place=place,
        )

    @property
    def project(self) -> str:
        return self.tags.get(LABELS[0], "")

    @property
    def stack(self) -> str:
        return self.tags.get(LABELS[1], "")

    @property
    def resource(self) -> str:
        """The name of its resource, after its parents' types where it has a parent."""
        return self.tags.get(LABELS[2], "")


@dataclass
class Search:
    """A search for the tasks that have certain labels.

    Args:
        labels: the labels.
        client_of: gives the client of a place.
        every_workspace: whether all workspaces are searched, and not only the given ones.
    """

    labels: Mapping[str, str]
    client_of: Callable[[Place], TaskAndTagApi]
    every_workspace: bool = False
    tasks: dict[str, LabelledTask] = field(default_factory=dict)
    """What was found, by id."""
    places: list[Place] = field(default_factory=list)
    """Whose lists were looked at."""
    tag_service: str = ""
    """What the tag service had to say, in a few words."""

    def run(self, places: Iterable[Place]) -> None:
        """Search everywhere: in these places, in the others of their regions, and wherever the tag service points to.

        Raises:
            TioneError: a place could not be searched.
        """
        given = list(dict.fromkeys(places))
        for settings in dict.fromkeys(place.settings for place in given):
            self._run([place for place in given if place.settings == settings])

    def _run(self, given: list[Place]) -> None:
        """Search everywhere with the same keys."""
        root = replace(given[0], workspace=None)
        tagged = self._ask_tag_service(root)
        regions = dict.fromkeys([*(place.region for place in given), *tagged.values()])
        for region in regions:
            here = replace(root, region=region)
            named = [place.workspace for place in given if place.region == region]
            every = self._workspaces(here) if self.every_workspace else []
            for workspace in dict.fromkeys([None, *named, *every]):
                self._look_through(replace(here, workspace=workspace))
        for pause in _PAUSES:  # one "not found" may be wrong
            missing = {task_id: region for task_id, region in tagged.items() if task_id not in self.tasks}
            if missing:
                _sleep(pause)
            for task_id, region in missing.items():
                self._look_for(task_id, replace(root, region=region))
        gone = tagged.keys() - self.tasks.keys()
        if gone:
            self.tag_service += f", {len(gone)} of which exist no more"

    def _ask_tag_service(self, place: Place) -> dict[str, str]:
        """Give the regions of the tasks that it names, by id."""
        try:
            tagged = {task_id: where for where, task_id in self.client_of(place).tagged_training_tasks(self.labels)}
        except ApiError as error:
            if error.kind is not Kind.PERMISSION_DENIED:
                raise
            self._tell(f"not accessible with these keys ({error.code})")
            return {}
        self._tell(f"names {len(tagged)} in all regions and workspaces")
        return tagged

    def _tell(self, told: str) -> None:
        self.tag_service = f"{self.tag_service}; {told}" if self.tag_service else told

    def _look_through(self, place: Place) -> None:
        if place in self.places:
            return
        self.places.append(place)
        for item in self.client_of(place).training_tasks({}, self.labels, place.workspace):
            task = LabelledTask.told(item, place)
            if self.labels.items() <= task.tags.items():
                self.tasks[task.id] = task

    def _look_for(self, task_id: str, place: Place) -> None:
        """Look for a task that the tag service names and no list has shown: in all workspaces. It may be gone."""
        for workspace in [None, *self._workspaces(place)]:
            detail = self.client_of(place).describe_training_task(task_id, workspace)
            if detail is not None:
                self.tasks[task_id] = LabelledTask.told(detail, replace(place, workspace=workspace))
                return

    def _workspaces(self, place: Place) -> list[str]:
        return [workspace for workspace in self.client_of(place).workspaces() if workspace != DEFAULT_WORKSPACE]
