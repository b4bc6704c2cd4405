"""The words of a review that all its forms share.

A new column or sentence starts here; the forms are `markdown.py`, `text.py` and `json_format.py`. A value is shown with
up to 60 characters.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from pulumi_tione._durations import format_duration
from pulumi_tione._schema.fields import Scalar
from pulumi_tione._schema.identity import OWNER_PROPERTY
from pulumi_tione._schema.walk import walk, with_leaves
from pulumi_tione.pricing.amounts import Currency, format_amount
from pulumi_tione.pricing.task_price import Basis
from pulumi_tione.review.model import NodeGroup, PropertyChange, StackReview, TaskReview
from pulumi_tione.review.preview import UNKNOWN, Placeholder

ACTIONS = {
    "create": "starts",
    "replace": "starts over",
    "restart": "runs again",
    "update": "changes in place",
    "stop": "is stopped",
    "delete": "is deleted",
    "retain": "leaves the stack and stays",
    "same": "unchanged",
    "unknown": "not known: the preview failed before it",
}
"""What happens to a task."""

_COUNTS = (
    ("create", "created"),
    ("replace", "replaced"),
    ("delete", "deleted"),
    ("update", "changed in place"),
    ("same", "unchanged"),
)
_LONGEST_VALUE = 60

PARTIAL = "unchanged resources are not in the preview: make it with `--show-sames`"
"""Why a sum is not known."""


def stack_name(stack: StackReview) -> str:
    """Return how a review names a stack."""
    return f"{stack.project}/{stack.stack}" if stack.stack else "the stack"


def action_of(task: TaskReview) -> str:
    """Return what happens to a task, in a few words."""
    if task.action == "delete" and task.price_before is not None:
        return "is stopped and deleted"
    if task.kept_old:
        return "starts, and the old task stays"
    return ACTIONS[task.action]


def counts(stack: StackReview) -> str:
    """Return how many tasks are created, replaced and so on."""
    parts = [f"{stack.counts[name]} {word}" for name, word in _COUNTS if stack.counts[name]]
    unknown = sum(task.action == "unknown" for task in stack.tasks)
    parts += [f"{unknown} not known"] if unknown else []
    return " · ".join(parts) or "no training tasks"


def total(stack: StackReview, *, after: bool) -> str:
    """Return what a stack costs an hour, and that it is a lower bound where prices or tasks are unknown."""
    if not stack.prices_asked:
        return "unknown"
    amount = stack.after if after else stack.before
    return f"{'at least ' * is_bound(stack, after=after)}{format_amount(amount.amount, stack.currency)}"


def is_bound(stack: StackReview, *, after: bool) -> bool:
    """Return whether a total is only a lower bound."""
    amount = stack.after if after else stack.before
    return bool(amount.unpriced) or stack.is_partial or (stack.failed and after)


def nothing(stack: StackReview) -> str:
    """Return that a preview contains no training tasks."""
    return f"no training tasks that change; {PARTIAL}" if stack.is_partial else "no training tasks"


def headline(stack: StackReview) -> tuple[str, str, str]:
    """Return what a stack costs an hour before and after, and the difference; empty, if it is not known."""
    before, after = (total(stack, after=each) for each in (False, True))
    difference = stack.after.amount - stack.before.amount
    if stack.failed or stack.before.unpriced or (stack.after.unpriced and difference < 0):
        return before, after, ""
    bound = "at least " * bool(stack.after.unpriced)
    return before, after, f"{bound}{format_amount(difference, stack.currency, is_signed=True)}"


def gpus(stack: StackReview) -> str:
    """Return the GPUs before and after, by kind."""
    before, after = stack.gpus(after=False), stack.gpus(after=True)
    bounds = ["" if stack.are_gpus_known(after=each) else "at least " for each in (False, True)]
    parts = []
    for kind in sorted({*before, *after}):
        old, new = (
            f"{bound}{number(counts.get(kind, Decimal(0)))}"
            for bound, counts in zip(bounds, (before, after), strict=True)
        )
        parts.append(f"{kind}: {new}" if old == new else f"{kind}: {old} → {new}")
    return ", ".join(parts)


def nodes(task: TaskReview) -> str:
    """Return a task's nodes, and what they were: `2 → 4 × 8C40G V100*1`."""
    before, after = task.hardware_before or task.hardware_after, task.hardware_after or task.hardware_before
    if before == after:
        return hardware(after)
    if len(before) == len(after) == 1 and hardware(before).partition(" × ")[2] == hardware(after).partition(" × ")[2]:
        return f"{_count(before[0])} → {hardware(after)}"
    return f"{hardware(before)} → {hardware(after)}"


