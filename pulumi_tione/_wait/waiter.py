"""One wait of a program for the status of a task.

A wait has no timeout unless the program passes one: `wait_for(…, timeout=…)`, which `_wait/arguments.py` reads. At the
timeout it raises `WaitFailedError` and leaves the task as it is; the next `pulumi up` waits again. A wait ends earlier
in the same way when the task can no longer get the status. When transient errors last for 1800 seconds (60 seconds if
the service has never responded), it raises `TaskError`.

How often the status is read is in `poller.py`. An unchanged status is shown every 60 seconds, a log line every 5
seconds.
"""

from __future__ import annotations

import asyncio
import functools
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from pulumi_tione._api.polling import Attempts
from pulumi_tione._api.status import FAILED, Status, is_at_or_past, is_known, is_terminal, status_of
from pulumi_tione._text import sanitize_line
from pulumi_tione._wait import messages
from pulumi_tione._wait.failure_report import report
from pulumi_tione._wait.poller import StatusPoller
from pulumi_tione.call_context import CallContext
from pulumi_tione.errors import RequestNotSentError, TaskError, TioneError, WaitFailedError, is_transient
from pulumi_tione.lifecycle.existence import LAG_SECONDS, detail_or_gone, not_visible_yet
from pulumi_tione.lifecycle.recorded_task import RecordedTask

_MAX_FAILING_SECONDS = 1800.0
"""How long transient errors may keep a status unreadable before a wait gives up."""

_MAX_FAILING_SECONDS_WITHOUT_RESPONSE = 60.0
"""The same while the service has never responded: its address may be wrong."""

_MAX_INVISIBLE_SECONDS = 60.0
"""How long a task that was just created may be invisible before its existence is checked."""

_MESSAGE_SECONDS = 60.0
"""How often an unchanged status is shown: a non-interactive `pulumi up` prints each message as a line."""

_LINE_SECONDS = 5.0
"""How often a log line of one task is shown."""

_WITH_PODS = (Status.PENDING, Status.STARTING, Status.RUNNING)


@dataclass(frozen=True)
class WaitTarget:
    """The task that a wait is for, and the statuses that end it."""

    task_id: str
    name: str
    uin: str
    """The account that the state records for the task."""
    statuses: Sequence[str]
    """The statuses of which any one ends the wait."""
    timeout: timedelta | None = None
    logs: bool = False
    """Whether the newest line of the task's log is shown."""
    status: str = ""
    create_time: str = ""
    """What the state records of the task, from which it follows whether the task may be too new to be visible."""
    rerun_on_failure: int = 0
    """How many re-runs the program allows."""

    def __str__(self) -> str:
        return " or ".join(self.statuses)

    @property
    def task(self) -> str:
        """The task, as errors name it."""
        return f"training task {self.name!r} ({self.task_id})"

    def matches(self, status: str) -> bool:
        """Check whether this status is one of the targets, or comes after one."""
        return any(is_at_or_past(status, target) for target in self.statuses)


async def wait(
    target: WaitTarget, poller: StatusPoller, show: Callable[[str], None], clock: Callable[[], float] = time.monotonic
) -> Mapping[str, Any]:
    """Wait until the task has the target status, and return its detail.

    Args:
        target: what the wait is for.
        poller: of the task's region and workspace.
        show: shows a message on the task's row.
        clock: the time in seconds, from any beginning.

    Raises:
        WaitFailedError: the task has ended in another status, or the time is over.
        TaskError: the task is gone, or its status could not be read for too long.
        TioneError: its status cannot be read, for a reason that will not pass.
    """
    try:
        return await _Wait(target, poller, show, clock).run()
    finally:
        poller.forget(target.task_id)


