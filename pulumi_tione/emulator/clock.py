"""What time it is. Nothing in the emulator asks the machine: it asks a clock that was handed to it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone

LAST_YEAR = 5000
"""Python's own ends with the year 9999, and what is reckoned from a clock must not come there."""

WallClock = Callable[[], datetime]
"""The time that the service and its callers share: signatures, rate limits and the request record go by it."""


def wall_clock(offset: timedelta = timedelta()) -> WallClock:
    """The machine's clock, or one that is wrong by `offset`."""
    return lambda: datetime.now(timezone.utc) + offset


class Clock:
    """The time that tasks live by: as fast as the wall's, or faster, or standing still until it is moved.

    It is another clock than the wall's because a test that moves it by an hour still signs with its machine's time.
    """

    def __init__(self, wall: WallClock, speed: float = 1.0, not_before: datetime | None = None) -> None:
        """`speed` 0 is a clock that stands still; `not_before` is how far an earlier clock had come."""
        if speed < 0:
            raise ValueError(f"a clock cannot run backwards: speed {speed}")
        self._wall = wall
        self._origin = wall()
        self._moved = max(not_before - self._origin, timedelta()) if not_before else timedelta()
        self.speed = speed

    def now(self) -> datetime:
        return self.read()[1]

    def read(self) -> tuple[datetime, datetime]:
        """The wall's time, moved on as this clock was, and this clock's, at one moment."""
        wall = self._wall()
        return wall + self._moved, self._origin + (wall - self._origin) * self.speed + self._moved

    def advance(self, seconds: float) -> datetime:
        """Move the clock forward, on top of its own pace; give the new time."""
        if seconds < 0:
            raise ValueError(f"a clock cannot be moved back: {seconds} seconds")
        moved = self._moved + timedelta(seconds=seconds)
        if self._origin.year + moved.days // 365 > LAST_YEAR:
            raise ValueError(f"a clock cannot be moved beyond the year {LAST_YEAR}")
        self._moved = moved
        return self.now()
