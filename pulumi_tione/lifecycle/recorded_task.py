"""A task that a state records, as one call handles it.

Every verb but check, diff and create gets one. `stacks/known_tasks.py` lists the tasks of a state for the command line.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pulumi_tione._api.protocols import TaskApi
from pulumi_tione._schema.identity import Owner
from pulumi_tione.call_context import CallContext

Api_co = TypeVar("Api_co", bound=TaskApi, covariant=True)


@dataclass(frozen=True)
class RecordedTask(Generic[Api_co]):
    """What the verbs need to know of a task that exists.

    Args:
        client: of the region that is recorded for the task.
        id: the task's id.
        outputs: what is recorded of the task: name, account, workspace, time of creation.
        context: the call that is being handled.
        owner: the owner that is recorded of the task; None for a task that is only looked up.
    """

    client: Api_co
    id: str
    outputs: Mapping[str, Any]
    context: CallContext
    owner: Owner | None = None

    @property
    def title(self) -> str:
        """How errors name the task."""
        return task_title(self.id, self.outputs)

    @property
    def workspace(self) -> str | None:
        """The workspace that the task is in; None for the default one."""
        return self.outputs.get("tiProjectId")

    def command(self, command: str) -> str:
        """Return a command of `pulumi-tione` about the task, to be pasted."""
        in_workspace = f" --workspace {self.workspace}" if self.workspace else ""
        return f"`pulumi-tione {command} {self.id} --region {self.client.region}{in_workspace}`"

    def describe(self) -> dict[str, Any] | None:
        """Return the task's detail, or None if the service reports that there is none."""
        return self.client.describe_training_task(self.id, self.workspace)


def task_title(task_id: str, outputs: Mapping[str, Any]) -> str:
    """Return how errors name a task."""
    return f"training task {outputs.get('name')!r} ({task_id})"
