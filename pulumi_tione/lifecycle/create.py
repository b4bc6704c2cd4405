"""Create: one CreateTrainingTask, one DescribeTrainingTask, exactly once whatever happens in between.

Names are unique at the service, so the name is what tells whether an earlier request took effect. Once there is an id
nothing is raised any more: Pulumi would forget the task.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

from pulumi_tione._client import Client
from pulumi_tione._ownership import labels
from pulumi_tione._wire import recorded_outputs, request_body
from pulumi_tione.errors import ApiError, Kind, TaskError, TioneError, UnclearError

_LOOKS = 6
"""How often an unclear answer is looked into; the list may lag behind for a moment."""

_ATTEMPTS = 3
"""How often the request is sent in all, each time only after nothing was found under the name."""


def create(
    client: Client,
    inputs: Mapping[str, Any],
    *,
    labelled: bool,
    sleep: Callable[[float], None] = time.sleep,
    now: Callable[[], datetime] = lambda: datetime.now(timezone.utc),
) -> tuple[str, dict[str, Any]]:
    """Create the task and give its id and its outputs.

    Raises:
        TioneError: there is no new task, or it cannot be told from somebody else's; the message says which.
    """
    owner = inputs.get("owner")
    body = request_body(inputs, labels(owner) if labelled and owner else {})
    task_id = _created_once(client, body, sleep, now)
    try:
        detail = client.describe_training_task(task_id, inputs.get("tiProjectId"))
    except TioneError:
        detail = None
    return task_id, recorded_outputs(inputs, detail or {})


def _created_once(
    client: Client, body: Mapping[str, Any], sleep: Callable[[float], None], now: Callable[[], datetime]
) -> str:
    task = f"training task {body['Name']!r}"
    begun = now()
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            return client.create_training_task(body)
        except ApiError as error:
            if error.kind is Kind.CONFLICT:
                return _settled_conflict(client, body, begun if attempt > 1 else None, error)
            if error.kind not in (Kind.UNCLEAR, Kind.BUSY):
                raise TaskError(f"{task} was not created: {error}") from error
            last: TioneError = error
        except UnclearError as error:
            last = error
        except TioneError as error:
            raise type(error)(f"{task} was not created: {error}") from error
        found = _look_up(client, body, begun, sleep)
        if found:
            return found
    raise TaskError(
        f"{task} was sent {_ATTEMPTS} times without a clear answer, and no task of this name is to be seen: {last}. "
        "Run `pulumi up` again: should one of the requests have taken effect after all, it is found by its name"
    )


def _look_up(client: Client, body: Mapping[str, Any], begun: datetime, sleep: Callable[[float], None]) -> str | None:
    """Find what an unclear request may have left under our name, looking again for a while."""
    for pause in (0.0, *(0.5 * 2**look for look in range(_LOOKS - 1))):
        sleep(pause)
        item = client.find_training_task(body["Name"], body.get("TiProjectId"))
        if item is not None:
            return _ours(client, body, item, begun)
    return None


def _settled_conflict(client: Client, body: Mapping[str, Any], begun: datetime | None, refusal: ApiError) -> str:
    """The name is taken. After an unclear request of this very create it may be by us; otherwise it is an error."""
    item = client.find_training_task(body["Name"], body.get("TiProjectId"))
    if item is not None and begun is not None:
        return _ours(client, body, item, begun)
    raise TaskError(_name_is_taken(body, item, refusal)) from refusal


def _ours(client: Client, body: Mapping[str, Any], item: Mapping[str, Any], begun: datetime) -> str:
    """Give the id of a task that was found under our name, if it was made by this create."""
    task_id = str(item["Id"])
    detail = client.describe_training_task(task_id, body.get("TiProjectId")) or item
    if _made_since(detail, begun) and _equal_in_content(body, detail):
        return task_id
    raise TaskError(_name_is_taken(body, detail, None))


def _made_since(detail: Mapping[str, Any], begun: datetime) -> bool:
    """Tell whether the task is as new as our request; the clocks of two machines may differ by five minutes."""
    try:
        made = parsed_time(str(detail.get("CreateTime", "")))
    except ValueError:
        return False
    return made >= begun - timedelta(minutes=5)


def _equal_in_content(body: Mapping[str, Any], detail: Mapping[str, Any]) -> bool:
    """Compare what both a request and a detail say plainly, and the groups' sizes."""
    plain = ("Name", "ChargeType", "FrameworkName", "FrameworkEnvironment", "TrainingMode", "VpcId", "SubnetId")
    groups = [
        [(group.get("Role"), group.get("InstanceType") or "", group.get("InstanceNum") or 0) for group in side]
        for side in (body.get("ResourceConfigInfos", ()), detail.get("ResourceConfigInfos", ()))
    ]
    return sorted(groups[0]) == sorted(groups[1]) and all(
        (body.get(key) or "") == (detail.get(key) or "") for key in plain
    )


def parsed_time(text: str) -> datetime:
    """Read one of the service's times: `2025-08-01T10:59:53+08`, or `2025-08-01 10:59:53`, which is China's."""
    if len(text) > 3 and text[-3] in "+-":
        text += ":00"
    moment = datetime.fromisoformat(text.replace(" ", "T"))
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone(timedelta(hours=8)))


def _name_is_taken(body: Mapping[str, Any], item: Mapping[str, Any] | None, refusal: ApiError | None) -> str:
    name = body["Name"]
    if item is None:
        return (
            f"training task {name!r} was not created: its name is refused as taken, though no task of this name is "
            f"to be seen; the service may keep the names of deleted tasks, or it is in another workspace. "
            f"Choose another name. {refusal or ''}"
        )
    tags = {tag["TagKey"]: tag["TagValue"] for tag in item.get("Tags") or ()}
    ours = {tag["TagKey"]: tag["TagValue"] for tag in body.get("Tags", ()) if tag["TagKey"].startswith("pulumi:")}
    labelled = bool(ours) and ours.items() <= tags.items()
    whose = "it has the labels of this very resource" if labelled else "it does not have the labels of this resource"
    return (
        f"training task {name!r} was not created: {item.get('Id')} has this name already, status {item.get('Status')}, "
        f"created {item.get('CreateTime')}; {whose}. If it is not needed, delete it in the console "
        f"and run `pulumi up` again; otherwise choose another name. {refusal or ''}"
    )
