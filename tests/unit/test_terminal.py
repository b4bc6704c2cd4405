"""What goes to the terminal."""

from __future__ import annotations

from datetime import timedelta

import pytest

from pulumi_tione._durations import format_age
from pulumi_tione.cli.terminal import sanitize, table


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("bert 中文", "bert 中文"),
        ("a\x1b[2Jb", r"a\x1b[2Jb"),
        ("one\ntwo\r", r"one\ntwo\r"),
        ("\u202eexe.txt", r"\u202eexe.txt"),
        ("\ud800", r"\ud800"),
    ],
)
def test_control_characters_are_shown_and_do_nothing(text: str, shown: str) -> None:
    assert sanitize(text) == shown


def test_columns_stand_below_each_other_also_in_chinese() -> None:
    assert table(("NAME", "X"), [("训练", "1"), ("ab", "\x07")]) == "NAME  X\n训练  1\nab    \\x07"


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(-5, "0 s"), (0, "0 s"), (59.9, "59 s"), (60, "1 min"), (7860, "2 h 11 min"), (86401, "1 d"), (180000, "2 d 2 h")],
)
def test_an_age_is_shown_in_its_two_largest_units(seconds: float, shown: str) -> None:
    assert format_age(timedelta(seconds=seconds)) == shown
