"""What a program may look up: tasks with their pods and logs, and what new tasks can be made of.

Each function has two forms, as in every Pulumi package. The plain one takes plain values, sends its requests at once,
also in previews, and returns the result. The one whose name ends in `_output` takes Inputs and returns an Output. It
sends its requests when all Inputs are known: where a preview does not know one of them, the result is unknown.

The credentials are those of the stack, or of `settings`. Secrets of a task, and addresses that are called back, are in
no result. An error ends the program with a `pulumi.RunError` of one line.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, ParamSpec, TypeVar

import pulumi

from pulumi_tione import lookups
from pulumi_tione._api.client import Client
from pulumi_tione._api.status import TaskStatus
from pulumi_tione._pulumi.display import displayable
from pulumi_tione._pulumi.stack_config import settings_of
from pulumi_tione._text import kind_of
from pulumi_tione.args import SettingsArgs
from pulumi_tione.errors import TaskError, TioneError
from pulumi_tione.lookups import (
    InstanceSpec,
    LogLine,
    PresetImage,
    ResourceGroup,
    TrainingFramework,
    TrainingTaskPod,
    TrainingTaskSummary,
)
from pulumi_tione.outputs import GetTrainingTaskResult

__all__ = [
    "GetTrainingTaskResult",
    "InstanceSpec",
    "LogLine",
    "PresetImage",
    "ResourceGroup",
    "TrainingFramework",
    "TrainingTaskPod",
    "TrainingTaskSummary",
    "get_instance_specs",
    "get_instance_specs_output",
    "get_preset_images",
    "get_preset_images_output",
    "get_resource_groups",
    "get_resource_groups_output",
    "get_training_frameworks",
    "get_training_frameworks_output",
    "get_training_task",
    "get_training_task_logs",
    "get_training_task_logs_output",
    "get_training_task_output",
    "get_training_task_pods",
    "get_training_task_pods_output",
    "get_training_tasks",
    "get_training_tasks_output",
]

_P = ParamSpec("_P")
_R = TypeVar("_R")


_EXPECTED: Mapping[str, type] = {
    **dict.fromkeys(("id", "name", "pod", "region", "ti_project_id", "charge_type"), str),
    **dict.fromkeys(("resource_group_id", "creator", "resource_type"), str),
    **dict.fromkeys(("tags", "settings"), Mapping),
    "tail": int,
    "since": datetime,
}
"""The types of the arguments. A value of another type would be left out, or end in a traceback."""

_KINDS = {str: "text", Mapping: "a map", int: "a whole number", datetime: "a datetime"}


def _plain(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """Refuse Outputs, and let an error end the program in one line."""

    @functools.wraps(function)
    def wrapper(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        try:
            for name, value in (*zip(function.__annotations__, args, strict=False), *kwargs.items()):
                expected = _EXPECTED.get(name)
                if _holds_output(value):
                    raise TaskError(
                        f"{name} is an Output or holds one, whose value is not known yet. Use "
                        f"{function.__name__}_output, which takes Outputs and returns one"
                    )
                if expected and value is not None and (not isinstance(value, expected) or isinstance(value, bool)):
                    raise TaskError(f"{name} must be {_KINDS[expected]}, got {kind_of(value)}")
            return function(*args, **kwargs)
        except TioneError as error:
            raise pulumi.RunError(displayable(f"{function.__name__}: {error}")) from None

    return wrapper


def _holds_output(value: object) -> bool:
    if isinstance(value, Mapping):
        return any(_holds_output(part) for part in value.values())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return any(_holds_output(part) for part in value)
    return isinstance(value, (pulumi.Output, Awaitable))


def _client(region: str | None, own: SettingsArgs | None) -> Client:
    settings = settings_of(own)
    settings.check_region(region)
    return Client(settings, region or settings.region)


def _output_of(function: Callable[..., _R], **inputs: Any) -> pulumi.Output[_R]:
    """Look something up once all inputs are known. The program runs on meanwhile."""
    return pulumi.Output.all(**inputs).apply(lambda known: asyncio.to_thread(function, **known))


@_plain
def get_training_task(
    id: str | None = None,  # noqa: A002  Pulumi's own name for it
    *,
    name: str | None = None,
    region: str | None = None,
    ti_project_id: str | None = None,
    settings: SettingsArgs | None = None,
) -> GetTrainingTaskResult:
    """Look up a task by its id or by its name (`DescribeTrainingTask`).

    Args:
        id: its id, for example `train-1208038387393233920`.
        name: its name, if the id is not known.
        region: where it is; by default the configured region.
        ti_project_id: the workspace that it is in, where that is not the default one.
        settings: the credentials, if not those of the stack's settings.

    Raises:
        pulumi.RunError: there is no such task, or it cannot be looked up.
    """
    return lookups.training_task(_client(region, settings), id, name, ti_project_id)


def get_training_task_output(
    id: pulumi.Input[str | None] = None,  # noqa: A002  Pulumi's own name for it
    *,
    name: pulumi.Input[str | None] = None,
    region: pulumi.Input[str | None] = None,
    ti_project_id: pulumi.Input[str | None] = None,
    settings: pulumi.Input[SettingsArgs | None] = None,
) -> pulumi.Output[GetTrainingTaskResult]:
    """Look up a task, as `get_training_task` does, once all inputs are known."""
    return _output_of(
        get_training_task, id=id, name=name, region=region, ti_project_id=ti_project_id, settings=settings
    )


@_plain
def get_training_tasks(
    *,
    statuses: TaskStatus | str | Sequence[TaskStatus | str] | None = None,
    charge_type: str | None = None,
    resource_group_id: str | None = None,
    creator: str | None = None,
    tags: Mapping[str, str] | None = None,
    region: str | None = None,
    ti_project_id: str | None = None,
    settings: SettingsArgs | None = None,
) -> list[TrainingTaskSummary]:
    """List the tasks of a region and workspace, the newest first (`DescribeTrainingTasks`).

    Args:
        statuses: only tasks in this status, or in one of these.
        charge_type: only tasks with this charge type.
        resource_group_id: only tasks in this resource group.
        creator: only tasks that this user created, by the user's UIN.
        tags: only tasks that have all of these tags.
        region: where they are; by default the configured region.
        ti_project_id: the workspace that they are in, where that is not the default one.
        settings: the credentials, if not those of the stack's settings.

    Raises:
        pulumi.RunError: they cannot be listed.
    """
    return lookups.training_tasks(
        _client(region, settings),
        statuses=statuses,
        charge_type=charge_type,
        resource_group_id=resource_group_id,
        creator=creator,
        tags=tags,
        ti_project_id=ti_project_id,
    )


def get_training_tasks_output(
    *,
    statuses: pulumi.Input[TaskStatus | str | Sequence[pulumi.Input[TaskStatus | str]] | None] = None,
    charge_type: pulumi.Input[str | None] = None,
    resource_group_id: pulumi.Input[str | None] = None,
    creator: pulumi.Input[str | None] = None,
    tags: pulumi.Input[Mapping[str, pulumi.Input[str]] | None] = None,
    region: pulumi.Input[str | None] = None,
    ti_project_id: pulumi.Input[str | None] = None,
    settings: pulumi.Input[SettingsArgs | None] = None,
) -> pulumi.Output[list[TrainingTaskSummary]]:
    """List tasks, as `get_training_tasks` does, once all inputs are known."""
    return _output_of(
        get_training_tasks,
        statuses=statuses,
        charge_type=charge_type,
        resource_group_id=resource_group_id,
        creator=creator,
        tags=tags,
        region=region,
        ti_project_id=ti_project_id,
        settings=settings,
    )


@_plain
def get_training_task_pods(
    id: str,  # noqa: A002  Pulumi's own name for it
    *,
    region: str | None = None,
    ti_project_id: str | None = None,
    settings: SettingsArgs | None = None,
) -> list[TrainingTaskPod]:
    """Look up the pods of a task's latest run (`DescribeTrainingTaskPods`).

    Args:
        id: the task's id.
        region: where it is; by default the configured region.
        ti_project_id: the workspace that it is in, where that is not the default one.
        settings: the credentials, if not those of the stack's settings.

    Raises:
        pulumi.RunError: there is no such task, or its pods cannot be looked up.
    """
    return lookups.pods(_client(region, settings), id, ti_project_id)


def get_training_task_pods_output(
    id: pulumi.Input[str],  # noqa: A002  Pulumi's own name for it
    *,
    region: pulumi.Input[str | None] = None,
    ti_project_id: pulumi.Input[str | None] = None,
    settings: pulumi.Input[SettingsArgs | None] = None,
) -> pulumi.Output[list[TrainingTaskPod]]:
    """Look up the pods of a task, as `get_training_task_pods` does, once all inputs are known."""
    return _output_of(get_training_task_pods, id=id, region=region, ti_project_id=ti_project_id, settings=settings)


@_plain
def get_training_task_logs(
    id: str,  # noqa: A002  Pulumi's own name for it
    *,
    pod: str | None = None,
    tail: int = 1000,
    since: datetime | None = None,
    region: str | None = None,
    ti_project_id: str | None = None,
    settings: SettingsArgs | None = None,
) -> list[LogLine]:
    """Look up the last lines that a task's latest run has printed, the oldest first (`DescribeLogs`).

    Args:
        id: the task's id.
        pod: one of its pods, by its name or by the part of it that follows the run's, such as `master-0`.
        tail: how many lines at most.
        since: only lines from this time on; it has a time zone.
        region: where the task is; by default the configured region.
        ti_project_id: the workspace that it is in, where that is not the default one.
        settings: the credentials, if not those of the stack's settings.

    Raises:
        pulumi.RunError: there is no such task or pod, or the log cannot be read.
    """
    return lookups.log_lines(
        _client(region, settings),
        id,
        pod=pod,
        tail=tail,
        since=since,
        ti_project_id=ti_project_id,
        warn=pulumi.log.warn,
    )


def get_training_task_logs_output(
    id: pulumi.Input[str],  # noqa: A002  Pulumi's own name for it
    *,
    pod: pulumi.Input[str | None] = None,
    tail: pulumi.Input[int] = 1000,
    since: datetime | None = None,
    region: pulumi.Input[str | None] = None,
    ti_project_id: pulumi.Input[str | None] = None,
    settings: pulumi.Input[SettingsArgs | None] = None,
) -> pulumi.Output[list[LogLine]]:
    """Look up the last lines of a task, as `get_training_task_logs` does, once all inputs are known."""
    function = functools.partial(get_training_task_logs, since=since)
    return _output_of(
        function, id=id, pod=pod, tail=tail, region=region, ti_project_id=ti_project_id, settings=settings
    )


@_plain
def get_resource_groups(
    *, region: str | None = None, ti_project_id: str | None = None, settings: SettingsArgs | None = None
) -> list[ResourceGroup]:
    """List the resource groups for `PREPAID` tasks, and what is free in them (`DescribeBillingResourceGroups`).

    Args:
        region: where they are; by default the configured region.
        ti_project_id: the workspace that they belong to, where that is not the default one.
        settings: the credentials, if not those of the stack's settings.

    Raises:
        pulumi.RunError: they cannot be listed.
    """
    return lookups.resource_groups(_client(region, settings), ti_project_id)


def get_resource_groups_output(
    *,
    region: pulumi.Input[str | None] = None,
    ti_project_id: pulumi.Input[str | None] = None,
    settings: pulumi.Input[SettingsArgs | None] = None,
) -> pulumi.Output[list[ResourceGroup]]:
    """List resource groups, as `get_resource_groups` does, once all inputs are known."""
    return _output_of(get_resource_groups, region=region, ti_project_id=ti_project_id, settings=settings)


@_plain
def get_instance_specs(
    *,
    charge_type: str = "POSTPAID_BY_HOUR",
    resource_type: str | None = None,
    region: str | None = None,
    settings: SettingsArgs | None = None,
) -> list[InstanceSpec]:
    """List the specifications that nodes may have, with their prices (`DescribeBillingSpecs` and
    `DescribeBillingSpecsPrice`).

    Args:
        charge_type: `POSTPAID_BY_HOUR` or `PREPAID`.
        resource_type: only those of one kind: `CPU`, `GPU`, or `CALC` for both.
        region: where they are; by default the configured region.
        settings: the credentials, if not those of the stack's settings.

    Raises:
        pulumi.RunError: they cannot be listed.
    """
    return lookups.instance_specs(_client(region, settings), charge_type, resource_type)


def get_instance_specs_output(
    *,
    charge_type: pulumi.Input[str] = "POSTPAID_BY_HOUR",
    resource_type: pulumi.Input[str | None] = None,
    region: pulumi.Input[str | None] = None,
    settings: pulumi.Input[SettingsArgs | None] = None,
) -> pulumi.Output[list[InstanceSpec]]:
    """List specifications, as `get_instance_specs` does, once all inputs are known."""
    return _output_of(
        get_instance_specs, charge_type=charge_type, resource_type=resource_type, region=region, settings=settings
    )


@_plain
def get_training_frameworks(
    *, region: str | None = None, settings: SettingsArgs | None = None
) -> list[TrainingFramework]:
    """List the built-in frameworks (`DescribeTrainingFrameworks`); none where the service no longer returns them.

    Args:
        region: where they are; by default the configured region.
        settings: the credentials, if not those of the stack's settings.

    Raises:
        pulumi.RunError: they cannot be listed.
    """
    return lookups.training_frameworks(_client(region, settings))


def get_training_frameworks_output(
    *, region: pulumi.Input[str | None] = None, settings: pulumi.Input[SettingsArgs | None] = None
) -> pulumi.Output[list[TrainingFramework]]:
    """List the built-in frameworks, as `get_training_frameworks` does, once the region is known."""
    return _output_of(get_training_frameworks, region=region, settings=settings)


@_plain
def get_preset_images(*, region: str | None = None, settings: SettingsArgs | None = None) -> list[PresetImage]:
    """List the images of the platform (`DescribeBuildInImages`).

    Args:
        region: where they are; by default the configured region.
        settings: the credentials, if not those of the stack's settings.

    Raises:
        pulumi.RunError: they cannot be listed.
    """
    return lookups.preset_images(_client(region, settings))


def get_preset_images_output(
    *, region: pulumi.Input[str | None] = None, settings: pulumi.Input[SettingsArgs | None] = None
) -> pulumi.Output[list[PresetImage]]:
    """List the images of the platform, as `get_preset_images` does, once the region is known."""
    return _output_of(get_preset_images, region=region, settings=settings)
