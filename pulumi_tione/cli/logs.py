"""`pulumi-tione logs`: what the pods of a task print."""

from __future__ import annotations

import itertools
import os
import re
import sys
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import click

from pulumi_tione._api.logs import Line, RunLog, TaskLog
from pulumi_tione._api.pods import short_pod
from pulumi_tione._text import sanitize_line
from pulumi_tione._timestamps import parse_time
from pulumi_tione.cli.options import length_of_time
from pulumi_tione.cli.task_argument import about_a_task, task_asked_for
from pulumi_tione.cli.terminal import json_text, sanitize

EXIT_CODES: Mapping[str, int] = {"SUCCEED": 0, "FAILED": 1, "SUBMIT_FAILED": 1, "STOPPED": 3}
"""How `--follow` tells how the task ended. 2 is an error, as with every command."""

GONE = 4
"""The exit code of `--follow` when the task was deleted."""

INTERRUPTED = 130
NOBODY_READS_ON = 141
"""The exit codes that shells give programs which end by SIGINT and SIGPIPE."""

_COLOURS = ("cyan", "yellow", "green", "magenta", "blue", "bright_red", "bright_cyan", "bright_yellow")
_sleep = time.sleep

_ENDS_IN_A_ZONE = re.compile(r":\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d(?::?\d\d)?)$")


def begin_of(_context: click.Context, _parameter: click.Parameter, value: str | None) -> datetime | None:
    """Read the value of `--since`: a time, or a length of time until now."""
    if value is None:
        return None
    try:
        length = length_of_time(value)
        if length is not None:
            return datetime.now(timezone.utc) - length
        if _ENDS_IN_A_ZONE.search(value):
            return parse_time(value)
    except (ValueError, OverflowError):
        pass
    raise click.BadParameter("give a length such as 90s, 10m, 2h or 3d, or a time such as 2025-08-01T10:00:00+08:00")


def _pattern(_context: click.Context, _parameter: click.Parameter, value: str | None) -> re.Pattern[str] | None:
    try:
        return None if value is None else re.compile(value)
    except re.error as error:
        raise click.BadParameter(f"{value!r} is no regular expression: {error}") from None


@click.command()
@about_a_task
@click.option("--follow", "-f", is_flag=True, help="Go on until the task ends; the exit code tells how it ended.")
@click.option("--pod", metavar="POD", help="One pod, such as master-0; or several, such as 'worker-*'.")
@click.option("--since", callback=begin_of, metavar="TIME", help="From a time on, or so long ago: 90s, 10m, 2h, 3d.")
@click.option("--tail", type=click.IntRange(min=0), metavar="N", help="Begin with the last N lines.")
@click.option("--grep", callback=_pattern, metavar="REGEX", help="Only lines that match.")
@click.option("--timestamps", "-t", is_flag=True, help="Show when each line was printed.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object for each line.")
@click.pass_context
def logs(
    context: click.Context,
    *,
    task: str,
    folder: Path,
    stack: str | None,
    region: str | None,
    workspace: str | None,
    follow: bool,
    pod: str | None,
    since: datetime | None,
    tail: int | None,
    grep: re.Pattern[str] | None,
    timestamps: bool,
    as_json: bool,
) -> None:
    """Print the log of the latest run of a training task, all pods of it.

    Exit code 0: the log was printed; with --follow: the task has succeeded. 1: it has failed. 3: it was stopped.
    4: it was deleted. 2: something else went wrong.
    """
    asked = task_asked_for(task=task, folder=folder, stack=stack, region=region, workspace=workspace)
    log = TaskLog(asked.client, asked.id, asked.workspace, pod, since, _warn, _sleep)
    show = _json if as_json else _Shown(timestamps)

    def is_wanted(line: Line) -> bool:
        return grep is None or grep.search(line.text) is not None

    try:
        code = _printed(log, log.of_latest_run(), tail, is_wanted, show, follow)
        if code == GONE:
            click.echo(f"{sanitize(asked.id)} was deleted", err=True)
    except KeyboardInterrupt:
        code = INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = NOBODY_READS_ON
    context.exit(code)


def _printed(
    log: TaskLog,
    run: RunLog | None,
    tail: int | None,
    is_wanted: Callable[[Line], bool],
    show: Callable[[str, Line], None],
    follow: bool,
) -> int:
    """Print what there is, and with `follow` what comes, and give the exit code."""
    if run is not None and tail is not None:
        for line in run.tail(tail, is_wanted):
            show(run.run, line)
    elif run is not None and not follow:
        for line in filter(is_wanted, run.new_lines()):
            show(run.run, line)
    if not follow:
        return 0
    following = log.follow(run)
    while True:
        try:
            of_run, line = next(following)
        except StopIteration as end:
            return GONE if end.value is None else _told(end.value)
        if is_wanted(line):
            show(of_run, line)


def _told(detail: Mapping[str, Any]) -> int:
    """Say how a task ended, and give the exit code that says the same."""
    status = str(detail.get("Status"))
    reason = detail.get("FailureReason") or ""
    click.echo(sanitize(f"{detail.get('Id')} ended {status}{f': {reason}' if reason else ''}"), err=True)
    return EXIT_CODES[status]


def _warn(message: str) -> None:
    click.echo(f"Warning: {sanitize(message)}", err=True)


def _json(run: str, line: Line) -> None:
    told = {"time": line.time, "run": run, "pod": line.pod, "message": line.text, "id": line.id}
    click.echo(json_text(told, indent=None))


class _Shown:
    """Shows lines, those of each pod in a colour of its own where there are colours."""

    def __init__(self, timestamps: bool) -> None:
        self._timestamps = timestamps
        self._colours = itertools.cycle(_COLOURS)
        self._colour_of: dict[str, str] = {}

    def __call__(self, run: str, line: Line) -> None:
        pod = sanitize(short_pod(run, line.pod))
        if pod not in self._colour_of:
            self._colour_of[pod] = next(self._colours)
        when = f"{sanitize(line.time)} " if self._timestamps else ""
        click.echo(f"{when}{click.style(pod, fg=self._colour_of[pod])} | {sanitize_line(line.text)}")
