"""`pulumi-tione`: what Pulumi cannot do for dynamic resources, on the command line.

    pulumi-tione status      the current status of the training tasks of a stack
    pulumi-tione logs        the log of a task; with --follow until it ends
    pulumi-tione events      the events of a task
    pulumi-tione show        a task as Python, as JSON, or as the request that creates it
    pulumi-tione review      what a preview changes, and what that costs an hour
    pulumi-tione orphans     training tasks that are in no state: listed, stopped or deleted
    pulumi-tione env         an environment for each branch: up, down, stop, start, list, reap
    pulumi-tione import      an existing task, or pending creates, imported into the state
    pulumi-tione whoami      account, region and credentials in use, and where they come from
    pulumi-tione emulator    a local TI-ONE

Each command has its own module, which only reads options and prints, and is imported when it is run. The work is done
in `stacks/`, `review/` and `environments/`. States are read and written through the Pulumi CLI, and the service is
called with the settings of the stack, as the provider does. Every error is one line on standard error, with exit code
2.
"""

from __future__ import annotations

import importlib
import io
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from pulumi_tione._masking import masking
from pulumi_tione.cli.options import in_a_stack
from pulumi_tione.cli.terminal import sanitize
from pulumi_tione.errors import TioneError

__all__ = ["main"]

_NO_ANSWER = "interrupted, or a question was not answered. To run without questions, add --yes"


_MODULES = {
    "emulator": "emulator",
    "env": "env",
    "events": "events",
    "import": "import_",
    "logs": "logs",
    "orphans": "orphans",
    "review": "review",
    "show": "show",
    "status": "status",
    "whoami": "whoami",
}
"""The commands, each with its module, in which it has the module's name."""


class _Modules(Mapping[str, click.Command]):
    """The commands by name, each imported when it is used."""

    def __getitem__(self, name: str) -> click.Command:
        module = _MODULES[name]
        command: click.Command = getattr(importlib.import_module(f"{__name__}.{module}"), module)
        return command

    def __iter__(self) -> Iterator[str]:
        return iter(_MODULES)

    def __len__(self) -> int:
        return len(_MODULES)


class _Failure(click.ClickException):
    """An error as the terminal shows it."""

    exit_code = 2


class _Commands(click.Group):
    """All commands: what can go wrong in any of them ends in one line and exit code 2."""

    def invoke(self, context: click.Context) -> Any:
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):  # characters that its encoding lacks are escaped
                stream.reconfigure(errors="backslashreplace")
        if os.environ.get("NO_COLOR"):  # https://no-color.org: click leaves that to its users
            context.color = False
        try:
            with masking(()):  # secrets that a command reads are masked until it ends
                return self._invoked(context)
        except (click.Abort, KeyboardInterrupt, EOFError):
            raise _Failure(_NO_ANSWER) from None

    def _invoked(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except (TioneError, OSError) as error:
            raise _Failure(sanitize(error)) from None

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands with their whole first sentences, which click would cut off."""
        commands = [(name, self.commands[name].get_short_help_str(limit=1000)) for name in self.list_commands(context)]
        with formatter.section("Commands"):
            formatter.write_dl(commands)


@click.group(cls=_Commands, commands=_Modules(), context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="pulumi-tione", prog_name="pulumi-tione")
@in_a_stack
@click.pass_context
def main(context: click.Context, folder: Path, stack: str | None) -> None:
    """Work with the training tasks of Tencent Cloud TI-ONE that Pulumi manages.

    You can put --cwd and --stack before or after the command.
    """
    context.default_map = {name: {"folder": folder, "stack": stack} for name in _COMMANDS_IN_A_STACK}
    group = main.commands[context.invoked_subcommand] if context.invoked_subcommand == "env" else None
    if isinstance(group, click.Group):
        context.default_map["env"] = {name: {"folder": folder} for name in group.commands}


_COMMANDS_IN_A_STACK = ("status", "logs", "events", "show", "orphans", "review", "import", "whoami")
"""The commands that take `--cwd` and `--stack`. A new one is named here, too: else it misses options that stand before
the command."""
