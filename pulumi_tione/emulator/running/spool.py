"""What one pod prints: its lines, each with its time, in two files of limited size.

A line is kept as `MICROSECONDS NUMBER STREAM TEXT`. The times only ever grow, so any of them is found by halving, and a
page of a long log costs no more than one of a short log.

The supervisor of a node uses this module as well, with nothing but the standard library at hand.
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
"""Of one file. When the later one is full it becomes the earlier one, and what that was is forgotten."""

MAX_LINE_BYTES = 64 * 1024
"""In bytes; what is longer is told as several lines."""

_LATER, _EARLIER = "later", "earlier"
_DIGITS = 16
"""Of a time in microseconds, until the year 2286."""


class PrintedLine(NamedTuple):
    """A line. `number` tells lines of one time apart; `stream` is `stdout` or `stderr`."""

    microseconds: int
    number: int
    stream: str
    text: str


class Writer:
    """Adds lines to what a pod printed."""

    def __init__(self, folder: Path, max_bytes: int = MAX_FILE_BYTES) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._largest = max_bytes
        self._number = 0
        self._last = 0
        self._file = self._open()

    def write(self, stream: str, *lines: bytes) -> None:
        """Keep lines that were printed just now."""
        if self._file.tell() > self._largest:
            self._file.close()
            os.replace(self._folder / _LATER, self._folder / _EARLIER)
            self._file = self._open()
        # A machine's clock may be set back, and a line must not come before its predecessor.
        self._last = max(self._last, time.time_ns() // 1000)
        numbered = enumerate(lines, self._number)
        name = stream.encode()
        self._file.write(
            b"".join(b"%0*d %d %s %s\n" % (_DIGITS, self._last, number, name, line) for number, line in numbered)
        )
        self._number += len(lines)

    def close(self) -> None:
        self._file.close()

    def _open(self) -> io.FileIO:
        # Unbuffered: whatever happens to the writer, what it wrote is there.
        return open(self._folder / _LATER, "ab", buffering=0)


def note(folder: Path, *texts: str) -> None:
    """Let the emulator itself say something in the log of a pod."""
    if texts:
        writer = Writer(folder)
        writer.write("stdout", *(f"[emulator] {text}".replace("\n", " ").encode("utf-8", "replace") for text in texts))
        writer.close()


def read(folder: Path, since: int, until: int, *, descending: bool = False) -> Iterator[PrintedLine]:
    """The lines of a period, its ends included and given in microseconds; the newest first where that is asked for."""
    with ExitStack() as opened:
        # In this order: between the two the later file may become the earlier one, and then is found twice, not missed.
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
    """Where the first line begins that was printed at a moment or later; the end of the data if there is none."""
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
