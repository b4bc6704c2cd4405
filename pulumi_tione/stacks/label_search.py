"""Find the tasks with certain labels: ask the tag service first, then list the tasks of regions and workspaces.

The tag service covers all regions and workspaces, but may lag behind, or be closed to the credentials in use. A list
covers one region and workspace. A task that either of them returns is found.

A task that only the tag service returns is checked for 5 seconds before it counts as gone. Which of the tasks are
orphans is decided in `orphan_scan.py`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from pulumi_tione._api.polling import poll
from pulumi_tione._api.protocols import TaskAndTagApi
from pulumi_tione._schema.identity import LABELS
from pulumi_tione._schema.wire import user_tags
from pulumi_tione._timestamps import time_or_none
from pulumi_tione.errors import ApiError, Kind
from pulumi_tione.stacks.locations import Location

DEFAULT_WORKSPACE = "0"
"""The id that DescribeWorkspaces returns for the default workspace, which requests do not name."""

_LAG_SECONDS = 5.0
_SECONDS_BETWEEN_CHECKS = 2.5
"""How long, and how often, a task that only the tag service returns is checked. Then it counts as gone."""


@dataclass(frozen=True)
class TaskSummary:
    """A task with our labels, from a list or from its detail."""

    id: str
    name: str
    status: str
    created: datetime | None
    tags: Mapping[str, str]
    location: Location

    @classmethod
    def from_detail(cls, detail: Mapping[str, Any], location: Location) -> TaskSummary:
        """Return the summary of an item of a list, or of a detail."""
        return cls(
            id=str(detail["Id"]),
            name=str(detail.get("Name")),
            status=str(detail.get("Status")),
            created=time_or_none(detail.get("CreateTime")),
            tags=user_tags(detail.get("Tags")),
            location=location,
        )

    @property
    def project(self) -> str:
        """The project that its labels name."""
        return self.tags.get(LABELS[0], "")

    @property
    def stack(self) -> str:
        """The stack that its labels name."""
        return self.tags.get(LABELS[1], "")

    @property
    def resource(self) -> str:
        """The resource that its labels name, after the types of its parents where it has a parent."""
        return self.tags.get(LABELS[2], "")


@dataclass
class TagServiceResult:
    """What the tag service returned, for all credentials together."""

    found: int = 0
    """How many tasks it returned, in all regions and workspaces."""
    gone: int = 0
    """How many of them do not exist any more."""
    refusals: list[str] = field(default_factory=list)
    """The error codes with which it refused credentials."""

    def __str__(self) -> str:
        refused = [f"not accessible with these credentials ({code})" for code in self.refusals]
        if refused and not self.found:
            return "; ".join(refused)
        gone = f", {self.gone} of them deleted since" if self.gone else ""
        return "; ".join([f"{self.found} found in all regions and workspaces{gone}", *refused])


@dataclass
class LabelSearch:
    """A search for the tasks that have certain labels.

    Args:
        labels: the labels.
        client_of: returns the client of a location.
        every_workspace: whether all workspaces are listed, and not only the given ones.
        sleep: makes the pauses.
        clock: the time in seconds, from any beginning.
    """

    labels: Mapping[str, str]
    client_of: Callable[[Location], TaskAndTagApi]
    every_workspace: bool = False
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    tasks: dict[str, TaskSummary] = field(default_factory=dict)
    """The tasks that were found, by id."""
    locations: list[Location] = field(default_factory=list)
    """The locations whose tasks were listed."""
    tag_service: TagServiceResult = field(default_factory=TagServiceResult)

    def run(self, locations: Iterable[Location]) -> None:
        """Search these locations, the default workspaces of their regions, and wherever the tag service points to.

        Raises:
            TioneError: a location could not be searched.
        """
        requested = list(dict.fromkeys(locations))
        for settings in dict.fromkeys(location.settings for location in requested):
            self._run([location for location in requested if location.settings == settings])

    def _run(self, requested: list[Location]) -> None:
        """Search with one set of credentials."""
        account = replace(requested[0], workspace=None)
        tagged = self._tagged_tasks(account)
        regions = dict.fromkeys([*(location.region for location in requested), *tagged.values()])
        for region in regions:
            default = replace(account, region=region)
            workspaces = [location.workspace for location in requested if location.region == region]
            if self.every_workspace:
                workspaces += self._workspaces(default)
            for workspace in dict.fromkeys([None, *workspaces]):
                self._list(replace(default, workspace=workspace))

        def missing() -> dict[str, str]:
            for task_id, region in tagged.items():
                if task_id not in self.tasks:
                    self._describe(task_id, replace(account, region=region))
            return {task_id: region for task_id, region in tagged.items() if task_id not in self.tasks}

        gone = poll(  # a single "not found" may be wrong
            missing,
            lambda tasks: not tasks,
            timeout=_LAG_SECONDS,
            first_pause=_SECONDS_BETWEEN_CHECKS,
            max_pause=_SECONDS_BETWEEN_CHECKS,
            sleep=self.sleep,
            clock=self.clock,
        )
        self.tag_service.gone += len(gone)

    def _tagged_tasks(self, location: Location) -> dict[str, str]:
        """Return the regions of the tasks that the tag service knows, by id."""
        try:
            tagged = {
                task_id: region for region, task_id in self.client_of(location).tagged_training_tasks(self.labels)
            }
        except ApiError as error:
            if error.kind is not Kind.PERMISSION_DENIED:
                raise
            self.tag_service.refusals.append(error.code)
            return {}
        self.tag_service.found += len(tagged)
        return tagged

    def _list(self, location: Location) -> None:
        """Add the tasks that a list returns."""
        if location in self.locations:
            return
        self.locations.append(location)
        for item in self.client_of(location).training_tasks({}, self.labels, location.workspace, is_proof=True):
            task = TaskSummary.from_detail(item, location)
            if self.labels.items() <= task.tags.items():
                self.tasks[task.id] = task

    def _describe(self, task_id: str, location: Location) -> None:
        """Add a task that only the tag service returns, if it still exists: it may be in any workspace."""
        for workspace in [None, *self._workspaces(location)]:
            detail = self.client_of(location).describe_training_task(task_id, workspace)
            if detail is not None:
                self.tasks[task_id] = TaskSummary.from_detail(detail, replace(location, workspace=workspace))
                return

    def _workspaces(self, location: Location) -> list[str]:
        return [workspace for workspace in self.client_of(location).workspaces() if workspace != DEFAULT_WORKSPACE]
