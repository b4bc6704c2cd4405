"""The service's times, in all their forms.

`2025-05-28T18:18:33+08` in a detail, `2025-11-21 00:00:00` in a list (it is China's), RFC 3339 with nine digits of a
second in logs, and nothing at all for what has not come yet.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

_BEIJING = timezone(timedelta(hours=8))
_FIRST_YEAR, _LAST_YEAR = 1970, 9000
"""Services write the year 1 for what has not come yet, with which no time can be calculated."""

_FORM = re.compile(r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(?:([Zz])|([+-]\d\d)(?::?(\d\d))?)?")


def parsed_time(text: str) -> datetime:
    """Read a time, to the microsecond.

    Raises:
        ValueError: it is none of the service's forms, or so long ago or ahead that it is not meant as a time.
    """
    form = _FORM.fullmatch(text)
    if form is None:
        raise ValueError(f"no time: {text!r}")
    day, time, fraction, is_utc, hours, minutes = form.groups()
    zone = "+00:00" if is_utc else f"{hours}:{minutes or '00'}" if hours else ""
    if not _FIRST_YEAR <= int(day[:4]) <= _LAST_YEAR:
        raise ValueError(f"no time of a task: {text!r}")
    moment = datetime.fromisoformat(f"{day}T{time}.{(fraction or '')[:6]:0<6}{zone}")
    return moment if zone else moment.replace(tzinfo=_BEIJING)


def time_or_none(text: object) -> datetime | None:
    """Read a time that may not have come yet, or may be in a form that nobody knows."""
    try:
        return parsed_time(str(text or ""))
    except ValueError:
        return None


def rfc3339(moment: datetime) -> str:
    """Write a time as DescribeLogs and DescribeEvents want it."""
    return f"{moment.astimezone(timezone.utc):%Y-%m-%dT%H:%M:%S.%f}Z"
