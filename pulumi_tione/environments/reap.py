"""`env reap`: take down every environment that nobody needs any more, whatever happens to one of them.

That is one whose `up` or `down` was interrupted, whose branch is gone, or whose time to live, counted from its last
update, is over (`Rules`). A stack without any mark has to be 1 minute old; one whose age is unknown is watched for that
long, and stays if it changes. Kept ones, and that of the default branch, stay. 4 stacks are taken down at once, and
none waits for Pulumi's lock.

`down.py` takes down one environment, by the name of its branch. The steps are in `teardown.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from pulumi_tione._durations import format_age
from pulumi_tione.environments.down import NoLongerDueError, take_down
from pulumi_tione.environments.git import GitError, Repository
from pulumi_tione.environments.overview import Overview, read_overviews
from pulumi_tione.environments.session import EnvironmentStack, Session, is_alive, is_dead
from pulumi_tione.environments.tags import EnvironmentTags
from pulumi_tione.environments.teardown import Leftover, TeardownResult
from pulumi_tione.errors import TioneError

_PARALLEL_STACKS = 4
_GRACE = timedelta(minutes=1)
"""How long a stack without tags may be one that an `up` on another machine has just created."""

_SECONDS_BETWEEN_CHECKS = 5.0
"""The pause between two checks of a stack whose age is unknown."""

DEAD = "its `env {kind}` was interrupted"
WITHOUT_MARKS = "a killed `env up` has left nothing but the stack"
UNREADABLE = "it has the name of an environment, but cannot be read"
BRANCH_GONE = "its branch is gone"
TIME_IS_OVER = "its time to live is over"


@dataclass(frozen=True)
class Branches:
    """What is known of the branches."""

    repository: Repository | None
    default: frozenset[str]

    @classmethod
    def of(cls, repository: Repository | None) -> Branches:
        default: frozenset[str] = frozenset()
        if repository is not None:
            default = repository.default_branches()
        return cls(repository, default)

    def is_gone(self, branch: str) -> bool:
        """Check whether a branch is provably gone: neither here nor at any remote."""
        try:
            return self.repository is not None and self.repository.exists(branch) is False
        except GitError:
            return False


@dataclass(frozen=True)
class Rules:
    """When an environment is taken down.

    Args:
        branches: what is known of the branches.
        now: the time.
        min_age: only environments that were updated last longer ago than this are taken down.
    """

    branches: Branches
    now: datetime
    min_age: timedelta | None = None

    def reason(self, overview: Overview, *, was_made_here: bool) -> str | None:
        """Return why an environment is taken down; None if it stays.

        Args:
            overview: the stack.
            was_made_here: whether a command on this machine has worked on it.
        """
        if overview.is_unreadable:
            return UNREADABLE
        age = None if overview.last_update is None else self.now - overview.last_update
        if not overview.is_environment or self._is_protected(overview.environment_tags):
            return None
        if self.min_age is not None and (age is None or age < self.min_age):
            return None
        environment_tags = overview.environment_tags
        if not environment_tags.are_complete or (environment_tags.operation is None and overview.is_empty):
            return WITHOUT_MARKS if was_made_here or age is None or age >= _GRACE else None
        return self.reason_in_tags(environment_tags, age)

    def _is_protected(self, environment_tags: EnvironmentTags) -> bool:
        return environment_tags.is_kept or environment_tags.branch in self.branches.default

    def reason_in_tags(self, environment_tags: EnvironmentTags, age: timedelta | None) -> str | None:
        """Return why an environment with these tags is taken down."""
        operation = environment_tags.operation
        if self._is_protected(environment_tags):
            return None
        if operation is not None and is_alive(operation) and operation.kind != "down":
            return None
        if operation is not None and is_dead(operation) and operation.kind in ("up", "down"):
            return DEAD.format(kind=operation.kind)
        if not environment_tags.is_without_branch and self.branches.is_gone(environment_tags.branch):
            return BRANCH_GONE
        if environment_tags.time_to_live is not None and age is not None and age >= environment_tags.time_to_live:
            return f"{TIME_IS_OVER}: it was updated {format_age(age)} ago"
        return None


@dataclass(frozen=True)
class DueEnvironment:
    """An environment to be taken down."""

    overview: Overview
    reason: str
    may_be_new: bool = False
    """Whether an `up` on another machine may have just created it: a backend does not show the age of a stack that was
    never updated."""

    @property
    def result(self) -> TeardownResult:
        """The report on it before anything was done."""
        return TeardownResult(self.overview.stack.stack, self.overview.environment_tags.branch, self.reason)


def due_environments(session: Session, min_age: timedelta | None) -> tuple[list[DueEnvironment], Rules]:
    """Return the environments that are to be taken down, and the rules that have selected them."""
    session.end_dead_commands()
    rules = Rules(Branches.of(session.repository), datetime.now(timezone.utc), min_age)
    found = []
    for overview in read_overviews(session.pulumi, session.backend_folder, session.project.name):
        was_made_here = session.exclusion_file(overview.stack.stack).exists()
        reason = rules.reason(overview, was_made_here=was_made_here)
        if reason is not None:
            may_be_new = reason == WITHOUT_MARKS and overview.last_update is None and not was_made_here
            found.append(DueEnvironment(overview, reason, may_be_new))
    return found, rules


def reap(session: Session, due: Sequence[DueEnvironment], rules: Rules, *, wait: timedelta) -> list[TeardownResult]:
    """Take environments down, several at once. What fails is in the report, and never stops the others."""

    def attempt(each: DueEnvironment) -> TeardownResult | None:
        result = each.result
        if each.overview.is_unreadable:
            result.left.append(Leftover(f"stack {result.stack}", each.overview.problem))
            return result
        age = None if each.overview.last_update is None else rules.now - each.overview.last_update

        def is_due(environment_tags: EnvironmentTags) -> bool:
            # A killed `up` may have left any of the tags that it sets before its first heartbeat.
            has_begun = environment_tags.operation is not None or (
                each.may_be_new and environment_tags != each.overview.environment_tags
            )
            return rules.reason_in_tags(environment_tags, age) is not None or (
                each.reason == WITHOUT_MARKS and not has_begun
            )

        try:
            if each.may_be_new and not _stays_without_marks(session, each.overview):
                return None
            return take_down(
                session,
                each.overview.stack.stack,
                result,
                wait=wait,
                lock_wait=timedelta(0),
                may_break_dead_locks=False,
                is_due=is_due,
            )
        except NoLongerDueError:
            return None
        except (TioneError, OSError) as error:
            result.left.append(Leftover("the environment", str(error)))
        except Exception as error:  # noqa: BLE001  whatever it is: the others must be taken down
            result.left.append(Leftover("the environment", f"{type(error).__name__}: {error}"))
        return result

    with ThreadPoolExecutor(_PARALLEL_STACKS) as pool:
        results = [result for result in pool.map(attempt, due) if result is not None]
    session.remove_dead_worktrees()
    return results


def _stays_without_marks(session: Session, overview: Overview) -> bool:
    """Watch a stack for as long as an `up` may need to mark it, and return whether nothing of it has changed.

    It is not held meanwhile: that would keep the `up` of this machine waiting.
    """
    with EnvironmentStack(session, overview.stack.stack) as stack:

        def has_changed() -> bool:
            return stack.exists and (stack.environment_tags() != overview.environment_tags or not _is_empty(stack))

        return not session.poll(has_changed, bool, timeout=_GRACE.total_seconds(), pause=_SECONDS_BETWEEN_CHECKS)


def _is_empty(stack: EnvironmentStack) -> bool:
    state = stack.state()
    return not state.resources and not state.has_pending_operations
