"""What one run of a task shows about the service: each observation decides a row of `docs/fidelity.md`, or does not.

A new observation is an entry in `OBSERVATIONS`. What is done to the task is in `trial.py`, what it may cost in
`cheapest.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from pulumi_tione.errors import KIND_OF_CODE, Kind

_ACTIVE = ("SUBMITTING", "PENDING", "STARTING", "RUNNING", "STOPPING")
_TERMINAL = ("STOPPED", "FAILED", "SUCCEED", "SUBMIT_FAILED")
_WITH_NODES = ("STARTING", "RUNNING")
_MAX_SHOWN = 300
_OF_OTHER_CAUSES = (
    Kind.PERMISSION_DENIED,
    Kind.BILLING,
    Kind.RESOURCE_EXHAUSTED,
    Kind.THROTTLED,
    Kind.UNAVAILABLE,
    Kind.INDETERMINATE,
)
"""Refusals for another reason than the rule of the row: permissions, money, nodes or the health of the service."""


@dataclass
class Evidence:
    """What was seen. A field `code_of_…` is the code of a refusal, empty if nothing was refused; None was not tried."""

    statuses: list[str] = field(default_factory=list)
    """The statuses of the first task, in the order in which they were seen."""
    detail: Mapping[str, Any] = field(default_factory=dict)
    """The task's detail while it was active."""
    terminal_detail: Mapping[str, Any] = field(default_factory=dict)
    item: Mapping[str, Any] = field(default_factory=dict)
    """The task as a list shows it."""
    update_times: list[str] = field(default_factory=list)
    """Before tags were bound, after they were unbound, and in a terminal status."""
    found_by_name: bool | None = None
    found_by_part_of_name: bool | None = None
    found_by_tag: bool | None = None
    is_tag_bound: bool | None = None
    is_tag_unbound: bool | None = None
    is_in_tag_service: bool | None = None
    pods: Sequence[str] | None = None
    events: int | None = None
    log_lines: int | None = None
    log_context: str | None = None
    prices: Mapping[str, Decimal] = field(default_factory=dict)
    currency: str = ""
    """What prices are in."""
    computed_prices: Sequence[Decimal] = ()
    """What this package shows as the task's price: what the account pays, and the list price."""
    prepaid_specs: int | None = None
    workspaces: Sequence[str] | None = None
    frameworks_are_offered: bool | None = None
    code_of_binding: str | None = None
    code_of_second_unbinding: str | None = None
    code_of_logs_of_task: str | None = None
    log_lines_of_task: int | None = None
    code_of_same_name: str | None = None
    code_of_delete_while_active: str | None = None
    code_of_stop_when_terminal: str | None = None
    code_of_read_after_delete: str | None = None
    code_of_deleted_name: str | None = None


@dataclass(frozen=True)
class Observation:
    """A row of the fidelity table, and what decides it."""

    row: str
    """The row's first column."""
    verdict: Callable[[Evidence], bool | None]
    """Whether the row is confirmed (True) or refuted (False); None if nothing was seen that decides it."""
    shows: Callable[[Evidence], object]
    """What to print if the row is refuted."""
    part: str = ""
    """The part of the row that is checked, if not all of it."""


def _statuses(seen: Evidence) -> bool | None:
    """Each status comes after those before it; preemption, the one way back, is a row of its own."""
    if len(seen.statuses) < 2:
        return None
    if not set(seen.statuses) <= {*_ACTIVE, *_TERMINAL}:
        return False
    places = [_ACTIVE.index(status) if status in _ACTIVE else len(_ACTIVE) for status in seen.statuses]
    return places == sorted(set(places))


def _times(seen: Evidence) -> bool | None:
    if not seen.detail or not seen.item:
        return None
    in_detail, in_list = _create_times(seen)
    return bool(
        re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+08", in_detail)
        and re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", in_list)
        and seen.detail.get("EndTime") == ""
    )


def _create_times(seen: Evidence) -> tuple[str, str]:
    return str(seen.detail.get("CreateTime")), str(seen.item.get("CreateTime"))


