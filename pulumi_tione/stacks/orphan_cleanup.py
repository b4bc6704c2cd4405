"""Stop or delete orphans: those that were selected, and only if they are still in no state.

64 tasks are handled at once. One that is locked, retained or young is only touched if it is named by its id
(`Orphan.protection` in `orphan_scan.py`). The questions are asked in `cli/orphans.py`.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from pulumi_tione._api.protocols import TaskAndTagApi
from pulumi_tione._api.status import Status, is_terminal
from pulumi_tione._durations import format_age
from pulumi_tione.call_context import CallContext
from pulumi_tione.errors import TioneError
from pulumi_tione.lifecycle.delete import delete
from pulumi_tione.lifecycle.recorded_task import RecordedTask
from pulumi_tione.lifecycle.stop import stop_and_wait
from pulumi_tione.stacks.label_search import TaskSummary
from pulumi_tione.stacks.orphan_scan import Orphan, OrphanScan

_PARALLEL_TASKS = 64
"""How many tasks are stopped or deleted at the same time: most of it is waiting."""

Action = Literal["stop", "delete"]


class Result(enum.Enum):
    """The result for one orphan."""

    DELETED = "deleted"
    STOPPED = "stopped"
    ENDED = "ended"
    """It had ended by itself, or ended before the stop took effect."""
    NOT_FOUND = "notFound"
    """It did not exist any more."""
    IN_STATE = "inState"
    """It is in a state by now, and was left alone."""
    LEFT_ALONE = "leftAlone"
    FAILED = "failed"

    @property
    def is_resolved(self) -> bool:
        """Whether it is no orphan any more."""
        return self in (Result.DELETED, Result.NOT_FOUND, Result.IN_STATE)


@dataclass(frozen=True)
class Outcome:
    """What happened to an orphan; None if nothing was to be done."""

    orphan: Orphan
    result: Result | None = None
    detail: str = ""
    """The status, the reason, or the error."""

    def __str__(self) -> str:
        match self.result:
            case None:
                return ""
            case Result.ENDED:
                return f"not stopped: it has ended ({self.detail})"
            case Result.NOT_FOUND:
                return "does not exist any more"
            case Result.IN_STATE:
                return "left alone: it is in a state by now"
            case Result.LEFT_ALONE:
                return f"left alone: {self.detail}"
            case Result.FAILED:
                return self.detail
            case _:
                return str(self.result.value)


@dataclass(frozen=True)
class Selection:
    """Which orphans are stopped or deleted."""

    requested: frozenset[str]
    """The ids and names that were requested; if there are none, all orphans are."""
    min_age: timedelta | None

    def reason_against(self, orphan: Orphan) -> str | None:
        """Return why an orphan is left alone; None if it is selected."""
        if self.min_age is not None and (orphan.age is None or orphan.age < self.min_age):
            return f"it is not older than {format_age(self.min_age)}"
        return None if orphan.task.id in self.requested else orphan.protection


def clean_up(action: Action, scan: OrphanScan, orphans: Sequence[Orphan], selection: Selection) -> list[Outcome]:
    """Stop or delete the selected orphans that are still in no state.

    An orphan that was not selected when the question was asked is left alone, even if it is old enough by now.
    """
    current = {orphan.task.id: orphan for orphan in scan.still_orphans(orphans)}
    outcomes = []
    selected = []
    for orphan in orphans:
        now = current.get(orphan.task.id)
        reason = selection.reason_against(orphan) or (selection.reason_against(now) if now else None)
        if now is None:
            outcomes.append(Outcome(orphan, Result.IN_STATE))
        elif reason is not None:
            outcomes.append(Outcome(now, Result.LEFT_ALONE, reason))
        else:
            selected.append(now)
    with ThreadPoolExecutor(_PARALLEL_TASKS) as pool:
        return [*pool.map(lambda orphan: _attempt(action, scan, orphan), selected), *outcomes]


def _attempt(action: Action, scan: OrphanScan, orphan: Orphan) -> Outcome:
    task = orphan.task
    try:
        recorded = recorded_task(task, scan.client_of(task.location), scan.account_of(task.location))
        if action == "delete":
            delete(recorded)
            return Outcome(orphan, Result.DELETED)
        status = stop_and_wait(recorded)
    except TioneError as error:
        return Outcome(orphan, Result.FAILED, str(error))
    if status is None:
        return Outcome(orphan, Result.NOT_FOUND)
    if status == Status.STOPPED and not is_terminal(task.status):
        return Outcome(orphan, Result.STOPPED)
    return Outcome(orphan, Result.ENDED, status)


def recorded_task(task: TaskSummary, client: TaskAndTagApi, account: str) -> RecordedTask[TaskAndTagApi]:
    """Return a task that no state records, in the form that a stop or a delete needs.

    All tasks that the credentials of a client see are in their account.
    """
    outputs = {
        "name": task.name,
        "tiProjectId": task.location.workspace,
        "uin": account,
        "createTime": task.created.isoformat() if task.created else "",
    }
    return RecordedTask(client, task.id, outputs, CallContext())
