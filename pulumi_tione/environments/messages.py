"""The sentences of environments that occur more than once, or that tests name: what happened, and what to do.

The reasons why an environment is reaped are in `reap.py`, the layout of reports is in `report.py`.
"""

from __future__ import annotations

from pulumi_tione._durations import format_duration

NOTHING_TO_TAKE_DOWN = "There is nothing to take down."

# Another command, or another update.

OTHER_COMMAND_HERE = "another command on this machine works on it"
WAIT_FOR_UPDATE = "Wait for that update to finish; if it is no longer running, run `pulumi cancel`, then try again"


def other_command(kind: str, host: str) -> str:
    """Return why a command waits: one on another machine works on the environment."""
    return f"`env {kind}` works on it on {host}"


def waiting_for(stack: str, reason: str, seconds: float) -> str:
    """Return what a command shows while it waits for another one."""
    return f"{stack}: {reason}. Waiting up to {format_duration(seconds)}"


def waited_too_long(stack: str, reason: str) -> str:
    """Return the error of a command that has waited for another one."""
    return f"{stack}: {reason}. Try again later, or wait longer with --wait-lock"


def is_locked(stack: str, holders: str) -> str:
    """Return who locks a stack."""
    return f"{stack} is locked by {holders}"


def lock_removed(stack: str) -> str:
    """Return what is shown when the lock of a dead update has been removed."""
    return f"{stack}: the lock of a killed update is removed"


# What is not done.


def made_by_hand(stack: str) -> str:
    """Return the error of a stack that only has the name of an environment."""
    return (
        f"{stack} has the name of an environment, but was made by hand: it has resources and no tags of an "
        "environment. It was left alone"
    )


def no_environment(branch: str) -> str:
    """Return the error of a branch without an environment."""
    return f"the branch {branch!r} has no environment. Nothing was changed"


def not_a_branch(name: str) -> str:
    """Return the error of a name that no branch can have."""
    return f"{name!r} is not the name of a branch"


def preview_failed(reasons: str) -> str:
    """Return the error of a preview that failed."""
    return f"the preview failed. Nothing was changed. {reasons or 'See its output'}"


def settings_from_variables(error: Exception) -> str:
    """Return the warning of a template whose settings cannot be read."""
    return f"the settings come from the environment variables alone: {error}"


def unreadable_files(error: Exception) -> str:
    """Return why a stack in a folder cannot be read."""
    return f"its files cannot be read: {error}"


# A task that is not stopped, started or deleted.

DOES_NOT_EXIST = "it does not exist any more"
KEPT_BY_RETAIN_ON_DELETE = "`retain_on_delete` keeps it. Delete it yourself when you no longer need it"
CREATE_INTERRUPTED = (
    "its create was interrupted, so it may or may not exist. Look for it in the console, and delete it if it is there"
)
NOT_OWN = (
    "it has the labels of this stack, but not the id of this environment, so it is left alone. `pulumi-tione orphans` "
    "shows it"
)


def has_ended(status: str) -> str:
    """Return why a task is neither stopped nor started."""
    return f"it has ended ({status})"