def _unset(seen: Evidence) -> bool | None:
    if not seen.detail:
        return None
    vpc, output, mounts = (seen.detail.get(name) for name in _UNSET)
    return vpc == "" and mounts == [] and isinstance(output, Mapping) and not any(output.values())


_UNSET = ("VpcId", "Output", "DataConfigs")
_LACKING = ("TiProjectId", "Envs", "TrainToolConfig", "ResourceSupplyAttribute", "Queues", "EncodedStartCmdInfo")


def _lacking(seen: Evidence) -> bool | None:
    return not any(name in seen.detail for name in _LACKING) if seen.detail else None


def _filled_in(seen: Evidence) -> bool | None:
    nodes = seen.detail.get("ResourceConfigInfos")
    if not nodes:
        return None
    image = seen.detail.get("ImageInfo") or {}
    return bool(
        image.get("ImageType") == "PRE_SET"
        and image.get("ImageUrl")
        and nodes[0].get("Cpu")
        and nodes[0].get("Memory")
        and nodes[0].get("RDMAConfig") == {"Enable": False}
    )


def _creator(seen: Evidence) -> bool | None:
    return (
        any(tag.get("TagKey") == "qcs:tag:createdBy" for tag in seen.detail.get("Tags") or ()) if seen.detail else None
    )


def _stopped_by_user(seen: Evidence) -> bool | None:
    if seen.terminal_detail.get("Status") != "STOPPED":
        return None
    operator = seen.terminal_detail.get("OperatorInfo") or {}
    return operator.get("IsPlatformOperator") is False and seen.terminal_detail.get("FailureReason") == "User Stop"


def _operator(seen: Evidence) -> bool | None:
    if not seen.detail or not seen.terminal_detail:
        return None
    return not seen.detail.get("OperatorInfo") and bool(seen.terminal_detail.get("OperatorInfo"))


def _billing(seen: Evidence) -> bool | None:
    if seen.detail.get("Status") not in _WITH_NODES or not seen.terminal_detail:
        return None
    during, after = (each.get("ChargeStatus") for each in (seen.detail, seen.terminal_detail))
    return during == "BILLING" and bool(seen.detail.get("BillingInfo")) and after != "BILLING"


def _billing_info(seen: Evidence) -> bool | None:
    """The text is for people: it is not parsed, but must have one of the amounts in it."""
    text = str(seen.detail.get("BillingInfo") or "")
    if not text or not seen.computed_prices:
        return None
    return any(re.search(rf"(?<![\d.]){re.escape(f'{price:.2f}')}(?!\d)", text) for price in seen.computed_prices)


def _update_time(seen: Evidence) -> bool | None:
    if len(seen.update_times) < 3 or not seen.is_tag_bound or seen.terminal_detail.get("Status") != "STOPPED":
        return None
    before, after_tags, when_terminal = seen.update_times
    return before == after_tags and when_terminal >= before


def _pods(seen: Evidence) -> bool | None:
    if not seen.pods:
        return None
    run = re.escape(str(seen.detail.get("LatestInstanceId")))
    return all(re.fullmatch(rf"{run}-(master|worker)-\d+", name) for name in seen.pods)


def _resource_name(seen: Evidence) -> bool | None:
    """A wrong name is refused, or binds the tag to nothing."""
    if seen.is_tag_bound is None or seen.is_in_tag_service is None or _is_of_other_cause(seen.code_of_binding):
        return None
    return seen.is_tag_bound and seen.is_in_tag_service


def _is_of_other_cause(code: str | None) -> bool:
    return KIND_OF_CODE.get(code or "") in _OF_OTHER_CAUSES


def _unknown_run(seen: Evidence) -> bool | None:
    code = seen.code_of_logs_of_task
    if not code:
        return None if code is None else seen.log_lines_of_task == 0
    return None if _is_of_other_cause(code) else False


def _exact(seen: Evidence) -> bool | None:
    if not seen.found_by_name or seen.found_by_part_of_name is None:
        return None
    return not seen.found_by_part_of_name


def _deleted_name(seen: Evidence) -> bool | None:
    code = seen.code_of_deleted_name
    if not code:
        return None if code is None else True
    return False if _is_name_taken(code) else None


