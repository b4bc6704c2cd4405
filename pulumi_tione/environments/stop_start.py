"""`env stop` and `env start`: through the API, for any program and without running it.

Which tasks are stopped is recorded in the tags of the stack before the first one is. 32 tasks are handled at once. A
stop is `lifecycle/stop.py`, a start is an update (`lifecycle/update.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from pulumi_tione._api.status import Status, is_terminal, status_of
from pulumi_tione._schema.identity import split_owner
from pulumi_tione.call_context import CallContext
from pulumi_tione.environments import messages
from pulumi_tione.environments.down import ensure_is_environment, use_template
from pulumi_tione.environments.names import environment_stack
from pulumi_tione.environments.session import EnvironmentStack, Session, is_dead
from pulumi_tione.environments.tags import EnvironmentTags
from pulumi_tione.errors import TioneError
from pulumi_tione.lifecycle.existence import detail_or_gone
from pulumi_tione.lifecycle.recorded_task import RecordedTask
from pulumi_tione.lifecycle.stop import stop_and_wait
from pulumi_tione.lifecycle.update import update
from pulumi_tione.stacks.locations import Clients, Location
from pulumi_tione.stacks.state import State
from pulumi_tione.stacks.state_secrets import revealed

_PARALLEL_TASKS = 32


class NoEnvironmentError(TioneError):
    """The branch has no environment."""


@dataclass
class StopStartResult:
    """What was stopped or started."""

    branch: str
    stack: str
    done: list[str] = field(default_factory=list)
    """The tasks that were stopped or started."""
    unchanged: dict[str, str] = field(default_factory=dict)
    """The tasks for which there was nothing to do, and why."""
    failed: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Task:
    """A task of the stack, with what is recorded of it."""

    recorded: RecordedTask[Any]
    inputs: Mapping[str, Any]

    @property
    def id(self) -> str:
        return self.recorded.id


def stop(session: Session, branch: str, *, wait: timedelta) -> StopStartResult:
    """Stop the active tasks of an environment, and record which ones in its tags, before the first is stopped.

    Raises:
        NoEnvironmentError: there is none. Nothing was created.
        TioneError: it cannot be stopped now.
    """

    def run(stack: EnvironmentStack, environment_tags: EnvironmentTags, result: StopStartResult) -> None:
        tasks = _tasks(stack)
        active = [task for task in tasks if _is_active(task, result)]
        stack.set_stopped([*dict.fromkeys([*environment_tags.stopped, *(task.id for task in active)])])
        _each(active, lambda task: _stop(task, result), result)
        ended = [task_id for task_id in result.unchanged if task_id in {task.id for task in active}]
        if ended:
            recorded = [*dict.fromkeys([*environment_tags.stopped, *(task.id for task in active)])]
            stack.set_stopped([task_id for task_id in recorded if task_id not in ended])

    return _run(session, branch, "stop", run, wait=wait)


def start(session: Session, branch: str, *, wait: timedelta) -> StopStartResult:
    """Start exactly the tasks that `env stop` has stopped.

    Raises:
        NoEnvironmentError: there is no environment.
        TioneError: it cannot be started now.
    """

    def run(stack: EnvironmentStack, environment_tags: EnvironmentTags, result: StopStartResult) -> None:
        tasks = {task.id: task for task in _tasks(stack)}
        result.unchanged |= dict.fromkeys({*environment_tags.stopped} - {*tasks}, "it is not in the state any more")
        stopped = [tasks[task_id] for task_id in environment_tags.stopped if task_id in tasks]
        _each(stopped, lambda task: _start(task, result), result)
        stack.set_stopped([task_id for task_id in environment_tags.stopped if task_id in result.failed])

    return _run(session, branch, "start", run, wait=wait)


def _run(
    session: Session,
    branch: str,
    kind: str,
    run: Callable[[EnvironmentStack, EnvironmentTags, StopStartResult], None],
    *,
    wait: timedelta,
) -> StopStartResult:
    name = environment_stack(session.project.name, branch)
    result = StopStartResult(branch, name)
    with EnvironmentStack(session, name) as stack, stack.exclusive(wait):
        if not stack.exists:
            raise NoEnvironmentError(messages.no_environment(branch))
        environment_tags = stack.wait_for_others(wait)
        ensure_is_environment(stack, environment_tags)
        operation = environment_tags.operation
        if operation is None or (is_dead(operation) and operation.kind not in ("stop", "start")):
            raise TioneError(
                f"the last command on the environment of {branch!r} was interrupted. Run `pulumi-tione env up "
                f"{branch}` or `pulumi-tione env down {branch}`"
            )
        use_template(stack, environment_tags)
        with stack.leased(kind, operation) as lease:
            run(stack, environment_tags, result)
            lease.end(operation.result or "ok")
    return result


def _tasks(stack: EnvironmentStack) -> list[_Task]:
    """Return the tasks in the state, with their secrets in plain text where they are needed."""
    state = State.of(stack.pulumi, stack.full_name, shows_tasks=True)
    clients = Clients(stack.pulumi.settings(stack.full_name))
    found = []
    for task_id, resource in state.tasks.items():
        owner, inputs = split_owner(revealed(resource.get("inputs") or {}))
        _, outputs = split_owner(revealed(resource.get("outputs") or {}))
        location = Location.recorded(resource) or Location(str(inputs.get("region")))
        recorded = RecordedTask(clients.of(location), task_id, outputs, CallContext(), owner)
        found.append(_Task(recorded, {name: value for name, value in inputs.items() if name != "__provider"}))
    return found


def _each(tasks: Sequence[_Task], action: Callable[[_Task], None], result: StopStartResult) -> None:
    def attempt(task: _Task) -> None:
        try:
            action(task)
        except TioneError as error:
            result.failed[task.id] = str(error)

    with ThreadPoolExecutor(_PARALLEL_TASKS) as pool:
        list(pool.map(attempt, tasks))


def _is_active(task: _Task, result: StopStartResult) -> bool:
    try:
        detail = detail_or_gone(task.recorded)
    except TioneError as error:
        result.failed[task.id] = str(error)
        return False
    if detail is None:
        result.unchanged[task.id] = messages.DOES_NOT_EXIST
    elif is_terminal(status_of(detail)):
        result.unchanged[task.id] = messages.has_ended(status_of(detail))
    else:
        return True
    return False


def _stop(task: _Task, result: StopStartResult) -> None:
    status = stop_and_wait(task.recorded)
    if status == Status.STOPPED:
        result.done.append(task.id)
    else:
        result.unchanged[task.id] = messages.DOES_NOT_EXIST if status is None else messages.has_ended(status)


def _start(task: _Task, result: StopStartResult) -> None:
    """Start a stopped task as an update to `desired_status="RUNNING"` does, which copes with lost responses."""
    detail = detail_or_gone(task.recorded)
    if detail is None:
        result.unchanged[task.id] = messages.DOES_NOT_EXIST
        return
    status = status_of(detail)
    if status == Status.STOPPING:
        status = stop_and_wait(task.recorded) or ""
    if status != Status.STOPPED:
        result.unchanged[task.id] = messages.has_ended(status) if is_terminal(status) else f"it is {status}"
        return
    outputs = {**task.recorded.outputs, "desiredStatus": Status.STOPPED.value, "status": status}
    recorded = RecordedTask(task.recorded.client, task.id, outputs, task.recorded.context, task.recorded.owner)
    inputs = {**task.inputs, "desiredStatus": Status.RUNNING.value}
    update(recorded, inputs, owner=task.recorded.owner, labels_enabled=True)
    result.done.append(task.id)
