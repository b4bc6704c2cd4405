"""What the list's item of a task shows, compared with what is recorded of the task.

A refresh (`lifecycle/read.py`) uses it to leave out the request for a detail. Whether a task is gone is decided in
`lifecycle/existence.py`, never by a list.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any

from pulumi_tione._schema.fields import TRAINING_TASK, Field, ListOf, MapOf, Struct, Type
from pulumi_tione._schema.identity import UNCONFIRMED
from pulumi_tione._schema.wire import output_of, remote_input, user_tags

LISTED = frozenset(
    {
        "BillingInfo",
        "ChargeStatus",
        "ChargeType",
        "CreateTime",
        "EndTime",
        "FailureReason",
        "FrameworkEnvironment",
        "FrameworkName",
        "FrameworkVersion",
        "ImageInfo",
        "Message",
        "Name",
        "Output",
        "ResourceConfigInfos",
        "ResourceGroupId",
        "ResourceGroupName",
        "RuntimeInSeconds",
        "StartTime",
        "Status",
        "Tags",
        "TrainingMode",
        "UpdateTime",
    }
)
"""The members that each item of DescribeTrainingTasks has, of those that are recorded, by their names on the wire."""

_RUNTIME = "runtimeInSeconds"
"""The output that changes all the time while a task runs."""

_NEVER_EMPTY = ("uin", "latestInstanceId")
"""The outputs that only a detail has, and that every task gets: while one is empty, there is something to read."""

_LOG = ("logEnable", "logConfig")
"""The inputs that can change while the task lives, and that no list shows."""


def can_be_compared(recorded: Mapping[str, Any]) -> bool:
    """Check whether a list shows everything that can change of a task, so that its item may be enough for a refresh.

    Args:
        recorded: what is recorded of the task. An earlier version, or a create that could not read the task, may have
            recorded less than this version does.
    """
    return (
        all(name in recorded for name in _recorded_outputs())
        and all(recorded[name] for name in _NEVER_EMPTY)
        and not any(recorded.get(name) is not None for name in _only_in_detail())
        and UNCONFIRMED not in recorded
    )


def unchanged_outputs(recorded: Mapping[str, Any], item: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the recorded outputs, with the current running time, if the list's item shows the same task unchanged.

    Return None if it shows a change, or less than it should: then only the task's detail is evidence.

    Args:
        recorded: what is recorded of the task, which `can_be_compared`.
        item: the task's item, without members of other types than declared.
    """
    if not item.keys() >= LISTED or user_tags(item["Tags"]) != recorded["allTags"]:
        return None
    for field in TRAINING_TASK.outputs.values():
        is_compared = field.wire in item and field.property != _RUNTIME
        if is_compared and output_of(field, item) != recorded.get(field.property):
            return None
    for field in _compared_inputs():
        name = field.property
        if name in recorded and field.wire in item and remote_input(field, recorded[name], item) != recorded[name]:
            return None
    seconds = max(recorded[_RUNTIME] or 0, item["RuntimeInSeconds"] or 0)  # a list may lag
    return {**recorded, _RUNTIME: seconds}


@functools.cache
def _recorded_outputs() -> Sequence[str]:
    """Return the outputs that this version records of every task. A struct may be null, which the engine drops."""
    fields = TRAINING_TASK.outputs.values()
    return ["allTags", *(field.property for field in fields if field.sent and not isinstance(field.type, Struct))]


@functools.cache
def _only_in_detail() -> Sequence[str]:
    """Return the inputs of which a detail may show something new, and a list does not."""
    fields = TRAINING_TASK.fields.values()
    return [*_LOG, *(field.property for field in fields if field.wire not in LISTED and _has_outputs(field.type))]


def _has_outputs(kind: Type) -> bool:
    if isinstance(kind, Struct):
        return bool(kind.outputs) or any(_has_outputs(field.type) for field in kind.fields.values())
    return isinstance(kind, (ListOf, MapOf)) and _has_outputs(kind.item)


@functools.cache
def _compared_inputs() -> Sequence[Field]:
    return [field for field in TRAINING_TASK.fields.values() if field.wire in LISTED]
