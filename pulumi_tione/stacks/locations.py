"""Where tasks are, and the clients that ask there: a region and workspace, seen with the keys of certain settings."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pulumi_tione._api.client import Client
from pulumi_tione._config.settings import Settings
from pulumi_tione.errors import TaskError
from pulumi_tione.stacks.secret_values import has_secrets, is_sealed, unsealed


@dataclass(frozen=True)
class Place:
    """Where a list call looks."""

    region: str
    workspace: str | None = None
    settings: str | None = field(repr=False, default=None)
    """The `settings` of the tasks there, as JSON; nothing where they have none themselves. They may hold secrets."""
    whose: str = ""
    """What of these settings may be shown."""

    @classmethod
    def recorded(cls, resource: Mapping[str, Any]) -> Place | None:
        """Give where the task of a resource in a state is, or nothing if that is not known there.

        Raises:
            TaskError: its settings are secrets, and the state was exported without them.
        """
        known = {**resource.get("inputs", {}), **resource.get("outputs", {})}
        region, workspace, sealed = known.get("region"), known.get("tiProjectId"), known.get("settings")
        if not isinstance(region, str):
            return None
        own = unsealed(sealed)
        if has_secrets(own):
            raise TaskError(f"the settings of {resource.get('urn')} cannot be read: they are encrypted")
        settings = json.dumps(own, sort_keys=True) if isinstance(own, Mapping) and own else None
        return cls(region, workspace if isinstance(workspace, str) else None, settings, _shown(sealed))

    @property
    def own(self) -> dict[str, Any] | None:
        """What the tasks there set themselves."""
        return json.loads(self.settings) if self.settings else None

    def __str__(self) -> str:
        where = f"workspace {self.workspace}" if self.workspace else "default workspace"
        return f"{self.region} ({where}{f', {self.whose}' if self.whose else ''})"


def _shown(settings: Any) -> str:
    """Give what settings say of whose keys they lead to, without what is a secret."""
    if not isinstance(settings, Mapping) or is_sealed(settings):
        return ""
    role = settings.get("assumeRole")
    parts = {
        "profile": settings.get("profile"),
        "machine's role": settings.get("camRoleName"),
        "role": role.get("roleArn") if isinstance(role, Mapping) else None,
    }
    return ", ".join(f"{name} {value}" for name, value in parts.items() if isinstance(value, str) and value)


class Clients:
    """The clients of all places, one for each region and whose keys."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._clients: dict[tuple[str, str | None], Client] = {}

    def of(self, place: Place) -> Client:
        key = (place.region, place.settings)
        if key not in self._clients:
            self._clients.setdefault(key, Client(self._settings.of(place.own), place.region))
        return self._clients[key]
