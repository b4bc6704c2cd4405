"""Delete: stop what runs, wait until it rests, delete it. A task that is gone already is deleted."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from pulumi_tione._client import Client
from pulumi_tione.lifecycle.rest import bring_to_rest


def delete(
    client: Client,
    task_id: str,
    outputs: Mapping[str, Any],
    *,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Delete the task, whatever it is doing.

    Raises:
        TaskError: it does not come to rest, or it cannot be told whether it is gone.
        TioneError: the service refuses; the task is still there.
    """
    if bring_to_rest(client, task_id, outputs, sleep=sleep, clock=clock) is not None:
        client.delete_training_task(task_id, outputs.get("tiProjectId"))
