"""Processes on this machine: whether one still runs, and those that a run of a command has started.

An engine that was asked to end has 30 seconds before it is killed. Whether a command on another machine is dead is
decided by its heartbeat (`tags.py`).
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

RUN_VARIABLE = "PULUMI_TIONE_RUN"
"""The environment variable with the id of a run: the engine, the program and the provider inherit it."""

_SECONDS_TO_END = 30.0
"""How long an engine may take to finish the creates that it has begun, and to save the state."""

_SECONDS_BETWEEN_CHECKS = 0.2

_PROC = Path("/proc")


_HOST_LENGTH = 50
"""How much of a machine's name a tag has room for."""


def host_name() -> str:
    """Return the name of this machine, as the locks of a file backend have it."""
    return socket.gethostname()


def is_name_of(host: str, name: str) -> bool:
    """Check whether a machine, as `this_host` identifies it, has this name."""
    return host.rpartition("/")[0] == name[:_HOST_LENGTH]


def _namespace() -> str:
    """Return what identifies this container: in another one, the ids of processes mean nothing."""
    with suppress(OSError):
        return os.readlink("/proc/self/ns/pid").strip("pid:[]")
    return "0"


def this_host() -> str:
    """Return what identifies this machine, or this container."""
    return f"{host_name()[:_HOST_LENGTH]}/{_namespace()}"


def temporary_prefix(kind: str) -> str:
    """Return how the name of a temporary folder of this process begins."""
    return f"pulumi-tione-{kind}-{_namespace()}-{os.getpid()}-"


def is_left_by_dead_process(name: str, kind: str) -> bool:
    """Check whether a temporary folder of this name was left by a process of this machine that has ended."""
    prefix = f"pulumi-tione-{kind}-{_namespace()}-"
    pid = name.removeprefix(prefix).partition("-")[0] if name.startswith(prefix) else ""
    return pid.isdecimal() and process_start(int(pid)) is None


def process_start(pid: int) -> str | None:
    """Return when a process was started, which distinguishes it from a later one of the same id; None if it has ended.

    A process that has ended and that nobody has waited for counts as ended.
    """
    if _PROC.joinpath("self", "stat").exists():  # a small image may have no `ps`
        try:
            content = _PROC.joinpath(str(pid), "stat").read_text(encoding="utf-8", errors="replace")
        except OSError:
            return None
        values = content.rpartition(")")[2].split()  # the name before may contain anything
        return None if values[0] in "ZX" else values[19]
    listed = _ps("-o", "stat=,lstart=", "-p", str(pid))
    status, _, started = listed.strip().partition(" ")
    return None if not status or status.startswith("Z") else " ".join(started.split())


def _ps(*arguments: str) -> str:
    environment = {**os.environ, "LC_ALL": "C"}
    return subprocess.run(["ps", *arguments], capture_output=True, text=True, env=environment, check=False).stdout


def processes_of(runs: Iterable[str]) -> list[int]:
    """Return the processes of these runs that have not ended, without this very process."""
    environment_tags = {f"{RUN_VARIABLE}={run}" for run in runs if run}
    if not environment_tags:
        return []
    found = [pid for pid, variables in _environments() if pid != os.getpid() and environment_tags & set(variables)]
    return [pid for pid in found if process_start(pid) is not None]


def _environments() -> Iterable[tuple[int, list[str]]]:
    """Yield the environment variables of all processes that may be read."""
    if _PROC.joinpath("self", "environ").exists():
        for folder in _PROC.iterdir():
            if folder.name.isdecimal():
                with suppress(OSError):
                    content = folder.joinpath("environ").read_bytes().decode("utf-8", "replace")
                    yield int(folder.name), content.split("\0")
        return
    for line in _ps("-A", "-E", "-ww", "-o", "pid=,command=").splitlines():
        pid, _, command = line.strip().partition(" ")
        if pid.isdecimal():
            yield int(pid), command.split()


def end_processes(
    runs: Iterable[str], *, sleep: Callable[[float], None] = time.sleep, clock: Callable[[], float] = time.monotonic
) -> int:
    """End the processes of runs whose command is dead, and return how many there were.

    They are asked first: an engine then finishes the creates that it has begun and saves the state.
    """
    runs = list(runs)
    first = processes_of(runs)
    if not first:
        return 0
    from pulumi_tione._api.polling import poll  # it loads asyncio, which `env list` does not need

    for pid in first:
        _send(pid, signal.SIGINT)

    def kill() -> bool:
        running = processes_of(runs)
        for pid in running:
            _send(pid, signal.SIGKILL)
        return not running

    sleep(_SECONDS_BETWEEN_CHECKS)  # what is no engine may end by itself, too
    poll(
        lambda: not any(map(_is_engine, processes_of(runs))),
        timeout=_SECONDS_TO_END,
        first_pause=_SECONDS_BETWEEN_CHECKS,
        growth=1,
        sleep=sleep,
        clock=clock,
    )
    poll(kill, timeout=None, first_pause=_SECONDS_BETWEEN_CHECKS, growth=1, sleep=sleep, clock=clock)
    return len(first)


def _send(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)


def _is_engine(pid: int) -> bool:
    try:
        name = _PROC.joinpath(str(pid), "comm").read_text(encoding="utf-8")
    except OSError:
        name = _ps("-o", "comm=", "-p", str(pid))
    return Path(name.strip()).name == "pulumi"
