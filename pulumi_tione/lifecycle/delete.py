"""Delete: stop what runs, wait until it has stopped, delete it, and see that it is gone.

All of that may take 1800 seconds (`SECONDS_TO_STOP` in `stop.py`). DeleteTrainingTask is sent at most 4 times. A task
that is gone already is a success (`existence.py`); any other error leaves it in the state. A replacement deletes the
old task first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pulumi_tione._api.polling import poll
from pulumi_tione._api.protocols import TaskApi
from pulumi_tione._api.status import is_terminal
from pulumi_tione.call_context import CallEndedError
from pulumi_tione.errors import ApiError, IndeterminateResultError, TaskError
from pulumi_tione.lifecycle.existence import LAG_SECONDS, detail_or_gone, ensure_same_account, not_visible_yet
from pulumi_tione.lifecycle.messages import (
    DELETION_ACCEPTED,
    STAYS_IN_STATE,
    STILL_SHOWN,
    call_ended,
    deleting,
    still_exists,
)
from pulumi_tione.lifecycle.recorded_task import RecordedTask
from pulumi_tione.lifecycle.stop import PAUSE_GROWTH, SECONDS_TO_STOP, Stop, is_not_allowed

_MAX_DELETES = 4
"""How often DeleteTrainingTask is sent for a task that still exists afterwards."""

_SECONDS_BETWEEN_DELETES = 5.0
"""The pause between two of them, which grows by as much each time."""


def delete(task: RecordedTask[TaskApi]) -> bool:
    """Delete the task, whatever its status, and return whether it existed.

    Raises:
        TaskError: it does not stop in time, it stays although it was deleted, or it cannot be determined whether it is
            gone.
        TioneError: the service refuses; the task still exists.
    """
    deletion, context = _Deletion(task), task.context
    try:
        if poll(
            deletion.step,
            timeout=SECONDS_TO_STOP,
            growth=PAUSE_GROWTH,
            sleep=context.sleep,
            clock=context.clock,
        ):
            return deletion.existed
    except CallEndedError as ended:
        raise TaskError(call_ended(task.title, ended, deleting(deletion.progress), STAYS_IN_STATE)) from ended
    raise TaskError(deletion.stop.too_late())


class _Deletion:
    """One delete. The requests that change a task decide; reads may lag behind them."""

    def __init__(self, task: RecordedTask[TaskApi]) -> None:
        self._task = task
        self._clock = task.context.clock
        self._deletes = 0
        self._next_delete_at = 0.0
        self._seen = ""
        """The last status in which this delete has seen the task: then it was visible, whatever is recorded."""
        self._accepted_at: float | None = None
        self._not_allowed_since: float | None = None
        self.stop = Stop(task)
        self.existed = False
        """Whether the service had the task, and has deleted it."""

    @property
    def progress(self) -> str:
        """How far the delete has come."""
        if self.existed:
            return DELETION_ACCEPTED
        return self.stop.progress

    def step(self) -> bool:
        """Do what comes next, and return whether the task is gone."""
        if self._accepted_at is not None:
            if self._is_gone():
                return True
            if self._clock() - self._accepted_at < LAG_SECONDS:
                return False
            self._accepted_at = None
        try:
            status = self.stop.poll_status()
        except IndeterminateResultError:
            status = None  # the task's detail may show more than a list
        if status is None:
            return self._step_unseen()
        self._seen = status
        if is_terminal(status):
            return self._delete()
        return self.stop.request() and self._delete()

    def _step_unseen(self) -> bool:
        """Go on with a task that no list shows: it may be gone, not visible yet, or of another account."""
        detail = self._describe()
        if detail is None and not_visible_yet(self._task.client, self._task.outputs) is None:
            detail = self._detail_or_gone({})
            if detail is None:
                return True
        if detail is None:
            # Too new to be visible, but a request about it is answered all the same.
            ensure_same_account(self._task)
            return self._delete()
        self._seen = self.stop.status = str(detail.get("Status"))
        if is_terminal(self.stop.status):
            return self._delete()
        return self.stop.request() and self._delete()

    def _delete(self) -> bool:
        """Send DeleteTrainingTask, and return whether the task is gone."""
        if self._clock() < self._next_delete_at:
            return False
        if self._deletes == _MAX_DELETES:
            command = self._task.command("events")
            raise TaskError(still_exists(self._task.title, self._deletes, self.stop.status, command))
        try:
            is_accepted = self._task.client.delete_training_task(self._task.id, self._task.workspace)
        except ApiError as error:
            if not is_not_allowed(error) or self._is_refused_for_good():
                raise
            self.stop.request()  # it is active, whatever a lagging read shows
            return False
        self._deletes += 1
        if is_accepted:
            self.existed, self._accepted_at = True, self._clock()
            if self._is_gone():
                return True
            self._task.context.show_status(STILL_SHOWN)
            return False
        self._next_delete_at = self._clock() + self._deletes * _SECONDS_BETWEEN_DELETES
        # Only a task that nobody has seen may be too new to be visible.
        return self._detail_or_gone({"createTime": ""} if self._seen else {}) is None

    def _is_refused_for_good(self) -> bool:
        """Check whether the service has refused to delete a task that is not active, for longer than reads may lag."""
        if self.stop.status is None or not is_terminal(self.stop.status):
            self._not_allowed_since = None
            return False
        if self._not_allowed_since is None:
            self._not_allowed_since = self._clock()
        return self._clock() - self._not_allowed_since >= LAG_SECONDS

    def _detail_or_gone(self, known: Mapping[str, Any]) -> dict[str, Any] | None:
        recorded = self._task.outputs
        outputs = {**recorded, "status": recorded.get("status") or self._seen, **known}
        return detail_or_gone(replace(self._task, outputs=outputs))

    def _is_gone(self) -> bool:
        """Check, after a delete that the service has accepted, that it does not know the task any more."""
        try:
            return self._task.describe() is None
        except IndeterminateResultError:
            return False

    def _describe(self) -> dict[str, Any] | None:
        try:
            return self._task.describe()
        except IndeterminateResultError:
            return None
