"""A Python whose packages are listed once.

Before each run of a program, Pulumi's language host asks pip for the installed packages (`python -m pip list`), to find
plugins among them. That takes half a second, a third of what a small `pulumi preview` takes. The environment of the
tests does not change while they run, so pip lists it once.
"""

from __future__ import annotations

import functools
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

_LIST = ("-m", "pip", "list", "-v", "--format", "json")
"""What the language host asks for."""


@functools.cache
def python_command() -> str:
    """Return the path of a Python for PULUMI_PYTHON_CMD: this one, but for the list of its packages."""
    folder = Path(_folder().name)
    packages, command = folder / "packages.json", folder / "python"
    packages.write_bytes(subprocess.run([sys.executable, *_LIST], capture_output=True, check=True).stdout)
    command.write_text(
        f'#!/bin/sh\n[ "$*" = "{" ".join(_LIST)}" ] && exec cat {shlex.quote(str(packages))}\n'
        f'exec {shlex.quote(sys.executable)} "$@"\n',
        encoding="utf-8",
    )
    command.chmod(0o755)
    return str(command)


@functools.cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    """The folder of this process, removed when it ends."""
    return tempfile.TemporaryDirectory()
