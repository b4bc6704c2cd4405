"""`pulumi-tione logs`: what the pods of a task print.

How the log is read, and how often, is in `_api/logs.py`. With `--follow` the exit code is the result of the task: 0, 1
or 3 (`EXIT_CODES`), or 4 if it was deleted.
"""

from __future__ import annotations

import itertools
import os
import re
import sys
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from pulumi_tione._api.logs import Line, RunLog, TaskLog
from pulumi_tione._api.pods import short_pod
from pulumi_tione._durations import DURATION_FORMS
from pulumi_tione._text import sanitize_line
from pulumi_tione._timestamps import shown_time
from pulumi_tione.cli.options import start_time
from pulumi_tione.cli.task_options import SelectedTask, select_task, with_task
from pulumi_tione.cli.terminal import json_text, sanitize, show

EXIT_CODES: Mapping[str, int] = {"SUCCEED": 0, "FAILED": 1, "SUBMIT_FAILED": 1, "STOPPED": 3}
"""The exit codes of `--follow` for how the task ended. 2 is an error, as with every command."""

DELETED = 4
"""The exit code of `--follow` when the task was deleted."""

INTERRUPTED = 130
BROKEN_PIPE = 141
"""The exit codes that shells report for programs which end by SIGINT and SIGPIPE."""

_COLOURS = ("cyan", "yellow", "green", "magenta", "blue", "bright_red", "bright_cyan", "bright_yellow")
_sleep = time.sleep


def _pattern(_context: click.Context, _parameter: click.Parameter, value: str | None) -> re.Pattern[str] | None:
    try:
        return None if value is None else re.compile(value)
    except re.error as error:
        raise click.BadParameter(f"{value!r} is not a regular expression: {error}") from None


@click.command()
@with_task
@click.option("--follow", "-f", is_flag=True, help="Follow the log until the task ends; the exit code is its result.")
@click.option("--pod", metavar="POD", help="One pod, such as master-0, or several, such as 'worker-*'.")
@click.option(
    "--since",
    callback=start_time,
    metavar="TIME",
    help=f"Only lines since a time, or of the last {DURATION_FORMS}.",
)
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
    """Print the log of the latest run of a training task, from all its pods.

    Exit code 0: the log was printed; with --follow: the task succeeded. 1: it failed. 3: it was stopped. 4: it was
    deleted. 2: an error.
    """
    selected = select_task(task=task, folder=folder, stack=stack, region=region, workspace=workspace)
    filters = [*(["since that time"] if since else []), *([f"of the pod {pod!r}"] if pod else [])]
    output = _Output(selected, _print_json if as_json else _LinePrinter(timestamps), grep)
    log = TaskLog(selected.client, selected.id, selected.workspace, pod, since, _warn, output.pause)
    try:
        code = _print_log(log, output, tail, follow, " ".join(["has no log lines", *filters]))
    except KeyboardInterrupt:
        code = INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = BROKEN_PIPE
    context.exit(code)


class _Output:
    """The lines that are printed, and a message if there are none yet."""

    def __init__(
        self, task: SelectedTask, print_line: Callable[[str, Line], None], pattern: re.Pattern[str] | None
    ) -> None:
        self._task = task
        self._print_line = print_line
        self._pattern = pattern
        self._is_empty = True
        """Whether no line of the log has been read."""

    def is_match(self, line: Line) -> bool:
        """Check whether a line is printed."""
        self._is_empty = False
        return self._pattern is None or self._pattern.search(line.text) is not None

    def print(self, run: str, line: Line) -> None:
        """Print a line of a run, if it matches."""
        if self.is_match(line):
            self._print_line(run, line)

    def show_if_empty(self, message: str) -> None:
        """Show a message, once, if the log has no lines."""
        if self._is_empty:
            show(f"{self._task.id} {message}")
            self._is_empty = False

    def pause(self, seconds: float) -> None:
        """Sleep between two requests while the log is followed."""
        self.show_if_empty(
            "has no log lines yet. Waiting for the first one, or for the end of the task; Ctrl-C ends the wait, not "
            "the task"
        )
        _sleep(seconds)


def _print_log(log: TaskLog, output: _Output, tail: int | None, follow: bool, empty: str) -> int:
    """Print the log so far and, with `follow`, new lines until the task ends; return the exit code."""
    run: RunLog | None = log.of_latest_run()
    if run is not None and tail is not None:
        for line in run.tail(tail, output.is_match):
            output.print(run.run, line)
    elif run is not None and not follow:
        for line in run.new_lines():
            output.print(run.run, line)
    if not follow:
        if tail != 0:
            output.show_if_empty(empty)
        return 0
    new_lines = log.follow(run)
    while True:
        try:
            line_run, line = next(new_lines)
        except StopIteration as end:
            return _show_end(end.value)
        output.print(line_run, line)


def _show_end(detail: Mapping[str, Any] | None) -> int:
    """Show how a task ended, and return the exit code for it."""
    if detail is None:
        show("The task was deleted")
        return DELETED
    status = str(detail.get("Status"))
    reason = detail.get("FailureReason") or ""
    show(f"{detail.get('Id')} ended {status}{f': {reason}' if reason else ''}")
    return EXIT_CODES[status]


def _warn(message: str) -> None:
    show(f"Warning: {message}")


def _print_json(run: str, line: Line) -> None:
    record = {"time": shown_time(line.time), "run": run, "pod": line.pod, "message": line.text, "id": line.id}
    click.echo(json_text(record, indent=None))


class _LinePrinter:
    """Prints lines, those of each pod in a colour of its own where colours are enabled."""

    def __init__(self, timestamps: bool) -> None:
        self._timestamps = timestamps
        self._colours = itertools.cycle(_COLOURS)
        self._colour_of: dict[str, str] = {}

    def __call__(self, run: str, line: Line) -> None:
        pod = sanitize(short_pod(run, line.pod))
        if pod not in self._colour_of:
            self._colour_of[pod] = next(self._colours)
        time_prefix = f"{sanitize(shown_time(line.time) or line.time)} " if self._timestamps else ""
        click.echo(f"{time_prefix}{click.style(pod, fg=self._colour_of[pod])} | {sanitize_line(line.text)}")
