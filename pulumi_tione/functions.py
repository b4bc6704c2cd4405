"""What a program may look up: tasks with their pods and logs, and what new tasks can be made of.

Each function has two forms, as in every Pulumi package. The plain one takes plain values, asks at once, in previews
too, and gives the result. The one whose name ends in `_output` takes Inputs and gives an Output: it asks when all of
them are known, so that a preview that does not know one of them does not know the result.

The service is asked with the settings of the stack, as for resources. What it keeps secret, and addresses that are
called back, are in no result. A question that it refuses ends the program with a `pulumi.RunError` of one line.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, ParamSpec, TypeVar

import pulumi

from pulumi_tione import outputs
from pulumi_tione._api.client import Client
from pulumi_tione._api.logs import TaskLog
from pulumi_tione._pulumi.display import displayable
from pulumi_tione._pulumi.stack_config import program_settings
from pulumi_tione._schema.fields import TRAINING_TASK, ListOf, Scalar, Struct, Type, struct
from pulumi_tione._schema.wire import from_wire, imported_outputs, user_tags
from pulumi_tione.errors import ApiError, TaskError, TioneError
from pulumi_tione.outputs import GetTrainingTaskResult, ResourceConfigInfo

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


@dataclass(frozen=True)
class TrainingTaskSummary:
    """A task as a list tells of it (`TrainingTaskSetItem`); `get_training_task` tells more."""

    id: str
    name: str
    status: str
    """As in `GetTrainingTaskResult`."""
    create_time: str
    """China's time, for example `2025-11-21 00:00:00`."""
    start_time: str
    """When it began to run; empty before."""
    end_time: str
    """When it ended; empty before."""
    runtime_in_seconds: int
    failure_reason: str
    """Why it failed, or was stopped."""
    charge_type: str
    resource_group_id: str
    """The resource group of a `PREPAID` task; empty otherwise."""
    resource_config_infos: Sequence[ResourceConfigInfo]
    """The groups of nodes."""
    tags: Mapping[str, str]
    """Its tags, those aside that Tencent Cloud binds by itself."""


@dataclass(frozen=True)
class TrainingTaskPod:
    """A pod of a task's latest run (`PodInfo`)."""

    name: str
    """For example `train-1208038387393233920-6neu7axeicvp-master-0`."""
    status: str
    """`SUBMITTING`, `PENDING`, `RUNNING`, `SUCCEEDED`, `FAILED`, `TERMINATING` or `TERMINATED`."""
    ip: str
    """Its address; empty before it runs."""
    start_time: str
    end_time: str


@dataclass(frozen=True)
class LogLine:
    """A line that a pod printed (`LogIdentity`)."""

    time: str
    """When it was printed, for example `2025-08-01T02:59:53.123456789Z`."""
    pod: str
    """The name of the pod."""
    message: str
    """The line as it was printed, control characters included."""


@dataclass(frozen=True)
class ResourceGroup:
    """A resource group for `PREPAID` tasks (`ResourceGroup`)."""

    id: str
    """For example `rsg-1368bcxs`."""
    name: str
    free_nodes: int
    total_nodes: int
    free_cpu: int
    """In thousandths of a core."""
    free_memory: int
    """In MB."""
    free_gpu: int
    """In hundredths of a card."""


@dataclass(frozen=True)
class InstanceSpec:
    """A specification of nodes (`Spec`)."""

    name: str
    """What `instance_type` of a group of nodes takes, for example `TI.GN10.2XLARGE40.POST`."""
    alias: str
    """Its name as the console shows it."""
    is_available: bool
    """Whether it is not sold out."""
    gpu_type: str
    """Kind of GPU; empty where it has none."""
    hourly_price: Decimal | None
    """What a node costs the account in an hour, in CNY; None where the service does not tell."""


@dataclass(frozen=True)
class TrainingFramework:
    """A built-in framework in one version (`FrameworkInfo`)."""

    name: str
    """What `framework_name` takes."""
    version: str
    """What `framework_version` takes."""
    environment: str
    """What `framework_environment` takes."""
    training_modes: Sequence[str]
    """What `training_mode` may be with it."""


@dataclass(frozen=True)
class PresetImage:
    """An image of the platform (`ImageInfo`)."""

    name: str
    type: str
    url: str


