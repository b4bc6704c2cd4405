"""`pulumi-tione whoami`: which account the settings lead to, where each of them comes from, and whether they work."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from pulumi_tione._api.client import Client
from pulumi_tione._config.settings import Settings
from pulumi_tione.cli.options import in_a_stack
from pulumi_tione.cli.task_argument import selected_stack
from pulumi_tione.cli.terminal import json_text, sanitize

_SHOWN = 4
"""How many characters of a key id are shown at either end."""


@click.command()
@in_a_stack
@click.option("--profile", metavar="NAME", help="As for a task with settings=tione.Settings(profile=NAME).")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def whoami(*, folder: Path, stack: str | None, profile: str | None, as_json: bool) -> None:
    """Show region, endpoint, key and account that tasks are created with, and where each comes from.

    The service is asked: for the account, and whether it lets these keys list training tasks. Exit code 2 if not.
    """
    pulumi, selected = selected_stack(folder, stack)
    settings = pulumi.settings(selected).of({"profile": profile} if profile else None)
    found = _found(settings)
    if as_json:
        click.echo(json_text({"stack": str(selected) if selected else None, **found}))
    else:
        rows = [(name, *shown.values()) for name, shown in found.items()]
        widths = [max(len(str(row[column])) for row in rows) for column in (0, 1)]
        for name, value, source in rows:
            line = f"{name:<{widths[0]}}  {value!s:<{widths[1]}}  {f'({source})' if source else ''}"
            click.echo(sanitize(line.rstrip()))


def _found(settings: Settings) -> dict[str, dict[str, Any]]:
    """Give what the settings lead to: by name, the value and its source."""
    # The SDK takes long to load: no other command should pay for it before it sends something.
    from pulumi_tione._api.credentials import resolver_of

    region = settings.region_setting
    endpoint, source = settings.endpoint_and_source("tione")
    keys = resolver_of(settings).current()
    client = Client(settings, region.value)
    account = client.account_id()
    next(client.training_tasks({}, {}), None)
    return {
        "region": _row(region.value, region.source),
        "endpoint": _row(str(endpoint), source),
        "key": _row(masked(keys.credentials.secret_id), keys.source),
        "account": _row(account, "as the service says"),
        "training tasks": _row("accessible", f"in {region.value}"),
    }


def _row(value: str, source: str) -> dict[str, Any]:
    return {"value": value, "source": source}


def masked(secret_id: str) -> str:
    """Give enough of a key's id to tell it from others."""
    if len(secret_id) <= 2 * _SHOWN:
        return "*" * len(secret_id)
    return f"{secret_id[:_SHOWN]}…{secret_id[-_SHOWN:]}"
