"""Pods, logs and events of a run, and the delivery of its logs.

The lines, events and pods of a run are derived in `tasks/output.py`, or stored by `running/spool.py` with `--run`. A
page of a log has up to 1000 lines, and paging ends after 10000 lines.
"""

from __future__ import annotations

import base64
import binascii
import heapq
import json
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from itertools import islice
from typing import Any

from pulumi_tione.emulator.errors import ApiError
from pulumi_tione.emulator.rules.parameters import check_log_delivery
from pulumi_tione.emulator.state.view import View
from pulumi_tione.emulator.tasks import output, responses
from pulumi_tione.emulator.tasks.output import POD_STATUS, Line, Occurrence, Pod, occurrences, pods
from pulumi_tione.emulator.tasks.task import Run, Task
from pulumi_tione.emulator.tasks.transitions import Status

from .call import Call
from .listing import check_choice, check_limit

SERVICES = ("TRAIN", "NOTEBOOK", "INFER", "BATCH")
STREAMS = ("", "stdout", "stderr")
DEFAULT_LINES = 100
MAX_LINES = 1000
MAX_PAGED_LINES = 10_000
"""The limit of paging: beyond it the code is FailedOperation.ContextLimitError [D]."""
MAX_EVENTS = 100

_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)")


def enable_log_delivery(call: Call) -> dict[str, Any]:
    task = call.task("TaskId")
    enabled, config = call.body["LogEnable"], call.body.get("LogConfig")
    check_log_delivery(enabled, config)
    call.service.deliver_logs(task, enabled, config, call.operator("ENABLE_CLS"), call.now)
    return {}


def describe_pods(call: Call) -> dict[str, Any]:
    view = call.service.view("pods")
    task = call.task_in(view)
    run = task.run
    shown = [
        {
            "Name": pod.name,
            **_condition(call, view, run, pod),
            "ResourceConfigInfo": responses.node(pod.group, task.specs),
            "SubUin": task.owner.sub_uin,
        }
        for pod in pods(task, run)
    ]
    return {"PodNames": [pod["Name"] for pod in shown], "TotalCount": len(shown), "PodInfoList": shown}


def describe_logs(call: Call) -> dict[str, Any]:
    body = call.body
    check_choice(body["Service"], SERVICES, "Service")
    check_choice(body.get("LogStream", ""), STREAMS, "LogStream")
    check_choice(body.get("OrderField") or "Timestamp", ("Timestamp",), "OrderField")
    order = body.get("Order") or "DESC"
    check_choice(order, ("ASC", "DESC"), "Order")
    limit = check_limit(body, DEFAULT_LINES, MAX_LINES)
    keywords = _keywords(body)
    begin, end = _period(body, call.now, timedelta(hours=1))
    last, seen = _position(body["Context"]) if body.get("Context") else (None, body.get("Offset", 0))
    if seen >= MAX_PAGED_LINES:
        message = f"Paging ends after {MAX_PAGED_LINES} lines: choose another `StartTime` or `EndTime`."
        raise ApiError("FailedOperation.ContextLimitError", message)
    # There may be many lines: only as many are read as the page needs.
    if last is not None and last[0]:
        at = datetime.fromisoformat(last[0])
        begin, end = (max(begin, at), end) if order == "ASC" else (begin, min(end, at))
    found = _lines(call, keywords, begin, end, descending=order == "DESC")
    if last is None:
        remaining: Iterator[Line] = islice(found, seen, None)
    else:
        remaining = (line for line in found if (line.key > last if order == "ASC" else line.key < last))
    page = list(islice(remaining, limit))
    # The vendor's kit reads on until the Context is empty, so it must be empty at the end [I].
    context = _context(page[-1], seen + len(page)) if page else ""
    return {"Context": context, "Content": [_log_entry(line) for line in page]}


