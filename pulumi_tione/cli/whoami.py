"""`pulumi-tione whoami`: account, region and credentials in use, where they come from, and whether they work.

The order of the sources is in `_config/settings.py`. Of a secret id, 4 characters at either end are shown. Exit codes:
0, or 2 if something is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from pulumi_tione._api.client import Client
from pulumi_tione._config.secret_settings import secrets_in_plain_text
from pulumi_tione._config.settings import Settings, unknown_settings
from pulumi_tione.cli.options import in_a_stack
from pulumi_tione.cli.task_options import selected_stack
from pulumi_tione.cli.terminal import json_text, sanitize, show
from pulumi_tione.errors import TioneError
from pulumi_tione.stacks.pulumi_cli import StackName

_SHOWN = 4
"""How many characters of a secret id are shown at either end."""

FAILED = 2


@click.command()
@in_a_stack
@click.option("--profile", metavar="NAME", help="Show what a task with settings=tione.Settings(profile=NAME) uses.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def whoami(context: click.Context, *, folder: Path, stack: str | None, profile: str | None, as_json: bool) -> None:
    """Show the region, endpoint, credentials and account in use, and where each comes from.

    The service is asked for the account, and whether the credentials may list training tasks.

    Exit code 0: everything works. 2: something is missing or wrong; the rest is shown first.
    """
    pulumi, stack_name = selected_stack(folder, stack)
    config = {} if stack_name is None else pulumi.config(stack_name)
    identity = _Identity.of(pulumi.settings(stack_name).of({"profile": profile} if profile else None))
    warnings = [*_secrets_in_plain_text(config, stack_name), *unknown_settings(config, _value_in(config))]
    if as_json:
        rows = {name: {"value": row.value, "source": row.source} for name, row in identity.rows.items()}
        report = {"warnings": warnings, "errors": identity.errors}
        click.echo(json_text({"stack": str(stack_name) if stack_name else None, **rows, **report}))
    else:
        click.echo(sanitize(f"stack: {stack_name or 'none selected, settings come from the environment'}"))
        names = max(len(row.name) for row in identity.rows.values())
        values = max(len(row.shown) for row in identity.rows.values())
        for row in identity.rows.values():
            source = f"  ({row.source})" if row.source else ""
            click.echo(sanitize(f"{row.name:<{names}}  {row.shown:<{values}}{source}".rstrip()))
    for warning in warnings:
        show(f"Warning: {warning}")
    for error in identity.errors:
        show(f"Error: {error}")
    if identity.errors:
        context.exit(FAILED)


@dataclass(frozen=True)
class _Row:
    """A line of the report."""

    name: str
    value: str | bool | None
    """None if it is unknown."""
    source: str

    @property
    def shown(self) -> str:
        """The value as the table shows it."""
        if isinstance(self.value, bool):
            return "accessible" if self.value else "not accessible"
        return self.value or "unknown"


@dataclass
class _Identity:
    """Who the settings lead to. A part that fails does not hide the others."""

    rows: dict[str, _Row] = field(default_factory=dict)
    """The lines of the report, by their keys in JSON."""
    errors: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, settings: Settings) -> _Identity:
        """Find out what the settings lead to, as far as that is possible."""
        # The SDK takes long to load: other commands load it only when they send a request.
        from pulumi_tione._api.credentials import resolver_of

        identity = cls()
        region = identity._add("region", "region", lambda: settings.region_setting)
        endpoint = identity._add("endpoint", "endpoint", lambda: settings.endpoint_and_source("tione"))

        def secret_id() -> tuple[str, str]:
            resolved = resolver_of(settings).current()
            return masked(resolved.credentials.secret_id), resolved.source

        credentials = identity._add("secretId", "secret id", secret_id)
        identity._add_errors(settings.violations())
        for read in (lambda: settings.labels, lambda: settings.default_tags, lambda: settings.deleted_names_are_kept):
            identity._attempt(read)
        if region and endpoint and credentials:
            client = Client(settings, region)
            account = identity._add("account", "account", lambda: (client.account_id(), "from the service"))
        else:
            account = None
            identity.rows["account"] = _Row("account", None, "")
        identity.rows["trainingTasks"] = _Row("training tasks", None if account is None else False, "")
        if account is not None and region:
            identity._attempt(
                lambda: next(client.training_tasks({}, {}), None), on_success=identity._accessible(region)
            )
        return identity

    def _accessible(self, region: str) -> Callable[[], None]:
        def set_row() -> None:
            self.rows["trainingTasks"] = _Row("training tasks", True, f"in {region}")

        return set_row

    def _add(self, key: str, name: str, read: Callable[[], tuple[Any, str]]) -> str | None:
        """Add a row with a value and its source; return the value, or None if it cannot be read."""
        result: list[tuple[Any, str]] = []
        self._attempt(lambda: result.append(read()))
        if not result:
            self.rows[key] = _Row(name, None, "")
            return None
        value, source = result[0]
        self.rows[key] = _Row(name, str(value), source)
        return str(value)

    def _attempt(self, read: Callable[[], object], on_success: Callable[[], None] = lambda: None) -> None:
        """Read something, and keep the error if it fails. The same error is kept once."""
        try:
            read()
        except TioneError as error:
            self._add_errors([str(error)])
        else:
            on_success()

    def _add_errors(self, errors: Iterable[str]) -> None:
        """Keep errors, each of them once."""
        self.errors += [error for error in errors if error not in self.errors]


def _value_in(config: Mapping[str, Mapping[str, Any]]) -> Callable[[str], str | None]:
    """Return what returns a value of a stack's config by its key."""
    return lambda key: config.get(key, {}).get("value")


def _secrets_in_plain_text(config: Mapping[str, Any], stack: StackName | None) -> Iterator[str]:
    if stack is not None:
        yield from secrets_in_plain_text(
            _value_in(config),
            lambda key: bool(config.get(key, {}).get("secret")),
            stack.stack,
        )


def masked(secret_id: str) -> str:
    """Return enough of a secret id to recognize it."""
    if len(secret_id) <= 2 * _SHOWN:
        return "*" * len(secret_id)
    return f"{secret_id[:_SHOWN]}…{secret_id[-_SHOWN:]}"