def _in_one_line(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """Let an error of ours end the program in one line."""

    @functools.wraps(function)
    def wrapper(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        try:
            return function(*args, **kwargs)
        except TioneError as error:
            raise pulumi.RunError(displayable(f"{function.__name__}: {error}")) from None

    return wrapper


def _client(region: str | None) -> Client:
    settings = program_settings()
    return Client(settings, region or settings.region)


def _output_of(function: Callable[..., _R], **inputs: Any) -> pulumi.Output[_R]:
    """Ask once all inputs are known, without holding up the program meanwhile."""
    return pulumi.Output.all(**inputs).apply(lambda known: asyncio.to_thread(function, **known))


@_in_one_line
def get_training_task(
    id: str | None = None,  # noqa: A002  Pulumi's own name for it
    *,
    name: str | None = None,
    region: str | None = None,
    ti_project_id: str | None = None,
) -> GetTrainingTaskResult:
    """Look up a task by its id or by its name (`DescribeTrainingTask`).

    Args:
        id: its id, for example `train-1208038387393233920`.
        name: its name, if the id is not known.
        region: where it is; by default the configured region.
        ti_project_id: the workspace that it is in, where that is not the default one.

    Raises:
        pulumi.RunError: there is no such task, or it cannot be looked up.
    """
    if (id is None) == (name is None):
        raise TaskError("give either the id of a task or its name")
    client = _client(region)
    if id is None:
        found = client.find_training_task(str(name), ti_project_id)
        id = None if found is None else str(found["Id"])  # noqa: A001
    detail = None if id is None else client.describe_training_task(id, ti_project_id)
    if detail is None:
        raise TaskError(f"there is no training task {id or name!r} in {client.region}")
    told = imported_outputs(detail)
    fields = {**TRAINING_TASK.fields, **TRAINING_TASK.outputs}
    values = {
        field.name: _typed(field.type, told[field.property])
        for field in fields.values()
        if hasattr(GetTrainingTaskResult, field.name) and told.get(field.property) is not None
    }
    result: GetTrainingTaskResult = GetTrainingTaskResult(
        **{**values, "id": id, "region": client.region, "ti_project_id": ti_project_id}
    )
    return result


def get_training_task_output(
    id: pulumi.Input[str | None] = None,  # noqa: A002  Pulumi's own name for it
    *,
    name: pulumi.Input[str | None] = None,
    region: pulumi.Input[str | None] = None,
    ti_project_id: pulumi.Input[str | None] = None,
) -> pulumi.Output[GetTrainingTaskResult]:
    """Look up a task, as `get_training_task` does, once all inputs are known."""
    return _output_of(get_training_task, id=id, name=name, region=region, ti_project_id=ti_project_id)


@_in_one_line
def get_training_tasks(
    *,
    statuses: Sequence[str] | None = None,
    charge_type: str | None = None,
    resource_group_id: str | None = None,
    tags: Mapping[str, str] | None = None,
    region: str | None = None,
    ti_project_id: str | None = None,
) -> list[TrainingTaskSummary]:
    """List the tasks of a region and workspace, the newest first (`DescribeTrainingTasks`).

    Args:
        statuses: only tasks in one of these statuses.
        charge_type: only tasks that are paid for so.
        resource_group_id: only tasks in this resource group.
        tags: only tasks that have all of these tags.
        region: where they are; by default the configured region.
        ti_project_id: the workspace that they are in, where that is not the default one.

    Raises:
        pulumi.RunError: they cannot be listed.
    """
    wanted = {
        "Status": statuses,
        "ChargeType": charge_type and [charge_type],
        "ResourceGroupId": resource_group_id and [resource_group_id],
    }
    filters = {name: values for name, values in wanted.items() if values}
    found = _client(region).training_tasks(filters, tags or {}, ti_project_id)
    return [_summary(item) for item in found]


def get_training_tasks_output(
    *,
    statuses: pulumi.Input[Sequence[pulumi.Input[str]] | None] = None,
    charge_type: pulumi.Input[str | None] = None,
    resource_group_id: pulumi.Input[str | None] = None,
    tags: pulumi.Input[Mapping[str, pulumi.Input[str]] | None] = None,
    region: pulumi.Input[str | None] = None,
    ti_project_id: pulumi.Input[str | None] = None,
) -> pulumi.Output[list[TrainingTaskSummary]]:
    """List tasks, as `get_training_tasks` does, once all inputs are known."""
    return _output_of(
        get_training_tasks,
        statuses=statuses,
        charge_type=charge_type,
        resource_group_id=resource_group_id,
        tags=tags,
        region=region,
        ti_project_id=ti_project_id,
    )


@_in_one_line
def get_training_task_pods(
    id: str,  # noqa: A002  Pulumi's own name for it
    *,
    region: str | None = None,
    ti_project_id: str | None = None,
) -> list[TrainingTaskPod]:
    """Look up the pods of a task's latest run (`DescribeTrainingTaskPods`).

    Args:
        id: the task's id.
        region: where it is; by default the configured region.
        ti_project_id: the workspace that it is in, where that is not the default one.

    Raises:
        pulumi.RunError: there is no such task, or its pods cannot be looked up.
    """
    pods = _client(region).pods(id, ti_project_id)
    return [
        TrainingTaskPod(
            name=_text(pod, "Name"),
            status=_text(pod, "Status"),
            ip=_text(pod, "IP"),
            start_time=_text(pod, "StartTime"),
            end_time=_text(pod, "EndTime"),
        )
        for pod in pods
    ]


def get_training_task_pods_output(
    id: pulumi.Input[str],  # noqa: A002  Pulumi's own name for it
    *,
    region: pulumi.Input[str | None] = None,
    ti_project_id: pulumi.Input[str | None] = None,
) -> pulumi.Output[list[TrainingTaskPod]]:
    """Look up the pods of a task, as `get_training_task_pods` does, once all inputs are known."""
    return _output_of(get_training_task_pods, id=id, region=region, ti_project_id=ti_project_id)


@_in_one_line
def get_training_task_logs(
    id: str,  # noqa: A002  Pulumi's own name for it
    *,
    pod: str | None = None,
    tail: int = 1000,
    since: datetime | None = None,
    region: str | None = None,
    ti_project_id: str | None = None,
) -> list[LogLine]:
    """Look up the last lines that a task's latest run has printed, the oldest first (`DescribeLogs`).

    Args:
        id: the task's id.
        pod: one of its pods, by its name or by the part of it that follows the run's, such as `master-0`.
        tail: how many lines at most.
        since: only lines from this time on; it has a time zone.
        region: where the task is; by default the configured region.
        ti_project_id: the workspace that it is in, where that is not the default one.

    Raises:
        pulumi.RunError: there is no such task or pod, or the log cannot be read.
    """
    log = TaskLog(_client(region), id, ti_project_id, pod, since, warn=pulumi.log.warn).of_latest_run()
    lines = [] if log is None else log.tail(tail)
    return [LogLine(line.time, line.pod, line.text) for line in lines]


def get_training_task_logs_output(
    id: pulumi.Input[str],  # noqa: A002  Pulumi's own name for it
    *,
    pod: pulumi.Input[str | None] = None,
    tail: pulumi.Input[int] = 1000,
    since: datetime | None = None,
    region: pulumi.Input[str | None] = None,
    ti_project_id: pulumi.Input[str | None] = None,
) -> pulumi.Output[list[LogLine]]:
    """Look up the last lines of a task, as `get_training_task_logs` does, once all inputs are known."""
    function = functools.partial(get_training_task_logs, since=since)
    return _output_of(function, id=id, pod=pod, tail=tail, region=region, ti_project_id=ti_project_id)


@_in_one_line
def get_resource_groups(*, region: str | None = None, ti_project_id: str | None = None) -> list[ResourceGroup]:
    """List the resource groups for `PREPAID` tasks, and what is free in them (`DescribeBillingResourceGroups`).

    Args:
        region: where they are; by default the configured region.
        ti_project_id: the workspace that they belong to, where that is not the default one.

    Raises:
        pulumi.RunError: they cannot be listed.
    """
    return [_resource_group(group) for group in _client(region).resource_groups(ti_project_id)]


def get_resource_groups_output(
    *, region: pulumi.Input[str | None] = None, ti_project_id: pulumi.Input[str | None] = None
) -> pulumi.Output[list[ResourceGroup]]:
    """List resource groups, as `get_resource_groups` does, once all inputs are known."""
    return _output_of(get_resource_groups, region=region, ti_project_id=ti_project_id)


@_in_one_line
def get_instance_specs(
    *, charge_type: str = "POSTPAID_BY_HOUR", resource_type: str | None = None, region: str | None = None
) -> list[InstanceSpec]:
    """List the specifications that nodes may have, with their prices (`DescribeBillingSpecs` and
    `DescribeBillingSpecsPrice`).

    Args:
        charge_type: `POSTPAID_BY_HOUR` or `PREPAID`.
        resource_type: only those of one kind: `CPU`, `GPU`, or `CALC` for both.
        region: where they are; by default the configured region.

    Raises:
        pulumi.RunError: they cannot be listed.
    """
    client = _client(region)
    specs = client.specs(charge_type, resource_type)
    names = [spec["SpecName"] for spec in specs]
    prices = {price["SpecName"]: price for price in client.prices([(name, 1) for name in names])} if names else {}
    return [_instance_spec(spec, prices.get(spec["SpecName"], {})) for spec in specs]


def get_instance_specs_output(
    *,
    charge_type: pulumi.Input[str] = "POSTPAID_BY_HOUR",
    resource_type: pulumi.Input[str | None] = None,
    region: pulumi.Input[str | None] = None,
) -> pulumi.Output[list[InstanceSpec]]:
    """List specifications, as `get_instance_specs` does, once all inputs are known."""
    return _output_of(get_instance_specs, charge_type=charge_type, resource_type=resource_type, region=region)


@_in_one_line
def get_training_frameworks(*, region: str | None = None) -> list[TrainingFramework]:
    """List the built-in frameworks (`DescribeTrainingFrameworks`); none where the service no longer tells them.

    Args:
        region: where they are; by default the configured region.

    Raises:
        pulumi.RunError: they cannot be listed.
    """
    try:
        frameworks = _client(region).frameworks()
    except ApiError as error:
        if error.code != "InvalidAction":  # the vendor's site documents the action, its newer SDKs do not
            raise
        return []
    return [
        TrainingFramework(
            name=_text(framework, "Name"),
            version=_text(version, "Version"),
            environment=_text(version, "Environment"),
            training_modes=tuple(mode for mode in _list(version, "TrainingModes") if isinstance(mode, str)),
        )
        for framework in frameworks
        for version in _list(framework, "VersionInfos")
        if isinstance(version, Mapping)
    ]


def get_training_frameworks_output(
    *, region: pulumi.Input[str | None] = None
) -> pulumi.Output[list[TrainingFramework]]:
    """List the built-in frameworks, as `get_training_frameworks` does, once the region is known."""
    return _output_of(get_training_frameworks, region=region)


@_in_one_line
def get_preset_images(*, region: str | None = None) -> list[PresetImage]:
    """List the images of the platform (`DescribeBuildInImages`).

    Args:
        region: where they are; by default the configured region.

    Raises:
        pulumi.RunError: they cannot be listed.
    """
    images = _client(region).preset_images()
    return [
        PresetImage(name=_text(image, "ImageName"), type=_text(image, "ImageType"), url=_text(image, "ImageUrl"))
        for image in images
    ]


def get_preset_images_output(*, region: pulumi.Input[str | None] = None) -> pulumi.Output[list[PresetImage]]:
    """List the images of the platform, as `get_preset_images` does, once the region is known."""
    return _output_of(get_preset_images, region=region)


def _typed(kind: Type, value: Any) -> Any:
    """Give a value under property names as the output class of its type, secrets left out."""
    match kind:
        case Struct():
            fields = [field for field in {**kind.fields, **kind.outputs}.values() if not field.secret]
            parts = {
                field.name: _typed(field.type, value[field.property]) for field in fields if field.property in value
            }
            return getattr(outputs, kind.name)(**parts)
        case ListOf():
            return [_typed(kind.item, part) for part in value]
        case _:
            return value


def _text(told: Mapping[str, Any], name: str) -> str:
    """Return a member that is a text; one that is not there yet, or is no text, is empty."""
    value = told.get(name)
    return value if isinstance(value, str) else ""


def _number(told: Mapping[str, Any], name: str) -> int:
    """Return a member that is a whole number; one that is not there yet, or is no number, is zero."""
    return from_wire(Scalar.INTEGER, told.get(name)) or 0


def _list(told: Mapping[str, Any], name: str) -> list[Any]:
    value = told.get(name)
    return value if isinstance(value, list) else []


def _summary(item: Mapping[str, Any]) -> TrainingTaskSummary:
    nodes = ListOf(struct("ResourceConfigInfo"))
    return TrainingTaskSummary(
        id=_text(item, "Id"),
        name=_text(item, "Name"),
        status=_text(item, "Status"),
        create_time=_text(item, "CreateTime"),
        start_time=_text(item, "StartTime"),
        end_time=_text(item, "EndTime"),
        runtime_in_seconds=_number(item, "RuntimeInSeconds"),
        failure_reason=_text(item, "FailureReason"),
        charge_type=_text(item, "ChargeType"),
        resource_group_id=_text(item, "ResourceGroupId"),
        resource_config_infos=_typed(nodes, from_wire(nodes, item.get("ResourceConfigInfos")) or []),
        tags=user_tags(item.get("Tags")),
    )


def _resource_group(group: Mapping[str, Any]) -> ResourceGroup:
    amounts = (group.get(name) for name in ("UsedResource", "TotalResource"))
    used, total = (amount if isinstance(amount, Mapping) else {} for amount in amounts)

    def free(amount: str) -> int:
        return _number(total, amount) - _number(used, amount)

    return ResourceGroup(
        id=_text(group, "ResourceGroupId"),
        name=_text(group, "ResourceGroupName"),
        free_nodes=_number(group, "FreeInstance"),
        total_nodes=_number(group, "TotalInstance"),
        free_cpu=free("Cpu"),
        free_memory=free("Memory"),
        free_gpu=free("Gpu"),
    )


def _instance_spec(spec: Mapping[str, Any], price: Mapping[str, Any]) -> InstanceSpec:
    hundredths = _number(price, "RealTotalCost")
    return InstanceSpec(
        name=_text(spec, "SpecName"),
        alias=_text(spec, "SpecAlias"),
        is_available=spec.get("Available") is True,
        gpu_type=_text(spec, "GpuType"),
        # Zero is how the service tells of a cost that is too large.
        hourly_price=Decimal(hundredths) / 100 if hundredths > 0 else None,
    )
