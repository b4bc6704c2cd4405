"""`pulumi-tione emulator`: the command line of the local TI-ONE under this name.

Its options are in `emulator/command.py`, which needs the extra `emulator`.

An option of the emulator is added there, not here. Exit codes: 0; 1 if it cannot start; 2 for a wrong option.
"""

from __future__ import annotations

from collections.abc import Sequence

import click

from pulumi_tione.errors import TioneError

INSTALL_EXTRA = "pip install '.[emulator]'"
"""How the emulator's dependencies are installed, in a clone of the repository."""


class MissingExtraError(TioneError):
    """The emulator needs a package that is not installed."""


@click.command(add_help_option=False, context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def emulator(context: click.Context, arguments: Sequence[str]) -> None:
    """Run a local TI-ONE, to try programs and to run tests. `emulator --help` lists its options."""
    try:
        from pulumi_tione.emulator.command import main

        exit_code = main(arguments, program=context.command_path)
    except ModuleNotFoundError as error:
        if error.name != "aiohttp":
            raise
        raise MissingExtraError(
            f"the local TI-ONE needs aiohttp, which is not installed. In a clone of this package's repository, run "
            f"`{INSTALL_EXTRA}`"
        ) from None
    context.exit(exit_code)
