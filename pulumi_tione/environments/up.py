"""`env up`: the stack of a branch, created or brought up to date. It always previews first.

The order is: tags, what an interrupted command has left (`Recovery` in `teardown.py`), preview, `--max-hourly`,
question, update. An update that fails before it has begun removes a stack that it has created.

`names.py` makes the name of the stack; `down.py` and `reap.py` take it down, by the steps of `teardown.py`. How long it
waits for a lock is in `cli/env.py`.
"""

from __future__ import annotations

import contextlib
import dataclasses
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from pulumi_tione._schema.identity import RETAINED_LABEL
from pulumi_tione.environments import messages, tags
from pulumi_tione.environments.down import ensure_is_environment
from pulumi_tione.environments.git import GitError, Repository
from pulumi_tione.environments.names import environment_stack
from pulumi_tione.environments.project import Project, ProjectError
from pulumi_tione.environments.session import EnvironmentStack, Lease, Session
from pulumi_tione.environments.tags import EnvironmentTags
from pulumi_tione.environments.teardown import Orphans, Recovery, dead_operation, title_of
from pulumi_tione.environments.workspace import EngineCrashedError
from pulumi_tione.errors import TioneError
from pulumi_tione.pricing.amounts import format_amount
from pulumi_tione.review.build import review_stack
from pulumi_tione.review.gates import Gate, failed_gates
from pulumi_tione.review.model import Review
from pulumi_tione.review.preview import read_previews
from pulumi_tione.review.prices import location_of, price_lists_of
from pulumi_tione.stacks.locations import Location
from pulumi_tione.stacks.pulumi_cli import PulumiError
from pulumi_tione.stacks.state import State


class UpRefusedError(TioneError):
    """The environment is not updated: it would cost too much, it is stopped, or the question was answered with no."""


class PreviewFailedError(TioneError):
    """The preview failed."""

    def __init__(self, message: str, review: Review) -> None:
        self.review = review
        super().__init__(message)


@dataclass(frozen=True)
class UpRequest:
    """What is brought up, and how far it may go.

    Args:
        branch: the branch; None for the one that is checked out.
        template: the stack whose configuration file is used.
        time_to_live: after how long without an update `env reap` takes it down, as the user wrote it.
        keep: whether `env reap` leaves it alone; None leaves that as it is.
        max_hourly: what all its tasks may cost an hour.
        wait: how long to wait for a live update.
        allow_missing: whether the branch need not exist.
        confirm: asks, after the preview, whether to go on.
    """

    branch: str | None
    template: str
    time_to_live: str | None
    keep: bool | None
    max_hourly: Decimal | None
    wait: timedelta
    allow_missing: bool
    confirm: Callable[[Review], bool]


@dataclass
class UpResult:
    """The result of an update."""

    branch: str
    stack: str
    environment: str
    review: Review
    outputs: Mapping[str, Any] = field(default_factory=dict)
    """The outputs of the program; None for a secret."""


def up(session: Session, request: UpRequest) -> UpResult:
    """Create the environment of a branch, or bring it up to date.

    Raises:
        UpRefusedError: it is stopped, too expensive, or not confirmed.
        PreviewFailedError: the preview failed.
        TioneError: the update failed.
    """
    branch, is_without_branch = _branch(session, request)
    name = environment_stack(session.project.name, branch)
    with (
        _deployed(session, branch, is_without_branch=is_without_branch) as project,
        EnvironmentStack(session, name, project) as stack,
        stack.exclusive(request.wait),
    ):
        return _Update(stack, request, branch, is_without_branch).run()


def _branch(session: Session, request: UpRequest) -> tuple[str, bool]:
    """Return the branch, and whether there is no such branch.

    Raises:
        GitError: no branch is named, or it does not exist.
    """
    repository = session.repository
    branch = request.branch
    if branch is None:
        branch = repository.current_branch() if repository is not None else None
        if branch is None:
            where = "this is not a git repository" if repository is None else "a commit is checked out, not a branch"
            raise GitError(f"{where}: name the branch, as in `pulumi-tione env up BRANCH`")
    if not branch.strip() or branch.startswith("-") or not branch.isprintable() or len(branch) > tags.MAX_TAG_LENGTH:
        raise GitError(messages.not_a_branch(branch))
    if repository is None:
        return branch, True
    if request.allow_missing and repository.exists(branch) is not True:
        return branch, True
    if branch != repository.current_branch():  # a new repository's branch has no commit yet
        repository.ensure_exists(branch)
    return branch, False


