"""Limit how often an action may be called: the documented rate of 20 requests a second.

`--no-limits`, or `Emulator(requests_a_second=None)`, turns the limit off.
"""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta

from pulumi_tione.emulator.errors import ApiError

RATE = 20
WINDOW = timedelta(seconds=1)


class RateLimiter:
    """A sliding window: at most `rate` calls of one action by one account in any one second.

    Only the number is documented; a sliding window is its strictest reading.
    """

    def __init__(self, rate: int | None = RATE) -> None:
        """With `rate` None there is no limit."""
        self.rate = rate
        self._accepted: dict[tuple[str, str], deque[datetime]] = {}

    def admit(self, uin: str, action: str, now: datetime) -> None:
        if self.rate is None:
            return
        accepted = self._accepted.setdefault((uin, action), deque())
        # A call in the future was accepted before the machine's clock was set back.
        while accepted and not now - WINDOW <= accepted[0] <= now:
            accepted.popleft()
        if len(accepted) >= self.rate:
            message = f"{action} may be called {self.rate} times a second, and was. Try again later."
            raise ApiError("RequestLimitExceeded", message)
        accepted.append(now)
