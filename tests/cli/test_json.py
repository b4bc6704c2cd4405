"""What `--json` prints is for programs: keys without blanks, numbers as numbers, times with a zone."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import Result
from engine_support import Stack

from pulumi_tione import cli
from pulumi_tione.cli import env, main
from pulumi_tione.emulator import Emulator

COMMANDS: dict[str, tuple[str, ...]] = {
    "status": ("--json",),
    "logs": ("bert", "--json"),
    "events": ("bert", "--json"),
    "show": ("bert", "--json"),
    "orphans": ("--json",),
    "whoami": ("--json",),
    "review": ("--stack", "dev", "--format", "json"),
}
_KEY = re.compile(r"[a-z]+([A-Z][a-z0-9]*)*")
_DATA = ("labels", "envs", "tags", "before", "after")
"""The members that are maps of the user's or the service's own keys."""
_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d")
_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_TEXTS_OF_DIGITS = ("value", "uin", "before", "after", "list", "worstCase", "schemaVersion")
"""Ids that are made of digits, versions, and amounts of money, which are decimal strings."""


def members(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Every member of a JSON value at any depth, with its name."""
    if isinstance(value, dict):
        for key, part in value.items():
            if name not in _DATA:
                yield key, part
            yield from members(part, key)
    elif isinstance(value, list):
        for part in value:
            yield from members(part, name)


def has_json(command: click.Command) -> bool:
    options = [each for each in command.params if isinstance(each, click.Option)]
    return any("--json" in each.opts or "json" in getattr(each.type, "choices", ()) for each in options)


def test_all_commands_that_print_json_are_checked() -> None:
    assert {name for name, command in main.commands.items() if has_json(command)} == {*COMMANDS}
    assert {*env.env.commands} == {name for name, command in env.env.commands.items() if has_json(command)}


@pytest.mark.engine
def test_json_has_machine_keys_and_values(stack: Stack, emulator: Emulator, tione: Callable[..., Result]) -> None:
    stack.program('tione.TrainingTask("bert", **(B | dict(start_cmd_info={"worker_start_cmd": "python train.py"})))')
    stack.up()
    emulator.advance(20)
    for command, options in COMMANDS.items():
        printed = tione(command, *options).stdout
        values = [json.loads(line) for line in printed.splitlines()] if command == "logs" else [json.loads(printed)]
        found = list(members(values))
        assert found, command
        for name, value in found:
            assert _KEY.fullmatch(name), f"{command}: {name}"
            if isinstance(value, str) and _TIME.match(value):
                assert datetime.fromisoformat(value.replace("Z", "+00:00")[:19] + zone(value)).tzinfo, (
                    f"{command}: {name}"
                )
            if isinstance(value, str) and name not in _TEXTS_OF_DIGITS:
                assert not _NUMBER.fullmatch(value), f"{command}: {name} is the text {value!r}"


def zone(time: str) -> str:
    """The zone that a time ends with, in the form of RFC 3339."""
    ending = re.search(r"(Z|[+-]\d\d:\d\d)$", time)
    assert ending, time
    assert time[10] == "T", time
    return ending[1].replace("Z", "+00:00")


def test_every_key_that_a_command_writes_is_a_machine_key() -> None:
    """Those of commands that need a git repository too."""
    folder = Path(cli.__file__).parent
    keys = {
        (module.name, key.value)
        for module in folder.glob("*.py")
        for function in ast.walk(ast.parse(module.read_text(encoding="utf-8")))
        if isinstance(function, ast.FunctionDef) and "json" in ast.unparse(function)
        for literal in ast.walk(function)
        if isinstance(literal, ast.Dict)
        for key in literal.keys
        if isinstance(key, ast.Constant) and isinstance(key.value, str)
    }
    assert len(keys) > 40
    assert [key for key in keys if not _KEY.fullmatch(key[1])] == []
