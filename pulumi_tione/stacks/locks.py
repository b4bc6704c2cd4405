"""Which stacks are locked: an update of them is running, or was killed and has left its lock.

Nothing waits here, and nothing is unlocked. How long `env` commands wait is `_WAIT` in `cli/env.py` (10 minutes,
`--wait-lock`); `env reap` does not wait for Pulumi's lock. The lock of a dead process is removed by `Recovery` in
`environments/teardown.py`.
"""

from __future__ import annotations

from collections.abc import Mapping

from pulumi_tione.stacks.backend_folder import BackendFolder
from pulumi_tione.stacks.pulumi_cli import Pulumi, StackName
from pulumi_tione.stacks.state import State


def locked_stacks(pulumi: Pulumi, states: Mapping[StackName, State]) -> set[StackName]:
    """Return those of the stacks that are locked, or may be.

    A backend in a folder keeps its locks as files. Other backends do not show their locks: there, a stack with an
    update in progress or with pending operations counts as locked.
    """
    folder = BackendFolder.at(pulumi.backend(), pulumi.folder, pulumi.environment)
    if folder is not None:
        return {name for name in states if folder.is_locked(name)}
    updating = {name for project in {name.project for name in states} for name in pulumi.updating(project)}
    return {name for name, state in states.items() if name in updating or state.has_pending_operations}
