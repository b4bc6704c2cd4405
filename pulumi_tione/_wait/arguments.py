"""The arguments of `wait_for`: checked when a program calls it, before anything is created.

How a wait ends is in `waiter.py`. A create waits for no status: how long it looks for its task after a lost response is
set in `lifecycle/create.py`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from pulumi_tione._api.status import Status, not_a_status
from pulumi_tione._constraints import suggestion
from pulumi_tione._durations import DURATION_FORMS, duration_of


def statuses_of(status: object) -> tuple[Status, ...]:
    """Return the statuses to wait for.

    Raises:
        ValueError: one of them is not a status of a training task, or there is none.
    """
    values = (status,) if isinstance(status, str) or not isinstance(status, Sequence) else tuple(status)
    if not values:
        raise ValueError("wait_for needs a status: pass one, such as SUCCEED, or several")
    for value in values:
        if not isinstance(value, str) or value not in {*Status}:
            raise ValueError(not_a_status(_shown(value)))
    return tuple(Status(value) for value in values)


def timeout_of(timeout: object) -> timedelta | None:
    """Return a timeout: from a timedelta, from seconds, or from a text such as `1h30m`.

    Raises:
        ValueError: it is none of these, or not positive.
    """
    if timeout is None:
        return None
    try:
        duration = duration_of(timeout)
    except ValueError:
        raise ValueError(
            f"timeout={_shown(timeout)} is not a duration. Pass seconds, a timedelta, or a text such as "
            f"{DURATION_FORMS}"
        ) from None
    if duration < timedelta():
        raise ValueError(f"timeout={_shown(timeout)} is negative. Leave it out to wait without a limit")
    return duration


def check_flag(name: str, value: object) -> None:
    """Check that an argument is True or False.

    Raises:
        ValueError: it is neither.
    """
    if value is not True and value is not False:
        raise ValueError(f"{name}={_shown(value)} must be True or False")


def check_call(method: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
    """Check the arguments of a call.

    Raises:
        ValueError: the method has no such argument, or one is missing.
    """
    signature = inspect.signature(method)
    try:
        signature.bind(*args, **kwargs)
    except TypeError as error:
        unknown = next((name for name in kwargs if name not in signature.parameters), "")
        raise ValueError(f"{method.__name__}: {error}{suggestion(unknown, signature.parameters)}") from None


def _shown(value: object) -> str:
    """Return a value as a message shows it. Pulumi's Outputs have no value yet."""
    return "an Output" if hasattr(value, "future") and hasattr(value, "apply") else repr(value)
