"""The sentences that the verbs show: which task, what happened, and what to do."""

from __future__ import annotations

from pulumi_tione._text import sanitize
from pulumi_tione.errors import ApiError, TioneError

RUN_AGAIN = "Run the command again"
STAYS = "It stays in the state"
NO_LONGER_EXISTS = "it is gone. Run `pulumi refresh` to remove it from the state"


def ended(title: str, reason: object, activity: str, progress: str = "") -> str:
    """Return the error of a call that had to end: why, during what, and how far it has come."""
    return f"{title}: {reason} while {activity}{f'; {progress}' if progress else ''}. {RUN_AGAIN}"


def not_created(name: str, indeterminate: TioneError | None = None) -> str:
    """Return the beginning of a create's error. After an indeterminate result there may be a task."""
    if indeterminate is None:
        return f"training task {name!r} was not created"
    return (
        f"training task {name!r} may or may not have been created ({indeterminate}; run `pulumi up` again: it finds "
        "the task by its name, if there is one; `pulumi-tione orphans` lists it)"
    )


def refused_as(refusal: ApiError | None) -> str:
    """Return the refusal that an error is about, in parentheses; nothing if there is none."""
    if refusal is None:
        return ""
    return f" ({refusal.code}: {sanitize(refusal.service_message)}, request id {refusal.request_id})"


def looking_for_holder(name: str, seconds: float) -> str:
    """Return the status of a create whose name is taken by a task that is not visible."""
    return f"the name {name!r} is refused as taken: looking for the task that has it, for up to {seconds:.0f} s"


def name_has_no_holder(name: str, refusal: ApiError, *, is_generated: bool, are_names_kept: bool) -> str:
    """Return the error of a name that is refused as taken, though no visible task has it.

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
        kept = "run `pulumi config set tione:deletedNamesAreKept true`, and the name gets a number"
    kept_hint = f" If the service may keep the names of deleted tasks, {kept}" if kept else ""
    return (
        f"{not_created(name)}: its name is refused as taken, though no task of this name was visible. If such a task "
        f"was created or deleted just now, run `pulumi up` again in a minute.{kept_hint}{refused_as(refusal)}"
    )


def all_names_kept(name: str) -> str:
    """Return the error of a name that is kept for deleted tasks, as are the names with a suffix."""
    return (
        f"{not_created(name)}: the service keeps this name for a deleted task, and so it does for all names with a "
        "suffix that were tried. Set `name` in the program"
    )
