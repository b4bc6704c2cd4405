"""The statuses of a task."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Any


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


TERMINAL = frozenset({Status.STOPPED, Status.FAILED, Status.SUCCEED, Status.SUBMIT_FAILED})
"""The task does nothing any more, and costs nothing; it stays so until somebody starts it again."""

FAILED = frozenset({Status.FAILED, Status.SUBMIT_FAILED})
"""The run did not do what it should, and nobody stopped it."""

_ON_THE_WAY = (Status.SUBMITTING, Status.PENDING, Status.STARTING, Status.RUNNING, Status.SUCCEED)
"""What a task goes through when all goes well. A preempted one goes back from RUNNING to PENDING."""


_STATUSES = frozenset(status.value for status in Status)


def status_of(task: Mapping[str, Any]) -> str:
    """Return the status in a detail or a list's item, as the API spells it; one that is not known as it is."""
    status = task.get("Status")
    return normalized(status) if isinstance(status, str) else ""


def normalized(status: str) -> str:
    """Return a status as the API spells it, which may have come in another case; one that is not known as it is."""
    upper = status.strip().upper()
    return upper if upper in _STATUSES else status


def is_known(status: str) -> bool:
    """Check whether this version knows a status."""
    return normalized(status) in _STATUSES


def is_terminal(status: str) -> bool:
    """Check whether a status is the end of a run. One that is not known is not."""
    return normalized(status) in TERMINAL


def has_reached(status: str, wanted: str) -> bool:
    """Check whether a task in `status` is, or has been, in the status that is wanted."""
    status = normalized(status)
    if status == wanted:
        return True
    if status not in _ON_THE_WAY or wanted not in _ON_THE_WAY:
        return False
    return _ON_THE_WAY.index(Status(status)) > _ON_THE_WAY.index(Status(wanted))
