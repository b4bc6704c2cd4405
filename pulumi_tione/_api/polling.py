"""Polling: the pauses between two looks, and the wait for a condition."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator


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
