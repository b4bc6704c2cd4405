"""Options that several commands share. The commands are registered in `cli/__init__.py`.

The options that select a task are in `task_options.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, TypeVar

import click

from pulumi_tione._durations import DURATION_FORMS, parse_duration
from pulumi_tione._timestamps import parse_time

_ENDS_IN_A_ZONE = re.compile(r":\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d(?::?\d\d)?)$")
_Command = TypeVar("_Command", bound=Callable[..., Any])


def in_a_folder(command: _Command) -> _Command:
    """Add the option that selects the project to a command: its parameter `folder`."""
    return click.option(
        "--cwd",
        "-C",
        "folder",
        type=click.Path(exists=True, file_okay=False, path_type=Path),
        default=Path(),
        help="The folder of the Pulumi project; by default the current one.",
    )(command)


def in_a_stack(command: _Command) -> _Command:
    """Add the options that select the stack to a command: its parameters `folder` and `stack`."""
    stack = click.option("--stack", "-s", metavar="NAME", help="The stack; by default the selected one.")
    return stack(in_a_folder(command))


def without_asking(command: _Command) -> _Command:
    """Add the option `--yes` to a command: its parameter `yes`."""
    return click.option("--yes", "-y", is_flag=True, help="Do not ask for confirmation.")(command)


def duration(_context: click.Context, _parameter: click.Parameter, value: str | None) -> timedelta | None:
    """Parse the value of an option that takes a duration."""
    try:
        return None if value is None else parse_duration(value)
    except ValueError:
        raise click.BadParameter(f"use a duration such as {DURATION_FORMS}") from None


def start_time(_context: click.Context, _parameter: click.Parameter, value: str | None) -> datetime | None:
    """Parse the value of `--since`: a time, or a duration until now."""
    if value is None:
        return None
    try:
        return datetime.now(timezone.utc) - parse_duration(value)
    except (ValueError, OverflowError):
        pass
    if _ENDS_IN_A_ZONE.search(value):
        try:
            return parse_time(value)
        except ValueError:
            pass
    raise click.BadParameter(
        f"use a duration such as {DURATION_FORMS}, or a time with a zone such as 2025-08-01T10:00:00+08:00"
    )
