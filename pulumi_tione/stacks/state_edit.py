"""Change a stack's state: only after a confirmation, only if nothing else has changed it, and with a backup.

The backup is in `pulumi-tione/backups` below Pulumi's home. What is changed is decided in `task_import.py`; `state.py`
makes the changed copy.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path

from pulumi_tione.errors import TioneError
from pulumi_tione.stacks.pulumi_cli import Pulumi, StackName
from pulumi_tione.stacks.state import State


class RefusedError(TioneError):
    """The state does not allow the change, or nobody has confirmed it."""


@dataclass
class StateEdit:
    """One change of the state of a stack.

    Args:
        pulumi: reads and writes the state.
        stack: the stack.
        confirm: asks a question, and returns whether the answer is yes.
        show: shows a line of the report.
        print_result: prints the result, which a script may read, apart from the report.
    """

    pulumi: Pulumi
    stack: StackName
    confirm: Callable[[str], bool]
    show: Callable[[str], None]
    print_result: Callable[[str], None]
    before: State = field(init=False)
    """The state before the change."""

    def __post_init__(self) -> None:
        self.before = State(self.pulumi.export(self.stack))

    def write(self, after: State) -> None:
        """Write the changed state, if that is confirmed.

        Raises:
            RefusedError: it is not, or an update has changed the state in the meantime.
            PulumiError: the stack is locked, or Pulumi rejects the state; the state is unchanged.
        """
        if not self.confirm(f"Write this to the state of {self.stack}?"):
            raise RefusedError("nothing was changed")
        if State(self.pulumi.export(self.stack)).version != self.before.version:
            raise RefusedError(
                f"an update has changed the state of {self.stack} in the meantime. Nothing was written. Try again"
            )
        backup = write_backup(
            self.before, backup_folder(self.pulumi.environment), self.stack, datetime.now(timezone.utc)
        )
        self.show(f"A backup of the previous state is in {backup}")
        self.pulumi.write(self.stack, after.exported)


def backup_folder(environment: Mapping[str, str]) -> Path:
    """Return the folder for backups: under Pulumi's home, outside any project, where no commit picks them up."""
    home = environment.get("PULUMI_HOME") or Path(environment.get("HOME") or "~", ".pulumi").expanduser()
    return Path(home, "pulumi-tione", "backups")


def write_backup(state: State, folder: Path, stack: StackName, now: datetime) -> Path:
    """Write a state into a new file that only its owner may read, and return the file's path."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder.absolute() / f"{stack.project}.{stack.stack}.{now:%Y%m%dT%H%M%S.%fZ}.state.json"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "w", encoding="utf-8") as file:
        json.dump(state.exported, file, indent=4)
    return path