def describe_events(call: Call) -> dict[str, Any]:
    body = call.body
    check_choice(body["Service"], SERVICES, "Service")
    check_choice(body.get("OrderField") or "LastTimestamp", ("FirstTimestamp", "LastTimestamp"), "OrderField")
    order = body.get("Order") or "DESC"
    check_choice(order, ("ASC", "DESC"), "Order")
    limit = check_limit(body, MAX_EVENTS, MAX_EVENTS)
    begin, end = _period(body, call.now, timedelta(days=1))
    view = call.service.view("logs")
    runs = _runs(call, view, _service_id(body)) if body["Service"] == "TRAIN" else []
    shown = [
        _event(each, run.instance_id)
        for _, run in runs
        for each in occurrences(run, view.now)
        if begin <= each.at <= end
    ]
    shown = [event for event in shown if _meets_filters(event, body)]
    if order == "DESC":
        shown.reverse()
    offset = body.get("Offset", 0)
    return {"Events": shown[offset : offset + limit], "TotalCount": len(shown)}


HANDLERS = {
    "EnableTrainingTaskClsConfig": enable_log_delivery,
    "DescribeTrainingTaskPods": describe_pods,
    "DescribeLogs": describe_logs,
    "DescribeEvents": describe_events,
}


def _condition(call: Call, view: View, run: Run, pod: Pod) -> dict[str, Any]:
    """Return the state of a pod: from its process if it is executed, else from its run."""
    execution = call.service.execution
    container = execution.container(run, pod.name) if execution is not None else None
    if container is None or run.status is Status.PENDING:
        address, status = pod.address if run.started_at is not None else "", POD_STATUS[run.status]
        begin, end = run.started_at, run.ended_at
    else:
        status, address, begin, end = container.condition(view.now)
    times = {"StartTime": responses.list_time(begin), "EndTime": responses.list_time(end)}
    return {"IP": address, "Status": status, **times}


def _lines(
    call: Call, keywords: Sequence[str], since: datetime, until: datetime, *, descending: bool
) -> Iterator[Line]:
    """Yield the lines of a period that the request selects, the oldest or the newest first."""
    body = call.body
    if body["Service"] != "TRAIN":
        return iter(())
    view = call.service.view("logs")
    pattern, stream = body.get("PodName") or "*", body.get("LogStream")
    service_id = body.get("ServiceId", "") if body.get("PodName") else _service_id(body)

    def includes_pod(pod: str) -> bool:
        return pod.startswith(pattern[:-1]) if pattern.endswith("*") else pod == pattern

    def has_keywords(text: str) -> bool:
        return all(keyword in text for keyword in keywords)

    of_runs: list[Iterator[Line]] = []
    until = min(until, view.now)
    for task, run in _runs(call, view, service_id):
        if not run.is_executed:
            of_runs.append(output.lines(task, run, includes_pod, has_keywords, since, until, descending=descending))
        elif call.service.execution is not None:
            printed = call.service.execution.lines(run, includes_pod, since, until, descending=descending)
            of_runs.append(line for line in printed if has_keywords(line.text))
    merged = heapq.merge(*of_runs, key=lambda line: line.key, reverse=descending)
    return (line for line in merged if stream in (None, "", line.stream))


def _service_id(body: dict[str, Any]) -> str:
    service_id = body.get("ServiceId", "")
    if not service_id:
        message = "`ServiceId` is required where Service is TRAIN: it is the LatestInstanceId of a training task."
        raise ApiError("MissingParameter", message)
    return str(service_id)


def _runs(call: Call, view: View, service_id: str) -> list[tuple[Task, Run]]:
    """Return the run with an instance id, or all runs without one; the id of a task matches no run."""
    return [(task, run) for task in call.tasks_in(view) for run in task.runs if service_id in ("", run.instance_id)]


def _period(body: dict[str, Any], now: datetime, usual: timedelta) -> tuple[datetime, datetime]:
    end = _moment(body["EndTime"], "EndTime") if body.get("EndTime") else now
    begin = _moment(body["StartTime"], "StartTime", is_begin=True) if body.get("StartTime") else now - usual
    if begin > end:
        raise ApiError("InvalidParameterValue", "The value of parameter `StartTime` is later than the end.")
    return begin, end