def reason(change: PropertyChange) -> str:
    """Return why a task changes where it is no property of the program's; empty, where it is one."""
    top = change.path.partition(".")[0]
    return {
        "id": "a requested replacement (--replace, or a taint)",
        "owner": "its labels",
        "run": "a re-run after its failure",
    }.get(top, "")


def status_note(stack: StackReview) -> str:
    """Return that statuses are not current, where they are not."""
    if stack.refreshed or all(task.is_current for task in stack.tasks):
        return ""
    is_mixed = any(task.is_current and task.status for task in stack.tasks)
    return f"{'some ' * is_mixed}statuses of the last update, not current ones"


def number(value: Decimal) -> str:
    """Return a number without needless zeros."""
    return f"{value.normalize():f}"


def price(task: TaskReview, currency: Currency) -> tuple[str, str]:
    """Return a task's price an hour before and after, each as it is shown."""
    shown = []
    for hourly in (task.price_before, task.price_after):
        if hourly is None:
            shown.append(format_amount(Decimal(0), currency))
        elif hourly.amount is None:
            shown.append("unknown")
        else:
            ceiling = "≤ " if hourly.basis is Basis.CEILING else ""
            shown.append(
                "group" if hourly.basis is Basis.GROUP else f"{ceiling}{format_amount(hourly.amount, currency)}"
            )
    return shown[0], shown[1]


def limit(task: TaskReview, currency: Currency) -> str:
    """Return how long a task runs at most, and what it costs until then."""
    if task.price_after is None:
        return ""
    if task.max_duration_seconds is None:
        return "not known yet" if isinstance(task.inputs_after.get("maxDuration"), Placeholder) else "no limit"
    length = format_duration(task.max_duration_seconds)
    runs = f" × {task.attempts} runs" if task.attempts and task.attempts > 1 else ""
    worst = task.worst_case
    cost = f" (≤ {format_amount(worst, currency)})" if worst else ""
    return f"{length}{runs}{cost}"


def hardware(groups: tuple[NodeGroup, ...]) -> str:
    """Return groups of nodes as `4 × 8C40G V100*1`; roles only where there are several."""
    parts = []
    for group in groups:
        role = f"{group.role} " if len(groups) > 1 and group.role else ""
        parts.append(f"{role}{_count(group)} × {group.alias or group.spec or 'not known yet'}")
    return ", ".join(parts)


def _count(group: NodeGroup) -> str:
    return "?" if group.count is None else str(group.count)


def value(changed: Any) -> str:
    """Return a value of a property on one line, shortened."""
    if changed is None:
        return "not set"
    shown = with_leaves(changed, _shown)
    text = shown if isinstance(shown, str) else json.dumps(shown, ensure_ascii=False, sort_keys=True)
    text = " ".join(text.split()) if "\n" in text else text
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}…"


def _shown(leaf: Any) -> Any:
    return repr(leaf) if isinstance(leaf, Placeholder) else leaf


def is_unknown(value: Any) -> bool:
    """Return whether a value, or a part of it, is known only after the update."""
    if isinstance(value, Mapping):
        return any(map(is_unknown, value.values()))
    if isinstance(value, list):
        return any(map(is_unknown, value))
    return value is UNKNOWN


def unknown_paths(task: TaskReview) -> list[str]:
    """Return the paths of a task's inputs that are known only after the update."""
    nodes = walk(Scalar.ANY, {name: part for name, part in task.inputs_after.items() if name != OWNER_PROPERTY})
    return sorted(node.path for node in nodes if node.value is UNKNOWN)


def is_multiline(change: PropertyChange) -> bool:
    """Check whether a change is better shown as a diff of lines."""
    return any(isinstance(each, str) and "\n" in each for each in (change.old, change.new))


def visible(text: str) -> str:
    """Return a text with its control and direction characters as escapes."""
    if text.isprintable():  # nearly every text: quick for comments of a thousand tasks
        return text
    return "".join(map(_visible, text))


def _visible(character: str) -> str:
    if unicodedata.category(character) in ("Cc", "Cf", "Co", "Cs", "Zl", "Zp"):
        return character.encode("unicode_escape", "backslashreplace").decode()
    return character
