"""A clock for a whole process in which nobody waits: a pause moves it on, and is over at once.

It must be installed before anything else of the project is imported: default arguments keep the functions that they
find. One thread at a time may depend on it: two that pause at the same time both move it on.
"""

from __future__ import annotations

import datetime
import threading
import time
from typing import Any

BEGIN = 1_780_000_000.0
"""Where every history begins, in seconds since 1970."""

_real_monotonic = time.monotonic
_real_wait = threading.Event.wait


class VirtualTime:
    """The time of the process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.now = BEGIN

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.now += max(seconds, 0.0)

    def seconds(self) -> float:
        return self.now

    def wall(self) -> datetime.datetime:
        return _Real.fromtimestamp(self.now, datetime.timezone.utc)


TIME = VirtualTime()
_Real = datetime.datetime


class _Kind(type):
    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, _Real)


class _Virtual(_Real, metaclass=_Kind):
    @classmethod
    def now(cls, tz: datetime.tzinfo | None = None) -> Any:
        return _Real.fromtimestamp(TIME.now, tz)


def _wait(event: threading.Event, timeout: float | None = None) -> bool:
    """Wait for an event; a timeout, which is a pause that the event can end, passes at once."""
    if timeout is None:
        return _real_wait(event)
    if not event.is_set():
        TIME.sleep(timeout)
    return event.is_set()


def install() -> None:
    """Let everything that is imported from now on live by this clock."""
    for owner, name, replacement in (
        (time, "sleep", TIME.sleep),
        (time, "time", TIME.seconds),
        (time, "monotonic", TIME.seconds),
        (datetime, "datetime", _Virtual),
        (threading.Event, "wait", _wait),
    ):
        setattr(owner, name, replacement)


def real_seconds() -> float:
    """Return the time that really passes, from any beginning."""
    return _real_monotonic()
