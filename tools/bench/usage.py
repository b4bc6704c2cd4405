"""What the Python processes of a command take: the program, and the provider of dynamic resources."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_RECORDER = '''
"""Records what this process has taken when it ends."""

import atexit
import json
import os
import resource
import sys


def _record():
    used = resource.getrusage(resource.RUSAGE_SELF)
    unit = 1 if sys.platform == "darwin" else 1024
    taken = [" ".join(sys.orig_argv), used.ru_utime + used.ru_stime, used.ru_maxrss * unit / 2**20]
    with open(os.environ["BENCH_USAGE"], "a", encoding="utf-8") as file:
        file.write(json.dumps(taken) + "\\n")


atexit.register(_record)
'''

_PROCESSES = {"program": "pulumi-language-python-exec", "provider": "pulumi.dynamic"}


@dataclass(frozen=True)
class Usage:
    """What one process has taken."""

    seconds: float
    """Of processor time, which other processes of the machine hardly change."""
    megabytes: float
    """At most, at one time."""


class UsageRecorder:
    """Records the processes of a stack's commands.

    Args:
        folder: where the records go.
    """

    def __init__(self, folder: Path) -> None:
        self._file = folder / "usage.jsonl"
        (folder / "recorder").mkdir()
        (folder / "recorder" / "sitecustomize.py").write_text(_RECORDER, encoding="utf-8")
        self.environment: Mapping[str, str] = {
            "PYTHONPATH": str(folder / "recorder"),
            "BENCH_USAGE": str(self._file),
        }
        """What the commands find in their environment."""

    def forget(self) -> None:
        self._file.unlink(missing_ok=True)

    def usage(self) -> dict[str, Usage]:
        """Return what `program` and `provider` have taken since the records were last forgotten."""
        records = [json.loads(line) for line in self._file.read_text(encoding="utf-8").splitlines()]
        return {
            name: Usage(seconds, megabytes)
            for name, mark in _PROCESSES.items()
            for command, seconds, megabytes in records
            if mark in command
        }


def processor_seconds(command: Sequence[str], environment: Mapping[str, str] | None = None) -> float:
    """Run a command, and return the processor time that it took."""
    process = subprocess.Popen(command, env={**os.environ, **(environment or {})})
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} failed")
    return used.ru_utime + used.ru_stime


def python(statement: str) -> list[str]:
    """Return the command that runs a statement."""
    return [sys.executable, "-c", statement]
