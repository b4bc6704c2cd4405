"""The sentences that the verbs show: which task, what happened, and what to do.

The sentences of waits are in `_wait/messages.py`, of prices in `pricing/messages.py`, of rules in `check_rules.py`, of
the service's codes in `_error_codes.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

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
        "again: it finds the task by its name. `pulumi-tione orphans` also lists it"
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


# A task that may be gone.

CHECKING_AGAIN = "not found; checking again before it counts as gone"
DELETE_FROM_STATE = "run `pulumi state delete` with its URN"
NEVER_VISIBLE = "was created by Pulumi and has never been visible since"


def created_just_now(seconds: float) -> str:
    """Return why a task that nobody sees may only be too new to be seen."""
    return f"was created only {max(seconds, 0):.0f} s ago"


def account_not_recorded(title: str, region: str, account: str) -> str:
    """Return the error of a task that is not found, and whose account the state does not record."""
    return (
        f"{title} is not visible in {region} with the credentials of account {account}, and the state does not record "
        f"its account. Look for it in the console. If it is gone, {DELETE_FROM_STATE}"
    )


def other_account(title: str, region: str, recorded: str, current: str) -> str:
    """Return the error of a task that is not found with the credentials of another account than its own."""
    return (
        f"{title} belongs to account {recorded} in {region}, but the credentials in use are of account {current}: it "
        f"may still run. Set credentials of account {recorded}, then try again"
    )


def listed_but_not_found(title: str, status: str, command: str) -> str:
    """Return the error of a task that a list shows and DescribeTrainingTask does not; `command` shows its events."""
    return (
        f"{title}: DescribeTrainingTask does not find it, but the list shows it as {status}: it may still run and cost "
        f"money. {STAYS_IN_STATE}. Run the command again in a minute, or see {command}"
    )


def perhaps_too_new(title: str, reason: str, command: str) -> str:
    """Return the error of a task that is not found, and may only be too new; `command` shows its events."""
    return (
        f"{title} {reason}, and the service does not find it: it may still run. {STAYS_IN_STATE}. Run the command "
        f"again in a minute. If {command} and the console do not find it then, {DELETE_FROM_STATE}"
    )


def existence_unknown(title: str, command: str, error: TioneError | None) -> str:
    """Return the error of a task whose existence the service does not report; `command` shows its events."""
    return (
        f"{title}: the service does not report whether it exists. {STAYS_IN_STATE}. Run the command again in a minute, "
        f"or see {command}. The last answer: {error}"
    )


# A task that is stopped and deleted.

DELETION_ACCEPTED = "the service has accepted the deletion, but may still show the task"
STILL_SHOWN = "deleted; waiting until the service does not show it any more"


def stopping(status: str | None, *, is_known: bool) -> str:
    """Return what the row shows while a task is stopped."""
    return f"{status or 'active'}{'' if is_known else ', an unknown status'}: waiting until it stops"


def stop_progress(status: str | None, *, was_requested: bool) -> str:
    """Return how far the stopping of a task has come."""
    asked = "was asked to stop, and is" if was_requested else "is"
    return f"the task {asked} {status or 'in an unknown status'}; it may still cost money"


def does_not_stop(title: str, status: str | None, minutes: int, refusal: str, command: str) -> str:
    """Return the error of a task that does not stop in time; `command` shows its events."""
    refused = f" {refusal}" if refusal else ""
    return (
        f"{title} was asked to stop, but is {status} after {minutes} minutes, and may still cost money.{refused} Try "
        f"again, stop it in the console, or see {command}"
    )


def still_exists(title: str, times: int, status: str | None, command: str) -> str:
    """Return the error of a task that exists after it was deleted; `command` shows its events."""
    return (
        f"{title} was deleted {times} times, but still exists: {status or 'its status is not visible'}. "
        f"{STAYS_IN_STATE}. Try again, or see {command}"
    )


# A task that is changed.

WAITING_FOR_RUN = "waiting until the new run is visible"


def not_changed(title: str, done: Sequence[str], left: Sequence[str], error: Exception) -> str:
    """Return the error of an update that failed on its way: why, what is done, and what is not."""
    reason = str(error) if isinstance(error, TioneError) else f"a response could not be used ({type(error).__name__})"
    is_one_step = not done and len(left) <= 1
    parts = {} if is_one_step else {"changed": ", ".join(done) or "nothing", "not changed": ", ".join(left)}
    progress = f" ({'; '.join(f'{part}: {names}' for part, names in parts.items() if names)})" if parts else ""
    return f"{title} was not changed completely{progress}: {reason}"


def changed_but_unreadable(task_id: str, error: TioneError) -> str:
    """Return the warning of a task that was changed, and of which nothing can be read then."""
    return f"{task_id} was changed, but cannot be read: {error}"


def labels_missing(task_id: str, keys: Iterable[str], error: TioneError) -> str:
    """Return the warning of a task of an earlier version whose newer labels could not be bound."""
    return f"{task_id} does not have the labels {', '.join(sorted(keys))} yet: {error}"


def rerun_not_due(task_id: str, status: str, run: str) -> str:
    """Return the warning of a re-run that is not started, because the task does not show the failed run any more."""
    return f"{task_id} was not started again: by now it is {status}{f', run {run}' if run else ''}"


def perhaps_started(error: TioneError, seconds: float) -> str:
    """Return the error of a start whose result is indeterminate, after this time without a new run."""
    return (
        f"it may or may not have been started again ({error}); after {seconds:.0f} s no new run is visible. Run "
        "`pulumi up` again: it starts the task only if there is no new run by then"
    )


def no_new_run(task_id: str, status: str, seconds: float) -> str:
    """Return the warning of a start that was accepted, after this time without a new run."""
    return (
        f"the service accepted the start of {task_id}, but after {seconds:.0f} s no new run is visible: the task "
        f"is still {status}. Check it with `pulumi-tione status`, or run `pulumi refresh` later"
    )


def still_stopping(minutes: int) -> str:
    """Return the error of a task that cannot be started, because it does not stop."""
    return f"it has been STOPPING for {minutes} minutes, and cannot be started before it has stopped"


def stopped_waiting(reason: object, status: str) -> str:
    """Return the error of a start that had to end while the task was STOPPING."""
    return f"{reason} while waiting until it has stopped; the task is {status}"


def tags_not_shown(keys: Iterable[str], waited: str) -> str:
    """Return the error of tags that were accepted, and are not read back."""
    return f"the tags {', '.join(keys)} were accepted, but are not visible {waited}. Run `pulumi up` again"


def tags_not_changed(parts: Mapping[str, Sequence[str]], error: TioneError) -> str:
    """Return the error of tags of which some were not changed: the keys by what has become of them."""
    listed = "; ".join(f"{what}: {', '.join(keys)}" for what, keys in parts.items() if keys)
    return f"not all tags were changed ({listed}): {error}"
