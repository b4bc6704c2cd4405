"""Store what one pod prints: lines with their times, in two files of limited size.

A line is stored as `MICROSECONDS NUMBER STREAM TEXT`. The times only increase, so a binary search finds any of them,
and a page of a long log costs no more than one of a short log.

The supervisor of a node uses this module as well, with nothing but the standard library.

A pod keeps two files of up to 8 MiB, and a line of up to 64 KiB. Lines of runs that are not executed come from
`tasks/output.py`.
"""

from __future__ import annotations

import io
import mmap
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import BinaryIO, NamedTuple

MAX_FILE_BYTES = 8 * 1024 * 1024
"""The limit of one file. When the later one is full it replaces the earlier one, whose lines are lost."""

MAX_LINE_BYTES = 64 * 1024
"""In bytes; a longer line is split."""

_LATER, _EARLIER = "later", "earlier"
_DIGITS = 16
"""The digits of a time in microseconds, until the year 2286."""


class PrintedLine(NamedTuple):
    """A line. `number` distinguishes lines of the same time; `stream` is `stdout` or `stderr`."""

    microseconds: int
    number: int
    stream: str
    text: str


class Writer:
    """Append lines to the output of a pod."""

    def __init__(self, folder: Path, max_bytes: int = MAX_FILE_BYTES) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._largest = max_bytes
        self._number = 0
        self._last = 0
        self._file = self._open()

    def write(self, stream: str, *lines: bytes) -> None:
        """Store lines that were printed just now."""
        if self._file.tell() > self._largest:
            self._file.close()
            os.replace(self._folder / _LATER, self._folder / _EARLIER)
            self._file = self._open()
        # A machine's clock may be set back, and a line must not come before its predecessor.
        self._last = max(self._last, time.time_ns() // 1000)
        enumerated = enumerate(lines, self._number)
        name = stream.encode()
        self._file.write(
            b"".join(b"%0*d %d %s %s\n" % (_DIGITS, self._last, number, name, line) for number, line in enumerated)
        )
        self._number += len(lines)

    def close(self) -> None:
        self._file.close()

    def _open(self) -> io.FileIO:
        # Unbuffered, so that nothing is lost whatever happens to the writer.
        return open(self._folder / _LATER, "ab", buffering=0)


def note(folder: Path, *texts: str) -> None:
    """Write lines of the emulator itself to the log of a pod."""
    if texts:
        writer = Writer(folder)
        writer.write("stdout", *(f"[emulator] {text}".replace("\n", " ").encode("utf-8", "replace") for text in texts))
        writer.close()


def read(folder: Path, since: int, until: int, *, descending: bool = False) -> Iterator[PrintedLine]:
    """Yield the lines of a period in microseconds, including its ends; optionally the newest first."""
    with ExitStack() as opened:
        # In this order: if the later file becomes the earlier one in between, it is found twice rather than missed.
        files = [file for name in (_LATER, _EARLIER) if (file := _opened(folder / name, opened)) is not None]
        if len(files) == 2 and os.path.sameopenfile(files[0].fileno(), files[1].fileno()):
            del files[1]
        for file in files if descending else reversed(files):
            with suppress(ValueError):  # an empty file cannot be mapped
                data = opened.enter_context(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
                yield from (_descending if descending else _ascending)(data, since, until)


def _ascending(data: mmap.mmap, since: int, until: int) -> Iterator[PrintedLine]:
    position = _first(data, since)
    while (end := data.find(b"\n", position)) >= 0:
        printed = _printed(data[position:end])
        if printed.microseconds > until:
            return
        yield printed
        position = end + 1


def _descending(data: mmap.mmap, since: int, until: int) -> Iterator[PrintedLine]:
    end = _first(data, until + 1) - 1
    while end >= 0:
        position = data.rfind(b"\n", 0, end) + 1
        printed = _printed(data[position:end])
        if printed.microseconds < since:
            return
        yield printed
        end = position - 1


def _first(data: mmap.mmap, moment: int) -> int:
    """Return the position of the first line that was printed at a moment or later; else the end of the data."""
    low, high = 0, data.rfind(b"\n") + 1
    while low < high:
        middle = data.rfind(b"\n", low, (low + high) // 2) + 1 or low
        if int(data[middle : middle + _DIGITS]) < moment:
            low = data.find(b"\n", middle) + 1
        else:
            high = middle
    return low


def _printed(record: bytes) -> PrintedLine:
    microseconds, number, stream, text = record.split(b" ", 3)
    return PrintedLine(int(microseconds), int(number), stream.decode(), text.decode("utf-8", "replace"))


def _opened(path: Path, opened: ExitStack) -> BinaryIO | None:
    try:
        return opened.enter_context(open(path, "rb"))
    except FileNotFoundError:
        return None
