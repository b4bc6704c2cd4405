"""The call that is being handled: which resource it is for, its log, cancellation and deadline.

An entry point makes one `CallContext` for each call: today the dynamic provider (`provider.py`), for a call of Pulumi's
engine. Functions that wait or log take it as an argument. What calls share, such as a client, asks for the
`current_call`; the rate limit and the renewal of credentials pause with `sleep_in_call`.

Ctrl-C sets `cancelled` (`on_cancel` in `_pulumi/server.py`), and the `sleep` of a call then ends it. A create that may
have made a task goes on (`ignore_cancellation`). The dynamic provider sets no deadline.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from pulumi_tione.errors import TioneError


class CallEndedError(TioneError):
    """A call has to end early: it was cancelled, or its time limit has passed. The message is the reason."""


@dataclass
class CallContext:
    """One call: its resource, its log, cancellation and deadline.

    Args:
        urn: the URN of the resource that the call is for; empty if there is none.
        warn: shows a warning on the resource's row.
        note: shows a message on the resource's row that is no problem.
        show_status: shows on the resource's row what the call is doing, until something else is shown there.
        record_partial_result: has the outputs and the owner recorded although the call fails, for this reason.
        cancelled: set when the call is cancelled.
        deadline: when the call has to end, by `clock`.
        clock: the time in seconds, from any beginning.
        pause: makes a pause of a number of seconds; without it, `sleep` waits in real time.
    """

    urn: str = ""
    warn: Callable[[str], None] = lambda _: None
    note: Callable[[str], None] = lambda _: None
    show_status: Callable[[str], None] = lambda _: None
    record_partial_result: Callable[[Mapping[str, Any], Mapping[str, Any] | None, str], None] = lambda *_: None
    cancelled: threading.Event = field(default_factory=threading.Event)
    deadline: float | None = None
    clock: Callable[[], float] = time.monotonic
    pause: Callable[[float], None] | None = None
    _ignores_cancellation: bool = field(default=False, init=False)

    def sleep(self, seconds: float) -> None:
        """Sleep for a number of seconds, or until the call has to end.

        Raises:
            CallEndedError: the call was cancelled, or its deadline has passed.
        """
        if self._ignores_cancellation:
            self._pause(seconds)
            return
        self.raise_if_ended()
        left = seconds if self.deadline is None else min(seconds, max(0.0, self.deadline - self.clock()))
        self._pause(left)
        self.raise_if_ended()

    def _pause(self, seconds: float) -> None:
        if self.pause is not None:
            self.pause(seconds)
        elif self._ignores_cancellation:
            time.sleep(seconds)
        else:
            self.cancelled.wait(seconds)

    def raise_if_ended(self) -> None:
        """Raise an error if the call has to end.

        Raises:
            CallEndedError: the call was cancelled, or its deadline has passed.
        """
        if self._ignores_cancellation:
            return
        if self.cancelled.is_set():
            raise CallEndedError("cancelled")
        if self.deadline is not None and self.clock() >= self.deadline:
            raise CallEndedError("the time limit of the operation has passed")

    def ignore_cancellation(self) -> None:
        """Go on to the end from now on, cancelled or not: ending now could lose a task."""
        self._ignores_cancellation = True


_CURRENT: ContextVar[CallContext] = ContextVar("current call")
_NO_CALL = CallContext()


def current_call() -> CallContext:
    """Return the context of the call that this thread is handling; one without a log and without an end, if none is."""
    return _CURRENT.get(_NO_CALL)


def sleep_in_call(seconds: float) -> None:
    """Sleep for a number of seconds, or until the call that this thread is handling has to end.

    Raises:
        CallEndedError: the call was cancelled, or its deadline has passed.
    """
    current_call().sleep(seconds)


@contextmanager
def handling(context: CallContext) -> Iterator[CallContext]:
    """Make a call the current one of this thread."""
    token = _CURRENT.set(context)
    try:
        yield context
    finally:
        _CURRENT.reset(token)
