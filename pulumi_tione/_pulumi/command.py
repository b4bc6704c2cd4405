"""The Pulumi command that runs this program, as the processes of this machine show it.

`destroy --run-program` and `refresh --run-program` run the program like `up` does: environment, arguments and the flag
of a preview are the same. Only the command line of the CLI differs. The CLI is an ancestor of the program, or, for an
inline program of the Automation API, a child of its process.

`wait_for` in `training_task.py` uses it: these two commands do not wait. Where the command cannot be found out, the
program waits.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

_COMMANDS_WITHOUT_UPDATE = ("destroy", "down", "dn", "refresh")
"""The commands that may run a program without creating anything, with their aliases."""

_OPTIONS_WITH_VALUES = ("-C", "--cwd", "-s", "--stack", "--color", "-v", "--verbose", "--tracing", "--profiling")
"""The options that may come before the command, followed by a value that might look like one."""

_MAX_ANCESTORS = 30


class Process(NamedTuple):
    """A process of this machine."""

    parent: int
    command_line: Sequence[str]


def is_without_update() -> bool:
    """Return whether a `destroy` or `refresh` runs this program; False where that cannot be found out."""
    with contextlib.suppress(Exception):  # whatever it is: it only means that the program waits
        return is_without_update_among(_processes(), os.getpid())
    return False


def is_without_update_among(processes: Mapping[int, Process], program: int) -> bool:
    """Return whether a `destroy` or `refresh` runs the process `program`, among these processes."""
    inline = [command for process in processes.values() if process.parent == program and (command := _command(process))]
    commands = inline or [*_commands_of_ancestors(processes, program)][:1]
    return bool(commands) and all(command in _COMMANDS_WITHOUT_UPDATE for command in commands)


def _commands_of_ancestors(processes: Mapping[int, Process], program: int) -> Iterator[str]:
    process = processes.get(program)
    for _ in range(_MAX_ANCESTORS):
        process = None if process is None else processes.get(process.parent)
        if process is None:
            return
        command = _command(process)
        if command:
            yield command


def _command(process: Process) -> str:
    """Return the command of a process that is the Pulumi CLI; empty for another process."""
    if not process.command_line or Path(process.command_line[0]).name.removesuffix(".exe") != "pulumi":
        return ""
    before = ""
    for argument in process.command_line[1:]:
        if before not in _OPTIONS_WITH_VALUES and not argument.startswith("-"):
            return argument
        before = argument
    return ""


def _processes() -> dict[int, Process]:
    """Return the processes of this machine by id: from `/proc`, or from `ps` where there is none."""
    if Path("/proc/self/stat").exists():
        return dict(_processes_of_proc())
    listed = subprocess.run(
        ["ps", "-A", "-ww", "-o", "pid=,ppid=,command="], capture_output=True, text=True, check=True, timeout=10
    )
    rows = (line.split(maxsplit=2) for line in listed.stdout.splitlines())
    return {int(row[0]): Process(int(row[1]), _split(row[2])) for row in rows if len(row) == 3}


def _processes_of_proc() -> Iterator[tuple[int, Process]]:
    for folder in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError, IndexError):  # not a process, or one that has ended
            # The name of a program, in brackets, may contain anything.
            parent = int((folder / "stat").read_text(errors="replace").rpartition(")")[2].split()[1])
            command_line = (folder / "cmdline").read_bytes().decode(errors="replace").split("\0")
            yield int(folder.name), Process(parent, command_line[:-1])


def _split(command_line: str) -> list[str]:
    try:
        return shlex.split(command_line)
    except ValueError:
        return command_line.split()
