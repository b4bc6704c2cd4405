"""Tags of a task that exists: bound by the tag service, written before any is removed, and read back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pulumi_tione._client import Client
from pulumi_tione._wire import user_tags
from pulumi_tione.errors import TaskError


def set_tags(
    client: Client,
    task_id: str,
    detail: Mapping[str, Any],
    wanted: Mapping[str, str],
    ours: Iterable[str],
    workspace: str | None,
) -> dict[str, str]:
    """Make the tags of a task those that are wanted, and give all that it has then.

    Args:
        client: of the task's region.
        task_id: the task's id.
        detail: what the service tells of it.
        wanted: the tags that it should have.
        ours: the keys that the program or we have set before; no other tag is ever removed.
        workspace: the workspace of the task, where it is not the default one.

    Raises:
        TaskError: the service accepted the tags, but does not show them.
        TioneError: the tag service refuses.
    """
    there, uin = user_tags(detail.get("Tags")), str(detail.get("Uin"))
    changed = {key: value for key, value in wanted.items() if there.get(key) != value}
    leaving = [key for key in ours if key in there and key not in wanted]
    if not changed and not leaving:
        return there
    client.tag_training_task(task_id, uin, changed)
    client.untag_training_task(task_id, uin, leaving)
    now = client.describe_training_task(task_id, workspace) or {}
    shown = user_tags(now.get("Tags"))
    missing = [key for key, value in wanted.items() if shown.get(key) != value]
    if missing:
        raise TaskError(
            f"training task {detail.get('Name')!r} ({task_id}): the tags {', '.join(missing)} were accepted, but are "
            "not to be seen; run `pulumi refresh`, then `pulumi up` again"
        )
    return shown
