"""The Pulumi CLI: the only way in which states and config of stacks are read and written.

A locked stack is a `LockedError`, and nothing here waits. A backend in a folder is read without the CLI in
`backend_folder.py`; `env` commands run updates in `environments/workspace.py`.
"""

from __future__ import annotations

import itertools
import json
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from pulumi_tione._config.settings import Settings
from pulumi_tione._timestamps import parse_time
from pulumi_tione.errors import TioneError

_LOCKED = re.compile(r"currently locked|update is currently in progress|/update-conflicts/")
"""How the backends (a folder or bucket; Pulumi Cloud) report that an update is running, or was killed."""


_LOCK_HOLDER = re.compile(r"created by (\S+?)@(\S+) \(pid (\d+)\) at (\S+)")
"""How the error of a locked stack shows each lock."""


class PulumiError(TioneError):
    """The Pulumi CLI failed, or is missing."""


@dataclass(frozen=True)
class Lock:
    """A lock of a stack, as the backends in a folder or bucket have it."""

    pid: int
    user: str
    host: str
    taken: datetime

    @property
    def holder(self) -> str:
        """Who holds it, for a message."""
        return f"{self.user}@{self.host}, process {self.pid}, since {self.taken:%Y-%m-%d %H:%M:%S} UTC"


class LockedError(PulumiError):
    """The stack is locked. `locks` are those that the backend shows."""

    def __init__(self, message: str, locks: Sequence[Lock] = ()) -> None:
        self.locks = tuple(locks)
        super().__init__(message)


@dataclass(frozen=True)
class StackName:
    """A stack's full name."""

    organization: str
    project: str
    stack: str

    @classmethod
    def parsed(cls, text: str) -> StackName:
        """Parse `organization/project/stack`."""
        parts = text.strip().split("/")
        if len(parts) != 3:
            raise PulumiError(f"`pulumi` returned the stack name {text.strip()!r}, expected organization/project/stack")
        return cls(*parts)

    @property
    def qualified(self) -> str:
        """The name as the CLI takes it."""
        return f"{self.organization}/{self.project}/{self.stack}"

    def __str__(self) -> str:
        return f"{self.project}/{self.stack}"


