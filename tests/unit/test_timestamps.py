"""The service's times, in all their forms."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from pulumi_tione._timestamps import parse_time, rfc3339, shown_time, time_or_none


@pytest.mark.parametrize(
    ("text", "moment", "shown"),
    [
        ("2025-05-28T18:18:33+08", "2025-05-28T10:18:33.000000Z", "2025-05-28T18:18:33+08:00"),
        ("2025-05-28T18:18:33+08:00", "2025-05-28T10:18:33.000000Z", "2025-05-28T18:18:33+08:00"),
        ("2025-05-28T18:18:33+0800", "2025-05-28T10:18:33.000000Z", "2025-05-28T18:18:33+08:00"),
        ("2025-05-28T10:18:33-00", "2025-05-28T10:18:33.000000Z", "2025-05-28T10:18:33Z"),
        ("2025-05-28 18:18:33", "2025-05-28T10:18:33.000000Z", "2025-05-28T18:18:33+08:00"),
        ("2025-05-28T10:18:33.123456789Z", "2025-05-28T10:18:33.123456Z", "2025-05-28T10:18:33.123456Z"),
        ("2025-05-28T10:18:33.5Z", "2025-05-28T10:18:33.500000Z", "2025-05-28T10:18:33.500000Z"),
    ],
)
def test_times_are_read_in_all_their_forms_and_shown_with_a_zone(text: str, moment: str, shown: str) -> None:
    assert rfc3339(parse_time(text)) == moment
    assert shown_time(text) == shown
    assert datetime.fromisoformat(shown.replace("Z", "+00:00")).utcoffset() is not None


def test_a_time_without_a_zone_is_that_of_china() -> None:
    assert parse_time("2025-11-21 00:00:00").utcoffset() == timedelta(hours=8)
    assert parse_time("2025-11-21 00:00:00") == datetime(2025, 11, 20, 16, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    "text", ["", "None", "-", "yesterday", "2025-13-28 18:18:33", "2025-05-28", "0001-01-01 00:00:00"]
)
def test_what_is_not_a_time_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"time|month"):
        parse_time(text)
    assert time_or_none(text) is None


@pytest.mark.parametrize("text", [None, "", "0001-01-01 00:00:00", "0001-01-01T00:00:00+08"])
def test_a_time_that_has_not_come_is_not_shown(text: object) -> None:
    assert shown_time(text) is None


@pytest.mark.parametrize("text", ["yesterday", "2025-05-28"])
def test_a_time_in_an_unknown_form_is_shown_as_it_is(text: str) -> None:
    assert shown_time(text) == text
