"""Results that are computed once, by whichever thread needs them first.

Lists that a preview needs are requested this way: frameworks, resource groups, specs, the tasks of a stack. Requests
for different items that share one list call are in `_api/status_batcher.py`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import Generic, TypeVar

_T = TypeVar("_T")


class Once(Generic[_T]):
    """Computes a result once for each key. The other threads wait for it; an error is raised to all of them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._results: dict[Hashable, Future[_T]] = {}

    def get(self, key: Hashable, compute: Callable[[], _T]) -> _T:
        """Return the result for a key."""
        with self._lock:
            is_first = key not in self._results
            result = self._results.setdefault(key, Future())
        if is_first:
            try:
                result.set_result(compute())
            except BaseException as error:  # noqa: BLE001  whatever it is: the others must not wait for ever
                result.set_exception(error)
        return result.result()

    def known(self, key: Hashable) -> _T | None:
        """Return the result for a key, if it has been computed without an error."""
        with self._lock:
            result = self._results.get(key)
        return result.result() if result is not None and result.done() and result.exception() is None else None
