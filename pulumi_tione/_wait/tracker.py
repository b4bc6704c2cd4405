"""The waits of a program that are under way.

Left to itself, Pulumi ends a program at the first Output that fails, whatever else is under way.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

_SECONDS_BETWEEN_LOOKS = 0.1
_QUIET_LOOKS = 10
"""So many looks must find no wait under way: a resource that is just being created may be waited for in a moment."""


class WaitTracker:
    """The waits of a program that are under way.

    Args:
        sleep: how pauses are made.
    """

    def __init__(self, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self._sleep = sleep
        self._under_way = 0

    @contextmanager
    def one_more(self) -> Iterator[None]:
        """Count a wait while it is under way."""
        self._under_way += 1
        try:
            yield
        finally:
            self._under_way -= 1

    async def all_over(self) -> None:
        """Return when no wait is under way any more."""
        quiet = 0
        while quiet < _QUIET_LOOKS:
            await self._sleep(_SECONDS_BETWEEN_LOOKS)
            quiet = 0 if self._under_way else quiet + 1
