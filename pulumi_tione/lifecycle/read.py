"""Read: the task as it is now, for `refresh` and for `TrainingTask.get`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pulumi_tione._client import Client
from pulumi_tione._wire import imported_outputs, inputs_among, recorded_outputs


def read(client: Client, task_id: str, recorded: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """Give the outputs and the inputs of the task as it is now, or nothing if it is gone.

    `recorded` are the outputs in the state, or, for a task that is only looked up, its region and workspace.
    """
    detail = client.describe_training_task(task_id, recorded.get("tiProjectId"))
    if detail is None:
        return None
    if "status" in recorded:
        outputs = recorded_outputs(inputs_among(recorded), detail)
    else:
        outputs = {**recorded, **imported_outputs(detail)}
    return outputs, inputs_among(outputs)
