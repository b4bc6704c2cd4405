"""Delete: stop what runs, wait until it rests, delete it. A task that is gone already is deleted."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from pulumi_tione._client import Client
from pulumi_tione._waiting import Status, is_at_rest, wait_until
from pulumi_tione.errors import ApiError, Kind, TaskError

_SECONDS_TO_REST = 1800
"""How long a task may take to stop."""


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
        TaskError: it does not come to rest.
        TioneError: the service refuses; the task is still there.
    """
    workspace = outputs.get("tiProjectId")
    status, refusal = "", ""

    def is_gone_or_at_rest() -> bool:
        nonlocal status, refusal
        detail = client.describe_training_task(task_id, workspace)
        status = str(detail.get("Status")) if detail else ""
        if detail is None or is_at_rest(status):
            return True
        if status != Status.STOPPING:
            refusal = _ask_to_stop(client, task_id, workspace)
        return False

    if not wait_until(is_gone_or_at_rest, seconds=_SECONDS_TO_REST, sleep=sleep, clock=clock):
        raise TaskError(
            f"training task {outputs.get('name')!r} ({task_id}) was not deleted: it was told to stop, but is {status} "
            f"after {_SECONDS_TO_REST // 60} minutes, and may still cost money. {refusal} "
            "Run `pulumi destroy` again, or stop it in the console"
        )
    if status:
        client.delete_training_task(task_id, workspace)


_NO_STOP_NOW = ("InternalError.NotAllow", "InvalidParameterValue.NotAllow", "OperationDenied.NotAllow")
"""How a task answers that came to rest between our look and our asking."""


def _ask_to_stop(client: Client, task_id: str, workspace: str | None) -> str:
    """Ask, and give the refusal, if it may pass: the task cannot be stopped yet, or rests already. Then look again."""
    try:
        client.stop_training_task(task_id, workspace)
    except ApiError as error:
        if error.kind in (Kind.NOT_YET, Kind.GONE) or error.code in _NO_STOP_NOW:
            return str(error)
        raise
    return ""
