"""Our own rate limit: the service takes 20 requests of an action in a second, whoever in this process sends them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from pyrate_limiter import InMemoryBucket, Rate, RateItem

REQUESTS = 20
"""The service's limit for each action (its API pages name it)."""

_WINDOW_MILLISECONDS = 1100
"""A little more than the second that the service counts: requests that leave evenly may arrive closer together."""


class RateLimiter:
    """Lets so many requests of an action pass as the service takes, and holds the others back.

    Args:
        sleep: how the others are held back.
        clock: the time in seconds, from any beginning.
    """

    def __init__(
        self, sleep: Callable[[float], None] = time.sleep, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._sleep = sleep
        self._clock = clock
        self._lock = threading.Lock()
        self._buckets: dict[str, InMemoryBucket] = {}

    def wait(self, action: str, announce: Callable[[str], None]) -> None:
        """Return when a request of this action may be sent; a wait of more than a second is announced once."""
        begun, announced = self._clock(), False
        while True:
            pause = self._pause(action)
            if pause is None:
                return
            if not announced and self._clock() - begun > 1:
                announce(f"waiting: the service takes {REQUESTS} {action} a second")
                announced = True
            self._sleep(pause)

    def _pause(self, action: str) -> float | None:
        """Take a place, or say after how many seconds one may be free."""
        with self._lock:
            if action not in self._buckets:
                self._buckets[action] = InMemoryBucket([Rate(REQUESTS, _WINDOW_MILLISECONDS)])
            bucket = self._buckets[action]
            now = int(self._clock() * 1000)
            bucket.leak(now)
            item = RateItem(action, now)
            if bucket.put(item):
                return None
            wait = bucket.waiting(item)
        return max(int(wait), 1) / 1000  # type: ignore[arg-type]  # a bucket in memory answers at once
