"""One wait of a program for the status of a task."""

from __future__ import annotations

import asyncio
import functools
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from pulumi_tione._api.status import FAILED, Status, has_reached, is_known, is_terminal, status_of
from pulumi_tione._durations import format_duration
from pulumi_tione._text import sanitize_line
from pulumi_tione._wait.failure_report import report
from pulumi_tione._wait.poller import StatusPoller
from pulumi_tione.call_context import CallContext
from pulumi_tione.errors import RequestNotSentError, TaskError, TioneError, WaitFailedError, is_transient
from pulumi_tione.lifecycle.existence import LAG_SECONDS, detail_or_gone, not_visible_yet
from pulumi_tione.lifecycle.recorded_task import RecordedTask

_PATIENCE = timedelta(minutes=30)
"""How long statuses may stay unreadable, for reasons that may pass, before a wait gives up."""

_PATIENCE_BEFORE_AN_ANSWER = timedelta(minutes=1)
"""The same where the service was never reached: its address may be wrong."""

_SECONDS_UNTIL_VISIBLE = 60.0
"""How long a task that was just created may stay invisible before it is asked whether it is gone."""

_SECONDS_BETWEEN_MESSAGES = 60.0
"""A non-interactive `pulumi up` prints each message as a line."""

_SECONDS_BETWEEN_LINES = 5.0
"""Between two log lines of one task."""


@dataclass(frozen=True)
class WaitTarget:
    """What is waited for."""

    task_id: str
    name: str
    uin: str
    """The account that the state records for the task."""
    statuses: Sequence[str]
    """The statuses of which one is enough."""
    timeout: timedelta | None = None
    logs: bool = False
    """Whether the newest line of the task's log is shown."""
    status: str = ""
    create_time: str = ""
    """What the state records of the task: it tells whether the task may be too new to be visible."""
    rerun_on_failure: int = 0
    """How many re-runs the program allows."""

    def __str__(self) -> str:
        return " or ".join(self.statuses)

    @property
    def task(self) -> str:
        """The task, as errors call it."""
        return f"training task {self.name!r} ({self.task_id})"


async def wait(
    goal: WaitTarget, poller: StatusPoller, show: Callable[[str], None], clock: Callable[[], float] = time.monotonic
) -> Mapping[str, Any]:
    """Wait until the goal is reached, and give the task's detail.

    Args:
        goal: what is waited for.
        lookout: of the task's region and workspace.
        show: shows a message on the task's row.
        clock: the time in seconds, from any beginning.

    Raises:
        WaitFailedError: the task ended otherwise, or was not there in time.
        TaskError: the task is gone.
        TioneError: its status cannot be read.
    """
    try:
        return await _Wait(goal, poller, show, clock).run()
    finally:
        poller.forget(goal.task_id)


