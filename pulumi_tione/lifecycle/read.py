"""Read: the task as it is now, for `refresh` and for `TrainingTask.get`."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from pulumi_tione._api.protocols import TaskApi
from pulumi_tione._schema.identity import UNCONFIRMED, with_name
from pulumi_tione._schema.wire import imported_outputs, inputs_among, recorded_outputs
from pulumi_tione.errors import TaskError
from pulumi_tione.lifecycle.diff import SECRETS
from pulumi_tione.lifecycle.existence import detail_or_gone


def read(
    client: TaskApi,
    task_id: str,
    recorded: Mapping[str, Any],
    *,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
    announce: Callable[[str], None] = lambda _: None,
) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """Return the outputs and the inputs of the task as it is now, or None if it is gone.

    Args:
        client: of the task's region.
        task_id: the task's id.
        recorded: the outputs in the state, or, for a task that is only looked up, its region and workspace.
        sleep: makes the pauses.
        clock: the time in seconds, from any beginning.
        announce: shows on the task's row what is waited for.

    Raises:
        TaskError: the task is not visible, but may well exist; or one that is looked up does not exist.
    """
    if "status" not in recorded:
        return _looked_up(client, task_id, recorded, sleep)
    detail = detail_or_gone(client, task_id, recorded, sleep=sleep, clock=clock, announce=announce)
    if detail is None:
        return None
    outputs = recorded_outputs(
        with_name(inputs_among(recorded), str(recorded.get("name") or detail.get("Name"))), detail, recorded
    )
    # What an update left unconfirmed is not settled by a look: the next update does it.
    outputs |= {name: recorded[name] for name in (*SECRETS, UNCONFIRMED) if name in recorded}
    return outputs, inputs_among(outputs)


_LOOKS = 3
_SECONDS_BETWEEN_LOOKS = 1.0
"""How often a task that is looked up is looked for: one "not found" may be wrong."""


def _looked_up(
    client: TaskApi, task_id: str, place: Mapping[str, Any], sleep: Callable[[float], None]
) -> tuple[dict[str, Any], dict[str, Any]]:
    for look in range(_LOOKS):
        detail = client.describe_training_task(task_id, place.get("tiProjectId"))
        if detail is not None:
            outputs = {**place, **imported_outputs(detail)}
            return outputs, inputs_among(outputs)
        if look + 1 < _LOOKS:
            sleep(_SECONDS_BETWEEN_LOOKS)
    where = f"region {client.region}, workspace {place.get('tiProjectId') or 'default'}"
    raise TaskError(f"there is no training task {task_id} ({where}) in account {client.account_id()}")
