"""Where tasks are: a region and a workspace, seen with the credentials of certain settings; and clients for these.

Which regions are searched for orphans is in `orphan_scan.py` (`search`). The region of a task that sets none is in
`_config/settings.py`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pulumi_tione._api.client import Client
from pulumi_tione._config.settings import Settings
from pulumi_tione.errors import TaskError
from pulumi_tione.stacks.state_secrets import has_secrets, is_secret, revealed


@dataclass(frozen=True)
class Location:
    """A region and a workspace of an account: what one list call covers."""

    region: str
    workspace: str | None = None
    settings: str | None = field(repr=False, default=None)
    """The `settings` of the tasks there, as JSON; None where they have none of their own. They may hold secrets."""
    account: str = ""
    """The parts of these settings that name the account and may be shown."""

    @classmethod
    def recorded(cls, resource: Mapping[str, Any]) -> Location | None:
        """Return where the task of a resource in a state is; None if the state does not record it.

        Raises:
            TaskError: its settings are secrets, and the state was exported without them.
        """
        properties = {**resource.get("inputs", {}), **resource.get("outputs", {})}
        region, workspace = properties.get("region"), properties.get("tiProjectId")
        if not isinstance(region, str):
            return None
        task_settings = revealed(properties.get("settings"))
        if has_secrets(task_settings):
            raise TaskError(f"the settings of {resource.get('urn')} cannot be read: they are encrypted")
        settings = (
            json.dumps(task_settings, sort_keys=True) if isinstance(task_settings, Mapping) and task_settings else None
        )
        account = _account(properties.get("settings"))
        return cls(region, workspace if isinstance(workspace, str) else None, settings, account)

    @property
    def task_settings(self) -> dict[str, Any] | None:
        """The settings that the tasks there set themselves."""
        return json.loads(self.settings) if self.settings else None

    @property
    def options(self) -> str:
        """The options of `pulumi-tione` that select this location."""
        return f"--region {self.region}{f' --workspace {self.workspace}' if self.workspace else ''}"

    def __str__(self) -> str:
        workspace = f"workspace {self.workspace}" if self.workspace else "default workspace"
        return f"{self.region} ({workspace}{f', {self.account}' if self.account else ''})"


def _account(settings: Any) -> str:
    """Return the parts of a task's settings that identify the account and are no secrets."""
    if not isinstance(settings, Mapping) or is_secret(settings):
        return ""
    role = settings.get("assumeRole")
    parts = {
        "profile": settings.get("profile"),
        "machine's role": settings.get("camRoleName"),
        "role": role.get("roleArn") if isinstance(role, Mapping) else None,
    }
    return ", ".join(f"{name} {value}" for name, value in parts.items() if isinstance(value, str) and value)


class Clients:
    """The clients of all locations: one for each region and settings."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._clients: dict[tuple[str, str | None], Client] = {}

    def of(self, location: Location) -> Client:
        """Return the client of a location: always the same one for the same region and settings."""
        key = (location.region, location.settings)
        if key not in self._clients:
            self._clients.setdefault(key, Client(self._settings.of(location.task_settings), location.region))
        return self._clients[key]