class _Wait:
    """One wait: what has been seen, and what has been shown."""

    def __init__(
        self, goal: WaitTarget, poller: StatusPoller, show: Callable[[str], None], clock: Callable[[], float]
    ) -> None:
        self._goal = goal
        self._lookout = poller
        self._show = show
        self._clock = clock
        self._begun = self._seen = self._since = self._shown = self._line_shown = clock()
        self._status = self._line = ""
        self._told: str | None = None
        self._is_blind = False
        self._disagreed_since: float | None = None
        """Since when the list says that the task has ended, or is as awaited, and its detail does not."""

    async def run(self) -> Mapping[str, Any]:
        while True:
            detail = await self._patient_look()
            if detail is not None:
                return detail

    async def _patient_look(self) -> Mapping[str, Any] | None:
        """Look once. When that fails for a reason that may pass, it is as if nothing had changed."""
        try:
            return await self._look()
        except TioneError as error:
            self._bear(error)
            await self._lookout.pause()
            return None

    async def _look(self) -> Mapping[str, Any] | None:
        """Look once, and return the task's detail if what is awaited has come.

        Lists serve many tasks at once, and are enough while a task goes on. Its detail decides when the list does not
        show the task, has a status that is not known, or says that the wait is over.
        """
        item = await self._lookout.look(self._goal.task_id)
        listed = "" if item is None else status_of(item)
        detail: Mapping[str, Any] | None = None
        if not is_known(listed) or self._is_goal(listed) or is_terminal(listed):
            detail = await self._detail()
            if detail is None:
                self._take(listed)
                await self._tell("not visible yet" if item is None else listed)
                return None
        status, last = self._believed(listed, detail)
        self._take(status)
        if last is not None and self._is_goal(status):
            return self._reached(status, last)
        if last is not None and is_terminal(status):
            raise await self._at_rest(last)
        timeout = self._goal.timeout
        if timeout is not None and self._seen - self._begun >= timeout.total_seconds():
            return await self._late()
        await self._tell(status)
        return None

    def _believed(self, listed: str, detail: Mapping[str, Any] | None) -> tuple[str, Mapping[str, Any] | None]:
        """Return the status that the task has, and its detail, where that is the last word.

        List and detail lag, each on its own. So they have to agree before a wait ends; what they say after the longest
        lag counts as it is.
        """
        if detail is None:
            self._disagreed_since = None
            return listed, None
        told = status_of(detail)
        if not is_known(listed):
            return (told if is_known(told) or not listed else listed), detail
        # A task that was RUNNING, as awaited, may have ended meanwhile.
        has_passed = self._is_goal(listed) and not is_terminal(listed) and is_terminal(told)
        if self._is_goal(told) or has_passed or (is_terminal(told) and not self._is_goal(listed)):
            self._disagreed_since = None
            return (listed if has_passed else told), detail
        now = self._clock()
        if self._disagreed_since is None:
            self._disagreed_since = now
        if now - self._disagreed_since < LAG_SECONDS:
            return told, None
        return (told, detail) if is_terminal(told) else (listed, {**detail, "Status": listed})

    def _reached(self, status: str, detail: Mapping[str, Any]) -> Mapping[str, Any]:
        if self._shown > self._begun:
            self._show(f"{status} after {format_duration(self._seen - self._begun)}")
        return detail

    def _is_goal(self, status: str) -> bool:
        return any(has_reached(status, wanted) for wanted in self._goal.statuses)

    def _take(self, status: str) -> None:
        """Take in a status that was seen."""
        self._seen, self._is_blind = self._clock(), False
        if status != self._status:
            self._status, self._since = status, self._seen

    def _bear(self, error: TioneError) -> None:
        """Bear that the status cannot be read, for a while."""
        if not is_transient(error):
            raise error
        blind = self._clock() - self._seen
        was_never_reached = isinstance(error, RequestNotSentError) and not self._status
        if blind > (_PATIENCE_BEFORE_AN_ANSWER if was_never_reached else _PATIENCE).total_seconds():
            raise TaskError(
                f"the status of {self._goal.task} could not be read for {format_duration(blind)}: {error}"
            ) from error
        if not self._is_blind or self._clock() - self._shown >= _SECONDS_BETWEEN_MESSAGES:
            self._show(f"status unknown for {format_duration(blind)}: {error}")
            self._is_blind, self._shown = True, self._clock()

    async def _tell(self, status: str) -> None:
        """Say what there is to say: that the status is a new one, that it still is what it is, the last log line."""
        is_new = status != self._told
        if is_new or self._seen - self._shown >= _SECONDS_BETWEEN_MESSAGES:
            how_long = "" if is_new else f" for {format_duration(self._seen - self._since)}"
            pods = await self._lookout.pods(self._goal.task_id) if is_new and status in _WITH_PODS else ""
            is_unknown = status == self._status and not is_known(status)
            then = ", a status this version does not know; " if is_unknown else ", "
            is_first = self._shown == self._begun
            hint = "; interrupting leaves it running, `pulumi destroy` stops it" if is_first else ""
            self._show(f"{status}{how_long}{pods}{then}waiting for {self._goal}{hint}")
            self._shown, self._told = self._seen, status
        if self._goal.logs and self._seen - self._line_shown >= _SECONDS_BETWEEN_LINES:
            line = await self._lookout.newest_line(self._goal.task_id)
            if line and line != self._line:
                self._show(f"{status}, {line}")
                self._line, self._line_shown = line, self._seen

    async def _detail(self) -> Mapping[str, Any] | None:
        """Return the task's detail; None, if the task may be too new to be visible.

        Raises:
            TaskError: the task is gone, or it cannot be told whether it is.
        """
        goal, client = self._goal, self._lookout.client
        recorded = {
            "name": goal.name,
            "uin": goal.uin,
            "tiProjectId": self._lookout.workspace,
            "status": goal.status,
            "createTime": goal.create_time,
        }
        detail = await asyncio.to_thread(client.describe_training_task, goal.task_id, self._lookout.workspace)
        if detail is not None:
            return detail
        if self._clock() - self._begun < _SECONDS_UNTIL_VISIBLE and not_visible_yet(client, recorded):
            return None
        detail = await asyncio.to_thread(detail_or_gone, RecordedTask(client, goal.task_id, recorded, CallContext()))
        if detail is None:
            raise TaskError(
                f"{goal.task} no longer exists: its result is unknown. Run `pulumi refresh` to take it out of the "
                "state; the next `pulumi up` then creates it again"
            )
        return detail

    async def _at_rest(self, detail: Mapping[str, Any]) -> WaitFailedError:
        """Return what there is to say when the task has ended, and not as awaited."""
        reason = sanitize_line(detail.get("FailureReason") or detail.get("Message") or "the service gives no reason")
        return await self._unreached(
            f"{self._goal.task} ended {status_of(detail)}{_by_whom(detail)}, not {self._goal} as awaited: "
            f"{reason.rstrip('.。')}. It stays in the state. {self._reruns(status_of(detail))}",
            detail,
            (_NEW_RUN, _RAISED_RERUNS if self._may_be_rerun(status_of(detail)) else _SET_RERUNS),
        )

    def _may_be_rerun(self, status: str) -> bool:
        return status in FAILED and self._goal.rerun_on_failure > 0

    def _reruns(self, status: str) -> str:
        """Return whether the task is run again, and what to do for a new run."""
        if not self._may_be_rerun(status):
            return (
                "It is not run again by itself; change `triggers` to replace it by a new run, or set `rerun_on_failure`"
            )
        return (
            f"`rerun_on_failure` is {self._goal.rerun_on_failure}: if fewer re-runs were made, the next `pulumi up` "
            "starts it again, and its preview says so; otherwise raise it, or change `triggers`"
        )

    async def _late(self) -> Mapping[str, Any]:
        """Return the task's detail if it is as awaited after all; a list may lag.

        Raises:
            WaitFailedError: it is not.
        """
        waited = format_duration(self._seen - self._begun)
        detail = await self._detail() or {}
        status = status_of(detail) or self._status
        if self._is_goal(status):
            return self._reached(status, detail)
        if is_terminal(status):
            raise await self._at_rest(detail)
        raise await self._unreached(
            f"{self._goal.task} is {status or 'not visible'} after {waited}, not {self._goal} as awaited; it runs on",
            detail,
            _WAYS_ON_FROM_RUNNING,
        )

    async def _unreached(self, headline: str, detail: Mapping[str, Any], ways_on: Sequence[str]) -> WaitFailedError:
        client, workspace = self._lookout.client, self._lookout.workspace
        tell = functools.partial(report, client, self._goal.task_id, workspace, detail, headline, ways_on)
        return WaitFailedError(headline, await asyncio.to_thread(tell))


_WITH_PODS = (Status.PENDING, Status.STARTING, Status.RUNNING)

_NEW_RUN = "change `triggers` in the program and run `pulumi up`: one new run, in place of this task"
_SET_RERUNS = "set `rerun_on_failure` in the program: the next `pulumi up` starts this task again"
_RAISED_RERUNS = (
    "run `pulumi up` again: it starts this task again while re-runs are left; raise `rerun_on_failure` when none is"
)
_WAYS_ON_FROM_RUNNING = (
    "run `pulumi up` again: it goes on waiting",
    "run `pulumi destroy`, or stop the task in the console: it costs money while it runs",
)


def _by_whom(detail: Mapping[str, Any]) -> str:
    """Say who stopped a task that was stopped."""
    if status_of(detail) != Status.STOPPED:
        return ""
    operator = detail.get("OperatorInfo") or {}
    if operator.get("IsPlatformOperator"):
        return " by the platform"
    return f" by {sanitize_line(operator.get('SubUinName') or operator.get('SubUin') or 'a user')}"
