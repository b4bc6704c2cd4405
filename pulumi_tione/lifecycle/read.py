"""Read: the task as it is now, for `refresh` and for `TrainingTask.get`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pulumi_tione._client import Client
from pulumi_tione._ownership import named
from pulumi_tione._wire import imported_outputs, inputs_among, recorded_outputs
from pulumi_tione.errors import TaskError
from pulumi_tione.lifecycle.presence import detail_or_gone


def read(client: Client, task_id: str, recorded: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """Give the outputs and the inputs of the task as it is now, or nothing if it is gone.

    `recorded` are the outputs in the state, or, for a task that is only looked up, its region and workspace.

    Raises:
        TaskError: the task is not to be seen, but may well exist; or one that is looked up does not.
    """
    if "status" not in recorded:
        return _looked_up(client, task_id, recorded)
    detail = detail_or_gone(client, task_id, recorded)
    if detail is None:
        return None
    outputs = recorded_outputs(named(inputs_among(recorded), recorded["name"]), detail)
    return outputs, inputs_among(outputs)


def _looked_up(client: Client, task_id: str, place: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    detail = client.describe_training_task(task_id, place.get("tiProjectId"))
    if detail is None:
        where = f"region {client.region}, workspace {place.get('tiProjectId') or 'default'}"
        raise TaskError(f"there is no training task {task_id} ({where}) in account {client.account_id()}")
    outputs = {**place, **imported_outputs(detail)}
    return outputs, inputs_among(outputs)
