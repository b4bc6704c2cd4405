"""`pulumi-tione`: what dynamic providers cannot do, on the command line.

    pulumi-tione orphans     training tasks that no state knows, listed, stopped or deleted
    pulumi-tione import      an existing task taken into the state; pending creates of a killed update settled
    pulumi-tione logs        what the pods of a task print; with --follow until it ends
    pulumi-tione events      what happened to a task
    pulumi-tione status      how the tasks of a stack are
    pulumi-tione whoami      the account that the settings lead to, and where they come from
    pulumi-tione emulator    a local TI-ONE

Each command has a module of its own. They read and write states through the Pulumi CLI alone, and ask the service with
the settings of the stack, as the provider does. Every error is one line on standard error, with exit code 2.
"""

from __future__ import annotations

import io
import sys
from typing import Any

import click

from pulumi_tione._masking import masking
from pulumi_tione.cli import emulator, events, import_, logs, orphans, status, whoami
from pulumi_tione.cli.terminal import sanitize
from pulumi_tione.errors import TioneError

__all__ = ["main"]


class _Failure(click.ClickException):
    """An error as the terminal sees it."""

    exit_code = 2


class _Commands(click.Group):
    """All commands, with one way of ending for what can go wrong in any of them."""

    def invoke(self, context: click.Context) -> Any:
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):  # what its encoding does not have is shown all the same
                stream.reconfigure(errors="backslashreplace")
        try:
            with masking(()):  # what a command comes to know as a secret is one until it has ended
                return self._invoked(context)
        except (click.Abort, KeyboardInterrupt, EOFError):
            raise _Failure("interrupted, or no answer to a question: `--yes` goes on without asking") from None

    def _invoked(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except (TioneError, OSError) as error:
            raise _Failure(sanitize(error)) from None


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="pulumi-tione", prog_name="pulumi-tione")
def main() -> None:
    """Training tasks of Tencent Cloud TI-ONE, beside Pulumi: what its dynamic providers cannot do."""


main.add_command(orphans.orphans)
main.add_command(import_.import_)
main.add_command(logs.logs)
main.add_command(events.events)
main.add_command(status.status)
main.add_command(whoami.whoami)
main.add_command(emulator.emulator)
