"""The current statuses of the tasks of a stack, by few list calls: what is recorded is as old as the last update.

Only costs need it (`cost_limits.py`). `pulumi-tione status` is `stacks/task_status.py`; a refresh is `read.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pulumi_tione._api.protocols import TaskApi
from pulumi_tione._api.status import status_of
from pulumi_tione._api.status_batcher import StatusBatcher
from pulumi_tione._once import Once
from pulumi_tione._schema.identity import Owner, labels_of_stack
from pulumi_tione.errors import TioneError


class LiveStatuses:
    """Lists the tasks of a stack once. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lists: Once[Mapping[str, str]] = Once()
        self._batcher = StatusBatcher()

    def of(self, client: TaskApi, task_id: str, recorded: Mapping[str, Any], labeled_as: Owner | None) -> str:
        """Return the status of a task; the recorded one where the service does not return it.

        Args:
            client: asks the service.
            task_id: the task's id.
            recorded: what is recorded of the task.
            labeled_as: the owner in the labels of the stack's tasks, if they have any: then one list has all of them.
        """
        workspace, recorded_status = recorded.get("tiProjectId"), str(recorded.get("status") or "")
        try:
            listed = {} if labeled_as is None else self._listed(client, workspace, labeled_as)
            return listed.get(task_id) or self._batcher.of(client, task_id, workspace) or recorded_status
        except TioneError:
            return recorded_status

    def _listed(self, client: TaskApi, workspace: str | None, owner: Owner) -> Mapping[str, str]:
        """Return the statuses of all tasks with the labels of an owner's stack, by id."""
        project, stack = str(owner["project"]), str(owner["stack"])

        def read() -> Mapping[str, str]:
            items = client.training_tasks({}, labels_of_stack(project, stack), workspace)
            return {str(item["Id"]): status_of(item) for item in items}

        return self._lists.get((client, workspace, project, stack), read)
