"""What can be looked up with a client: tasks with their pods and logs, and what new tasks can be made of.

A lookup sends its requests here. `functions.py` has the two forms for programs, with credentials and Pulumi's errors:
a new lookup is a function here, and both forms there. Secrets of a task, and addresses that are called back, are in no
result.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from pulumi_tione import outputs
from pulumi_tione._api.logs import TaskLog
from pulumi_tione._api.protocols import CatalogApi, LogApi, TaskAndLogApi, TaskApi
from pulumi_tione._api.status import Status, not_a_status
from pulumi_tione._schema.fields import TRAINING_TASK, ListOf, Scalar, Struct, Type, struct
from pulumi_tione._schema.walk import OMIT, Part, inputs_and_outputs, rebuild
from pulumi_tione._schema.wire import from_wire, imported_outputs, user_tags
from pulumi_tione._text import kind_of
from pulumi_tione._timestamps import shown_time
from pulumi_tione.errors import ApiError, TaskError
from pulumi_tione.outputs import GetTrainingTaskResult, ResourceConfigInfo
from pulumi_tione.pricing.amounts import Currency, currency_of


@dataclass(frozen=True)
class TrainingTaskSummary:
    """A task as a list shows it (`TrainingTaskSetItem`); `get_training_task` returns more."""

    id: str
    name: str
    status: str
    """As in `GetTrainingTaskResult`."""
    create_time: str
    """In RFC 3339, for example `2025-11-21T00:00:00+08:00`."""
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
    """Its tags, without those that Tencent Cloud binds by itself."""


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
    """What a node costs the account in an hour; None where the service does not return it."""
    currency: Literal["CNY", "USD"]
    """What the price is in: `CNY`, or `USD` on the international site."""


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


def training_task(
    client: TaskApi, task_id: str | None, name: str | None, ti_project_id: str | None
) -> GetTrainingTaskResult:
    """Return a task, found by its id or by its name.

    Raises:
        TaskError: there is no such task, or not exactly one of both is set.
    """
    if (task_id is None) == (name is None):
        raise TaskError("pass either the id of a task or its name")
    if task_id is None:
        item = client.find_training_task(str(name), ti_project_id)
        task_id = None if item is None else str(item["Id"])
    detail = None if task_id is None else client.describe_training_task(task_id, ti_project_id)
    if detail is None:
        raise TaskError(f"there is no training task {task_id or name!r} in {client.region}")
    recorded = imported_outputs(detail)
    fields = {**TRAINING_TASK.fields, **TRAINING_TASK.outputs}
    values = {
        field.name: _typed(field.type, recorded[field.property])
        for field in fields.values()
        if hasattr(GetTrainingTaskResult, field.name) and recorded.get(field.property) is not None
    }
    result: GetTrainingTaskResult = GetTrainingTaskResult(
        **{**values, "id": task_id, "region": client.region, "ti_project_id": ti_project_id}
    )
    return result


def training_tasks(
    client: TaskApi,
    *,
    statuses: str | Sequence[str] | None,
    charge_type: str | None,
    resource_group_id: str | None,
    creator: str | None,
    tags: Mapping[str, str] | None,
    ti_project_id: str | None,
) -> list[TrainingTaskSummary]:
    """Return the tasks that meet all filters, the newest first.

    Raises:
        TaskError: there is no such status.
    """
    requested = {
        "Status": [*_statuses(statuses)],
        "ChargeType": charge_type and [charge_type],
        "ResourceGroupId": resource_group_id and [resource_group_id],
        "Creator": creator and [creator],
    }
    filters = {name: values for name, values in requested.items() if values}
    return [_summary(item) for item in client.training_tasks(filters, tags or {}, ti_project_id)]


def _statuses(statuses: str | Sequence[str] | None) -> Sequence[str]:
    """Return a list of statuses, which a text is one of."""
    if statuses is not None and not isinstance(statuses, Sequence):
        raise TaskError(f"statuses must be a status or a list of them, got {kind_of(statuses)}")
    statuses = [statuses] if isinstance(statuses, str) else [*(statuses or ())]
    for status in statuses:
        if status not in {*Status}:
            raise TaskError(not_a_status(repr(status)))
    return statuses


def pods(client: LogApi, task_id: str, ti_project_id: str | None) -> list[TrainingTaskPod]:
    """Return the pods of a task's latest run."""
    return [
        TrainingTaskPod(
            name=_text(pod, "Name"),
            status=_text(pod, "Status"),
            ip=_text(pod, "IP"),
            start_time=_time(pod, "StartTime"),
            end_time=_time(pod, "EndTime"),
        )
        for pod in client.pods(task_id, ti_project_id)
    ]


