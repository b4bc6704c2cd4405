"""The sentences of waits: what a task's row shows, what a failed wait reports, what to do next.

The first line of a report is from here (`ended`, `timed_out`); `waiter.py` appends the service's reason to it. The
lines after it and their labels are in `failure_report.py`, and the sentences of the provider in
`lifecycle/messages.py`.
"""

from __future__ import annotations

from pulumi_tione._durations import duration_text, format_duration

NOT_VISIBLE = "not visible yet"
"""In place of the status of a task that the service does not show yet."""

HINT = "Ctrl-C ends the wait, not the task; `pulumi destroy` stops the task; TIONE_WAIT=false skips all waits"
"""What the first message of a wait ends with: a program that is being interrupted cannot show anything any more."""

SKIPPED = "not waiting, because TIONE_WAIT or tione:wait is false"

NO_REASON = "the service gives no reason"

REPLACE = "fix the cause and run `pulumi up`: any changed input makes a new run; if none changes, change `triggers`"
SET_RERUNS = "set `rerun_on_failure` in the program: the next `pulumi up` starts this task again"
RUN_ANEW = "to run it again, change `triggers` in the program and run `pulumi up`: it replaces this task with a new run"
RAISE_LIMIT = "raise `max_duration` in the program and run `pulumi up`: it replaces this task with a new run"
RERUN_AT_LIMIT = (
    "set `rerun_on_failure` and `rerun_on_time_limit=True` in the program: the next `pulumi up` starts it again, "
    "with the same limit"
)
WAIT_AGAIN = "run `pulumi up` again: it continues to wait"
STOP = "run `pulumi destroy`, or stop the task in the console: it costs money while it runs"
"""Next steps after a wait that has failed."""


def use_reruns(rerun_on_failure: int) -> str:
    """Return the next step for a failed task that may be started again."""
    return (
        "run `pulumi up` again: its preview shows whether it starts this task again; if no re-run is left, raise "
        f"`rerun_on_failure` (now {rerun_on_failure})"
    )


def ended_by_time_limit(seconds: int) -> str:
    """Return the end of the error of a task whose run has taken too long."""
    return f"; its time limit of {duration_text(seconds)} (`max_duration`) has ended the run"


def progress(status: str, target: object, *, pods: str, seconds: float | None, is_unknown: bool) -> str:
    """Return the message of a wait that goes on, with the seconds for which the status has not changed."""
    duration = "" if seconds is None else f" for {format_duration(seconds)}"
    unknown = "; this version does not know that status" if is_unknown else ""
    return f"{status}{duration}{pods}, waiting for {target}{unknown}"


def arrived(status: str, seconds: float) -> str:
    """Return the last message of a wait that has succeeded."""
    return f"{status} after {format_duration(seconds)}"


def status_unknown(seconds: float, error: object) -> str:
    """Return the message of a wait that cannot read the status at the moment."""
    return f"status unknown for {format_duration(seconds)}: {error}"


def ended(task: str, status: str, stopped_by: str, target: object) -> str:
    """Return the error of a task that has ended in another status than the target."""
    return f"{task} ended {status}{f' by {stopped_by}' if stopped_by else ''} instead of {target}"


def timed_out(task: str, status: str, seconds: float, target: object) -> str:
    """Return the error of a task that has not got to the target in time."""
    return f"{task} is {status or NOT_VISIBLE} after {format_duration(seconds)} instead of {target}; it keeps running"


def unreadable(task: str, seconds: float, error: object) -> str:
    """Return the error of a wait that could not read the status for too long."""
    return f"the status of {task} could not be read for {format_duration(seconds)}. It may still run. {error}"


def gone(task: str) -> str:
    """Return the error of a task that was deleted while it was waited for."""
    return (
        f"{task} no longer exists, so its result is unknown. Run `pulumi refresh` to remove it from the state; the "
        "next `pulumi up` then creates it again"
    )


def cannot_run(task: str, target: object) -> str:
    """Return the error of a wait for a task that the program keeps stopped."""
    return f'{task} cannot become {target}: the program keeps it stopped. Set `desired_status="RUNNING"`'


def wait_failed(task: str, target: object) -> str:
    """Return the error that ends the program; the reason is on the row of the task."""
    return f"the wait for {target} of {task} failed: see the error on its row"
