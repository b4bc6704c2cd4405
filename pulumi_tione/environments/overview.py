"""The environments of a project as the backend shows them: their tags, states, locks and last updates.

A backend in a folder is read directly, which takes milliseconds for each stack; other backends by the Pulumi CLI,
several stacks at once.

8 stacks are read at once. Which of them are taken down is decided in `reap.py`; the tasks at the service are listed in
`listing.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pulumi_tione._timestamps import time_or_none
from pulumi_tione.environments import messages
from pulumi_tione.environments.names import environment_stack, is_environment_name
from pulumi_tione.environments.tags import EnvironmentTags
from pulumi_tione.errors import TioneError
from pulumi_tione.stacks.backend_folder import BackendFolder
from pulumi_tione.stacks.pulumi_cli import Lock, Pulumi, StackName
from pulumi_tione.stacks.state import State

_PARALLEL_READS = 8


@dataclass(frozen=True)
class Overview:
    """What the backend shows of one stack with the name of an environment."""

    stack: StackName
    environment_tags: EnvironmentTags
    state: State
    """The state; empty if it cannot be read."""
    last_update: datetime | None
    is_locked: bool
    locks: tuple[Lock, ...] = ()
    """The locks that the backend shows."""
    problem: str = ""
    """Why the stack cannot be read."""

    @property
    def is_unreadable(self) -> bool:
        """Whether not even its tags can be read, which may show that it is an environment."""
        return bool(self.problem) and not self.environment_tags.branch

    @property
    def is_empty(self) -> bool:
        return not self.problem and not self.state.resources and not self.state.has_pending_operations

    @property
    def is_environment(self) -> bool:
        """Whether its tags, or its name and nothing else, show that it is an environment."""
        if (
            self.environment_tags.branch
            and environment_stack(self.stack.project, self.environment_tags.branch) != self.stack.stack
        ):
            return False  # it was renamed
        return bool(self.environment_tags.branch and self.environment_tags.environment) or self.is_empty


def read_overviews(pulumi: Pulumi, folder: BackendFolder | None, project: str) -> list[Overview]:
    """Return all stacks of a project that have the name of an environment, by name."""
    if folder is not None and folder.has_stacks_of(project):
        names = [name for name in folder.stacks(project) if is_environment_name(name.stack)]
        return [_from_folder(folder, name) for name in names]
    updates = {name: at for name, at in pulumi.last_updates(project).items() if is_environment_name(name.stack)}
    updating = set(pulumi.updating(project)) if updates else set()
    with ThreadPoolExecutor(_PARALLEL_READS) as pool:
        found = pool.map(lambda item: _from_cli(pulumi, item[0], item[1], item[0] in updating), updates.items())
    return sorted(found, key=lambda each: each.stack.stack)


def _from_folder(folder: BackendFolder, name: StackName) -> Overview:
    problem = ""
    tags: Mapping[str, str] = {}
    exported: dict[str, Any] = {}
    try:
        tags = folder.tags(name)
        exported = folder.export(name)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        problem = messages.unreadable_files(error)
    locks = tuple(folder.locks(name))
    return Overview(
        name, EnvironmentTags.of(tags), State(exported), _last_update(exported), folder.is_locked(name), locks, problem
    )


def _from_cli(pulumi: Pulumi, name: StackName, updated: str, is_updating: bool) -> Overview:
    try:
        tags, exported, problem = pulumi.tags(name), pulumi.export(name), ""
    except TioneError as error:
        tags, exported, problem = {}, {}, str(error)
    return Overview(
        name, EnvironmentTags.of(tags), State(exported), time_or_none(updated), is_updating, problem=problem
    )


def _last_update(exported: Mapping[str, Any]) -> datetime | None:
    deployment = exported.get("deployment")
    manifest = deployment.get("manifest") if isinstance(deployment, Mapping) else None
    return time_or_none(manifest.get("time")) if isinstance(manifest, Mapping) else None
