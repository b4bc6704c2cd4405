"""The wait of a program for one task: by the poller that it shares with others, to a detail or a failure with a report.

`training_task.py` imports this module, and with it all that sends requests, when a program waits.

There is one poller for each region, workspace and settings of tasks (`_poller_of`). How often it polls is in
`poller.py`, when a wait ends in `waiter.py`.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any
from weakref import WeakKeyDictionary

from pulumi_tione._api.client import Client
from pulumi_tione._api.status import Status
from pulumi_tione._pulumi.stack_config import settings_of
from pulumi_tione._wait import messages
from pulumi_tione._wait.poller import StatusPoller
from pulumi_tione._wait.tracker import WaitTracker
from pulumi_tione._wait.waiter import WaitTarget, wait
from pulumi_tione.errors import TaskError, TioneError, WaitFailedError

WAITS = WaitTracker()
"""Those of this program."""

_POLLERS: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[tuple[str, str | None, str], StatusPoller]] = (
    WeakKeyDictionary()
)
"""Those of this program: a process may run one after the other, each in an event loop and with settings of its own."""


class TaskWaitError(Exception):
    """A wait failed. `report` has lines for the row of the task, the message is for the end of the program."""

    def __init__(self, report: str, message: str) -> None:
        super().__init__(message)
        self.report = report


async def wait_for_task(
    task: Mapping[str, Any],
    statuses: Sequence[str],
    timeout: timedelta | None,
    logs: bool,
    show: Callable[[str], None],
) -> Mapping[str, Any]:
    """Wait until a task has one of some statuses, and return its detail.

    Args:
        task: its outputs by Python names, as the state has them.
        statuses: any of them ends the wait.
        timeout: how long to wait; None for as long as it takes.
        logs: whether to show the newest line of the task's log.
        show: shows a message on the task's row.

    Raises:
        TaskWaitError: the task has not had such a status.
    """
    recorded = task["status"] or "", task["create_time"] or "", int(task["rerun_on_failure"] or 0)
    target = WaitTarget(task["id"], task["name"], task["uin"], statuses, timeout, logs, *recorded)
    try:
        if task["desired_status"] == Status.STOPPED and Status.STOPPED not in statuses:
            raise TaskError(messages.cannot_run(target.task, target))
        with WAITS.track():
            return await wait(target, _poller_of(task), show)
    except WaitFailedError as error:
        raise TaskWaitError(error.report, str(error)) from None
    except TioneError as error:
        raise TaskWaitError(str(error), messages.wait_failed(target.task, target)) from None


def _poller_of(task: Mapping[str, Any]) -> StatusPoller:
    """Return the one poller of this program for a region, a workspace and the settings that tasks have themselves."""
    region, workspace, own = task["region"], task["ti_project_id"], task["settings"]
    pollers = _POLLERS.setdefault(asyncio.get_running_loop(), {})
    key = region, workspace, json.dumps(own, sort_keys=True)
    if key not in pollers:
        pollers[key] = StatusPoller(Client(settings_of(own), region), workspace)
    return pollers[key]
