"""Which stacks are locked: an update of them is running, or was killed and has left its lock."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pulumi_tione.stacks.pulumi_cli import Pulumi, StackName
from pulumi_tione.stacks.state import State


def locked_stacks(pulumi: Pulumi, states: Mapping[StackName, State]) -> set[StackName]:
    """Return those of the stacks that are locked, or may be.

    A backend in a folder keeps its locks as files. Other backends do not show their locks: there, a stack with an
    update in progress or with pending operations counts as locked.
    """
    folder = _lock_folder(pulumi)
    if folder is not None:
        return {name for name in states if any((folder / name.qualified).glob("*.json"))}
    updating = {name for project in {name.project for name in states} for name in pulumi.updating(project)}
    return {name for name, state in states.items() if name in updating or state.has_pending_operations}


def _lock_folder(pulumi: Pulumi) -> Path | None:
    """Return where a backend in a folder keeps its locks; None if the backend is no folder."""
    scheme, _, path = pulumi.backend().partition("://")
    if scheme != "file":
        return None
    path = path.partition("?")[0]
    if path == "~" or path.startswith("~/"):
        path = pulumi.environment.get("HOME", "~") + path[1:]
    return pulumi.folder / path / ".pulumi" / "locks"
