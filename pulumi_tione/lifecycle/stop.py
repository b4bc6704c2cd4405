"""Stop: ask an active task to stop, and wait until its status is terminal."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from pulumi_tione._api.polling import wait_until
from pulumi_tione._api.protocols import TaskApi
from pulumi_tione._api.status import Status, is_known, is_terminal
from pulumi_tione.errors import ApiError, IndeterminateResultError, Kind, TaskError, TioneError
from pulumi_tione.lifecycle.existence import (
    LAG_SECONDS,
    STATUSES,
    command_for,
    detail_or_gone,
    is_not_found,
    named_task,
)

SECONDS_TO_STOP = 1800
"""How long a task may take to stop."""

_NOT_ALLOWED = ("InternalError.NotAllow", "InvalidParameterValue.NotAllow", "OperationDenied.NotAllow")
"""The codes of an operation that the task's status does not allow."""


def stop_and_wait(
    client: TaskApi,
    task_id: str,
    outputs: Mapping[str, Any],
    *,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
    announce: Callable[[str], None] = lambda _: None,
) -> str | None:
    """Stop the task if it is active, wait until its status is terminal, and return the status; None if it is gone.

    Args:
        client: of the task's region.
        task_id: the task's id.
        outputs: what is recorded of the task.
        sleep: makes the pauses.
        clock: the time in seconds, from any beginning.
        announce: shows on the task's row what is waited for.

    Raises:
        TaskError: it does not stop, or it cannot be told whether it is gone.
        TioneError: the service refuses.
    """
    stop = Stop(client, task_id, outputs, clock, announce)

    def is_done() -> bool:
        try:
            status = stop.look()
        except IndeterminateResultError:
            status = None
        if status is None or is_terminal(status):  # a list may lag behind a start: the task itself decides
            detail = detail_or_gone(client, task_id, outputs, sleep=sleep, clock=clock, announce=announce)
            status = stop.status = None if detail is None else str(detail.get("Status"))
        if status is None or is_terminal(status):
            return True
        stop.ask()
        return False

    if wait_until(is_done, seconds=SECONDS_TO_STOP, sleep=sleep, clock=clock):
        return stop.status
    raise TaskError(stop.late())


class Stop:
    """The stopping of one task: what was seen of it, and whether it was asked to stop."""

    def __init__(
        self,
        client: TaskApi,
        task_id: str,
        outputs: Mapping[str, Any],
        clock: Callable[[], float],
        announce: Callable[[str], None],
    ) -> None:
        self._client = client
        self._task_id = task_id
        self._outputs = outputs
        self._clock = clock
        self._announce = announce
        self._asked_at: float | None = None
        self._refusal = ""
        self.status: str | None = None
        """The status that was seen last; None, if none was."""

    def look(self) -> str | None:
        """Return the status by the list, which several tasks share; None, if the list does not show the task.

        A status that this version does not know asks DescribeTrainingTask, which may know better.
        """
        workspace = self._outputs.get("tiProjectId")
        status = STATUSES.of(self._client, self._task_id, workspace)
        if status is not None and not is_known(status):
            detail = self._client.describe_training_task(self._task_id, workspace)
            status = status if detail is None else str(detail.get("Status"))
        self.status = status
        return status

    def ask(self) -> bool:
        """Ask the service to stop the task, and return whether it says that the task is not active.

        A lagging read may show the status from before the last request: another one is sent only when it has had the
        time to show. A task that cannot be stopped yet is asked again at the next look.
        """
        if self.status == Status.STOPPING:
            return False
        if self._asked_at is not None and self._clock() - self._asked_at < LAG_SECONDS:
            return False
        is_unknown = self.status is not None and not is_known(self.status)
        self._announce(f"{self.status or 'active'}{', an unknown status' * is_unknown}: waiting until it stops")
        try:
            self._client.stop_training_task(self._task_id, self._outputs.get("tiProjectId"))
        except ApiError as error:
            self._refusal = str(error)
            if error.kind is Kind.FAILED_PRECONDITION:
                return False
            if not is_not_found(error) and error.code not in _NOT_ALLOWED:
                raise
            self._asked_at = self._clock()
            return error.code in _NOT_ALLOWED
        self._asked_at, self._refusal = self._clock(), ""
        return False

    def late(self) -> str:
        """Return the error of a task that does not stop."""
        return (
            f"{named_task(self._task_id, self._outputs)} was asked to stop, but is {self.status} after "
            f"{SECONDS_TO_STOP // 60} minutes, and may still cost money. {self._refusal} Try again, stop it in the "
            f"console, or see {command_for('events', self._client, self._task_id, self._outputs)}"
        )


def is_not_allowed(error: TioneError) -> bool:
    """Check whether a refusal says that the task's status does not allow the operation."""
    return isinstance(error, ApiError) and error.code in _NOT_ALLOWED
