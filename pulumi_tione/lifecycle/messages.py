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


def of_task(title: str, message: str) -> str:
    """Return a message with the task that it is about."""
    return f"{title}: {message}"


def unexpected(verb: str, error: Exception) -> str:
    """Return the error of a verb that failed by a mistake of this package."""
    return f"{verb} failed unexpectedly ({type(error).__name__}: {error}). Please report it"


def set_newer_credentials(command: str) -> str:
    """Return what follows when a command was refused with credentials of the config of the last update."""
    return (
        f". Set new ones and run your command again. A plain `pulumi {command}` uses the config of the last update: "
        f"run `TIONE_WAIT=false pulumi {command} --run-program` instead, which uses the current one"
    )


# A task that is created.


def new_task_title(name: str) -> str:
    """Return how messages name a task that has no id yet."""
    return f"training task {name!r}"


def not_created(name: str) -> str:
    """Return the beginning of the error of a create that has certainly made no task."""
    return f"{new_task_title(name)} was not created"


def perhaps_created(name: str) -> str:
    """Return the beginning of the error of a create that may have made a task."""
    return f"{new_task_title(name)} may or may not have been created"


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
        f"{perhaps_created(name)}{in_attempts}: {indeterminate}.{last} Run `pulumi up` again: it finds the task by its "
        "name. `pulumi-tione orphans` also lists it"
    )


def created_but_not_recorded(task_id: str, error: Exception) -> str:
    """Return the warning of a task that was created, and of which nothing can be recorded."""
    return f"{task_id} was created, but what the service returned of it cannot be recorded: {type(error).__name__}"


def created_without_tags(task_id: str, error: TioneError) -> str:
    """Return the warning of a task that was created, and whose tags could not be bound."""
    return f"{task_id} was created, but lacks tags; the next `pulumi up` tries again: {error}"


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


def holder_unknown(name: str, refusal: ApiError, error: TioneError) -> str:
    """Return the error of a name that is refused as taken, where what has the name cannot be looked up."""
    return f"{not_created(name)}: {refusal}; what has the name: {error}"


# A name that another task has.

KEPT_BY_RETAIN_ON_DELETE = (
    "retain_on_delete keeps it. To create another task next to it, change `triggers`, or `name` if the "
    "program sets one."
)
LEFT_BY_INTERRUPTED_UPDATE = "An interrupted update may have left it"
WITHOUT_LABELS = "without labels"
WITH_OWN_LABELS = "with the labels of this resource"


def with_labels_of(resource: str, stack: str, project: str) -> str:
    """Return which resource the labels of a task name."""
    return f"with the labels of the resource {resource!r} of stack {stack!r}, project {project!r}"


def already_exists(
    task_id: object, name: object, status: object, created: object, labels: str, *, is_same_content: bool
) -> str:
    """Describe a task that is in the way, so that you can decide whether it is yours.

    Args:
        task_id: its id.
        name: its name.
        status: its status.
        created: its time of creation.
        labels: which labels it has.
        is_same_content: whether it has the inputs that the program sets.
    """
    content = "the same" if is_same_content else "different"
    return (
        f"{task_id} already exists, named {name!r}, status {status}, created {created}, {labels}, created with "
        f"{content} inputs"
    )


def name_is_taken(name: str, holder: str, next_steps: str, refusal: ApiError | None = None) -> str:
    """Return the error of a name that a task has, which is described with what to do about it."""
    return f"{not_created(name)}: {holder}. {next_steps}{refused_as(refusal)}"


def leftover_exists(name: str, task: str, next_steps: str) -> str:
    """Return the error of an active task of the resource that no state knows, described with what to do about it."""
    return f"{not_created(name)}: {task}. {LEFT_BY_INTERRUPTED_UPDATE}. {next_steps}"


def keep_if_yours(keep: str) -> str:
    """Return what to do about a task without labels; `keep` imports it."""
    return f"Choose another name; or, if it is yours, keep it: {keep}. Then run `pulumi up` again."


def keep_or_delete(keep: str, delete: str) -> str:
    """Return what to do about a task of this resource; `keep` imports it, `delete` deletes it."""
    return f"To keep it: {keep}. To get rid of it: {delete}. Then run `pulumi up` again."


def name_of_another_resource(resource: str) -> str:
    """Return what to do about a task of another resource of the stack."""
    return (
        f"If your program still declares {resource!r}, choose another name for one of the two. If you have "
        f"renamed it, add `aliases=[pulumi.Alias(name={resource!r})]` to the options of this resource, and the "
        "task is left as it is."
    )


def name_of_another_stack(events: str) -> str:
    """Return what to do about a task of another stack; `events` shows it."""
    return f"It does not belong to this stack. Choose another name. {events} shows it."


# A task that is looked up.


def no_such_task(task_id: str, region: str, workspace: str | None, account: str) -> str:
    """Return the error of a lookup that finds no task with the id."""
    where = f"region {region}, workspace {workspace or 'default'}"
    return f"there is no training task {task_id} ({where}) in account {account}"


# A task that may be gone.

CHECKING_EXISTENCE = "checking whether it still exists"
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


def waiting_until_stopped(progress: str) -> str:
    """Return what a call was doing that had to end while a task was being stopped."""
    return f"waiting until it stops; {progress}"


def deleting(progress: str) -> str:
    """Return what a call was doing that had to end while a task was being deleted."""
    return f"deleting it; {progress}"


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


def imported_fields_kept(paths: Iterable[str]) -> str:
    """Return the warning of an imported task whose fields are recorded as the program has them."""
    return (
        f"this task was imported. These fields are recorded as in the program, and the task is not replaced: "
        f"{', '.join(paths)}"
    )


def start_refused(name: str, reasons: Iterable[str]) -> str:
    """Return the error of a task that the program starts again, and that must not be started."""
    return f"{name} is started again: {'; '.join(reasons)}"


def rerun_announced(number: int, allowed: int, *, is_unconfirmed: bool) -> str:
    """Return the warning of a re-run: which one of how many, and whether it may have been started already."""
    rerun = f"re-run {number} of {allowed}"
    if is_unconfirmed:
        return f"{rerun} may or may not have been started; if it was not, it is started now, and billed again"
    return f"the task failed and is started again: {rerun}, billed again"


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
