"""Options that several commands have."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import click

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_LENGTH = re.compile(r"(\d+)([smhd])")
_Command = TypeVar("_Command", bound=Callable[..., Any])


def in_a_stack(command: _Command) -> _Command:
    """Give a command the options that say which stack it is about: its parameters `folder` and `stack`."""
    stack = click.option("--stack", "-s", metavar="NAME", help="The stack; by default the one that is selected.")
    folder = click.option(
        "--cwd",
        "-C",
        "folder",
        type=click.Path(exists=True, file_okay=False, path_type=Path),
        default=Path(),
        help="The folder of the Pulumi project; by default the current one.",
    )
    return stack(folder(command))


def without_asking(command: _Command) -> _Command:
    """Give a command the option `--yes`: its parameter `yes`."""
    return click.option("--yes", "-y", is_flag=True, help="Do not ask.")(command)


def length_of_time(text: str) -> timedelta | None:
    """Read a length of time such as 90s, 10m, 2h or 3d; None, if the text is no such.

    Raises:
        OverflowError: it is too long.
    """
    length = _LENGTH.fullmatch(text)
    return None if length is None else timedelta(**{_UNITS[length[2]]: int(length[1])})
