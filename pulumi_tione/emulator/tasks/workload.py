"""Predict what a start command does, without running it.

Nothing is executed. A command that consists only of `sleep`, `exit`, `echo`, `true` and `false`, alone or within `sh
-c` or `bash -c`, has a known duration, exit code and output. Nothing is known of any other command, and its run
succeeds after the usual time.

With `--run` the command is executed instead (`running/`). A test that wants another end uses `plan_runs` in
`control/control_api.py`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .start_command import commands_of, deciding_command

MAX_COMMAND_LENGTH = 128 * 1024
"""In characters. Linux starts no process with a longer argument, so a longer command is not parsed."""

MAX_LINES = 10_000
"""A command that prints more lines is not parsed: DescribeLogs pages through no more [D]."""

_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
_EXPANDED = "$`*?[~"
"""What only a shell can expand: variables, patterns, home folders."""
_DURATION = re.compile(r"(\d+(?:\.\d*)?|\.\d+)([smhd]?)")

_TOKEN = re.compile(
    r"""[ \t\r]+
    | (?P<operator>[;&|<>()]+)
    | (?P<word>(?:[^ \t\r;&|<>()'"\\]+|'[^']*'|"(?:[^"\\]|\\.)*"|\\.)+)""",
    re.VERBOSE,
)
"""A token of a line, for `match` alone. Nothing that follows makes it backtrack, so it takes linear time, while
shlex takes quadratic time in the length of a word."""

_PART = re.compile(r"""'(?P<literal>[^']*)'|"(?P<quoted>(?:[^"\\]|\\.)*)"|\\(?P<escaped>.)|(?P<plain>[^'"\\]+)""")
"""A part of a word. Within double quotes, a backslash escapes the quote and itself."""


@dataclass(frozen=True)
class Workload:
    """How long a command runs, its exit code, and what it prints when."""

    seconds: float
    exit_code: int
    output: tuple[tuple[float, str], ...]


@dataclass(frozen=True)
class Program:
    """The commands of a task, and the workload of the deciding one if it can be parsed."""

    commands: Mapping[str, str]
    workload: Workload | None

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> Program:
        commands = commands_of(body)
        return cls(commands, parse_workload(deciding_command(commands)))


def parse_workload(command: str) -> Workload | None:
    """Parse a start command; return None if anything in it is not one of the few known commands."""
    if len(command) > MAX_COMMAND_LENGTH:
        return None
    try:
        return _Interpreter().of(command)
    except ValueError:
        return None


class _Interpreter:
    def __init__(self) -> None:
        self.seconds = 0.0
        self.output: list[tuple[float, str]] = []

    def of(self, command: str) -> Workload:
        exit_code = self._script(command)
        return Workload(self.seconds, exit_code, tuple(self.output))

    def _script(self, script: str) -> int:
        exit_code = 0
        skipped = False
        for separator, words in _commands(script):
            if separator != "&&":
                skipped = False
            elif exit_code != 0:
                skipped = True
            if skipped:
                continue
            if words[0] == "exit":
                return _exit_code(words)
            exit_code = self._command(words)
        return exit_code

    def _command(self, words: list[str]) -> int:
        match words:
            case ["true" | ":"]:
                return 0
            case ["false"]:
                return 1
            case ["echo", *text]:
                if len(self.output) == MAX_LINES:
                    raise ValueError("too many lines")
                self.output.append((self.seconds, " ".join(text)))
                return 0
            case ["sleep", duration]:
                self.seconds += _duration(duration)
                return 0
            case ["sh" | "bash" | "/bin/sh" | "/bin/bash", "-c", script]:
                return self._script(script)
        raise ValueError(f"not understood: {words[0]}")


def _commands(script: str) -> list[tuple[str, list[str]]]:
    """Return the simple commands of a script, each with the operator before it."""
    commands: list[tuple[str, list[str]]] = []
    separator = ";"
    for line in script.splitlines():
        words: list[str] = []
        for is_operator, token in _tokens(line):
            if not is_operator:
                words.append(_word(token))
                continue
            if token not in (";", "&&") or not words:
                raise ValueError("an operator that is not understood, or without a command before it")
            commands.append((separator, words))
            separator, words = token, []
        if words:
            commands.append((separator, words))
            separator = ";"
    if not commands or separator == "&&":
        raise ValueError("nothing to do")
    return commands


def _tokens(line: str) -> Iterator[tuple[bool, str]]:
    """Yield the operators and the words of a line, unchanged."""
    position = 0
    while position < len(line):
        token = _TOKEN.match(line, position)
        if token is None:
            raise ValueError("a quotation or an escape without an end")
        position = token.end()
        if token.lastgroup is not None:
            yield token.lastgroup == "operator", token[0]


def _word(token: str) -> str:
    word = "".join(map(_plain, _PART.finditer(token)))
    if not word or any(character in _EXPANDED for character in word):
        raise ValueError(f"not understood: {word}")
    return word


def _plain(part: re.Match[str]) -> str:
    if part["quoted"] is not None:
        return re.sub(r'\\(["\\])', r"\1", part["quoted"])
    return part["literal"] or part["escaped"] or part["plain"] or ""


def _exit_code(words: list[str]) -> int:
    if len(words) == 1:
        return 0
    return int(words[1]) % 256


def _duration(text: str) -> float:
    if text in ("infinity", "inf"):
        return math.inf
    match = _DURATION.fullmatch(text)
    if match is None:
        raise ValueError(f"not a duration: {text}")
    return float(match[1]) * _SECONDS[match[2]]
