"""Watch the command of a node: start it, store what it prints, and leave no process when it ends.

It is a separate process because the emulator may be killed at any moment: when its input pipe closes, it ends
everything that the command started. It uses only the standard library; `process.py` starts it.

Input: a line of JSON with what to run; later, a line with a number of seconds, within which everything must end.
Output: a line of JSON, when everything has ended.
"""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from .mounts import OPT_ML, show_opt_ml
from .spool import MAX_LINE_BYTES, Writer

LAST_GRACE_SECONDS = 0.5
"""Between SIGTERM and SIGKILL when the emulator itself ends."""

_AGAIN_SECONDS = 0.02
"""Until SIGKILL is repeated, for processes that were started in the meantime."""

_GIVE_UP_SECONDS = 5.0
"""A process that has not ended this long after SIGKILL cannot be killed: it has other rights, or waits for a disk."""

_PR_SET_CHILD_SUBREAPER = 36


def main() -> None:
    """Run one command to its end."""
    first, _, more = _read_line(sys.stdin.fileno())
    spec = json.loads(first)
    outcome: dict[str, Any]
    try:
        if spec["shows_opt_ml"]:
            show_opt_ml(Path(spec["root"]))
        outcome = {"exit_code": _run(spec, more)}
    except (OSError, ValueError) as error:
        outcome = {"error": str(error)}
    print(json.dumps(outcome), flush=True)


def probe(root: Path) -> None:
    """Raise an error unless a file below a folder can be seen in `/opt/ml`."""
    show_opt_ml(root)
    (root / "opt/ml/probe").touch()
    if not (OPT_ML / "probe").exists():
        raise OSError("a mount had no effect")


def _run(spec: dict[str, Any], instructions: bytes) -> int:
    _become_subreaper()
    wake, woken = os.pipe()
    for end in (wake, woken):
        os.set_blocking(end, False)
    signal.set_wakeup_fd(woken, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    writer = Writer(Path(spec["spool"]))
    try:
        process = _start("bash", spec)
    except FileNotFoundError:
        process = _start("sh", spec)
    watch = _Watch(process, writer, wake, instructions)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: watch.end(LAST_GRACE_SECONDS))
    return watch.until_all_has_ended()


