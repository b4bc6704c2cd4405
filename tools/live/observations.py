"""What one life of a task tells of the service: each observation decides a row of `docs/fidelity.md`, or does not."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

_ORDER = ("SUBMITTING", "PENDING", "STARTING", "RUNNING", "STOPPING", "STOPPED")
_AT_REST = ("STOPPED", "FAILED", "SUCCEED", "SUBMIT_FAILED")


@dataclass
class Evidence:
    """What was seen."""

    uin: str = ""
    statuses: list[str] = field(default_factory=list)
    """The statuses of the first task, each once, in the order in which they were seen."""
    detail: Mapping[str, Any] = field(default_factory=dict)
    """The task's detail while it was active."""
    detail_at_rest: Mapping[str, Any] = field(default_factory=dict)
    item: Mapping[str, Any] = field(default_factory=dict)
    """The task as a list shows it."""
    found_by_name: bool | None = None
    found_by_part_of_name: bool | None = None
    found_by_tag: bool | None = None
    tags_after_binding: bool | None = None
    tags_after_unbinding: bool | None = None
    is_in_tag_service: bool | None = None
    pods: Sequence[str] | None = None
    events: int | None = None
    code_of_same_name: str | None = None
    """The code that a second task of the same name was refused with; empty if it was accepted."""
    code_of_delete_while_active: str | None = None
    code_of_stop_at_rest: str | None = None
    code_of_read_after_delete: str | None = None
    is_deleted_name_free: bool | None = None


@dataclass(frozen=True)
class Observation:
    """A row of the fidelity table, by its first column, and what decides it: true, false, or not seen."""

    row: str
    look: Callable[[Evidence], bool | None]


def _in_order(seen: Evidence) -> bool | None:
    if len(seen.statuses) < 2:
        return None
    places = [_ORDER.index(status) if status in _ORDER else -1 for status in seen.statuses]
    return -1 not in places and places == sorted(places)


def _times(seen: Evidence) -> bool | None:
    if not seen.detail or not seen.item:
        return None
    in_detail, in_list = str(seen.detail.get("CreateTime")), str(seen.item.get("CreateTime"))
    return bool(
        re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+08", in_detail)
        and re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", in_list)
    )


def _unset(seen: Evidence) -> bool | None:
    if not seen.detail:
        return None
    vpc, output, mounts = (seen.detail.get(name) for name in ("VpcId", "Output", "DataConfigs"))
    empty_struct = isinstance(output, Mapping) and not any(output.values())
    return vpc == "" and mounts == [] and empty_struct


def _lacking(seen: Evidence) -> bool | None:
    if not seen.detail:
        return None
    never = ("TiProjectId", "Envs", "TrainToolConfig", "ResourceSupplyAttribute", "Queues", "EncodedStartCmdInfo")
    return not any(name in seen.detail for name in never)


def _creator(seen: Evidence) -> bool | None:
    if not seen.detail:
        return None
    return any(tag.get("TagKey") == "qcs:tag:createdBy" for tag in seen.detail.get("Tags") or ())


def _stopped_by_user(seen: Evidence) -> bool | None:
    if seen.detail_at_rest.get("Status") != "STOPPED":
        return None
    operator = seen.detail_at_rest.get("OperatorInfo") or {}
    return operator.get("IsPlatformOperator") is False and seen.detail_at_rest.get("FailureReason") == "User Stop"


def _operator(seen: Evidence) -> bool | None:
    if not seen.detail or not seen.detail_at_rest:
        return None
    return not seen.detail.get("OperatorInfo") and bool(seen.detail_at_rest.get("OperatorInfo"))


def _pods(seen: Evidence) -> bool | None:
    if not seen.pods:
        return None
    run = str(seen.detail.get("LatestInstanceId"))
    return all(re.fullmatch(rf"{re.escape(run)}-(master|worker)-\d+", name) for name in seen.pods)


def _refused(name: str, *codes: str) -> Callable[[Evidence], bool | None]:
    """Tell whether something was refused with one of these codes, whatever group of codes it is of."""

    def look(seen: Evidence) -> bool | None:
        code = getattr(seen, name)
        return None if code is None else code.endswith(codes)

    return look


def _is(name: str) -> Callable[[Evidence], bool | None]:
    return lambda seen: getattr(seen, name)


def _exact(seen: Evidence) -> bool | None:
    if seen.found_by_name is None or seen.found_by_part_of_name is None:
        return None
    return seen.found_by_name and not seen.found_by_part_of_name


OBSERVATIONS = (
    Observation("Statuses, and SUBMITTING → PENDING → STARTING → RUNNING → SUCCEED or FAILED", _in_order),
    Observation('Unset is empty: "", [], a struct of empties; unset sources of a mount are null', _unset),
    Observation(
        "The detail lacks TiProjectId, Envs, TrainToolConfig, ResourceSupplyAttribute, Queues, EncodedStartCmdInfo",
        _lacking,
    ),
    Observation("`qcs:tag:createdBy`", _creator),
    Observation(
        'Times: `2025-05-28T18:18:33+08` in the detail, `2025-11-21 00:00:00` in the list, "" for what has not come',
        _times,
    ),
    Observation("`OperatorInfo` is there after the first operation", _operator),
    Observation("Name matches exactly unless Fuzzy; a switch makes it match parts", _exact),
    Observation("TagFilters", _is("found_by_tag")),
    Observation("A task is `qcs::tione:REGION:uin/UIN:trainingtask/ID`", _is("tags_after_binding")),
    Observation("Pods are named `<instance>-master-0`, `-worker-0`, …; none before PENDING", _pods),
    Observation(
        "Names are unique in an account and region; while the holder is SUBMITTING the code is "
        "`DuplicateNameTaskIsCreating`, later `DuplicateName`",
        _refused("code_of_same_name", ".DuplicateName", ".DuplicateNameTaskIsCreating"),
    ),
    Observation(
        "Delete at rest only, else `InternalError.NotAllow`",
        _refused("code_of_delete_while_active", "InternalError.NotAllow"),
    ),
    Observation(
        "Stop: from PENDING, STARTING, RUNNING; while SUBMITTING `UnSubmittedStatusNotAllowStop`; at rest and while "
        "STOPPING `InternalError.NotAllow`",
        _refused("code_of_stop_at_rest", "InternalError.NotAllow"),
    ),
    Observation(
        "A stop by the platform is told by `IsPlatformOperator`; `FailureReason` is `User Stop` or `Platform Stop`",
        _stopped_by_user,
    ),
    Observation(
        "An unknown, deleted or foreign id is `ResourceNotFound`; account, region and workspace separate",
        _refused("code_of_read_after_delete", "ResourceNotFound"),
    ),
    Observation("A deleted task's name is free again; a switch keeps it", _is("is_deleted_name_free")),
)

WORDS = {True: "confirmed", False: "REFUTED", None: "not seen"}


def table(seen: Evidence) -> str:
    """Give what was found out, a row a line."""
    return "\n".join(f"  {WORDS[each.look(seen)]:<10} {each.row}" for each in OBSERVATIONS)


def is_at_rest(status: str) -> bool:
    return status in _AT_REST
