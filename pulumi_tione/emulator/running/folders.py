"""The folders of runs while an emulator lives; the folders of killed emulators are removed at the next start.

What is in such a folder is decided in `container.py`.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TextIO

PREFIX = "pulumi-tione-runs-"

_CLAIM = "claim"
"""A file in the folder that its emulator keeps locked; the system unlocks it when the emulator ends."""


def claim(folder: Path) -> TextIO:
    """Mark a folder as in use, until the file is closed or the process has ended."""
    import fcntl  # missing on Windows, where an emulator that executes nothing still works

    file = (folder / f".{_CLAIM}").open("w", encoding="utf-8")
    fcntl.flock(file, fcntl.LOCK_EX)
    (folder / f".{_CLAIM}").rename(folder / _CLAIM)
    return file


def remove_abandoned() -> None:
    """Remove the folders of emulators that were killed. A folder without a claim may be a new one."""
    import fcntl

    for claimed in Path(tempfile.gettempdir()).glob(f"{PREFIX}*/{_CLAIM}"):
        try:
            with claimed.open("r+", encoding="utf-8") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            continue  # in use, another user's, or gone
        shutil.rmtree(claimed.parent, ignore_errors=True)
