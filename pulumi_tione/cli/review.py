"""`pulumi-tione review`: what a preview would change, what it costs, and whether it may.

Exit codes: 0; 1 if the preview failed; 2 if there is no review; 3 if a gate failed. The gates are in `review/gates.py`,
the findings in `review/findings.py`, the prices in `review/prices.py`.
"""

from __future__ import annotations

import dataclasses
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import click
from click.core import ParameterSource

from pulumi_tione._config.settings import Settings
from pulumi_tione.cli.options import in_a_stack
from pulumi_tione.cli.terminal import json_text, show
from pulumi_tione.errors import TioneError
from pulumi_tione.review.build import no_prices, review_stack
from pulumi_tione.review.findings import RULES, explanation
from pulumi_tione.review.gates import failed_gates, read_codes, read_gates
from pulumi_tione.review.json_format import as_json
from pulumi_tione.review.markdown import markdown
from pulumi_tione.review.model import Review, StackReview
from pulumi_tione.review.preview import Preview, read_previews
from pulumi_tione.review.prices import DEFAULT_CURRENCY, price_lists_of
from pulumi_tione.review.request_body import shown_requests
from pulumi_tione.review.sources import path_in_repository, with_sources
from pulumi_tione.stacks.pulumi_cli import Pulumi, PulumiError, StackName

PREVIEW_FAILED = 1
GATE_BROKEN = 3


@click.command()
@click.argument("files", nargs=-1, metavar="[FILE…|-]", type=click.Path(exists=True, dir_okay=False, allow_dash=True))
@in_a_stack
@click.option(
    "--format", "form", type=click.Choice(("markdown", "text", "json")), default="markdown", show_default=True
)
@click.option(
    "--fail-on",
    multiple=True,
    metavar="CODE,…",
    help="Exit with 3 on one of these findings, or if the hourly increase (increase>N), the hourly total (total>N) or "
    "the worst-case cost (worst>N) exceeds N.",
)
@click.option("--ignore", multiple=True, metavar="CODE,…", help="Leave findings out.")
@click.option("--no-lookups", is_flag=True, help="Send no requests to the service: prices are unknown.")
@click.option("--repo-url", metavar="URL", default="", help="The repository's address, for links to the source.")
@click.option("--commit", metavar="SHA", default="", help="The commit, for links to the source.")
@click.option(
    "--request",
    "shows_requests",
    is_flag=True,
    help="Print the body of CreateTrainingTask for each task that starts, without its secrets, as JSON.",
)
@click.option("--explain", metavar="CODE", help="Explain a finding, and exit.")
@click.pass_context
def review(
    context: click.Context,
    *,
    files: tuple[str, ...],
    folder: Path,
    stack: str | None,
    form: str,
    fail_on: tuple[str, ...],
    ignore: tuple[str, ...],
    no_lookups: bool,
    repo_url: str,
    commit: str,
    shows_requests: bool,
    explain: str | None,
) -> None:
    """Review a change: what the JSON of `pulumi preview --json --show-sames --refresh` plans, and what that costs.

    Reads files or, with `-`, standard input: one stack or several. With --stack it runs the preview itself.

    Exit code 0: reviewed. 1: the preview failed. 2: there is no review. 3: a gate of --fail-on failed.
    """
    if explain is not None:
        codes = read_codes([explain])
        if len(codes) != 1:
            raise click.UsageError("--explain takes the code of one finding")
        click.echo(explanation(RULES[next(iter(codes))]))
        return
    if files and context.get_parameter_source("stack") is ParameterSource.COMMANDLINE:
        raise click.UsageError("--stack and a file cannot be combined: a file names its stack")
    if shows_requests and fail_on:
        raise click.UsageError("--request and --fail-on cannot be combined: requests have no findings and no prices")
    gates, ignored = read_gates(fail_on), read_codes(ignore)
    previews = _previews(files, folder, stack)
    lookups = _Lookups(folder, with_prices=not no_lookups and not shows_requests)
    made = _review(previews, lookups, ignored, repo_url, commit, folder)
    if shows_requests:
        click.echo(json_text([each for stack_review in made.stacks for each in shown_requests(stack_review)]))
        context.exit(PREVIEW_FAILED if made.result == "failed" else 0)
    click.echo(_formatted(made, form, color=sys.stdout.isatty() and context.color is not False), nl=False)
    reasons = failed_gates(gates, made)
    for reason in reasons:
        show(f"Error: {reason}")
    if any(each.failed for each in made.stacks):
        context.exit(PREVIEW_FAILED)
    if reasons:
        context.exit(GATE_BROKEN)


def _formatted(review: Review, form: str, *, color: bool) -> str:
    if form == "text":
        # rich takes long to load: other commands do not need it.
        from pulumi_tione.review.text import text

        return text(review, color=color)
    return as_json(review) if form == "json" else markdown(review)


def _previews(files: Sequence[str], folder: Path, stack: str | None) -> list[Preview]:
    if not files and (stack is not None or sys.stdin.isatty()):
        return read_previews(Pulumi(folder, os.environ).preview(stack))
    previews = []
    for file in files or ("-",):
        content = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        try:
            # PowerShell writes UTF-16.
            previews += read_previews(content.decode(json.detect_encoding(content), errors="replace"))
        except TioneError as error:
            raise click.UsageError(f"{'standard input' if file == '-' else file}: {error}") from None
    return previews


class _Lookups:
    """What is looked up for the stacks: their settings, and prices with the credentials of these."""

    def __init__(self, folder: Path, *, with_prices: bool) -> None:
        self._folder = folder
        self._with_prices = with_prices

    def review(self, preview: Preview) -> StackReview:
        """Return the review of a stack."""
        settings = self._settings(preview)
        price_lists, currency = price_lists_of(settings) if self._with_prices else (no_prices, DEFAULT_CURRENCY)
        return review_stack(preview, price_lists, currency, labels_enabled=settings.labels)

    def _settings(self, preview: Preview) -> Settings:
        """Return the settings of a stack, if its config can be read here; otherwise those of the environment."""
        pulumi = Pulumi(self._folder, os.environ)
        try:
            name = StackName(preview.organization or "organization", preview.project, preview.stack)
            if (self._folder / "Pulumi.yaml").exists() and preview.stack:
                return pulumi.settings(name)
        except PulumiError:
            pass
        return pulumi.settings(None)


def _review(
    previews: Sequence[Preview], lookups: _Lookups, ignored: frozenset[str], repo_url: str, commit: str, folder: Path
) -> Review:
    stacks = []
    for preview in previews:
        made = lookups.review(with_sources(preview, folder))
        tasks = tuple(
            dataclasses.replace(task, findings=tuple(each for each in task.findings if each.code not in ignored))
            for task in made.tasks
        )
        stacks.append(dataclasses.replace(made, tasks=tasks))
    stacks.sort(key=lambda each: (each.project, each.stack))
    return Review(tuple(stacks), commit, repo_url, path_in_repository(folder))
