"""The emulator's side of a node's command: start it, end it, and read its exit code.

The program on the other side is `supervisor.py`. How long a command has to end is set by the caller.
"""

from __future__ import annotations

import functools
import json
import logging
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO

_BARE = """\
import sys, types
from pathlib import Path
running = sys.modules["running"] = types.ModuleType("running")
running.__path__ = [sys.argv[1]]
from running import supervisor
supervisor.main() if len(sys.argv) == 2 else supervisor.probe(Path(sys.argv[2]))
"""
"""Makes a package of this folder without its parents: nothing else is imported, so a node starts at once."""

_log = logging.getLogger("pulumi_tione.emulator")


class ProcessLostError(Exception):
    """A command that could not be started, or whose exit code is unknown; the message contains the reason."""


class Process:
    """A running command, together with every process that it starts."""

    def __init__(
        self, command: str, environment: Mapping[str, str], root: Path, folder: Path, spool: Path, *, shows_opt_ml: bool
    ) -> None:
        """Run a command in a folder; `root` replaces the container's `/`, `spool` is the folder for its lines."""
        spec = {
            "command": command,
            "environment": dict(environment),
            "root": str(root),
            "folder": str(folder),
            "spool": str(spool),
            "shows_opt_ml": shows_opt_ml,
        }
        self._lock = threading.Lock()
        self._supervisor = subprocess.Popen(
            _supervisor(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd="/",
            env={},
            start_new_session=True,  # a Ctrl-C is for the emulator, which ends its processes itself
        )
        self._send(json.dumps(spec))

    @property
    def output_pipe(self) -> IO[bytes]:
        """A pipe that becomes readable when everything has ended."""
        assert self._supervisor.stdout is not None
        return self._supervisor.stdout

    def end(self, grace_seconds: float) -> None:
        """Ask it to end, and kill it after a while; it may already have ended."""
        self._send(f"{grace_seconds:f}")

    def exit_code(self) -> int:
        """Wait until everything has ended; return the exit code of the command."""
        text = self.output_pipe.read().decode("utf-8", "replace")
        self._supervisor.wait()
        with self._lock:
            for pipe in (self._supervisor.stdin, self._supervisor.stdout):
                if pipe is not None:
                    with suppress(BrokenPipeError):
                        pipe.close()
        try:
            outcome = json.loads(text)
        except ValueError:
            _log.error("the supervisor of a node ended with %s: %s", self._supervisor.returncode, text)
            raise ProcessLostError("was lost: the process that watched it is gone") from None
        if "error" in outcome:
            raise ProcessLostError(f"could not be started: {outcome['error']}")
        return int(outcome["exit_code"])

    def _send(self, line: str) -> None:
        pipe = self._supervisor.stdin
        assert pipe is not None
        with self._lock, suppress(BrokenPipeError):
            if not pipe.closed:
                pipe.write(line.encode() + b"\n")
                pipe.flush()


@functools.cache
def can_show_opt_ml() -> bool:
    """Try once whether this machine allows a mount namespace with a `/opt/ml` for each node."""
    with TemporaryDirectory(prefix="pulumi-tione-") as root:
        Path(root, "opt/ml").mkdir(parents=True)
        probe = subprocess.run(
            [*_supervisor(), root], stdin=subprocess.DEVNULL, capture_output=True, cwd="/", env={}, check=False
        )
    return probe.returncode == 0


def _supervisor() -> list[str]:
    # Isolated, and without site packages, so that no setting of the user has an effect.
    return [sys.executable, "-I", "-S", "-c", _BARE, str(Path(__file__).parent)]
