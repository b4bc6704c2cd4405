"""What all commands on environments share: the project, the backend, and the environment that a command holds.

A command that works on an environment holds it: on this machine by a file lock, elsewhere by the heartbeat in the tags
of its stack. Pulumi's own lock is the last resort: two updates never run at once, whatever else happens.

How long a command waits for another one is `_WAIT` in `cli/env.py`. The heartbeat, and when its command counts as dead,
is in `tags.py`; the lock of Pulumi is handled in `teardown.py` (`Recovery`).
"""

from __future__ import annotations

import contextlib
import fcntl
import functools
import hashlib
import json
import os
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import TextIO, TypeVar

from pulumi import automation

from pulumi_tione._api.polling import poll
from pulumi_tione._config.settings import Settings
from pulumi_tione.environments import messages
from pulumi_tione.environments import tags as marks_tags
from pulumi_tione.environments.git import GitError, Repository
from pulumi_tione.environments.listing import backend_url
from pulumi_tione.environments.processes import end_processes, process_start, this_host
from pulumi_tione.environments.project import (
    DEFAULT_TEMPLATE,
    Configuration,
    Project,
    ProjectError,
    remove_dead_folders,
    with_absolute_paths,
)
from pulumi_tione.environments.tags import HEARTBEAT, HEARTBEAT_SECONDS, EnvironmentTags, Operation
from pulumi_tione.environments.workspace import EngineCommand, EnvironmentWorkspace, Interrupts
from pulumi_tione.errors import TioneError
from pulumi_tione.stacks.backend_folder import BackendFolder
from pulumi_tione.stacks.pulumi_cli import Pulumi, PulumiError, StackName
from pulumi_tione.stacks.state import State

_SECONDS_BETWEEN_CHECKS = 1.0

_T = TypeVar("_T")


class InUseError(TioneError):
    """Another command works on the environment, and did not end in time."""


class NotAnEnvironmentError(TioneError):
    """A stack has the name of an environment, but was made by hand."""


@dataclass
class Session:
    """One run of a command in a project.

    Args:
        folder: a folder in the project.
        environment: the environment variables.
        show: shows a line of progress.
        sleep: makes the pauses of all waits for other commands, locks and tasks.
        clock: the time in seconds, from any beginning.
        now: the time in seconds since 1970.
    """

    folder: Path
    environment: Mapping[str, str]
    show: Callable[[str], None]
    run: str = field(default_factory=lambda: secrets.token_hex(6))
    """The id of this run, which all its processes carry."""
    interrupts: Interrupts = field(default_factory=Interrupts)
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    now: Callable[[], float] = time.time
    project: Project = field(init=False)
    pulumi: Pulumi = field(init=False)
    command: EngineCommand = field(init=False)
    backend_folder: BackendFolder | None = field(init=False)
    """The backend, if it is a folder."""
    backend: str = field(init=False)
    """Its address, in absolute form."""

    def __post_init__(self) -> None:
        self.project = Project.read(self.folder)
        self.environment = with_absolute_paths(self.environment, self.project.folder)
        self.pulumi = Pulumi(self.project.folder, self.environment)
        self.command = EngineCommand(self.environment, self.run, self.interrupts)
        url = backend_url(self.project, self.environment) or self.pulumi.backend()
        self.backend_folder = BackendFolder.at(url, self.project.folder, self.environment)
        self.backend = url if self.backend_folder is None else self.backend_folder.url

    def pause(self, seconds: float) -> None:
        """Make a pause.

        Raises:
            InterruptedRunError: the command was interrupted.
        """
        self.interrupts.raise_if_set()
        self.sleep(seconds)

    def poll(self, fetch: Callable[[], _T], is_done: Callable[[_T], object], *, timeout: float, pause: float) -> _T:
        """Fetch until a value is as awaited, or until the timeout, with equal pauses, and return the last value.

        Raises:
            InterruptedRunError: the command was interrupted.
        """
        return poll(fetch, is_done, timeout=timeout, first_pause=pause, growth=1, sleep=self.pause, clock=self.clock)

    @functools.cached_property
    def repository(self) -> Repository | None:
        """The repository of the project; None outside git.

        Raises:
            GitError: git cannot read it.
        """
        return Repository.of(self.project.folder, self.environment)

    def remove_dead_worktrees(self) -> None:
        """Remove the temporary working trees that killed commands have left, if git can be used."""
        with contextlib.suppress(GitError):
            if self.repository is not None:
                self.repository.remove_dead_worktrees()

    def stacks(self) -> list[StackName]:
        """Return all stacks of the project."""
        if self.backend_folder is not None and self.backend_folder.has_stacks_of(self.project.name):
            return self.backend_folder.stacks(self.project.name)
        return self.pulumi.stacks(self.project.name)

    def stack_named(self, name: str) -> StackName | None:
        """Return the full name of a stack of the project; None if there is no such stack."""
        return next((stack for stack in self.stacks() if stack.stack == name), None)

    def exclusion_file(self, stack: str) -> Path:
        """Return the file whose lock the command holds that works on a stack from this machine."""
        home = self.environment.get("PULUMI_HOME") or Path(self.environment.get("HOME") or "~", ".pulumi").expanduser()
        digest = hashlib.sha256("\0".join((self.backend, self.project.name, stack)).encode()).hexdigest()[:16]
        return Path(home, "pulumi-tione", "environments", f"{stack}.{digest}.lock")

    def end_processes_of(self, exclusion_file: Path) -> None:
        """End what a dead command of this machine has left running: its children may still create a stack.

        Args:
            exclusion_file: the file that it held, and that nobody holds now, or this command.
        """
        with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
            run = str(json.loads(exclusion_file.read_text(encoding="utf-8"))["run"])
            if run != self.run:
                end_processes([run], sleep=self.sleep, clock=self.clock)

    def end_dead_commands(self) -> None:
        """End what all dead commands on environments of this project have left running on this machine."""
        remove_dead_folders()
        for path in self.exclusion_file("x").parent.glob("*.lock"):
            if path != self.exclusion_file(path.name.rpartition(".lock")[0].rpartition(".")[0]):
                continue  # of another project or backend
            with contextlib.suppress(OSError), path.open("a") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self.end_processes_of(path)


