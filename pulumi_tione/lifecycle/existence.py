"""Whether a task is really gone, or only not visible.

Reads may lag behind writes by half a minute, and one "not found" may be wrong. A lookup with another account's
credentials, or in another region, answers "not found" exactly like a deleted task. So a task is gone only when several
requests and a list agree, with the credentials of its account.

That is 3 times "not found" over at least 5 seconds, and a list. Contradictory answers are tolerated for 60 seconds;
then it is an error, and the task stays in the state. How long reads may lag is `LAG_SECONDS`.

A refresh removes a task that is gone from the state (`read.py`), and the next `up` creates it anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from pulumi_tione._api.polling import poll
from pulumi_tione._api.protocols import TaskApi
from pulumi_tione._api.status import is_terminal
from pulumi_tione._api.status_batcher import StatusBatcher
from pulumi_tione._timestamps import time_or_none
from pulumi_tione.call_context import CallEndedError
from pulumi_tione.errors import ApiError, IndeterminateResultError, Kind, TaskError, TioneError, is_transient
from pulumi_tione.lifecycle import messages
from pulumi_tione.lifecycle.messages import STAYS_IN_STATE, call_ended
from pulumi_tione.lifecycle.recorded_task import RecordedTask

LAG_SECONDS = 35.0
"""How long a read may show what was true before: half a minute, and a margin."""

_MIN_NOT_FOUND = 3
_MIN_NOT_FOUND_SECONDS = 5.0
"""How often, and over how long, a task must not be found before it counts as gone."""

_TIMEOUT_SECONDS = 60.0
"""How long contradictory answers are tolerated."""

_RECENT = timedelta(seconds=60)
"""A task younger than this may not be visible yet."""

STATUSES = StatusBatcher()
"""One for the whole process, so that all tasks that are looked at at the same time share the list calls."""


def detail_or_gone(task: RecordedTask[TaskApi]) -> dict[str, Any] | None:
    """Return the task's detail, or None if the task is gone.

    A task is gone when DescribeTrainingTask does not know it three times over at least five seconds, and a list that
    was requested after the first of them does not show it in an active status.

    Raises:
        TaskError: it cannot be determined whether the task is gone. It stays in the state.
        TioneError: the service refuses to answer.
    """
    try:
        return _ExistenceCheck(task).run()
    except CallEndedError as ended:
        raise TaskError(call_ended(task.title, ended, messages.CHECKING_EXISTENCE, STAYS_IN_STATE)) from ended


def not_visible_yet(client: TaskApi, outputs: Mapping[str, Any]) -> str | None:
    """Return why a task that nobody sees may only be too new to be seen; None, if it is not new."""
    if not outputs.get("status") and not outputs.get("createTime") and "status" in outputs:
        return messages.NEVER_VISIBLE
    created = time_or_none(outputs.get("createTime"))
    age = None if created is None else client.service_now() - created
    if age is None or age >= _RECENT:
        return None
    return messages.created_just_now(age.total_seconds())


def ensure_same_account(task: RecordedTask[TaskApi]) -> None:
    """Check that "not found" was answered to credentials of the account that the task is in.

    Raises:
        TaskError: the credentials are of another account, or the state does not record the task's account.
    """
    recorded, current = task.outputs.get("uin"), task.client.account_id()
    if not recorded:
        raise TaskError(messages.account_not_recorded(task.title, task.client.region, current))
    if recorded != current:
        raise TaskError(messages.other_account(task.title, task.client.region, recorded, current))


class _ExistenceCheck:
    """One check whether a task is gone: what its requests have shown so far."""

    def __init__(self, task: RecordedTask[TaskApi]) -> None:
        self._task = task
        self._detail: dict[str, Any] | None = None
        self._not_found_at: list[float] = []
        self._too_new: str | None = None
        self._unanswered: TioneError | None = None
        self._listed: str | None = None
        """The status in which the last list shows the task."""

    def run(self) -> dict[str, Any] | None:
        context = self._task.context
        started = context.clock()

        def step() -> bool:
            self._detail = self._describe()
            if self._detail is not None or self._is_gone():
                return True
            if context.clock() - started >= (LAG_SECONDS if self._too_new else _TIMEOUT_SECONDS):
                raise TaskError(self._inconclusive())
            if len(self._not_found_at) == 1:
                context.show_status(messages.CHECKING_AGAIN)
            return False

        poll(step, timeout=None, first_pause=0.5, sleep=context.sleep)
        return self._detail

    def _describe(self) -> dict[str, Any] | None:
        """Request the detail once, and return it. "Not found" and indeterminate results are noted."""
        try:
            detail = self._task.describe()
        except IndeterminateResultError as error:
            self._unanswered = error
            return None
        if detail is not None:
            return detail
        if not self._not_found_at:
            ensure_same_account(self._task)
            self._too_new = not_visible_yet(self._task.client, self._task.outputs)
        self._not_found_at.append(self._task.context.clock())
        return None

    def _is_gone(self) -> bool:
        times = self._not_found_at
        if self._too_new or len(times) < _MIN_NOT_FOUND or times[-1] - times[0] < _MIN_NOT_FOUND_SECONDS:
            return False
        try:
            self._listed = STATUSES.of(self._task.client, self._task.id, self._task.workspace)
        except TioneError as error:
            if not is_transient(error):
                raise
            self._unanswered = error
            return False
        return self._listed is None or is_terminal(self._listed)

    def _inconclusive(self) -> str:
        """Return the error for a task that may or may not be gone."""
        title, command = self._task.title, self._task.command("events")
        if self._listed is not None:
            return messages.listed_but_not_found(title, self._listed, command)
        if self._too_new:
            return messages.perhaps_too_new(title, self._too_new, command)
        return messages.existence_unknown(title, command, self._unanswered)


def is_not_found(error: TioneError) -> bool:
    """Check whether a request was refused because there is no such task."""
    return isinstance(error, ApiError) and error.kind is Kind.NOT_FOUND
