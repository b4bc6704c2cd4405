"""Bringing a task to rest: stop what runs, and wait until it does nothing any more."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from pulumi_tione._client import Client
from pulumi_tione._statuses import Statuses
from pulumi_tione._waiting import Status, is_at_rest, wait_until
from pulumi_tione.errors import ApiError, Kind, TaskError
from pulumi_tione.lifecycle.presence import detail_or_gone

_STATUSES = Statuses()
"""One for the whole process, so that all tasks that are being stopped share the calls."""

_SECONDS_TO_REST = 1800
"""How long a task may take to stop."""

_NO_STOP_NOW = ("InternalError.NotAllow", "InvalidParameterValue.NotAllow", "OperationDenied.NotAllow")
"""How a task answers that came to rest between our look and our asking."""


def bring_to_rest(
    client: Client,
    task_id: str,
    outputs: Mapping[str, Any],
    *,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> str | None:
    """Stop the task if it is active, wait until it rests, and give its status; nothing if it is gone.

    Raises:
        TaskError: it does not come to rest, or it cannot be told whether it is gone.
        TioneError: the service refuses.
    """
    status: str | None = None
    refusal = ""

    def is_done() -> bool:
        nonlocal status, refusal
        status = _STATUSES.of(client, task_id, outputs.get("tiProjectId"))
        if status is None:  # a list may lag behind: only the task itself can be gone
            detail = detail_or_gone(client, task_id, outputs)
            status = None if detail is None else str(detail.get("Status"))
        if status is None or is_at_rest(status):
            return True
        if status != Status.STOPPING:
            refusal = _ask_to_stop(client, task_id, outputs.get("tiProjectId"))
        return False

    if wait_until(is_done, seconds=_SECONDS_TO_REST, sleep=sleep, clock=clock):
        return status
    raise TaskError(
        f"training task {outputs.get('name')!r} ({task_id}) was told to stop, but is {status} after "
        f"{_SECONDS_TO_REST // 60} minutes, and may still cost money. {refusal} Try again, or stop it in the console"
    )


def _ask_to_stop(client: Client, task_id: str, workspace: str | None) -> str:
    """Ask, and give the refusal, if it may pass: the task cannot be stopped yet, or rests already. Then look again."""
    try:
        client.stop_training_task(task_id, workspace)
    except ApiError as error:
        if error.kind in (Kind.NOT_YET, Kind.GONE) or error.code in _NO_STOP_NOW:
            return str(error)
        raise
    return ""