def _moment(text: str, parameter: str, *, is_begin: bool = False) -> datetime:
    """Parse a time in microseconds, as lines have them; a begin within a microsecond is rounded up."""
    match = _RFC_3339.fullmatch(text)
    try:
        if match is None:
            raise ValueError
        # Python 3.10 parses neither `Z` nor more than six digits of a fraction.
        zone = "+00:00" if match[2] in "Zz" else match[2]
        fraction = (match[1] or "")[:7].ljust(7, "0") if match[1] else ""
        moment = datetime.fromisoformat(f"{text[:10]}T{text[11:19]}{fraction}{zone}")
    except ValueError:
        message = f"The value of parameter `{parameter}` is not an RFC 3339 time such as 2025-01-02T03:04:05+08:00."
        raise ApiError("InvalidParameterValue", message) from None
    if is_begin and (match[1] or "")[7:].strip("0"):
        with suppress(OverflowError):
            return moment + timedelta(microseconds=1)
    return moment


def _keywords(body: dict[str, Any]) -> list[str]:
    keywords: list[str] = []
    for index, each in enumerate(body.get("Filters", ())):
        if each.get("Name") != "Key":
            message = f"The value of parameter `Filters.{index}.Name` must be Key."
            raise ApiError("InvalidParameterValue.InvalidFilter", message)
        keywords += each.get("Values") or []
    return keywords


def _context(last: Line | None, seen: int) -> str:
    """Encode where a page ended, and how many lines were returned until then."""
    position = [list(last.key) if last else ["", "", 0], seen]
    return base64.b64encode(json.dumps(position).encode()).decode()


def _position(context: str) -> tuple[tuple[str, str, int], int]:
    try:
        (at, pod, number), seen = json.loads(base64.b64decode(context, validate=True))
        if not isinstance(at, str) or not isinstance(pod, str):
            raise TypeError
        if at and datetime.fromisoformat(at).tzinfo is None:
            raise ValueError
        return (at, pod, int(number)), int(seen)
    except (binascii.Error, ValueError, TypeError, OverflowError, RecursionError):
        message = "The value of parameter `Context` is not from a response."
        raise ApiError("InvalidParameterValue", message) from None


def _log_entry(line: Line) -> dict[str, Any]:
    return {
        "Id": line.id,
        "Message": line.text,
        "PodName": line.pod,
        "Timestamp": f"{line.at.astimezone(timezone.utc):%Y-%m-%dT%H:%M:%S.%f}000Z",
        "PkgId": f"{line.id[:16].upper()}-1",
        "PkgLogId": str(65536 + line.number),
    }


def _event(occurrence: Occurrence, instance_id: str) -> dict[str, Any]:
    moment = f"{occurrence.at.astimezone(responses.BEIJING):%Y-%m-%dT%H:%M:%S}+08:00"
    return {
        "Id": f"{instance_id}-{occurrence.number}",
        "Message": occurrence.message,
        "FirstTimestamp": moment,
        "LastTimestamp": moment,
        "Count": 1,
        "Type": "Warning" if occurrence.is_warning else "Normal",
        "ResourceKind": "Pod",
        "ResourceName": instance_id,
    }


def _meets_filters(event: dict[str, Any], body: dict[str, Any]) -> bool:
    """Return whether an event matches all values of each filter [D]: no event matches two different values."""
    for index, each in enumerate(body.get("Filters", ())):
        if each.get("Name") not in ("ResourceKind", "Type"):
            message = f"The value of parameter `Filters.{index}.Name` must be ResourceKind or Type."
            raise ApiError("InvalidParameterValue.InvalidFilter", message)
        if not all(event[each["Name"]] == value for value in each.get("Values") or ()):
            return False
    return True
