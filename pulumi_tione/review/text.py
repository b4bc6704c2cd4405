"""A review for a terminal: the same facts as the Markdown, in columns that fit Chinese names."""

from __future__ import annotations

import io

from rich.console import Console
from rich.table import Table
from rich.text import Text

from pulumi_tione.pricing.amounts import format_amount
from pulumi_tione.review import formatting
from pulumi_tione.review.formatting import masked, visible
from pulumi_tione.review.model import PropertyChange, Review, StackReview, TaskReview

_STYLES = {"danger": "bold red", "warning": "yellow", "note": "dim"}
_ACTION_STYLES = {"create": "green", "replace": "magenta", "restart": "magenta", "delete": "red", "stop": "red"}


def text(review: Review, *, width: int | None = None, color: bool = False) -> str:
    """Return the review as text.

    Args:
        review: the review.
        width: the width of the terminal; None, to take it from the environment.
        color: whether styles are written as escape sequences.
    """
    console = Console(
        file=io.StringIO(),
        width=width,
        force_terminal=color,
        color_system="standard" if color else None,
        highlight=False,
    )
    for stack in review.stacks:
        _print_stack(console, stack)
    output = console.file
    return output.getvalue() if isinstance(output, io.StringIO) else ""


def _print_stack(console: Console, stack: StackReview) -> None:
    name = visible(formatting.stack_name(stack))
    if not stack.tasks and not stack.failed:
        console.print(Text(f"{name}: no training tasks"))
        return
    prices = "prices were not asked for"
    if stack.prices_asked:
        change = format_amount(stack.after.amount - stack.before.amount, stack.currency, is_signed=True)
        before, after = (formatting.total(each, stack.currency) for each in (stack.before, stack.after))
        prices = f"{before} → {after} an hour ({change})"
    console.print(Text(f"{'Preview failed: ' * stack.failed}{name}: {prices}", style="bold"))
    console.print(Text(" · ".join(fact for fact in (formatting.counts(stack), formatting.gpus(stack)) if fact)))
    for each in stack.diagnostics:
        where = ": ".join(part for part in (each.resource, each.path) if part)
        message = f"{visible(where)}: {visible(masked(' '.join(each.message.split())))}".removeprefix(": ")
        console.print(Text(message, style="red" if each.severity == "error" else "yellow"))
    for task, finding in stack.findings:
        message = f"{visible(task.resource)} {visible(finding.message)} ({finding.code})"
        console.print(Text(message, style=_STYLES[finding.severity]))
    changed = [task for task in stack.tasks if task.action != "same"]
    if changed:
        console.print(_table(changed, stack))
    if not stack.refreshed:
        console.print(
            Text("Statuses are those of the last update: use `pulumi preview --refresh` for current ones.", "dim")
        )


def _table(tasks: list[TaskReview], stack: StackReview) -> Table:
    table = Table(box=None, pad_edge=False)
    for title, justify in (("task", "left"), ("what happens", "left"), ("why", "left"), ("hardware", "left")):
        table.add_column(title, justify=justify, overflow="fold")  # type: ignore[arg-type]
    table.add_column("an hour", justify="right", no_wrap=True)
    for task in tasks:
        before, after = formatting.price(task, stack.currency)
        hardware = formatting.hardware(task.hardware_after or task.hardware_before)
        table.add_row(
            Text(visible(task.resource)),
            Text(formatting.action_of(task), style=_ACTION_STYLES.get(task.action, "")),
            Text(", ".join(map(_change, task.changes))),
            Text(visible(hardware)),
            Text(after if before == after or task.action == "create" else f"{before} → {after}"),
        )
    return table


def _change(change: PropertyChange) -> str:
    if change.is_secret:
        return f"{visible(change.path)} (secret)"
    old, new = (visible(masked(formatting.value(each))) for each in (change.old, change.new))
    return f"{visible(change.path)} {old} → {new}"
