"""Polling: fetch until a condition holds, with growing pauses, a timeout, and tolerance of transient errors.

`poll` and `poll_async` serve a fetch that is a function. A loop that does more, such as one that yields what it reads,
is an ordinary `for` over `Attempts`.

The pauses below (0.2 to 5 seconds, each 1.5 times the one before) are those of the provider and of commands. The waits
of a program share one poller with pauses of its own, 1 to 15 seconds: `_wait/poller.py`. Requests that are throttled or
fail are sent again in `transport.py`, not here.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from types import TracebackType
from typing import TypedDict, TypeVar

from typing_extensions import Required, Unpack

FIRST_PAUSE_SECONDS, MAX_PAUSE_SECONDS = 0.2, 5.0
"""The pauses between attempts, where the caller does not choose others."""

GROWTH = 1.5
"""The factor from each pause to the next, where the caller does not choose another."""

_T = TypeVar("_T")


def backoff(first: float, maximum: float, growth: float = GROWTH) -> Iterator[float]:
    """Yield the pauses between attempts, in seconds: they grow from the first to the maximum, and then stay there."""
    pause = min(first, maximum)
    while True:
        yield pause
        pause = min(pause * growth, maximum)


class Attempts:
    """The attempts of one poll: when the next one is due, and whether there is a next one.

        attempts = Attempts(timeout=60)
        for _ in attempts.paced():
            with attempts:
                ...

    An error inside the `with` that `is_tolerated` accepts does not leave it.

    Args:
        timeout: the seconds after which there is no further attempt; None, if they never end. The last attempt is made
            when the time is over.
        max_attempts: the number of attempts after which there is no further one; None, if it is not limited.
        first_pause: the first pause between attempts.
        max_pause: the pause that they grow to.
        growth: the factor from each pause to the next.
        is_tolerated: which errors an attempt may fail with.
        on_error: called with a tolerated error, and with the seconds since the last success. It may raise an error.
        clock: the time in seconds, from any beginning.
    """

    def __init__(
        self,
        *,
        timeout: float | None,
        max_attempts: int | None = None,
        first_pause: float = FIRST_PAUSE_SECONDS,
        max_pause: float = MAX_PAUSE_SECONDS,
        growth: float = GROWTH,
        is_tolerated: Callable[[Exception], bool] = lambda _: False,
        on_error: Callable[[Exception, float], None] = lambda *_: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._max_attempts = max_attempts
        self._pauses_from = first_pause, max_pause, growth
        self._is_tolerated = is_tolerated
        self._on_error = on_error
        self._clock = clock
        self._last_success = clock()
        self._end = None if timeout is None else self._last_success + timeout
        self._pauses = backoff(*self._pauses_from)
        self.error: Exception | None = None
        """The error that the last attempt failed with; None, if it did not fail."""

    def paced(self, sleep: Callable[[float], None] = time.sleep) -> Iterator[None]:
        """Yield for each attempt, and sleep between them."""
        for pause in self._pauses_before_attempts():
            if pause is not None:
                sleep(pause)
            yield

    def paced_async(self, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> AsyncIterator[None]:
        """Yield for each attempt, and sleep between them."""
        return _PacedAsync(self._pauses_before_attempts(), sleep)

    def restart_backoff(self) -> None:
        """Begin again with the shortest pause, because there was progress. That counts as a success."""
        self._pauses = backoff(*self._pauses_from)
        self._last_success = self._clock()

    def _pauses_before_attempts(self) -> Iterator[float | None]:
        yield None
        for attempt in itertools.count(2):
            if self._max_attempts is not None and attempt > self._max_attempts:
                return
            pause = next(self._pauses)
            if self._end is not None:
                remaining = self._end - self._clock()
                if remaining <= 0:
                    return
                pause = min(pause, remaining)
            yield pause

    def __enter__(self) -> None:
        self.error = None

    def __exit__(
        self, _type: type[BaseException] | None, error: BaseException | None, _traceback: TracebackType | None
    ) -> bool:
        if error is None:
            self._last_success = self._clock()
            return False
        if not isinstance(error, Exception) or not self._is_tolerated(error):
            return False
        self.error = error
        self._on_error(error, self._clock() - self._last_success)
        return True


class _PacedAsync(AsyncIterator[None]):
    """What `Attempts.paced_async` returns. An asynchronous generator would have to be closed when a loop is left."""

    def __init__(self, pauses: Iterator[float | None], sleep: Callable[[float], Awaitable[None]]) -> None:
        self._pauses = pauses
        self._sleep = sleep

    async def __anext__(self) -> None:
        for pause in self._pauses:
            if pause is not None:
                await self._sleep(pause)
            return
        raise StopAsyncIteration


class PollOptions(TypedDict, total=False):
    """What `poll` hands on to `Attempts`."""

    timeout: Required[float | None]
    max_attempts: int | None
    first_pause: float
    max_pause: float
    growth: float
    is_tolerated: Callable[[Exception], bool]
    on_error: Callable[[Exception, float], None]
    clock: Callable[[], float]


def poll(
    fetch: Callable[[], _T],
    is_done: Callable[[_T], object] = bool,
    *,
    sleep: Callable[[float], None] = time.sleep,
    **options: Unpack[PollOptions],
) -> _T:
    """Fetch until a value is as awaited, or until the timeout, and return the last value.

    At the timeout that is a value which `is_done` has refused: the caller decides what it means.

    Args:
        fetch: returns the value.
        is_done: checks it; by default any true value will do.
        sleep: makes the pauses.
        options: the arguments of `Attempts`. With `timeout=0` there is one attempt.

    Raises:
        Exception: what `fetch` raises, if it is not tolerated, or if it is what the last attempt failed with.
    """
    attempts = Attempts(**options)
    for _ in attempts.paced(sleep):
        with attempts:
            value = fetch()
            if is_done(value):
                return value
    if attempts.error is not None:
        raise attempts.error
    return value


async def poll_async(
    fetch: Callable[[], Awaitable[_T]],
    is_done: Callable[[_T], object] = bool,
    *,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    **options: Unpack[PollOptions],
) -> _T:
    """Do what `poll` does, with a coroutine."""
    attempts = Attempts(**options)
    async for _ in attempts.paced_async(sleep):
        with attempts:
            value = await fetch()
            if is_done(value):
                return value
    if attempts.error is not None:
        raise attempts.error
    return value
