"""`env down`: nothing of a branch is left, in the backend and in the account.

The steps, and their order, are in `teardown.py`; how long it waits for other commands is in `cli/env.py` (`_WAIT`). It
needs neither the branch nor its files. `reap.py` decides which environments are taken down without being named.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from pulumi_tione.environments import messages
from pulumi_tione.environments.names import environment_stack
from pulumi_tione.environments.project import ProjectError
from pulumi_tione.environments.session import EnvironmentStack, NotAnEnvironmentError, Session
from pulumi_tione.environments.tags import EnvironmentTags
from pulumi_tione.environments.teardown import (
    Leftover,
    Orphans,
    Recovery,
    Teardown,
    TeardownResult,
    dead_operation,
    title_of,
)
from pulumi_tione.errors import TioneError
from pulumi_tione.stacks.state import State


class NoLongerDueError(TioneError):
    """An environment was updated between the decision to take it down and the moment it is held."""


def down(session: Session, branch: str, *, wait: timedelta) -> TeardownResult:
    """Take the environment of a branch down. It may be in any state, or be gone already."""
    return take_down(
        session,
        environment_stack(session.project.name, branch),
        TeardownResult(environment_stack(session.project.name, branch), branch),
        wait=wait,
        lock_wait=wait,
        may_break_dead_locks=True,
    )


def take_down(
    session: Session,
    name: str,
    result: TeardownResult,
    *,
    wait: timedelta,
    lock_wait: timedelta,
    may_break_dead_locks: bool,
    is_due: Callable[[EnvironmentTags], bool] = lambda _: True,
) -> TeardownResult:
    """Take the environment with this stack down.

    Args:
        session: the run of the command.
        name: the stack.
        result: the report, which is completed.
        wait: how long to wait for other commands on the environment.
        lock_wait: how long to wait for an update by Pulumi itself.
        may_break_dead_locks: whether the lock of any dead process on this machine may be broken.
        is_due: checks, once the environment is held, whether it is still to be taken down.

    Raises:
        NoLongerDueError: it is not.
        NotAnEnvironmentError: the stack was made by hand.
        InUseError: another command works on it.
    """
    with EnvironmentStack(session, name) as stack, stack.exclusive(wait):
        if not stack.exists:
            return _without_stack(stack, result)
        environment_tags = stack.wait_for_others(wait)
        if not is_due(environment_tags):
            raise NoLongerDueError(f"{name} was updated in the meantime")
        ensure_is_environment(stack, environment_tags)
        use_template(stack, environment_tags)
        result.branch = result.branch or environment_tags.branch
        recovery = Recovery(stack, dead_operation(environment_tags), lock_wait, may_break_dead_locks)
        with stack.leased("down", environment_tags.operation) as lease:
            Teardown(stack, environment_tags, recovery, result).run()
            if result.left and stack.exists:
                lease.end("failed")
    session.remove_dead_worktrees()
    return result


def use_template(stack: EnvironmentStack, environment_tags: EnvironmentTags) -> None:
    """Use the current configuration of the environment's template, if the template still exists."""
    try:
        stack.configuration.take_from(stack.project, environment_tags.template, environment_tags.environment)
    except ProjectError as error:
        if environment_tags.template and stack.project.template_file(environment_tags.template).exists():
            stack.session.show(f"{stack.name}: {messages.settings_from_variables(error)}")


def ensure_is_environment(stack: EnvironmentStack, environment_tags: EnvironmentTags) -> None:
    """Check that a stack is the environment that its name stands for.

    A stack with such a name and nothing else is one: a killed `up` may leave just that.

    Raises:
        NotAnEnvironmentError: it was made by hand, or renamed.
    """
    if environment_tags.branch:
        if environment_stack(stack.project.name, environment_tags.branch) != stack.name:
            raise NotAnEnvironmentError(
                f"{stack.name} is not the environment of {environment_tags.branch!r}: it was renamed"
            )
        if environment_tags.environment:
            return
    state = State(stack.pulumi.export(stack.full_name))
    if state.resources or state.has_pending_operations:
        raise NotAnEnvironmentError(messages.made_by_hand(stack.name))


def _without_stack(stack: EnvironmentStack, result: TeardownResult) -> TeardownResult:
    """Name the tasks that are left of a stack that is gone. Nothing proves whose they are."""
    try:
        _, others = Orphans(stack, "", stack.default_settings()).find(State({}), [])
    except TioneError as error:
        stack.session.interrupts.raise_if_set()
        others = []
        result.others.append(Leftover(f"training tasks of {stack.name}", f"they were not looked for: {error}"))
    result.others += [Leftover(title_of(task), messages.NOT_OWN) for task in others]
    return result
