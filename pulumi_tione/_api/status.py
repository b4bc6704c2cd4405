"""The statuses of a task, and which of them end a run or are a failure.

A status that this version does not know counts as active: it is never terminal. What a wait does with a status, and its
timeout, is in `_wait/waiter.py`. The emulator has its own statuses in `emulator/tasks/transitions.py`.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

from pulumi_tione._constraints import suggestion


class Status(str, enum.Enum):
    """The statuses of a task, as the API spells them."""

    SUBMITTING = "SUBMITTING"
    PENDING = "PENDING"
    STARTING = "STARTING"
    RUNNING = "RUNNING"
    STOPPING = "STOPPING"
    STOPPED = "STOPPED"
    FAILED = "FAILED"
    SUCCEED = "SUCCEED"
    SUBMIT_FAILED = "SUBMIT_FAILED"


TaskStatus: TypeAlias = Literal[
    "SUBMITTING", "PENDING", "STARTING", "RUNNING", "STOPPING", "STOPPED", "FAILED", "SUCCEED", "SUBMIT_FAILED"
]
"""The same for type checkers and for completion. Where a program passes one, any `str` is accepted next to it, as in
other packages: a value of the config needs no cast, and is checked when the program runs."""


def not_a_status(value: str) -> str:
    """Return the sentence about a value that is not a status, with those that are."""
    near = suggestion(value.strip("'"), [status.value for status in Status])
    return f"{value} is not a status of a training task{near or '.'} Use {', '.join(Status)}"


TERMINAL = frozenset({Status.STOPPED, Status.FAILED, Status.SUCCEED, Status.SUBMIT_FAILED})
"""The run has ended and costs nothing more. The status stays until the task is started again."""

FAILED = frozenset({Status.FAILED, Status.SUBMIT_FAILED})
"""The run failed by itself: nobody stopped it."""

_ON_THE_WAY = (Status.SUBMITTING, Status.PENDING, Status.STARTING, Status.RUNNING, Status.SUCCEED)
"""The statuses of a run that succeeds, in order. A preempted task goes back from RUNNING to PENDING."""

_STATUSES = frozenset(status.value for status in Status)


def status_of(task: Mapping[str, Any]) -> str:
    """Return the status in a detail or a list's item, normalized; empty, if there is none."""
    status = task.get("Status")
    return normalized(status) if isinstance(status, str) else ""


def normalized(status: str) -> str:
    """Return a status as the API spells it, whatever its case. An unknown one stays as it is."""
    upper = status.strip().upper()
    return upper if upper in _STATUSES else status


def is_known(status: str) -> bool:
    """Check whether this version knows a status."""
    return normalized(status) in _STATUSES


def is_terminal(status: str) -> bool:
    """Check whether a status is the end of a run. An unknown one is not."""
    return normalized(status) in TERMINAL


def is_at_or_past(status: str, target: str) -> bool:
    """Check whether `status` is the target, or comes after it in a successful run."""
    status = normalized(status)
    if status == target:
        return True
    if status not in _ON_THE_WAY or target not in _ON_THE_WAY:
        return False
    return _ON_THE_WAY.index(Status(status)) > _ON_THE_WAY.index(Status(target))
