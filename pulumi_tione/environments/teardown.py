"""Take an environment down, whatever state its stack is in, until nothing of it is left.

In this order, so that a kill at any moment leaves what the next run finds: the processes of a dead command, its lock,
pending creates, the resources, tasks that no state knows, the stack. The id of the environment is in the tags of the
stack, so the stack goes last.

A destroy is tried 2 times. Tasks that no state knows are looked for until 35 seconds after the last possible create
(`LAG_SECONDS` in `lifecycle/existence.py`). Which environments are taken down is decided in `down.py` and `reap.py`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypeVar

from pulumi_tione._api.polling import Attempts
from pulumi_tione._config.settings import Settings
from pulumi_tione._schema.identity import ENVIRONMENT_LABEL, TYPE, labels_of_stack
from pulumi_tione.environments import messages
from pulumi_tione.environments.processes import end_processes, host_name, is_name_of, process_start, this_host
from pulumi_tione.environments.session import EnvironmentStack, is_dead
from pulumi_tione.environments.tags import EnvironmentTags, Operation
from pulumi_tione.errors import TioneError
from pulumi_tione.lifecycle.delete import delete
from pulumi_tione.lifecycle.existence import LAG_SECONDS
from pulumi_tione.stacks.label_search import LabelSearch, TaskSummary
from pulumi_tione.stacks.locations import Clients, Location
from pulumi_tione.stacks.orphan_cleanup import recorded_task
from pulumi_tione.stacks.pulumi_cli import Lock, LockedError, PulumiError
from pulumi_tione.stacks.state import State
from pulumi_tione.stacks.state_edit import StateEdit
from pulumi_tione.stacks.task_import import resolve_pending_creates

_SECONDS_BETWEEN_CHECKS = 2.0
_SECONDS_BETWEEN_SEARCHES = 5.0
_DESTROY_ATTEMPTS = 2

_T = TypeVar("_T")


@dataclass
class Recovery:
    """What a command does first about a dead command before it: processes, lock, pending creates.

    Args:
        stack: the stack, which this command holds.
        dead: the command before this one, if it was cut off.
        wait: how long to wait for the lock of a live update.
        may_break_dead_locks: whether the lock of any process that is dead on this machine may be broken, also that of a
            plain `pulumi up`.
    """

    stack: EnvironmentStack
    dead: Operation | None
    wait: timedelta
    may_break_dead_locks: bool
    quiet_since: float = 0.0
    """When the last process that may have created tasks was seen to be dead."""

    def run(self) -> None:
        """End the processes of the dead command, and resolve its pending creates."""
        if self.dead is not None:
            if self.dead.host == this_host():
                session = self.stack.session
                ended = end_processes(self.dead.runs, sleep=session.sleep, clock=session.clock)
                if ended:
                    self.show(f"{self.stack.name}: ended {ended} processes of a dead `env {self.dead.kind}`")
            self.quiet_since = self.stack.session.now()
        self.resolve_pending_creates()

    def show(self, line: str) -> None:
        self.stack.session.show(line)

    def resolve_pending_creates(self) -> None:
        """Resolve the pending creates of training tasks."""
        if self.stack.state().pending_tasks:
            self.retry_while_locked(lambda: resolve_pending_creates(self._edit()))

    def _edit(self) -> StateEdit:
        return StateEdit(
            self.stack.pulumi, self.stack.full_name, confirm=lambda _: True, show=self.show, print_result=self.show
        )

    def retry_while_locked(self, action: Callable[[], _T]) -> _T:
        """Do something that needs the lock of the stack: wait for live updates, and break the lock of a dead one.

        Raises:
            LockedError: an update does not end in time, or it is not known whether it is dead.
        """
        session, is_shown = self.stack.session, False

        def show_holders(error: Exception, _: float) -> None:
            nonlocal is_shown
            if self.wait and not is_shown:
                self.show(f"{messages.is_locked(self.stack.name, _holders(error))}. Waiting until it is released")
            is_shown = True

        attempts = Attempts(
            timeout=self.wait.total_seconds(),
            first_pause=_SECONDS_BETWEEN_CHECKS,
            growth=1,
            is_tolerated=lambda error: isinstance(error, LockedError),
            on_error=show_holders,
            clock=session.clock,
        )
        for _ in attempts.paced(session.pause):
            with attempts:
                try:
                    return action()
                except LockedError as error:
                    session.interrupts.raise_if_set()
                    if not all(self._is_of_dead_update(lock) for lock in error.locks or (None,)):
                        raise
                    self.show(messages.lock_removed(self.stack.name))
                    self.stack.stack.cancel()
                return action()
        locked = attempts.error
        assert isinstance(locked, LockedError)
        message = f"{messages.is_locked(self.stack.name, _holders(locked))}. {messages.WAIT_FOR_UPDATE}"
        raise LockedError(message, locked.locks) from None

    def _is_of_dead_update(self, lock: Lock | None) -> bool:
        """Check whether a lock was left by an update that is provably dead. A backend may not show the lock: None."""
        dead = self.dead
        if lock is None:
            return dead is not None
        is_here = lock.host == host_name()
        has_ended = is_here and process_start(lock.pid) is None
        if dead is not None and is_name_of(dead.host, lock.host) and dead.covers(lock.taken.timestamp()):
            return has_ended or dead.host != this_host()
        return self.may_break_dead_locks and has_ended


def _holders(error: Exception) -> str:
    """Return who holds the locks that an error names."""
    locks = error.locks if isinstance(error, LockedError) else ()
    return "; ".join(lock.holder for lock in locks) or "another update"


@dataclass
class Leftover:
    """Something that could not be removed, and why."""

    what: str
    why: str

    def __str__(self) -> str:
        return f"{self.what}: {self.why}"


@dataclass
class TeardownResult:
    """The result of taking an environment down."""

    stack: str
    branch: str
    reason: str = ""
    """Why it was taken down."""
    deleted: list[str] = field(default_factory=list)
    """The tasks that were deleted although no state knew them."""
    left: list[Leftover] = field(default_factory=list)
    """What could not be removed. As long as there is something, the stack stays: it has the id of the environment."""
    others: list[Leftover] = field(default_factory=list)
    """What stays without its stack: tasks with the labels of the stack that are provably of another environment, or not
    provably of this one; resources of other kinds that stay on purpose, or whose create was interrupted."""

    @property
    def is_gone(self) -> bool:
        """Whether nothing of the environment is left."""
        return not self.left

    @property
    def all_left(self) -> list[Leftover]:
        return [*self.left, *self.others]


class Orphans:
    """The tasks with the labels of an environment's stack that its state does not know.

    Args:
        stack: the stack.
        environment: the id of the environment; empty if it is not known.
        settings: the settings of a stack that is gone; None for those of the stack.
    """

    def __init__(self, stack: EnvironmentStack, environment: str, settings: Settings | None = None) -> None:
        self._stack = stack
        self._environment = environment
        self._settings = settings or stack.pulumi.settings(stack.full_name)
        self._clients = Clients(self._settings)
        self.ignored: set[str] = set()
        """The tasks that are deleted, which lists may still show."""

    def find(self, state: State, locations: list[Location]) -> tuple[list[TaskSummary], list[TaskSummary]]:
        """Return those of this environment, and the others."""
        labels = labels_of_stack(self._stack.project.name, self._stack.name)
        search = LabelSearch(labels, self._clients.of)
        search.run([Location(self._settings.region), *locations])
        known = {*state.tasks, *self.ignored}
        found = [task for task_id, task in search.tasks.items() if task_id not in known]
        own = [task for task in found if self._environment and task.tags.get(ENVIRONMENT_LABEL) == self._environment]
        return own, [task for task in found if task not in own]

    def delete(self, task: TaskSummary) -> None:
        """Stop and delete a task of this environment."""
        client = self._clients.of(task.location)
        delete(recorded_task(task, client, client.account_id()))
        self.ignored.add(task.id)


def title_of(task: TaskSummary) -> str:
    """Return how a report names a task."""
    return f"training task {task.id} ({task.name}, {task.status}, {task.location.region})"


class Teardown:
    """Taking one environment down.

    Args:
        stack: the stack, which this command holds.
        environment_tags: its environment_tags, as they were before this command held it.
        recovery: what to do about a dead command before this one.
    """

    def __init__(
        self, stack: EnvironmentStack, environment_tags: EnvironmentTags, recovery: Recovery, result: TeardownResult
    ) -> None:
        self._stack = stack
        self._marks = environment_tags
        self._recovery = recovery
        self._result = result

    def run(self) -> TeardownResult:
        """Remove everything that is provably of this environment, and report what is left."""
        with self._noting("stack " + self._stack.name):
            self._run()
        return self._result

    def _run(self) -> None:
        stack, recovery = self._stack, self._recovery
        if not self._marks.are_complete:  # nothing can have been created
            recovery.run()
            self._remove()
            return
        before = State.of(stack.pulumi, stack.full_name)
        locations = [*before.locations, *self._marks.locations]
        known = set(before.tasks)
        interrupted = [each for each in before.pending_creates if _is_foreign(each)]
        self._result.others += [Leftover(_title(each), messages.CREATE_INTERRUPTED) for each in interrupted]
        with self._noting("pending creates"):
            recovery.run()
            known |= set(stack.state().tasks)
        with self._noting("resources"):
            self._destroy()
        orphans = Orphans(stack, self._marks.environment)
        after = stack.state()
        orphans.ignored |= known - set(after.tasks)
        with self._noting("training tasks"):
            self._delete_orphans(orphans, after, locations)
        if not self._result.left:
            self._remove()

    @contextlib.contextmanager
    def _noting(self, what: str) -> Any:
        """Note what fails. Only an interruption ends the command."""
        try:
            yield
        except (TioneError, OSError) as error:
            self._stack.session.interrupts.raise_if_set()
            self._result.left.append(Leftover(what, str(error)))

    def _destroy(self) -> None:
        stack = self._stack
        state = stack.state()
        if not state.resources:
            return
        self._prepare_state()
        retained = [each for each in state.retained if _is_foreign(each)]
        for attempt in range(_DESTROY_ATTEMPTS):
            try:
                self._recovery.retry_while_locked(
                    lambda: stack.stack.destroy(
                        on_output=lambda line: stack.session.show(f"  {line}"),
                        config_file=str(stack.configuration.file),
                        suppress_outputs=True,
                        show_secrets=False,
                    )
                )
            except LockedError:
                raise
            except PulumiError:
                stack.session.interrupts.raise_if_set()
                if attempt + 1 == _DESTROY_ATTEMPTS:
                    raise
            else:
                self._result.others += [Leftover(_title(each), messages.KEPT_BY_RETAIN_ON_DELETE) for each in retained]
                return

    def _prepare_state(self) -> None:
        """Write into the state what a destroy takes from it.

        These are the settings, since those of the last update may have expired, and that no training task stays: one
        with `retain_on_delete` would be billed although nothing of its environment is left.
        """
        stack = self._stack
        before = after = State(stack.pulumi.export(stack.full_name))
        if stack.configuration.has_template:
            config = stack.pulumi.config(stack.full_name)
            if not State.with_plain_secrets(stack.pulumi, stack.full_name).has_settings(config):
                after = after.with_settings(config)
        if any(not _is_foreign(each) for each in before.retained):
            after = after.without_retained_tasks()
        if after is not before:
            self._recovery.retry_while_locked(lambda: stack.pulumi.write(stack.full_name, after.exported))

    def _delete_orphans(self, orphans: Orphans, state: State, locations: list[Location]) -> None:
        """Delete the tasks of this environment that its state does not know, and name the others.

        After a kill, a task may take half a minute until a list shows it.
        """
        operation = self._marks.operation
        is_quiet = operation is not None and operation.result == "ok"
        last_create = max(self._recovery.quiet_since, operation.at if operation is not None else 0.0)
        end = 0.0 if is_quiet else last_create + LAG_SECONDS
        failed: dict[str, str] = {}
        session = self._stack.session

        def search() -> list[TaskSummary]:
            own, others = orphans.find(state, locations)
            for task in own:
                try:
                    orphans.delete(task)
                    self._result.deleted.append(task.id)
                    self._recovery.show(f"{self._stack.name}: {title_of(task)} was in no state and is deleted")
                    failed.pop(task.id, None)
                except TioneError as error:
                    failed[task.id] = str(error)
            return others

        remaining = max(0.0, end - session.now())
        others = session.poll(search, lambda _: False, timeout=remaining, pause=_SECONDS_BETWEEN_SEARCHES)
        self._result.left += [Leftover(f"training task {task_id}", why) for task_id, why in failed.items()]
        self._result.others += [Leftover(title_of(task), messages.NOT_OWN) for task in others]

    def _remove(self) -> None:
        stack = self._stack
        self._recovery.retry_while_locked(lambda: stack.workspace.remove_stack(stack.name))
        stack.session.exclusion_file(stack.name).unlink(missing_ok=True)


def _is_foreign(resource: Mapping[str, Any]) -> bool:
    """Check whether a resource is something outside Pulumi that is no training task."""
    is_internal = not resource.get("custom") or str(resource.get("type")).startswith("pulumi:")
    return resource.get("type") != TYPE and not is_internal and not resource.get("external")


def _title(resource: Mapping[str, Any]) -> str:
    """Return how a report names a resource of another kind."""
    title = f"{resource.get('type')} {str(resource.get('urn')).rpartition('::')[2]}"
    return f"{title} ({resource['id']})" if resource.get("id") else title


def dead_operation(environment_tags: EnvironmentTags) -> Operation | None:
    """Return the command before this one if it was cut off."""
    return environment_tags.operation if is_dead(environment_tags.operation) else None


def as_json(result: TeardownResult) -> Mapping[str, Any]:
    """Return the result of taking an environment down, for JSON."""
    return {
        "stack": result.stack,
        "branch": result.branch or None,
        "reason": result.reason or None,
        "gone": result.is_gone,
        "deletedOrphans": result.deleted,
        "left": [{"what": each.what, "why": each.why} for each in result.all_left],
    }
