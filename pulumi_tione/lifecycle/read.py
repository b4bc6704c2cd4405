"""Read: the task as it is now, for `refresh` and for `TrainingTask.get`.

A refresh asks a list that fifty tasks share, and for the detail only where the list shows a change
(`_schema/listed.py`). A task that is gone leaves the state (`existence.py` decides); while that is unclear, the refresh
fails and the task stays. A task that is only looked up is asked for 3 times. What is recorded is in `_schema/wire.py`.
"""

from __future__ import annotations

from typing import Any

from pulumi_tione._api.polling import poll
from pulumi_tione._api.protocols import TaskApi
from pulumi_tione._api.status_batcher import ItemBatcher
from pulumi_tione._schema.identity import UNCONFIRMED, with_name
from pulumi_tione._schema.listed import can_be_compared, unchanged_outputs
from pulumi_tione._schema.wire import imported_outputs, inputs_among, recorded_outputs
from pulumi_tione.errors import TaskError, TioneError
from pulumi_tione.lifecycle.diff import SECRETS
from pulumi_tione.lifecycle.existence import detail_or_gone
from pulumi_tione.lifecycle.messages import no_such_task
from pulumi_tione.lifecycle.recorded_task import RecordedTask

ITEMS = ItemBatcher()
"""One for the whole process, so that all tasks that are refreshed at the same time share the list calls."""


def read(task: RecordedTask[TaskApi]) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """Return the outputs and the inputs of the task as it is now, or None if it is gone.

    Args:
        task: the task. Of one that is only looked up, region and workspace are all that is recorded.

    Raises:
        TaskError: the task is not visible, but may well exist; or one that is looked up does not exist.
    """
    recorded = task.outputs
    if "status" not in recorded:
        return _look_up(task)
    unchanged = _unchanged(task)
    if unchanged is not None:
        return unchanged, inputs_among(unchanged)
    detail = detail_or_gone(task)
    if detail is None:
        return None
    outputs = recorded_outputs(
        with_name(inputs_among(recorded), str(recorded.get("name") or detail.get("Name"))), detail, recorded
    )
    # A read does not resolve what an update left unconfirmed: the next update does.
    outputs |= {name: recorded[name] for name in (*SECRETS, UNCONFIRMED) if name in recorded}
    return outputs, inputs_among(outputs)


def _unchanged(task: RecordedTask[TaskApi]) -> dict[str, Any] | None:
    """Return the recorded outputs if a list shows the task exactly as it is recorded; None if its detail is needed.

    A list serves fifty tasks with one call. It decides nothing else: whatever it shows, leaves out or gets wrong, no
    task is gone, and nothing but the running time is recorded, without the task's detail.
    """
    if not can_be_compared(task.outputs):
        return None
    try:
        item = ITEMS.of(task.client, task.id, task.workspace)
    except TioneError:  # the task's detail decides, and shows the error if it cannot be read either
        return None
    return None if item is None else unchanged_outputs(task.outputs, item)


_ATTEMPTS = 3
_SECONDS_BETWEEN_ATTEMPTS = 1.0
"""How often a task that is looked up is asked for: one "not found" may be wrong."""


def _look_up(task: RecordedTask[TaskApi]) -> tuple[dict[str, Any], dict[str, Any]]:
    detail = poll(
        task.describe,
        timeout=None,
        max_attempts=_ATTEMPTS,
        first_pause=_SECONDS_BETWEEN_ATTEMPTS,
        growth=1,
        sleep=task.context.sleep,
    )
    if detail is None:
        raise TaskError(no_such_task(task.id, task.client.region, task.workspace, task.client.account_id()))
    outputs = {**task.outputs, **imported_outputs(detail)}
    return outputs, inputs_among(outputs)
