"""The waits of a program that are under way.

By default Pulumi ends a program at the first Output that fails, whatever else is under way.

So a failed wait first waits for the others: until none is under way in 10 checks, 0.1 seconds apart. They are not cut
off, however long they take.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

from pulumi_tione._api.polling import poll_async

_POLL_SECONDS = 0.1
_QUIET_POLLS = 10
"""How many polls in a row must find no wait under way: a task that is just being created may get a wait in a moment."""


class WaitTracker:
    """The waits of a program that are under way.

    Args:
        sleep: makes the pauses.
    """

    def __init__(self, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self._sleep = sleep
        self._active = 0

    @contextmanager
    def track(self) -> Iterator[None]:
        """Count a wait while it is under way."""
        self._active += 1
        try:
            yield
        finally:
            self._active -= 1

    async def finished(self) -> None:
        """Return when no wait is under way any more."""
        quiet_polls = 0

        async def is_quiet() -> bool:
            nonlocal quiet_polls
            quiet_polls = 0 if self._active else quiet_polls + 1
            return quiet_polls == _QUIET_POLLS

        await poll_async(is_quiet, timeout=None, max_pause=_POLL_SECONDS, sleep=self._sleep)
