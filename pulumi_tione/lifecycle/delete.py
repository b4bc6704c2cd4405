"""Delete: stop what runs, wait until it has stopped, delete it, and see that it is gone."""

from __future__ import annotations

import time
from collections.abc import Callable, Container, Mapping
from typing import Any

from pulumi_tione._api.polling import wait_until
from pulumi_tione._api.protocols import TaskApi
from pulumi_tione._api.status import is_terminal
from pulumi_tione._schema.identity import OWNER
from pulumi_tione.errors import ApiError, IndeterminateResultError, TaskError
from pulumi_tione.lifecycle.existence import (
    LAG_SECONDS,
    command_for,
    detail_or_gone,
    ensure_same_account,
    named_task,
    not_visible_yet,
)
from pulumi_tione.lifecycle.stop import SECONDS_TO_STOP, Stop, is_not_allowed

_MOST_DELETES = 4
"""How often DeleteTrainingTask is sent for a task that is still there afterwards."""

_SECONDS_BETWEEN_DELETES = 5.0
"""Between two of them, and so many more each time."""


class DeletedTasks(Container[str]):
    """The tasks that this process has deleted, whose ids and names the service may go on to show or to keep."""

    def __init__(self) -> None:
        self._ids: set[str] = set()
        self._owners: set[tuple[str, ...]] = set()

    def add(self, task_id: str, outputs: Mapping[str, Any]) -> None:
        """Remember a task that the service has deleted."""
        self._ids.add(task_id)
        self._owners.add(_owner_of(outputs))

    def __contains__(self, task_id: object) -> bool:
        return task_id in self._ids

    def has_predecessor_of(self, inputs: Mapping[str, Any]) -> bool:
        """Check whether one of them was of the resource that these inputs are of."""
        return "owner" in inputs and _owner_of(inputs) in self._owners


def _owner_of(properties: Mapping[str, Any]) -> tuple[str, ...]:
    owner = properties.get("owner") or {}
    return tuple(str(owner.get(part)) for part in OWNER)


def delete(
    client: TaskApi,
    task_id: str,
    outputs: Mapping[str, Any],
    *,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
    announce: Callable[[str], None] = lambda _: None,
) -> bool:
    """Delete the task, whatever it is doing, and return whether it was there.

    Args:
        client: of the task's region.
        task_id: the task's id.
        outputs: what is recorded of the task.
        sleep: makes the pauses.
        clock: the time in seconds, from any beginning.
        announce: shows on the task's row what is waited for.

    Raises:
        TaskError: it does not stop, it stays although it was deleted, or it cannot be told whether it is gone.
        TioneError: the service refuses; the task is still there.
    """
    deletion = _Deletion(client, task_id, outputs, sleep, clock, announce)
    if not wait_until(deletion.step, seconds=SECONDS_TO_STOP, sleep=sleep, clock=clock):
        raise TaskError(deletion.stop.late())
    return deletion.was_there


class _Deletion:
    """One delete. The requests that change a task decide; reads may lag behind them."""

    def __init__(
        self,
        client: TaskApi,
        task_id: str,
        outputs: Mapping[str, Any],
        sleep: Callable[[float], None],
        clock: Callable[[], float],
        announce: Callable[[str], None],
    ) -> None:
        self._client = client
        self._task_id = task_id
        self._outputs = outputs
        self._sleep = sleep
        self._clock = clock
        self._announce = announce
        self._deletes = 0
        self._next_delete_at = 0.0
        self._seen = ""
        """A status in which this delete has seen the task: then it was visible, whatever is recorded."""
        self._accepted_at: float | None = None
        self._not_allowed_since: float | None = None
        self.stop = Stop(client, task_id, outputs, clock, announce)
        self.was_there = False
        """Whether the service had the task, and has deleted it."""

    def step(self) -> bool:
        """Do what comes next, and return whether the task is gone."""
        if self._accepted_at is not None:
            if self._is_gone():
                return True
            if self._clock() - self._accepted_at < LAG_SECONDS:
                return False
            self._accepted_at = None
        try:
            status = self.stop.look()
        except IndeterminateResultError:
            status = None  # the task itself may say more than a list
        if status is None:
            return self._step_unseen()
        self._seen = status
        if is_terminal(status):
            return self._delete()
        return self.stop.ask() and self._delete()

    def _step_unseen(self) -> bool:
        """Go on with a task that no list shows: it may be gone, not visible yet, or of another account."""
        detail = self._described()
        if detail is None and not_visible_yet(self._client, self._outputs) is None:
            detail = self._detail_or_gone({})
            if detail is None:
                return True
        if detail is None:
            # Too new to be seen, but a request about it is answered all the same.
            ensure_same_account(self._client, self._task_id, self._outputs)
            return self._delete()
        self._seen = self.stop.status = str(detail.get("Status"))
        if is_terminal(self.stop.status):
            return self._delete()
        return self.stop.ask() and self._delete()

    def _delete(self) -> bool:
        """Send DeleteTrainingTask, and return whether the task is gone."""
        if self._clock() < self._next_delete_at:
            return False
        if self._deletes == _MOST_DELETES:
            raise TaskError(
                f"{named_task(self._task_id, self._outputs)} was deleted {self._deletes} times, but is still there: "
                f"{self.stop.status or 'its status is not visible'}. It stays in the state. Try again, or see "
                f"{command_for('events', self._client, self._task_id, self._outputs)}"
            )
        try:
            is_accepted = self._client.delete_training_task(self._task_id, self._outputs.get("tiProjectId"))
        except ApiError as error:
            if not is_not_allowed(error) or self._is_refused_for_good():
                raise
            self.stop.ask()  # it is active, whatever a lagging read says
            return False
        self._deletes += 1
        if is_accepted:
            self.was_there, self._accepted_at = True, self._clock()
            if self._is_gone():
                return True
            self._announce("deleted; waiting until the service does not show it any more")
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
        return detail_or_gone(
            self._client,
            self._task_id,
            {**self._outputs, "status": self._outputs.get("status") or self._seen, **known},
            sleep=self._sleep,
            clock=self._clock,
            announce=self._announce,
        )

    def _is_gone(self) -> bool:
        """Check, after a delete that the service has accepted, that it does not know the task any more."""
        try:
            return self._client.describe_training_task(self._task_id, self._outputs.get("tiProjectId")) is None
        except IndeterminateResultError:
            return False

    def _described(self) -> dict[str, Any] | None:
        try:
            return self._client.describe_training_task(self._task_id, self._outputs.get("tiProjectId"))
        except IndeterminateResultError:
            return None