def _start(shell: str, spec: dict[str, Any]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [shell, "-c", spec["command"].encode()],
        cwd=spec["folder"],
        env={name.encode(): value.encode() for name, value in spec["environment"].items()},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


class _Watch:
    """A command and all its descendants."""

    def __init__(self, process: subprocess.Popen[bytes], writer: Writer, wake: int, instructions: bytes) -> None:
        self._process = process
        self._exit_code: int | None = None
        self._kill_at: float | None = None
        self._first_kill: float | None = None
        self._instructions = instructions
        self._selector = selectors.DefaultSelector()
        self._selector.register(sys.stdin.fileno(), selectors.EVENT_READ, self._read_instructions)
        self._selector.register(wake, selectors.EVENT_READ, lambda: os.read(wake, 4096))
        self._streams: list[_Stream] = []
        for name, file in (("stdout", process.stdout), ("stderr", process.stderr)):
            assert file is not None
            stream = _Stream(name, file.fileno(), writer)
            self._streams.append(stream)
            self._selector.register(file, selectors.EVENT_READ, lambda stream=stream: self._take_output(stream))

    def until_all_has_ended(self) -> int:
        """Wait; return the exit code of the command, or 128 plus the number of the signal that ended it."""
        try:
            self._follow_instructions()  # instructions may have come together with the command
            while self._reap() and not self._cannot_be_killed():
                if self._exit_code is not None and self._kill_at is None:
                    # As in a container: background processes of a command end with it.
                    self._kill_at = time.monotonic()
                self._kill_if_due()
                for key, _ in self._selector.select(self._seconds_left()):
                    key.data()
        finally:
            # If another process has become the parent of orphans, some may still run.
            self._signal(signal.SIGKILL)
        for stream in self._streams:
            stream.finish()
        return 128 + signal.SIGKILL if self._exit_code is None else self._exit_code

    def end(self, grace_seconds: float) -> None:
        """Send SIGTERM to everything, and kill what still runs later."""
        deadline = time.monotonic() + grace_seconds
        self._kill_at = deadline if self._kill_at is None else min(self._kill_at, deadline)
        self._signal(signal.SIGTERM)

    def _read_instructions(self) -> None:
        more = os.read(sys.stdin.fileno(), 4096)
        self._instructions += more
        self._follow_instructions()
        if not more:
            self._selector.unregister(sys.stdin.fileno())
            self.end(LAST_GRACE_SECONDS)

    def _follow_instructions(self) -> None:
        *lines, self._instructions = self._instructions.split(b"\n")
        for line in lines:
            self.end(float(line))

    def _take_output(self, stream: _Stream) -> None:
        if not stream.read():
            self._selector.unregister(stream.file)

    def _reap(self) -> bool:
        """Collect the exit codes of ended processes; return whether any child is left, orphans included."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return False
            if pid == 0:
                return True
            if pid == self._process.pid:
                code = os.waitstatus_to_exitcode(status)
                self._process.returncode = code
                self._exit_code = code if code >= 0 else 128 - code

    def _kill_if_due(self) -> None:
        now = time.monotonic()
        if self._kill_at is not None and now >= self._kill_at:
            self._signal(signal.SIGKILL)
            self._first_kill = self._first_kill or now
            self._kill_at = now + _AGAIN_SECONDS

    def _cannot_be_killed(self) -> bool:
        return self._first_kill is not None and time.monotonic() > self._first_kill + _GIVE_UP_SECONDS

    def _seconds_left(self) -> float | None:
        # A limit, as no system call accepts an infinite timeout.
        return None if self._kill_at is None else min(max(0.0, self._kill_at - time.monotonic()), 3600.0)

    def _signal(self, number: signal.Signals) -> None:
        """Send a signal to the command's process group, and to descendants that left it."""
        group = self._process.pid
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(group, number)
        for pid in _descendants():
            with suppress(ProcessLookupError, PermissionError):
                if os.getpgid(pid) != group:
                    os.kill(pid, number)


class _Stream:
    """One of the two output streams of a command, split into lines."""

    def __init__(self, name: str, file: int, writer: Writer) -> None:
        os.set_blocking(file, False)
        self.file = file
        self._name = name
        self._writer = writer
        self._partial_line = b""

    def read(self) -> bool:
        """Read what is available; return whether there was anything."""
        more = os.read(self.file, MAX_LINE_BYTES)
        *whole, self._partial_line = (self._partial_line + more).split(b"\n")
        lines = [part for line in whole for part in _parts(line)]
        if len(self._partial_line) >= MAX_LINE_BYTES:
            *parts, self._partial_line = _parts(self._partial_line)
            lines += parts
        self._write(lines)
        return bool(more)

    def finish(self) -> None:
        """Read everything that is available; an unfinished line counts as a line."""
        with suppress(BlockingIOError):
            while self.read():
                pass
        if self._partial_line:
            self._write([self._partial_line])

    def _write(self, lines: list[bytes]) -> None:
        # A full disk loses lines, but does not end the run.
        with suppress(OSError):
            self._writer.write(self._name, *(line.removesuffix(b"\r") for line in lines))


def _parts(line: bytes) -> list[bytes]:
    """Split a line into parts of limited length, between UTF-8 characters."""
    parts = []
    while len(line) > MAX_LINE_BYTES:
        end = MAX_LINE_BYTES
        while end > MAX_LINE_BYTES - 4 and line[end] & 0xC0 == 0x80:
            end -= 1
        parts.append(line[:end])
        line = line[end:]
    return [*parts, line]


def _read_line(file: int) -> tuple[bytes, bytes, bytes]:
    read = b""
    while b"\n" not in read and (more := os.read(file, 65536)):
        read += more
    return read.partition(b"\n")


def _become_subreaper() -> None:
    """Become the parent of orphaned descendants, so that none escapes. Linux only."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _descendants() -> list[int]:
    """Return all descendants of this process, as far as the system shows them."""
    parents: dict[int, int] = {}
    with suppress(FileNotFoundError):
        for name in os.listdir("/proc"):
            if name.isdigit():
                with suppress(OSError):
                    stat = Path("/proc", name, "stat").read_bytes()
                    parents[int(name)] = int(stat.rpartition(b")")[2].split()[1])
    family = {os.getpid()}
    while children := {pid for pid, parent in parents.items() if parent in family} - family:
        family |= children
    return sorted(family - {os.getpid()})
