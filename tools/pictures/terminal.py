"""Run a command in a terminal, and draw its screen as SVG."""

from __future__ import annotations

import fcntl
import io
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from types import TracebackType

import pyte
from pyte.graphics import FG_BG_256
from rich.console import Console
from rich.style import Style
from rich.terminal_theme import TerminalTheme
from rich.text import Text

MAX_LINES = 80
TIMEOUT_SECONDS = 120

_COLORS = ("161b22", "ff7b72", "56d364", "e3b341", "79c0ff", "d2a8ff", "76e3ea", "c9d1d9")
_BRIGHT_COLORS = ("8b949e", "ffa198", "7ee787", "f2cc60", "a5d6ff", "e2c5ff", "b3f0ff", "f0f6fc")


def _rgb(color: str) -> tuple[int, int, int]:
    red, green, blue = bytes.fromhex(color)
    return red, green, blue


THEME = TerminalTheme(_rgb("161b22"), _rgb("c9d1d9"), [*map(_rgb, _COLORS)], [*map(_rgb, _BRIGHT_COLORS)])
"""Light on dark: readable on a light page and on a dark one."""

FORMAT = """\
<svg class="terminal" viewBox="0 0 {width} {height}" width="{width}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", "Liberation Mono", \
"Noto Sans Mono CJK SC", monospace; font-size: {char_height}px; line-height: {line_height}px; }}
.{unique_id}-title {{ font-size: 16px; font-family: system-ui, "Segoe UI", "Liberation Sans", Arial, sans-serif; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}"/>
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""
"""Rich's own format loads a font from another server."""


_NAMES = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")
_BASIC: dict[str, str] = dict(zip(FG_BG_256[:16], (*_NAMES, *(f"bright_{name}" for name in _NAMES)), strict=True))
"""The sixteen colors of which a terminal's theme decides how they look, also if a program selects them by number."""


class Terminal:
    """A command in a terminal of its own.

    Args:
        command: what runs.
        folder: where it runs.
        environment: its environment.
        columns: the width of the terminal.
    """

    def __init__(self, command: Sequence[str], folder: Path, environment: Mapping[str, str], columns: int) -> None:
        self._screen = pyte.Screen(columns, MAX_LINES)
        self._stream = pyte.ByteStream(self._screen)
        self._terminal, other_end = pty.openpty()
        fcntl.ioctl(other_end, termios.TIOCSWINSZ, struct.pack("HHHH", MAX_LINES, columns, 0, 0))
        self._process = subprocess.Popen(
            command,
            cwd=folder,
            env={**environment, "TERM": "xterm-256color"},
            stdin=other_end,
            stdout=other_end,
            stderr=other_end,
            start_new_session=True,
        )
        os.close(other_end)
        self._deadline = time.monotonic() + TIMEOUT_SECONDS
        self._is_open = True

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
        os.close(self._terminal)
        self._process.wait()

    @property
    def text(self) -> str:
        """What the screen shows, without its colors."""
        return "\n".join(self._screen.display)

    def wait_until(self, is_shown: Callable[[str], object]) -> list[Text]:
        """Wait until the screen shows something, and return its lines."""
        while not is_shown(self.text):
            if not self._read():
                raise SystemExit(f"the command ended without what was expected:\n{self.text.rstrip()}")
        return self.lines()

    def wait(self, exit_code: int = 0) -> list[Text]:
        """Wait until the command has ended, and return the lines of its screen."""
        while self._read():
            pass
        if self._process.wait() != exit_code:
            raise SystemExit(f"the command ended with {self._process.returncode}:\n{self.text.rstrip()}")
        return self.lines()

    def end(self) -> None:
        """End the command, which still runs: it is interrupted, as by Ctrl-C."""
        os.write(self._terminal, b"\x03")
        while self._read():
            pass

    def _read(self) -> bool:
        if time.monotonic() > self._deadline:
            raise SystemExit(f"the command takes too long:\n{self.text.rstrip()}")
        if self._is_open and select.select([self._terminal], [], [], 1)[0]:
            try:
                self._stream.feed(os.read(self._terminal, 65536))
            except OSError:  # Linux reports the end of a terminal as an error
                self._is_open = False
        return self._is_open

    def lines(self) -> list[Text]:
        """Return the lines of the screen, without empty ones at the end."""
        lines = [self._line(number) for number in range(MAX_LINES)]
        while lines and not lines[-1].plain:
            lines.pop()
        return lines

    def _line(self, number: int) -> Text:
        row = self._screen.buffer[number]
        cells = [row[column] for column in range(self._screen.columns)]
        line = Text()
        for style, run in groupby(cells, _style):
            line.append("".join(cell.data for cell in run), style)  # the second cell of a wide character is empty
        line.rstrip()
        return line


def _style(cell: pyte.screens.Char) -> Style:
    return Style(
        color=_color(cell.fg),
        bgcolor=_color(cell.bg),
        bold=cell.bold,
        italic=cell.italics,
        underline=cell.underscore,
        reverse=cell.reverse,
    )


def _color(name: str) -> str | None:
    if name == "default":
        return None
    if name in _BASIC:
        return _BASIC[name]
    if re.fullmatch("[0-9a-f]{6}", name):
        return f"#{name}"
    return {"brown": "yellow", "brightbrown": "bright_yellow"}.get(name, name.replace("bright", "bright_"))


def replaced(line: Text, pattern: re.Pattern[str], replacement: str) -> Text:
    """Return a line with another text for what a pattern matches. The columns after it stay where they are."""
    result = Text()
    end = 0
    for match in pattern.finditer(line.plain):
        text = match.expand(replacement)
        result.append_text(line[end : match.start()])
        style = line.get_style_at_offset(_console(80), match.start())
        end = match.end()
        spaces = len(line.plain[end:]) - len(line.plain[end:].lstrip(" "))
        difference = len(text) - (match.end() - match.start())
        result.append(text, style)
        if spaces > 1 and difference < spaces:
            if difference > 0:
                end += difference
            else:
                result.append(" " * -difference)
    result.append_text(line[end:])
    return result


def drawn(name: str, title: str, lines: Sequence[Text], columns: int) -> str:
    """Return lines as a picture of a terminal. The name is part of its ids: a page may have several pictures."""
    console = _console(columns)
    for line in lines:
        console.print(line, no_wrap=True, overflow="crop", crop=True)
    console.print()  # without it, the picture ends within the last line
    svg = console.export_svg(title=title, theme=THEME, code_format=FORMAT, font_aspect_ratio=0.61, unique_id=name)
    return "\n".join(line.rstrip() for line in svg.splitlines()) + "\n"


def _console(columns: int) -> Console:
    return Console(
        record=True,
        width=columns,
        file=io.StringIO(),
        force_terminal=True,
        color_system="truecolor",
        legacy_windows=False,
    )
