"""A review as JSON of a published schema, for programs. Amounts are decimal strings.

The schema is in `schema.json`; within a `SCHEMA_VERSION`, fields are added, and none is renamed or removed.
"""

from __future__ import annotations

import importlib.metadata
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

from pulumi_tione._schema.walk import with_leaves
from pulumi_tione.pricing.amounts import plain
from pulumi_tione.review import formatting
from pulumi_tione.review.model import NodeGroup, PropertyChange, Review, StackReview, TaskReview, Total
from pulumi_tione.review.preview import Diagnostic, Placeholder

SCHEMA_VERSION = "1"
"""The version of the form. A field may be added within a version; none is renamed or removed."""

SCHEMA_FILE = Path(__file__).with_name("schema.json")
"""The JSON Schema of the form."""


def as_json(review: Review) -> str:
    """Return the review as JSON, with a line break at its end."""
    return json.dumps(document(review), ensure_ascii=False, indent=2) + "\n"


def document(review: Review) -> dict[str, Any]:
    """Return the review as JSON values."""
    return {
        "schemaVersion": SCHEMA_VERSION,
        "tool": f"pulumi-tione {importlib.metadata.version('pulumi-tione')}",
        "commit": review.commit or None,
        "result": review.result,
        "stacks": [_stack(stack) for stack in review.stacks],
    }


def _stack(stack: StackReview) -> dict[str, Any]:
    worst = stack.worst_case if stack.prices_asked else None
    return {
        "organization": stack.organization or None,
        "project": stack.project or None,
        "stack": stack.stack or None,
        "refreshed": stack.refreshed,
        "failed": stack.failed,
        "partial": stack.is_partial,
        "currency": stack.currency,
        "counts": stack.counts,
        "hourly": {**_totals(stack), "unpriced": sorted({*stack.before.unpriced, *stack.after.unpriced})},
        "worstCase": None if worst is None else plain(worst),
        "gpus": {
            "before": {kind: _number(count) for kind, count in stack.gpus(after=False).items()},
            "after": {kind: _number(count) for kind, count in stack.gpus(after=True).items()},
        },
        "tasks": [_task(task) for task in stack.tasks],
        "diagnostics": [_diagnostic(each) for each in stack.diagnostics],
    }


def _totals(stack: StackReview) -> dict[str, Any]:
    def amount(total: Total) -> str | None:
        return plain(total.amount) if stack.prices_asked else None

    def list_amount(total: Total) -> str | None:
        return plain(total.list_amount) if stack.prices_asked else None

    return {
        "before": amount(stack.before),
        "after": amount(stack.after),
        "list": {"before": list_amount(stack.before), "after": list_amount(stack.after)},
    }


def _task(task: TaskReview) -> dict[str, Any]:
    known = task.price_after or task.price_before
    return {
        "urn": task.urn,
        "resource": task.resource,
        "name": task.name or None,
        "id": task.id or None,
        "action": task.action,
        "source": {"path": task.source.path, "line": task.source.line} if task.source else None,
        "status": {
            "recorded": task.status or None,
            "live": task.is_current,
            "runtimeSeconds": task.runtime_seconds,
        },
        "changes": [_change(change) for change in task.changes],
        "hardware": {
            "before": [_nodes(group) for group in task.hardware_before],
            "after": [_nodes(group) for group in task.hardware_after],
        },
        "supply": task.supply,
        "chargeType": task.charge_type or None,
        "resourceGroup": task.resource_group or None,
        "hourly": {
            "before": _amount(task.hourly_before),
            "after": _amount(task.hourly_after),
            "list": _amount(known.list_amount if known else Decimal(0)),
            "basis": known.basis.value if known else "price",
        },
        "maxDurationSeconds": task.max_duration_seconds,
        "attempts": task.attempts,
        "worstCase": _amount(task.worst_case),
        "findings": [
            {"code": finding.code, "severity": finding.severity, "message": finding.message}
            for finding in task.findings
        ],
    }


def _number(count: Decimal) -> int | float:
    return int(count) if count == count.to_integral_value() else float(count)


def _amount(amount: Decimal | None) -> str | None:
    return None if amount is None else plain(amount)


def _change(change: PropertyChange) -> dict[str, Any]:
    if change.is_secret:
        return {"path": change.path, "secret": True, "replaces": change.replaces}
    return {
        "path": change.path,
        "old": with_leaves(change.old, _value),
        "new": with_leaves(change.new, _value),
        "replaces": change.replaces,
        **({"unknown": True} if formatting.is_unknown(change.new) else {}),
    }


def _value(leaf: Any) -> Any:
    """Return a part of a value as JSON: null for what is hidden or not known yet."""
    return None if isinstance(leaf, Placeholder) else leaf


def _nodes(group: NodeGroup) -> dict[str, Any]:
    return {"role": group.role, "spec": group.spec, "alias": group.alias or None, "count": group.count}


def _diagnostic(each: Diagnostic) -> dict[str, Any]:
    return {
        "resource": each.resource or None,
        "path": each.path or None,
        "severity": each.severity,
        "line": each.line,
        "message": each.message,
    }
