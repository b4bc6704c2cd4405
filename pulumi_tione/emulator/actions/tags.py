"""The actions of the service `tag`: bind, unbind and look up tags of training tasks.

A call as a whole succeeds or is refused for its form; failures of single resources are in `FailedResources`.

The rules of keys and values are in `rules/tags.py`, the quota is in `resources/tag_quota.py`. A call takes 10 tags and
10 resources at most.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from typing import Any, NoReturn

from pulumi_tione.emulator.errors import ApiError
from pulumi_tione.emulator.rules.tags import MAX_TAGS, TAG_CODES, check_key, check_tags
from pulumi_tione.emulator.tasks.task import Task

from .call import Call
from .listing import has_tag

MAX_RESOURCES = 10
MAX_TAGS_OF_A_CALL = 10
MAX_FILTERS = 6
MAX_VALUES_OF_A_FILTER = 10
DEFAULT_RESULTS = 50
MAX_RESULTS = 200

_RESOURCE = re.compile(r"qcs::(?P<service>[^:]*):(?P<region>[^:]*):uin/(?P<uin>[^:]*):(?P<prefix>[^:/]*)/(?P<id>.+)")
"""The six-part description of a resource, whose second part is empty [D]."""


def bind(call: Call) -> dict[str, Any]:
    resources = _resources(call)
    tags = [(tag["TagKey"], tag["TagValue"]) for tag in call.body["Tags"]]
    if not tags:
        raise ApiError("InvalidParameter", "The parameter `Tags` is empty.")
    check_tags(tags, "Tags", TAG_CODES, MAX_TAGS_OF_A_CALL)
    if not call.service.tag_quota.has_room(call.caller.uin, dict(tags)):
        raise ApiError("LimitExceeded.TagValue", "The parameter `Tags` has values beyond the account's quota.")

    def bind_to(task: Task) -> None:
        if len({*task.tags, *dict(tags)}) > MAX_TAGS:
            raise ApiError("LimitExceeded.TagNumPerRequest", f"A resource has {MAX_TAGS} tags at most.")
        call.service.bind_tags(task, dict(tags))

    return _for_each(call, resources, bind_to)


def unbind(call: Call) -> dict[str, Any]:
    resources, keys = _resources(call), call.body["TagKeys"]
    if not keys:
        raise ApiError("InvalidParameter", "The parameter `TagKeys` is empty.")
    if len(keys) > MAX_TAGS_OF_A_CALL:
        message = f"The parameter `TagKeys` has {len(keys)} elements: {MAX_TAGS_OF_A_CALL} at most."
        raise ApiError("LimitExceeded.TagNumPerRequest", message)
    for index, key in enumerate(keys):
        check_key(key, f"TagKeys.{index}", TAG_CODES)

    def unbind_from(task: Task) -> None:
        missing = [key for key in keys if key not in task.tags]
        if missing:
            raise ApiError("FailedOperation", f"The resource has no tag `{missing[0]}`.")
        call.service.unbind_tags(task, keys)

    return _for_each(call, resources, unbind_from)


def look_up(call: Call) -> dict[str, Any]:
    """Return the tagged resources that match all filters; named resources are returned all at once [D]."""
    filters = _filters(call)
    requested = call.body.get("ResourceList") or []
    _check_number(requested)
    known = call.service.view("tags").tasks.values()
    tasks = sorted((task for task in known if task.owner.uin == call.caller.uin), key=lambda task: task.id)
    found = [
        task
        for task in tasks
        if (not requested or task.resource in requested) and all(has_tag(task, key, values) for key, values in filters)
    ]
    begin, end = (0, len(found)) if requested else _page(call)
    following = _token(end) if end < len(found) else ""
    return {"PaginationToken": following, "ResourceTagMappingList": [_mapping(task) for task in found[begin:end]]}


HANDLERS = {"TagResources": bind, "UnTagResources": unbind, "GetResources": look_up}


def _resources(call: Call) -> list[str]:
    resources: list[str] = call.body["ResourceList"]
    if not resources:
        raise ApiError("InvalidParameter", "The parameter `ResourceList` is empty.")
    _check_number(resources)
    for index, resource in enumerate(resources):
        if _RESOURCE.fullmatch(resource) is None:
            message = f"The value of parameter `ResourceList.{index}` is not a six-part description of a resource."
            raise ApiError("InvalidParameterValue.ResourceDescriptionError", message)
    return resources


def _check_number(resources: list[str]) -> None:
    if len(resources) > MAX_RESOURCES:
        message = f"The parameter `ResourceList` has {len(resources)} elements: {MAX_RESOURCES} at most."
        raise ApiError("LimitExceeded.ResourceNumPerRequest", message)


def _for_each(call: Call, resources: list[str], do: Callable[[Task], None]) -> dict[str, Any]:
    failures = [_failure(call, resource, do) for resource in resources]
    return {"FailedResources": [failure for failure in failures if failure is not None]}


def _failure(call: Call, resource: str, do: Callable[[Task], None]) -> dict[str, str] | None:
    try:
        do(_task(call, resource))
    except ApiError as error:
        return {"Resource": resource, "Code": error.code, "Message": error.message}
    return None


def _task(call: Call, resource: str) -> Task:
    """Return the task of a description; an error in it is a failure of this resource alone."""
    match = _RESOURCE.fullmatch(resource)
    assert match is not None, "checked for the call as a whole"
    if match["service"] != "tione":
        _refuse_resource(f"`{match['service'][:40]}` has no resources here.")
    if match["prefix"] != "trainingtask":
        _refuse_resource(f"`{match['prefix'][:40]}` is not a kind of resource here: use trainingtask.")
    if match["uin"] != call.caller.uin:
        _refuse_resource(f"`{match['uin'][:40]}` is not the account of the caller.")
    task = call.service.find(match["id"])
    if task is None or task.owner.uin != call.caller.uin:
        _refuse_resource(f"There is no training task `{match['id'][:80]}`.")
    if match["region"] != task.region:
        _refuse_resource(f"The training task `{task.id}` is not in the region `{match['region'][:40]}`.")
    return task


def _refuse_resource(problem: str) -> NoReturn:
    raise ApiError("InvalidParameterValue.ResourceDescriptionError", problem)


def _filters(call: Call) -> list[tuple[str, list[str]]]:
    filters = [(each["TagKey"], each.get("TagValue") or []) for each in call.body.get("TagFilters") or ()]
    if len(filters) > MAX_FILTERS:
        message = f"The parameter `TagFilters` has {len(filters)} elements: {MAX_FILTERS} at most."
        raise ApiError("InvalidParameterValue.TagFiltersLengthExceeded", message)
    for index, (key, values) in enumerate(filters):
        if not key:
            raise ApiError("InvalidParameterValue.TagFilters", f"`TagFilters.{index}.TagKey` is empty.")
        if len(values) > MAX_VALUES_OF_A_FILTER:
            message = f"`TagFilters.{index}.TagValue` has {len(values)} elements: {MAX_VALUES_OF_A_FILTER} at most."
            raise ApiError("InvalidParameterValue.TagFilters", message)
    return filters


def _page(call: Call) -> tuple[int, int]:
    size = call.body.get("MaxResults", DEFAULT_RESULTS)
    if not 1 <= size <= MAX_RESULTS:
        message = f"The value of parameter `MaxResults` is {size}: 1 to {MAX_RESULTS}."
        raise ApiError("InvalidParameterValue", message)
    token = call.body.get("PaginationToken") or _token(0)
    try:
        begin = int(base64.b64decode(token, validate=True))
    except (binascii.Error, ValueError):
        message = "The value of parameter `PaginationToken` is not from a response."
        raise ApiError("InvalidParameter.PaginationTokenInvalid", message) from None
    return begin, begin + size


def _token(begin: int) -> str:
    return base64.b64encode(str(begin).encode()).decode()


def _mapping(task: Task) -> dict[str, Any]:
    of_user = [_tag(key, value, "Custom") for key, value in task.tags.items()]
    of_platform = [_tag(key, value, "System") for key, value in task.system_tags.items()]
    return {"Resource": task.resource, "Tags": of_user + of_platform}


def _tag(key: str, value: str, category: str) -> dict[str, str]:
    return {"TagKey": key, "TagValue": value, "Category": category}