def _is_name_taken(code: str) -> bool:
    return code.rpartition(".")[2] in ("DuplicateName", "DuplicateNameTaskIsCreating")


def _medium(seen: Evidence) -> bool | None:
    price = seen.prices.get("TI.S.MEDIUM.POST")
    return None if price is None or seen.currency == "USD" else price == Decimal("0.7")


def _refused(row: str, name: str, is_right: Callable[[str], bool], part: str = "") -> Observation:
    """Return an observation of something that must be refused with the right code."""

    def verdict(seen: Evidence) -> bool | None:
        code = getattr(seen, name)
        if code is None or not code:
            return None if code is None else False
        if is_right(code):
            return True
        return None if _is_of_other_cause(code) else False

    return Observation(row, verdict, lambda seen: getattr(seen, name) or "it was not refused", part)


def _is(row: str, name: str, shows: str, part: str = "") -> Observation:
    return Observation(row, lambda seen: getattr(seen, name), lambda _: shows, part)


_NOT_ALLOWED = "InternalError.NotAllow".__eq__
_NOT_FOUND = "ResourceNotFound".__eq__

OBSERVATIONS = (
    Observation(
        "Statuses, and SUBMITTING → PENDING → STARTING → RUNNING → SUCCEED or FAILED",
        _statuses,
        lambda seen: seen.statuses,
        "those that were seen",
    ),
    Observation(
        'Unset is empty: "", [], a struct of empties; unset sources of a mount are null',
        _unset,
        lambda seen: {name: seen.detail.get(name, "missing") for name in _UNSET},
        "all but the mounts",
    ),
    Observation(
        "The detail lacks TiProjectId, Envs, TrainToolConfig, ResourceSupplyAttribute, Queues, EncodedStartCmdInfo",
        _lacking,
        lambda seen: [name for name in _LACKING if name in seen.detail],
    ),
    Observation(
        "A framework's image as `PRE_SET`; the size of a pay-as-you-go node; `RDMAConfig{Enable: false}`",
        _filled_in,
        lambda seen: [seen.detail.get("ImageInfo"), seen.detail.get("ResourceConfigInfos")],
    ),
    Observation("`qcs:tag:createdBy`", _creator, lambda seen: seen.detail.get("Tags")),
    Observation(
        'Times: `2025-05-28T18:18:33+08` in the detail, `2025-11-21 00:00:00` in the list, "" for what has not come',
        _times,
        lambda seen: [*_create_times(seen), seen.detail.get("EndTime")],
    ),
    Observation(
        "`UpdateTime` changes with each operation, not with time; binding tags is not an operation",
        _update_time,
        lambda seen: seen.update_times,
    ),
    Observation(
        "`OperatorInfo` is there after the first operation",
        _operator,
        lambda seen: [seen.detail.get("OperatorInfo"), seen.terminal_detail.get("OperatorInfo")],
    ),
    Observation(
        "BILLING and `BillingInfo` from STARTING until a terminal status, for pay-as-you-go only",
        _billing,
        lambda seen: [
            (each.get("ChargeStatus"), each.get("BillingInfo")) for each in (seen.detail, seen.terminal_detail)
        ],
    ),
    Observation(
        "`BillingInfo` has the task's price in it, as DescribeBillingSpecsPrice returns it",
        _billing_info,
        lambda seen: {"BillingInfo": seen.detail.get("BillingInfo"), "prices": [*map(str, seen.computed_prices)]},
    ),
    Observation(
        "Name matches exactly unless Fuzzy; a switch makes it match parts",
        _exact,
        lambda _: "a part of the name found the task",
        "a part of the name finds nothing",
    ),
    _is("TagFilters", "found_by_tag", "the task was not found by its tag"),
    Observation(
        "A task is `qcs::tione:REGION:uin/UIN:trainingtask/ID`",
        _resource_name,
        lambda seen: {
            "refused with": seen.code_of_binding,
            "the task has the tag": seen.is_tag_bound,
            "the tag service finds the task": seen.is_in_tag_service,
        },
    ),
    _refused(
        "Unbinding a tag that is not bound is such a failure",
        "code_of_second_unbinding",
        lambda code: code == "FailedOperation" or not _is_of_other_cause(code),
    ),
    Observation(
        "Pods are named `<instance>-master-0`, `-worker-0`, …; none before PENDING",
        _pods,
        lambda seen: [seen.detail.get("LatestInstanceId"), seen.pods],
        "the names",
    ),
    Observation(
        "A Context comes with every page that has lines; the end is an empty page, whose Context is empty",
        lambda seen: None if seen.log_context is None else bool(seen.log_context) == bool(seen.log_lines),
        lambda seen: f"{seen.log_lines} lines and the Context {seen.log_context!r}",
        "of the first page",
    ),
    Observation(
        "An unknown ServiceId has no lines and no events: the actions know no `ResourceNotFound`",
        _unknown_run,
        lambda seen: seen.code_of_logs_of_task or f"{seen.log_lines_of_task} lines",
        "no lines",
    ),
    Observation(
        "Events: the last day, at most 100, filters by kind and type; their texts are made up",
        lambda seen: True if seen.events else None,
        lambda _: None,
        "without a time, today's are returned",
    ),
    _refused(
        "Names are unique in an account and region; while the holder is SUBMITTING the code is "
        "`DuplicateNameTaskIsCreating`, later `DuplicateName`",
        "code_of_same_name",
        _is_name_taken,
        part="refused with either code",
    ),
    _refused(
        "Delete in a terminal status only, else `InternalError.NotAllow`", "code_of_delete_while_active", _NOT_ALLOWED
    ),
    _refused(
        "Stop: from PENDING, STARTING, RUNNING; while SUBMITTING `UnSubmittedStatusNotAllowStop`; in a terminal status "
        "and while STOPPING `InternalError.NotAllow`",
        "code_of_stop_when_terminal",
        _NOT_ALLOWED,
        part="in a terminal status",
    ),
    Observation(
        "A stop by the platform is marked by `IsPlatformOperator`; `FailureReason` is `User Stop` or `Platform Stop`",
        _stopped_by_user,
        lambda seen: [seen.terminal_detail.get(name) for name in ("OperatorInfo", "FailureReason")],
        "a stop by the user",
    ),
    _refused(
        "An unknown, deleted or foreign id is `ResourceNotFound`; account, region and workspace separate",
        "code_of_read_after_delete",
        _NOT_FOUND,
        part="a deleted id",
    ),
    Observation(
        "A deleted task's name is free again; a switch keeps it", _deleted_name, lambda seen: seen.code_of_deleted_name
    ),
    Observation(
        "Specs by ResourceType; for PREPAID none are listed",
        lambda seen: None if seen.prepaid_specs is None else seen.prepaid_specs == 0,
        lambda seen: f"{seen.prepaid_specs} for PREPAID",
        "none for PREPAID",
    ),
    Observation(
        "TI.S.MEDIUM.POST costs 70 fen; all other prices are made up",
        _medium,
        lambda seen: f"{seen.prices.get('TI.S.MEDIUM.POST')} {seen.currency}",
    ),
    _is("DescribeTrainingFrameworks is still offered", "frameworks_are_offered", "it was refused"),
    Observation(
        "The default workspace has the id 0",
        lambda seen: None if seen.workspaces is None else "0" in seen.workspaces,
        lambda seen: seen.workspaces,
    ),
)

_WORDS = {True: "confirmed", False: "REFUTED", None: "not seen"}


def is_refuted(seen: Evidence) -> bool:
    """Return whether any row is refuted."""
    return any(each.verdict(seen) is False for each in OBSERVATIONS)


def table(seen: Evidence) -> str:
    """Format the verdicts, one row per line."""
    lines: list[str] = []
    for each in OBSERVATIONS:
        verdict = each.verdict(seen)
        part = f"   [only: {each.part}]" if each.part and verdict is not None else ""
        lines.append(f"  {_WORDS[verdict]:<10} {each.row}{part}")
        if verdict is False:
            lines.append(f"  {'':<10}   seen: {str(each.shows(seen))[:_MAX_SHOWN]}")
    return "\n".join(lines)


def is_terminal(status: str) -> bool:
    return status in _TERMINAL
