"""Update: what can change while the task lives, step by step, so that a failure tells how far it came."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from typing import Any

from pulumi_tione._client import Client
from pulumi_tione._fields import TRAINING_TASK
from pulumi_tione._ownership import labels_to_remove, named, wanted_tags
from pulumi_tione._waiting import FAILED, Status, is_at_rest
from pulumi_tione._wire import recorded_outputs, to_wire
from pulumi_tione.errors import ApiError, Kind, TaskError, TioneError, UnclearError
from pulumi_tione.lifecycle.diff import LOG, RUN, SECRETS, SETTINGS, TAGS, diff
from pulumi_tione.lifecycle.imported import accepted
from pulumi_tione.lifecycle.presence import detail_or_gone
from pulumi_tione.lifecycle.rest import bring_to_rest
from pulumi_tione.lifecycle.tagging import set_tags


class PartialUpdateError(TioneError):
    """An update failed on its way. `outputs` hold what has been changed already."""

    def __init__(self, message: str, outputs: dict[str, Any]) -> None:
        self.outputs = outputs
        super().__init__(message)


def update(
    client: Client,
    task_id: str,
    outputs: Mapping[str, Any],
    news: Mapping[str, Any],
    *,
    labelled: bool,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> dict[str, Any]:
    """Change the task to what the inputs say now, and give its outputs.

    Raises:
        PartialUpdateError: a step failed; the next update goes on from there.
    """
    outputs, _ = accepted(outputs, news)
    same_account = outputs.get("uin")
    changed = set(diff(outputs, news, labelled=labelled, account_of=lambda _: same_account).in_place)
    reached = dict(outputs)
    try:
        detail = detail_or_gone(client, task_id, outputs, sleep=sleep, clock=clock)
        if detail is None:
            raise TaskError("it is gone; run `pulumi refresh` to take it out of the state")
        _record(reached, news, (*SETTINGS, *SECRETS))
        if changed & {*TAGS}:
            ours = [*outputs.get("tags", {}), *labels_to_remove(labelled)]
            wanted = wanted_tags(news, labelled)
            reached["allTags"] = set_tags(client, task_id, detail, wanted, ours, news.get("tiProjectId"))
        _record(reached, news, TAGS)
        if changed & {*LOG}:
            _set_log_delivery(client, task_id, news)
        _record(reached, news, LOG)
        if changed & {*RUN}:
            _set_run_state(client, task_id, outputs, news, sleep, clock)
        _record(reached, news, RUN)
    except TioneError as error:
        who = f"training task {outputs.get('name')!r} ({task_id})"
        raise PartialUpdateError(f"{who} was not changed completely: {error}", reached) from None
    try:
        detail = client.describe_training_task(task_id, news.get("tiProjectId"))
    except TioneError:
        detail = None
    if detail is None:
        return reached
    return recorded_outputs(named(news, outputs["name"]), detail)


def _record(reached: dict[str, Any], news: Mapping[str, Any], names: tuple[str, ...]) -> None:
    """Note that the task is, in these inputs, what the program wants."""
    for name in names:
        reached.pop(name, None)
        if name in news:
            reached[name] = news[name]


def _set_log_delivery(client: Client, task_id: str, news: Mapping[str, Any]) -> None:
    config = news.get("logConfig")
    wire = None if config is None else to_wire(TRAINING_TASK.fields["logConfig"].type, config)
    client.enable_cls_config(task_id, bool(news.get("logEnable")), wire, news.get("tiProjectId"))


def _set_run_state(
    client: Client,
    task_id: str,
    outputs: Mapping[str, Any],
    news: Mapping[str, Any],
    sleep: Callable[[float], None],
    clock: Callable[[], float],
) -> None:
    """Stop or start the task where the program changed its mind, or where check has asked for another run."""
    wanted = news.get("desiredStatus")
    if wanted != outputs.get("desiredStatus"):
        if wanted == "STOPPED":
            bring_to_rest(client, task_id, outputs, sleep=sleep, clock=clock)
        elif wanted == "RUNNING":
            _start(client, task_id, outputs, {*Status} - {Status.SUCCEED}, sleep, clock)
    if news.get("run", 1) > outputs.get("run", 1) and wanted != "STOPPED":
        before = client.describe_training_task(task_id, outputs.get("tiProjectId")) or {}
        # Another run than the recorded one: an earlier attempt, whose answer was lost, has started it already.
        if before.get("LatestInstanceId") == outputs.get("latestInstanceId"):
            _start(client, task_id, outputs, FAILED, sleep, clock)


_LOOKS_AFTER_START = 5


def _start(
    client: Client,
    task_id: str,
    outputs: Mapping[str, Any],
    from_statuses: Collection[str],
    sleep: Callable[[float], None],
    clock: Callable[[], float],
) -> None:
    """Start a task at rest. After an unclear answer its status or its latest run tells whether it was started."""
    workspace = outputs.get("tiProjectId")
    before = client.describe_training_task(task_id, workspace) or {}
    if before.get("Status") == Status.STOPPING:
        bring_to_rest(client, task_id, outputs, sleep=sleep, clock=clock)
        before = client.describe_training_task(task_id, workspace) or {}
    if not is_at_rest(str(before.get("Status"))) or before.get("Status") not in from_statuses:
        return
    try:
        client.start_training_task(task_id, workspace)
    except (UnclearError, ApiError) as error:
        if isinstance(error, ApiError) and error.kind is not Kind.UNCLEAR:
            raise
        for look in range(_LOOKS_AFTER_START):
            sleep(0.5 * 2**look)
            after = client.describe_training_task(task_id, workspace) or {}
            if after.get("LatestInstanceId") != before.get("LatestInstanceId"):
                return
        raise