def log_lines(
    client: TaskAndLogApi,
    task_id: str,
    *,
    pod: str | None,
    tail: int,
    since: datetime | None,
    ti_project_id: str | None,
    warn: Callable[[str], None],
) -> list[LogLine]:
    """Return the last lines of a task's latest run, the oldest first.

    Raises:
        TaskError: `tail` is negative.
    """
    if tail < 0:
        raise TaskError(f"tail must be at least 0, got {tail}")
    log = TaskLog(client, task_id, ti_project_id, pod, since, warn=warn).of_latest_run()
    lines = [] if log is None else log.tail(tail)
    return [LogLine(line.time, line.pod, line.text) for line in lines]


def resource_groups(client: CatalogApi, ti_project_id: str | None) -> list[ResourceGroup]:
    """Return the resource groups, and what is free in them."""
    return [_resource_group(group) for group in client.resource_groups(ti_project_id)]


def instance_specs(client: CatalogApi, charge_type: str, resource_type: str | None) -> list[InstanceSpec]:
    """Return the specifications that nodes may have, with their prices."""
    # The list also has disks, which are priced by the same call.
    specs = [spec for spec in client.specs(charge_type, resource_type) if spec.get("SpecType") != "CBS"]
    names = [spec["SpecName"] for spec in specs]
    prices = {price["SpecName"]: price for price in client.prices([(name, 1) for name in names])} if names else {}
    currency = currency_of(is_international=client.is_international())
    return [_instance_spec(spec, prices.get(spec["SpecName"], {}), currency) for spec in specs]


def training_frameworks(client: CatalogApi) -> list[TrainingFramework]:
    """Return the built-in frameworks; none where the service no longer has this action."""
    try:
        frameworks = client.frameworks()
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


def preset_images(client: CatalogApi) -> list[PresetImage]:
    """Return the images of the platform."""
    return [
        PresetImage(name=_text(image, "ImageName"), type=_text(image, "ImageType"), url=_text(image, "ImageUrl"))
        for image in client.preset_images()
    ]


def _typed(kind: Type, value: Any) -> Any:
    """Return a value under property names as the output class of its type, without secrets."""
    if not isinstance(kind, Struct):
        return rebuild(kind, value, lambda part: _typed(part.type, part.value))
    members = rebuild(kind, value, _typed_member, inputs_and_outputs, key="name")
    return getattr(outputs, kind.name)(**members)


def _typed_member(part: Part) -> Any:
    return OMIT if part.field is None or part.field.secret else _typed(part.type, part.value)


def _text(item: Mapping[str, Any], name: str) -> str:
    """Return a member that is a text; one that is not there yet, or is no text, is empty."""
    value = item.get(name)
    return value if isinstance(value, str) else ""


def _time(item: Mapping[str, Any], name: str) -> str:
    """Return a member that is a time in RFC 3339; one that has not come yet is empty."""
    return shown_time(_text(item, name)) or ""


def _number(item: Mapping[str, Any], name: str) -> int:
    """Return a member that is a whole number; one that is not there yet, or is no number, is zero."""
    return from_wire(Scalar.INTEGER, item.get(name)) or 0


def _list(item: Mapping[str, Any], name: str) -> list[Any]:
    value = item.get(name)
    return value if isinstance(value, list) else []


def _summary(item: Mapping[str, Any]) -> TrainingTaskSummary:
    nodes = ListOf(struct("ResourceConfigInfo"))
    return TrainingTaskSummary(
        id=_text(item, "Id"),
        name=_text(item, "Name"),
        status=_text(item, "Status"),
        create_time=_time(item, "CreateTime"),
        start_time=_time(item, "StartTime"),
        end_time=_time(item, "EndTime"),
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


def _instance_spec(spec: Mapping[str, Any], price: Mapping[str, Any], currency: Currency) -> InstanceSpec:
    hundredths = _number(price, "RealTotalCost")
    return InstanceSpec(
        name=_text(spec, "SpecName"),
        alias=_text(spec, "SpecAlias"),
        is_available=spec.get("Available") is True,
        gpu_type=_text(spec, "GpuType"),
        # The service returns zero for a cost that is too large.
        hourly_price=Decimal(hundredths) / 100 if hundredths > 0 else None,
        currency=currency,
    )
