"""Update: what can change while the task lives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pulumi_tione.errors import TaskError
from pulumi_tione.lifecycle.diff import diff


def update(task_id: str, outputs: Mapping[str, Any], news: Mapping[str, Any]) -> dict[str, Any]:
    """Give the outputs after the update.

    Raises:
        TaskError: always for now: this version cannot change a task in place.
    """
    names = ", ".join(diff(outputs, news).in_place)
    raise TaskError(
        f"training task {outputs.get('name')!r} ({task_id}) is unchanged: this version cannot change {names} of a "
        "task yet. Undo the change, or let `pulumi up --replace` with the task's URN make a new task"
    )
