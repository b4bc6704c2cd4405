"""Where tasks are, and the clients that ask there: a region and workspace, seen with the keys of certain settings."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pulumi_tione._client import Client
from pulumi_tione._settings import Settings
from pulumi_tione.cli._sealing import unsealed


@dataclass(frozen=True)
class Place:
    """Where a list call looks."""

    region: str
    workspace: str | None = None
    settings: str | None = None
    """The `settings` of the tasks there, as JSON; nothing where they have none themselves."""

    @classmethod
    def recorded(cls, resource: Mapping[str, Any]) -> Place | None:
        """Give where the task of a resource in a state is, or nothing if that is not known there."""
        known = {**resource.get("inputs", {}), **resource.get("outputs", {})}
        region, workspace, own = known.get("region"), known.get("tiProjectId"), unsealed(known.get("settings"))
        if not isinstance(region, str):
            return None
        settings = json.dumps(own, sort_keys=True) if isinstance(own, Mapping) and own else None
        return cls(region, workspace if isinstance(workspace, str) else None, settings)

    @property
    def own(self) -> dict[str, Any] | None:
        """What the tasks there set themselves."""
        return json.loads(self.settings) if self.settings else None

    def __str__(self) -> str:
        where = f"workspace {self.workspace}" if self.workspace else "default workspace"
        told = {key: value for key, value in (self.own or {}).items() if isinstance(value, str)}
        role = (self.own or {}).get("assumeRole")
        if isinstance(role, Mapping):
            told["role"] = str(role.get("roleArn"))
        whose = "".join(f", {key} {value}" for key, value in told.items())
        return f"{self.region} ({where}{whose})"


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
