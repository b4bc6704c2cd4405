"""The time. Each module of the emulator is given a clock; only `running/` reads the machine's, for real processes.

A test moves it with `advance`, and stops it with `manual_clock=True` (`emulator.py`). `Task.catch_up` in
`tasks/task.py` moves a task on by this time; how long each status lasts is in `tasks/transitions.py`. Signatures use
the machine's clock.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone

LAST_YEAR = 5000
"""Python's dates end with the year 9999, and no computed date may get there."""

WallClock = Callable[[], datetime]
"""The time that the service and its callers share, used for signatures, rate limits and the record of requests."""


def wall_clock(offset: timedelta = timedelta()) -> WallClock:
    """Return the machine's clock, or one that is wrong by `offset`."""
    return lambda: datetime.now(timezone.utc) + offset


class Clock:
    """The time of the tasks: as fast as the wall clock, faster, or standing still until it is advanced.

    It differs from the wall clock because a test that advances it by an hour still signs with the machine's time.
    """

    def __init__(self, wall: WallClock, speed: float = 1.0, not_before: datetime | None = None) -> None:
        """`speed` 0 is a clock that stands still; `not_before` is the last time of an earlier clock."""
        if speed < 0:
            raise ValueError(f"a clock cannot run backwards: speed {speed}")
        self._wall = wall
        self._origin = wall()
        self._moved = max(not_before - self._origin, timedelta()) if not_before else timedelta()
        self.speed = speed

    def now(self) -> datetime:
        return self.read()[1]

    def read(self) -> tuple[datetime, datetime]:
        """Return the wall clock's time, advanced like this clock, and this clock's time, at one moment."""
        wall = self._wall()
        return wall + self._moved, self._origin + (wall - self._origin) * self.speed + self._moved

    def advance(self, seconds: float) -> datetime:
        """Advance the clock, in addition to its own speed; return the new time."""
        if seconds < 0:
            raise ValueError(f"a clock cannot be moved back: {seconds} seconds")
        moved = self._moved + timedelta(seconds=seconds)
        if self._origin.year + moved.days // 365 > LAST_YEAR:
            raise ValueError(f"a clock cannot be moved beyond the year {LAST_YEAR}")
        self._moved = moved
        return self.now()
