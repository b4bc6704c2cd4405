"""The folders that runs have while an emulator lives; those of emulators that were killed are removed at a start."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TextIO

PREFIX = "pulumi-tione-runs-"

_CLAIM = "claim"
"""A file in the folder that its emulator holds locked; the system takes the lock away when the emulator ends."""


def claim(folder: Path) -> TextIO:
    """Mark a folder as in use, until the file is closed or the process has ended."""
    import fcntl  # not on Windows, where an emulator that executes nothing is of use all the same

    file = (folder / f".{_CLAIM}").open("w", encoding="utf-8")
    fcntl.flock(file, fcntl.LOCK_EX)
    (folder / f".{_CLAIM}").rename(folder / _CLAIM)
    return file


def remove_abandoned() -> None:
    """Remove the folders whose emulators have ended without doing so. One without a claim may be in the making."""
    import fcntl

    for claimed in Path(tempfile.gettempdir()).glob(f"{PREFIX}*/{_CLAIM}"):
        try:
            with claimed.open("r+", encoding="utf-8") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            continue  # in use, somebody else's, or gone
        shutil.rmtree(claimed.parent, ignore_errors=True)
