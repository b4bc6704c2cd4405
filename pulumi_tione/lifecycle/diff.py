"""Diff: which inputs changed, and that all but a few of them need a new task."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pulumi_tione._fields import TRAINING_TASK
from pulumi_tione._wire import same

IN_PLACE = frozenset({"tags", "logEnable", "logConfig"})
"""What can change while the task lives. There is no other update call: everything else is fixed at creation."""


@dataclass(frozen=True)
class Difference:
    """The inputs that changed, by property name."""

    replacing: tuple[str, ...]
    in_place: tuple[str, ...]


def diff(outputs: Mapping[str, Any], news: Mapping[str, Any]) -> Difference:
    """Compare what is recorded with what the program wants now."""
    changed = [
        field.property
        for field in TRAINING_TASK.fields.values()
        if not same(field.type, outputs.get(field.property), news.get(field.property))
    ]
    return Difference(
        replacing=tuple(name for name in changed if name not in IN_PLACE),
        in_place=tuple(name for name in changed if name in IN_PLACE),
    )
