"""Durations, read and written."""

from __future__ import annotations

from datetime import timedelta

import pytest

from pulumi_tione._durations import format_duration, parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90),
        ("10m", 600),
        ("1h", 3600),
        ("2d", 172_800),
        ("1h30m", 5400),
        ("1h 30m", 5400),
        ("1d2h3m4s", 93_784),
        ("1.5h", 5400),
        (" 1H ", 3600),
        ("0s", 0),
    ],
)
def test_a_duration_is_read(text: str, seconds: float) -> None:
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", " ", "60", "h", "1x", "-1h", "1h2d", "one hour", "1h,30m", "٣h", "1e3s"])
def test_another_text_is_an_error_that_shows_the_forms(text: str) -> None:
    with pytest.raises(ValueError, match="is not a duration: use a form such as 90s, 10m, 1h30m or 2d"):
        parse_duration(text)


def test_a_duration_that_is_too_long_is_an_error() -> None:
    with pytest.raises(ValueError, match="too long"):
        parse_duration(f"{'9' * 30}d")


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0 s"), (119, "119 s"), (120, "2 min"), (7199, "120 min"), (7200, "2.0 h")]
)
def test_a_duration_is_written(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text