class _Wait:
    """One wait: the statuses that were read, and the messages that were shown."""

    def __init__(
        self, target: WaitTarget, poller: StatusPoller, show: Callable[[str], None], clock: Callable[[], float]
    ) -> None:
        self._target = target
        self._poller = poller
        self._show = show
        self._clock = clock
        self._began_at = self._read_at = self._status_since = self._shown_at = self._line_shown_at = clock()
        self._status = self._line = ""
        self._shown_status: str | None = None
        self._is_failing = False
        self._disagreeing_since: float | None = None
        """Since when the list shows that the task has ended or is at the target, and its detail does not."""

    async def run(self) -> Mapping[str, Any]:
        timeout = self._target.timeout
        attempts = Attempts(
            timeout=None if timeout is None else timeout.total_seconds(),
            first_pause=0,  # the poller makes the pauses, for all waits together
            is_tolerated=is_transient,
            on_error=self._on_error,
            clock=self._clock,
        )
        async for _ in attempts.paced_async():
            with attempts:
                detail = await self._check()
                if detail is not None:
                    return detail
        if attempts.error is not None:
            raise self._unreadable(self._clock() - self._read_at, attempts.error) from attempts.error
        return await self._check_at_timeout()

    async def _check(self) -> Mapping[str, Any] | None:
        """Poll once, and return the task's detail if the wait is over.

        Lists serve many tasks at once, and are enough while a task goes on. Its detail decides when the list does not
        show the task, has an unknown status, or shows that the wait is over.
        """
        item = await self._poller.poll(self._target.task_id)
        listed = "" if item is None else status_of(item)
        detail: Mapping[str, Any] | None = None
        if not is_known(listed) or self._target.matches(listed) or is_terminal(listed):
            detail = await self._detail()
            if detail is None:
                self._note(listed)
                await self._show_progress(messages.NOT_VISIBLE if item is None else listed)
                return None
        status, final_detail = self._reconciled(listed, detail)
        self._note(status)
        if final_detail is not None and self._target.matches(status):
            return self._arrived(status, final_detail)
        if final_detail is not None and is_terminal(status):
            raise await self._ended(final_detail)
        await self._show_progress(status)
        return None

    def _reconciled(self, listed: str, detail: Mapping[str, Any] | None) -> tuple[str, Mapping[str, Any] | None]:
        """Return the status of the task, and its detail if the two are final.

        List and detail may lag, each on its own. They have to agree before a wait ends. If they still disagree after
        the longest lag, each is taken as current.
        """
        if detail is None:
            self._disagreeing_since = None
            return listed, None
        detailed = status_of(detail)
        if not is_known(listed):
            return (detailed if is_known(detailed) or not listed else listed), detail
        matches, was_running = self._target.matches, not is_terminal(listed)
        # A task that was RUNNING, which is the target, may have ended since the list was made.
        has_passed = matches(listed) and was_running and is_terminal(detailed)
        if matches(detailed) or has_passed or (is_terminal(detailed) and not matches(listed)):
            return (listed if has_passed else detailed), detail
        now = self._clock()
        if self._disagreeing_since is None:
            self._disagreeing_since = now
        if now - self._disagreeing_since < LAG_SECONDS:
            return detailed, None
        return (detailed, detail) if is_terminal(detailed) else (listed, {**detail, "Status": listed})

    def _note(self, status: str) -> None:
        """Note a status that was read."""
        self._read_at, self._is_failing = self._clock(), False
        if status != self._status:
            self._status, self._status_since = status, self._read_at

    def _arrived(self, status: str, detail: Mapping[str, Any]) -> Mapping[str, Any]:
        if self._shown_at > self._began_at:
            self._show(messages.arrived(status, self._read_at - self._began_at))
        return detail

    def _on_error(self, error: Exception, seconds: float) -> None:
        """Show that the status cannot be read at the moment.

        Raises:
            TaskError: that has been so for too long.
        """
        self._poller.slow_down()
        has_no_response = isinstance(error, RequestNotSentError) and not self._poller.has_response
        if seconds > (_MAX_FAILING_SECONDS_WITHOUT_RESPONSE if has_no_response else _MAX_FAILING_SECONDS):
            raise self._unreadable(seconds, error) from error
        if not self._is_failing or self._clock() - self._shown_at >= _MESSAGE_SECONDS:
            self._show(messages.status_unknown(seconds, error))
            self._is_failing, self._shown_at = True, self._clock()

    def _unreadable(self, seconds: float, error: Exception) -> TaskError:
        return TaskError(messages.unreadable(self._target.task, seconds, error))

    async def _show_progress(self, status: str) -> None:
        """Show a new status, one that has not changed for a while, and the newest log line."""
        is_new = status != self._shown_status
        if is_new or self._read_at - self._shown_at >= _MESSAGE_SECONDS:
            message = messages.progress(
                status,
                self._target,
                pods=await self._poller.pods(self._target.task_id) if is_new and status in _WITH_PODS else "",
                seconds=None if is_new else self._read_at - self._status_since,
                is_unknown=status == self._status and not is_known(status),
            )
            self._show(f"{message}. {messages.HINT}" if self._shown_status is None else message)
            self._shown_at, self._shown_status = self._read_at, status
        if self._target.logs and self._read_at - self._line_shown_at >= _LINE_SECONDS:
            line = await self._poller.newest_line(self._target.task_id)
            if line and line != self._line:
                self._show(f"{status}, {line}")
                self._line, self._line_shown_at = line, self._read_at

    async def _detail(self) -> Mapping[str, Any] | None:
        """Return the task's detail; None, if the task may be too new to be visible.

        Raises:
            TaskError: the task is gone, or it is unclear whether it is.
        """
        target, client = self._target, self._poller.client
        recorded = {
            "name": target.name,
            "uin": target.uin,
            "tiProjectId": self._poller.workspace,
            "status": target.status,
            "createTime": target.create_time,
        }
        detail = await asyncio.to_thread(client.describe_training_task, target.task_id, self._poller.workspace)
        if detail is not None:
            return detail
        if self._clock() - self._began_at < _MAX_INVISIBLE_SECONDS and not_visible_yet(client, recorded):
            return None
        detail = await asyncio.to_thread(detail_or_gone, RecordedTask(client, target.task_id, recorded, CallContext()))
        if detail is None:
            raise TaskError(messages.gone(target.task))
        return detail

    async def _ended(self, detail: Mapping[str, Any]) -> WaitFailedError:
        """Return the error of a task that has ended in another status than the target."""
        status = status_of(detail)
        reason = sanitize_line(detail.get("FailureReason") or detail.get("Message") or "")
        next_steps: Sequence[str] = (messages.RUN_ANEW,)
        if status in FAILED:
            reason = reason or messages.NO_REASON
            reruns = self._target.rerun_on_failure
            next_steps = messages.REPLACE, messages.use_reruns(reruns) if reruns else messages.SET_RERUNS
        summary = messages.ended(self._target.task, status, _stopped_by(detail), self._target)
        return await self._failed(summary, reason, detail, next_steps, (messages.RAISE_LIMIT, messages.RERUN_AT_LIMIT))

    async def _check_at_timeout(self) -> Mapping[str, Any]:
        """Return the task's detail if it is at the target after all: a list may lag.

        Raises:
            WaitFailedError: it is not.
        """
        seconds = self._read_at - self._began_at
        try:
            detail = await self._detail() or {}
        except TioneError as error:
            if not is_transient(error):
                raise
            detail = {}
        status = status_of(detail) or self._status
        if detail and self._target.matches(status):
            return self._arrived(status, detail)
        if detail and is_terminal(status):
            raise await self._ended(detail)
        raise await self._failed(
            messages.timed_out(self._target.task, status, seconds, self._target),
            "",
            detail,
            (messages.WAIT_AGAIN, messages.STOP),
        )

    async def _failed(
        self,
        summary: str,
        reason: str,
        detail: Mapping[str, Any],
        next_steps: Sequence[str],
        steps_at_limit: Sequence[str] = (),
    ) -> WaitFailedError:
        client, workspace = self._poller.client, self._poller.workspace
        headline = f"{summary}: {reason}" if reason else summary
        compose = functools.partial(
            report, client, self._target.task_id, workspace, detail, headline, next_steps, steps_at_limit
        )
        return WaitFailedError(summary, await asyncio.to_thread(compose))


def _stopped_by(detail: Mapping[str, Any]) -> str:
    """Return who stopped a task that is STOPPED; empty for another one."""
    if status_of(detail) != Status.STOPPED:
        return ""
    operator = detail.get("OperatorInfo") or {}
    if operator.get("IsPlatformOperator"):
        return "the platform"
    return sanitize_line(operator.get("SubUinName") or operator.get("SubUin") or "a user")