class Pulumi:
    """The `pulumi` on PATH, run in the folder of a project.

    Args:
        folder: the working directory.
        environment: its environment variables, including `PATH`.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.folder = folder
        self.environment = environment
        self._configs: dict[StackName, dict[str, Any]] = {}

    def stack(self, name: str | None) -> StackName:
        """Return the full name of a stack of the folder's project, or of the one that is selected there.

        Raises:
            PulumiError: there is no such project or stack.
        """
        option = [] if name is None else [f"--stack={name}"]
        return StackName.parsed(self._run("stack", "--show-name", *option))

    def stacks(self, project: str) -> list[StackName]:
        """Return all stacks that a project has in this backend."""
        listed = json.loads(self._run("stack", "ls", "--json", f"--project={project}"))
        return [StackName.parsed(str(stack["name"])) for stack in listed]

    def updating(self, project: str) -> list[StackName]:
        """Return the stacks of a project that have an update in progress, as far as the backend shows that."""
        listed = json.loads(self._run("stack", "ls", "--json", f"--project={project}"))
        return [StackName.parsed(str(stack["name"])) for stack in listed if stack.get("updateInProgress")]

    def backend(self) -> str:
        """Return the address of the backend."""
        return str(json.loads(self._run("whoami", "--json")).get("url"))

    def config(self, stack: StackName) -> dict[str, Any]:
        """Return a stack's config: by full key, `value` and whether it is `secret`."""
        if stack not in self._configs:
            printed = self._run("config", "--json", "--show-secrets", f"--stack={stack.qualified}")
            self._configs[stack] = json.loads(printed)
        return self._configs[stack]

    def config_in(self, file: Path, stack: StackName) -> dict[str, Any]:
        """Return the config that a file holds for a stack, in the form of `config`."""
        option = f"--config-file={file}"
        return dict(json.loads(self._run("config", "--json", "--show-secrets", option, f"--stack={stack.qualified}")))

    def settings(self, stack: StackName | None) -> Settings:
        """Return the settings from a stack's config and the environment, or from the environment alone."""
        return self.settings_with({} if stack is None else self.config(stack))

    def settings_with(self, config: Mapping[str, Mapping[str, Any]]) -> Settings:
        """Return the settings from a config, in the form of `config`, and the environment."""
        return Settings(lambda key: config.get(key, {}).get("value"), self.environment)

    def tags(self, stack: StackName) -> dict[str, str]:
        """Return the tags of a stack."""
        return dict(json.loads(self._run("stack", "tag", "ls", "--json", f"--stack={stack.qualified}")))

    def last_updates(self, project: str) -> dict[StackName, str]:
        """Return when each stack of a project was updated last, as the backend writes it; empty if it never was."""
        listed = json.loads(self._run("stack", "ls", "--json", f"--project={project}"))
        return {StackName.parsed(str(each["name"])): str(each.get("lastUpdate") or "") for each in listed}

    def export(self, stack: StackName, *, show_secrets: bool = False) -> dict[str, Any]:
        """Return a stack's state. It can be read while an update is running."""
        option = ["--show-secrets"] if show_secrets else []
        return dict(json.loads(self._run("stack", "export", *option, f"--stack={stack.qualified}")))

    def preview(self, stack: str | None) -> str:
        """Return the JSON of a preview that asks for current statuses; also of a preview that fails.

        Raises:
            PulumiError: there was no preview.
        """
        option = [] if stack is None else [f"--stack={stack}"]
        arguments = ("preview", "--json", "--show-sames", "--refresh", *option)
        process = self._process(arguments)
        if process.returncode and not process.stdout.lstrip().startswith("{"):
            raise failure(arguments, process.stderr or process.stdout)
        return process.stdout

    def write(self, stack: StackName, state: Mapping[str, Any]) -> None:
        """Write a stack's state. This drops its pending operations, even those in the state that is written.

        Raises:
            PulumiError: the stack is locked, or Pulumi rejects the state; nothing has changed.
        """
        self._run("stack", "import", f"--stack={stack.qualified}", stdin=json.dumps(state))

    def _run(self, *arguments: str, stdin: str = "") -> str:
        """Run a command to its end and return its output."""
        process = self._process(arguments, stdin)
        if process.returncode:
            raise failure(arguments, process.stderr or process.stdout)
        return process.stdout

    def _process(self, arguments: tuple[str, ...], stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command to its end, whatever that is."""
        options = ["--non-interactive", "--color=never", "--fully-qualify-stack-names"]
        command = [pulumi_program(self.environment), *options, *arguments]
        try:
            return subprocess.run(
                command,
                cwd=self.folder,
                env=dict(self.environment),
                input=stdin,
                capture_output=True,
                encoding="utf-8",
                errors="replace",
            )
        except OSError as error:
            raise PulumiError(f"`pulumi` cannot be run in {self.folder}: {error.strerror}") from None


LOCKED = (
    "the stack is locked: an update is running, or was killed. Nothing was changed. Wait for the update to finish; if "
    "none is running, run `pulumi cancel`. Then try again"
)


def pulumi_program(environment: Mapping[str, str]) -> str:
    """Return the path of the Pulumi CLI.

    Raises:
        PulumiError: it is not on PATH.
    """
    program = shutil.which("pulumi", path=environment.get("PATH"))
    if program is None:
        raise PulumiError("there is no `pulumi` on PATH: install it (https://www.pulumi.com/docs/install/)")
    return program


def failure(arguments: Sequence[str], printed: str, code: int = 1) -> PulumiError:
    """Return the error of a command that failed, from what it printed."""
    if _LOCKED.search(printed):
        locks = [
            Lock(int(pid), user, host, parse_time(taken)) for user, host, pid, taken in _LOCK_HOLDER.findall(printed)
        ]
        return LockedError(LOCKED, locks)
    diagnostics = printed.partition("Diagnostics:\n")[2].partition("Resources:\n")[0]  # of an update, by resource
    reason = " ".join(
        diagnostics.split() or printed.partition("error: ")[2].split() or printed.split() or ["it printed no reason"]
    )
    subcommand = itertools.takewhile(lambda argument: not argument.startswith("-"), arguments)
    killed = f"it was killed (signal {-code}). " if code < 0 else ""
    return PulumiError(f"`pulumi {' '.join(subcommand)}` failed: {killed}{reason}")
