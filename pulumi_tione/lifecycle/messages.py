"""The sentences that the verbs show: which task, what happened, and what to do."""

from __future__ import annotations

from pulumi_tione._text import sanitize
from pulumi_tione.errors import ApiError, TioneError

RUN_AGAIN = "Run the command again"
STAYS_IN_STATE = "It stays in the state"
NO_LONGER_EXISTS = "it is gone. Run `pulumi refresh` to remove it from the state"


def call_ended(title: str, reason: object, activity: str, *after: str) -> str:
    """Return the error of a call that had to end: why, during what, and sentences that come before the remedy."""
    return ". ".join([f"{title}: {reason} while {activity}", *after, RUN_AGAIN])


def not_created(name: str) -> str:
    """Return the beginning of the error of a create that has certainly made no task."""
    return f"training task {name!r} was not created"


def create_failed(name: str, error: TioneError, indeterminate: TioneError | None = None, attempts: int = 1) -> str:
    """Return the error of a create.

    Args:
        name: the task's name.
        error: the last error.
        indeterminate: the last error after which there may be a task.
        attempts: how often the request was sent; shown if more than once.
    """
    in_attempts = f" in {attempts} attempts" if attempts > 1 else ""
    if indeterminate is None:
        return f"{not_created(name)}{in_attempts}: {error}"
    last = "" if error is indeterminate else f" The last error: {error}."
    return (
        f"training task {name!r} may or may not have been created{in_attempts}: {indeterminate}.{last} Run `pulumi up` "
        "again: it finds the task by its name. `pulumi-tione orphans` lists it, too"
    )


def refused_as(refusal: ApiError | None) -> str:
    """Return the refusal that an error is about, in parentheses; nothing if there is none."""
    if refusal is None:
        return ""
    return f" ({refusal.code}: {sanitize(refusal.service_message)}, request id {refusal.request_id})"


def looking_for_holder(name: str, seconds: float) -> str:
    """Return the status of a create whose name is taken by a task that is not visible."""
    return (
        f"the service reports that the name {name!r} is taken: looking for the task with it, for up to {seconds:.0f} s"
    )


def name_has_no_holder(name: str, refusal: ApiError, *, is_generated: bool, are_names_kept: bool) -> str:
    """Return the error of a name that the service reports as taken, though it shows no task with it.

    Args:
        name: the name.
        refusal: the service's refusal.
        is_generated: whether the name was generated, so that a suffix may be added to it.
        are_names_kept: whether the user has set that the service keeps the names of deleted tasks.
    """
    if not is_generated:
        kept = "choose another name"
    elif are_names_kept:
        kept = ""
    else:
        kept = "run `pulumi config set tione:deletedNamesAreKept true`, and the name then gets a suffix such as `-2`"
    kept_hint = f" If the service may keep the names of deleted tasks, {kept}" if kept else ""
    return (
        f"{not_created(name)}: the service reports that the name is taken, but shows no task with it. If such a task "
        f"was created or deleted just now, run `pulumi up` again in a minute.{kept_hint}{refused_as(refusal)}"
    )


def all_names_kept(name: str) -> str:
    """Return the error of a name that is kept for deleted tasks, as are the names with a suffix."""
    return (
        f"{not_created(name)}: the service keeps this name, and every suffixed name that was tried, for deleted tasks. "
        "Set `name` in the program"
    )