class EnvironmentStack:
    """The stack of one environment, in a working tree of the project.

    Args:
        session: the run of the command.
        name: the name of the stack.
        project: the project, in the working tree that is used.
    """

    def __init__(self, session: Session, name: str, project: Project | None = None) -> None:
        self.session = session
        self.name = name
        self.project = project or session.project
        self.configuration = Configuration(self.project, session.backend, name)
        self.workspace = EnvironmentWorkspace(self.project, self.configuration, session.command, session.backend)
        variables = {**session.environment, "PULUMI_BACKEND_URL": session.backend}
        self.pulumi = Pulumi(self.configuration.folder, variables)
        """Reads and writes the state, with the settings of the environment."""
        self._tags_lock = threading.Lock()

    def __enter__(self) -> EnvironmentStack:
        return self

    def __exit__(self, *_: object) -> None:
        self.configuration.remove()

    @property
    def full_name(self) -> StackName:
        """The full name.

        Raises:
            TioneError: there is no such stack.
        """
        found = self.session.stack_named(self.name)
        if found is None:
            raise TioneError(f"the stack {self.name} does not exist any more: another command has removed it")
        return found

    @property
    def exists(self) -> bool:
        return self.session.stack_named(self.name) is not None

    @property
    def stack(self) -> automation.Stack:
        return self.workspace.stack_named(self.name)

    def tags(self) -> dict[str, str]:
        """Return the tags of the stack."""
        return {name: str(value) for name, value in self.workspace.list_tags(self.name).items()}

    def environment_tags(self) -> EnvironmentTags:
        """Return what the tags show of the environment."""
        return EnvironmentTags.of(self.tags())

    def set_tags(self, tags: Mapping[str, str]) -> None:
        """Set tags of the stack, one after the other."""
        for name, value in tags.items():
            with self._tags_lock:  # every change of a tag writes all of them: a heartbeat would undo another's
                self.workspace.set_tag(self.name, name, value)

    def state(self) -> State:
        """Return the state of the stack."""
        return State(self.pulumi.export(self.full_name))

    def default_settings(self) -> Settings:
        """Return the settings of the default template, for a stack that is gone: nothing shows its own template.

        Pulumi decrypts secrets for an existing stack only. So there is one for the moment, in a backend of its own.
        """
        with contextlib.suppress(ProjectError, PulumiError):
            self.configuration.take_from(self.project, DEFAULT_TEMPLATE, "")
            session, folder = self.session, self.configuration.folder
            EnvironmentWorkspace(self.project, self.configuration, session.command, folder.as_uri()).create_stack(
                self.name
            )
            pulumi = Pulumi(folder, {**session.environment, "PULUMI_BACKEND_URL": folder.as_uri()})
            return pulumi.settings(pulumi.stack(self.name))
        return self.pulumi.settings(None)

    def set_stopped(self, task_ids: list[str]) -> None:
        """Record the ids of stopped tasks."""
        new = marks_tags.stopped_tags(task_ids)
        self.set_tags(new)
        for name in marks_tags.tags_to_remove(self.tags(), new):
            with self._tags_lock:
                self.workspace.remove_tag(self.name, name)

    # Holding it.

    @contextlib.contextmanager
    def exclusive(self, wait: timedelta) -> Iterator[None]:
        """Wait until no other command on this machine works on the environment, and keep others from it.

        Raises:
            InUseError: that takes too long.
        """
        path = self.session.exclusion_file(self.name)
        path.parent.mkdir(parents=True, exist_ok=True)
        file = self._fetch_when_free(
            lambda: _locked(path),
            lambda file: messages.OTHER_COMMAND_HERE if file is None else None,
            wait,
        )
        assert file is not None  # or else the wait has ended with an error
        with file:
            self.session.end_processes_of(path)
            path.write_text(json.dumps({"run": self.session.run, "stack": self.name}), encoding="utf-8")
            yield

    def wait_for_others(self, wait: timedelta) -> EnvironmentTags:
        """Wait until no other command works on the environment from anywhere, and return the tags of the environment.

        Raises:
            InUseError: that takes too long.
        """

        def reason(environment_tags: EnvironmentTags) -> str | None:
            operation = environment_tags.operation
            if operation is None or operation.run == self.session.run or not is_alive(operation):
                return None
            return messages.other_command(operation.kind, operation.host)

        return self._fetch_when_free(self.environment_tags, reason, wait)

    def _fetch_when_free(
        self, fetch: Callable[[], _T], reason_to_wait: Callable[[_T], str | None], wait: timedelta
    ) -> _T:
        """Fetch until there is no reason to wait any more, and return what was fetched last. The first reason is shown.

        Raises:
            InUseError: that takes too long.
        """
        session = self.session
        reason: str | None = None

        def is_free(value: _T) -> bool:
            nonlocal reason
            is_first, reason = reason is None, reason_to_wait(value)
            if reason is None:
                return True
            if is_first and wait:
                session.show(messages.waiting_for(self.name, reason, wait.total_seconds()))
            return False

        value = session.poll(fetch, is_free, timeout=wait.total_seconds(), pause=_SECONDS_BETWEEN_CHECKS)
        if reason is not None:
            raise InUseError(messages.waited_too_long(self.name, reason))
        return value

    @contextlib.contextmanager
    def leased(self, kind: str, before: Operation | None) -> Iterator[Lease]:
        """Take the lease of the environment for a command: a heartbeat in a tag shows that it works, or has ended.

        Args:
            kind: the command.
            before: the command before this one.
        """
        lease = Lease(self, kind, before)
        lease.begin()
        try:
            yield lease
        finally:
            lease.stop_heartbeat()


