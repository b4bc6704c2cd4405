"""Times: read in all the forms that the service writes, and shown in RFC 3339 with a zone.

The service writes `2025-05-28T18:18:33+08` in a detail, `2025-11-21 00:00:00` in a list (in China's zone), RFC 3339
with nine digits of a second in logs, and an empty text or the year 1 for a time that has not come yet.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

_BEIJING = timezone(timedelta(hours=8))
_FIRST_YEAR, _LAST_YEAR = 1970, 9000
"""Years outside are placeholders, and arithmetic with them overflows."""

_FORM = r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(?:([Zz])|([+-]\d\d)(?::?(\d\d))?)?"


def parse_time(text: str) -> datetime:
    """Read a time of the service, to the microsecond.

    Raises:
        ValueError: the text is in none of the service's forms, or its year is a placeholder.
    """
    form = re.fullmatch(_FORM, text)
    if form is None:
        raise ValueError(f"{text!r} is not a time")
    day, time, fraction, is_utc, hours, minutes = form.groups()
    zone = "+00:00" if is_utc else f"{hours}:{minutes or '00'}" if hours else ""
    if not _FIRST_YEAR <= int(day[:4]) <= _LAST_YEAR:
        raise ValueError(f"{text!r} is not the time of a task")
    moment = datetime.fromisoformat(f"{day}T{time}.{(fraction or '')[:6]:0<6}{zone}")
    return moment if zone else moment.replace(tzinfo=_BEIJING)


def time_or_none(text: object) -> datetime | None:
    """Read a time of the service; None, if it has not come yet or is in an unknown form."""
    try:
        return parse_time(str(text or ""))
    except ValueError:
        return None


def rfc3339(moment: datetime) -> str:
    """Format a time in UTC to the microsecond, as DescribeLogs and DescribeEvents require it."""
    return f"{moment.astimezone(timezone.utc):%Y-%m-%dT%H:%M:%S.%f}Z"


def shown_time(text: object) -> str | None:
    """Return a time of the service in RFC 3339, in the zone that the service wrote it in.

    None for one that has not come yet. A text in an unknown form stays as it is: it may still be useful.
    """
    moment = time_or_none(text)
    if moment is not None:
        return moment.isoformat().replace("+00:00", "Z")
    form = re.fullmatch(_FORM, str(text or ""))
    return None if form is not None or not text else str(text)
