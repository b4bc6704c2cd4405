"""What a start command says about a run, as far as that can be known without running it.

Nothing is executed. A command that consists of nothing but `sleep`, `exit`, `echo`, `true` and `false`, alone or
handed to `sh -c` or `bash -c`, has a known length, a known end and known output. Of any other command nothing is
known, and the run takes its course as if it had succeeded.
"""

from __future__ import annotations

import math
import re
import shlex
from dataclasses import dataclass

_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
_OPERATORS = ";&|<>()"
_EXPANDED = "$`*?[~"
"""What only a shell can read: variables, patterns, home folders."""
_DURATION = re.compile(r"(\d+(?:\.\d*)?|\.\d+)([smhd]?)")


@dataclass(frozen=True)
class Workload:
    """How long a command runs, with which code it ends, and what it prints when."""

    seconds: float
    exit_code: int
    output: tuple[tuple[float, str], ...]


def understand(command: str) -> Workload | None:
    """Read a start command; None when anything in it is beyond the few words that are understood."""
    try:
        return _Reading().of(command)
    except ValueError:
        return None


class _Reading:
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
                self.output.append((self.seconds, " ".join(text)))
                return 0
            case ["sleep", duration]:
                self.seconds += _duration(duration)
                return 0
            case ["sh" | "bash" | "/bin/sh" | "/bin/bash", "-c", script]:
                return self._script(script)
        raise ValueError(f"not understood: {words[0]}")


def _commands(script: str) -> list[tuple[str, list[str]]]:
    """The simple commands of a script, each with the operator before it."""
    commands: list[tuple[str, list[str]]] = []
    separator = ";"
    for line in script.splitlines():
        words: list[str] = []
        lexer = shlex.shlex(line, posix=True, punctuation_chars=_OPERATORS)
        lexer.whitespace_split = True
        lexer.commenters = ""
        for word in lexer:
            if word in (";", "&&"):
                if not words:
                    raise ValueError("an operator without a command before it")
                commands.append((separator, words))
                separator, words = word, []
            elif set(word) <= set(_OPERATORS) or set(word) & set(_EXPANDED):
                raise ValueError(f"not understood: {word}")
            else:
                words.append(word)
        if words:
            commands.append((separator, words))
            separator = ";"
    if not commands or separator == "&&":
        raise ValueError("nothing to do")
    return commands


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