def _locked(path: Path) -> TextIO | None:
    """Return a file with its lock, which closing it releases; None if somebody else has the lock."""
    while True:
        file = path.open("a")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            return None
        # The command before may have removed the file together with the environment.
        with contextlib.suppress(FileNotFoundError):
            if path.stat().st_ino == os.fstat(file.fileno()).st_ino:
                return file
        file.close()


def is_alive(operation: Operation) -> bool:
    """Check whether a command still works."""
    return operation.is_alive(this_host(), process_start, time.time())


def is_dead(operation: Operation | None) -> bool:
    """Check whether a command was cut off."""
    return operation is not None and operation.is_dead(this_host(), process_start, time.time())


class Lease:
    """The lease of a command on an environment: a heartbeat in a tag of the stack, until the command ends."""

    def __init__(self, stack: EnvironmentStack, kind: str, before: Operation | None) -> None:
        now = int(time.time())
        is_continued = before is not None and is_dead(before)
        self._stack = stack
        self._operation = Operation(
            kind=kind,
            run=stack.session.run,
            host=this_host(),
            pid=os.getpid(),
            start=process_start(os.getpid()) or "",
            since=before.since if before is not None and is_continued else now,
            at=now,
            previous=before.run if before is not None and is_continued else "",
            deployed=before is not None and before.deployed,
        )
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._send_heartbeats, daemon=True)

    @property
    def was_deployed(self) -> bool:
        """Whether an `up` of this environment has succeeded before."""
        return self._operation.deployed

    def begin(self) -> None:
        self._write(self._operation)
        self._thread.start()

    def end(self, result: str, *, deployed: bool | None = None) -> None:
        """Mark the command as ended. A command that never gets here counts as cut off."""
        self.stop_heartbeat()
        has_deployed = self._operation.deployed if deployed is None else deployed
        self._write(replace(self._operation.with_heartbeat(time.time()), result=result, deployed=has_deployed))

    def stop_heartbeat(self) -> None:
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()

    def _send_heartbeats(self) -> None:
        while not self._ended.wait(HEARTBEAT_SECONDS):
            with contextlib.suppress(TioneError):
                self._write(self._operation.with_heartbeat(time.time()))

    def _write(self, operation: Operation) -> None:
        self._stack.set_tags({HEARTBEAT: str(operation)})
