"""Stacks of environments through Pulumi's Automation API: created, tagged, updated, destroyed, removed.

Two things are different from a `LocalWorkspace` as it comes: the stack that you have selected in the project stays
selected, and every engine runs in a session of its own, so that a signal reaches it once and exactly as this package
passes it on.

An engine does 64 operations at once, unless `PULUMI_PARALLEL` is set. Ctrl-C sends it SIGINT, and a second one kills
it. Commands that only read use `stacks/pulumi_cli.py`.
"""

from __future__ import annotations

import contextlib
import json
import re
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from types import FrameType
from typing import Any

from pulumi import automation

from pulumi_tione.environments.processes import RUN_VARIABLE
from pulumi_tione.environments.project import Configuration, Project
from pulumi_tione.errors import TioneError
from pulumi_tione.stacks.pulumi_cli import LockedError, PulumiError, failure, pulumi_program

_SECRET = "[secret]"  # noqa: S105  it stands for one

_PARALLEL = "64"
"""How many operations an engine does at once: most of them wait for the service. Its default is four for each core."""


class InterruptedRunError(TioneError):
    """The command was interrupted by Ctrl-C, or by SIGTERM, which CI sends."""


class EngineCrashedError(PulumiError):
    """The engine, the program or the provider was killed: nobody knows what it has created."""


_CRASH = re.compile(
    r"signal: killed|error reading from server|transport is closing|Unavailable desc ="
    r"|exited with non-zero exit code: -"
)
"""How an engine reports that a process of it was killed."""


class Interrupts:
    """Signals that end a command: an engine gets SIGINT and ends in order; at the second signal it is killed."""

    def __init__(self) -> None:
        self._engines: set[subprocess.Popen[str]] = set()
        self._lock = threading.Lock()
        self.is_set = False

    @contextlib.contextmanager
    def handled(self) -> Iterator[None]:
        """Handle SIGINT and SIGTERM in this way, where the main thread runs the command."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self._handle) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _handle(self, _number: int, _frame: FrameType | None) -> None:
        passed_on = signal.SIGKILL if self.is_set else signal.SIGINT
        is_first, self.is_set = not self.is_set, True
        engines = [engine for engine in self._engines if engine.poll() is None]
        for engine in engines:
            with contextlib.suppress(ProcessLookupError):
                engine.send_signal(passed_on)
        if not engines and is_first:
            self.raise_if_set()

    def raise_if_set(self) -> None:
        """Raise an error if the command was interrupted.

        Raises:
            InterruptedRunError: it was.
        """
        if self.is_set:
            raise InterruptedRunError("interrupted")

    @contextlib.contextmanager
    def running(self, engine: subprocess.Popen[str]) -> Iterator[None]:
        """Pass signals on to an engine for as long as it runs."""
        with self._lock:
            self._engines.add(engine)
        try:
            yield
        finally:
            with self._lock:
                self._engines.discard(engine)


class EngineCommand(automation.PulumiCommand):
    """The `pulumi` on PATH, for the Automation API.

    Args:
        environment: the environment variables, including `PATH`.
        run: the id of this run, which all processes inherit.
        interrupts: the signals to pass on.
    """

    def __init__(self, environment: Mapping[str, str], run: str, interrupts: Interrupts) -> None:
        self.command = pulumi_program(environment)
        self.version = None
        self._environment = {"PULUMI_PARALLEL": _PARALLEL, **environment, RUN_VARIABLE: run}
        self._interrupts = interrupts

    def run(
        self,
        args: list[str],
        cwd: str,
        additional_env: Mapping[str, str],
        on_output: Callable[[str], Any] | None = None,
        on_error: Callable[[str], Any] | None = None,
    ) -> automation.CommandResult:
        """Run a command to its end.

        Raises:
            PulumiError: it failed.
            InterruptedRunError: it was interrupted.
        """
        self._interrupts.raise_if_set()
        engine = subprocess.Popen(
            [self.command, "--non-interactive", "--color=never", *args],
            cwd=cwd,
            env={**self._environment, **additional_env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
        with self._interrupts.running(engine):
            lines: dict[Any, list[str]] = {}
            readers = []
            for stream, callback in ((engine.stdout, on_output), (engine.stderr, on_error)):
                lines[stream] = []
                readers.append(threading.Thread(target=_read, args=(stream, callback, lines[stream]), daemon=True))
                readers[-1].start()
            engine.wait()
            for reader in readers:
                # A plugin that outlives its engine keeps the pipe open.
                reader.join(5)
        printed, errors = ("\n".join(lines[stream]) for stream in (engine.stdout, engine.stderr))
        if engine.returncode:
            self._interrupts.raise_if_set()
            raise _failure(args, f"{printed}\n{errors}", engine.returncode)
        return automation.CommandResult(stdout=printed, stderr=errors, code=engine.returncode)


def _failure(arguments: list[str], printed: str, code: int) -> PulumiError:
    error = failure(arguments, printed, code)
    is_crash = code < 0 or (_CRASH.search(printed) and not isinstance(error, LockedError))
    return EngineCrashedError(str(error)) if is_crash else error


def _read(stream: Any, callback: Callable[[str], Any] | None, lines: list[str]) -> None:
    with contextlib.suppress(ValueError, OSError), stream:
        for line in stream:
            lines.append(line.rstrip())
            if callback is not None:
                callback(lines[-1])


class EnvironmentWorkspace(automation.LocalWorkspace):
    """A project whose environments are worked on. Commands name their stack; nothing is selected.

    Args:
        project: the project, in the working tree that is deployed.
        configuration: the temporary configuration.
        command: runs the engine.
        backend: the address of the backend, in absolute form.
    """

    def __init__(self, project: Project, configuration: Configuration, command: EngineCommand, backend: str) -> None:
        variables = {"PULUMI_BACKEND_URL": backend}
        super().__init__(work_dir=str(project.folder), pulumi_command=command, env_vars=variables)
        self._configuration = configuration

    def create_stack(self, stack_name: str) -> None:
        """Create a stack without selecting it, and without writing into the project's folder."""
        self._run_elsewhere("stack", "init", stack_name, "--no-select")

    def stack_outputs(self, stack_name: str) -> automation.OutputMap:
        """Return the outputs of a stack: the value of a secret is None."""
        printed = self._run_elsewhere("stack", "output", "--json", "--stack", stack_name)
        outputs = json.loads(printed)
        is_secret = {name: value == _SECRET for name, value in outputs.items()}
        return {
            name: automation.OutputValue(value=None if is_secret[name] else value, secret=is_secret[name])
            for name, value in outputs.items()
        }

    def _run_elsewhere(self, *arguments: str) -> str:
        """Run a command that would write a file into the project's folder, in the temporary folder."""
        return self.pulumi_command.run([*arguments], str(self._configuration.folder), self.env_vars).stdout

    def select_stack(self, stack_name: str) -> None:
        """Select nothing: every command names its stack."""

    def stack_named(self, name: str) -> automation.Stack:
        """Return a stack that exists."""
        return automation.Stack.select(name, self)

    def preview(self, name: str) -> str:
        """Return the JSON of a preview with current statuses; also of a preview that fails."""
        arguments = ["preview", "--json", "--show-sames", "--refresh", "--config-file", str(self._configuration.file)]
        printed: list[str] = []
        try:
            self.pulumi_command.run([*arguments, "--stack", name], self.work_dir, self.env_vars, printed.append)
        except InterruptedRunError:
            raise
        except TioneError:
            if not "".join(printed).lstrip().startswith("{"):
                raise
        return "\n".join(printed)
