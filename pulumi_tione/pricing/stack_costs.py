"""What the tasks of a stack cost together, as far as this process has seen them. Checks arrive one by one.

A check waits up to 10 seconds for the comparison of tasks that exist, if the sum may exceed the limit because of them.
`lifecycle/cost_limits.py` decides what the sum refuses.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from pulumi_tione.pricing.task_price import HourlyPrice, total

_SECONDS_TO_COMPARE = 10.0
"""How long the comparison of a task that exists is waited for. The engine starts it right after its check."""


@dataclass(frozen=True)
class _Counted:
    """A task of the stack that is active after the change."""

    name: str
    price: HourlyPrice
    is_started: bool = False
    """Whether the change starts it."""


class StackCosts:
    """Counts each task once, however often it is checked. Safe to use from several threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._tasks: dict[str, _Counted | None] = {}
        """By key; None for those that do not count."""
        self._expected: dict[str, HourlyPrice | None] = {}
        """Those that exist and are being compared with what is recorded, with what each may cost: they do not count
        yet."""
        self._changed = threading.Condition()

    def expect(self, key: str, possible_price: HourlyPrice | None) -> None:
        """Expect that a task that exists is compared soon.

        Args:
            key: identifies the resource.
            possible_price: what it costs after the change if it is active then; None, if nobody needs it.
        """
        with self._changed:
            self._tasks[key] = None
            self._expected[key] = possible_price

    def is_expected(self, key: str) -> bool:
        """Return whether a task that exists was checked by this process."""
        with self._changed:
            return key in self._tasks

    def count(self, key: str, name: str, price: HourlyPrice) -> None:
        """Count a task that is active and is not started with its price from now on.

        Args:
            key: identifies the resource.
            name: the resource's name.
            price: what it costs after the change.
        """
        self._set(key, _Counted(name, price))

    def exclude(self, key: str) -> None:
        """Count nothing for a task from now on: it is not active after the change, or is refused."""
        self._set(key, None)

    def _set(self, key: str, task: _Counted | None) -> None:
        with self._changed:
            self._tasks[key] = task
            self._expected.pop(key, None)
            self._changed.notify_all()

    def start(self, key: str, name: str, price: HourlyPrice, limit: Decimal) -> list[tuple[str, HourlyPrice]]:
        """Count a task that is started, and return the names and prices of the active tasks that were counted before.

        It waits for the comparisons of the tasks that exist if the sum may exceed the limit because of them.
        """
        end = self._clock() + _SECONDS_TO_COMPARE
        with self._changed:
            # Two tasks that are started again must not wait for each other.
            self._expected.pop(key, None)
            self._changed.notify_all()
            while not self._is_within(key, price, limit) and self._clock() < end:
                self._changed.wait(max(0.0, end - self._clock()))
            if self._clock() >= end:
                # One whose comparison never comes must not be waited for again; it counts as soon as it is compared.
                self._expected.clear()
            others = self._others(key)
            self._tasks[key] = _Counted(name, price, is_started=True)
            return others

    def others(self, key: str) -> list[tuple[str, HourlyPrice]]:
        """Return the names and prices of the other active tasks that were counted."""
        with self._changed:
            return self._others(key)

    def known_total(self) -> Decimal:
        """Return the sum of the prices that are known so far."""
        with self._changed:
            return total(task.price for task in self._tasks.values() if task is not None)

    def has_started(self) -> bool:
        """Return whether the change starts any task so far."""
        with self._changed:
            return any(task.is_started for task in self._tasks.values() if task is not None)

    def _is_within(self, key: str, price: HourlyPrice, limit: Decimal) -> bool:
        """Return whether the sum is known, or within the limit whatever the comparisons show."""
        expected = [each for each in self._expected.values() if each is not None]
        if any(each.amount is None for each in expected):
            return False
        return not expected or total([price, *expected, *(each for _, each in self._others(key))]) <= limit

    def _others(self, key: str) -> list[tuple[str, HourlyPrice]]:
        return [(task.name, task.price) for each, task in self._tasks.items() if each != key and task is not None]
