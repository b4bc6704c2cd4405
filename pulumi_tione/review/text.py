"""A review for a terminal: the same facts as the Markdown, in columns that fit Chinese names.

Its words are in `formatting.py`, and the Markdown is in `markdown.py`. `rich` is imported only for this form.
"""

from __future__ import annotations

import io

from rich.console import Console
from rich.table import Table
from rich.text import Text

from pulumi_tione.review import formatting
from pulumi_tione.review.formatting import visible
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
        console.print(Text(f"{name}: {formatting.nothing(stack)}"))
        return
    prices = "prices were not asked for"
    if stack.prices_asked:
        before, after, difference = formatting.headline(stack)
        prices = f"{before} → {after} an hour" + f" ({difference})" * bool(difference)
    console.print(Text(f"{'Preview failed: ' * stack.failed}{name}: {prices}", style="bold"))
    facts = (formatting.counts(stack), formatting.gpus(stack), formatting.status_note(stack))
    console.print(Text(" · ".join(fact for fact in facts if fact)))
    for each in stack.diagnostics:
        where = ": ".join(part for part in (each.resource, each.path) if part)
        where += f" (line {each.line})" if each.line else ""
        message = f"{visible(where)}: {visible(' '.join(each.message.split()))}".removeprefix(": ")
        console.print(Text(message, style="red" if each.severity == "error" else "yellow"))
    for task, finding in stack.findings:
        message = f"{visible(task.resource)} {visible(finding.message)} ({finding.code})"
        console.print(Text(message, style=_STYLES[finding.severity]))
    changed = [task for task in stack.tasks if task.action != "same"]
    if changed:
        console.print(_table(changed, stack))
    for task in changed:
        for change in task.changes:
            console.print(Text(f"{visible(task.resource)}: {_reason(change)}", "dim"))


def _table(tasks: list[TaskReview], stack: StackReview) -> Table:
    table = Table(box=None, pad_edge=False)
    for title in ("task", "what happens", "hardware"):
        table.add_column(title, overflow="fold")
    table.add_column("an hour", justify="right", no_wrap=True)
    table.add_column("runs at most", overflow="fold")
    for task in tasks:
        before, after = formatting.price(task, stack.currency)
        table.add_row(
            Text(visible(task.resource)),
            Text(formatting.action_of(task), style=_ACTION_STYLES.get(task.action, "")),
            Text(visible(formatting.nodes(task))),
            Text(after if before == after or task.action == "create" else f"{before} → {after}"),
            Text(formatting.limit(task, stack.currency)),
        )
    return table


def _reason(change: PropertyChange) -> str:
    if formatting.reason(change):
        return formatting.reason(change)
    if change.is_secret:
        return f"{visible(change.path)} (secret)"
    old, new = (visible(formatting.value(each)) for each in (change.old, change.new))
    return f"{visible(change.path)} {old} → {new}"
