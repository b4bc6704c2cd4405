"""Stop: ask an active task to stop, and wait until its status is terminal.

A task has 1800 seconds to stop (`SECONDS_TO_STOP`). Its status is polled with pauses of 0.2 to 5 seconds, each 1.2
times the one before, by list calls that all tasks share. A delete has a loop of its own in `delete.py`, and there the
same limit covers the whole delete. When the time is over, the stop or delete fails, and the task stays in the state.
"""

from __future__ import annotations

from pulumi_tione._api.polling import poll
from pulumi_tione._api.protocols import TaskApi
from pulumi_tione._api.status import Status, is_known, is_terminal
from pulumi_tione.call_context import CallEndedError
from pulumi_tione.errors import ApiError, IndeterminateResultError, Kind, TaskError, TioneError
from pulumi_tione.lifecycle.existence import LAG_SECONDS, STATUSES, detail_or_gone, is_not_found
from pulumi_tione.lifecycle.messages import (
    call_ended,
    does_not_stop,
    stop_progress,
    stopping,
    waiting_until_stopped,
)
from pulumi_tione.lifecycle.recorded_task import RecordedTask

SECONDS_TO_STOP = 1800
"""How long a task may take to stop."""

PAUSE_GROWTH = 1.2
"""The pauses grow slowly: a task that has stopped is noticed within a fifth of the time that it took, and five seconds.
Deletes share their list calls, so short pauses cost little."""

_NOT_ALLOWED = ("InternalError.NotAllow", "InvalidParameterValue.NotAllow", "OperationDenied.NotAllow")
"""The codes of an operation that the task's status does not allow."""


def stop_and_wait(task: RecordedTask[TaskApi]) -> str | None:
    """Stop the task if it is active, wait until its status is terminal, and return the status; None if it is gone.

    Raises:
        TaskError: it does not stop in time, or it cannot be determined whether it is gone.
        TioneError: the service refuses.
    """
    stop = Stop(task)

    def is_done() -> bool:
        try:
            status = stop.poll_status()
        except IndeterminateResultError:
            status = None
        if status is None or is_terminal(status):  # a list may lag behind a start: the task itself decides
            detail = detail_or_gone(task)
            status = stop.status = None if detail is None else str(detail.get("Status"))
        if status is None or is_terminal(status):
            return True
        stop.request()
        return False

    context = task.context
    try:
        if poll(
            is_done,
            timeout=SECONDS_TO_STOP,
            growth=PAUSE_GROWTH,
            sleep=context.sleep,
            clock=context.clock,
        ):
            return stop.status
    except CallEndedError as ended:
        raise TaskError(call_ended(task.title, ended, waiting_until_stopped(stop.progress))) from ended
    raise TaskError(stop.too_late())


class Stop:
    """The stopping of one task: its last known status, and whether it was asked to stop."""

    def __init__(self, task: RecordedTask[TaskApi]) -> None:
        self._task = task
        self._requested_at: float | None = None
        self._refusal = ""
        self.status: str | None = None
        """The status that was read last; None, if none was."""

    def poll_status(self) -> str | None:
        """Return the status by the list, which several tasks share; None, if the list does not show the task.

        For a status that this version does not know, DescribeTrainingTask is asked, which may know better.
        """
        status = STATUSES.of(self._task.client, self._task.id, self._task.workspace)
        if status is not None and not is_known(status):
            detail = self._task.describe()
            status = status if detail is None else str(detail.get("Status"))
        self.status = status
        return status

    def request(self) -> bool:
        """Ask the service to stop the task, and return whether it answers that the task is not active.

        A lagging read may show the status from before the last request: another one is sent only when it has had the
        time to show. A task that cannot be stopped yet is asked again at the next poll.
        """
        if self.status == Status.STOPPING:
            return False
        clock = self._task.context.clock
        if self._requested_at is not None and clock() - self._requested_at < LAG_SECONDS:
            return False
        self._task.context.show_status(stopping(self.status, is_known=self.status is None or is_known(self.status)))
        try:
            self._task.client.stop_training_task(self._task.id, self._task.workspace)
        except ApiError as error:
            self._refusal = str(error)
            if error.kind is Kind.FAILED_PRECONDITION:
                return False
            if not is_not_found(error) and error.code not in _NOT_ALLOWED:
                raise
            self._requested_at = clock()
            return error.code in _NOT_ALLOWED
        self._requested_at, self._refusal = clock(), ""
        return False

    @property
    def progress(self) -> str:
        """How far the stopping has come."""
        return stop_progress(self.status, was_requested=self._requested_at is not None)

    def too_late(self) -> str:
        """Return the error of a task that does not stop in time."""
        minutes, command = SECONDS_TO_STOP // 60, self._task.command("events")
        return does_not_stop(self._task.title, self.status, minutes, self._refusal, command)


def is_not_allowed(error: TioneError) -> bool:
    """Check whether an operation was refused because the task's status does not allow it."""
    return isinstance(error, ApiError) and error.code in _NOT_ALLOWED
