"""Lengths of time: read from a text such as `1h30m`, and written in words.

`format_duration` is for waits, `format_age` for ages, and `duration_text` writes the text that a program may use again.
Moments in time are in `_timestamps.py`.
"""

from __future__ import annotations

import math
import re
from datetime import timedelta

_N = r"\d+(?:\.\d+)?"
_DURATION = rf"(?:(?P<days>{_N})d)? ?(?:(?P<hours>{_N})h)? ?(?:(?P<minutes>{_N})m)? ?(?:(?P<seconds>{_N})s)?"
DURATION_FORMS = "90s, 10m, 1h30m or 2d"
"""Examples of what `parse_duration` reads, for messages."""


def parse_duration(text: str) -> timedelta:
    """Read a duration such as `90s`, `10m`, `1h30m` or `2d`.

    Raises:
        ValueError: the text is not a duration, or too long a one.
    """
    form = re.fullmatch(_DURATION, text.strip().lower(), re.ASCII)
    parts = {name: float(number) for name, number in (form.groupdict() if form else {}).items() if number}
    if not parts:
        raise ValueError(f"{text!r} is not a duration: use a form such as {DURATION_FORMS}")
    try:
        return timedelta(**parts)
    except OverflowError:
        raise ValueError(f"{text!r} is too long a duration") from None


def duration_of(value: object) -> timedelta:
    """Return a duration that a program passes: a timedelta, seconds, or a text such as `1h30m`.

    Raises:
        ValueError: it is none of these, or too long.
    """
    try:
        match value:
            case timedelta():
                return value
            case str():
                return parse_duration(value)
            case int() | float() if not isinstance(value, bool) and math.isfinite(value):
                return timedelta(seconds=value)
    except OverflowError:
        pass
    raise ValueError(f"{value!r} is not a duration: pass seconds, a timedelta, or a text such as {DURATION_FORMS}")


def duration_text(seconds: int) -> str:
    """Return the shortest text that `parse_duration` reads as this number of seconds: `1h30m`."""
    parts, remaining = [], seconds
    for length, unit in ((86400, "d"), (3600, "h"), (60, "m"), (1, "s")):
        # A day and a half is shorter, and more usual, as hours: 36h.
        if unit == "d" and seconds % length:
            continue
        count, remaining = divmod(remaining, length)
        parts += [f"{count}{unit}"] if count else []
    return "".join(parts) or "0s"


def format_duration(seconds: float) -> str:
    """Format a duration in seconds, minutes or hours, for a message."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


_UNITS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def format_age(age: timedelta) -> str:
    """Format a duration in its two largest units, for a table: `2 h 10 min`."""
    remaining = max(int(age.total_seconds()), 0)
    parts: list[tuple[int, str]] = []
    for seconds, unit in _UNITS:
        count, remaining = divmod(remaining, seconds)
        if count or (parts and len(parts) < 2):
            parts.append((count, unit))
    return " ".join(f"{count} {unit}" for count, unit in parts[:2] if count) or "0 s"
