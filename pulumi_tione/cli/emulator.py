"""`pulumi-tione emulator`: the local TI-ONE's own command line, under this name."""

from __future__ import annotations

from collections.abc import Sequence

import click

from pulumi_tione.errors import TioneError


class MissingExtraError(TioneError):
    """The emulator needs a package that is not installed."""


@click.command(add_help_option=False, context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def emulator(context: click.Context, arguments: Sequence[str]) -> None:
    """Run a local TI-ONE, for trying programs and for tests; `emulator --help` tells its options."""
    try:
        from pulumi_tione.emulator.command import main
    except ModuleNotFoundError as error:
        if error.name != "aiohttp":
            raise
        raise MissingExtraError(
            "the local TI-ONE needs aiohttp, which is not installed: pip install 'pulumi-tione[emulator]'"
        ) from None
    context.exit(main(arguments))
