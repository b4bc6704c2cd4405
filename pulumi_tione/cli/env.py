"""`pulumi-tione env`: an environment for each branch. The work is done in `environments/`, loaded when needed.

Each command waits 10 minutes for others (`_WAIT`), or as long as `--wait-lock` is. Exit codes: 0; 1 if something is
left or an update failed (`LEFT`); 2 for an error or a question that was not answered with yes. A new subcommand is a
function here, with its work in `environments/`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from pulumi_tione._durations import DURATION_FORMS
from pulumi_tione.cli.options import duration, in_a_folder, without_asking
from pulumi_tione.cli.terminal import is_attended, is_confirmed, json_text, sanitize, show, table
from pulumi_tione.errors import TaskError, TioneError

if TYPE_CHECKING:
    from pulumi_tione.environments.session import Session
    from pulumi_tione.environments.up import UpResult
    from pulumi_tione.review.model import Review

LEFT = 1
"""The exit code when something is left, and of an update that failed."""

_WAIT = timedelta(minutes=10)
_Command = TypeVar("_Command", bound=Callable[..., Any])


@click.group()
def env() -> None:
    """Keep an environment for each branch: a stack of its own, with a name and tags by which it is recognized."""


def _with_wait(command: _Command) -> _Command:
    return click.option(
        "--wait-lock",
        metavar="DURATION",
        callback=duration,
        help=f"How long to wait for an update that is running: {DURATION_FORMS}; by default 10m.",
    )(command)


def _with_form(thing: str, in_markdown: str | None = None) -> Callable[[_Command], _Command]:
    """Add the options `--json` and `--markdown` to a command: its parameter `form`."""

    def added(command: _Command) -> _Command:
        json = click.option("--json", "form", flag_value="json", help=f"Print the {thing} as JSON.")
        markdown = click.option(
            "--markdown", "form", flag_value="markdown", help=f"Print the {in_markdown or thing} as Markdown."
        )
        return json(markdown(command))

    return added


def _of_one_branch(command: _Command) -> _Command:
    """Add what the commands that change one environment take."""
    for option in (_with_form("result"), without_asking, _with_wait, in_a_folder, click.argument("branch")):
        command = option(command)
    return command


def _checked_duration(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    duration(context, parameter, value)
    return value


def _amount(_context: click.Context, _parameter: click.Parameter, value: str | None) -> Decimal | None:
    try:
        amount = None if value is None else Decimal(value)
    except InvalidOperation:
        amount = Decimal("NaN")
    if amount is not None and (not amount.is_finite() or amount < 0):
        raise click.BadParameter("use an amount such as 50 or 12.5")
    return amount


def _session(folder: Path) -> Session:
    # The Automation API takes long to load: other commands do not need it.
    from pulumi_tione.environments.session import Session

    return Session(folder, os.environ, lambda line: show(line))


def _ensure_confirmable(yes: bool) -> None:
    """Check that somebody can be asked, unless `--yes` was given.

    Raises:
        TaskError: nobody can.
    """
    if not yes and not is_attended():
        raise TaskError(
            "there is no terminal to ask for confirmation. To run without questions, add --yes. Nothing was done"
        )


def _confirm(question: str, yes: bool) -> None:
    """Ask, unless `--yes` was given.

    Raises:
        TaskError: the answer was no.
    """
    if not is_confirmed(question, yes):
        raise TaskError("not confirmed, nothing was done")


@env.command()
@click.argument("branch", required=False)
@in_a_folder
@click.option("--template", metavar="STACK", default="dev", show_default=True, help="Take Pulumi.STACK.yaml as config.")
@click.option(
    "--ttl",
    metavar="DURATION",
    callback=_checked_duration,
    help=f"`env reap` takes it down this long after its last update: {DURATION_FORMS}.",
)
@click.option("--keep/--no-keep", default=None, help="`env reap` never takes it down.")
@click.option(
    "--max-hourly", metavar="AMOUNT", callback=_amount, help="Refuse if its tasks cost more than this per hour."
)
@_with_wait
@click.option("--allow-missing", is_flag=True, help="Create it even if there is no such branch.")
@without_asking
@_with_form("result", "review and the outputs")
@click.pass_context
def up(
    context: click.Context,
    *,
    branch: str | None,
    folder: Path,
    template: str,
    ttl: str | None,
    keep: bool | None,
    max_hourly: Decimal | None,
    wait_lock: timedelta | None,
    allow_missing: bool,
    yes: bool,
    form: str | None,
) -> None:
    """Create or update the environment of BRANCH, by default of the branch that is checked out.

    It deploys the working tree if the branch is checked out, and otherwise a temporary worktree of the branch.

    Exit code 0: it is up to date. 1: the preview or the update failed. 2: refused, not confirmed, or an error.
    """
    from pulumi_tione.environments.up import PreviewFailedError, UpRequest
    from pulumi_tione.environments.up import up as bring_up
    from pulumi_tione.stacks.pulumi_cli import PulumiError

    _ensure_confirmable(yes)

    def confirm(review: Review) -> bool:
        if form is None:
            click.echo(_review_text(context, review))
        return is_confirmed("Update the environment?", yes)

    request = UpRequest(
        branch=branch,
        template=template,
        time_to_live=ttl,
        keep=keep,
        max_hourly=max_hourly,
        wait=_WAIT if wait_lock is None else wait_lock,
        allow_missing=allow_missing,
        confirm=confirm,
    )
    session = _session(folder)
    with session.interrupts.handled():
        try:
            result = bring_up(session, request)
        except PreviewFailedError as error:
            if form == "markdown":
                click.echo(_review_markdown(error.review), nl=False)
            _fail(context, error)
        except PulumiError as error:
            _fail(context, error)
    click.echo(_up_report(result, form))


def _fail(context: click.Context, error: TioneError) -> Any:
    click.echo(f"Error: {sanitize(error)}", err=True)
    context.exit(LEFT)


def _review_text(context: click.Context, review: Review) -> str:
    from pulumi_tione.review.text import text

    return text(review, color=sys.stdout.isatty() and context.color is not False)


def _review_markdown(review: Review) -> str:
    from pulumi_tione.review.markdown import markdown

    return markdown(review)


def _up_report(result: UpResult, form: str | None) -> str:
    if form == "json":
        return json_text(
            {
                "branch": result.branch,
                "stack": result.stack,
                "environment": result.environment,
                "outputs": dict(result.outputs),
            }
        )
    from pulumi_tione.environments.report import outputs_markdown, outputs_text

    if form == "markdown":
        return f"{_review_markdown(result.review)}\n{outputs_markdown(result.branch, result.stack, result.outputs)}"
    return outputs_text(result.branch, result.stack, result.outputs)


@env.command()
@_of_one_branch
@click.pass_context
def down(
    context: click.Context, *, branch: str, folder: Path, wait_lock: timedelta | None, yes: bool, form: str | None
) -> None:
    """Take the environment of BRANCH down, whatever state it is in: its tasks, its other resources, its stack.

    Tasks that are in no state are deleted if they have the id of this environment. Other tasks are only named.

    Exit code 0: nothing is left. 1: something is left; the output names it and the reason. 2: an error.
    """
    from pulumi_tione.environments.down import down as take_down
    from pulumi_tione.environments.report import report

    _ensure_confirmable(yes)
    session = _session(folder)
    _confirm(f"Take the environment of {branch!r} down, with all its resources?", yes)
    with session.interrupts.handled():
        result = take_down(session, branch, wait=_WAIT if wait_lock is None else wait_lock)
    click.echo(report([result], form))
    context.exit(LEFT if result.all_left else 0)


@env.command()
@in_a_folder
@click.option("--dry-run", is_flag=True, help="Only show what would be taken down, and why.")
@click.option(
    "--older-than",
    "min_age",
    metavar="DURATION",
    callback=duration,
    help=f"Take down only those whose last update is longer ago than this: {DURATION_FORMS}.",
)
@_with_wait
@without_asking
@_with_form("report")
@click.pass_context
def reap(
    context: click.Context,
    *,
    folder: Path,
    dry_run: bool,
    min_age: timedelta | None,
    wait_lock: timedelta | None,
    yes: bool,
    form: str | None,
) -> None:
    """Take down all environments whose branch is gone, whose time to live is over, or whose `up` was interrupted.

    If one cannot be taken down, the command continues with the others. It leaves alone environments with --keep, that
    of the default branch, stacks made by hand and those of other projects. It never breaks the lock of a `pulumi up`.

    Exit code 0: nothing is left. 1: something is left; the report names it and the reason. 2: an error.
    """
    from pulumi_tione.environments.reap import due_environments
    from pulumi_tione.environments.reap import reap as take_down_all
    from pulumi_tione.environments.report import plan, report

    if not dry_run:
        _ensure_confirmable(yes)
    session = _session(folder)
    # The lines of several engines at once are of no use.
    session.show = lambda line: None if line.startswith("  ") else show(line)
    due, rules = due_environments(session, min_age)
    if dry_run:
        click.echo(plan([each.result for each in due], form))
        context.exit(LEFT if due else 0)
    if due and not yes:
        click.echo(plan([each.result for each in due], None), err=True)
        _confirm(f"Take these {len(due)} environments down, with all their resources?", yes)
    with session.interrupts.handled():
        results = take_down_all(session, due, rules, wait=_WAIT if wait_lock is None else wait_lock)
    session.interrupts.raise_if_set()
    click.echo(report(results, form))
    context.exit(LEFT if any(each.all_left for each in results) else 0)


def _stop_or_start(
    context: click.Context, kind: str, branch: str, folder: Path, wait: timedelta | None, form: str | None
) -> None:
    from pulumi_tione.environments import stop_start
    from pulumi_tione.environments.report import stop_start_report

    session = _session(folder)
    run = stop_start.stop if kind == "stop" else stop_start.start
    with session.interrupts.handled():
        result = run(session, branch, wait=_WAIT if wait is None else wait)
    click.echo(stop_start_report(kind, result, form))
    context.exit(LEFT if result.failed else 0)


@env.command()
@_of_one_branch
@click.pass_context
def stop(
    context: click.Context, *, branch: str, folder: Path, wait_lock: timedelta | None, yes: bool, form: str | None
) -> None:
    """Stop the active tasks of the environment of BRANCH, through the API and without running its program.

    `env start` starts exactly these tasks again.

    Exit code 0: none of its tasks is active. 1: some could not be stopped. 2: an error, such as an unknown branch.
    """
    _ensure_confirmable(yes)
    _confirm(f"Stop the tasks of the environment of {branch!r}?", yes)
    _stop_or_start(context, "stop", branch, folder, wait_lock, form)


@env.command()
@_of_one_branch
@click.pass_context
def start(
    context: click.Context, *, branch: str, folder: Path, wait_lock: timedelta | None, yes: bool, form: str | None
) -> None:
    """Start the tasks that `env stop` has stopped: a new run of each, which is billed again.

    Exit code 0: they are started. 1: some could not be started; run it again. 2: an error.
    """
    _ensure_confirmable(yes)
    _confirm(f"Start the stopped tasks of the environment of {branch!r}?", yes)
    _stop_or_start(context, "start", branch, folder, wait_lock, form)


@env.command("list")
@in_a_folder
@click.option("-y", "--yes", is_flag=True, expose_value=False, help="Has no effect: this command asks nothing.")
@_with_form("list")
def list_(*, folder: Path, form: str | None) -> None:
    """List the environments of the project, with the current statuses and prices of their tasks.

    What was spent is an estimate: how long the latest run of each task has taken, at the current price. No state is
    written.
    """
    from pulumi_tione.environments.listing import list_environments, listing_json, listing_markdown, listing_text

    listing = list_environments(folder, os.environ)
    for warning in listing.warnings:
        show(f"Warning: {warning}")
    if form == "json":
        click.echo(json_text(listing_json(listing)))
    elif form == "markdown":
        click.echo(listing_markdown(listing))
    elif not listing.rows:
        click.echo("There are no environments.")
    else:
        click.echo(table(*listing_text(listing)))
