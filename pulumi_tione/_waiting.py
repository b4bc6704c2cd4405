"""Statuses of a task, and waiting for one."""

from __future__ import annotations

import enum
import itertools
from collections.abc import Callable, Iterator


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


AT_REST = frozenset({Status.STOPPED, Status.FAILED, Status.SUCCEED, Status.SUBMIT_FAILED})
"""The task does nothing any more, and costs nothing; it stays so until somebody starts it again."""

FAILED = frozenset({Status.FAILED, Status.SUBMIT_FAILED})
"""The run did not do what it should, and nobody stopped it."""

_ON_THE_WAY = (Status.SUBMITTING, Status.PENDING, Status.STARTING, Status.RUNNING, Status.SUCCEED)
"""What a task goes through when all goes well. A preempted one goes back from RUNNING to PENDING."""


def is_at_rest(status: str) -> bool:
    """Tell whether a status is the end of a run. One that nobody has heard of is not."""
    return status in AT_REST


def has_reached(status: str, wanted: str) -> bool:
    """Tell whether a task in `status` is, or has been, in the status that is wanted."""
    if status == wanted:
        return True
    if status not in _ON_THE_WAY or wanted not in _ON_THE_WAY:
        return False
    return _ON_THE_WAY.index(Status(status)) > _ON_THE_WAY.index(Status(wanted))


def intervals(first: float, last: float) -> Iterator[float]:
    """Give the pauses between two looks, in seconds: they grow from the first to the last, and then stay."""
    return (min(first * 1.5**turn, last) for turn in itertools.count())


def wait_until(
    is_done: Callable[[], bool], *, seconds: float, sleep: Callable[[float], None], clock: Callable[[], float]
) -> bool:
    """Look until it is done, for so many seconds at most, and tell whether it is."""
    end = clock() + seconds
    for pause in intervals(0.2, 5):
        if is_done():
            return True
        if clock() >= end:
            return False
        sleep(pause)
    raise AssertionError("the intervals never end")
