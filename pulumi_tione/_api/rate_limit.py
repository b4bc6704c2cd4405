"""The rate limit of this process: the service accepts 20 requests of an action per second and account.

A request beyond the limit is delayed, not refused, each action by itself. The limit is not shared with other processes:
what the service throttles all the same is sent again by `transport.py`, for up to 300 seconds, however often, with
random pauses of at most 4. The emulator has a limit of its own in `emulator/http/rate_limit.py`.

A call that is cancelled while its request is delayed ends at once, and the request is not sent. It has taken no place:
a request takes one only when it may be sent. So hundreds of deletes do not wait for their turn after Ctrl-C.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from pyrate_limiter import InMemoryBucket, Rate, RateItem

from pulumi_tione.call_context import sleep_in_call

MAX_REQUESTS_PER_SECOND = 20
"""The service's limit for each action, from its API pages."""

_WINDOW_MILLISECONDS = 1020
"""A little more than a second: requests that are sent evenly may arrive closer together."""

_SHARED_WINDOW_MILLISECONDS = {"DescribeTrainingTasks": 1100}
"""The window of the actions that two processes need at the same time: while the provider looks for the names of new
tasks, the program polls those that exist. The provider leaves room, so that a poll does not wait until all are created.
"""


class RateLimiter:
    """Lets as many requests of an action pass as the service accepts, and delays the others.

    Args:
        sleep: how the others are delayed; by default until the call that makes the request has to end.
        clock: the time in seconds, from any beginning.
    """

    def __init__(
        self, sleep: Callable[[float], None] = sleep_in_call, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._sleep = sleep
        self._clock = clock
        self._lock = threading.Lock()
        self._buckets: dict[str, InMemoryBucket] = {}

    def wait(self, action: str, show_status: Callable[[str], None]) -> None:
        """Return when a request of this action may be sent; a wait of more than a second is shown once.

        Raises:
            CallEndedError: the call has to end before that.
        """
        begin, is_shown = self._clock(), False
        while True:
            pause = self._pause(action)
            if pause is None:
                return
            if not is_shown and self._clock() - begin > 1:
                show_status(f"waiting: the service accepts {MAX_REQUESTS_PER_SECOND} {action} per second")
                is_shown = True
            self._sleep(pause)

    def _pause(self, action: str) -> float | None:
        """Take a place and return None, or return after how many seconds one may be free."""
        with self._lock:
            if action not in self._buckets:
                window = _SHARED_WINDOW_MILLISECONDS.get(action, _WINDOW_MILLISECONDS)
                self._buckets[action] = InMemoryBucket([Rate(MAX_REQUESTS_PER_SECOND, window)])
            bucket = self._buckets[action]
            now = int(self._clock() * 1000)
            bucket.leak(now)
            item = RateItem(action, now)
            if bucket.put(item):
                return None
            wait = bucket.waiting(item)
        return max(int(wait), 1) / 1000  # type: ignore[arg-type]  # a bucket in memory is synchronous