@contextlib.contextmanager
def _deployed(session: Session, branch: str, *, is_without_branch: bool) -> Iterator[Project]:
    """Return the project in the working tree that is deployed: the one here, or a temporary one of the branch."""
    repository = session.repository
    if repository is None or is_without_branch or repository.is_checked_out(branch):
        yield session.project
        return
    repository.remove_dead_worktrees()
    with repository.worktree(branch) as folder:
        yield _project_in(session.project, folder, branch, repository)


def _project_in(project: Project, folder: Path, branch: str, _repository: Repository) -> Project:
    try:
        deployed = Project.read(folder)
    except ProjectError:
        raise ProjectError(f"the branch {branch!r} has no Pulumi.yaml in the same folder as this branch") from None
    if deployed.name != project.name:
        raise ProjectError(f"the project of the branch {branch!r} is {deployed.name!r}, not {project.name!r}")
    deployed.link_untracked(project)
    deployed.copy_untracked_templates(project)
    return deployed


class _Update:
    """One update of an environment that this command holds on this machine."""

    def __init__(self, stack: EnvironmentStack, request: UpRequest, branch: str, is_without_branch: bool) -> None:
        self._stack = stack
        self._session = stack.session
        self._request = request
        self._branch = branch
        self._is_without_branch = is_without_branch
        self._is_new = False
        self._locations: list[Location] = []

    def run(self) -> UpResult:
        stack, request = self._stack, self._request
        # Before anything is created: the template must exist, and a new stack gets its secrets provider.
        stack.configuration.take_from(stack.project, request.template, "")
        if not stack.exists:
            self._is_new = True
            self._create()
        environment_tags = stack.wait_for_others(request.wait)
        ensure_is_environment(stack, environment_tags)
        if environment_tags.stopped:
            raise UpRefusedError(
                f"the environment of {self._branch!r} is stopped. Start it first: `pulumi-tione env start "
                f"{self._branch}`"
            )
        dead = dead_operation(environment_tags)
        self._write_tags(environment_tags)
        with stack.leased("up", environment_tags.operation) as lease:
            is_sound = dead is None
            try:
                # Another `up` on another machine may have marked it at the same time: its id may have won.
                environment_tags = stack.environment_tags()
                stack.configuration.take_from(stack.project, request.template, environment_tags.environment)
                self._recover(environment_tags, dead)
                is_sound = True
                review = self._preview()
                self._check(review)
                self._write_locations(environment_tags)
            except Exception:
                self._end_unchanged(lease, is_sound=is_sound)
                raise
            outputs = self._update(lease)
            lease.end("ok", deployed=True)
            return UpResult(self._branch, stack.name, environment_tags.environment, review, outputs)

    def _create(self) -> None:
        self._session.show(f"Creating the stack {self._stack.name}")
        try:
            self._stack.workspace.create_stack(self._stack.name)
        except PulumiError:
            if not self._stack.exists:  # otherwise another `up` was faster
                raise

    def _write_tags(self, environment_tags: EnvironmentTags) -> None:
        """Set the tags that differ, the id of the environment first."""
        request = self._request
        desired = {
            tags.ENVIRONMENT: environment_tags.environment or secrets.token_hex(8),
            tags.BRANCH: self._branch,
            tags.TEMPLATE: request.template,
        }
        if request.time_to_live is not None:
            desired[tags.TIME_TO_LIVE] = request.time_to_live
        if request.keep is not None:
            desired[tags.KEPT] = str(request.keep).lower()
        if self._is_without_branch or environment_tags.is_without_branch:
            desired[tags.WITHOUT_BRANCH] = str(self._is_without_branch).lower()
        current = self._stack.tags()
        self._stack.set_tags({name: value for name, value in desired.items() if current.get(name) != value})

    def _recover(self, environment_tags: EnvironmentTags, dead: Any) -> None:
        """Settle what a dead command before this one has left."""
        recovery = Recovery(self._stack, dead, self._request.wait, may_break_dead_locks=False)
        self._recovery = recovery
        recovery.run()
        operation = environment_tags.operation
        if dead is None and (operation is None or operation.previous == ""):
            return
        state = State.of(self._stack.pulumi, self._stack.full_name)
        orphans = Orphans(self._stack, environment_tags.environment)
        own, _ = orphans.find(state, [*state.locations, *environment_tags.locations])
        for task in own:
            if RETAINED_LABEL in task.tags:  # an earlier one, which a replacement has kept on purpose
                continue
            self._session.show(f"{title_of(task)} comes from a killed update, is in no state, and is deleted")
            orphans.delete(task)

    def _end_unchanged(self, lease: Lease, *, is_sound: bool) -> None:
        """End before the update has begun: a healthy environment stays one, and a new stack is removed again."""
        was_interrupted = self._session.interrupts.is_set
        self._session.interrupts.is_set = False  # what is left to do is short
        try:
            if lease.was_deployed and is_sound:
                lease.end("failed")
            elif self._is_new and not was_interrupted and not self._stack.state().resources:
                lease.stop_heartbeat()
                self._stack.workspace.remove_stack(self._stack.name)
        except TioneError as error:  # the next `env reap` finds it
            self._session.show(f"{self._stack.name}: {error}")
        self._session.interrupts.is_set = was_interrupted

    def _preview(self) -> Review:
        self._session.show(f"Previewing {self._stack.name}")
        settings = self._stack.pulumi.settings(self._stack.full_name)
        printed = self._stack.workspace.preview(self._stack.name)
        price_lists, currency = price_lists_of(settings)
        stacks = []
        for preview in read_previews(printed):
            found = (location_of(step.new_inputs, settings.region) for step in preview.steps if step.new_inputs)
            default = Location(settings.region)
            self._locations += [each for each in found if isinstance(each, Location) and each != default]
            made = review_stack(preview, price_lists, currency, labels_enabled=True)
            project, stack = made.project or self._stack.project.name, made.stack or self._stack.name
            stacks.append(dataclasses.replace(made, project=project, stack=stack))
        review = Review(tuple(stacks))
        if any(each.failed for each in stacks):
            reasons = [
                f"{each.resource}: {each.path}: {each.message}".replace(": : ", ": ").lstrip(": ")
                for made in stacks
                for each in made.diagnostics
                if each.severity == "error"
            ]
            raise PreviewFailedError(messages.preview_failed("; ".join(reasons)), review)
        return review

    def _write_locations(self, environment_tags: EnvironmentTags) -> None:
        """Record where the update creates tasks: a kill may leave them in no state, and no list covers all regions."""
        locations = {*environment_tags.locations, *self._locations}
        if not locations <= {*environment_tags.locations}:
            self._stack.set_tags(tags.locations_tags(sorted(locations, key=str)))

    def _check(self, review: Review) -> None:
        """Check the cap, and ask.

        Raises:
            UpRefusedError: the update may not be run.
        """
        limit = self._request.max_hourly
        if limit is not None:
            for reason in failed_gates([Gate(measure="total", limit=limit)], review):
                cap = format_amount(limit, review.stacks[0].currency)
                raise UpRefusedError(
                    f"the environment may cost at most {cap} an hour (--max-hourly), but {reason}. Nothing was changed"
                )
        if not self._request.confirm(review):
            raise UpRefusedError("not confirmed, nothing was changed")

    def _update(self, lease: Lease) -> dict[str, Any]:
        """Update the stack, and return the outputs of its program.

        An environment whose update was cut off counts as dead: nobody knows what was created. So does one that was
        never complete.
        """
        stack = self._stack
        self._session.show(f"Updating {stack.name}")

        def update() -> Any:
            return stack.stack.up(
                on_output=lambda line: self._session.show(f"  {line}" if line else ""),
                config_file=str(stack.configuration.file),
                suppress_outputs=True,
                show_secrets=False,
            )

        try:
            result = self._recovery.retry_while_locked(update)
        except EngineCrashedError:
            raise
        except PulumiError:
            self._session.interrupts.raise_if_set()
            if lease.was_deployed:
                lease.end("failed")
            raise
        return {name: None if output.secret else output.value for name, output in sorted(result.outputs.items())}
