"""Let time pass without requests: executed runs must start by themselves.

Without `--run` no time passes by itself: every request applies what is due (`state/service.py`).
"""

from __future__ import annotations

import heapq
import threading
from collections.abc import Callable
from datetime import datetime


class Ticker:
    """Call a function at scheduled moments, from a thread of its own."""

    def __init__(self, now: Callable[[], datetime], on_tick: Callable[[], None]) -> None:
        self._now = now
        self._on_tick = on_tick
        self._moments: list[datetime] = []
        self._is_stopped = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="ticker", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def at(self, moment: datetime) -> None:
        with self._changed:
            heapq.heappush(self._moments, moment)
            self._changed.notify()

    def stop(self) -> None:
        with self._changed:
            self._is_stopped = True
            self._changed.notify()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while self._wait():
            self._on_tick()

    def _wait(self) -> bool:
        """Wait for the next moment; return False if the ticker is stopped."""
        with self._changed:
            while not self._is_stopped:
                seconds = (self._moments[0] - self._now()).total_seconds() if self._moments else None
                if seconds is not None and seconds <= 0:
                    heapq.heappop(self._moments)
                    return True
                self._changed.wait(seconds)
            return False
