"""Whether a task is really gone, or only out of sight.

A look-up with another account's keys, or in another region, answers "not found" exactly like a deleted task.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pulumi_tione._client import Client
from pulumi_tione.errors import TaskError


def detail_or_gone(client: Client, task_id: str, outputs: Mapping[str, Any]) -> dict[str, Any] | None:
    """Give the task's detail, or nothing if it is gone for certain.

    Args:
        client: of the region that is recorded for the task.
        task_id: the task's id.
        outputs: what is recorded of the task: name, account and workspace.

    Raises:
        TaskError: the service does not know the task, but the keys are of another account, or nobody knows whose.
    """
    detail = client.describe_training_task(task_id, outputs.get("tiProjectId"))
    if detail is None:
        _ensure_same_account(client, task_id, outputs)
    return detail


def _ensure_same_account(client: Client, task_id: str, outputs: Mapping[str, Any]) -> None:
    who, recorded, ours = f"training task {outputs.get('name')!r} ({task_id})", outputs.get("uin"), client.account_id()
    if not recorded:
        raise TaskError(
            f"{who} is not to be seen in {client.region} with the keys of account {ours}, and the state does not tell "
            "which account it belongs to. Look for it in the console; if it is gone, `pulumi state delete` its URN"
        )
    if recorded != ours:
        raise TaskError(
            f"{who} belongs to account {recorded} in {client.region}, but the keys in use are of account {ours}: it "
            "may still run. Set keys of that account, then try again"
        )
